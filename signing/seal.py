"""Signatures of persons and the closing seal of the organisation, each an incremental revision."""

from __future__ import annotations

from datetime import UTC, datetime

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation.status import SignatureCoverageLevel

from schemas.errors import Refused
from schemas.signature import Level
from signing.fields import CLOSING_SEAL, CLOSING_TIMESTAMP, form_fields, locking_field, signatory_field
from signing.keys import SigningKey
from signing.preserve import preserve
from signing.proof_of_time import require_time
from signing.revision import (
    append_signature,
    open_pdf,
    reading,
    require_extension,
    signatures_of,
    writer_on,
)
from signing.stamp import Stamp
from signing.timestamp import Timestamper
from signing.trust import TrustPolicy, require_trusted


def sign(
    pdf: bytes,
    *,
    signatory_id: str,
    key: SigningKey,
    timestamper: Timestamper,
    trust: TrustPolicy,
    now: datetime,
    level: Level = Level.ARCHIVE,
    stamp: Stamp | None = None,
    reason: str = "Agreed and signed",
) -> bytes:
    """Return ``pdf`` extended by the signatory's signature in the field prepared for them.

    With a signature timestamp (PAdES B-T) unless ``level``, which the document is to reach in the end, is B-B.

    Raises :class:`Refused` when the field is unknown, signed or locked, when bytes follow the last signature, or when
    the certificate does not chain to ``trust`` with known revocation; :class:`TimestampUnavailable` without a token,
    and :class:`Unavailable` with one of an earlier time than the mark before.
    """
    name = signatory_field(signatory_id)
    reader = open_pdf(pdf)
    require_signable(reader, name)
    require_trusted(key.asn1_certificate, key.signer.cert_registry, trust, now=now)
    moment = now.astimezone(UTC)
    text = stamp.text(moment) if stamp is not None else ""
    signed = append_signature(
        writer_on(pdf),
        field=name,
        key=key,
        timestamper=None if level is Level.BASIC else timestamper,
        now=moment,
        reason=reason,
        style=stamp.style(text) if stamp is not None else None,
        text={"text": text},
    )
    return require_time(require_extension(signed, pdf), trust, now=now)


def conclude(
    pdf: bytes,
    *,
    seal: SigningKey,
    timestamper: Timestamper,
    trust: TrustPolicy,
    now: datetime,
    level: Level = Level.ARCHIVE,
) -> bytes:
    """Return ``pdf`` extended by the closing seal and by what the level asks for (EN 319 142-1 6).

    The seal locks every field and forbids further change. At B-LT a last revision holds the certificates and
    revocation information (DSS, 5.4.2) of all signatures, at B-LTA under a document timestamp over every byte. Raises
    :class:`Refused` when a field is still empty, or nobody can be asked whether a certificate is revoked;
    :class:`RevocationUnavailable` when nobody answers that, :class:`TimestampUnavailable` without a token that can be
    relied on, and :class:`Unavailable` with one of an earlier time than the mark before.
    """
    reader = open_pdf(pdf)
    require_signable(reader, CLOSING_SEAL)
    waiting = [field.name for field in form_fields(reader) if not field.filled and field.name != CLOSING_SEAL]
    if waiting:
        raise Refused(
            "the document cannot be closed: signatures are missing",
            got=", ".join(waiting),
            expected="every signatory's field signed",
            remedy="wait for the signatories",
        )
    require_trusted(seal.asn1_certificate, seal.signer.cert_registry, trust, now=now)
    moment = now.astimezone(UTC)
    sealed = append_signature(
        writer_on(pdf),
        field=CLOSING_SEAL,
        key=seal,
        timestamper=None if level is Level.BASIC else timestamper,
        now=moment,
        reason="Signed by all parties",
        permissions=MDPPerm.NO_CHANGES,
    )
    require_time(require_extension(sealed, pdf), trust, now=now)
    if level in (Level.BASIC, Level.TIME):
        return sealed
    preserved = preserve(
        sealed,
        timestamper=timestamper if level is Level.ARCHIVE else None,
        field=CLOSING_TIMESTAMP,
        label="Timestamp over the whole document",
        trust=trust,
        now=moment,
    )
    return require_time(require_extension(preserved, sealed), trust, now=now)


def require_signable(reader: PdfFileReader, name: str) -> None:
    """Refuse to sign where there is no empty field ``name``, a lock, or bytes after the last signature."""
    fields = {field.name: field for field in form_fields(reader)}
    field = fields.get(name)
    if field is None or field.kind != "/Sig":
        raise Refused(
            "the document has no such signature field",
            got=name,
            expected=", ".join(fields) or "a prepared document",
            remedy="sign as one of the signatories the document names",
        )
    if field.filled:
        raise Refused(
            "the field is signed already", got=name, expected="an empty field", remedy="nothing is left to do"
        )
    lock = locking_field(reader, name)
    if lock is not None:
        raise Refused(
            "the document is locked",
            where=name,
            got=f"{lock} forbids further signatures",
            expected="a document that is still open for signature",
            remedy="a further signature needs a new document",
        )
    marks = signatures_of(reader)
    with reading("the last signature"):
        covered = bool(marks) and marks[-1].evaluate_signature_coverage() == SignatureCoverageLevel.ENTIRE_FILE
    if not covered:
        raise Refused(
            "bytes follow the last signature" if marks else "the document is not sealed",
            where=marks[-1].field_name if marks else None,
            expected="a document whose last signature covers every byte",
            remedy="take the newest revision as it was handed out",
        )
