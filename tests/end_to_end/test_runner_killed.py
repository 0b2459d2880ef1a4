"""One agreement led to the archive by runners of which all but the last are killed with SIGKILL."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_socket

from archive.layout import deposit_key
from archive.log_store import kept_path
from flows import commands, up
from flows.dossiers import dossier_of
from flows.queries import wait_until
from flows.server import PrefectPlace, start_server, wait_for_server
from flows.settings import Settings
from flows.verification import verify_file
from flows.wiring import Installation
from schemas.errors import OrchestrationUnavailable
from schemas.evidence import AgreementId, Verdict
from schemas.fact import open_facts
from schemas.loader import load_document
from schemas.people import SYSTEM
from schemas.state import Stage
from tests.end_to_end.killing import BEGUN, COMMITTED, DEPOSITED, HANDED_OVER, KEPT, SIGNED, STARTED, SWEEP, Killings
from tests.flows.orchestration.conftest import Running, free_port, wait_until as wait_until_it_holds
from tests.installation import EXAMPLE, FIRST, MANAGER, REVIEWER, SECOND, people, sign
from tests.logs import prove

if TYPE_CHECKING:
    from archive.entries import Recorded

pytestmark = [
    pytest.mark.prefect,
    pytest.mark.office,
    pytest.mark.slow,
    pytest.mark.xdist_group("prefect"),
    pytest.mark.timeout(900),  # one fixture does the whole way
]

FLOWS = "tests.end_to_end.killing:stage_flows"
FINISHED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}

Act = Callable[[Installation, AgreementId], object]


def nobody(_house: Installation, _agreement: AgreementId) -> None:
    """No person has anything to do."""


def reviewer_approves(house: Installation, agreement: AgreementId) -> None:
    commands.approve(house, agreement, draft=1, by=REVIEWER)


def both_sign(house: Installation, agreement: AgreementId) -> None:
    sign(house, agreement, FIRST)
    wait_until(house, agreement, lambda state: len(state.invited) == 2)
    sign(house, agreement, SECOND)


WAY: list[tuple[Act, str, tuple[str, ...]]] = [
    (nobody, "draft", (BEGUN, KEPT, COMMITTED)),
    (reviewer_approves, "prepare", (STARTED, BEGUN, COMMITTED)),
    (nobody, "collect", (COMMITTED,)),
    (both_sign, "collect", (HANDED_OVER,)),
    (nobody, "conclude", (KEPT, COMMITTED)),
    (nobody, "publish", (DEPOSITED, COMMITTED)),
    (nobody, SWEEP, (SIGNED,)),
]
"""What a person does once a runner lives, and where in which stage it and the runners after it are killed."""

ACTS = [
    "requested", "drafted", "approved", "prepared", "invited", "signed", "invited", "signed", "concluded", "deposited",
]  # fmt: skip


@dataclass(frozen=True)
class Death:
    """Where a runner was killed, in which run, and how many entries of runners it found and left in the ledger."""

    stage: str
    place: str
    run: str
    found: int
    left: int


@dataclass
class Survival:
    """An agreement, the deaths on its way, and the installation and Prefect server it went through."""

    prefect: Running
    agreement: AgreementId
    deaths: list[Death] = field(default_factory=list)

    @property
    def house(self) -> Installation:
        return self.prefect.house

    def go_on(self, act: Act, stage: str, places: tuple[str, ...]) -> None:
        for number, place in enumerate(places):
            self._lose_a_runner(stage, place, nobody if number else act)

    def finish(self, stack: ExitStack) -> None:
        runner = up._runner(self.house, FLOWS)
        stack.callback(runner.stop, grace_seconds=up.RUNNER_GRACE_SECONDS)
        wait_until(self.house, self.agreement, lambda state: state.stage is Stage.ARCHIVED)
        wait_until_it_holds(lambda: not self.house.outbox.unfinished("notify"))
        wait_until_it_holds(lambda: {run["state"]["type"] for run in self.runs()} <= FINISHED)

    def entries(self) -> tuple[Recorded, ...]:
        return self.house.ledger.entries(self.agreement)

    def runs(self) -> list[dict]:
        asked = {"flow_runs": {"tags": {"all_": [f"agreement:{self.agreement}"]}}}
        return self.prefect.ask("POST", "/flow_runs/filter", asked)

    def _lose_a_runner(self, stage: str, place: str, act: Act) -> None:
        killings, found = Killings(self.house.home), self._done_by_runners()
        killings.order(stage, place)
        if stage == SWEEP:  # the first one comes before a runner is ready
            with pytest.raises(OrchestrationUnavailable, match=f"exit -{signal.SIGKILL:d}"):
                up._runner(self.house, FLOWS)
        else:
            self._lose_a_ready_runner(act)
        assert killings.done
        wait_until_it_holds(lambda: not processes_of(self.house.home), seconds=20)
        prove(self.house.ledger, self.house.checkpoint_key.verifier_key)
        self.deaths.append(Death(stage, place, killings.run, found, self._done_by_runners()))

    def _lose_a_ready_runner(self, act: Act) -> None:
        runner = up._runner(self.house, FLOWS)
        try:
            act(self.house, self.agreement)
            assert runner.process.wait(timeout=150) == -signal.SIGKILL, runner.last_words()
        finally:
            runner.kill()

    def _done_by_runners(self) -> int:
        return sum(recorded.entry.actor == SYSTEM for recorded in self.entries())


def stated(content: object) -> object:
    """Return the data of a document with every fact stated by the manager, so that its first draft can be approved."""
    if isinstance(content, list):
        return [stated(item) for item in content]
    if not isinstance(content, dict):
        return content
    if {"value", "status"} <= content.keys():
        return {"value": content["value"]}
    return {name: stated(item) for name, item in content.items()}


def processes_of(home: Path) -> list[int]:
    """Return the processes that were started for ``home`` by a runner, or are one."""
    mark, found = f"CONVENIO_HOME={home}".encode(), []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
        except OSError:
            continue
        if mark in environment.split(b"\0"):
            found.append(int(process.name))
    return found


@pytest.fixture(scope="module")
def survival(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Survival]:
    pytest_socket.enable_socket()
    house = Installation(Settings(home=tmp_path_factory.mktemp("killed"), prefect_port=free_port()))
    people(house)
    asked = house.home / "stated.json"
    asked.write_text(json.dumps(stated(load_document(EXAMPLE).model_dump(mode="json", exclude_none=True))))
    document = load_document(asked)
    assert not open_facts(document)
    place = PrefectPlace(house.home, house.settings.prefect_port)
    with ExitStack() as stack:
        stack.callback(house.close)
        server = start_server(place)
        stack.callback(server.stop, grace_seconds=up.GRACE_SECONDS)
        wait_for_server(place, server)
        agreement = AgreementId(commands.request(house, document, by=MANAGER).state.agreement)
        survival = Survival(Running(house, place), agreement)
        for act, stage, places in WAY:
            survival.go_on(act, stage, places)
        survival.finish(stack)
        yield survival


@pytest.fixture(autouse=True)
def _sockets(socket_enabled):
    """The server is on loopback."""


def test_every_act_stands_in_the_ledger_once(survival):
    entries = [recorded.entry for recorded in survival.entries()]
    assert [entry.event.type for entry in entries] == ACTS
    assert [entry.counter for entry in entries] == list(range(len(ACTS)))
    assert len({entry.op_id for entry in entries}) == len(ACTS)
    assert survival.house.ledger.size == len(ACTS) + len(survival.house.ledger.installation_entries())


def test_a_killed_runner_leaves_the_whole_entry_or_nothing_of_it(survival):
    # who was to hand over had invited the second signatory before
    appended = {COMMITTED: 1, HANDED_OVER: 1}
    for death in survival.deaths:
        assert death.left - death.found == appended.get(death.place, 0), death


def test_one_document_is_deposited_and_one_only(survival):
    state = survival.house.ledger.state(survival.agreement)
    assert list(survival.house.store.keys("agreements/")) == [deposit_key(survival.agreement, state.pdf)]
    assert state.receipt.sha256 == state.pdf


def test_nobody_gets_a_mail_twice_and_no_author_is_asked_to_approve(survival):
    mails = sorted(path.name for path in (survival.house.home / "mail").iterdir())
    people = {person.email: person.handle for person in survival.house.people.everyone()}
    assert mails == [
        *sorted(f"{survival.agreement}-archived-{len(ACTS) - 1}-{handle}.eml" for handle in people.values()),
        f"{survival.agreement}-review-1-{people[REVIEWER]}.eml",
        f"{survival.agreement}-sign-1-for-chamber.eml",
        f"{survival.agreement}-sign-1-for-gssc.eml",
    ]


def test_the_newest_checkpoint_covers_every_act_and_its_note_is_kept(survival):
    house = survival.house
    checkpoint = prove(house.ledger, house.checkpoint_key.verifier_key)
    assert checkpoint.tree_size > survival.entries()[-1].leaf_index
    assert house.log_store.get(kept_path(checkpoint.tree_size)).decode() == checkpoint.note


def test_no_stage_is_left_to_be_started(survival):
    assert survival.house.outbox.due() == ()


def test_prefect_shows_every_killed_run_as_crashed(survival):
    runs = {run["id"]: run["state"] for run in survival.runs()}
    killed = {death.run for death in survival.deaths if death.stage != SWEEP}
    assert {run for run, state in runs.items() if state["type"] == "CRASHED"} == killed
    assert all("the sweep repeats" in runs[run]["message"] for run in killed)
    assert all(state["type"] == "COMPLETED" for run, state in runs.items() if run not in killed)


def test_a_run_started_before_its_row_was_marked_is_not_started_again(survival):
    [unmarked] = [death for death in survival.deaths if death.place == STARTED]
    [begun] = [death for death in survival.deaths if (death.stage, death.place) == ("prepare", BEGUN)]
    assert unmarked.run == begun.run


def test_the_dossier_verifies(survival, tmp_path):
    path = tmp_path / "dossier.zip"
    path.write_bytes(dossier_of(survival.house, survival.agreement))
    report = verify_file(path, survival.house.verification_keys())
    assert report.verdict is Verdict.VALID, [f for f in report.findings if f.verdict is not Verdict.VALID]
