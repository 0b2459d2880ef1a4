"""What Prefect shows of the demonstration's way, and agreements that are started from Prefect's own form."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.error import HTTPError

import pytest
import pytest_socket

from flows.queries import wait_until
from flows.settings import Settings
from flows.up import services
from flows.wiring import Installation
from schemas.evidence import AgreementId
from schemas.state import Stage
from tests.flows.orchestration.conftest import Running, free_port, wait_until as wait_until_it_holds
from tests.installation import EXAMPLE

pytestmark = [
    pytest.mark.prefect,
    pytest.mark.office,
    pytest.mark.slow,
    pytest.mark.xdist_group("prefect"),
    pytest.mark.timeout(900),  # one fixture does the whole way
]

STAGES = {"draft", "prepare", "collect", "conclude", "publish"}
ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")

OTHER_TITLE = "Memorandum of Understanding that was asked for in the form"

BAD = """\
type: mou
language: xx
notice_days: many
colour: green
"""


@pytest.fixture(scope="module")
def running(demonstration) -> Iterator[Running]:
    """Server and runner of the demonstration's home, started again."""
    pytest_socket.enable_socket()
    house = Installation(Settings(home=demonstration.home, prefect_port=free_port()))
    with services(house, progress=lambda _text: None) as place:
        yield Running(house, place)
    house.close()


@pytest.fixture(autouse=True)
def _sockets(socket_enabled):
    """The server is on loopback."""


@pytest.fixture
def agreement(demonstration) -> AgreementId:
    return AgreementId(demonstration.dossier.name.removesuffix("-dossier.zip"))


def runs_of(running: Running, agreement: AgreementId) -> list[dict]:
    """Return the runs of every stage but those that told people: when these come is not part of the way."""
    asked = {"flow_runs": {"tags": {"all_": [f"agreement:{agreement}"]}}}
    return [run for run in running.ask("POST", "/flow_runs/filter", asked) if "stage:notify" not in run["tags"]]


def artifacts_of(running: Running, agreement: AgreementId) -> dict[str, dict]:
    asked = {"artifacts": {"key": {"like_": f"{agreement.lower()}-"}}}
    return {artifact["key"]: artifact for artifact in running.ask("POST", "/artifacts/latest/filter", asked)}


def new_agreement_from(running: Running, file: str, text: str) -> tuple[str, dict]:
    """Put a file into the inbox, start ``new-agreement`` as the UI's form does; return the run and how it ended."""
    (running.house.home / "inbox" / file).write_text(text)
    deployment = running.ask("GET", "/deployments/name/new-agreement/convenio")
    body = {"parameters": {"request": {"file": file, "manager": ""}}}
    run = running.ask("POST", f"/deployments/{deployment['id']}/create_flow_run", body)["id"]
    return run, running.wait_for(run, *ENDED)


def test_every_run_of_the_way_is_named_tagged_and_completed(running, agreement):
    runs = {run["name"]: run for run in runs_of(running, agreement)}
    assert sorted(runs) == sorted(
        f"{agreement} · {name}"
        for name in (
            *("draft 1", "draft 2", "draft 3", "draft 3 · prepare"),
            *("0 signed · collect", "1 signed · collect", "2 signed · collect"),
            *("2 signed · conclude", "2 signed · publish"),
        )
    )
    assert {run["state"]["type"] for run in runs.values()} == {"COMPLETED"}
    assert {tag for run in runs.values() for tag in run["tags"]} == {
        f"agreement:{agreement}",
        *(f"stage:{stage}" for stage in STAGES),
    }


def test_every_stage_shows_what_it_did(running, agreement):
    artifacts, state = artifacts_of(running, agreement), running.house.ledger.state(agreement)
    assert artifacts.keys() >= {f"{agreement.lower()}-{stage}" for stage in STAGES}
    shown = {stage: artifacts[f"{agreement.lower()}-{stage}"] for stage in STAGES}
    assert all(artifact["type"] == "markdown" and agreement in artifact["description"] for artifact in shown.values())
    assert state.content.pdf in shown["draft"]["data"]
    assert state.level in shown["conclude"]["data"]
    assert state.receipt.key in shown["publish"]["data"]


def test_prefect_is_told_no_personal_data(running, agreement):
    told = [run["parameters"] for run in runs_of(running, agreement)]
    assert all(parameters.keys() == {"agreement", "version"} for parameters in told)
    shown = [artifact["data"] for artifact in artifacts_of(running, agreement).values()]
    people = running.house.people.everyone()
    assert people
    assert not [text for text in shown for person in people if person.email in text or person.name in text]


def test_every_flow_has_a_deployment_that_says_what_it_does(running):
    flows = {flow["id"]: flow["name"] for flow in running.ask("POST", "/flows/filter", {})}
    deployments = running.ask("POST", "/deployments/filter", {})
    assert sorted(flows[deployment["flow_id"]] for deployment in deployments) == sorted(
        [*STAGES, "notify", "webhook", "renew", "sweep", "fixity", "new-agreement"]
    )
    assert all(deployment["description"] for deployment in deployments)


def test_the_form_explains_each_of_its_fields(running):
    deployment = running.ask("GET", "/deployments/name/new-agreement/convenio")
    [form] = deployment["parameter_openapi_schema"]["definitions"].values()
    assert form["properties"].keys() == {"file", "manager"}
    assert all(field["description"] for field in form["properties"].values())


