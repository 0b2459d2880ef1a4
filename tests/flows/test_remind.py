from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest

from flows.commands import add_person, delegate, remind
from flows.page_images_worker import png
from flows.remind import waited_for
from schemas.errors import NotAuthorised, RefusedTransition
from tests.installation import FIRST, MANAGER, REVIEWER, SECOND

PAGES = {
    "second draft": ("review/{}", "convenio show"),
    "in review": ("documents/{}/facts", "convenio facts list"),
    "signing": ("sign/{}", "convenio link"),
}


@pytest.mark.parametrize("point", PAGES)
def test_a_reminder_names_the_page_and_then_the_command(at, snapshots, point):
    house, (page, command) = at(point), PAGES[point]
    remind(house, snapshots.agreement, by=MANAGER)
    (path,) = house.mail.folder.glob("*-reminder-*.eml")
    said = message_from_bytes(path.read_bytes(), policy=default).get_content()
    assert said.index(f"http://127.0.0.1:8080/{page.format(snapshots.agreement)}") < said.index(command)


def reminders(house):
    return sorted(message_from_bytes(path.read_bytes())["To"] for path in house.mail.folder.glob("*-reminder-*.eml"))


def test_reviewers_of_the_missing_office_are_reminded_but_not_the_author(at, snapshots):
    house = at("second draft")
    reminded = remind(house, snapshots.agreement, by=MANAGER)
    assert (reminded.now, reminded.before) == (("Reviewer",), ())
    assert reminders(house) == [REVIEWER]


def test_while_facts_are_open_it_is_the_owner_who_is_reminded(at, snapshots):
    house = at("in review")
    add_person(house, "other@example.org", name="Other manager", roles=("manager",))
    assert remind(house, snapshots.agreement, by="other@example.org").now == ("Manager",)
    assert reminders(house) == [MANAGER]


def test_whose_turn_it_is_to_sign_is_reminded_and_nobody_else(at, snapshots):
    house = at("second invited")
    remind(house, snapshots.agreement, by=MANAGER)
    assert reminders(house) == [SECOND]


def test_nobody_is_reminded_twice_on_one_day(at, snapshots):
    house = at("signing")
    first, again = (remind(house, snapshots.agreement, by=MANAGER) for _ in range(2))
    assert (first.now, first.before, again.now, again.before) == (again.before, (), (), first.now)
    house.clock.now += timedelta(days=1)
    assert remind(house, snapshots.agreement, by=MANAGER).now == first.now
    assert reminders(house) == [FIRST, FIRST]


def test_the_legal_office_is_reminded_of_a_delegation_to_be_confirmed(at, snapshots):
    house = at("signing")
    delegate(
        house, snapshots.agreement, by=FIRST, to="delegate@example.org", name="Delegate",
        authority=png([b"\xff"], 1, 1), reason="away",
    )  # fmt: skip
    people = {person.email for person in waited_for(house, house.ledger.state(snapshots.agreement))}
    assert people == {FIRST, REVIEWER}


@pytest.mark.parametrize("point", ["requested", "approved", "archived"])
def test_where_nobody_is_waited_for_nobody_is_reminded(at, snapshots, point):
    house = at(point)
    with pytest.raises(RefusedTransition, match="nobody is waited for"):
        remind(house, snapshots.agreement, by=MANAGER)
    assert reminders(house) == []


def test_only_managers_remind(at, snapshots):
    house = at("signing")
    with pytest.raises(NotAuthorised):
        remind(house, snapshots.agreement, by=REVIEWER)
