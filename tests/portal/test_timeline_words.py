from __future__ import annotations

from datetime import UTC, date, datetime
from typing import get_args

import pytest

from archive.database import writing
from archive.layout import data_key
from archive.personal import erase_person
from flows import commands
from flows.collect import collect
from flows.timeline import Act
from portal.language import LANGUAGES, language_for
from portal.timeline_words import lines_of, told
from schemas import events as ev, installation_events
from schemas.errors import DigestMismatch, StoreUnavailable
from schemas.evidence import DepositReceipt
from schemas.people import Actor, Office, Person, Role
from schemas.signature import LegalEffect, SigningWay
from tests.flows.test_delegation import DELEGATE, NAME, confirm, delegate
from tests.installation import FIRST, PASSPHRASE, certificate

D = "0" * 64
AT, DAY = datetime(2026, 11, 30, 12, tzinfo=UTC), date(2026, 12, 31)
WHO_SIGNS = "Signatory for the GSSC partnership"
WHOSE = "for-gssc"
COVERED = ev.Covered(data=D, template=D, manifest=D, docx=D, pdf=D)
RECEIPT = DepositReceipt(store="directory", key="x", sha256=D, size_bytes=1)
PROPOSAL = {
    "title": "T",
    "data": D,
    "signatories": (WHOSE,),
    "offices": (Office.LEGAL,),
    "open_facts": (),
    "template": D,
}
SIGNED = ev.Signed(signatory=WHOSE, base=D, pdf=D, certificate=D)

EVENTS = (
    ev.Requested(**PROPOSAL, document_type="mou", template_version=1),
    ev.Revised(**PROPOSAL, draft=2, reason=ev.RevisionReason.AMENDED),
    ev.Revised(**PROPOSAL, draft=2, reason=ev.RevisionReason.CONFIRMED),
    ev.Revised(
        **PROPOSAL,
        draft=2,
        reason=ev.RevisionReason.AMENDED,
        voids=(ev.VoidedSignature(signatory=WHOSE, pdf=D),),
    ),
    ev.Edited(draft=2, data=D, base=D, docx=D, remark=D),
    ev.Drafted(draft=1, content=COVERED),
    ev.Approved(draft=1, office=Office.FINANCE, covers=COVERED),
    ev.Returned(draft=1, covers=COVERED, remark=D),
    ev.Rejected(draft=1, covers=COVERED, remark=D),
    ev.Prepared(draft=1, base=D, pdf=D),
    ev.Invited(signatory=WHOSE, pdf=D),
    SIGNED,
    SIGNED.model_copy(update={"way": SigningWay.PAPER, "effect": LegalEffect.SCANNED}),
    ev.Delegated(signatory=WHOSE, delegate=D, authority=D, remark=D),
    ev.DelegationConfirmed(signatory=WHOSE, delegate=D, authority=D),
    ev.DelegationRevoked(signatory=WHOSE, remark=D),
    ev.Concluded(base=D, pdf=D, report=D, level="B-LTA"),
    ev.Deposited(receipt=RECEIPT),
    ev.Renewed(base=D, pdf=D, report=D, level="B-LTA", receipt=RECEIPT),
    ev.BalancePaid(paid_on=DAY, small_grant=False, until=DAY, remark=D),
    ev.RetentionExtended(until=DAY, remark=D),
    ev.HoldPlaced(remark=D),
    ev.HoldReleased(remark=D),
    ev.DisposalProposed(listing=D, remark=D),
    ev.Disposed(receipts=(RECEIPT,), certificate=D, remark=D),
    ev.Lapsed(sign_by=DAY),
    ev.Extended(sign_by=DAY, remark=D),
    ev.Withdrawn(remark=D),
    ev.Declined(signatory=WHOSE, remark=D),
)


def names(data):
    return {WHOSE: "The president"}


def of(portal):
    return lines_of(portal.house, language_for("en", ""), portal.agreement)


def act_of(event, *, as_delegate=False, delegate=None):
    actor = Actor(role=Role.MANAGER, person=D)
    entry = ev.Entry(op_id=D, agreement="MOU-2026-0001", counter=0, occurred_at=AT, actor=actor, event=event)
    return Act(entry, 0, None, delegate, as_delegate, D, D, None)


