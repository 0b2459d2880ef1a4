"""The notice by which one party ends its part in a document in force. It is unilateral: only the sender signs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, Strict

from schemas import shared_rules as shared
from schemas.clause import Subject
from schemas.document import Document
from schemas.errors import Fault
from schemas.fact import Fact
from schemas.party import Party, Signatory
from schemas.pin import Pin
from schemas.prose import Heading, Prose
from schemas.rules import Rule, each, unknown_id
from schemas.text import Identifier, LegalDate, Model, Name

Means = Literal["registered letter", "registered electronic delivery", "courier", "in person", "e-mail"]
"""How a notice travels; registered electronic delivery is that of Regulation (EU) No 910/2014 Art. 43."""


class Delivery(Model):
    """How the notice reaches one addressee, and what proves it."""

    party: Identifier
    """Id of the addressee."""
    means: Means
    """How it is sent."""
    address: Fact[Name]
    """Where it is sent."""
    received: Fact[LegalDate]
    """Day of receipt."""
    proof: Fact[Name]
    """What proves the receipt, such as the advice of delivery."""


class Remedy(Model):
    """The time a party in breach has to put it right."""

    days: Annotated[int, Strict(), Field(ge=1, le=365)]
    """Calendar days from receipt."""
    demand: Prose
    """What has to be done in that time."""


def sender_alone_signs(notice: TerminationNotice) -> Iterator[Fault]:
    """Rule 1: a notice is signed for its sender and for nobody else."""
    known = [party.id for _, party in each(notice.parties)]
    yield from unknown_id("sender", notice.sender, known, "party")
    for index, signatory in each(notice.signatories):
        if signatory.party in known and signatory.party != notice.sender:
            yield Fault(
                f"signatories[{index}].party", "an addressee does not sign a notice", read=signatory.party,
                expected=notice.sender,
            )  # fmt: skip


def every_addressee_gets_the_notice(notice: TerminationNotice) -> Iterator[Fault]:
    """Rule 12: the notice is delivered to each other party, once, with proof."""
    known = [party.id for _, party in each(notice.parties)]
    reached: set[str] = set()
    for index, delivery in each(notice.deliveries):
        path = f"deliveries[{index}].party"
        yield from unknown_id(path, delivery.party, known, "party")
        if delivery.party == notice.sender:
            yield Fault(path, "the sender sends nothing to itself", read=delivery.party, expected="an addressee")
        if delivery.party in reached:
            yield Fault(path, "gets the notice twice", read=delivery.party, expected="one delivery an addressee")
        reached.add(delivery.party)
    misspelt = reached - set(known)
    for index, party in each(notice.parties):
        if party.id not in reached | {notice.sender} and not misspelt:
            yield Fault(f"parties[{index}]", f"nothing is delivered to {party.id}", expected="an entry in deliveries")


def received_after_sent(notice: TerminationNotice) -> Iterator[Fault]:
    """Rule 12: nothing is received before it is sent."""
    sent = notice.sent.value
    for index, delivery in each(notice.deliveries):
        received = delivery.received.value
        if sent and received and received < sent:
            yield Fault(
                f"deliveries[{index}].received", f"lies before {sent}, when the notice is sent", read=str(received),
                expected=f"{sent} or later",
            )  # fmt: skip


def periods_have_run_before_the_end(notice: TerminationNotice) -> Iterator[Fault]:
    """Rule 12: the end is not before receipt by the last addressee, plus notice and remedy period."""
    day = notice.effective.value
    days = _days_to_run(notice)
    received = [delivery.received.value for _, delivery in each(notice.deliveries)]
    known = [start for start in (notice.sent.value, *received) if start]
    if day is None or not known:
        return
    last = max(known)
    earliest = last + timedelta(days=days)
    if day < earliest:
        counted = f"{'received' if last in received else 'sent'} on {last}, plus {days} day{'s' if days != 1 else ''}"
        yield Fault(
            "effective", f"{counted}: it cannot end before {earliest}", read=day.isoformat(),
            expected=f"{earliest} or later",
        )  # fmt: skip


def grounds_fit_the_kind(notice: TerminationNotice) -> Iterator[Fault]:
    """Give grounds where the termination is not ordinary, and time to remedy a breach; ordinary notice has a period."""
    ordinary = notice.termination_kind == "ordinary"
    if not ordinary and not notice.grounds:
        yield Fault("grounds", f"a termination for {notice.termination_kind} states its grounds", expected="the facts")
    if ordinary and notice.notice_days == 0:
        yield Fault("notice_days", "an ordinary termination has a period of notice", read="0", expected="1 day or more")
    if notice.termination_kind == "breach" and notice.remedy is None:
        yield Fault(
            "remedy", "a party in breach gets time to put it right",
            expected="a remedy period, or termination_kind serious cause",
        )  # fmt: skip
    if notice.termination_kind != "breach" and notice.remedy is not None:
        yield Fault("remedy", "there is no breach to put right", expected="none, or termination_kind breach")


def _days_to_run(notice: TerminationNotice) -> int:
    return max(notice.notice_days, notice.remedy.days if notice.remedy else 0)


class TerminationNotice(Document):
    """A notice of termination from one party to all others."""

    document_type: ClassVar[str] = "termination"
    id_prefix: ClassVar[str] = "TRM"
    kind: ClassVar[str] = "Notice of termination"
    rules: ClassVar[tuple[Rule[Any], ...]] = (
        *shared.SHARED,
        sender_alone_signs,
        every_addressee_gets_the_notice,
        received_after_sent,
        periods_have_run_before_the_end,
        grounds_fit_the_kind,
    )

    type: Literal["termination"]
    """Always ``termination``."""
    parties: Annotated[tuple[Party, ...], Field(min_length=2, max_length=60)]
    """The parties of the base: the sender and the addressees."""
    signatories: Annotated[tuple[Signatory, ...], Field(min_length=1, max_length=10)]
    """Who signs for the sender, in signing order."""
    base: Pin
    """The document that is terminated, as it was signed."""
    sender: Identifier
    """Id of the party that gives notice."""
    termination_kind: Literal["ordinary", "breach", "serious cause"]
    """Whether it is given without cause and with notice, for a breach, or for a cause that bears no delay."""
    clause: Heading
    """The clause of the base on which the notice rests, such as clause 11.1 (Termination)."""
    grounds: tuple[Prose, ...] = ()
    """The facts on which it rests, one entry each; an ordinary termination may do without."""
    notice_days: Annotated[int, Strict(), Field(ge=0, le=730)]
    """Period of notice of the base, in calendar days from receipt; 0 where there is none."""
    remedy: Remedy | None = None
    """Time to put a breach right, before the base ends."""
    sent: Fact[LegalDate]
    """Day on which the notice is sent."""
    deliveries: Annotated[tuple[Delivery, ...], Field(min_length=1)]
    """How it reaches each addressee."""
    effective: Fact[LegalDate]
    """Last day on which the base is in force for the sender."""
    surviving: Annotated[tuple[Prose, ...], Field(min_length=1)]
    """Duties that last beyond the end, one entry each."""
    winding_up: tuple[Prose, ...] = ()
    """What is brought to an orderly end or handed back until then, one entry each."""

    @property
    def addressees(self) -> tuple[Party, ...]:
        """The parties that receive the notice."""
        return tuple(party for party in self.parties if party.id != self.sender)

    @property
    def earliest_end(self) -> date | None:
        """The first day on which it can end; none while a day of receipt is not known."""
        received = [delivery.received.value for delivery in self.deliveries]
        days = [day for day in received if day]
        return max(days) + timedelta(days=_days_to_run(self)) if len(days) == len(received) else None

    @property
    def subjects(self) -> frozenset[Subject]:
        """What it touches: liability, where it is not ordinary."""
        return super().subjects | (frozenset() if self.termination_kind == "ordinary" else {Subject.LIABILITY})

    @property
    def alters(self) -> tuple[tuple[str, Pin], ...]:
        """The document that ends for the sender, and for all where one other party is left."""
        return (("base", self.base),)

    @property
    def leaving(self) -> tuple[Party, ...]:
        """The sender."""
        return tuple(party for party in self.parties if party.id == self.sender)

    @property
    def last_day(self) -> date | None:
        """The last day for the sender."""
        return self.effective.value

    @property
    def invoked(self) -> tuple[tuple[str, str], ...]:
        """The clause on which the notice rests."""
        return (("clause", self.clause.in_language(self.language)),)
