"""Rounds of signatures: everybody of a round is asked at once, each once, and bytes are made one after the other."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default

import pytest

from flows import commands
from flows.collect import collect
from flows.conclude import conclude
from flows.draft import draft
from flows.due import due_stage
from flows.prepare import prepare
from flows.publish import publish
from flows.sweep import sweep
from schemas.errors import InputError, Refused, RefusedTransition
from schemas.events import Invited, Revised, Signed
from schemas.signing_round import Signing
from schemas.state import Stage
from tests.flows.test_sweep import PATIENCE
from tests.installation import FIRST, MANAGER, PASSPHRASE, REVIEWER, SECOND, certificate, sign

pytestmark = pytest.mark.office


def mails(house, about: str) -> dict[str, str]:
    """Return whom each mail whose name holds ``about`` went to, by its name."""
    return {
        path.stem: message_from_bytes(path.read_bytes(), policy=default)["To"]
        for path in sorted(house.mail.folder.glob(f"*{about}*.eml"))
    }


def events(house, agreement, kind):
    return [one.entry.event for one in house.ledger.entries(agreement) if isinstance(one.entry.event, kind)]


def test_everybody_of_a_round_is_invited_once_about_the_same_revision(parallel, agreement):
    house = parallel("prepared")
    state = house.ledger.state(agreement)
    assert state.rounds == (("for-gssc", "for-chamber"),)
    assert house.register.show(agreement).waits_for == ("signatory:for-gssc", "signatory:for-chamber")
    assert collect(house, agreement, 0).acted
    assert not collect(house, agreement, 0).acted
    assert [(one.signatory, one.pdf) for one in events(house, agreement, Invited)] == [
        ("for-gssc", state.pdf), ("for-chamber", state.pdf),
    ]  # fmt: skip
    assert set(mails(house, "-sign-").values()) == {FIRST, SECOND}
    assert due_stage(house.ledger.state(agreement)) is None


@pytest.mark.parametrize("order", [(FIRST, SECOND), (SECOND, FIRST)], ids=["as listed", "the other way round"])
def test_a_round_is_signed_in_any_order_and_archived(parallel, agreement, order):
    house = parallel("signing")
    for signed, email in enumerate(order, start=1):
        sign(house, agreement, email)
        collect(house, agreement, signed)
    assert conclude(house, agreement, 2).acted
    assert publish(house, agreement, 2).acted
    state = house.ledger.state(agreement)
    assert state.stage is Stage.ARCHIVED
    assert state.signed == (("for-gssc", "for-chamber") if order[0] == FIRST else ("for-chamber", "for-gssc"))


def test_one_who_has_signed_is_not_waited_for(parallel, agreement):
    house = parallel("signing")
    sign(house, agreement, SECOND)
    assert house.register.show(agreement).waits_for == ("signatory:for-gssc",)
    assert not collect(house, agreement, 1).acted, "the other one was asked already"


def test_who_is_asked_after_somebody_signed_is_asked_about_the_newest_revision(parallel, agreement, monkeypatch):
    house = parallel("prepared")
    asked = []

    def signs_in_between(invite):
        def other(*arguments):
            invite(*arguments)
            asked.append(arguments[2].email)
            if len(asked) == 2:
                sign(house, agreement, asked[0])

        return other

    from flows import collect as module

    monkeypatch.setattr(module, "invite", signs_in_between(module.invite))
    collect(house, agreement, 0)
    state = house.ledger.state(agreement)
    assert (state.signed, state.invited) == (("for-gssc",), ("for-gssc",))
    assert collect(house, agreement, 1).acted
    assert events(house, agreement, Invited)[-1].pdf == state.pdf
    assert len(mails(house, "-sign-")) == 2, "nobody is written to twice"


def test_rounds_and_the_last_day_stand_in_the_ledger(house, example):
    signing = Signing(rounds=(("for-chamber",), ("for-gssc",)), sign_by="2026-05-31")
    state = commands.request(house, example.model_copy(update={"signing": signing}), by=MANAGER).state
    assert state.rounds == (("for-chamber",), ("for-gssc",))
    assert state.signatories == ("for-chamber", "for-gssc")
    assert state.sign_by.isoformat() == "2026-05-31"


def test_a_last_day_that_is_over_is_refused_before_anything_is_recorded(house, example):
    document = example.model_copy(update={"signing": Signing(sign_by="2026-03-01")})
    with pytest.raises(InputError, match=r"signing\.sign_by: is over already"):
        commands.request(house, document, by=MANAGER)
    assert house.ledger.size == 0
    commands.request(house, example, by=MANAGER)
    with pytest.raises(InputError, match=r"signing\.sign_by: is over already"):
        commands.revise(house, house.register.rows()[0].id, document, draft=1, by=MANAGER)


def revised(house, agreement, example, **changes):
    document = example.model_copy(update={"notice_days": 60})
    return commands.revise(house, agreement, document, draft=2, by=MANAGER, **changes)


def test_a_new_draft_after_a_signature_is_a_decision_of_its_own(at, agreement, example):
    house = at("signed once")
    before = house.ledger.state(agreement)
    with pytest.raises(Refused, match="a new draft voids signatures") as refusal:
        revised(house, agreement, example)
    assert refusal.value.got == "signed by for-gssc"
    assert "--void-signatures" in refusal.value.remedy
    assert house.ledger.state(agreement) == before
    state = revised(house, agreement, example, void_signatures=True).state
    assert (state.stage, state.draft, state.signed, state.invited) == (Stage.REQUESTED, 3, (), ())
    voids = events(house, agreement, Revised)[-1].voids
    assert [(one.signatory, one.pdf) for one in voids] == [("for-gssc", before.pdf)]
    assert not revised(house, agreement, example, void_signatures=True).changed


def test_before_anybody_signed_a_new_draft_needs_no_such_decision(at, agreement, example):
    house = at("signing")
    assert revised(house, agreement, example).state.stage is Stage.REQUESTED


def test_nobody_goes_on_signing_a_draft_that_was_voided(at, agreement, example):
    house = at("signed once")
    revised(house, agreement, example, void_signatures=True)
    with pytest.raises(RefusedTransition, match="turn to sign"):
        commands.sign(house, agreement, by=SECOND, p12=certificate(house, SECOND), passphrase=PASSPHRASE)


def test_after_a_void_round_everybody_signs_the_new_draft_and_the_old_bytes_stay(at, agreement, example):
    house = at("collected")
    old = house.ledger.state(agreement).signatures
    dispatch_all(house)
    state = revised(house, agreement, example, void_signatures=True).state
    draft(house, agreement, 3)
    commands.confirm_facts(house, agreement, (), basis="for a test", by=MANAGER)
    draft(house, agreement, 4)
    commands.approve(house, agreement, draft=4, by=REVIEWER)
    prepare(house, agreement, 4)
    for signed, email in enumerate((FIRST, SECOND)):
        assert stages(house)[-1] == ("collect", signed), "the round is due once more"
        dispatch_all(house)
        assert collect(house, agreement, signed).acted
        sign(house, agreement, email)
    assert collect(house, agreement, 2).acted
    assert stages(house)[-1] == ("conclude", 2)
    dispatch_all(house)
    assert sweep(house, patience=PATIENCE) == []
    assert conclude(house, agreement, 2).acted
    assert publish(house, agreement, 2).acted
    state = house.ledger.state(agreement)
    assert state.stage is Stage.ARCHIVED
    assert len(events(house, agreement, Signed)) == 4
    assert not {one.pdf for one in old} & {one.pdf for one in state.signatures}
    assert all(house.store.get(f"work/v1/{agreement}/{one.pdf}.pdf") for one in old)
    assert len(mails(house, "-sign-")) == 4


def stages(house):
    return [(row.stage, row.version) for row in house.outbox.due()]


def dispatch_all(house):
    for row in house.outbox.due():
        house.outbox.mark_dispatched(row, f"run of {row.id}", house.clock())
