"""What is rendered equals what docxtpl renders, for every template with its examples and for docxtpl's own features."""

from __future__ import annotations

import base64
import io
import zipfile
from functools import cache
from pathlib import Path

import docx
import pytest
from docx.shared import Mm
from docxtpl import DocxTemplate, InlineImage, Listing, RichText, RichTextParagraph
from lxml import etree

from schemas.evidence import digest_of
from schemas.loader import load_document
from schemas.text import Model
from templates.catalog import load_template
from templates.compiled import compile_template
from templates.context import context_for, names_for
from templates.finish import finish
from templates.render import fill, render, render_draft
from templates.sandbox import environment_for
from templates.selection import select

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*/*.yaml"))
ABOUT = {"agreement_id": "MOU-2026-0001", "draft": 1, "data_digest": digest_of(b"data")}
BODY = "word/document.xml"
DOT = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==")
"""A PNG of one pixel."""


def part(package, name=BODY):
    with zipfile.ZipFile(io.BytesIO(package)) as opened:
        return etree.fromstring(opened.read(name))


def canonical(root):
    return etree.tostring(root, method="c14n2").decode()


def by_docxtpl(template, context, word=None):
    """Return the body as docxtpl renders it, finished."""
    word = word or DocxTemplate(io.BytesIO(template.docx))
    word.render(context, environment_for(template.locale), autoescape=True)
    saved = io.BytesIO()
    word.save(saved)
    root = part(saved.getvalue())
    finish(root)
    return canonical(root)


@cache
def example(path):
    document = load_document(path)
    return load_template(document.document_type, document.edition), document


def named(path):
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", EXAMPLES, ids=named)
def test_example_equals_what_docxtpl_renders(path):
    template, document = example(path)
    context, _ = context_for(template, document, select(template, document), **ABOUT)
    filled = fill(template, context, names=names_for(template, type(document)))
    assert canonical(part(filled.docx)) == by_docxtpl(template, context)


def test_draft_says_which_parts_docxtpl_had_to_complete():
    # The grids of tables in the templates of these types follow the data.
    drafts = [(document, render_draft(template, document, **ABOUT)) for template, document in map(example, EXAMPLES)]
    assert {document.document_type for document, draft in drafts if draft.by == "docxtpl"} == {"roadmap", "strategy"}
    assert {draft.fallbacks for _, draft in drafts} == {(), (BODY,)}


@pytest.mark.parametrize("path", EXAMPLES, ids=named)
def test_short_way_of_a_draft_equals_the_way_by_the_tree(path):
    template, document = example(path)
    context, _ = context_for(template, document, select(template, document), **ABOUT)
    parts = compile_template(template, names_for(template, type(document)))
    for template_part in parts:
        if template_part.compiled is not None:
            root, marks, _ = template_part.fill(context)
            finish(root, marks)
            assert canonical(etree.fromstring(template_part.write(context)[0])) == canonical(root)


def test_template_of_the_partnership_agreement_goes_the_short_way():
    paths = [path for path in EXAMPLES if path.stem.startswith("partnership")]
    assert paths
    for path in paths:
        template, document = example(path)
        parts = compile_template(template, names_for(template, type(document)))
        assert all(template_part.outline for template_part in parts if template_part.compiled)


def test_draft_is_the_same_file_each_time():
    template, document = example(EXAMPLES[0])
    assert render(template, document, **ABOUT) == render(template, document, **ABOUT)


def text(*tags):
    """Return a paragraph of runs, as Word divides a text."""
    runs = "".join(f'<w:r><w:rPr><w:b/></w:rPr><w:t xml:space="preserve">{tag}</w:t></w:r>' for tag in tags)
    return f"<w:p><w:pPr><w:keepNext/></w:pPr>{runs}</w:p>"


def row(*cells, properties="<w:tcPr><w:tcW w:w='2000' w:type='dxa'/></w:tcPr>"):
    return "<w:tr>" + "".join(f"<w:tc>{properties}{text(cell)}</w:tc>" for cell in cells) + "</w:tr>"


def loop(*body, kind="p"):
    """Return what stands between in a loop over the items: paragraphs, or rows of a table."""
    begin, end = (f"{{%{kind} {step} %}}" for step in ("for item in items", "endfor"))
    return "".join((row(begin), *body, row(end)) if kind == "tr" else (text(begin), *body, text(end)))


def table(*rows, columns=2):
    grid = '<w:gridCol w:w="2000"/>' * columns
    return f"<w:tbl><w:tblPr/><w:tblGrid>{grid}</w:tblGrid>{''.join(rows)}</w:tbl>"


ITEMS = [
    {"name": "Solartys", "cells": ["a", "b"], "colour": "FF0000"},
    {"name": "Ñ & <co>", "cells": ["c"], "colour": "00FF00"},
]
RICH = RichText("bold", bold=True, color="#FF0000")
RICH.add(" & <italic>", italic=True)

FEATURES = {
    "value": (text("to {{ name }}, and"), {"name": "A & <b> \"c\" 'd'"}),
    "tag over several runs": (text("{", "{ na", "me }", "}"), {"name": "A"}),
    "typographic quotes in a tag": (text("{% if name == “A” %}yes{% endif %}"), {"name": "A"}),
    "condition in a paragraph": (text("{% if yes %}one{% else %}two{% endif %}"), {"yes": False}),
    "condition over runs": (text("{% if yes %}one", "two{% endif %}", "three"), {"yes": True}),
    "paragraphs": (loop(text("{{ item.name }}")), {"items": ITEMS}),
    "rows": (
        table(row("Name", "Colour"), loop(row("{{ item.name }}", "{{ item.colour }}"), kind="tr")),
        {"items": ITEMS},
    ),
    "no rows": (table(loop(row("{{ item.name }}", "x"), kind="tr")), {"items": []}),
    "columns": (
        table(row("Name", "{%tc for item in items %}", "{{ item.name }}", "{%tc endfor %}"), columns=2),
        {"items": ITEMS * 3},
    ),
    "fewer columns": (
        table(row("{%tc for item in items %}", "{{ item.name }}", "{%tc endfor %}"), columns=5),
        {"items": ITEMS},
    ),
    "runs": (text("a", "{%r if yes %}", "b", "{%r endif %}", "c"), {"yes": True}),
    "rich text in a run": (text("see {{r rich }} here"), {"rich": RICH}),
    "rich paragraphs": (text("{{p rich }}"), {"rich": RichTextParagraph("one")}),
    "listing": (text("{{ listing }}"), {"listing": Listing("one\ntwo\tthree\afour & <five>\fsix")}),
    "line break in a value": (text("{{ value }}"), {"value": "one\ntwo\tthree"}),
    "joined with the paragraph before": (text("one") + text("{%- if yes %} two{% endif %}"), {"yes": True}),
    "joined with the paragraph behind": (text("one {% if yes -%}") + text("two{% endif %}"), {"yes": True}),
    "span of columns": (table(row("{% colspan number %}{{ name }}"), row("a", "b")), {"number": 2, "name": "A"}),
    "colour of a cell": (table(row("{% cellbg colour %}{{ name }}", "b")), {"colour": "FF0000", "name": "A"}),
    "cells merged downwards": (
        table(loop(row("{% vm %}all", "{{ item.name }}"), kind="tr")),
        {"items": ITEMS},
    ),
    "cells merged across": (
        table(row("{%tc for item in items %}", "{% hm %}all", "{%tc endfor %}"), columns=2),
        {"items": ITEMS},
    ),
    "braces that are no tag": (text("{_{ name }_} {_% if %_} {{ name }}"), {"name": "A"}),
    "remarks": (text("a{# gone #}b") + text("{#p gone too #}") + table(row("{#tr gone #}"), row("a", "b")), {}),
    "macro": (
        text("{%p macro put(x) %}") + text("{{ x }}!") + text("{%p endmacro %}") + text("{{p put('a') }}"),
        {},
    ),
    "with and set": (
        text("{%p with a = name %}") + text("{% set b = a %}{{ b ~ '!' }}") + text("{%p endwith %}"),
        {"name": "<A>"},
    ),
    "nested loops": (
        loop(text("{% for x in item.cells %}{{ loop.index }}{{ x }}{% if not loop.last %}, {% endif %}{% endfor %}")),
        {"items": ITEMS},
    ),
    "table within a loop": (
        loop(table(row("{{ item.name }}", "b"))),
        {"items": ITEMS},
    ),
    "tag in an attribute": (
        '<w:p><w:r><w:drawing><wp:inline><wp:docPr id="1" name="n" descr="{{ name }}"/></wp:inline></w:drawing></w:r>'
        "</w:p>",
        {"name": 'A "quoted" & <b>'},
    ),
    "prefix bound anew": (
        '<w:p xmlns:x="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" x:id="1">'
        "<w:r><w:t>{{ name }}</w:t></w:r></w:p>",
        {"name": "A"},
    ),
}


BY_DOCXTPL = {
    "columns", "fewer columns", "no rows", "listing", "line break in a value",
}  # fmt: skip
"""Line breaks in values, and tables whose grid follows the data: docxtpl's own steps complete them."""


@pytest.mark.parametrize("feature", FEATURES)
def test_feature_of_docxtpl_comes_out_as_docxtpl_renders_it(raw_template, feature):
    body, context = FEATURES[feature]
    template = raw_template(body)
    filled = fill(template, context)
    assert (filled.by, filled.fallbacks) == (("docxtpl", (BODY,)) if feature in BY_DOCXTPL else ("convenio", ()))
    assert canonical(part(filled.docx)) == by_docxtpl(template, context)


class Cells(Model):
    name: str
    colour: str


class Coloured(Model):
    language: str = "en"
    number: int = 2
    rows: tuple[Cells, ...] = (Cells(name="A & {_{ 7 }_}", colour="FF0000"), Cells(name="<B>", colour="00FF00"))


ADOPTED = {
    "span of columns": table(row("{% colspan number %}{{ rows[0].name }}"), row("a", "b")),
    "colour of a cell": table(row("{% cellbg rows[0].colour %}x", "b")),
    "cells merged downwards": table(
        row("{%tr for item in rows %}"), row("{% vm %}all", "{{ item.name }}"), row("{%tr endfor %}")
    ),
    "cells merged across": table(row("{%tc for item in rows %}", "{% hm %}all", "{%tc endfor %}")),
    "columns": table(row("Name", "{%tc for item in rows %}", "{{ item.colour }}", "{%tc endfor %}"), row("a", "b")),
}


@pytest.mark.parametrize("feature", ADOPTED)
def test_draft_of_a_template_with_tables_of_docxtpl_is_what_docxtpl_makes(raw_template, feature):
    template, document = raw_template(ADOPTED[feature]), Coloured()
    draft = render_draft(template, document, **ABOUT)
    assert draft.by == ("docxtpl" if feature == "columns" else "convenio")
    context, _ = context_for(template, document, select(template, document), **ABOUT)
    ours = canonical(part(draft.docx))
    # docxtpl reads braces of the data as its own.
    assert ours.replace("{_{", "{{").replace("}_}", "}}") == by_docxtpl(template, context)


def test_braces_in_the_data_stay_as_they_are(raw_template):
    filled = fill(raw_template(text("{{ name }} {_{")), {"name": "{_{ 7*7 }_}"})
    assert "".join(part(filled.docx).itertext()) == "{_{ 7*7 }_} {{"


def test_header_footnote_and_properties_are_filled(raw_template):
    template = raw_template(text("x"), header="{{ name }}", footnote="{{ name }}", title="{{ name }}")
    filled = fill(template, {"name": "A & <b>"}).docx
    for name in ("word/header1.xml", "word/footnotes.xml", "docProps/core.xml"):
        assert "A & <b>" in "".join(part(filled, name).itertext())


@pytest.fixture
def real_template(raw_template):
    """Return a template that python-docx made, with the parts that pictures and documents need."""

    def make(*paragraphs, header=""):
        word = docx.Document()
        for paragraph in paragraphs:
            word.add_paragraph(paragraph)
        if header:
            word.sections[0].header.paragraphs[0].text = header
        saved = io.BytesIO()
        word.save(saved)
        made = raw_template()
        return type(made)("x", "x", 1, "en", digest_of(saved.getvalue()), "x", saved.getvalue())

    return make


def test_picture_as_a_value_is_placed_by_docxtpl_and_said_so(real_template):
    template = real_template("{{ title }}", "{{ picture }}", header="{{ picture }}")

    def context(word):
        return {"title": "A & {_{b", "picture": InlineImage(word, io.BytesIO(DOT), width=Mm(20))}

    ours, theirs = (DocxTemplate(io.BytesIO(template.docx)) for _ in range(2))
    filled = fill(template, context(ours))
    assert filled.by == "docxtpl"
    body = canonical(part(filled.docx))
    assert body.replace("{_{b", "{{b") == by_docxtpl(template, context(theirs), theirs)
    with zipfile.ZipFile(io.BytesIO(filled.docx)) as package:
        assert any(name.startswith("word/media/") for name in package.namelist())
        assert b"image" in package.read("word/_rels/header1.xml.rels")
    docx.Document(io.BytesIO(filled.docx))


def test_document_as_a_value_is_placed_by_docxtpl_and_said_so(real_template):
    template = real_template("before", "{{p inner }}", "after")
    words = [DocxTemplate(io.BytesIO(template.docx)) for _ in range(2)]
    contexts = []
    for word in words:
        inner = word.new_subdoc()
        inner.add_paragraph("inside").add_run(" in bold").bold = True
        contexts.append({"inner": inner})
    filled = fill(template, contexts[0])
    assert filled.by == "docxtpl"
    assert canonical(part(filled.docx)) == by_docxtpl(template, contexts[1], words[1])
    assert "inside in bold" in "".join(part(filled.docx).itertext())


def test_link_in_a_rich_text_is_placed_by_the_docxtpl_object_named(real_template):
    template = real_template("{{r link }}")
    words = [DocxTemplate(io.BytesIO(template.docx)) for _ in range(2)]
    contexts = [{"link": RichText("here", url_id=word.build_url_id("https://example.org"))} for word in words]
    filled = fill(template, contexts[0], docxtpl=words[0])
    assert filled.by == "docxtpl"
    assert canonical(part(filled.docx)) == by_docxtpl(template, contexts[1], words[1])
    with zipfile.ZipFile(io.BytesIO(filled.docx)) as package:
        assert b"https://example.org" in package.read("word/_rels/document.xml.rels")
