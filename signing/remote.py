"""Keys that a trust service keeps for a signatory: the Cloud Signature Consortium API, versions 1.0.4 and 2.0.

::

    credentials/info       ──> certificate, chain, state of the key       11.5
    credentials/authorize  ──> signature activation data for one digest   11.6, asked for each signature
    signatures/signHash    ──> the signature, checked against the certificate before it is used   11.9

Only digests travel; the document never leaves the house.
"""

from __future__ import annotations

import base64
import hashlib
import json
from asyncio import to_thread
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
from pyhanko.sign.signers.pdf_cms import Signer
from pyhanko_certvalidator.registry import SimpleCertificateStore
from pyhanko_certvalidator.util import get_pyca_cryptography_hash

from schemas.errors import InputError, Refused, SignerUnavailable
from signing.exchange import OtherStatus, exchange
from signing.keys import SigningKey, as_asn1, chain_above, require_current, subject_text

MAXIMUM_ANSWER_BYTES = 1024 * 1024
LONGEST_SIGNATURE_BYTES = 1024
LOOPBACK = ("localhost", "127.0.0.1", "::1")

DIGEST_OIDS = {
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
}
ECDSA_OIDS = {"sha256": "1.2.840.10045.4.3.2", "sha384": "1.2.840.10045.4.3.3", "sha512": "1.2.840.10045.4.3.4"}
RSA_OIDS = {"sha256": "1.2.840.113549.1.1.11", "sha384": "1.2.840.113549.1.1.12", "sha512": "1.2.840.113549.1.1.13"}
PLAIN_RSA = "1.2.840.113549.1.1.1"
"""rsaEncryption: PKCS#1 v1.5 with whatever digest is named beside it."""


@dataclass(frozen=True)
class RemoteCredential:
    """Which key at which service, and what unlocks it; none of it is ever shown, logged or kept.

    ``token`` is the service's bearer token (RFC 6750), ``pin`` and ``otp`` what it asks the signatory for,
    ``activation`` signature activation data obtained before, and not bound to one digest.
    """

    url: str
    credential: str
    version: Literal["v1", "v2"] = "v1"
    token: str | None = field(default=None, repr=False)
    pin: str | None = field(default=None, repr=False)
    otp: str | None = field(default=None, repr=False)
    activation: str | None = field(default=None, repr=False)
    timeout_seconds: float = 60.0

    def __post_init__(self) -> None:
        address = urlsplit(self.url)
        if address.scheme != "https" and not (address.scheme == "http" and address.hostname in LOOPBACK):
            raise InputError(
                "the trust service's address is not one that secrets may be sent to",
                got=self.url,
                expected="https:// (http:// on this machine only)",
            )

    def post(self, method: str, body: dict[str, object], *, refusal: str) -> dict[str, object]:
        """Return the service's answer to one call.

        Raises :class:`Refused` with ``refusal`` where the service says no, :class:`SignerUnavailable` for no answer and
        for one that is not of this protocol; no redirection is followed, for the token would go with it.
        """
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        try:
            content = exchange(
                f"{self.url.rstrip('/')}/csc/{self.version}/{method}",
                body=json.dumps(body).encode(),
                headers=headers,
                deadline_seconds=self.timeout_seconds,
                maximum_bytes=MAXIMUM_ANSWER_BYTES,
                redirects=False,
            ).body
        except OtherStatus as fault:
            if fault.status not in {400, 401, 403, 404}:
                raise self.unavailable(method, f"HTTP {fault.status}") from fault
            raise Refused(
                refusal,
                where=f"{self.url}, {method}",
                got=f"HTTP {fault.status}{_error_of(fault.body)}",
                expected="the service's consent",
                remedy="look at the credential's name and at what the service asks for; nothing was signed",
            ) from fault
        except OSError as fault:
            raise self.unavailable(method, str(fault)) from fault
        try:
            answer = json.loads(content)
        except ValueError as fault:
            raise self.unavailable(method, f"something that is not JSON: {content[:40]!r}") from fault
        if not isinstance(answer, dict):
            raise self.unavailable(method, "JSON of another kind")
        return answer

    def unavailable(self, method: str, got: str) -> SignerUnavailable:
        """Return the error for a service that does not answer as it should."""
        return SignerUnavailable(
            "the trust service did not answer as it should",
            where=f"{self.url}, {method}",
            got=got,
            expected=f"an answer of the CSC API {self.version}",
            remedy="repeat later; nothing was signed, and no other signature was made instead",
        )


def remote_key(credential: RemoteCredential, *, now: datetime) -> SigningKey:
    """Return the signing key behind ``credential``: certificate and chain are asked for now.

    Raises :class:`Refused` for a credential that is unknown, disabled or may not sign at ``now``, and
    :class:`SignerUnavailable` where the service does not answer.
    """
    method = "credentials/info"
    answer = credential.post(
        method,
        {"credentialID": credential.credential, "certificates": "chain", "certInfo": False, "authInfo": True},
        refusal="the trust service knows no such credential, or does not show it",
    )
    try:
        key, held = dict(answer["key"]), dict(answer["cert"])
        certificates = [x509.load_der_x509_certificate(base64.b64decode(one)) for one in held["certificates"]]
        algorithms = frozenset(str(one) for one in key["algo"])
        states = [
            ("key", key.get("status", "enabled"), "enabled"),
            ("certificate", held.get("status", "valid"), "valid"),
        ]
        certificate = certificates[0]
    except (KeyError, ValueError, TypeError, IndexError) as fault:
        raise credential.unavailable(method, f"no certificates or algorithms: {fault}") from fault
    for what, state, needed in states:
        if state != needed:
            raise Refused(
                f"the {what} at the trust service is {state}",
                where=credential.credential,
                got=state,
                expected=needed,
                remedy="ask the trust service why",
            )
    if answer.get("authMode") == "oauth2code" and credential.activation is None:
        raise Refused(
            "the trust service authorises each signature on a page of its own",
            where=credential.credential,
            got="authMode oauth2code",
            expected="signature activation data that its page brought back",
            remedy="begin the signature (convenio sign --begin), have its digest signed there, and --finish it",
        )
    require_current(certificate, now)
    chain = chain_above(certificate, certificates[1:])
    return SigningKey.using(_RemoteSigner(credential, certificate, chain, algorithms), certificate, chain)


