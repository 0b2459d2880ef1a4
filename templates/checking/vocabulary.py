"""The names and filters a template may use beside the fields of its data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from templates.checking.kinds import ANYTHING, NUMBER, TEXT, TRUTH, ClauseCall, Keyed, Listing, Names, Shape, union

EMPTY = Shape(optional=True)


def _record(what: str, **members: Shape) -> Shape:
    return Shape((Names(what, MappingProxyType(members)),))


def _list(item: Shape) -> Shape:
    return Shape((Listing(item),))


CLAUSE_PARAGRAPH = _record("a paragraph of a clause", level=NUMBER, lead=TEXT, text=TEXT)
CLAUSE = _record(
    "a clause",
    id=TEXT,
    version=NUMBER,
    position=TEXT,
    subject=TEXT,
    heading=TEXT,
    paragraphs=_list(CLAUSE_PARAGRAPH),
)
CLAUSE_PAIR = _record(
    "a clause in both languages",
    left=CLAUSE,
    right=CLAUSE,
    rows=_list(_record("a row", left=CLAUSE_PARAGRAPH, right=CLAUSE_PARAGRAPH)),
)
OPEN_FACT = _record(
    "an open fact",
    path=TEXT,
    text=TEXT,
    status=TEXT,
    source=union(TEXT, EMPTY),
    owner=union(TEXT, EMPTY),
    claims=union(TEXT, EMPTY),
)


def loop_over(item: Shape) -> Shape:
    """Return what ``loop`` is inside a loop."""
    numbers = dict.fromkeys(("index", "index0", "revindex", "revindex0", "length", "depth", "depth0"), NUMBER)
    record = _record(
        "the loop", **numbers, first=TRUTH, last=TRUTH, previtem=union(item, EMPTY), nextitem=union(item, EMPTY)
    )
    return record.at(None, ("loop", item.key))


@dataclass(frozen=True, slots=True)
class Beside:
    """A name beside the data: what it is, what it means, an example."""

    shape: Shape
    meaning: str
    example: str
    pair_only: bool = False
    """Whether only editions in two languages have it."""


BESIDE: Mapping[str, Beside] = MappingProxyType(
    {
        "agreement_id": Beside(TEXT, "Id of the agreement.", "MOU-2026-0001"),
        "draft": Beside(NUMBER, "Number of the draft, from 1.", "1"),
        "data_digest": Beside(TEXT, "SHA-256 of the data, 64 hex digits.", "{{ data_digest[:16] }}"),
        "template_id": Beside(TEXT, "Name of the template.", "mou"),
        "template_version": Beside(NUMBER, "Version of the template.", "1"),
        "open_facts": Beside(
            _list(OPEN_FACT), "Facts nobody has confirmed, in the order of the data.", "{{ open_facts|length }}"
        ),
        "wording": Beside(
            Shape((Keyed(_record("prescribed wording", sentence=TEXT, disclaimer=TEXT)),)),
            "Wording a programme prescribes, by visibility profile.",
            "{{ wording[project.visibility].sentence }}",
        ),
        "edited": Beside(TRUTH, "Whether the draft was edited by hand.", "{% if edited %}"),
        "stale": Beside(
            _list(TEXT), "Sentences on pinned documents that have a newer approved version.", "{% for line in stale %}"
        ),
        "clause": Beside(Shape((ClauseCall(pair=False),)), "A clause of the library.", '{{ clause("term").heading }}'),
        "added": Beside(
            Shape((Listing(CLAUSE),), path="clauses"), "Clauses the data adds.", "{% for clause in added %}"
        ),
        "clause_pair": Beside(
            Shape((ClauseCall(pair=True),)), "A clause in both languages.", '{{ clause_pair("term").rows }}',
            pair_only=True,
        ),
        "added_pairs": Beside(
            Shape((Listing(CLAUSE_PAIR),), path="clauses"), "Clauses the data adds, in both languages.",
            "{% for pair in added_pairs %}", pair_only=True,
        ),
        "left": Beside(ANYTHING, "The document in its first language.", "{{ left.title }}"),
        "right": Beside(ANYTHING, "The document in its second language.", "{{ right.title }}", pair_only=True),
    }
)  # fmt: skip
"""What stands beside the fields of the data."""


@dataclass(frozen=True, slots=True)
class FilterUse:
    """What a filter takes and gives: ``list``, ``record``, ``text`` or ``any``; ``item`` is one of the list taken."""

    takes: str
    gives: str
    meaning: str
    example: str


FILTERS: Mapping[str, FilterUse] = MappingProxyType(
    {
        "length": FilterUse("list", "number", "How many there are.", "{{ parties|length }}"),
        "first": FilterUse("list", "item", "The first one.", "{{ (parties|first).short_name }}"),
        "last": FilterUse("list", "item", "The last one.", "{{ (parties|last).short_name }}"),
        "by_id": FilterUse("list", "item", "The one with this id.", "{{ (parties|by_id(contact.party)).short_name }}"),
        "listed": FilterUse("list", "text", "All of them, joined with commas and a final and.", "{{ roles|listed }}"),
        "headings": FilterUse(
            "list", "text", "Clauses by their headings in this document, in quotation marks and joined likewise.",
            "{{ binding_clauses|headings }}",
        ),
        "upper": FilterUse("text", "text", "In capitals.", "{{ project.acronym|upper }}"),
        "lower": FilterUse("text", "text", "In small letters.", "{{ project.acronym|lower }}"),
        "capital": FilterUse("text", "text", "With a capital first letter.", "{{ party.short_name|capital }}"),
        "day": FilterUse("text", "text", "A date, or a month, in words.", "{{ project.start|day }}"),
        "country": FilterUse("text", "text", "The name of a country by its code.", "{{ party.country|country }}"),
        "language": FilterUse("text", "text", "The name of a language by its code.", "{{ language|language }}"),
        "word": FilterUse("text", "text", "A fixed word in the document's language.", "{{ party.category|word }}"),
        "days": FilterUse("text", "text", "A number of days as a period.", "{{ notice_days|days }}"),
        "number": FilterUse("text", "text", "A number with its separators.", "{{ project.budget.amount|number }}"),
        "money": FilterUse("any", "text", "A sum with its currency.", "{{ project.budget|money }}"),
        "plain": FilterUse("any", "text", "Without the mark of an open fact.", "{{ signatory.name|plain }}"),
    }
)  # fmt: skip
"""The filters, by what they take."""
