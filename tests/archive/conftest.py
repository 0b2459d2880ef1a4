"""The stores every contract test runs over: a directory, S3 against moto, S3 against a real Ceph gateway."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from archive.directory import DirectoryStore
from archive.probe import probe
from archive.s3 import S3Bucket, S3Credentials
from archive.store import LockMode, ObjectStore, StoreCapabilities
from archive.versioned import VersionedStore
from tests import ceph
from tests.postgres import MARKS as POSTGRES_MARKS, PACKAGE, PostgresCluster, programs

CREDENTIALS = S3Credentials(access_key=ceph.ACCESS_KEY, secret_key=ceph.SECRET_KEY)


@dataclass(frozen=True)
class Bench:
    """A store, and the way around it: ``plant`` puts any bytes under a fresh key without asking the store."""

    store: ObjectStore
    plant: Callable[[str, bytes], object]


def make_bucket(endpoint: str, *, locked: bool = True) -> S3Bucket:
    name = f"convenio-{uuid.uuid4().hex[:12]}"
    client = boto3.session.Session().client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=CREDENTIALS.access_key,
        aws_secret_access_key=CREDENTIALS.secret_key,
        config=Config(s3={"addressing_style": "path"}),
    )
    client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=locked)
    client.close()
    return S3Bucket(name, CREDENTIALS, endpoint=endpoint, timeout_seconds=30)


def probed(bucket: S3Bucket, mode: LockMode = LockMode.COMPLIANCE) -> StoreCapabilities:
    return probe(bucket, mode=mode, now=datetime.now(UTC), run=uuid.uuid4().hex)


@pytest.fixture(scope="session")
def moto_bucket(moto_endpoint: str) -> S3Bucket:
    return make_bucket(moto_endpoint)


@pytest.fixture(scope="session")
def moto_capabilities(moto_bucket: S3Bucket) -> StoreCapabilities:
    return probed(moto_bucket)


@pytest.fixture(scope="session")
def ceph_bucket(ceph_endpoint: str) -> S3Bucket:
    return make_bucket(ceph_endpoint)


@pytest.fixture(scope="session")
def ceph_capabilities(ceph_bucket: S3Bucket) -> StoreCapabilities:
    return probed(ceph_bucket)


CEPH = ceph.MARKS


@pytest.fixture(
    params=[
        "directory",
        pytest.param("moto", marks=pytest.mark.enable_socket),
        pytest.param("ceph", marks=CEPH),
    ]
)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    if request.param == "directory":
        root = tmp_path / "objects"

        def write(key: str, content: bytes) -> None:
            (root / key).parent.mkdir(parents=True, exist_ok=True)
            (root / key).write_bytes(content)

        return Bench(DirectoryStore(root), write)
    bucket = request.getfixturevalue(f"{request.param}_bucket")
    return Bench(VersionedStore(bucket, request.getfixturevalue(f"{request.param}_capabilities")), bucket.put)


@pytest.fixture
def store(bench: Bench) -> ObjectStore:
    return bench.store


@pytest.fixture
def folder() -> str:
    """A prefix no other test uses: buckets are shared by all tests of a run."""
    return f"agreements/v1/{uuid.uuid4().hex}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresCluster]:
    binaries = programs()
    if binaries is None:
        assert os.geteuid() != 0, f"no PostgreSQL, though CI installs it: .ci/set-up test ({PACKAGE})"
        pytest.skip(f"no PostgreSQL; as root: apt-get install --no-install-recommends {PACKAGE}")
    cluster = PostgresCluster(binaries)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=POSTGRES_MARKS)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a new database of each kind we know."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'convenio.db'}"
        return
    cluster = request.getfixturevalue("postgres")
    address = cluster.database()
    yield address
    cluster.drop(address)
