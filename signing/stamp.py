"""The visible part of a signature: a few lines of text in an embedded font, as PDF/A wants it."""

from __future__ import annotations

import textwrap
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pyhanko.pdf_utils.layout import AxisAlignment, InnerScaling, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.text import TextBoxStyle
from pyhanko.stamp import TextStampStyle

from schemas.signature import SigningWay
from signing.font import FONTS, Font, font_with
from signing.keys import DEMONSTRATION

SIZE_POINTS = 9
LEADING_POINTS = 11
LINE_CHARACTERS = 44
"""Longer lines are broken, so that one long name does not shrink the whole stamp."""
INK = (0.12, 0.16, 0.28)


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
        match self.way:
            case SigningWay.CLICK:
                lines = [f"Accepted by {person}", f"Simple electronic signature, recorded by {self.recorded_by}"]
            case SigningWay.PAPER:
                lines = [person, f"Signed on paper; scan checked. Recorded by {self.recorded_by}"]
            case _:
                lines = [f"Signed by {person}"]
        lines += [_one_line(self.role), moment]
        if self.demonstration:
            lines.append(DEMONSTRATION)
        return "\n".join(part for line in lines for part in textwrap.wrap(line, LINE_CHARACTERS))

    def style(self, text: str) -> TextStampStyle:
        """Return how ``text`` is set: left, shrunk to the field where it is too wide."""
        font = Font(font_with(text, self.fonts), frozenset(text) - {"\n"}, SIZE_POINTS)
        rule = SimpleBoxLayoutRule(
            x_align=AxisAlignment.ALIGN_MIN,
            y_align=AxisAlignment.ALIGN_MID,
            margins=Margins(left=4, right=4, top=3, bottom=3),
            inner_content_scaling=InnerScaling.SHRINK_TO_FIT,
        )
        return TextStampStyle(
            border_width=0,
            text_box_style=TextBoxStyle(font=font, font_size=SIZE_POINTS, leading=LEADING_POINTS, text_color=INK),
            inner_content_layout=rule,
            stamp_text="%(text)s",
        )


def _one_line(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())
