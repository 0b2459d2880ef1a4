"""Click to sign: a single-use link by mail, a one-time code by a second mail, and the organisation's seal as witness.

::

    invitation ──mail──> link ──convenio code──> mail ──> code      link and code together:
                                                                    ClickRecord, sealed in the signatory's field

That is a simple electronic signature (Regulation (EU) No 910/2014 Article 3(10)): whoever reads the signatory's mail
can make it. Neither link nor code stands in the ledger, in a log or in a Prefect run.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Literal

from archive.people import RandomBytes
from archive.sign_links import SignLink, Tried
from archive.transaction import Transaction
from flows.act import Done, acting, as_actor, data_of
from flows.delegation import signer, signer_for
from flows.recorded import sealed
from flows.sign_link import (
    address_of,
    exhausted,
    known_link,
    prepared_file,
    require_awaited,
    require_good,
    require_sent_to,
    statement_of,
)
from flows.signatures import Base, Made, add_signature
from flows.wiring import Installation
from schemas.errors import InputError, Refused
from schemas.evidence import AgreementId
from schemas.people import Role, commit
from schemas.records import ClickRecord
from schemas.signature import SigningWay
from schemas.state import AgreementState

CODE_DIGITS = 6
CODE_LASTS = timedelta(minutes=10)

Channel = Literal["command line", "portal"]


@dataclass(frozen=True)
class CodeSent:
    """What was mailed with a code: the statement that entering it makes, and until when it holds (UTC)."""

    statement: str
    valid_until: datetime


def mail_code(
    house: Installation,
    agreement: AgreementId,
    *,
    link: str,
    random_number: Callable[[int], int] = secrets.randbelow,
) -> CodeSent:
    """Mail a one-time code to whom ``link`` was sent to, in place of any sent before, with what entering it states.

    Each further code costs one of five attempts. Raises :class:`Refused` for a link that is not good any more,
    :class:`RefusedTransition` out of turn.
    """
    state, now = house.ledger.state(agreement), house.clock()
    _require_click(state)
    kept = known_link(house, agreement, link)
    require_good(house, state, kept, now)
    require_awaited(state, kept.signatory)
    whom = signer_for(house, state, data_of(house, state.data), kept.signatory)
    require_sent_to(kept, whom, agreement)
    code = f"{random_number(10**CODE_DIGITS):0{CODE_DIGITS}d}"
    changed = house.sign_links.set_code(link, code, now + CODE_LASTS)
    if changed is None:
        raise exhausted(agreement)
    sent = CodeSent(statement_of(state, kept.base), now + CODE_LASTS)
    house.mail.send(
        f"{agreement}-code-{whom.person.handle}-{kept.link_hash[:12]}-{changed.attempts}",
        to=whom.email,
        subject=f"{agreement}: your code to sign",
        body=(
            f"{state.title}\n\nYour code to sign {agreement} is\n\n  {code}\n\n"
            f"It holds until {sent.valid_until:%H:%M} UTC. By entering it you state:\n\n  {sent.statement}\n\n"
            "The file you fetch begins with that PDF: signatures are only added behind it.\n\n"
            f"Enter it on the page where you asked for it, which is also here:\n  {address_of(house, link)}/code\n"
            "or on the command line, with your link:\n"
            f"  convenio sign {agreement} --as {whom.email} --click LINK --code {code}\n\n"
            "If you did not ask for this code, somebody else has your link. Have it replaced, and tell whoever invited "
            f"you:\n  convenio link {agreement} --as {whom.email}\n"
        ),
        now=now,
    )
    return sent


def sign_by_click(
    house: Installation,
    agreement: AgreementId,
    *,
    by: str,
    link: str,
    code: str,
    network: str | None = None,
    channel: Channel = "command line",
    random_bytes: RandomBytes = secrets.token_bytes,
) -> Done:
    """Sign by link and code: the organisation's seal in the person's field names the record of both.

    ``network`` is the IP address the request came from, where it came from one. The same link and code again, within
    the minutes that a code holds, change nothing. Raises what
    :func:`flows.signatures.add_signature` raises, and :class:`Refused` for a link or a code that is not good.
    """
    person, now, state = acting(house, by, Role.SIGNATORY), house.clock(), house.ledger.state(agreement)
    whom = signer(state, data_of(house, state.data), person)
    _require_click(state)
    kept = known_link(house, agreement, link)
    require_sent_to(kept, whom, agreement)
    if kept.used_at is not None and (first := _repeated(house, kept, link, code, now)) is not None:
        return first
    require_good(house, state, kept, now)
    _require_code(house, agreement, link, code, now)
    address_salt, network_salt = (random_bytes(32).hex() for _ in range(2))

    def note(tx: Transaction, _made: Made) -> None:
        if not tx.use_link(link, now):
            raise Refused("the link was used or replaced a moment ago", where=agreement)
        tx.remember_opening({"mail": whom.email}, address_salt, agreement=agreement, person=person.commitment)
        if network is not None:
            tx.remember_opening({"network": network}, network_salt, agreement=agreement, person=person.commitment)

    def make(base: Base) -> Made:
        record = ClickRecord(
            agreement=agreement,
            draft=base.state.draft,
            signatory=base.signatory,
            base=base.digest,
            person=person.commitment,
            link_bound_to=kept.base,
            shown=statement_of(base.state, kept.base),
            address=commit({"mail": whom.email}, address_salt),
            network=None if network is None else commit({"network": network}, network_salt),
            channel=channel,
            link_valid_until=kept.expires_at,
            code_valid_until=kept.code_expires_at or now,
            agreed_at=now,
        )
        return sealed(house, base, SigningWay.CLICK, record)

    return add_signature(
        house,
        agreement,
        SigningWay.CLICK,
        partial(signer, person=person),
        make,
        actor=as_actor(Role.SIGNATORY, person),
        with_it=note,
    )


def _repeated(house: Installation, kept: SignLink, link: str, code: str, now: datetime) -> Done | None:
    """Return what came of a used link where the code is the one it was used with and the signature still counts."""
    state = house.ledger.state(AgreementId(kept.agreement))
    if kept.signatory not in state.signed or kept.base != prepared_file(house, state):
        return None
    right = house.sign_links.try_code(link, code, now) is Tried.RIGHT
    return Done(state, changed=False) if right else None


def _require_code(house: Installation, agreement: AgreementId, link: str, code: str, now: datetime) -> None:
    again = f"ask for a code: convenio code {agreement} --link LINK"
    if not (code.isascii() and code.isdigit() and len(code) == CODE_DIGITS):
        raise InputError("that is no code", expected=f"{CODE_DIGITS} digits, as they stand in the mail", remedy=again)
    match house.sign_links.try_code(link, code, now):
        case Tried.RIGHT:
            return
        case Tried.EXHAUSTED:
            raise exhausted(agreement)
        case Tried.EXPIRED:
            raise Refused("the code has expired", where=agreement, expected="a code of the last minutes", remedy=again)
        case Tried.NONE_SENT:
            raise Refused("no code was sent for this link", where=agreement, remedy=again)
        case Tried.WRONG:
            left = known_link(house, agreement, link).attempts_left
            raise Refused(
                "the code is not the one that was sent",
                where=agreement,
                expected="the code in the newest mail",
                remedy=f"type it again: {left} {'attempt is' if left == 1 else 'attempts are'} left with this link",
            )


def _require_click(state: AgreementState) -> None:
    if SigningWay.CLICK not in state.policy.ways:
        raise Refused(
            f"the signature policy of this document does not accept this way to sign: {SigningWay.CLICK}",
            where=state.agreement,
            got=SigningWay.CLICK,
            expected=" or ".join(state.policy.ways),
            remedy="sign in one of the ways the policy accepts",
        )
