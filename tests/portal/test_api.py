"""The REST interface: the acts of the pages, with the same rights, under a personal token."""

from __future__ import annotations

import json

import pytest

from flows import commands
from flows.draft import draft
from portal.api.problems import answer_to
from schemas.documents import data_bytes
from schemas.errors import TooManyTries
from schemas.evidence import VerificationReport
from schemas.people import Role
from schemas.state import Stage
from tests.installation import FIRST, MANAGER, REVIEWER
from tests.portal.api_kit import Program
from tests.portal.kit import Portal
from tests.portal.test_routes import STRANGER, filled, ways

pytestmark = pytest.mark.office


@pytest.fixture(scope="module")
def standing(snapshots, tmp_path_factory):
    """One portal for all tests that change no agreement."""
    portal = Portal(snapshots, "in review", tmp_path_factory.mktemp("standing") / "home")
    yield portal
    portal.close()


def covers_of(portal):
    return portal.house.ledger.state(portal.agreement).content.model_dump()


def problem_of(answer, status):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert said["status"] == status
    assert said["type"].startswith("urn:convenio:problem:")
    return said


def test_without_a_token_nothing_is_answered_but_what_is_public(standing):
    portal = standing
    program, open_ones = Program(portal, None), []
    for way in ways():
        if way.path.startswith("/api/"):
            answer = program.client.request(way.method, filled(way.path, portal))
            if answer.status_code != 401:
                open_ones.append(str(way))
            else:
                assert problem_of(answer, 401)["remedy"]
    assert sorted(open_ones) == ["GET /api/v1/health", "GET /api/v1/openapi.json"]


@pytest.mark.parametrize("role", ["manager", "reviewer", "signatory", "auditor", "administrator"])
def test_who_may_not_ask_a_route_is_refused(standing, role):
    portal = standing
    held, program = {Role(role)} | ({Role.REVIEWER} if role == "manager" else set()), Program(portal, role)
    wrong = []
    for way in ways():
        (allowed,) = way.allowed
        if not way.path.startswith("/api/") or allowed.anybody or held & allowed.roles:
            continue
        answer = program.client.request(way.method, filled(way.path, portal), headers=program.headers)
        if answer.status_code != 403:
            wrong.append(f"{way}: {answer.status_code}")
    assert wrong == []


def test_a_session_is_no_token(standing):
    portal = standing
    assert portal.as_("manager").get("/api/v1/documents").status_code == 401


def test_the_token_of_a_closed_account_is_dead(standing):
    portal = standing
    program = Program(portal, "manager")
    assert program.get("/documents").status_code == 200
    commands.close_account(portal.house, MANAGER, by="administrator@example.org")
    problem_of(program.get("/documents"), 401)
    commands.reopen_account(portal.house, MANAGER, by="administrator@example.org")


def test_a_token_says_whose_it_is_and_ends_itself(standing):
    program = Program(standing, "auditor")
    assert program.get("/token").json()["person"]["roles"] == ["auditor"]
    assert program.delete("/token").status_code == 204
    problem_of(program.get("/token"), 401)


def test_using_a_token_is_noted(standing):
    portal = standing
    Program(portal, "auditor").get("/token")
    kept = portal.house.accounts.tokens_of("auditor@example.org")
    assert any(token.used_at is not None for token in kept)


def test_a_token_that_asks_too_often_waits(portal_at):
    from portal.api.pace import Pace

    portal = portal_at("in review")
    portal.app.state.api_pace = Pace(2)
    now = portal.clock.now.replace(second=0)
    portal.clock.now = now
    program = Program(portal, "auditor")
    assert [program.get("/token").status_code for _ in range(3)] == [200, 200, 429]
    answer = program.get("/token")
    assert 0 < int(answer.headers["retry-after"]) <= 60
    problem_of(answer, 429)


def test_what_was_tried_too_often_says_when_to_try_again():
    answer = answer_to(TooManyTries("too many tries", seconds=7))
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert b"urn:convenio:problem:too-many-tries" in answer.body


