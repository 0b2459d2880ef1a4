"""Which PAdES level (EN 319 142-1 6) a signature reaches when validated, not which one was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from asn1crypto import x509
from asn1crypto.crl import CertificateList
from asn1crypto.ocsp import OCSPResponse
from pyhanko.pdf_utils.rw_common import PdfHandler
from pyhanko.sign.ades.report import AdESIndeterminate, AdESPassed, AdESStatus, AdESSubIndic
from pyhanko.sign.validation.ades import (
    AdESBasicValidationResult,
    AdESWithTimeValidationResult,
    ades_basic_validation,
    ades_timestamp_validation,
    ades_with_time_validation,
)
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.policy_decl import SignatureValidationSpec, bootstrap_validation_data_handlers
from pyhanko.sign.validation.status import DocumentTimestampStatus, PdfSignatureStatus
from pyhanko_certvalidator.context import ValidationDataHandlers
from pyhanko_certvalidator.ltv.poe import POEManager
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.revinfo.archival import CRLContainer, OCSPContainer

from schemas.evidence import Verdict
from schemas.signature import Level
from signing.revision import token_of
from signing.revoked_later import revocations
from signing.trust import CLOCK_TOLERANCE, TrustPolicy

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
    """The level a mark reached, the verdict by EN 319 102-1 with its reason, and the standard's name for the reason."""

    level: Level
    verdict: Verdict
    reason: str
    sub_indication: str | None = None


def file_knowledge(reader: PdfHandler, trust: TrustPolicy) -> SignatureValidationSpec:
    """Return the validation spec that knows ``trust``'s roots and, of revocation, only what the file's DSS holds.

    ``reader`` is over the file, or over one of its revisions.
    """
    spec = trust.validation_spec(given_lists=False).signature_validation_spec
    try:
        store = DocumentSecurityStore.read_dss(reader)
    except NoDSSFoundError:
        return spec
    knowledge = replace(
        spec.local_knowledge,
        known_crls=[CRLContainer(CertificateList.load(entry.get_object().data)) for entry in store.crls],
        known_ocsps=[
            container
            for entry in store.ocsps
            for container in OCSPContainer.load_multi(OCSPResponse.load(entry.get_object().data))
        ],
        known_certs=[*spec.local_knowledge.known_certs, *store.load_certs()],
    )
    return replace(spec, local_knowledge=knowledge)


def knowledge_then(witness: EmbeddedPdfSignature, trust: TrustPolicy) -> SignatureValidationSpec:
    """Return :func:`file_knowledge` of the file as it was when a document timestamp was made."""
    return file_knowledge(witness.reader.get_historical_resolver(witness.signed_revision), trust)


def with_given(spec: SignatureValidationSpec, trust: TrustPolicy) -> SignatureValidationSpec:
    """Return the spec that also knows of revocation what ``trust`` was given."""
    known = spec.local_knowledge
    lists = [*known.known_crls, *(CRLContainer(entry) for entry in trust.lists)]
    answers = [*known.known_ocsps, *trust.answers]
    return replace(spec, local_knowledge=replace(known, known_crls=lists, known_ocsps=answers))


async def level_of_timestamp(
    mark: EmbeddedPdfSignature, trust: TrustPolicy, *, later: Sequence[EmbeddedPdfSignature], now: datetime
) -> Reached:
    """Validate a document timestamp (EN 319 102-1 5.4) at ``now``, or when the first of those ``later`` was made.

    ``later`` are valid document timestamps after the mark, in order. What they cover existed at their time: so an
    earlier one is judged as of then, by what the file held then (past validation, 5.6.2.4).
    """
    spec = file_knowledge(mark.reader, trust)
    if not later:
        return await _newest_timestamp(mark, spec, trust, now)
    reached, _ = await _timestamp_at(mark, (spec, with_given(spec, trust)), now)
    if reached.verdict is not Verdict.INDETERMINATE:
        return reached
    witness = later[0]
    then = knowledge_then(witness, trust)
    before, _ = await _timestamp_at(mark, (then, with_given(then, trust)), time_in(witness))
    return before if before.verdict is Verdict.VALID else reached


async def _newest_timestamp(
    mark: EmbeddedPdfSignature, spec: SignatureValidationSpec, trust: TrustPolicy, now: datetime
) -> Reached:
    """Validate a document timestamp that no later one covers.

    The policy asks for no revocation information fresher than the timestamp (EN 319 102-1 5.2.5): it is valid while
    its certificates are in force at ``now``, where the file shows them not revoked at its own time. What is known of
    a later revocation counts, whatever its age (RFC 3161 4).
    """
    given, told = with_given(spec, trust), time_in(mark)
    reached, chain = await _timestamp_at(mark, (spec, given), now)
    then = reached
    if reached.verdict is Verdict.INDETERMINATE:
        then, chain = await _timestamp_at(mark, (spec,), told)
    known = given.local_knowledge
    found = revocations(chain, known.known_crls, known.known_ocsps)
    if not all(revocation.spares(told) for revocation in found):
        return _failed(AdESIndeterminate.REVOKED_NO_POE)
    if reached.verdict is not Verdict.INDETERMINATE or then.verdict is not Verdict.VALID or not _in_force(chain, now):
        return reached
    reason = f"its authority's certificate was not revoked as of {told:%Y-%m-%d}; "
    if found:
        revoked = min(found, key=lambda revocation: revocation.at)
        reason += f"it was on {revoked.at:%Y-%m-%d}, which leaves earlier timestamps valid (RFC 3161 4)"
    else:
        reason += "nothing in the file says what came after"
    return replace(then, reason=f"{then.reason}; {reason}")


