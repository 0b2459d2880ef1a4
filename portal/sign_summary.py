"""A document in a few plain lines, for whoever is asked to sign it: what its data says, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal

from portal.language import Language
from schemas import period

if TYPE_CHECKING:
    from schemas.agreement import Project, Term
    from schemas.document import Document
    from schemas.fact import Fact
    from schemas.money import Money
    from schemas.prose import Prose
    from schemas.shares import Share
    from schemas.standing import Law
    from schemas.types.accession import Accession
    from schemas.types.amendment import Amendment
    from schemas.types.exchange import Exchange
    from schemas.types.mou import Memorandum
    from schemas.types.partnership import Partnership
    from schemas.types.ppp import PublicPrivatePartnership
    from schemas.types.roadmap import Roadmap
    from schemas.types.strategy import Strategy
    from schemas.types.termination import TerminationNotice


@dataclass(frozen=True)
class Line:
    """One heading of the summary and what stands under it; ``quoted`` is the language of words of the document."""

    label: str
    texts: tuple[str, ...]
    quoted: str | None = None


def summary_of(document: Document, language: Language, tongue: str) -> tuple[Line, ...]:
    """Return what a document is for, its money, its term and the ways out of it; its own words in ``tongue``."""
    lines = OF_TYPE[document.document_type](document, Words(document, language, tongue))
    return tuple(line for line in lines if line.texts)


@dataclass(frozen=True)
class Words:
    """How the values of a document are said in the visitor's language."""

    document: Document
    language: Language
    tongue: str

    def say(self, text: str, **values: object) -> str:
        """Return ``text`` in the visitor's language."""
        return self.language.say(text, **values)

    def purpose(self, *texts: Prose) -> Line:
        """Return what it is for, in the document's own words."""
        return Line(self.say("What it is for"), tuple(one.in_language(self.tongue) for one in texts), self.tongue)

    def money(self, *texts: str | None) -> Line:
        """Return what it says about money; by default, that nothing about it stands in its data."""
        said = tuple(text for text in texts if text)
        return Line(self.say("Money"), said or (self.say("Its data names no sums. Its pages say the rest."),))

    def how_long(self, *texts: str | None) -> Line:
        """Return how long it lasts."""
        said = tuple(text for text in texts if text)
        return Line(self.say("How long"), said or (self.say("Its pages say how long."),))

    def ways_out(self, *texts: str | None) -> Line:
        """Return how it is ended; by default, that its data names no notice."""
        said = tuple(text for text in texts if text)
        return Line(self.say("Ways out"), said or (self.say("Its data names no notice. Its pages say the rest."),))

    def day(self, on: date) -> str:
        """Return a legal day."""
        return format_date(on, format="long", locale=self.language.locale)

    def sum(self, fact: Fact[Money] | None) -> str | None:
        """Return a sum of money, where it is known."""
        if fact is None or fact.value is None:
            return None
        return format_currency(fact.value.amount, fact.value.currency, locale=self.language.locale)

    def term(self, term: Term) -> Line:
        """Return the term with its renewal."""
        start, end = term.start.value, term.end.value
        dates = None
        if start is not None and end is not None:
            dates = self.say("From %(start)s to %(end)s, both days included.", start=self.day(start), end=self.day(end))
        if term.renewal is None:
            renewed = self.say("It is not renewed by itself.")
        else:
            renewed = self.say("Renewal: %(renewal)s", renewal=term.renewal.in_language(self.tongue))
        return self.how_long(dates, renewed)

    def project(self, project: Project) -> Line:
        """Return the months of the project."""
        months = period.of_project(project)
        if months.first is None or months.last is None:
            return self.how_long()
        return self.how_long(
            self.say(
                "It plans for the project's time, from %(first)s to %(last)s.",
                first=self.day(period.first_day(months.first)),
                last=self.day(period.last_day(months.last)),
            )
        )

    def effective(self, fact: Fact[date]) -> Line:
        """Return the day from which it holds."""
        return self.how_long(self.say("It holds from %(day)s on.", day=self.day(fact.value)) if fact.value else None)

    def notice(self, days: int) -> str:
        """Return the period of notice."""
        return self.say("A party ends it by a notice of %(days)s calendar days.", days=days)

    def remedy(self, days: int) -> str:
        """Return the time a party in breach has."""
        return self.say("A party in breach first has %(days)s calendar days to put it right.", days=days)

    def law(self, law: Law) -> Line:
        """Return whose law governs."""
        code = law.country.value
        country = None if code is None else self.language.locale.territories.get(code, code)
        return Line(
            self.say("Law and disputes"),
            (
                *((self.say("The law of %(country)s.", country=country),) if country else ()),
                law.settlement.in_language(self.tongue),
            ),
        )

    def names(self, parties: Iterable[str]) -> str:
        """Return the short names of parties, by their ids."""
        known = {party.id: party.short_name for party in self.document.parties}
        return ", ".join(known.get(one, one) for one in parties)

    def shares(self, shares: Iterable[Share]) -> tuple[str, ...]:
        """Return the share of each party."""
        return tuple(
            self.say(
                "%(party)s: %(percent)s %%",
                party=self.names([share.party]),
                percent=format_decimal(share.percent.value, locale=self.language.locale),
            )
            for share in shares
            if share.percent.value is not None
        )


