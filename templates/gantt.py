"""A schedule as a Gantt picture: rows of bars under an axis of months, for print and without need of colour.

Activities are filled bars, deliverables hatched squares, milestones black diamonds. Drawn with matplotlib into a PNG
that depends on nothing but its input: fixed fonts (DejaVu, which comes with matplotlib), no time, no version.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from babel.dates import format_date

from schemas.errors import TemplateFault
from schemas.schedule import Bar
from templates.view import Style
from templates.words import word

DOTS_PER_INCH = 300
EMU_PER_MM = 36_000
ROW_MM, HEAD_MM, FOOT_MM, MARGIN_MM = 5.2, 9.0, 6.5, 0.6
LABEL_SHARE, LEAD_SHARE = 0.38, 0.12
"""Parts of the width for the names of the rows and for who leads them."""
LABEL_POINTS, AXIS_POINTS = 7.5, 7.0
INK, RULE, BAND = "#1a1a1a", "#c4c8cc", "#f3f4f5"
FILL = {"activity": "#6b7c8c", "deliverable": "white", "milestone": "#1a1a1a"}
_drawing = threading.Lock()
"""matplotlib is not safe for threads."""


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the axis: its first day, and the first day after it."""

    start: date
    end: date


def rows_within(height_emu: int) -> int:
    """Return how many bars fit into a picture of this height."""
    return max(1, int((height_emu / EMU_PER_MM - HEAD_MM - FOOT_MM) / ROW_MM))


def height_of(bars: int) -> int:
    """Return the height of a picture of so many bars, in EMU (ECMA-376-1 20.1.2.1)."""
    return round((HEAD_MM + FOOT_MM + ROW_MM * bars) * EMU_PER_MM)


