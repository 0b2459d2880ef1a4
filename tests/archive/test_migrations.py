import subprocess
import sys
import threading
from datetime import date

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text

from archive import register
from archive.database import HEAD, open_database, reading, writing
from archive.ledger import Ledger
from archive.migrate import SCRIPTS
from archive.register import Register
from archive.tables import METADATA
from schemas.errors import Invalid, Refused, Unavailable
from schemas.state import Delegation, Stage
from tests.histories import NOW, begin, digest, standing


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'convenio.db'}"


def pragma(engine, name):
    with reading(engine) as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def change(url, *statements):
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def test_migrations_make_exactly_the_tables_the_code_uses(url):
    engine = open_database(url)
    with reading(engine) as connection:
        # the full-text index of SQLite is no table of its own: it follows from the catalogue by triggers
        ours = {"include_name": lambda name, kind, _parents: kind != "table" or not name.startswith("catalogue_words")}
        assert compare_metadata(MigrationContext.configure(connection, opts=ours), METADATA) == []
        assert inspect(connection).has_table("ledger_entries")
    engine.dispose()


def test_the_head_the_code_names_is_the_last_migration():
    assert ScriptDirectory(str(SCRIPTS)).get_heads() == [HEAD]


def test_opening_again_changes_nothing_and_keeps_what_is_there(url):
    engine = open_database(url)
    agreement = begin(Ledger(engine))
    engine.dispose()
    again = open_database(url)
    assert Ledger(again).state(agreement).agreement == agreement
    again.dispose()


def test_sqlite_writes_are_durable_and_erased_rows_overwritten(url):
    engine = open_database(url)
    assert pragma(engine, "journal_mode") == "wal"
    assert pragma(engine, "synchronous") == 2  # FULL
    assert pragma(engine, "foreign_keys") == 1
    assert pragma(engine, "secure_delete") == 1
    assert pragma(engine, "busy_timeout") == 30_000
    engine.dispose()


def test_a_newer_schema_is_refused_untouched(url):
    open_database(url).dispose()
    change(url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Refused, match="newer Convenio") as refused:
        open_database(url)
    assert refused.value.got == "schema revision 9999"
    change(url, f"UPDATE alembic_version SET version_num = '{HEAD}'")
    open_database(url).dispose()


@pytest.fixture
def first_schema(url, monkeypatch):
    """A database of the first schema revision, without entries."""
    with monkeypatch.context() as older:
        older.setattr("archive.database.HEAD", "0001")
        open_database(url).dispose()
    return url


def test_a_ledger_with_entries_of_the_older_form_is_refused_untouched(first_schema):
    change(first_schema, "UPDATE log_state SET size = 3")
    with pytest.raises(Refused, match="written before its entries got their present form") as refused:
        open_database(first_schema)
    assert refused.value.got == "3 entries under schema revision 0001"
    engine = create_engine(first_schema)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "0001"
        assert not inspect(connection).has_table("openings")
    engine.dispose()


def test_an_older_database_without_entries_is_upgraded(first_schema):
    engine = open_database(first_schema)
    assert begin(Ledger(engine)) == "MOU-2026-0001"
    engine.dispose()


AS_IN_0003 = (
    "DROP TABLE awaited",
    "ALTER TABLE agreements ADD COLUMN delegates TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE webhooks ADD COLUMN ended_at VARCHAR(27)",
    "INSERT INTO webhooks (id, url, kinds, secret, made_at, ended_at) VALUES ('w', '', '[]', '', '', '')",
    "INSERT INTO named_digests VALUES ('of a rebuilt register', 'INSTALLATION')",
    "UPDATE alembic_version SET version_num = '0003'",
)


