from datetime import timedelta

import pytest

from archive.database import open_database
from archive.ledger import Ledger
from archive.outbox import Outbox
from schemas.errors import ConflictingContent, Refused
from tests.histories import NOW


@pytest.fixture
def engine(database_url):
    engine = open_database(database_url)
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


def fail(engine, row, said="TemplateFault: no such name", *, retry=False, minutes=0):
    now = NOW + timedelta(minutes=minutes)
    return Outbox(engine).mark_failed(row.stage, row.agreement, row.version, said, retry=retry, now=now)


def test_a_failure_stands_with_the_newest_attempt_and_is_overwritten_by_the_next(engine):
    first, again = enqueue(engine), enqueue(engine, attempt=2)
    failed = fail(engine, first)
    assert (failed.id, failed.failure, failed.failed_at, failed.retry) == (
        again.id, "TemplateFault: no such name", NOW, False,
    )  # fmt: skip
    assert Outbox(engine).attempts("draft", "MOU-2026-0001", 1) == (first, failed)
    assert fail(engine, first, "StoreUnavailable: no answer", retry=True).retry
    [standing] = Outbox(engine).failures()
    assert (standing.failure, standing.retry) == ("StoreUnavailable: no answer", True)


def test_a_failed_row_is_not_due_whether_it_was_dispatched_or_not(engine):
    undispatched, other = enqueue(engine), enqueue(engine, "prepare", minutes=1)
    fail(engine, undispatched)
    assert Outbox(engine).due() == (other,)


def test_a_run_started_by_hand_has_no_row_to_fail(engine):
    assert Outbox(engine).mark_failed("publish", "MOU-2026-0001", 2, "GateRefused: no", retry=False, now=NOW) is None
    assert Outbox(engine).failures() == ()


def test_a_failure_attempted_again_is_none_and_the_newest_comes_first(engine):
    draft, prepare = enqueue(engine), enqueue(engine, "prepare")
    fail(engine, draft)
    fail(engine, prepare, minutes=1)
    assert [row.stage for row in Outbox(engine).failures("MOU-2026-0001")] == ["prepare", "draft"]
    assert Outbox(engine).failures("MOU-2026-0002") == ()
    enqueue(engine, "prepare", attempt=2)
    assert [row.stage for row in Outbox(engine).failures()] == ["draft"]


def test_what_waits_is_counted_from_its_oldest_and_what_failed_does_not_wait(engine):
    outbox, soon = Outbox(engine), NOW + timedelta(minutes=3)
    assert outbox.waiting(soon) == (None, 0)
    later, first = enqueue(engine, "prepare", minutes=2), enqueue(engine, "draft")
    assert outbox.waiting(soon) == (first, 2)
    assert outbox.waiting(NOW) == (None, 0)
    fail(engine, first)
    assert outbox.waiting(soon) == (later, 1)
    outbox.mark_dispatched(later, "run-1", NOW)
    assert outbox.waiting(soon) == (None, 0)


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
