"""A signature in two halves: laid out and digested here, signed elsewhere, finished here.

::

    begin(pdf)  ──> Begun: base, new bytes, digest to sign      kept as JSON while the signatory is elsewhere
                       │  to_sign ──> a page of a trust service, a card in a browser ──> value
    finish(pdf, begun, value) ──> signed PDF                    base and value are checked again

What was begun says nothing about the document that its bytes do not, and finishing it needs the signatory's key.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Literal

from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import Base64Bytes, Field
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.pdf_byterange import PreparedByteRangeDigest
from pyhanko.sign.signers.pdf_cms import ExternalSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

from schemas.errors import ConvenioError, Refused, StaleBase
from schemas.evidence import Digest, Evidence, Instant, SignatoryId, digest_of
from schemas.signature import Level
from signing.fields import signatory_field
from signing.keys import SigningKey, as_asn1, chain_above, require_current
from signing.proof_of_time import require_time
from signing.remote import verify_value
from signing.revision import (
    READING_FAULTS,
    lay_out,
    open_pdf,
    pdf_signer,
    require_extension,
    signed_attributes,
    writer_on,
)
from signing.run import run
from signing.seal import require_signable
from signing.stamp import Stamp
from signing.timestamp import Timestamper
from signing.trust import TrustPolicy, require_trusted

LASTS = timedelta(hours=1)
"""How long a signature that was begun can be finished."""


class Begun(Evidence):
    """A signature that waits for its value, in plain values.

    ``base`` is the digest of the revision it extends by ``tail``, with ``gap`` where the signature goes (byte positions
    in the whole file); ``signed_attributes`` is what the key signs (CMS, DER); ``certificates`` are PEM, the signer's
    first.
    """

    v: Literal[1] = 1
    signatory: SignatoryId
    base: Digest
    tail: Base64Bytes
    gap: tuple[int, int] = Field(description="first byte, and the one after the last")
    document_digest: Digest
    signed_attributes: Base64Bytes
    certificates: tuple[str, ...] = Field(min_length=1)
    begun_at: Instant

    @property
    def to_sign(self) -> bytes:
        """The SHA-256 digest that the signatory's key signs."""
        return hashlib.sha256(self.signed_attributes).digest()


def begin(
    pdf: bytes,
    *,
    signatory_id: str,
    certificate: x509.Certificate,
    chain: Sequence[x509.Certificate],
    timestamper: Timestamper,
    trust: TrustPolicy,
    now: datetime,
    level: Level = Level.ARCHIVE,
    stamp: Stamp | None = None,
) -> Begun:
    """Lay out the signatory's signature by ``certificate`` on ``pdf`` and return it with the digest to sign.

    ``level`` is what the document is to reach in the end. Raises :class:`Refused` for what :func:`signing.seal.sign`
    refuses, before anybody is asked for a signature.
    """
    field, moment = signatory_field(signatory_id), now.astimezone(UTC)
    require_current(certificate, now)
    require_signable(open_pdf(pdf), field)
    above = chain_above(certificate, chain)
    key = SigningKey.using(_external(certificate, above), certificate, above)
    require_trusted(key.asn1_certificate, key.signer.cert_registry, trust, now=now)
    text = stamp.text(moment) if stamp is not None else ""
    style = stamp.style(text) if stamp is not None else None
    signer = pdf_signer(field, key, None if level is Level.BASIC else timestamper, "Agreed and signed", style=style)

    async def laid_out() -> tuple[PreparedByteRangeDigest, bytes, bytes]:
        revision = await lay_out(signer, writer_on(pdf), moment, {"text": text})
        attributes = await key.signer.signed_attrs(
            revision.digest.document_digest,
            "sha256",
            attr_settings=signed_attributes(signer, moment),
            use_pades=True,
        )
        return revision.digest, revision.output.getvalue(), attributes.dump()

    try:
        digest, content, attributes = run(laid_out())
    except ConvenioError:
        raise
    except (SigningError, *READING_FAULTS) as fault:
        raise _refused(field, fault) from fault
    return Begun(
        signatory=SignatoryId(signatory_id),
        base=digest_of(pdf),
        tail=_encoded(require_extension(content, pdf)[len(pdf) :]),
        gap=(digest.reserved_region_start, digest.reserved_region_end),
        document_digest=digest.document_digest.hex(),
        signed_attributes=_encoded(attributes),
        certificates=tuple(one.public_bytes(Encoding.PEM).decode("ascii") for one in (certificate, *above)),
        begun_at=moment,
    )


def finish(
    pdf: bytes,
    begun: Begun,
    value: bytes,
    *,
    timestamper: Timestamper,
    trust: TrustPolicy,
    now: datetime,
    level: Level = Level.ARCHIVE,
) -> bytes:
    """Return ``pdf`` extended by the signature that was begun, whose ``value`` came back.

    Raises :class:`StaleBase` where ``pdf`` is not the revision it was begun on, :class:`Refused` where it was begun too
    long ago, the value is not the certificate's over the digest, or the certificate was revoked meanwhile;
    :class:`TimestampUnavailable` without a token.
    """
    field = signatory_field(begun.signatory)
    if digest_of(pdf) != begun.base:
        raise StaleBase(
            "somebody else signed while this signature was made elsewhere",
            where=field,
            got=digest_of(pdf),
            expected=begun.base,
            remedy="begin the signature again on the newest revision",
        )
    if not timedelta() <= now - begun.begun_at <= LASTS:
        raise Refused(
            "this signature was begun too long ago",
            where=field,
            got=f"{begun.begun_at:%Y-%m-%d %H:%M} UTC",
            expected=f"within {int(LASTS.total_seconds() // 60)} minutes",
            remedy="begin it again",
        )
    certificate, *above = (x509.load_pem_x509_certificate(one.encode()) for one in begun.certificates)
    if not verify_value(certificate, value, begun.to_sign, "sha256"):
        raise Refused(
            "what came back is not this certificate's signature over the digest that was to be signed",
            where=field,
            got=f"{len(value)} bytes",
            expected=f"a signature over {begun.to_sign.hex()}",
            remedy="begin the signature again",
        )
    signer = _external(certificate, above, value)
    require_trusted(as_asn1(certificate), signer.cert_registry, trust, now=now)
    output = BytesIO(pdf + begun.tail)
    gap = PreparedByteRangeDigest(bytes.fromhex(begun.document_digest), *begun.gap)
    try:
        content = run(
            signer.async_sign_prescribed_attributes(
                "sha256",
                cms.CMSAttributes.load(begun.signed_attributes),
                timestamper=None if level is Level.BASIC else timestamper,
            )
        )
        gap.fill_with_cms(output, content)
    except ConvenioError:
        raise
    except (SigningError, *READING_FAULTS) as fault:
        raise _refused(field, fault) from fault
    return require_time(require_extension(output.getvalue(), pdf), trust, now=now)


def _external(
    certificate: x509.Certificate, chain: Sequence[x509.Certificate], value: bytes | None = None
) -> ExternalSigner:
    store = SimpleCertificateStore()
    store.register_multiple(map(as_asn1, chain))
    return ExternalSigner(as_asn1(certificate), store, signature_value=value, embed_roots=False)


def _encoded(content: bytes) -> bytes:
    """Return ``content`` as a pydantic field of base64 takes it."""
    return b64encode(content)


def _refused(field: str, fault: Exception) -> Refused:
    return Refused(
        "the PDF cannot be signed",
        where=field,
        got=f"{type(fault).__name__}: {str(fault)[:200]}",
        expected="an empty signature field in a readable PDF",
        remedy="prepare the document again",
    )
