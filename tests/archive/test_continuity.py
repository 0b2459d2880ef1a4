"""A database that lacks what was published is not written to."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from archive.continuity import Continuity
from archive.ledger import Ledger
from archive.log_store import CHECKPOINT
from schemas.errors import Invalid, StoreUnavailable
from tests.worlds import World


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> World:
    """Made once: two agreements, the second one published after a copy of the database was put aside as ``older``."""
    world = World(tmp_path_factory.mktemp("continuity") / "original")
    world.request()
    world.publish()
    world.close()
    shutil.copy(world.database(), world.folder / "older")
    world.request()
    world.publish()
    yield world
    world.close()


@pytest.fixture
def world(original: World, tmp_path: Path) -> World:
    copy = original.copied_to(tmp_path / "world")
    yield copy
    copy.close()


def set_back(world: World) -> None:
    world.close()
    for path in world.folder.glob("convenio.sqlite*"):
        path.unlink()
    shutil.copy(world.folder / "older", world.database())


def write(ledger: Ledger) -> None:
    with ledger.transaction():
        pass


def test_a_database_that_holds_what_was_published_is_written_to(world):
    write(Ledger(world.engine, Continuity(lambda: world.log)))
    world.request()
    write(Ledger(world.engine, Continuity(lambda: world.log)))


def test_an_older_copy_is_refused_and_told_how_far_behind_it_is(world):
    set_back(world)
    with pytest.raises(Invalid, match="behind the published log") as refused:
        write(Ledger(world.engine, Continuity(lambda: world.log)))
    assert refused.value.got == "1 entries in the database"
    assert refused.value.expected == "at least the 2 published entries: 1 missing"
    assert "convenio restore BACKUP" in refused.value.remedy


def test_an_older_copy_that_grew_since_is_refused_as_well(world):
    set_back(world)
    world.request("another")
    with pytest.raises(Invalid, match="set back, and written to since"):
        write(Ledger(world.engine, Continuity(lambda: world.log)))


def test_a_database_set_back_while_a_process_works_with_it_is_refused(world):
    continuity = Continuity(lambda: world.log)
    world.request()
    write(Ledger(world.engine, continuity))
    world.close()
    set_back(world)
    world.request()
    with pytest.raises(Invalid, match="set back while this process worked") as refused:
        write(Ledger(world.engine, continuity))
    assert refused.value.expected == "at least 3 entries: 1 missing"


def test_the_log_is_read_once_for_many_transactions(world, monkeypatch):
    asked, real = [], world.log.get
    monkeypatch.setattr(world.log, "get", lambda path: asked.append(path) or real(path))
    ledger = Ledger(world.engine, Continuity(lambda: world.log))
    for _ in range(3):
        write(ledger)
    assert asked == [CHECKPOINT]


@pytest.mark.parametrize("answer", ["nothing", "no checkpoint", "no text", "no answer"])
def test_a_log_that_says_nothing_contradicts_nothing_and_is_asked_again(world, monkeypatch, answer):
    asked = []

    def get(path):
        asked.append(path)
        if answer == "no answer":
            raise StoreUnavailable("the log does not answer")
        return {"nothing": None, "no checkpoint": b"so", "no text": b"\xff"}[answer]

    monkeypatch.setattr(world.log, "get", get)
    ledger = Ledger(world.engine, Continuity(lambda: world.log))
    write(ledger)
    write(ledger)
    assert asked == [CHECKPOINT, CHECKPOINT]
