from __future__ import annotations

import json
import re

import pytest

from flows.act import data_of
from flows.form_drafts import reading_of
from flows.form_starts import example_named, example_of, examples
from portal.form_of import sections_of, texts
from portal.form_types import every_type
from schemas.documents import data_bytes, document_types, model_of
from schemas.field_ids import with_ids
from schemas.fields import document_part, explicit
from tests.installation import EXAMPLE, MANAGER
from tests.portal.filling import fill_in, form_on, typed
from tests.portal.kit import text_of

GSSC = f"gssc/{EXAMPLE.stem}"
TYPES = document_types()


def begun(visitor, document_type="mou", **start):
    fields = {"start": "empty", **start}
    answer = visitor.post(f"/documents/new/type/{document_type}", fields, shown_on="/documents/new")
    assert answer.status_code == 303, text_of(answer.text)
    return answer.headers["location"]


def form_at(portal, base):
    owner = portal.house.people.get(MANAGER).commitment
    return portal.house.form_drafts.find(base.rpartition("/")[2], owner)


def test_every_type_is_offered_with_its_purpose_and_who_signs_and_approves(portal_at):
    page = text_of(portal_at("requested").as_("manager").get("/documents/new").text)
    assert {one.name for one in every_type()} == set(TYPES)
    for one in every_type():
        assert one.purpose
        assert f"{one.kind} {one.purpose} {one.signed} {one.approved}" in page


@pytest.mark.parametrize("document_type", TYPES)
def test_every_field_of_a_type_stands_on_one_page(document_type):
    fields = [name for name in model_of(document_type).model_fields if name != "type"]
    shown = [part.name for section in sections_of(document_type) for part in section.parts]
    assert len(shown) == len(set(shown))
    assert set(fields) - set(shown) <= {"language"}
    assert all(part.meaning for section in sections_of(document_type) for part in section.parts)
    assert {section.title for section in sections_of(document_type)} <= texts()


@pytest.mark.parametrize("document_type", TYPES)
def test_pages_post_what_they_show_and_change_nothing_by_it(portal_at, document_type):
    portal = portal_at("requested")
    manager, name = portal.as_("manager"), examples()[document_type][0]
    base = begun(manager, document_type, start=f"example:{name}")
    before = form_at(portal, base)
    for section in sections_of(document_type):
        fields, _ = form_on(manager.get(f"{base}/{section.key}").text)
        answer = manager.client.post(f"{base}/{section.key}", data={**fields, "act": "next"})
        assert answer.status_code == 303, text_of(answer.text)
    after = form_at(portal, base)
    read = reading_of(after)
    assert read.faults == ()
    assert data_bytes(read.document) == data_bytes(reading_of(before).document)
    assert text_of(manager.get(base).text).count("complete") >= len(sections_of(document_type))


def test_a_memorandum_is_made_from_an_empty_form_by_hand(portal_at):
    portal = portal_at("requested")
    manager = portal.as_("manager")
    wanted = example_named(GSSC) | {"title": "Memorandum made by hand"}
    content = explicit(document_part(model_of("mou")), wanted)
    base = begun(manager)
    following = manager.get(base)
    assert "1 of 10 sections are complete" in text_of(following.text)
    address = f"{base}/document"
    while not address.endswith("/review"):
        section = next(one for one in sections_of("mou") if address.endswith(f"/{one.key}"))
        names = [part.name for part in section.parts if part.name in content]
        answer = fill_in(manager, address, typed({name: content[name] for name in names}))
        assert answer.status_code == 303, text_of(answer.text)
        address = answer.headers["location"]
    review = manager.get(address)
    assert "26 facts are still to be confirmed" in text_of(review.text)
    assert "There is a problem" not in review.text
    made = [manager.client.post(f"{base}/create", data=form_on(review.text, "create")[0]) for _ in range(2)]
    assert [answer.status_code for answer in made] == [303, 303]
    assert {answer.headers["location"] for answer in made} == {made[0].headers["location"]}
    agreement = made[0].headers["location"].rpartition("/")[2]
    state = portal.house.ledger.state(agreement)
    assert (state.title, state.draft) == ("Memorandum made by hand", 1)
    assert data_bytes(data_of(portal.house, state.data)) == data_bytes(model_of("mou").model_validate(wanted))
    # the back button leads on to what was made, and the form holds nothing any more
    assert manager.get(f"{base}/parties").headers["location"] == f"/documents/{agreement}"
    assert form_at(portal, base).document == {}
    assert base not in manager.get("/documents/new").text


