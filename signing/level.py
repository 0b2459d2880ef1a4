"""Which PAdES level (EN 319 142-1 6) a signature reaches when validated, not which one was asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from asn1crypto.crl import CertificateList
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESIndeterminate, AdESPassed, AdESStatus, AdESSubIndic
from pyhanko.sign.validation.ades import (
    ades_basic_validation,
    ades_lta_validation,
    ades_timestamp_validation,
    ades_with_time_validation,
)
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.policy_decl import PdfSignatureValidationSpec, SignatureValidationSpec
from pyhanko.sign.validation.status import DocumentTimestampStatus, PdfSignatureStatus
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.revinfo.archival import CRLContainer

from schemas.evidence import Verdict
from signing.trust import TrustPolicy


class Level(StrEnum):
    """What a validated signature offers, weakest first."""

    NONE = "none"
    """No level: the signature does not validate."""
    BASIC = "B-B"
    """Intact and by a trusted certificate, at a time only claimed."""
    TIME = "B-T"
    """With a trusted timestamp; revocation was checked with lists from outside the file."""
    LONG_TERM = "B-LT"
    """With what it takes to check revocation inside the file."""
    ARCHIVE = "B-LTA"
    """And all of that under a later document timestamp."""
    TIMESTAMP = "RFC 3161"
    """A document timestamp itself."""


ORDER = (Level.NONE, Level.BASIC, Level.TIME, Level.LONG_TERM, Level.ARCHIVE)

EXPLANATIONS: dict[AdESSubIndic, str] = {
    AdESIndeterminate.NO_CERTIFICATE_CHAIN_FOUND: "its certificate does not chain to a trusted root",
    AdESIndeterminate.TRY_LATER: "it is not known whether a certificate in its chain is revoked",
    AdESIndeterminate.REVOKED_NO_POE: "its certificate is revoked and nothing proves that it was signed before",
    AdESIndeterminate.REVOKED_CA_NO_POE: "its issuer's certificate is revoked and nothing proves an earlier signature",
    AdESIndeterminate.OUT_OF_BOUNDS_NO_POE: "its certificate is outside its validity and nothing proves when it signed",
    AdESIndeterminate.OUT_OF_BOUNDS_NOT_REVOKED: "its certificate is outside its validity now",
    AdESIndeterminate.NOT_YET_VALID: "its certificate is not valid yet",
    AdESIndeterminate.SIG_CONSTRAINTS_FAILURE: "it lacks what a signature of this level must have",
    AdESIndeterminate.CHAIN_CONSTRAINTS_FAILURE: "its certificate may not be used for this",
    AdESIndeterminate.CERTIFICATE_CHAIN_GENERAL_FAILURE: (
        "its certificate chain cannot be checked to the end; most often a current revocation list is missing"
    ),
    AdESIndeterminate.NO_POE: "nothing proves that it existed while its certificate was in force",
    AdESIndeterminate.NO_SIGNING_CERTIFICATE_FOUND: "its certificate is not in the file",
}


@dataclass(frozen=True)
class Reached:
    """The level a mark reached, the verdict by EN 319 102-1, and the standard's name for the reason."""

    level: Level
    verdict: Verdict
    reason: str


def file_knowledge(reader: PdfFileReader, trust: TrustPolicy) -> SignatureValidationSpec:
    """Return the validation spec that knows ``trust``'s roots and, of revocation, only what the file's DSS holds."""
    spec = trust.validation_spec(given_lists=False).signature_validation_spec
    try:
        store = DocumentSecurityStore.read_dss(reader)
    except NoDSSFoundError:
        return spec
    knowledge = replace(
        spec.local_knowledge,
        known_crls=[CRLContainer(CertificateList.load(entry.get_object().data)) for entry in store.crls],
        known_certs=[*spec.local_knowledge.known_certs, *store.load_certs()],
    )
    return replace(spec, local_knowledge=knowledge)


def _with_lists(spec: SignatureValidationSpec, trust: TrustPolicy) -> SignatureValidationSpec:
    known = spec.local_knowledge
    lists = [*known.known_crls, *(CRLContainer(entry) for entry in trust.lists)]
    return replace(spec, local_knowledge=replace(known, known_crls=lists))


