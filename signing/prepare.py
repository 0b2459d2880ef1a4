"""Prepares an approved PDF for signature: attachments, all fields and the opening seal in one revision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pyhanko.pdf_utils import embed, generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.sign.fields import MDPPerm, append_signature_field

from schemas.errors import InputError, Refused
from schemas.signature import Level
from signing.fields import OPENING_SEAL, FieldPlace, field_specs, form_fields
from signing.keys import SigningKey
from signing.proof_of_time import require_time
from signing.revision import (
    RevisionWriter,
    append_signature,
    entry_of,
    open_pdf,
    reading,
    require_extension,
    signatures_of,
    writer_on,
)
from signing.timestamp import Timestamper
from signing.trust import TrustPolicy, require_trusted


@dataclass(frozen=True)
class Attachment:
    """A file to embed as an associated file (ISO 32000-2 14.13).

    ``relationship`` says what it is to the document: *Data* it was made from, or its editable *Source*.
    """

    name: str
    media_type: str
    content: bytes
    description: str
    relationship: Literal["Data", "Source"]


def prepare(
    pdf: bytes,
    *,
    attachments: Sequence[Attachment],
    fields: Sequence[FieldPlace],
    seal: SigningKey,
    timestamper: Timestamper,
    trust: TrustPolicy,
    now: datetime,
    level: Level = Level.ARCHIVE,
) -> bytes:
    """Return ``pdf`` (an approved PDF/A-3) extended by one revision.

    It embeds the attachments, creates every signature field before the first signature and certifies the result
    with the organisation's opening seal: DocMDP P=2, form filling and signing only (ISO 32000-2 12.8.2.2), with a
    signature timestamp unless ``level`` is B-B. ``fields`` are in signing order. Raises :class:`InputError` for places
    or attachments that cannot be, :class:`Refused` for a document that is already prepared or a seal that is not
    trusted, :class:`TimestampUnavailable` without a token that can be relied on, :class:`RevocationUnavailable` where
    nobody says whether the seal is revoked.
    """
    _require_unprepared(pdf)
    _require_distinct([place.signatory_id for place in fields], "signatory")
    _require_distinct([attachment.name for attachment in attachments], "attachment")
    require_trusted(seal.asn1_certificate, seal.signer.cert_registry, trust, now=now)
    writer = writer_on(pdf)
    with reading("the approved PDF"):
        _embed(writer, attachments, now)
        _add_fields(writer, tuple(fields))
    sealed = append_signature(
        writer,
        field=OPENING_SEAL,
        key=seal,
        timestamper=None if level is Level.BASIC else timestamper,
        now=now,
        reason="Prepared for signature",
        certify=True,
        permissions=MDPPerm.FILL_FORMS,
    )
    return require_time(require_extension(sealed, pdf), trust, now=now)


def _require_unprepared(pdf: bytes) -> None:
    reader = open_pdf(pdf)
    marks = [mark.field_name for mark in signatures_of(reader)]
    found = marks or [field.name for field in form_fields(reader)]
    if found:
        raise Refused(
            "the PDF is signed already" if marks else "the PDF has form fields already",
            got=", ".join(found[:5]),
            expected="the approved PDF, without signatures and without a form",
            remedy="prepare the approved PDF itself",
        )
    with reading("the approved PDF's attachments"):
        names = entry_of(reader.root, "/Names")
        embedded = isinstance(names, generic.DictionaryObject) and "/EmbeddedFiles" in names
    if embedded or "/AF" in reader.root:
        raise Refused(
            "the PDF has attachments already",
            expected="the approved PDF; its data and source are attached in preparation",
            remedy="export the PDF without attachments",
        )


def _require_distinct(names: list[str], what: str) -> None:
    repeated = sorted(name for name, count in Counter(names).items() if count > 1)
    if repeated:
        raise InputError(f"a {what} is named twice", got=", ".join(repeated), expected=f"each {what} once")


def _embed(writer: RevisionWriter, attachments: Sequence[Attachment], now: datetime) -> None:
    files = generic.ArrayObject()
    # The leaves of a name tree are sorted (ISO 32000-2 7.9.6), or readers searching it by halves miss some.
    for attachment in sorted(attachments, key=lambda entry: entry.name.encode("utf-16-be")):
        stream = embed.EmbeddedFileObject.from_file_data(
            writer,
            attachment.content,
            mime_type=attachment.media_type,
            params=embed.EmbeddedFileParams(modification_date=now, creation_date=now),
        )
        spec = embed.FileSpec(
            attachment.name,
            file_name=attachment.name,
            embedded_data=stream,
            description=attachment.description,
            af_relationship=pdf_name(f"/{attachment.relationship}"),
        )
        embed.embed_file(writer, spec)
        files = writer.root["/AF"]
    if attachments and len(files) != len(attachments):
        raise InputError("an attachment was not embedded", got=len(files), expected=len(attachments))


def _add_fields(writer: RevisionWriter, places: tuple[FieldPlace, ...]) -> None:
    pages = int(writer.root["/Pages"]["/Count"])
    for place in places:
        left, bottom, right, top = place.box
        if not 0 <= place.page < pages or right - left < 1 or top - bottom < 1:
            raise InputError(
                "a signature field cannot be placed there",
                where=place.signatory_id,
                got=f"page {place.page}, box {place.box}",
                expected=f"a page from 0 to {pages - 1} and a box with left < right and bottom < top, in points",
            )
    for spec in field_specs(places):
        append_signature_field(writer, spec)
