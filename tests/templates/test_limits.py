from __future__ import annotations

import time

import pytest

from schemas.errors import TemplateFault
from schemas.evidence import digest_of
from schemas.text import Model
from templates import limits
from templates.limits import Budget, TooMuch, limited, spend
from templates.render import render

ROWS = 300


class Rows(Model):
    rows: tuple[str, ...] = tuple(str(number) for number in range(ROWS))
    text: str = "x" * 1000


def fill(template, data=None):
    return render(template, data or Rows(), agreement_id="M", draft=1, data_digest=digest_of(b""))


def doubled(step, times=60):
    return "".join(step for _ in range(times))


FOR = "{% for row in rows %}"
END = "{% endfor %}"
MACRO = "{{% macro f({}) %}}{{% if n %}}{}{{% endif %}}{{% endmacro %}}"
CALL = "{{% call f({}) %}}{}{{% endcall %}}"

BOMBS = {
    "nested loops that print": FOR * 5 + "x" * 99 + END * 5,
    "nested loops that print nothing": FOR * 5 + END * 5,
    "nested loops inside a condition": FOR * 4 + "{% if false %}x{% endif %}" + END * 4,
    "nested loops that set": FOR * 5 + "{% set a = row %}" + END * 5,
    "loop with a filter": FOR * 4 + "{% for row in rows if row == 'none' %}{% endfor %}" + END * 4,
    "recursive loop": "{% for row in rows recursive %}{{ loop(rows) }}{% endfor %}",
    "macro that calls itself": "{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}",
    "macro that calls itself twice": MACRO.format("n", "{{ f(n - 1) }}{{ f(n - 1) }}") + "{{ f(40) }}",
    "macro called with itself": MACRO.format("g, n", "{{ g(g, n - 1) }}{{ g(g, n - 1) }}") + "{{ f(f, 40) }}",
    "call block": MACRO.format("n", "{{ caller() }}" + CALL.format("n - 1", "{{ text }}") + CALL.format("n - 1", ""))
    + CALL.format("40", ""),
    "text joined with itself": "{% set a = text %}" + doubled("{% set a = a ~ a %}") + "{{ a }}",
    "text block that holds itself": "{% set a %}{{ text }}{% endset %}"
    + doubled("{% set a %}{{ a }}{{ a }}{% endset %}")
    + "{{ a }}",
    "text added": "{{ text + text }}",
    "text multiplied": "{{ text * 1000000 }}",
    "text formatted": "{{ '%99999999d' % 1 }}",
    "text with many digits": "{{ '%.99999999f' % 1 }}",
    "text formatted by its method": "{{ '{:>99999999}'.format(1) }}",
    "text widened by its method": "{{ 'x'.center(99999999) }}",
    "text replaced by its method": "{{ text.replace('x', text) }}",
    "power": "{{ 9 ** 9 ** 9 }}",
    "number multiplied with itself": "{% set a = 99999 %}" + doubled("{% set a = a * a %}") + "{{ a }}",
    "list of lists": "{% set a = [1, 2] %}" + doubled("{% set a = [a, a] %}") + "{{ a|listed }}",
    "list added": "{% set a = rows + rows %}{{ a|length }}",
    "tuple of tuples": "{% set a = (text, text) %}" + doubled("{% set a = (a, a) %}") + "{{ a == a }}",
    "dictionary": "{% set a = {'x': text} %}{{ a.x }}",
    "range": "{% for a in range(99999999) %}{% endfor %}",
    "cycle": "{{ cycler(1, 2) }}",
    "filter of many digits": "{{ 1|round(99999999) }}",
    "filter of many blanks": "{{ text|indent(99999999) }}",
    "filter that repeats": "{{ text|center(99999999) }}",
    "deep brackets": "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "deep list": "{% set a = " + "[" * 500 + "]" * 500 + " %}",
    "long chain of fields": "{{ text" + ".a" * 60 + " }}",
    "huge number": "{{ " + "9" * 9000 + " }}",
}


@pytest.mark.parametrize("body", BOMBS.values(), ids=BOMBS)
def test_template_without_end_is_stopped_within_seconds(template, body, monkeypatch):
    monkeypatch.setattr(limits, "MAX_SECONDS", 1.0)
    began = time.process_time()
    with pytest.raises(TemplateFault) as refusal:
        fill(template("first", body))
    assert time.process_time() - began < 20
    assert refusal.value.where.startswith("word/document.xml")


def test_stopped_loop_is_named_with_its_place_and_limit(template, monkeypatch):
    monkeypatch.setattr(limits, "MAX_CHARACTERS", 10_000)
    with pytest.raises(TemplateFault, match="makes too much") as refusal:
        fill(template("first", FOR + "{{ text }}" + END))
    assert refusal.value.where == "word/document.xml, paragraph 2: {% for row in rows %}{{ text }}{% endfor %}"
    assert refusal.value.got == "more than 10000 characters"


def test_five_thousand_rows_of_a_table_are_rendered_in_bounded_time(raw_template):
    cell = (
        '<w:tc><w:tcPr><w:tcW w:w="2000" w:type="dxa"/></w:tcPr><w:p><w:pPr><w:pStyle w:val="TableText"/></w:pPr>'
        "<w:r><w:t>{}</w:t></w:r></w:p></w:tc>"
    )
    row = "<w:tr>{}</w:tr>".format
    table = (
        "<w:tbl><w:tblGrid><w:gridCol/><w:gridCol/></w:tblGrid>"
        + row(cell.format("{%tr for row in rows %}"))
        + row(cell.format("{{ row }}") + cell.format("{{ text }}"))
        + row(cell.format("{%tr endfor %}"))
        + "</w:tbl>"
    )
    began = time.process_time()
    docx = fill(raw_template(table), Rows(rows=tuple(map(str, range(5000))), text="word"))
    assert time.process_time() - began < 60
    assert len(docx) > 10_000


def test_nothing_is_counted_outside_of_a_rendering():
    for _ in range(3):
        spend(limits.MAX_CHARACTERS)


def test_inner_rendering_spends_from_the_outer_budget():
    with limited(Budget(10)):
        with limited(Budget(1000)):
            spend(8)
        with pytest.raises(TooMuch, match="characters"):
            spend(8)


def test_time_runs_out_where_nothing_is_printed():
    with limited(Budget(10, -1)), pytest.raises(TooMuch, match=r" s$"):
        spend(0)
