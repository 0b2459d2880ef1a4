"""The probe believes what a store does, not what it says."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from archive.bucket import ListedVersion, RefusedByStore, StoredVersion, VersionedBucket
from archive.probe import probe
from archive.s3 import S3Bucket
from archive.store import Behaviour, LockMode, ProbedFact, StoreCapabilities
from archive.versioned import VersionedStore
from schemas.errors import StoreUnavailable
from schemas.evidence import digest_of
from tests.archive.conftest import CEPH, make_bucket, probed


class Around(VersionedBucket):
    """A bucket that passes every act on to another; its subclasses misbehave in one."""

    def __init__(self, bucket: VersionedBucket) -> None:
        self.inner = bucket

    @property
    def name(self) -> str:
        return self.inner.name

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
    """Makes a strict store of moto: refuses altered bytes and every change of a lock."""

    def put_altered(self, key: str, content: bytes, sent: bytes) -> None:
        self._refuse(key, content != sent)

    def delete(self, key: str, version: str | None = None, *, bypass: bool = False) -> None:
        self._refuse(key, version is not None and self.inner.read(key, version).lock_mode is not None)
        super().delete(key, version, bypass=bypass)

    def retain(self, key: str, version: str, mode: LockMode, until: datetime, *, bypass: bool = False) -> None:
        self._refuse(key, refused=True)

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

    def delete(self, key: str, version: str | None = None, *, bypass: bool = False) -> None:
        self.inner.delete(key, version, bypass=bypass)


class BypassesForEverybody(Deletes):
    def delete(self, key: str, version: str | None = None, *, bypass: bool = False) -> None:
        self._refuse(key, version is not None and not bypass and key.startswith("probe/locked/"))
        self.inner.delete(key, version, bypass=bypass)


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
        (ShortensSilently, {Behaviour.REFUSES_SHORTENING}),
        (AgreesAndIgnores, {Behaviour.REFUSES_SHORTENING}),
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
    # the bypass succeeds because moto let COMPLIANCE be weakened to GOVERNANCE before
    assert failing(moto_capabilities) == {
        Behaviour.REFUSES_ALTERED_BYTES,
        Behaviour.REFUSES_SHORTENING,
        Behaviour.REFUSES_BYPASS,
    }
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
