from datetime import date, timedelta
from random import Random

import pytest
from sqlalchemy import event, select, text

from archive import tables
from archive.catalogue import Catalogue, Key, forget_agreement, forget_person
from archive.database import open_database, reading, writing
from archive.ledger import Ledger
from archive.register import Register
from archive.wanted import Wanted, folded
from schemas import events as ev
from schemas.state import Stage
from tests.histories import archived, begin, go_on


@pytest.fixture
def engine(database_url):
    engine = open_database(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def catalogue(engine):
    return Catalogue(engine)


@pytest.fixture
def ledger(engine):
    return Ledger(engine)


def enter(catalogue, agreement, *texts, draft=1, parties=("Nanoprogress", "Câmara"), emails=(), without=()):
    signatories = {f"signatory-{number}": email for number, email in enumerate(emails)}
    catalogue.enter(
        agreement,
        draft,
        parties=parties,
        project="GSSC",
        signatories=signatories,
        texts=texts or ("a text",),
        without=without,
    )


def ids(catalogue, **wanted):
    return [line.row.id for line in catalogue.page(Wanted(**wanted))]


def test_words_are_found_whatever_their_case_accents_order_or_ending(ledger, catalogue):
    agreement, other = begin(ledger), begin(ledger)
    enter(catalogue, agreement, "The Czech-Cape Verdean Chamber (Câmara), Cabo Verde", "2026/27 Finance STRASSE")
    enter(catalogue, other, "Something else")
    for asked in (
        "câmara", "CAMARA", "cam", "verdean chamber", "chamber  verdean", "Cabo-Verde", "2026/27", "ﬁnance", "straße",
    ):  # fmt: skip
        assert (asked, ids(catalogue, asked=asked)) == (asked, [agreement])


def test_what_is_no_word_of_it_finds_nothing_and_breaks_nothing(ledger, catalogue):
    agreement = begin(ledger)
    enter(catalogue, agreement, "The Verdean Chamber")
    for asked in ("hamber", "chamber lisbon", '"', "NEAR(a b)", "chamber OR lisbon", "a:* | b", "'", "%"):
        assert (asked, ids(catalogue, asked=asked)) == (asked, [])


def test_an_id_is_found_by_how_it_begins(ledger, catalogue):
    first, second = begin(ledger), begin(ledger)
    assert ids(catalogue, asked="mou-2026-0002") == [second]
    assert set(ids(catalogue, asked="MOU-2026")) == {first, second}


def test_a_digest_is_found_from_its_first_eight_digits(ledger, catalogue):
    agreement = archived(ledger)
    begin(ledger)
    drafted = next(r.entry.event for r in ledger.entries(agreement) if isinstance(r.entry.event, ev.Drafted))
    pdf = drafted.content.pdf
    assert ids(catalogue, asked=pdf) == ids(catalogue, asked=pdf[:8].upper()) == [agreement]
    assert ids(catalogue, asked=pdf[:7]) == []


def test_digests_are_known_anew_when_the_register_is_rebuilt(engine, ledger, catalogue):
    agreement = archived(ledger)
    with reading(engine) as connection:
        before = set(connection.execute(select(tables.named_digests)).all())
    with writing(engine) as connection:
        connection.execute(text("DELETE FROM named_digests"))
    Register(engine).rebuild()
    with reading(engine) as connection:
        assert set(connection.execute(select(tables.named_digests)).all()) == before
    assert {row.agreement for row in before} == {agreement}


def test_a_person_is_found_as_owner_or_signatory(ledger, catalogue):
    mine, theirs = begin(ledger), begin(ledger)
    enter(catalogue, theirs, emails=["Ana@Example.org"])
    owner = Register(ledger._engine).show(mine).owner
    assert set(ids(catalogue, asked="ana", owners=(owner,))) == {mine, theirs}
    assert ids(catalogue, asked="ana", emails=("ana@example.org",)) == [theirs]
    assert ids(catalogue, signatory="ana@example.org") == [theirs]


def test_a_page_goes_on_where_the_one_before_ended(ledger, catalogue):
    every = [begin(ledger) for _ in range(7)]
    found, after = [], None
    while lines := catalogue.page(Wanted(), after=after, limit=3):
        assert len(lines) <= 3
        found += [line.row.id for line in lines]
        after = Key(lines[-1].row.updated_at, lines[-1].row.id)
    assert found == every[::-1]


def test_a_page_begins_after_a_place_where_nothing_stands_any_more(ledger, catalogue):
    first, second = begin(ledger), begin(ledger)
    at = Register(ledger._engine).show(second).updated_at
    assert catalogue.page(Wanted(), after=Key(at, "0")) == ()
    assert [line.row.id for line in catalogue.page(Wanted(), after=Key(at, second))] == [first]
    assert [line.row.id for line in catalogue.page(Wanted(), after=Key(at + timedelta(seconds=1), "z'; --"))] == [
        second,
        first,
    ]


def test_lists_are_narrowed_by_stage_type_and_owner(ledger, catalogue):
    fresh, reviewed = begin(ledger), begin(ledger)
    go_on(ledger, reviewed, Random(1), kind=ev.Drafted)
    assert ids(catalogue, stages=(Stage.IN_REVIEW,)) == [reviewed]
    assert set(ids(catalogue, stages=(Stage.IN_REVIEW, Stage.REQUESTED))) == {fresh, reviewed}
    kind = Register(ledger._engine).show(fresh).document_type
    assert set(ids(catalogue, document_type=kind)) == {fresh, reviewed}
    assert catalogue.document_types() == (kind,)
    assert ids(catalogue, document_type="roadmap") == []
    assert ids(catalogue, owner="0" * 64) == []


def test_what_is_to_be_signed_soonest_is_the_most_urgent(engine, ledger, catalogue):
    undated, later, sooner = begin(ledger), begin(ledger), begin(ledger)
    with writing(engine) as connection:
        for agreement, day in ((later, "2027-05-01"), (sooner, "2027-04-01")):
            connection.execute(text("UPDATE agreements SET sign_by = :d WHERE id = :i"), {"d": day, "i": agreement})
    assert [line.row.id for line in catalogue.urgent(Wanted())] == [sooner, later, undated]
    assert ids(catalogue, overdue_on=date(2027, 5, 1)) == [sooner]


def test_the_board_shows_the_longest_waiting_of_each_group_and_how_many_there_are(ledger, catalogue):
    every = [begin(ledger) for _ in range(3)]
    go_on(ledger, every[1], Random(1), kind=ev.Drafted)
    fresh, reviewed, none = catalogue.board(
        Wanted(), [(Stage.REQUESTED,), (Stage.RETURNED, Stage.IN_REVIEW), (Stage.ENDED,)], limit=1
    )
    assert ([line.row.id for line in fresh.lines], fresh.total) == (every[:1], 2)
    assert ([line.row.id for line in reviewed.lines], reviewed.total) == (every[1:2], 1)
    assert none == ((), 0, False)


def test_of_a_search_that_many_answer_so_many_are_counted(ledger, catalogue, monkeypatch):
    for _ in range(3):
        enter(catalogue, begin(ledger), "Green and smart")
    monkeypatch.setattr("archive.catalogue.MOST_COUNTED", 2)
    [searched] = catalogue.board(Wanted(asked="smart"), [(Stage.REQUESTED,)], limit=1)
    [everything] = catalogue.board(Wanted(), [(Stage.REQUESTED,)], limit=1)
    assert (searched.total, searched.at_least, everything.total, everything.at_least) == (2, True, 3, False)


def test_a_board_is_seen_as_of_one_instant(engine, ledger, catalogue):
    agreement, begun = begin(ledger), []
    enter(catalogue, agreement, "one word")
    event.listen(engine, "begin", lambda _: begun.append(1))
    columns = catalogue.board(Wanted(asked="word"), [(Stage.REQUESTED,), (Stage.IN_REVIEW, Stage.RETURNED)], limit=5)
    assert ([column.total for column in columns], begun) == ([1, 0], [1])


def test_a_newer_draft_replaces_what_was_entered_and_an_older_one_changes_nothing(ledger, catalogue):
    agreement = begin(ledger)
    enter(catalogue, agreement, "old words", emails=["a@example.org"])
    enter(catalogue, agreement, "new words", draft=2, parties=("One",), emails=["b@example.org"])
    enter(catalogue, agreement, "old words", draft=1)
    assert (ids(catalogue, asked="old"), ids(catalogue, asked="new")) == ([], [agreement])
    assert ids(catalogue, signatory="a@example.org") == []
    assert catalogue.page(Wanted())[0].parties == ("One",)


def test_who_is_forgotten_is_found_no_more_and_the_rest_is(engine, ledger, catalogue):
    agreement, disposed = begin(ledger), begin(ledger)
    enter(catalogue, agreement, "signed by Ana Lima for the Chamber", emails=["ana@example.org"])
    enter(catalogue, disposed, "signed by somebody for the Chamber")
    with writing(engine) as connection:
        forget_person(connection, "ana@example.org", "Ana Lima")
        forget_agreement(connection, disposed)
    assert ids(catalogue, asked="lima") == ids(catalogue, signatory="ana@example.org") == []
    assert ids(catalogue, asked="chamber") == [agreement]
    enter(catalogue, agreement, "signed by Ana Lima for the Chamber", without=["Ana Lima"])
    assert ids(catalogue, asked="lima") == []


def test_a_forgotten_word_is_in_no_file_of_the_database(tmp_path):
    engine = open_database(f"sqlite:///{tmp_path / 'convenio.db'}")
    agreement = begin(Ledger(engine))
    enter(Catalogue(engine), agreement, "Xylographer", emails=["xylographer@example.org"])
    with writing(engine) as connection:
        forget_person(connection, "xylographer@example.org", "Xylographer")
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    assert b"xylographer" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_words_are_letters_and_digits_without_case_and_accents():
    assert folded("Žďár-nad/Sázavou, ½ Ænima 27.") == ["zdar", "nad", "sazavou", "1", "2", "ænima", "27"]


def test_words_that_many_hold_find_the_same_as_words_of_few(ledger, catalogue, monkeypatch):
    every = [begin(ledger) for _ in range(3)]
    for agreement in every:
        enter(catalogue, agreement, "Green and smart 100%_solutions")
    asked = ("smart", "sm", "green smart", "100 solutions", "mart", "lisbon", every[0])
    few = [ids(catalogue, asked=one) for one in asked]
    [counted] = catalogue.board(Wanted(asked="smart"), [(Stage.REQUESTED,)], limit=1)
    monkeypatch.setattr("archive.wanted.MANY", 1)
    assert [ids(catalogue, asked=one) for one in asked] == few
    assert catalogue.board(Wanted(asked="smart"), [(Stage.REQUESTED,)], limit=1) == [counted]
    assert (few[0], few[4], counted.total) == (every[::-1], [], 3)
