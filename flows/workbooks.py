"""Excel workbooks from outside (ECMA-376 part 1, SpreadsheetML): cells as text, of files that hold nothing else.

Looked at before any parser: how large the zip is and unpacks to, that its parts are what a plain workbook has (no
macros, objects, links to other files), and that no XML has a document type. Formulas are refused: nobody here works
them out, and what a program last worked out may be anything.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from schemas.errors import Fault, InputError
from templates.outside.plain_xml import plain_root
from templates.outside.strict_zip import unpack

if TYPE_CHECKING:
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

LARGEST_XML_BYTES = 16 * 1024 * 1024
MOST_SHEETS = 60
MOST_ROWS = 2000
MOST_COLUMNS = 200
MAIN = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
FOREIGN = re.compile(
    r"vba|macro|activex|/embeddings/|externallink|oleobject|/ctrlprops/|/connections|querytable|customui|webextension"
    r"|/model/|\.bin$|\.exe$|\.dll$|\.vbs$|\.js$|\.html?$",
    re.IGNORECASE,
)
"""Parts that run something or lead out of the file; printer settings are data nobody here reads."""
HARMLESS = re.compile(r"^xl/printerSettings/[\w.]+\.bin$", re.IGNORECASE)


@dataclass(frozen=True)
class Cell:
    """The text of a cell, and where it stands."""

    text: str
    place: str


def sheets_of(content: bytes) -> dict[str, list[list[Cell]]]:
    """Return the cells of every sheet by its name, row by row.

    Raises :class:`InputError` with every fault of a file that is no plain workbook.
    """
    parts, faults = unpack(content)
    found = [*faults, *_part_faults(parts)] if parts else list(faults)
    if found:
        raise InputError(
            "the workbook cannot be taken in",
            [
                Fault(one.path, _of_workbooks(one.message), read=one.read, expected=_of_workbooks(one.expected or ""))
                for one in found[:50]
            ],
            remedy="save it anew as Excel workbook (.xlsx), without macros, formulas and links to other files",
        )
    return _read(content)


def _part_faults(parts: Mapping[str, bytes]) -> Iterator[Fault]:
    types = parts.get("[Content_Types].xml", b"")
    if MAIN.encode() not in types:
        yield Fault("[Content_Types].xml", "this is no plain Excel workbook", expected="a workbook (.xlsx)")
    if re.search(rb"macroEnabled|vbaProject|activeX|oleObject", types, re.IGNORECASE):
        yield Fault("[Content_Types].xml", "declares macros or objects", expected="a workbook without them")
    size = 0
    for name, part in parts.items():
        if FOREIGN.search(name) and not HARMLESS.match(name):
            yield Fault(name, "does not belong into plain data", expected="sheets, texts and formats only")
        if name.endswith((".xml", ".rels", ".vml")):
            size += len(part)
            if size > LARGEST_XML_BYTES:
                yield Fault(
                    "the file", "there is too much in it", expected=f"at most {LARGEST_XML_BYTES:,} bytes of XML"
                )
                return
            try:
                root = plain_root(part)
            except ValueError as error:
                yield Fault(name, "is no plain XML", read=str(error)[:80], expected="XML without a document type")
                continue
            if name.endswith(".rels") and any(one.get("TargetMode") == "External" for one in root.iter()):
                yield Fault(name, "leads out of the file", expected="no links to other files")


def _read(content: bytes) -> dict[str, list[list[Cell]]]:
    from openpyxl import load_workbook  # noqa: PLC0415  # only who brings a workbook needs it

    faults: list[Fault] = []
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        sheets = {sheet.title: list(_rows(sheet, faults)) for sheet in book.worksheets[:MOST_SHEETS]}
        if len(book.worksheets) > MOST_SHEETS:
            faults.append(Fault("", "the workbook has too many sheets", expected=f"at most {MOST_SHEETS}"))
        book.close()
    except Exception as error:
        # openpyxl lets through whatever a malformed part makes it stumble over
        raise InputError(
            "the workbook cannot be read", got=type(error).__name__, expected="a whole workbook"
        ) from error  # fmt: skip
    if faults:
        raise InputError("the workbook cannot be taken in", faults[:50], remedy="put values in place of formulas")
    return sheets


def _rows(sheet: ReadOnlyWorksheet, faults: list[Fault]) -> Iterator[list[Cell]]:
    """Yield the rows of a sheet, however many it says it has; add to ``faults`` what is wrong with them."""
    title = sheet.title[:40]
    sheet.reset_dimensions()
    for number, row in enumerate(sheet.iter_rows(max_row=MOST_ROWS + 1, max_col=MOST_COLUMNS), start=1):
        if number > MOST_ROWS:
            faults.append(Fault("", f"the sheet {title!r} is too long", expected=f"at most {MOST_ROWS} rows"))
            return
        filled = max((column for column, cell in enumerate(row, start=1) if cell.value is not None), default=0)
        places = [f"{title}, row {number}, column {column}" for column in range(1, filled + 1)]
        formulas = [place for cell, place in zip(row, places, strict=False) if cell.data_type == "f"]
        faults += [Fault("", f"{place}: holds a formula", expected="the value itself") for place in formulas]
        yield [Cell(_text(cell.value), place) for cell, place in zip(row, places, strict=False)]


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _of_workbooks(words: str) -> str:
    """Return words of the look at the zip, which has Word files in mind, as they are of a workbook."""
    return (
        words.replace("a Word document (DOCX)", "an Excel workbook (XLSX)")
        .replace("a DOCX", "an XLSX")
        .replace("word/document.xml", "xl/workbook.xml")
    )
