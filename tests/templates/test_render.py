from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime

import pytest
from docxtpl import DocxTemplate
from hypothesis import HealthCheck, given, settings, strategies as st
from lxml import etree

from schemas.agreement import Budget
from schemas.errors import TemplateFault
from schemas.evidence import digest_of
from schemas.fact import Fact
from schemas.text import LegalDate, Model, MonthOrDay, Name, Paragraph
from templates.catalog import load_template
from templates.context import context_for
from templates.finish import finish
from templates.render import render
from templates.sandbox import environment_for
from templates.selection import select

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
DIGEST = digest_of(b"data")


class Item(Model):
    id: str
    name: Fact[Name]


class Sample(Model):
    title: str = "Title"
    name: Fact[Name] = Fact(value="Nanoprogress")
    items: tuple[Item, ...] = ()
    day: LegalDate | None = None
    month: Fact[MonthOrDay] | None = None
    budget: Fact[Budget] | None = None
    note: Paragraph | None = None


def rendered(template, **data):
    return render(template, Sample.model_validate(data), agreement_id="MOU-2026-0001", draft=1, data_digest=DIGEST)


def part(docx, name="word/document.xml"):
    with zipfile.ZipFile(io.BytesIO(docx)) as package:
        return etree.fromstring(package.read(name))


def lines(docx, name="word/document.xml"):
    texts = ("".join(text.text or "" for text in p.iter(f"{W}t")) for p in part(docx, name).iter(f"{W}p"))
    return [text for text in texts if text]


def styled(docx):
    runs = part(docx).iter(f"{W}r")
    found = ((run.find(f"{W}rPr/{W}rStyle"), run) for run in runs)
    return [(s.get(f"{W}val"), "".join(t.text for t in run.iter(f"{W}t"))) for s, run in found if s is not None]


ASSUMED = {"value": "Nanoprogress", "status": "assumed", "source": "public reports"}


def test_same_inputs_give_same_bytes(gssc):
    template = load_template("mou")
    first, second = (
        render(template, gssc, agreement_id="MOU-2026-0001", draft=1, data_digest=DIGEST) for _ in range(2)
    )
    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as package:
        assert {entry.date_time for entry in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert package.namelist()[0] == "[Content_Types].xml"


def test_another_draft_number_gives_other_bytes(gssc):
    template = load_template("mou")
    first, second = (
        render(template, gssc, agreement_id="MOU-2026-0001", draft=draft, data_digest=DIGEST) for draft in (1, 2)
    )
    assert first != second


DANGEROUS = ["{{ 7*7 }}", "{% raw %}", "{_{ 7*7 }_}", "{# gone #}", "100<100 & <select>", "]]>", "</w:t>", "&amp;"]


@pytest.mark.parametrize("text", DANGEROUS)
def test_data_is_never_a_template_in_any_part(template, text):
    tag = "{{ title }}"
    docx = rendered(template(tag, "after {{ name }}", header=tag, footnote=tag, title=tag), title=text)
    assert lines(docx) == [text, "after Nanoprogress"]
    assert lines(docx, "word/header1.xml") == lines(docx, "word/footnotes.xml") == [text]
    assert part(docx, "docProps/core.xml").findtext("{http://purl.org/dc/elements/1.1/}title") == text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.text(st.characters(exclude_categories=["Cc", "Cs", "Co", "Cn"], exclude_characters="\u2028\u2029"), min_size=1)
)
def test_any_printable_text_comes_out_as_it_is(template, text):
    assert lines(rendered(template("<{{ title }}>".replace("<", "&lt;")), title=text)) == [f"<{text}>"]


def test_open_fact_is_marked_and_keeps_its_format(template):
    docx = rendered(template("by {{ name }}, and"), name=ASSUMED)
    assert styled(docx) == [("OpenFact", "Nanoprogress"), ("OpenFactMark", "\u202fassumed")]
    assert lines(docx) == ["by Nanoprogress\u202fassumed, and"]
    assert all(run.find(f"{W}rPr/{W}b") is not None for run in part(docx).iter(f"{W}r"))
    assert all(run.find(f"{W}rPr")[0].tag in {f"{W}rStyle", f"{W}b"} for run in part(docx).iter(f"{W}r"))


@pytest.mark.parametrize("status", ["stated", "derived"])
def test_fact_that_is_not_open_is_plain(template, status):
    docx = rendered(template("by {{ name }}, and"), name={"value": "Nanoprogress", "status": status, "source": "page"})
    assert styled(docx) == []
    assert lines(docx) == ["by Nanoprogress, and"]