async def level_of_timestamp(
    mark: EmbeddedPdfSignature, spec: SignatureValidationSpec, trust: TrustPolicy, *, now: datetime
) -> Reached:
    """Validate a document timestamp (EN 319 102-1 5.4) at ``now``."""
    indication: AdESSubIndic = AdESIndeterminate.GENERIC
    for knowledge in (spec, _with_lists(spec, trust)):
        result = await ades_timestamp_validation(
            mark.signed_data,
            knowledge,
            mark.compute_digest,
            timing_info=_at(now),
            status_cls=DocumentTimestampStatus,
            extra_status_kwargs=mark.summarise_integrity_info(),
        )
        indication = result.ades_subindic
        if indication == AdESPassed.OK:
            return Reached(Level.TIMESTAMP, Verdict.VALID, "the timestamp is intact and by a trusted authority")
        if not trust.lists:
            break
    return _failed(indication)


async def level_of_signature(
    mark: EmbeddedPdfSignature,
    spec: SignatureValidationSpec,
    trust: TrustPolicy,
    *,
    timestamped_later: bool,
    now: datetime,
) -> Reached:
    """Validate a signature at ``now`` by the strongest process it passes: B-LTA, B-LT, B-T, B-B.

    The processes are those of EN 319 102-1, 5.6 down to 5.3. Where B-LTA is looked at, the library slides from the
    machine's own clock backwards. ``spec`` knows the file's own revocation lists; those of ``trust`` count for B-T
    only.
    """
    indication: AdESSubIndic = AdESIndeterminate.GENERIC
    if timestamped_later:
        # No difference policy here: changes are judged once for the whole file, by the caller.
        result = await ades_lta_validation(mark, PdfSignatureValidationSpec(spec, diff_policy=None), _at(now))
        indication = result.ades_subindic
        token = result.signature_timestamp_status
        proven = result.oldest_evidence_record_timestamp is not None
        if indication == AdESPassed.OK and proven and token is not None and token.ades_subindic == AdESPassed.OK:
            return Reached(
                Level.ARCHIVE, Verdict.VALID, "intact, trusted, timestamped, and verifiable for the long term"
            )
    for level, knowledge in ((Level.LONG_TERM, spec), (Level.TIME, _with_lists(spec, trust))):
        timed = await ades_with_time_validation(
            mark.signed_data,
            knowledge,
            timing_info=_at(now),
            raw_digest=mark.compute_digest(),
            status_cls=PdfSignatureStatus,
            extra_status_kwargs=mark.summarise_integrity_info(),
        )
        if timed.ades_subindic == AdESPassed.OK:
            return Reached(level, Verdict.VALID, "intact, trusted and timestamped")
        if timed.ades_subindic.status == AdESStatus.FAILED:
            return _failed(timed.ades_subindic)
    basic = await ades_basic_validation(
        mark.signed_data,
        _with_lists(spec, trust),
        timing_info=_at(now),
        raw_digest=mark.compute_digest(),
    )
    if basic.ades_subindic == AdESPassed.OK:
        return Reached(Level.BASIC, Verdict.VALID, "intact and trusted; its time is only claimed")
    return _failed(basic.ades_subindic if indication == AdESIndeterminate.GENERIC else indication)


def weakest(levels: list[Level]) -> Level:
    """Return the weakest of the levels; of none, none."""
    return min(levels, key=ORDER.index, default=Level.NONE)


def _at(now: datetime) -> ValidationTimingInfo:
    return ValidationTimingInfo(validation_time=now, best_signature_time=now, point_in_time_validation=False)


def _failed(indication: AdESSubIndic) -> Reached:
    explanation = EXPLANATIONS.get(indication, "it does not validate")
    failed = indication.status == AdESStatus.FAILED
    verdict = Verdict.INVALID if failed else Verdict.INDETERMINATE
    return Reached(Level.NONE, verdict, f"{explanation} ({indication.standard_name}, EN 319 102-1)")