def test_an_older_register_tells_whom_its_agreements_wait_for(database_url):
    engine, delegate = open_database(database_url), digest("delegate")
    named = {"signatory": "chamber", "given_by": digest("a"), "authority": digest("b"), "delegate": delegate}
    signing = {"stage": Stage.SIGNING, "rounds": (("gssc", "chamber"),), "sign_by": date(2027, 4, 1)}
    states = [
        standing("MOU-2026-0001", offices=("legal", "finance"), open_facts=("term.end",), draft=3),
        standing("MOU-2026-0002", **signing, delegations=(Delegation(**named),), owner=None),
        standing("MOU-2026-0003", **signing, delegations=(Delegation(**named, confirmed=True),)),
        standing("MOU-2026-0004", stage=Stage.APPROVED),
        standing("MOU-2026-0005", stage=Stage.ARCHIVED),
    ]

    def rows():
        with reading(engine) as connection:
            return sorted(map(tuple, connection.execute(text("SELECT * FROM awaited"))), key=str)

    with writing(engine) as connection:
        for state in states:
            register.write(connection, state, NOW)
    before = rows()
    assert len(before) == 3 + 3 + 2
    with writing(engine) as connection:
        for statement in AS_IN_0003:
            connection.execute(text(statement))
        of_the_third = {"delegates": f"chamber:{delegate}"}
        connection.execute(text("UPDATE agreements SET delegates = :delegates WHERE id LIKE '%3'"), of_the_third)
    engine.dispose()
    engine = open_database(database_url)
    assert rows() == before
    with reading(engine) as connection:
        for table in ("webhooks", "named_digests"):
            assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0
    engine.dispose()


def test_a_process_of_an_older_version_is_told_that_the_schema_is_newer(database_url):
    engine = open_database(database_url)
    with writing(engine) as connection:
        connection.execute(text("ALTER TABLE agreements RENAME COLUMN ways TO paths"))
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Refused, match="another version has changed the database") as refused:
        Register(engine).rows()
    assert refused.value.got == "schema revision 9999"
    with pytest.raises(Refused, match="another version has changed the database"):
        begin(Ledger(engine))
    engine.dispose()


def test_somebody_elses_database_is_refused_untouched(url):
    change(url, "CREATE TABLE invoices (id INTEGER)")
    with pytest.raises(Refused, match="belongs to something else") as refused:
        open_database(url)
    assert refused.value.got == "invoices"
    engine = create_engine(url)
    assert inspect(engine).get_table_names() == ["invoices"]
    engine.dispose()


def test_a_migration_that_fails_leaves_an_empty_database(url, monkeypatch):
    def fail(_connection):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("sqlalchemy.dialects.sqlite.pysqlite.SQLiteDialect_pysqlite.do_commit", lambda *_: fail(None))
        with pytest.raises(KeyboardInterrupt):
            open_database(url)
    engine = create_engine(url)
    assert inspect(engine).get_table_names() == []
    engine.dispose()
    open_database(url).dispose()


def test_six_openers_at_once_migrate_once(url):
    barrier, faults = threading.Barrier(6), []

    def opens():
        barrier.wait()
        try:
            open_database(url).dispose()
        except BaseException as fault:  # noqa: BLE001  # reported by the assertion below
            faults.append(fault)

    threads = [threading.Thread(target=opens) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_a_file_that_is_no_database_is_invalid(tmp_path):
    path = tmp_path / "convenio.db"
    path.write_bytes(b"not a database, but long enough to be read as one" * 100)
    with pytest.raises(Invalid, match="damaged or not ours"):
        open_database(f"sqlite:///{path}")


def test_a_folder_that_is_not_there_is_unavailable(tmp_path):
    with pytest.raises(Unavailable, match="did not answer"):
        open_database(f"sqlite:///{tmp_path / 'missing' / 'convenio.db'}")


@pytest.mark.parametrize("address", ["", "convenio.db", "papyrus://shelf", "postgresql+nodriver://u:hidden@h/d"])
def test_an_address_of_no_database_is_refused_without_its_password(address):
    with pytest.raises(Refused, match="no database can be opened") as refused:
        open_database(address)
    assert "hidden" not in str(refused.value)


def test_a_statement_that_fails_is_one_of_our_errors(url):
    engine = open_database(url)
    with pytest.raises(Invalid, match="damaged or not ours"), writing(engine) as connection:
        connection.execute(text("SELECT * FROM nowhere"))
    engine.dispose()


def test_an_open_database_at_head_does_not_import_alembic(url):
    open_database(url).dispose()
    script = f"import sys, archive.database as d; d.open_database({url!r}); print('alembic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