def test_blank_fact_is_shown_as_unknown(template):
    docx = rendered(template("by {{ name }}"), name={"status": "blank"})
    assert styled(docx) == [("OpenFact", "not yet known"), ("OpenFactMark", "\u202fblank")]


def test_what_is_derived_from_an_open_fact_is_open(template):
    budget = {"value": {"amount": "222202.62", "kind": "unknown"}, "status": "assumed", "source": "page"}
    docx = rendered(template("{{ budget|money }} {{ budget.kind }}"), budget=budget)
    assert [text for style, text in styled(docx) if style == "OpenFact"] == ["EUR\u00a0222,202.62", "unknown"]


def test_open_facts_are_listed_with_path_value_and_source(template):
    text = "{% for fact in open_facts %}{{ fact.path }}={{ fact.text }} ({{ fact.source }}){% endfor %}"
    items = [{"id": "a", "name": "A"}, {"id": "b", "name": ASSUMED}]
    assert lines(rendered(template(text), items=items)) == ["items[1].name=Nanoprogress (public reports)"]
    assert lines(rendered(template("none{% if open_facts %} some{% endif %}"))) == ["none"]


def test_mark_in_an_attribute_becomes_words(raw_template):
    body = '<w:p><w:r><w:drawing><wp:docPr id="1" name="n" descr="{{ name }}"/></w:drawing></w:r></w:p>'
    (drawing,) = part(rendered(raw_template(body), name=ASSUMED)).iter("{*}docPr")
    assert drawing.get("descr") == "Nanoprogress (assumed)"


def test_drawings_repeated_by_a_loop_get_numbers_of_their_own(raw_template):
    text, drawing = "<w:r><w:t>{}</w:t></w:r>", '<w:r><w:drawing><wp:docPr id="1" name="n"/></w:drawing></w:r>'
    body = f"<w:p>{text.format('{% for item in [1, 2] %}')}{drawing}{text.format('{% endfor %}')}</w:p>"
    numbers = [drawing.get("id") for drawing in part(rendered(raw_template(body))).iter("{*}docPr")]
    assert len(numbers) == len(set(numbers)) == 2


@pytest.mark.parametrize(
    ("tag", "data", "expected"),
    [
        ("{{ day }}", {"day": "2021-04-27"}, "27 April 2021"),
        ("{{ month|day }}", {"month": "2020-09"}, "September 2020"),
        ("{{ month|day }}", {"month": "2020-09-01"}, "1 September 2020"),
        ("{{ budget|money }}", {"budget": {"value": {"amount": "222202.62", "kind": "total"}}}, "EUR\u00a0222,202.62"),
        (
            "{{ budget|money }}",
            {"budget": {"value": {"amount": "5", "currency": "CZK", "kind": "total"}}},
            "CZK\u00a05.00",
        ),
        ("{{ 'US-CA'|country }}, {{ 'CZ'|country }}", {}, "California, Czechia"),
        ("{{ ['a', 'b', 'c']|listed }}", {}, "a, b and c"),
        ("{{ (items|by_id('b')).name }}", {"items": [{"id": "a", "name": "A"}, {"id": "b", "name": "B"}]}, "B"),
    ],
)
def test_values_are_written_in_the_language_of_the_template(template, tag, data, expected):
    assert lines(rendered(template(tag), **data)) == [expected]


@pytest.mark.parametrize("name", ["word/document.xml", "word/header1.xml", "word/footnotes.xml"])
def test_unknown_name_is_refused_with_tag_and_place(template, name):
    texts = {"word/document.xml": ("first", "the {{ titel }}")}.get(name, ("first",))
    parts = {"word/header1.xml": {"header": "the {{ titel }}"}, "word/footnotes.xml": {"footnote": "the {{ titel }}"}}
    with pytest.raises(TemplateFault, match="a name the data does not have") as refusal:
        rendered(template(*texts, **parts.get(name, {})))
    assert refusal.value.got == "titel"
    assert refusal.value.where.startswith(f"{name}, paragraph {len(texts) if name == 'word/document.xml' else 1}: ")
    assert "{{ titel }}" in refusal.value.where


