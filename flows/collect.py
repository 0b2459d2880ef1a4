"""Collect: check the newest revision, then invite whose turn it is, or hand over to conclude."""

from __future__ import annotations

from archive.transaction import op_id_of
from flows.act import data_of
from flows.stage import Outcome, load, not_due, record
from flows.wiring import Installation
from schemas import events as ev
from schemas.errors import GateRefused
from schemas.evidence import AgreementId, Verdict
from schemas.state import AgreementState, Stage
from signing.validate import validate


def collect(house: Installation, agreement: AgreementId, signed: int) -> Outcome:
    """Look after the round of signatures once ``signed`` people have signed.

    Raises :class:`GateRefused` where the newest revision does not validate: nobody is asked to sign on top of it.
    """
    state = house.ledger.state(agreement)
    if state.stage not in {Stage.SIGNING, Stage.SIGNED} or len(state.signed) != signed or state.pdf is None:
        return not_due(state, "collect")
    if state.stage is Stage.SIGNED:
        if house.outbox.attempts("conclude", agreement, signed):
            return not_due(state, "collect")
        # conclude comes next, and its gate validates this revision as part of the final file
        with house.ledger.transaction() as tx:
            tx.enqueue("conclude", agreement, signed, now=house.clock())
        summary = f"All {signed} signatories of {agreement} have signed." if signed else "Nobody has to sign."
        return Outcome(agreement, "collect", acted=True, summary=summary, particulars={"signed pdf": state.pdf})
    newest = load(house, agreement, state.pdf, "pdf")
    now = house.clock()
    report = validate(newest, house.trust(now), now=now)
    # fields that wait for their signatory leave the file as a whole indeterminate; every mark on it must be valid
    faulty = [mark.reason for mark in report.signatures if mark.verdict is not Verdict.VALID]
    problems = faulty + [finding.reason for finding in report.findings if finding.verdict is Verdict.INVALID]
    if problems:
        raise GateRefused(
            f"revision {signed} of {agreement} does not validate", where=state.pdf, got="; ".join(problems)
        )
    return _invite(house, agreement, state)


def _invite(house: Installation, agreement: AgreementId, state: AgreementState) -> Outcome:
    turn, pdf, now = state.next_signatory, state.pdf, house.clock()
    if turn is None or pdf is None or turn in state.invited:
        return not_due(state, "collect")
    document = data_of(house, state.data)
    signatory = next(person for person in document.signatories if person.id == turn)
    house.mail.send(
        f"{agreement}-sign-{turn}",
        to=signatory.email,
        subject=f"{agreement} waits for your signature",
        body=(
            f"{state.title}\n\nYou are asked to sign {agreement} as {signatory.position}.\n\n"
            f"Read it:\n  convenio fetch {agreement} -o {agreement}.pdf\n(SHA-256 {pdf})\n\n"
            f"Sign with your own certificate:\n  convenio sign {agreement} --as {signatory.email} --p12 FILE\n"
        ),
        now=now,
    )
    op_id, event = op_id_of("invited", agreement, turn), ev.Invited(signatory=turn, pdf=pdf)
    if not record(house, agreement, op_id, now, event, waits=lambda after: after.next_signatory == turn):
        return not_due(house.ledger.state(agreement), "collect")
    return Outcome(
        agreement,
        "collect",
        acted=True,
        summary=f"{turn} is invited to sign {agreement} ({len(state.signed)} of {len(state.signatories)} signed).",
        particulars={"pdf to sign": pdf},
    )
