"""The visible part of a signature: a few lines of text in an embedded font, as PDF/A wants it."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pyhanko.pdf_utils.layout import AxisAlignment, InnerScaling, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.text import TextBoxStyle
from pyhanko.stamp import TextStampStyle

from schemas.signature import SigningWay
from signing.font import FONTS, Font, font_with
from signing.keys import DEMONSTRATION

ROOM_POINTS = 62
"""Height of the room that templates keep for a signature, without margins."""

SIZES = ((9, 11, 44), (8, 10, 49), (7, 8, 58))
"""Size and leading in points, and the characters of a line: those that fit the room's 198 points of most letters.

The first in which all lines fit is taken. What is longer still at 7 points, or in a smaller field, shrinks.
"""
INK = (0.12, 0.16, 0.28)

_WITHOUT_MARGINS = SimpleBoxLayoutRule(x_align=AxisAlignment.ALIGN_MIN, y_align=AxisAlignment.ALIGN_MID)


@dataclass(frozen=True)
class Stamp:
    """What a signatory's visible signature says; the time of signing is added, in UTC.

    ``recorded_by`` is the organisation whose seal stands in the field where ``name`` signed by a click or on paper.
    ``fonts`` are TrueType files tried in order; a letter none of them has is a refusal.
    """

    name: str
    role: str
    way: SigningWay = SigningWay.PKCS12
    recorded_by: str = ""
    demonstration: bool = False
    fonts: tuple[Path, ...] = FONTS

    def text(self, now: datetime) -> str:
        """Return the lines, joined by line feeds."""
        person, moment = _one_line(self.name), f"{now.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        organisation = _one_line(self.recorded_by)
        match self.way:
            case SigningWay.CLICK:
                first, recorded = "Accepted by click", f"Simple electronic signature, recorded by {organisation}"
            case SigningWay.PAPER:
                # the person did nothing here, and the moment is not the one of their signature
                first, recorded = "Signed on paper", f"Scan compared and recorded by {organisation}"
            case _:
                first, recorded = "Signed by", ""
        lines = [f"{first}{':' if recorded else ''} {person}", _one_line(self.role), recorded, moment]
        if self.demonstration:
            lines.append(DEMONSTRATION)
        wrapped = [[part for line in lines for part in textwrap.wrap(line, width)] for _, _, width in SIZES]
        return "\n".join(next((some for some in wrapped if _size_for(some)), wrapped[-1]))

    def style(self, text: str) -> TextStampStyle:
        """Return how ``text`` is set: left, in the largest size that fits, shrunk where none does."""
        size, leading, _ = _size_for(text.splitlines()) or SIZES[-1]
        font = Font(font_with(text, self.fonts), frozenset(text) - {"\n"}, size)
        rule = SimpleBoxLayoutRule(
            x_align=AxisAlignment.ALIGN_MIN,
            y_align=AxisAlignment.ALIGN_MID,
            margins=Margins(left=4, right=4, top=3, bottom=3),
            inner_content_scaling=InnerScaling.SHRINK_TO_FIT,
        )
        lines = TextBoxStyle(
            font=font, font_size=size, leading=leading, text_color=INK, box_layout_rule=_WITHOUT_MARGINS
        )
        return TextStampStyle(
            border_width=0,
            text_box_style=lines,
            inner_content_layout=rule,
            stamp_text="%(text)s",
        )


def _size_for(lines: Sequence[str]) -> tuple[int, int, int] | None:
    """Return the first of :data:`SIZES` in which the lines fit the room, if one does."""
    longest = max(map(len, lines), default=0)
    return next((one for one in SIZES if longest <= one[2] and len(lines) * one[1] <= ROOM_POINTS), None)


def _one_line(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())
