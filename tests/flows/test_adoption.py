from __future__ import annotations

import functools
import io

import docx
import pytest

from flows import commands
from flows.act import data_of
from flows.adoption import FIRST, adopt_template
from flows.draft import draft
from flows.redlines import against_template
from flows.texts import kept_text
from flows.wiring import Installation
from schemas.errors import InputError, NotAuthorised
from schemas.evidence import AgreementId
from templates.catalog import FOLDER, load_template, versions_of
from templates.word_file import read_word_file
from tests.installation import MANAGER
from tests.templates.redlines.revisions import accepted, rejected, written

ADMINISTRATOR = "administrator@example.org"
SENTENCE = "The Parties meet once a year."


@functools.cache
def template_with(text: str) -> bytes:
    """Return the template of the memorandum with a paragraph before its clauses, as a word processor saves it."""
    word = docx.Document(io.BytesIO(load_template("mou", "en", 1).docx))
    place = next(one for one in word.paragraphs if one.text == '{{p put("publicity") }}')
    place.insert_paragraph_before(text, style="Body Text")
    target = io.BytesIO()
    word.save(target)
    return target.getvalue()


def adopted(house: Installation, text: str = SENTENCE, by: str = ADMINISTRATOR):
    commands.add_person(house, ADMINISTRATOR, name="Administrator", roles=("administrator",))
    return adopt_template(house, template_with(text), document_type="mou", edition="en", by=by)


def lines(house: Installation, agreement: AgreementId, number: int) -> tuple[str, ...]:
    return read_word_file(kept_text(house, agreement, number)).paragraphs


def test_only_an_administrator_adopts(house):
    with pytest.raises(NotAuthorised):
        adopted(house, by=MANAGER)
    assert versions_of("mou", folders=house.template_folders) == versions_of("mou")


def test_an_adopted_template_lies_in_the_home_and_is_the_next_version(house):
    found = adopted(house)
    assert found.adopted.new
    assert (house.home / "templates" / "mou" / "v2" / "en.docx").read_bytes() == template_with(SENTENCE)
    assert not (FOLDER / "mou" / "v2").exists()
    assert found.told
    assert any(line.startswith("differs from version 1 in: ") for line in found.told)
    again = adopted(house)
    assert (again.adopted.new, again.adopted.template) == (False, found.adopted.template)


def test_the_redline_against_the_version_before_is_a_page_or_a_word_file(house):
    found = adopted(house, "The Parties & their <friends> meet.")
    page = found.redline(".html", now=house.clock()).decode()
    assert "<ins>The Parties &amp; their &lt;friends&gt; meet.</ins>" in page
    word = found.redline(".docx", now=house.clock())
    assert accepted(word) == written(found.adopted.template.docx)
    assert rejected(word) == written(load_template("mou", "en", 1).docx)
    with pytest.raises(InputError, match="a page or a Word file"):
        found.redline(".pdf", now=house.clock())


def test_an_edition_that_was_not_there_has_no_redline(house):
    commands.add_person(house, ADMINISTRATOR, name="Administrator", roles=("administrator",))
    docx_file = load_template("mou", "en-pt").docx
    found = adopt_template(house, docx_file, document_type="mou", edition="it-pt", by=ADMINISTRATOR)
    assert list(found.told) == [*(str(warning) for warning in found.adopted.warnings), FIRST]
    assert found.redline(".html", now=house.clock()) is None


@pytest.mark.parametrize("text", ["{{ purposse }}", "[insert]"])
def test_a_faulty_template_is_refused_and_nothing_is_written(house, text):
    with pytest.raises(InputError):
        adopted(house, text)
    assert not (house.home / "templates").exists()


@pytest.mark.office
def test_a_new_agreement_takes_the_adopted_version_and_an_old_one_keeps_its_own(at, agreement):
    house = at("in review")
    adopted(house)
    newer = data_of(house, house.ledger.state(agreement).data).model_copy(update={"notice_days": 61})
    second = AgreementId(commands.request(house, newer, by=MANAGER).state.agreement)
    draft(house, second, 1)
    assert house.ledger.state(second).template_version == 2
    assert SENTENCE in lines(house, second, 1)
    assert against_template(house, second).before_label == "template mou, version 2"
    commands.confirm_facts(house, agreement, (), basis="minutes", by=MANAGER)
    draft(house, agreement, 2)
    assert house.ledger.state(agreement).template_version == 1
    assert SENTENCE not in lines(house, agreement, 2)
