"""The agreement between a city and the SMEs that develop a solution for it: a public-private partnership (PPP)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, Strict

from schemas import shared_rules as shared
from schemas.agreement import Term
from schemas.clause import Subject
from schemas.document import Document
from schemas.errors import Fault
from schemas.fact import Fact
from schemas.money import Money, total
from schemas.party import Category, Party, Signatory
from schemas.prose import Heading, Prose
from schemas.rules import Rule, each, in_words, those, unknown_id
from schemas.standing import Contact, Law, every_party_has_a_contact, forum_is_named_once
from schemas.text import Flag, Identifier, LegalDate, Model, Name

PhaseId = Annotated[str, Field(pattern=r"^P[1-9][0-9]?$", examples=["P1"])]
"""P1, P2 and so on."""

Procedure = Literal[
    "open procedure",
    "restricted procedure",
    "competitive procedure with negotiation",
    "competitive dialogue",
    "innovation partnership",
    "negotiated procedure without prior publication",
    "research and development services",
    "below threshold",
]
"""The procedures of Directive 2014/24/EU, Articles 27 to 32, and what lies outside it: research and development
services (Article 14) and contracts below its thresholds (Article 4)."""

UNPUBLISHED = frozenset(
    {"negotiated procedure without prior publication", "research and development services", "below threshold"}
)
"""Procedures that do not begin with a notice under the Directive, so that their choice has to be explained."""

AWARD_NOTICE_DAYS = 30
"""Within how many days a contract is announced after its conclusion (Directive 2014/24/EU Art. 50(1))."""


class Procurement(Model):
    """On what basis the city awards the contract."""

    procedure: Fact[Annotated[Procedure, "Procedure"]]
    """The procedure, as Directive 2014/24/EU names it, or below threshold."""
    notice_ref: Fact[Name]
    """Number of the notice or of the city's own procurement record."""
    awarded: Fact[LegalDate]
    """Day of the award decision."""
    reason: Prose | None = None
    """Why no notice was published beforehand, where none was."""


class CouncilDecision(Model):
    """The decision of the city that lets it conclude the contract."""

    body: Fact[Name]
    """The body that decides, such as the city council."""
    reference: Fact[Name]
    """Number or title of the decision."""
    day: Fact[LegalDate]
    """Day of the decision."""


class Phase(Model):
    """A phase of the work with its price."""

    id: PhaseId
    """P1, P2 and so on, in the order of the work."""
    title: Heading
    """What the phase is called."""
    work: Annotated[tuple[Prose, ...], Field(min_length=1)]
    """What is done and delivered, one entry each."""
    start: Fact[LegalDate]
    """First day."""
    end: Fact[LegalDate]
    """Last day, included."""
    price: Fact[Money]
    """Fixed price of the phase without VAT."""
    go_if: Prose | None = None
    """Stop or go: what has to be reached before the next phase begins; none in the last phase."""


class AcceptanceTest(Model):
    """A test by which the city accepts the work of a phase."""

    phase: PhaseId
    """Id of the phase."""
    title: Heading
    """What is tested."""
    method: Prose
    """How and by whom it is tested."""
    criterion: Prose
    """When the test is passed."""


class Risk(Model):
    """A risk and who bears it."""

    title: Heading
    """The risk."""
    borne_by: Annotated[tuple[Identifier, ...], Field(min_length=1)]
    """Ids of the parties that bear it; several share it equally."""
    response: Prose
    """What they do about it."""


class Licence(Model):
    """What a party may do with results it does not own."""

    party: Identifier
    """Id of the party."""
    rights: Prose
    """What it may do, where, for how long and at what price."""


class Publication(Model):
    """How the contract is made public."""

    place: Fact[Name]
    """Where it is published, such as the city's transparency portal."""
    within_days: Annotated[int, Strict(), Field(ge=1, le=365)]
    """How many days after its conclusion, at most."""


def one_city_works_with_smes(ppp: PublicPrivatePartnership) -> Iterator[Fault]:
    """One party is a city, and one or more are SMEs."""
    categories = [party.category for _, party in each(ppp.parties)]
    for category, needed, right in (
        (Category.CITY, "exactly one", categories.count(Category.CITY) == 1),
        (Category.SME, "one or more", Category.SME in categories),
    ):
        if not right:
            found = f"{categories.count(category)} of {len(categories)} parties"
            yield Fault("parties", f"{found} with category {category}", expected=f"{needed} of category {category}")


def parties_named_are_listed(ppp: PublicPrivatePartnership) -> Iterator[Fault]:
    """Rule 1: owner, licensees and bearers of risks are listed parties."""
    known = [party.id for _, party in each(ppp.parties)]
    yield from unknown_id("ip_owner", ppp.ip_owner, known, "party")
    for index, licence in each(ppp.licences):
        yield from unknown_id(f"licences[{index}].party", licence.party, known, "party")
    for index, risk in each(ppp.risks):
        for number, bearer in each(risk.borne_by):
            yield from unknown_id(f"risks[{index}].borne_by[{number}]", bearer, known, "party")


