from __future__ import annotations

import pytest

from flows.draft import draft
from flows.redlines import AUTHOR
from flows.settings import Settings
from flows.texts import kept_text
from flows.wiring import Installation
from schemas.evidence import AgreementId
from tests.flows.test_editing import SENTENCE, with_sentence
from tests.installation import MANAGER, REVIEWER, RememberingOffice
from tests.templates.redlines.revisions import W, revisions

pytestmark = pytest.mark.office


@pytest.fixture
def edited_file(home_at, agreement, tmp_path):
    """Makes a home at a point of the way, and a file with the text of its draft, edited by hand."""

    def edit(point: str, number: int, sentence: str = SENTENCE):
        home, path = home_at(point), tmp_path / "edited.docx"
        house = Installation(Settings(home=home))
        text = kept_text(house, agreement, number)
        house.close()
        path.write_bytes(with_sentence(text, sentence) if sentence else text)
        return home, path

    return edit


@pytest.fixture
def in_review(home_at, agreement) -> AgreementId:
    """The agreement in the home that commands use, draft 1 in review."""
    home_at("in review")
    return agreement


@pytest.fixture
def rendered(agreement: AgreementId, warm_office: RememberingOffice):
    """Renders a draft, as the runner does."""

    def render(home, number: int) -> None:
        house = Installation(Settings(home=home))
        house.__dict__["office"] = warm_office
        draft(house, agreement, number)
        del house.__dict__["office"]
        house.close()

    return render


def test_a_redline_tells_fields_and_clauses(run, home_at, agreement):
    home_at("second draft")
    answer = run("redline", agreement)
    assert answer.code == 0
    first, *others = answer.out.splitlines()
    assert first == f"{agreement}, draft 1 to draft 2"
    assert (
        "  changed parties[gssc].legal_name: Nanoprogress, z.s. (assumed) -> Nanoprogress, z.s. (confirmed)" in others
    )
    assert others[-1].startswith("  clauses that differ: Cover, Parties")
    told = run("redline", agreement, "--json").json
    assert (told["before"], told["after"]) == ("draft 1", "draft 2")
    assert "Parties" in told["clauses"]
    assert {change["kind"] for change in told["data"]} == {"changed"}


def test_a_redline_is_written_as_a_page_and_as_a_word_file(run, home_at, agreement, tmp_path):
    home_at("second draft")
    answer = run("redline", agreement, "--draft", 2, "--against", 1, "-o", tmp_path / "redline.html")
    assert answer.code == 0
    assert answer.out.endswith(f"written: {tmp_path / 'redline.html'}\n")
    assert (tmp_path / "redline.html").read_text().startswith("<!DOCTYPE html>")
    assert run("redline", agreement, "-o", tmp_path / "redline.docx").code == 0
    found = revisions((tmp_path / "redline.docx").read_bytes())
    assert {change.get(f"{W}author") for change in found} == {AUTHOR}


def test_a_draft_without_its_own_clauses_says_what_its_template_says(run, home_at, agreement):
    home_at("in review")
    answer = run("redline", agreement, "--against", "template")
    assert answer.code == 0
    assert answer.out.splitlines() == [
        f"{agreement}, template mou, version 1 to draft 1",
        "  clauses that differ: none",
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 1, "there is no draft before draft 1"),
        (["--draft", 4, "--against", 1], 1, "there is no draft 4"),
        (["--against", "0"], 2, "that is no draft"),
        (["--against", "yesterday"], 2, "the number of a draft, or template"),
        (["--draft", "0"], 2, "--draft"),
        (["-o", "redline.pdf"], 2, ".html or .docx"),
    ],
)
def test_what_cannot_be_compared_is_said_in_one_message(run, in_review, arguments, code, said):
    agreement = in_review
    answer = run("redline", agreement, *arguments)
    assert (answer.code, answer.out) == (code, "")
    assert said in answer.err
    asked = run("redline", agreement, *arguments, "--json")
    assert asked.code == code
    assert asked.json["error"] == ("Refused" if code == 1 else "InputError")


def test_an_unknown_agreement_is_refused(run, home_at):
    home_at("in review")
    assert run("redline", "MOU-1999-0001").code == 1


def test_an_edited_draft_is_taken_in_and_told(run, agreement, edited_file, rendered, tmp_path):
    home, path = edited_file("second draft", 2)
    options = ("--draft", 2, "--as", REVIEWER, "--comment", "water")
    answer = run("review", "edit", agreement, path, *options)
    assert (answer.code, answer.err) == (0, "")
    assert "draft 3" in answer.out
    assert run("review", "edit", agreement, path, *options, "--json").json["draft"] == 3
    rendered(home, 3)
    assert "edited by hand to draft 3" in run("timeline", agreement).out
    assert "clauses that differ: Cover, Purpose" in run("redline", agreement).out
    assert run("redline", agreement, "-o", tmp_path / "redline.html").code == 0
    assert f"<ins> {SENTENCE}</ins>" in (tmp_path / "redline.html").read_text()


def test_edits_are_discarded_only_when_asked(run, agreement, edited_file, rendered, tmp_path):
    home, path = edited_file("second draft", 2)
    assert run("review", "edit", agreement, path, "--draft", 2, "--as", REVIEWER, "--comment", "water").code == 0
    rendered(home, 3)
    data = tmp_path / "data.json"
    assert run("fetch", agreement, "--what", "data", "-o", data).code == 0
    command = ("revise", agreement, data, "--draft", 3, "--as", MANAGER)
    assert run(*command).code == 1
    assert run(*command, "--discard-edits").code == 0
    assert run("show", agreement, "--json").json["edited"] is None


def test_a_file_that_cannot_be_the_draft_is_refused(run, agreement, edited_file, tmp_path):
    _, path = edited_file("second draft", 2, sentence="")
    options = ("--draft", 2, "--as", REVIEWER, "--comment", "water")
    answer = run("review", "edit", agreement, path, *options)
    assert answer.code == 1
    assert "the text is that of draft 2 already" in answer.err
    path.write_bytes(b"no Word file")
    told = run("review", "edit", agreement, path, *options, "--json")
    assert (told.code, told.json["error"]) == (2, "InputError")
    assert run("review", "edit", agreement, tmp_path / "nowhere.docx", *options).code == 2
