"""The mail that asks somebody to sign: one for each draft and signer, and anew after a delegation was revoked."""

from __future__ import annotations

from datetime import datetime

from flows.act import data_of
from flows.delegation import Signer, revocations
from flows.sign_link import invitation
from flows.wiring import Installation
from schemas.evidence import AgreementId, SignatoryId
from schemas.state import AgreementState


def invite(house: Installation, state: AgreementState, signer: Signer, now: datetime) -> None:
    """Ask ``signer`` to sign the newest revision; however often it is called, one mail is written.

    Raises :class:`Unavailable` where the mail cannot be written.
    """
    agreement, signatory = AgreementId(state.agreement), signer.signatory
    key = f"{agreement}-sign-{state.draft}-{signatory.id}"
    if signer.is_delegate:
        key += f"-by-{signer.person.handle}"
    if revoked := revocations(house.ledger.entries(agreement), SignatoryId(signatory.id)):
        key += f"-after-{revoked}"
    until = f"until the end of {state.sign_by:%d %B %Y}, {house.settings.time_zone} time" if state.sign_by else "soon"
    house.mail.send(
        key,
        to=signer.email,
        subject=f"{agreement} waits for your signature",
        body=(
            f"{house.settings.organisation} asks you to sign a document {_for_whom(house, state, signer)}:\n\n"
            f"  {state.title}\n  {agreement}, draft {state.draft}\n\n"
            f"Please answer {until}: sign it, decline it, or name somebody who signs for you.\n\n"
            f"{invitation(house, agreement, SignatoryId(signatory.id), now)}"
        ),
        now=now,
    )


def _for_whom(house: Installation, state: AgreementState, signer: Signer) -> str:
    """Return for which party, and the partnership it acts for, somebody is asked to sign, and as what."""
    signatory = signer.signatory
    party = next(one for one in data_of(house, state.data).parties if one.id == signatory.party)
    partnership = signatory.capacity == "for a partnership" and party.acts_for
    named = f"{party.legal_name}, acting for {party.acts_for.partnership}" if partnership else str(party.legal_name)
    if signer.is_delegate:
        return f"for {named}, in the place of {signatory.name}, {signatory.position}"
    return f"for {named}, as {signatory.position}"
