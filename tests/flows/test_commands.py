from __future__ import annotations

import pytest

from flows import commands
from flows.act import data_of
from flows.commands import add_person
from schemas.errors import (
    ConflictingContent,
    FourEyes,
    InputError,
    NotAuthorised,
    Refused,
    RefusedTransition,
    StaleBase,
)
from schemas.events import Office
from schemas.fact import open_facts
from schemas.state import Stage
from tests.installation import FIRST, MANAGER, PASSPHRASE, REVIEWER, SECOND

pytestmark = pytest.mark.office


def test_the_same_request_twice_is_one_agreement(house, example):
    first = commands.request(house, example, by=MANAGER)
    again = commands.request(house, example, by=MANAGER)
    assert first.changed
    assert not again.changed
    assert again.state == first.state
    assert house.ledger.size == 1
    assert [row.stage for row in house.outbox.due()] == ["draft"]


def test_only_a_manager_requests(house, example):
    with pytest.raises(NotAuthorised, match="no manager"):
        commands.request(house, example, by=REVIEWER)
    with pytest.raises(NotAuthorised, match="nobody here"):
        commands.request(house, example, by="stranger@example.org")
    assert house.ledger.size == 0


def test_an_author_cannot_approve_their_own_draft(house, way):
    agreement = way("second draft")
    with pytest.raises(FourEyes, match="whoever wrote a draft cannot approve it"):
        commands.approve(house, agreement, draft=2, by=MANAGER)
    assert house.ledger.state(agreement).approvals == ()


def test_nothing_is_approved_while_facts_are_open(house, way):
    agreement = way("in review")
    with pytest.raises(RefusedTransition, match=r"parties\[0\]\.legal_name") as refusal:
        commands.approve(house, agreement, draft=1, by=REVIEWER)
    assert "convenio facts confirm" in str(refusal.value)


def test_an_approval_names_the_bytes_it_covers(house, way):
    agreement = way("approved")
    state = house.ledger.state(agreement)
    assert state.approvals[0].covers == state.content
    assert state.content.data == state.data
    assert [row.stage for row in house.outbox.due()][-1] == "prepare"


def test_approving_twice_is_approving_once(house, way):
    agreement = way("approved")
    size = house.ledger.size
    assert not commands.approve(house, agreement, draft=2, by=REVIEWER).changed
    assert house.ledger.size == size


def test_approving_twice_at_once_is_approving_once(house, way, monkeypatch):
    agreement = way("second draft")
    transaction = house.ledger.transaction

    def late():
        # the other request had read the draft before this one was recorded
        monkeypatch.undo()
        assert commands.approve(house, agreement, draft=2, by=REVIEWER).changed
        return transaction()

    size = house.ledger.size
    monkeypatch.setattr(house.ledger, "transaction", late)
    assert not commands.approve(house, agreement, draft=2, by=REVIEWER).changed
    assert house.ledger.size == size + 1


def test_a_decision_about_an_old_draft_is_refused(house, way):
    agreement = way("second draft")
    with pytest.raises(StaleBase, match="draft 2 is the current one"):
        commands.approve(house, agreement, draft=1, by=REVIEWER)


def test_a_draft_that_is_not_rendered_cannot_be_decided_about(house, way):
    agreement = way("requested")
    with pytest.raises(RefusedTransition, match="not rendered yet"):
        commands.approve(house, agreement, draft=1, by=REVIEWER)


def test_a_returned_draft_leads_to_the_next(house, way, example):
    agreement = way("in review")
    done = commands.return_draft(house, agreement, draft=1, by=REVIEWER, comment="Longer notice, please.")
    assert done.state.stage is Stage.RETURNED
    again = commands.return_draft(house, agreement, draft=1, by=REVIEWER, comment="Longer notice, please.")
    assert not again.changed
    revised = example.model_copy(update={"notice_days": 60})
    state = commands.revise(house, agreement, revised, draft=1, by=MANAGER).state
    assert (state.stage, state.draft) == (Stage.REQUESTED, 2)