def verify_value(certificate: x509.Certificate, value: bytes, digest: bytes, digest_algorithm: str) -> bool:
    """Whether ``value`` is a signature by the certificate's key over ``digest`` (ECDSA, or RSA PKCS#1 v1.5)."""
    prehashed = utils.Prehashed(get_pyca_cryptography_hash(digest_algorithm))
    key = certificate.public_key()
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(value, digest, ec.ECDSA(prehashed))
        else:
            key.verify(value, digest, padding.PKCS1v15(), prehashed)  # pyrefly: ignore  # other kinds were refused
    except InvalidSignature:
        return False
    return True


class _RemoteSigner(Signer):
    """A pyHanko signer whose signatures a trust service makes."""

    def __init__(
        self,
        credential: RemoteCredential,
        certificate: x509.Certificate,
        chain: Iterable[x509.Certificate],
        algorithms: frozenset[str],
    ) -> None:
        store = SimpleCertificateStore()
        store.register_multiple(map(as_asn1, chain))
        super().__init__(signing_cert=as_asn1(certificate), cert_registry=store, embed_roots=False)
        self._credential, self._certificate, self._algorithms = credential, certificate, algorithms

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:  # noqa: FBT001, FBT002 (pyHanko's signature)
        if dry_run:
            return bytes(LONGEST_SIGNATURE_BYTES)
        return await to_thread(self._sign, hashlib.new(digest_algorithm, data).digest(), digest_algorithm)

    def _sign(self, digest: bytes, digest_algorithm: str) -> bytes:
        service, method = self._credential, "signatures/signHash"
        algorithm = self._algorithm(digest_algorithm)
        digests = self._digests(digest, digest_algorithm)
        activation = service.activation if service.activation is not None else self._authorised(digests)
        answer = service.post(
            method,
            {
                "credentialID": service.credential,
                "SAD": activation,
                "signAlgo": algorithm,
                **digests,
                **({"hashAlgo": DIGEST_OIDS[digest_algorithm]} if service.version == "v1" else {}),
            },
            refusal="the trust service refused to sign",
        )
        try:
            (value,) = (base64.b64decode(one) for one in list(answer["signatures"]))
        except (KeyError, ValueError, TypeError) as fault:
            raise service.unavailable(method, "not exactly one signature") from fault
        if not verify_value(self._certificate, value, digest, digest_algorithm):
            raise service.unavailable(method, f"a signature that is not by {subject_text(self._certificate)}")
        return value

    def _authorised(self, digests: dict[str, object]) -> str:
        service, method = self._credential, "credentials/authorize"
        secrets = {"PIN": service.pin, "OTP": service.otp}
        given = {name: secret for name, secret in secrets.items() if secret is not None}
        answer = service.post(
            method,
            {
                "credentialID": service.credential,
                "numSignatures": 1,
                **digests,
                **(given if service.version == "v1" else _as_factors(given)),
            },
            refusal="the trust service refused to authorise the signature",
        )
        if not isinstance(activation := answer.get("SAD"), str):
            raise service.unavailable(method, "no signature activation data")
        return activation

    def _digests(self, digest: bytes, digest_algorithm: str) -> dict[str, object]:
        values = [base64.b64encode(digest).decode()]
        if self._credential.version == "v1":
            return {"hash": values}
        return {"hashes": values, "hashAlgorithmOID": DIGEST_OIDS[digest_algorithm]}

    def _algorithm(self, digest_algorithm: str) -> str:
        elliptic = isinstance(self._certificate.public_key(), ec.EllipticCurvePublicKey)
        known = [ECDSA_OIDS[digest_algorithm]] if elliptic else [RSA_OIDS[digest_algorithm], PLAIN_RSA]
        for algorithm in known:
            if algorithm in self._algorithms:
                return algorithm
        raise Refused(
            "the trust service does not sign in a way that readers verify",
            where=self._credential.credential,
            got=", ".join(sorted(self._algorithms)),
            expected=" or ".join(known),
            remedy="use another credential",
        )


def _as_factors(given: dict[str, str]) -> dict[str, object]:
    return {"authData": [{"id": name, "value": secret} for name, secret in given.items()]} if given else {}


def _error_of(content: bytes) -> str:
    """Return what a CSC error answer says (10.1), for a person to read; nothing where it says nothing."""
    try:
        answer = json.loads(content)
        said = [str(answer[name])[:200] for name in ("error", "error_description") if answer.get(name)]
    except (ValueError, AttributeError, TypeError):
        return ""
    return "".join(f", {part}" for part in said)
