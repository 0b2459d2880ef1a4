"""The ClusterXchange exchange agreement: one organisation visits another abroad, with the help of their clusters."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, Strict

from schemas import shared_rules as shared
from schemas.clause import Subject
from schemas.document import Document
from schemas.errors import Fault
from schemas.fact import Fact
from schemas.money import Money
from schemas.party import Category, Party, Signatory
from schemas.prose import Heading, Prose
from schemas.rules import Rule, each, unknown_id
from schemas.standing import Contact, Law, every_party_has_a_contact, forum_is_named_once
from schemas.text import Flag, Identifier, LegalDate, Model, Name

LEAST_WORKING_DAYS = 3
FULL_LUMP_SUM_DAYS = 5
"""From how many working days on the whole lump sum is paid."""
FULL_LUMP_SUM_KM = 200
"""From how many kilometres on the whole lump sum is paid."""

WorkingDays = Annotated[int, "WorkingDays", Strict(), Field(ge=1, le=23, examples=[5])]
Kilometres = Annotated[int, "Kilometres", Strict(), Field(ge=0, le=20_000, examples=[850])]
Payer = Annotated[Literal["visitor", "host"], "Payer"]


class Side(Model):
    """One side of the exchange: an organisation, and the cluster organisation that stands behind it."""

    party: Identifier
    """Id of the organisation that visits or hosts."""
    cluster: Identifier
    """Id of its cluster organisation."""
    partnership: Fact[Name]
    """The European cluster partnership the cluster organisation belongs to."""
    person: Fact[Name]
    """Who travels, or who looks after the visitor: a person, or the office by its role."""


class AgendaDay(Model):
    """One working day of the exchange."""

    day: Annotated[int, Strict(), Field(ge=1, le=23)]
    """Which working day, counted from 1."""
    title: Heading
    """What the day is about."""
    programme: Prose
    """What is done, where and with whom."""


class Report(Model):
    """The report on the exchange."""

    due_days: Annotated[int, Strict(), Field(ge=1, le=90)]
    """Within how many calendar days after the last day."""
    contents: Annotated[tuple[Prose, ...], Field(min_length=1)]
    """What it says, one entry each."""


def last_day_of_a_month_from(start: date) -> date:
    """Return the last day of the month that begins on ``start``: 5 March to 4 April, 31 January to 28 February."""
    year, month = (start.year, start.month + 1) if start.month < 12 else (start.year + 1, 1)
    length = calendar.monthrange(year, month)[1]
    return date(year, month, length) if start.day > length else date(year, month, start.day) - timedelta(days=1)


def weekdays(first: date, last: date) -> int:
    """Return the number of Mondays to Fridays from ``first`` to ``last``, both included."""
    return sum((first + timedelta(days=number)).weekday() < 5 for number in range((last - first).days + 1))


def four_parties_have_one_role_each(exchange: Exchange) -> Iterator[Fault]:
    """Rule 1: visitor, host and their cluster organisations are the four parties, and nobody has two roles."""
    parties = {party.id: party for _, party in each(exchange.parties)}
    taken: dict[str, str] = {}
    for path, read in (
        ("visitor.party", exchange.visitor.party), ("visitor.cluster", exchange.visitor.cluster),
        ("host.party", exchange.host.party), ("host.cluster", exchange.host.cluster),
    ):  # fmt: skip
        yield from unknown_id(path, read, list(parties), "party")
        if read in taken:
            yield Fault(path, f"is {taken[read]} already", read=read, expected="a party of its own for each role")
        taken.setdefault(read, path)
        if path.endswith("cluster") and read in parties and parties[read].category is not Category.CLUSTER:
            yield Fault(
                path,
                f"{read} is no cluster organisation",
                read=str(parties[read].category),
                expected="category cluster",
            )


def countries_differ(exchange: Exchange) -> Iterator[Fault]:
    """Rule 8: visitor and host come from different countries."""
    country = {party.id: party.country.value for _, party in each(exchange.parties)}
    home, abroad = country.get(exchange.visitor.party), country.get(exchange.host.party)
    if home and home == abroad:
        yield Fault(
            "host.party", f"visitor and host are both in {home}", read=home, expected="a host in another country"
        )


def stay_is_three_days_to_one_month(exchange: Exchange) -> Iterator[Fault]:
    """Rule 8: an exchange takes three working days to one month."""
    start, end, days = exchange.start.value, exchange.end.value, exchange.working_days.value
    if days is not None and days < LEAST_WORKING_DAYS:
        yield Fault(
            "working_days", f"{days} working day{'s are' if days > 1 else ' is'} too short for an exchange",
            read=str(days), expected=f"{LEAST_WORKING_DAYS} or more",
        )  # fmt: skip
    if not start or not end:
        return
    if end < start:
        yield Fault("end", "ends before it starts", read=end.isoformat(), expected=f"{start.isoformat()} or later")
        return
    latest = last_day_of_a_month_from(start)
    if end > latest:
        yield Fault("end", "an exchange takes at most one month", read=end.isoformat(), expected=f"{latest} or earlier")
    elif days is not None and days > (there := weekdays(start, end)):
        yield Fault(
            "working_days", f"there are {there} weekdays from {start} to {end}", read=str(days),
            expected=f"{there} or fewer",
        )  # fmt: skip


def agenda_fills_the_working_days(exchange: Exchange) -> Iterator[Fault]:
    """Rule 4: the agenda lies inside the exchange and has an entry for each working day, in order."""
    days, before = exchange.working_days.value, 0
    for index, entry in each(exchange.agenda):
        if days is not None and entry.day > days:
            yield Fault(
                f"agenda[{index}].day", f"the exchange has {days} working days", read=str(entry.day),
                expected=f"1 to {days}",
            )  # fmt: skip
        elif entry.day != before + 1:
            yield Fault(f"agenda[{index}].day", "is out of order", read=str(entry.day), expected=str(before + 1))
        before = entry.day
    if days is not None and before < days:
        yield Fault("agenda", f"ends with working day {before} of {days}", expected=f"an entry for each of {days} days")


def lump_sum_follows_days_and_distance(exchange: Exchange) -> Iterator[Fault]:
    """Rule 8: half the lump sum is paid below five working days or 200 km, else the whole."""
    if exchange.full_lump_sum is None or exchange.lump_sum is None or exchange.km is None:
        return
    full, paid = exchange.full_lump_sum.value, exchange.lump_sum.value
    days, km = exchange.working_days.value, exchange.km.value
    if full is None or paid is None or days is None or km is None:
        return
    half = days < FULL_LUMP_SUM_DAYS or km < FULL_LUMP_SUM_KM
    due = full.half() if half else full
    if paid != due:
        share = f"half of {full} is due" if half else f"the whole of {full} is due"
        yield Fault("lump_sum", f"{share} for {days} working days and {km} km", read=str(paid), expected=str(due))


def travel_is_paid_where_somebody_travels(exchange: Exchange) -> Iterator[Fault]:
    """Rule 8: a physical exchange has distance and lump sum, a virtual one neither."""
    for path in ("km", "full_lump_sum", "lump_sum", "payer"):
        given = getattr(exchange, path) is not None
        if exchange.mode == "physical" and not given:
            yield Fault(path, "is missing for a physical exchange", expected="a value, or status blank")
        if exchange.mode == "virtual" and given:
            yield Fault(path, "nobody travels to a virtual exchange", expected=f"no {path}, or mode physical")


class Exchange(Document):
    """An agreement on one exchange under ClusterXchange, signed by visitor, host and both cluster organisations."""

    document_type: ClassVar[str] = "exchange"
    id_prefix: ClassVar[str] = "EXC"
    kind: ClassVar[str] = "ClusterXchange exchange agreement"
    rules: ClassVar[tuple[Rule[Any], ...]] = (
        *shared.SHARED,
        shared.every_party_signs,
        shared.personal_data_abroad_is_safeguarded,
        every_party_has_a_contact,
        forum_is_named_once,
        four_parties_have_one_role_each,
        countries_differ,
        stay_is_three_days_to_one_month,
        agenda_fills_the_working_days,
        lump_sum_follows_days_and_distance,
        travel_is_paid_where_somebody_travels,
    )

    type: Literal["exchange"]
    """Always ``exchange``."""
    parties: Annotated[tuple[Party, ...], Field(min_length=4, max_length=4)]
    """Visitor, host and their two cluster organisations."""
    signatories: Annotated[tuple[Signatory, ...], Field(min_length=4, max_length=12)]
    """Who signs, in signing order."""
    visitor: Side
    """The organisation that visits."""
    host: Side
    """The organisation that is visited."""
    aims: Annotated[tuple[Prose, ...], Field(min_length=1)]
    """What visitor and host want to learn or begin, one entry each."""
    mode: Literal["physical", "virtual"]
    """Whether the visitor travels or meets the host online."""
    place: Fact[Name]
    """Where the exchange takes place; the host's platform where it is virtual."""
    start: Fact[LegalDate]
    """First day of the exchange."""
    end: Fact[LegalDate]
    """Last day, included; at most one month after the first."""
    working_days: Fact[WorkingDays]
    """Working days spent with the host, 3 or more; days of travel do not count."""
    agenda: Annotated[tuple[AgendaDay, ...], Field(min_length=1, max_length=23)]
    """What is done, one entry for each working day."""
    km: Fact[Kilometres] | None = None
    """Distance between the towns of visitor and host, one way, in kilometres."""
    full_lump_sum: Fact[Money] | None = None
    """The whole lump sum for this visit, before it is halved for a short or near one."""
    lump_sum: Fact[Money] | None = None
    """The lump sum to be paid."""
    payer: Fact[Payer] | None = None
    """Whose cluster organisation pays it."""
    payment_days: Annotated[int, Strict(), Field(ge=1, le=60)]
    """In how many calendar days it is paid after report and proof are complete."""
    proof: Annotated[tuple[Prose, ...], Field(min_length=1)]
    """What proves that the exchange took place, one entry each."""
    report: Report
    """The report on the exchange."""
    personal_data: Flag
    """Whether personal data passes between the parties."""
    confidentiality_years: Annotated[int, Strict(), Field(ge=0, le=20)]
    """How long confidentiality lasts after the end, in years."""
    contacts: Annotated[tuple[Contact, ...], Field(min_length=1)]
    """Where notices go, one for each party."""
    law: Law
    """Governing law and disputes."""

    @property
    def subjects(self) -> frozenset[Subject]:
        """What it touches: money, where a lump sum is paid."""
        return super().subjects | ({Subject.PAYMENT} if self.mode == "physical" else frozenset())
