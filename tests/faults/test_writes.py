"""Every single write to store and log going wrong in every way: repeated until it is there, and there once."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive.attack import Attack
from schemas.errors import ConvenioError, Unavailable
from schemas.evidence import Verdict
from tests.faults.acts import ACTS
from tests.faults.buckets import BucketWorld, Wrong
from tests.worlds import World

PASSING = [wrong for wrong in Wrong if wrong is not Wrong.TRUNCATED]
WRITING = ("append", "publish", "deposit", "inventory")


def insist(world: World, act: str) -> int:
    """Repeat the act as the sweep would, and return how often it failed."""
    for failures in range(20):
        try:
            ACTS[act].do(world)
        except Unavailable:
            assert world.attacks() == set()
        else:
            return failures
    raise AssertionError(f"{act} never went through")


@pytest.mark.parametrize("wrong", PASSING)
@pytest.mark.parametrize("act", WRITING)
def test_a_write_that_goes_wrong_is_repeated_and_leaves_the_act_once(begin, tmp_path, act, wrong):
    for at in range(writes_of(begin, tmp_path / "counted", act)):
        world = begin.copied_over(tmp_path / f"{at}")
        world.bucket(act).break_at(at, wrong)
        failures = insist(world, act)
        # the object store tries again by itself, until a storm outlasts it; the log leaves that to the next publisher
        assert (failures > 0) is (wrong is Wrong.STORM or act == "publish")
        world.publish()
        assert ACTS[act].left(world) == 1
        assert world.check().verdict is Verdict.VALID
        world.close()


def writes_of(begin: BucketWorld, folder: Path, act: str) -> int:
    """How many objects the act writes where nothing goes wrong."""
    world = begin.copied_over(folder)
    world.bucket(act).break_at(1000, Wrong.FAILING)
    ACTS[act].do(world)
    world.close()
    assert world.bucket(act).writes > 0
    return world.bucket(act).writes


@pytest.mark.parametrize("act", ["append", "deposit"])
def test_an_object_that_was_stored_truncated_is_refused_and_named(begin, tmp_path, act):
    world = begin.copied_over(tmp_path / "world")
    world.objects.break_at(0, Wrong.TRUNCATED)
    with pytest.raises(ConvenioError, match="not the ones the key names"):
        ACTS[act].do(world)
    assert ACTS[act].left(world) == 0
    assert world.attacks() == {Attack.OBJECT_ALTERED}
    world.close()


def test_a_tile_that_was_stored_truncated_stops_the_publisher_before_it_signs(begin, tmp_path):
    world = begin.copied_over(tmp_path / "world")
    before = world.log_sizes()
    world.published.break_at(0, Wrong.TRUNCATED)
    for _ in range(2):
        with pytest.raises(ConvenioError):
            world.publish()
    assert world.log_sizes() == before
    assert world.attacks() == set()
    world.close()


def test_a_pointer_that_landed_late_and_went_back_is_no_attack_and_is_mended(begin, tmp_path):
    world = begin.copied_over(tmp_path / "world")
    older = world.published.kept["checkpoint"][-1]
    world.publish()
    world.published.kept["checkpoint"].append(older)
    assert world.check().verdict is Verdict.INDETERMINATE
    world.publish()
    assert world.check().verdict is Verdict.VALID
    world.close()
