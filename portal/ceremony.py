"""The way of a signatory through the pages: by a link from their mail, without an account, or signed in.

::

    /sign/<link>                 what it is, in plain words          /sign/<agreement>    the same, by a session
      /pages                     all of it
      /how                       in which way to sign; or decline, or name somebody
      /code  /certificate  /upload
      /receipt                   what was signed; later the sealed copy and its dossier

Each page finds its own place from the ledger: nothing is kept between them but which file somebody went through.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Annotated

from fastapi import Depends, Request, Response
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from archive.sign_links import SignLink
from flows.accounts import require_few_tries
from flows.act import data_of
from flows.delegation import Signer, signer_for
from flows.naming import naming_of
from flows.sign_link import READABLE, place_of, prepared_file, statement_of
from flows.wiring import Installation
from portal.reading import agreement_of
from portal.visit import EVERY_ROLE, Allowed, Anybody, Visit, visiting
from schemas import events as ev
from schemas.documents import Document
from schemas.evidence import AgreementId, Digest, SignatoryId
from schemas.party import Party, Signatory
from schemas.people import Person
from schemas.signature import SigningWay
from schemas.state import AgreementState, Delegation, Stage

LINK = re.compile(r"[0-9a-f]{64}")
AGREEMENT = re.compile(r"[A-Z]{3}-[0-9]{4}-[0-9]{4,}")

STRANGE_LINKS = 60
"""How many links that nobody was sent a network may try within a window."""

ASKED_FROM = 30
"""How often a network may ask for codes, or enter them, within a window: several signatories may share it."""


class LinkClosed(Exception):
    """A link shows nothing (any more); ``why`` is one of the keys of :data:`CLOSED`."""

    def __init__(self, why: str, link: str, event: ev.Event | None = None, at: datetime | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.link = link
        self.event = event
        self.at = at


CLOSED = {"unknown": 404, "replaced": 410, "expired": 410, "older": 410, "redrafted": 410, "ended": 410}
"""Why a link shows nothing, and the status of the answer."""

ENDINGS = (ev.Declined, ev.Withdrawn, ev.Rejected, ev.Lapsed)

AGAIN = ("replaced", "expired", "older")
"""Where another link can be asked for."""


@dataclass(frozen=True)
class Ceremony:
    """One signatory, or their delegate, before one document. ``kept`` is the link they came by, if by one."""

    visit: Visit
    key: str
    kept: SignLink | None
    state: AgreementState
    document: Document
    person: Person
    place: SignatoryId

    @property
    def house(self) -> Installation:
        """The installation."""
        return self.visit.house

    @property
    def agreement(self) -> AgreementId:
        """The agreement's id."""
        return AgreementId(self.state.agreement)

    @property
    def root(self) -> str:
        """Where the first of these pages is."""
        return f"/sign/{self.key}"

    @property
    def signatory(self) -> Signatory:
        """In whose field it is signed."""
        return next(one for one in self.document.signatories if one.id == self.place)

    @property
    def party(self) -> Party:
        """For which party it is signed."""
        return next(one for one in self.document.parties if one.id == self.signatory.party)

    @cached_property
    def signer(self) -> Signer:
        """Who signs there now: the signatory, or their confirmed delegate."""
        return signer_for(self.house, self.state, self.document, self.place)

    @property
    def is_signer(self) -> bool:
        """Whether the person before these pages is who signs."""
        return self.signer.person.commitment == self.person.commitment

    @property
    def is_delegate(self) -> bool:
        """Whether they sign for somebody else."""
        return self.is_signer and self.signer.is_delegate

    @property
    def delegation(self) -> Delegation | None:
        """Whom the signatory has named."""
        return self.state.delegation_of(self.place)

    @property
    def delegate_name(self) -> str | None:
        """The name of whom the signatory has named, unless erased: as they said it, until it was confirmed."""
        if self.delegation is None:
            return None
        if not self.delegation.confirmed:
            # whoever has a link hears of nobody behind an address what they did not say themselves
            entries = (recorded.entry for recorded in self.house.ledger.entries(self.agreement))
            return naming_of(self.house, entries, self.place).named_as
        person = self.house.people.behind(self.delegation.delegate)
        return None if person is None else person.name

    @property
    def signed(self) -> ev.Signed | None:
        """The signature in this field, once there is one."""
        return next((one for one in self.state.signatures if one.signatory == self.place), None)

    @property
    def awaits(self) -> bool:
        """Whether it is this person's turn to sign."""
        return self.is_signer and self.place in self.state.awaited and self.place in self.state.invited

    @property
    def ways(self) -> tuple[SigningWay, ...]:
        """The ways to sign that the policy of this document accepts."""
        return self.state.policy.ways

    @property
    def pdf(self) -> Digest:
        """The newest file."""
        if self.state.pdf is None:
            raise HTTPException(404)
        return self.state.pdf

    @cached_property
    def statement(self) -> str:
        """What whoever enters the code states."""
        return statement_of(self.state, prepared_file(self.house, self.state))

    @property
    def shown(self) -> Digest | None:
        """The newest file whose pages they went through."""
        return self.house.sign_links.shown(self.agreement, self.place, self.person.commitment)

    @property
    def tongue(self) -> str:
        """In which of its languages the document is quoted: the visitor's where it has that one."""
        wanted = self.visit.language.code
        return wanted if wanted in self.document.languages else self.document.language

    def show(self, page: str, *, status: int = 200, **values: object) -> HTMLResponse:
        """Answer with a page of the ceremony."""
        return self.visit.show(page, status=status, ceremony=self, state=self.state, **values)

    def go(self, step: str = "", *, notice: str | None = None) -> Response:
        """Send the browser to another page of the ceremony."""
        return self.visit.go(f"{self.root}/{step}" if step else self.root, notice=notice)

    def require_few_tries(self, what: str) -> None:
        """Raise :class:`schemas.errors.TooManyTries` where this person, or this network, tried something too often."""
        house, now = self.house, self.house.clock()
        require_few_tries(house, (what, f"{self.agreement} {self.person.commitment}"), now=now)
        require_few_tries(house, (f"{what} from", self.visit.neighbourhood), now=now, limit=ASKED_FROM)


