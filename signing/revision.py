"""Reads PDF revisions and appends new ones; nothing here ever rewrites a byte that is already there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO

from asn1crypto import cms
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.sign.ades.api import CAdESSignedAttrSpec
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner
from pyhanko.sign.signers.constants import ESIC_EXTENSION_1
from pyhanko.sign.signers.pdf_byterange import PreparedByteRangeDigest
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.signers.pdf_signer import PdfTBSDocument
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.stamp import BaseStampStyle

from schemas.errors import ConvenioError, Invalid, Refused
from signing.keys import SigningKey
from signing.run import run
from signing.timestamp import Timestamper

SPARE_BYTES = 2048
"""Room in a signature beside its certificates and its timestamp: attributes, the signature itself, some to spare."""

READING_FAULTS = (
    PdfError, ValueError, KeyError, TypeError, IndexError, AttributeError, AssertionError, NotImplementedError,
    ArithmeticError, RecursionError, MemoryError, OSError, LookupError,
)  # fmt: skip
"""What readers of hostile PDF, CMS and DER raise; each means that the bytes cannot be relied on."""

UNREADABLE = "cut off, damaged, or not written as it has to be"
"""What bytes are on which a parser fails; in its own words the failure stays the cause of the error."""


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turn whatever a parser raises while reading ``what`` into :class:`Invalid`; our own errors pass."""
    try:
        yield
    except ConvenioError:
        raise
    except READING_FAULTS as fault:
        raise Invalid(
            f"{what} cannot be read",
            got=UNREADABLE,
            expected="a whole, unencrypted PDF (ISO 32000)",
            remedy="fetch the file again from where it is kept",
        ) from fault


def open_pdf(pdf: bytes) -> PdfFileReader:
    """Return a strict reader over ``pdf``; raise :class:`Invalid` when the bytes are not a readable, open PDF."""
    with reading("the PDF"):
        reader = PdfFileReader(BytesIO(pdf), strict=True)
        if reader.encrypted:
            raise Invalid("the PDF is encrypted", expected="an unencrypted PDF", remedy="remove the encryption first")
        _ = reader.root["/Pages"]
    return reader


def signatures_of(reader: PdfFileReader) -> list[EmbeddedPdfSignature]:
    """Return signatures, seals and timestamps in the order of their revisions."""
    with reading("a signature"):
        return list(reader.embedded_signatures)


def is_timestamp(mark: EmbeddedPdfSignature) -> bool:
    """Whether a mark is a document timestamp (ISO 32000-2 12.8.5)."""
    return mark.sig_object_type == "/DocTimeStamp"


def token_of(mark: EmbeddedPdfSignature) -> cms.SignedData | None:
    """Return the signature timestamp (RFC 3161 appendix A) of a signature, or none."""
    attributes = mark.signer_info["unsigned_attrs"]
    if isinstance(attributes, cms.CMSAttributes):
        for attribute in attributes:
            if attribute["type"].native == "signature_time_stamp_token":
                return attribute["values"][0]["content"]
    return None


def time_of(mark: EmbeddedPdfSignature) -> datetime | None:
    """Return the time in the RFC 3161 token of a mark (whole seconds, mostly), else the claimed one; aware."""
    token = mark.signed_data if is_timestamp(mark) else token_of(mark)
    if token is not None:
        return token["encap_content_info"]["content"].parsed["gen_time"].native
    return claimed_time(mark)


def claimed_time(mark: EmbeddedPdfSignature) -> datetime | None:
    """Return the time that a mark claims for itself, or none; aware."""
    claimed = mark.self_reported_timestamp
    if claimed is not None and claimed.tzinfo is None:
        return claimed.replace(tzinfo=UTC)
    return claimed


class RevisionWriter(IncrementalPdfFileWriter):
    """Appends one revision and stays within PDF/A-3.

    PDF/A-3 is PDF 1.7 (ISO 19005-3 6.1.2), and the approved metadata stays as approved: neither the document
    information dictionary nor the XMP is touched, so that any change of them is foreign.
    """

    def ensure_output_version(self, version: tuple[int, int]) -> None:
        """Raise the version to 1.7 at most."""
        super().ensure_output_version(min(version, (1, 7)))

    def _update_meta(self) -> None:
        return


def writer_on(pdf: bytes) -> RevisionWriter:
    """Return a writer that appends one revision to ``pdf``."""
    reader = open_pdf(pdf)
    with reading("the PDF"):
        return RevisionWriter.from_reader(reader)


class _Signer(PdfSigner):
    """A PDF signer that declares PAdES (EN 319 142-1) and none of the PDF 2.0 extensions that PDF/A-3 knows not."""

    def register_extensions(self, pdf_out: BasePdfFileWriter, *, md_algorithm: str) -> None:  # noqa: ARG002
        """Declare the ESIC extension of PAdES."""
        pdf_out.register_extension(ESIC_EXTENSION_1)


