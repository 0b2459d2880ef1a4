"""Conclude: closing seal, document timestamp, and the admission gate that nothing passes unproven."""

from __future__ import annotations

from datetime import datetime

from archive.transaction import op_id_of
from flows.prepare import DATA_NAME, DOCX_NAME
from flows.stage import Outcome, keep, load, not_due, record
from flows.validation_reports import with_etsi_reports
from flows.wiring import Installation
from schemas import events as ev
from schemas.errors import RefusedTransition
from schemas.evidence import AgreementId, SealReport, canonical_json
from schemas.state import AgreementState, Stage
from signing.fields import signatory_field
from signing.gate import ExpectedSignature, admit
from signing.preserve import informed_about
from signing.seal import conclude as conclude_pdf


def conclude(house: Installation, agreement: AgreementId, signed: int) -> Outcome:
    """Close the signed PDF and admit it, or refuse with every reason.

    Raises :class:`GateRefused` where the file may not be archived, :class:`TimestampUnavailable` and
    :class:`RevocationUnavailable` where an authority does not answer; nothing is then changed.
    """
    state = house.ledger.state(agreement)
    if state.stage is not Stage.SIGNED or len(state.signed) != signed:
        return not_due(state, "conclude")
    if state.pdf is None or state.content is None:
        raise RefusedTransition("a signed agreement has content", where=agreement)
    now = house.clock()
    final = conclude_pdf(
        load(house, agreement, state.pdf, "pdf"),
        seal=house.seal,
        timestamper=house.timestamper,
        trust=house.trust(now),
        now=now,
        level=state.policy.level,
    )
    report = with_etsi_reports(house, agreement, _admit(house, state, state.content, final, now), final, now)
    report_bytes = canonical_json(report.model_dump(mode="json"))
    event = ev.Concluded(
        base=state.pdf,
        pdf=keep(house, agreement, final, "pdf"),
        report=keep(house, agreement, report_bytes, "json"),
        level=report.level,
    )
    op_id, due = op_id_of("concluded", agreement, str(state.draft)), ("publish", signed)
    if not record(house, agreement, op_id, now, event, waits=lambda after: after.stage is Stage.SIGNED, due=due):
        return not_due(house.ledger.state(agreement), "conclude")
    return Outcome(
        agreement,
        "conclude",
        acted=True,
        summary=f"{agreement} passed the admission gate at level {report.level}.",
        particulars={"final pdf": event.pdf, "report": event.report, "level": report.level},
    )


def _admit(house: Installation, state: AgreementState, content: ev.Covered, final: bytes, now: datetime) -> SealReport:
    agreement = AgreementId(state.agreement)
    entries = [recorded.entry.event for recorded in house.ledger.entries(agreement)]
    prepared = next(event for event in reversed(entries) if isinstance(event, ev.Prepared))
    return admit(
        approved_pdf=load(house, agreement, content.pdf, "pdf"),
        prepared_pdf=load(house, agreement, prepared.pdf, "pdf"),
        revisions=[load(house, agreement, signed.pdf, "pdf") for signed in state.signatures],
        final_pdf=final,
        expected=[
            ExpectedSignature(
                signatory_id=signed.signatory,
                field=signatory_field(signed.signatory),
                certificate=signed.certificate,
                way=signed.way,
                effect=signed.effect,
                evidence=signed.evidence,
            )
            for signed in state.signatures
        ],
        attachments={DATA_NAME: content.data, DOCX_NAME: content.docx},
        trust=informed_about(final, house.trust(now), now=now),
        now=now,
        policy=state.policy,
        rounds=state.rounds,
    )
