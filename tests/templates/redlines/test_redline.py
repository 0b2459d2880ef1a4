from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st

from templates.redlines.redline import Change, data_changes
from tests.templates.reading import confirmed, example
from tests.templates.redlines.test_tracked import MOU, PARTNERSHIP, moved_area, with_data

TREES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["", "a", "b"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "title", "text"]), inner, max_size=3)
    ),
    max_leaves=12,
)


def fact(value, status="assumed", **others):
    return {"value": value, "status": status, "source": None, "owner": None, "claims": [], **others}


def told(before, after):
    return [str(change) for change in data_changes(before, after)]


def test_a_field_that_differs_is_told_with_both_values():
    (change,) = data_changes({"notice_days": 30, "same": "x"}, {"notice_days": 60, "same": "x"})
    assert change == Change("notice_days", "30", "60", "changed")
    assert change.as_json() == {"path": "notice_days", "before": "30", "after": "60", "kind": "changed"}
    assert str(change) == "notice_days: 30 → 60"


def test_a_place_numbers_the_items_that_a_path_names_as_they_stand_before_and_after():
    before = {"parties": [{"id": "a", "seats": [{"name": "Praha", "km": 1}]}]}
    after = {"parties": [{"id": "b"}, {"id": "a", "seats": [{"name": "Praha", "km": 2}]}]}
    assert [(one.path, one.place_before, one.place) for one in data_changes(before, after)] == [
        ("parties[b].id", None, "parties[0].id"),
        ("parties[a].seats[Praha].km", "parties[0].seats[0].km", "parties[1].seats[0].km"),
    ]
    assert [(one.path, one.place_before, one.place) for one in data_changes(after, before)] == [
        ("parties[b].id", "parties[0].id", None),
        ("parties[a].seats[Praha].km", "parties[1].seats[0].km", "parties[0].seats[0].km"),
    ]


def test_an_item_without_a_name_that_is_gone_is_no_other_that_took_its_number():
    before = {"agenda": [{"at": "nine"}, {"at": "a long day in Brno", "room": "blue"}]}
    after = {"agenda": [{"at": "a long day in Brno", "room": "red"}]}
    assert told(before, after) == ["agenda[0 before].at: removed nine", "agenda[0].room: blue → red"]


PARTIES = {"parties": [{"id": name, "seat": fact("Praha"), "vat": fact(None, "blank")} for name in ("alpha", "beta")]}
ALPHA, BETA = PARTIES["parties"]
CONFIRMED = fact("Praha", "confirmed")


@pytest.mark.parametrize(
    ("parties", "settled"),
    [
        ([ALPHA, BETA | {"seat": CONFIRMED}], ["parties[1].seat"]),
        ([ALPHA | {"vat": fact("CZ1", "stated")}, BETA], ["parties[0].vat"]),
        ([ALPHA | {"seat": fact("Brno")}, BETA], []),
        ([BETA], []),
        ([BETA | {"seat": CONFIRMED}], ["parties[1].seat"]),
        ([BETA | {"vat": fact("CZ2", "stated")}, ALPHA], ["parties[1].vat"]),
        ([ALPHA | {"seat": None}, BETA], []),
    ],
    ids=[
        "confirmed",
        "filled in",
        "still open",
        "party removed",
        "removed and confirmed",
        "reordered",
        "value deleted",
    ],
)
def test_a_fact_settles_where_the_same_item_has_it_and_it_is_open_no_more(parties, settled):
    changes = data_changes(PARTIES, {"parties": parties})
    assert [one.place_before for one in changes if one.settles] == settled


def test_an_inserted_party_does_not_change_every_other():
    parties = [{"id": "a", "seat": "Praha"}, {"id": "b", "seat": "Brno"}]
    new = {"id": "c", "seat": "Plzeň"}
    assert told({"parties": parties}, {"parties": [new, *parties]}) == [
        "parties[c].id: added c",
        "parties[c].seat: added Plzeň",
    ]
    assert told({"parties": [new, *parties]}, {"parties": parties}) == [
        "parties[c].id: removed c",
        "parties[c].seat: removed Plzeň",
    ]


def test_a_moved_item_is_moved_and_nothing_else():
    items = [{"id": name} for name in "abc"]
    assert told({"items": items}, {"items": [items[2], *items[:2]]}) == ["items[c]: moved from place 3 to place 1"]
    mou = example(MOU)
    assert [change.kind for change in data_changes(mou, with_data(mou, moved_area))] == ["moved"]


def test_an_item_named_by_its_title_keeps_its_place_when_it_is_renamed():
    area = {"title": "Water", "text": "Networks that lose less than they carry, and meters that say so."}
    assert told({"areas": [area]}, {"areas": [area | {"title": "Water and waste"}]}) == [
        "areas[Water and waste].title: Water → Water and waste"
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (fact("Praha"), fact("Praha", "confirmed"), "seat: Praha (assumed) → Praha (confirmed)"),
        (fact("Praha"), fact("Brno"), "seat: Praha (assumed) → Brno (assumed)"),
        (fact(None, "blank"), fact("Brno", "stated"), "seat: blank → Brno (stated)"),
        (fact("Praha"), fact("Praha", source="Register"), "seat.source: added Register"),
        (None, fact("Praha"), "seat: added Praha (assumed)"),
        (fact({"amount": "5.00", "currency": "EUR"}), None, "seat: removed amount 5.00, currency EUR (assumed)"),
    ],
)
def test_a_fact_is_one_field_with_its_status(before, after, expected):
    assert told({"seat": before}, {"seat": after}) == [expected]


def test_texts_without_a_name_are_told_by_their_number():
    assert told({"agenda": ["one", "two"]}, {"agenda": ["zero", "one", "two"]}) == ["agenda[0]: added zero"]


def test_a_switch_says_yes_or_no():
    assert told({"flag": True}, {"flag": False}) == ["flag: yes → no"]


@given(st.dictionaries(st.sampled_from("xyz"), TREES), st.dictionaries(st.sampled_from("xyz"), TREES))
def test_every_difference_is_told_and_can_be_json(before, after):
    assert data_changes(before, before) == ()
    there, back = data_changes(before, after), data_changes(after, before)
    json.dumps([change.as_json() for change in there])
    assert len([one for one in there if one.kind == "added"]) == len([one for one in back if one.kind == "removed"])
    assert all(change.before != change.after for change in there)
    of_one_item = [one for one in there if one.kind != "moved"]
    assert len({one.path for one in of_one_item}) == len(of_one_item)
    places = {("before", one.place_before) if one.place is None else ("after", one.place) for one in of_one_item}
    assert len(places) == len(of_one_item)


def test_confirming_facts_changes_their_status_and_nothing_else():
    document = example(PARTNERSHIP)
    found = data_changes(document, confirmed(document))
    assert found
    assert {change.kind for change in found} == {"changed"}
    assert all(change.after == f"{change.before.rpartition(' (')[0]} (confirmed)" for change in found)
