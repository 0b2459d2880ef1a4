"""Signatures of persons and the closing seal of the organisation, each an incremental revision."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from io import BytesIO

from asn1crypto import cms, crl, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import PdfTimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.status import SignatureCoverageLevel

from schemas.errors import ConvenioError, Refused, Unavailable
from signing.fields import CLOSING_SEAL, CLOSING_TIMESTAMP, form_fields, locking_field, signatory_field
from signing.keys import SigningKey
from signing.revision import (
    READING_FAULTS,
    append_signature,
    open_pdf,
    reading,
    require_extension,
    signatures_of,
    time_of,
    token_of,
    writer_on,
)
from signing.run import run
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
    stamp: Stamp | None = None,
) -> bytes:
    """Return ``pdf`` extended by the signatory's signature in the field prepared for them (PAdES B-T).

    Raises :class:`Refused` when the field is unknown, signed or locked, when bytes follow the last signature, or when
    the certificate does not chain to ``trust`` with known revocation; :class:`TimestampUnavailable` without a token,
    and :class:`Unavailable` with one of an earlier time than the mark before.
    """
    name = signatory_field(signatory_id)
    reader = open_pdf(pdf)
    _require_signable(reader, name)
    require_trusted(key.asn1_certificate, key.signer.cert_registry, trust, now=now)
    moment = now.astimezone(UTC)
    text = stamp.text(moment) if stamp is not None else ""
    signed = append_signature(
        writer_on(pdf),
        field=name,
        key=key,
        timestamper=timestamper,
        now=moment,
        reason="Agreed and signed",
        style=stamp.style(text) if stamp is not None else None,
        text={"text": text},
    )
    return _require_order(require_extension(signed, pdf))


def conclude(pdf: bytes, *, seal: SigningKey, timestamper: Timestamper, trust: TrustPolicy, now: datetime) -> bytes:
    """Return ``pdf`` extended by the closing seal, then by validation data under a document timestamp (PAdES B-LTA).

    The seal locks every field and forbids further change; the last revision holds the certificates and revocation
    lists (DSS, EN 319 142-1 5.4.2) of all signatures and a document timestamp over every byte. Raises
    :class:`Refused` when a field is still empty, or when a certificate's revocation list is not in ``trust``;
    :class:`TimestampUnavailable` without a token, and :class:`Unavailable` with one of an earlier time than the mark
    before.
    """
    reader = open_pdf(pdf)
    _require_signable(reader, CLOSING_SEAL)
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
        timestamper=timestamper,
        now=moment,
        reason="Signed by all parties",
        permissions=MDPPerm.NO_CHANGES,
    )
    _require_order(require_extension(sealed, pdf))
    return _require_order(require_extension(_timestamped(sealed, timestamper, trust, moment), sealed))


def _require_order(pdf: bytes) -> bytes:
    """Return ``pdf`` if its last mark is not of an earlier time than the mark before: none such is ever archived."""
    marks = signatures_of(open_pdf(pdf))[-2:]
    with reading("the times of signature"):
        times = [time for mark in marks if (time := time_of(mark)) is not None]
    if times != sorted(times):
        before, made = times
        raise Unavailable(
            "a clock is behind: the new mark would be of an earlier time than the mark before it",
            where=marks[-1].field_name,
            got=f"{made:%Y-%m-%d %H:%M:%S} UTC",
            expected=f"{before:%Y-%m-%d %H:%M:%S} UTC, of {marks[0].field_name}, or later",
            remedy="set the clock of this machine and of the timestamp authority, and repeat; nothing was signed",
        )
    return pdf


def _timestamped(sealed: bytes, timestamper: Timestamper, trust: TrustPolicy, now: datetime) -> bytes:
    """Return ``sealed`` with one more revision: validation data, and the document timestamp that covers it."""
    with reading("the signatures"):
        known = list({entry.dump(): entry for entry in _certificates(open_pdf(sealed))}.values())
    lists = _lists_for(known, trust, now)
    writer = writer_on(sealed)
    output = BytesIO()
    try:
        # The data goes in before the timestamp, so that the timestamp is the last object and covers every byte.
        DocumentSecurityStore.supply_dss_in_writer(writer, None, certs=known, crls=lists)
        stamper = PdfTimeStamper(
            timestamper, field_name=CLOSING_TIMESTAMP, readable_field_name="Timestamp over the whole document"
        )
        run(stamper.async_timestamp_pdf(writer, "sha256", output=output))
    except ConvenioError:
        raise
    except (SigningError, *READING_FAULTS) as fault:
        raise Refused(
            "the document timestamp cannot be added",
            got=f"{type(fault).__name__}: {str(fault)[:200]}",
            expected="a sealed, readable PDF",
        ) from fault
    return output.getvalue()


def _certificates(reader: PdfFileReader) -> Iterator[x509.Certificate]:
    for mark in signatures_of(reader):
        yield from _embedded(mark.signed_data)
        token = token_of(mark)
        if token is not None:
            yield from _embedded(token)


def _embedded(content: cms.SignedData) -> Iterator[x509.Certificate]:
    for choice in content["certificates"]:
        if choice.name == "certificate":
            yield choice.chosen


def _lists_for(
    certificates: Iterable[x509.Certificate], trust: TrustPolicy, now: datetime
) -> list[crl.CertificateList]:
    """Return the revocation lists of every issuer of ``certificates``; refuse when one is missing or not current."""
    anchors = {anchor.dump() for anchor in trust.anchors}
    chosen: dict[bytes, crl.CertificateList] = {}
    for certificate in certificates:
        if certificate.dump() in anchors:
            continue
        current = [entry for entry in trust.lists if entry.issuer == certificate.issuer and _is_current(entry, now)]
        if not current:
            raise Refused(
                "there is no current revocation list for a certificate, so the signature could not be verified later",
                where=certificate.subject.human_friendly,
                got=f"no list of {certificate.issuer.human_friendly} for {now:%Y-%m-%d %H:%M} UTC",
                expected="a revocation list (CRL) of the issuer, current now",
                remedy="give the issuer's current revocation list and repeat",
            )
        chosen.update((entry.dump(), entry) for entry in current)
    return list(chosen.values())


def _is_current(entry: crl.CertificateList, now: datetime) -> bool:
    content = entry["tbs_cert_list"]
    end = content["next_update"].native
    return content["this_update"].native <= now and (end is None or now <= end)


def _require_signable(reader: PdfFileReader, name: str) -> None:
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
