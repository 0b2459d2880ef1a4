"""Whether a document bound its parties at the end of one day, and why: ``bound.json`` of a dossier.

::

    signed_by_all         the agreement's own entries up to that moment
    in_force              the term in its approved data, where that states one
    changed_by, ended_by  documents archived by then and the day each takes effect: the organisation's word,
                          their own dossiers prove them

``bound`` only where all of these allow it. Whether the parties agreed to anything else beside, nothing here says.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from archive.history import History
from archive.record import StatedDocument, StatedTerm
from schemas.errors import Invalid
from schemas.events import Entry, Signed
from schemas.evidence import Digest, Evidence, Instant, SignatoryId
from schemas.lifecycle import fold
from schemas.signature import LegalEffect, SigningWay
from schemas.state import AgreementState, Stage

BOUND = "bound.json"

BINDING = frozenset({Stage.SIGNED, Stage.CONCLUDED, Stage.ARCHIVED, Stage.DISPOSED})
"""Stages in which every signatory has signed."""

EARLIEST, LATEST = timedelta(hours=-14), timedelta(hours=12)
"""A day ends within these of midnight UTC, wherever it is."""


class Standing(Evidence):
    """How far a signatory was: when they signed, how, and what that legally is; nothing where they had not."""

    signatory: SignatoryId
    party: str
    signed_at: Instant | None = None
    way: SigningWay | None = None
    effect: LegalEffect | None = None
    by_delegate: bool = False


TERMINATION = "termination"
"""The type of document that ends another."""


class OvertakenBy(Evidence):
    """A document in the archive that changes this one: an amendment, accession, termination or successor.

    ``effective`` is from when it changes this one, or for a termination the last day in force; ``None`` where its data
    states no such day.
    """

    agreement: str
    document_type: str
    archived_at: Instant
    effective: date | None = None
    sha256: Digest


class Bound(Evidence):
    """What is known for the end of day ``on``, which was at the instant ``until``.

    ``in_force`` is ``None`` where the data states no term. A termination is in ``ended_by`` from the day after its
    effective day, and in ``changed_by`` until then; it may end the document for its sender only.
    """

    agreement: str
    on: date
    until: Instant
    bound: bool
    signed_by_all: bool
    in_force: bool | None
    stage: Stage | Literal["not requested"]
    draft: int
    since: Instant | None
    signatories: tuple[Standing, ...]
    changed_by: tuple[OvertakenBy, ...]
    ended_by: tuple[OvertakenBy, ...]


def bound_on(
    history: History,
    document: StatedDocument,
    *,
    on: date,
    until: datetime,
    overtaken_by: Sequence[OvertakenBy],
) -> Bound:
    """Return what the entries before ``until`` amount to; ``document`` is the approved data.

    Raises :class:`Invalid` where ``until`` is the end of the day ``on`` in no time zone, and for a document in
    ``overtaken_by`` that was archived later.
    """
    midnight = datetime.combine(on + timedelta(days=1), time(), UTC)
    if not midnight + EARLIEST <= until <= midnight + LATEST:
        raise Invalid("no day ends then", where=BOUND, got=until.isoformat(), expected=f"the end of {on}")
    if late := [one for one in overtaken_by if one.archived_at >= until]:
        raise Invalid(
            "a document archived later does not overtake it by then",
            where=f"{BOUND}, {late[0].agreement}",
            got=late[0].archived_at.isoformat(),
            expected=f"before {until.isoformat()}",
        )
    entries = [entry for entry in history.entries if entry.occurred_at < until]
    state = fold(entries) if entries else None
    signed_by_all = state is not None and state.stage in BINDING
    in_force = _covers(document.term, on)
    overtaken = sorted(overtaken_by, key=lambda one: (one.archived_at, one.agreement))
    ended_by = tuple(one for one in overtaken if _ended(one, on))
    return Bound(
        agreement=history.agreement,
        on=on,
        until=until,
        bound=signed_by_all and in_force is not False and not ended_by,
        signed_by_all=signed_by_all,
        in_force=in_force,
        stage=state.stage if state else "not requested",
        draft=state.draft if state else 0,
        since=_since(entries, state) if signed_by_all and state else None,
        signatories=tuple(_standing(entries, state, person.id, person.party) for person in document.signatories),
        changed_by=tuple(one for one in overtaken if one not in ended_by),
        ended_by=ended_by,
    )


def _covers(term: StatedTerm | None, on: date) -> bool | None:
    """Return whether a term covers the day, both its ends included; ``None`` where no term is stated."""
    first, last = (term.start.value, term.end.value) if term else (None, None)
    if first is None and last is None:
        return None
    return (first or on) <= on <= (last or on)


def _ended(one: OvertakenBy, on: date) -> bool:
    return one.document_type == TERMINATION and (one.effective is None or on > one.effective)


def _since(entries: Sequence[Entry], state: AgreementState) -> datetime:
    """Return when the last signature was made, or, where nobody has to sign, the document was prepared."""
    counting = set(state.signatures)
    made = [entry.occurred_at for entry in entries if isinstance(entry.event, Signed) and entry.event in counting]
    return made[-1] if made else next(e.occurred_at for e in reversed(entries) if e.event.type == "prepared")


def _standing(entries: Sequence[Entry], state: AgreementState | None, signatory: str, party: str) -> Standing:
    signed = next((one for one in state.signatures if one.signatory == signatory), None) if state else None
    if state is None or signed is None:
        return Standing(signatory=SignatoryId(signatory), party=party)
    delegation = state.delegation_of(signed.signatory)
    return Standing(
        signatory=signed.signatory,
        party=party,
        signed_at=next(entry.occurred_at for entry in entries if entry.event == signed),
        way=signed.way,
        effect=signed.effect,
        by_delegate=delegation is not None and delegation.confirmed,
    )
