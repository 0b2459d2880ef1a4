"""Many at once, no room left, and whole copies put back: no leaf is lost, none is twice, and rollbacks have a name."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from archive.attack import Attack
from archive.check import Examined, check
from archive.witness_client import WitnessClient
from archive.witness_server import serve_witness
from schemas.errors import Invalid
from schemas.evidence import Verdict, VerificationReport
from tests.faults.acts import COSIGNER, witness_of
from tests.faults.conftest import ROOT
from tests.faults.workers import ACTS
from tests.worlds import World, attacks_in

WORKERS, PUBLISHERS = 8, 2


def test_two_publishers_and_eight_workers_leave_every_act_once(world):
    before = len(world.register_rows())
    world.close()
    jobs = [("append", n) for n in range(WORKERS)] + [("publish", n) for n in range(PUBLISHERS)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.faults.workers", str(world.folder), job, str(number)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for job, number in jobs
    ]
    for process in processes:
        _, errors = process.communicate(timeout=200)
        assert (process.returncode, errors) == (0, "")
    titles = [row.title for row in world.register_rows()]
    assert len(titles) == before + WORKERS * ACTS + ACTS
    assert all(titles.count(f"everybody's act {act}") == 1 for act in range(ACTS))
    world.publish()
    assert world.check().verdict is Verdict.VALID


@pytest.mark.parametrize("limit_bytes", [400_000, 700_000])
def test_a_disk_that_is_full_in_the_middle_loses_and_doubles_nothing(world, run, limit_bytes):
    world.close()
    world.now = world.now.replace(year=2027)
    said = run("tests.faults.full", world.folder, limit_bytes)
    assert "did not answer" in said or "could not be" in said, said
    assert world.attacks() == set()
    world.request("after room was made")
    world.publish()
    assert world.check().verdict is Verdict.VALID
    assert world.register_rows()[-1].title == "Memorandum of Understanding"


@pytest.fixture
def served(world: World) -> Iterator[WitnessClient]:
    """A witness of its own, in another place than everything that is rolled back."""
    shutil.rmtree(world.folder / "witness")
    server = serve_witness(witness_of(world))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    port = server.server_address[1]
    yield WitnessClient(f"http://127.0.0.1:{port}", COSIGNER.verifier_key, required=True)
    server.shutdown()
    server.server_close()
    thread.join()


def asked(world: World, witness: WitnessClient) -> VerificationReport:
    return check(Examined(world.engine, world.key.verifier_key, world.log, world.store, witnesses=[witness]))


@pytest.mark.enable_socket
def test_a_witness_tells_what_nobody_here_can_know_that_all_was_rolled_back(world, served, tmp_path):
    world.publisher(witnesses=[served]).publish()
    older = world.copied_to(tmp_path / "older")
    world.request()
    world.publisher(witnesses=[served]).publish()
    assert asked(world, served).verdict is Verdict.VALID
    assert older.check().verdict is Verdict.VALID
    assert attacks_in(asked(older, served)) == {Attack.WITNESS_AHEAD}
    older.request("another history")
    with pytest.raises(Invalid, match="ahead"):
        older.publisher(witnesses=[served]).publish()
    older.close()


@pytest.mark.enable_socket
def test_a_witness_proves_that_a_stolen_key_signed_a_second_history(world, served, tmp_path):
    world.publisher(witnesses=[served]).publish()
    forged = world.copied_to(tmp_path / "forged")
    world.request("the truth")
    world.publisher(witnesses=[served]).publish()
    forged.request("a lie")
    forged.publish()
    assert attacks_in(asked(forged, served)) == {Attack.FORK}
    assert attacks_in(asked(world, served)) == set()
    forged.close()


@pytest.mark.enable_socket
def test_a_witness_that_is_down_proves_nothing_and_accuses_nobody(world, served):
    world.publish()
    down = WitnessClient("http://127.0.0.1:9", COSIGNER.verifier_key)
    report = asked(world, down)
    assert report.verdict is Verdict.INDETERMINATE
    assert not attacks_in(report)
