from __future__ import annotations

import io
import zipfile
from typing import get_args

import pytest
from lxml import etree

from schemas.clause import Choice, Clause
from schemas.errors import TemplateFault
from schemas.evidence import digest_of
from schemas.fact import Fact
from schemas.prose import Prose
from schemas.text import Model, Name
from schemas.types.mou import BindingClause
from templates.clauses import clause_files
from templates.render import render_draft
from templates.wording import NAMED

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
ONE = (
    "{% for c in [clause('secrecy')] %}{{ c.id }} {{ c.version }} {{ c.heading }} {{ c.position }}"
    "{% for part in c.paragraphs %}/{{ part.level }} {{ part.lead }} {{ part.text }}{% endfor %}{% endfor %}"
)
PAIR = (
    "{% with c = clause_pair('secrecy') %}{{ c.left.heading }}|{{ c.right.heading }}"
    "{% for row in c.rows %}/{{ row.left.level }} {{ row.left.text }}|{{ row.right.text }}{% endfor %}{% endwith %}"
)


class Area(Model):
    title: Prose


class Sample(Model):
    language: str = "en"
    years: int = 2
    name: Fact[Name] = Fact(value="Nanoprogress")
    purpose: Prose = Prose.model_validate({"en": "To <grow> & {{ 7*7 }}", "es": "Crecer"})
    areas: tuple[Area, ...] = tuple(
        Area(title=Prose.model_validate({"en": en, "es": es})) for en, es in (("Water", "Agua"), ("Energy", "Energía"))
    )
    names: tuple[str, ...] = ("law and disputes",)
    choices: tuple[Choice, ...] = ()
    clauses: tuple[Clause, ...] = ()


def written(template, **data):
    document = Sample.model_validate(data)
    docx = render_draft(template, document, agreement_id="M", draft=1, data_digest=digest_of(b"")).docx
    with zipfile.ZipFile(io.BytesIO(docx)) as package:
        root = etree.fromstring(package.read("word/document.xml"))
    return "".join(text.text or "" for text in root.iter(f"{W}t"))


def test_clause_is_written_with_the_data(template, clause):
    paragraphs = (
        {"en": "Kept.", "es": "Guardado."},
        {
            "level": 2,
            "each": "area in areas",
            "lead": {"en": "{{ area.title }}.", "es": "{{ area.title }}."},
            "en": "For {{ years }} {% if years == 1 %}year{% else %}years{% endif %}",
            "es": "{{ years }}",
        },
        {"when": "years > 5", "en": "Long.", "es": "Largo."},
        {"en": "{% if years > 5 %}Empty otherwise.{% endif %}", "es": "{% if years > 5 %}x{% endif %}"},
    )
    made = template(ONE, clauses={"secrecy": clause("secrecy", *paragraphs)})
    assert written(made) == "secrecy 1 Secrecy standard/1  Kept./2 Water. For 2 years/2 Energy. For 2 years"
    assert written(made, years=9).endswith("/1  Long./1  Empty otherwise.")


def test_data_in_a_clause_is_printed_as_it_is_once(template, clause):
    made = template(ONE, clauses={"secrecy": clause("secrecy", {"en": "{{ purpose }}", "es": "{{ purpose }}"})})
    assert written(made).endswith("/1  To <grow> & {{ 7*7 }}")


def test_open_fact_keeps_its_mark_in_a_clause(template, clause):
    made = template(ONE, clauses={"secrecy": clause("secrecy", {"en": "By {{ name }}.", "es": "{{ name }}"})})
    name = {"value": "Solartys", "status": "assumed", "source": "public reports"}
    assert written(made, name=name).endswith("/1  By Solartys\u202fassumed.")


