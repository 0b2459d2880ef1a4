from datetime import date, timedelta

import pytest

from archive import register
from archive.awaited import Queue
from archive.catalogue import Catalogue
from archive.database import open_database, writing
from schemas.state import Delegation, Stage
from tests.histories import MANAGER, NOW, digest, standing

DELEGATE = digest("delegate")


@pytest.fixture
def engine(database_url):
    engine = open_database(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def waits(engine):
    """Enters agreements, one after the other, and returns the id of each."""
    begun = []

    def enter(emails=(), **fields):
        begun.append(standing(f"MOU-2026-{len(begun) + 1:04d}", **fields))
        with writing(engine) as connection:
            register.write(connection, begun[-1], NOW)
        signatories = dict(zip(("gssc", "chamber"), emails, strict=False))
        Catalogue(engine).enter(begun[-1].agreement, 1, parties=(), project="", signatories=signatories, texts=())
        return begun[-1].agreement

    return enter


@pytest.fixture
def queue(engine):
    return lambda *waiters, **which: [
        line.row.id for line in Catalogue(engine).awaiting(Queue(waiters=waiters, **which))
    ]


def named(**fields):
    return Delegation(
        signatory="gssc", given_by=digest("gssc"), delegate=DELEGATE, authority=digest("letter"), **fields
    )


def test_each_office_and_the_manager_have_a_queue(waits, queue):
    legal, both = waits(), waits(offices=("legal", "finance"), open_facts=("term.end",))
    returned = waits(stage=Stage.RETURNED)
    waits(stage=Stage.APPROVED)
    waits(stage=Stage.ARCHIVED)
    assert queue("office:legal") == [legal, both]
    assert queue("office:finance") == [both]
    assert queue("office:legal", "office:finance") == [legal, both]
    assert queue("manager") == [both, returned]
    assert queue("manager", stage=Stage.RETURNED) == [returned]
    assert queue() == queue("office") == queue("office_legal") == queue("%") == []


def test_what_somebody_else_requested_is_chosen_apart(waits, queue):
    mine, theirs, nobodys = waits(), waits(owner=digest("another")), waits(owner=None)
    assert queue("office:legal", owner=MANAGER.person) == [mine]
    assert queue("office:legal", not_owner=MANAGER.person) == [theirs, nobodys]


def test_a_signatory_has_a_queue_when_it_is_their_turn_and_a_delegate_in_their_place(waits, queue):
    two = ("Ana@example.org", "bea@example.org")
    first = waits(two, stage=Stage.SIGNING)
    second = waits(two[::-1], stage=Stage.SIGNING)
    unconfirmed = waits(two, stage=Stage.SIGNING, delegations=(named(),))
    confirmed = waits(two, stage=Stage.SIGNING, delegations=(named(confirmed=True),))
    waits(two)
    assert queue(address=" ana@Example.org ") == [first, unconfirmed]
    assert queue(address="bea@example.org") == [second]
    assert queue(address="nobody@example.org") == []
    assert queue(f"delegate:{DELEGATE}") == [confirmed]
    assert queue("office:legal", stage=Stage.SIGNING) == [unconfirmed]


def test_who_signs_twice_is_asked_once(waits, queue):
    agreement = waits(("ana@example.org", "ana@example.org"), stage=Stage.SIGNING, rounds=(("gssc", "chamber"),))
    assert queue(address="ana@example.org") == [agreement]


def test_what_is_to_be_signed_soonest_comes_first_then_the_longest_waiting(engine, waits, queue):
    undated, older = waits(), waits(since=NOW - timedelta(days=3))
    later, sooner = waits(sign_by=date(2027, 5, 1)), waits(sign_by=date(2027, 4, 1))
    assert queue("office:legal") == [sooner, later, older, undated]
    assert [line.row.id for line in Catalogue(engine).awaiting(Queue(waiters=("office:legal",)), limit=1)] == [sooner]
