"""A public key infrastructure for demonstrations, made on first run and marked as such in every certificate.

::

    root CA ── issuing CA ──┬── organisation seal
                            ├── timestamp authority
                            └── signatories, on demand
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp

from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from schemas.errors import ConflictingContent, InputError, Refused
from signing.issuing import (
    DOCUMENT_SIGNING,
    Issuer,
    authority_extensions,
    certificate_for,
    signing_extensions,
    subject_name,
)
from signing.keys import DEMONSTRATION, SigningKey
from signing.timestamp import DemonstrationTimestampAuthority
from signing.trust import TrustPolicy

YEAR = timedelta(days=365)
ROOT_LIFE, ISSUING_LIFE, TIMESTAMP_LIFE, SEAL_LIFE, SIGNATORY_LIFE = 30 * YEAR, 25 * YEAR, 20 * YEAR, 5 * YEAR, 2 * YEAR

PARTS = ("root", "issuing", "seal", "timestamp")


@dataclass(frozen=True)
class DemonstrationPki:
    """A demonstration PKI with its keys unlocked."""

    organisation: str
    root: Issuer
    issuing: Issuer
    seal: SigningKey
    timestamp: SigningKey

    @property
    def root_pem(self) -> str:
        """The root certificate in PEM: what an auditor pins."""
        return self.root.certificate.public_bytes(Encoding.PEM).decode("ascii")

    def revocation_lists(self, now: datetime) -> tuple[bytes, bytes]:
        """Return fresh CRLs (DER) of root and issuing CA."""
        return self.root.revocation_list(now), self.issuing.revocation_list(now)

    def trust(self, now: datetime) -> TrustPolicy:
        """Return the policy that trusts this root and seal, with fresh revocation lists."""
        return TrustPolicy(
            roots=(self.root_pem,),
            revocation_lists=self.revocation_lists(now),
            seal_certificates=(self.seal.certificate_digest,),
        )

    def timestamper(self, clock: Callable[[], datetime]) -> DemonstrationTimestampAuthority:
        """Return the timestamp authority; ``clock`` gives the instants it asserts."""
        return DemonstrationTimestampAuthority(self.timestamp, clock=clock)

    def issue_signatory(self, name: str, email: str, organisation: str, passphrase: bytes, now: datetime) -> bytes:
        """Return a new PKCS#12 file for a person: key, certificate and full chain, locked with ``passphrase``.

        Raises :class:`InputError` when the mail address cannot stand in a certificate (ASCII only, RFC 5280).
        """
        try:
            mail = x509.SubjectAlternativeName([x509.RFC822Name(email)])
        except ValueError as fault:
            raise InputError(
                "the mail address cannot stand in a certificate", got=email, expected="an ASCII address, name@host"
            ) from fault
        if not name.strip() or not passphrase:
            raise InputError("a signatory's certificate needs a name and a passphrase", got=repr(name))
        key = ec.generate_private_key(ec.SECP256R1())
        purposes = signing_extensions([DOCUMENT_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION], critical=False)
        extensions = [*purposes, (mail, False)]
        certificate = certificate_for(
            self.issuing, key, subject_name(name, organisation), now, SIGNATORY_LIFE, extensions
        )
        chain = [self.issuing.certificate, self.root.certificate]
        return serialize_key_and_certificates(
            name.encode(), key, certificate, chain, BestAvailableEncryption(passphrase)
        )


def is_demonstration(certificate: asn1.Certificate) -> bool:
    """Whether a certificate is one of a demonstration PKI, by its subject."""
    return certificate.subject.native.get("organization_name") == DEMONSTRATION


def create_demonstration_pki(
    directory: Path, *, organisation: str, passphrase: bytes, now: datetime
) -> DemonstrationPki:
    """Return the PKI in ``directory``, making it there first if it does not exist.

    It appears whole or not at all, by renaming a finished directory; of two makers the first wins and the second
    loads its result. Files are 0600 and keys encrypted PKCS#8. Raises :class:`InputError` for a wrong passphrase,
    :class:`ConflictingContent` when the PKI there is another organisation's, and :class:`Refused` when the
    directory holds something else.
    """
    if not passphrase:
        raise InputError("the demonstration keys need a passphrase", got="an empty one")
    if not _exists(directory):
        _make(directory, organisation, passphrase, now)
    return _load(directory, organisation, passphrase)


def _exists(directory: Path) -> bool:
    found = {entry.name for entry in directory.iterdir()} if directory.is_dir() else set()
    wanted = {f"{part}.{kind}" for part in PARTS for kind in ("pem", "key")}
    if found and not wanted <= found:
        raise Refused(
            "the directory for the demonstration keys holds something else",
            where=str(directory),
            got=", ".join(sorted(found)[:5]),
            expected="an empty directory, or a demonstration PKI",
            remedy="name another directory",
        )
    return bool(found)


def _make(directory: Path, organisation: str, passphrase: bytes, now: datetime) -> None:
    _make_folders(directory.absolute().parent)
    partial = Path(mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))
    try:
        for part, issuer in zip(PARTS, _issue_all(organisation, now), strict=True):
            _write(partial / f"{part}.pem", issuer.certificate.public_bytes(Encoding.PEM))
            locked = issuer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase))
            _write(partial / f"{part}.key", locked)
        _flush(partial)
        try:
            partial.rename(directory)
        except OSError:
            if not _exists(directory):
                raise
        _flush(directory.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _make_folders(folder: Path) -> None:
    """Make ``folder`` and what is missing above it; the name of each new one is durable."""
    for missing in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
        missing.mkdir(exist_ok=True)
        _flush(missing.parent)


def _issue_all(organisation: str, now: datetime) -> Iterator[Issuer]:
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in PARTS]
    root_name = subject_name(f"Root CA of {organisation}", organisation)
    root = Issuer(keys[0], certificate_for(None, keys[0], root_name, now, ROOT_LIFE, authority_extensions(1)))
    issuing_name = subject_name(f"Issuing CA of {organisation}", organisation)
    issuing = Issuer(keys[1], certificate_for(root, keys[1], issuing_name, now, ISSUING_LIFE, authority_extensions(0)))
    seal_name = subject_name(f"Seal of {organisation}", organisation)
    sealing = signing_extensions([DOCUMENT_SIGNING], critical=False)
    seal = Issuer(keys[2], certificate_for(issuing, keys[2], seal_name, now, SEAL_LIFE, sealing))
    timestamp_name = subject_name(f"Timestamp authority of {organisation}", organisation)
    # RFC 3161 2.3: the purpose must stand alone and be critical.
    stamping = signing_extensions([ExtendedKeyUsageOID.TIME_STAMPING], critical=True)
    timestamp = Issuer(keys[3], certificate_for(issuing, keys[3], timestamp_name, now, TIMESTAMP_LIFE, stamping))
    yield from (root, issuing, seal, timestamp)


def _load(directory: Path, organisation: str, passphrase: bytes) -> DemonstrationPki:
    parts: dict[str, Issuer] = {}
    for part in PARTS:
        with _readable(directory / part):
            certificate = x509.load_pem_x509_certificate((directory / f"{part}.pem").read_bytes())
            key = load_pem_private_key((directory / f"{part}.key").read_bytes(), passphrase)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            raise Refused(
                "a demonstration key does not belong to its certificate",
                where=str(directory / part),
                remedy="restore the directory from a backup",
            )
        parts[part] = Issuer(key, certificate)
    owner = parts["seal"].certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)[0].value
    if owner != (organisation.strip()[:64] or "unnamed"):
        raise ConflictingContent(
            "the demonstration keys there are another organisation's",
            where=str(directory),
            got=owner,
            expected=organisation,
            remedy="name another directory, or the organisation the keys were made for",
        )
    chain = (parts["issuing"].certificate, parts["root"].certificate)
    seal = SigningKey.of(parts["seal"].key, parts["seal"].certificate, chain)
    timestamp = SigningKey.of(parts["timestamp"].key, parts["timestamp"].certificate, chain)
    return DemonstrationPki(organisation, parts["root"], parts["issuing"], seal, timestamp)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except ValueError as fault:
        raise InputError(
            "the demonstration keys do not open",
            where=str(path),
            got=str(fault),
            expected="the passphrase they were made with, and files as they were written",
            remedy="give the right passphrase, or restore the directory from a backup",
        ) from fault


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _flush(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
