from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from archive.database import open_database, writing
from archive.form_drafts import FormDraft, FormDrafts
from archive.people import People
from archive.personal import erase_person
from schemas.people import Role

NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)
OWNER, OTHER = "a" * 64, "b" * 64


@pytest.fixture
def forms(tmp_path):
    engine = open_database(f"sqlite:///{tmp_path / 'forms.sqlite'}")
    yield FormDrafts(engine)
    engine.dispose()


def form(name="one", owner=OWNER, at=NOW, **more):
    fields = {"id": name, "owner": owner, "document_type": "mou", "document": {"type": "mou"}, "updated_at": at}
    return FormDraft.model_validate(fields | more)


def test_a_form_comes_back_as_it_was_kept(forms):
    kept = form(document={"type": "mou", "title": "Češi \U0001f600 & <b>", "parties": [{}, ""]}, sections=("parties",))
    forms.begin(kept)
    assert forms.find("one", OWNER) == kept
    assert forms.find("one", OTHER) is None
    assert forms.of_owner(OTHER) == ()


def test_unfinished_forms_come_the_newest_first_and_made_ones_not_at_all(forms):
    for number in range(3):
        forms.begin(form(f"form{number}", at=NOW + timedelta(minutes=number), made=number == 1))
    assert [one.id for one in forms.of_owner(OWNER)] == ["form2", "form0"]


def test_two_changes_at_once_are_both_kept(forms):
    forms.begin(form())

    def put(number):
        def change(now):
            return now.model_copy(update={"document": {**now.document, f"field{number}": number}})

        return forms.change("one", OWNER, change)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(put, range(12)))
    assert set(forms.find("one", OWNER).document) == {"type", *(f"field{number}" for number in range(12))}
    assert forms.change("one", OTHER, lambda now: now) is None


def test_forms_are_forgotten_one_by_one_or_when_nobody_touched_them(forms):
    forms.begin(form("old", at=NOW - timedelta(days=200)))
    forms.begin(form("new"))
    forms.begin(form("gone"))
    forms.forget("gone", OTHER)
    assert forms.find("gone", OWNER) is not None
    forms.forget("gone", OWNER)
    assert forms.forget_older(NOW - timedelta(days=180)) == 1
    assert [one.id for one in forms.of_owner(OWNER)] == ["new"]


def test_whoever_is_erased_leaves_no_form(tmp_path):
    engine = open_database(f"sqlite:///{tmp_path / 'forms.sqlite'}")
    person = People(engine).add("manager@example.org", "Manager", [Role.MANAGER])
    forms = FormDrafts(engine)
    forms.begin(form("theirs", owner=person.commitment))
    forms.begin(form("another's", owner=OTHER))
    with writing(engine) as connection:
        erase_person(connection, "manager@example.org")
    assert forms.of_owner(person.commitment) == ()
    assert [one.id for one in forms.of_owner(OTHER)] == ["another's"]
    engine.dispose()
