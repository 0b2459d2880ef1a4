from __future__ import annotations

from datetime import timedelta

import pytest

from archive.keeping import Kept, Position
from flows import commands
from flows.disposal import certificate
from portal.language import language_for
from portal.timeline_words import lines_of
from tests.installation import MANAGER, REVIEWER
from tests.portal.api_kit import Program
from tests.portal.kit import text_of

RETENTION = "/administration/retention"
SECOND = "second.administrator@example.org"


@pytest.fixture
def portal(portal_at):
    return portal_at("archived")


def test_who_has_an_act_here_is_led_here(portal):
    commands.add_person(portal.house, "finance@example.org", name="Finance", roles=("reviewer",), offices=("finance",))
    led = {role: f'href="{RETENTION}"' in portal.as_(role).get("/").text for role in ("manager", "reviewer", "auditor")}
    assert led == {"manager": True, "reviewer": True, "auditor": False}
    assert f'href="{RETENTION}"' not in portal.as_("finance@example.org").get("/").text
    assert portal.as_("administrator").get(RETENTION).text.count(">Retention<") == 1, "a tab"


def act(visitor, agreement, name, **fields):
    path = f"{RETENTION}/{agreement}/{name}"
    return visitor.post(path, fields, shown_on=path)


def paid(portal, days_ago=1, small_grant="yes"):
    day = (portal.clock.now - timedelta(days=days_ago)).date().isoformat()
    return {"day": day, "small_grant": small_grant, "reason": "the bank's statement"}


def said(visitor, path=""):
    return text_of(visitor.get(f"{RETENTION}{path}").text)


def disposable(portal):
    """Begin retention and let it end; both administrators are signed in anew, as years pass."""
    commands.add_person(portal.house, SECOND, name="Second administrator", roles=("administrator",))
    assert act(portal.as_("manager"), portal.agreement, "paid", **paid(portal, days_ago=0)).status_code == 303
    portal.clock.now += timedelta(days=366 * 3 + 10)
    return portal.as_("administrator"), portal.as_(SECOND)


def test_a_manager_begins_retention_and_it_is_listed_by_its_end(portal):
    manager, administrator = portal.as_("manager"), portal.as_("administrator")
    assert "no end known" in said(administrator)
    assert portal.agreement in said(administrator, "?show=open")
    answer = act(manager, portal.agreement, "paid", **paid(portal, days_ago=0))
    assert (answer.status_code, answer.headers["location"]) == (303, f"{RETENTION}/{portal.agreement}")
    assert "Retention has begun" in said(manager, f"/{portal.agreement}")
    until = portal.house.ledger.state(portal.agreement).retention_until
    assert str(until.year) in said(administrator)
    assert "There is nothing in this list" in said(administrator, "?show=open")


@pytest.mark.parametrize("missing", ["day", "small_grant", "reason"])
def test_what_is_missing_is_said_beside_its_field_and_the_rest_is_kept(portal, missing):
    answer = act(portal.as_("manager"), portal.agreement, "paid", **(paid(portal) | {missing: ""}))
    assert answer.status_code == 422
    assert f'id="{missing}-fault"' in answer.text
    assert f'href="#{missing}"' in answer.text
    if missing != "reason":
        assert 'value="the bank&#39;s statement"' in answer.text


def test_a_refusal_is_shown_on_the_form_with_what_was_typed(portal):
    tomorrow = (portal.clock.now + timedelta(days=2)).date().isoformat()
    answer = act(portal.as_("manager"), portal.agreement, "paid", **(paid(portal) | {"day": tomorrow}))
    assert answer.status_code == 422
    assert "a day to come" in answer.text
    assert f'value="{tomorrow}"' in answer.text


def test_an_administrator_extends_and_nobody_shortens(portal):
    act(portal.as_("manager"), portal.agreement, "paid", **paid(portal, days_ago=0))
    administrator, until = portal.as_("administrator"), portal.house.ledger.state(portal.agreement).retention_until
    later = until.replace(year=until.year + 1).isoformat()
    assert act(administrator, portal.agreement, "extend", day=later, reason="an audit").status_code == 303
    shorter = act(administrator, portal.agreement, "extend", day=until.isoformat(), reason="an audit")
    assert shorter.status_code == 409
    assert "only ever extended" in shorter.text


def test_the_legal_office_holds_and_releases(portal):
    reviewer, administrator = portal.as_("reviewer"), portal.as_("administrator")
    assert act(reviewer, portal.agreement, "hold", reason="a claim").status_code == 303
    assert portal.house.ledger.state(portal.agreement).held
    assert "Legal hold" in said(administrator)
    assert portal.agreement in said(administrator, "?show=held")
    assert "cannot be done now" in said(reviewer, f"/{portal.agreement}/hold")
    assert act(reviewer, portal.agreement, "release", reason="it was settled").status_code == 303
    assert not portal.house.ledger.state(portal.agreement).held


