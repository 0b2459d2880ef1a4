"""What the lifecycle says of rounds of signatures, delegation, the last day to sign and recorded ways to sign."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from schemas.errors import FourEyes, NotAuthorised, RefusedTransition, StaleBase
from schemas.lifecycle import transition
from schemas.people import SYSTEM, Actor, Role
from schemas.state import AgreementState, Stage
from tests.schemas.test_lifecycle import (
    ANNA,
    BELA,
    FINANCE,
    LEGAL,
    MANAGER,
    act,
    by,
    decided,
    drafted,
    entry,
    h,
    prepared,
    requested,
    signed,
    walked,
)

CORA, DORA = by(Role.SIGNATORY, "cora"), by(Role.SIGNATORY, "dora")
MIXED = {"signatories": ["anna", "bela", "cora"], "rounds": [["anna", "bela"], ["cora"]]}


def being_signed(**proposal: Any) -> AgreementState:
    """An agreement prepared for signature, nobody invited yet."""
    return walked(
        (MANAGER, requested(**{**MIXED, **proposal})), (SYSTEM, drafted(1)), (LEGAL, decided("approved", 1)),
        (SYSTEM, prepared()),
    )  # fmt: skip


def invited(state: AgreementState, *names: str) -> AgreementState:
    for name in names:
        state = act(state, SYSTEM, {"type": "invited", "signatory": name, "pdf": state.pdf})
    return state


def sign(state: AgreementState, actor: Actor, name: str, **changes: Any) -> AgreementState:
    event = signed(name, "", "") | {"base": state.pdf, "pdf": h(f"{state.counter}")}
    return act(state, actor, event | changes)


def delegated(name: str, delegate: str, authority: str = "power of attorney") -> dict[str, Any]:
    return {
        "type": "delegated", "signatory": name, "delegate": h(delegate), "authority": h(authority), "remark": h("x"),
    }  # fmt: skip


def confirmed(name: str, delegate: str, authority: str = "power of attorney") -> dict[str, Any]:
    return {"type": "delegation confirmed", "signatory": name, "delegate": h(delegate), "authority": h(authority)}


def at(state: AgreementState, actor: Actor, event: dict[str, Any], when: datetime) -> AgreementState:
    return transition(state, entry(state.counter + 1, actor, event).model_copy(update={"occurred_at": when}))


def test_a_round_is_awaited_together_and_signed_in_any_order() -> None:
    state = being_signed()
    assert state.awaited == ("anna", "bela")
    state = sign(invited(state, "bela", "anna"), BELA, "bela")
    assert (state.stage, state.awaited, state.signed) == (Stage.SIGNING, ("anna",), ("bela",))
    state = sign(state, ANNA, "anna")
    assert (state.awaited, state.signed) == (("cora",), ("bela", "anna"))
    state = sign(invited(state, "cora"), CORA, "cora")
    assert (state.stage, state.awaited) == (Stage.SIGNED, ())


def test_the_next_round_is_neither_invited_nor_signed_before_the_one_before_is_complete() -> None:
    state = sign(invited(being_signed(), "anna", "bela"), ANNA, "anna")
    with pytest.raises(RefusedTransition, match="not cora's turn") as refusal:
        invited(state, "cora")
    assert refusal.value.expected == "bela"
    with pytest.raises(RefusedTransition, match="not cora's turn"):
        sign(state, CORA, "cora")


def test_of_two_who_sign_the_same_bytes_the_second_is_refused() -> None:
    before = invited(being_signed(), "anna", "bela")
    state = sign(before, ANNA, "anna")
    with pytest.raises(StaleBase, match="somebody else acted first"):
        sign(state, BELA, "bela", base=before.pdf)
    assert sign(state, BELA, "bela").signed == ("anna", "bela")


def test_rounds_that_do_not_name_every_signatory_cannot_be_recorded() -> None:
    for rounds in ([["anna"], ["bela"]], [["anna", "bela"], ["cora", "anna"]], [["anna", "bela"], [], ["cora"]]):
        with pytest.raises(ValueError, match="round"):
            being_signed(rounds=rounds)


def test_a_confirmed_delegate_is_invited_and_signs_in_place_of_the_signatory() -> None:
    state = invited(being_signed(), "anna", "bela")
    state = act(state, ANNA, delegated("anna", "dora"))
    assert state.invited == ("anna", "bela")
    state = act(state, LEGAL, confirmed("anna", "dora"))
    assert state.invited == ("bela",)
    with pytest.raises(RefusedTransition, match="anna is not invited yet"):
        sign(state, DORA, "anna")
    state = invited(state, "anna")
    with pytest.raises(NotAuthorised, match="a delegate signs for anna"):
        sign(state, ANNA, "anna")
    assert sign(state, DORA, "anna").signed == ("anna",)


def test_who_is_not_confirmed_does_not_sign_and_the_signatory_still_may() -> None:
    state = act(invited(being_signed(), "anna", "bela"), ANNA, delegated("anna", "dora"))
    with pytest.raises(NotAuthorised, match="nobody has confirmed the delegation of anna"):
        sign(state, DORA, "anna")
    state = sign(state, ANNA, "anna")
    with pytest.raises(RefusedTransition, match="too late to delegate"):
        act(state, LEGAL, confirmed("anna", "dora"))


def test_delegation_comes_before_the_turn_as_well() -> None:
    state = act(act(being_signed(), CORA, delegated("cora", "dora")), LEGAL, confirmed("cora", "dora"))
    state = sign(invited(state, "anna", "bela"), ANNA, "anna")
    state = sign(state, BELA, "bela")
    assert sign(invited(state, "cora"), DORA, "cora").stage is Stage.SIGNED


@pytest.mark.parametrize(
    ("actor", "event", "refusal", "words"),
    [
        (BELA, delegated("bela", "bela"), RefusedTransition, "nobody delegates to themselves"),
        (DORA, delegated("bela", "emil"), RefusedTransition, "a delegate does not delegate further"),
        (BELA, delegated("bela", "dora"), RefusedTransition, "one person signs once"),
        (BELA, delegated("bela", "anna"), RefusedTransition, "one person signs once"),
        (ANNA, delegated("anna", "emil"), RefusedTransition, "too late to delegate"),
        (ANNA, delegated("eve", "emil"), NotAuthorised, "not a signatory"),
    ],
    ids=["oneself", "chain", "delegate of two", "delegate who delegates", "twice", "stranger"],
)
def test_a_delegation_that_may_not_be_is_refused(actor, event, refusal, words) -> None:
    state = act(act(being_signed(), ANNA, delegated("anna", "dora")), LEGAL, confirmed("anna", "dora"))
    with pytest.raises(refusal, match=words):
        act(state, actor, event)


REVOKED = {"type": "delegation revoked", "signatory": "anna", "remark": h("x")}


def delegated_by_anna() -> AgreementState:
    state = act(invited(being_signed(), "anna", "bela"), ANNA, delegated("anna", "dora"))
    return invited(act(state, LEGAL, confirmed("anna", "dora")), "anna")


def test_who_delegated_takes_it_back_and_is_invited_again() -> None:
    state = act(delegated_by_anna(), ANNA, REVOKED)
    assert (state.delegations, state.invited) == ((), ("bela",))
    with pytest.raises(RefusedTransition, match="anna is not invited yet"):
        sign(state, DORA, "anna")
    assert sign(invited(state, "anna"), ANNA, "anna").signed == ("anna",)
    assert act(state, ANNA, delegated("anna", "dora")).delegations[0].confirmed is False


def test_a_delegation_nobody_confirmed_is_taken_back_and_the_invitation_stays() -> None:
    state = act(invited(being_signed(), "anna"), ANNA, delegated("anna", "dora"))
    assert act(state, ANNA, REVOKED).invited == ("anna",)


def test_only_who_gave_a_delegation_revokes_it_and_only_until_the_delegate_signed() -> None:
    state = delegated_by_anna()
    for actor in (DORA, BELA):
        with pytest.raises(NotAuthorised, match="only who gave a delegation revokes it"):
            act(state, actor, REVOKED)
    with pytest.raises(RefusedTransition, match="too late to revoke"):
        act(sign(state, DORA, "anna"), ANNA, REVOKED)
    with pytest.raises(RefusedTransition, match="there is no delegation to revoke"):
        act(being_signed(), ANNA, REVOKED)


def test_who_may_sign_in_a_place_is_who_may_decline_there() -> None:
    declined = {"type": "declined", "signatory": "anna", "remark": h("x")}
    named = act(invited(being_signed(), "anna"), ANNA, delegated("anna", "dora"))
    with pytest.raises(NotAuthorised, match="nobody has confirmed the delegation of anna"):
        act(named, DORA, declined)
    assert act(named, ANNA, declined).stage is Stage.ENDED
    state = act(named, LEGAL, confirmed("anna", "dora"))
    with pytest.raises(NotAuthorised, match="a delegate signs for anna"):
        act(state, ANNA, declined)
    assert act(state, DORA, declined).stage is Stage.ENDED


def test_a_delegation_can_be_given_anew_until_it_is_confirmed() -> None:
    state = act(act(being_signed(), ANNA, delegated("anna", "dora")), ANNA, delegated("anna", "emil"))
    assert [one.delegate for one in state.delegations] == [h("emil")]
    with pytest.raises(StaleBase, match="another delegation"):
        act(state, LEGAL, confirmed("anna", "dora"))
    with pytest.raises(StaleBase, match="another delegation"):
        act(state, LEGAL, confirmed("anna", "emil", authority="another file"))
    assert act(state, LEGAL, confirmed("anna", "emil")).delegations[0].confirmed


@pytest.mark.parametrize("name", ["anna", "dora", "manager"])
def test_who_has_a_part_in_a_delegation_does_not_confirm_it(name) -> None:
    state = act(being_signed(), ANNA, delegated("anna", "dora"))
    with pytest.raises(FourEyes, match="confirms a delegation"):
        act(state, by(Role.REVIEWER, name), confirmed("anna", "dora"))


def test_a_new_draft_ends_delegations() -> None:
    state = act(act(being_signed(), ANNA, delegated("anna", "dora")), LEGAL, confirmed("anna", "dora"))
    revision = {**requested(**MIXED), "type": "revised", "reason": "amended", "draft": 2, "data": h("data-2")}
    del revision["document_type"], revision["template_version"]
    assert act(state, MANAGER, revision).delegations == ()


LAST_DAY = date(2026, 1, 31)
LAST_MOMENT_ANYWHERE = datetime(2026, 2, 1, 11, 59, tzinfo=UTC)
FIRST_MOMENT_ANYWHERE = datetime(2026, 1, 31, 10, 0, tzinfo=UTC)


def test_a_signature_is_refused_when_the_last_day_is_over_everywhere() -> None:
    state = invited(being_signed(sign_by=LAST_DAY), "anna")
    event = signed("anna", "", "") | {"base": state.pdf, "pdf": h("new")}
    assert at(state, ANNA, event, LAST_MOMENT_ANYWHERE).signed == ("anna",)
    with pytest.raises(RefusedTransition, match="the last day to sign is over"):
        at(state, ANNA, event, LAST_MOMENT_ANYWHERE.replace(hour=12, minute=0))


def test_an_agreement_lapses_only_after_its_last_day() -> None:
    state, lapsed = being_signed(sign_by=LAST_DAY), {"type": "lapsed", "sign_by": LAST_DAY}
    with pytest.raises(RefusedTransition, match="is not over"):
        at(state, SYSTEM, lapsed, FIRST_MOMENT_ANYWHERE.replace(hour=9, minute=59))
    assert at(state, SYSTEM, lapsed, FIRST_MOMENT_ANYWHERE).stage is Stage.ENDED
    with pytest.raises(StaleBase, match="another last day"):
        at(state, SYSTEM, lapsed | {"sign_by": date(2026, 1, 30)}, LAST_MOMENT_ANYWHERE)
    with pytest.raises(StaleBase, match="another last day"):
        at(being_signed(), SYSTEM, lapsed, LAST_MOMENT_ANYWHERE)


def test_the_last_day_is_moved_to_a_later_one_before_it_is_over() -> None:
    state, extended = being_signed(sign_by=LAST_DAY), {"type": "extended", "remark": h("x")}
    later = at(state, MANAGER, extended | {"sign_by": date(2026, 2, 2)}, LAST_MOMENT_ANYWHERE)
    assert later.sign_by == date(2026, 2, 2)
    for day in (date(2026, 1, 30), LAST_DAY):
        with pytest.raises(RefusedTransition, match="only a later last day"):
            act(state, MANAGER, extended | {"sign_by": day})
    with pytest.raises(RefusedTransition, match="only a later last day"):
        act(being_signed(), MANAGER, extended | {"sign_by": LAST_DAY})
    with pytest.raises(RefusedTransition, match="what is over is not extended"):
        at(state, MANAGER, extended | {"sign_by": date(2026, 3, 1)}, LAST_MOMENT_ANYWHERE.replace(hour=12))


@pytest.mark.parametrize("way", ["click", "paper"])
def test_a_recorded_way_to_sign_needs_its_record(way) -> None:
    state, actor = invited(being_signed(), "anna"), FINANCE if way == "paper" else ANNA
    with pytest.raises(RefusedTransition, match="have a record as evidence"):
        sign(state, actor, "anna", way=way)
    assert sign(state, actor, "anna", way=way, evidence=h("record")).signatures[-1].way == way


def test_a_signature_by_certificate_has_no_record() -> None:
    with pytest.raises(RefusedTransition, match="have a record as evidence"):
        sign(invited(being_signed(), "anna"), ANNA, "anna", evidence=h("record"))


@pytest.mark.parametrize("who", ["anna", "dora"])
@pytest.mark.parametrize("after", [(), ((FINANCE, confirmed("anna", "dora")),)], ids=["named", "confirmed"])
def test_neither_signatory_nor_delegate_records_a_paper_original(who: str, after: Any) -> None:
    state = act(being_signed(), ANNA, delegated("anna", "dora"))
    for actor, event in after:
        state = act(state, actor, event)
    state, recorded = invited(state, "anna"), {"way": "paper", "evidence": h("record")}
    with pytest.raises(FourEyes, match="neither the signatory nor their delegate records the paper original"):
        sign(state, by(Role.REVIEWER, who), "anna", **recorded)
    assert sign(state, FINANCE, "anna", **recorded).signed == ("anna",)


def test_a_reviewer_who_wrote_nothing_records_a_paper_original() -> None:
    state, recorded = invited(being_signed(), "anna"), {"way": "paper", "evidence": h("record")}
    with pytest.raises(NotAuthorised, match="signed is an act of reviewer"):
        sign(state, ANNA, "anna", **recorded)
    with pytest.raises(FourEyes, match="author of the draft"):
        sign(state, by(Role.REVIEWER, "manager"), "anna", **recorded)
    with pytest.raises(NotAuthorised, match="signed is an act of signatory"):
        sign(state, LEGAL, "anna")


def test_a_way_the_policy_leaves_out_is_refused() -> None:
    narrow = prepared(policy={"level": "B-LTA", "ways": ["upload"]})
    state = walked(
        (MANAGER, requested(**MIXED)), (SYSTEM, drafted(1)), (LEGAL, decided("approved", 1)), (SYSTEM, narrow)
    )
    with pytest.raises(RefusedTransition, match="policy does not accept this way") as refusal:
        sign(invited(state, "anna"), ANNA, "anna")
    assert (refusal.value.got, refusal.value.expected) == ("pkcs12", "upload")
