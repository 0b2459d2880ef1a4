from __future__ import annotations

import io
import os
import re
import zipfile
from datetime import timedelta

import pytest

from flows import commands
from flows.adoption import adopt_template
from flows.template_acts import TemplateFile, template_lines
from schemas import events as ev
from schemas.errors import NotAuthorised, Refused
from schemas.evidence import digest_of
from schemas.loader import load_document
from templates.catalog import load_template
from tests.flows.test_adoption import SENTENCE, template_with
from tests.installation import EXAMPLE, MANAGER
from tests.portal.kit import ADMINISTRATOR, text_of

NEW = "/administration/templates/new"


@pytest.fixture
def portal(portal_at):
    return portal_at("in review")


@pytest.fixture
def administrator(portal):
    return portal.as_("administrator")


def path_of(docx, edition="en"):
    return f"/administration/templates/mou/{edition}/{digest_of(docx)}"


def upload(visitor, docx, *, document_type="mou", edition="en", name="memorandum.docx"):
    fields = {"document_type": document_type, "edition": edition}
    return visitor.post(NEW, fields, shown_on=NEW, files={"file": (name, docx)})


def recorded(portal):
    return [
        one.entry.event
        for one in portal.house.ledger.installation_entries()
        if isinstance(one.entry.event, ev.TemplateAdopted | ev.TemplateRetired)
    ]


def another(portal):
    """Request a document that differs from the one of the snapshot."""
    newer = load_document(EXAMPLE).model_copy(update={"notice_days": 61 + portal.house.ledger.size})
    return commands.request(portal.house, newer, by=MANAGER).state


def test_the_list_says_what_is_in_force_and_what_was_made_from_it(portal, administrator):
    packaged = load_template("mou", "en")
    line = next(one for one in template_lines(portal.house) if one.file.docx == packaged.digest)
    assert (line.own, line.newest, line.used, line.retired) == (False, True, 1, False)
    page = administrator.get("/administration/templates").text
    assert f'href="{path_of(packaged.docx)}"' in page
    assert "In force" in text_of(page)


def test_an_uploaded_file_is_checked_then_adopted_and_stands_in_the_ledger(portal, administrator):
    docx = template_with(SENTENCE)
    answer = upload(administrator, docx)
    assert (answer.status_code, answer.headers["location"]) == (303, path_of(docx))
    page = text_of(administrator.get(path_of(docx)).text)
    assert "Not adopted" in page
    assert "Sound" in page
    assert recorded(portal) == []
    answer = administrator.post(f"{path_of(docx)}/adopt", shown_on=f"{path_of(docx)}/adopt")
    assert answer.headers["location"] == path_of(docx)
    page = text_of(administrator.get(path_of(docx)).text)
    assert "Adopted: it is version 2 from now on." in page
    assert "Administrator," in page
    [event] = recorded(portal)
    assert (event.document_type, event.edition, event.version, event.docx) == ("mou", "en", 2, digest_of(docx))
    assert portal.house.store.get(f"work/v1/INSTALLATION/{event.docx}.docx") == docx
    assert another(portal).template_version == 2
    administrator.post(f"{path_of(docx)}/adopt", shown_on=f"{path_of(docx)}/adopt")
    assert len(recorded(portal)) == 1
    assert "adopted version 2 of the template mou, en" in administrator.get("/administration/acts").text


def test_a_faulty_template_is_shown_with_every_fault_and_cannot_be_adopted(portal, administrator):
    docx = template_with("{{ purposse }}")
    upload(administrator, docx)
    page = administrator.get(path_of(docx)).text
    assert "1 fault" in text_of(page)
    assert "purposse" in page
    assert "/adopt" not in page
    answer = administrator.post(f"{path_of(docx)}/adopt", shown_on=NEW)
    assert answer.status_code == 422
    assert "There is a problem" in answer.text
    assert administrator.get(f"{path_of(docx)}/preview").status_code == 422
    assert recorded(portal) == []


def packed(**members):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


@pytest.mark.parametrize(
    "content",
    [b"this is no Word file", packed(bomb=bytes(60_000_000)), packed(word="<!DOCTYPE x SYSTEM 'file:///etc/passwd'>")],
    ids=["text", "bomb", "no document"],
)
def test_what_is_no_word_file_is_refused_before_it_is_read(portal, administrator, content):
    answer = upload(administrator, content)
    assert answer.status_code == 422
    assert "There is a problem" in answer.text
    assert 'value="mou" selected' in answer.text
    assert not list((portal.house.home / "cache" / "templates").glob("*"))


@pytest.mark.parametrize(
    ("field", "value"),
    [("document_type", "nothing"), ("edition", "en-en"), ("edition", "../../x"), ("edition", "en-es-it")],
)
def test_a_wrong_field_is_said_beside_it(administrator, field, value):
    answer = upload(administrator, template_with(SENTENCE), **{field: value})
    assert answer.status_code == 422
    assert f'id="{field}-fault"' in answer.text
    assert f'href="#{field}"' in answer.text


