"""Collect: check the newest revision, then invite everybody whose turn it is, or hand over to conclude."""

from __future__ import annotations

from archive.transaction import op_id_of
from flows.act import data_of
from flows.deadline import lapse
from flows.delegation import Signer, revocations, signer_for
from flows.invitation import invite
from flows.stage import Outcome, load, not_due, record
from flows.wiring import Installation
from schemas import events as ev
from schemas.errors import GateRefused
from schemas.evidence import AgreementId, Digest, SignatoryId, Verdict
from schemas.state import AgreementState, Stage
from signing.preserve import informed_about
from signing.validate import validate


def collect(house: Installation, agreement: AgreementId, signed: int) -> Outcome:
    """Look after the round of signatures once ``signed`` people have signed.

    Raises :class:`GateRefused` where the newest revision does not validate: nobody is asked to sign on top of it, and
    :class:`RevocationUnavailable` where an authority does not answer whether its certificates are revoked.
    """
    state = house.ledger.state(agreement)
    if state.stage not in {Stage.SIGNING, Stage.SIGNED} or len(state.signed) != signed or state.pdf is None:
        return not_due(state, "collect")
    if state.stage is Stage.SIGNED:
        return _hand_over(house, agreement, state)
    if lapse(house, agreement):
        summary = f"{agreement} has lapsed: the last day to sign is over."
        return Outcome(agreement, "collect", acted=True, summary=summary)
    to_invite = tuple(one for one in state.awaited if one not in state.invited)
    if not to_invite:
        return not_due(state, "collect")
    _require_valid(house, agreement, state.pdf, signed)
    document = data_of(house, state.data)
    invited = [
        turn
        for turn in to_invite
        if _invite(house, agreement, state, state.pdf, signer_for(house, state, document, turn))
    ]
    if not invited:
        return not_due(house.ledger.state(agreement), "collect")
    return Outcome(
        agreement,
        "collect",
        acted=True,
        summary=f"{', '.join(invited)}: invited to sign {agreement} ({signed} of {len(state.signatories)} signed).",
        particulars={"pdf to sign": state.pdf},
    )


def _hand_over(house: Installation, agreement: AgreementId, state: AgreementState) -> Outcome:
    """Have the file concluded, whose gate validates the newest revision as part of the final file."""
    signed = len(state.signed)
    # an attempt made before everybody had signed was about an earlier draft
    if any(row.created_at >= state.since for row in house.outbox.attempts("conclude", agreement, signed)):
        return not_due(state, "collect")
    with house.ledger.transaction() as tx:
        tx.enqueue_anew("conclude", agreement, signed, now=house.clock())
    summary = f"All {signed} signatories of {agreement} have signed." if signed else "Nobody has to sign."
    return Outcome(agreement, "collect", acted=True, summary=summary, particulars={"signed pdf": state.pdf or ""})


def _require_valid(house: Installation, agreement: AgreementId, pdf: Digest, signed: int) -> None:
    now = house.clock()
    content = load(house, agreement, pdf, "pdf")
    report = validate(content, informed_about(content, house.trust(now), now=now), now=now)
    # fields that wait for their signatory leave the file as a whole indeterminate; every mark on it must be valid
    faulty = [mark.reason for mark in report.signatures if mark.verdict is not Verdict.VALID]
    problems = faulty + [finding.reason for finding in report.findings if finding.verdict is Verdict.INVALID]
    if problems:
        raise GateRefused(f"revision {signed} of {agreement} does not validate", where=pdf, got="; ".join(problems))


def _invite(house: Installation, agreement: AgreementId, state: AgreementState, pdf: Digest, signer: Signer) -> bool:
    turn, now = SignatoryId(signer.signatory.id), house.clock()
    invite(house, state, signer, now)
    delegate = signer.person.commitment if signer.is_delegate else ""
    revoked = str(revocations(house.ledger.entries(agreement), turn))
    op_id = op_id_of("invited", agreement, str(state.draft), turn, delegate, revoked)
    event = ev.Invited(signatory=turn, pdf=pdf)
    return record(
        house,
        agreement,
        op_id,
        now,
        event,
        # where somebody of the same round signed meanwhile, the run that follows their signature invites the others
        waits=lambda after: after.pdf == pdf and turn in after.awaited and turn not in after.invited,
    )
