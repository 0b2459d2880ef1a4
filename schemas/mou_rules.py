"""The rules across the fields of a memorandum of understanding, one function each."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from schemas.clause import Subject
from schemas.errors import Fault
from schemas.place import ADEQUATE
from schemas.rules import Rule, each

if TYPE_CHECKING:  # the model runs these rules on itself
    from schemas.mou import Memorandum


def ids_are_unique(mou: Memorandum) -> Iterator[Fault]:
    """Two parties, two signatories, two clauses, two objectives never share an id."""
    for path, items in (
        ("parties", mou.parties),
        ("signatories", mou.signatories),
        ("clauses", mou.clauses),
        ("project.objectives", mou.project.objectives),
    ):
        seen: set[str] = set()
        for index, item in each(items):
            if item.id in seen:
                yield Fault(f"{path}[{index}].id", "is used twice", read=item.id, expected="an id of its own")
            seen.add(item.id)


def signatories_belong_to_listed_parties(mou: Memorandum) -> Iterator[Fault]:
    """Rule 1: every signatory signs for a listed party."""
    known = [party.id for _, party in each(mou.parties)]
    for index, signatory in each(mou.signatories):
        yield from _known(f"signatories[{index}].party", signatory.party, known, "party")


def every_party_signs(mou: Memorandum) -> Iterator[Fault]:
    """Rule 1: every party has a signatory (a misspelt one may be theirs, and is a fault already)."""
    signing = {signatory.party for _, signatory in each(mou.signatories)}
    misspelt = signing - {party.id for _, party in each(mou.parties)}
    for index, party in each(mou.parties):
        if party.id not in signing and not misspelt:
            yield Fault(f"parties[{index}]", f"nobody signs for {party.id}", expected="a signatory of this party")


def signatories_are_different_people(mou: Memorandum) -> Iterator[Fault]:
    """Rule 1: one person signs once; the address tells people apart."""
    seen: dict[str, str] = {}
    for index, signatory in each(mou.signatories):
        address = signatory.email.casefold()
        if address in seen:
            yield Fault(
                f"signatories[{index}].email", f"is {seen[address]}'s address already", read=signatory.email,
                expected="an address of their own",
            )  # fmt: skip
        seen.setdefault(address, signatory.id)


def authority_has_its_days_in_order(mou: Memorandum) -> Iterator[Fault]:
    """Rule 1: an authority ends after it begins."""
    for index, signatory in each(mou.signatories):
        first, last = signatory.authority.valid_from, signatory.authority.valid_to
        if first and last and last < first:
            yield Fault(
                f"signatories[{index}].authority.valid_to", f"the {signatory.authority.kind} ends before it begins",
                read=last.isoformat(), expected=f"{first.isoformat()} or later",
            )  # fmt: skip


def joint_signatories_all_sign(mou: Memorandum) -> Iterator[Fault]:
    """Rule 1: joint power needs all joint signatories, of the same party."""
    parties = {signatory.id: signatory.party for _, signatory in each(mou.signatories)}
    for index, signatory in each(mou.signatories):
        for number, other in each(signatory.jointly_with):
            path = f"signatories[{index}].jointly_with[{number}]"
            yield from _known(path, other, list(parties), "signatory")
            wanted = f"another signatory of {signatory.party}"
            if other == signatory.id:
                yield Fault(path, f"{other} cannot sign jointly with themselves", read=other, expected=wanted)
            elif other in parties and parties[other] != signatory.party:
                message = f"{other} signs for {parties[other]}, not for {signatory.party}"
                yield Fault(path, message, read=other, expected=wanted)


def acting_for_a_partnership_needs_mandates(mou: Memorandum) -> Iterator[Fault]:
    """Rule 2: a mandate from each represented member, the acting party's own excepted."""
    acting = {s.party: index for index, s in each(mou.signatories) if s.capacity == "for a partnership"}
    misspelt = acting.keys() - {party.id for _, party in each(mou.parties)}
    for number, party in each(mou.parties):
        if party.id in acting and party.acts_for is None:
            yield Fault(
                f"signatories[{acting[party.id]}].capacity", f"{party.id} acts for no partnership",
                expected=f"own behalf, or acts_for in parties[{number}]",
            )  # fmt: skip
        if party.acts_for is None:
            continue
        if party.id not in acting and not misspelt:
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


def announced_countries_equal_the_members(mou: Memorandum) -> Iterator[Fault]:
    """Rule 7: a stated total equals its rows, else both sources are named as a conflict."""
    for number, party in each(mou.parties):
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
                f"{len(countries)} are listed: {_list(sorted(countries))}",
                read=str(announced.value), expected="the same number, or status conflicting with what each source says",
            )  # fmt: skip


def smes_are_members(mou: Memorandum) -> Iterator[Fault]:
    """Rule 7: an organisation has at most as many SMEs as members."""
    for index, party in each(mou.parties):
        count = party.membership.value if party.membership else None
        if count and count.sme_count > count.member_count:
            yield Fault(
                f"parties[{index}].membership.sme_count", f"{count.sme_count} SMEs of {count.member_count} members",
                read=str(count.sme_count), expected=f"{count.member_count} or fewer",
            )  # fmt: skip


def objectives_exist(mou: Memorandum) -> Iterator[Fault]:
    """Rule 3: an area refers to defined objectives."""
    known = [objective.id for _, objective in each(mou.project.objectives)]
    for index, area in each(mou.areas):
        for number, objective in each(area.objectives):
            if objective not in known:
                yield Fault(
                    f"areas[{index}].objectives[{number}]", f"{objective} is not defined; {_those(known)}",
                    read=objective, expected="an objective of the project",
                )  # fmt: skip


