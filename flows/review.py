"""What a reviewer reads: every clause of a draft, how the library sees it, what differs, and what was said of it."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, count, groupby
from typing import TYPE_CHECKING

from flows.act import data_of
from flows.comments import comments_on
from flows.proposal import template_for
from flows.queries import content_of
from flows.redlines import Redline, against_template, between_drafts
from schemas import events as ev
from schemas.clause import Clause, Position, Subject
from schemas.manifest import ClauseUse, DraftManifest
from schemas.state import AgreementState, Stage
from templates.redlines.clause_redline import ClauseChange, Compared, Kind, clause_changes
from templates.redlines.outline import CELLS, OutlinedClause, Region, clauses_of

if TYPE_CHECKING:
    from archive.comments import Comment
    from flows.wiring import Installation
    from schemas.document import Document
    from schemas.evidence import AgreementId
    from schemas.people import Office, Person
    from templates.catalog import Template

FOLDED = 3
"""So many paragraphs that stay are folded away inside a changed clause."""


class Obstacle(StrEnum):
    """Why somebody cannot approve a draft now."""

    NOT_IN_REVIEW = "not in review"
    AUTHOR = "author"
    """They wrote it, or edited it by hand."""
    OPEN_FACTS = "open facts"
    APPROVED_IT = "approved it"
    """They approved it already, for another office."""
    NO_OFFICE = "no office"
    """No office whose approval is missing is theirs."""


@dataclass(frozen=True)
class Run:
    """Paragraphs of a clause that follow each other: all stay, all are rows of settled facts, or each differs."""

    paragraphs: tuple[Compared, ...]
    stays: bool
    settled: bool = False

    @property
    def folded(self) -> bool:
        """Whether to fold it away."""
        return self.stays and len(self.paragraphs) >= FOLDED


@dataclass(frozen=True)
class Card:
    """One clause. ``anchor`` names it in every draft; position, subject and note are the library's, where it knows it.

    ``instead_of`` is the heading of the clause of the library in whose place it stands, ``runs`` are its paragraphs.
    """

    anchor: str
    region: Region
    change: ClauseChange
    position: Position | None = None
    subject: Subject | None = None
    note: str | None = None
    instead_of: str | None = None
    runs: tuple[Run, ...] = ()
    comments: tuple[Comment, ...] = ()

    @property
    def heading(self) -> str:
        """What the clause is called; empty for what stands under no heading."""
        clause = self.change.after or self.change.before
        return clause.heading if clause else ""

    @property
    def differs(self) -> bool:
        """Whether its words are others than before."""
        return self.change.kind not in {Kind.UNCHANGED, Kind.MOVED}


@dataclass(frozen=True)
class Review:
    """A draft beside what it is compared with. ``lost`` are comments on clauses that are not there any more."""

    redline: Redline
    cards: tuple[Card, ...]
    lost: tuple[Comment, ...]

    @property
    def differing(self) -> int:
        """How many clauses differ."""
        return sum(card.differs for card in self.cards)


def review_of(house: Installation, state: AgreementState, *, against: str) -> Review:
    """Return the rendered current draft against the ``draft`` before it or its ``template``.

    Raises :class:`Refused` where it is not rendered, or there is none before.
    """
    agreement: AgreementId = state.agreement  # pyrefly: ignore  # the ledger's own id
    redline = against_template(house, agreement) if against == "template" else between_drafts(house, agreement)
    document = data_of(house, state.data)
    manifest = DraftManifest.model_validate_json(content_of(house, agreement, "manifest", draft=state.draft))
    known = _by_heading(document, manifest, template_for(house, document, state.template_version))
    said = comments_on(house, agreement)
    cards: dict[str, Card] = {}
    for change in clause_changes(clauses_of(redline.before), clauses_of(redline.after)):
        card = _card(change, known, said, redline, taken=cards.keys())
        cards[card.anchor] = card
    return Review(redline, tuple(cards.values()), tuple(one for one in said if one.anchor not in cards))


def returned_with(house: Installation, state: AgreementState) -> str | None:
    """Return what the reviewer wrote who returned the current draft; empty where it was erased.

    ``None`` where the draft was not returned.
    """
    if state.stage is not Stage.RETURNED:
        return None
    entries = [recorded.entry.event for recorded in house.ledger.entries(state.agreement)]
    returned = [event for event in entries if isinstance(event, ev.Returned)][-1]
    kept = house.remarks.get(returned.remark)
    return "" if kept is None else kept.text


def obstacle(state: AgreementState, person: Person) -> Obstacle | None:
    """Return why ``person`` cannot approve the current draft now, the reason that lasts longest first."""
    if state.stage is not Stage.IN_REVIEW or state.content is None:
        return Obstacle.NOT_IN_REVIEW
    if person.commitment in state.authors:
        return Obstacle.AUTHOR
    if any(approval.person == person.commitment for approval in state.approvals):
        return Obstacle.APPROVED_IT
    if not offices_of(state, person):
        return Obstacle.NO_OFFICE
    return Obstacle.OPEN_FACTS if state.open_facts else None


def offices_of(state: AgreementState, person: Person) -> tuple[Office, ...]:
    """Return the offices that still have to approve and that ``person`` holds."""
    return tuple(office for office in state.missing_offices if office in person.offices)


@dataclass(frozen=True)
class _Known:
    anchor: str
    use: ClauseUse
    note: str | None
    instead_of: str | None


def _by_heading(document: Document, manifest: DraftManifest, template: Template) -> Mapping[str, _Known]:
    """Return what is known of the clauses of a draft by their headings in all of its languages."""
    own: Mapping[str, Clause] = {clause.id: clause for clause in document.clauses}
    known: dict[str, _Known] = {}
    for use in manifest.clauses:
        replaced = template.clauses.get(use.instead_of or "")
        standard = _heading(replaced.heading, document) if replaced else None
        found = _Known(use.instead_of or use.id, use, None, standard)
        if (clause := template.clauses.get(use.id)) is not None and use.id not in own:
            found = _Known(found.anchor, use, clause.note, standard)
            known[_heading(clause.heading, document).casefold()] = found
        elif use.id in own:
            known[str(own[use.id].heading).casefold()] = _Known(
                found.anchor, use, replaced.note if replaced else None, standard
            )
    return known


def _heading(headings: Mapping[str, str], document: Document) -> str:
    return CELLS.join(headings[language] for language in document.languages if language in headings)


def _card(
    change: ClauseChange,
    known: Mapping[str, _Known],
    said: Sequence[Comment],
    redline: Redline,
    *,
    taken: Collection[str],
) -> Card:
    clause = change.after or change.before
    if clause is None:
        raise ValueError(change)
    found = known.get(clause.heading.casefold()) if clause.region is Region.CLAUSE else None
    name = found.anchor if found else _anchor(clause)
    anchor = next(one for one in chain([name], (f"{name}-{number}" for number in count(2))) if one not in taken)
    return Card(
        anchor=anchor,
        region=clause.region,
        change=change,
        position=found.use.position if found else None,
        subject=found.use.subject if found else None,
        note=found.note if found else None,
        instead_of=found.instead_of if found else None,
        runs=_runs(change.paragraphs, redline),
        comments=tuple(one for one in said if one.anchor == anchor),
    )


def _anchor(clause: OutlinedClause) -> str:
    """Return the name of a clause the library does not know: the same as long as its heading is."""
    if clause.region is not Region.CLAUSE:
        return str(clause.region)
    return f"section-{hashlib.sha256(clause.heading.casefold().encode()).hexdigest()[:12]}"


def _runs(paragraphs: Sequence[Compared], redline: Redline) -> tuple[Run, ...]:
    alike = groupby(paragraphs, lambda one: (_stays(one), redline.is_settled(one)))
    return tuple(Run(tuple(run), stays, settled) for (stays, settled), run in alike)


def _stays(paragraph: Compared) -> bool:
    return all(piece.mark == "same" for piece in paragraph)
