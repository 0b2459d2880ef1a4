from random import Random

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sqlalchemy import text

from archive.database import open_database, reading, writing
from archive.ledger import Ledger
from archive.register import Register
from schemas import events as ev
from schemas.errors import Refused, RefusedTransition
from schemas.people import SYSTEM
from schemas.state import Stage
from tests.histories import STRAIGHT, archived, begin, go_on


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    engine = open_database(f"sqlite:///{tmp_path_factory.mktemp('register') / 'convenio.db'}")
    yield engine
    engine.dispose()


@pytest.fixture
def engine(database_url):
    engine = open_database(database_url)
    yield engine
    engine.dispose()


BESIDE = ("agreement_numbers", "awaited")
"""Tables that are rebuilt with the register's lines."""

WAITS = [
    (0, ("system",)),
    (1, ("office:legal", "office:finance")),
    (2, ("office:finance",)),
    (3, ("system",)),
    (4, ("signatory:gssc",)),
    (6, ("signatory:chamber",)),
    (8, ("system",)),
    (10, ()),
]


@pytest.mark.parametrize(("acts", "waits_for"), WAITS)
def test_the_register_names_who_can_move_an_agreement_on(engine, acts, waits_for):
    ledger, random = Ledger(engine), Random(1)
    agreement = begin(ledger)
    for kind in STRAIGHT[:acts]:
        go_on(ledger, agreement, random, kind=kind)
    assert Register(engine).show(agreement).waits_for == waits_for


def test_open_facts_make_the_manager_waited_for_beside_the_reviewers(engine):
    ledger = Ledger(engine)
    agreement = begin(ledger, open_facts=("term.end",))
    go_on(ledger, agreement, Random(1), kind=ev.Drafted)
    assert Register(engine).show(agreement).waits_for == ("office:legal", "office:finance", "manager")
    go_on(ledger, agreement, Random(1), kind=ev.Returned)
    assert Register(engine).show(agreement).waits_for == ("manager",)


def test_a_row_says_what_the_state_says(engine):
    ledger = Ledger(engine)
    agreement = archived(ledger)
    row, state = Register(engine).show(agreement), ledger.state(agreement)
    assert (row.id, row.stage, row.draft, row.pdf, row.since, row.counter) == (
        agreement,
        state.stage,
        state.draft,
        state.pdf,
        state.since,
        state.counter,
    )
    assert row.updated_at == ledger.entries(agreement)[-1].entry.occurred_at
    assert row.title == "Memorandum of Understanding: Nanoprogress and Câmara"


def test_the_list_is_filtered_by_stage(engine):
    ledger, register, random = Ledger(engine), Register(engine), Random(1)
    fresh, reviewed, done = begin(ledger), begin(ledger), archived(ledger)
    go_on(ledger, reviewed, random, kind=ev.Drafted)
    assert {row.id for row in register.rows()} == {fresh, reviewed, done}
    assert [row.id for row in register.rows(stage=Stage.IN_REVIEW)] == [reviewed]


def test_an_unknown_agreement_is_refused_with_the_nearest(engine):
    begin(Ledger(engine))
    with pytest.raises(Refused) as refused:
        Register(engine).show("mou-2026-001")
    assert refused.value.remedy == "did you mean MOU-2026-0001?"


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(random=st.randoms(use_true_random=False), length=st.integers(min_value=0, max_value=14))
def test_after_any_history_the_register_can_be_lost_and_rebuilt_equal(shared, random, length):
    ledger, register = Ledger(shared), Register(shared)
    agreements = [begin(ledger) for _ in range(3)]
    for _ in range(length):
        go_on(ledger, random.choice(agreements), random)
    kept = register.rows()

    def beside():
        with reading(shared) as connection:
            return [sorted(map(tuple, connection.execute(text(f"SELECT * FROM {table}")))) for table in BESIDE]

    before = beside()
    with writing(shared) as connection:
        for table in ("agreements", *BESIDE):
            connection.execute(text(f"DELETE FROM {table}"))
    assert register.rows() == ()
    assert register.rebuild() == len(kept)
    assert register.rows() == kept
    assert beside() == before


def test_a_rebuild_corrects_what_somebody_wrote_into_the_register(engine):
    agreement = begin(Ledger(engine))
    with writing(engine) as connection:
        connection.execute(text("UPDATE agreements SET stage = 'archived', waits_for = ''"))
    assert Register(engine).show(agreement).stage is Stage.ARCHIVED
    Register(engine).rebuild()
    assert Register(engine).show(agreement).stage is Stage.REQUESTED


def test_what_the_register_says_does_not_change_what_is_allowed(engine):
    ledger = Ledger(engine)
    agreement = begin(ledger)
    with writing(engine) as connection:
        connection.execute(text("UPDATE agreements SET stage = 'concluded'"))
    event = ev.Deposited(receipt={"store": "s", "key": "k", "sha256": "a" * 64, "size_bytes": 1})
    with pytest.raises(RefusedTransition, match="is requested"), ledger.transaction() as tx:
        tx.append(agreement, "b" * 64, ledger.state(agreement).since, SYSTEM, event)


def test_an_empty_ledger_has_an_empty_register(engine):
    assert Register(engine).rebuild() == 0
    assert Register(engine).rows() == ()
