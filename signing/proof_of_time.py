"""Checks the timestamp of a mark that was just made: an authority that lies, or is not ours, has not answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from asn1crypto import cms, x509
from pyhanko.sign.ades.report import AdESIndeterminate, AdESPassed
from pyhanko.sign.validation.ades import ades_timestamp_validation
from pyhanko.sign.validation.generic_cms import message_imprint_checker
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo

from schemas.errors import Refused, TimestampUnavailable, Unavailable
from signing.preserve import certificates_in, embedded
from signing.revision import is_timestamp, open_pdf, reading, signatures_of, time_of, token_of
from signing.run import run
from signing.trust import TrustPolicy

LONGEST_DIFFERENCE = timedelta(minutes=10)
"""Between the time given and the one in the token: two clocks, and a person who enters a PIN."""

REMEDY = "repeat later; nothing was signed, and no weaker signature was made instead"

Imprint = Callable[[str], bytes]
"""Gives the digest a token has to be about, by the name of its algorithm."""


def require_time(pdf: bytes, trust: TrustPolicy, *, now: datetime) -> bytes:
    """Return ``pdf`` if the time of its last mark, which was just made, can be relied on at ``now``.

    Raises what :func:`require_token` raises of the mark's timestamp, if it has one, and :class:`Unavailable` for a mark
    of an earlier time than the mark before: none such is ever archived.
    """
    reader = open_pdf(pdf)
    marks = signatures_of(reader)
    last = marks[-1]
    with reading("the timestamp"):
        token = last.signed_data if is_timestamp(last) else token_of(last)
        if token is not None:
            imprint = last.compute_digest if is_timestamp(last) else message_imprint_checker(last.signer_info)
            known = list({entry.dump(): entry for entry in certificates_in(reader)}.values())
            require_token(token, imprint, trust, known, now=now, where=last.field_name)
    _require_order(marks[-2:])
    return pdf


def _require_order(marks: Sequence[EmbeddedPdfSignature]) -> None:
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


def require_token(
    token: cms.SignedData,
    imprint: Imprint,
    trust: TrustPolicy,
    others: Iterable[x509.Certificate] = (),
    *,
    now: datetime,
    where: str,
) -> None:
    """Refuse a token that cannot be relied on at ``now``; ``others`` may stand above the authority's.

    It can when it tells the present time and is signed by an authority under a root of ``trust`` that is not revoked
    (RFC 3161, EN 319 102-1 5.4). Raises :class:`TimestampUnavailable` otherwise, :class:`Refused` for an authority
    that is not a trusted one, and :class:`RevocationUnavailable` where nobody says whether it is revoked.
    """
    with reading("the timestamp"):
        told = token["encap_content_info"]["content"].parsed["gen_time"].native
        own = list(embedded(token))
        others = list(others)
    if abs(told - now) > LONGEST_DIFFERENCE:
        raise TimestampUnavailable(
            "the timestamp authority tells another time",
            where=where,
            got=f"{told:%Y-%m-%d %H:%M:%S} UTC",
            expected=f"{now:%Y-%m-%d %H:%M:%S} UTC, give or take {LONGEST_DIFFERENCE.seconds // 60} minutes",
            remedy=REMEDY,
        )
    informed = trust.informed(own, others=others, now=now)
    result = run(
        ades_timestamp_validation(
            token,
            informed.validation_spec(certificates=others).signature_validation_spec,
            imprint,
            timing_info=ValidationTimingInfo(now, now, point_in_time_validation=False),
        )
    )
    found = result.ades_subindic
    if found == AdESPassed.OK:
        return
    got = f"{found.standard_name} (EN 319 102-1)"
    if found == AdESIndeterminate.NO_CERTIFICATE_CHAIN_FOUND:
        raise Refused(
            "the timestamp authority is not a trusted one",
            where=where,
            got=got,
            expected="an authority whose certificate chains to a trusted root",
            remedy="have an administrator add its root, or name another authority",
        )
    raise TimestampUnavailable(
        "the timestamp authority's token cannot be relied on",
        where=where,
        got=got,
        expected="a token that validates",
        remedy=REMEDY,
    )
