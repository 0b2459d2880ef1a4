"""What the lifecycle says of drafts edited by hand, and of documents nobody has to sign."""

from __future__ import annotations

import pytest

from schemas.errors import FourEyes, NotAuthorised, RefusedTransition, StaleBase
from schemas.lifecycle import transition
from schemas.people import SYSTEM
from schemas.state import Stage
from tests.schemas.test_lifecycle import (
    CONCLUDED,
    FINANCE,
    LEGAL,
    MANAGER,
    covers,
    decided,
    drafted,
    entry,
    h,
    prepared,
    requested,
    revised,
    walked,
)

IN_REVIEW = ((MANAGER, requested()), (SYSTEM, drafted(1)))


def edited(draft: int = 2, **changes: object) -> dict[str, object]:
    return {
        "type": "edited", "draft": draft, "data": h("data-1"), "base": h("docx-1"), "docx": h("by hand"),
        "remark": h("remark"), **changes,
    }  # fmt: skip


def drafted_by_hand() -> dict[str, object]:
    return {"type": "drafted", "draft": 2, "content": {**covers(2), "data": h("data-1")}}


def test_an_edit_is_the_next_draft_from_the_same_data_and_needs_every_office() -> None:
    state = walked(*IN_REVIEW, (LEGAL, edited()))
    assert (state.stage, state.draft, state.data) == (Stage.REQUESTED, 2, h("data-1"))
    assert (state.edited, state.offices) == (h("by hand"), ("legal", "finance", "director"))
    assert (state.content, state.approvals, state.pdf) == (None, (), None)


def test_an_edit_voids_the_approvals_so_far() -> None:
    two = requested(offices=["legal", "finance"])
    state = walked((MANAGER, two), (SYSTEM, drafted(1)), (FINANCE, decided("approved", 1)), (LEGAL, edited()))
    assert state.approvals == ()


def test_whoever_edited_cannot_approve() -> None:
    state = walked(*IN_REVIEW, (LEGAL, edited()), (SYSTEM, drafted_by_hand()))
    approval = {**decided("approved", 2), "covers": {**covers(2), "data": h("data-1")}}
    with pytest.raises(FourEyes):
        transition(state, entry(4, LEGAL, approval))
    assert transition(state, entry(4, FINANCE, approval)).approvals


def test_a_manager_does_not_edit_by_hand() -> None:
    with pytest.raises(NotAuthorised):
        transition(walked(*IN_REVIEW), entry(2, MANAGER, edited()))


@pytest.mark.parametrize("change", [{"base": h("docx-0")}, {"data": h("data-2")}, {"draft": 3}])
def test_an_edit_of_anything_but_the_current_draft_is_stale(change) -> None:
    with pytest.raises(StaleBase):
        transition(walked(*IN_REVIEW), entry(2, LEGAL, edited(**change)))


def test_a_returned_draft_can_be_edited_and_one_that_is_not_rendered_cannot() -> None:
    returned = walked(*IN_REVIEW, (LEGAL, decided("returned", 1)))
    assert transition(returned, entry(3, FINANCE, edited())).draft == 2
    with pytest.raises(RefusedTransition):
        transition(walked((MANAGER, requested())), entry(1, LEGAL, edited()))


def test_new_data_puts_an_end_to_the_edit() -> None:
    state = walked(*IN_REVIEW, (LEGAL, edited()), (SYSTEM, drafted_by_hand()), (MANAGER, revised(3)))
    assert (state.draft, state.edited) == (3, None)


def test_a_document_nobody_has_to_sign_is_concluded_once_it_is_prepared() -> None:
    unsigned = requested(signatories=[])
    approved = ((MANAGER, unsigned), (SYSTEM, drafted(1)), (LEGAL, decided("approved", 1)))
    state = walked(*approved, (SYSTEM, prepared()))
    assert (state.stage, state.awaited) == (Stage.SIGNED, ())
    done = transition(state, entry(4, SYSTEM, {**CONCLUDED, "base": h("prepared")}))
    assert done.stage is Stage.CONCLUDED
