"""What happened to a document since a signatory last went through its pages, and what they signed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from archive.layout import working_key
from portal.rendering import instant
from schemas import events as ev
from schemas.records import read_record

if TYPE_CHECKING:
    from portal.ceremony import Ceremony


def changes_since_shown(ceremony: Ceremony) -> tuple[str, ...]:
    """Return in words what happened since the pages were last gone through; nothing where they never were."""
    if ceremony.shown in {None, ceremony.state.pdf}:
        return ()
    say = ceremony.visit.language.say
    entries = [recorded.entry for recorded in ceremony.house.ledger.entries(ceremony.agreement)]
    seen = max((n for n, entry in enumerate(entries) if getattr(entry.event, "pdf", None) == ceremony.shown), default=0)
    names = {one.id: str(one.name) for one in ceremony.document.signatories}
    told = []
    for entry in entries[seen + 1 :]:
        match entry.event:
            case ev.Signed(signatory=signatory):
                name = names.get(signatory, signatory)
                told.append(say("%(name)s signed on %(at)s.", name=name, at=instant(entry.occurred_at)))
            case ev.Prepared(draft=draft):
                told.append(say("Draft %(draft)s took the place of the one you read. Read it as new.", draft=draft))
            case ev.Concluded():
                told.append(say("Everybody has signed: it was sealed on %(at)s.", at=instant(entry.occurred_at)))
    if told and not any(isinstance(entry.event, ev.Prepared) for entry in entries[seen + 1 :]):
        told.append(say("The words of the document are the same."))
    return tuple(told)


@dataclass(frozen=True)
class Receipt:
    """What somebody signed: the signature with its instant, and the statement that a click made, if it was one."""

    signed: ev.Signed
    at: datetime
    statement: str | None


def receipt_of(ceremony: Ceremony, signed: ev.Signed) -> Receipt:
    """Return what is recorded of a signature."""
    entries = [recorded.entry for recorded in ceremony.house.ledger.entries(ceremony.agreement)]
    at = next(entry.occurred_at for entry in reversed(entries) if entry.event == signed)
    statement = None
    if signed.evidence is not None:
        key = working_key(ceremony.agreement, signed.evidence, "json")
        statement = getattr(read_record(ceremony.house.store.get(key)), "shown", None)
    return Receipt(signed, at, statement)
