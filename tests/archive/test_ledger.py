import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sqlalchemy import event as engine_event

from archive import merkle
from archive.checkpoint import CheckpointKey
from archive.database import MOST_WRITERS, open_database, overwrite_erased, writing
from archive.exact import exact_json
from archive.ledger import Ledger
from archive.outbox import Outbox
from archive.register import Register
from archive.remarks import Remarks, forget
from archive.transaction import op_id_of
from schemas import events as ev
from schemas.errors import (
    ConflictingContent,
    FourEyes,
    NotAuthorised,
    Refused,
    RefusedTransition,
    StaleBase,
)
from schemas.evidence import canonical_json
from schemas.lifecycle import fold
from schemas.people import Actor, Role, commit
from schemas.state import Stage
from tests.histories import NOW, STRAIGHT, archived, begin, digest, go_on, possible, requested
from tests.logs import prove, publish

KEY = CheckpointKey.create("convenio.example/ledger")


@pytest.fixture
def engine(database_url):
    engine = open_database(database_url, wait_seconds=5)
    yield engine
    engine.dispose()


@pytest.fixture
def ledger(engine):
    return Ledger(engine)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One ledger that grows with every example of the property tests."""
    engine = open_database(f"sqlite:///{tmp_path_factory.mktemp('ledger') / 'convenio.db'}")
    yield engine
    engine.dispose()


class Interrupted(Exception):
    pass


def test_an_agreement_goes_from_request_to_archive(ledger):
    agreement = archived(ledger)
    recorded = ledger.entries(agreement)
    assert [one.entry.counter for one in recorded] == list(range(len(STRAIGHT) + 1))
    assert [type(one.entry.event) for one in recorded[1:]] == list(STRAIGHT)
    assert ledger.state(agreement) == fold(one.entry for one in recorded)
    assert ledger.size == len(recorded)


def test_a_leaf_is_the_canonical_json_of_its_entry(ledger):
    agreement = begin(ledger)
    (recorded,) = ledger.entries(agreement)
    leaf = canonical_json(recorded.entry.model_dump(mode="json"))
    assert json.loads(leaf)["occurred_at"] == "2026-11-22T09:00:00.000000Z"
    assert ledger.tree(1).root() == merkle.leaf_hash(leaf)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(random=st.randoms(use_true_random=False), length=st.integers(min_value=1, max_value=15))
def test_whatever_happens_the_ledger_proves_and_the_register_follows_from_it(shared, random, length):
    ledger, register = Ledger(shared), Register(shared)
    before = publish(ledger, KEY)
    agreements = [begin(ledger, open_facts=("term.end",) if random.random() < 0.3 else ()) for _ in range(2)]
    for _ in range(length):
        go_on(ledger, random.choice(agreements), random)
    after = publish(ledger, KEY)
    tree = ledger.tree()
    merkle.verify_consistency(
        tree.consistency(before.tree_size, after.tree_size),
        old_root=bytes.fromhex(before.root),
        new_root=bytes.fromhex(after.root),
    )
    for recorded in ledger.entries(agreements[0]):
        proof = tree.inclusion(recorded.leaf_index, after.tree_size)
        hashed = merkle.leaf_hash(exact_json(recorded.entry))
        merkle.verify_inclusion(proof, leaf_hash=hashed, root=bytes.fromhex(after.root))
    assert prove(ledger, KEY.verifier_key) == after
    rows = register.rows()
    assert register.rebuild() == len(rows)
    assert register.rows() == rows


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(random=st.randoms(use_true_random=False), length=st.integers(min_value=0, max_value=6))
def test_what_the_lifecycle_refuses_leaves_no_trace(shared, random, length):
    ledger = Ledger(shared)
    agreement, other = begin(ledger), begin(ledger, seed="other")
    for _ in range(length):
        go_on(ledger, agreement, random)
    for kind in STRAIGHT[: random.randrange(len(STRAIGHT))]:
        go_on(ledger, other, random, kind=kind)
    size, state = ledger.size, ledger.state(agreement)
    allowed = {type(act.event) for act in possible(state, random)}
    if state.stage is Stage.SIGNING:
        allowed.add(ev.Revised)
    # Acts about another agreement's bytes: of a kind impossible now, or about the wrong base.
    for act in possible(ledger.state(other), random):
        if type(act.event) in allowed and isinstance(act.event, ev.Declined | ev.Revised):
            continue
        with pytest.raises((RefusedTransition, StaleBase, NotAuthorised, FourEyes)), ledger.transaction() as tx:
            tx.append(agreement, op_id_of("impossible", agreement), NOW, act.actor, act.event)
    assert (ledger.size, ledger.state(agreement)) == (size, state)


def test_one_op_id_twice_is_one_entry_with_the_first_time(ledger):
    act = requested()
    results = []
    for later in range(3):
        with ledger.transaction() as tx:
            agreement = "MOU-2026-0001"
            at = NOW + timedelta(hours=later)
            results.append(tx.append(agreement, op_id_of("new", "x"), at, act.actor, act.event))
    assert [one.repeated for one in results] == [False, True, True]
    assert {one.entry.occurred_at for one in results} == {NOW}
    assert {one.leaf_index for one in results} == {0}
    assert ledger.size == 1


def test_one_op_id_with_other_content_is_refused_and_the_first_stays(ledger):
    agreement = begin(ledger)
    first = ledger.entries(agreement)[0].entry
    other_person = Actor(role=Role.MANAGER, person=digest("another manager"))
    for target, actor, event in [
        ("MOU-2026-0002", first.actor, first.event),
        (agreement, other_person, first.event),
        (agreement, first.actor, requested(seed="other").event),
    ]:
        with pytest.raises(ConflictingContent, match="recorded before"), ledger.transaction() as tx:
            tx.append(target, first.op_id, NOW, actor, event)
    assert [one.entry for one in ledger.entries(agreement)] == [first]


def test_a_command_can_ask_what_its_op_id_stands_for(ledger):
    agreement = begin(ledger)
    with ledger.transaction() as tx:
        found = tx.find(op_id_of("requested", agreement))
        assert found.repeated
        assert found.entry.agreement == agreement
        assert tx.find(op_id_of("requested", "another")) is None


def test_op_ids_keep_their_keys_apart():
    assert op_id_of("ab", "c") != op_id_of("a", "bc")
    assert op_id_of("a") != op_id_of("a", "")
    assert op_id_of("a", "b") == op_id_of("a", "b")


def test_agreement_numbers_have_no_gaps(ledger):
    def interrupted():
        with ledger.transaction() as tx:
            assert tx.new_agreement_id("mou", 2026) == "MOU-2026-0002"
            raise Interrupted

    assert begin(ledger) == "MOU-2026-0001"
    with pytest.raises(Interrupted):
        interrupted()
    assert begin(ledger) == "MOU-2026-0002"
    act = requested()
    with ledger.transaction() as tx:
        for year, expected in [(2027, "MOU-2027-0001"), (2026, "MOU-2026-0003")]:
            agreement = tx.new_agreement_id("mou", year)
            assert agreement == expected
            tx.append(agreement, op_id_of(agreement), NOW, act.actor, act.event)


def test_a_number_taken_for_nothing_refuses_the_transaction(ledger):
    with pytest.raises(Refused, match="no agreement requested under it"), ledger.transaction() as tx:
        tx.new_agreement_id("mou", 2026)
    assert begin(ledger) == "MOU-2026-0001"


def test_an_unknown_agreement_is_named_with_the_nearest_known_one(ledger):
    begin(ledger)
    with pytest.raises(Refused, match="MOU-2026-0010") as refused:
        ledger.state("MOU-2026-0010")
    assert refused.value.remedy == "did you mean MOU-2026-0001?"
    with pytest.raises(Refused, match="no agreement is called"), ledger.transaction() as tx:
        tx.state("nonsense")


def test_whoever_waits_to_write_leaves_connections_to_those_who_read(ledger, engine):
    out, most, lock, crowded = 0, 0, threading.Lock(), threading.Event()

    def change(by: int) -> None:
        nonlocal out, most
        with lock:
            out += by
            most = max(most, out)
        if most == MOST_WRITERS:
            crowded.set()

    engine_event.listen(engine, "checkout", lambda *_: change(1))
    engine_event.listen(engine, "checkin", lambda *_: change(-1))
    with ThreadPoolExecutor(20) as crowd:
        with ledger.transaction():
            done = [crowd.submit(begin, ledger, seed=number) for number in range(20)]
            assert crowded.wait(60)
            assert ledger.size == 0
        assert len({one.result() for one in done}) == 20
    assert most == MOST_WRITERS + 1


def test_states_of_several_are_those_of_each_and_an_unknown_one_is_left_out(ledger):
    straight, begun = archived(ledger), begin(ledger)
    found = ledger.states([begun, straight, "MOU-2026-0010"])
    assert found == {straight: ledger.state(straight), begun: ledger.state(begun)}
    assert ledger.states([]) == {}


def test_a_transaction_sees_what_it_appended_and_leaves_nothing_when_it_fails(ledger, engine):
    agreement, remark = begin(ledger), commit("late", digest("salt"))

    def interrupted():
        with ledger.transaction() as tx:
            act = possible(tx.state(agreement), Random(1))[0]
            tx.append(agreement, op_id_of("drafted"), NOW, act.actor, act.event)
            assert tx.state(agreement).stage is Stage.IN_REVIEW
            tx.enqueue("review", agreement, 1, now=NOW)
            assert tx.remember_remark("late", digest("salt")) == remark
            raise Interrupted

    with pytest.raises(Interrupted):
        interrupted()
    assert ledger.size == 1
    assert Register(engine).show(agreement).stage is Stage.REQUESTED
    assert Remarks(engine).get(remark) is None
    assert Outbox(engine).due() == ()


def test_a_naive_time_and_unprintable_text_cannot_get_in(ledger):
    act = requested()
    with pytest.raises(Refused, match="cannot be a ledger entry"), ledger.transaction() as tx:
        tx.append("MOU-2026-0001", digest(1), NOW.replace(tzinfo=None), act.actor, act.event)
    broken = act.event.model_copy(update={"title": "half a \ud83d character"})
    with pytest.raises(Refused, match="cannot be a ledger entry"), ledger.transaction() as tx:
        tx.append("MOU-2026-0001", digest(1), NOW, act.actor, broken)
    assert ledger.size == 0


def test_remarks_are_kept_beside_the_ledger_and_can_be_erased(ledger, engine):
    secret, salt = "Clause 4 reads as if Câmara paid for it.", digest("salt")
    with ledger.transaction() as tx:
        commitment = tx.remember_remark(secret, salt)
        assert tx.remember_remark(secret, salt) == commitment
    kept = Remarks(engine).get(commitment)
    assert (kept.text, commit(kept.text, kept.salt)) == (secret, commitment)
    with writing(engine) as connection:
        forget(connection, commitment)
    overwrite_erased(engine)
    assert Remarks(engine).get(commitment) is None
    if engine.dialect.name == "sqlite":
        folder = Path(engine.url.database).parent
        assert all(b"Clause 4 reads" not in file.read_bytes() for file in folder.iterdir())
