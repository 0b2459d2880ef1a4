from __future__ import annotations

import pytest
from jinja2 import Environment
from lxml import etree

from templates.lint import W
from templates.proof import is_well_formed, tables_fit

MACRO = "{% macro f(x) %}<a>{{ x }}</a>{% endmacro %}"
BALANCED = {
    "text": "<a>one</a>",
    "empty element and attributes": '<a b="c" d:e="{{ f }}"/>',
    "condition": "<a>{% if x %}<b/>{% elif y %}<c></c>{% else %}d{% endif %}</a>",
    "condition over the borders of runs": "<w:p><w:r>{% if x %}</w:r><w:r>y</w:r><w:r>{% endif %}z</w:r></w:p>",
    "loop": "<a>{% for x in y %}<b>{{ x }}</b>{% else %}<c/>{% endfor %}</a>",
    "choice within an attribute": '<a b="{% if x %}one{% else %}{{ y }}{% endif %}"/>',
    "macro printed": MACRO + "<b>{{ f(1) }}</b>",
    "with and set": "{% with a = b %}<c>{% set d = a %}</c>{% endwith %}",
}
UNPROVEN = {
    "open": "<a>",
    "closed only": "</a>",
    "crossed": "<a><b></a></b>",
    "condition that opens": "{% if x %}<a>{% endif %}</a>",
    "branch that closes": "<a>{% if x %}b{% else %}</a>{% endif %}",
    "loop that closes": "<a>{% for x in y %}</a>{% endfor %}",
    "condition over the borders of cells": "<w:tc>{% if x %}</w:tc><w:tc>{% endif %}</w:tc>",
    "value within a tag": "<a {{ x }}/>",
    "step within a tag": "<a {% if x %}b='c'{% endif %}/>",
    "tag cut in two": "<a{% if x %}>b</a>{% endif %}",
    "piece of a macro": MACRO + "{{ f(1)|first }}",
    "slice of a macro": MACRO + "{{ f(1)[:5] }}",
    "macro kept": MACRO + "{% set x = f(1) %}<a>{{ x }}</a>",
    "macro by another name": MACRO + "{% set g = f %}{{ g(1) }}",
    "macro that is open": "{% macro f(x) %}<a>{% endmacro %}",
    "text kept": "{% set x %}<a/>{% endset %}",
    "text filtered": "{% filter upper %}<a/>{% endfilter %}",
    "text handed over": "{% macro f() %}{{ caller() }}{% endmacro %}{% call f() %}<a/>{% endcall %}",
}


@pytest.mark.parametrize("source", BALANCED.values(), ids=BALANCED)
def test_what_is_balanced_in_each_of_its_bodies_is_proven(source):
    assert is_well_formed(Environment().parse(source))


@pytest.mark.parametrize("source", UNPROVEN.values(), ids=UNPROVEN)
def test_what_might_not_be_well_formed_is_not_proven(source):
    assert not is_well_formed(Environment().parse(source))


def body(*rows, columns=2):
    """Return a table; a row is the texts of its cells."""

    def cell(text):
        return f"<w:tc><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:tc>"

    grid = f"<w:tblGrid>{'<w:gridCol/>' * columns}</w:tblGrid>"
    lines = "".join(f"<w:tr>{''.join(map(cell, texts))}</w:tr>" for texts in rows)
    return etree.fromstring(f'<w:body xmlns:w="{W[1:-1]}"><w:tbl>{grid}{lines}</w:tbl></w:body>')


LOOP, END = ["{%tr for a in b %}"], ["{%tr endfor %}"]


@pytest.mark.parametrize(
    "rows",
    [
        [["a", "b"]],
        [["a", "b"], LOOP, ["{{ a }}"], END],
        [LOOP, ["a", "b"], END],
        [["a", "b"], ["{%tr if x %}"], ["a"], ["{%tr else %}"], ["a", "b"], ["{%tr endif %}"]],
    ],
)
def test_table_with_a_full_row_fits(rows):
    assert tables_fit(body(*rows))


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [["a"]],
        [["a", "b", "c"]],
        [["a"], LOOP, ["a", "b"], END],
        [LOOP, END],
        [["a", "b"], ["{%tc for a in b %}", "{%tc endfor %}"]],
        [["a", "b"], ["{{tr put('x') }}"]],
        [["a", "{% hm %}b"]],
        [["{% colspan 2 %}a", "b"]],
    ],
)
def test_table_whose_rows_may_be_too_short_or_long_is_not_proven(rows):
    assert not tables_fit(body(*rows))
