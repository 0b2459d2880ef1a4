"""The probe believes what a store does, not what it says."""

from __future__ import annotations

import dataclasses
import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from archive.bucket import RefusedByStore, StoredVersion, VersionedBucket
from archive.probe import probe
from archive.s3 import S3Bucket
from archive.store import (
    Behaviour,
    Encryption,
    Holding,
    ListedVersion,
    LockMode,
    ProbedFact,
    StoreCapabilities,
    Weakness,
)
from archive.versioned import VersionedStore
from schemas.errors import Invalid, Refused, StoreUnavailable
from schemas.evidence import digest_of
from tests.archive.conftest import CEPH, CREDENTIALS, make_bucket, probed


class Around(VersionedBucket):
    """A bucket that passes every act on to another; its subclasses misbehave in one."""

    def __init__(self, bucket: VersionedBucket) -> None:
        self.inner = bucket

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def encryption(self) -> Encryption | None:
        return self.inner.encryption

    def head(self, key: str, version: str | None) -> Holding:
        return self.inner.head(key, version)

    def hold(self, key: str, version: str, *, on: bool) -> None:
        self.inner.hold(key, version, on=on)

    def weaknesses(self) -> frozenset[Weakness]:
        return self.inner.weaknesses()

    def put(
        self,
        key: str,
        content: bytes,
        *,
        create_only: bool = True,
        lock_mode: LockMode | None = None,
        retain_until: datetime | None = None,
    ) -> str | None:
        return self.inner.put(key, content, create_only=create_only, lock_mode=lock_mode, retain_until=retain_until)

    def put_altered(self, key: str, content: bytes, sent: bytes) -> None:
        self.inner.put_altered(key, content, sent)

    def read(self, key: str, version: str | None = None) -> StoredVersion:
        return self.inner.read(key, version)

    def versions(self, prefix: str) -> Iterator[ListedVersion]:
        return self.inner.versions(prefix)

    def delete(self, key: str, version: str | None = None, *, bypass: bool = False) -> None:
        self.inner.delete(key, version, bypass=bypass)

    def retain(self, key: str, version: str, mode: LockMode, until: datetime, *, bypass: bool = False) -> None:
        self.inner.retain(key, version, mode, until, bypass=bypass)


class Faithful(Around):
    """Makes a strict store of moto: refuses altered bytes, and every change of a lock but a longer one."""

    def put_altered(self, key: str, content: bytes, sent: bytes) -> None:
        self._refuse(key, content != sent)

    def delete(self, key: str, version: str | None = None, *, bypass: bool = False) -> None:
        self._refuse(key, version is not None and self._protected(key, version))
        super().delete(key, version, bypass=bypass)

    def retain(self, key: str, version: str, mode: LockMode, until: datetime, *, bypass: bool = False) -> None:
        held = self.inner.head(key, version)
        self._refuse(key, held.lock_mode != mode or held.retain_until is None or until < held.retain_until)
        self.inner.retain(key, version, mode, until)

    def _protected(self, key: str, version: str) -> bool:
        found = self.inner.head(key, version)
        return found.lock_mode is not None or found.held

    def _refuse(self, key: str, refused: bool) -> None:  # noqa: FBT001
        if refused:
            raise RefusedByStore("the store refused", where=key, status=403, code="AccessDenied")


class AcceptsAlteredBytes(Faithful):
    def put_altered(self, key: str, content: bytes, sent: bytes) -> None:
        self.put(key, sent)


class KeepsNoVersions(Faithful):
    def versions(self, prefix: str) -> Iterator[ListedVersion]:
        return iter(list(super().versions(prefix))[:1])


class ForgetsTheLock(Faithful):
    def put(self, key: str, content: bytes, *, create_only: bool = True, **_: object) -> str | None:
        return self.inner.put(key, content, create_only=create_only)


class ShortensSilently(Faithful):
    def retain(self, key: str, version: str, mode: LockMode, until: datetime, *, bypass: bool = False) -> None:
        self.inner.retain(key, version, mode, until, bypass=bypass)
        self._refuse(key, refused=True)


class AgreesAndIgnores(Faithful):
    """Answers every change of a lock with success and changes nothing."""

    def retain(self, *_: object, **__: object) -> None:
        return


