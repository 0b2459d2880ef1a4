"""Requests with a key: the first answer is given again, whatever happened in between."""

from __future__ import annotations

from datetime import timedelta

import pytest

from archive.database import reading
from archive.idempotency import LOST_AFTER, Begun, Kept
from archive.program_tables import idempotent_answers
from schemas.evidence import digest_of
from tests.portal.api_kit import Program
from tests.portal.test_api import problem_of

pytestmark = pytest.mark.office

KEY = '"8e03978e-40d5-43e8-bc93-6894a57f9324"'
PERSON = {"email": "new@example.org", "name": "New", "roles": ["manager"]}


@pytest.fixture
def portal(portal_at):
    return portal_at("requested")


@pytest.fixture
def program(portal):
    return Program(portal, "administrator")


def kept(portal):
    with reading(portal.house.engine) as connection:
        return connection.execute(idempotent_answers.select()).mappings().all()


def test_the_first_answer_is_given_again(portal, program):
    first = program.post("/people", PERSON, idempotency_key=KEY)
    size = portal.house.ledger.size
    again = program.post("/people", PERSON, idempotency_key=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["location"] == first.headers["location"]
    assert ("idempotent-replayed" in first.headers, again.headers["idempotent-replayed"]) == (False, "true")
    assert portal.house.ledger.size == size


def test_a_refusal_is_given_again_as_well(program):
    first = program.post("/people", PERSON | {"email": "nobody"}, idempotency_key=KEY)
    problem_of(first, 422)
    again = program.post("/people", PERSON | {"email": "nobody"}, idempotency_key=KEY)
    assert (again.content, again.headers["content-type"]) == (first.content, first.headers["content-type"])
    assert "idempotent-replayed" in again.headers


def test_another_request_under_the_same_key_is_refused(program):
    program.post("/people", PERSON, idempotency_key=KEY)
    said = problem_of(program.post("/people", PERSON | {"name": "Another"}, idempotency_key=KEY), 422)
    assert said["type"] == "urn:convenio:problem:idempotency-key"


def test_the_key_of_one_person_is_nothing_to_another(portal, program):
    program.post("/people", PERSON, idempotency_key=KEY)
    portal.house.people.add("second@example.org", "Second administrator", ["administrator"])
    other = Program(portal, "second@example.org").post("/people", PERSON, idempotency_key=KEY)
    assert problem_of(other, 422)["faults"][0]["path"] == "email"


def test_a_key_that_cannot_be_read_is_refused(program):
    problem_of(program.post("/people", PERSON, idempotency_key="two words"), 400)
    problem_of(program.post("/people", PERSON, idempotency_key="x" * 300), 400)


def test_what_broke_may_be_tried_under_the_same_key(portal, program, monkeypatch):
    program.client.app.state.house = portal.house
    with monkeypatch.context() as patched:
        patched.setattr("flows.commands.enrol", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            program.post("/people", PERSON, idempotency_key=KEY)
    assert kept(portal) == []
    assert program.post("/people", PERSON, idempotency_key=KEY).status_code == 201


def test_a_second_request_waits_while_the_first_is_answered(portal, program, monkeypatch):
    from flows import commands

    enrol, seen = commands.enrol, []

    def slow(*given, **named):
        seen.append(program.post("/people", PERSON, idempotency_key=KEY))
        return enrol(*given, **named)

    monkeypatch.setattr("flows.commands.enrol", slow)
    assert program.post("/people", PERSON, idempotency_key=KEY).status_code == 201
    (during,) = seen
    problem_of(during, 409)
    assert during.headers["retry-after"] == "1"


def test_what_was_cut_off_may_be_begun_anew_and_nothing_is_kept_longer_than_a_day(portal):
    answers, now, key, asked = portal.house.idempotent_answers, portal.clock(), digest_of(b"key"), digest_of(b"asked")
    assert answers.begin(key, asked, now=now) is Begun.BEGUN
    assert answers.begin(key, asked, now=now + LOST_AFTER - timedelta(seconds=1)) is Begun.UNDER_WAY
    assert answers.begin(key, asked, now=now + LOST_AFTER) is Begun.BEGUN
    answers.keep(key, b"answer")
    assert answers.begin(key, asked, now=now + timedelta(hours=23)) == Kept(b"answer")
    assert answers.begin(key, asked, now=now + timedelta(hours=25)) is Begun.BEGUN


def test_answers_are_kept_encrypted_and_keys_hashed(portal, program):
    program.post("/people", PERSON, idempotency_key=KEY)
    (row,) = kept(portal)
    assert b"new@example.org" not in row["answer"]
    assert KEY.strip('"') not in str(dict(row))
