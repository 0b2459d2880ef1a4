"""The organisation's seal: which key it is by the settings, and which certificates it has sealed with so far.

::

    demonstration                        made on first run, for trying things out
    pkcs12:seal.p12                      a file (in the home, or with its whole path)
    pkcs11:MODULE?token=T&label=L        a hardware security module; the passphrase is its PIN

Every certificate is kept in ``trust/seals/`` when the seal is first opened: documents sealed with an earlier one stay
the organisation's when the seal is renewed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from flows.files import read_whole, write_new
from flows.settings import Settings
from schemas.errors import InputError
from schemas.evidence import Digest
from signing.demonstration import DemonstrationPki
from signing.keys import SigningKey, digest_of_certificate, load_pkcs12

MAXIMUM_FILE_BYTES = 1024 * 1024


def open_seal(settings: Settings, pki: Callable[[], DemonstrationPki], now: datetime) -> SigningKey:
    """Return the seal that the settings name, and keep its certificate among those that were used.

    ``pki`` makes or opens the demonstration keys, where those are to seal.

    Raises :class:`InputError` for a key that is not there or does not open, :class:`Refused` for one that may not seal
    at ``now``, and :class:`SignerUnavailable` where the hardware security module does not answer.
    """
    kind, _, place = settings.seal_key.partition(":")
    secret = settings.seal_passphrase.get_secret_value() if settings.seal_passphrase else None
    match kind:
        case "demonstration":
            key = pki().seal
        case "pkcs12":
            content = read_whole(
                settings.home / place, expected="a PKCS#12 file with the seal", max_size_bytes=MAXIMUM_FILE_BYTES
            )
            key = load_pkcs12(content, secret.encode() if secret else None, now=now)
        case _:
            from signing.hardware import TokenPlace, hardware_key  # noqa: PLC0415 (most houses have no token)

            if secret is None:
                raise InputError("the seal's token needs its PIN", expected="CONVENIO_SEAL_PASSPHRASE")
            key = hardware_key(TokenPlace.of(settings.seal_key), secret, now=now)
    path = _folder(settings.home) / f"{key.certificate_digest}.pem"
    write_new(path, key.certificate.public_bytes(Encoding.PEM), same_is_fine=True)
    return key


def seals_used(home: Path) -> tuple[Digest, ...]:
    """Return the digests of every certificate this home has sealed with."""
    return tuple(digest_of_certificate(certificate) for certificate in certificates_used(home))


def certificates_used(home: Path) -> tuple[x509.Certificate, ...]:
    """Return every certificate this home has sealed with; no key is opened for that."""
    return tuple(x509.load_pem_x509_certificate(path.read_bytes()) for path in sorted(_folder(home).glob("*.pem")))


def _folder(home: Path) -> Path:
    return home / "trust" / "seals"