class IgnoresConditions(Faithful):
    """Takes every write, as Ceph RGW 16.2 does in buckets that keep versions."""

    def put(
        self,
        key: str,
        content: bytes,
        *,
        create_only: bool = True,
        lock_mode: LockMode | None = None,
        retain_until: datetime | None = None,
    ) -> str | None:
        return self.inner.put(key, content, create_only=False, lock_mode=lock_mode, retain_until=retain_until)


class Deletes(Faithful):
    """Echoes locks and enforces nothing."""

    def put(
        self,
        key: str,
        content: bytes,
        *,
        create_only: bool = True,
        lock_mode: LockMode | None = None,
        retain_until: datetime | None = None,
    ) -> str | None:
        self.lock = (lock_mode, retain_until)
        return self.inner.put(key, content, create_only=create_only)

    def read(self, key: str, version: str | None = None) -> StoredVersion:
        found = self.inner.read(key, version)
        return StoredVersion(found.content, found.version, self.lock[0], self.lock[1])

    def retain(self, key: str, version: str, mode: LockMode, until: datetime, *, bypass: bool = False) -> None:
        held_mode, held_until = self.lock
        self._refuse(key, mode != held_mode or held_until is None or until < held_until)
        self.lock = (mode, until)

    def delete(self, key: str, version: str | None = None, *, bypass: bool = False) -> None:
        self.inner.delete(key, version, bypass=bypass)


class BypassesForEverybody(Deletes):
    def delete(self, key: str, version: str | None = None, *, bypass: bool = False) -> None:
        locked = key.startswith("probe/locked/") and not key.endswith("-held")
        self._refuse(key, version is not None and not bypass and locked)
        self.inner.delete(key, version, bypass=bypass)


class NeverExtends(Faithful):
    def retain(self, key: str, version: str, mode: LockMode, until: datetime, *, bypass: bool = False) -> None:
        self._refuse(key, refused=True)


class ForgetsTheHold(Faithful):
    def hold(self, key: str, version: str, *, on: bool) -> None:
        return


class NeverReleases(Faithful):
    def hold(self, key: str, version: str, *, on: bool) -> None:
        if on:
            super().hold(key, version, on=on)


def failing(capabilities: StoreCapabilities) -> set[Behaviour]:
    return {behaviour for behaviour in Behaviour if not capabilities.proves(behaviour)}


def trial(bucket: VersionedBucket, mode: LockMode = LockMode.COMPLIANCE) -> StoreCapabilities:
    return probe(bucket, mode=mode, now=datetime.now(UTC), run=uuid.uuid4().hex)


@pytest.mark.enable_socket
def test_a_store_that_does_everything_is_worm(moto_bucket: S3Bucket) -> None:
    capabilities = trial(Faithful(moto_bucket))
    assert failing(capabilities) == set()
    assert (capabilities.worm, capabilities.promise) == (True, "WORM")
    assert capabilities.lock_mode is LockMode.COMPLIANCE


@pytest.mark.enable_socket
@pytest.mark.parametrize(
    ("misbehaves", "expected"),
    [
        (AcceptsAlteredBytes, {Behaviour.REFUSES_ALTERED_BYTES}),
        (KeepsNoVersions, {Behaviour.KEEPS_VERSIONS}),
        (ShortensSilently, {Behaviour.REFUSES_SHORTENING, Behaviour.EXTENDS_RETENTION}),
        (AgreesAndIgnores, {Behaviour.REFUSES_SHORTENING, Behaviour.EXTENDS_RETENTION}),
        (NeverExtends, {Behaviour.EXTENDS_RETENTION}),
        (Deletes, {Behaviour.REFUSES_DELETION, Behaviour.REFUSES_BYPASS}),
        (BypassesForEverybody, {Behaviour.REFUSES_BYPASS}),
    ],
)
def test_one_misbehaviour_is_enough_to_lose_the_word_worm(
    moto_bucket: S3Bucket, misbehaves: type[Around], expected: set[Behaviour]
) -> None:
    capabilities = trial(misbehaves(moto_bucket))
    assert failing(capabilities) == expected
    assert (capabilities.worm, capabilities.promise, capabilities.lock_mode) == (False, "tamper-evident", None)