def test_an_agreement_is_started_from_a_file_of_the_inbox(running):
    house, text = running.house, EXAMPLE.read_text()
    title = text.partition("title: ")[2].partition("\n")[0]
    run, state = new_agreement_from(running, "asked-for.yaml", text.replace(title, OTHER_TITLE, 1))
    assert state["type"] == "COMPLETED", state["message"]
    assert running.ask("GET", f"/flow_runs/{run}")["name"] == "new agreement · asked-for.yaml"
    [row] = [row for row in house.register.rows() if row.title == OTHER_TITLE]
    wait_until(house, row.id, lambda state: state.stage is Stage.IN_REVIEW)
    assert row.id in artifacts_of(running, row.id)[f"{row.id.lower()}-request"]["data"]


def test_the_same_file_again_is_the_same_agreement(running, agreement):
    _, state = new_agreement_from(running, "again.yaml", EXAMPLE.read_text())
    assert state["type"] == "COMPLETED", state["message"]
    shown = artifacts_of(running, agreement)[f"{agreement.lower()}-request"]
    assert "was requested already" in shown["description"]


def test_a_bad_file_ends_the_run_with_every_fault_and_nothing_that_was_read(running):
    agreements = len(running.house.register.rows())
    run, state = new_agreement_from(running, "bad.yaml", BAD)
    assert state["type"] == "FAILED"
    said = state["message"]
    assert said.startswith("InputError: bad.yaml has ")
    for fault in ("line 2, column 1: language", "line 3, column 1: notice_days", "line 4, column 1: colour"):
        assert fault in said
    assert "parties: is missing" in said
    assert len(said.splitlines()) == 2 + int(said.split()[3])
    logged, kept = running_logs(running, run), runner_log(running)
    assert "bad.yaml" in logged
    assert "Traceback" not in logged + kept
    assert "many" not in said + logged
    assert "notice_days: " in kept
    assert "read 'many'" in kept
    assert len(running.house.register.rows()) == agreements


def test_a_stage_of_an_unknown_agreement_ends_with_the_diagnosis_and_no_traceback(running):
    run = running.start("conclude", "MOU-1999-0001", 2)
    state = running.wait_for(run, *ENDED)
    assert state["type"] == "FAILED"
    assert "Refused: no agreement is called MOU-1999-0001" in state["message"]
    assert "runner.log" in state["message"]
    assert "Traceback" not in running_logs(running, run)
    assert "conclude of MOU-1999-0001, version 2 failed: no agreement is called" in runner_log(running)


def test_a_manager_nobody_knows_is_refused_without_a_word_about_people(running):
    people = [person for person in running.house.people.everyone() if "manager" in person.roles]
    assert len(people) == 1
    deployment = running.ask("GET", "/deployments/name/new-agreement/convenio")
    (running.house.home / "inbox" / "fine.yaml").write_text(EXAMPLE.read_text())
    body = {"parameters": {"request": {"file": "fine.yaml", "manager": "0123456789ab"}}}
    run = running.ask("POST", f"/deployments/{deployment['id']}/create_flow_run", body)["id"]
    state = running.wait_for(run, *ENDED)
    assert state["type"] == "FAILED"
    assert state["message"].startswith("NotAuthorised: whoever asked may not do this")
    assert "which manager asks" in runner_log(running)


def test_a_sweep_asked_for_by_hand_completes(running):
    deployment = running.ask("GET", "/deployments/name/sweep/convenio")
    [parameter] = deployment["parameter_openapi_schema"]["properties"].values()
    assert "mended" in parameter["description"]
    for parameters in ({}, {"also_refused": True}):
        body = {"parameters": parameters}
        run = running.ask("POST", f"/deployments/{deployment['id']}/create_flow_run", body)["id"]
        state = running.wait_for(run, *ENDED)
        assert state["type"] == "COMPLETED", state["message"]


@pytest.mark.parametrize(("stage", "version"), [("draft", 3), ("collect", 2), ("conclude", 2), ("publish", 2)])
def test_a_stage_started_again_by_hand_does_nothing(running, agreement, stage, version):
    entries = running.house.ledger.entries(agreement)
    deposits = list(running.house.store.keys(f"agreements/v1/{agreement}/"))
    assert running.wait_for(running.start(stage, agreement, version), *ENDED)["type"] == "COMPLETED"
    assert running.house.ledger.entries(agreement) == entries
    assert list(running.house.store.keys(f"agreements/v1/{agreement}/")) == deposits


def test_a_file_outside_the_inbox_is_refused_by_the_form(running):
    deployment = running.ask("GET", "/deployments/name/new-agreement/convenio")
    body = {"parameters": {"request": {"file": "../convenio.toml", "manager": ""}}}
    with pytest.raises(HTTPError, match="409") as refusal:
        running.ask("POST", f"/deployments/{deployment['id']}/create_flow_run", body)
    assert "file" in refusal.value.read().decode()


def runner_log(running: Running) -> str:
    """Return what the runner wrote for the owner of the home."""
    return (running.house.home / "logs" / "runner.log").read_text()


def running_logs(running: Running, run: str) -> str:
    """Return what the run logged, once its last line arrived."""
    asked = {"logs": {"flow_run_id": {"any_": [run]}}}
    lines: list[str] = []

    def finished() -> bool:
        lines[:] = [line["message"] for line in running.ask("POST", "/logs/filter", asked)]
        return any("Finished in state" in line for line in lines)

    wait_until_it_holds(finished, seconds=20)
    return "\n".join(lines)