def append_signature(
    writer: RevisionWriter,
    *,
    field: str,
    key: SigningKey,
    timestamper: Timestamper | None,
    now: datetime,
    reason: str,
    certify: bool = False,
    permissions: MDPPerm = MDPPerm.FILL_FORMS,
    style: BaseStampStyle | None = None,
    text: dict[str, str] | None = None,
) -> bytes:
    """Sign the existing field ``field`` in ``writer``'s revision, and return the file.

    PAdES B-T (EN 319 142-1 6.3), or B-B without a timestamper; ``now`` is the claimed time. Raises
    :class:`TimestampUnavailable` when there is no token, :class:`Refused` when the field cannot be signed.
    """
    signer = pdf_signer(field, key, timestamper, reason, certify=certify, permissions=permissions, style=style)
    try:
        return run(_append(signer, writer, now, text))
    except ConvenioError:
        raise
    except (SigningError, *READING_FAULTS) as fault:
        raise Refused(
            "the PDF cannot be signed",
            where=field,
            got=f"{type(fault).__name__}: {str(fault)[:200]}",
            expected="an empty signature field in a readable PDF",
            remedy="prepare the document again",
        ) from fault


async def _append(signer: PdfSigner, writer: RevisionWriter, now: datetime, text: dict[str, str] | None) -> bytes:
    laid_out = await lay_out(signer, writer, now, text)
    await laid_out.document.perform_signature(laid_out.digest.document_digest, signed_attributes(signer, now))
    return laid_out.output.getvalue()


def pdf_signer(
    field: str,
    key: SigningKey,
    timestamper: Timestamper | None,
    reason: str,
    *,
    certify: bool = False,
    permissions: MDPPerm = MDPPerm.FILL_FORMS,
    style: BaseStampStyle | None = None,
) -> PdfSigner:
    """Return what signs the field ``field`` with ``key``, by PAdES."""
    metadata = PdfSignatureMetadata(
        field_name=field,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        reason=reason,
        name=key.subject,
        certify=certify,
        docmdp_permissions=permissions,
        cades_signed_attr_spec=CAdESSignedAttrSpec(),
    )
    return _Signer(metadata, signer=key.signer, timestamper=timestamper, stamp_style=style)


def signed_attributes(signer: PdfSigner, now: datetime) -> PdfCMSSignedAttributes:
    """Return what a signature says beside the document's digest; ``now`` is the claimed time."""
    return PdfCMSSignedAttributes(signing_time=now, cades_signed_attrs=signer.signature_meta.cades_signed_attr_spec)


@dataclass(frozen=True)
class LaidOut:
    """A revision with room for its signature, and the digest of all its other bytes."""

    document: PdfTBSDocument
    digest: PreparedByteRangeDigest
    output: BytesIO


async def lay_out(
    signer: PdfSigner, writer: RevisionWriter, now: datetime, text: dict[str, str] | None = None
) -> LaidOut:
    """Write the revision that ``signer`` is to sign, all but the signature."""
    session = signer.init_signing_session(writer, existing_fields_only=True)
    session.system_time = now
    document = session.prepare_tbs_document(None, await _room(signer), appearance_text_params=text)
    output = BytesIO()
    digest, _ = document.digest_tbs_document(output=output)
    return LaidOut(document, digest, output)


async def _room(signer: PdfSigner) -> int:
    """Return how many hexadecimal digits to reserve in /Contents; a probe token is asked for once per timestamper."""
    chain = [signer.signer.signing_cert, *signer.signer.cert_registry]
    needed = sum(len(entry.dump()) for entry in chain) + SPARE_BYTES
    if signer.default_timestamper is not None:
        token = await signer.default_timestamper.async_dummy_response("sha256")
        needed += len(token.dump()) * 5 // 4
    return 2 * needed


def require_extension(pdf: bytes, base: bytes) -> bytes:
    """Return ``pdf`` if it begins with every byte of ``base`` and has more; raise :class:`Invalid` otherwise."""
    if len(pdf) <= len(base) or not pdf.startswith(base):
        raise Invalid(
            "the new revision does not extend the old one byte for byte",
            got=f"{len(pdf)} bytes that begin otherwise",
            expected=f"the {len(base)} bytes of the old revision, then new ones",
            remedy="sign the file as it was handed out, by an incremental update",
        )
    return pdf


def entry_of(holder: generic.DictionaryObject, key: str) -> generic.PdfObject | None:
    """Return what a PDF dictionary has under ``key``, indirect references followed, or none."""
    return holder[key] if key in holder else None  # noqa: SIM401 (get() would not follow the reference)
