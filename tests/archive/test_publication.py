import sqlite3
import threading

import pytest
from sqlalchemy import text

from archive import merkle
from archive.checkpoint import CheckpointKey, open_checkpoint
from archive.database import open_database, writing
from archive.exact import exact_json
from archive.ledger import Ledger
from schemas.errors import (
    Invalid,
    Refused,
)
from schemas.state import Stage
from tests.histories import archived, begin
from tests.logs import newest, prove, publish

KEY = CheckpointKey.create("convenio.example/ledger")


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'convenio.db'}"


@pytest.fixture
def engine(url):
    engine = open_database(url, wait_seconds=5)
    yield engine
    engine.dispose()


@pytest.fixture
def ledger(engine):
    return Ledger(engine)


def tamper(url: str, *statements: str) -> None:
    """Change the file as somebody would who has it: past the triggers, past our code."""
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _ in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(statement)
    for _, sql in triggers:
        connection.execute(sql)
    connection.commit()
    connection.close()


def test_a_checkpoint_covers_the_whole_ledger_and_is_signed_once_for_each_size(ledger):
    archived(ledger)
    first = publish(ledger, KEY)
    assert first.tree_size == ledger.size
    assert open_checkpoint(first.note, KEY.verifier_key) == first
    assert publish(ledger, KEY) == first
    begin(ledger)
    assert publish(ledger, KEY).tree_size == first.tree_size + 1
    assert newest(ledger, KEY.verifier_key).tree_size == first.tree_size + 1


def test_there_is_no_checkpoint_before_one_was_published(ledger):
    assert newest(ledger, KEY.verifier_key) is None


def test_two_publishers_at_once_agree(ledger):
    archived(ledger)
    barrier, published = threading.Barrier(4), []

    def run():
        barrier.wait()
        published.append(publish(ledger, KEY))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(published) == 4
    assert len({checkpoint.note for checkpoint in published}) == 1


def test_another_key_does_not_sign_over_a_ledger_it_does_not_know(ledger):
    begin(ledger)
    publish(ledger, KEY)
    begin(ledger)
    with pytest.raises(Invalid, match="not signed by this key"):
        publish(ledger, CheckpointKey.create(KEY.name))


FLIPPED = "UPDATE ledger_entries SET leaf = CAST(replace(leaf, 'Nanoprogress', 'Nanoprogresz') AS BLOB)"


def test_one_flipped_byte_of_a_leaf_is_named(ledger, url):
    for seed in range(3):
        begin(ledger, seed=seed)
    publish(ledger, KEY)
    tamper(url, f"{FLIPPED} WHERE leaf_index = 1")
    with pytest.raises(Invalid, match="altered after it was appended") as invalid:
        prove(ledger, KEY.verifier_key)
    assert invalid.value.where == "leaf 1"
    begin_size = begin(ledger, seed=3) and ledger.size
    with pytest.raises(Invalid, match="altered after"):
        publish(ledger, KEY)
    with pytest.raises(Invalid, match="altered after"):
        ledger.state("MOU-2026-0002")
    assert ledger.state("MOU-2026-0001").stage is Stage.REQUESTED
    assert ledger.size == begin_size


def test_a_leaf_rewritten_together_with_its_hash_contradicts_the_checkpoint(ledger, url):
    begin(ledger)
    publish(ledger, KEY)
    begin(ledger, seed=2)
    leaf = exact_json(ledger.entries("MOU-2026-0001")[0].entry).replace(b"Nanoprogress", b"Nanoprogresz")
    hashed = merkle.leaf_hash(leaf).hex()
    tamper(url, f"UPDATE ledger_entries SET leaf = x'{leaf.hex()}', leaf_hash = x'{hashed}' WHERE leaf_index = 0")
    with pytest.raises(Invalid, match="not the one that was published") as invalid:
        publish(ledger, KEY)
    assert invalid.value.where == "leaf 0"


@pytest.mark.parametrize(
    ("statements", "reason"),
    [
        (["DELETE FROM ledger_entries WHERE leaf_index = 2"], "lacks a leaf"),
        (["DELETE FROM ledger_entries WHERE leaf_index = 1"], "has a gap"),
        (["DELETE FROM ledger_entries WHERE leaf_index = 2", "UPDATE log_state SET size = 2"], "behind its own"),
        (["UPDATE log_state SET size = 2"], "behind its own"),
        (["UPDATE ledger_entries SET agreement = 'MOU-2026-0009' WHERE leaf_index = 0"], "contradicts its leaf"),
        (["UPDATE ledger_entries SET op_id = 'x' WHERE leaf_index = 0"], "contradicts its leaf"),
        (["UPDATE checkpoints SET note = replace(note, char(10) || '3' || char(10), char(10) || '2' || char(10))"],
         "does not belong to this text"),
        (["UPDATE checkpoints SET tree_size = 2"], "under another size"),
        (["DELETE FROM log_state"], "own size is missing"),
    ],
)  # fmt: skip
def test_whatever_is_changed_behind_our_back_is_named(ledger, url, statements, reason):
    for seed in range(3):
        begin(ledger, seed=seed)
    publish(ledger, KEY)
    prove(ledger, KEY.verifier_key)
    tamper(url, *statements)
    with pytest.raises(Invalid, match=reason):
        prove(ledger, KEY.verifier_key)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE ledger_entries SET counter = 1", "DELETE FROM ledger_entries", "UPDATE checkpoints SET note = ''",
     "DELETE FROM checkpoints"],
)  # fmt: skip
def test_the_database_itself_refuses_to_change_the_past(ledger, engine, statement):
    begin(ledger)
    publish(ledger, KEY)
    with pytest.raises(Refused, match="own rules") as refused, writing(engine) as connection:
        connection.execute(text(statement))
    assert "append-only" in refused.value.got
    prove(ledger, KEY.verifier_key)


def test_a_lost_table_is_named(ledger, url):
    begin(ledger)
    tamper(url, "DROP TABLE log_state")
    with pytest.raises(Invalid, match="damaged or not ours"):
        prove(ledger, KEY.verifier_key)
