from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from archive.revisions import revisions_within
from schemas.errors import Invalid
from schemas.evidence import digest_of

FIRST = b"%PDF-1.7 one\n%%EOF\n"
SECOND = FIRST + b"two\n%%EOF\n"
THIRD = SECOND + b"three\n%%EOF"


def recorded(*contents: bytes) -> list[tuple[str, str]]:
    return [(f"number {number}", digest_of(content)) for number, content in enumerate(contents, start=1)]


def test_each_revision_is_found_with_its_size():
    found = revisions_within(THIRD, recorded(FIRST, SECOND, THIRD))
    assert [revision.size_bytes for revision in found] == [len(FIRST), len(SECOND), len(THIRD)]


@pytest.mark.parametrize("end", [b"", b"\n", b"\r", b"\r\n"])
def test_a_revision_ends_with_its_mark_and_any_line_end(end):
    first = b"%PDF-1.7 one\n%%EOF" + end
    assert revisions_within(first + b"\n" + SECOND, recorded(first, first + b"\n" + SECOND))[0].size_bytes == len(first)


@given(st.lists(st.binary(max_size=30), min_size=1, max_size=6))
def test_whatever_was_appended_the_revisions_are_found(pieces):
    contents, content = [], b""
    for piece in pieces:
        content += piece + b"\n%%EOF\n"
        contents.append(content)
    assert [revision.size_bytes for revision in revisions_within(content, recorded(*contents))] == [
        len(content) for content in contents
    ]


def test_a_rewritten_beginning_is_refused():
    with pytest.raises(Invalid, match="number 1 does not lie within the file"):
        revisions_within(THIRD.replace(b"one", b"ONE"), recorded(FIRST, THIRD))


def test_a_later_revision_must_extend_the_one_before():
    with pytest.raises(Invalid, match="number 2 does not extend the one number 1"):
        revisions_within(SECOND, recorded(SECOND, FIRST))
    with pytest.raises(Invalid, match="number 2 does not extend the one number 1"):
        revisions_within(SECOND, recorded(SECOND, SECOND))


def test_bytes_after_the_last_revision_are_refused():
    with pytest.raises(Invalid, match="bytes follow the last recorded revision") as caught:
        revisions_within(THIRD, recorded(FIRST, SECOND))
    assert caught.value.where == f"byte {len(SECOND)}"


def test_a_file_nothing_was_recorded_of_is_refused():
    with pytest.raises(Invalid, match="bytes follow"):
        revisions_within(FIRST, [])
