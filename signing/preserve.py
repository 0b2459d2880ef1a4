"""Adds what a signature needs to be verified when nobody can be asked any more: validation data, then a timestamp.

::

    ... | marks | DSS: certificates, OCSP responses, revocation lists | document timestamp over every byte before it
                  (ISO 32000-2 12.8.4.3)                                (ISO 32000-2 12.8.5)

Both stand in one revision: the timestamp proves that the data existed while it was fresh (PAdES, EN 319 142-1 5.5).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from io import BytesIO

from asn1crypto import cms, crl, ocsp, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import PdfTimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from schemas.errors import ConvenioError, Refused, TimestampUnavailable
from signing.revision import READING_FAULTS, is_timestamp, open_pdf, reading, signatures_of, token_of, writer_on
from signing.run import run
from signing.timestamp import Timestamper
from signing.trust import TrustPolicy


def preserve(
    pdf: bytes,
    *,
    timestamper: Timestamper | None,
    field: str,
    label: str,
    trust: TrustPolicy,
    now: datetime,
    only_last: bool = False,
) -> bytes:
    """Return ``pdf`` extended by the validation data of its marks, under a document timestamp in ``field``.

    Of all marks, or of the last one only. Without a timestamper there is validation data only (B-LT). The data is
    current at ``now`` and complete, or there is no output: raises :class:`Refused` where nobody can be asked about a
    certificate, :class:`RevocationUnavailable` where nobody answers, :class:`TimestampUnavailable` without a token.
    """
    with reading("the signatures"):
        reader = open_pdf(pdf)
        marks = signatures_of(reader)
        known = {entry.dump(): entry for entry in certificates_of_marks(marks[-1:] if only_last else marks)}
    if timestamper is not None:
        # The authority's own certificates go in before its timestamp, which is then the last object of the file.
        known |= {entry.dump(): entry for entry in timestamper.certificates()}
    evidence = trust.evidence(known.values(), others=certificates_in(reader), now=now)
    helpers = [x509.Certificate.load(entry) for entry in evidence.certificates]
    known |= {entry.dump(): entry for entry in helpers}
    writer, output = writer_on(pdf), BytesIO()
    try:
        DocumentSecurityStore.supply_dss_in_writer(
            writer,
            None,
            certs=list(known.values()),
            ocsps=[ocsp.OCSPResponse.load(entry) for entry in evidence.responses],
            crls=[crl.CertificateList.load(entry) for entry in evidence.lists],
        )
        if timestamper is None:
            writer.write(output)
        else:
            stamper = PdfTimeStamper(timestamper, field_name=field, readable_field_name=label)
            run(stamper.async_timestamp_pdf(writer, "sha256", output=output))
    except ConvenioError:
        raise
    except (SigningError, *READING_FAULTS) as fault:
        raise Refused(
            "the document timestamp cannot be added",
            got=f"{type(fault).__name__}: {str(fault)[:200]}",
            expected="a sealed, readable PDF",
        ) from fault
    preserved = output.getvalue()
    if timestamper is not None and any(entry.dump() not in known for entry in embedded(_last_token(preserved))):
        timestamper.forget()
        raise TimestampUnavailable(
            "the timestamp authority has just changed its certificates",
            where=timestamper.where,
            expected="the certificates it answered with a moment ago",
            remedy="repeat; nothing was signed",
        )
    return preserved


def _last_token(pdf: bytes) -> cms.SignedData:
    return signatures_of(open_pdf(pdf))[-1].signed_data


def informed_about(pdf: bytes, trust: TrustPolicy, *, now: datetime) -> TrustPolicy:
    """Return the policy with what it takes at ``now`` to validate ``pdf``, beyond what the file itself proves.

    That is revocation information about every mark that no later document timestamp covers. Raises :class:`Refused`
    and :class:`RevocationUnavailable` as :meth:`TrustPolicy.informed`, :class:`Invalid` for what is no PDF.
    """
    reader = open_pdf(pdf)
    marks = signatures_of(reader)
    last = max((position for position, mark in enumerate(marks) if is_timestamp(mark)), default=0)
    with reading("the signatures"):
        asked, others = list(certificates_of_marks(marks[last:])), list(certificates_in(reader))
    return trust.informed(asked, others=others, now=now)


def certificates_in(reader: PdfFileReader) -> Iterator[x509.Certificate]:
    """Yield the certificates in every mark, in its timestamp, and in the validation data; some more than once."""
    yield from certificates_of_marks(signatures_of(reader))
    try:
        yield from DocumentSecurityStore.read_dss(reader).load_certs()
    except NoDSSFoundError:
        return


def certificates_of_marks(marks: Iterable[EmbeddedPdfSignature]) -> Iterator[x509.Certificate]:
    """Yield the certificates that marks and their timestamps carry; some more than once."""
    for mark in marks:
        yield from embedded(mark.signed_data)
        token = token_of(mark)
        if token is not None:
            yield from embedded(token)


def embedded(content: cms.SignedData) -> Iterable[x509.Certificate]:
    """Yield the certificates that a signature or token carries."""
    for choice in content["certificates"]:
        if choice.name == "certificate":
            yield choice.chosen
