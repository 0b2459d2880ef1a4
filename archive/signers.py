"""Who signs for whom, as a dossier states it: names beside the ids that marks and entries bear."""

from __future__ import annotations

from archive.canonical_zip import read_canonical
from archive.dossier import PEOPLE, data_name
from archive.exact import read_exact
from archive.history import history_of
from archive.record import People, stated_document
from archive.verify_ledger import member, read_entries
from schemas.evidence import Evidence, SignatoryId


class Signer(Evidence):
    """A signatory and their party by the names in the approved data.

    ``by_delegate`` says that somebody else signs in their place: ``delegate`` by name, ``None`` where they were erased.
    """

    signatory: SignatoryId
    name: str
    party: str
    by_delegate: bool = False
    delegate: str | None = None


def signers_in(dossier: bytes) -> tuple[Signer, ...]:
    """Return who signs an archived agreement, in the order of its data; what of it is proven, the verification says.

    Raises :class:`Invalid` where the dossier does not state it.
    """
    members = read_canonical(dossier)
    history = history_of(read_entries(members))
    document = stated_document(member(members, data_name(history)))
    people = read_exact(People, member(members, PEOPLE), where=PEOPLE).root
    parties = {party.id: party.short_name for party in document.parties}
    found = []
    for one in document.signatories:
        delegation = history.state.delegation_of(SignatoryId(one.id))
        named = people.get(delegation.delegate) if delegation is not None and delegation.confirmed else None
        found.append(
            Signer(
                signatory=SignatoryId(one.id),
                name=one.name.value,
                party=parties.get(one.party, one.party),
                by_delegate=delegation is not None and delegation.confirmed,
                delegate=named.name if named else None,
            )
        )
    return tuple(found)