def test_the_same_document_once_more_is_not_made_and_the_form_stays(portal_at):
    portal = portal_at("requested")
    manager = portal.as_("manager")
    base = begun(manager, start=f"example:{GSSC}")
    answer = manager.client.post(f"{base}/create", data=form_on(manager.get(f"{base}/review").text, "create")[0])
    assert answer.status_code == 409
    assert f"This document exists already {portal.agreement} · Draft 1 · Requested" in text_of(answer.text)
    assert form_at(portal, base).document["title"]
    # another one is made; the same form sent once more claims no new act
    fields, _ = form_on(manager.get(f"{base}/document").text)
    manager.client.post(f"{base}/document", data={**fields, "title": "Another one", "act": "next"})
    sent = form_on(manager.get(f"{base}/review").text, "create")[0]
    made = [manager.client.post(f"{base}/create", data=sent).headers["location"] for _ in range(2)]
    agreement = made[0].rpartition("/")[2]
    assert made == [f"/documents/{agreement}"] * 2
    assert agreement != portal.agreement
    assert f"You sent this form before, for draft 1 of {agreement}." in text_of(manager.get(made[1]).text)


def test_two_windows_on_one_section_lose_nothing(portal_at):
    portal = portal_at("requested")
    manager = portal.as_("manager")
    base = begun(manager, start=f"example:{GSSC}")
    address = f"{base}/terms"
    opened, _ = form_on(manager.get(address).text)

    def save(fields, **typed):
        return manager.client.post(address, data={**fields, **typed, "act": "next"})

    assert save(opened, notice_days="41").status_code == 303
    assert save(opened, **{"law.settlement": "By talks."}).status_code == 303
    kept = form_at(portal, base).document
    assert (kept["notice_days"], kept["law"]["settlement"]) == (41, "By talks.")
    # the same field in both: both values are shown, and the other window's stays until it is saved once more
    again = save(opened, notice_days="42")
    assert again.status_code == 409
    assert "Saved in another window as: 41" in text_of(again.text)
    assert "What you typed is saved" not in again.text
    assert form_at(portal, base).document == kept
    fields, _ = form_on(again.text)
    assert (fields["notice_days"], fields["law.settlement"]) == (["42"], ["By talks."])
    assert save(fields).status_code == 303
    assert form_at(portal, base).document == kept | {"notice_days": 42}


def test_texts_typed_before_another_window_took_a_second_language_stay(portal_at):
    portal = portal_at("requested")
    manager = portal.as_("manager")
    base = begun(manager, start=f"example:{GSSC}")
    fields, _ = form_on(manager.get(f"{base}/terms").text)
    first, _ = form_on(manager.get(f"{base}/document").text)
    manager.client.post(f"{base}/document", data={**first, "second_language": "es", "act": "next"})
    manager.client.post(f"{base}/terms", data={**fields, "law.settlement": "By talks.", "act": "next"})
    assert form_at(portal, base).document["law"]["settlement"] == "By talks."


@pytest.mark.parametrize("opened", ["[" * 100_000, "[]", "{", '"x"'])
def test_a_form_that_does_not_say_what_it_showed_is_refused(portal_at, opened):
    portal = portal_at("requested")
    manager = portal.as_("manager")
    base = begun(manager)
    fields, _ = form_on(manager.get(f"{base}/terms").text)
    assert manager.client.post(f"{base}/terms", data={**fields, "opened": opened, "act": "next"}).status_code == 422


def test_what_was_typed_is_kept_however_wrong_it_is(portal_at):
    portal = portal_at("requested")
    manager = portal.as_("manager")
    base = begun(manager)
    fields, _ = form_on(manager.get(f"{base}/terms").text)
    wrong = {"notice_days": "a month", "term.start.value": "27 April 2021", "law.settlement": "By talks <b>only</b>."}
    answer = manager.client.post(f"{base}/terms", data={**fields, **wrong, "act": "next"})
    assert answer.status_code == 422
    for page in (answer.text, manager.get(f"{base}/terms").text):
        assert {name: form_on(page)[0][name] for name in wrong} == {name: [text] for name, text in wrong.items()}
        assert "By talks &lt;b&gt;only&lt;/b&gt;." in page
        assert 'href="#notice_days"' in page
        assert re.search(
            r'id="notice_days"[^>]*aria-describedby="[^"]*notice_days-fault"[^>]*aria-invalid="true"', page
        )
        assert "Did you mean 2021-04-27?" in page
    # what is missing on other pages is no fault of this one
    assert "Project: missing" not in text_of(answer.text)
    overview = text_of(manager.get(base).text)
    assert "Terms 8 problems" in overview
    assert "Project not begun" in overview
    review = manager.get(f"{base}/review")
    assert f'href="{base}/terms#notice_days"' in review.text
    assert f'href="{base}/project#project"' in review.text
    assert f'action="{base}/create"' not in review.text
    assert manager.post(f"{base}/create", shown_on=base + "/discard").status_code == 422


