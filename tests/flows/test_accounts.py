from __future__ import annotations

import json
from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest
from argon2 import PasswordHasher

from archive.accounts import Account
from flows import accounts, commands, erasure, second_factor
from flows.account_links import LINK_LASTS, MOST_LINKS, forgot, mail_link
from flows.demonstration import CAST, demonstration_accounts
from flows.settings import Settings
from flows.wiring import Installation
from schemas.errors import InputError, NotAuthorised, Refused, TooManyTries
from schemas.people import Office, Role
from tests.installation import MANAGER, REVIEWER, Clock, people

ADMINISTRATOR = "administrator@example.org"
PASSWORD = "correct horse battery staple"


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch):
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr("flows.accounts.hasher", lambda: hasher)


@pytest.fixture
def house(tmp_path):
    house = Installation(Settings(home=tmp_path / "home"), clock=Clock())
    people(house)
    house.people.add(ADMINISTRATOR, "Administrator", (Role.ADMINISTRATOR,))
    yield house
    house.close()


def test_the_same_work_is_done_whether_or_not_there_is_an_account(house, monkeypatch):
    done = []
    hasher = accounts.hasher()

    class Counting:
        def hash(self, password):
            done.append("hash")
            return hasher.hash(password)

        def verify(self, kept, password):
            done.append("verify")
            return hasher.verify(kept, password)

    accounts.set_password(house, MANAGER, PASSWORD)
    house.accounts.keep(Account(email=REVIEWER, made_at=house.clock()))
    monkeypatch.setattr("flows.accounts.hasher", Counting)
    for email in (MANAGER, REVIEWER, ADMINISTRATOR, "stranger@example.org"):
        with pytest.raises(NotAuthorised):
            accounts.sign_in(house, email, "wrong but long enough", network="198.51.100.1")
    assert done == ["verify", "hash", "hash", "hash"]


def test_tries_are_counted_for_a_network_as_well(house):
    for number in range(accounts.TRIES_FROM):
        with pytest.raises(NotAuthorised):
            accounts.sign_in(house, f"{number}@example.org", PASSWORD, network="198.51.100.1")
    with pytest.raises(Refused, match="too many tries"):
        accounts.sign_in(house, "somebody@example.org", PASSWORD, network="198.51.100.1")
    with pytest.raises(NotAuthorised):
        accounts.sign_in(house, "somebody@example.org", PASSWORD, network="198.51.100.2")


@pytest.mark.parametrize(
    ("seconds", "rest"), [(900, "15 minutes"), (61, "2 minutes"), (60, "1 minute"), (1, "1 minute")]
)
def test_who_tried_too_often_is_told_how_long_to_wait(house, seconds, rest):
    begin = house.clock()
    now = begin + timedelta(seconds=1800 - begin.timestamp() % 900 - seconds)
    with pytest.raises(TooManyTries) as refused:
        accounts.require_few_tries(house, ("sign in", MANAGER), now=now, limit=0)
    assert (refused.value.seconds, refused.value.remedy) == (seconds, f"wait {rest}, then try again")


def test_changes_of_an_account_at_once_keep_each_other(house):
    accounts.set_password(house, MANAGER, PASSWORD)
    house.accounts.change(MANAGER, language="es")
    assert house.accounts.take_step(MANAGER, 7)
    accounts.set_password(house, MANAGER, PASSWORD)
    account = house.accounts.find(MANAGER)
    assert (account.language, account.last_step) == ("es", 7)
    assert not house.accounts.take_step(MANAGER, 7)
    assert not house.accounts.take_step(MANAGER, 6)


def test_a_password_is_not_set_for_nobody(house):
    with pytest.raises(Refused, match="stranger"):
        accounts.set_password(house, "stranger@example.org", PASSWORD)
    with pytest.raises(InputError):
        accounts.set_password(house, MANAGER, "short")
    assert house.accounts.everyone() == ()


def test_whoever_is_erased_leaves_nothing_to_sign_in_with(house):
    account = accounts.set_password(house, MANAGER, PASSWORD)
    accounts.begin(house, account)
    accounts.make_token(house, account, "Reports")
    mail_link(house, account, house.people.get(MANAGER), invited=True)
    second_factor.offer(house, account)
    house.recovery_codes.replace(MANAGER, ["0" * 64])
    erasure.erase(house, MANAGER, reason="asked for it", by=ADMINISTRATOR)
    assert house.accounts.find(MANAGER) is None
    assert house.accounts.sessions_of(MANAGER, now=house.clock()) == ()
    assert house.accounts.tokens_of(MANAGER) == ()
    assert house.recovery_codes.left(MANAGER) == 0
    assert list(house.mail.folder.glob("*.eml")) == []
    house.engine.dispose()
    assert not any(MANAGER.encode() in path.read_bytes() for path in house.home.glob("convenio.sqlite*"))


