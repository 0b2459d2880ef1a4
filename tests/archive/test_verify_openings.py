from __future__ import annotations

import json
from dataclasses import replace

import pytest

from archive.canonical_zip import read_canonical
from archive.dossier import build_dossier
from schemas.evidence import Verdict, canonical_json
from tests.archive.complete_history import (
    OTHER_REVIEWER,
    REVIEWER,
    SIGNERS,
    complete,
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
