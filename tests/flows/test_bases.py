"""What became of a document's parties; its words are held against real drafts in test_pins."""

from __future__ import annotations

import copy

import pytest

from flows.bases import Base, Change, other_parties
from schemas.documents import Document
from schemas.loader import load_document
from schemas.party import Party
from schemas.state import AgreementState
from tests.installation import EXAMPLE

NAMES = ("First", "Second", "Third")


def state(agreement: str) -> AgreementState:
    return AgreementState.model_construct(agreement=agreement)


def example(name: str) -> Document:
    return load_document(EXAMPLE.parents[1] / f"{name}.yaml")


@pytest.fixture(scope="module")
def memorandum() -> Document:
    """A document between three parties; nothing else of it matters here."""
    document = load_document(EXAMPLE)
    return document.model_copy(update={"parties": named(document, NAMES)})


def named(like: Document, names: tuple[str, ...]) -> tuple[Party, ...]:
    """Parties with these names and ids, otherwise like one of the document."""
    one = like.parties[1].model_dump(mode="json")
    return tuple(
        Party.model_validate(one | {"id": name.casefold(), "legal_name": {"value": name}, "short_name": name})
        for name in names
    )


def notice(sender: str, *names: str) -> Document:
    document = example("gssc/termination-mou-notice")
    return document.model_copy(update={"parties": named(document, names), "sender": sender.casefold()})


def base(memorandum: Document, *changes: Document) -> Base:
    numbered = (Change(state(f"CHG-{number}"), change) for number, change in enumerate(changes, 1))
    return Base(state("MOU-1"), memorandum, tuple(numbered))


def test_a_notice_of_one_of_three_parties_changes_the_base_and_does_not_end_it(memorandum):
    changed = base(memorandum, notice("Third", *NAMES))
    assert changed.parties == ("First", "Second")
    assert (changed.ended_by, changed.changed_by) == (None, ("CHG-1",))


def test_the_notice_that_leaves_one_party_ends_the_base(memorandum):
    ended = base(memorandum, notice("Third", *NAMES), notice("First", "First", "Second"))
    assert (ended.parties, ended.ended_by) == (("Second",), "CHG-2")


def test_a_party_that_joined_is_one_of_the_parties(memorandum):
    document = example("c2future/accession-four-clusters")
    joined = {party.legal_name.value or party.id for party in document.joining}
    assert len(joined) == 4
    assert set(base(memorandum, document).parties) == {*NAMES, *joined}
    assert base(memorandum, document, notice("First", *NAMES), notice("Second", *NAMES)).ended_by is None


def test_a_successor_takes_the_place_of_the_base_and_does_not_change_it(memorandum):
    pin = copy.deepcopy(example("gssc/termination-mou-notice").model_dump(mode="json")["base"])
    data = load_document(EXAMPLE).model_dump(mode="json")
    successor = type(memorandum).model_validate(data | {"supersedes": pin | {"agreement": {"value": "MOU-1"}}})
    taken = base(memorandum, successor)
    assert (taken.superseded_by, taken.changed_by) == ("CHG-1", ())


@pytest.mark.parametrize(
    ("names", "paths"),
    [
        (NAMES, []),
        (("First", "Second"), ["parties"]),
        (("First", "Second", "Fourth"), ["parties[2].legal_name"]),
        ((*NAMES, "Fourth"), ["parties[3].legal_name"]),
    ],
    ids=["same", "one missing", "another name", "one more"],
)
def test_what_alters_a_base_has_its_parties(names, paths, memorandum):
    faults = other_parties(notice("First", *names), base(memorandum))
    assert [fault.path for fault in faults] == paths


def test_those_who_join_are_no_strangers(memorandum):
    document = example("c2future/accession-four-clusters")
    joining = document.model_copy(update={"parties": (*named(document, NAMES), *document.joining)})
    assert list(other_parties(joining, base(memorandum))) == []
