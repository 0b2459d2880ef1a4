from __future__ import annotations

import json
from dataclasses import replace

import pytest

from archive.canonical_zip import read_canonical
from archive.dossier import build_dossier
from archive.record import AddressOpening
from schemas.evidence import Verdict, canonical_json, digest_of
from tests.archive.complete_history import (
    OTHER_REVIEWER,
    REVIEWER,
    SIGNATORIES,
    SIGNERS,
    clicked,
    complete,
    conclude,
    prepared,
    signed,
)
from tests.archive.verifying import refused, rewritten, verify


@pytest.fixture(scope="module")
def dossier():
    return build_dossier(complete().contents())


@pytest.fixture(scope="module")
def members(dossier):
    return read_canonical(dossier)


def test_erased_people_leave_every_proof_standing():
    contents = complete().contents()
    erased = replace(contents, people=[p for p in contents.people if p != REVIEWER], remarks=())
    report = verify(build_dossier(erased))
    assert report.verdict is Verdict.VALID
    reasons = {found.part: found.reason for found in report.findings}
    assert reasons["people"].startswith("3 of 4 people who acted are opened")
    assert reasons["remarks"].startswith("0 of 1 comments are opened")


def test_a_withheld_name_cannot_be_put_back_differently(members):
    people = json.loads(members["people.json"])
    people[REVIEWER.commitment]["name"] = "Somebody Else"
    changed = rewritten(members, **{"people.json": canonical_json(people)})
    refused(verify(changed), "people", "does not fit its commitment", "people.json")


def test_an_opening_of_somebody_who_did_not_act_is_refused(members):
    people = json.loads(members["people.json"]) | {OTHER_REVIEWER.commitment: OTHER_REVIEWER.model_dump()}
    refused(verify(rewritten(members, **{"people.json": canonical_json(people)})), "people", "belongs to no entry")


def test_another_comment_is_refused(members):
    remarks = json.loads(members["remarks.json"])
    next(iter(remarks.values()))["text"] = "No objection."
    refused(verify(rewritten(members, **{"remarks.json": canonical_json(remarks)})), "remarks", "does not fit")


def test_a_signature_by_somebody_the_document_does_not_name_is_refused():
    signer = {**SIGNERS, "ccvcc": SIGNERS["gssc"]}
    refused(
        verify(build_dossier(complete(signer=signer).contents())), "people", "another person signed than the document"
    )


ADDRESS = AddressOpening(mail=SIGNERS["ccvcc"].email, salt=digest_of(b"salt of the address"))


def by_click(address=ADDRESS):
    story, pdf = prepared()
    pdf = signed(story, pdf, SIGNATORIES[0])
    pdf = clicked(story, pdf, SIGNATORIES[1], address)
    conclude(story, pdf, base=digest_of(pdf))
    return replace(story.contents(), addresses=(address,))


def told(report):
    return next(found.reason for found in report.findings if found.part == "openings")


def test_where_the_clicked_link_was_sent_is_opened_and_verified():
    dossier = build_dossier(by_click())
    assert json.loads(read_canonical(dossier)["openings.json"]) == {ADDRESS.commitment: ADDRESS.model_dump()}
    report = verify(dossier)
    assert report.verdict is Verdict.VALID
    assert told(report) == "all 1 addresses that links to sign were sent to are the ones the entries commit to"


def test_an_erased_address_is_said_to_be_missing():
    report = verify(build_dossier(replace(by_click(), addresses=())))
    assert report.verdict is Verdict.VALID
    assert told(report).startswith(
        "0 of 1 addresses that links to sign were sent to are opened; the others were erased"
    )


def test_a_link_that_went_to_another_address_is_refused():
    elsewhere = ADDRESS.model_copy(update={"mail": "somebody@else.example"})
    refused(verify(build_dossier(by_click(elsewhere))), "openings", "sent to another address", "openings.json")


def test_another_address_than_the_record_commits_to_is_refused():
    members = read_canonical(build_dossier(by_click()))
    openings = {ADDRESS.commitment: ADDRESS.model_dump() | {"mail": "somebody@else.example"}}
    changed = rewritten(members, **{"openings.json": canonical_json(openings)})
    refused(verify(changed), "openings", "does not fit its commitment", "openings.json")


def test_an_address_of_no_record_is_refused(members):
    openings = {ADDRESS.commitment: ADDRESS.model_dump()}
    refused(
        verify(rewritten(members, **{"openings.json": canonical_json(openings)})), "openings", "belongs to no entry"
    )
