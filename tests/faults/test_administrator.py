"""An administrator of the store lays something over a deposit: it is named, and the deposit is read all the same."""

from __future__ import annotations

import pytest

from archive.attack import Attack
from schemas.evidence import DepositReceipt
from tests.faults.buckets import BucketWorld
from tests.worlds import attack_findings, attacks_in


@pytest.fixture
def world(begin, tmp_path):
    world = begin.copied_over(tmp_path / "world")
    yield world
    world.close()


@pytest.fixture
def receipt(world: BucketWorld) -> DepositReceipt:
    return world.ledger.state("MOU-2026-0001").receipt


def test_a_newer_version_over_a_deposit_is_named(world, receipt):
    before = world.store.get(receipt.key, version=receipt.version)
    world.objects.put(receipt.key, b"an altered PDF", create_only=False)
    report = world.check()
    assert attacks_in(report) == {Attack.NEWER_VERSION}
    assert attack_findings(report, Attack.NEWER_VERSION)[0].place == receipt.key
    assert world.store.get(receipt.key, version=receipt.version) == before


def test_the_same_bytes_once_more_are_no_attack(world, receipt):
    world.objects.put(receipt.key, world.store.get(receipt.key), create_only=False)
    assert world.attacks() == set()


def test_a_delete_marker_over_a_deposit_is_named(world, receipt):
    before = world.store.get(receipt.key, version=receipt.version)
    world.objects.delete(receipt.key)
    report = world.check()
    assert attacks_in(report) == {Attack.DELETE_MARKER}
    assert attack_findings(report, Attack.DELETE_MARKER)[0].place == receipt.key
    assert world.store.get(receipt.key, version=receipt.version) == before


def test_a_version_that_vanished_beneath_another_is_missing(world, receipt):
    world.objects.kept[receipt.key] = []
    assert world.attacks() == {Attack.OBJECT_MISSING}
