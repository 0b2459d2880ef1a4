"""A store that says yes to everything and enforces nothing: it is never called WORM, and never asked to lock."""

from __future__ import annotations

import pytest

from flows.fixity import check_fixity
from flows.holds import place_hold
from flows.object_store import require_worm, standing
from flows.publish import held, publish
from flows.retention import balance_paid, secure_all
from schemas.errors import NotWorm
from schemas.evidence import digest_of
from schemas.state import Stage
from tests.archived import COUNSEL, MANAGER, archive_one, conclude_one, installation, on_s3
from tests.installation import Clock
from tests.rclone import pretending_store

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def pretending(tmp_path):
    (tmp_path / "served").mkdir()
    with pretending_store(tmp_path / "served") as store:
        yield store


@pytest.fixture
def opened(tmp_path, pretending, bucket_name):
    houses = []

    def open_house(**settings):
        house = installation(tmp_path / "home", Clock(), **on_s3(pretending.endpoint, bucket_name, **settings))
        houses.append(house)
        return house

    yield open_house
    for house in houses:
        house.close()


def test_it_is_called_tamper_evident_and_nothing_else(opened):
    house = opened()
    found = house.store.capabilities
    assert (found.worm, found.promise, found.lock_mode, found.holds_legally) == (False, "tamper-evident", None, False)
    assert standing(house.settings, house.store) == (True, "tamper-evident")


def test_deposits_work_and_no_lock_is_ever_asked_for(opened, pretending, bucket_name):
    house = opened()
    agreement = archive_one(house)
    receipt = house.ledger.state(agreement).receipt
    assert (receipt.version, receipt.lock_mode, receipt.retain_until) == (None, None, None)
    assert held(receipt) == "tamper-evident"
    assert digest_of(house.store.get(receipt.key)) == receipt.sha256
    balance_paid(house, agreement, by=MANAGER, paid_on=house.clock().date(), small_grant=True, reason="final payment")
    place_hold(house, agreement, by=COUNSEL, reason="an investigation")
    secure_all(house)
    assert check_fixity(house, everything=True).faults == ()
    stored = pretending.content(bucket_name)
    assert len(stored) > 8
    # an object it was asked to lock would hold the request's XML
    assert not [key for key, content in stored.items() if b"<Retention" in content or b"<LegalHold" in content]
    assert {key: digest_of(content) for key, content in stored.items() if not key.startswith("probe/")} == {
        key: key.rpartition("/")[2].partition(".")[0] for key in stored if not key.startswith("probe/")
    }


def test_what_it_would_do_to_a_real_key_is_what_the_probe_keeps_us_from(opened, pretending, bucket_name):
    house = opened()
    receipt = house.ledger.state(archive_one(house)).receipt
    client = house.store._bucket._client
    client.put_object_retention(
        Bucket=bucket_name, Key=receipt.key, Retention={"Mode": "COMPLIANCE", "RetainUntilDate": "2099-01-01T00:00:00Z"}
    )
    assert b"<Retention" in pretending.content(bucket_name)[receipt.key]
    [fault] = check_fixity(house, everything=True).faults
    assert (fault.damage, fault.key) == ("altered", receipt.key)


def test_where_worm_is_demanded_nothing_is_archived(opened, pretending, bucket_name):
    house = opened(require_worm=True)
    agreement = conclude_one(house)
    with pytest.raises(NotWorm, match="archives only where locks are enforced") as refusal:
        publish(house, agreement, 0)
    assert "keeps no versions" in refusal.value.got
    with pytest.raises(NotWorm):
        require_worm(house.settings, house.store)
    assert house.ledger.state(agreement).stage is Stage.CONCLUDED
    assert not [key for key in pretending.content(bucket_name) if key.startswith("agreements/")]
    assert standing(house.settings, house.store) == (False, "tamper-evident; WORM is required: nothing is archived")
