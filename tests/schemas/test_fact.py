from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from schemas.documents import data_bytes, read_data
from schemas.errors import InputError
from schemas.fact import OPEN, Confirmation, Fact, Status, confirm, facts, open_facts
from schemas.party import Membership
from schemas.place import Country

NOW = Confirmation(at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), basis="Certificate of incorporation seen")
CLAIMS = [{"value": "four", "source": "profile"}, {"value": "five", "source": "news"}]


def test_a_bare_value_is_stated() -> None:
    fact = Fact[Country].model_validate("CZ")
    assert (fact.value, fact.status, fact.source, fact.is_open) == ("CZ", Status.STATED, None, False)
    assert str(fact) == "CZ"


def test_a_bare_group_of_fields_is_the_value() -> None:
    count = {"member_count": 3, "sme_count": 2, "as_of": "2021-01-01"}
    assert Fact[Membership].model_validate(count).value == Membership.model_validate(count)


def test_a_fact_passes_through_unchanged() -> None:
    fact = Fact[Country].model_validate({"value": "CZ", "status": "assumed", "source": "guess"})
    assert Fact[Country].model_validate(fact) == fact
    assert Fact[Country].model_validate(fact.model_dump()) == fact


def test_a_blank_fact_is_open_and_says_nothing() -> None:
    fact = Fact[Country].model_validate({"status": "blank"})
    assert fact.is_open
    assert str(fact) == ""


@pytest.mark.parametrize("status", sorted(Status))
def test_every_status_is_either_open_or_settled(status) -> None:
    content = {"value": "CZ", "status": status, "source": "profile"}
    content |= {"claims": CLAIMS} if status is Status.CONFLICTING else {}
    content |= {"confirmation": NOW.model_dump()} if status is Status.CONFIRMED else {}
    content |= {"value": None} if status is Status.BLANK else {}
    fact = Fact[Country].model_validate(content)
    assert fact.is_open is (status in OPEN)
    assert fact.is_open is (status in {"assumed", "conflicting", "blank"})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "a blank fact has no value"),
        ({"status": "assumed", "source": "x"}, "every other fact has one"),
        ({"value": "CZ", "status": "blank"}, "a blank fact has no value"),
        ({"value": "CZ", "status": "assumed"}, "assumed says where it comes from"),
        ({"value": "CZ", "status": "derived"}, "derived says where it comes from"),
        ({"value": "CZ", "status": "conflicting", "source": "x"}, "names what each source says"),
        ({"value": "CZ", "status": "conflicting", "source": "x", "claims": CLAIMS[:1]}, "names what each source says"),
        ({"value": "CZ", "claims": CLAIMS}, "names what each source says"),
        ({"value": "CZ", "status": "confirmed"}, "carries its confirmation"),
        ({"value": "CZ", "confirmation": {"at": "2026-01-01T00:00:00Z", "basis": "x"}}, "carries its confirmation"),
        ({"value": "CZ", "status": "certain"}, "Input should be"),
        ({"source": "profile"}, "a blank fact has no value"),
    ],
)
def test_a_status_that_does_not_fit_is_refused(content, words) -> None:
    with pytest.raises(ValidationError, match=words):
        Fact[Country].model_validate(content)


def test_facts_are_found_with_their_paths_in_the_order_of_the_fields(example) -> None:
    paths = [path for path, _ in facts(example)]
    assert paths[:2] == ["project.programme", "project.call"]
    assert "parties[0].acts_for.members[4].country" in paths
    assert "contacts[1].email" in paths
    assert len(paths) == len(set(paths))
    assert {path for path, _ in open_facts(example)} < set(paths)


def test_confirming_changes_the_status_of_the_named_facts_only(example) -> None:
    after = confirm(example, ["law.country", "term.end"], NOW)
    before, now = dict(facts(example)), dict(facts(after))
    assert {path for path in now if now[path] != before[path]} == {"law.country", "term.end"}
    for path in ("law.country", "term.end"):
        assert now[path].status is Status.CONFIRMED
        assert now[path].confirmation == NOW
        assert (now[path].value, now[path].source) == (before[path].value, before[path].source)
    assert example == read_data(data_bytes(example))
    assert data_bytes(after) != data_bytes(example)


def test_confirming_everything_leaves_nothing_open_and_reads_back(example) -> None:
    after = confirm(example, [path for path, _ in open_facts(example)], NOW)
    assert open_facts(after) == ()
    assert read_data(data_bytes(after)) == after


def test_a_confirmed_conflict_keeps_what_each_source_says(example) -> None:
    path = "parties[0].acts_for.announced_countries"
    after = dict(facts(confirm(example, [path], NOW)))[path]
    assert after.value == 4
    assert len(after.claims) == 2


def test_naming_a_fact_twice_confirms_it_once(example) -> None:
    assert confirm(example, ["law.country", "law.country"], NOW) == confirm(example, ["law.country"], NOW)


def test_what_cannot_be_confirmed_is_listed_at_once(data, parse) -> None:
    data["law"]["country"] = {"status": "blank"}
    document = parse(data)
    with pytest.raises(InputError, match="cannot be confirmed") as caught:
        confirm(document, ["law.country", "law.contry", "project.call", "term.end", "title"], NOW)
    messages = {fault.path: fault for fault in caught.value.faults}
    assert messages.keys() == {"law.country", "law.contry", "project.call", "title"}
    assert "is blank: fill it in" in messages["law.country"].message
    assert messages["law.contry"].message == "there is no such fact"
    assert messages["law.contry"].proposal == "law.country"
    assert messages["project.call"].message == "is stated already"


def test_a_fact_is_confirmed_once(example) -> None:
    after = confirm(example, ["term.end"], NOW)
    with pytest.raises(InputError, match="is confirmed already"):
        confirm(after, ["term.end"], NOW)


def test_confirming_nothing_is_refused(example) -> None:
    with pytest.raises(InputError, match="no fact was named"):
        confirm(example, [], NOW)


def test_a_confirmation_needs_an_instant_with_its_zone() -> None:
    with pytest.raises(ValidationError, match="timezone"):
        Confirmation.model_validate({"at": "2026-01-01T00:00:00", "basis": "x"})
