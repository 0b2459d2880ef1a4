"""What an auditor searches for, as an address says it: every filter, its faults, and where the page begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from archive.catalogue import Key
from archive.wanted import DIGEST_START, Named, Wanted, folded
from portal.listing import GROUPS, LONGEST_SEARCH, asked, wanted
from portal.visit import Visit
from schemas.documents import document_types
from schemas.signature import LEVELS, SigningWay

FIELDS = ("search", "type", "stage", "party", "person", "digest", "year", "level", "way", "from", "to")


@dataclass(frozen=True)
class Search:
    """One search: what was written in each field, what is wrong with it, and which agreements that means.

    ``wanted`` is ``None`` while something is wrong.
    """

    fields: Mapping[str, str]
    faults: Mapping[str, str]
    wanted: Wanted | None
    after: Key | None = None

    @property
    def filtered(self) -> bool:
        """Whether not every agreement is searched for."""
        return any(self.fields.values())

    @property
    def narrowed(self) -> bool:
        """Whether more than the first field is filled in."""
        return any(value for name, value in self.fields.items() if name != "search")

    def link(self, after: Key | None) -> str:
        """Return the address of the page of this search that begins after ``after``."""
        query = {name: value for name, value in self.fields.items() if value}
        if after is not None:
            query["after"] = f"{after.updated_at.isoformat()}~{after.id}"
        return f"/audit?{urlencode(query)}" if query else "/audit"


@dataclass
class _Reader:
    """Reads fields one after the other and remembers what is wrong."""

    visit: Visit
    fields: Mapping[str, str]
    faults: dict[str, str] = field(default_factory=dict)

    def one_of(self, name: str, known: tuple[str, ...]) -> str | None:
        """Return a field that is one of ``known``; anything else was not chosen on the page and is passed over."""
        return self.fields[name] if self.fields[name] in known else None

    def year(self) -> int | None:
        """Return the year."""
        text = self.fields["year"]
        if text and not (text.isascii() and text.isdecimal() and len(text) == 4):
            self.faults["year"] = self.visit.language.say("Write the year with four digits, such as 2026.")
        return int(text) if text and "year" not in self.faults else None

    def digest(self) -> str:
        """Return the beginning of a digest."""
        text = self.fields["digest"].lower()
        if text and not DIGEST_START.fullmatch(text):
            self.faults["digest"] = self.visit.language.say("Write at least the first 8 digits, 0 to 9 and a to f.")
            return ""
        return text

    def day(self, name: str) -> date | None:
        """Return a day."""
        text = self.fields[name]
        try:
            return date.fromisoformat(text) if text else None
        except ValueError:
            self.faults[name] = self.visit.language.say("Write the day like 2026-11-30.")
            return None


def search(visit: Visit, query: Mapping[str, str]) -> Search:
    """Return what the fields of an address search for; a day is one of the installation's time zone."""
    fields = {name: query.get(name, "").strip()[:LONGEST_SEARCH] for name in FIELDS}
    reader, what = _Reader(visit, fields), asked({**query, "q": fields["search"]})
    first, last = reader.day("from"), reader.day("to")
    if first is not None and last is not None and first > last:
        reader.faults["to"] = visit.language.say("The last day is before the first one.")
    found = wanted(visit, what).model_copy(
        update={
            "stages": GROUPS.get(fields["stage"], ()),
            "document_type": reader.one_of("type", tuple(document_types())),
            "party": fields["party"],
            "person": _named(visit, fields["person"]) if fields["person"] else None,
            "digest": reader.digest(),
            "year": reader.year(),
            "level": reader.one_of("level", tuple(LEVELS)),
            "way": reader.one_of("way", tuple(SigningWay)),
            "archived_from": _midnight(visit, first) if first else None,
            "archived_before": _midnight(visit, last + timedelta(days=1)) if last and last < date.max else None,
        }
    )
    return Search(fields, reader.faults, None if reader.faults else found, what.after)


def _named(visit: Visit, text: str) -> Named:
    """Return who is meant by a name, an address, or parts of one; nobody where nobody is called like that."""
    words = set(folded(text))
    people = [
        one for one in visit.house.people.everyone() if words and words <= {*folded(one.name), *folded(one.email)}
    ]
    return Named(owners=tuple(one.commitment for one in people), emails=tuple(one.email for one in people))


def _midnight(visit: Visit, day: date) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(visit.house.settings.time_zone)).astimezone(UTC)
