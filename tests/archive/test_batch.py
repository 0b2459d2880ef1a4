from datetime import timedelta
from random import Random

import pytest

from archive.batch import LARGEST, Act, BatchAppender, NewAgreement
from archive.checkpoint import CheckpointKey
from archive.database import open_database
from archive.ledger import Ledger
from archive.register import Register
from archive.transaction import Appended, op_id_of
from schemas.errors import ConflictingContent, Refused, RefusedTransition
from schemas.lifecycle import fold
from schemas.state import Stage
from tests.histories import MANAGER, NOW, STRAIGHT, archived, begin, digest, go_on, possible, requested
from tests.logs import prove, publish

KEY = CheckpointKey.create("convenio.example/ledger")
NEW = NewAgreement("mou", 2026)


@pytest.fixture
def engine(database_url):
    engine = open_database(database_url, wait_seconds=5)
    yield engine
    engine.dispose()


@pytest.fixture
def ledger(engine):
    return Ledger(engine)


@pytest.fixture
def appender(engine):
    return BatchAppender(engine)


def request_of(seed):
    act = requested(seed=seed)
    return Act(NEW, op_id_of("requested", str(seed)), NOW, act.actor, act.event)


def next_act(state, kind, *, seed=0):
    found = next(one for one in possible(state, Random(repr(seed))) if isinstance(one.event, kind))
    return Act(state.agreement, op_id_of("batch", state.agreement, str(state.counter)), NOW, found.actor, found.event)


def test_a_batch_leaves_what_single_acts_leave(engine, ledger, appender, tmp_path):
    results = appender.append([request_of(seed) for seed in range(3)])
    agreements = [one.entry.agreement for one in results]
    assert agreements == ["MOU-2026-0001", "MOU-2026-0002", "MOU-2026-0003"]
    for kind in STRAIGHT:
        for one in appender.append([next_act(ledger.state(agreement), kind) for agreement in agreements]):
            assert isinstance(one, Appended)
    assert {ledger.state(agreement).stage for agreement in agreements} == {Stage.ARCHIVED}
    assert begin(ledger) == "MOU-2026-0004"
    publish(ledger, KEY)
    prove(ledger, KEY.verifier_key)
    rows = Register(engine).rows()
    assert Register(engine).rebuild() == 4
    assert Register(engine).rows() == rows


def test_acts_of_one_agreement_follow_each_other_in_one_batch(ledger, appender):
    agreement = archived(ledger)
    acts, other = [], None
    for recorded in ledger.entries(agreement):
        entry = recorded.entry
        acts.append(
            Act("MOU-2026-0002" if other else NEW, op_id_of("again", str(entry.counter)), NOW, entry.actor, entry.event)
        )
        other = True
    results = appender.append(acts)
    assert [one.entry.counter for one in results] == list(range(len(acts)))
    assert ledger.state("MOU-2026-0002").stage is Stage.ARCHIVED


def test_an_act_sent_twice_is_one_leaf_within_a_batch_and_after_it(ledger, appender, engine):
    act = request_of(1)
    first, second = appender.append([act, act])
    assert (first.repeated, second.repeated) == (False, True)
    assert first.leaf_index == second.leaf_index
    (third,) = BatchAppender(engine).append([act])
    assert (third.repeated, third.entry) == (True, first.entry)
    assert ledger.size == 1


def test_an_id_with_other_content_is_refused_and_the_others_go_through(ledger, appender):
    act = request_of(1)
    other = Act(NEW, act.op_id, NOW, act.actor, requested(seed=2).event)
    first, conflict, third = appender.append([act, other, request_of(3)])
    assert isinstance(conflict, ConflictingContent)
    assert [first.entry.agreement, third.entry.agreement] == ["MOU-2026-0001", "MOU-2026-0002"]
    assert ledger.size == 2


def test_what_the_lifecycle_refuses_touches_no_other_act(ledger, appender):
    appender.append([request_of(1)])
    state = ledger.state("MOU-2026-0001")
    good = next_act(state, STRAIGHT[0])
    early = Act(state.agreement, digest("early"), NOW, MANAGER, requested(seed=9).event)
    refused, appended = appender.append([early, good])
    assert isinstance(refused, RefusedTransition)
    assert isinstance(appended, Appended)
    assert ledger.state(state.agreement).stage is Stage.IN_REVIEW


def test_what_others_appended_meanwhile_is_seen(ledger, appender, engine):
    (first,) = appender.append([request_of(1)])
    agreement = first.entry.agreement
    stale = next_act(ledger.state(agreement), STRAIGHT[0])
    go_on(ledger, agreement, Random(5), kind=STRAIGHT[0])
    (refused,) = appender.append([Act(agreement, digest("stale"), NOW, stale.actor, stale.event)])
    assert isinstance(refused, Refused)
    (fine,) = appender.append([next_act(ledger.state(agreement), STRAIGHT[1])])
    assert fine.entry.counter == 2
    assert fold(one.entry for one in ledger.entries(agreement)) == ledger.state(agreement)


def test_a_batch_that_broke_off_left_nothing_and_is_repeated(ledger, appender, monkeypatch):
    acts = [request_of(seed) for seed in range(3)]

    class Broken(Exception):
        pass

    def fail(*_):
        raise Broken

    with monkeypatch.context() as patched:
        patched.setattr("archive.register.write_all", fail)
        with pytest.raises(Broken):
            appender.append(acts)
    assert ledger.size == 0
    assert [one.entry.agreement for one in appender.append(acts)] == ["MOU-2026-0001", "MOU-2026-0002", "MOU-2026-0003"]


def test_a_naive_time_refuses_its_act_only(ledger, appender):
    act = request_of(1)
    naive = Act(NEW, digest("naive"), NOW.replace(tzinfo=None), act.actor, act.event)
    refused, appended = appender.append([naive, act])
    assert isinstance(refused, Refused)
    assert appended.entry.agreement == "MOU-2026-0001"


def test_an_empty_batch_is_nothing_and_a_large_one_too_much(appender):
    assert appender.append([]) == ()
    with pytest.raises(Refused, match="too large"):
        appender.append([request_of(1)] * (LARGEST + 1))


def test_an_acts_first_time_stays(ledger, appender):
    act = request_of(1)
    appender.append([act])
    later = Act(NEW, act.op_id, NOW + timedelta(hours=1), act.actor, act.event)
    (found,) = appender.append([later])
    assert (found.repeated, found.entry.occurred_at) == (True, NOW)
