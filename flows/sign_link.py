"""Links mailed to signatories: each leads to the pages of the ceremony, and with a one-time code signs by a click.

::

    invitation ──mail──> link ──> read, sign in any way that the policy accepts, decline, delegate, keep the receipt
                          └── asked for again: another by mail, in its place

Whoever holds a link reads the mail of the person it was sent to; what it stands for, only its hash tells.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from archive.people import RandomBytes
from archive.sign_links import SignLink, hash_of_link
from flows.act import acting, data_of
from flows.delegation import Signer, signatory_of, signer, signer_for
from flows.wiring import Installation
from schemas import events as ev
from schemas.documents import Document
from schemas.errors import NotAuthorised, Refused, RefusedTransition
from schemas.evidence import AgreementId, Digest, SignatoryId
from schemas.people import Person, Role
from schemas.signature import SigningWay
from schemas.state import AgreementState, Stage

LINK_BYTES = 32

STATEMENT = (
    "I have read {agreement}, draft {draft}, prepared for signature as the PDF with SHA-256 {pdf}, and agree to it."
)
"""What the person agrees to, as the mail with the code says it: the prepared file is the same for all signatories."""

READABLE = (Stage.SIGNING, Stage.SIGNED, Stage.CONCLUDED, Stage.ARCHIVED)
"""Stages in which a link shows something; before, the file to sign is not there."""


def address_of(house: Installation, link: str) -> str:
    """Return where a link leads to in the portal."""
    return f"{house.settings.portal_address}/sign/{link}"


def invitation(
    house: Installation,
    agreement: AgreementId,
    signatory: SignatoryId,
    now: datetime,
    random_bytes: RandomBytes = secrets.token_bytes,
) -> str:
    """Return the paragraphs of an invitation that hold a fresh link."""
    state = house.ledger.state(agreement)
    whom = signer_for(house, state, data_of(house, state.data), signatory)
    return _words(
        house, state, whom.person, _issue(house, state, whom.person, signatory, now=now, random_bytes=random_bytes)
    )


def new_link(
    house: Installation, agreement: AgreementId, *, by: str, random_bytes: RandomBytes = secrets.token_bytes
) -> str:
    """Send the signatory, or their delegate, another link by mail and return it; those sent before work no longer.

    Raises :class:`NotAuthorised` for who does not sign here, and :class:`RefusedTransition` for who is not invited.
    """
    person, state = acting(house, by, Role.SIGNATORY), house.ledger.state(agreement)
    whom = signer(state, data_of(house, state.data), person)
    require_awaited(state, SignatoryId(whom.signatory.id))
    place, others = SignatoryId(whom.signatory.id), "Those sent to you before work no longer."
    return _mail_another(house, state, person, place, others, void_others=True, random_bytes=random_bytes)


def mail_again(house: Installation, link: str) -> None:
    """Mail a link in the place of ``link`` to whom that was for, where there is still something for them to see.

    No other link of theirs is touched, so that an old mail in wrong hands spoils no newer one: for a link that was
    replaced nothing is mailed while they hold a good one. Nobody learns from that whose link it was.
    """
    kept = house.sign_links.find(link)
    state = None if kept is None else house.ledger.state(AgreementId(kept.agreement))
    if kept is None or state is None or state.stage not in READABLE:
        return
    document = data_of(house, state.data)
    person = house.people.behind(kept.person)
    if person is None and state.delegation_of(kept.signatory) is None:
        # whom the ledger does not speak of yet may have been given another name: the address is that of the data
        person = signer_for(house, state, document, kept.signatory).person
    if person is None or (place := place_of(state, document, person)) is None:
        return
    if place not in {*state.invited, *state.signed} and state.delegation_of(place) is None:
        return
    good = {"base": prepared_file(house, state), "now": house.clock()}
    if kept.replaced and house.sign_links.holds_good_one(state.agreement, place, person.commitment, **good):
        return
    _mail_another(house, state, person, place, "It takes the place of the one you asked with.")
    house.sign_links.replace(kept)


def note_shown(house: Installation, state: AgreementState, place: SignatoryId, person: Person) -> None:
    """Remember that a person went through the pages of the newest file before signing in a field."""
    if state.pdf is not None:
        house.sign_links.note_shown(state.agreement, place, person.commitment, state.pdf)


def place_of(state: AgreementState, document: Document, person: Person) -> SignatoryId | None:
    """Return in whose field a person signs or would sign: their own, or that of who named them as a delegate."""
    for delegation in state.delegations:
        if delegation.delegate == person.commitment and delegation.confirmed:
            return delegation.signatory
    own = signatory_of(document, person)
    return None if own is None else SignatoryId(own.id)


def prepared_file(house: Installation, state: AgreementState) -> Digest:
    """Return the digest of the file that the current draft's signatures stand on.

    Raises :class:`RefusedTransition` where it is not prepared yet.
    """
    events = [recorded.entry.event for recorded in house.ledger.entries(state.agreement)]
    prepared = next((event for event in reversed(events) if isinstance(event, ev.Prepared)), None)
    if prepared is None or prepared.draft != state.draft:
        raise RefusedTransition("there is nothing to sign yet", where=state.agreement)
    return prepared.pdf


def statement_of(state: AgreementState, prepared: Digest) -> str:
    """Return what whoever enters the code states, word for word as it is recorded."""
    return STATEMENT.format(agreement=state.agreement, draft=state.draft, pdf=prepared)


def known_link(house: Installation, agreement: AgreementId, link: str) -> SignLink:
    """Return what is known of a link to sign an agreement; raise :class:`Refused` where there is none, or none now."""
    kept = house.sign_links.find(link)
    if kept is None or kept.agreement != agreement:
        raise Refused("this is no link to sign this agreement", where=agreement, remedy=another_link(agreement))
    if kept.replaced:
        raise Refused(
            "the link is not good any more: a newer one took its place, or another person signs",
            where=agreement,
            expected="the link in the newest mail to who signs",
        )
    return kept


def require_good(house: Installation, state: AgreementState, kept: SignLink, now: datetime) -> None:
    """Raise :class:`Refused` for a link that was used, is for another draft, has expired or has no attempt left."""
    if kept.used_at is not None:
        raise Refused(
            f"the link was used on {kept.used_at:%d %B %Y at %H:%M} UTC; nothing happened now",
            where=state.agreement,
            expected="a link that was not used",
            remedy=f"see what was signed: convenio timeline {state.agreement}",
        )
    if kept.base != prepared_file(house, state):
        raise Refused(
            "the link is for an earlier draft",
            where=f"{state.agreement}, draft {state.draft}",
            got=f"a link for the file {kept.base[:12]}",
            expected="the link in the newest invitation",
        )
    if now > kept.expires_at:
        raise Refused(
            "the link has expired",
            where=state.agreement,
            got=f"{kept.expires_at:%Y-%m-%d}",
            remedy=another_link(state.agreement),
        )
    if kept.exhausted:
        raise exhausted(state.agreement)


def require_sent_to(kept: SignLink, whom: Signer, agreement: AgreementId) -> None:
    """Raise :class:`NotAuthorised` where a link was sent to somebody else than who signs."""
    if (kept.signatory, kept.person) != (whom.signatory.id, whom.person.commitment):
        raise NotAuthorised(
            "the link was sent to somebody else", where=agreement, expected="the link in your own newest mail"
        )


def require_awaited(state: AgreementState, signatory: SignatoryId) -> None:
    """Raise :class:`RefusedTransition` where it is not this signatory's turn."""
    if signatory not in state.awaited or signatory not in state.invited:
        raise RefusedTransition(
            f"it is not {signatory}'s turn to sign",
            where=f"{state.agreement}, {state.stage}",
            got=signatory,
            expected=" or ".join(state.awaited) or f"nobody while it is {state.stage}",
        )


