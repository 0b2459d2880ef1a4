from __future__ import annotations

import io
from datetime import date, timedelta

import pytest
from PIL import Image

from schemas.errors import TemplateFault
from schemas.schedule import Bar
from templates.gantt import DOTS_PER_INCH, draw, height_of, months_of, rows_within
from templates.view import Style

WIDTH = 5_760_000
ENGLISH = Style.of("en-GB")
KINDS = ("activity", "deliverable", "milestone")


def bars(number, months):
    """Return so many bars of all kinds, from the first to the last of so many months."""
    first, (years, month) = date(2020, 9, 1), divmod(8 + months, 12)
    last = date(2020 + years, month + 1, 1)
    step = (last - first) / number
    return [
        Bar(
            id=f"A{index}",
            label=f"Činnost Ενέργεια Hoạt động {index}",
            start=first + step * index,
            end=last - timedelta(days=1) if index == number - 1 else first + step * index,
            lead="Nanoprogress",
            kind=KINDS[index % 3],
        )
        for index in range(number)
    ]


def drawn(rows, style=ENGLISH):
    return draw(rows, months_of(rows), WIDTH, style)


@pytest.mark.parametrize(("number", "months"), [(1, 1), (5, 3), (25, 24), (12, 120)])
def test_picture_has_the_size_of_its_rows_and_is_the_same_each_time(number, months):
    rows = bars(number, months)
    assert len(months_of(rows)) == months
    png = drawn(rows)
    with Image.open(io.BytesIO(png)) as picture:
        expected = (WIDTH / 914_400 * DOTS_PER_INCH, height_of(number) / 914_400 * DOTS_PER_INCH)
        assert picture.size == pytest.approx(expected, abs=1)
        assert set(picture.info) <= {"dpi"}
    assert png == drawn(rows)


def test_kinds_differ_without_colour():
    row = bars(1, 3)[0]
    point = row.model_copy(update={"end": row.start})
    pictures = []
    for kind in KINDS:
        with Image.open(io.BytesIO(drawn([row, point.model_copy(update={"kind": kind})]))) as picture:
            pictures.append(picture.convert("1").tobytes())
    assert len(set(pictures)) == len(KINDS)


def test_words_of_the_picture_are_in_the_language_of_the_text():
    rows = bars(3, 6)
    assert len({drawn(rows, Style.of(name)) for name in ("en-GB", "es-ES", "it-IT", "pt-PT")}) == 4


def test_long_names_are_shortened_and_signs_are_no_formula():
    row = bars(1, 3)[0]
    long = row.model_copy(update={"label": "word " * 200, "lead": "W" * 200})
    same = row.model_copy(update={"label": "word " * 400, "lead": "W" * 400})
    assert drawn([long]) == drawn([same])
    assert drawn([row.model_copy(update={"label": "$5 and $6_7"})]) != drawn(
        [row.model_copy(update={"label": "5 and 67"})]
    )


def test_letter_the_font_does_not_have_is_refused():
    row = bars(1, 3)[0].model_copy(update={"label": "活動"})
    with pytest.raises(TemplateFault, match="does not have these letters") as refusal:
        drawn([row])
    assert "U+6D3B" in refusal.value.got
    assert refusal.value.where == "活動"


def test_rows_that_fit_are_as_high_as_said():
    height = height_of(17)
    assert rows_within(height) == 17
    assert rows_within(height - 1000) == 16
    assert rows_within(0) == 1
