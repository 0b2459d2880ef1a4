"""The document that another one alters, as it is in force on a day: its parties, its words, what changed them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from flows.act import data_of
from flows.stage import load
from flows.wiring import Installation
from schemas.documents import Document
from schemas.errors import Fault, Invalid
from schemas.evidence import AgreementId
from schemas.party import Party
from schemas.rules import each, in_words
from schemas.state import AgreementState
from templates.legible import text_as_laid_out
from templates.word_file import read_word_file

CLAUSE_NUMBER = re.compile(r"\b\d{1,3}[A-Z]?(?:\.\d{1,3}[A-Z]?)*\b")
NAMED = re.compile(r"\bclause\s+(\d{1,3}[A-Z]?(?:\.\d{1,3}[A-Z]?)*)", re.IGNORECASE)
"""A clause as an amendment names it, such as one that it inserts."""
NUMBERED = re.compile(r"^\s*(\d{1,3}\.(?:\d{1,3}\.?)?)\s+(\S.*)$", re.MULTILINE)
"""A clause as it is laid out: ``9.`` or ``9.1``, then its heading or the first line of its text."""


@dataclass(frozen=True)
class Change:
    """An archived document that changes another or takes its place."""

    state: AgreementState
    document: Document


@dataclass(frozen=True)
class Base:
    """An archived document with the changes that are in effect, the oldest first."""

    state: AgreementState
    document: Document
    changes: tuple[Change, ...]

    @property
    def parties(self) -> tuple[str, ...]:
        """The legal names of its parties, after those that joined and left."""
        names = dict.fromkeys(_names(self.document.parties))
        for change in self.changes:
            gone = set(_names(change.document.leaving))
            names = {name: None for name in (*names, *_names(change.document.joining)) if name not in gone}
        return tuple(names)

    @property
    def ended_by(self) -> str | None:
        """The notice that left fewer than two parties, if one did."""
        notices = [change.state.agreement for change in self.changes if change.document.leaving]
        return notices[-1] if notices and len(self.parties) < 2 else None

    @property
    def superseded_by(self) -> str | None:
        """The document that took its place, if one did."""
        return next((change.state.agreement for change in self.changes if self._is_superseded_by(change)), None)

    @property
    def changed_by(self) -> tuple[str, ...]:
        """The documents that changed it and left it in force."""
        return tuple(change.state.agreement for change in self.changes if not self._is_superseded_by(change))

    def _is_superseded_by(self, change: Change) -> bool:
        pin = change.document.supersedes
        return pin is not None and pin.agreement.value == self.state.agreement


def base_of(house: Installation, state: AgreementState, today: date) -> Base:
    """Return the archived agreement in ``state`` with what changed it until ``today``.

    A notice changes it once the last day of the party that gave it is over.
    """
    changes = []
    for row in house.register.changed_by(state.agreement):
        changed = house.ledger.state(row.id)
        document = data_of(house, changed.data)
        if document.last_day is None or document.last_day < today:
            changes.append(Change(changed, document))
    return Base(state, data_of(house, state.data), tuple(changes))


def broken_ties(house: Installation, document: Document, base: Base) -> Iterator[Fault]:
    """Yield where ``document`` has other parties than the ``base`` it alters, or quotes what does not stand there."""
    yield from other_parties(document, base)
    if document.takes_out:
        yield from _misquoted(document, base.state.agreement, _paragraphs(house, base))
    if document.invoked:
        changes = "\n".join(_laid_out(house, change.state) for change in base.changes)
        yield from _not_invoked(document, base.state.agreement, _laid_out(house, base.state), changes)


def other_parties(document: Document, base: Base) -> Iterator[Fault]:
    """Yield where ``document``, less those who join by it, has other parties than the ``base``; legal names tell."""
    agreement, joining = base.state.agreement, {party.id for party in document.joining}
    listed = {index: party for index, party in each(document.parties) if party.id not in joining}
    strange = {index: party for index, party in listed.items() if _name(party) not in base.parties}
    missing = [name for name in base.parties if name not in _names(tuple(listed.values()))]
    for index, party in strange.items():
        if party.legal_name.value is not None:
            yield Fault(
                f"parties[{index}].legal_name", f"is no party of {agreement}", read=_name(party),
                expected=in_words(missing or base.parties, "or"), proposal=_nearest(_name(party), missing),
            )  # fmt: skip
    if len(missing) > len(strange):
        yield Fault("parties", f"{in_words(missing)} of {agreement} is missing", expected=in_words(base.parties))


def _misquoted(document: Document, agreement: str, paragraphs: Sequence[str]) -> Iterator[Fault]:
    for path, text in document.takes_out:
        quoted = _plain(text)
        if not any(quoted in paragraph for paragraph in paragraphs):
            yield Fault(
                path, f"does not stand in {agreement}", read=quoted, expected="its words as they are in force",
                proposal=_nearest(quoted, paragraphs),
            )  # fmt: skip


def _not_invoked(document: Document, agreement: str, text: str, changes: str) -> Iterator[Fault]:
    clauses = {number.rstrip("."): _plain(heading) for number, heading in NUMBERED.findall(text)}
    inserted = set(NAMED.findall(changes))
    for path, clause in document.invoked:
        numbers = CLAUSE_NUMBER.findall(clause)
        if numbers and not set(numbers) <= clauses.keys() | inserted:
            nearest = _nearest(clause, [f"clause {number} ({heading})" for number, heading in clauses.items()])
            yield Fault(
                path, f"is no clause of {agreement}", read=clause, proposal=nearest,
                expected="a clause that stands there",
            )  # fmt: skip
        if not numbers and clause.casefold() not in _plain(text).casefold():
            yield Fault(path, f"is no clause of {agreement}", read=clause, expected="a clause by its number")


def _paragraphs(house: Installation, base: Base) -> list[str]:
    """Return the paragraphs in force: those of the draft that was signed, less and more what amendments changed."""
    paragraphs = [_plain(text) for text in read_word_file(_kept(house, base.state, "docx")).paragraphs]
    for change in base.changes:
        gone = {_plain(text) for _, text in change.document.takes_out}
        paragraphs = [paragraph for paragraph in paragraphs if paragraph not in gone]
        paragraphs += [_plain(text) for text in change.document.puts_in]
    return paragraphs


def _laid_out(house: Installation, state: AgreementState) -> str:
    """Return the text with the numbers of clauses, which a Word file only counts."""
    return text_as_laid_out(_kept(house, state, "pdf"))


def _kept(house: Installation, state: AgreementState, extension: str) -> bytes:
    if state.content is None:
        raise Invalid("an archived agreement has no draft", where=state.agreement, expected="the draft that was signed")
    digest = state.content.docx if extension == "docx" else state.content.pdf
    return load(house, AgreementId(state.agreement), digest, extension)


def _names(parties: Sequence[Party]) -> list[str]:
    return [_name(party) for party in parties]


def _name(party: Party) -> str:
    return _plain(party.legal_name.value or party.id)


def _plain(text: str) -> str:
    return " ".join(text.split())


def _nearest(text: str, among: Sequence[str]) -> str | None:
    return next(iter(difflib.get_close_matches(text, among, n=1, cutoff=0.5)), None)
