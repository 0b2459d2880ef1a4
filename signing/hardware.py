"""Keys in a token (PKCS#11 2.40): the private key signs there and never leaves it.

::

    pkcs11:/usr/lib/softhsm/libsofthsm2.so?token=Seals&label=seal-2026
           module                                token      label of key and certificate

A session lasts as long as one signature: a token that was taken out and put back, or restarted, needs no restart here.
"""

from __future__ import annotations

import hashlib
from asyncio import to_thread
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock
from urllib.parse import parse_qsl

import pkcs11
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from pkcs11 import Attribute, Mechanism, ObjectClass, Session, SignMixin
from pkcs11.util.ec import encode_ecdsa_signature
from pyhanko.sign.signers.pdf_cms import Signer
from pyhanko_certvalidator.registry import SimpleCertificateStore

from schemas.errors import ConvenioError, InputError, Refused, SignerUnavailable
from signing.keys import SigningKey, as_asn1, chain_above, require_current

PREFIX = "pkcs11:"

ONE_AT_A_TIME = Lock()
"""A login belongs to the process and not to a session (PKCS#11 5.6.6): two at once would end each other's."""

LONGEST_SIGNATURE_BYTES = 1024
"""An RSA-8192 signature; what is reserved where a signature is only estimated."""


@dataclass(frozen=True)
class TokenPlace:
    """Where a key lies: the vendor's PKCS#11 library, the token's label, and the label of key and certificate."""

    module: Path
    token: str
    label: str

    @classmethod
    def of(cls, text: str) -> TokenPlace:
        """Return the place that ``text`` names, as drawn above; raises :class:`InputError` where it names none."""
        module, _, query = text.removeprefix(PREFIX).partition("?")
        named = dict(parse_qsl(query))
        if not text.startswith(PREFIX) or not module or set(named) != {"token", "label"}:
            raise InputError(
                "this names no key in a token", got=text, expected=f"{PREFIX}MODULE?token=TOKEN&label=LABEL"
            )
        return cls(Path(module), named["token"], named["label"])

    def __str__(self) -> str:
        return f"{self.label} in token {self.token}"


def hardware_key(place: TokenPlace, pin: str, *, now: datetime) -> SigningKey:
    """Return the signing key at ``place``: certificate and chain are read from the token now.

    Raises :class:`InputError` for a wrong PIN or a place where no such key and certificate are, :class:`Refused` for a
    key that may not sign at ``now`` and a PIN that is locked, :class:`SignerUnavailable` for a token that is not there.
    """
    with _session(place, pin) as session:
        certificates = list(_certificates(session))
        _private_key(session, place)
    own = [certificate for label, certificate in certificates if label == place.label]
    if len(own) != 1:
        raise InputError(
            "the token holds not exactly one certificate of this label",
            where=str(place),
            got=f"{len(own)}; its certificates are {', '.join(sorted(label for label, _ in certificates)) or 'none'}",
            expected=f"one certificate labelled {place.label}",
            remedy="import the certificate under the label of its key, or name another label",
        )
    certificate = own[0]
    require_current(certificate, now)
    chain = chain_above(certificate, [other for _, other in certificates if _is_authority(other)])
    return SigningKey.using(_TokenSigner(place, pin, certificate, chain), certificate, chain)


class _TokenSigner(Signer):
    """A pyHanko signer whose signatures are made in a token."""

    def __init__(self, place: TokenPlace, pin: str, certificate: x509.Certificate, chain: Iterable[x509.Certificate]):
        store = SimpleCertificateStore()
        store.register_multiple(map(as_asn1, chain))
        super().__init__(signing_cert=as_asn1(certificate), cert_registry=store, embed_roots=False)
        self._place, self._pin = place, pin
        self._elliptic = isinstance(certificate.public_key(), ec.EllipticCurvePublicKey)

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:  # noqa: FBT001, FBT002 (pyHanko's signature)
        return bytes(LONGEST_SIGNATURE_BYTES) if dry_run else await to_thread(self._sign, data, digest_algorithm)

    def _sign(self, data: bytes, digest_algorithm: str) -> bytes:
        with _session(self._place, self._pin) as session:
            key = _private_key(session, self._place)
            if self._elliptic:
                # The digest is made here: many tokens know ECDSA, but not ECDSA with a hash.
                digest = hashlib.new(digest_algorithm, data).digest()
                return encode_ecdsa_signature(key.sign(digest, mechanism=Mechanism.ECDSA))
            return key.sign(data, mechanism=Mechanism[f"{digest_algorithm.upper()}_RSA_PKCS"])


@contextmanager
def _session(place: TokenPlace, pin: str) -> Iterator[Session]:
    """Log in to the token, and out again; whatever the library raises becomes one of our own errors."""
    with ONE_AT_A_TIME:
        try:
            library = pkcs11.lib(str(place.module))
            # Tokens come and go while the library is loaded.
            tokens = [slot.get_token() for slot in library.get_slots(token_present=True)]
            found = [token for token in tokens if token.label == place.token]
            if len(found) != 1:
                raise SignerUnavailable(
                    "the token is not there, or there are several of its name",
                    where=str(place),
                    got=", ".join(sorted(token.label for token in tokens)) or "no token",
                    expected=f"one token {place.token}",
                    remedy="connect the token and repeat; nothing was signed",
                )
            with found[0].open(user_pin=pin) as session:
                yield session
        except ConvenioError:
            raise
        except (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange) as fault:
            raise InputError(
                "the token does not open with this PIN",
                where=str(place),
                got=type(fault).__name__,
                expected="the token's user PIN",
                remedy="type it again, with care: a token locks itself after a few wrong ones",
            ) from fault
        except pkcs11.PinLocked as fault:
            raise Refused(
                "the token is locked after too many wrong PINs",
                where=str(place),
                remedy="have its security officer unlock it",
            ) from fault
        except (pkcs11.PKCS11Error, RuntimeError, OSError) as fault:
            raise SignerUnavailable(
                "the token does not answer",
                where=str(place),
                got=f"{type(fault).__name__}: {str(fault)[:200]}",
                expected="a PKCS#11 library with the token connected",
                remedy="look at the path of the library and at the token, and repeat; nothing was signed",
            ) from fault


def _certificates(session: Session) -> Iterator[tuple[str, x509.Certificate]]:
    for entry in session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE}):
        try:
            yield entry[Attribute.LABEL], x509.load_der_x509_certificate(entry[Attribute.VALUE])
        except ValueError as fault:
            raise InputError(
                "a certificate in the token cannot be read", got=str(fault), expected="X.509 in DER"
            ) from fault


def _private_key(session: Session, place: TokenPlace) -> SignMixin:
    found = list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.LABEL: place.label}))
    if len(found) != 1:
        raise InputError(
            "the token holds not exactly one private key of this label",
            where=str(place),
            got=len(found),
            expected=f"one private key labelled {place.label}",
            remedy="name the label of the key to sign with",
        )
    return found[0]


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False
