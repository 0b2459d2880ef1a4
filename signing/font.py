"""Fonts that visible signatures embed: chosen by the letters needed, cut down to them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont, TTLibError
from fontTools.ttLib.scaleUpem import scale_upem
from pyhanko.pdf_utils.font.api import FontEngineFactory
from pyhanko.pdf_utils.font.opentype import GlyphAccumulator
from pyhanko.pdf_utils.generic import PdfObject
from pyhanko.pdf_utils.writer import BasePdfFileWriter

from schemas.errors import InputError, Refused, Unavailable

FONTS = tuple(
    Path("/usr/share/fonts/truetype") / name
    for name in (
        "liberation2/LiberationSerif-Regular.ttf",
        "liberation/LiberationSerif-Regular.ttf",
        "noto/NotoSerif-Regular.ttf",
        "noto/NotoSans-Regular.ttf",
        "dejavu/DejaVuSerif.ttf",
        "dejavu/DejaVuSans.ttf",
    )
)
"""Where Debian keeps fonts that may be embedded; the first with every letter is used."""

UNITS_PER_EM = 1000
"""The unit of widths in a PDF font (ISO 32000-2 9.2.4); fonts are brought to it, as pyHanko copies their numbers."""

TABLES_DROPPED = ["FFTM", "DSIG", "GDEF", "LTSH", "VDMX", "hdmx", "gasp", "JSTF", "PCLT", "meta"]


def font_with(text: str, fonts: Sequence[Path] = FONTS) -> Path:
    """Return the first font that has every letter of ``text``.

    Raises :class:`Unavailable` when no font is installed, :class:`Refused` naming the letters none has.
    """
    letters = {letter for letter in text if letter not in "\n "}
    installed = [path for path in fonts if path.is_file()]
    if not installed:
        raise Unavailable(
            "no font is installed to set visible signatures in",
            got=", ".join(map(str, fonts)),
            remedy="install the Debian package fonts-liberation2 or fonts-dejavu-core",
        )
    missing = set(letters)
    for path in installed:
        lacking = {letter for letter in letters if ord(letter) not in _repertoire(path)}
        if not lacking:
            return path
        missing &= lacking
    named = [f"{letter} ({unicodedata.name(letter, f'U+{ord(letter):04X}')})" for letter in sorted(missing)]
    raise Refused(
        "a visible signature has letters that no installed font can show",
        where=text.splitlines()[0],
        got=", ".join(named) or "letters of several scripts, which no single font has",
        expected="letters of one of: " + ", ".join(path.stem for path in installed),
        remedy="write the name in letters that one of these fonts has",
    )


@dataclass(frozen=True)
class Font(FontEngineFactory):
    """A pyHanko font that embeds only ``letters`` of the file at ``path``; ``size`` is in points."""

    path: Path
    letters: frozenset[str]
    size: int

    def create_font_engine(self, writer: BasePdfFileWriter, obj_stream: PdfObject | None = None) -> GlyphAccumulator:
        """Return the engine that shapes text and embeds the font in ``writer``."""
        content = _subset(self.path, self.letters)
        return GlyphAccumulator(writer, BytesIO(content), font_size=self.size, obj_stream=obj_stream)


@lru_cache(maxsize=16)
def _content(path: Path) -> bytes:
    return path.read_bytes()


@lru_cache(maxsize=16)
def _repertoire(path: Path) -> frozenset[int]:
    try:
        with TTFont(BytesIO(_content(path)), lazy=True) as font:
            return frozenset(font.getBestCmap() or ())
    except (TTLibError, OSError) as fault:
        raise InputError(
            "a font cannot be read", where=str(path), got=str(fault), expected="a TrueType font"
        ) from fault


@lru_cache(maxsize=64)
def _subset(path: Path, letters: frozenset[str]) -> bytes:
    """Return the font cut down to ``letters``, in units of a thousandth."""
    options = Options(hinting=False, layout_closure=False, notdef_outline=True, name_IDs=[1, 2, 4, 6])
    options.drop_tables = [*options.drop_tables, *TABLES_DROPPED]
    with TTFont(BytesIO(_content(path)), lazy=True) as font:
        subsetter = Subsetter(options)
        subsetter.populate(text="".join(sorted(letters)))
        subsetter.subset(font)
        scale_upem(font, UNITS_PER_EM)
        output = BytesIO()
        font.save(output)
    return output.getvalue()
