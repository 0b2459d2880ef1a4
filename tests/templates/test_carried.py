from __future__ import annotations

import io
import shutil
import subprocess

import docx
import pytest
from docx.document import Document as WordDocument

from schemas.errors import InputError
from templates.carried import carry_marks
from templates.redlines.outline import Region, clauses_of
from templates.redlines.redline_page import changed_clauses
from tests.templates.conftest import make_template, paragraph
from tests.templates.outside.outside import replaced
from tests.templates.reading import EXAMPLES, example
from tests.templates.redlines.revisions import written
from tests.templates.redlines.test_tracked import MOU, PAIR, text_of

SENTENCE = "The Parties also share what they learn about water."
HEADER = "MOU-2026-0001, draft {} (this draft was edited by hand)\tData "


def edited(content: bytes, sentence: str = SENTENCE) -> bytes:
    """Return a Word file with a sentence put behind the first paragraph of its clause on purpose, as Word may."""
    word = opened(content)
    place = next(n for n, one in enumerate(word.paragraphs) if one.text == "Purpose") + 1
    run = word.paragraphs[place].add_run(f" {sentence}")
    run.bold = True
    return saved(word)


def opened(content: bytes) -> WordDocument:
    return docx.Document(io.BytesIO(content))


def saved(word: WordDocument) -> bytes:
    target = io.BytesIO()
    word.save(target)
    return target.getvalue()


def headers(content: bytes) -> set[str]:
    return {text for name, texts in written(content).items() if "header" in name for text in texts if text}


@pytest.fixture(scope="module")
def drafts() -> list[bytes]:
    """The memorandum as drafts 1 to 3, the second and the third edited by hand."""
    return [text_of(example(MOU), number, edited=number > 1) for number in (1, 2, 3)]


def test_an_edited_text_is_marked_as_the_next_draft(drafts):
    marked = carry_marks(edited(drafts[0]), before=drafts[0], after=drafts[1])
    assert all(text.startswith(HEADER.format(2)) for text in headers(marked))
    lines = written(marked)["word/document.xml"]
    assert lines.count("This draft was edited by hand.") == 1
    assert "MOU-2026-0001, draft 2" in lines
    assert changed_clauses(clauses_of(drafts[1]), clauses_of(marked)) == ("Purpose",)
    assert any(SENTENCE in text for text in lines)


def test_the_same_edited_text_gives_the_same_bytes(drafts):
    content = edited(drafts[0])
    marked = [carry_marks(content, before=drafts[0], after=drafts[1]) for _ in range(2)]
    assert marked[0] == marked[1]


