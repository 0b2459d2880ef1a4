"""What only S3 can do to us: later versions, delete markers, lost answers, refusals that pass."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from archive.bucket import RefusedByStore, StoredVersion
from archive.s3 import S3Bucket, S3Credentials
from archive.store import Behaviour, ListedVersion, LockMode, ProbedFact, StoreCapabilities
from archive.versioned import VersionedStore
from schemas.errors import ConflictingContent, ConvenioError, Invalid, Refused, StoreUnavailable
from schemas.evidence import digest_of
from tests.archive.conftest import CEPH, CREDENTIALS
from tests.archive.test_stores_probe import Around, IgnoresConditions

CONTENT = b"%PDF-1.7 a memorandum of understanding"
PROVEN = StoreCapabilities(
    mode=LockMode.COMPLIANCE,
    facts=tuple(ProbedFact(behaviour=behaviour, holds=True, seen="assumed for this test") for behaviour in Behaviour),
)

pytestmark = pytest.mark.enable_socket


@pytest.fixture(params=["moto", pytest.param("ceph", marks=CEPH)])
def bucket(request: pytest.FixtureRequest) -> S3Bucket:
    return request.getfixturevalue(f"{request.param}_bucket")


@pytest.fixture(params=[StoreCapabilities(), PROVEN], ids=["unproven", "proven"])
def capabilities(request: pytest.FixtureRequest) -> StoreCapabilities:
    return request.param


def impatient(bucket: Around | S3Bucket, capabilities: StoreCapabilities, attempts: int = 4) -> VersionedStore:
    return VersionedStore(bucket, capabilities, attempts=attempts, pause=lambda _: None)


class Unlucky(Around):
    """Lets ``fault`` happen at the act with this number, before or after the act was done."""

    def __init__(self, bucket: S3Bucket, number: int, fault: ConvenioError, *, done: bool, times: int = 1) -> None:
        super().__init__(bucket)
        self.acts = 0
        self._unlucky = range(number, number + times)
        self._fault = fault
        self._done = done

    @contextmanager
    def _act(self) -> Iterator[None]:
        self.acts += 1
        unlucky = self.acts in self._unlucky
        if unlucky and not self._done:
            raise self._fault
        yield
        if unlucky:
            raise self._fault

    def put(
        self,
        key: str,
        content: bytes,
        *,
        create_only: bool = True,
        lock_mode: LockMode | None = None,
        retain_until: datetime | None = None,
    ) -> str | None:
        with self._act():
            return super().put(key, content, create_only=create_only, lock_mode=lock_mode, retain_until=retain_until)

    def read(self, key: str, version: str | None = None) -> StoredVersion:
        with self._act():
            return super().read(key, version)

    def versions(self, prefix: str) -> Iterator[ListedVersion]:
        with self._act():
            return super().versions(prefix)


def unanswered() -> ConvenioError:
    return StoreUnavailable("the store did not answer")


def conflict() -> ConvenioError:
    return RefusedByStore("the store refused", where="here", status=409, code="ConditionalRequestConflict")


def throttled() -> ConvenioError:
    return RefusedByStore("the store refused", where="here", status=400, code="RequestTimeout")


def test_the_first_version_stays_readable_behind_later_ones_and_delete_markers(
    bucket: S3Bucket, capabilities: StoreCapabilities, folder: str
) -> None:
    store = impatient(bucket, StoreCapabilities(facts=capabilities.facts))
    receipt = store.put(f"{folder}/{digest_of(CONTENT)}.pdf", CONTENT)
    bucket.put(receipt.key, b"altered later", create_only=False)
    assert store.get(receipt.key) == store.get(receipt.key, version=receipt.version) == CONTENT
    bucket.delete(receipt.key)
    assert store.get(receipt.key) == store.get(receipt.key, version=receipt.version) == CONTENT
    assert list(store.keys(folder)) == [receipt.key]
    assert store.stat(receipt.key) == receipt
    assert store.put(receipt.key, CONTENT) == receipt


def test_a_deleted_first_version_is_missed_by_name(moto_bucket: S3Bucket, folder: str) -> None:
    store = impatient(moto_bucket, StoreCapabilities())
    receipt = store.put(f"{folder}/note", CONTENT)
    moto_bucket.delete(receipt.key, receipt.version)
    with pytest.raises(Refused, match="this version of the object does not exist") as refusal:
        store.get(receipt.key, version=receipt.version)
    assert refusal.value.got == receipt.version


@pytest.mark.parametrize(
    ("status", "code"),
    [(404, "NoSuchKey"), (404, "NoSuchVersion"), (400, "InvalidArgument"), (405, "MethodNotAllowed")],
)
def test_every_answer_for_a_version_that_is_none_is_the_same_refusal(
    moto_bucket: S3Bucket, folder: str, status: int, code: str
) -> None:
    refusal = RefusedByStore("the store refused", where="here", status=status, code=code)
    store = impatient(Unlucky(moto_bucket, 1, refusal, done=False), PROVEN)
    with pytest.raises(Refused, match="this version of the object does not exist"):
        store.get(f"{folder}/note", version="1")


@pytest.mark.parametrize("done", [False, True], ids=["not done", "done all the same"])
@pytest.mark.parametrize("fault", [unanswered, conflict, throttled])
def test_a_lost_answer_at_any_act_is_repeated_and_leaves_one_version(
    moto_bucket: S3Bucket,
    capabilities: StoreCapabilities,
    folder: str,
    fault: Callable[[], ConvenioError],
    done: bool,  # noqa: FBT001
) -> None:
    until = datetime.now(UTC) + timedelta(hours=1)
    for number in range(1, 20):
        unlucky = Unlucky(moto_bucket, number, fault(), done=done)
        key = f"{folder}/{number}/{digest_of(CONTENT)}.pdf"
        receipt = impatient(unlucky, capabilities).put(key, CONTENT, retain_until=until)
        assert [listed.version for listed in moto_bucket.versions(key)] == [receipt.version]
        assert impatient(moto_bucket, capabilities).stat(key) == receipt
        if unlucky.acts < number:
            break
    assert number > 3, "the acts were not reached"


@pytest.mark.parametrize("done", [False, True], ids=["not done", "done all the same"])
def test_a_writer_that_gives_up_leaves_nothing_or_everything_and_may_come_back(
    moto_bucket: S3Bucket,
    capabilities: StoreCapabilities,
    folder: str,
    done: bool,  # noqa: FBT001
) -> None:
    for number in range(1, 20):
        unlucky = Unlucky(moto_bucket, number, unanswered(), done=done)
        key = f"{folder}/{number}/{digest_of(CONTENT)}.pdf"
        try:
            impatient(unlucky, capabilities, attempts=1).put(key, CONTENT)
        except StoreUnavailable:
            pass
        else:
            break
        impatient(moto_bucket, capabilities).put(key, CONTENT)
        assert len(list(moto_bucket.versions(key))) == 1
        assert impatient(moto_bucket, capabilities).get(key) == CONTENT
    assert number > 3, "the acts were not reached"


@pytest.mark.parametrize("fault", [unanswered, conflict])
def test_repetition_is_bounded(moto_bucket: S3Bucket, folder: str, fault: Callable[[], ConvenioError]) -> None:
    unlucky = Unlucky(moto_bucket, 1, fault(), done=False, times=1000)
    pauses: list[float] = []
    store = VersionedStore(unlucky, PROVEN, attempts=4, pause=pauses.append)
    with pytest.raises(StoreUnavailable):
        store.put(f"{folder}/note", CONTENT)
    assert unlucky.acts == 4
    assert pauses == pytest.approx([0.2, 0.4, 0.8])


def test_a_refusal_is_not_repeated(moto_bucket: S3Bucket, folder: str) -> None:
    denied = RefusedByStore("the store refused", where="here", status=403, code="AccessDenied")
    unlucky = Unlucky(moto_bucket, 1, denied, done=False, times=1000)
    with pytest.raises(RefusedByStore):
        impatient(unlucky, PROVEN).put(f"{folder}/note", CONTENT)
    assert unlucky.acts == 1


def test_another_writer_between_our_look_and_our_write_wins(moto_bucket: S3Bucket, folder: str) -> None:
    class Overtaken(Around):
        def put(self, key: str, content: bytes, **words: object) -> str | None:
            self.inner.put(key, b"theirs")
            return self.inner.put(key, content, create_only=False)

    with pytest.raises(ConflictingContent) as refusal:
        impatient(Overtaken(moto_bucket), StoreCapabilities()).put(f"{folder}/note", b"ours")
    assert refusal.value.expected == digest_of(b"theirs")


def test_where_conditions_are_ignored_one_deposit_leaves_one_version(moto_bucket: S3Bucket, folder: str) -> None:
    store = impatient(IgnoresConditions(moto_bucket), StoreCapabilities())
    receipt = store.put(f"{folder}/note", CONTENT)
    assert store.put(receipt.key, CONTENT) == receipt
    with pytest.raises(ConflictingContent):
        store.put(receipt.key, b"other")
    assert [listed.version for listed in moto_bucket.versions(receipt.key)] == [receipt.version]


def test_where_conditions_are_ignored_the_first_of_eight_wins(moto_bucket: S3Bucket, folder: str) -> None:
    store = impatient(IgnoresConditions(moto_bucket), StoreCapabilities())
    together = threading.Barrier(8)

    def put(racer: int) -> bytes | None:
        content = bytes([racer])
        together.wait()
        try:
            store.put(f"{folder}/race", content)
        except ConflictingContent:
            return None
        return content

    with ThreadPoolExecutor(8) as racers:
        winners = [content for content in racers.map(put, range(8)) if content is not None]
    assert winners == [store.get(f"{folder}/race")]


def test_the_retention_goes_into_the_write_and_no_other_lock_act_is_made(moto_bucket: S3Bucket, folder: str) -> None:
    class OneAct(Around):
        def retain(self, *_: object, **__: object) -> None:
            raise AssertionError("locks are set in the write itself")

    asked, until = datetime(2100, 1, 1, 12, 0, 0, 7, tzinfo=UTC), datetime(2100, 1, 1, 12, 0, 1, tzinfo=UTC)
    receipt = impatient(OneAct(moto_bucket), PROVEN).put(f"{folder}/note", CONTENT, retain_until=asked)
    assert (receipt.lock_mode, receipt.retain_until) == ("COMPLIANCE", until)
    stored = moto_bucket.read(receipt.key, receipt.version)
    assert (stored.lock_mode, stored.retain_until) == ("COMPLIANCE", until)


def test_a_store_that_stops_locking_is_found_out_at_the_deposit(moto_bucket: S3Bucket, folder: str) -> None:
    class Forgets(Around):
        def put(self, key: str, content: bytes, **_: object) -> str | None:
            return self.inner.put(key, content)

    with pytest.raises(Invalid, match="does not report the retention"):
        impatient(Forgets(moto_bucket), PROVEN).put(f"{folder}/note", CONTENT, retain_until=datetime.now(UTC))


def test_long_listings_are_read_to_their_end(moto_bucket: S3Bucket, folder: str) -> None:
    keys = [f"{folder}/{number:03}" for number in range(5)]
    for key in keys:
        for content in (b"1", b"2"):
            moto_bucket.put(key, content, create_only=False)
    listing = moto_bucket._client.list_object_versions
    moto_bucket._client.list_object_versions = lambda **words: listing(**words, MaxKeys=3)
    try:
        assert list(impatient(moto_bucket, PROVEN).keys(f"{folder}/")) == keys
        assert len(list(moto_bucket.versions(f"{folder}/"))) == 10
        assert impatient(moto_bucket, PROVEN).get(keys[3]) == b"1"
    finally:
        moto_bucket._client.list_object_versions = listing


def test_a_missing_bucket_says_what_to_do(moto_endpoint: str) -> None:
    bucket = S3Bucket("no-such-bucket", CREDENTIALS, endpoint=moto_endpoint)
    with pytest.raises(RefusedByStore, match="NoSuchBucket") as refusal:
        impatient(bucket, PROVEN).put("notes/a", CONTENT)
    assert "Object Lock" in (refusal.value.remedy or "")


def test_a_port_nobody_listens_on_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    bucket = S3Bucket("archive", CREDENTIALS, endpoint=f"http://127.0.0.1:{port}")
    with pytest.raises(StoreUnavailable) as refusal:
        impatient(bucket, PROVEN).get("notes/a")
    assert refusal.value.got == "no connection: nobody listens there, or the name is not known"


ANSWERS = {
    "503": b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "truncated body": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\nshort",
    "closed connection": b"",
    "silence": None,
    "not HTTP": b"hello\r\n\r\n",
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_every_way_of_not_answering_is_unavailable(answer: bytes | None) -> None:
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                if answer is None:
                    over.wait(10)
                else:
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        endpoint = f"http://127.0.0.1:{server.getsockname()[1]}"
        bucket = S3Bucket("archive", CREDENTIALS, endpoint=endpoint, timeout_seconds=0.5)
        with pytest.raises(StoreUnavailable):
            bucket.read("notes/a")
        over.set()
        thread.join()


def test_an_endpoint_that_is_none_is_refused_without_its_secret() -> None:
    with pytest.raises(Refused, match="no S3 client") as refusal:
        S3Bucket("archive", CREDENTIALS, endpoint="nonsense")
    assert CREDENTIALS.secret_key not in refusal.value.diagnosis()


def test_credentials_do_not_show_their_secret() -> None:
    assert "hidden" not in repr(S3Credentials("visible", "hidden"))
