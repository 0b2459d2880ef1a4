"""RFC 3161 timestamps: a client that checks what it gets, an authority on the net, and one for demonstrations.

::

    TimeStampReq (DER) ──> authority ──> TimeStampResp (DER) ──> checked: status, nonce, imprint, one signer
"""

from __future__ import annotations

import hashlib
from asyncio import to_thread
from collections.abc import Callable
from datetime import UTC, datetime

from asn1crypto import algos, cms, core, tsp, x509
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from cryptography.x509 import random_serial_number
from pyhanko.sign.general import as_signing_certificate_v2, simple_cms_attribute
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.timestamps.common_utils import TimestampRequestError

from schemas.errors import InputError, TimestampUnavailable
from signing.exchange import exchange, is_web_address
from signing.keys import SigningKey
from signing.run import run

POLICY = "2.999.3161.1"
"""The policy named in demonstration tokens; 2.999 is the arc for examples (ITU-T X.660)."""

DIGESTS: dict[str, type[SHA256] | type[SHA384] | type[SHA512]] = {"sha256": SHA256, "sha384": SHA384, "sha512": SHA512}
"""Imprint algorithms the demonstration authority takes."""

MAXIMUM_RESPONSE_BYTES = 100_000
MEDIA_TYPE_REQUEST = "application/timestamp-query"
MEDIA_TYPE_RESPONSE = "application/timestamp-reply"

REMEDY = "repeat later; nothing was signed, and no weaker signature was made instead"


class Answer(core.Sequence):
    """TimeStampResp (RFC 3161 2.4.2), whose token is missing when the request was rejected."""

    _fields = [  # noqa: RUF012 (asn1crypto's way to declare a structure)
        ("status", tsp.PKIStatusInfo),
        ("time_stamp_token", cms.ContentInfo, {"optional": True}),
    ]


class Timestamper(TimeStamper):
    """A client of one timestamp authority; subclasses say how the request travels.

    Every failure is a :class:`TimestampUnavailable`.
    """

    where = "timestamp authority"

    async def exchange(self, request: bytes) -> bytes:
        """Return the authority's TimeStampResp (DER) to a TimeStampReq (DER)."""
        raise NotImplementedError

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        """Send the request; raise :class:`TimestampUnavailable` when what comes back is not a response."""
        answer = await self.exchange(req.dump())
        try:
            response = tsp.TimeStampResp.load(answer, strict=True)
            _ = response["status"]["status"].native
        except (ValueError, TypeError, KeyError) as fault:
            raise self._unavailable(
                "did not answer with a timestamp response", f"{len(answer)} bytes: {fault}"
            ) from fault
        return response

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        """Return a token (RFC 3161 2.4.2) over ``message_digest`` after checking that it is the one asked for."""
        try:
            token = await super().async_timestamp(message_digest, md_algorithm)
            info = token["content"]["encap_content_info"]["content"].parsed
            imprint = info["message_imprint"]
            matches = (
                imprint["hashed_message"].native == message_digest
                and imprint["hash_algorithm"]["algorithm"].native == md_algorithm
                and len(token["content"]["signer_infos"]) == 1
            )
        except TimestampRequestError as fault:
            raise self._unavailable("refused the request, or answered another one", str(fault)) from fault
        except (ValueError, TypeError, KeyError, AttributeError) as fault:
            raise self._unavailable("answered with a token that cannot be read", str(fault)) from fault
        if not matches:
            raise self._unavailable("answered with a token for something else", imprint["hashed_message"].native.hex())
        return token

    def certificates(self) -> list[x509.Certificate]:
        """Return the certificates the authority answers with, from a token it is asked for once."""
        token = run(self.async_dummy_response("sha256"))
        return [choice.chosen for choice in token["content"]["certificates"] if choice.name == "certificate"]

    def forget(self) -> None:
        """Ask anew for the authority's certificates next time."""
        self._dummy_response_cache.clear()

    def _unavailable(self, what: str, got: str) -> TimestampUnavailable:
        return TimestampUnavailable(
            f"the timestamp authority {what}",
            where=self.where,
            got=got,
            expected="a granted RFC 3161 token for the digest that was sent",
            remedy=REMEDY,
        )


class HttpTimestamper(Timestamper):
    """A timestamp authority spoken to over HTTP (RFC 3161 3.4)."""

    def __init__(self, url: str, *, timeout_seconds: float = 20.0) -> None:
        if not is_web_address(url):
            raise InputError("the timestamp authority's address is not one", got=url, expected="http:// or https://")
        super().__init__()
        self.where = url
        self._timeout_seconds = timeout_seconds

    async def exchange(self, request: bytes) -> bytes:
        """Post the request and return the body of the answer."""
        return await to_thread(self._post, request)

    def _post(self, body: bytes) -> bytes:
        headers = {"Content-Type": MEDIA_TYPE_REQUEST, "Accept": MEDIA_TYPE_RESPONSE}
        try:
            answer = exchange(
                self.where,
                body=body,
                headers=headers,
                deadline_seconds=self._timeout_seconds,
                maximum_bytes=MAXIMUM_RESPONSE_BYTES,
            )
        except OSError as fault:
            raise self._unavailable("did not answer", str(fault)) from fault
        if answer.media_type != MEDIA_TYPE_RESPONSE:
            raise self._unavailable("answered with something else than a timestamp", answer.media_type)
        return answer.body


