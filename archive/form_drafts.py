"""Forms that somebody has begun and not yet sent: what was typed so far, valid or not. All of it is erasable."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, delete, insert, select, update

from archive.database import reading, writing
from archive.tables import form_drafts
from schemas.evidence import Digest, Evidence, Instant


class FormDraft(Evidence):
    """A form as far as it is filled in.

    ``document`` is plain data as a file would have it; ``sections`` are those that were looked through once.
    ``agreement`` and ``base_draft`` name the draft whose data is changed by it, or the agreement that was made of it:
    a form that is ``made`` holds no data any more.
    """

    id: str
    owner: Digest
    document_type: str
    agreement: str | None = None
    base_draft: int | None = None
    made: bool = False
    sections: tuple[str, ...] = ()
    document: dict[str, Any]
    updated_at: Instant


class FormDrafts:
    """The unfinished forms in one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self, form: FormDraft) -> FormDraft:
        """Keep a new form and return it; where its owner began it before, that one stays and is returned."""
        with writing(self._engine) as connection:
            if (begun := _find(connection, form.id, form.owner)) is not None:
                return begun
            connection.execute(insert(form_drafts), _columns(form))
            return form

    def find(self, form: str, owner: Digest) -> FormDraft | None:
        """Return a form of its owner's; ``None`` for one of somebody else's."""
        with reading(self._engine) as connection:
            return _find(connection, form, owner)

    def of_owner(self, owner: Digest) -> tuple[FormDraft, ...]:
        """Return the unfinished forms of one person, the newest first."""
        statement = select(form_drafts).where(form_drafts.c.owner == owner)
        with reading(self._engine) as connection:
            rows = connection.execute(statement.order_by(form_drafts.c.updated_at.desc(), form_drafts.c.id)).mappings()
            return tuple(form for row in rows if not (form := _parsed(row)).made)

    def change(self, form: str, owner: Digest, by: Callable[[FormDraft], FormDraft]) -> FormDraft | None:
        """Replace a form by what ``by`` makes of it as it stands, and return that; ``None`` where there is none.

        Two changes at once follow each other, so that neither is lost.
        """
        with writing(self._engine) as connection:
            found = _find(connection, form, owner)
            if found is None:
                return None
            changed = by(found)
            same = (form_drafts.c.id == form) & (form_drafts.c.owner == owner)
            connection.execute(update(form_drafts).where(same), _columns(changed))
            return changed

    def forget(self, form: str, owner: Digest) -> None:
        """Delete a form."""
        with writing(self._engine) as connection:
            same = (form_drafts.c.id == form) & (form_drafts.c.owner == owner)
            connection.execute(delete(form_drafts).where(same))

    def forget_older(self, than: datetime) -> int:
        """Delete forms nobody has touched since ``than``, and return how many those were."""
        with writing(self._engine) as connection:
            return connection.execute(delete(form_drafts).where(form_drafts.c.updated_at < than)).rowcount


def erase(connection: Connection, owner: Digest) -> int:
    """Delete all forms of one person, and return how many those were."""
    return connection.execute(delete(form_drafts).where(form_drafts.c.owner == owner)).rowcount


def _find(connection: Connection, form: str, owner: Digest) -> FormDraft | None:
    same = (form_drafts.c.id == form) & (form_drafts.c.owner == owner)
    row = connection.execute(select(form_drafts).where(same)).mappings().one_or_none()
    return None if row is None else _parsed(row)


COLUMNS = ("id", "owner", "document_type", "agreement", "updated_at")
"""What stands in columns of its own; the rest is JSON in ``content``."""


def _columns(form: FormDraft) -> dict[str, object]:
    beside = form.model_dump(mode="json", exclude=set(COLUMNS))
    return {**form.model_dump(include=set(COLUMNS)), "content": json.dumps(beside, ensure_ascii=False)}


def _parsed(row: RowMapping) -> FormDraft:
    return FormDraft.model_validate({**{name: row[name] for name in COLUMNS}, **json.loads(row["content"])})
