"""The contract of ObjectStore, run over every implementation."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from archive.store import ObjectStore, checked_key, named_digest
from schemas.errors import ConflictingContent, DigestMismatch, Refused
from schemas.evidence import DepositReceipt, digest_of
from tests.archive.conftest import Bench

CONTENT = b"%PDF-1.7 a memorandum of understanding"
RACERS = 8


def addressed(folder: str, content: bytes) -> str:
    return f"{folder}/{digest_of(content)}.pdf"


def test_what_was_put_is_read_back(store: ObjectStore, folder: str) -> None:
    key = addressed(folder, CONTENT)
    receipt = store.put(key, CONTENT)
    assert (receipt.key, receipt.sha256, receipt.size_bytes) == (key, digest_of(CONTENT), len(CONTENT))
    assert store.get(key) == CONTENT
    assert store.get(key, version=receipt.version) == CONTENT
    assert store.stat(key) == receipt


@pytest.mark.parametrize("content", [b"", bytes(range(256)) * 20_000], ids=["empty", "five million bytes"])
def test_every_size_is_kept_whole(store: ObjectStore, folder: str, content: bytes) -> None:
    key = addressed(folder, content)
    assert store.put(key, content).size_bytes == len(content)
    assert store.get(key) == content


def test_the_same_bytes_again_give_the_same_receipt(store: ObjectStore, folder: str) -> None:
    first = store.put(f"{folder}/note", CONTENT)
    assert store.put(f"{folder}/note", CONTENT) == first
    assert store.put(f"{folder}/note", CONTENT, retain_until=datetime.now(UTC) + timedelta(days=1)) == first


def test_other_bytes_under_one_key_are_refused_and_the_first_stay(store: ObjectStore, folder: str) -> None:
    first = store.put(f"{folder}/note", CONTENT)
    with pytest.raises(ConflictingContent) as refusal:
        store.put(f"{folder}/note", CONTENT.swapcase())
    assert refusal.value.expected == digest_of(CONTENT)
    assert store.get(f"{folder}/note") == CONTENT
    assert store.stat(f"{folder}/note") == first


def test_a_key_that_names_other_bytes_is_refused_before_anything_is_stored(store: ObjectStore, folder: str) -> None:
    key = addressed(folder, CONTENT)
    with pytest.raises(DigestMismatch):
        store.put(key, CONTENT.swapcase())
    assert store.stat(key) is None


def test_nothing_stored_is_no_receipt_and_a_refusal_to_read(store: ObjectStore, folder: str) -> None:
    assert store.stat(f"{folder}/nothing") is None
    with pytest.raises(Refused, match="nothing is stored") as refusal:
        store.get(f"{folder}/nothing")
    assert refusal.value.remedy


def test_an_unknown_version_is_refused(store: ObjectStore, folder: str) -> None:
    store.put(f"{folder}/note", CONTENT)
    with pytest.raises(Refused, match="version"):
        store.get(f"{folder}/note", version="0123456789abcdef0123456789abcdef")


@pytest.mark.parametrize("bit", range(8))
def test_one_flipped_bit_is_a_digest_mismatch(bench: Bench, folder: str, bit: int) -> None:
    key = addressed(folder, CONTENT)
    flipped = bytes([CONTENT[0] ^ 1 << bit]) + CONTENT[1:]
    bench.plant(key, flipped)
    for act in (bench.store.get, bench.store.stat, lambda key: bench.store.put(key, CONTENT)):
        with pytest.raises(DigestMismatch) as refusal:
            act(key)
        assert (refusal.value.got, refusal.value.expected) == (digest_of(flipped), digest_of(CONTENT))


def test_of_eight_threads_with_different_bytes_one_wins(store: ObjectStore, folder: str) -> None:
    def put(racer: int) -> DepositReceipt | None:
        try:
            return store.put(f"{folder}/race", CONTENT + bytes([racer]))
        except ConflictingContent:
            return None

    with ThreadPoolExecutor(RACERS) as racers:
        receipts = list(racers.map(put, range(RACERS)))
    winners = [racer for racer, receipt in enumerate(receipts) if receipt is not None]
    assert len(winners) == 1
    assert store.get(f"{folder}/race") == CONTENT + bytes(winners)
    assert store.stat(f"{folder}/race") == receipts[winners[0]]


def test_eight_threads_with_the_same_bytes_get_the_same_receipt(store: ObjectStore, folder: str) -> None:
    key = addressed(folder, CONTENT)
    with ThreadPoolExecutor(RACERS) as racers:
        receipts = set(racers.map(lambda _: store.put(key, CONTENT), range(RACERS)))
    assert receipts == {store.stat(key)}


def test_threads_do_not_disturb_each_other_on_different_keys(store: ObjectStore, folder: str) -> None:
    contents = [CONTENT + str(number).encode() for number in range(3 * RACERS)]
    with ThreadPoolExecutor(RACERS) as racers:
        receipts = list(racers.map(lambda content: store.put(addressed(folder, content), content), contents))
    assert [store.get(receipt.key) for receipt in receipts] == contents


def test_keys_come_in_the_order_of_their_bytes(store: ObjectStore, folder: str) -> None:
    names = ["a-b", "a.b", "a/1", "a/10", "a/2", "a0", "b/c/d", "Z", "_z"]
    for name in names:
        store.put(f"{folder}/{name}", CONTENT)
    everything = [f"{folder}/{name}" for name in sorted(names)]
    assert list(store.keys(f"{folder}/")) == everything
    assert list(store.keys(f"{folder}/a")) == [key for key in everything if key.startswith(f"{folder}/a")]
    assert list(store.keys(f"{folder}/a/1")) == [f"{folder}/a/1", f"{folder}/a/10"]
    assert list(store.keys(f"{folder}/b/c/")) == [f"{folder}/b/c/d"]
    assert list(store.keys(f"{folder}/nothing/")) == []
    assert set(everything) <= set(store.keys())


def test_the_receipt_shows_the_retention_exactly_where_the_lock_is_proven(store: ObjectStore, folder: str) -> None:
    until = datetime.now(UTC) + timedelta(hours=1, microseconds=7)
    receipt = store.put(addressed(folder, CONTENT), CONTENT, retain_until=until)
    assert receipt.lock_mode == store.capabilities.lock_mode
    if store.capabilities.worm:
        assert receipt.retain_until is not None
        assert until <= receipt.retain_until < until + timedelta(seconds=1)
    else:
        assert receipt.retain_until is None
    assert store.stat(receipt.key) == receipt


def test_every_version_is_listed_with_its_size_by_the_bytes_of_its_key(store: ObjectStore, folder: str) -> None:
    receipts = [store.put(f"{folder}/{name}", CONTENT + name.encode()) for name in ("a-b", "a/1", "a0", "b")]
    listed = list(store.versions(f"{folder}/"))
    assert [(one.key, one.version, one.size_bytes, one.deleted) for one in listed] == [
        (receipt.key, receipt.version, receipt.size_bytes, False) for receipt in receipts
    ]
    assert list(store.versions(f"{folder}/nothing")) == []


def test_what_the_store_says_of_a_version_is_asked_without_reading_it(store: ObjectStore, folder: str) -> None:
    until = datetime.now(UTC) + timedelta(hours=1)
    receipt = store.put(addressed(folder, CONTENT), CONTENT, retain_until=until)
    holding = store.inspect(receipt.key, receipt.version)
    assert holding is not None
    assert (holding.size_bytes, holding.held, holding.encryption) == (len(CONTENT), False, None)
    assert (holding.lock_mode, holding.retain_until) == (receipt.lock_mode, receipt.retain_until)


def test_what_is_not_there_is_neither_inspected_nor_examined_nor_held(store: ObjectStore, folder: str) -> None:
    receipt = store.put(f"{folder}/note", CONTENT)
    gone = receipt.model_copy(update={"key": f"{folder}/nothing"})
    for key, version in ((f"{folder}/nothing", receipt.version), (receipt.key, "0123456789abcdef0123456789abcdef")):
        assert store.inspect(key, version) is None
        assert store.examine(key, version) is None
    for act in (lambda: store.extend(gone, datetime.now(UTC)), lambda: store.hold(gone, on=True)):
        with pytest.raises(Refused, match=r"does not exist|nothing is stored"):
            act()


def test_whatever_really_lies_there_is_examined_without_judgement(bench: Bench, folder: str) -> None:
    key = addressed(folder, CONTENT)
    bench.plant(key, b"other bytes")
    [listed] = bench.store.versions(key)
    found = bench.store.examine(key, listed.version)
    assert found is not None
    assert (found.key, found.version, found.sha256) == (key, listed.version, digest_of(b"other bytes"))


def test_a_lock_is_moved_on_exactly_where_it_is_proven_and_never_back(store: ObjectStore, folder: str) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    receipt = store.put(addressed(folder, CONTENT), CONTENT, retain_until=now + timedelta(hours=1))
    later = store.extend(receipt, now + timedelta(hours=2))
    assert later.retain_until == (now + timedelta(hours=2) if store.capabilities.worm else receipt.retain_until)
    assert store.extend(receipt, now + timedelta(hours=1)) == later


def test_a_legal_hold_is_placed_exactly_where_it_is_proven(store: ObjectStore, folder: str) -> None:
    receipt = store.put(addressed(folder, CONTENT), CONTENT)
    proven = store.capabilities.holds_legally
    assert [store.hold(receipt, on=on).held for on in (True, True, False, False)] == [proven, proven, False, False]


def test_what_is_disposed_of_is_gone_and_may_be_disposed_of_again(store: ObjectStore, folder: str) -> None:
    receipt, other = (store.put(addressed(folder, content), content) for content in (CONTENT, b"other"))
    store.dispose(receipt)
    store.dispose(receipt)
    assert store.stat(receipt.key) is None
    assert [one.key for one in store.versions(f"{folder}/")] == [other.key]
    assert store.put(receipt.key, CONTENT).sha256 == receipt.sha256


@pytest.mark.parametrize("how", ["lock", "legal hold"])
def test_what_the_store_holds_is_not_disposed_of(store: ObjectStore, folder: str, how: str) -> None:
    until = datetime.now(UTC) + timedelta(hours=1) if how == "lock" else None
    receipt = store.put(addressed(folder, CONTENT), CONTENT, retain_until=until)
    if how == "legal hold":
        store.hold(receipt, on=True)
    if not store.capabilities.holds_legally:
        store.dispose(receipt)
        assert store.stat(receipt.key) is None
        return
    with pytest.raises(Refused, match="the store does not let go of this version"):
        store.dispose(receipt)
    assert store.get(receipt.key, version=receipt.version) == CONTENT


BAD_KEYS = [
    "",
    "/",
    "/etc/passwd",
    "a//b",
    "a/",
    "../a",
    "a/../b",
    "a/./b",
    ".incoming/a",
    "a/.b",
    "a\\b",
    "a\0b",
    "a\n",
]


@pytest.mark.parametrize("key", [*BAD_KEYS, "ä", "a b", "x" * 201, "x/" * 256 + "x"])
def test_keys_that_could_lead_elsewhere_are_refused(store: ObjectStore, key: str) -> None:
    for act in (lambda: store.put(key, CONTENT), lambda: store.get(key), lambda: store.stat(key)):
        with pytest.raises(Refused, match="not an object key"):
            act()


@pytest.mark.parametrize("prefix", ["/", "..", "a/../", "a//", ".incoming", "a\0"])
def test_prefixes_that_could_lead_elsewhere_are_refused(store: ObjectStore, prefix: str) -> None:
    with pytest.raises(Refused, match="no object key begins"):
        list(store.keys(prefix))


@given(st.text(max_size=40))
def test_no_accepted_key_leaves_the_root(text: str) -> None:
    try:
        key = checked_key(text)
    except Refused:
        return
    assert key.isascii()
    assert not any(segment in {"", ".", ".."} for segment in key.split("/"))


def test_only_a_whole_digest_makes_a_key_content_addressed() -> None:
    digest = digest_of(CONTENT)
    assert named_digest(f"a/{digest}") == named_digest(f"{digest}.pdf") == named_digest(f"a/{digest}.tar.gz") == digest
    others = ("checkpoints/12", f"{digest}/note", f"a/{digest}0.pdf", f"a/{digest.upper()}.pdf", f"a/{digest[1:]}.pdf")
    assert [named_digest(key) for key in others] == [None] * 5
