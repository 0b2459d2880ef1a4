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
from archive.sign_links import SignLink, Tried, hash_of_link
from archive.transaction import Transaction
from flows.act import Done, acting, as_actor, data_of
from flows.delegation import Signer, signer, signer_for
from flows.recorded import sealed
from flows.signatures import Base, Made, add_signature
from flows.wiring import Installation
from schemas import events as ev
from schemas.errors import InputError, NotAuthorised, Refused, RefusedTransition
from schemas.evidence import AgreementId, Digest, SignatoryId
from schemas.people import Role, commit
from schemas.records import ClickRecord
from schemas.signature import SigningWay
from schemas.state import AgreementState

LINK_BYTES = 32
CODE_DIGITS = 6
CODE_LASTS = timedelta(minutes=10)

STATEMENT = (
    "I have read {agreement}, draft {draft}, prepared for signature as the PDF with SHA-256 {pdf}, and agree to it."
)
"""What the person agrees to, as the mail with the code says it: the prepared file is the same for all signatories."""

Channel = Literal["command line", "portal"]


@dataclass(frozen=True)
class CodeSent:
    """What was mailed with a code: the statement that entering it makes, and until when it holds (UTC)."""

    statement: str
    valid_until: datetime


def invitation(
    house: Installation,
    agreement: AgreementId,
    signatory: SignatoryId,
    now: datetime,
    random_bytes: RandomBytes = secrets.token_bytes,
) -> str:
    """Return the paragraph of an invitation that holds a fresh link, or nothing where the policy accepts no click."""
    state = house.ledger.state(agreement)
    if SigningWay.CLICK not in state.policy.ways:
        return ""
    whom = signer_for(house, state, data_of(house, state.data), signatory)
    link = _issue(house, state, whom, now, random_bytes, void_others=False)
    return _words(house, agreement, whom, link)


