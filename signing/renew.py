"""Renewal: a further document timestamp while the newest one can still be verified (PAdES B-LTA, EN 319 142-1 5.5).

::

    ... | document timestamp 1 | DSS about its authority | document timestamp 2 | ...
          its certificate ends ─────────────────────────────┘ made before that

Each timestamp proves that the one before it, and what it takes to verify that, existed in time.
"""

from __future__ import annotations

from datetime import datetime

from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from schemas.errors import Refused
from schemas.evidence import Verdict
from signing.algorithms import relied_on_until
from signing.fields import renewal_field
from signing.preserve import certificates_in, informed_about, preserve
from signing.proof_of_time import require_time
from signing.revision import is_timestamp, open_pdf, reading, require_extension, signatures_of
from signing.timestamp import Timestamper
from signing.trust import TrustPolicy
from signing.validate import validate


def renew(pdf: bytes, *, timestamper: Timestamper, trust: TrustPolicy, now: datetime) -> bytes:
    """Return ``pdf`` extended by validation data about its newest document timestamp, under a further one.

    Raises :class:`Refused` for a file without a document timestamp, and for one that does not validate at ``now`` (a
    renewal would not make it better); :class:`TimestampUnavailable` and :class:`RevocationUnavailable` where an
    authority does not answer.
    """
    marks = signatures_of(open_pdf(pdf))
    newest = _newest(marks)
    if newest is None or newest is not marks[-1]:
        raise Refused(
            "the document cannot be renewed",
            got="no document timestamp as its last mark",
            expected="an archived document at level B-LTA",
        )
    report = validate(pdf, informed_about(pdf, trust, now=now), now=now)
    if report.verdict is not Verdict.VALID:
        reasons = [f"{mark.field}: {mark.reason}" for mark in report.signatures if mark.verdict is not Verdict.VALID]
        raise Refused(
            "the document does not validate any more, and a renewal would not mend that",
            got="; ".join(reasons or [finding.reason for finding in report.findings if finding.verdict != "valid"]),
            expected="a document that validates at the time of its renewal",
            remedy="fetch an intact copy from the archive; where its last timestamp lapsed, rely on the ledger",
        )
    renewed = preserve(
        pdf,
        timestamper=timestamper,
        field=renewal_field(sum(is_timestamp(mark) for mark in marks)),
        label="Further timestamp over the whole document",
        trust=trust,
        now=now,
        only_last=True,
    )
    require_time(require_extension(renewed, pdf), trust, now=now)
    return renewed


def renewal_due(pdf: bytes) -> datetime | None:
    """Return until when the newest document timestamp of ``pdf`` can be verified, or none where it has none.

    That is the end of the shortest-lived certificate in its chain, or of its algorithms where that comes first.
    """
    reader = open_pdf(pdf)
    newest = _newest(signatures_of(reader))
    if newest is None:
        return None
    with reading("the newest document timestamp"):
        chain, certificates = [newest.signer_cert], list(certificates_in(reader))
        while len(chain) < len(certificates):
            above = next((entry for entry in certificates if entry.subject == chain[-1].issuer), None)
            if above is None or above.self_signed != "no":
                break
            chain.append(above)
        digest = newest.signer_info["digest_algorithm"]["algorithm"].native
        ends = [entry.not_valid_after for entry in chain]
        ends += [end for entry in chain if (end := relied_on_until(entry, digest)) is not None]
    return min(ends)


def _newest(marks: list[EmbeddedPdfSignature]) -> EmbeddedPdfSignature | None:
    return next((mark for mark in reversed(marks) if is_timestamp(mark)), None)