def test_rows_come_and_go_by_plain_buttons_and_take_nothing_with_them(portal_at):
    portal = portal_at("requested")
    manager = portal.as_("manager")
    base = begun(manager)
    address = f"{base}/parties"
    fields, buttons = form_on(manager.get(address).text)
    assert fields["parties#"] == ["2"]
    assert buttons[0] == "stay"  # what the Enter key presses
    fields |= {
        "parties[0].short_name": "First",
        "parties[1].short_name": "Second",
        "parties[1].country.value": "nowhere",
    }
    added = manager.client.post(address, data={**fields, "act": "add:parties"})
    assert added.headers["location"].endswith("#parties[2]")
    fields, _ = form_on(manager.get(address).text)
    assert fields["parties#"] == ["3"]
    fields |= {"parties[2].short_name": "Third"}
    manager.client.post(address, data={**fields, "act": "remove:parties[0]"})
    fields, _ = form_on(manager.get(address).text)
    assert [fields[f"parties[{index}].short_name"] for index in range(2)] == [["Second"], ["Third"]]
    assert fields["parties[0].country.value"] == ["nowhere"]
    # ids are made from names, and others choose by them
    assert fields["parties[0].id"] == ["second"]
    signing = manager.get(f"{base}/signatories").text
    assert '<option value="third">Third</option>' in signing


@pytest.mark.parametrize(
    "act",
    ["add:parties[9].nothing", "add:signatories", "remove:parties[77]", "remove:x", "go:home", "",
     "remove:parties[\u00b2]", "add:parties[", "add:parties[99999].roles"],
)  # fmt: skip
def test_an_odd_button_changes_nothing_it_should_not(portal_at, act):
    portal = portal_at("requested")
    manager = portal.as_("manager")
    base = begun(manager, start=f"example:{GSSC}")
    fields, _ = form_on(manager.get(f"{base}/parties").text)
    answer = manager.client.post(f"{base}/parties", data={**fields, "act": act})
    assert answer.status_code in {303, 404}
    assert reading_of(form_at(portal, base)).faults == ()


def test_two_languages_have_a_box_each(portal_at):
    portal = portal_at("requested")
    manager = portal.as_("manager")
    base = begun(manager)
    fill_in(manager, f"{base}/document", {"language": ["en"], "second_language": ["pt"], "prevailing": ["both"]})
    fields, _ = form_on(manager.get(f"{base}/text").text)
    assert {"purpose.en", "purpose.pt", "background[0].en", "background[0].pt"} <= fields.keys()
    manager.client.post(f"{base}/text", data={**fields, "purpose.en": "To trade", "purpose.pt": "Fazer comércio"})
    assert form_at(portal, base).document["purpose"] == {"en": "To trade", "pt": "Fazer comércio"}


def test_paragraphs_pasted_into_one_box_become_entries_of_their_own(portal_at):
    portal = portal_at("requested")
    manager = portal.as_("manager")
    base = begun(manager)
    fields, _ = form_on(manager.get(f"{base}/text").text)
    pasted = "First of\r\nthem.\r\n\r\nSecond."
    manager.client.post(f"{base}/text", data={**fields, "background[0]": pasted, "act": "stay"})
    assert form_at(portal, base).document["background"] == ["First of them.", "Second."]


def test_a_form_begins_with_a_previous_document(portal_at):
    portal = portal_at("requested")
    manager = portal.as_("manager")
    everything = form_at(portal, begun(manager, start="previous", document=portal.agreement.lower()))
    data = data_of(portal.house, portal.house.ledger.state(portal.agreement).data)
    assert data_bytes(reading_of(everything).document) == data_bytes(data)
    project = form_at(portal, begun(manager, "roadmap", start="project", document=portal.agreement))
    assert set(project.document) == {"type", "project", "parties"}
    assert [party["id"] for party in project.document["parties"]] == ["gssc", "ccvcc"]
    fields = {"start": "previous", "document": "MOU-2026-9999"}
    refused = manager.post("/documents/new/type/mou", fields, shown_on="/documents/new")
    assert refused.status_code == 422
    assert "There is no document with this id that you may read." in refused.text
    assert 'value="MOU-2026-9999"' in refused.text