def test_documents_are_listed_page_by_page(portal_at):
    portal = portal_at("in review")
    program = Program(portal, "manager")
    data = json.loads(data_bytes(portal_document(portal)))
    data["title"] += " two"
    assert program.post("/documents", data).status_code == 201
    first = program.get("/documents?limit=1")
    page = first.json()
    assert len(page["items"]) == 1
    assert first.headers["link"] == f'<{page["next"]}>; rel="next"'
    second = program.client.get(page["next"], headers=program.headers).json()
    assert {one["id"] for one in page["items"] + second["items"]} == {row.id for row in portal.house.register.rows()}
    assert second["next"] is None


def portal_document(portal):
    from flows.act import data_of

    return data_of(portal.house, portal.house.ledger.state(portal.agreement).data)


def test_filters_and_cursors_that_name_nothing_are_faults(standing):
    program = Program(standing, "manager")
    assert problem_of(program.get("/documents?cursor=nowhere"), 422)["faults"][0]["path"] == "cursor"
    assert problem_of(program.get("/documents?stage=lost"), 422)["faults"][0]["path"] == "stage[0]"
    assert problem_of(program.get("/documents?type=poem"), 422)["faults"][0]["path"] == "type"
    assert problem_of(program.get("/documents?limit=1000"), 422)["faults"][0]["path"] == "limit"


def test_a_signatory_lists_and_reads_only_what_names_them(portal_at):
    portal = portal_at("signing")
    portal.house.people.add("stranger@example.org", "A signatory of nothing", [Role.SIGNATORY])
    own, stranger = Program(portal, FIRST), Program(portal, "stranger@example.org")
    assert [one["id"] for one in own.get("/documents").json()["items"]] == [portal.agreement]
    assert stranger.get("/documents").json()["items"] == []
    assert own.get(f"/documents/{portal.agreement}").status_code == 200
    problem_of(stranger.get(f"/documents/{portal.agreement}"), 404)
    assert own.get(f"/documents/{portal.agreement}/pdf").content.startswith(b"%PDF")
    problem_of(own.get(f"/documents/{portal.agreement}/data"), 404)
    problem_of(own.get(f"/documents/{portal.agreement}/pdf?draft=1"), 404)


def test_an_administrator_lists_documents_and_reads_none(standing):
    portal = standing
    program = Program(portal, "administrator")
    assert [one["id"] for one in program.get("/documents").json()["items"]] == [portal.agreement]
    problem_of(program.get(f"/documents/{portal.agreement}"), 404)


def test_a_request_names_every_fault_with_its_place(standing):
    portal = standing
    answer = Program(portal, "manager").post("/documents", b'{"type": "mou",\n "titel": 3}')
    said = problem_of(answer, 422)
    assert {"titel", "parties"} <= {fault["path"] for fault in said["faults"]}
    assert next(fault for fault in said["faults"] if fault["path"] == "titel")["line"] == 2
    assert portal.house.register.count() == 1


def test_a_request_gives_the_agreement_and_the_same_request_the_same_one(portal_at):
    portal = portal_at("in review")
    program, data = Program(portal, "manager"), json.loads(data_bytes(portal_document(portal)))
    content = json.dumps(data | {"title": data["title"] + " two"}).encode()
    first = program.post("/documents", content)
    assert first.status_code == 201, first.text
    agreement = first.json()["document"]["id"]
    assert first.headers["location"] == f"/api/v1/documents/{agreement}"
    assert first.json()["changed"]
    again = program.post("/documents", content)
    assert (again.json()["document"]["id"], again.json()["changed"]) == (agreement, False)
    problem_of(program.post("/documents", content, content_type="text/yaml"), 415)


def test_a_body_that_is_too_large_is_refused(standing):
    program = Program(standing, "manager")
    problem_of(program.post("/documents", b" " * (2 * 1024 * 1024 + 1)), 413)