def test_a_new_draft_voids_every_approval(house, way, example):
    agreement = way("approved")
    state = commands.revise(house, agreement, example.model_copy(update={"notice_days": 60}), draft=2, by=MANAGER).state
    assert state.approvals == ()
    assert state.content is None


def test_a_revision_with_the_same_data_is_refused(house, way, example):
    agreement = way("in review")
    with pytest.raises(Refused, match="the data is that of draft 1 already"):
        commands.revise(house, agreement, example, draft=1, by=MANAGER)


def test_revising_twice_is_revising_once(at, agreement, example):
    house = at("in review")
    revised = example.model_copy(update={"notice_days": 60})
    first = commands.revise(house, agreement, revised, draft=1, by=MANAGER)
    again = commands.revise(house, agreement, revised, draft=1, by=MANAGER)
    assert (first.changed, again.changed) == (True, False)
    assert again.state == first.state
    with pytest.raises(NotAuthorised):
        commands.revise(house, agreement, revised, draft=1, by=REVIEWER)


def test_a_returned_draft_is_not_answered_with_itself(at, agreement, example):
    house = at("second draft")
    current = data_of(house, house.ledger.state(agreement).data)
    commands.return_draft(house, agreement, draft=2, by=REVIEWER, comment="Longer notice, please.")
    with pytest.raises(Refused, match="the data is that of draft 2 already"):
        commands.revise(house, agreement, current, draft=2, by=MANAGER)


def test_a_return_needs_a_comment(house, way):
    agreement = way("in review")
    with pytest.raises(InputError, match="a reason is needed"):
        commands.return_draft(house, agreement, draft=1, by=REVIEWER, comment="  ")


def test_confirming_some_facts_leaves_the_others_open(house, way):
    agreement = way("in review")
    commands.confirm_facts(house, agreement, ("parties[0].seat",), basis="register", by=MANAGER)
    state = house.ledger.state(agreement)
    assert "parties[0].seat" not in state.open_facts
    assert state.open_facts
    data = data_of(house, state.data)
    assert data.parties[0].seat.confirmation.basis == "register"
    assert len(open_facts(data)) == len(state.open_facts)


def test_second_signatory_cannot_sign_first(house, way, p12):
    agreement = way("signing")
    with pytest.raises(RefusedTransition, match="not for-chamber's turn"):
        commands.sign(house, agreement, by=SECOND, p12=p12(SECOND), passphrase=PASSPHRASE)
    assert house.ledger.state(agreement).signed == ()


def test_nobody_signs_before_the_file_is_prepared(house, way, p12):
    agreement = way("approved")
    with pytest.raises(RefusedTransition, match="turn to sign"):
        commands.sign(house, agreement, by=FIRST, p12=p12(FIRST), passphrase=PASSPHRASE)


def test_who_is_no_signatory_cannot_sign(house, way, p12):
    agreement = way("signing")
    with pytest.raises(NotAuthorised, match="no signatory"):
        commands.sign(house, agreement, by=REVIEWER, p12=p12(REVIEWER), passphrase=PASSPHRASE)


def test_a_certificate_of_somebody_else_is_refused(house, way, p12):
    agreement = way("signing")
    with pytest.raises(Refused, match="somebody else's"):
        commands.sign(house, agreement, by=FIRST, p12=p12(SECOND), passphrase=PASSPHRASE)


def test_a_wrong_passphrase_changes_nothing(house, way, p12):
    agreement = way("signing")
    with pytest.raises(InputError):
        commands.sign(house, agreement, by=FIRST, p12=p12(FIRST), passphrase=b"wrong")
    assert house.ledger.state(agreement).signed == ()


def test_signing_twice_is_signing_once(house, way, p12):
    agreement = way("signed once")
    state = house.ledger.state(agreement)
    again = commands.sign(house, agreement, by=FIRST, p12=p12(FIRST), passphrase=PASSPHRASE)
    assert not again.changed
    assert again.state == state


