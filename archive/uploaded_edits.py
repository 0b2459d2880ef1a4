"""Word files that reviewers uploaded and did not yet put in place of a draft's text; they can be erased."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Engine, delete, insert, select

from archive.database import reading, writing
from archive.tables import uploaded_edits
from schemas.evidence import AgreementId, Digest, Evidence, Instant

COLUMNS = uploaded_edits.c


class UploadedEdit(Evidence):
    """The edited text (DOCX) of draft ``draft`` that a person (commitment) uploaded, with its digest."""

    agreement: AgreementId
    person: Digest
    draft: int
    digest: Digest
    content: bytes
    uploaded_at: Instant


class UploadedEdits:
    """The uploaded files in one database: one for each person and agreement."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def find(self, agreement: AgreementId, person: Digest) -> UploadedEdit | None:
        """Return what a person uploaded for an agreement, if anything waits there."""
        statement = select(uploaded_edits).where(COLUMNS.agreement == agreement, COLUMNS.person == person)
        with reading(self._engine) as connection:
            row = connection.execute(statement).mappings().one_or_none()
        return None if row is None else UploadedEdit.model_validate(dict(row))

    def keep(self, upload: UploadedEdit, *, oldest: datetime) -> None:
        """Keep a file in place of the person's earlier one; whatever was uploaded before ``oldest`` is deleted."""
        with writing(self._engine) as connection:
            connection.execute(delete(uploaded_edits).where(COLUMNS.uploaded_at < oldest))
            _remove(connection, upload.agreement, upload.person)
            connection.execute(insert(uploaded_edits), upload.model_dump())

    def remove(self, agreement: AgreementId, person: Digest) -> None:
        """Delete what a person uploaded for an agreement."""
        with writing(self._engine) as connection:
            _remove(connection, agreement, person)


def _remove(connection: Connection, agreement: AgreementId, person: Digest) -> None:
    connection.execute(delete(uploaded_edits).where(COLUMNS.agreement == agreement, COLUMNS.person == person))