def test_two_administrators_dispose_and_the_certificate_stays(portal):
    first, second = disposable(portal)
    assert portal.agreement in said(first, "?show=due")
    assert act(first, portal.agreement, "propose", reason="its time is over").status_code == 303
    assert portal.agreement in said(second, "?show=proposed")
    own = act(first, portal.agreement, "dispose", reason="alone")
    assert own.status_code == 409
    assert "another administrator decides" in said(first, f"/{portal.agreement}/dispose")
    assert "Decide on the disposal" not in said(first, f"/{portal.agreement}")
    assert "proposed by Administrator" in said(second, f"/{portal.agreement}")
    assert act(second, portal.agreement, "dispose", reason="records schedule 7").status_code == 303
    assert "What was stored of it is destroyed" in said(second, f"/{portal.agreement}")
    answer = second.get(f"{RETENTION}/{portal.agreement}/certificate.txt")
    assert answer.content == certificate(portal.house, portal.agreement)
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert portal.agreement in said(second, "?show=disposed")
    told = [line.what for line in lines_of(portal.house, language_for("en", ""), portal.agreement)]
    assert told[6] == "asked a signatory to sign"
    facts = Program(portal, "auditor").get(f"/documents/{portal.agreement}/facts")
    assert (facts.status_code, facts.json()) == (200, [])


def test_nothing_is_proposed_before_its_time(portal):
    act(portal.as_("manager"), portal.agreement, "paid", **paid(portal, days_ago=0))
    answer = act(portal.as_("administrator"), portal.agreement, "propose", reason="too early")
    assert answer.status_code == 409
    assert "There is a problem" in answer.text


@pytest.mark.parametrize(
    ("role", "name"),
    [
        ("administrator", "paid"),
        ("administrator", "hold"),
        ("manager", "extend"),
        ("manager", "propose"),
        ("reviewer", "paid"),
        ("reviewer", "dispose"),
        ("auditor", "hold"),
    ],
)
def test_each_act_is_somebodys(portal, role, name):
    visitor = portal.as_(role)
    assert visitor.get(f"{RETENTION}/{portal.agreement}/{name}").status_code == 403
    size = portal.house.ledger.size
    assert (
        visitor.post(f"{RETENTION}/{portal.agreement}/{name}", {"reason": "x"}, shown_on="/profile").status_code == 403
    )
    assert portal.house.ledger.size == size


def test_a_reviewer_of_another_office_places_no_hold(portal):
    commands.add_person(portal.house, "money@example.org", name="Money", roles=("reviewer",), offices=("finance",))
    assert portal.as_("money@example.org").get(f"{RETENTION}/{portal.agreement}/hold").status_code == 403


def test_an_administrator_sees_how_it_is_kept_and_not_what_it_says(portal):
    page = portal.as_("administrator").get(f"{RETENTION}/{portal.agreement}").text
    assert f'href="/documents/{portal.agreement}"' not in page
    assert "Tamper-evident" in page
    assert f'href="/documents/{portal.agreement}"' in portal.as_("auditor").get(f"{RETENTION}/{portal.agreement}").text


def test_what_is_not_kept_yet_or_not_there_is_not_found(portal_at):
    administrator = portal_at("in review").as_("administrator")
    for path in (
        "MOU-1999-0001",
        "x",
        f"{administrator.portal.agreement}",
        f"{administrator.portal.agreement}/propose",
    ):
        assert administrator.get(f"{RETENTION}/{path}").status_code == 404
    assert administrator.get(f"{RETENTION}?show=nothing&after=x~y").status_code == 200


def test_the_list_goes_on_page_by_page(portal):
    from sqlalchemy import insert, select

    from archive import tables
    from archive.database import writing
    from archive.keeping import Keeping

    with writing(portal.house.engine) as connection:
        known = dict(connection.execute(select(tables.agreements)).mappings().one())
        days = ["2031-01-01", "2030-01-01", None, "2031-01-01"]
        rows = [known | {"id": f"MOU-2000-{n:04d}", "retention_until": day} for n, day in enumerate(days, 1)]
        connection.execute(insert(tables.agreements), rows)
    keeping, today = Keeping(portal.house.engine), portal.clock.now.date()
    found, after = [], None
    for _ in range(5):
        [row] = keeping.page(Kept.ALL, today=today, after=after, limit=1)
        found.append(row.id)
        after = Position(until=row.retention_until, id=row.id)
    ordered = [f"MOU-2000-{n:04d}" for n in (2, 1, 4, 3)]
    assert found == [*ordered, portal.agreement]
    assert keeping.page(Kept.ALL, today=today, after=after, limit=1) == ()
    assert keeping.count(Kept.ALL, today=today) == 5


def test_the_register_says_how_it_is_kept_and_is_made_anew_alike(portal):
    house = portal.house
    commands.balance_paid(
        house, portal.agreement, by=MANAGER, paid_on=portal.clock.now.date(), small_grant=False, reason="paid"
    )
    commands.place_hold(house, portal.agreement, by=REVIEWER, reason="a claim")
    before = house.register.show(portal.agreement)
    assert before.held
    assert before.retention_until == house.ledger.state(portal.agreement).retention_until
    house.register.rebuild()
    assert house.register.show(portal.agreement) == before
