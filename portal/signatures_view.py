"""Who signs a document: in which turn, how, with what effect, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flows.act import data_of
from portal.visit import Visit
from schemas import events as ev
from schemas.evidence import AgreementId
from schemas.party import Signatory
from schemas.state import AgreementState


@dataclass(frozen=True)
class SignerLine:
    """One signatory: who, for whom, in which turn (from 1), and what became of it."""

    signatory: Signatory
    party: str
    turn: int
    invited_at: datetime | None
    signed_at: datetime | None
    signed: ev.Signed | None
    delegate: str | None
    delegate_confirmed: bool
    awaited: bool


def signer_lines(visit: Visit, state: AgreementState) -> tuple[SignerLine, ...]:
    """Return one line for each signatory of the current draft, in signing order."""
    house = visit.house
    document = data_of(house, state.data)
    known = {one.id: one for one in document.signatories}
    parties = {party.id: party.short_name for party in document.parties}
    entries = [recorded.entry for recorded in house.ledger.entries(AgreementId(state.agreement))]
    lines = []
    for turn, group in enumerate(state.rounds or tuple((one,) for one in state.signatories), start=1):
        for its_id in group:
            invited = [
                e.occurred_at for e in entries if isinstance(e.event, ev.Invited) and e.event.signatory == its_id
            ]
            signed = next((one for one in state.signatures if one.signatory == its_id), None)
            delegation = state.delegation_of(its_id)
            named = house.people.behind(delegation.delegate) if delegation else None
            lines.append(
                SignerLine(
                    signatory=known[its_id],
                    party=parties.get(known[its_id].party, known[its_id].party),
                    turn=turn,
                    invited_at=invited[-1] if invited and its_id in state.invited else None,
                    signed_at=next((e.occurred_at for e in entries if signed is not None and e.event == signed), None),
                    signed=signed,
                    delegate=(named.name if named else visit.language.say("erased")) if delegation else None,
                    delegate_confirmed=bool(delegation and delegation.confirmed),
                    awaited=its_id in state.awaited,
                )
            )
    return tuple(lines)
