from __future__ import annotations

from io import BytesIO

import docx
import pytest
from lxml import etree

from templates.catalog import load_template
from templates.checking.findings import Findings
from templates.checking.parts import parts_of
from templates.checking.tags import paragraph_texts, prose_of, read_tags, same_shape
from tests.templates.checking.damage import W
from tests.templates.conftest import NAMESPACES, paragraph, word_file


def body_of(file):
    return next(part.root for part in parts_of(file) if part.label == "body")


def tags_in(xml):
    root = etree.fromstring(f"<w:document {NAMESPACES}><w:body>{xml}</w:body></w:document>")
    return read_tags("body", root, Findings())


def test_places_are_those_that_a_word_processor_counts():
    file = load_template("mou", "en", 1).docx
    document = docx.Document(BytesIO(file))
    for place, text in paragraph_texts("body", body_of(file)):
        if place.table is None:
            assert document.paragraphs[place.paragraph - 1].text.split("\t")[0] in text
        else:
            row = document.tables[place.table - 1]._tbl.tr_lst[place.row - 1]
            shown = row.tc_lst[place.cell - 1].p_lst[place.paragraph - 1]
            assert "".join(t.text for t in shown.iter(f"{W}t")) == text


def test_tags_come_in_the_order_in_which_they_are_filled():
    box = f"<w:r><w:pict><w:txbxContent>{paragraph('{{ b }}')}</w:txbxContent></w:pict></w:r>"
    picture = '<w:r><w:drawing><wp:docPr id="1" descr="{{ c }}"/></w:drawing></w:r>'
    tags = tags_in(f"<w:p><w:r><w:t>{{{{ a }}}}</w:t></w:r>{box}{picture}<w:r><w:t>{{{{ d }}}}</w:t></w:r></w:p>")
    assert [tag.body for tag in tags] == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("text", "opening", "marker", "body"),
    [
        ("{{ title }}", "{{", "", "title"),
        ("{{title}}", "{{", "", "title"),
        ("{%p if x %}", "{%", "p", "if x"),
        ("{%tr for a in b %}", "{%", "tr", "for a in b"),
        ("{{r rich }}", "{{", "r", "rich"),
        ("{%- if x -%}", "{%", "", "if x"),
        ("{# p remark #}", "{#", "", "p remark"),
        ("{%p  endif  %}", "{%", "p", "endif"),
    ],
)
def test_tag_is_taken_apart(text, opening, marker, body):
    (tag,) = tags_in(paragraph(text))
    assert (tag.opening, tag.marker, tag.body) == (opening, marker, body)


def test_text_box_that_is_saved_twice_is_read_once():
    box = f"<w:txbxContent>{paragraph('{{ a }}')}</w:txbxContent>"
    both = (
        '<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
        f"<mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback></mc:AlternateContent>"
    )
    (tag,) = tags_in(f"<w:p><w:r>{both}</w:r></w:p>")
    assert str(tag.place) == "body, text box 1, paragraph 1: {{ a }}"


def test_prose_is_the_text_without_its_tags():
    assert prose_of("Paid {{ day }} by {% if x %}") == "Paid \u00b7 by \u00b7"


def test_shape_is_the_same_where_the_same_elements_are_open():
    root = etree.fromstring("<a><b><c/></b><b><c/></b><d><c/></d></a>")
    first, second, other = root.iter("c")
    assert same_shape(first, second)
    assert same_shape(first, first)
    assert not same_shape(first, other)


def test_headers_are_called_by_their_kind_and_section():
    labels = [part.label for part in parts_of(word_file("", header="x", footnote="y", title="z"))]
    assert labels == ["body", "header", "footnotes", "document properties"]
