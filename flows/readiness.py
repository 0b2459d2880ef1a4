"""Whether an installation may do what it says it is for: in production, no demonstration, default or expired keys.

Looked at when the processes start, and whenever a key is handed out. Every reason is told at once.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from flows.seal_key import certificates_used
from flows.settings import Settings
from schemas.errors import ConvenioError, NotReady
from signing.demonstration import is_demonstration
from signing.revocation import anchored_issuer
from signing.trust import as_cryptography

if TYPE_CHECKING:
    from flows.wiring import Installation

ENDS_SOON = timedelta(days=30)
"""A certificate that ends within this time may not outlast the signing of what is begun now."""

SECRET_FOLDERS = ("keys",)
"""Folders of the home whose files nobody else may read, and whatever file the seal is in."""


def require_ready(house: Installation, *, closely: bool = True) -> None:
    """Refuse to go on in production with keys or names that are not the organisation's own; raise :class:`NotReady`.

    In development nothing is asked. Unless ``closely``, no key is opened and nobody asked over the net: the ledger is
    published, and people sign, while the seal's token is away.
    """
    if house.settings.env != "production":
        return
    roots = _Roots(house)
    reasons = [
        *_names(house.settings),
        *_authority(house, roots, closely=closely),
        *_seal(house, roots, closely=closely),
        *roots.reasons(),
        *_files(house),
    ]
    if reasons:
        numbered = "; ".join(f"({number}) {reason}" for number, reason in enumerate(reasons, 1))
        raise NotReady(
            f"this installation is not ready for production: {numbered}",
            where=str(house.home),
            got=f"{len(reasons)} reason{'s' if len(reasons) > 1 else ''} against it",
            expected="the organisation's own names, keys and authorities",
            remedy="mend each; to try things out, leave CONVENIO_ENV at development",
        )


def _names(settings: Settings) -> Iterator[str]:
    for name, setting in (("organisation", "CONVENIO_ORGANISATION"), ("ledger_origin", "CONVENIO_LEDGER_ORIGIN")):
        default = Settings.model_fields[name].default
        if getattr(settings, name) == default:
            yield f"the {name.replace('_', ' ')} is the default one, {default!r} ({setting})"


class _Roots:
    """Whom signatures may chain to; one that has expired still says whose an old signature is, and is no fault."""

    def __init__(self, house: Installation) -> None:
        self.fault: ConvenioError | None = None
        self.anchors: tuple[asn1.Certificate, ...] = ()
        self.in_force: list[x509.Certificate] = []
        try:
            trust = house.trust(house.clock())
            self.anchors = trust.anchors
            self.in_force = [as_cryptography(entry) for entry in trust.anchors if entry.not_valid_after > house.clock()]
        except ConvenioError as fault:
            self.fault = fault

    def hold(self, certificate: x509.Certificate, above: Iterable[x509.Certificate]) -> bool:
        """Whether a certificate chains to one in force; with none at all, that is told already."""
        trusted = {entry.public_bytes(Encoding.DER) for entry in self.in_force}
        return not trusted or anchored_issuer(certificate, [*above, *self.in_force], trusted) is not None

    def reasons(self) -> Iterator[str]:
        """Tell what is wrong with the roots as a whole."""
        if self.fault is not None:
            yield f"the trusted roots cannot be read: {self.fault.what}"
        elif not self.in_force:
            yield "there is no trusted root in force in trust/*.pem, so nobody's signature could be verified"
        if any(is_demonstration(anchor) for anchor in self.anchors):
            yield "a trusted root is of a demonstration (trust/*.pem)"


def _authority(house: Installation, roots: _Roots, *, closely: bool) -> Iterator[str]:
    if house.settings.tsa_url is None:
        yield "the timestamp authority is the demonstration one (CONVENIO_TSA_URL)"
        return
    if not closely:
        return
    try:
        answered = [as_cryptography(entry) for entry in house.keyring.timestamper.certificates()]
    except ConvenioError:  # one that does not answer now is asked again before each seal
        return
    if not any(roots.hold(entry, answered) for entry in answered):
        yield "the timestamp authority's certificate does not chain to a trusted root in force (trust/*.pem)"


def _seal(house: Installation, roots: _Roots, *, closely: bool) -> Iterator[str]:
    if house.settings.seal_key == "demonstration":
        yield "the seal is the demonstration one (CONVENIO_SEAL_KEY)"
        return
    if not closely:
        return
    try:
        seal = house.keyring.seal
    except ConvenioError as fault:
        yield f"the seal cannot be used: {fault.what}"
        return
    if seal.is_demonstration:
        yield "the seal's certificate is of a demonstration (CONVENIO_SEAL_KEY)"
    if (end := seal.certificate.not_valid_after_utc) <= house.clock():
        yield f"the seal's certificate has expired, on {end:%Y-%m-%d} (CONVENIO_SEAL_KEY)"
    if not roots.hold(seal.certificate, seal.chain):
        yield "the seal's certificate does not chain to a trusted root in force (trust/*.pem)"


def lives(house: Installation) -> tuple[bool, str]:
    """Return whether the seal lasts a while, and what ends soon or has ended; no key is opened for that.

    An expired root is told, and is no fault: old signatures chain to it.
    """
    now = house.clock()
    seals = [certificate.not_valid_after_utc for certificate in certificates_used(house.home)]
    roots = [(entry.subject.human_friendly, entry.not_valid_after) for entry in house.trust(now).anchors]
    well = not seals or max(seals) - ENDS_SOON > now
    seal = f"the seal's certificate {_life(max(seals), now)}" if seals else "nothing is sealed yet"
    ending = [f"the trusted root {name} {_life(end, now)}" for name, end in roots if end - ENDS_SOON <= now]
    return well, "; ".join([seal, *ending])


def _life(end: datetime, now: datetime) -> str:
    word = "has expired, on" if end <= now else "ends soon, on" if end - ENDS_SOON <= now else "lasts until"
    return f"{word} {end:%Y-%m-%d}"


def _files(house: Installation) -> Iterator[str]:
    for path in sorted({*_secret_files(house)}):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            yield f"{path} can be read or written by others (mode {mode:03o}, expected 600)"


def _secret_files(house: Installation) -> Iterator[Path]:
    for folder in SECRET_FOLDERS:
        yield from (path for path in (house.home / folder).rglob("*") if path.is_file())
    kind, _, place = house.settings.seal_key.partition(":")
    if kind == "pkcs12" and (house.home / place).is_file():
        yield house.home / place