def test_there_is_a_sentence_for_everything_that_can_happen_to_an_agreement():
    every = set(get_args(get_args(ev.Event)[0]))
    of_the_installation = {kind for kind in every if kind.__module__ == installation_events.__name__}
    assert {type(event) for event in EVENTS} == every - of_the_installation


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_sentence_is_in_the_visitors_language_and_names_nobody_by_an_id(code):
    english, language = language_for("en", ""), language_for(code, "")
    for event in EVENTS:
        for as_delegate in (False, True):
            act = act_of(event, as_delegate=as_delegate)
            said = told(language, act, names)
            assert said
            assert "for-gssc" not in said
            assert "%(" not in said
            assert D[:12] not in said
            assert (said == told(english, act, names)) == (code == "en"), said


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (act_of(EVENTS[0]), "requested the document: Memorandum of understanding"),
        (act_of(EVENTS[3]), "made draft 2 with changed data; void are the signatures of: The president"),
        (act_of(EVENTS[6]), "approved draft 1 for Finance"),
        (act_of(SIGNED), "signed (advanced electronic signature)"),
        (
            act_of(SIGNED, as_delegate=True),
            "signed as delegate of The president (advanced electronic signature)",
        ),
        (act_of(EVENTS[12]), "recorded the paper original signed for The president"),
        (
            act_of(EVENTS[13], delegate=Person(email="a@example.org", name="The deputy", roles=(), salt=D)),
            "named The deputy to sign for The president",
        ),
        (act_of(EVENTS[14]), "confirmed that somebody erased signs for The president"),
        (act_of(ev.Extended(sign_by=DAY, remark=D)), "moved the last day to sign to 31 December 2026"),
    ],
)
def test_a_sentence_says_what_was_done(act, said):
    assert told(language_for("en", ""), act, names) == said


def test_who_was_erased_is_named_by_no_sentence(portal_at):
    portal = portal_at("archived")
    asked = [line.what for line in of(portal)][6]
    assert asked == f"asked {WHO_SIGNS} to sign"
    with writing(portal.house.engine) as connection:
        erase_person(connection, FIRST)
    lines = of(portal)
    assert lines[6].what == "asked a signatory to sign"
    assert (lines[7].who, lines[7].role) == ("somebody erased", "Signatory")


def test_names_are_looked_up_only_for_what_names_somebody():
    def no_names(data):
        raise AssertionError("asked for names")

    named = {ev.Invited, ev.Delegated, ev.DelegationConfirmed, ev.DelegationRevoked}
    for event in EVENTS:
        if type(event) in named or getattr(event, "voids", ()) or getattr(event, "way", None) is SigningWay.PAPER:
            continue
        assert told(language_for("en", ""), act_of(event), no_names)


def test_people_are_loaded_once_for_a_timeline(portal_at, monkeypatch):
    portal = portal_at("second draft")
    people, loaded = portal.house.people.everyone(), []
    monkeypatch.setattr(portal.house.people, "everyone", lambda: loaded.append(1) or people)
    assert of(portal)
    assert len(loaded) == 1


def test_data_that_was_altered_is_no_data_that_was_erased(portal_at):
    portal = portal_at("second invited")
    state = portal.house.ledger.state(portal.agreement)
    path = portal.house.home / "objects" / data_key(state.data)
    path.chmod(0o600)
    path.write_bytes(b"other")
    with pytest.raises(DigestMismatch):
        of(portal)


def test_a_store_that_is_down_is_no_data_that_was_erased(portal_at, monkeypatch):
    portal = portal_at("second invited")

    def down(key):
        raise StoreUnavailable("the object store did not answer", where=key)

    monkeypatch.setattr(portal.house.store, "get", down)
    with pytest.raises(StoreUnavailable):
        of(portal)


def test_a_delegate_is_told_by_name_from_the_naming_to_the_signature(portal_at):
    portal = portal_at("signing")
    house, agreement = portal.house, portal.agreement
    delegate(house, agreement)
    confirm(house, agreement)
    collect(house, agreement, 0)
    commands.sign(house, agreement, by=DELEGATE, p12=certificate(house, DELEGATE, NAME), passphrase=PASSPHRASE)
    assert [(line.who, line.what) for line in of(portal)][7:] == [
        (WHO_SIGNS, f"named {NAME} to sign for {WHO_SIGNS}"),
        ("Reviewer", f"confirmed that {NAME} signs for {WHO_SIGNS}"),
        ("Convenio", f"asked {WHO_SIGNS} to sign"),
        (NAME, f"signed as delegate of {WHO_SIGNS} (advanced electronic signature)"),
    ]
