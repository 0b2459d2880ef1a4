"""Redlines: a draft against an earlier one, or against what its template says without anything of its own."""

from __future__ import annotations

from dataclasses import dataclass

from flows.act import data_of
from flows.proposal import template_for
from flows.texts import drafted, kept_text, rendered_as
from flows.wiring import Installation
from schemas.documents import Document
from schemas.errors import Refused
from schemas.evidence import AgreementId
from templates.redlines.clause_redline import ClauseChange, Compared, clause_changes
from templates.redlines.outline import CELLS, clauses_of
from templates.redlines.redline import Change, data_changes
from templates.redlines.redline_page import changed_clauses, redline_page
from templates.redlines.tracked import tracked_changes

AUTHOR = "Convenio"


@dataclass(frozen=True)
class Redline:
    """Two texts (DOCX) with their labels, and the fields of the data that differ.

    ``settled`` are the paths, in the data before, of facts that were open then and are not now. What is gone with its
    party, or with its value, was settled by nobody.
    """

    title: str
    before_label: str
    after_label: str
    before: bytes
    after: bytes
    changes: tuple[Change, ...]
    language: str
    settled: frozenset[str] = frozenset()

    @property
    def clauses(self) -> tuple[str, ...]:
        """The headings of the clauses that differ."""
        return changed_clauses(clauses_of(self.before), clauses_of(self.after))

    @property
    def compared(self) -> tuple[ClauseChange, ...]:
        """Every clause, word by word, as it became."""
        return clause_changes(clauses_of(self.before), clauses_of(self.after))

    def is_settled(self, paragraph: Compared) -> bool:
        """Whether a paragraph is gone because it is the row of a settled fact."""
        gone = all(piece.mark == "del" for piece in paragraph)
        return gone and "".join(piece.text for piece in paragraph).partition(CELLS)[0] in self.settled

    def settled_rows(self, change: ClauseChange) -> tuple[Compared, ...]:
        """Return the rows of settled facts in a clause."""
        return tuple(filter(self.is_settled, change.paragraphs))

    def page(self) -> bytes:
        """Return the page a reviewer reads, HTML in UTF-8."""
        return redline_page(
            self.title,
            before_label=self.before_label,
            after_label=self.after_label,
            changes=self.changes,
            before=clauses_of(self.before),
            after=clauses_of(self.after),
            language=self.language,
        ).encode()


def between_drafts(
    house: Installation, agreement: AgreementId, *, draft: int | None = None, against: int | None = None
) -> Redline:
    """Return the redline of ``draft`` (the current one) against draft ``against`` (the one before).

    Raises :class:`Refused` where there is no such draft, or none before.
    """
    state = house.ledger.state(agreement)
    after = draft or state.draft
    before = against or after - 1
    if before < 1:
        raise Refused(
            "there is no draft before draft 1",
            where=agreement,
            remedy="compare it with its template: --against template",
        )
    old, new = (data_of(house, drafted(house, agreement, number).content.data) for number in (before, after))
    changes = data_changes(old, new)
    return Redline(
        title=f"{agreement}: {state.title}",
        before_label=f"draft {before}",
        after_label=f"draft {after}",
        before=kept_text(house, agreement, before),
        after=kept_text(house, agreement, after),
        changes=changes,
        language=new.language,
        settled=frozenset(one.place_before for one in changes if one.settles and one.place_before is not None),
    )


def against_template(house: Installation, agreement: AgreementId, *, draft: int | None = None) -> Redline:
    """Return the redline of ``draft`` against its template: the same data, the library's standard clauses, no edits."""
    state = house.ledger.state(agreement)
    number = draft or state.draft
    content = drafted(house, agreement, number).content
    document = data_of(house, content.data)
    template = template_for(house, document, state.template_version)
    at = state.model_copy(update={"data": content.data})
    return Redline(
        title=f"{agreement}: {state.title}",
        before_label=f"template {template.id}, version {template.version}",
        after_label=f"draft {number}",
        before=rendered_as(house, at, _bare(document), template, draft=number).docx,
        after=kept_text(house, agreement, number),
        changes=(),
        language=document.language,
    )


def as_word_file(house: Installation, redline: Redline) -> bytes:
    """Return the redline as DOCX with tracked changes, dated now."""
    return tracked_changes(redline.before, redline.after, author=AUTHOR, at=house.clock())


def _bare(document: Document) -> Document:
    """Return the document without what it changes in the library's clauses."""
    return document.model_copy(update={"choices": (), "clauses": ()})
