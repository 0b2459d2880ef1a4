from pathlib import Path

import pytest

from archive.database import open_database, overwrite_erased, reading, writing
from archive.ledger import Ledger
from archive.people import People
from archive.personal import erase_person
from schemas.errors import InputError, Refused, Unavailable
from schemas.people import Actor, Role, commit
from tests.histories import NOW, digest, requested


def counting_bytes():
    """A predictable source of different salts."""
    number = iter(range(256))
    return lambda size: bytes([next(number)]) * size


def erase(engine, email):
    """Erase as the installation does, without its entry."""
    with writing(engine) as connection:
        erase_person(connection, email)
    overwrite_erased(engine)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "convenio.db"


@pytest.fixture
def engine(path):
    engine = open_database(f"sqlite:///{path}", wait_seconds=0.2)
    yield engine
    engine.dispose()


@pytest.fixture
def people(engine):
    return People(engine, counting_bytes())


def test_a_person_is_kept_with_a_salt_and_stands_behind_their_commitment(people):
    alba = people.add(" Alba@Example.org ", "Alba Álvarez", [Role.MANAGER])
    assert alba.email == "alba@example.org"
    assert alba.salt == "00" * 32
    assert alba.commitment == commit({"email": "alba@example.org", "name": "Alba Álvarez"}, alba.salt)
    assert people.get("ALBA@example.org") == people.behind(alba.commitment) == alba


def test_every_person_has_a_salt_of_their_own(engine):
    people = People(engine)
    salts = {people.add(f"p{n}@example.org", "P", [Role.AUDITOR]).salt for n in range(5)}
    assert len(salts) == 5


def test_adding_again_adds_roles_and_keeps_name_salt_and_commitment(people):
    first = people.add("alba@example.org", "Alba Álvarez", [Role.SIGNATORY])
    again = people.add("alba@example.org", "Alba Álvarez", [Role.SIGNATORY])
    more = people.add("alba@example.org", "Alba Álvarez", [Role.MANAGER])
    assert again == first
    assert more.roles == (Role.MANAGER, Role.SIGNATORY)
    assert (more.name, more.salt, more.commitment) == (first.name, first.salt, first.commitment)
    assert people.everyone() == (more,)


def test_another_name_is_taken_before_the_first_act(people, engine):
    first = people.add("alba@example.org", "Alba Alvares", [Role.MANAGER])
    with Ledger(engine).transaction() as tx:
        tx.append("MOU-2026-0001", digest(1), NOW, Actor(role=Role.MANAGER, person=digest("other")), requested().event)
    renamed = people.add("alba@example.org", "Alba Álvarez", [Role.MANAGER])
    assert (renamed.name, renamed.salt) == ("Alba Álvarez", first.salt)
    assert people.behind(renamed.commitment) == people.get("alba@example.org") == renamed
    assert people.behind(first.commitment) is None


def test_after_the_first_act_the_name_it_was_done_under_stays(people, engine):
    first = people.add("alba@example.org", "Alba Álvarez", [Role.MANAGER])
    actor = Actor(role=Role.MANAGER, person=first.commitment)
    with Ledger(engine).transaction() as tx:
        tx.append("MOU-2026-0001", digest(1), NOW, actor, requested().event)
    again = people.add("alba@example.org", "Somebody Else", [Role.AUDITOR])
    assert again.name == "Alba Álvarez"
    assert again.roles == (Role.MANAGER, Role.AUDITOR)
    assert people.behind(first.commitment) == again


def test_people_are_listed_by_address_and_by_role(people):
    zoe = people.add("zoe@example.org", "Zoë", [Role.REVIEWER])
    alba = people.add("alba@example.org", "Alba", [Role.MANAGER, Role.REVIEWER])
    assert people.everyone() == (alba, zoe)
    assert people.everyone(role=Role.MANAGER) == (alba,)
    assert people.everyone(role=Role.AUDITOR) == ()


@pytest.mark.parametrize(
    ("email", "name", "roles"),
    [("alba", "Alba", [Role.MANAGER]), ("a b@c.d", "Alba", [Role.MANAGER]), ("a@b.c", "  ", [Role.MANAGER]),
     ("a@b.c", "Alba", [])],
)  # fmt: skip
def test_what_is_no_person_is_bad_input(people, email, name, roles):
    with pytest.raises(InputError):
        people.add(email, name, roles)
    assert people.everyone() == ()


def test_an_unknown_address_is_refused_with_the_nearest(people, engine):
    people.add("alba@example.org", "Alba", [Role.MANAGER])
    for ask in (people.get, lambda email: erase(engine, email)):
        with pytest.raises(Refused) as refused:
            ask("alva@example.org")
        assert refused.value.remedy == "did you mean alba@example.org?"


def test_an_erased_person_is_gone_from_the_files_and_their_commitment_stays(people, engine, path):
    alba = people.add("alba@example.org", "Alba Álvarez", [Role.MANAGER])
    others = people.add("zoe@example.org", "Zoë", [Role.REVIEWER])
    act = requested()
    ledger = Ledger(engine)
    with ledger.transaction() as tx:
        tx.append("MOU-2026-0001", digest(1), NOW, Actor(role=Role.MANAGER, person=alba.commitment), act.event)
    assert any(b"alba@example.org" in file.read_bytes() for file in files(path))
    erase(engine, "alba@example.org")
    assert people.behind(alba.commitment) is None
    assert people.everyone() == (others,)
    for trace in (b"alba@example.org", "Álvarez".encode(), alba.salt.encode()):
        assert all(trace not in file.read_bytes() for file in files(path))
    assert ledger.entries("MOU-2026-0001")[0].entry.actor.person == alba.commitment


def test_whoever_is_added_again_after_an_erasure_is_new_to_the_ledger(people, engine):
    before = people.add("alba@example.org", "Alba", [Role.MANAGER])
    erase(engine, "alba@example.org")
    after = people.add("alba@example.org", "Alba", [Role.MANAGER])
    assert after.commitment != before.commitment


def test_an_erasure_that_a_reader_holds_up_says_so(people, engine):
    people.add("alba@example.org", "Alba", [Role.MANAGER])
    with reading(engine) as connection:
        connection.exec_driver_sql("SELECT * FROM people").all()
        with pytest.raises(Unavailable, match="log of writes"):
            erase(engine, "alba@example.org")
    assert people.everyone() == ()


def test_people_can_be_added_in_the_transaction_that_needs_them(engine, people):
    ledger = Ledger(engine)
    with ledger.transaction() as tx:
        alba = tx.add_person("alba@example.org", "Alba", [Role.SIGNATORY])
    assert people.get("alba@example.org") == alba


def files(path: Path) -> list[Path]:
    return list(path.parent.iterdir())
