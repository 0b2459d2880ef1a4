"""Links and codes in the database: hashes only, attempts counted before the answer, one use."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from archive.database import open_database, writing
from archive.openings import Openings, remember
from archive.sign_links import MAXIMUM_ATTEMPTS, SignLink, SignLinks, Tried, hash_of_code, hash_of_link, use, void
from schemas.people import commit

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
UNTIL = NOW + timedelta(minutes=10)
LINK, OTHER = "ab" * 32, "cd" * 32


@pytest.fixture
def engine(tmp_path: Path):
    engine = open_database(f"sqlite:///{tmp_path / 'links.sqlite'}")
    yield engine
    engine.dispose()


@pytest.fixture
def links(engine) -> SignLinks:
    links = SignLinks(engine)
    links.issue(made(LINK))
    return links


def made(link: str, signatory: str = "for-gssc") -> SignLink:
    return SignLink(
        link_hash=hash_of_link(link),
        agreement="MOU-2026-0001",
        signatory=signatory,
        person="1" * 64,
        base="0" * 64,
        expires_at=UNTIL,
    )


def test_only_hashes_are_kept(links: SignLinks, tmp_path):
    links.set_code(LINK, "123456", UNTIL)
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("links.sqlite*"))
    assert LINK.encode() not in kept
    assert b"123456" not in kept
    assert links.find(LINK) == made(LINK).model_copy(
        update={"code_hash": hash_of_code(LINK, "123456"), "code_expires_at": UNTIL}
    )
    assert links.find(OTHER) is None


def test_the_same_code_under_another_link_is_kept_otherwise():
    assert hash_of_code(LINK, "123456") != hash_of_code(OTHER, "123456")


def test_right_wrong_expired_and_missing_codes_are_told_apart(links: SignLinks):
    assert links.try_code(LINK, "123456", NOW) is Tried.NONE_SENT
    assert links.try_code(OTHER, "123456", NOW) is Tried.NONE_SENT
    links.set_code(LINK, "123456", UNTIL)
    assert links.try_code(LINK, "123457", NOW) is Tried.WRONG
    assert links.try_code(LINK, "123456", UNTIL) is Tried.RIGHT
    assert links.try_code(LINK, "123456", UNTIL + timedelta(seconds=1)) is Tried.EXPIRED


def test_wrong_codes_at_once_are_all_counted(links: SignLinks):
    links.set_code(LINK, "123456", UNTIL)
    with ThreadPoolExecutor(8) as pool:
        tried = list(pool.map(lambda number: links.try_code(LINK, f"{number:06d}", NOW), range(20)))
    assert tried.count(Tried.WRONG) == MAXIMUM_ATTEMPTS - 1
    assert tried.count(Tried.EXHAUSTED) == 21 - MAXIMUM_ATTEMPTS
    assert links.try_code(LINK, "123456", NOW) is Tried.EXHAUSTED
    assert links.set_code(LINK, "654321", UNTIL) is None


def test_a_link_is_used_once(links: SignLinks, engine):
    links.set_code(LINK, "123456", UNTIL)
    with writing(engine) as connection:
        assert use(connection, LINK, NOW)
        assert not use(connection, LINK, NOW)
        assert not use(connection, OTHER, NOW)
    kept = links.find(LINK)
    assert kept is not None
    assert kept.used_at == NOW
    assert links.try_code(LINK, "123456", NOW) is Tried.RIGHT, "who repeats the right code is told apart"


def test_a_new_link_voids_the_unused_ones_of_its_signatory_only(links: SignLinks):
    links.issue(made(OTHER, "for-chamber"))
    links.issue(made("ef" * 32), void_others=True)
    replaced = {link: links.find(link).replaced for link in (LINK, OTHER, "ef" * 32)}
    assert replaced == {LINK: True, OTHER: False, "ef" * 32: False}


def test_a_link_that_another_took_the_place_of_takes_no_other_with_it(links: SignLinks):
    links.issue(made(OTHER))
    kept = links.find(LINK)
    assert kept is not None
    links.replace(kept)
    assert (links.find(LINK).replaced, links.find(OTHER).replaced) == (True, False)


def test_a_used_link_that_another_takes_the_place_of_still_tells_who_repeats_its_code(links: SignLinks, engine):
    links.set_code(LINK, "123456", UNTIL)
    kept = links.find(LINK)
    with writing(engine) as connection:
        assert use(connection, LINK, NOW)
    links.replace(kept)
    assert links.try_code(LINK, "123456", NOW) is Tried.RIGHT


@pytest.mark.parametrize(
    ("asked", "good"),
    [({}, True), ({"base": "1" * 64}, False), ({"now": UNTIL + timedelta(seconds=1)}, False)],
    ids=["in time", "another file", "expired"],
)
def test_who_holds_a_good_link_is_known(links: SignLinks, asked, good):
    whose = ("MOU-2026-0001", "for-gssc", "1" * 64)
    assert links.holds_good_one(*whose, **{"base": "0" * 64, "now": UNTIL, **asked}) is good
    links.issue(made(OTHER).model_copy(update={"person": "2" * 64}), void_others=True)
    links.replace(links.find(LINK))
    assert not links.holds_good_one(*whose, base="0" * 64, now=UNTIL)


def test_a_replaced_link_takes_no_code_and_signs_nothing(links: SignLinks, engine):
    links.set_code(LINK, "123456", UNTIL)
    links.issue(made(OTHER), void_others=True)
    assert links.set_code(LINK, "654321", UNTIL) is None
    assert links.try_code(LINK, "123456", NOW) is Tried.NONE_SENT
    with writing(engine) as connection:
        assert not use(connection, LINK, NOW)


def test_a_link_to_somebody_else_stays_good_when_one_person_asks_for_another(links: SignLinks, engine):
    delegate = made(OTHER).model_copy(update={"person": "2" * 64})
    links.issue(delegate, void_others=True)
    assert not links.find(LINK).replaced
    with writing(engine) as connection:
        void(connection, "MOU-2026-0001", "for-gssc")
    assert links.find(LINK).replaced
    assert links.find(OTHER).replaced


def test_what_was_shown_is_remembered_for_the_person_and_with_a_later_link(links: SignLinks):
    person, place = ("MOU-2026-0001", "for-gssc", "1" * 64), ("MOU-2026-0001", "for-chamber", "1" * 64)
    assert links.shown(*person) is None
    links.note_shown(*person, "a" * 64)
    links.issue(made(OTHER), void_others=True)
    assert (links.find(OTHER).shown, links.shown(*person), links.shown(*place)) == ("a" * 64, "a" * 64, None)


def test_opening_says_what_a_commitment_stands_for(engine):
    with writing(engine) as connection:
        what = partial(remember, connection, {"mail": "a@example.org"}, "1" * 64)
        commitment = what(agreement="MOU-2026-0001", person="2" * 64)
        assert what(agreement="MOU-2026-0001", person="2" * 64) == commitment
    opening = Openings(engine).get(commitment)
    assert opening is not None
    assert (opening.content, opening.person) == ('{"mail":"a@example.org"}', "2" * 64)
    assert commitment == commit({"mail": "a@example.org"}, opening.salt)
    assert Openings(engine).get("3" * 64) is None