def test_an_authority_that_ended_yesterday_is_named_and_the_draft_survives(house, way, example, p12, clock):
    yesterday = clock.now.date().replace(day=1)
    first = example.signatories[0]
    ended = first.model_copy(update={"authority": first.authority.model_copy(update={"valid_to": yesterday})})
    document = example.model_copy(update={"signatories": (ended, *example.signatories[1:])})
    agreement = way("signing", document)
    with pytest.raises(NotAuthorised, match="power of attorney of for-gssc is not in force today") as refusal:
        commands.sign(house, agreement, by=FIRST, p12=p12(FIRST), passphrase=PASSPHRASE)
    assert yesterday.isoformat() in str(refusal.value)
    assert house.ledger.state(agreement).stage is Stage.SIGNING


def test_a_declined_agreement_ends(house, way):
    agreement = way("signing")
    state = commands.decline(house, agreement, by=FIRST, reason="The board did not agree.").state
    assert state.stage is Stage.ENDED
    assert not commands.decline(house, agreement, by=FIRST, reason="Again.").changed


def test_withdrawing_twice_is_withdrawing_once(at, agreement):
    house = at("in review")
    first = commands.withdraw(house, agreement, by=MANAGER, reason="The partner left.")
    again = commands.withdraw(house, agreement, by=MANAGER, reason="Said again.")
    assert (first.changed, again.changed) == (True, False)
    assert again.state == first.state


def test_what_changed_since_it_was_read_is_not_withdrawn(at, agreement):
    house = at("in review")
    seen = house.ledger.state(agreement).counter
    commands.return_draft(house, agreement, draft=1, by=REVIEWER, comment="Please name the term.")
    with pytest.raises(StaleBase, match="changed since it was read"):
        commands.withdraw(house, agreement, by=MANAGER, reason="The partner left.", seen=seen)
    assert commands.withdraw(house, agreement, by=MANAGER, reason="The partner left.", seen=seen + 1).changed
    assert not commands.withdraw(house, agreement, by=MANAGER, reason="Said again.", seen=seen).changed


def test_a_withdrawn_agreement_cannot_be_signed(house, way, p12):
    agreement = way("signing")
    commands.withdraw(house, agreement, by=MANAGER, reason="The partner left.")
    with pytest.raises(RefusedTransition):
        commands.sign(house, agreement, by=FIRST, p12=p12(FIRST), passphrase=PASSPHRASE)


def test_a_second_office_is_not_silently_left_out(at, agreement):
    house = at("approved")
    add_person(house, REVIEWER, name="Reviewer", roles=("reviewer",), offices=("finance",))
    with pytest.raises((ConflictingContent, RefusedTransition)):
        commands.approve(house, agreement, draft=2, by=REVIEWER, office=Office.FINANCE)


def test_a_reviewer_approves_for_their_own_offices_only(at, agreement):
    house = at("second draft")
    with pytest.raises(NotAuthorised, match="does not approve for the director office") as refusal:
        commands.approve(house, agreement, draft=2, by=REVIEWER, office=Office.DIRECTOR)
    assert refusal.value.got == "offices: legal"
    assert refusal.value.remedy == "ask a reviewer of the director office; who is one, an administrator decides"


def test_nobody_is_advised_to_widen_rights(at, agreement):
    house = at("second draft")
    with pytest.raises(NotAuthorised, match="is no manager") as refusal:
        commands.withdraw(house, agreement, by=REVIEWER, reason="For a test.")
    assert refusal.value.remedy == "ask somebody who has the role manager; who has it, an administrator decides"


def test_only_a_reviewer_holds_an_office(house):
    with pytest.raises(InputError, match="only a reviewer approves"):
        add_person(house, "x@example.org", name="X", roles=("manager",), offices=("director",))
    with pytest.raises(InputError, match="no office"):
        add_person(house, "x@example.org", name="X", roles=("reviewer",), offices=("kitchen",))


