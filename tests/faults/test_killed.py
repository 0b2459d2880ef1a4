"""SIGKILL before and after every durable step of what is written: all of it is there afterwards, or nothing of it."""

from __future__ import annotations

import json

import pytest

from tests.faults.acts import ACTS

STEPS_MIN = {"append": 15, "publish": 30, "deposit": 15, "witness": 4, "inventory": 10, "erase": 8}
"""So many durable steps every act has at least: fewer would mean that the test no longer sees them."""


@pytest.mark.parametrize("act", ACTS)
def test_an_act_killed_at_any_step_is_no_attack_and_its_repetition_leaves_it_once(world, run, act):
    deaths = [json.loads(line) for line in run("tests.faults.killed", world.folder, act).splitlines()]
    assert len(deaths) > STEPS_MIN[act]
    assert [death for death in deaths if death["then"] or death["after"] or death["left"] != 1] == []


@pytest.mark.parametrize("act", ["publish", "deposit"])
def test_a_second_death_while_it_is_repeated_changes_nothing(world, run, act):
    deaths = [json.loads(line) for line in run("tests.faults.killed", world.folder, act, "--second").splitlines()]
    assert len(deaths) > STEPS_MIN[act] // 4
    assert [death for death in deaths if death["then"] or death["after"] or death["left"] != 1] == []
