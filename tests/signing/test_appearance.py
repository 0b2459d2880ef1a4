"""What a page shows is compared pixel by pixel, in a process that hostile bytes cannot harm."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from schemas.errors import Invalid, Unavailable
from signing import appearance
from signing.appearance import Difference, Shown, differences
from signing.fields import FieldBox, field_boxes
from signing.revision import open_pdf, writer_on
from tests.attacks import tampering
from tests.attacks.scene import agreement_pdf

PAGE = b"BT /F1 %s Tf 72 700 Td (%s) Tj ET"


def redrawn(pdf: bytes, content: bytes, page: int = 0) -> bytes:
    """Return ``pdf`` with a revision in which a page draws ``content``."""
    writer = writer_on(pdf)
    tampering.rewrite(writer, tampering.page_of(writer, page).get_object().raw_get("/Contents"), content)
    return tampering.written(writer)


def compared(before: bytes, after: bytes, *boxes: FieldBox) -> tuple[Difference, ...]:
    return differences(after, [Shown("first", len(before)), Shown("second", len(after), boxes)])


@pytest.mark.parametrize("size", [b"6", b"11"], ids=["6pt", "11pt"])
@pytest.mark.parametrize(
    ("before", "after"),
    [(b"1,000", b"1.000"), (b"1000", b"7000"), (b"8", b"9"), (b"not", b"now"), (b"l", b"I"), (b"e", b"\351")],
    ids=["comma", "digit", "8 to 9", "word", "l to I", "accent"],
)
def test_smallest_change_of_a_text_is_seen(size, before, after):
    first = redrawn(agreement_pdf(), PAGE % (size, before))
    assert compared(first, redrawn(first, PAGE % (size, after))) == (Difference("first", "second", 1),)


def test_change_of_colour_alone_is_seen():
    first = redrawn(agreement_pdf(), b"0.299 g 60 600 50 50 re f")
    assert compared(first, redrawn(first, b"1 0 0 rg 60 600 50 50 re f"))


def test_same_drawing_in_other_words_is_no_difference():
    first = redrawn(agreement_pdf(), PAGE % (b"11", b"words"))
    assert compared(first, redrawn(first, b"q " + PAGE % (b"11", b"words") + b" Q")) == ()


def test_change_within_a_box_is_expected_and_beside_it_is_not():
    first = agreement_pdf()
    second = redrawn(first, b"0 g 100 100 50 20 re f", page=1)
    around = FieldBox(1, (100, 100, 150, 120))
    before = redrawn(first, b"", page=1)
    again = redrawn(before, b"0 g 100 100 50 20 re f", page=1)
    assert compared(before, again, around) == ()
    assert compared(before, again, FieldBox(1, (100, 100, 140, 120))) == (Difference("first", "second", 2),)
    assert compared(before, again, FieldBox(0, (100, 100, 150, 120))) == (Difference("first", "second", 2),)
    assert len(compared(first, second)) == 1


def test_box_is_found_on_a_page_that_is_turned_and_cropped():
    writer = writer_on(redrawn(agreement_pdf(), b""))
    page = tampering.page_of(writer)
    page.get_object()["/Rotate"] = tampering.converted(90)
    page.get_object()["/CropBox"] = tampering.converted([50, 50, 500, 700])
    writer.mark_update(page)
    first = tampering.written(writer)
    second = redrawn(first, b"0 g 100 100 50 20 re f")
    assert compared(first, second, FieldBox(0, (100, 100, 150, 120))) == ()
    assert compared(first, second, FieldBox(0, (90, 200, 150, 220))) == (Difference("first", "second", 1),)


def test_page_that_is_taken_away_is_told():
    first = agreement_pdf()
    writer = writer_on(first)
    tampering.page_removed(writer)
    found = compared(first, tampering.written(writer))
    assert "the second has not as many pages as the first" in [str(difference) for difference in found]


def test_page_of_another_size_is_told():
    first = agreement_pdf()
    writer = writer_on(first)
    page = tampering.page_of(writer)
    page.get_object()["/MediaBox"] = tampering.converted([0, 0, 595, 843])
    writer.mark_update(page)
    found = compared(first, tampering.written(writer))
    assert [str(difference) for difference in found] == ["page 1 of the second looks otherwise than in the first"]


def test_annotation_is_drawn_too():
    first = agreement_pdf()
    writer = writer_on(first)
    tampering.overlaid(writer)
    assert compared(first, tampering.written(writer)) == (Difference("first", "second", 1),)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda pdf: b"%PDF-1.7\njunk", "Failed to load document"),
        (lambda pdf: with_page_of(pdf, 200_000), "too large to be drawn"),
    ],
    ids=["junk", "huge page"],
)
def test_what_cannot_be_drawn_is_invalid(spoil, told):
    pdf = spoil(agreement_pdf())
    with pytest.raises(Invalid, match="the pages cannot be drawn") as caught:
        differences(pdf, [Shown("only", len(pdf))])
    assert told in str(caught.value.got)


def with_page_of(pdf: bytes, points: int) -> bytes:
    writer = writer_on(pdf)
    page = tampering.page_of(writer)
    page.get_object()["/MediaBox"] = tampering.converted([0, 0, points, points])
    writer.mark_update(page)
    return tampering.written(writer)


@pytest.mark.parametrize(
    ("act", "told"),
    [
        ("bytearray(3 * 1024**3)", "MemoryError"),
        ("import os; os.write(os.open('left-behind', os.O_CREAT | os.O_WRONLY), b'x')", "File too large"),
    ],
    ids=["memory", "files"],
)
def test_drawing_process_takes_no_more_than_it_may(act, told, tmp_path):
    code = f"import pages_worker; pages_worker.set_limits(); {act}"
    folder = str(appearance.WORKER.parent)
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=False, cwd=tmp_path, env={"PYTHONPATH": folder}
    )
    assert ended.returncode != 0
    assert told in ended.stderr.decode() or ended.returncode == -signal.SIGXFSZ


def test_machine_that_is_too_busy_is_asked_again_later(monkeypatch):
    monkeypatch.setattr(appearance, "DEADLINE_SECONDS", 0.001)
    pdf = agreement_pdf()
    with pytest.raises(Unavailable, match="not drawn in time"):
        differences(pdf, [Shown("only", len(pdf))])


def test_fields_are_found_where_they_are_seen(journey):
    assert field_boxes(open_pdf(journey.prepared)) == {
        "signatory:gssc": FieldBox(1, (72.0, 100.0, 272.0, 160.0)),
        "signatory:chamber": FieldBox(1, (320.0, 100.0, 520.0, 160.0)),
    }
