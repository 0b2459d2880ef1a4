from __future__ import annotations

import pytest

from flows import accounts, commands
from schemas import events as ev
from schemas.errors import InputError
from schemas.installation_events import AccountAct
from schemas.people import Role
from tests.installation import FIRST, MANAGER, REVIEWER
from tests.portal.kit import ADMINISTRATOR, PASSWORD, text_of
from tests.portal.test_welcome import choose, link_in, messages

NEWCOMER = "newcomer@example.org"
PEOPLE = "/administration/people"


@pytest.fixture
def portal(portal_at, quick_hashes):
    return portal_at("requested")


@pytest.fixture
def administrator(portal):
    return portal.as_("administrator")


def page_of(portal, email):
    return f"{PEOPLE}/{portal.house.people.get(email).handle}"


def recorded(portal):
    """Return what the ledger says of people, and by whom it was done."""
    entries = [one.entry for one in portal.house.ledger.installation_entries()]
    assert {entry.actor.person for entry in entries} <= {portal.house.people.get(ADMINISTRATOR).commitment}
    return [entry.event for entry in entries]


def do(administrator, portal, email, act):
    page = f"{page_of(portal, email)}/{act}"
    assert "stands in the ledger" in administrator.get(page).text
    return administrator.post(page, shown_on=page)


def test_somebody_is_added_invited_and_signs_in(portal, administrator):
    fields = {"email": " Newcomer@Example.org ", "name": "Newcomer", "roles": ["manager"]}
    answer = administrator.post(f"{PEOPLE}/new", fields, shown_on=f"{PEOPLE}/new")
    assert answer.headers["location"] == page_of(portal, NEWCOMER)
    assert "No account" in administrator.get(page_of(portal, NEWCOMER)).text
    assert do(administrator, portal, NEWCOMER, "invite").status_code == 303
    assert "Invited" in administrator.get(page_of(portal, NEWCOMER)).text
    nobody = portal.as_("nobody")
    assert choose(nobody, link_in(messages(portal, NEWCOMER)[0])).status_code == 303
    answer = nobody.post("/sign-in", {"email": NEWCOMER, "password": "another battery, another staple"})
    assert answer.headers["location"] == "/"
    person = portal.house.people.get(NEWCOMER).commitment
    assert recorded(portal) == [
        ev.RolesGiven(person=person, roles=(Role.MANAGER,)),
        ev.AccountChanged(person=person, act=AccountAct.INVITED),
    ]


def test_the_list_says_how_it_stands_with_everybody(portal, administrator):
    accounts.set_password(portal.house, MANAGER, PASSWORD)
    said = text_of(administrator.get(PEOPLE).text)
    assert f"{MANAGER} Manager, Reviewer (Legal) Open Off" in said
    assert f"{REVIEWER} Reviewer (Legal) No account" in said


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"email": "no address", "name": "A", "roles": ["manager"]}, "is no mail address"),
        ({"email": MANAGER, "name": "A", "roles": ["manager"]}, "is somebody's who is here already"),
        ({"email": NEWCOMER, "name": "", "roles": ["manager"]}, "cannot be a name"),
        ({"email": NEWCOMER, "name": "A\x07B", "roles": ["manager"]}, "cannot be a name"),
        ({"email": NEWCOMER, "name": "A", "roles": []}, "none is chosen"),
        ({"email": NEWCOMER, "name": "A", "roles": ["emperor"]}, "none is chosen"),
        ({"email": NEWCOMER, "name": "A", "roles": ["manager"], "offices": ["legal"]}, "are for reviewers only"),
    ],
    ids=["address", "known", "no name", "unprintable", "no role", "strange role", "office"],
)
def test_who_cannot_be_added_is_refused_with_the_input_kept(portal, administrator, fields, said):
    answer = administrator.post(f"{PEOPLE}/new", fields, shown_on=f"{PEOPLE}/new")
    assert answer.status_code == 422
    assert said in text_of(answer.text)
    assert f'value="{fields["email"]}"' in answer.text
    assert recorded(portal) == []
    assert portal.house.people.find(NEWCOMER) is None


def test_of_two_who_add_the_same_person_at_once_one_is_told(portal, monkeypatch):
    add, email = commands.enrol, "new@example.org"
    add(portal.house, email, name="First", roles=(Role.AUDITOR,), by=ADMINISTRATOR)
    # as the second one saw it, before the first was done
    monkeypatch.setattr("archive.people.People.find", lambda _people, _email: None)
    with pytest.raises(InputError, match="cannot be added"):
        add(portal.house, email, name="Second", roles=(Role.ADMINISTRATOR,), by=ADMINISTRATOR)
    assert portal.house.people.get(email).roles == (Role.AUDITOR,)


def test_roles_are_changed_at_once_and_the_ledger_says_so(portal, administrator):
    reviewer, page = portal.as_("reviewer"), f"{page_of(portal, REVIEWER)}/roles"
    assert administrator.post(page, {"roles": ["auditor"]}, shown_on=page).status_code == 303
    assert reviewer.get("/review").status_code == 403
    assert portal.house.people.get(REVIEWER).roles == (Role.AUDITOR,)
    assert administrator.post(page, {"roles": ["auditor"]}).status_code == 303
    [event] = recorded(portal)
    assert event == ev.RolesGiven(person=portal.house.people.get(REVIEWER).commitment, roles=(Role.AUDITOR,))
    assert administrator.post(page, {"roles": []}).status_code == 422


