"""The form of a document type: its sections, one page each, and how its fields are called.

The fields come from the model (``schemas.fields``); which of them stand on one page, and what they are called where
the name alone would read badly, is said here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from schemas.documents import document_types, model_of
from schemas.fields import Group, Known, Leaf, Part, Rows, Words, parts_of

DOCUMENT, TEXT, TERMS, CLAUSES = "document", "text", "terms", "clauses"

TOGETHER = {
    **dict.fromkeys(
        ("title", "language", "second_language", "prevailing", "base", "earlier", "supersedes",
         "partnership_agreement", "components", "annexes"),
        DOCUMENT,
    ),
    "challenge": TEXT,
    "signing": "signatories",
    "term": TERMS,
    "law": TERMS,
    "remedy": TERMS,
    "majority": TERMS,
    "clauses": CLAUSES,
    "choices": CLAUSES,
}  # fmt: skip
"""Fields that stand on the page of others; texts stand on one page, and so do single values."""

TITLES = {
    DOCUMENT: "About the document",
    TEXT: "What it says",
    TERMS: "Terms",
    CLAUSES: "Changes to standard clauses",
}

LABELS = {
    "acts_for": "The partnership it acts for",
    "as_of": "Counted on",
    "at": "When",
    "authority": "Why this person may sign",
    "base": "The document it is about",
    "basis": "On what grounds",
    "call": "Call for proposals",
    "choices": "Fallbacks chosen from the clause library",
    "claims": "What each source says",
    "clauses": "Clauses of your own",
    "confidentiality_years": "Confidentiality, in years",
    "confirmation": "Confirmation",
    "country": "Country",
    "dated": "Its date",
    "duration_months": "Duration, in months",
    "earlier": "What changed that document before",
    "email": "Mail address",
    "id": "Short id inside this document",
    "ip_owner": "Who owns the results",
    "jointly_with": "Must sign together with",
    "km": "Distance in kilometres",
    "latin_name": "Name in Latin script",
    "new": "New text",
    "notice_days": "Notice, in days",
    "old": "Text in force",
    "own_costs": "Each party bears its own costs",
    "personal_data": "Personal data passes between the parties",
    "pic": "PIC of the EU",
    "position": "Position in the organisation",
    "rounds": "Rounds of signing",
    "seat": "Seat",
    "sha256": "SHA-256 of the signed PDF",
    "sign_by": "Last day to sign",
    "signing": "Order of signing",
    "sme_count": "SMEs among them",
    "smes": "SMEs",
    "supersedes": "The document it takes the place of",
    "swot": "Strengths, weaknesses, opportunities, threats",
    "terms": "Terms",
    "use": "Fallback to use",
    "vat": "VAT number",
    "version": "Version of its text",
    "visibility": "Visibility block of the programme",
    "voting": "Its members vote",
}
"""What a field is called where its name alone does not read well."""

CHOICES = {"cosme-easme": "COSME (EASME)", "escp-4i": "ESCP-4i", "escp-4x": "ESCP-4x"}
"""What may be chosen, where its name alone does not read well."""

ENTRY = "Entry"
"""What one entry of a list is called that has no word for it."""

ONE_OF = {
    "activities": "Activity",
    "acceptance_tests": "Test",
    "agenda": ENTRY,
    "amended_clauses": "Change",
    "bodies": "Body",
    "classes": "Class",
    "claims": "Claim",
    "communication": "Audience",
    "deliveries": "Delivery",
    "parties": "Party",
    "responsibilities": "Responsibility",
    "rounds": "Round",
    "signatories": "Signatory",
    "work_packages": "Work package",
}
"""What one entry of a list is called where it is not the name without its last letter."""


@dataclass(frozen=True)
class Section:
    """One page of a form: its key in the address, what it is called, and its fields."""

    key: str
    title: str
    parts: tuple[Part, ...]

    @property
    def needed(self) -> bool:
        """Whether a document cannot do without it."""
        return any(part.required for part in self.parts)


def label_of(name: str) -> str:
    """Return what a field is called, in English; ``_`` translates it."""
    return LABELS.get(name) or name.replace("_", " ").capitalize()


def choice_of(value: str) -> str:
    """Return what may be chosen in words, in English."""
    return CHOICES.get(value) or value[:1].upper() + value[1:]


def one_of(name: str) -> str:
    """Return what one entry of a list is called, in English."""
    return ONE_OF.get(name) or (label_of(name).removesuffix("s") if name.endswith("s") else ENTRY)


@cache
def sections_of(document_type: str) -> tuple[Section, ...]:
    """Return the pages of a form in the order in which they are filled in."""
    pages: dict[str, list[Part]] = {}
    for part in parts_of(model_of(document_type)):
        if not (isinstance(part, Leaf) and len(part.choices) == 1):
            pages.setdefault(_page_of(part), []).append(part)
    # what most documents leave alone comes last
    keys = [key for key in pages if key != CLAUSES] + [key for key in pages if key == CLAUSES]
    for parts in pages.values():
        parts.sort(key=lambda part: (part.name != "title", not part.required and isinstance(part, Group)))
    return tuple(Section(key, TITLES.get(key) or label_of(key), tuple(pages[key])) for key in keys)


def section_of(document_type: str, path: str) -> Section | None:
    """Return the page on which the field at ``path`` stands."""
    first = path.partition(".")[0].partition("[")[0]
    named = (section for section in sections_of(document_type) if any(part.name == first for part in section.parts))
    return next(named, None)


def _page_of(part: Part) -> str:
    if part.name in TOGETHER:
        return TOGETHER[part.name]
    if isinstance(part, Words) or (isinstance(part, Rows) and isinstance(part.item, Words)):
        return TEXT
    if part.name == "markets" and isinstance(part, Rows) and isinstance(part.item, Group) and len(part.item.parts) < 3:
        return TEXT
    if isinstance(part, Leaf | Known) or (isinstance(part, Rows) and isinstance(part.item, Leaf)):
        return TERMS
    return part.name


def texts() -> frozenset[str]:
    """Return every text of the forms that comes from the models, for the catalogs of the interface's languages."""
    found = {*TITLES.values()}
    for document_type in document_types():
        model = model_of(document_type)
        found |= {model.kind, _first_line(model.__doc__ or "")}
        for part in parts_of(model):
            found |= _texts_of(part)
    return frozenset(text for text in found if text)


def _texts_of(part: Part) -> set[str]:
    found = {label_of(part.name), meaning_of(part)}
    if isinstance(part, Leaf):
        found |= {choice_of(choice) for choice in part.choices}
    elif isinstance(part, Known):
        found |= _texts_of(part.value)
    elif isinstance(part, Group):
        found |= set().union(*(_texts_of(one) for one in part.parts))
    elif isinstance(part, Rows):
        found |= {one_of(part.name)} | _texts_of(part.item)
    return found


def meaning_of(part: Part) -> str:
    """Return the help of a field: what its description says, without the marks of code."""
    return " ".join(part.meaning.replace("``", "").split())


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]
