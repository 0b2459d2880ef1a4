from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi import Request

from flows import accounts
from portal.routes.sign_in import local
from portal.visit import SESSION_COOKIE, Visit
from schemas.errors import Refused
from tests.installation import MANAGER
from tests.portal.kit import PASSWORD, text_of


@pytest.fixture
def portal(portal_at, quick_hashes):
    portal = portal_at("requested")
    accounts.set_password(portal.house, MANAGER, PASSWORD)
    return portal


def signed_in(visitor, email=MANAGER, password=PASSWORD, following="/documents"):
    return visitor.post("/sign-in", {"email": email, "password": password, "next": following})


def test_the_right_password_leads_to_the_page_asked_for(portal):
    nobody = portal.as_("nobody")
    answer = nobody.get("/?seen=1")
    assert answer.headers["location"] == "/sign-in?next=%2F%3Fseen%3D1"
    answer = signed_in(nobody)
    assert (answer.status_code, answer.headers["location"]) == (303, "/documents")
    assert nobody.get("/").status_code == 200


@pytest.mark.parametrize(
    ("email", "password"),
    [(MANAGER, "wrong but long enough"), ("stranger@example.org", PASSWORD), (MANAGER, ""), ("", "")],
    ids=["wrong password", "no such account", "no password", "nothing"],
)
def test_a_wrong_pair_is_refused_in_the_same_words(portal, email, password):
    answer = signed_in(portal.as_("nobody"), email, password)
    assert answer.status_code == 403
    assert "the address or the password is wrong" in text_of(answer.text)
    assert SESSION_COOKIE not in answer.cookies


def test_too_many_tries_are_refused_even_with_the_right_password(portal):
    visitor = portal.as_("nobody")
    for _ in range(accounts.TRIES):
        assert signed_in(visitor, password="wrong but long enough").status_code == 403
    answer = signed_in(visitor)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 900
    assert "too many tries" in text_of(answer.text)
    portal.clock.now += accounts.WINDOW
    assert signed_in(visitor).status_code == 303


def test_a_form_of_another_site_or_session_is_refused(portal):
    visitor = portal.as_("manager")
    assert "this form is out of date" in visitor.client.post("/sign-out", data={"csrf": "0" * 64}).text
    answer = visitor.post("/sign-out", headers={"origin": "https://elsewhere.example"})
    assert answer.status_code == 403
    assert "another site sent this form" in answer.text
    assert visitor.post("/sign-out", headers={"origin": "http://["}).status_code == 403
    assert visitor.get("/").status_code == 200


def test_signing_out_ends_the_session_for_good(portal):
    visitor = portal.as_("manager")
    token = visitor.client.cookies[SESSION_COOKIE]
    assert visitor.post("/sign-out").status_code == 303
    visitor.client.cookies.set(SESSION_COOKIE, token)
    assert visitor.get("/").headers["location"] == "/sign-in"


def test_signing_in_again_ends_the_session_before(portal):
    visitor = portal.as_("manager")
    before = visitor.client.cookies[SESSION_COOKIE]
    assert signed_in(visitor).status_code == 303
    visitor.client.cookies.clear()
    visitor.client.cookies.set(SESSION_COOKIE, before)
    assert visitor.get("/").headers["location"] == "/sign-in"


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
    ],
    ids=["one /64", "two /64", "mapped", "two addresses"],
)
def test_tries_from_one_customers_addresses_are_counted_together(portal, one, other, together):
    def neighbourhood(address):
        return Visit(Request({"type": "http", "client": (address, 1)}), portal.house).neighbourhood

    assert (neighbourhood(one) == neighbourhood(other)) is together


def test_whoever_tries_a_password_elsewhere_keeps_nobody_out(portal):
    for _ in range(2 * accounts.TRIES):
        with pytest.raises(Refused):
            accounts.sign_in(portal.house, MANAGER, "wrong but long enough", network="198.51.100.1")
    assert signed_in(portal.as_("nobody")).status_code == 303


def test_behind_a_proxy_that_ends_tls_cookies_and_pages_stay_in_it(portal, monkeypatch):
    monkeypatch.setattr("flows.settings.Settings.portal_address", "https://portal.example.org")
    answer = portal.as_("nobody").get("/sign-in")
    assert "; Secure" in answer.headers["set-cookie"]
    assert answer.headers["strict-transport-security"].startswith("max-age=")


@pytest.mark.parametrize("pause", [accounts.SESSION_IDLE, accounts.SESSION_LASTS], ids=["idle", "old"])
def test_a_session_ends_by_itself(portal, pause):
    visitor = portal.as_("manager")
    assert visitor.get("/").status_code == 200
    portal.clock.now += pause
    assert visitor.get("/").status_code == 303


def test_somebody_seen_now_and_then_stays_signed_in(portal):
    visitor = portal.as_("manager")
    for _ in range(3):
        portal.clock.now += accounts.SESSION_IDLE - timedelta(minutes=10)
        assert visitor.get("/").status_code == 200


@pytest.mark.parametrize(
    "path", ["//elsewhere.example", "https://elsewhere.example/", "/\\elsewhere", "javascript:x", "//["]
)
def test_nobody_is_sent_to_another_site(path):
    assert local(path) == "/"


def test_secrets_are_kept_as_hashes(portal):
    visitor = portal.as_("nobody")
    signed_in(visitor)
    kept = b"".join(path.read_bytes() for path in portal.house.home.glob("convenio.sqlite*"))
    assert PASSWORD.encode() not in kept
    assert visitor.client.cookies[SESSION_COOKIE].encode() not in kept