@pytest.mark.parametrize("act", ["roles", "invite", "close", "reset-second-factor", "sign-out"])
def test_administrators_do_nothing_to_themselves(portal, administrator, act):
    house = portal.house
    house.accounts.change(ADMINISTRATOR, second_factor="kept")
    page = f"{page_of(portal, ADMINISTRATOR)}/{act}"
    answer = administrator.post(page, {"roles": ["auditor"]}, shown_on=PEOPLE + "/new")
    assert answer.status_code == 409
    assert "another person" in answer.text
    assert recorded(portal) == []


def test_a_closed_account_is_shut_at_once_until_it_is_opened_again(portal, administrator):
    house, manager = portal.house, portal.as_("manager")
    accounts.set_password(house, MANAGER, PASSWORD)
    manager = portal.as_("manager")
    token = accounts.make_token(house, house.accounts.find(MANAGER), "Reports")
    assert do(administrator, portal, MANAGER, "close").status_code == 303
    assert manager.get("/profile").status_code == 303
    assert house.accounts.token(token, now=portal.clock()) is None
    pair = {"email": MANAGER, "password": PASSWORD}
    assert portal.as_("nobody").post("/sign-in", pair).status_code == 403
    assert do(administrator, portal, MANAGER, "invite").status_code == 409
    do(administrator, portal, MANAGER, "close")
    assert do(administrator, portal, MANAGER, "reopen").status_code == 303
    assert portal.as_("nobody").post("/sign-in", pair).status_code == 303
    assert [event.act for event in recorded(portal)] == [AccountAct.CLOSED, AccountAct.REOPENED]


def test_a_second_factor_is_reset_for_who_lost_the_device(portal, administrator):
    house, manager = portal.house, portal.as_("manager")
    house.accounts.change(MANAGER, second_factor="kept", last_step=1)
    house.recovery_codes.replace(MANAGER, ["0" * 64])
    assert do(administrator, portal, MANAGER, "reset-second-factor").status_code == 303
    account = house.accounts.find(MANAGER)
    assert (account.second_factor, account.last_step, house.recovery_codes.left(MANAGER)) == (None, None, 0)
    assert manager.get("/profile").status_code == 303


def test_every_session_of_somebody_is_ended(portal, administrator):
    manager = portal.as_("manager")
    assert do(administrator, portal, MANAGER, "sign-out").status_code == 303
    assert manager.get("/profile").status_code == 303


@pytest.mark.parametrize("role", ["manager", "reviewer", "signatory", "auditor", "nobody"])
def test_only_administrators_see_and_change_people(portal, role):
    visitor, page = portal.as_(role), page_of(portal, MANAGER)
    refused = 303 if role == "nobody" else 403
    for path in (PEOPLE, f"{PEOPLE}/new", f"{PEOPLE}/duties", page, f"{page}/roles", f"{page}/close"):
        assert visitor.get(path).status_code == refused
    for path in (f"{PEOPLE}/new", f"{page}/roles", f"{page}/close"):
        assert visitor.post(path, {"roles": ["administrator"]}).status_code == refused
    assert recorded(portal) == []


@pytest.mark.parametrize("path", ["/0123456789ab", "/0123456789ab/close", "/0123456789ab/roles"])
def test_whom_nobody_knows_is_not_found(administrator, path):
    assert administrator.get(PEOPLE + path).status_code == 404


def test_an_act_there_is_not_is_not_found(portal, administrator):
    assert administrator.get(f"{page_of(portal, MANAGER)}/promote").status_code == 404


def test_no_address_of_a_page_names_anybody(portal, administrator):
    page = administrator.get(PEOPLE).text
    assert "@" not in "".join(part.partition('"')[0] for part in page.split('href="')[1:])


def test_the_report_names_who_holds_roles_that_should_be_apart(portal, administrator):
    said = text_of(administrator.get(f"{PEOPLE}/duties").text)
    assert "Manager Manager, Reviewer Who writes drafts also approves those of others" in said
    assert "Nobody acted in two roles" in said
    assert "a document that needs this office cannot be approved" in said


def test_the_report_finds_in_the_ledger_who_acted_in_two_roles(portal_at):
    from flows.duties import duties

    portal = portal_at("in review")
    house = portal.house
    commands.return_draft(house, portal.agreement, draft=1, by=REVIEWER, comment="not yet")
    house.people.add(REVIEWER, "Reviewer", (Role.MANAGER,))
    commands.withdraw(house, portal.agreement, by=REVIEWER, reason="for a test")
    reviewer = house.people.get(REVIEWER)
    [clash] = duties(house).clashes
    assert (clash.agreement, clash.person, clash.roles) == (portal.agreement, reviewer, (Role.MANAGER, Role.REVIEWER))
    assert duties(house, newest=0).clashes == ()
    said = text_of(portal.as_("administrator").get(f"{PEOPLE}/duties").text)
    assert f"{portal.agreement} Reviewer Manager, Reviewer" in said


def test_a_signatory_with_an_account_is_invited_like_everybody(portal, administrator):
    assert do(administrator, portal, FIRST, "invite").status_code == 303
    assert len(messages(portal, FIRST)) == 1
