from __future__ import annotations

import pytest
from lxml import etree

from schemas.errors import TemplateFault
from templates.lint import check_part, find_name, place
from tests.templates.conftest import NAMESPACES, paragraph


def part(*texts):
    return etree.fromstring(f"<w:document {NAMESPACES}>{''.join(map(paragraph, texts))}</w:document>")


def test_sound_part_is_let_through():
    check_part("word/document.xml", part("{{ title }}", "{%p if x %}", "{# remark #}"))


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ("{{ title", "{{ without an end"),
        ("title }}", "}} without a beginning"),
        ("{{ a {% b", "{% inside {{"),
        ("[insert]", "[insert]"),
    ],
)
def test_first_fault_is_raised_with_its_place(text, got):
    with pytest.raises(TemplateFault) as refusal:
        check_part("word/document.xml", part("sound", text))
    assert refusal.value.got == got
    assert refusal.value.where == f"word/document.xml, paragraph 2: {text}"


def test_name_is_found_in_tags_only():
    root = part("the title", "{{ subtitle }} {{ x.title }}", "{{ title }}")
    assert find_name(root, "part", "title") == "part, paragraph 3: {{ title }}"
    assert find_name(root, "part", "other") is None


def test_long_text_is_shortened_in_a_place():
    assert place("part", 1, "x" * 100) == f"part, paragraph 1: {'x' * 80}\u2026"