def http_timestamper(url: str, *, timeout_seconds: float = 20.0) -> HttpTimestamper:
    """Return the client of a timestamp authority at ``url``; :class:`InputError` if that is no http address."""
    return HttpTimestamper(url, timeout_seconds=timeout_seconds)


class DemonstrationTimestampAuthority(Timestamper):
    """A timestamp authority in this process: the real protocol, with a certificate that says *demonstration*.

    ``clock`` gives the aware instant a token asserts.
    """

    where = "demonstration timestamp authority"

    def __init__(self, key: SigningKey, *, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self._key = key
        self._clock = clock

    async def exchange(self, request: bytes) -> bytes:
        """Answer in process."""
        return await self.respond(request)

    async def respond(self, request: bytes) -> bytes:
        """Return the TimeStampResp for a TimeStampReq, both DER; a bad request gets a rejection (RFC 3161 2.4.2)."""
        try:
            asked = tsp.TimeStampReq.load(request, strict=True)
            imprint = asked["message_imprint"]
            algorithm = imprint["hash_algorithm"]["algorithm"].native
            digest = imprint["hashed_message"].native
            nonce, policy = asked["nonce"].native, asked["req_policy"].native
            wants_certificates = bool(asked["cert_req"].native)
        except (ValueError, TypeError, KeyError):
            return _rejection("bad_data_format", "the request is not a TimeStampReq")
        if algorithm not in DIGESTS:
            return _rejection("bad_alg", f"digest algorithm {algorithm} is not accepted")
        if len(digest) != DIGESTS[algorithm].digest_size:
            return _rejection("bad_data_format", f"{len(digest)} bytes are not a {algorithm} digest")
        if policy not in (None, POLICY):
            return _rejection("unaccepted_policy", f"policy {policy} is not offered")
        token = await self._token(imprint, nonce, wants_certificates=wants_certificates)
        status = tsp.PKIStatusInfo({"status": "granted"})
        return tsp.TimeStampResp({"status": status, "time_stamp_token": token}).dump()

    async def _token(
        self, imprint: tsp.MessageImprint, nonce: int | None, *, wants_certificates: bool
    ) -> cms.ContentInfo:
        certificate = self._key.asn1_certificate
        moment = self._clock().astimezone(UTC).replace(microsecond=0)
        fields = {
            "version": "v1",
            "policy": POLICY,
            "message_imprint": imprint,
            "serial_number": random_serial_number(),
            "gen_time": moment,
            "accuracy": tsp.Accuracy({"seconds": 1}),
            "tsa": x509.GeneralName(name="directory_name", value=certificate.subject),
        }
        if nonce is not None:
            fields["nonce"] = nonce
        info = tsp.TSTInfo(fields).dump()
        # RFC 5816: the certificate is named by ESSCertIDv2, as one with SHA-1 would be open to substitution.
        attributes = cms.CMSAttributes(
            [
                simple_cms_attribute("content_type", "tst_info"),
                simple_cms_attribute("message_digest", hashlib.sha256(info).digest()),
                simple_cms_attribute("signing_certificate_v2", as_signing_certificate_v2(certificate)),
            ]
        )
        mechanism = self._key.signer.get_signature_mechanism_for_digest("sha256")
        signature = await self._key.signer.async_sign_raw(attributes.dump(), "sha256")
        digest_algorithm = algos.DigestAlgorithm({"algorithm": "sha256"})
        signer = cms.SignerInfo(
            {
                "version": "v1",
                "sid": cms.SignerIdentifier(
                    {
                        "issuer_and_serial_number": cms.IssuerAndSerialNumber(
                            {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
                        )
                    }
                ),
                "digest_algorithm": digest_algorithm,
                "signature_algorithm": mechanism,
                "signed_attrs": attributes,
                "signature": signature,
            }
        )
        content = {
            "version": "v3",
            "digest_algorithms": cms.DigestAlgorithms((digest_algorithm,)),
            "encap_content_info": cms.EncapsulatedContentInfo(
                {"content_type": "tst_info", "content": core.ParsableOctetString(info)}
            ),
            "signer_infos": [signer],
        }
        if wants_certificates:
            above = [entry for entry in self._key.signer.cert_registry if entry.self_signed == "no"]
            content["certificates"] = [certificate, *above]
        return cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(content)})


def _rejection(failure: str, text: str) -> bytes:
    status = tsp.PKIStatusInfo({"status": "rejection", "status_string": [text], "fail_info": {failure}})
    return Answer({"status": status}).dump()
