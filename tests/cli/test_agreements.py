from __future__ import annotations

import json
from pathlib import Path

import pytest

from flows.draft import draft
from flows.settings import Settings
from flows.wiring import Installation
from schemas.types.mou import Memorandum
from tests.installation import EXAMPLE, FIRST, MANAGER, REVIEWER

EIGHT_FAULTS = Path(__file__).with_name("eight-faults.yaml")

pytestmark = pytest.mark.office


def test_a_sound_file_is_called_sound_with_what_is_open(run):
    answer = run("check", EXAMPLE)
    assert answer.code == 0
    assert "is a sound mou" in answer.out
    assert "open: parties[0].legal_name is assumed, Manager of the GSSC partnership confirms it" in answer.out


def test_checking_needs_no_home_and_makes_none(run, tmp_path):
    assert run("check", EXAMPLE).code == 0
    assert not (tmp_path / "nowhere").exists()


def test_a_file_with_eight_faults_is_told_all_eight_with_their_lines(run):
    answer = run("check", EIGHT_FAULTS)
    assert answer.code == 2
    first, *faults = answer.err.splitlines()
    assert first == "eight-faults.yaml has 8 faults"
    text = EIGHT_FAULTS.read_text().splitlines()
    on_these_lines = ["222.202", "EL", "Vision Zero", "O6", "[insert]", "confidential_years", "October 21", "thirty"]
    assert len(faults) == 8
    for fault, written in zip(faults, on_these_lines, strict=True):
        number = int(fault.split("line ")[1].split(",")[0])
        assert written in " ".join(text[number - 1 : number + 1])
        assert written in fault


def test_the_eight_faults_are_json_too(run):
    answer = run("check", EIGHT_FAULTS, "--json")
    assert answer.code == 2
    assert answer.err == ""
    assert len(answer.json["faults"]) == 8
    assert all(fault["line"] for fault in answer.json["faults"])


def test_a_near_miss_of_a_name_is_advice_and_no_fault(run, tmp_path):
    path = tmp_path / "mou.yaml"
    path.write_text(EXAMPLE.read_text().replace("  - The GSSC partnership joins", "  - Nanoprogres, z.s. joins", 1))
    answer = run("check", path)
    assert answer.code == 0
    assert "note: " in answer.out
    assert len(run("check", path, "--json").json["notes"]) == 1


def test_the_schema_is_the_models(run):
    answer = run("schema", "mou")
    assert answer.code == 0
    assert answer.json == Memorandum.model_json_schema()
    assert run("schema", "letter").code == 2


def test_an_empty_register_says_how_to_begin(run, tmp_path):
    fresh = ("--home", tmp_path / "fresh")
    assert "convenio people add" in run("list", *fresh).err
    run("people", "add", MANAGER, "--role", "manager", *fresh)
    answer = run("list", *fresh)
    assert answer.code == 0
    assert "convenio new FILE" in answer.out


def test_new_requests_once(run, home_at, tmp_path):
    home_at("requested")
    path = tmp_path / "mou.yaml"
    path.write_text(EXAMPLE.read_text().replace("notice_days: 30", "notice_days: 90"))
    first = run("new", path, "--as", MANAGER, "--json")
    assert first.code == 0
    assert first.json["agreement"].endswith("-0002")
    assert first.json["changed"] is True
    again = run("new", path, "--as", MANAGER)
    assert "was requested already" in again.out


def test_new_waits_for_the_draft_and_tells_where_it_then_stands(run, home_at, agreement, monkeypatch, warm_office):
    home = home_at("requested")

    def rendered(house: Installation, due: str, *_: object, **__: object):
        worker = Installation(Settings(home=home))
        worker.__dict__["office"] = warm_office
        draft(worker, due, 1)
        worker.engine.dispose()
        return house.ledger.state(due)

    monkeypatch.setattr("flows.queries.wait_until", rendered)
    alone = run("new", EXAMPLE, "--as", MANAGER, "--wait")
    assert (alone.code, "convenio up" in alone.err) == (3, True)
    monkeypatch.setattr("flows.up.is_up", lambda _house: True)
    answer = run("new", EXAMPLE, "--as", MANAGER, "--wait", "--json")
    assert (answer.code, answer.json["stage"]) == (0, "in review")
    assert "waiting for draft 1" in answer.err


def test_a_file_with_faults_requests_nothing(run, home_at):
    home_at("requested")
    assert run("new", EIGHT_FAULTS, "--as", MANAGER).code == 2
    assert len(run("list", "--json").json) == 1