def entered(visit: Anybody, link: str) -> Ceremony:
    """Return the ceremony that a link, or an agreement's id and a session, lead to.

    Raises :class:`LinkClosed` for a link that shows nothing, and as :func:`portal.reading.agreement_of` for an id.
    """
    if AGREEMENT.fullmatch(link):
        return _by_session(Allowed(*EVERY_ROLE)(visit), link)
    kept = visit.house.sign_links.find(link) if LINK.fullmatch(link) else None
    if kept is None:
        subject = ("strange link from", visit.neighbourhood)
        require_few_tries(visit.house, subject, now=visit.house.clock(), limit=STRANGE_LINKS)
        raise LinkClosed("unknown", link)
    return _by_link(visit, link, kept)


Entered = Annotated[Ceremony, Depends(entered)]


async def closed(request: Request, error: Exception) -> Response:
    """Say why a link shows nothing and what to do."""
    assert isinstance(error, LinkClosed)  # noqa: S101  # registered for no other kind
    return visiting(request).show(
        "sign_closed.html",
        status=CLOSED[error.why],
        why=error.why,
        event=None if error.event is None else error.event.type,
        at=error.at,
        again=f"/sign/{error.link}/again" if error.why in AGAIN else None,
    )


def _by_link(visit: Visit, link: str, kept: SignLink) -> Ceremony:
    house = visit.house
    state = house.ledger.state(AgreementId(kept.agreement))
    if state.stage is Stage.DISPOSED:
        raise LinkClosed("unknown", link)
    if state.stage is Stage.ENDED:
        raise _ended(house, state, link)
    if kept.replaced:
        raise LinkClosed("replaced", link)
    if state.stage not in READABLE:
        raise LinkClosed("redrafted", link)
    if kept.base != prepared_file(house, state):
        raise LinkClosed("older", link)
    if house.clock() > kept.expires_at:
        raise LinkClosed("expired", link)
    document, person = data_of(house, state.data), house.people.behind(kept.person)
    if person is None or place_of(state, document, person) != kept.signatory:
        raise LinkClosed("replaced", link)
    return Ceremony(visit, link, kept, state, document, person, kept.signatory)


def _by_session(visit: Visit, agreement: str) -> Ceremony:
    state = agreement_of(visit, agreement)
    document = data_of(visit.house, state.data)
    place = place_of(state, document, visit.who)
    if place is None:
        raise HTTPException(404)
    if state.stage is Stage.ENDED:
        raise _ended(visit.house, state, state.agreement)
    if state.stage not in READABLE:
        raise LinkClosed("redrafted", state.agreement)
    return Ceremony(visit, state.agreement, None, state, document, visit.who, place)


def _ended(house: Installation, state: AgreementState, link: str) -> LinkClosed:
    entries = [recorded.entry for recorded in house.ledger.entries(AgreementId(state.agreement))]
    last = next(entry for entry in reversed(entries) if isinstance(entry.event, ENDINGS))
    return LinkClosed("ended", link, last.event, last.occurred_at)
