from __future__ import annotations

from typing import get_args

import pytest

from archive.database import writing
from archive.personal import erase_person
from archive.remarks import forget
from flows.commands import return_draft
from flows.timeline import happened
from schemas import events as ev
from schemas.errors import Refused
from tests.installation import FIRST, REVIEWER

pytestmark = pytest.mark.office


def test_a_timeline_tells_every_entry_in_order(at, agreement):
    house = at("archived")
    rows = happened(house, agreement)
    assert [row.counter for row in rows] == list(range(len(house.ledger.entries(agreement))))
    assert [row.what for row in rows] == [
        "requested (mou)",
        "drafted draft 1",
        "revised to draft 2 (confirmed)",
        "drafted draft 2",
        "approved draft 2 for legal",
        "prepared draft 2",
        "invited for-gssc",
        "signed for-gssc (pkcs12, AdES)",
        "invited for-chamber",
        "signed for-chamber (pkcs12, AdES)",
        f"concluded at {house.ledger.state(agreement).level}",
        "deposited",
    ]
    assert [row.person for row in rows if row.role == "reviewer"] == ["Reviewer"]
    assert {row.person for row in rows if row.role == "system"} == {""}
    assert rows[-1].digest == house.ledger.state(agreement).receipt.sha256
    assert [row.at for row in rows] == sorted(row.at for row in rows)


def test_who_was_erased_is_called_so(at, agreement):
    house = at("archived")
    with writing(house.engine) as connection:
        erase_person(connection, REVIEWER)
        erase_person(connection, FIRST)
    rows = happened(house, agreement)
    assert [row.role for row in rows if row.person == "erased"] == ["reviewer", "signatory"]


def test_a_comment_is_told_until_it_is_erased(at, agreement):
    house = at("in review")
    return_draft(house, agreement, draft=1, by=REVIEWER, comment="Longer notice, please.")
    remark = house.ledger.entries(agreement)[-1].entry.event.remark
    told = happened(house, agreement)[-1]
    assert told.what == "returned draft 1: Longer notice, please."
    with writing(house.engine) as connection:
        forget(connection, remark)
    told = happened(house, agreement)[-1]
    assert (told.what, told.remark) == ("returned draft 1: (erased)", None)


def test_an_unknown_agreement_is_refused_with_the_nearest(at, agreement):
    with pytest.raises(Refused, match=agreement):
        happened(at("in review"), agreement.replace("-0001", "-0002"))


def test_every_event_of_an_agreement_that_carries_a_remark_is_known_to():
    kinds = get_args(get_args(ev.Event)[0])
    carrying = {kind for kind in kinds if "remark" in kind.model_fields and kind.__module__ == ev.__name__}
    assert set(get_args(ev.Remarked)) == carrying
