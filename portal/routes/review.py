"""What waits for a reviewer, and a draft as a reviewer reads it: pages beside clauses, changes and comments."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from archive.comments import Comment
from archive.register import RegisterRow
from archive.review_queue import Waiting
from flows.act import data_of
from flows.comments import may_change
from flows.deadline import local_day, term_over
from flows.page_images import page_texts
from flows.review import obstacle, offices_of, review_of
from flows.risk import Level, known, level_of, risk_of_draft
from flows.texts import drafted
from portal import review_words as words
from portal.reading import agreement_of
from portal.visit import Reviewer, Visit
from portal.waiting import unconfirmed, words_for
from schemas.errors import ConvenioError, Refused
from schemas.evidence import AgreementId
from schemas.people import Office
from schemas.state import AgreementState, Stage
from templates.redlines.redline import Change

router = APIRouter()

ON_ONE_PAGE = 20
READ_HERE = (Stage.REQUESTED, Stage.IN_REVIEW, Stage.RETURNED, Stage.APPROVED)
"""Later a document is read on its own page."""

OPENED_COOKIE = "convenio_opened"
MOST_OPENED = 30

Against = Literal["draft", "template"]


@dataclass(frozen=True)
class Line:
    """One line of the queue; ``why_not`` says why the visitor cannot approve it."""

    row: RegisterRow
    waits: str
    level: Level | None
    reasons: list[str]
    why_not: str | None


@dataclass(frozen=True)
class FaultyComment:
    """A comment that was refused, to be shown again where it was written."""

    anchor: str
    text: str
    error: ConvenioError


@router.get("/review")
def queue(visit: Reviewer, page: Annotated[int, Query(ge=1, le=10_000)] = 1) -> Response:
    """Show the drafts that wait for an office of the visitor, the riskiest and most urgent first."""
    mine, today = visit.who.offices, local_day(visit.house, visit.house.clock())
    found = visit.house.review_queue.page(mine, today=today, limit=ON_ONE_PAGE, skip=(page - 1) * ON_ONE_PAGE)
    states = visit.house.ledger.states([one.row.id for one in found.lines])
    return visit.show(
        "review_queue.html",
        lines=[_line(visit, one, states[one.row.id]) for one in found.lines],
        offices=words.offices(visit.language, mine),
        total=found.total,
        number=page,
        pages=max(1, ceil(found.total / ON_ONE_PAGE)),
        level=lambda which: words.level(visit.language, which),
        delegations=unconfirmed(visit) if page == 1 and Office.LEGAL in mine else [],
    )


@router.get("/review/{agreement}")
def review(visit: Reviewer, agreement: str, against: Against | None = None) -> Response:
    """Show the current draft: its pages, what differs, its clauses with what was said of them."""
    state = agreement_of(visit, agreement)
    if state.stage not in READ_HERE:
        return visit.go(f"/documents/{state.agreement}")
    return shown(visit, state, against=against)


def shown(
    visit: Visit, state: AgreementState, *, against: Against | None = None, faulty: FaultyComment | None = None
) -> Response:
    """Answer with the review of a draft; a refused comment stands again where it was written."""
    row = visit.house.register.show(state.agreement)
    common = {"state": state, "row": row, "waits": words_for(visit, row)}
    if state.content is None:
        return visit.show("review_waiting.html", **common)
    chosen = against or ("draft" if _has_draft_before(visit, state) else "template")
    why_not = obstacle(state, visit.who)
    risk = risk_of_draft(visit.house, state)
    found = review_of(visit.house, state, against=chosen)
    response = visit.show(
        "review.html",
        status=200 if faulty is None else 422,
        **common,
        review=found,
        against=chosen,
        compares=_has_draft_before(visit, state),
        images=page_texts(visit.house, AgreementId(state.agreement), state.content.pdf),
        why_not=words.obstacle(visit.language, why_not, state),
        decides=state.stage is Stage.IN_REVIEW,
        mine=words.offices(visit.language, offices_of(state, visit.who)),
        risk=risk,
        reasons=words.reasons(visit.language, risk.reasons) if risk else [],
        term_over=term_over(visit.house, data_of(visit.house, state.content.data)),
        words=_Words(visit, state),
        faulty=faulty,
        key=visit.house.clock().isoformat(),
    )
    remember_opened(visit, response, state.content.pdf)
    return response


def remember_opened(visit: Visit, response: Response, pdf: str) -> None:
    """Note in the visitor's own browser that these pages were opened in it."""
    before = [one for one in _opened(visit) if one != pdf[:16]]
    visit.set_cookie(response, OPENED_COOKIE, ".".join([pdf[:16], *before][:MOST_OPENED]), seconds=90 * 86400)


def was_opened(visit: Visit, pdf: str) -> bool:
    """Whether these pages were opened in the visitor's browser."""
    return pdf[:16] in _opened(visit)


class _Words:
    """What the page says about clauses and comments, in the visitor's language."""

    def __init__(self, visit: Visit, state: AgreementState) -> None:
        self._visit, self._state = visit, state
        self._names: dict[str, str] = {}

    def kind(self, which: object) -> str:
        return words.kind(self._visit.language, which)  # pyrefly: ignore  # the page hands over a clause's own kind

    def position(self, which: object) -> str:
        return words.position(self._visit.language, which)  # pyrefly: ignore  # the same

    def region(self, which: object) -> str:
        return words.region(self._visit.language, which)  # pyrefly: ignore  # the same

    def field(self, change: Change) -> str:
        return words.field(self._visit.language, change)

    def level(self, which: Level) -> str:
        return words.level(self._visit.language, which)

    def by(self, comment: Comment) -> str:
        """Return who made a comment."""
        if comment.person == self._visit.who.commitment:
            return self._visit.language.say("you")
        if comment.person not in self._names:
            person = self._visit.house.people.behind(comment.person)
            self._names[comment.person] = person.name if person else self._visit.language.say("somebody erased")
        return self._names[comment.person]

    def may_change(self, comment: Comment) -> bool:
        return may_change(self._state, comment, self._visit.who)

    def may_settle(self, comment: Comment) -> bool:
        return comment.person == self._visit.who.commitment or self._visit.who.commitment not in self._state.authors


def _line(visit: Visit, one: Waiting, state: AgreementState) -> Line:
    return Line(
        row=one.row,
        waits=words_for(visit, one.row),
        level=None if one.points is None else level_of(one.points),
        reasons=words.reasons(visit.language, known(one.reasons or {})),
        why_not=words.obstacle(visit.language, obstacle(state, visit.who), state),
    )


def _has_draft_before(visit: Visit, state: AgreementState) -> bool:
    if state.draft == 1:
        return False
    try:
        drafted(visit.house, AgreementId(state.agreement), state.draft - 1)
    except Refused:
        return False
    return True


def _opened(visit: Visit) -> list[str]:
    return visit.request.cookies.get(OPENED_COOKIE, "").split(".")
