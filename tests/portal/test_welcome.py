from __future__ import annotations

import re
from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest

from flows import account_links, accounts, commands
from tests.installation import MANAGER, REVIEWER
from tests.portal.kit import ADMINISTRATOR, PASSWORD, text_of

OTHER = "another battery, another staple"


@pytest.fixture
def portal(portal_at, quick_hashes):
    portal = portal_at("requested")
    accounts.set_password(portal.house, MANAGER, PASSWORD)
    return portal


@pytest.fixture
def nobody(portal):
    return portal.as_("nobody")


def messages(portal, to=MANAGER):
    """Return the texts of the messages about accounts that were sent to somebody, the oldest first."""
    paths = sorted(portal.house.mail.folder.glob("ACCOUNT-*.eml"), key=lambda path: path.stat().st_mtime_ns)
    parsed = [message_from_bytes(path.read_bytes(), policy=default) for path in paths]
    return [message.get_content() for message in parsed if message["To"] == to]


def link_in(text):
    return re.search(r"http://127\.0\.0\.1:8080(/welcome/[0-9a-f]{64})", text)[1]


def forgot(visitor, email=MANAGER):
    return visitor.post("/sign-in/forgotten", {"email": email}, shown_on="/sign-in/forgotten")


def choose(visitor, path, password=OTHER):
    return visitor.post(path, {"new_password": password}, shown_on="/sign-in/forgotten")


def sign_in(portal, password):
    return portal.as_("nobody").post("/sign-in", {"email": MANAGER, "password": password}).status_code


def test_a_forgotten_password_is_chosen_anew_by_a_link(portal, nobody):
    manager = portal.as_("manager")
    assert forgot(nobody).headers["location"] == "/sign-in"
    [text] = messages(portal)
    path = link_in(text)
    assert MANAGER in text_of(nobody.get(path).text)
    assert sign_in(portal, PASSWORD) == 303
    assert choose(nobody, path).headers["location"] == "/sign-in"
    assert (sign_in(portal, PASSWORD), sign_in(portal, OTHER)) == (403, 303)
    assert manager.get("/profile").status_code == 303


def test_asking_tells_nobody_whether_there_is_an_account(portal, nobody):
    portal.house.accounts.keep(accounts.Account(email=REVIEWER, made_at=portal.clock(), closed_at=portal.clock()))
    said = []
    for email in (MANAGER, REVIEWER, ADMINISTRATOR, "stranger@example.org", "no address", ""):
        answer = forgot(nobody, email)
        said.append((answer.status_code, answer.headers["location"], nobody.get("/sign-in").text))
    assert len(set(said)) == 1
    assert [len(messages(portal, to)) for to in (MANAGER, REVIEWER, ADMINISTRATOR)] == [1, 0, 0]


def test_the_message_goes_out_after_the_answer(portal, nobody, monkeypatch):
    from starlette.background import BackgroundTask

    left = []

    async def leave(self):
        left.append(self.func)

    monkeypatch.setattr(BackgroundTask, "__call__", leave)
    assert forgot(nobody).status_code == 303
    assert (left, messages(portal)) == ([account_links.forgot], [])


def test_links_are_not_asked_for_again_and_again(portal, nobody):
    for _ in range(account_links.FORGOTTEN_TRIES):
        assert forgot(nobody).status_code == 303
    answer = forgot(nobody)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert f'value="{MANAGER}"' in answer.text
    assert len(messages(portal)) == account_links.FORGOTTEN_TRIES


def test_somebody_who_asks_in_another_name_spoils_no_link_that_was_sent_before(portal, nobody):
    forgot(nobody)
    for _ in range(account_links.FORGOTTEN_TRIES - 1):
        forgot(portal.as_("nobody"))
    paths = [link_in(text) for text in messages(portal)]
    assert [nobody.get(path).status_code for path in paths] == [200] * len(paths)
    assert choose(nobody, paths[0]).status_code == 303
    assert [nobody.get(path).status_code for path in paths] == [404] * len(paths)


def test_a_link_works_once(portal, nobody):
    forgot(nobody)
    path = link_in(messages(portal)[0])
    assert choose(nobody, path).status_code == 303
    assert choose(nobody, path, PASSWORD).status_code == 404
    assert nobody.get(path).status_code == 404
    assert sign_in(portal, OTHER) == 303


@pytest.mark.parametrize("ended", ["old", "another used", "password changed", "closed", "made up"])
def test_a_link_that_is_not_good_any_more_says_what_to_do(portal, nobody, ended):
    forgot(nobody)
    path = link_in(messages(portal)[0])
    match ended:
        case "old":
            portal.clock.now += account_links.LINK_LASTS
        case "another used":
            forgot(nobody)
            choose(nobody, link_in(messages(portal)[1]))
        case "password changed":
            accounts.set_password(portal.house, MANAGER, PASSWORD)
        case "closed":
            commands.close_account(portal.house, MANAGER, by=ADMINISTRATOR)
        case _:
            path = "/welcome/" + "0" * 64
    answer = nobody.get(path)
    assert answer.status_code == 404
    assert "Have another one mailed" in answer.text
    assert choose(nobody, path).status_code == 404


def test_a_link_stays_good_where_the_password_cannot_be_taken(portal, nobody):
    forgot(nobody)
    path = link_in(messages(portal)[0])
    answer = choose(nobody, path, "short")
    assert answer.status_code == 422
    assert "is too short" in text_of(answer.text)
    portal.clock.now += account_links.LINK_LASTS - timedelta(hours=1)
    assert choose(nobody, path).status_code == 303


def test_a_link_is_kept_as_a_hash(portal, nobody):
    forgot(nobody)
    link = link_in(messages(portal)[0]).removeprefix("/welcome/")
    kept = b"".join(path.read_bytes() for path in portal.house.home.glob("convenio.sqlite*"))
    assert link.encode() not in kept
    assert bytes.fromhex(link) not in kept


def test_the_address_in_the_message_is_never_the_one_a_visitor_claims(portal, nobody):
    token = nobody.get("/sign-in/forgotten").text.partition('name="csrf" value="')[2][:64]
    fields = {"csrf": token, "email": MANAGER}
    nobody.client.post("/sign-in/forgotten", data=fields, headers={"host": "elsewhere.example"})
    assert "elsewhere.example" not in "".join(messages(portal))