def test_an_edit_of_an_edited_draft_keeps_both(drafts):
    first = carry_marks(edited(drafts[0]), before=drafts[0], after=drafts[1])
    second = carry_marks(edited(first, "And about energy."), before=drafts[1], after=drafts[2])
    lines = written(second)["word/document.xml"]
    assert any(f"{SENTENCE} And about energy." in text for text in lines)
    assert lines.count("This draft was edited by hand.") == 1
    assert "MOU-2026-0001, draft 3" in lines
    assert "draft 2" not in "".join((*lines, *headers(second)))


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*/*.yaml")), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_an_unchanged_text_with_new_marks_is_the_next_draft(path):
    document = example(str(path.relative_to(EXAMPLES)))
    before = text_of(document, 1)
    after = text_of(document, 2, edited=True, stale=("The strategy was changed.",))
    assert clauses_of(carry_marks(before, before=before, after=after)) == clauses_of(after)


def test_a_header_that_was_removed_is_named(drafts):
    word = opened(drafts[0])
    for section in word.sections:
        section.different_first_page_header_footer = False
        section.header.is_linked_to_previous = True
        section.first_page_header.is_linked_to_previous = True
    with pytest.raises(InputError, match="MOU-2026-0001, draft 1 Data"):
        carry_marks(saved(word), before=drafts[0], after=drafts[1])


def test_a_header_nothing_refers_to_does_not_count(drafts):
    body = replaced("word/document.xml", b"w:headerReference", b"w:headerUnread", drafts[0])
    with pytest.raises(InputError, match="no longer there, or no place for: MOU-2026-0001, draft 1 Data"):
        carry_marks(body, before=drafts[0], after=drafts[1])


def test_a_section_without_the_header_of_the_draft_is_refused(drafts):
    word = opened(drafts[0])
    section = word.add_section()
    carry_marks(saved(word), before=drafts[0], after=drafts[1])
    section.header.is_linked_to_previous = False
    section.header.paragraphs[0].text = "Final"
    with pytest.raises(InputError, match="MOU-2026-0001, draft 1 Data"):
        carry_marks(saved(word), before=drafts[0], after=drafts[1])


@pytest.mark.parametrize("page", ["first", "even"])
def test_a_header_of_some_pages_that_says_something_else_is_refused(drafts, page):
    word = opened(drafts[0])
    if page == "even":
        word.settings.odd_and_even_pages_header_footer = True
        word.sections[0].even_page_header.paragraphs[0].text = "Final"
    else:
        word.sections[0].different_first_page_header_footer = True
        word.sections[0].first_page_header.paragraphs[0].text = "Final"
    with pytest.raises(InputError, match="MOU-2026-0001, draft 1 Data"):
        carry_marks(saved(word), before=drafts[0], after=drafts[1])


def test_marks_that_do_not_change_must_be_there_too(drafts):
    footer = replaced("word/footer1.xml", b"Memorandum of Understanding, GSSC", b"Contract", drafts[0])
    with pytest.raises(InputError, match="no place for: Memorandum of Understanding, GSSC Page of"):
        carry_marks(footer, before=drafts[0], after=drafts[1])
    more = replaced("word/header1.xml", b"</w:hdr>", b"<w:p><w:r><w:t>Final</w:t></w:r></w:p></w:hdr>", drafts[0])
    with pytest.raises(InputError, match="Final"):
        carry_marks(more, before=drafts[0], after=drafts[1])


def test_page_numbers_in_the_footer_may_have_been_counted(drafts):
    counted = replaced("word/footer1.xml", b">1</w:t>", b">12</w:t>", drafts[0])
    carry_marks(counted, before=drafts[0], after=drafts[1])


def test_a_number_of_the_draft_that_was_changed_on_the_cover_is_named(drafts):
    word = opened(drafts[0])
    place = next(
        paragraph
        for table in word.tables
        for row in table.rows
        for cell in row.cells
        for paragraph in cell.paragraphs
        if paragraph.text == "MOU-2026-0001, draft 1"
    )
    place.runs[0].text = "final: "
    with pytest.raises(InputError, match="no place for: MOU-2026-0001, draft 1"):
        carry_marks(saved(word), before=drafts[0], after=drafts[1])


def test_a_note_finds_its_place_where_the_paragraph_behind_it_was_edited(drafts):
    word = opened(drafts[0])
    behind = next(one for one in word.paragraphs if one.text.startswith("This project was funded"))
    behind.add_run(" Thank you.")
    marked = written(carry_marks(saved(word), before=drafts[0], after=drafts[1]))["word/document.xml"]
    place = marked.index("This draft was edited by hand.")
    assert "Thank you." in marked[place + 1]


def test_a_note_without_a_place_is_refused(drafts):
    word = opened(drafts[0])
    for one in word.paragraphs:
        if one.text.startswith("This project was funded"):
            one.add_run(" Thank you.")
    digest = next(cell for table in word.tables[:1] for cell in table.columns[-1].cells if len(cell.text) == 65)
    digest.paragraphs[0].runs[0].text = "removed"
    with pytest.raises(InputError, match="no place for: This draft was edited by hand"):
        carry_marks(saved(word), before=drafts[0], after=drafts[1])


def drafts_of(*texts: str) -> bytes:
    return make_template("".join(map(paragraph, texts))).docx


def test_a_note_right_behind_the_number_is_no_new_number():
    before, after = drafts_of("MOU-1, draft 1", "Text."), drafts_of("MOU-1, draft 2", "Edited by hand.", "Text.")
    marked = carry_marks(drafts_of("MOU-1, draft 1", "New text."), before=before, after=after)
    assert written(marked)["word/document.xml"][:3] == ["MOU-1, draft 2", "Edited by hand.", "New text."]


def test_two_languages_carry_the_marks_of_both():
    before, after = (text_of(example(PAIR), number, edited=number > 1) for number in (1, 2))
    word = opened(before)
    word.tables[-1].rows[-1].cells[-1].paragraphs[-1].add_run(" Testado.")
    marked = carry_marks(saved(word), before=before, after=after)
    assert {text for text in headers(marked) if text} == headers(after)
    assert "Testado." in " ".join(written(marked)["word/document.xml"])


@pytest.mark.office
def test_a_text_saved_by_libreoffice_carries_its_marks(drafts, tmp_path):
    (tmp_path / "draft.docx").write_bytes(edited(drafts[0]))
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    out = tmp_path / "out"
    command = [
        shutil.which("soffice"),
        profile,
        "--headless",
        "--convert-to",
        "docx",
        "--outdir",
        out,
        tmp_path / "draft.docx",
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    marked = carry_marks((out / "draft.docx").read_bytes(), before=drafts[0], after=drafts[1])
    clauses = [clause for clause in clauses_of(marked) if clause.region is not Region.MARGINS]
    expected = [clause for clause in clauses_of(drafts[1]) if clause.region is not Region.MARGINS]
    assert changed_clauses(expected, clauses) == ("Purpose",)
    assert headers(marked) == headers(drafts[1])
