import pytest

from archive.database import writing
from archive.wanted import Wanted
from flows import commands
from flows.catalogue import awaits, enter_all, signs, to_sign
from flows.draft import draft
from flows.page_images_worker import png
from flows.rebuild import rebuild
from tests.installation import FIRST, MANAGER, REVIEWER, SECOND, lead


def found(house, asked):
    return [line.row.id for line in house.catalogue.page(Wanted(asked=asked))]


def test_a_request_is_found_at_once_and_its_text_with_its_draft(house, example):
    agreement = commands.request(house, example, by=MANAGER).state.agreement
    line = house.catalogue.page(Wanted())[0]
    assert (line.parties, line.project) == (("GSSC", "the Chamber"), "GSSC")
    assert found(house, "nanoprogress") == [agreement]
    assert found(house, "non-binding good faith") == []
    draft(house, agreement, 1)
    assert found(house, "memorandum parties confidentiality") == [agreement]


def test_the_catalogue_is_made_anew_from_what_is_stored(at, snapshots):
    house = at("archived")
    before = house.catalogue.page(Wanted(asked="confidentiality"))
    assert before
    with writing(house.engine) as connection:
        connection.exec_driver_sql("DELETE FROM catalogue")
        connection.exec_driver_sql("DELETE FROM catalogue_people")
    assert found(house, "confidentiality") == []
    assert enter_all(house) == 1
    assert house.catalogue.page(Wanted(asked="confidentiality", signatory=FIRST)) == before


def test_who_was_erased_does_not_come_back_into_the_catalogue(at, snapshots):
    house = at("archived")
    with writing(house.engine) as connection:
        connection.exec_driver_sql(f"DELETE FROM people WHERE email = '{SECOND}'")
    enter_all(house)
    assert house.catalogue.page(Wanted(signatory=SECOND)) == ()
    assert house.catalogue.page(Wanted(signatory=FIRST))
    assert found(house, SECOND.partition("@")[0].replace(".", " ") + " chamber") == []


@pytest.mark.parametrize(("point", "waits"), [("approved", []), ("signing", [FIRST]), ("second invited", [SECOND])])
def test_a_document_waits_for_the_signature_of_whose_turn_it_is(at, snapshots, point, waits):
    house = at(point)
    people = [house.people.get(email) for email in (FIRST, SECOND)]
    state = house.ledger.state(snapshots.agreement)
    assert [one.email for one in people if to_sign(house, one, limit=5)] == waits
    assert [one.email for one in people if awaits(house, state, one)] == waits


def test_a_document_waits_for_a_delegate_and_no_more_for_who_named_them(at, snapshots):
    house = at("signing")
    commands.delegate(
        house, snapshots.agreement, by=FIRST, to="delegate@example.org", name="Delegate",
        authority=png([b"\xff"], 1, 1), reason="away",
    )  # fmt: skip
    assert to_sign(house, house.people.get("delegate@example.org"), limit=5) == ()
    commands.confirm_delegation(house, snapshots.agreement, signatory="for-gssc", by=REVIEWER)
    delegate, first = house.people.get("delegate@example.org"), house.people.get(FIRST)
    before, state = house.register.rows(), house.ledger.state(snapshots.agreement)
    assert (awaits(house, state, delegate), awaits(house, state, first)) == (True, False)
    assert [line.row.id for line in to_sign(house, delegate, limit=5)] == [snapshots.agreement]
    assert to_sign(house, first, limit=5) == ()
    rebuild(house)
    assert house.register.rows() == before
    assert [line.row.id for line in to_sign(house, delegate, limit=5)] == [snapshots.agreement]
    commands.revoke_delegation(house, snapshots.agreement, by=FIRST, reason="back")
    assert to_sign(house, delegate, limit=5) == ()
    assert [line.row.id for line in to_sign(house, first, limit=5)] == [snapshots.agreement]


def test_signatories_are_those_named_and_no_others(at, snapshots):
    house = at("signing")
    state = house.ledger.state(snapshots.agreement)
    assert signs(house, state, house.people.get(FIRST))
    assert not signs(house, state, house.people.get(MANAGER))
    stranger = commands.add_person(house, "stranger@example.org", name="Stranger", roles=("signatory",))
    assert not signs(house, state, stranger)


def test_a_disposed_document_is_in_the_catalogue_no_more(house, example, monkeypatch):
    agreement = lead(house, "in review", example)
    with house.ledger.transaction() as tx:
        tx.erase_agreement(agreement)
    assert found(house, "nanoprogress") == []
