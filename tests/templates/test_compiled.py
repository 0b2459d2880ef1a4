from __future__ import annotations

import io
import zipfile

import pytest

from schemas.errors import TemplateFault
from schemas.evidence import digest_of
from templates import compiled
from templates.compiled import compile_template
from templates.package import pack, packed, unpacked
from templates.render import fill

NAMES = frozenset({"title"})
VALUES = {"title": "Title"}


def changed(template, change):
    """Return ``template`` with its parts changed."""
    parts = change(unpacked(template.docx))
    docx = packed(pack(*part) for part in parts.items())
    return type(template)("x", "x", 1, "en", digest_of(docx), "x", docx)


def test_template_is_made_ready_once_for_each_digest(template):
    first, again = template("{{ title }}"), template("{{ title }}")
    assert compile_template(first, NAMES) is compile_template(again, NAMES)
    assert compile_template(first, NAMES) is not compile_template(template("{{ title }}!"), NAMES)
    assert compile_template(first, NAMES) is not compile_template(first, NAMES | {"other"})


def test_parts_with_tags_are_known_by_their_content_type_whatever_they_are_called(template):
    def renamed(parts):
        return {
            name.replace("document.xml", "document2.xml"): content.replace(b"document.xml", b"document2.xml")
            for name, content in parts.items()
        }

    docx = fill(changed(template("{{ title }}"), renamed), VALUES).docx
    with zipfile.ZipFile(io.BytesIO(docx)) as package:
        assert b">Title<" in package.read("word/document2.xml")


def test_part_that_is_too_large_is_refused(template, monkeypatch):
    monkeypatch.setattr(compiled, "MAX_PART_BYTES", 900)
    with pytest.raises(TemplateFault, match="too large") as refusal:
        fill(template("x" * 900), VALUES)
    assert refusal.value.where == "word/document.xml"


def test_part_with_too_many_tags_is_refused(template, monkeypatch):
    monkeypatch.setattr(compiled, "MAX_TAGS", 3)
    with pytest.raises(TemplateFault, match="too large") as refusal:
        fill(template("{{ title }}" * 4), VALUES)
    assert "4 tags" in refusal.value.got


@pytest.mark.parametrize(
    "tag",
    [
        "{% include 'x' %}", "{% import 'x' as y %}", "{% from 'x' import y %}", "{% extends 'x' %}",
        "{% block x %}{% endblock %}", "{% autoescape false %}{{ title }}{% endautoescape %}", "{{ {'a': title} }}",
        "{% raw %}{{ title }}{% endraw %}", "{{ title._x }}", "{{ title.__class__ }}", "{{ title|safe }}",
        "{{ title|attr('upper') }}",
    ],
)  # fmt: skip
def test_what_is_no_part_of_the_language_is_refused_with_its_place(template, tag):
    with pytest.raises(TemplateFault, match="cannot be read") as refusal:
        fill(template("first", tag), VALUES)
    assert refusal.value.where.startswith("word/document.xml, paragraph 2: ")


@pytest.mark.parametrize(
    "tag", ["{{ title['__class__'] }}", "{{ title['upper']() }}", "{{ self }}", "{{ title.upper }}"]
)
def test_what_cannot_be_reached_is_refused_where_it_is_filled(template, tag):
    with pytest.raises(TemplateFault) as refusal:
        fill(template("first", tag), VALUES)
    assert refusal.value.where.startswith("word/document.xml, paragraph 2: ")


def test_what_is_no_word_file_is_refused(template):
    with pytest.raises(TemplateFault, match="well-formed"):
        fill(changed(template("x"), lambda parts: {"[Content_Types].xml": b"<Types/"}), VALUES)


def test_body_is_needed(template):
    def emptied(parts):
        content = parts["word/document.xml"].replace(b"<w:body>", b"").replace(b"</w:body>", b"")
        return parts | {"word/document.xml": content}

    with pytest.raises(TemplateFault, match="no Word file"):
        fill(changed(template("x"), emptied), VALUES)


@pytest.mark.parametrize("character", ["\x01", "\ud800", "\uffff"])
def test_character_xml_does_not_have_is_refused(template, character):
    (part,) = (part for part in compile_template(template("by {{ title }}"), NAMES) if part.frame)
    with pytest.raises(TemplateFault, match="well-formed"):
        part.write({"title": f"a{character}b"})
