from __future__ import annotations

from datetime import timedelta

import pytest

from archive.bucket import RefusedByStore
from archive.s3 import S3Bucket
from archive.store import LockMode, StoreCapabilities
from flows import object_store
from flows.object_store import open_store, require_worm, standing
from flows.settings import Settings
from schemas.errors import InputError, NotWorm, Refused, StoreUnavailable, Unavailable
from tests.archived import on_s3
from tests.installation import Clock

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def settings(moto_endpoint, bucket_name, tmp_path) -> Settings:
    return Settings(home=tmp_path, **on_s3(moto_endpoint, bucket_name))


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


def test_an_open_store_is_probed_again_when_a_day_is_over(settings, probes):
    clock = Clock()
    store = open_store(settings, clock)
    for _ in range(3):
        store.put("work/v1/x", b"content")
    assert len(probes) == 1
    clock.now += timedelta(days=1)
    store.put("work/v1/y", b"content")
    assert len(probes) == 2


def test_what_another_process_found_out_is_believed(settings, probes):
    clock = Clock()
    here, elsewhere = open_store(settings, clock), open_store(settings, clock)
    clock.now += timedelta(days=1)
    assert here.capabilities == elsewhere.capabilities
    assert len(probes) == 2


def test_a_probe_that_fails_leaves_nothing_to_believe_and_nothing_is_written(settings, monkeypatch):
    clock = Clock()
    store = open_store(settings, clock)

    def silent(*_: object, **__: object) -> None:
        raise StoreUnavailable("the store did not answer")

    clock.now += timedelta(days=1)
    with monkeypatch.context() as down:
        down.setattr(object_store, "probe", silent)
        with pytest.raises(StoreUnavailable):
            store.put("work/v1/x", b"content")
    assert list(store.keys("work/")) == []


def test_a_person_may_have_it_probed_now(settings, probes):
    store = open_store(settings, Clock())
    assert store.probing.again().found == store.capabilities
    assert len(probes) == 2


def test_another_place_is_probed_for_itself(settings, probes):
    open_store(settings, Clock())
    other = settings.archive_url.replace("COMPLIANCE", "GOVERNANCE")
    found = open_store(settings.model_copy(update={"archive_url": other}), Clock())
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


def test_a_bucket_that_is_not_there_is_made_with_object_lock(settings):
    store = open_store(settings, Clock())
    assert store._bucket._client.get_object_lock_configuration(Bucket=settings.archive_place.bucket)
    assert store._bucket.make(locked=True) is False


def test_a_bucket_that_may_not_be_made_is_said_to_be_missing(settings, monkeypatch):
    def forbidden(self, *, locked: bool) -> bool:
        raise RefusedByStore("the store refused", where=self.name, status=403, code="AccessDenied")

    monkeypatch.setattr(S3Bucket, "make", forbidden)
    with pytest.raises(Refused, match="the store refuses these credentials for the bucket") as refusal:
        open_store(settings, Clock())
    assert refusal.value.got == "403 AccessDenied"
    assert "make the bucket first, with Object Lock" in refusal.value.remedy
    assert not (settings.home / "probes").exists()


def test_a_store_that_does_not_answer_is_told_by_its_address(tmp_path):
    address = "s3://nowhere-at-all?endpoint=http://127.0.0.1:9"
    settings = Settings(home=tmp_path, archive_url=address, s3_access_key="key", s3_secret_key="secret")
    with pytest.raises(StoreUnavailable, match=r"the store at .+ does not answer") as refusal:
        open_store(settings, Clock())
    assert "http://127.0.0.1:9" in refusal.value.what
    assert "Error" not in str(refusal.value)
    assert "CONVENIO_ARCHIVE_URL" in refusal.value.remedy


@pytest.mark.parametrize(("status", "got"), [(403, "403 Forbidden"), (499, "499")])
def test_an_answer_without_a_body_is_told_in_words(status, got):
    assert RefusedByStore("the store refused", where="s3:b", status=status, code=str(status)).got == got


def test_a_directory_does_where_worm_is_not_demanded(tmp_path):
    settings = Settings(home=tmp_path)
    store = open_store(settings, Clock())
    require_worm(settings, store)
    assert standing(settings, store) == (True, "tamper-evident")
    demanding = settings.model_copy(update={"require_worm": True})
    with pytest.raises(NotWorm) as refusal:
        require_worm(demanding, store)
    assert refusal.value.got == "a directory, which has no locks"
    assert not standing(demanding, store)[0]