@pytest.mark.enable_socket
@pytest.mark.parametrize("misbehaves", [ForgetsTheHold, NeverReleases])
def test_a_legal_hold_that_is_none_costs_no_lock_and_is_not_relied_on(
    moto_bucket: S3Bucket, misbehaves: type[Around]
) -> None:
    capabilities = trial(misbehaves(moto_bucket))
    assert failing(capabilities) == {Behaviour.HOLDS_LEGALLY}
    assert (capabilities.worm, capabilities.holds_legally) == (True, False)


@pytest.mark.enable_socket
def test_ignored_conditions_are_seen_and_cost_no_lock(moto_bucket: S3Bucket) -> None:
    capabilities = trial(IgnoresConditions(moto_bucket))
    assert failing(capabilities) == {Behaviour.CREATES_ONCE}
    assert "8 of 8 won, 8 kept" in [fact.seen for fact in capabilities.facts]
    assert capabilities.worm


@pytest.mark.enable_socket
def test_a_lock_that_is_taken_and_forgotten_is_found_out(moto_bucket: S3Bucket) -> None:
    assert Behaviour.SHOWS_RETENTION in failing(trial(ForgetsTheLock(moto_bucket)))


@pytest.mark.enable_socket
def test_moto_accepts_too_much_and_comes_out_tamper_evident(moto_capabilities: StoreCapabilities) -> None:
    assert failing(moto_capabilities) == {Behaviour.REFUSES_ALTERED_BYTES, Behaviour.REFUSES_SHORTENING}
    assert not moto_capabilities.worm


@pytest.mark.enable_socket
def test_a_bucket_without_object_lock_is_tamper_evident_and_usable(moto_endpoint: str) -> None:
    bucket = make_bucket(moto_endpoint, locked=False)
    capabilities = probed(bucket)
    assert not capabilities.worm
    assert not capabilities.proves(Behaviour.SHOWS_RETENTION)
    receipt = VersionedStore(bucket, capabilities).put("notes/a", b"a", retain_until=datetime.now(UTC))
    assert (receipt.version, receipt.lock_mode, receipt.sha256) == (None, None, digest_of(b"a"))


def test_what_nobody_tried_is_not_proven() -> None:
    assert failing(StoreCapabilities(mode=LockMode.COMPLIANCE)) == set(Behaviour)
    tries = tuple(ProbedFact(behaviour=behaviour, holds=True, seen="refused") for behaviour in Behaviour)
    assert StoreCapabilities(mode=LockMode.COMPLIANCE, facts=tries).worm
    assert not StoreCapabilities(facts=tries).worm
    again = ProbedFact(behaviour=Behaviour.REFUSES_DELETION, holds=False, seen="accepted")
    assert not StoreCapabilities(mode=LockMode.COMPLIANCE, facts=(*tries, again)).worm


@pytest.mark.enable_socket
def test_a_store_that_does_not_answer_proves_nothing(moto_bucket: S3Bucket) -> None:
    class Silent(Faithful):
        def retain(self, *_: object, **__: object) -> None:
            raise StoreUnavailable("the store did not answer")

    with pytest.raises(StoreUnavailable):
        trial(Silent(moto_bucket))


@pytest.mark.enable_socket
def test_the_probe_touches_its_own_keys_only_and_tidies_up(moto_endpoint: str) -> None:
    bucket = make_bucket(moto_endpoint)
    VersionedStore(bucket, StoreCapabilities()).put("agreements/v1/a", b"a")
    probed(bucket)
    # what is still locked may stay, below probe/locked/
    assert {listed.key.rpartition("/")[0] for listed in bucket.versions("")} <= {"agreements/v1", "probe/locked"}


def encrypting(bucket: S3Bucket, endpoint: str, algorithm: str = "AES256") -> S3Bucket:
    return S3Bucket(bucket.name.removeprefix("s3:"), CREDENTIALS, endpoint=endpoint, encryption=Encryption(algorithm))


