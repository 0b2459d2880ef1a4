"""Gathering what a dossier holds: entries with proofs, objects by digest, openings, the newest checkpoint."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from schemas.evidence import AgreementId, Checkpoint, Digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archive.entries import Recorded
    from archive.history import History
    from archive.record import PersonOpening
    from flows.wiring import Installation
    from schemas.people import Person


def dossier_of(house: Installation, agreement: AgreementId) -> bytes:
    """Return the dossier of an archived agreement under the newest checkpoint that covers it.

    Raises :class:`Refused` where the agreement is not archived, :class:`Invalid` where evidence does not hold.
    """
    from archive.dossier import DossierContents, ProvenEntry, build_dossier
    from archive.history import history_of
    from archive.record import RemarkOpening

    recorded = house.ledger.entries(agreement)
    history = history_of([one.entry for one in recorded])
    checkpoint = _covering(house, recorded)
    tree = house.ledger.tree(checkpoint.tree_size)
    known = {person.commitment: person for person in house.people.everyone()}
    remarks = [kept for commitment in history.remarks if (kept := house.remarks.get(commitment)) is not None]
    return build_dossier(
        DossierContents(
            entries=[ProvenEntry(one.entry, tree.inclusion(one.leaf_index, checkpoint.tree_size)) for one in recorded],
            checkpoint=checkpoint,
            objects=_objects(house, agreement, history),
            people=[_opening(known[commitment]) for commitment in history.people if commitment in known],
            remarks=[RemarkOpening(text=remark.text, salt=remark.salt) for remark in remarks],
        )
    )


def _opening(person: Person) -> PersonOpening:
    from archive.record import PersonOpening

    return PersonOpening(email=person.email, name=person.name, salt=person.salt)


def _covering(house: Installation, recorded: Sequence[Recorded]) -> Checkpoint:
    from flows.publish import publish_checkpoint

    newest = house.ledger.newest_checkpoint(house.checkpoint_key.verifier_key)
    if newest is not None and newest.tree_size > recorded[-1].leaf_index:
        return newest
    return publish_checkpoint(house)


def _objects(house: Installation, agreement: AgreementId, history: History) -> dict[Digest, bytes]:
    from archive.layout import data_key, working_key

    receipt = history.deposited.receipt
    objects = {receipt.sha256: house.store.get(receipt.key, version=receipt.version)}
    for name, digest in history.files.items():
        if digest not in objects:
            extension = PurePath(name).suffix.removeprefix(".")
            key = data_key(digest) if name.endswith("/data.json") else working_key(agreement, digest, extension)
            objects[digest] = house.store.get(key)
    return objects