def exhausted(agreement: str) -> Refused:
    """Return the refusal of a link with which no code can be tried or asked for any more."""
    return Refused(
        "the link does not work any more: too many codes were asked for or were wrong",
        where=agreement,
        expected="the right code within five attempts",
        remedy=f"{another_link(agreement)}; a code for it comes as before",
    )


def another_link(agreement: str) -> str:
    """Return how another link is asked for on the command line."""
    return f"ask for a new link: convenio link {agreement} --as YOUR-ADDRESS"


def _issue(
    house: Installation,
    state: AgreementState,
    person: Person,
    signatory: SignatoryId,
    *,
    now: datetime,
    random_bytes: RandomBytes,
    void_others: bool = False,
) -> str:
    link = random_bytes(LINK_BYTES).hex()
    house.sign_links.issue(
        SignLink(
            link_hash=hash_of_link(link),
            agreement=state.agreement,
            signatory=signatory,
            person=person.commitment,
            base=prepared_file(house, state),
            expires_at=now + timedelta(days=house.settings.link_days),
        ),
        void_others=void_others,
    )
    return link


def _mail_another(
    house: Installation,
    state: AgreementState,
    person: Person,
    signatory: SignatoryId,
    others: str,
    *,
    void_others: bool = False,
    random_bytes: RandomBytes = secrets.token_bytes,
) -> str:
    """Mail a new link and return it; ``others`` says what became of those sent before."""
    agreement, now = AgreementId(state.agreement), house.clock()
    link = _issue(house, state, person, signatory, now=now, random_bytes=random_bytes, void_others=void_others)
    house.mail.send(
        f"{agreement}-link-{person.handle}-{hash_of_link(link)[:12]}",
        to=person.email,
        subject=f"{agreement}: your link",
        body=(
            f"{state.title}\n\nHere is another link for {agreement}. {others}\n\n{_words(house, state, person, link)}"
        ),
        now=now,
    )
    return link


def _words(house: Installation, state: AgreementState, person: Person, link: str) -> str:
    days, organisation = house.settings.link_days, house.settings.organisation
    by_code, acts = "", ["sign", "decline"]
    if SigningWay.CLICK in state.policy.ways:
        by_code = (
            "A code that comes by another mail is enough to sign with: that is a simple electronic signature, "
            f"recorded by {organisation}. "
        )
        acts.insert(0, "code")
    return (
        "Open this link in your browser, also on a phone; you need no account and no software:\n\n"
        f"  {address_of(house, link)}\n\n"
        "It shows what the document says in short, all its pages, and the ways to sign or decline it. "
        f"{by_code}Opening it signs nothing.\n\n"
        f"The link is yours alone: whoever has it can read the document. It holds for {days} days and signs once. "
        "When it has expired, the page it leads to mails you another if you ask for it. If you did not expect this "
        f"mail, ask {organisation}, at an address or number that you know from elsewhere, whether it is theirs.\n\n"
        f"On the command line (LINK is what follows /sign/ above; you are {person.email}):\n"
        f"  {', '.join(f'convenio {act} --help' for act in acts)}\n"
    )