def city_may_use_the_results(ppp: PublicPrivatePartnership) -> Iterator[Fault]:
    """Whoever owns the results, the city that pays for them may use them."""
    licensed = {licence.party for _, licence in each(ppp.licences)}
    for _, party in each(ppp.parties):
        if party.category is Category.CITY and party.id not in licensed | {ppp.ip_owner}:
            yield Fault("licences", f"{party.id} pays for results it may not use", expected=f"a licence for {party.id}")


def procedure_is_explained(ppp: PublicPrivatePartnership) -> Iterator[Fault]:
    """Where no notice is published beforehand, the agreement says why (Directive 2014/24/EU Art. 32 and 84)."""
    procedure = ppp.procurement.procedure.value
    if procedure in UNPUBLISHED and ppp.procurement.reason is None:
        yield Fault(
            "procurement.reason", f"{procedure}: no notice is published beforehand, and nothing says why",
            expected="the reason, with the provision of law it rests on",
        )  # fmt: skip


def contract_is_announced_in_time(ppp: PublicPrivatePartnership) -> Iterator[Fault]:
    """Within 30 days a contract under the Directive is announced (Directive 2014/24/EU Art. 50)."""
    days, procedure = ppp.publication.within_days, ppp.procurement.procedure.value
    outside = {"research and development services", "below threshold", None}
    if days > AWARD_NOTICE_DAYS and procedure not in outside:
        yield Fault(
            "publication.within_days", f"{days} days are too long for the {procedure}", read=str(days),
            expected=f"{AWARD_NOTICE_DAYS} or fewer",
        )  # fmt: skip


def council_decides_before_the_start(ppp: PublicPrivatePartnership) -> Iterator[Fault]:
    """No agreement takes effect before the city has decided on it."""
    day, start = ppp.council_decision.day.value, ppp.term.start.value
    if day and start and day > start:
        yield Fault(
            "council_decision.day", "the city decides after the agreement has taken effect", read=day.isoformat(),
            expected=f"{start.isoformat()} or earlier",
        )  # fmt: skip


def phases_follow_each_other_in_the_term(ppp: PublicPrivatePartnership) -> Iterator[Fault]:
    """Rule 4: phases lie inside the term, and each begins after the one before has ended."""
    first, last = ppp.term.start.value, ppp.term.end.value
    before = None
    for index, phase in each(ppp.phases):
        start, end = phase.start.value, phase.end.value
        path = f"phases[{index}]"
        if start and end and end < start:
            yield Fault(f"{path}.end", "ends before it starts", read=end.isoformat(), expected=f"{start} or later")
        if start and first and start < first:
            yield Fault(
                f"{path}.start", f"starts before the term, on {first}", read=str(start), expected=f"{first} or later"
            )
        if end and last and end > last:
            yield Fault(f"{path}.end", f"ends after the term, on {last}", read=str(end), expected=f"{last} or earlier")
        if start and before and start <= before:
            yield Fault(
                f"{path}.start", f"{phase.id} starts before the phase before it has ended on {before}",
                read=str(start), expected=f"a day after {before}",
            )  # fmt: skip
        before = end or before


def phases_are_numbered_and_gated(ppp: PublicPrivatePartnership) -> Iterator[Fault]:
    """Phases count up from P1, and each but the last has a stop or go test."""
    for index, phase in each(ppp.phases):
        last = index == len(ppp.phases) - 1
        if phase.id != f"P{index + 1}":
            yield Fault(f"phases[{index}].id", "is out of order", read=phase.id, expected=f"P{index + 1}")
        if not last and phase.go_if is None:
            yield Fault(
                f"phases[{index}].go_if", f"nothing says when the work goes on after {phase.id}",
                expected="a stop or go test",
            )  # fmt: skip
        if last and phase.go_if is not None:
            yield Fault(f"phases[{index}].go_if", "no phase follows", read=str(phase.go_if), expected="none")


def every_phase_is_accepted(ppp: PublicPrivatePartnership) -> Iterator[Fault]:
    """Every phase has an acceptance test, and every test belongs to a defined phase."""
    known = [phase.id for _, phase in each(ppp.phases)]
    tested = {test.phase for _, test in each(ppp.acceptance_tests)}
    for index, test in each(ppp.acceptance_tests):
        if test.phase not in known:
            yield Fault(
                f"acceptance_tests[{index}].phase", f"{test.phase} is not defined; {those(known)}", read=test.phase,
                expected="a phase of the agreement",
            )  # fmt: skip
    for index, phase in each(ppp.phases):
        if phase.id not in tested and tested <= set(known):
            yield Fault(f"phases[{index}]", f"{phase.id} has no acceptance test", expected="an acceptance test")


