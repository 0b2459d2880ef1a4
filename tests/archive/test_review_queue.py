from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from archive import register
from archive.database import open_database, writing
from archive.review_queue import Page, ReviewQueue
from schemas.people import Office
from schemas.state import Delegation, Stage
from tests.histories import standing

TODAY = date(2026, 3, 2)
BEGIN = datetime(2026, 2, 1, 9, tzinfo=UTC)
A = "a" * 64


@pytest.fixture
def engine(database_url):
    engine = open_database(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def queue(engine) -> ReviewQueue:
    return ReviewQueue(engine)


def wait(engine, number: int, *, days: int = 0, offices: Sequence[Office] = (Office.LEGAL,), **more: object):
    """Enter an agreement that has waited since ``days`` after the first of February."""
    at = BEGIN + timedelta(days)
    state = standing(f"MOU-2026-{number:04d}", since=at, offices=offices, **more)
    with writing(engine) as connection:
        register.write(connection, state, at)
    return state.agreement


def ids(queue: ReviewQueue, *offices: Office, **more: int) -> list[str]:
    return [one.row.id for one in queue.page(offices or (Office.LEGAL,), today=TODAY, **more).lines]


def test_the_riskiest_comes_first_then_the_oldest(engine, queue):
    old, new, risky = wait(engine, 1), wait(engine, 2, days=3), wait(engine, 3, days=9)
    for agreement, points in ((old, 1), (new, 1), (risky, 6)):
        queue.keep(agreement, 1, points, {"money": points})
    assert ids(queue) == [risky, old, new]
    assert queue.page([Office.LEGAL], today=TODAY).lines[0].reasons == {"money": 6}


def test_the_last_day_to_sign_brings_a_draft_forward(engine, queue):
    calm, soon, late = (
        wait(engine, 1),
        wait(engine, 2, sign_by=date(2026, 3, 9)),
        wait(engine, 3, sign_by=date(2026, 3, 20)),
    )
    for agreement in (calm, soon, late):
        queue.keep(agreement, 1, 0, {})
    assert ids(queue) == [soon, late, calm]


def test_what_nobody_assessed_comes_first_and_says_so(engine, queue):
    known, unknown = wait(engine, 1), wait(engine, 2, days=5)
    queue.keep(known, 1, 9, {"money": 3})
    first, second = queue.page([Office.LEGAL], today=TODAY).lines
    assert (first.row.id, first.points, first.reasons) == (unknown, None, None)
    assert (second.row.id, second.points) == (known, 9)
    assert queue.unassessed() == (unknown,)


def test_the_risk_of_an_earlier_draft_is_not_that_of_the_next(engine, queue):
    agreement = wait(engine, 1, draft=2)
    queue.keep(agreement, 1, 5, {"edited": 1})
    assert queue.page([Office.LEGAL], today=TODAY).lines[0].points is None
    queue.keep(agreement, 2, 1, {"fallbacks": 1})
    assert queue.page([Office.LEGAL], today=TODAY).lines[0].points == 1


def test_each_office_has_its_own_queue(engine, queue):
    legal, finance = wait(engine, 1), wait(engine, 2, days=1, offices=[Office.FINANCE], open_facts=("term.end",))
    both = wait(engine, 3, days=2, offices=[Office.LEGAL, Office.FINANCE])
    wait(
        engine, 4, stage=Stage.SIGNING, delegations=(Delegation(signatory="gssc", given_by=A, delegate=A, authority=A),)
    )
    assert ids(queue) == [legal, both]
    assert ids(queue, Office.FINANCE) == [finance, both]
    assert ids(queue, Office.LEGAL, Office.FINANCE) == [legal, finance, both]
    assert queue.page([], today=TODAY) == Page(0, ())
    assert [queue.page(offices, today=TODAY, limit=1).total for offices in ([Office.LEGAL], list(Office))] == [2, 3]
    assert queue.page([Office.LEGAL], today=TODAY, skip=20) == Page(2, ())


def test_the_queue_is_read_in_parts(engine, queue):
    everything = [wait(engine, number, days=number) for number in range(1, 6)]
    assert ids(queue, limit=2) + ids(queue, limit=2, skip=2) + ids(queue, limit=2, skip=4) == everything
