from datetime import timedelta

import pytest

from archive.database import open_database
from archive.ledger import Ledger
from archive.outbox import Outbox
from schemas.errors import ConflictingContent, Refused
from tests.histories import NOW


@pytest.fixture
def engine(tmp_path):
    engine = open_database(f"sqlite:///{tmp_path / 'convenio.db'}")
    yield engine
    engine.dispose()


def enqueue(engine, stage="draft", version=1, *, minutes=0, attempt=1):
    with Ledger(engine).transaction() as tx:
        return tx.enqueue(stage, "MOU-2026-0001", version, now=NOW + timedelta(minutes=minutes), attempt=attempt)


def test_what_is_due_comes_oldest_first_until_it_is_dispatched(engine):
    outbox = Outbox(engine)
    later, first = enqueue(engine, "prepare", minutes=5), enqueue(engine, "draft")
    assert outbox.due() == (first, later)
    assert outbox.due(limit=1) == (first,)
    marked = outbox.mark_dispatched(first, "run-1", NOW)
    assert (marked.run_id, marked.dispatched_at) == ("run-1", NOW)
    assert outbox.due() == (later,)


def test_the_same_stage_of_the_same_version_is_one_row(engine):
    first = enqueue(engine)
    assert enqueue(engine, minutes=9) == first
    Outbox(engine).mark_dispatched(first, "run-1", NOW)
    assert enqueue(engine).run_id == "run-1"
    assert Outbox(engine).due() == ()


def test_another_attempt_version_or_stage_is_another_row(engine):
    rows = [enqueue(engine), enqueue(engine, attempt=2), enqueue(engine, version=2), enqueue(engine, "prepare")]
    assert len({row.id for row in rows}) == 4
    assert Outbox(engine).attempts("draft", "MOU-2026-0001", 1) == (rows[0], rows[1])


def test_marking_twice_with_one_run_is_fine_and_with_another_is_not(engine):
    outbox, row = Outbox(engine), enqueue(engine)
    marked = outbox.mark_dispatched(row, "run-1", NOW)
    assert outbox.mark_dispatched(row, "run-1", NOW + timedelta(hours=1)) == marked
    with pytest.raises(ConflictingContent, match="another run"):
        outbox.mark_dispatched(row, "run-2", NOW)
    with pytest.raises(Refused, match="not in the outbox"):
        outbox.mark_dispatched(row.model_copy(update={"id": "0" * 64}), "run-1", NOW)
