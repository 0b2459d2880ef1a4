from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given, strategies as st

from schemas.errors import TemplateFault
from templates.package import pack, packed, unpacked

PARTS = {"[Content_Types].xml": b"<a/>" * 100, "word/média.xml": b"", "word/b.bin": bytes(range(256))}


def test_package_is_a_zip_whose_dates_are_fixed():
    content = packed(pack(*part) for part in PARTS.items())
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        assert package.testzip() is None
        assert {name: package.read(name) for name in package.namelist()} == PARTS
        assert {entry.date_time for entry in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert content == packed(pack(*part) for part in PARTS.items())


@given(st.dictionaries(st.text(st.characters(codec="ascii", categories=["L"]), min_size=1), st.binary()))
def test_parts_come_back_in_their_order(parts):
    assert list(unpacked(packed(pack(*part) for part in parts.items())).items()) == list(parts.items())


@pytest.mark.parametrize("content", [b"", b"no zip", packed([pack("a", b"content" * 9)])[:-30]])
def test_what_is_no_package_is_refused(content):
    with pytest.raises(TemplateFault, match="no Word file"):
        unpacked(content)


def test_part_that_was_damaged_is_refused():
    content = bytearray(packed([pack("a", b"content" * 9)]))
    content[40] ^= 1
    with pytest.raises(TemplateFault, match="no Word file"):
        unpacked(bytes(content))