def _mou(mou: Memorandum, words: Words) -> list[Line]:
    say = words.say
    own = say("Each party bears its own costs.")
    shared = say("Not every party bears its own costs: its pages say who pays what.")
    clauses = {
        "confidentiality": say("confidentiality"),
        "data protection": say("data protection"),
        "law and disputes": say("law and disputes"),
    }
    if mou.legal_nature == "binding":
        nature = say("As a whole it creates legal obligations.")
    elif mou.binding_clauses:
        listed = ", ".join(clauses[clause] for clause in mou.binding_clauses)
        nature = say("It creates no legal obligations, except by its clauses on: %(clauses)s.", clauses=listed)
    else:
        nature = say("It creates no legal obligations.")
    return [
        words.purpose(mou.purpose),
        Line(say("How far it binds"), (nature,)),
        words.money(own if mou.own_costs else shared),
        words.term(mou.term),
        words.ways_out(words.notice(mou.notice_days)),
        words.law(mou.law),
    ]


def _partnership(agreement: Partnership, words: Words) -> list[Line]:
    shares = words.shares(agreement.finance.shares)
    head = words.say("Shares in joint costs that no grant covers, and in joint income:") if shares else None
    return [
        words.purpose(agreement.mission),
        words.money(head, *shares),
        words.term(agreement.term),
        words.ways_out(words.notice(agreement.notice_days), words.remedy(agreement.remedy_days)),
        words.law(agreement.law),
    ]


def _accession(accession: Accession, words: Words) -> list[Line]:
    say, title = words.say, accession.base.title
    joining = words.names(party.id for party in accession.joining)
    shares = words.shares(accession.standings)
    return [
        Line(say("What it is for"), (say("%(names)s joins: %(title)s", names=joining, title=title),)),
        words.money(say("Shares of all parties from then on:") if shares else None, *shares),
        words.effective(accession.effective),
        words.ways_out(say("As the agreement says that is joined.")),
    ]


def _amendment(amendment: Amendment, words: Words) -> list[Line]:
    say = words.say
    acts = {"replace": say("another text"), "insert": say("new"), "delete": say("falls away")}
    changed = tuple(
        say(
            "Clause %(number)s, %(heading)s: %(act)s",
            number=change.clause,
            heading=change.heading.in_language(words.tongue),
            act=acts[change.act],
        )
        for change in amendment.amended_clauses
    )
    pays = "payment" in {str(subject) for subject in amendment.subjects}
    return [
        words.purpose(amendment.reason),
        Line(say("What it changes"), (say("It changes: %(title)s", title=amendment.base.title), *changed)),
        words.money(say("It changes clauses about payment: its pages show old and new text.") if pays else None),
        words.effective(amendment.effective),
        words.ways_out(say("As the document says that is changed.")),
    ]