def test_list_and_show_say_whom_an_agreement_waits_for(run, home_at, agreement):
    home_at("signing")
    listed = run("list", "--json").json
    assert [(row["id"], row["stage"], row["waits_for"]) for row in listed] == [
        (agreement, "signing", ["signatory:for-gssc"])
    ]
    assert "signatory:for-gssc" in run("list").out
    assert run("list", "--stage", "archived", "--json").json == []
    assert run("list", "--stage", "lost").code == 2
    shown = dict(line.split(maxsplit=2)[1:] for line in run("show", agreement).out.splitlines() if "waits for" in line)
    assert shown == {"for": "signatory:for-gssc"}
    assert run("show", agreement, "--json").json["stage"] == "signing"


def test_a_mistyped_agreement_is_answered_with_the_nearest(run, home_at, agreement):
    home_at("in review")
    answer = run("show", agreement.replace("-0001", "-0010"))
    assert answer.code == 1
    assert agreement in answer.err
    refused = run("show", "nothing", "--json")
    assert (refused.code, refused.json["error"]) == (1, "Refused")


def test_a_timeline_has_every_entry(run, home_at, agreement):
    home_at("archived")
    answer = run("timeline", agreement)
    assert answer.code == 0
    assert len(answer.out.splitlines()) == 1 + 12
    assert "approved draft 2 for legal" in answer.out
    assert [row["what"] for row in run("timeline", agreement, "--json").json][-1] == "deposited"


def test_revise_and_withdraw(run, home_at, agreement, tmp_path):
    home_at("in review")
    path = tmp_path / "mou.yaml"
    path.write_text(EXAMPLE.read_text().replace("notice_days: 30", "notice_days: 60"))
    answer = run("revise", agreement, path, "--draft", 1, "--as", MANAGER, "--json")
    assert (answer.json["stage"], answer.json["draft"]) == ("requested", 2)
    assert run("withdraw", agreement, "--as", MANAGER, "--comment", " ").code == 2
    assert run("withdraw", agreement, "--as", MANAGER, "--comment", "The partner left.").code == 0
    assert "ended" in run("list").out


def test_facts_are_listed_with_their_claims_and_confirmed_by_path(run, home_at, agreement):
    home_at("in review")
    listed = run("facts", "list", agreement)
    assert "catalogue of SMEs says: 5 project partner countries" in listed.out
    facts = run("facts", "list", agreement, "--json").json
    assert facts["parties[0].seat"]["value"] == "Pardubice"
    assert run("facts", "confirm", agreement, "--as", MANAGER, "--basis", "x").code == 2
    wrong = run("facts", "confirm", agreement, "parties[0].seet", "--as", MANAGER, "--basis", "register", "--json")
    assert wrong.code == 2
    assert "parties[0].seat" in json.dumps(wrong.json)
    answer = run("facts", "confirm", agreement, "parties[0].seat", "--as", MANAGER, "--basis", "register", "--json")
    assert (answer.code, answer.json["draft"]) == (0, 2)
    assert "parties[0].seat" not in run("facts", "list", agreement, "--json").json


def test_when_every_fact_is_confirmed_it_says_so(run, home_at, agreement):
    home_at("second draft")
    assert run("facts", "list", agreement).out == f"No fact of {agreement} is open.\n"
    assert run("facts", "list", agreement, "--json").json == {}


def test_who_acts_may_stand_in_the_environment(run, home_at, agreement, monkeypatch):
    home_at("second draft")
    assert run("review", "approve", agreement, "--draft", 2).code == 2
    monkeypatch.setenv("CONVENIO_AS", REVIEWER)
    assert run("review", "approve", agreement, "--draft", 2).code == 0


def test_reviews_are_refused_by_name(run, home_at, agreement):
    home_at("second draft")
    own = run("review", "approve", agreement, "--draft", 2, "--as", MANAGER, "--json")
    assert (own.code, own.json["error"]) == (1, "FourEyes")
    stale = run("review", "reject", agreement, "--draft", 1, "--as", REVIEWER, "--comment", "Old.", "--json")
    assert (stale.code, stale.json["error"]) == (1, "StaleBase")
    stranger = run("review", "approve", agreement, "--draft", 2, "--as", FIRST, "--json")
    assert (stranger.code, stranger.json["error"]) == (1, "NotAuthorised")
    answer = run("review", "return", agreement, "--draft", 2, "--as", REVIEWER, "--comment", "Longer.", "--json")
    assert (answer.code, answer.json["stage"]) == (0, "returned")


def test_a_rejected_agreement_ends(run, home_at, agreement):
    home_at("second draft")
    answer = run("review", "reject", agreement, "--draft", 2, "--as", REVIEWER, "--comment", "No mandate.", "--json")
    assert (answer.code, answer.json["stage"]) == (0, "ended")


def test_a_last_day_that_is_over_is_no_sound_file(run, tmp_path):
    late = tmp_path / "late.yaml"
    late.write_bytes(EXAMPLE.read_bytes() + b"\nsigning:\n  sign_by: 2020-01-31\n")
    answer = run("check", late)
    assert answer.code == 2
    assert "signing.sign_by: is over already; read 2020-01-31" in answer.err
