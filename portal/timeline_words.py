"""Timelines in the visitor's language: a sentence for each kind of event, with names in place of ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from babel.dates import format_date

from flows.timeline import acts, signatory_names
from portal.review_words import office
from portal.verdicts import effect_in_words, way_in_words
from portal.words import ROLES
from schemas import events as ev
from schemas.documents import model_of
from schemas.evidence import AgreementId, Digest, SignatoryId
from schemas.signature import SigningWay

if TYPE_CHECKING:
    from datetime import date

    from flows.notices import DelegationEvent
    from flows.timeline import Act
    from flows.wiring import Installation
    from portal.language import Language

Names = Callable[[Digest], Mapping[SignatoryId, str]]
"""Returns the names of the signatories in some data by their ids; who was erased is not among them."""


@dataclass(frozen=True)
class Line:
    """One line of a timeline: who did what, in which role (empty for none) and how, as far as the ledger says it.

    ``remark`` is what was said, empty where nothing was; ``act`` has the rest.
    """

    act: Act
    who: str
    role: str
    what: str
    how: str
    remark: str


def lines_of(house: Installation, language: Language, agreement: AgreementId) -> list[Line]:
    """Return the timeline of an agreement, in order; raise :class:`Refused` where there is none.

    Raises :class:`Invalid` and :class:`Unavailable` where data that names signatories cannot be read.
    """
    everyone = house.people.everyone()

    @cache
    def names(data: Digest) -> Mapping[SignatoryId, str]:
        return signatory_names(house, data, everyone)

    return [_line(language, act, names) for act in acts(house, agreement, everyone)]


def _line(language: Language, act: Act, names: Names) -> Line:
    actor, erased = act.entry.actor, language.say("somebody erased")
    return Line(
        act=act,
        who="Convenio" if actor.person is None else act.by.name if act.by else erased,
        role="" if actor.role is None else language.say(ROLES[actor.role][0]),
        what=told(language, act, names),
        how=_how(language, act.entry.event),
        remark=(act.remark or language.say("What was said was erased.")) if act.has_remark else "",
    )


def told(language: Language, act: Act, names: Names) -> str:
    """Return what was done, in a sentence that lacks who did it."""
    match event := act.entry.event:
        case ev.Invited() | ev.Signed() | ev.Declined():
            return _told_of_signing(language, act, event, names)
        case ev.Delegated() | ev.DelegationConfirmed() | ev.DelegationRevoked():
            return _told_of_delegation(language, act, event, names)
    return _told_of_drafts(language, act, names) or _told_of_keeping(language, event)


def _told_of_drafts(language: Language, act: Act, names: Names) -> str | None:
    """Return the sentence about what leads to signatures or ends without them; ``None`` for every other event."""
    say = language.say
    match event := act.entry.event:
        case ev.Requested():
            return say("requested the document: %(kind)s", kind=say(model_of(event.document_type).kind))
        case ev.Revised():
            return _revised(language, act, event, names)
        case ev.Edited():
            return say("made draft %(draft)s by editing the text by hand", draft=event.draft)
        case ev.Drafted():
            return say("wrote out draft %(draft)s", draft=event.draft)
        case ev.Approved():
            for_office = office(language, event.office)
            return say("approved draft %(draft)s for %(office)s", draft=event.draft, office=for_office)
        case ev.Returned():
            return say("returned draft %(draft)s", draft=event.draft)
        case ev.Rejected():
            return say("rejected draft %(draft)s", draft=event.draft)
        case ev.Withdrawn():
            return say("withdrew the document")
        case ev.Prepared():
            return say("made the PDF to be signed of draft %(draft)s", draft=event.draft)
        case ev.Lapsed():
            day = _day(language, event.sign_by)
            return say("noted that not everybody had signed by %(day)s, the last day to sign", day=day)
        case ev.Extended():
            return say("moved the last day to sign to %(day)s", day=_day(language, event.sign_by))
    return None


def _revised(language: Language, act: Act, event: ev.Revised, names: Names) -> str:
    say = language.say
    made = {
        ev.RevisionReason.AMENDED: say("made draft %(draft)s with changed data", draft=event.draft),
        ev.RevisionReason.CONFIRMED: say("made draft %(draft)s by confirming assumed facts", draft=event.draft),
    }[event.reason]
    if not event.voids:
        return made
    voided = ", ".join(_name(language, act, names, one.signatory) for one in event.voids)
    return say("%(made)s; void are the signatures of: %(names)s", made=made, names=voided)


def _told_of_signing(language: Language, act: Act, event: ev.Invited | ev.Signed | ev.Declined, names: Names) -> str:
    say = language.say
    match event:
        case ev.Signed() if not (act.as_delegate or event.way is SigningWay.PAPER):
            return say("signed (%(effect)s)", effect=effect_in_words(language, event.effect))
        case ev.Declined() if not act.as_delegate:
            return say("declined to sign")
    name = _name(language, act, names, event.signatory)
    match event:
        case ev.Invited():
            return say("asked %(name)s to sign", name=name)
        case ev.Declined():
            return say("declined to sign as delegate of %(name)s", name=name)
        case ev.Signed(way=SigningWay.PAPER):
            return say("recorded the paper original signed for %(name)s", name=name)
        case ev.Signed():
            effect = effect_in_words(language, event.effect)
            return say("signed as delegate of %(name)s (%(effect)s)", name=name, effect=effect)


def _told_of_delegation(language: Language, act: Act, event: DelegationEvent, names: Names) -> str:
    say = language.say
    name = _name(language, act, names, event.signatory)
    delegate = act.delegate.name if act.delegate else say("somebody erased")
    match event:
        case ev.Delegated():
            return say("named %(delegate)s to sign for %(name)s", delegate=delegate, name=name)
        case ev.DelegationConfirmed():
            return say("confirmed that %(delegate)s signs for %(name)s", delegate=delegate, name=name)
        case ev.DelegationRevoked():
            return say("took back that %(delegate)s signs for %(name)s", delegate=delegate, name=name)


def _told_of_keeping(language: Language, event: ev.Event) -> str:
    say = language.say
    match event:
        case ev.Concluded():
            return say("sealed the signed document; level validated: %(level)s", level=event.level)
        case ev.Deposited():
            return say("put the document into the archive")
        case ev.Renewed():
            return say("added a further timestamp; level validated: %(level)s", level=event.level)
        case ev.BalancePaid():
            days = {"paid": _day(language, event.paid_on), "until": _day(language, event.until)}
            return say("noted that the balance was paid on %(paid)s: it is kept until %(until)s", **days)
        case ev.RetentionExtended():
            return say("extended the retention until %(day)s", day=_day(language, event.until))
        case ev.HoldPlaced():
            return say("placed a legal hold")
        case ev.HoldReleased():
            return say("released the legal hold")
        case ev.DisposalProposed():
            return say("proposed to dispose of it")
        case ev.Disposed():
            return say("disposed of everything that was stored of it")
    raise ValueError(f"no timeline tells of {event.type}")


def _how(language: Language, event: ev.Event) -> str:
    match event:
        case ev.Signed(way=way):
            return way_in_words(language, way)
        case ev.Invited():
            return language.say("mail")
        case ev.Deposited(receipt=receipt) | ev.Renewed(receipt=receipt):
            return language.say("object store %(name)s", name=receipt.store)
    return ""


def _name(language: Language, act: Act, names: Names, signatory: SignatoryId) -> str:
    known = {} if act.data is None else names(act.data)
    return known.get(signatory) or language.say("a signatory")


def _day(language: Language, day: date) -> str:
    return format_date(day, format="long", locale=language.locale)