def test_people_of_an_unknown_role_are_refused(house):
    with pytest.raises(InputError, match="no role"):
        add_person(house, "x@example.org", name="X", roles=("emperor",))
    with pytest.raises(InputError, match="address"):
        add_person(house, "nobody", name="X", roles=("manager",))


def test_a_revision_of_an_old_draft_is_refused(at, agreement, example):
    house = at("second draft")
    with pytest.raises(StaleBase, match="draft 2 is the current one"):
        commands.revise(house, agreement, example.model_copy(update={"notice_days": 60}), draft=1, by=MANAGER)


def test_a_confirmation_cannot_be_written_into_a_file(at, agreement, example):
    house = at("second draft")
    confirmed = data_of(house, house.ledger.state(agreement).data)
    with pytest.raises(InputError, match=r"parties\[0\]\.legal_name\.confirmation: nobody confirmed this here"):
        commands.request(house, confirmed, by=MANAGER)
    kept = confirmed.model_copy(update={"notice_days": 60})
    assert commands.revise(house, agreement, kept, draft=2, by=MANAGER).changed


def test_confirming_twice_is_confirming_once(at, agreement):
    house = at("in review")
    commands.confirm_facts(house, agreement, ("parties[0].seat",), basis="register", by=MANAGER)
    again = commands.confirm_facts(house, agreement, ("parties[0].seat",), basis="register", by=MANAGER)
    assert not again.changed
    with pytest.raises(NotAuthorised):
        commands.confirm_facts(house, agreement, (), basis="register", by=REVIEWER)


def test_confirming_twice_at_once_is_confirming_once(at, agreement, monkeypatch):
    house, next_draft = at("in review"), commands._next_draft
    words = {"basis": "register", "by": MANAGER, "draft": 1}

    def overtaken(*args, **more):
        monkeypatch.setattr(commands, "_next_draft", next_draft)
        assert commands.confirm_facts(house, agreement, ("parties[0].seat",), **words).changed
        return next_draft(*args, **more)

    monkeypatch.setattr(commands, "_next_draft", overtaken)
    assert not commands.confirm_facts(house, agreement, ("parties[0].seat",), **words).changed
    assert house.ledger.state(agreement).draft == 2


def test_an_approval_that_was_voided_is_not_reported_as_given(at, agreement):
    house = at("second draft")
    add_person(house, "second@example.org", name="Second reviewer", roles=("reviewer",))
    commands.return_draft(house, agreement, draft=2, by="second@example.org", comment="Not yet.")
    with pytest.raises(RefusedTransition):
        commands.approve(house, agreement, draft=2, by=REVIEWER)


def test_what_has_ended_can_be_requested_anew(house, example):
    first = commands.request(house, example, by=MANAGER)
    commands.withdraw(house, first.state.agreement, by=MANAGER, reason="Too early.")
    second = commands.request(house, example, by=MANAGER)
    assert second.changed
    assert second.state.agreement != first.state.agreement
    assert not commands.request(house, example, by=MANAGER).changed


def test_a_signatory_is_known_by_the_name_of_the_approved_document(house, way, example):
    first = example.signatories[0]
    named = first.model_copy(update={"name": first.name.model_copy(update={"value": "Jana Nováková"})})
    way("approved", example.model_copy(update={"signatories": (named, *example.signatories[1:])}))
    assert house.people.get(FIRST).name == "Jana Nováková"


@pytest.mark.parametrize("comment", ["one line\nanother", "\x1b[8mhidden", "\u202eturned"])
def test_a_comment_that_could_forge_a_line_is_refused(at, agreement, comment):
    house = at("in review")
    with pytest.raises(InputError, match="cannot be kept"):
        commands.return_draft(house, agreement, draft=1, by=REVIEWER, comment=comment)
