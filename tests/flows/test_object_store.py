from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from archive.s3 import S3Bucket
from archive.store import LockMode, StoreCapabilities
from flows import object_store
from flows.object_store import open_store
from flows.settings import Settings
from schemas.errors import InputError, Refused, Unavailable
from tests import ceph
from tests.archive.conftest import make_bucket
from tests.installation import Clock

pytestmark = pytest.mark.enable_socket


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def settings(endpoint, tmp_path) -> Settings:
    return Settings(
        home=tmp_path,
        store="s3",
        s3_endpoint=endpoint,
        s3_bucket=make_bucket(endpoint).name.removeprefix("s3:"),
        s3_access_key=ceph.ACCESS_KEY,
        s3_secret_key=ceph.SECRET_KEY,
    )


@pytest.fixture
def probes(monkeypatch) -> list[str]:
    """The runs of the probe, which is the real one."""
    runs = []
    probe = object_store.probe

    def counted(bucket: S3Bucket, **given: object) -> StoreCapabilities:
        runs.append(given["run"])
        return probe(bucket, **given)

    monkeypatch.setattr(object_store, "probe", counted)
    return runs


def test_the_directory_needs_no_credentials(tmp_path):
    store = open_store(Settings(home=tmp_path), Clock())
    receipt = store.put("work/v1/x", b"content")
    assert (tmp_path / "objects" / receipt.key).read_bytes() == b"content"


@pytest.mark.parametrize("missing", ["s3_access_key", "s3_secret_key"])
def test_s3_without_credentials_says_which_settings_are_needed(settings, missing):
    with pytest.raises(InputError, match="CONVENIO_S3_SECRET_KEY"):
        open_store(settings.model_copy(update={missing: None}), Clock())


def test_what_the_probe_found_is_remembered_for_a_day(settings, probes):
    clock = Clock()
    first = open_store(settings, clock)
    assert first.put("work/v1/x", b"content").sha256 == open_store(settings, clock).stat("work/v1/x").sha256
    assert len(probes) == 1
    clock.now += timedelta(hours=23)
    assert open_store(settings, clock).capabilities == first.capabilities
    assert len(probes) == 1
    clock.now += timedelta(hours=2)
    assert open_store(settings, clock).capabilities.mode == first.capabilities.mode
    assert len(set(probes)) == 2


def test_another_place_is_probed_for_itself(settings, probes):
    open_store(settings, Clock())
    found = open_store(settings.model_copy(update={"s3_lock_mode": "GOVERNANCE"}), Clock())
    assert found.capabilities.mode is LockMode.GOVERNANCE
    open_store(settings.model_copy(update={"s3_access_key": "somebody-else"}), Clock())
    assert len(probes) == 3


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'{"at": "2026-03-02T09:00:00Z", "found": 1}'])
def test_a_record_that_cannot_be_read_is_no_record(settings, probes, content):
    open_store(settings, Clock())
    (record,) = (settings.home / "probes").iterdir()
    record.write_bytes(content)
    open_store(settings, Clock())
    assert len(probes) == 2


def test_a_record_from_the_future_is_no_record(settings, probes):
    clock = Clock()
    open_store(settings, clock)
    clock.now -= timedelta(days=2)
    open_store(settings, clock)
    assert len(probes) == 2


def test_a_record_that_cannot_be_kept_is_said_to_be(settings):
    (settings.home / "probes").write_bytes(b"a file in the way")
    with pytest.raises(Unavailable, match="cannot be kept"):
        open_store(settings, Clock())


def test_a_bucket_that_is_not_there_is_said_to_be_missing(settings):
    with pytest.raises(Refused, match="make the bucket first"):
        open_store(settings.model_copy(update={"s3_bucket": "nobody-made-this"}), Clock())
    assert not (settings.home / "probes").exists()