def draw(bars: Sequence[Bar], months: Sequence[Month], width_emu: int, style: Style) -> bytes:
    """Return the PNG of ``bars`` over ``months``, as wide as said and as high as :func:`height_of` says."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415  # slow, and seldom needed
    from matplotlib.figure import Figure  # noqa: PLC0415  # the same

    with _drawing:
        size = (width_emu / EMU_PER_MM / 25.4, height_of(len(bars)) / EMU_PER_MM / 25.4)
        figure = Figure(figsize=size, dpi=DOTS_PER_INCH, facecolor="white")
        canvas = FigureCanvasAgg(figure)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set_xlim(0, size[0] * 25.4)
        axes.set_ylim(size[1] * 25.4, 0)
        sheet = _Sheet(axes, canvas.get_renderer(), months, style)
        sheet.rule()
        for number, bar in enumerate(bars):
            sheet.row(HEAD_MM + number * ROW_MM, bar)
        sheet.legend([kind for kind in FILL if any(bar.kind == kind for bar in bars)])
        target = io.BytesIO()
        canvas.print_png(target, metadata={"Software": None}, pil_kwargs={"compress_level": 9})
        return target.getvalue()


def months_of(bars: Sequence[Bar]) -> tuple[Month, ...]:
    """Return the months from the first start to the last end."""
    day, last = min(bar.start for bar in bars).replace(day=1), max(bar.end for bar in bars)
    months = []
    while day <= last:
        after = (day + timedelta(days=31)).replace(day=1)
        months.append(Month(day, after))
        day = after
    return tuple(months)


class _Sheet:
    """The picture while it is drawn; lengths in millimetres from its upper left corner."""

    def __init__(self, axes: Any, renderer: Any, months: Sequence[Month], style: Style) -> None:
        self._axes, self._renderer, self._months, self._style = axes, renderer, months, style
        width = axes.get_xlim()[1]
        self._bottom = axes.get_ylim()[0] - FOOT_MM
        self._label_end = width * LABEL_SHARE
        self._left, self._right = width * (LABEL_SHARE + LEAD_SHARE), width - MARGIN_MM
        self._font = _font()

    def rule(self) -> None:
        """Draw the axis: years above, months below as densely as they can be read, and a line at each."""
        month_mm = (self._right - self._left) / len(self._months)
        every = next((step for step in (1, 2, 3, 6, 12) if step * month_mm >= 1.6), 12)
        names = next((form for form, mm in (("LLL", 7.5), ("LLLLL", 1.9)) if month_mm >= mm), None)
        previous = None
        for month in self._months:
            left, right = self._place(month.start), self._place(month.end)
            new_year = month.start.year != previous
            if new_year or month.start.month % every == 1 or every == 1:
                top = 0.0 if new_year else HEAD_MM / 2
                self._line((left, top), (left, self._bottom), INK if new_year else RULE, 0.5)
            if new_year and self._year_mm(month) > 8.5:
                self._text(left + 0.8, HEAD_MM / 4, str(month.start.year), AXIS_POINTS, bold=True)
            if names is not None:
                name = format_date(month.start, names, locale=self._style.locale)
                self._text((left + right) / 2, HEAD_MM * 0.75, name, AXIS_POINTS - 0.5, align="center")
            elif month.start.month % 3 == 1 and 3 * month_mm >= 5:
                quarter = format_date(month.start, "QQQ", locale=self._style.locale)
                self._text(left + 0.5, HEAD_MM * 0.75, quarter, AXIS_POINTS - 1)
            previous = month.start.year
        for y in (HEAD_MM, self._bottom):
            self._line((MARGIN_MM, y), (self._right, y), INK, 0.6)
        self._line((self._right, 0), (self._right, self._bottom), INK, 0.5)

    def row(self, top: float, bar: Bar) -> None:
        """Draw one row: id and name, who leads, and the bar."""
        middle = top + ROW_MM / 2
        self._line((MARGIN_MM, top + ROW_MM), (self._right, top + ROW_MM), RULE, 0.3)
        self._text(MARGIN_MM, middle, bar.id, LABEL_POINTS, bold=True, room=10)
        begins = MARGIN_MM + max(10.0, self._measure(bar.id, LABEL_POINTS) + 2)
        self._text(begins, middle, bar.label, LABEL_POINTS, room=self._label_end - begins - 1.5)
        self._text(self._label_end, middle, bar.lead, LABEL_POINTS - 0.5, room=self._left - self._label_end - 1.5)
        self._form(bar.kind, self._place(bar.start), self._place(bar.end + timedelta(days=1)), middle)

    def legend(self, kinds: Sequence[str]) -> None:
        """Say below which form is what."""
        left, middle = self._left, self._bottom + FOOT_MM / 2
        for kind in kinds:
            wide = 6.0 if kind == "activity" else 3.0
            self._form(kind, left, left + wide, middle)
            name = word(kind, self._style.language).capitalize()
            self._text(left + wide + 1.5, middle, name, AXIS_POINTS)
            left += wide + 1.5 + self._measure(name, AXIS_POINTS) + 6

    def _form(self, kind: str, left: float, right: float, middle: float) -> None:
        from matplotlib.patches import Polygon, Rectangle  # noqa: PLC0415  # slow, and seldom needed

        half = ROW_MM * 0.28
        if kind == "activity":
            form = Rectangle((left, middle - half), max(right - left, 0.7), 2 * half)
        else:
            # A day is too narrow to be seen: it is drawn as a sign around its middle, within the axis.
            x = min(max((left + right) / 2, self._left + half * 1.3), self._right - half * 1.3)
            if kind == "milestone":
                form = Polygon(
                    [
                        (x, middle - half * 1.3),
                        (x + half * 1.3, middle),
                        (x, middle + half * 1.3),
                        (x - half * 1.3, middle),
                    ],
                    closed=True,
                )
            elif right - left > 2 * half:
                form = Rectangle((left, middle - half), right - left, 2 * half)
            else:
                form = Rectangle((x - half, middle - half), 2 * half, 2 * half)
        form.set(facecolor=FILL[kind], edgecolor=INK, linewidth=0.5, hatch="//////" if kind == "deliverable" else None)
        self._axes.add_patch(form)

    def _place(self, day: date) -> float:
        first, last = self._months[0].start, self._months[-1].end
        return self._left + (self._right - self._left) * ((day - first) / (last - first))

    def _year_mm(self, month: Month) -> float:
        end = min(date(month.start.year + 1, 1, 1), self._months[-1].end)
        return self._place(end) - self._place(month.start)

    def _line(self, start: tuple[float, float], end: tuple[float, float], colour: str, points: float) -> None:
        self._axes.plot(*zip(start, end, strict=True), color=colour, lw=points, solid_capstyle="butt", zorder=0)

    def _text(
        self,
        x: float,
        y: float,
        text: str,
        points: float,
        *,
        bold: bool = False,
        align: str = "left",
        room: float | None = None,
    ) -> None:
        shown = text if room is None else self._shortened(text, points, room)
        font = _font(bold=bold)
        font.set_size(points)
        # Without parse_math a dollar sign would begin a formula.
        self._axes.text(x, y, shown, fontproperties=font, color=INK, ha=align, va="center_baseline", parse_math=False)

    def _shortened(self, text: str, points: float, room: float) -> str:
        if self._measure(text, points) <= room:
            return text
        low, high = 0, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            fits = self._measure(f"{text[:middle].rstrip()}\u2026", points) <= room
            low, high = (middle, high) if fits else (low, middle - 1)
        return f"{text[:low].rstrip()}\u2026" if low else ""

    def _measure(self, text: str, points: float) -> float:
        _check_letters(text)
        font = self._font
        font.set_size(points)
        width, _, _ = self._renderer.get_text_width_height_descent(text, font, ismath=False)
        return width / DOTS_PER_INCH * 25.4


def _font(*, bold: bool = False) -> Any:
    from matplotlib import get_data_path  # noqa: PLC0415  # slow, and seldom needed
    from matplotlib.font_manager import FontProperties  # noqa: PLC0415  # the same

    return FontProperties(fname=f"{get_data_path()}/fonts/ttf/DejaVuSans{'-Bold' if bold else ''}.ttf")


def _check_letters(text: str) -> None:
    """Refuse letters the font does not have: they would come out as boxes."""
    from matplotlib.font_manager import get_font  # noqa: PLC0415  # slow, and seldom needed

    known = get_font(_font().get_file()).get_charmap()
    if missing := sorted({letter for letter in text if ord(letter) not in known and not letter.isspace()}):
        raise TemplateFault(
            "the font of the picture does not have these letters",
            where=text,
            got=", ".join(f"{letter} (U+{ord(letter):04X})" for letter in missing),
            expected="letters of DejaVu Sans",
        )
