from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from archive import tables
from archive.checkpoint import CheckpointKey
from archive.database import reading
from archive.recovery import recover
from archive.register import Register
from schemas.errors import Invalid, Refused
from tests.worlds import World, lived_in


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> World:
    world = lived_in(tmp_path_factory.mktemp("world") / "original")
    yield world
    world.close()


@pytest.fixture
def lost(original: World, tmp_path: Path) -> World:
    """The same world without its database."""
    copy = original.copied_to(tmp_path / "lost")
    for path in copy.folder.glob("convenio.sqlite*"):
        path.unlink()
    yield copy
    copy.close()


def notes(world: World) -> list[tuple[int, str]]:
    columns = tables.checkpoints.c
    with reading(world.engine) as connection:
        return [tuple(row) for row in connection.execute(select(columns.tree_size, columns.note).order_by("tree_size"))]


def restore(world: World, **how: object):
    return recover(world.engine, world.log, world.key.verifier_key, **how)


def test_a_lost_database_comes_back_leaf_for_leaf_and_checkpoint_for_checkpoint(original, lost):
    recovered = restore(lost)
    assert recovered.checkpoint.tree_size == lost.ledger.size == original.ledger.size
    assert lost.ledger.tree().root() == original.ledger.tree().root()
    assert notes(lost) == notes(original)
    assert Register(lost.engine).rows() == Register(original.engine).rows()
    assert lost.attacks() == set()


def test_the_ledger_goes_on_where_it_was(lost):
    restore(lost)
    assert lost.request() == "MOU-2026-0004"
    lost.publish()
    assert lost.attacks() == set()


def test_restoring_again_changes_nothing(lost):
    restore(lost)
    before = notes(lost)
    restore(lost)
    assert notes(lost) == before


def test_a_restore_that_broke_off_before_the_register_is_completed(lost, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(Register, "rebuild", lambda self: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            restore(lost)
    assert Register(lost.engine).rows() == ()
    restore(lost)
    assert lost.attacks() == set()


def test_a_database_that_holds_something_else_is_never_replaced(lost):
    lost.request("something else")
    with pytest.raises(Refused, match="not empty"):
        restore(lost)
    assert lost.ledger.size == 1


def test_a_log_behind_a_known_checkpoint_is_refused(original, lost, tmp_path):
    newer = original.copied_to(tmp_path / "newer")
    newer.request()
    with pytest.raises(Invalid, match="rolled back"):
        restore(lost, known=[newer.publish()])
    assert lost.ledger.size == 0
    newer.close()


def test_a_log_that_contradicts_a_known_checkpoint_of_its_size_is_a_fork(original, lost, tmp_path):
    other = original.copied_to(tmp_path / "other")
    other.changed("DELETE FROM ledger_entries WHERE agreement = 'MOU-2026-0003'")
    other.changed("DELETE FROM agreements WHERE id = 'MOU-2026-0003'")
    other.changed("DELETE FROM checkpoints WHERE tree_size > (SELECT count(*) FROM ledger_entries)")
    other.changed("UPDATE log_state SET size = (SELECT count(*) FROM ledger_entries)")
    shutil.rmtree(other.folder / "log")
    other.request("another history")
    with pytest.raises(Invalid, match="two trees of one size"):
        restore(lost, known=[other.publish()])
    other.close()


def test_a_log_signed_by_another_key_is_refused(lost):
    stranger = CheckpointKey.create(lost.key.name)
    with pytest.raises(Invalid):
        recover(lost.engine, lost.log, stranger.verifier_key)


def test_a_place_without_a_published_log_is_refused(tmp_path):
    world = World(tmp_path / "nothing")
    with pytest.raises(Refused, match="no ledger was published there"):
        restore(world)
    world.close()


def newest_bundle(world: World) -> Path:
    bundles = (world.folder / "log" / "tile" / "entries").rglob("*.p/*")
    return max(bundles, key=lambda path: int(path.name))


def test_an_altered_leaf_in_the_log_is_refused_and_nothing_is_written(lost):
    path = newest_bundle(lost)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().replace(b"PAdES-B-LTA", b"PAdES-B-LTB", 1))
    with pytest.raises(Invalid, match="do not lead to the root"):
        restore(lost)
    assert lost.ledger.size == 0
    assert notes(lost) == []


def test_a_missing_leaf_in_the_log_is_refused_and_nothing_is_written(lost):
    newest_bundle(lost).unlink()
    with pytest.raises(Invalid, match="lacks leaves"):
        restore(lost)
    assert lost.ledger.size == 0
