"""The rules across fields that hold for documents of several types, one function each.

A rule tells its faults on the whole document or on its partial view (``schemas.rules``). Those of :data:`SHARED`
hold for every type; the others for the types that list them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

from schemas.agreement import CALL_PROFILES, Term
from schemas.clause import Choice, Clause, Subject
from schemas.document import Document
from schemas.errors import Fault
from schemas.party import Party
from schemas.place import ADEQUATE, COSME_COUNTRIES, Market
from schemas.prose import Prose
from schemas.rules import Rule, each, fields_of, in_words, unknown_id
from schemas.signing_round import order_of_signing_is_said_once, rounds_name_every_signatory_once


class WithTerm(Protocol):
    """A document that is in force for a time."""

    term: Term


class WithPersonalData(Protocol):
    """A document under which personal data may pass."""

    personal_data: bool
    parties: tuple[Party, ...]
    choices: tuple[Choice, ...]
    clauses: tuple[Clause, ...]


TRANSFERS_CLAUSE = "data-protection-transfers"
"""The library's clause with the standard contractual clauses of Implementing Decision (EU) 2021/914."""


def ids_are_unique(document: Document) -> Iterator[Fault]:
    """Two parties, two signatories, two clauses, two objectives never share an id."""
    for path, items in (
        ("parties", document.parties),
        ("signatories", document.signatories),
        ("clauses", document.clauses),
        ("project.objectives", document.project.objectives),
    ):
        seen: set[str] = set()
        for index, item in each(items):
            if item.id in seen:
                yield Fault(f"{path}[{index}].id", "is used twice", read=item.id, expected="an id of its own")
            seen.add(item.id)


def signatories_belong_to_listed_parties(document: Document) -> Iterator[Fault]:
    """Rule 1: every signatory signs for a listed party."""
    known = [party.id for _, party in each(document.parties)]
    for index, signatory in each(document.signatories):
        yield from unknown_id(f"signatories[{index}].party", signatory.party, known, "party")


def every_party_signs(document: Document) -> Iterator[Fault]:
    """Rule 1: every party has a signatory (a misspelt one may be theirs, and is a fault already)."""
    signing = {signatory.party for _, signatory in each(document.signatories)}
    misspelt = signing - {party.id for _, party in each(document.parties)}
    for index, party in each(document.parties):
        if party.id not in signing and not misspelt:
            yield Fault(f"parties[{index}]", f"nobody signs for {party.id}", expected="a signatory of this party")


def signatories_are_different_people(document: Document) -> Iterator[Fault]:
    """Rule 1: one person signs once; the address tells people apart."""
    seen: dict[str, str] = {}
    for index, signatory in each(document.signatories):
        address = signatory.email.casefold()
        if address in seen:
            yield Fault(
                f"signatories[{index}].email", f"is {seen[address]}'s address already", read=signatory.email,
                expected="an address of their own",
            )  # fmt: skip
        seen.setdefault(address, signatory.id)


def authority_has_its_days_in_order(document: Document) -> Iterator[Fault]:
    """Rule 1: an authority ends after it begins."""
    for index, signatory in each(document.signatories):
        first, last = signatory.authority.valid_from, signatory.authority.valid_to
        if first and last and last < first:
            yield Fault(
                f"signatories[{index}].authority.valid_to", f"the {signatory.authority.kind} ends before it begins",
                read=last.isoformat(), expected=f"{first.isoformat()} or later",
            )  # fmt: skip


def joint_signatories_all_sign(document: Document) -> Iterator[Fault]:
    """Rule 1: joint power needs all joint signatories, of the same party."""
    parties = {signatory.id: signatory.party for _, signatory in each(document.signatories)}
    for index, signatory in each(document.signatories):
        for number, other in each(signatory.jointly_with):
            path = f"signatories[{index}].jointly_with[{number}]"
            yield from unknown_id(path, other, list(parties), "signatory")
            wanted = f"another signatory of {signatory.party}"
            if other == signatory.id:
                yield Fault(path, f"{other} cannot sign jointly with themselves", read=other, expected=wanted)
            elif other in parties and parties[other] != signatory.party:
                message = f"{other} signs for {parties[other]}, not for {signatory.party}"
                yield Fault(path, message, read=other, expected=wanted)