def test_facts_are_confirmed_and_the_next_draft_approved_by_its_digests(portal_at):
    portal = portal_at("in review")
    manager, reviewer = Program(portal, "manager"), Program(portal, REVIEWER)
    path = f"/documents/{portal.agreement}"
    is_open = [fact["path"] for fact in manager.get(f"{path}/facts").json() if fact["is_open"]]
    assert is_open
    problem_of(reviewer.post(f"{path}/approvals", {"draft": 1, "covers": covers_of(portal)}), 409)
    confirmed = manager.post(f"{path}/confirmations", {"draft": 1, "basis": "the registers were read"})
    assert confirmed.json()["document"]["draft"] == 2
    draft(portal.house, portal.agreement, 2)
    shown = reviewer.get(path).json()["content"]
    wrong = shown | {"pdf": STRANGER}
    stale = problem_of(reviewer.post(f"{path}/approvals", {"draft": 2, "covers": wrong}), 409)
    assert stale["type"] == "urn:convenio:problem:stale-base"
    approved = reviewer.post(f"{path}/approvals", {"draft": 2, "covers": shown})
    assert approved.json()["document"]["stage"] == Stage.APPROVED
    assert approved.json()["document"]["approvals"][0]["covers"] == shown


def test_who_wrote_a_draft_does_not_approve_it(portal_at):
    portal = portal_at("second draft")
    path = f"/documents/{portal.agreement}/approvals"
    said = problem_of(Program(portal, "manager").post(path, {"draft": 2, "covers": covers_of(portal)}), 409)
    assert said["type"] == "urn:convenio:problem:four-eyes"


@pytest.mark.parametrize(("way", "stage"), [("returns", Stage.RETURNED), ("rejections", Stage.ENDED)])
def test_a_draft_is_decided_against_with_a_comment(portal_at, way, stage):
    portal = portal_at("second draft")
    program, path = Program(portal, REVIEWER), f"/documents/{portal.agreement}/{way}"
    sent = {"draft": 2, "covers": covers_of(portal), "comment": "The term is missing.\nPlease add it."}
    assert program.post(path, sent).json()["document"]["stage"] == stage
    assert not program.post(path, sent).json()["changed"]


def test_what_changed_since_it_was_read_is_not_acted_on(portal_at):
    portal = portal_at("second draft")
    program, path = Program(portal, "manager"), f"/documents/{portal.agreement}"
    read = program.get(path).headers["etag"]
    commands.return_draft(portal.house, portal.agreement, draft=2, by=REVIEWER, comment="Please look again.")
    late = program.post(f"{path}/withdrawals", {"reason": "it is not needed"}, if_match=read)
    problem_of(late, 412)
    assert portal.house.ledger.state(portal.agreement).stage is Stage.RETURNED
    now = late.headers["etag"]
    assert program.post(f"{path}/withdrawals", {"reason": "it is not needed"}, if_match=f'"0", {now}').json()["changed"]


def test_data_is_given_anew(portal_at):
    portal = portal_at("second draft")
    program, path = Program(portal, "manager"), f"/documents/{portal.agreement}"
    data = json.loads(program.get(f"{path}/data").content)
    data["title"] += ", amended"
    revised = program.post(f"{path}/revisions?draft=2", data)
    assert revised.json()["document"]["draft"] == 3, revised.text
    assert revised.headers["etag"] == f'"{revised.json()["document"]["counter"]}"'
    data["title"] += " again"
    problem_of(program.post(f"{path}/revisions?draft=2", data), 409)


def test_signatories_are_reminded_and_more_time_is_given_only_where_there_is_a_last_day(portal_at):
    portal = portal_at("signing")
    program, path = Program(portal, "manager"), f"/documents/{portal.agreement}"
    assert program.post(f"{path}/reminders").json() == {"reminded": 1, "reminded_before": 0}
    assert program.post(f"{path}/reminders").json() == {"reminded": 0, "reminded_before": 1}
    later = program.post(f"{path}/extensions", {"sign_by": "2090-01-31", "reason": "a signatory travels"})
    assert problem_of(later, 409)["type"] == "urn:convenio:problem:refused-transition"


