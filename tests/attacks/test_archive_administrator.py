"""An administrator of the store turns against the archive, with the store's own tools, on a real one.

What was deposited is retrieved as it was, and the next sweep names what was done.
"""

from __future__ import annotations

import json
import time
import uuid
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from archive.fixity import WHOLE_STORE, Damage
from archive.store import Weakness
from flows import object_store
from flows.fixity import check_fixity, daily_round, standing
from flows.holds import place_hold
from flows.publish import held
from schemas.errors import NotWorm
from schemas.evidence import AgreementId, DepositReceipt, digest_of
from tests import ceph
from tests.archived import COUNSEL, archive_one, installation, on_s3
from tests.installation import Clock

pytestmark = ceph.MARKS

ALTERED = b"%PDF-1.7 what the administrator would rather have signed"
SOON = timedelta(minutes=1)


@pytest.fixture(scope="module")
def client(ceph_endpoint):
    """The store's own tools, in the hands of who may do everything there."""
    client = boto3.session.Session().client(
        "s3",
        endpoint_url=ceph_endpoint,
        region_name="us-east-1",
        aws_access_key_id=ceph.ACCESS_KEY,
        aws_secret_access_key=ceph.SECRET_KEY,
        config=Config(
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
    yield client
    client.close()


@pytest.fixture(scope="module")
def house(tmp_path_factory, ceph_endpoint):
    """One archive for all attacks that leave its bucket as it is; its store is probed once."""
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setattr(object_store, "PROBE_HOLDS", timedelta(days=365))
    settings = on_s3(ceph_endpoint, f"convenio-{uuid.uuid4().hex[:12]}")
    house = installation(tmp_path_factory.mktemp("house"), Clock(datetime.now(UTC)), **settings)
    yield house
    house.close()
    monkeypatch.undo()


@pytest.fixture
def deposit(house):
    """The receipt of an agreement that is archived for this attack, and well."""
    receipt = house.ledger.state(archive_one(house, uuid.uuid4().bytes)).receipt
    assert held(receipt).startswith("WORM, locked COMPLIANCE until ")
    assert named(house, receipt) == set()
    yield receipt
    # whatever was done, what was deposited is what is retrieved
    assert digest_of(house.store.get(receipt.key, version=receipt.version)) == receipt.sha256


def named(house, deposit) -> set[Damage | Weakness]:
    """What the next daily round names of this agreement or of the whole store, in the report and in the alarm."""
    house.clock.now += timedelta(days=1)
    own = (deposit.key.split("/")[2], WHOLE_STORE)
    faults = [fault for fault in daily_round(house).faults if any(word in fault.key for word in own)]
    alarms = [path.read_text() for path in house.home.glob("mail/fixity-*.eml")]
    for fault in faults:
        assert not standing(house)[0]
        assert any(f"{fault.damage}: " in alarm for alarm in alarms)
    return {fault.damage for fault in faults}


def of(deposit: DepositReceipt) -> dict[str, str]:
    """The words by which the store's tools name a deposit."""
    return {"Bucket": bucket_of(deposit), "Key": deposit.key, "VersionId": deposit.version}


def bucket_of(deposit: DepositReceipt) -> str:
    return deposit.store.removeprefix("s3:")


def refused(act, **words) -> str:
    with pytest.raises(ClientError) as refusal:
        act(**words)
    return refusal.value.response["Error"]["Code"]


def test_a_delete_marker_hides_nothing(house, deposit, client):
    client.delete_object(Bucket=bucket_of(deposit), Key=deposit.key)
    assert refused(client.get_object, Bucket=bucket_of(deposit), Key=deposit.key) == "NoSuchKey"
    assert house.store.get(deposit.key) == house.store.get(deposit.key, version=deposit.version)
    assert named(house, deposit) == {Damage.DELETE_MARKER}


def test_an_altered_pdf_under_the_same_key_is_not_the_one_retrieved(house, deposit, client):
    client.put_object(Bucket=bucket_of(deposit), Key=deposit.key, Body=ALTERED)
    assert client.get_object(Bucket=bucket_of(deposit), Key=deposit.key)["Body"].read() == ALTERED
    assert digest_of(house.store.get(deposit.key)) == deposit.sha256
    assert named(house, deposit) == {Damage.NEWER_VERSION}


def test_both_together_are_both_named(house, deposit, client):
    client.delete_object(Bucket=bucket_of(deposit), Key=deposit.key)
    client.put_object(Bucket=bucket_of(deposit), Key=deposit.key, Body=ALTERED)
    assert named(house, deposit) == {Damage.DELETE_MARKER, Damage.NEWER_VERSION}


def test_nothing_that_would_free_or_destroy_a_deposit_is_granted(house, deposit, client):
    bucket = bucket_of(deposit)
    for bypass in ({}, {"BypassGovernanceRetention": True}):
        assert refused(client.delete_object, **of(deposit), **bypass) == "AccessDenied"
        for mode in ("COMPLIANCE", "GOVERNANCE"):
            sooner = {"Mode": mode, "RetainUntilDate": datetime.now(UTC) + SOON}
            assert refused(client.put_object_retention, **of(deposit), Retention=sooner, **bypass) == "AccessDenied"
    suspended = {"Status": "Suspended"}
    assert refused(client.put_bucket_versioning, Bucket=bucket, VersioningConfiguration=suspended) == (
        "InvalidBucketState"
    )
    assert refused(client.delete_bucket, Bucket=bucket) == "BucketNotEmpty"
    found = client.head_object(**of(deposit))
    assert (found["ObjectLockMode"], found["ObjectLockRetainUntilDate"]) == ("COMPLIANCE", deposit.retain_until)
    assert named(house, deposit) == set()


def test_a_default_retention_is_named_and_changes_no_deposit(house, deposit, client):
    lock = {"Bucket": bucket_of(deposit), "ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}}
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
    client.put_object_lock_configuration(
        Bucket=bucket_of(deposit), ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
    )
    later = house.ledger.state(archive_one(house, b"another")).receipt
    assert (later.lock_mode, later.retain_until) == (deposit.lock_mode, deposit.retain_until)
    assert named(house, deposit) == {Weakness.DEFAULT_RETENTION}
    client.put_object_lock_configuration(**lock)


def test_a_lifecycle_rule_is_named_before_it_does_anything(house, deposit, client):
    rule = {"ID": "later", "Status": "Enabled", "Filter": {"Prefix": "none/"}, "Expiration": {"Days": 3000}}
    client.put_bucket_lifecycle_configuration(Bucket=bucket_of(deposit), LifecycleConfiguration={"Rules": [rule]})
    assert named(house, deposit) == {Weakness.LIFECYCLE}
    client.delete_bucket_lifecycle(Bucket=bucket_of(deposit))


def test_who_hides_the_buckets_settings_is_named(house, deposit, client):
    forbid(client, bucket_of(deposit), "s3:GetLifecycleConfiguration")
    assert named(house, deposit) == {Weakness.UNSEEN}
    client.delete_bucket_policy(Bucket=bucket_of(deposit))


def test_a_legal_hold_that_was_taken_away_is_named_and_placed_again(house, deposit, client):
    place_hold(house, AgreementId(deposit.key.split("/")[2]), by=COUNSEL, reason="an investigation")
    client.put_object_legal_hold(**of(deposit), LegalHold={"Status": "OFF"})
    assert named(house, deposit) == {Damage.HOLD_MISSING}
    assert client.get_object_legal_hold(**of(deposit))["LegalHold"]["Status"] == "ON"
    assert named(house, deposit) == set()


def test_a_destroyed_working_copy_is_named(house, deposit, client):
    report = house.ledger.state(deposit.key.split("/")[2]).report
    [one] = [one for one in house.store.versions("work/") if report in one.key]
    client.delete_object(Bucket=bucket_of(deposit), Key=one.key, VersionId=one.version)
    assert named(house, deposit) == {Damage.MISSING}


def test_a_lifecycle_rule_destroys_what_is_not_locked_and_no_deposit(tmp_path, client, ceph_node, bucket_name):
    house = installation(tmp_path, Clock(datetime.now(UTC)), **on_s3(ceph_node.endpoint, bucket_name))
    deposit = house.ledger.state(archive_one(house)).receipt
    rule = {
        "ID": "tidy up",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "Expiration": {"Days": 1},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
    }
    client.put_bucket_lifecycle_configuration(Bucket=bucket_name, LifecycleConfiguration={"Rules": [rule]})
    deadline = time.monotonic() + 60
    while any(not one.deleted for one in house.store.versions("work/")):
        assert time.monotonic() < deadline, "the store does not carry out its rule"
        ceph_node.expire()
    assert digest_of(house.store.get(deposit.key, version=deposit.version)) == deposit.sha256
    assert named(house, deposit) == {Weakness.LIFECYCLE, Damage.DELETE_MARKER, Damage.MISSING}
    house.close()


def test_under_governance_who_may_bypass_gets_far_and_is_named(
    tmp_path, client, ceph_endpoint, bucket_name, monkeypatch
):
    """A policy takes the right to bypass from everybody; then the administrator takes the policy away."""
    monkeypatch.setattr(object_store, "PROBE_HOLDS", timedelta(days=1))
    client.create_bucket(Bucket=bucket_name, ObjectLockEnabledForBucket=True)
    forbid(client, bucket_name, "s3:BypassGovernanceRetention")
    settings = on_s3(ceph_endpoint, bucket_name, "GOVERNANCE", require_worm=True)
    house = installation(tmp_path, Clock(datetime.now(UTC)), **settings)
    first, second = (house.ledger.state(archive_one(house, data)).receipt for data in (b"one", b"two"))
    assert (first.lock_mode, check_fixity(house).faults) == ("GOVERNANCE", ())
    client.delete_bucket_policy(Bucket=bucket_name)
    sooner = {"Mode": "GOVERNANCE", "RetainUntilDate": datetime.now(UTC) + SOON}
    client.put_object_retention(**of(first), Retention=sooner, BypassGovernanceRetention=True)
    client.delete_object(**of(second), BypassGovernanceRetention=True)
    assert {(fault.damage, fault.key) for fault in check_fixity(house, everything=True).faults} == {
        (Damage.LOCK_SHORTENED, first.key),
        (Damage.MISSING, second.key),
    }
    # the next day's probe finds that locks are enforced no longer, and nothing more is archived
    assert Damage.LOCKS_UNPROVEN in named(house, first)
    assert house.store.capabilities.promise == "tamper-evident"
    with pytest.raises(NotWorm):
        archive_one(house, b"three")
    house.close()


def forbid(client, bucket_name: str, action: str) -> None:
    """Take one right on the bucket, and all in it, from everybody."""
    everywhere = [f"arn:aws:s3:::{bucket_name}", f"arn:aws:s3:::{bucket_name}/*"]
    statement = {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": everywhere}
    client.put_bucket_policy(Bucket=bucket_name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