def acting_for_a_partnership_needs_mandates(document: Document) -> Iterator[Fault]:
    """Rule 2: a mandate from each represented member, the acting party's own excepted."""
    acting = {s.party: index for index, s in each(document.signatories) if s.capacity == "for a partnership"}
    signing = {signatory.party for _, signatory in each(document.signatories)}
    for number, party in each(document.parties):
        if party.id in acting and party.acts_for is None:
            yield Fault(
                f"signatories[{acting[party.id]}].capacity", f"{party.id} acts for no partnership",
                expected=f"own behalf, or acts_for in parties[{number}]",
            )  # fmt: skip
        if party.acts_for is None:
            continue
        if party.id in signing - acting.keys():
            yield Fault(
                f"parties[{number}].acts_for", f"nobody signs for {party.acts_for.partnership}",
                expected="a signatory with capacity: for a partnership",
            )  # fmt: skip
        for place, member in each(party.acts_for.members):
            itself = member.name.value is not None and member.name.value == party.legal_name.value
            if member.mandate is None and not itself:
                yield Fault(
                    f"parties[{number}].acts_for.members[{place}].mandate", "this member gave no mandate",
                    expected="the document by which it lets the party act for it",
                )  # fmt: skip


def announced_countries_equal_the_members(document: Document) -> Iterator[Fault]:
    """Rule 7: a stated total equals its rows, else both sources are named as a conflict."""
    for number, party in each(document.parties):
        if party.acts_for is None or party.acts_for.announced_countries is None:
            continue
        announced = party.acts_for.announced_countries
        if announced.is_open or announced.confirmation or announced.value is None:
            continue
        listed = [member.country.value for _, member in each(party.acts_for.members)]
        countries = {country for country in listed if country}
        if announced.value < len(countries) or (None not in listed and announced.value != len(countries)):
            yield Fault(
                f"parties[{number}].acts_for.announced_countries",
                f"{announced.value} countries are announced ({announced.source or 'no source'}), "
                f"{len(countries)} are listed: {in_words(sorted(countries))}",
                read=str(announced.value), expected="the same number, or status conflicting with what each source says",
            )  # fmt: skip


def smes_are_members(document: Document) -> Iterator[Fault]:
    """Rule 7: an organisation has at most as many SMEs as members."""
    for index, party in each(document.parties):
        count = party.membership.value if party.membership else None
        if count and count.sme_count > count.member_count:
            yield Fault(
                f"parties[{index}].membership.sme_count", f"{count.sme_count} SMEs of {count.member_count} members",
                read=str(count.sme_count), expected=f"{count.member_count} or fewer",
            )  # fmt: skip


def funded_documents_carry_visibility(document: Document) -> Iterator[Fault]:
    """Rule 16: a document of an EU programme carries the visibility block of that programme."""
    programme = document.project.programme.value or ""
    funded = "COSME" in programme.upper()
    if programme and not funded and document.project.visibility == "cosme-easme":
        yield Fault(
            "project.visibility", f"is the wording of COSME, not of {programme}", read=document.project.visibility,
            expected="none, or programme COSME",
        )  # fmt: skip
    if funded and document.project.visibility != "cosme-easme":
        yield Fault(
            "project.visibility", "COSME prescribes its funding sentence and disclaimer",
            read=document.project.visibility, expected="cosme-easme",
        )  # fmt: skip


def clauses_are_replaced_once(document: Document) -> Iterator[Fault]:
    """One clause of the library is replaced once: by a fallback, or by a clause of the data, which is a deviation."""
    seen: set[str] = set()
    for index, choice in each(document.choices):
        if choice.clause in seen:
            yield Fault(
                f"choices[{index}].clause", "is chosen for twice", read=choice.clause, expected="one choice a clause"
            )
        seen.add(choice.clause)
    for index, clause in each(document.clauses):
        if clause.replaces is None:
            continue
        if clause.replaces in seen:
            yield Fault(
                f"clauses[{index}].replaces", "is replaced already", read=clause.replaces, expected="one text a clause"
            )
        seen.add(clause.replaces)


def texts_stand_in_the_language(document: Document) -> Iterator[Fault]:
    """Rule 9: a text given by language is given in the document's."""
    for path, prose in _texts(document):
        if prose.value is None and document.language not in prose.translations:
            yield Fault(
                path, f"has no text in {document.language}, the document's language",
                read=", ".join(prose.translations), expected=document.language,
            )  # fmt: skip


