"""Nothing is lost between the data and the page, or added: fonts are embedded, letters are drawn, the words are there.

LibreOffice replaces fonts and letters it does not have without a word. A letter that no installed font has is drawn
as glyph 0, the empty box (OpenType 1.9, ``.notdef``), or not at all, while the text layer still claims the letter: so
the outlines are looked at, too.
"""

from __future__ import annotations

import io
import itertools
import re
import shutil
import struct
import subprocess
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from schemas.errors import ConversionUnavailable, TemplateFault
from templates.word_file import W, read_parts

FONTS = "fonts-liberation2 fonts-noto-core fonts-dejavu-core"
FONT_OR_TEXT = re.compile(rb"(/[^\s/<>\[\]()]+) [\d.]+ Tf|<((?:[0-9A-Fa-f]{2})+)>|\bBT\b")
"""A choice of font, a string of one-byte codes, the only form in which LibreOffice writes text, or another place."""
SHORT = 3
"""Words of so many letters are not looked for: pieces of words, list labels and Roman page numbers are as short."""
GLOSSARY = "word/glossary/"
"""Building blocks, which are no part of the text (ECMA-376-1 11.3.8)."""
TO_UNICODE = re.compile(rb"<([0-9A-Fa-f]{2})> <((?:[0-9A-Fa-f]{4})+)>\n")


def check_fonts(pdf: bytes) -> None:
    """Raise :class:`TemplateFault` unless every font is embedded (ISO 19005-3 6.2.11.4) and has its letters."""
    for number, name, font in _fonts(pdf):
        descriptor = font.get("/FontDescriptor", {})
        program = next(
            (descriptor[key] for key in ("/FontFile2", "/FontFile3", "/FontFile") if key in descriptor), None
        )
        if program is None:
            raise TemplateFault(
                f"the font {name} is not embedded",
                where=f"page {number}",
                got="a reference to a font of the reader's machine",
                expected="an embedded font (PDF/A-3)",
                remedy=f"install Debian's {FONTS} and use one of their fonts in the template",
            )
        if "/FontFile2" in descriptor and "/ToUnicode" in font and font.get("/Subtype") == "/TrueType":
            missing = "".join(_letters_not_drawn(program.get_data(), font))
            if missing:
                raise TemplateFault(
                    "no installed font has these letters",
                    where=f"page {number}",
                    got=", ".join(f"{letter} (U+{ord(letter):04X})" for letter in missing),
                    expected="letters of the installed fonts",
                    remedy="install a font that has them (Debian: fonts-noto-core, fonts-noto-cjk) or transliterate",
                )


def check_text(pdf: bytes, expected: Iterable[str]) -> None:
    """Raise :class:`TemplateFault` unless each of ``expected`` can be read in the text of ``pdf``.

    Spaces, line breaks, soft hyphens, marks of direction and capitals do not count. A text that runs over the end of
    a page is looked up word by word. Names every text that is missing.
    """
    lost, readings = list(dict.fromkeys(expected)), [""]
    # The second reading takes ten times as long, and is needed where one word is drawn in several fonts.
    for read in (_text_as_drawn, text_as_laid_out):
        readings.append(_compact(read(pdf)))
        lost = [text for text in lost if _missing_words(text, readings)]
        if not lost:
            return
    raise TemplateFault(
        "text of the document cannot be read in the PDF",
        got="; ".join(f"{text!r} (missing: {' '.join(_missing_words(text, readings))})" for text in lost),
        expected="every name and letter in the text layer",
        remedy="check the template's fonts, text boxes and cut table cells at these places",
    )


def check_nothing_added(pdf: bytes, docx: bytes) -> None:
    """Raise :class:`TemplateFault` if a word can be read in ``pdf`` that does not stand in the text of ``docx``.

    So no value from elsewhere in the file takes the place of the text that was compared and approved. Words are
    stretches of more than ``SHORT`` letters, and may be pieces of longer ones, divided at the end of a line.
    """
    said = "".join(letters for text in _texts(docx) for letters in _stretches(text))
    added: list[str] = []
    for read in (_text_as_drawn, text_as_laid_out):
        words = dict.fromkeys(word for word in _stretches(read(pdf)) if len(word) > SHORT)
        added = [word for word in words if word not in said]
        if words and not added:
            return
    if not added:
        return
    raise TemplateFault(
        "the PDF says something that the text of the Word file does not",
        got=", ".join(added),
        expected="the words of the Word file only",
        remedy="look for a field or a control that shows a value of its own, and put the text itself there",
    )


def text_as_laid_out(pdf: bytes) -> str:
    """Return the text layer as poppler's ``pdftotext`` reads it: in order of place, pages ended by form feeds."""
    program = shutil.which("pdftotext")
    if program is None:
        raise ConversionUnavailable(
            "the text of the PDF cannot be read", got="no pdftotext on PATH", remedy="apt-get install poppler-utils"
        )
    command = [program, "-enc", "UTF-8", "-", "-"]
    run = subprocess.run(command, input=pdf, capture_output=True, check=False)  # noqa: S603  # bytes on its input only
    if run.returncode != 0:
        raise TemplateFault("this is no readable PDF", got=run.stderr.decode("utf-8", "replace"), expected="a PDF")
    return run.stdout.decode("utf-8")


def _text_as_drawn(pdf: bytes) -> str:
    """Return the letters of each page's content in the order in which they are drawn (ISO 32000-1 9.4.3, 9.10.3)."""
    maps: dict[int, dict[int, str]] = {}
    letters: list[str] = []
    for page in _read(pdf).pages:
        fonts = {}
        for name, reference in page.get("/Resources", {}).get("/Font", {}).items():
            font = reference.get_object()
            if id(font) not in maps:
                maps[id(font)] = dict(_unicode_map(font))
            fonts[name.encode()] = maps[id(font)]
        content = page.get_contents()
        current: dict[int, str] = {}
        for name, shown in FONT_OR_TEXT.findall(content.get_data() if content is not None else b""):
            if name:
                current = fonts.get(name, {})
            elif not shown:
                letters.append(" ")
            else:
                letters += (current.get(code, "") for code in bytes.fromhex(shown.decode()))
    return "".join(letters)


