"""What reviewers say about a clause of a draft, before they decide and until it is settled; it can be erased.

The ledger knows nothing of these comments: what counts is gathered into the remark of a decision.
"""

from __future__ import annotations

from sqlalchemy import Engine, delete, insert, select, update

from archive.database import reading, writing
from archive.tables import review_comments
from schemas.evidence import AgreementId, Digest, Evidence, Instant

COLUMNS = review_comments.c


class Comment(Evidence):
    """One comment. ``anchor`` is the clause it is about, ``heading`` what that clause was called in draft ``draft``.

    ``docx`` is the digest of the draft's Word file, ``person`` a commitment to who made it.
    """

    id: Digest
    agreement: AgreementId
    draft: int
    docx: Digest
    anchor: str
    heading: str
    person: Digest
    text: str
    made_at: Instant
    resolved_at: Instant | None = None

    @property
    def is_open(self) -> bool:
        """Whether nobody has settled it."""
        return self.resolved_at is None


class Comments:
    """The comments in one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, agreement: AgreementId | str) -> tuple[Comment, ...]:
        """Return the comments on every draft of an agreement, the oldest first."""
        statement = select(review_comments).where(COLUMNS.agreement == agreement)
        with reading(self._engine) as connection:
            rows = connection.execute(statement.order_by(COLUMNS.made_at, COLUMNS.id)).mappings()
            return tuple(Comment.model_validate(dict(row)) for row in rows)

    def find(self, comment: Digest) -> Comment | None:
        """Return a comment by its id, or ``None`` where it was deleted or never made."""
        with reading(self._engine) as connection:
            row = connection.execute(select(review_comments).where(COLUMNS.id == comment)).mappings().one_or_none()
        return None if row is None else Comment.model_validate(dict(row))

    def add(self, comment: Comment) -> bool:
        """Keep a comment and return whether this call did; the same id again is the same comment."""
        with writing(self._engine) as connection:
            if connection.execute(select(COLUMNS.id).where(COLUMNS.id == comment.id)).first() is not None:
                return False
            connection.execute(insert(review_comments), comment.model_dump(mode="json"))
            return True

    def put(self, comment: Comment) -> None:
        """Put a comment in place of the one with its id; one that was deleted meanwhile stays deleted."""
        with writing(self._engine) as connection:
            statement = update(review_comments).where(COLUMNS.id == comment.id)
            connection.execute(statement, comment.model_dump(mode="json"))

    def remove(self, comment: Digest) -> None:
        """Delete a comment."""
        with writing(self._engine) as connection:
            connection.execute(delete(review_comments).where(COLUMNS.id == comment))
