from __future__ import annotations

from datetime import timedelta

import pytest

from flows import commands
from flows.act import data_of
from flows.collect import collect
from flows.conclude import conclude
from flows.draft import draft
from flows.pins import overtaken, pins_held, require_current
from flows.prepare import prepare
from flows.publish import publish
from flows.texts import kept_text
from flows.wiring import Installation
from schemas.documents import Document
from schemas.errors import Fault, InputError, Refused
from schemas.evidence import AgreementId
from schemas.fact import open_facts
from schemas.loader import load_document
from schemas.state import Stage
from templates.word_file import read_word_file
from tests.installation import EXAMPLE, MANAGER, REVIEWER, sign

pytestmark = pytest.mark.office

OTHERS = "0" * 63 + "1"


def stated(value: object) -> dict[str, object]:
    return {"value": value, "status": "stated", "source": "the archive"}


def with_base(document: Document, path: str, agreement: str, sha256: str | None, **values: object) -> Document:
    """Return the document with one of its pins pointing to ``agreement``."""
    blank = {"status": "blank", "source": "not there yet", "owner": "manager"}
    pin = {
        "title": "The Memorandum of Understanding",
        "agreement": stated(agreement),
        "sha256": blank if sha256 is None else stated(sha256),
    }
    return type(document).model_validate(document.model_dump(mode="json") | {path: pin} | values)


def example(name: str) -> Document:
    return load_document(EXAMPLE.with_name(f"{name}.yaml"))


def roadmap(agreement: str, sha256: str | None) -> Document:
    """A roadmap that rests on an agreement."""
    return with_base(example("roadmap-2020-2022"), "partnership_agreement", agreement, sha256)


def archived(house: Installation, document: Document) -> AgreementId:
    """Request a document and lead it into the archive; facts that have a value are confirmed."""
    agreement, number = in_review(house, document)
    for office in house.ledger.state(agreement).missing_offices:
        reviewer = f"{office}@example.org"
        commands.add_person(house, reviewer, name="Reviewer", roles=("reviewer",))
        commands.approve(house, agreement, draft=number, by=reviewer, office=office)
    return to_the_archive(house, agreement, number)


def to_the_archive(house: Installation, agreement: AgreementId, number: int) -> AgreementId:
    """Lead what is approved into the archive."""
    prepare(house, agreement, number)
    signatories = data_of(house, house.ledger.state(agreement).data).signatories
    for signed, signatory in enumerate(signatories):
        collect(house, agreement, signed)
        sign(house, agreement, signatory.email)
    for stage in (collect, conclude, publish):
        stage(house, agreement, len(signatories))
    assert house.ledger.state(agreement).stage is Stage.ARCHIVED
    return agreement


def in_force(house: Installation, agreement: AgreementId) -> str:
    """Return the digest of the agreement as it lies in the archive."""
    receipt = house.ledger.state(agreement).receipt
    assert receipt is not None
    return receipt.sha256


def test_a_pinned_agreement_is_held_where_its_very_bytes_are_archived(at, agreement):
    house = at("archived")
    digest = in_force(house, agreement)
    (use,) = pins_held(house, roadmap(agreement, digest))
    assert (use.path, use.agreement, use.sha256, use.archived_here) == (
        "partnership_agreement",
        agreement,
        digest,
        True,
    )


def test_another_digest_than_the_archived_one_is_a_fault_that_proposes_the_right_one(at, agreement):
    house = at("archived")
    with pytest.raises(InputError, match="not the one in force") as refusal:
        commands.request(house, roadmap(agreement, OTHERS), by=MANAGER)
    (fault,) = refusal.value.faults
    assert (fault.path, fault.read, fault.proposal) == (
        "partnership_agreement.sha256",
        OTHERS,
        in_force(house, agreement),
    )
    assert house.ledger.entries(agreement)[-1].entry.event.type == "deposited"


