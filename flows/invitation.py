"""The mail that asks somebody to sign: one for each draft and signer, and anew after a delegation was revoked."""

from __future__ import annotations

from datetime import datetime

from flows.delegation import Signer, revocations
from flows.sign_link import invitation
from flows.wiring import Installation
from schemas.evidence import AgreementId, SignatoryId
from schemas.signature import SigningWay
from schemas.state import AgreementState

OPTIONS = {
    SigningWay.PKCS12: "--p12 FILE",
    SigningWay.PKCS11: "--pkcs11 MODULE --token TOKEN --label LABEL",
    SigningWay.CSC: "--csc URL --credential ID",
    SigningWay.UPLOAD: "--upload FILE",
}
"""How ``convenio sign`` is told of the ways to sign with a certificate of one's own."""


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
    as_whom = f"as {signatory.position}" if not signer.is_delegate else signer.stamp_role
    until = f" until the end of {state.sign_by:%d %B %Y}, {house.settings.time_zone} time" if state.sign_by else ""
    house.mail.send(
        key,
        to=signer.email,
        subject=f"{agreement} waits for your signature",
        body=(
            f"{state.title}\n\nYou are asked to sign {agreement} {as_whom}{until}.\n\n"
            f"{invitation(house, agreement, SignatoryId(signatory.id), now)}\n"
            f"To fetch the file on the command line:\n"
            f"  convenio fetch {agreement} -o {agreement}.pdf\n(SHA-256 {state.pdf})\n\n"
            f"{_own_certificate(state, signer)}\n"
            f"{_instead(agreement, signer)}"
        ),
        now=now,
    )


def _own_certificate(state: AgreementState, signer: Signer) -> str:
    lines = [
        f"  convenio sign {state.agreement} --as {signer.email} {option}\n"
        for way, option in OPTIONS.items()
        if way in state.policy.ways
    ]
    return "".join(["To sign with your own certificate, one of:\n", *lines]) if lines else ""


def _instead(agreement: AgreementId, signer: Signer) -> str:
    decline = f"  convenio decline {agreement} --as {signer.email} --comment WHY\n"
    if signer.is_delegate:
        return f"To decline, which ends the agreement:\n{decline}"
    named = "--to EMAIL --name NAME --authority FILE --comment WHY"
    delegate = f"  convenio delegate {agreement} --as {signer.email} {named}\n"
    return (
        f"To name somebody who signs for you, with evidence that they may:\n{delegate}\n"
        f"To decline, which ends the agreement:\n{decline}"
    )