def undertakings_and_contacts_name_parties(mou: Memorandum) -> Iterator[Fault]:
    """Roles and contacts belong to listed parties, and every party has a contact."""
    known = [party.id for _, party in each(mou.parties)]
    for index, undertaking in each(mou.undertakings):
        yield from _known(f"undertakings[{index}].party", undertaking.party, known, "party")
    for index, contact in each(mou.contacts):
        yield from _known(f"contacts[{index}].party", contact.party, known, "party")
    reached = {contact.party for _, contact in each(mou.contacts)}
    misspelt = reached - set(known)
    for index, party in each(mou.parties):
        if party.id not in reached and not misspelt:
            yield Fault(f"parties[{index}]", f"{party.id} has no contact", expected="an entry in contacts")


def term_ends_after_it_starts(mou: Memorandum) -> Iterator[Fault]:
    """Give every term at least one day."""
    start, end = mou.term.start.value, mou.term.end.value
    if start and end and end < start:
        yield Fault("term.end", "ends before it starts", read=end.isoformat(), expected=f"{start.isoformat()} or later")


def notice_fits_the_term(mou: Memorandum) -> Iterator[Fault]:
    """Notice is shorter than the term, else nobody could ever leave."""
    days = mou.term.days
    if days and days.days > 0 and mou.notice_days >= days.days:
        yield Fault(
            "notice_days",
            f"notice is {'as long as' if mou.notice_days == days.days else 'longer than'} the term of {days.days} days",
            read=str(mou.notice_days), expected=f"fewer than {days.days}",
        )  # fmt: skip


def non_binding_text_has_no_obligations(mou: Memorandum) -> Iterator[Fault]:
    """Rule 10: a non-binding memorandum has no payment, exclusivity or penalty clause."""
    if mou.legal_nature != "non-binding":
        return
    for index, clause in each(mou.clauses):
        if clause.subject in {Subject.PAYMENT, Subject.EXCLUSIVITY, Subject.PENALTY}:
            yield Fault(
                f"clauses[{index}].subject", f"a non-binding memorandum has no {clause.subject} clause",
                read=str(clause.subject), expected="legal_nature binding, or no such clause",
            )  # fmt: skip
    if not mou.own_costs:
        yield Fault(
            "own_costs", "a non-binding memorandum makes nobody pay for another", read="false",
            expected="true, or legal_nature binding",
        )  # fmt: skip


def personal_data_abroad_is_safeguarded(mou: Memorandum) -> Iterator[Fault]:
    """Rule 15: data going to a country without an adequacy decision needs a safeguard clause (GDPR Art. 46)."""
    if not mou.personal_data:
        return
    countries = {party.country.value for _, party in each(mou.parties)}
    represented = [party.acts_for.members for _, party in each(mou.parties) if party.acts_for]
    countries |= {member.country.value for members in represented for _, member in each(members)}
    countries -= {*ADEQUATE, None}
    if countries and not any(clause.subject is Subject.DATA_TRANSFER for _, clause in each(mou.clauses)):
        yield Fault(
            "personal_data",
            f"would go to {_list(sorted(str(country) for country in countries))}, without an adequacy decision",
            read="true", expected="a clause with subject data transfer, or personal_data false",
        )  # fmt: skip
    if "data protection" not in mou.binding_clauses and mou.legal_nature == "non-binding":
        yield Fault(
            "binding_clauses", "data protection must bind where personal data passes", expected="data protection"
        )


def funded_documents_carry_visibility(mou: Memorandum) -> Iterator[Fault]:
    """Rule 16: a document of an EU programme carries the visibility block of that programme."""
    programme = mou.project.programme.value or ""
    funded = "COSME" in programme.upper()
    if programme and not funded and mou.project.visibility == "cosme-easme":
        yield Fault(
            "project.visibility", f"is the wording of COSME, not of {programme}", read=mou.project.visibility,
            expected="none, or programme COSME",
        )  # fmt: skip
    if funded and mou.project.visibility != "cosme-easme":
        yield Fault(
            "project.visibility", "COSME prescribes its funding sentence and disclaimer", read=mou.project.visibility,
            expected="cosme-easme",
        )  # fmt: skip


RULES: tuple[Rule[Memorandum], ...] = (
    ids_are_unique,
    signatories_belong_to_listed_parties,
    every_party_signs,
    signatories_are_different_people,
    authority_has_its_days_in_order,
    joint_signatories_all_sign,
    acting_for_a_partnership_needs_mandates,
    announced_countries_equal_the_members,
    smes_are_members,
    objectives_exist,
    undertakings_and_contacts_name_parties,
    term_ends_after_it_starts,
    notice_fits_the_term,
    non_binding_text_has_no_obligations,
    personal_data_abroad_is_safeguarded,
    funded_documents_carry_visibility,
)
"""Every rule across fields that applies to a memorandum of understanding."""


def _list(items: list[str], joint: str = "and") -> str:
    return f" {joint} ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items) or "none"


def _those(ids: list[str]) -> str:
    """Return ``O1 to O5 are``, or the ids one by one where they do not count up from O1."""
    if len(ids) > 2 and ids == [f"O{number}" for number in range(1, len(ids) + 1)]:
        return f"{ids[0]} to {ids[-1]} are"
    return f"{_list(ids)} {'are' if len(ids) > 1 else 'is'}"


def _known(path: str, read: str, known: list[str], what: str) -> Iterator[Fault]:
    if read not in known:
        proposal = next(iter(difflib.get_close_matches(read, known, n=1)), None)
        yield Fault(path, f"is no {what} of this document", read=read, expected=_list(known, "or"), proposal=proposal)
