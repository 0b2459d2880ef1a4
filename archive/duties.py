"""In which roles the same person acted on the same agreement, as the ledger has it."""

from __future__ import annotations

from sqlalchemy import Engine, select

from archive import entries
from archive.database import reading
from archive.tables import agreements
from schemas.evidence import AgreementId, Digest
from schemas.people import Role


def several_roles(engine: Engine, *, newest: int | None) -> dict[AgreementId, dict[Digest, frozenset[Role]]]:
    """Return who acted in several roles on one agreement, by commitment, for the agreements that moved last.

    ``newest`` says how many of these are looked through; ``None``: all.
    """
    found: dict[AgreementId, dict[Digest, frozenset[Role]]] = {}
    with reading(engine) as connection:
        moved_last = select(agreements.c.id).order_by(agreements.c.updated_at.desc()).limit(newest)
        for agreement in connection.execute(moved_last).scalars().all():
            used: dict[Digest, set[Role]] = {}
            for recorded in entries.of_agreement(connection, agreement):
                actor = recorded.entry.actor
                if actor.person is not None and actor.role is not None:
                    used.setdefault(actor.person, set()).add(actor.role)
            if several := {person: frozenset(roles) for person, roles in used.items() if len(roles) > 1}:
                found[AgreementId(agreement)] = several
    return found
