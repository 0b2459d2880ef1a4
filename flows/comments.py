"""What reviewers say about a clause of a draft before they decide: made, changed, settled, gathered into a decision."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pydantic_core import PydanticCustomError

from archive.comments import Comment
from archive.transaction import Transaction, op_id_of
from flows.act import acting, require_draft, reviewed
from flows.wiring import Installation
from schemas.errors import FourEyes, InputError, NotAuthorised, Refused, RefusedTransition
from schemas.evidence import AgreementId, Digest
from schemas.people import Person, Role
from schemas.state import AgreementState, Stage
from schemas.text import printable

MOST_CHARACTERS = 4000
ANCHOR = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
"""Names the clause a comment is about: the id of a clause of the library, or a section's."""


def comments_on(house: Installation, agreement: AgreementId) -> tuple[Comment, ...]:
    """Return the comments on every draft of an agreement, the oldest first; settled ones too."""
    return house.comments.of(agreement)


def comment(
    house: Installation,
    agreement: AgreementId,
    *,
    draft: int,
    anchor: str,
    heading: str,
    text: str,
    key: str,
    by: str,
) -> Comment:
    """Keep a comment on the clause ``anchor`` of draft ``draft``; the same again under one ``key`` is the same comment.

    Raises :class:`StaleBase` for another draft than the current one, :class:`RefusedTransition` where nobody decides
    about it, :class:`InputError` for no text.
    """
    reviewer = acting(house, by, Role.REVIEWER)
    if not ANCHOR.fullmatch(anchor):
        raise InputError("that is no clause", got=repr(anchor[:80]), expected="the name of a clause of the draft")
    kept, heading = _printable(text), _printable(as_remark(heading)[:200])
    with house.ledger.transaction() as tx:
        # nobody decides about the draft meanwhile
        state = tx.state(agreement)
        content = reviewed(state, draft)
        _require_review(state)
        made = Comment(
            id=op_id_of("comment", agreement, str(draft), reviewer.commitment, key, anchor, kept),
            agreement=agreement,
            draft=draft,
            docx=content.docx,
            anchor=anchor,
            heading=heading,
            person=reviewer.commitment,
            text=kept,
            made_at=house.clock(),
        )
        tx.add_comment(made)
    return made


def change_comment(house: Installation, agreement: AgreementId, number: Digest, *, text: str, by: str) -> Comment:
    """Put another text in the place of one's own comment, as long as nobody has decided about the draft.

    Raises :class:`NotAuthorised` for somebody else's, :class:`RefusedTransition` after the decision.
    """
    reviewer, kept = acting(house, by, Role.REVIEWER), _printable(text)
    with house.ledger.transaction() as tx:
        changed = _own(tx, agreement, number, reviewer).model_copy(update={"text": kept})
        tx.put_comment(changed)
    return changed


def delete_comment(house: Installation, agreement: AgreementId, number: Digest, *, by: str) -> None:
    """Delete one's own comment, as long as nobody has decided about the draft; see :func:`change_comment`."""
    reviewer = acting(house, by, Role.REVIEWER)
    with house.ledger.transaction() as tx:
        tx.remove_comment(_own(tx, agreement, number, reviewer).id)


def settle(house: Installation, agreement: AgreementId, number: Digest, *, settled: bool = True, by: str) -> Comment:
    """Say that a comment is answered, or that it is not after all.

    Raises :class:`FourEyes` where an author of the draft would settle what somebody else said of it.
    """
    reviewer = acting(house, by, Role.REVIEWER)
    with house.ledger.transaction() as tx:
        found, state = _there(tx.comment(number), agreement), tx.state(agreement)
        if found.person != reviewer.commitment and reviewer.commitment in state.authors:
            raise FourEyes(
                "whoever wrote a draft does not settle what others said of it",
                where=f"{agreement}, draft {state.draft}",
                expected="a reviewer who is not among its authors",
                remedy="ask who made the comment, or another reviewer",
            )
        if found.is_open != settled:
            return found
        changed = found.model_copy(update={"resolved_at": house.clock() if settled else None})
        tx.put_comment(changed)
    return changed


def comment_of(house: Installation, agreement: AgreementId, number: Digest) -> Comment:
    """Return a comment on an agreement; raise :class:`Refused` where it is not there any more."""
    return _there(house.comments.find(number), agreement)


def may_change(state: AgreementState, found: Comment, person: Person) -> bool:
    """Whether a person may change or delete a comment: their own, until somebody decides about its draft."""
    return found.person == person.commitment and state.stage is Stage.IN_REVIEW and state.draft == found.draft


def gathered(comments: Iterable[Comment]) -> str:
    """Return the open comments as one text, a line for each, as a decision may carry them."""
    return "\n".join(f"On {one.heading}: {as_remark(one.text)}" for one in comments if one.is_open)


def as_remark(text: str) -> str:
    """Return the lines of a text as one, as the ledger's remarks are kept."""
    return " / ".join(line.strip() for line in text.splitlines() if line.strip())


def _there(found: Comment | None, agreement: AgreementId) -> Comment:
    if found is None or found.agreement != agreement:
        raise Refused("this comment is not there any more", where=agreement, remedy="open the review again")
    return found


def _own(tx: Transaction, agreement: AgreementId, number: Digest, reviewer: Person) -> Comment:
    found = _there(tx.comment(number), agreement)
    if found.person != reviewer.commitment:
        raise NotAuthorised(
            "this comment is somebody else's", where=agreement, expected="a comment of your own", remedy="make your own"
        )
    state = tx.state(agreement)
    require_draft(state, found.draft)
    _require_review(state)
    return found


def _require_review(state: AgreementState) -> None:
    if state.stage is not Stage.IN_REVIEW:
        raise RefusedTransition(
            "comments are made while a draft is in review",
            where=f"{state.agreement}, draft {state.draft}",
            got=state.stage,
            expected=Stage.IN_REVIEW,
        )


def _printable(text: str) -> str:
    """Return ``text`` in its lines; raise :class:`InputError` where it is empty, too long or cannot be printed."""
    try:
        kept = "\n".join(printable(line) for line in text.strip().splitlines())
    except PydanticCustomError as error:
        raise InputError("a comment cannot be kept", got=error.message(), expected="printable text") from error
    if not kept:
        raise InputError("the comment is empty", expected="what should be looked at or changed")
    if len(kept) > MOST_CHARACTERS:
        raise InputError(
            "the comment is too long", got=f"{len(kept)} characters", expected=f"at most {MOST_CHARACTERS}"
        )
    return kept