def test_a_copy_is_confirmed_by_nobody(portal_at):
    portal = portal_at("confirmed")
    form = form_at(portal, begun(portal.as_("manager"), start="previous", document=portal.agreement))
    assert '"confirmed"' not in json.dumps(form.document)
    assert form.document["parties"][0]["legal_name"]["status"] == "assumed"


def test_forms_are_their_owners_alone(portal_at):
    portal = portal_at("requested")
    from flows.commands import add_person

    add_person(portal.house, "other@example.org", name="Other manager", roles=("manager",))
    base, other = begun(portal.as_("manager")), portal.as_("other@example.org")
    for path in (base, f"{base}/parties", f"{base}/review", f"{base}/discard"):
        assert other.get(path).status_code == 404
    for path in (f"{base}/parties", f"{base}/create", f"{base}/discard", f"{base}/rebase"):
        assert other.post(path, {"draft": "1"}, shown_on="/documents/new").status_code == 404
    assert base not in other.get("/documents/new").text
    for role in ("reviewer", "signatory", "auditor", "administrator"):
        assert portal.as_(role).get(base).status_code == 403


def test_a_form_is_thrown_away_on_its_own_page(portal_at):
    portal = portal_at("requested")
    manager = portal.as_("manager")
    base = begun(manager)
    assert "cannot be brought back" in manager.get(f"{base}/discard").text
    assert manager.post(f"{base}/discard", shown_on=f"{base}/discard").headers["location"] == "/documents/new"
    assert manager.get(base).status_code == 404


def test_an_id_is_made_only_where_none_was_given():
    part = document_part(model_of("mou"))
    rows = [{"short_name": "Česká komora"}, {"id": "kept", "short_name": "X"}, {"short_name": "Česká komora"}, {}]
    content = with_ids(part, {"parties": rows, "signatories": [{"party": "kept", "email": "a@example.org"}]})
    assert [row.get("id") for row in content["parties"]] == ["ceska-komora", "kept", "ceska-komora-2", None]
    assert content["signatories"][0]["id"] == "for-kept"
    objectives = with_ids(part, {"project": {"objectives": [{"text": "One"}, {"id": "O1", "text": "Two"}]}})
    assert [row["id"] for row in objectives["project"]["objectives"]] == ["O2", "O1"]


def test_an_unknown_page_of_a_form_is_not_found(portal_at):
    manager = portal_at("requested").as_("manager")
    base = begun(manager)
    assert manager.get(f"{base}/nothing").status_code == 404
    assert manager.get("/documents/new/type/nothing").status_code == 404
    assert manager.get("/documents/new/0123456789abcdef").status_code == 404
    assert example_of("nothing") == {}


def test_an_uploaded_file_begins_a_form_with_its_faults_beside_the_fields(portal_at):
    portal = portal_at("requested")
    manager = portal.as_("manager")
    text = EXAMPLE.read_bytes().replace(b"notice_days: 30", b"notice_days: soon")
    answer = manager.post(
        "/documents/new/import", {"type": ""}, shown_on="/documents/new", files={"file": ("data.yaml", text)}
    )
    assert answer.status_code == 303, text_of(answer.text)
    assert "The file was read" in manager.get(answer.headers["location"]).text
    assert "Terms 1 problem" in text_of(manager.get(answer.headers["location"]).text)
    assert form_on(manager.get(answer.headers["location"] + "/terms").text)[0]["notice_days"] == ["soon"]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"file": ("data.yaml", b"type: mou\nnothing: 1\n")}, "nothing: is not a field here"),
        ({"file": ("data.exe", b"MZ")}, "this kind of file is not read"),
        ({"file": ("data.yaml", b"#" * (5 * 1024 * 1024 + 1))}, "the file is too large"),
        ({}, "no file was chosen"),
    ],
    ids=["field", "kind", "size", "none"],
)
def test_a_file_that_cannot_be_read_is_refused_on_the_page(portal_at, files, said):
    portal = portal_at("requested")
    manager = portal.as_("manager")
    answer = manager.post("/documents/new/import", shown_on="/documents/new", files=files)
    assert answer.status_code == 422
    assert said in text_of(answer.text)
    assert portal.house.form_drafts.of_owner(portal.house.people.get(MANAGER).commitment) == ()


def test_pages_stay_light_however_many_countries_they_ask_for(portal_at):
    portal = portal_at("requested")
    manager = portal.as_("manager")
    base = begun(manager, start=f"example:{GSSC}")
    page = manager.get(f"{base}/parties").text
    assert page.count('list="countries"') == 8
    assert page.count("<datalist") == 1
    assert len(page.encode()) < 150_000
