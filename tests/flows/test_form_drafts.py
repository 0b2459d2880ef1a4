from __future__ import annotations

from datetime import timedelta

import pytest

from flows import form_drafts
from flows.form_starts import content_of, example_named, examples, plain, taken_over
from schemas.documents import data_bytes, document_types, model_of
from schemas.errors import InputError, Refused
from schemas.fact import facts
from tests.installation import MANAGER, Clock, Installation, Settings, people

GSSC = "gssc/mou-czech-cape-verdean-chamber"


@pytest.fixture
def house(tmp_path):
    house = Installation(Settings(home=tmp_path / "home"), clock=Clock())
    people(house)
    yield house
    house.close()


def begin(house, document=None, **more):
    return form_drafts.begin(house, house.people.get(MANAGER), "mou", document or {}, **more)


def test_a_form_begun_again_with_the_same_key_and_data_is_the_first_one(house):
    first = begin(house, {"title": "A"}, key="one page")
    form_drafts.save(house, first, {"title": "B"})
    assert begin(house, {"title": "A"}, key="one page").document["title"] == "B"
    assert begin(house, {"title": "C"}, key="one page").id != first.id
    assert begin(house, {"title": "A"}, key="another page").id != first.id
    assert begin(house, {"title": "A"}).id != begin(house, {"title": "A"}).id


def test_there_is_an_example_of_every_type_to_begin_with():
    assert set(examples()) == set(document_types())
    with pytest.raises(InputError, match="no such example") as error:
        example_named("../../etc/passwd")
    assert GSSC in str(error.value)


def test_a_form_is_read_as_a_file_would_be(house):
    form = begin(house, example_named(GSSC))
    document = form_drafts.reading_of(form).document
    assert document is not None
    assert data_bytes(document) == data_bytes(model_of("mou").model_validate(example_named(GSSC)))
    # bare values became facts, so that faults and fields have one path
    assert form.document["project"]["programme"]["value"] == "COSME"


def test_faults_have_paths_and_no_lines(house):
    form = form_drafts.save(
        house, begin(house), {"notice_days": "soon", "parties": [{"country": {"value": "Atlantis"}}]}
    )
    faults = {fault.path: fault for fault in form_drafts.reading_of(form).faults}
    assert faults["notice_days"].message == "is not a whole number"
    assert faults["parties[0].country.value"].message == "is not a country code"
    assert {fault.line for fault in faults.values()} == {None}


def test_the_last_look_asks_what_the_request_would_ask(house):
    clause = {"id": "own", "heading": "Own", "paragraphs": ["Own text."], "replaces": "no-such-clause"}
    form = begin(house, example_named(GSSC) | {"clauses": [clause]})
    assert form_drafts.reading_of(form).faults == ()
    assert [fault.path for fault in form_drafts.examined(house, form).faults] == ["clauses[0].replaces"]
    over = begin(house, example_named(GSSC) | {"signing": {"sign_by": "2020-01-01"}})
    assert form_drafts.examined(house, over).document is None


def test_saving_takes_fields_out_and_leaves_the_rest(house):
    form = form_drafts.save(house, begin(house, {"title": "A", "purpose": "B"}), {"title": None}, section="document")
    assert (form.document, form.sections) == ({"type": "mou", "purpose": "B"}, ("document",))
    assert form_drafts.title_of(form) == "Memorandum of understanding"


def test_an_incomplete_form_makes_nothing(house):
    with pytest.raises(InputError, match="the form is not complete"):
        form_drafts.finish(house, begin(house), by=MANAGER)
    assert house.register.rows() == ()


def test_a_finished_form_gives_its_agreement_and_nothing_else(house):
    form = begin(house, example_named(GSSC))
    first = form_drafts.finish(house, form, by=MANAGER)
    kept = house.form_drafts.find(form.id, form.owner)
    assert (kept.made, kept.agreement, kept.document) == (True, first.state.agreement, {})
    again = form_drafts.finish(house, kept, by=MANAGER)
    assert (again.state.agreement, again.changed) == (first.state.agreement, False)
    # somebody still types in another window: what is made stays made
    assert form_drafts.save(house, form, {"title": "Late"}).document == {}
    assert form_drafts.unfinished(house, house.people.get(MANAGER)) == ()


def test_forms_nobody_touches_are_deleted_and_there_are_never_too_many(house, monkeypatch):
    old = begin(house)
    house.clock.now += form_drafts.KEPT_FOR + timedelta(days=1)
    begin(house)
    assert house.form_drafts.find(old.id, old.owner) is None
    monkeypatch.setattr(form_drafts, "MOST_FORMS", 1)
    with pytest.raises(Refused, match="too many unfinished forms"):
        begin(house)


def test_another_type_takes_over_project_and_parties_only():
    document = model_of("mou").model_validate(example_named(GSSC))
    assert set(taken_over(document, "roadmap", everything=True)) == {"project", "parties"}
    assert set(taken_over(document, "partnership", everything=False)) == {"project", "parties", "contacts"}
    assert "title" in taken_over(document, "mou", everything=True)
    assert all(fact.confirmation is None for _, fact in facts(document))
    assert model_of("mou").model_validate(content_of(document)) == document


def test_decimal_numbers_of_a_file_stay_what_they_were():
    from decimal import Decimal

    assert plain({"a": [Decimal("222202.62"), True, 3, None]}) == {"a": ["222202.62", True, 3, None]}