def test_an_agreement_that_is_not_archived_yet_cannot_be_rested_on(at, agreement):
    house = at("approved")
    with pytest.raises(InputError) as refusal:
        commands.request(house, roadmap(agreement, OTHERS), by=MANAGER)
    (fault,) = refusal.value.faults
    assert (fault.path, fault.message) == ("partnership_agreement.agreement", "is not in force")


def test_an_agreement_of_elsewhere_or_without_a_digest_is_taken_as_it_is(at, agreement):
    house = at("approved")
    (elsewhere,) = pins_held(house, roadmap("Grant Agreement 951159", OTHERS))
    (blank,) = pins_held(house, roadmap(agreement, None))
    assert (elsewhere.sha256, elsewhere.archived_here) == (OTHERS, False)
    assert (blank.sha256, blank.archived_here) == (None, False)


def test_what_rests_on_an_overtaken_document_says_so_and_is_not_approved(at, agreement):
    house = at("archived")
    plan = roadmap(agreement, in_force(house, agreement))
    number = AgreementId(commands.request(house, plan, by=MANAGER).state.agreement)
    draft(house, number, 1)
    assert overtaken(house, plan) == ()
    successor = with_base(example(EXAMPLE.stem), "supersedes", agreement, in_force(house, agreement))
    newer = archived(house, successor)
    assert overtaken(house, successor) == ()
    (sentence,) = overtaken(house, plan)
    assert f"({agreement}) was changed or replaced by {newer}" in sentence
    with pytest.raises(Refused, match="the document is stale") as refusal:
        commands.approve(house, number, draft=1, by=REVIEWER)
    assert newer in str(refusal.value)
    revised = type(plan).model_validate(plan.model_dump() | {"summary": ("Less is more.",)})
    commands.revise(house, number, revised, draft=1, by=MANAGER)
    draft(house, number, 2)
    assert sentence in read_word_file(kept_text(house, number, 2)).paragraphs
    pinned = roadmap(newer, in_force(house, newer))
    commands.revise(house, number, pinned, draft=2, by=MANAGER)
    draft(house, number, 3)
    assert sentence not in read_word_file(kept_text(house, number, 3)).paragraphs


def amendment(agreement: str, sha256: str, **values: object) -> Document:
    return with_base(example("amendment-mou-term"), "base", agreement, sha256, **values)


def notice(agreement: str, sha256: str, **values: object) -> Document:
    document = example("termination-mou-notice")
    deliveries = [
        delivery | {"received": stated("2022-06-27"), "proof": stated("Receipt of 27 June 2022")}
        for delivery in document.model_dump(mode="json")["deliveries"]
    ]
    return with_base(document, "base", agreement, sha256, deliveries=deliveries, **values)


def in_review(house: Installation, document: Document) -> tuple[AgreementId, int]:
    """Request a document, render it and confirm what is open; return its id and the number of its draft."""
    agreement = AgreementId(commands.request(house, document, by=MANAGER).state.agreement)
    draft(house, agreement, 1)
    paths = tuple(path for path, fact in open_facts(document) if fact.value is not None)
    number = commands.confirm_facts(house, agreement, paths, basis="minutes", by=MANAGER).state.draft
    draft(house, agreement, number)
    return agreement, number


def faults_of(house: Installation, document: Document) -> list[Fault]:
    with pytest.raises(InputError) as refusal:
        pins_held(house, document)
    return list(refusal.value.faults)


def test_a_terminated_agreement_is_in_force_until_its_last_day_is_over(at, agreement):
    house = at("archived")
    digest = in_force(house, agreement)
    plan, number = in_review(house, roadmap(agreement, digest))
    amended, amended_draft = in_review(house, amendment(agreement, digest))
    today = house.clock().date()
    termination = archived(house, notice(agreement, digest, effective=stated(today.isoformat())))
    assert overtaken(house, roadmap(agreement, digest)) == ()
    require_current(house, roadmap(agreement, digest), plan)
    house.clock.now += timedelta(days=1)
    (fault,) = faults_of(house, roadmap(agreement, digest))
    assert (fault.path, fault.message) == ("partnership_agreement.agreement", "was terminated")
    assert termination in fault.expected
    for waiting, draft_number in ((plan, number), (amended, amended_draft)):
        with pytest.raises(InputError, match="not the one in force"):
            commands.approve(house, waiting, draft=draft_number, by=REVIEWER)