async def _timestamp_at(
    mark: EmbeddedPdfSignature, specs: Sequence[SignatureValidationSpec], moment: datetime
) -> tuple[Reached, tuple[x509.Certificate, ...]]:
    """Return the verdict by the first of ``specs`` that suffices, and the chain below the root where it is known."""
    indication: AdESSubIndic = AdESIndeterminate.GENERIC
    for spec in specs:
        result = await ades_timestamp_validation(
            mark.signed_data,
            spec,
            mark.compute_digest,
            timing_info=_at(moment),
            validation_data_handlers=_handlers(spec, moment),
            status_cls=DocumentTimestampStatus,
            extra_status_kwargs=mark.summarise_integrity_info(),
        )
        indication = result.ades_subindic
        if indication == AdESPassed.OK:
            path = result.api_status.validation_path
            reached = Reached(Level.TIMESTAMP, Verdict.VALID, "the timestamp is intact and by a trusted authority")
            return reached, tuple(path.iter_certs(include_root=False))
    return _failed(indication), ()


def _in_force(chain: Sequence[x509.Certificate], now: datetime) -> bool:
    return all(
        entry.not_valid_before - CLOCK_TOLERANCE <= now <= entry.not_valid_after + CLOCK_TOLERANCE for entry in chain
    )


def time_in(mark: EmbeddedPdfSignature) -> datetime:
    """Return the time that a document timestamp tells."""
    return mark.signed_data["encap_content_info"]["content"].parsed["gen_time"].native


async def level_of_signature(
    mark: EmbeddedPdfSignature, trust: TrustPolicy, *, later: Sequence[EmbeddedPdfSignature], now: datetime
) -> Reached:
    """Validate a signature at ``now`` by the strongest process it passes: B-LTA, B-LT, B-T, B-B.

    ``later`` are the valid document timestamps after the mark, in order. B-LTA is reached where the file alone, as it
    was when one of them was made, proved the signature at that time (EN 319 102-1 5.6.3: what a timestamp covers
    existed at its time). For B-LT only the file's own revocation information counts, for B-T and B-B that of ``trust``
    too (5.5, 5.3). The machine's own clock plays no part.
    """
    # A signature without a timestamp of its own takes its time from the document timestamp (EN 319 142-1 6.3).
    judge = with_time if token_of(mark) is not None else basic
    for witness in later:
        if (await judge(mark, knowledge_then(witness, trust), time_in(witness))).ades_subindic == AdESPassed.OK:
            reason = "intact, trusted, timestamped, and verifiable for the long term"
            return Reached(Level.ARCHIVE, Verdict.VALID, reason)
    spec = file_knowledge(mark.reader, trust)
    for level, knowledge in ((Level.LONG_TERM, spec), (Level.TIME, with_given(spec, trust))):
        timed = (await with_time(mark, knowledge, now)).ades_subindic
        if timed == AdESPassed.OK:
            return Reached(level, Verdict.VALID, "intact, trusted and timestamped")
        if timed.status == AdESStatus.FAILED:
            return _failed(timed)
    found = (await basic(mark, with_given(spec, trust), now)).ades_subindic
    if found == AdESPassed.OK:
        return Reached(Level.BASIC, Verdict.VALID, "intact and trusted; its time is only claimed")
    return _failed(found)


async def with_time(
    mark: EmbeddedPdfSignature, spec: SignatureValidationSpec, moment: datetime
) -> AdESWithTimeValidationResult:
    """Judge a signature and its timestamp at a moment (EN 319 102-1 5.5)."""
    return await ades_with_time_validation(
        mark.signed_data,
        spec,
        timing_info=_at(moment),
        raw_digest=mark.compute_digest(),
        validation_data_handlers=_handlers(spec, moment),
        status_cls=PdfSignatureStatus,
        extra_status_kwargs=mark.summarise_integrity_info(),
    )


async def basic(
    mark: EmbeddedPdfSignature, spec: SignatureValidationSpec, moment: datetime
) -> AdESBasicValidationResult:
    """Judge a signature at a moment, whatever timestamp it has (EN 319 102-1 5.3)."""
    return await ades_basic_validation(
        mark.signed_data,
        spec,
        timing_info=_at(moment),
        raw_digest=mark.compute_digest(),
        validation_data_handlers=_handlers(spec, moment),
    )


def _handlers(spec: SignatureValidationSpec, moment: datetime) -> ValidationDataHandlers:
    """Return the library's stores of what is known, for which the moment is the present."""
    known = POEManager(current_dt_override=moment)
    return bootstrap_validation_data_handlers(spec, timing_info=_at(moment), poe_manager_override=known)


def weakest(levels: list[Level]) -> Level:
    """Return the weakest of the levels; of none, none."""
    return min(levels, key=ORDER.index, default=Level.NONE)


def _at(now: datetime) -> ValidationTimingInfo:
    return ValidationTimingInfo(validation_time=now, best_signature_time=now, point_in_time_validation=False)


def _failed(indication: AdESSubIndic) -> Reached:
    explanation = EXPLANATIONS.get(indication, "it does not validate")
    failed = indication.status == AdESStatus.FAILED
    verdict = Verdict.INVALID if failed else Verdict.INDETERMINATE
    name = indication.standard_name
    return Reached(Level.NONE, verdict, f"{explanation} ({name}, EN 319 102-1)", name)
