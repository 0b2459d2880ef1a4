"""Gathering what a dossier holds: entries with proofs, objects by digest, openings, the newest checkpoint."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import PurePath
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from flows.standalone import released_verifiers
from schemas.errors import Refused, TimestampUnavailable
from schemas.events import Deposited
from schemas.evidence import AgreementId, Digest

if TYPE_CHECKING:
    from archive.bound import Bound
    from archive.dossier import Day
    from archive.history import History
    from archive.publisher import Published
    from archive.record import AddressOpening, PersonOpening
    from flows.wiring import Installation
    from schemas.people import Person


def dossier_of(house: Installation, agreement: AgreementId, *, on: date | None = None) -> bytes:
    """Return the dossier of an archived agreement under the newest checkpoint.

    With ``on`` it also says whether the document bound its parties at the end of that day (of the installation's time
    zone), and who had signed.

    Raises :class:`Refused` where the agreement is not archived or the day is not over, :class:`Invalid` where evidence
    does not hold, :class:`TimestampUnavailable` where the checkpoint has no timestamp yet.
    """
    from archive.dossier import DossierContents, ProvenEntry, build_dossier
    from archive.history import history_of
    from archive.record import RemarkOpening

    recorded = house.ledger.entries(agreement)
    history = history_of([one.entry for one in recorded])
    published = _published(house)
    checkpoint = published.checkpoint
    tree = house.ledger.tree(checkpoint.tree_size)
    known = {person.commitment: person for person in house.people.everyone()}
    remarks = [kept for commitment in history.remarks if (kept := house.remarks.get(commitment)) is not None]
    return build_dossier(
        DossierContents(
            entries=[ProvenEntry(one.entry, tree.inclusion(one.leaf_index, checkpoint.tree_size)) for one in recorded],
            checkpoint=checkpoint,
            token=published.token or b"",
            objects=_objects(house, agreement, history),
            people=[_opening(known[commitment]) for commitment in history.people if commitment in known],
            remarks=[RemarkOpening(text=remark.text, salt=remark.salt) for remark in remarks],
            addresses=_addresses(house, agreement, history),
            verifier=released_verifiers()[0],
            sign=house.checkpoint_key.sign,
            bound=None if on is None else _day(house, agreement, on),
        )
    )


def bound_of(house: Installation, agreement: AgreementId, on: date) -> Bound:
    """Return who was bound at the end of day ``on``, as the dossier of that day says it; raises as :func:`dossier_of`.

    Nothing is published for it.
    """
    from archive.bound import bound_on
    from archive.history import history_of
    from archive.layout import data_key
    from archive.record import stated_document

    history = history_of([recorded.entry for recorded in house.ledger.entries(agreement)])
    document = stated_document(house.store.get(data_key(history.state.data)))
    day = _day(house, agreement, on)
    return bound_on(history, document, on=day.on, until=day.until, overtaken_by=day.overtaken_by)


def _day(house: Installation, agreement: AgreementId, on: date) -> Day:
    """Return the day ``on`` with the archived documents that changed ``agreement`` before it ended."""
    from archive.bound import OvertakenBy
    from archive.dossier import Day
    from archive.layout import data_key
    from archive.record import stated_document

    zone = ZoneInfo(house.settings.time_zone)
    now = house.clock().astimezone(zone)
    if on >= now.date():
        raise Refused(
            "what holds at the end of that day is not known yet",
            where=f"{agreement}, {on.isoformat()}",
            got=f"{on.isoformat()}; it is {now:%Y-%m-%dT%H:%M%z}",
            expected="a day that is over",
            remedy="name a day before today, or leave the day out",
        )
    until, found = datetime.combine(on + timedelta(days=1), time(), zone).astimezone(UTC), []
    for row in house.register.changed_by(agreement):
        for recorded in house.ledger.entries(row.id):
            event, at = recorded.entry.event, recorded.entry.occurred_at
            if isinstance(event, Deposited) and at < until:
                document = stated_document(house.store.get(data_key(house.ledger.state(row.id).data)))
                found.append(
                    OvertakenBy(
                        agreement=row.id,
                        document_type=row.document_type,
                        archived_at=at,
                        effective=document.effective.value if document.effective else None,
                        sha256=event.receipt.sha256,
                    )
                )
    return Day(on, until, tuple(found))


def _opening(person: Person) -> PersonOpening:
    from archive.record import PersonOpening

    return PersonOpening(email=person.email, name=person.name, salt=person.salt)


def _addresses(house: Installation, agreement: AgreementId, history: History) -> list[AddressOpening]:
    """Return where the links that were clicked had been sent to, without what was erased."""
    from archive.enclosed import click_records
    from archive.openings import Openings
    from archive.record import AddressOpening

    openings, found = Openings(house.engine), []
    for _, record in click_records(history, lambda name: _object(house, agreement, name, history.files[name])):
        if (kept := openings.get(record.address)) is not None:
            found.append(AddressOpening(mail=json.loads(kept.content)["mail"], salt=kept.salt))
    return found


def _published(house: Installation) -> Published:
    from flows.checkpoints import published

    newest = published(house)
    if newest.token is None:
        raise TimestampUnavailable(
            "the ledger's newest checkpoint has no timestamp yet",
            got="; ".join(newest.complaints) or "no timestamp authority",
            expected="an RFC 3161 token over the checkpoint",
            remedy="repeat when the timestamp authority answers; nothing else is missing",
        )
    return newest


def _objects(house: Installation, agreement: AgreementId, history: History) -> dict[Digest, bytes]:
    from archive.enclosed import enclosed_files
    from archive.history import AGREEMENT_PDF

    receipt = history.receipts[-1]
    named = {AGREEMENT_PDF: house.store.get(receipt.key, version=receipt.version)}
    for name, digest in history.files.items():
        if name not in named:
            named[name] = _object(house, agreement, name, digest)
    inner = enclosed_files(history, lambda name: named[name])
    held = named | {name: _object(house, agreement, name, digest) for name, digest in inner.items()}
    return {digest: held[name] for name, digest in {**history.files, **inner}.items()}


def _object(house: Installation, agreement: AgreementId, name: str, digest: Digest) -> bytes:
    """Return the object behind a member; evidence of authority is kept under the ending it came with."""
    from archive.layout import data_key, working_key

    if name.endswith("/data.json"):
        return house.store.get(data_key(digest))
    extension = PurePath(name).suffix.removeprefix(".")
    if extension:
        return house.store.get(working_key(agreement, digest, extension))
    key = next(iter(house.store.keys(working_key(agreement, digest, ""))), None)
    if key is None:
        raise Refused("a file the ledger names is not in the store", where=name, expected=f"SHA-256 {digest}")
    return house.store.get(key)