def test_own_clause_of_the_data_is_never_a_template(template, clause):
    made = template(
        ONE,
        "{% for c in added %}+{{ c.heading }}{% endfor %}",
        clauses={"secrecy": clause("secrecy", {"en": "x", "es": "x"})},
    )
    own = {"id": "mine", "heading": "{{ 1 }}", "paragraphs": ["{{ years }} & {% if %}"]}
    text = written(made, clauses=[own | {"replaces": "secrecy"}, own | {"id": "more"}])
    assert text == "mine 1 {{ 1 }} deviation/1  {{ years }} & {% if %}+{{ 1 }}"


def test_two_languages_stand_side_by_side_row_by_row(template, clause):
    paragraphs = (
        {"each": "area in areas", "level": 2, "en": "{{ area.title }}", "es": "{{ area.title }}"},
        {"when": "years > 5", "en": "Long.", "es": "Largo."},
        {"en": "{{ years }} years", "es": "{{ years }} años"},
    )
    made = template(
        PAIR,
        "\n{{ left.purpose }}|{{ right.purpose }}|{{ purpose }}|{{ 'CZ'|country }}|{{ right.language|language }}",
        edition="en-es",
        clauses={"secrecy": clause("secrecy", *paragraphs)},
    )
    assert written(made) == (
        "Secrecy|Secrecy (es)/2 Water|Agua/2 Energy|Energía/1 2 years|2 años"
        "To <grow> & {{ 7*7 }}|Crecer|To <grow> & {{ 7*7 }}|Czechia|inglés"
    )


def test_added_clause_stands_in_both_languages(template, clause):
    made = template(
        "{% for c in added_pairs %}{{ c.left.heading }}|{{ c.right.heading }}"
        "{% for row in c.rows %}/{{ row.left.text }}|{{ row.right.text }}{% endfor %}{% endfor %}",
        edition="en-es",
    )
    own = {"id": "mine", "heading": {"en": "Own", "es": "Propia"}, "paragraphs": [{"en": "A", "es": "B"}]}
    assert written(made, clauses=[own]) == "Own|Propia/A|B"


NAMING = "{{ ['law and disputes', 'secrecy']|headings }}: {{ clause('naming').paragraphs[0].text }}"
LAW = {"id": "own-law", "heading": {"en": "Law & peace", "es": "Ley & paz"}, "paragraphs": [{"en": "A", "es": "B"}]}


@pytest.fixture
def naming(clause):
    tag = "{{ ['law and disputes']|headings }}"
    return {
        "law-and-disputes": clause("law-and-disputes", {"en": "x", "es": "x"}),
        "secrecy": clause("secrecy", {"en": "x", "es": "x"}, heading={"en": "Secrecy of {{ years }}", "es": "Y"}),
        "naming": clause("naming", {"en": f"save {tag}", "es": f"salvo {tag}"}),
    }


def test_clause_is_named_by_the_heading_that_stands_in_the_document(template, naming):
    included = "{{ clause('law-and-disputes').id }} {{ clause('secrecy').id }}"
    made = template(NAMING, included, clauses=naming)
    assert written(made).startswith("“Law-and-disputes” and “Secrecy of 2”: save “Law-and-disputes”")
    replaced = written(made, clauses=[LAW | {"replaces": "law-and-disputes"}])
    assert replaced.startswith("“Law & peace” and “Secrecy of 2”: save “Law & peace”")


def test_each_side_names_a_clause_by_its_own_heading(template, naming):
    both = "{{ left.names|headings }}|{{ right.names|headings }} {{ clause_pair('law-and-disputes').left.id }}"
    pair = "{% for row in clause_pair('naming').rows %}{{ row.left.text }}|{{ row.right.text }}{% endfor %}"
    made = template(both, pair, edition="en-es", clauses=naming)
    text = written(made, clauses=[LAW | {"replaces": "law-and-disputes"}])
    assert text == "“Law & peace”|«Ley & paz» own-lawsave “Law & peace”|salvo «Ley & paz»"