def test_files_timeline_and_signatures_are_read(portal_at):
    portal = portal_at("signed once")
    program, path = Program(portal, "auditor"), f"/documents/{portal.agreement}"
    pdf = program.get(f"{path}/pdf?draft=1")
    assert pdf.content.startswith(b"%PDF")
    assert pdf.headers["content-disposition"] == f'attachment; filename="{portal.agreement}-pdf-draft-1.pdf"'
    assert program.get(f"{path}/docx").content.startswith(b"PK")
    assert "template" in program.get(f"{path}/manifest").json()
    problem_of(program.get(f"{path}/pdf?draft=9"), 404)
    assert program.get(f"{path}/timeline").json()[0]["what"].startswith("requested")
    first, second = program.get(f"{path}/signatures").json()
    assert (first["way"], first["turn"]) == ("pkcs12", 1)
    assert second["signed_at"] is None


def test_the_dossier_is_given_and_verified(portal_at):
    portal = portal_at("archived")
    program = Program(portal, "auditor")
    dossier = program.post(f"/documents/{portal.agreement}/dossier")
    assert dossier.headers["content-type"] == "application/zip"
    verified = program.post("/verifications", dossier.content, content_type="application/zip")
    report = VerificationReport.model_validate(verified.json()["report"])
    assert report.verdict == verified.json()["verdict"]
    assert [one.reason for one in report.findings if one.verdict == "invalid"] == []
    neither = program.post("/verifications", b"neither", content_type="application/octet-stream")
    assert problem_of(neither, 422)["faults"][0]["path"] == "file"
    problem_of(program.post("/verifications", b"%PDF", content_type="text/html"), 415)


def test_the_ledger_is_proven(portal_at):
    portal = portal_at("archived")
    program = Program(portal, "auditor")
    head = program.get("/ledger/head").json()
    size = head["checkpoint"]["tree_size"]
    leaf = program.get("/ledger/leaves/0").json()
    assert (leaf["tree_size"], leaf["root"]) == (size, head["checkpoint"]["root"])
    assert program.get(f"/ledger/consistency?from=1&to={size}").json()["proof"]["new_size"] == size
    problem_of(program.get(f"/ledger/leaves/{size + 100}"), 404)
    problem_of(program.get(f"/ledger/consistency?from=2&to={size + 100}"), 409)


def test_people_are_added_and_given_roles(standing):
    portal = standing
    program = Program(portal, "administrator")
    added = program.post("/people", {"email": "new@example.org", "name": "New", "roles": ["manager"]})
    assert added.status_code == 201, added.text
    path = added.headers["location"].removeprefix("/api/v1")
    given = program.post(f"{path}/roles", {"roles": ["reviewer"], "offices": ["legal"]})
    assert (given.json()["roles"], given.json()["offices"]) == (["reviewer"], ["legal"])
    assert program.post(f"{path}/invitations").status_code == 204
    assert "new@example.org" in {one["email"] for one in program.get("/people").json()}
    problem_of(program.get("/people/000000000000"), 404)
    twice = program.post("/people", {"email": "new@example.org", "name": "New", "roles": ["manager"]})
    assert problem_of(twice, 422)["faults"][0]["path"] == "email"


def test_what_is_not_there_is_a_problem_too(standing):
    program = Program(standing, "manager")
    problem_of(program.get("/nothing"), 404)
    wrong = program.client.put("/api/v1/token", headers=program.headers)
    problem_of(wrong, 405)
    assert "GET" in wrong.headers["allow"]


def test_types_of_documents_have_schemas(standing):
    program = Program(standing, "manager")
    for line in program.get("/document-types").json():
        schema = program.client.get(line["schema_at"], headers=program.headers).json()
        assert "parties" in schema["properties"]
    problem_of(program.get("/document-types/poem"), 404)
