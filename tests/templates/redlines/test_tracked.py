from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from schemas.documents import data_bytes
from schemas.errors import ConversionUnavailable, InputError, TemplateFault
from schemas.evidence import digest_of
from schemas.fact import open_facts
from templates.catalog import load_template
from templates.redlines.tracked import tracked_changes
from templates.render import render
from tests.templates.reading import confirmed, example
from tests.templates.redlines.revisions import W, accepted, rejected, revisions, written

AT = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
MOU = "gssc/mou-czech-cape-verdean-chamber.yaml"
PAIR = "gssc/mou-czech-cape-verdean-chamber-en-pt.yaml"
PARTNERSHIP = "c2future/partnership-agreement.yaml"


@pytest.fixture(scope="module")
def programs(tmp_path_factory) -> Path:
    """One unpacked program for all tests here."""
    return tmp_path_factory.mktemp("programs")


@pytest.fixture
def compared(programs):
    """Compares two Word files as Convenio does."""

    def compare(before: bytes, after: bytes) -> bytes:
        return tracked_changes(before, after, author="Reviewer Ö. <legal>", at=AT, programs=programs)

    return compare


def text_of(document, draft=1, **how):
    """Return a draft as a Word file."""
    return render(
        load_template(document.document_type, document.edition),
        document,
        agreement_id=f"{document.id_prefix}-2026-0001",
        draft=draft,
        data_digest=digest_of(data_bytes(document)),
        **how,
    )


def with_data(document, edit):
    """Return the document with its data edited as JSON."""
    data = document.model_dump(mode="json")
    edit(data)
    return type(document).model_validate(data)


def another_area(data):
    data["areas"].insert(1, {"title": "Water & <waste>", "description": "Networks that lose less than they carry."})


def one_area_less(data):
    del data["areas"][0]


def moved_area(data):
    data["areas"].append(data["areas"].pop(0))


def clause(identifier, heading, *paragraphs, **values):
    """Return a clause as data has it."""
    return {"id": identifier, "heading": heading, "paragraphs": paragraphs, **values}


def clause_added(data):
    data["clauses"].append(clause("visits", "Visits", "Each Party visits the other.", "At its own cost."))


def clause_replaced(data):
    data["clauses"].append(clause("costs", "Shared costs", "The Parties share all costs.", replaces="mou-costs"))


def fallback_chosen(data):
    data["choices"].append({"clause": "confidentiality", "use": "confidentiality-brief"})


def everything(data):
    one_area_less(data)
    clause_added(data)
    fallback_chosen(data)
    data["purpose"] = "Quite another purpose."
    data["contacts"].reverse()


def without_clause(data):
    data["clauses"].clear()
    data["personal_data"] = False


def rows_less(data):
    data["work_packages"] = [data["work_packages"][-1], *data["work_packages"][1:-1]]
    data["agenda"].insert(0, "an entirely new point of the agenda;")


CHANGES = {
    "an area added": (MOU, another_area),
    "an area moved": (MOU, moved_area),
    "a clause added": (MOU, clause_added),
    "a clause replaced": (MOU, clause_replaced),
    "everything": (MOU, everything),
    "two languages": (PAIR, one_area_less),
    "a clause removed": (PARTNERSHIP, without_clause),
    "rows changed": (PARTNERSHIP, rows_less),
}


@pytest.mark.parametrize(("name", "edit"), CHANGES.values(), ids=CHANGES)
def test_accepting_all_gives_the_new_text_and_rejecting_all_the_old(compared, name, edit):
    document = example(name)
    before, after = text_of(document, 1), text_of(with_data(document, edit), 2)
    tracked = compared(before, after)
    assert accepted(tracked) == written(after)
    assert rejected(tracked) == written(before)
    assert revisions(tracked)


def test_confirmed_facts_are_changes_like_all_others(compared):
    document = example(MOU)
    assert open_facts(document)
    before, after = text_of(document, 1), text_of(confirmed(document), 2)
    tracked = compared(before, after)
    assert accepted(tracked) == written(after)
    assert rejected(tracked) == written(before)


def test_every_change_says_who_made_it_and_when_and_the_same_files_give_the_same_bytes(compared):
    before, after = text_of(example(MOU), 1), text_of(with_data(example(MOU), everything), 2, edited=True)
    tracked = compared(before, after)
    found = revisions(tracked)
    assert {change.get(f"{W}author") for change in found} == {"Reviewer Ö. <legal>"}
    assert {change.get(f"{W}date") for change in found} == {"2026-11-22T08:30:00Z"}
    assert compared(before, after) == tracked


def test_equal_texts_have_no_change(compared):
    text = text_of(example(MOU))
    assert revisions(compared(text, text)) == []


def test_a_file_that_is_no_word_document_is_a_fault_of_that_file(compared):
    with pytest.raises(TemplateFault, match="cannot be compared"):
        compared(b"not a zip", text_of(example(MOU)))


def test_a_change_names_its_author(programs):
    with pytest.raises(InputError, match="names its author"):
        tracked_changes(b"", b"", author=" ", at=AT, programs=programs)


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Puts a shell script in the place of the program."""

    def put(script: str) -> None:
        fake = tmp_path / "fake"
        fake.write_text(f"#!/bin/sh\n{script}\n")
        fake.chmod(0o755)
        monkeypatch.setattr("templates.redlines.tracked._unpacked", lambda _: fake)

    return put


def test_a_program_that_does_not_end_in_time_is_unavailable_and_ended(program, programs, tmp_path):
    program(f"(sleep 30; touch {tmp_path}/late) & echo $! > {tmp_path}/child; wait")
    with pytest.raises(ConversionUnavailable, match="not compared in time"):
        tracked_changes(b"", b"", author="A", at=AT, programs=programs, deadline_seconds=0.5)
    child = Path("/proc") / (tmp_path / "child").read_text().strip() / "stat"
    assert not child.exists() or child.read_text().split()[2] in {"Z", "X"}


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("echo it is broken >&2; exit 1", TemplateFault),
        ("exit 0", TemplateFault),
        ("kill -9 $$", ConversionUnavailable),
    ],
)
def test_a_program_that_fails_is_told_in_our_words(program, programs, script, error):
    program(script)
    with pytest.raises(error) as told:
        tracked_changes(b"", b"", author="A", at=AT, programs=programs)
    assert told.value.remedy
    assert "broken" not in script or "it is broken" in str(told.value)


def test_a_place_where_no_program_can_be_unpacked_is_unavailable(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConversionUnavailable, match="cannot be made on this machine"):
        tracked_changes(b"", b"", author="A", at=AT, programs=tmp_path / "file" / "programs")


def test_a_program_that_cannot_be_started_is_unavailable(program, programs, tmp_path):
    program("true")
    (tmp_path / "fake").write_bytes(b"\0\0 no program")
    with pytest.raises(ConversionUnavailable):
        tracked_changes(b"", b"", author="A", at=AT, programs=programs)