def _missing_words(wanted: str, readings: list[str]) -> list[str]:
    """Return the words of ``wanted`` that stand in no reading; none if the whole stands in one.

    A word counts without its punctuation, which changes sides where scripts of both directions meet.
    """
    if any(_compact(wanted) in text for text in readings):
        return []
    return [
        word
        for word in wanted.split()
        if not all(any(_compact(part) in text for text in readings) for part in _without_punctuation(word))
    ]


def _without_punctuation(word: str) -> list[str]:
    """Return the stretches of letters, marks and numbers, and every symbol by itself."""
    categories = {character: unicodedata.category(character)[0] for character in word}
    spaced = (f" {character} " if categories[character] == "S" else character for character in word)
    return "".join(character if categories.get(character) != "P" else " " for character in spaced).split()


def _texts(docx: bytes) -> Iterator[str]:
    """Yield every text of the document's parts, and the texts around the numbers of lists (ECMA-376-1 17.9.11)."""
    for name, root in read_parts(docx).items():
        if name.startswith("word/") and not name.startswith(GLOSSARY):
            yield from (element.text or "" for element in root.iter("{*}t", "{*}v"))
            yield from (level.get(f"{W}val") or "" for level in root.iter(f"{W}lvlText"))


def _stretches(text: str) -> list[str]:
    """Return the stretches of letters, in Unicode NFKC and case folded; marks and what is not shown do not divide."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    categories = {character: unicodedata.category(character) for character in set(folded)}
    dropped = {ord(character): None if kind[0] == "M" or kind == "Cf" else " "
               for character, kind in categories.items() if kind[0] != "L"}  # fmt: skip
    return folded.translate(dropped).split()


def _compact(text: str) -> str:
    """Return ``text`` in Unicode NFKC (ligatures resolved), case folded, without spaces and format characters (Cf)."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(
        character for character in folded if not character.isspace() and unicodedata.category(character) != "Cf"
    )


def _read(pdf: bytes) -> PdfReader:
    try:
        return PdfReader(io.BytesIO(pdf))
    except (PyPdfError, ValueError, KeyError) as error:
        raise TemplateFault("this is no readable PDF", got=str(error), expected="a PDF") from error


def _fonts(pdf: bytes) -> Iterator[tuple[int, str, Mapping[str, Any]]]:
    """Yield page number (from 1), name and dictionary of each font, once, forms on the page included."""
    seen: set[int] = set()
    for number, page in enumerate(_read(pdf).pages, start=1):
        waiting = [page.get("/Resources", {})]
        while waiting:
            resources = waiting.pop().get_object()
            for reference in resources.get("/Font", {}).values():
                font = reference.get_object()
                if id(font) in seen:
                    continue
                seen.add(id(font))
                inner = font["/DescendantFonts"][0].get_object() if "/DescendantFonts" in font else font
                yield number, str(font.get("/BaseFont", "without name")).removeprefix("/"), inner
            forms = (form.get_object() for form in resources.get("/XObject", {}).values())
            waiting += [form["/Resources"] for form in forms if "/Resources" in form and id(form) not in seen]


def _unicode_map(font: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """Yield code and text of each entry of a simple font's ToUnicode map."""
    if "/ToUnicode" in font:
        for code, text in TO_UNICODE.findall(font["/ToUnicode"].get_data()):
            yield int(code, 16), bytes.fromhex(text.decode()).decode("utf-16-be", "replace")


def _letters_not_drawn(program: bytes, font: Mapping[str, Any]) -> Iterator[str]:
    """Yield each letter whose outline is that of glyph 0, or that has none (OpenType 1.9: ``loca``, ``glyf``)."""
    glyphs, cmap = _outlines(program)
    if not glyphs:
        return
    for code, text in _unicode_map(font):
        outline = glyphs[cmap[code]]
        is_box = outline == glyphs[0] != b"" and not text.isspace()
        if is_box or (not outline and text[:1].isalnum()):
            yield text[0]


def _outlines(font: bytes) -> tuple[list[bytes], bytes]:
    """Return the outline of each glyph of a TrueType font, and which glyph each of the 256 codes draws.

    LibreOffice writes one cmap of format 0; a font with another is not looked into.
    """
    (count,) = struct.unpack_from(">H", font, 4)
    tables = {}
    for row in range(count):
        tag, _, offset, _ = struct.unpack_from(">4sIII", font, 12 + 16 * row)
        tables[tag] = offset
    if not {b"cmap", b"head", b"maxp", b"loca", b"glyf"} <= tables.keys():
        return [], b""
    cmap = tables[b"cmap"] + struct.unpack_from(">I", font, tables[b"cmap"] + 8)[0]
    if font[cmap : cmap + 2] != b"\0\0":
        return [], b""
    (long_offsets,) = struct.unpack_from(">h", font, tables[b"head"] + 50)
    (glyphs,) = struct.unpack_from(">H", font, tables[b"maxp"] + 4)
    shape, unit = ("I", 1) if long_offsets else ("H", 2)
    places = struct.unpack_from(f">{glyphs + 1}{shape}", font, tables[b"loca"])
    start = tables[b"glyf"]
    outlines = [font[start + first * unit : start + last * unit] for first, last in itertools.pairwise(places)]
    return outlines, font[cmap + 6 : cmap + 262]
