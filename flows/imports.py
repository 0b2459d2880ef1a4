"""Data from a file as the beginning of a form: YAML, JSON, a CSV table, an Excel workbook. Nobody's file is trusted.

::

    CSV     path,value                            one row for each value: parties[0].country,CZ
    XLSX    sheet document: path | value          the same
            sheet parties: id | country | ...     one row for each entry of the list parties; likewise areas, ...

A file may be faulty: what it says is taken over, and the form shows the faults. What no form could show is refused:
unknown fields, and lists where there are none.
"""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Iterator, Mapping
from typing import Any

from flows.files import size_in_words
from flows.form_starts import plain
from flows.workbooks import Cell, sheets_of
from schemas.documents import document_types, model_of
from schemas.errors import Fault, InputError
from schemas.fact import as_fact
from schemas.fields import (
    FACT_FIELDS,
    Content,
    Group,
    Kind,
    Known,
    Leaf,
    Part,
    Rows,
    Words,
    document_part,
    is_path,
    part_at,
    steps_of,
)
from schemas.loader import NO_FIELD
from schemas.source import read_source

LARGEST_BYTES = 5 * 1024 * 1024
MOST_CELLS = 20_000
MOST_ROWS = 400
"""How many entries a list may have in a table."""

DOCUMENT = "document"
"""The sheet with paths and values."""


def imported(name: str, content: bytes, *, document_type: str | None = None) -> tuple[str, dict[str, Any]]:
    """Return the type and the data that a file says; ``document_type`` is what a table is of that does not say so.

    Raises :class:`InputError` with every fault of a file that is none of the four, too large, hostile, or of no type,
    or that names what a document does not have.
    """
    if not content:
        raise InputError("no file was chosen, or it is empty", expected="a YAML, JSON, CSV or XLSX file")
    if len(content) > LARGEST_BYTES:
        raise InputError(
            "the file is too large", got=f"{len(content):,} bytes", expected=f"at most {size_in_words(LARGEST_BYTES)}"
        )
    ending = name.rpartition(".")[2].lower()
    if ending in {"yaml", "yml", "json"}:
        read = plain(read_source(content, name=_as_called(name)).content)
        if not isinstance(read, dict):
            raise InputError("the file holds no fields", expected="fields with values, such as type: mou")
        kind = _type_of(read.get("type") or document_type)
        data = {key: value for key, value in read.items() if key != "type"}
        faults = list(_strange(document_part(model_of(kind)), data, ""))
        if faults:
            raise InputError(
                "the file has what a form cannot show", faults, remedy="correct the file, then read it again"
            )
        return kind, data
    if ending == "csv":
        return _from_table({DOCUMENT: list(_csv_rows(content))}, document_type)
    if ending == "xlsx":
        return _from_table(sheets_of(content), document_type)
    raise InputError("this kind of file is not read", got=f".{ending}"[:20], expected=".yaml, .json, .csv or .xlsx")


def _as_called(name: str) -> str:
    """Return the end of a file's name, on one line, as its owner knows it."""
    return "".join(one for one in re.split(r"[/\\\\]", name)[-1] if one.isprintable())[-80:]


def _type_of(name: object) -> str:
    known = document_types()
    if name not in known:
        near = difflib.get_close_matches(str(name), known, n=1)
        fault = Fault("type", "is not a document type" if name else "is missing", read=str(name)[:40] if name else None,
                      expected=" or ".join(known), proposal=near[0] if near else None)  # fmt: skip
        raise InputError("the file does not say what it is", [fault])
    return str(name)


def _csv_rows(content: bytes) -> Iterator[list[Cell]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            "the table is not UTF-8 text", got=f"byte {error.object[error.start]:#04x} at {error.start}",
            expected="UTF-8", remedy="save it as CSV UTF-8",
        ) from error  # fmt: skip
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        for number, row in enumerate(
            csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), start=1
        ):
            yield [Cell(value.strip(), f"row {number}, column {column}") for column, value in enumerate(row, start=1)]
    except csv.Error as error:
        raise InputError("this is no CSV table", got=str(error), expected="two columns, path and value") from error


def _from_table(sheets: Mapping[str, list[list[Cell]]], document_type: str | None) -> tuple[str, dict[str, Any]]:
    if sum(len(row) for rows in sheets.values() for row in rows) > MOST_CELLS:
        raise InputError("the table has too many cells", expected=f"at most {MOST_CELLS:,}")
    named = {name.strip().lower(): rows for name, rows in sheets.items()}
    pairs, faults = _pairs(named.get(DOCUMENT, []))
    if faults:
        raise InputError("the table cannot be read", faults)
    kinds = [value.text for path, value in pairs if path.text == "type"]
    kind = _type_of(kinds[0] if kinds else document_type)
    whole = document_part(model_of(kind))
    data: dict[str, Any] = {}
    for path, value in pairs:
        if path.text != "type" and value.text:
            faults += _put(whole, data, path, path.text, value)
    for sheet, rows in named.items():
        if sheet != DOCUMENT:
            faults += _list_sheet(whole, data, sheet, rows)
    if faults:
        raise InputError("the table cannot be read", faults, remedy="correct it, then read it again")
    if not data:
        raise InputError(
            "the table is empty", expected="a sheet document or a CSV file with the columns path and value"
        )
    return kind, data