def value_equals_the_prices(ppp: PublicPrivatePartnership) -> Iterator[Fault]:
    """Rule 5: the value is the sum of the prices of the phases, all in one currency without VAT."""
    prices = [phase.price.value for _, phase in each(ppp.phases)]
    sums = {money.currency for money in (*prices, ppp.value.value, ppp.liability_cap.value) if money}
    if len(sums) > 1:
        yield Fault("value", f"sums in {in_words(sorted(sums))}", read=str(ppp.value.value), expected="one currency")
    elif all(prices) and ppp.value.value:
        added = total(money for money in prices if money)
        if added and added.amount != ppp.value.value.amount:
            yield Fault(
                "value", f"the prices of {in_words([phase.id for phase in ppp.phases])} add up to {added}",
                read=str(ppp.value.value), expected=str(added),
            )  # fmt: skip


class PublicPrivatePartnership(Document):
    """A public-private partnership agreement between one city and one SME or more."""

    document_type: ClassVar[str] = "ppp"
    id_prefix: ClassVar[str] = "PPP"
    kind: ClassVar[str] = "Public-private partnership agreement"
    rules: ClassVar[tuple[Rule[Any], ...]] = (
        *shared.SHARED,
        shared.every_party_signs,
        shared.term_ends_after_it_starts,
        shared.personal_data_abroad_is_safeguarded,
        every_party_has_a_contact,
        forum_is_named_once,
        one_city_works_with_smes,
        parties_named_are_listed,
        city_may_use_the_results,
        procedure_is_explained,
        contract_is_announced_in_time,
        council_decides_before_the_start,
        phases_follow_each_other_in_the_term,
        phases_are_numbered_and_gated,
        every_phase_is_accepted,
        value_equals_the_prices,
    )

    type: Literal["ppp"]
    """Always ``ppp``."""
    parties: Annotated[tuple[Party, ...], Field(min_length=2, max_length=20)]
    """One city, one SME or more, and others where they take part."""
    signatories: Annotated[tuple[Signatory, ...], Field(min_length=2, max_length=40)]
    """Who signs, in signing order."""
    background: Annotated[tuple[Prose, ...], Field(min_length=1)]
    """Recitals, one entry each."""
    challenge: Fact[Name]
    """The urban challenge the solution answers, in a line."""
    need: Annotated[tuple[Prose, ...], Field(min_length=1)]
    """The public need to be met, one entry each."""
    procurement: Procurement
    """The procedure by which the contract is awarded."""
    council_decision: CouncilDecision
    """The city's decision to conclude the agreement."""
    scope: Annotated[tuple[Prose, ...], Field(min_length=1)]
    """What the SMEs develop, supply or do, one entry each."""
    excluded: tuple[Prose, ...] = ()
    """What does not belong to it, one entry each."""
    city_provides: tuple[Prose, ...] = ()
    """What the city contributes: sites, data, staff, permits, one entry each."""
    phases: Annotated[tuple[Phase, ...], Field(min_length=1, max_length=20)]
    """Phases in the order of the work."""
    acceptance_tests: Annotated[tuple[AcceptanceTest, ...], Field(min_length=1)]
    """Tests by which the city accepts the work."""
    acceptance_days: Annotated[int, Strict(), Field(ge=1, le=90)]
    """In how many calendar days the city tests and decides."""
    value: Fact[Money]
    """Value of the contract without VAT; the sum of the prices of the phases."""
    payment_days: Annotated[int, Strict(), Field(ge=1, le=30)]
    """In how many calendar days the city pays an invoice; at most 30 (Directive 2011/7/EU Art. 4)."""
    risks: Annotated[tuple[Risk, ...], Field(min_length=1)]
    """Allocation of risks."""
    ip_owner: Identifier
    """Id of the party that owns the results."""
    licences: tuple[Licence, ...] = ()
    """What other parties may do with the results."""
    personal_data: Flag
    """Whether the SMEs process personal data for the city."""
    liability_cap: Fact[Money]
    """Up to what sum each SME is liable for ordinary negligence."""
    confidentiality_years: Annotated[int, Strict(), Field(ge=0, le=20)]
    """How long confidentiality lasts after the end, in years."""
    publication: Publication
    """Where and when the agreement is published."""
    term: Term
    """How long it is in force."""
    notice_days: Annotated[int, Strict(), Field(ge=1, le=365)]
    """Notice for termination, in calendar days."""
    remedy_days: Annotated[int, Strict(), Field(ge=1, le=180)]
    """How long a party in breach has to put it right, in calendar days."""
    handover: Annotated[tuple[Prose, ...], Field(min_length=1)]
    """What the SMEs hand over at the end, however it comes, one entry each."""
    contacts: Annotated[tuple[Contact, ...], Field(min_length=1)]
    """Where notices go, one for each party."""
    law: Law
    """Governing law and disputes."""

    @property
    def city(self) -> Party:
        """The party that is the city."""
        return next(party for party in self.parties if party.category is Category.CITY)

    @property
    def smes(self) -> tuple[Party, ...]:
        """The parties that do the work."""
        return tuple(party for party in self.parties if party.category is Category.SME)

    @property
    def subjects(self) -> frozenset[Subject]:
        """What it touches: money, results and liability, always."""
        return super().subjects | {Subject.PAYMENT, Subject.INTELLECTUAL_PROPERTY, Subject.LIABILITY}