def test_clause_that_is_named_has_to_stand_in_the_document(template, naming):
    with pytest.raises(TemplateFault, match="names a clause that does not stand in it") as refusal:
        written(template(NAMING, clauses=naming))
    assert refusal.value.got == "law-and-disputes, secrecy"
    with pytest.raises(TemplateFault, match="pins no clause 'fees'"):
        written(template("{{ ['fees']|headings }}", clauses=naming))


def test_clauses_that_the_data_can_name_are_in_the_library():
    assert NAMED.keys() == set(get_args(BindingClause))
    assert set(NAMED.values()) <= clause_files().keys()


def test_record_of_a_draft_names_what_was_asked_for(template, clause):
    library = {name: clause(name, {"en": "x", "es": "x"}) for name in ("secrecy", "unused")}
    made = template(
        "{{ clause('secrecy').heading }}{% if years > 5 %}{{ clause('unused').heading }}{% endif %}", clauses=library
    )
    for years, expected in ((2, ["secrecy"]), (9, ["secrecy", "unused"])):
        document = Sample(years=years)
        drawn = render_draft(made, document, agreement_id="M", draft=1, data_digest=digest_of(b""))
        assert [record.id for record in drawn.clauses] == expected


FAULTS = {
    "unknown name": ({"en": "{{ yeers }}", "es": "{{ yeers }}"}, "paragraph 1, en", "yeers"),
    "unknown field": ({"en": "{{ name.nme }}", "es": "x"}, "paragraph 1, en", "nme"),
    "unreadable tag": ({"en": "{{ name", "es": "x"}, "paragraph 1, en", "end of print statement"),
    "unknown filter": ({"en": "{{ name|shout }}", "es": "x"}, "paragraph 1, en", "shout"),
    "clause within a clause": ({"en": "{{ clause('secrecy').heading }}", "es": "x"}, "paragraph 1, en", "clause"),
    "condition that ends early": ({"when": "years %}x{% endif %}", "en": "x", "es": "x"}, "paragraph 1, en", "%}"),
    "loop without end": (
        {"each": "a in areas", "en": "{% for b in areas recursive %}{{ loop(areas) }}{% endfor %}", "es": "x"},
        "paragraph 1, en",
        "recursion",
    ),
    "macro": ({"en": "{% macro m() %}x{% endmacro %}", "es": "x"}, "paragraph 1, en", "macro is not allowed"),
    "method of a text": ({"en": "{{ name.upper() }}", "es": "x"}, "paragraph 1, en", "upper"),
}


@pytest.mark.parametrize(("paragraph", "where", "got"), FAULTS.values(), ids=FAULTS)
def test_fault_of_a_text_is_named_with_clause_paragraph_and_language(template, clause, paragraph, where, got):
    made = template(ONE, clauses={"secrecy": clause("secrecy", {"en": "Fine.", "es": "x"}, paragraph)})
    with pytest.raises(TemplateFault) as refusal:
        written(made)
    assert refusal.value.where == f"clauses/secrecy/v1.toml, {where.replace('paragraph 1', 'paragraph 2')}"
    assert got in refusal.value.got


def test_clause_without_the_language_of_the_document_is_refused(template, clause):
    made = template(ONE, edition="it", clauses={"secrecy": clause("secrecy", {"en": "x", "es": "x"})})
    with pytest.raises(TemplateFault, match="no text in the language") as refusal:
        written(made)
    assert (refusal.value.where, refusal.value.expected) == ("clauses/secrecy/v1.toml", "it")


def test_clause_that_is_not_pinned_is_refused_at_its_tag(template, clause):
    made = template(
        "first", "{{ clause('secresy').heading }}", clauses={"secrecy": clause("secrecy", {"en": "x", "es": "x"})}
    )
    with pytest.raises(TemplateFault) as refusal:
        written(made)
    assert refusal.value.where.startswith("word/document.xml, paragraph 2: ")
    assert "secresy" in refusal.value.got
    assert "secrecy" in refusal.value.got