@pytest.mark.enable_socket
@pytest.mark.parametrize("algorithm", ["AES256", "aws:kms"])
def test_encryption_that_is_asked_for_is_reported_by_what_is_read_back(
    moto_bucket: S3Bucket, moto_endpoint: str, algorithm: str
) -> None:
    bucket = encrypting(moto_bucket, moto_endpoint, algorithm)
    store = VersionedStore(bucket, probed(bucket))
    receipt = store.put(f"notes/{algorithm.replace(':', '')}", b"a")
    holding = store.inspect(receipt.key, receipt.version)
    assert holding is not None
    assert holding.encryption == algorithm


class ForgetsToEncrypt(Faithful):
    """Takes the wish for encryption and reports none."""

    def read(self, key: str, version: str | None = None) -> StoredVersion:
        return dataclasses.replace(self.inner.read(key, version), encryption=None)


@pytest.mark.enable_socket
def test_a_store_that_forgets_to_encrypt_is_refused_by_the_probe_and_found_out_at_a_write(
    moto_bucket: S3Bucket, moto_endpoint: str
) -> None:
    bucket = ForgetsToEncrypt(encrypting(moto_bucket, moto_endpoint))
    with pytest.raises(Refused, match="does not encrypt at rest as it is asked to") as refusal:
        trial(bucket)
    assert (refusal.value.got, refusal.value.expected) == ("a write taken, and no encryption reported", "AES256")
    with pytest.raises(Invalid, match="does not report the encryption it was asked for"):
        VersionedStore(bucket, StoreCapabilities()).put(f"notes/{uuid.uuid4().hex}", b"a")


class TestCeph:
    pytestmark = CEPH

    def test_compliance_is_worm_though_conditions_are_ignored_beside_versions(
        self, ceph_capabilities: StoreCapabilities
    ) -> None:
        assert failing(ceph_capabilities) <= {Behaviour.CREATES_ONCE}
        assert ceph_capabilities.worm
        assert ceph_capabilities.lock_mode is LockMode.COMPLIANCE

    def test_governance_is_worm_only_for_who_may_not_bypass(self, ceph_endpoint: str) -> None:
        bucket = make_bucket(ceph_endpoint)
        bypassing = trial(bucket, LockMode.GOVERNANCE)
        assert not bypassing.worm
        assert failing(bypassing) >= {Behaviour.REFUSES_BYPASS, Behaviour.REFUSES_SHORTENING}
        name = bucket.name.removeprefix("s3:")
        statement = {
            "Effect": "Deny",
            "Principal": "*",
            "Action": ["s3:BypassGovernanceRetention"],
            "Resource": [f"arn:aws:s3:::{name}/*"],
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        bucket._client.put_bucket_policy(Bucket=name, Policy=policy)
        assert trial(bucket, LockMode.GOVERNANCE).lock_mode is LockMode.GOVERNANCE

    def test_without_a_key_server_it_refuses_to_encrypt_and_nothing_else_is_tried(self, ceph_endpoint: str) -> None:
        bucket = encrypting(make_bucket(ceph_endpoint), ceph_endpoint)
        with pytest.raises(Refused, match="does not encrypt at rest as it is asked to") as refusal:
            trial(bucket)
        assert refusal.value.got == "400 InvalidRequest"
        assert "leave sse out of CONVENIO_ARCHIVE_URL" in (refusal.value.remedy or "")
        assert list(bucket.versions("")) == []

    def test_a_locked_version_outlives_overwriting_and_deletion(
        self, ceph_bucket: S3Bucket, ceph_capabilities: StoreCapabilities, folder: str
    ) -> None:
        store = VersionedStore(ceph_bucket, ceph_capabilities)
        key = f"{folder}/{digest_of(b'first')}.pdf"
        receipt = store.put(key, b"first", retain_until=datetime.now(UTC) + timedelta(hours=1))
        assert receipt.lock_mode == LockMode.COMPLIANCE
        assert receipt.version is not None
        for bypass in (False, True):
            with pytest.raises(RefusedByStore) as refusal:
                ceph_bucket.delete(key, receipt.version, bypass=bypass)
            assert refusal.value.status == 403
        for sooner in (timedelta(minutes=1), timedelta(minutes=59)):
            with pytest.raises(RefusedByStore):
                ceph_bucket.retain(key, receipt.version, LockMode.COMPLIANCE, datetime.now(UTC) + sooner, bypass=True)
        assert store.stat(key) == receipt
