"""First answers of the REST interface by their keys (draft-ietf-httpapi-idempotency-key-header).

::

    begin(key, request) ──> BEGUN            nobody asked under this key: act, then keep the answer, or forget the key
                        ├─> Kept(answer)     the same request was answered before
                        ├─> UNDER_WAY        the same request is being answered
                        └─> ANOTHER          the key stands for another request
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from sqlalchemy import Engine, delete, insert, select, update

from archive.database import writing
from archive.program_tables import idempotent_answers as answers
from schemas.evidence import Digest

KEPT_FOR = timedelta(hours=24)

LOST_AFTER = timedelta(minutes=5)
"""A request that was not answered for so long was cut off: it may be begun anew."""


class Begun(Enum):
    """What there is under a key, where no answer is."""

    BEGUN = "begun"
    UNDER_WAY = "under way"
    ANOTHER = "another"


@dataclass(frozen=True, slots=True)
class Kept:
    """The first answer, as it was kept."""

    answer: bytes


class IdempotentAnswers:
    """The answers in one database; of keys only hashes are kept."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self, key_hash: Digest, request: Digest, *, now: datetime) -> Begun | Kept:
        """Note that ``request`` is answered under a key from now on, or return what there is under it."""
        with writing(self._engine) as connection:
            connection.execute(delete(answers).where(answers.c.begun_at <= now - KEPT_FOR))
            same = answers.c.key_hash == key_hash
            row = connection.execute(select(answers).where(same)).mappings().one_or_none()
            if row is None:
                connection.execute(insert(answers), {"key_hash": key_hash, "request": request, "begun_at": now})
                return Begun.BEGUN
            if row["request"] != request:
                return Begun.ANOTHER
            if row["answer"] is not None:
                return Kept(row["answer"])
            if now - row["begun_at"] < LOST_AFTER:
                return Begun.UNDER_WAY
            connection.execute(update(answers).where(same).values(begun_at=now))
            return Begun.BEGUN

    def keep(self, key_hash: Digest, answer: bytes) -> None:
        """Keep the first answer under its key."""
        with writing(self._engine) as connection:
            connection.execute(update(answers).where(answers.c.key_hash == key_hash).values(answer=answer))

    def forget(self, key_hash: Digest) -> None:
        """Let a key be used anew, after an answer that says to try again."""
        with writing(self._engine) as connection:
            connection.execute(delete(answers).where(answers.c.key_hash == key_hash))
