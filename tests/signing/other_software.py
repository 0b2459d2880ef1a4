"""A signatory's own software: stock pyHanko with settings of its own, none of ours."""

from __future__ import annotations

from datetime import datetime
from io import BytesIO
from typing import Any

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, PdfTimeStamper
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.stamp import STAMP_ART_CONTENT, TextStampStyle

from signing.keys import SigningKey
from signing.run import run


def sign_elsewhere(
    pdf: bytes,
    field: str,
    key: SigningKey,
    *,
    at: datetime,
    timestamper: TimeStamper | None = None,
    new_field: SigFieldSpec | None = None,
    style: TextStampStyle | None = None,
    **metadata: Any,
) -> bytes:
    """Return ``pdf`` signed as other software does: an appearance and extensions of its own, metadata up to date."""
    given: dict[str, Any] = {
        "md_algorithm": "sha256",
        "subfilter": SigSeedSubFilter.PADES,
        "name": "By my own software",
    }
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    signer = PdfSigner(
        PdfSignatureMetadata(field_name=field, **(given | metadata)),
        signer=key.signer,
        timestamper=timestamper,
        stamp_style=style or TextStampStyle(stamp_text="Signed with my own software\n%(signer)s\n%(ts)s"),
        new_field_spec=new_field,
    )

    async def sign() -> bytes:
        session = signer.init_signing_session(writer, existing_fields_only=new_field is None)
        session.system_time = at
        size = await session.estimate_signature_container_size(None, tight=False)
        document = session.prepare_tbs_document(None, size)
        output = BytesIO()
        digest, _ = document.digest_tbs_document(output=output)
        await document.perform_signature(digest.document_digest, PdfCMSSignedAttributes(signing_time=at))
        return output.getvalue()

    return run(sign())


def with_picture() -> TextStampStyle:
    """Return an appearance with a picture behind the text."""
    return TextStampStyle(stamp_text="Verify me\n%(ts)s", background=STAMP_ART_CONTENT, background_opacity=0.3)


def timestamp_elsewhere(pdf: bytes, timestamper: TimeStamper) -> bytes:
    """Return ``pdf`` with a document timestamp in a field of its own."""
    writer, output = IncrementalPdfFileWriter(BytesIO(pdf)), BytesIO()
    run(PdfTimeStamper(timestamper, field_name="mine").async_timestamp_pdf(writer, "sha256", output=output))
    return output.getvalue()
