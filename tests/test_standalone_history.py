"""The standalone verifier permits the steps of a round of signatures that the fold of the ledger permits."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from schemas import events as ev
from schemas.errors import ConvenioError
from schemas.evidence import digest_of
from schemas.lifecycle import fold
from schemas.people import Role
from tests.archive.complete_history import (
    AUTHORITY,
    DELEGATE,
    MANAGER,
    REASON,
    REVIEWER,
    SIGNATORIES,
    SIGNERS,
    START,
    Story,
    act,
    clicked,
    prepared,
    signed,
)
from tests.archive.test_verify_openings import ADDRESS
from verifier import convenio_verify as standalone

DAY = START.date()
FIRST, SECOND = SIGNATORIES
GIVEN = {"signatory": FIRST, "delegate": DELEGATE.commitment, "authority": digest_of(AUTHORITY)}
SIGNATORY, COUNSEL = act(Role.SIGNATORY, SIGNERS[FIRST]), act(Role.REVIEWER, REVIEWER)


def both_permit(story: Story, sign_by: date | None = None) -> bool:
    """Whether both permit a story; ``sign_by`` is the last day that its proposals name."""
    told = []
    for _, entry in story.entries:
        said = entry.model_dump(mode="json")
        if said["event"]["type"] in ("requested", "revised"):
            said["event"]["sign_by"] = sign_by and sign_by.isoformat()
        told.append(said)
    try:
        fold([ev.Entry.model_validate_json(json.dumps(one)) for one in told])
        ours = True
    except ConvenioError:
        ours = False
    history = standalone.History()
    try:
        for one in told:
            history.take(one)
        theirs = True
    except standalone.Wrong:
        theirs = False
    assert ours == theirs
    return ours


def by_both(story: Story, pdf: bytes, first=SIGNERS[FIRST]) -> None:
    signed(story, signed(story, pdf, FIRST, by=first), SECOND)


@pytest.mark.parametrize(("days", "permitted"), [(0, True), (-1, True), (-2, False)], ids=["on", "next", "after"])
def test_nobody_signs_after_the_last_day_is_over_everywhere(days, permitted):
    story, pdf = prepared()
    by_both(story, pdf)
    last = (START - timedelta(hours=12)).date() + timedelta(days=days + 1)
    assert both_permit(story, last) is permitted


@pytest.mark.parametrize(
    ("until", "last", "permitted"),
    [(2, -1, True), (-1, -1, False), (-2, -1, False), (2, -3, False), (2, None, False)],
    ids=["later", "same", "earlier", "too late", "no day"],
)
def test_only_a_later_day_extends_it_and_in_time(until, last, permitted):
    story, pdf = prepared()
    given = ev.Extended(sign_by=DAY + timedelta(days=until), remark=REASON.commitment)
    story.append(given, act(Role.MANAGER, MANAGER))
    by_both(story, pdf)
    assert both_permit(story, None if last is None else DAY + timedelta(days=last)) is permitted


def delegated(story: Story, *, confirmed: bool) -> None:
    story.append(ev.Delegated(**GIVEN, remark=REASON.commitment), SIGNATORY)
    if confirmed:
        story.append(ev.DelegationConfirmed(**GIVEN), COUNSEL)


@pytest.mark.parametrize("confirmed", [True, False])
@pytest.mark.parametrize("by", [SIGNERS[FIRST], DELEGATE], ids=["principal", "delegate"])
def test_only_who_gave_a_delegation_revokes_it_and_signs_then(confirmed, by):
    story, pdf = prepared()
    delegated(story, confirmed=confirmed)
    story.append(ev.DelegationRevoked(signatory=FIRST, remark=REASON.commitment), act(Role.SIGNATORY, by))
    by_both(story, pdf)
    assert both_permit(story) is (by == SIGNERS[FIRST])


def test_without_revocation_the_principal_does_not_sign():
    story, pdf = prepared()
    delegated(story, confirmed=True)
    by_both(story, pdf)
    assert not both_permit(story)


def test_a_click_is_permitted_with_its_record():
    story, pdf = prepared()
    clicked(story, signed(story, pdf, FIRST), SECOND, ADDRESS)
    assert both_permit(story)
