from __future__ import annotations

import contextlib
import io
import zipfile
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings, strategies as st

from schemas.errors import TemplateFault
from templates.package import MAX_BYTES, MAX_UNPACKED_BYTES
from templates.word_file import read_parts, read_word_file
from tests.templates.conftest import paragraph, word_file

WHOLE = word_file(paragraph("Článek 1") + paragraph(""), header="Header", title="Title")
HIDDEN = "<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r><w:r><w:t>shown</w:t></w:r></w:p>"


def with_part(name: str, content: bytes) -> bytes:
    """Return the whole file with one part replaced."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(WHOLE)) as old, zipfile.ZipFile(target, "w") as new:
        for part in old.namelist():
            new.writestr(part, content if part == name else old.read(part))
    return target.getvalue()


def test_shown_paragraphs_of_the_body_and_the_date_are_read():
    word = read_word_file(WHOLE)
    assert word.paragraphs == ("Článek 1",)
    assert word.modified == datetime(2021, 4, 27, tzinfo=UTC)


def test_hidden_text_is_not_shown():
    assert read_word_file(word_file(HIDDEN)).paragraphs == ("shown",)


def test_every_xml_part_is_parsed():
    assert {"word/document.xml", "word/header1.xml", "[Content_Types].xml", "_rels/.rels"} <= read_parts(WHOLE).keys()


@pytest.mark.parametrize("part", ["word/document.xml", "word/header1.xml", "_rels/.rels"])
def test_part_that_is_not_well_formed_is_named(part):
    with pytest.raises(TemplateFault, match=r"damaged") as refusal:
        read_word_file(with_part(part, b"<w:document>"))
    assert refusal.value.where == part


def test_zip_without_a_text_is_no_word_file():
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as package:
        package.writestr("a.txt", "text")
    with pytest.raises(TemplateFault, match=r"without word/document\.xml"):
        read_word_file(target.getvalue())


def test_other_xml_is_no_text_of_a_word_file():
    with pytest.raises(TemplateFault, match=r"a root element html"):
        read_word_file(with_part("word/document.xml", b"<html/>"))


def test_too_large_file_is_refused_unread():
    with pytest.raises(TemplateFault, match=str(MAX_BYTES)):
        read_word_file(bytes(MAX_BYTES + 1))


def test_file_that_unpacks_to_too_much_is_refused_before_it_is_unpacked():
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package, package.open("word/document.xml", "w") as part:
        for _ in range(MAX_UNPACKED_BYTES // 2**20 + 1):
            part.write(bytes(2**20))
    with pytest.raises(TemplateFault, match=str(MAX_UNPACKED_BYTES)):
        read_word_file(target.getvalue())


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(1, 255)), min_size=1, max_size=4))
@example([(29, 13)])
@example([(len(WHOLE) - 4, 255), (len(WHOLE) - 3, 255)])
def test_changed_bytes_give_the_file_or_our_own_refusal(flips):
    damaged = bytearray(WHOLE)
    for place, mask in flips:
        damaged[place] ^= mask
    with contextlib.suppress(TemplateFault):
        assert read_word_file(bytes(damaged)).paragraphs is not None