def test_unknown_field_is_refused_with_place(template):
    with pytest.raises(TemplateFault, match="a name the data does not have") as refusal:
        rendered(template("first", "the {{ name.titel }}"))
    assert "titel" in refusal.value.got
    assert refusal.value.where == "word/document.xml, paragraph 2: the {{ name.titel }}"


def test_field_without_a_value_is_not_printed_as_none(template):
    with pytest.raises(TemplateFault, match="a name the data does not have") as refusal:
        rendered(template("{{ note }}"))
    assert "no value" in refusal.value.got


@pytest.mark.parametrize(
    "tag",
    [
        "{{ title.__class__ }}", "{{ title.upper }}", "{{ name.model_dump() }}", "{{ name.carry }}", "{{ items }}",
        "{{ 'a' * 10000000 }}", "{{ 9 ** 99 }}", "{{ range(9) }}", "{{ title|attr('x') }}", "{{ 1 / 0 }}",
        "{{ cycler }}",
        "{% include 'x' %}", "{{ items|by_id('none') }}", "{% for a in items %}",
    ],
)  # fmt: skip
def test_tag_beyond_the_language_is_refused(template, tag):
    with pytest.raises(TemplateFault) as refusal:
        rendered(template(tag))
    assert refusal.value.where.startswith("word/document.xml")


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ("to [insert name] with", "[insert name]"),
        ("of [●]", "[●]"),
        ("on ______", "______"),
        ("{{ title", "{{ without an end"),
        ("title }}", "}} without a beginning"),
        ("{% if title", "{% without an end"),
        ("{{ title {% if %}", "{% inside {{"),
    ],
)
@pytest.mark.parametrize("where", ["body", "header"])
def test_leftover_of_the_template_is_refused_with_place(template, text, got, where):
    made = template("fine", text) if where == "body" else template("fine", header=text)
    with pytest.raises(TemplateFault) as refusal:
        rendered(made)
    assert refusal.value.got == got
    assert (
        refusal.value.where
        == f"word/{'document' if where == 'body' else 'header1'}.xml, paragraph {1 + (where == 'body')}: {text}"
    )


def test_leftover_look_alike_of_the_data_is_no_fault_of_the_template(template):
    assert lines(rendered(template("{{ title }}"), title="{{ [insert]")) == ["{{ [insert]"]


def test_condition_that_begins_in_a_table_and_ends_outside_is_refused(raw_template):
    text = "<w:p><w:r><w:t>{}</w:t></w:r></w:p>"
    table = f"<w:tbl><w:tr><w:tc>{text.format('{% if not title %}')}</w:tc></w:tr></w:tbl>"
    with pytest.raises(TemplateFault, match="not well-formed") as refusal:
        rendered(raw_template(table + text.format("{% endif %}")))
    assert refusal.value.where == "word/document.xml"


def test_loop_that_makes_too_much_is_stopped(template):
    items = [{"id": "a", "name": "A"}] * 200
    nested = (
        "{% for a in items %}{% for b in items %}{% for c in items %}{% for d in items %}"
        + "x" * 99
        + "{% endfor %}" * 4
    )
    with pytest.raises(TemplateFault, match="too much"):
        rendered(template(nested), items=items)


def test_private_character_that_would_forge_a_mark_is_refused(template):
    with pytest.raises(TemplateFault, match="private character"):
        rendered(template("{{ title }}"), title="a\ue000b")


def test_date_of_the_draft_is_written_as_given(template):
    data = Sample()
    at = datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC)
    docx = render(template("x"), data, agreement_id="M", draft=1, data_digest=DIGEST, drafted_at=at)
    assert part(docx, "docProps/core.xml").findtext("{http://purl.org/dc/terms/}modified") == "2026-11-22T01:02:03Z"


def test_parts_equal_what_docxtpl_renders(gssc):
    template = load_template("mou")
    keywords = {"agreement_id": "MOU-2026-0001", "draft": 1, "data_digest": DIGEST}
    oracle = DocxTemplate(io.BytesIO(template.docx))
    context, _ = context_for(template, gssc, select(template, gssc), **keywords)
    oracle.render(context, environment_for(template.locale), autoescape=True)
    saved = io.BytesIO()
    oracle.save(saved)
    for name in ("word/document.xml", "word/header1.xml", "word/footer1.xml"):
        expected = part(saved.getvalue(), name)
        finish(expected)
        assert etree.tostring(part(render(template, gssc, **keywords), name), method="c14n2") == etree.tostring(
            expected, method="c14n2"
        )