def _pairs(rows: list[list[Cell]]) -> tuple[list[tuple[Cell, Cell]], list[Fault]]:
    filled = [row for row in rows if any(cell.text for cell in row)]
    if not filled:
        return [], []
    head = [cell.text.lower() for cell in filled[0]]
    if head[:2] != ["path", "value"]:
        return [], [Fault("", "begins with other columns", read=", ".join(head[:4])[:60], expected="path, value")]
    short = Cell("", "")
    return [(row[0], row[1] if len(row) > 1 else short) for row in filled[1:] if row[0].text], []


def _list_sheet(whole: Group, data: dict[str, Any], sheet: str, rows: list[list[Cell]]) -> Iterator[Fault]:
    """Put each row of a sheet into the list it is called like, as a new entry."""
    part = part_at(whole, sheet)
    if not isinstance(part, Rows):
        names = [one.name for one in whole.parts if isinstance(one, Rows)]
        near = difflib.get_close_matches(sheet, names, n=1)
        yield Fault("", f"the sheet {sheet[:40]!r} is called like no list of this type", expected=", ".join(names),
                    proposal=near[0] if near else None)  # fmt: skip
        return
    filled = [row for row in rows if any(cell.text for cell in row)]
    for number, row in enumerate(filled[1:]):
        for head, cell in zip(filled[0], row, strict=False):
            if head.text and cell.text:
                yield from _put(whole, data, head, f"{sheet}[{number}].{head.text}", cell)


def _put(whole: Group, data: dict[str, Any], named: Cell, path: str, value: Cell) -> Iterator[Fault]:
    """Put a value to its path; yield the fault of a path that leads nowhere."""
    if not is_path(path) or any(isinstance(step, int) and step >= MOST_ROWS for step in steps_of(path)):
        yield Fault("", f"{named.place}: is no path", read=path[:60], expected="a path such as parties[0].country")
        return
    part = part_at(whole, path)
    if isinstance(part, Known):
        path, part = f"{path}.value", part.value
    if isinstance(part, Rows) and isinstance(part.item, Leaf | Words):
        lines = [line.strip() for line in value.text.splitlines() if line.strip()]
        _set(data, path, [_typed(part.item, line) for line in lines])
    elif isinstance(part, Leaf | Words):
        _set(data, path, _typed(part, value.text))
    else:
        yield Fault("", f"{named.place}: is no field of this type", read=path[:60], expected="a field with one value")


def _typed(part: Part, text: str) -> Content:
    kind = part.kind if isinstance(part, Leaf) else Kind.LINE
    if kind is Kind.NUMBER and re.fullmatch(r"-?[0-9]{1,18}", text):
        return int(text)
    if kind is Kind.FLAG and text.lower() in {"true", "false", "yes", "no"}:
        return text.lower() in {"true", "yes"}
    return " ".join(text.split())


def _set(data: dict[str, Any], path: str, value: Content) -> None:
    place: Any = data
    steps = steps_of(path)
    for step, following in zip(steps, (*steps[1:], None), strict=True):
        empty: Any = [] if isinstance(following, int) else {}
        if isinstance(step, int):
            place += [{} for _ in range(step + 1 - len(place))]
            if following is None:
                place[step] = value
            elif not isinstance(place[step], type(empty)):
                place[step] = empty
        elif following is None:
            place[step] = value
        elif not isinstance(place.get(step), type(empty)):
            place[step] = empty
        place = place[step]


def _strange(part: Part, content: Content, path: str) -> Iterator[Fault]:
    """Yield what a form could not show: fields that there are none of, and other shapes than the field has."""
    if content is None:
        return
    if isinstance(part, Known):
        yield from _strange_fact(part, content, path)
    elif isinstance(part, Group):
        yield from _strange_group(part, content, path)
    elif isinstance(part, Rows):
        if not isinstance(content, list):
            yield Fault(path, "is not a list")
            return
        for index, row in enumerate(content):
            yield from _strange(part.item, row, f"{path}[{index}]")
    elif isinstance(content, list) or (isinstance(content, dict) and not isinstance(part, Words)):
        yield Fault(path, "is not one value")


def _strange_fact(part: Known, content: Content, path: str) -> Iterator[Fault]:
    fact = as_fact(content)
    yield from _strange(part.value, fact.get("value"), path)
    for name in fact.keys() - FACT_FIELDS.keys() - {"confirmation"}:
        yield Fault(f"{path}.{name}", NO_FIELD, expected=", ".join(FACT_FIELDS))
    yield from _strange(FACT_FIELDS["claims"], fact.get("claims"), f"{path}.claims")


def _strange_group(part: Group, content: Content, path: str) -> Iterator[Fault]:
    parts = {one.name: one for one in part.parts}
    if not isinstance(content, dict):
        yield Fault(path, "holds no fields", expected=", ".join(parts))
        return
    for name, value in content.items():
        here = f"{path}.{name}" if path else name
        if name in parts:
            yield from _strange(parts[name], value, here)
        else:
            near = difflib.get_close_matches(name, parts, n=1)
            expected, proposal = (None, near[0]) if near else (", ".join(parts), None)
            yield Fault(here, NO_FIELD, expected=expected, proposal=proposal)
