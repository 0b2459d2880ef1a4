"""Text that is there and that nobody can read: tiny, in the colour of what is behind it, squeezed, out of its line.

What a run looks like follows from its own properties, its style, its paragraph's, its table's and the defaults, the
nearest first (ECMA-376-1 17.7.2).
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from lxml import etree

from templates.lint import W

SMALLEST_POINTS = 4.0
NARROWEST, WIDEST = 50.0, 300.0
"""Scale of letters in per cent (ECMA-376-1 17.3.2.43)."""
CLOSEST_POINTS, FARTHEST_POINTS = -2.0, 10.0
"""Space between letters (17.3.2.35)."""
HIGHEST_POINTS = 12.0
"""How far letters are raised or lowered (17.3.2.24)."""
LEAST_CONTRAST = 1.25
"""Ratio of luminances (WCAG 2.2, relative luminance); light grey on white has 1.4, white on white 1."""
W14 = "{http://schemas.microsoft.com/office/word/2010/wordml}"
OFF = frozenset({"0", "false", "off"})
MEASURE = re.compile(r"([+-]?\d+(?:\.\d+)?)(pt|mm|cm|in|pc|pi|%)?")
POINTS = {"pt": 1.0, "mm": 72 / 25.4, "cm": 72 / 2.54, "in": 72.0, "pc": 12.0, "pi": 12.0}
"""ECMA-376-1 22.9.2.15."""
HIGHLIGHTS = {
    "black": "000000", "blue": "0000FF", "cyan": "00FFFF", "darkBlue": "000080", "darkCyan": "008080",
    "darkGray": "808080", "darkGreen": "008000", "darkMagenta": "800080", "darkRed": "800000",
    "darkYellow": "808000", "green": "00FF00", "lightGray": "C0C0C0", "magenta": "FF00FF", "red": "FF0000",
    "white": "FFFFFF", "yellow": "FFFF00",
}  # fmt: skip
"""ECMA-376-1 17.18.40."""
WHITE, BLACK = "FFFFFF", "000000"
WHITE_IN_THEMES = frozenset({"background1", "light1", "bg1", "lt1"})
COLOUR = re.compile(r"[0-9A-Fa-f]{6}")


NAMES = ("sz", "szCs", "w", "spacing", "position", "color", "highlight", "shd", "webHidden")
KEPT = frozenset({*(f"{W}{name}" for name in NAMES), f"{W14}textFill"})
"""The properties of a run that matter here."""


@dataclass(frozen=True, slots=True)
class _Style:
    """What a style says with those it is based on: about letters, what is behind them, and in tables."""

    properties: Mapping[str, etree._Element] = field(default_factory=dict)
    shade: str | None = None
    first_row: str | None = None
    """What is behind the first row of a table."""
    unreadable: str | None = None
    """Why a part of a table in this style cannot be read."""


PLAIN = _Style()


class Looks:
    """What the text of a Word file looks like, as its styles say."""

    def __init__(self, roots: Iterable[etree._Element]) -> None:
        roots = tuple(roots)
        styles = [style for root in roots for style in root.iter(f"{W}style")]
        self._elements = {str(style.get(f"{W}styleId")): style for style in styles}
        defaults = (style for style in styles if style.get(f"{W}type") == "paragraph" and _is_on(style, "default"))
        self._default = next((str(style.get(f"{W}styleId")) for style in defaults), "")
        self._defaults = _kept(one for root in roots for one in root.iterfind(f"{W}docDefaults/{W}rPrDefault/{W}rPr"))
        self._styles: dict[str, _Style] = {}

    def invisible(self, root: etree._Element) -> Iterator[tuple[etree._Element, str]]:
        """Yield each run of a part with text that cannot be read, and each table whose style makes it so, and why."""
        for run in root.iter(f"{W}r"):
            text = "".join(part.text or "" for part in run.iterfind(f"{W}t"))
            if text.strip() and (why := self._of_run(run, text)) is not None:
                yield run, why
        for named in root.iter(f"{W}tblStyle"):
            if (why := self._style(named.get(f"{W}val")).unreadable) is not None:
                yield named, why

    def _of_run(self, run: etree._Element, text: str) -> str | None:
        paragraph = next(run.iterancestors(f"{W}p"), None)
        table = next(run.iterancestors(f"{W}tbl"), None)
        own = self._style(_named(run, "rPr/rStyle"))
        block = self._style(_named(paragraph, "pPr/pStyle") or self._default)
        around = self._style(_named(table, "tblPr/tblStyle"))
        direct = _kept(run.iterfind(f"{W}rPr"))
        look = ChainMap(*map(dict, (direct, own.properties, block.properties, around.properties, self._defaults)))
        if (hidden := look.get(f"{W}webHidden")) is not None and _is_on(hidden) and any(map(str.isalpha, text)):
            # Word itself hides the page numbers of a table of contents in the view of a web page, and no letters.
            return "not shown in every view"
        behind = [_shade_of(paragraph), block.shade, *map(_shade_of, run.iterancestors(f"{W}tc"))]
        if table is not None:
            behind += [around.first_row if _in_first_row(run, table) else None, _shade_of(table), around.shade]
        return _unreadable(look, behind)

    def _style(self, name: str | None) -> _Style:
        """Return a style with those it is based on (ECMA-376-1 17.7.4.3), each of them looked at once."""
        line: dict[str, etree._Element] = {}
        while name in self._elements and name not in self._styles and name not in line:
            line[name] = self._elements[name]
            base = line[name].find(f"{W}basedOn")
            name = None if base is None else base.get(f"{W}val")
        found = self._styles.get(str(name), PLAIN)
        for known, element in reversed(line.items()):
            found = self._styles[known] = self._joined(element, found)
        return found

    def _joined(self, style: etree._Element, base: _Style) -> _Style:
        properties = dict(base.properties) | _kept(style.iterfind(f"{W}rPr"))
        shade = _shade_of(style) or base.shade
        first_row, unreadable = base.first_row, base.unreadable
        for part in style.iterfind(f"{W}tblStylePr"):
            look = ChainMap(_kept(part.iterfind(f"{W}rPr")), properties, dict(self._defaults))
            unreadable = unreadable or _unreadable(look, [_shade_of(part), shade])
            if part.get(f"{W}type") == "firstRow":
                first_row = _shade_of(part) or first_row
        return _Style(properties, shade, first_row, unreadable)


def _unreadable(look: Mapping[str, etree._Element], behind: list[str | None]) -> str | None:
    """Return why text of this look cannot be read in front of the colours ``behind``, the nearest first."""
    sizes = [_points(look.get(f"{W}{name}"), unit=0.5) for name in ("sz", "szCs")]
    width, space = _points(look.get(f"{W}w"), unit=1.0), _points(look.get(f"{W}spacing"), unit=0.05)
    raised = _points(look.get(f"{W}position"), unit=0.5)
    if any(size is not None and size < SMALLEST_POINTS for size in sizes):
        return f"letters smaller than {SMALLEST_POINTS:g} pt"
    if width is not None and not NARROWEST <= width <= WIDEST:
        return f"letters scaled to {width:g} %"
    if space is not None and not CLOSEST_POINTS <= space <= FARTHEST_POINTS:
        return f"letters {space:g} pt apart"
    if raised is not None and abs(raised) > HIGHEST_POINTS:
        return f"letters moved out of their line by {raised:g} pt"
    filling = look.get(f"{W14}textFill")
    if filling is not None and next(filling.iter(f"{W14}noFill", f"{W14}alpha"), None) is not None:
        return "letters that let through what is behind them"
    marked, own = _highlight(look.get(f"{W}highlight")), _shade(look.get(f"{W}shd"))
    ground = marked or next(filter(None, (own, *behind)), WHITE)
    for colour in (_colour(look.get(f"{W}color")), *([] if filling is None else _filled(filling))):
        # Without a colour of their own letters are dark on light and light on dark, but highlights do not count.
        if (colour or marked) and _contrast(colour or BLACK, ground) < LEAST_CONTRAST:
            return "letters in the colour of what is behind them"
    return None


def _highlight(marked: etree._Element | None) -> str | None:
    return None if marked is None else HIGHLIGHTS.get(str(marked.get(f"{W}val")))


def _shade(shading: etree._Element | None) -> str | None:
    """Return the colour of a shading, mixed where it is a pattern (ECMA-376-1 17.18.78); ``None`` if it has none."""
    if shading is None or (pattern := str(shading.get(f"{W}val"))) == "nil":
        return None
    plain = WHITE if shading.get(f"{W}themeFill") in WHITE_IN_THEMES else _hexadecimal(shading.get(f"{W}fill"))
    drawn = _hexadecimal(shading.get(f"{W}color"))
    share = 100 if pattern == "solid" else int(pattern[3:]) if re.fullmatch(r"pct\d\d?", pattern) else 0
    return _mixed(drawn or BLACK, plain or WHITE, share / 100) if share else plain


def _mixed(drawn: str, plain: str, share: float) -> str:
    pairs = zip(bytes.fromhex(drawn), bytes.fromhex(plain), strict=True)
    return bytes(round(one * share + other * (1 - share)) for one, other in pairs).hex()


def _colour(colour: etree._Element | None) -> str | None:
    """Return the colour of letters; ``None`` where the program chooses it."""
    if colour is None:
        return None
    if colour.get(f"{W}themeColor") in WHITE_IN_THEMES and colour.get(f"{W}themeShade") is None:
        return WHITE
    return _hexadecimal(colour.get(f"{W}val"))


def _filled(filling: etree._Element) -> list[str | None]:
    named = filling.iter(f"{W14}srgbClr", f"{W14}schemeClr")
    return [
        WHITE if colour.get(f"{W14}val") in WHITE_IN_THEMES else _hexadecimal(colour.get(f"{W14}val"))
        for colour in named
    ]


def _contrast(one: str, other: str) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    shares = (part / 255 for part in bytes.fromhex(colour))
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _hexadecimal(value: str | None) -> str | None:
    return value if value is not None and COLOUR.fullmatch(value) else None


def _points(measured: etree._Element | None, *, unit: float) -> float | None:
    """Return a measure in points, or as it is in per cent; a bare number counts ``unit`` points."""
    found = None if measured is None else MEASURE.fullmatch(str(measured.get(f"{W}val")).strip())
    return None if found is None else float(found[1]) * POINTS.get(found[2], unit if found[2] is None else 1.0)


def _kept(holders: Iterable[etree._Element]) -> dict[str, etree._Element]:
    return {str(child.tag): child for holder in holders for child in holder if child.tag in KEPT}


def _shade_of(holder: etree._Element | None) -> str | None:
    """Return the colour behind a paragraph, cell or table, or behind those of a style."""
    if holder is None:
        return None
    found = (_shade(shading) for name in ("pPr", "tcPr", "tblPr") for shading in holder.iterfind(f"{W}{name}/{W}shd"))
    return next(filter(None, found), None)


def _named(holder: etree._Element | None, path: str) -> str | None:
    named = None if holder is None else holder.find("/".join(f"{W}{step}" for step in path.split("/")))
    return None if named is None else named.get(f"{W}val")


def _in_first_row(run: etree._Element, table: etree._Element) -> bool:
    """Whether a run stands in the first row of a table that shows it in its own way (ECMA-376-1 17.4.56)."""
    row, look = next(run.iterancestors(f"{W}tr"), None), table.find(f"{W}tblPr/{W}tblLook")
    if row is None or table.find(f"{W}tr") is not row:
        return False
    return look is None or str(look.get(f"{W}firstRow", "1")) not in OFF


def _is_on(element: etree._Element, attribute: str = "val") -> bool:
    """Whether a property is on that is on where it stands without a value, or whether an attribute is."""
    value = element.get(f"{W}{attribute}")
    return value not in OFF if attribute == "val" else value is not None and value not in OFF