def test_a_second_amendment_waits_for_the_first_and_pins_it(at, agreement):
    house = at("archived")
    digest = in_force(house, agreement)
    other = "The Parties add something else."
    changes = amendment(agreement, digest).model_dump(mode="json")["amended_clauses"]
    second = amendment(agreement, digest, amended_clauses=[*changes[:1], changes[1] | {"new": [other]}])
    waiting, number = in_review(house, second)

    first, first_draft = in_review(house, amendment(agreement, digest))
    commands.approve(house, first, draft=first_draft, by=REVIEWER)
    with pytest.raises(Refused, match="on its way") as refusal:
        commands.approve(house, waiting, draft=number, by=REVIEWER)
    assert first in str(refusal.value)

    to_the_archive(house, first, first_draft)
    with pytest.raises(InputError, match=f"was changed by {first}, which this document does not pin"):
        commands.approve(house, waiting, draft=number, by=REVIEWER)

    pins = [{"agreement": stated(first), "title": "First amendment", "sha256": stated(in_force(house, first))}]
    (fault,) = faults_of(house, amendment(agreement, digest, earlier=pins, amended_clauses=changes))
    assert (fault.path, fault.message) == ("amended_clauses[1].old[0]", f"does not stand in {agreement}")
    assert fault.proposal == changes[1]["new"][0]
    again = changes[1] | {"old": changes[1]["new"], "new": [other]}
    revised = amendment(agreement, digest, earlier=pins, amended_clauses=[again])
    assert [use.archived_here for use in pins_held(house, revised)] == [True, True]
    require_current(house, revised, waiting)


def test_what_alters_an_agreement_is_held_against_its_parties_and_its_words(at, agreement):
    house = at("archived")
    digest = in_force(house, agreement)
    right = amendment(agreement, digest)
    assert len(pins_held(house, right)) == len(pins_held(house, notice(agreement, digest))) == 1

    parties = right.model_dump(mode="json")["parties"]
    misspelt = parties[1]["legal_name"]["value"].replace("obchodní", "obchodni")
    changed = parties[1] | {"legal_name": stated(misspelt)}
    (fault,) = faults_of(house, amendment(agreement, digest, parties=[parties[0], changed]))
    assert (fault.path, fault.read) == ("parties[1].legal_name", misspelt)
    assert (fault.message, fault.proposal) == (f"is no party of {agreement}", parties[1]["legal_name"]["value"])

    changes = right.model_dump(mode="json")["amended_clauses"]
    old = changes[1]["old"][0]
    misquoted = changes[1] | {"old": [old.replace("31 August", "30 August")]}
    (fault,) = faults_of(house, amendment(agreement, digest, amended_clauses=[misquoted]))
    assert (fault.path, fault.proposal) == ("amended_clauses[0].old[0]", old)
    pins_held(house, amendment(agreement, digest, amended_clauses=[changes[1] | {"old": [old.replace(" ", "  ")]}]))

    for clause, nearest in (("clause 31.1", "clause 3"), ("clause 19 (Termination)", "clause 11 (Termination)")):
        (fault,) = faults_of(house, notice(agreement, digest, clause=clause))
        assert (fault.path, fault.message) == ("clause", f"is no clause of {agreement}")
        assert (fault.proposal or "").startswith(nearest)


def test_two_documents_do_not_take_the_place_of_one(at, agreement):
    house = at("archived")
    digest = in_force(house, agreement)
    successor = with_base(example(EXAMPLE.stem), "supersedes", agreement, digest)
    waiting, number = in_review(house, with_base(successor, "supersedes", agreement, digest, notice_days=31))
    newer = archived(house, successor)
    for refused in (
        lambda: pins_held(house, amendment(agreement, digest)),
        lambda: commands.approve(house, waiting, draft=number, by=REVIEWER),
    ):
        with pytest.raises(InputError, match=f"was superseded by {newer}"):
            refused()