def both_languages_are_complete(document: Any) -> Iterator[Fault]:
    """Rule 9: two languages, each text in both, and it is said which prevails or that both are authentic."""
    first, second, prevailing = document.language, document.second_language, document.prevailing
    if second is None:
        if prevailing is not None:
            yield Fault("prevailing", "there is one language only", read=prevailing, expected="a second_language")
        return
    if second == first:
        yield Fault("second_language", "is the first language", read=second, expected="another language, or none")
    if prevailing not in {first, second, "both"}:
        yield Fault(
            "prevailing", "two languages need a rule for when they differ", read=prevailing,
            expected=f"{first}, {second} or both",
        )  # fmt: skip
    for path, prose in _texts(document):
        missing = [language for language in (first, second) if language not in prose.translations]
        if prose.value is not None or second in missing:
            yield Fault(path, f"stands in {in_words([*prose.translations] or ['one language'])} only",
                        expected=f"a text in {first} and one in {second}")  # fmt: skip


def term_ends_after_it_starts(document: WithTerm) -> Iterator[Fault]:
    """Give every term at least one day."""
    start, end = document.term.start.value, document.term.end.value
    if start and end and end < start:
        yield Fault("term.end", "ends before it starts", read=end.isoformat(), expected=f"{start.isoformat()} or later")


def personal_data_abroad_is_safeguarded(document: WithPersonalData) -> Iterator[Fault]:
    """Rule 15: data going to a country without an adequacy decision needs a safeguard clause (GDPR Art. 46)."""
    countries = {party.country.value for _, party in each(document.parties)}
    represented = [party.acts_for.members for _, party in each(document.parties) if party.acts_for]
    countries |= {member.country.value for members in represented for _, member in each(members)}
    yield from unsafe_transfers(document, [country for country in countries if country])


def unsafe_transfers(document: WithPersonalData, countries: Iterable[str], to: str = "") -> Iterator[Fault]:
    """Yield the fault that personal data would go to those ``countries`` that need a safeguard, where none is agreed.

    A safeguard is a clause of that subject, or the library's clause on transfers, chosen as a fallback.
    """
    unsafe = sorted(set(countries) - ADEQUATE)
    if not document.personal_data or not unsafe:
        return
    chosen = any(choice.use == TRANSFERS_CLAUSE for _, choice in each(document.choices))
    if not chosen and not any(clause.subject is Subject.DATA_TRANSFER for _, clause in each(document.clauses)):
        yield Fault(
            "personal_data", f"would go to {to}{in_words(unsafe)}, without an adequacy decision", read="true",
            expected=f"the choice of {TRANSFERS_CLAUSE}, a clause with subject data transfer, or personal_data false",
        )  # fmt: skip


def consortium_is_large_enough(document: Document) -> Iterator[Fault]:
    """Rule 6: as many entities in as many countries as the call's profile asks for."""
    profile = CALL_PROFILES[document.project.call_profile]
    countries = [party.country.value for _, party in each(document.parties)]
    known = {country for country in countries if country}
    if len(countries) < profile.entities or (None not in countries and len(known) < profile.countries):
        yield Fault(
            "parties", f"{len(countries)} entities in {len(known)} countries ({in_words(sorted(known))})",
            expected=f"{profile.entities} or more in {profile.countries} countries or more, "
            f"as the call profile {document.project.call_profile} asks",
        )  # fmt: skip


def targets_lie_outside_the_programme(document: Any) -> Iterator[Fault]:
    """Rule 6: a partnership for going international aims at countries outside the programme's own."""
    if not CALL_PROFILES[document.project.call_profile].targets_outside:
        return
    markets: Sequence[Market] = document.markets
    for index, market in each(markets):
        if market.country in COSME_COUNTRIES:
            yield Fault(
                f"markets[{index}].code", "lies inside the programme's countries", read=market.code,
                expected="a country outside the EU and the other COSME countries",
            )  # fmt: skip


SHARED: tuple[Rule[Any], ...] = (
    ids_are_unique,
    signatories_belong_to_listed_parties,
    signatories_are_different_people,
    authority_has_its_days_in_order,
    joint_signatories_all_sign,
    rounds_name_every_signatory_once,
    order_of_signing_is_said_once,
    acting_for_a_partnership_needs_mandates,
    announced_countries_equal_the_members,
    smes_are_members,
    clauses_are_replaced_once,
    texts_stand_in_the_language,
    funded_documents_carry_visibility,
)
"""The rules that hold for every document."""


def _texts(document: object, path: str = "") -> Iterator[tuple[str, Prose]]:
    """Yield every text of the document with its path, in the order of its fields."""
    for name, value in fields_of(document):
        here = f"{path}.{name}" if path else name
        for place, item in (
            [(here, value)] if not isinstance(value, tuple) else [(f"{here}[{i}]", x) for i, x in each(value)]
        ):
            if isinstance(item, Prose):
                yield place, item
            else:
                yield from _texts(item, place)