def _termination(notice: TerminationNotice, words: Words) -> list[Line]:
    say = words.say
    kinds = {
        "ordinary": say("An ordinary notice: no cause is needed."),
        "breach": say("A notice for a breach."),
        "serious cause": say("A notice for a serious cause."),
    }
    sender = words.names([notice.sender])
    ends = say("%(party)s ends for itself: %(title)s", party=sender, title=notice.base.title)
    last = notice.effective.value
    lasting = tuple(text.in_language(words.tongue) for text in notice.surviving)
    return [
        Line(say("What it is for"), (ends, kinds[notice.termination_kind])),
        words.money(),
        words.how_long(say("The last day is %(day)s.", day=words.day(last)) if last else None),
        Line(say("What lasts beyond that day"), lasting, words.tongue),
    ]


def _exchange(exchange: Exchange, words: Words) -> list[Line]:
    say = words.say
    visitor, host = words.names([exchange.visitor.party]), words.names([exchange.host.party])
    met = say("%(visitor)s visits %(host)s.", visitor=visitor, host=host)
    if exchange.mode == "virtual":
        met = say("%(visitor)s and %(host)s meet online.", visitor=visitor, host=host)
    start, end, lump, payer = exchange.start.value, exchange.end.value, words.sum(exchange.lump_sum), exchange.payer
    paying = {"visitor": exchange.visitor.cluster, "host": exchange.host.cluster}
    who = words.names([paying[payer.value]]) if payer is not None and payer.value is not None else None
    paid = say("%(party)s pays a lump sum of %(sum)s.", party=who, sum=lump) if who and lump else None
    within = say("It is paid within %(days)s calendar days after report and proof.", days=exchange.payment_days)
    days = say("From %(start)s to %(end)s.", start=words.day(start), end=words.day(end)) if start and end else None
    return [
        Line(say("What it is for"), (met,)),
        words.purpose(*exchange.aims),
        words.money(paid, within if paid else None),
        words.how_long(days),
        words.ways_out(),
        words.law(exchange.law),
    ]


def _ppp(ppp: PublicPrivatePartnership, words: Words) -> list[Line]:
    say, value, cap = words.say, words.sum(ppp.value), words.sum(ppp.liability_cap)
    within = say("The city pays an invoice within %(days)s calendar days.", days=ppp.payment_days)
    return [
        Line(say("What it is for"), (ppp.challenge.value,) if ppp.challenge.value else (), words.tongue),
        words.money(
            say("The contract is worth %(sum)s without VAT.", sum=value) if value else None,
            within,
            say("Each SME is liable for ordinary negligence up to %(sum)s.", sum=cap) if cap else None,
        ),
        words.term(ppp.term),
        words.ways_out(words.notice(ppp.notice_days), words.remedy(ppp.remedy_days)),
        words.law(ppp.law),
    ]


def _roadmap(roadmap: Roadmap, words: Words) -> list[Line]:
    say = words.say
    cost, funding = words.sum(roadmap.total_cost), words.sum(roadmap.total_funding)
    return [
        words.purpose(roadmap.summary[0]),
        words.money(
            say("Its costs add up to %(sum)s.", sum=cost) if cost else None,
            say("Its funding adds up to %(sum)s.", sum=funding) if funding else None,
        ),
        words.project(roadmap.project),
        words.ways_out(),
    ]


def _strategy(strategy: Strategy, words: Words) -> list[Line]:
    say, plan = words.say, strategy.funding_plan
    funding, expenses = words.sum(plan.total_funding), words.sum(plan.total_expenses)
    return [
        words.purpose(strategy.summary[0]),
        words.money(
            say("Its funding adds up to %(sum)s.", sum=funding) if funding else None,
            say("Its expenses add up to %(sum)s.", sum=expenses) if expenses else None,
        ),
        words.project(strategy.project),
        words.ways_out(),
    ]


OF_TYPE: dict[str, Callable[..., list[Line]]] = {
    "mou": _mou,
    "partnership": _partnership,
    "accession": _accession,
    "amendment": _amendment,
    "termination": _termination,
    "exchange": _exchange,
    "ppp": _ppp,
    "roadmap": _roadmap,
    "strategy": _strategy,
}
"""How each type of document is summed up."""