def ask_often(house):
    for _ in range(MOST_LINKS):
        forgot(house, MANAGER)


def test_whoever_asks_for_links_ends_no_invitation(house):
    account = accounts.opened(house, MANAGER)
    invitation = house.account_links.make(account.email, now=house.clock(), lasts=LINK_LASTS)
    ask_often(house)
    assert house.account_links.find(invitation, now=house.clock()) == MANAGER
    assert house.account_links.good(MANAGER, now=house.clock()) == MOST_LINKS
    mail_link(house, account, house.people.get(MANAGER), invited=True)
    assert house.account_links.good(MANAGER, now=house.clock()) == MOST_LINKS + 1


def test_whoever_asks_for_links_again_ends_none_and_fills_no_inbox(house):
    accounts.opened(house, MANAGER)
    ask_often(house)
    house.clock.now += accounts.WINDOW
    ask_often(house)
    assert len(list(house.mail.folder.glob("*.eml"))) == MOST_LINKS
    assert house.account_links.good(MANAGER, now=house.clock()) == MOST_LINKS
    house.clock.now += LINK_LASTS
    ask_often(house)
    assert house.account_links.good(MANAGER, now=house.clock()) == MOST_LINKS


@pytest.mark.parametrize(
    ("act", "again"),
    [(commands.close_account, commands.reopen_account), (commands.reopen_account, commands.close_account)],
    ids=["close", "reopen"],
)
def test_what_another_administrator_did_a_moment_ago_is_not_done_again(house, monkeypatch, act, again):
    other = "administrator.two@example.org"
    house.people.add(other, "Administrator", (Role.ADMINISTRATOR,))
    accounts.set_password(house, MANAGER, PASSWORD)
    if act is commands.reopen_account:
        again(house, MANAGER, by=ADMINISTRATOR)
    transaction, before = house.ledger.transaction, house.ledger.size

    def after_the_other():
        monkeypatch.undo()
        act(house, MANAGER, by=other)
        return transaction()

    monkeypatch.setattr(house.ledger, "transaction", after_the_other)
    act(house, MANAGER, by=ADMINISTRATOR)
    assert house.ledger.size == before + 1


def test_a_link_points_to_where_people_reach_the_portal(tmp_path):
    settings = Settings(home=tmp_path / "home", portal_url="https://agreements.example.org/")
    house = Installation(settings, clock=Clock())
    people(house)
    mail_link(house, accounts.opened(house, MANAGER), house.people.get(MANAGER), invited=True)
    [path] = house.mail.folder.glob("ACCOUNT-invited-*.eml")
    assert (
        "  https://agreements.example.org/welcome/"
        in message_from_bytes(path.read_bytes(), policy=default).get_content()
    )
    house.close()


def test_the_demonstration_has_one_person_for_each_role_and_office(tmp_path):
    house = Installation(Settings(home=tmp_path / "home"), clock=Clock())
    made = demonstration_accounts(house)
    assert {role for one in CAST for role in one.roles} == set(Role)
    assert {office for one in CAST for office in one.offices} == set(Office)
    assert len({password for _, _, password in made}) == len(CAST)
    for name, email, password in made:
        assert house.people.get(email).name == name
        assert accounts.sign_in(house, email, password, network=email).proven
    kept = house.home / "keys" / "demonstration-accounts"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert demonstration_accounts(house) == made
    accounts.set_password(house, made[0][1], PASSWORD)
    assert demonstration_accounts(house) == made[1:]
    house.close()


def test_a_demonstration_that_broke_off_is_finished(tmp_path, monkeypatch):
    house = Installation(Settings(home=tmp_path / "home"), clock=Clock())
    with monkeypatch.context() as patch:
        patch.setattr("flows.demonstration.add_person", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            demonstration_accounts(house)
    assert len(demonstration_accounts(house)) == len(CAST)
    house.close()


@pytest.mark.parametrize("why", ["production", "somebody has an account"])
def test_where_work_is_done_there_is_no_demonstration(tmp_path, why):
    env = "production" if why == "production" else "development"
    house = Installation(Settings(home=tmp_path / "home", env=env), clock=Clock())
    people(house)
    if why != "production":
        accounts.set_password(house, MANAGER, PASSWORD)
    assert demonstration_accounts(house) == []
    assert not (tmp_path / "home" / "keys" / "demonstration-accounts").exists()
    assert len(house.people.everyone()) == 2
    house.close()


def test_the_sealed_key_of_a_second_factor_says_nothing(house):
    account = accounts.set_password(house, MANAGER, PASSWORD)
    offered = second_factor.offer(house, account)
    assert offered.key not in offered.sealed
    assert json.dumps(offered.address).count(offered.key) == 1
    assert second_factor.offer(house, account, sealed=offered.sealed).key == offered.key
    with pytest.raises(InputError):
        second_factor.offer(house, account, sealed=offered.sealed[:-2] + "xx")
