"""Of two rival changes of one document that are approved in the same instant, one is."""

from __future__ import annotations

import pytest

from flows import commands
from schemas.errors import Refused
from schemas.state import Stage
from tests.flows.test_pins import amendment, in_force, in_review
from tests.installation import REVIEWER

pytestmark = pytest.mark.office


def test_the_rival_that_was_approved_between_check_and_record_wins(at, agreement, monkeypatch):
    house = at("archived")
    digest = in_force(house, agreement)
    changes = amendment(agreement, digest).model_dump(mode="json")["amended_clauses"]
    other = changes[1] | {"new": ["The Parties add something else."]}
    slower, slower_draft = in_review(house, amendment(agreement, digest, amended_clauses=[changes[0], other]))
    faster, faster_draft = in_review(house, amendment(agreement, digest))
    check = commands.require_current

    def checked_then_overtaken(*arguments):
        check(*arguments)
        monkeypatch.setattr(commands, "require_current", check)
        commands.approve(house, faster, draft=faster_draft, by=REVIEWER)

    monkeypatch.setattr(commands, "require_current", checked_then_overtaken)
    size = house.ledger.size
    with pytest.raises(Refused, match="another change of the same document is on its way") as refusal:
        commands.approve(house, slower, draft=slower_draft, by=REVIEWER)
    assert faster in refusal.value.got
    assert house.ledger.size == size + 1, "nothing of the refused approval was recorded"
    assert house.ledger.state(faster).stage is Stage.APPROVED
    assert house.ledger.state(slower).stage is Stage.IN_REVIEW
    assert house.ledger.state(slower).approvals == ()
