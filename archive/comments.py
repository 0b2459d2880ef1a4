"""What reviewers say about a clause of a draft, before they decide and until it is settled; it can be erased.

The ledger knows nothing of these comments: what counts is gathered into the remark of a decision.
"""

from __future__ import annotations

from sqlalchemy import Connection, Engine, delete, insert, select, update

from archive.database import reading
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
        """Return a comment by its id; see :func:`find`."""
        with reading(self._engine) as connection:
            return find(connection, comment)


def find(connection: Connection, comment: Digest) -> Comment | None:
    """Return a comment by its id, or ``None`` where it was deleted or never made."""
    row = connection.execute(select(review_comments).where(COLUMNS.id == comment)).mappings().one_or_none()
    return None if row is None else Comment.model_validate(dict(row))


def add(connection: Connection, comment: Comment) -> None:
    """Keep a comment; the same id again is the same comment."""
    if find(connection, comment.id) is None:
        connection.execute(insert(review_comments), comment.model_dump(mode="json"))


def put(connection: Connection, comment: Comment) -> None:
    """Put a comment in place of the one with its id."""
    statement = update(review_comments).where(COLUMNS.id == comment.id)
    connection.execute(statement, comment.model_dump(mode="json"))


def remove(connection: Connection, comment: Digest) -> None:
    """Delete a comment."""
    connection.execute(delete(review_comments).where(COLUMNS.id == comment))
