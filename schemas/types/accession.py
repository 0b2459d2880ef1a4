"""The accession of new partners to a partnership agreement that is in force; its text stays as it is."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
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
from schemas.rules import Rule, each, in_words, unknown_id
from schemas.shares import Percent, Share, broken_shares, remainder
from schemas.standing import Contact
from schemas.text import Flag, Identifier, LegalDate, Model, Name

Votes = Annotated[int, Strict(), Field(ge=0, le=1000, examples=[1])]


class Applicant(Model):
    """A party that accedes."""

    party: Identifier
    """Id of the party."""
    member_class: Heading
    """Class of members it enters, as the base agreement calls it."""
    contribution: Prose
    """What it brings to the partnership, as a whole sentence."""


class Consent(Model):
    """The consent of one party of the base agreement."""

    party: Identifier
    """Id of the party."""
    by: Literal["signature", "resolution"]
    """Whether it consents by signing this document, or did so before in a document of its own."""
    resolution: Fact[Name] | None = None
    """The document in which it consented, where it does so by resolution."""
    dated: Fact[LegalDate] | None = None
    """Date of that document."""


class Standing(Share):
    """Votes and share of one party; ``percent`` is its share after the accession."""

    percent_before: Fact[Percent] | None = None
    """Its share until the accession, in per cent; none for an applicant."""
    votes_before: Votes
    """Votes in the Assembly until the accession; none for an applicant."""
    votes: Votes
    """Votes in the Assembly from the accession on."""


def applicants_join_existing_members(accession: Accession) -> Iterator[Fault]:
    """Applicants are listed parties, each once, and two parties or more are there whom they join."""
    parties = [party.id for _, party in each(accession.parties)]
    seen: set[str] = set()
    for index, applicant in each(accession.applicants):
        yield from unknown_id(f"applicants[{index}].party", applicant.party, parties, "party")
        if applicant.party in seen:
            yield Fault(f"applicants[{index}].party", "applies already", read=applicant.party, expected="one entry")
        seen.add(applicant.party)
    members = [party for party in parties if party not in seen]
    if seen <= set(parties) and len(members) < 2:
        yield Fault(
            "parties", f"of the base agreement's parties, {in_words(members)} is listed",
            expected="two or more that are no applicants",
        )  # fmt: skip


def applicants_sign(accession: Accession) -> Iterator[Fault]:
    """Rule 1: every applicant signs."""
    signing = {signatory.party for _, signatory in each(accession.signatories)}
    for index, applicant in each(accession.applicants):
        if applicant.party not in signing:
            yield Fault(
                f"applicants[{index}]", f"nobody signs for {applicant.party}", expected="a signatory of this party"
            )


def every_member_consents(accession: Accession) -> Iterator[Fault]:
    """Every party of the base agreement consents once: it signs here, or names the document in which it did."""
    parties = [party.id for _, party in each(accession.parties)]
    applicants = {applicant.party for _, applicant in each(accession.applicants)}
    signing = {signatory.party for _, signatory in each(accession.signatories)}
    seen: set[str] = set()
    for index, consent in each(accession.consents):
        path = f"consents[{index}]"
        yield from unknown_id(f"{path}.party", consent.party, parties, "party")
        if consent.party in seen or consent.party in applicants:
            message = "consents already" if consent.party in seen else "is an applicant"
            yield Fault(f"{path}.party", message, read=consent.party, expected="each other party, once")
        seen.add(consent.party)
        if consent.by == "signature" and consent.party in parties and consent.party not in signing:
            yield Fault(f"{path}.by", f"nobody signs for {consent.party}", expected="a signatory of this party")
        if consent.by == "resolution" and consent.resolution is None:
            yield Fault(f"{path}.resolution", "is missing", expected="the document in which the party consented")
    for index, party in each(accession.parties):
        if party.id not in seen | applicants and seen | applicants <= set(parties):
            yield Fault(f"parties[{index}]", f"{party.id} does not consent", expected="an entry in consents")


def shares_total_one_hundred(accession: Accession) -> Iterator[Fault]:
    """Rule 5: after the accession the shares of all parties total 100.00, and what rounding leaves has a taker."""
    parties = [party.id for _, party in each(accession.parties)]
    yield from broken_shares("standings", accession.standings, accession.remainder_to, parties)


def applicants_had_nothing_before(accession: Accession) -> Iterator[Fault]:
    """Applicants have neither votes nor share before they accede."""
    applicants = {applicant.party for _, applicant in each(accession.applicants)}
    for index, standing in each(accession.standings):
        if standing.party not in applicants:
            continue
        if standing.votes_before:
            yield Fault(
                f"standings[{index}].votes_before", f"{standing.party} is an applicant and had no vote",
                read=str(standing.votes_before), expected="0",
            )  # fmt: skip
        if standing.percent_before is not None:
            yield Fault(
                f"standings[{index}].percent_before", f"{standing.party} is an applicant and had no share",
                read=str(standing.percent_before), expected="no percent_before",
            )  # fmt: skip


def applicants_have_contacts(accession: Accession) -> Iterator[Fault]:
    """Contacts belong to listed parties, and every applicant has one."""
    parties = [party.id for _, party in each(accession.parties)]
    for index, contact in each(accession.contacts):
        yield from unknown_id(f"contacts[{index}].party", contact.party, parties, "party")
    reached = {contact.party for _, contact in each(accession.contacts)}
    for index, applicant in each(accession.applicants):
        if applicant.party not in reached and reached <= set(parties):
            yield Fault(f"applicants[{index}]", f"{applicant.party} has no contact", expected="an entry in contacts")


def accession_follows_its_base(accession: Accession) -> Iterator[Fault]:
    """Rule 11: nobody accedes before the base agreement is made."""
    dated = accession.base.dated.value if accession.base.dated else None
    effective = accession.effective.value
    if dated and effective and effective < dated:
        yield Fault(
            "effective", "lies before the base agreement", read=effective.isoformat(),
            expected=f"{dated.isoformat()} or later",
        )  # fmt: skip


def base_text_stays(accession: Accession) -> Iterator[Fault]:
    """Rule 11: an accession changes no term of its base; only a safeguard for personal data may be added."""
    for index, clause in each(accession.clauses):
        if clause.replaces is not None or clause.subject is not Subject.DATA_TRANSFER:
            yield Fault(
                f"clauses[{index}]", "an accession leaves the terms of its base as they are", read=clause.id,
                expected="an amendment of the base agreement",
            )  # fmt: skip


class Accession(Document):
    """New partners accede to a partnership agreement, with the consent of its parties."""

    document_type: ClassVar[str] = "accession"
    id_prefix: ClassVar[str] = "ACC"
    kind: ClassVar[str] = "Accession to a partnership agreement"
    rules: ClassVar[tuple[Rule[Any], ...]] = (
        *shared.SHARED,
        shared.personal_data_abroad_is_safeguarded,
        applicants_join_existing_members,
        applicants_sign,
        every_member_consents,
        shares_total_one_hundred,
        applicants_had_nothing_before,
        applicants_have_contacts,
        accession_follows_its_base,
        base_text_stays,
    )

    type: Literal["accession"]
    """Always ``accession``."""
    parties: Annotated[tuple[Party, ...], Field(min_length=3, max_length=60)]
    """The parties of the base agreement and the applicants."""
    signatories: Annotated[tuple[Signatory, ...], Field(min_length=1, max_length=120)]
    """Who signs, in signing order."""
    base: Pin
    """The partnership agreement in force, pinned to the bytes that were signed."""
    earlier: tuple[Pin, ...] = ()
    """What changed the base before and is in force, such as earlier amendments, each pinned as it was signed."""
    background: Annotated[tuple[Prose, ...], Field(min_length=1)]
    """Recitals, one entry each."""
    applicants: Annotated[tuple[Applicant, ...], Field(min_length=1)]
    """Who accedes."""
    consents: Annotated[tuple[Consent, ...], Field(min_length=1)]
    """The consent of each party of the base agreement."""
    effective: Fact[LegalDate]
    """First day of the accession."""
    standings: Annotated[tuple[Standing, ...], Field(min_length=3)]
    """Votes and shares of all parties; the shares after the accession total 100.00."""
    remainder_to: Identifier | None = None
    """Id of the party that takes what rounding leaves over or short."""
    contacts: Annotated[tuple[Contact, ...], Field(min_length=1)]
    """Where notices to the applicants go."""
    personal_data: Flag
    """Whether personal data passes between the parties beside the contacts of their staff."""

    @property
    def subjects(self) -> frozenset[Subject]:
        """What it touches: by its nature money and liability."""
        return super().subjects | {Subject.PAYMENT, Subject.LIABILITY}

    @property
    def alters(self) -> tuple[tuple[str, Pin], ...]:
        """The base agreement, whose parties it changes."""
        return (("base", self.base),)

    @property
    def pins(self) -> tuple[tuple[str, Pin], ...]:
        """The base agreement, what changed it before, and what the accession takes the place of."""
        return (*super().pins, *((f"earlier[{index}]", pin) for index, pin in enumerate(self.earlier)))

    @property
    def joining(self) -> tuple[Party, ...]:
        """The applicants."""
        applicants = {applicant.party for applicant in self.applicants}
        return tuple(party for party in self.parties if party.id in applicants)

    @property
    def members(self) -> tuple[Party, ...]:
        """The parties of the base agreement."""
        applicants = {applicant.party for applicant in self.applicants}
        return tuple(party for party in self.parties if party.id not in applicants)

    @property
    def remainder(self) -> Decimal | None:
        """What the shares leave of 100.00, in per cent; nothing while a share is not known."""
        return remainder(self.standings)

    @property
    def total_votes(self) -> int:
        """All votes from the accession on."""
        return sum(standing.votes for standing in self.standings)