def test_no_file_is_said_beside_the_field(administrator):
    answer = administrator.post(NEW, {"document_type": "mou", "edition": "en"}, shown_on=NEW)
    assert (answer.status_code, 'id="file-fault"' in answer.text) == (422, True)


@pytest.mark.parametrize(
    "path",
    ["mou/en/" + "0" * 64, "mou/en/x", "nothing/en/" + "0" * 64, "mou/xx/" + "0" * 64, "..%2f..%2fkeys/en/ledger.pem"],
    ids=["other", "none", "type", "edition", "outside"],
)
def test_a_file_that_is_not_here_is_not_found(administrator, path):
    assert administrator.get(f"/administration/templates/{path}").status_code == 404


def test_the_word_file_is_handed_out_under_a_safe_name(administrator):
    docx = load_template("mou", "en").docx
    answer = administrator.get(f"{path_of(docx)}/template.docx")
    assert answer.content == docx
    assert re.fullmatch(r'attachment; filename="[a-z0-9.-]+"', answer.headers["content-disposition"])


def test_a_retired_template_makes_nothing_new_until_it_is_adopted_again(portal, administrator):
    docx = load_template("mou", "en").docx
    page = text_of(administrator.get(f"{path_of(docx)}/retire").text)
    assert "nobody can make a new document of this type in this language" in page
    administrator.post(f"{path_of(docx)}/retire", shown_on=f"{path_of(docx)}/retire")
    assert "Retired" in text_of(administrator.get(path_of(docx)).text)
    with pytest.raises(Refused, match="any more"):
        another(portal)
    file = TemplateFile("mou", "en", digest_of(docx))
    assert not commands.retire_template(portal.house, file, by=ADMINISTRATOR)
    # what was begun goes on
    assert commands.confirm_facts(portal.house, portal.agreement, (), basis="minutes", by=MANAGER).changed
    administrator.post(f"{path_of(docx)}/adopt", shown_on=f"{path_of(docx)}/adopt")
    assert another(portal).template_version == 1
    administrator.post(f"{path_of(docx)}/retire", shown_on=f"{path_of(docx)}/retire")
    assert [event.type for event in recorded(portal)] == ["template retired", "template adopted", "template retired"]


def test_the_version_before_takes_the_place_of_a_retired_one(portal):
    docx = template_with(SENTENCE)
    adopt_template(portal.house, docx, document_type="mou", edition="en", by=ADMINISTRATOR)
    assert another(portal).template_version == 2
    commands.retire_template(portal.house, TemplateFile("mou", "en", digest_of(docx)), by=ADMINISTRATOR)
    assert another(portal).template_version == 1


def test_only_an_administrator_retires_and_only_what_is_a_template(portal):
    known = TemplateFile("mou", "en", load_template("mou", "en").digest)
    with pytest.raises(NotAuthorised):
        commands.retire_template(portal.house, known, by=MANAGER)
    with pytest.raises(Refused, match="no such template"):
        commands.retire_template(portal.house, known._replace(docx="0" * 64), by=ADMINISTRATOR)


def test_an_adoption_that_broke_off_is_completed_by_repeating_it(portal, monkeypatch):
    docx = template_with(SENTENCE)
    given = {"document_type": "mou", "edition": "en", "by": ADMINISTRATOR}
    with monkeypatch.context() as patched:
        patched.setattr("flows.adoption.record_adoption", _break_off)
        with pytest.raises(RuntimeError):
            adopt_template(portal.house, docx, **given)
    assert recorded(portal) == []
    assert not adopt_template(portal.house, docx, **given).adopted.new
    assert [event.type for event in recorded(portal)] == ["template adopted"]


def _break_off(*_given, **_more):
    raise RuntimeError


def test_an_upload_waits_for_a_week(portal, administrator):
    first, second = template_with(SENTENCE), template_with("Another sentence.")
    upload(administrator, first)
    kept = next((portal.house.home / "cache" / "templates").glob("*.docx"))
    long_ago = (portal.clock.now - timedelta(days=8)).timestamp()
    os.utime(kept, (long_ago, long_ago))
    upload(administrator, second)
    assert administrator.get(path_of(first)).status_code == 404
    assert administrator.get(path_of(second)).status_code == 200


@pytest.mark.office
def test_a_preview_shows_every_page_with_sample_data(portal, administrator):
    docx = load_template("mou", "en").docx
    page = administrator.get(f"{path_of(docx)}/preview")
    assert page.status_code == 200
    images = re.findall(r'src="([^"]+/pages/\d+\.png)"', page.text)
    assert len(images) > 2
    for image in (images[0], images[-1]):
        answer = administrator.get(image)
        assert (answer.headers["content-type"], answer.content[:4]) == ("image/png", b"\x89PNG")
    assert administrator.get(f"{path_of(docx)}/pages/99.png").status_code == 404
    assert portal.as_("manager").get(images[0]).status_code == 403
