from __future__ import annotations

import io
import zipfile

import pytest

from schemas.errors import TemplateFault
from templates.redlines.outline import OutlinedClause, Region, clauses_of
from tests.templates.conftest import paragraph, word_file
from tests.templates.reading import EXAMPLES, draft_of, example
from tests.templates.redlines.test_tracked import MOU, PAIR, text_of

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def heading(text, properties='<w:outlineLvl w:val="0"/>'):
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def row(*cells):
    return f"<w:tr>{''.join(f'<w:tc>{paragraph(cell)}</w:tc>' for cell in cells)}</w:tr>"


def with_styles(docx, styles):
    target = io.BytesIO(docx)
    with zipfile.ZipFile(target, "a") as package:
        package.writestr("word/styles.xml", f"<w:styles {W}>{styles}</w:styles>")
    return target.getvalue()


def outline(*blocks):
    """Return heading and paragraphs of each clause of a body."""
    found = clauses_of(word_file("".join(blocks)))
    return [(clause.heading, *clause.paragraphs) for clause in found if clause.region is not Region.NOTES]


def test_a_clause_begins_with_a_heading_of_the_first_level():
    sub = heading("Details", '<w:outlineLvl w:val="1"/>')
    body = (paragraph("Cover"), heading("Purpose"), paragraph("One."), sub, heading("Term"), paragraph("Two."))
    assert outline(*body) == [("", "Cover"), ("Purpose", "One.", "Details"), ("Term", "Two.")]


def test_a_table_row_is_one_paragraph():
    table = f"<w:tbl>{row('Party', 'Country')}{row('GSSC', 'CZ')}</w:tbl>"
    assert outline(heading("Parties"), table) == [("Parties", "Party | Country", "GSSC | CZ")]


def test_what_is_hidden_or_deleted_is_not_read():
    hidden = "<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r><w:r><w:t>shown</w:t></w:r></w:p>"
    shown = '<w:p><w:r><w:rPr><w:vanish w:val="false"/></w:rPr><w:t>not hidden</w:t></w:r></w:p>'
    gone = "<w:p><w:del><w:r><w:delText>gone</w:delText></w:r></w:del><w:ins><w:r><w:t>new</w:t></w:r></w:ins></w:p>"
    assert outline(hidden, shown, gone) == [("", "shown", "not hidden", "new")]


@pytest.mark.parametrize(
    "style",
    [
        '<w:style w:styleId="X1"><w:name w:val="heading 1"/></w:style>',
        '<w:style w:styleId="X1"><w:name w:val="Titolo"/><w:pPr><w:outlineLvl w:val="0"/></w:pPr></w:style>',
        '<w:style w:styleId="X1"><w:name w:val="Own"/><w:basedOn w:val="Y"/></w:style>'
        '<w:style w:styleId="Y"><w:name w:val="Heading 1"/></w:style>',
    ],
    ids=["by name", "by level", "by its base"],
)
def test_a_heading_is_known_in_every_language_of_word(style):
    docx = word_file(heading("Objeto", '<w:pStyle w:val="X1"/>') + paragraph("Uno."))
    docx = with_styles(docx, style)
    assert OutlinedClause("Objeto", ("Uno.",)) in clauses_of(docx)


def test_styles_based_on_each_other_end_the_search():
    style = '<w:style w:styleId="X1"><w:name w:val="Own"/><w:basedOn w:val="X1"/></w:style>'
    docx = word_file(heading("Objeto", '<w:pStyle w:val="X1"/>'))
    docx = with_styles(docx, style)
    assert clauses_of(docx)[0].heading == ""


def test_headers_and_notes_are_read_too():
    found = clauses_of(word_file(paragraph("Text."), header="Draft 1", footnote="A note."))
    assert [(clause.region, clause.paragraphs) for clause in found] == [
        (Region.OPENING, ("Text.",)),
        (Region.NOTES, ("A note.",)),
        (Region.MARGINS, ("Draft 1",)),
    ]


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*/*.yaml")), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_clauses_of_every_example_are_found(path):
    document = example(str(path.relative_to(EXAMPLES)))
    found = [clause.heading.partition(" | ")[0] for clause in clauses_of(text_of(document))]
    written = [text.partition(". ")[2] for text in draft_of(document).headings]
    assert [heading for heading in found if heading in written] == written


def test_both_languages_of_a_clause_are_read():
    found = {clause.heading: clause for clause in clauses_of(text_of(example(PAIR)))}
    assert "Purpose | Objeto" in found
    assert "Confidentiality" in {clause.heading for clause in clauses_of(text_of(example(MOU)))}


@pytest.mark.parametrize("content", [b"", b"no zip", word_file("")[:200]])
def test_what_is_no_word_file_is_refused(content):
    with pytest.raises(TemplateFault):
        clauses_of(content)
