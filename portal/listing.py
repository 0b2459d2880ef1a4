"""The list of documents as an address names it: filters, the search, the view, and where its page begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import urlencode

from archive.catalogue import Key, Line
from archive.wanted import Wanted, folded
from flows.deadline import local_day
from portal.visit import Visit
from schemas.documents import document_types
from schemas.people import Role
from schemas.state import Stage

LONGEST_SEARCH = 200

GROUPS: dict[str, tuple[Stage, ...]] = {
    "draft": (Stage.REQUESTED,),
    "review": (Stage.IN_REVIEW, Stage.RETURNED),
    "signing": (Stage.APPROVED, Stage.SIGNING, Stage.SIGNED, Stage.CONCLUDED),
    "archived": (Stage.ARCHIVED,),
    "ended": (Stage.ENDED, Stage.DISPOSED),
}
"""Stages as the list's filter and the board group them: those of the stepper, and what came to nothing."""


@dataclass(frozen=True)
class Asked:
    """What a visitor asked for; everything unknown is passed over."""

    search: str = ""
    group: str | None = None
    document_type: str | None = None
    mine: bool = False
    overdue: bool = False
    board: bool = False
    after: Key | None = None

    def link(self, *, path: str = "/documents", **changes: object) -> str:
        """Return the address of the same list with something changed; it begins at its first page again."""
        changed = replace(self, **{"after": None, **changes})
        fields = {
            "q": changed.search,
            "stage": changed.group,
            "type": changed.document_type,
            "mine": "1" if changed.mine else None,
            "overdue": "1" if changed.overdue else None,
            "view": "board" if changed.board else None,
            "after": f"{changed.after.updated_at.isoformat()}~{changed.after.id}" if changed.after else None,
        }
        query = urlencode({name: value for name, value in fields.items() if value})
        return f"{path}?{query}" if query else path

    @property
    def filtered(self) -> bool:
        """Whether not every document is asked for."""
        return bool(self.search or self.group or self.document_type or self.mine or self.overdue)


def asked(query: Mapping[str, str]) -> Asked:
    """Return what the fields of an address ask for."""
    kind, group = query.get("type"), query.get("stage")
    return Asked(
        search=query.get("q", "").strip()[:LONGEST_SEARCH],
        group=group if group in GROUPS else None,
        document_type=kind if kind in document_types() else None,
        mine=query.get("mine") == "1",
        overdue=query.get("overdue") == "1",
        board=query.get("view") == "board",
        after=_key(query.get("after", "")),
    )


def wanted(visit: Visit, what: Asked) -> Wanted:
    """Return which agreements these are, for this visitor."""
    words = set(folded(what.search))
    # a person is found by their whole name or address, or by parts of it; the list of people is short
    everyone = visit.house.people.everyone() if words else ()
    people = [one for one in everyone if words <= {*folded(one.name), *folded(one.email)}]
    return Wanted(
        stages=GROUPS[what.group] if what.group else (),
        document_type=what.document_type,
        owner=visit.who.commitment if what.mine else None,
        overdue_on=local_day(visit.house, visit.house.clock()) if what.overdue else None,
        asked=what.search,
        owners=tuple(one.commitment for one in people if Role.MANAGER in one.roles),
        emails=tuple(one.email for one in people if Role.SIGNATORY in one.roles),
    )


def after(lines: tuple[Line, ...]) -> Key | None:
    """Return where the page after these lines begins."""
    return Key(lines[-1].row.updated_at, lines[-1].row.id) if lines else None


def _key(text: str) -> Key | None:
    at, _, its_id = text.partition("~")
    try:
        parsed = datetime.fromisoformat(at)
        return Key(parsed.astimezone(UTC), its_id) if parsed.tzinfo is not None and its_id else None
    except (ValueError, OverflowError):
        return None