def new_link(
    house: Installation, agreement: AgreementId, *, by: str, random_bytes: RandomBytes = secrets.token_bytes
) -> None:
    """Send the signatory, or their delegate, another link by mail; those sent before work no longer.

    Raises :class:`NotAuthorised` for who does not sign here, :class:`RefusedTransition` for who is not invited, and
    :class:`Refused` where the policy accepts no click.
    """
    person, now, state = acting(house, by, Role.SIGNATORY), house.clock(), house.ledger.state(agreement)
    whom = signer(state, data_of(house, state.data), person)
    _require_click(state)
    _require_awaited(state, SignatoryId(whom.signatory.id))
    link = _issue(house, state, whom, now, random_bytes, void_others=True)
    house.mail.send(
        f"{agreement}-link-{person.handle}-{hash_of_link(link)[:12]}",
        to=whom.email,
        subject=f"{agreement}: your link to sign",
        body=_words(house, agreement, whom, link),
        now=now,
    )


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
    kept = _good(house, state, link, now)
    _require_awaited(state, kept.signatory)
    whom = signer_for(house, state, data_of(house, state.data), kept.signatory)
    _require_sent_to(kept, whom, agreement)
    code = f"{random_number(10**CODE_DIGITS):0{CODE_DIGITS}d}"
    changed = house.sign_links.set_code(link, code, now + CODE_LASTS)
    if changed is None:
        raise _exhausted(agreement)
    sent = CodeSent(_statement(state, kept), now + CODE_LASTS)
    house.mail.send(
        f"{agreement}-code-{whom.person.handle}-{kept.link_hash[:12]}-{changed.attempts}",
        to=whom.email,
        subject=f"{agreement}: your code to sign",
        body=(
            f"Your code to sign {agreement} is\n\n  {code}\n\nIt holds until {sent.valid_until:%H:%M} UTC. "
            f"By entering it you state:\n\n  {sent.statement}\n\n"
            "The file you fetch begins with those bytes; signatures only add to them.\n\n"
            "If you did not ask for it, somebody else has your link: tell whoever sent you the invitation.\n"
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

    ``network`` is the IP address the request came from, where it came from one. Raises what
    :func:`flows.signatures.add_signature` raises, and :class:`Refused` for a link or a code that is not good.
    """
    person, now, state = acting(house, by, Role.SIGNATORY), house.clock(), house.ledger.state(agreement)
    whom = signer(state, data_of(house, state.data), person)
    if whom.signatory.id in state.signed:
        return Done(state, changed=False)
    _require_click(state)
    kept = _good(house, state, link, now)
    _require_sent_to(kept, whom, agreement)
    _require_code(house, agreement, link, code, now)
    address_salt, network_salt = (random_bytes(32).hex() for _ in range(2))

    def note(tx: Transaction, _made: Made) -> None:
        if not tx.use_link(link, now):
            raise Refused("the link was used already", where=agreement)
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
            shown=_statement(base.state, kept),
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


def _issue(
    house: Installation,
    state: AgreementState,
    whom: Signer,
    now: datetime,
    random_bytes: RandomBytes,
    *,
    void_others: bool,
) -> str:
    link = random_bytes(LINK_BYTES).hex()
    house.sign_links.issue(
        SignLink(
            link_hash=hash_of_link(link),
            agreement=state.agreement,
            signatory=SignatoryId(whom.signatory.id),
            person=whom.person.commitment,
            base=_prepared(house, state),
            expires_at=now + timedelta(days=house.settings.link_days),
        ),
        void_others=void_others,
    )
    return link


def _prepared(house: Installation, state: AgreementState) -> Digest:
    """Return the digest of the file that the current draft's signatures stand on."""
    events = [recorded.entry.event for recorded in house.ledger.entries(state.agreement)]
    prepared = next((event for event in reversed(events) if isinstance(event, ev.Prepared)), None)
    if prepared is None or prepared.draft != state.draft:
        raise RefusedTransition("there is nothing to sign yet", where=state.agreement)
    return prepared.pdf


def _good(house: Installation, state: AgreementState, link: str, now: datetime) -> SignLink:
    """Return what is known of a link that is for this draft, unused and in time; raise :class:`Refused` otherwise."""
    kept = house.sign_links.find(link)
    again = f"ask for a new one: convenio link {state.agreement} --as YOUR-ADDRESS"
    if kept is None or kept.agreement != state.agreement:
        raise Refused("this is no link to sign this agreement", where=state.agreement, remedy=again)
    if kept.used_at is not None:
        raise Refused("the link was used already", where=state.agreement, remedy="nothing is left to do with it")
    if kept.base != _prepared(house, state):
        raise Refused(
            "the link is for an earlier draft",
            where=f"{state.agreement}, draft {state.draft}",
            got=f"a link for the file {kept.base[:12]}",
            expected="the link in the newest invitation",
        )
    if now > kept.expires_at:
        raise Refused("the link has expired", where=state.agreement, got=f"{kept.expires_at:%Y-%m-%d}", remedy=again)
    if kept.exhausted:
        raise _exhausted(state.agreement)
    return kept


def _require_sent_to(kept: SignLink, whom: Signer, agreement: AgreementId) -> None:
    if (kept.signatory, kept.person) != (whom.signatory.id, whom.person.commitment):
        raise NotAuthorised(
            "the link was sent to somebody else", where=agreement, expected="the link in your own newest mail"
        )


def _statement(state: AgreementState, kept: SignLink) -> str:
    return STATEMENT.format(agreement=state.agreement, draft=state.draft, pdf=kept.base)


def _exhausted(agreement: str) -> Refused:
    return Refused(
        "the link does not work any more: too many codes were asked for or were wrong",
        where=agreement,
        expected="the right code within five attempts",
        remedy=f"ask for a new link: convenio link {agreement} --as YOUR-ADDRESS",
    )


def _require_code(house: Installation, agreement: AgreementId, link: str, code: str, now: datetime) -> None:
    again = f"ask for a code: convenio code {agreement} --link LINK"
    if not (code.isascii() and code.isdigit() and len(code) == CODE_DIGITS):
        raise InputError("that is no code", expected=f"{CODE_DIGITS} digits, as they stand in the mail", remedy=again)
    match house.sign_links.try_code(link, code, now):
        case Tried.RIGHT:
            return
        case Tried.EXHAUSTED:
            raise _exhausted(agreement)
        case Tried.EXPIRED:
            raise Refused("the code has expired", where=agreement, expected="a code of the last minutes", remedy=again)
        case Tried.NONE_SENT:
            raise Refused("no code was sent for this link", where=agreement, remedy=again)
        case Tried.WRONG:
            raise Refused(
                "the code is not the one that was sent",
                where=agreement,
                expected="the code in the newest mail",
                remedy="type it again; after five wrong ones the link does not work any more",
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


def _require_awaited(state: AgreementState, signatory: SignatoryId) -> None:
    if signatory not in state.awaited or signatory not in state.invited:
        raise RefusedTransition(
            f"it is not {signatory}'s turn to sign",
            where=f"{state.agreement}, {state.stage}",
            got=signatory,
            expected=" or ".join(state.awaited) or f"nobody while it is {state.stage}",
        )


def _words(house: Installation, agreement: AgreementId, whom: Signer, link: str) -> str:
    return (
        f"Or agree without a certificate: ask for a code, which comes by a second mail, and enter both. That is "
        f"a simple electronic signature, recorded by {house.settings.organisation}.\n"
        f"  convenio code {agreement} --link {link}\n"
        f"  convenio sign {agreement} --as {whom.email} --click {link} --code CODE\n"
        f"The link is yours alone and works once, within {house.settings.link_days} days.\n"
    )
