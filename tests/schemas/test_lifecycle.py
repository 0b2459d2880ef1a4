from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from pydantic import TypeAdapter

from schemas.errors import FourEyes, NotAuthorised, RefusedTransition, StaleBase
from schemas.events import Entry, Event
from schemas.lifecycle import fold, transition
from schemas.people import SYSTEM, Actor, Role
from schemas.state import AgreementState, Stage

EVENT = TypeAdapter(Event)


def h(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def covers(draft: int) -> dict[str, str]:
    return {name: h(f"{name}-{draft}") for name in ("data", "template", "manifest", "docx", "pdf")}


def by(role: Role, name: str) -> Actor:
    return Actor(role=role, person=h(name))


MANAGER, OTHER_MANAGER = by(Role.MANAGER, "manager"), by(Role.MANAGER, "other manager")
LEGAL, FINANCE = by(Role.REVIEWER, "legal"), by(Role.REVIEWER, "finance")
ANNA, BELA = by(Role.SIGNATORY, "anna"), by(Role.SIGNATORY, "bela")
START = datetime(2026, 1, 1, tzinfo=UTC)
ID = "MOU-2026-0001"


def entry(counter: int, actor: Actor, event: dict[str, Any]) -> Entry:
    return Entry(
        op_id=h(f"{counter}"), agreement=ID, counter=counter, occurred_at=START + timedelta(hours=counter), actor=actor,
        event=EVENT.validate_python(event),
    )  # fmt: skip


def proposal(draft: int, **changes: object) -> dict[str, Any]:
    return {
        "draft": draft, "title": "A memorandum", "data": h(f"data-{draft}"), "signatories": ["anna", "bela"],
        "offices": ["legal"], "open_facts": [], "template": h("template"), **changes,
    }  # fmt: skip


def requested(**changes: object) -> dict[str, Any]:
    return {"type": "requested", "document_type": "mou", "template_version": 1, **proposal(1, **changes)}


def revised(draft: int, **changes: object) -> dict[str, Any]:
    return {"type": "revised", "reason": "amended", **proposal(draft, **changes)}


def drafted(draft: int) -> dict[str, Any]:
    return {"type": "drafted", "draft": draft, "content": covers(draft)}


def decided(kind: str, draft: int, **changes: object) -> dict[str, Any]:
    extra = {"office": "legal"} if kind == "approved" else {"remark": h("remark")}
    return {"type": kind, "draft": draft, "covers": covers(draft), **extra, **changes}


def prepared(draft: int = 1, **changes: object) -> dict[str, Any]:
    return {"type": "prepared", "draft": draft, "base": h(f"pdf-{draft}"), "pdf": h("prepared"), **changes}


def signed(signatory: str, base: str, pdf: str) -> dict[str, Any]:
    return {"type": "signed", "signatory": signatory, "base": h(base), "pdf": h(pdf), "certificate": h("certificate")}


def receipt(content: str) -> dict[str, Any]:
    return {"store": "directory", "key": "x", "sha256": h(content), "size_bytes": 1}


CONCLUDED = {"type": "concluded", "base": h("both"), "pdf": h("closed"), "report": h("report"), "level": "B-LT"}
DEPOSITED = {"type": "deposited", "receipt": receipt("closed")}
WITHDRAWN = {"type": "withdrawn", "remark": h("remark")}

WAY: list[tuple[Actor, dict[str, Any], Stage]] = [
    (MANAGER, requested(), Stage.REQUESTED),
    (SYSTEM, drafted(1), Stage.IN_REVIEW),
    (LEGAL, decided("approved", 1), Stage.APPROVED),
    (SYSTEM, prepared(), Stage.SIGNING),
    (SYSTEM, {"type": "invited", "signatory": "anna", "pdf": h("prepared")}, Stage.SIGNING),
    (ANNA, signed("anna", "prepared", "anna"), Stage.SIGNING),
    (SYSTEM, {"type": "invited", "signatory": "bela", "pdf": h("anna")}, Stage.SIGNING),
    (BELA, signed("bela", "anna", "both"), Stage.SIGNED),
    (SYSTEM, CONCLUDED, Stage.CONCLUDED),
    (SYSTEM, DEPOSITED, Stage.ARCHIVED),
]
"""The straight way from a request to the archive, with the stage after each step."""


def walked(*acts: tuple[Actor, dict[str, Any]]) -> AgreementState:
    return fold(entry(counter, actor, event) for counter, (actor, event) in enumerate(acts))


def after(steps: int) -> AgreementState:
    return walked(*((actor, event) for actor, event, _ in WAY[:steps]))


REQUESTED, REVIEW, APPROVED, SIGNING, ANNA_SIGNED, SIGNED, ARCHIVED = (after(n) for n in (1, 2, 3, 5, 6, 8, 10))
RETURNED = walked((MANAGER, requested()), (SYSTEM, drafted(1)), (LEGAL, decided("returned", 1)))


def act(state: AgreementState, actor: Actor, event: dict[str, Any]) -> AgreementState:
    return transition(state, entry(state.counter + 1, actor, event))


def test_the_straight_way_leads_to_the_archive() -> None:
    for steps, (_, _, stage) in enumerate(WAY, start=1):
        state = after(steps)
        assert state.stage is stage
        assert state.counter == steps - 1
    assert ARCHIVED.pdf == h("closed")
    assert ARCHIVED.level == "B-LT"
    assert ARCHIVED.signed == ARCHIVED.signatories
    assert ARCHIVED.receipt.sha256 == ARCHIVED.pdf
    assert ANNA_SIGNED.since == SIGNING.since == START + timedelta(hours=3)


def test_no_entries_are_no_agreement() -> None:
    with pytest.raises(RefusedTransition, match="without entries"):
        fold([])


def test_an_agreement_begins_with_its_request() -> None:
    with pytest.raises(RefusedTransition, match="first entry"):
        walked((MANAGER, revised(1)))


def test_an_agreement_is_requested_once() -> None:
    with pytest.raises(RefusedTransition):
        act(REQUESTED, MANAGER, requested())


@pytest.mark.parametrize("counter", [0, 1, 3, 100])
def test_the_counter_has_no_gaps_and_no_repeats(counter) -> None:
    with pytest.raises(RefusedTransition, match="without gaps") as caught:
        transition(REVIEW, entry(counter, LEGAL, decided("approved", 1)))
    assert (caught.value.got, caught.value.expected) == (str(counter), "2")
    with pytest.raises(RefusedTransition, match="without gaps"):
        fold([entry(1, MANAGER, requested())])


def test_an_entry_of_another_agreement_is_refused() -> None:
    foreign = entry(2, LEGAL, decided("approved", 1)).model_copy(update={"agreement": "MOU-2026-0002"})
    with pytest.raises(RefusedTransition, match="another agreement"):
        transition(REVIEW, foreign)


ANYBODY = [MANAGER, LEGAL, ANNA, SYSTEM, by(Role.AUDITOR, "x"), by(Role.ADMINISTRATOR, "x")]


@pytest.mark.parametrize("kind", sorted({event["type"] for _, event, _ in WAY}))
def test_each_act_has_its_role(kind) -> None:
    steps, (right, event, _) = next((n, step) for n, step in enumerate(WAY) if step[1]["type"] == kind)
    nameless = Actor(role=right.role, person=None if right.person else h("x"))
    for actor in [nameless, *(actor for actor in ANYBODY if actor.role is not right.role)]:
        with pytest.raises(NotAuthorised, match=f"{kind} is an act of"):
            transition(after(steps) if steps else None, entry(steps, actor, event))


def test_the_author_never_approves() -> None:
    with pytest.raises(FourEyes, match="wrote a draft"):
        act(REVIEW, by(Role.REVIEWER, "manager"), decided("approved", 1))


def test_whoever_wrote_an_earlier_draft_does_not_approve_a_later_one() -> None:
    state = act(act(RETURNED, OTHER_MANAGER, revised(2)), SYSTEM, drafted(2))
    for author in ("manager", "other manager"):
        with pytest.raises(FourEyes):
            act(state, by(Role.REVIEWER, author), decided("approved", 2))
    assert act(state, LEGAL, decided("approved", 2)).stage is Stage.APPROVED


def test_every_office_has_to_approve() -> None:
    state = walked((MANAGER, requested(offices=["legal", "finance"])), (SYSTEM, drafted(1)))
    state = act(state, LEGAL, decided("approved", 1))
    assert (state.stage, state.missing_offices) == (Stage.IN_REVIEW, ("finance",))
    with pytest.raises(RefusedTransition, match="approved this draft already"):
        act(state, LEGAL, decided("approved", 1, office="finance"))
    with pytest.raises(RefusedTransition, match="is not missing"):
        act(state, FINANCE, decided("approved", 1))
    with pytest.raises(RefusedTransition, match="is not missing"):
        act(state, FINANCE, decided("approved", 1, office="director"))
    assert act(state, FINANCE, decided("approved", 1, office="finance")).stage is Stage.APPROVED


def test_open_facts_block_approval_by_name() -> None:
    state = walked((MANAGER, requested(open_facts=["term.end", "law.country"])), (SYSTEM, drafted(1)))
    with pytest.raises(RefusedTransition, match=r"term\.end, law\.country") as caught:
        act(state, LEGAL, decided("approved", 1))
    assert "convenio facts confirm" in caught.value.remedy


@pytest.mark.parametrize("part", ["data", "template", "docx", "pdf"])
@pytest.mark.parametrize("kind", ["approved", "returned", "rejected"])
def test_a_decision_about_other_bytes_is_refused(kind, part) -> None:
    with pytest.raises(StaleBase, match="other bytes"):
        act(REVIEW, LEGAL, decided(kind, 1, covers=covers(1) | {part: h("changed")}))


def test_a_decision_about_an_older_draft_is_refused() -> None:
    state = act(act(RETURNED, MANAGER, revised(2)), SYSTEM, drafted(2))
    with pytest.raises(StaleBase, match="draft 2 is the one"):
        act(state, LEGAL, decided("approved", 1))


@pytest.mark.parametrize("state", [REQUESTED, REVIEW, RETURNED, APPROVED], ids=lambda state: state.stage)
def test_a_revision_voids_approvals_and_bytes(state) -> None:
    revision = act(state, MANAGER, revised(2))
    assert (revision.stage, revision.draft) == (Stage.REQUESTED, 2)
    assert (revision.approvals, revision.content, revision.pdf) == ((), None, None)
    with pytest.raises(RefusedTransition):
        act(revision, LEGAL, decided("approved", 2))


def test_a_revised_title_takes_effect() -> None:
    assert RETURNED.title == "A memorandum"
    revision = act(RETURNED, MANAGER, revised(2, title="An amended memorandum"))
    assert revision.title == "An amended memorandum"
    assert act(revision, SYSTEM, drafted(2)).title == "An amended memorandum"


@pytest.mark.parametrize("draft", [1, 3])
def test_drafts_are_numbered_without_gaps(draft) -> None:
    with pytest.raises(StaleBase, match="draft 2 is the one"):
        act(RETURNED, MANAGER, revised(draft))


def test_a_draft_of_other_data_is_refused() -> None:
    with pytest.raises(StaleBase, match="other data"):
        act(REQUESTED, SYSTEM, {"type": "drafted", "draft": 1, "content": covers(1) | {"data": h("other")}})


def test_returning_voids_the_approvals_so_far() -> None:
    state = walked((MANAGER, requested(offices=["legal", "finance"])), (SYSTEM, drafted(1)))
    state = act(act(state, LEGAL, decided("approved", 1)), FINANCE, decided("returned", 1))
    assert (state.stage, state.approvals) == (Stage.RETURNED, ())


def test_a_new_draft_names_every_signature_it_voids() -> None:
    for state in (ANNA_SIGNED, SIGNED):
        with pytest.raises(RefusedTransition, match="every signature that it voids"):
            act(state, MANAGER, revised(2))
    for other in ([{"signatory": "anna", "pdf": h("another")}], [{"signatory": "bela", "pdf": h("anna")}]):
        with pytest.raises(RefusedTransition, match="every signature that it voids"):
            act(ANNA_SIGNED, MANAGER, revised(2) | {"voids": other})
    voids = [{"signatory": "anna", "pdf": h("anna")}]
    state = act(ANNA_SIGNED, MANAGER, revised(2) | {"voids": voids})
    assert (state.stage, state.signed, state.invited, state.pdf) == (Stage.REQUESTED, (), (), None)


def test_what_is_archived_is_not_revised() -> None:
    with pytest.raises(RefusedTransition, match="cannot be revised"):
        act(ARCHIVED, MANAGER, revised(2))


def test_preparing_starts_from_the_approved_bytes() -> None:
    with pytest.raises(StaleBase, match="no longer the newest"):
        act(APPROVED, SYSTEM, prepared(base=h("other")))


def test_second_signatory_cannot_sign_first() -> None:
    with pytest.raises(RefusedTransition, match="not bela's turn") as caught:
        act(SIGNING, BELA, signed("bela", "prepared", "bela"))
    assert caught.value.expected == "anna"


@pytest.mark.parametrize(("steps", "who", "name", "base"), [(4, ANNA, "anna", "prepared"), (6, BELA, "bela", "anna")])
def test_nobody_signs_uninvited(steps, who, name, base) -> None:
    with pytest.raises(RefusedTransition, match=f"{name} is not invited yet"):
        act(after(steps), who, signed(name, base, "new"))
    invited = act(after(steps), SYSTEM, {"type": "invited", "signatory": name, "pdf": h(base)})
    assert act(invited, who, signed(name, base, "new")).signed[-1] == name


def test_nobody_signs_twice() -> None:
    with pytest.raises(RefusedTransition, match="not anna's turn"):
        act(ANNA_SIGNED, ANNA, signed("anna", "anna", "again"))


def test_a_signature_on_an_older_revision_is_refused() -> None:
    with pytest.raises(StaleBase, match="no longer the newest"):
        act(ANNA_SIGNED, BELA, signed("bela", "prepared", "both"))


def test_an_invitation_goes_to_the_one_whose_turn_it_is_and_names_the_newest_bytes() -> None:
    with pytest.raises(RefusedTransition, match="not bela's turn"):
        act(SIGNING, SYSTEM, {"type": "invited", "signatory": "bela", "pdf": h("prepared")})
    with pytest.raises(StaleBase):
        act(SIGNING, SYSTEM, {"type": "invited", "signatory": "anna", "pdf": h("pdf-1")})


def test_a_stranger_cannot_decline() -> None:
    with pytest.raises(NotAuthorised, match="not a signatory"):
        act(SIGNING, by(Role.SIGNATORY, "eve"), {"type": "declined", "signatory": "eve", "remark": h("x")})
    declined = act(SIGNING, BELA, {"type": "declined", "signatory": "bela", "remark": h("x")})
    assert declined.stage is Stage.ENDED


def test_concluding_starts_from_the_last_signature() -> None:
    with pytest.raises(StaleBase):
        act(SIGNED, SYSTEM, CONCLUDED | {"base": h("anna")})


def test_only_the_concluded_bytes_are_deposited() -> None:
    with pytest.raises(StaleBase):
        act(after(9), SYSTEM, {"type": "deposited", "receipt": receipt("other")})


def test_the_manager_may_withdraw_until_the_document_is_concluded() -> None:
    assert act(SIGNED, MANAGER, WITHDRAWN).stage is Stage.ENDED
    with pytest.raises(RefusedTransition, match="cannot be withdrawn"):
        act(after(9), MANAGER, WITHDRAWN)


ENDED = [
    act(REVIEW, LEGAL, decided("rejected", 1)),
    act(SIGNING, ANNA, {"type": "declined", "signatory": "anna", "remark": h("x")}),
    *(
        act(state, MANAGER, WITHDRAWN)
        for state in (REQUESTED, REVIEW, RETURNED, APPROVED, SIGNING, ANNA_SIGNED, SIGNED)
    ),
]
EVERYTHING = [
    *((actor, event) for actor, event, _ in WAY),
    (MANAGER, revised(2)), (LEGAL, decided("returned", 1)), (LEGAL, decided("rejected", 1)), (MANAGER, WITHDRAWN),
    (ANNA, {"type": "declined", "signatory": "anna", "remark": h("x")}),
]  # fmt: skip


@pytest.mark.parametrize("state", ENDED)
def test_what_ended_is_held_and_disposed_of_without_any_retention(state) -> None:
    root, other = by(Role.ADMINISTRATOR, "root"), by(Role.ADMINISTRATOR, "other")
    proposed = {"type": "disposal proposed", "listing": h("listing"), "remark": h("x")}
    disposed = {"type": "disposed", "receipts": [], "certificate": h("certificate"), "remark": h("x")}
    held = act(state, LEGAL, {"type": "hold placed", "remark": h("x")})
    assert held.stage is Stage.ENDED
    with pytest.raises(RefusedTransition, match="a legal hold is in place"):
        act(held, root, proposed)
    state = act(act(held, LEGAL, {"type": "hold released", "remark": h("x")}), root, proposed)
    with pytest.raises(FourEyes, match="whoever proposed a disposal"):
        act(state, root, disposed)
    with pytest.raises(RefusedTransition, match="a disposal names every deposit"):
        act(state, other, disposed | {"receipts": [receipt("final")]})
    assert act(state, other, disposed).stage is Stage.DISPOSED


@pytest.mark.parametrize("state", [ARCHIVED, *ENDED])
def test_after_the_end_nothing_more_happens(state) -> None:
    assert state.stage in {Stage.ENDED, Stage.ARCHIVED}
    for actor, event in EVERYTHING:
        with pytest.raises(RefusedTransition):
            act(state, actor, event)


@pytest.mark.parametrize("left_out", range(1, len(WAY) - 1))
def test_no_step_can_be_left_out(left_out) -> None:
    acts = [(actor, event) for step, (actor, event, _) in enumerate(WAY) if step != left_out]
    with pytest.raises((RefusedTransition, StaleBase)):
        walked(*acts)
