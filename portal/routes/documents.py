"""The list of all documents: as a table, as a board, as a file for a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from archive.catalogue import Line
from flows.deadline import local_day
from portal.document_types import type_name
from portal.downloads import disposition
from portal.listing import GROUPS, Asked, after, asked, wanted
from portal.visit import Reader, Visit
from portal.waiting import words_for
from schemas.evidence import Digest

router = APIRouter()

ON_ONE_PAGE = 25
ON_THE_BOARD = 10
"""So many cards stand in one column of the board."""
IN_ONE_FILE = 20_000
"""So many lines a spreadsheet gets at most."""

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would run as a formula (OWASP, CSV injection)."""


@router.get("/documents")
def documents(visit: Reader) -> Response:
    """List documents, those that changed last first; or show them on a board, the longest-waiting first."""
    what = asked(visit.request.query_params)
    common = {
        "asked": what,
        "groups": _groups(visit),
        "types": [(kind, type_name(visit, kind)) for kind in visit.house.catalogue.document_types()],
        "words_for": lambda row: words_for(visit, row),
        "type_name": lambda kind: type_name(visit, kind),
        "today": local_day(visit.house, visit.house.clock()),
    }
    if what.board:
        which = wanted(visit, what)
        shown = {what.group: GROUPS[what.group]} if what.group else GROUPS
        columns = visit.house.catalogue.board(which, shown.values(), limit=ON_THE_BOARD)
        return visit.show("documents_board.html", columns=dict(zip(shown, columns, strict=True)), **common)
    lines = visit.house.catalogue.page(wanted(visit, what), after=what.after, limit=ON_ONE_PAGE + 1)
    more = len(lines) > ON_ONE_PAGE
    lines = lines[:ON_ONE_PAGE]
    following = what.link(after=after(lines)) if more else None
    return visit.show("documents.html", lines=lines, following=following, owners=_owners(visit, lines), **common)


@router.get("/documents.csv")
def as_file(visit: Reader) -> StreamingResponse:
    """Give the same list as a file for a spreadsheet, at most 20,000 lines of it."""
    today = local_day(visit.house, visit.house.clock())
    return StreamingResponse(
        _rows(visit, replace(asked(visit.request.query_params), after=None)),
        media_type="text/csv; charset=utf-8",
        headers=disposition(f"documents-{today}.csv"),
    )


def cell(value: object) -> str:
    """Return a value as a cell that no spreadsheet runs as a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def _rows(visit: Visit, what: Asked) -> Iterator[str]:
    say = visit.language.say
    heading = (
        say("Document"), say("Title"), say("Type"), say("Parties"), say("Project"), say("Draft"), say("Stage"),
        say("Waits for"), say("Since (UTC)"), say("To be signed by"), say("Owner"), say("Changed (UTC)"),
    )  # fmt: skip
    yield "\ufeff" + _written(heading)  # the mark tells spreadsheets that this is UTF-8
    which, following, written = wanted(visit, what), None, 0
    while written < IN_ONE_FILE:
        lines = visit.house.catalogue.page(which, after=following, limit=500)
        owners = _owners(visit, lines)
        yield "".join(_written(_cells(visit, line, owners)) for line in lines)
        written += len(lines)
        following = after(lines)
        if len(lines) < 500:
            return


def _cells(visit: Visit, line: Line, owners: dict[Digest, str]) -> tuple[object, ...]:
    row = line.row
    return (
        row.id, row.title, type_name(visit, row.document_type), ", ".join(line.parties), line.project, row.draft,
        visit.language.say(row.stage.capitalize()), words_for(visit, row), f"{row.since:%Y-%m-%d %H:%M}",
        row.sign_by, owners.get(row.owner or "", ""), f"{row.updated_at:%Y-%m-%d %H:%M}",
    )  # fmt: skip


def _written(cells: tuple[object, ...]) -> str:
    out = StringIO()
    csv.writer(out).writerow([cell(one) for one in cells])
    return out.getvalue()


def _owners(visit: Visit, lines: tuple[Line, ...]) -> dict[Digest, str]:
    """Return the names of those who requested these documents; who was erased has none."""
    wanted_ones = {line.row.owner for line in lines if line.row.owner}
    found = {commitment: visit.house.people.behind(commitment) for commitment in wanted_ones}
    return {commitment: person.name for commitment, person in found.items() if person is not None}


def _groups(visit: Visit) -> dict[str, str]:
    say = visit.language.say
    return {
        "draft": say("Being drafted"),
        "review": say("In review"),
        "signing": say("Being signed"),
        "archived": say("Archived"),
        "ended": say("Ended"),
    }
