from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from flows import accounts, commands
from flows.settings import Settings
from portal.routes.sign_in import TRIP_COOKIE
from portal.visit import SESSION_COOKIE
from tests.installation import MANAGER
from tests.portal.kit import ADMINISTRATOR, PASSWORD, text_of

pytestmark = pytest.mark.enable_socket

PEOPLE = {
    "s-1": {"email": MANAGER, "email_verified": True},
    "s-unverified": {"email": MANAGER, "email_verified": False},
    "s-claims-text": {"email": MANAGER, "email_verified": "true"},
    "s-stranger": {"email": "stranger@example.org", "email_verified": True},
    "s-nobody": {},
}


PROVIDER = """
import json, sys
import oidc_provider_mock as mock
users = [mock.User(sub=sub, claims=claims) for sub, claims in json.loads(sys.argv[1]).items()]
with mock.run_server_in_thread(require_nonce=True, user_claims=users) as server:
    print(server.server_port, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def provider():
    """A provider in a process of its own, for what it is written with is deprecated."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROVIDER, json.dumps(PEOPLE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "AUTHLIB_INSECURE_TRANSPORT": "1"},
    )
    yield f"http://localhost:{int(process.stdout.readline())}"
    process.communicate(timeout=20)


@pytest.fixture
def impostor():
    """Something that says it is another provider than the one it was asked as."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"issuer": "https://elsewhere.example"}).encode())

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def portal(portal_at, quick_hashes, provider):
    portal = portal_at("requested")
    accounts.set_password(portal.house, MANAGER, PASSWORD)
    use(portal, provider)
    return portal


def use(portal, provider, **others):
    settings = {"openid_issuer": provider, "openid_client_id": "convenio", "openid_client_secret": "secret"}
    portal.house.__dict__["settings"] = Settings(home=portal.house.home, **settings | others)


def sent_back(visitor, sub, following="/profile"):
    """Go to the provider as a browser does, say who one is there, and return where it sends the browser back to."""
    there = visitor.get(f"/sign-in/openid?next={following}").headers["location"]
    answer = httpx.post(there, data={"sub": sub})
    assert answer.status_code == 302
    back = urlsplit(answer.headers["location"])
    assert f"{back.scheme}://{back.netloc}" == "http://127.0.0.1:8080"
    return f"{back.path}?{back.query}"


def test_somebody_with_an_account_signs_in_and_is_known_from_then_on(portal, provider):
    visitor = portal.as_("nobody")
    assert "Sign in with your organisation" in visitor.get("/sign-in").text
    answer = visitor.get(sent_back(visitor, "s-1"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/profile")
    assert MANAGER in visitor.get("/profile").text
    assert portal.house.accounts.find(MANAGER).subject == f"{provider} s-1"
    assert TRIP_COOKIE not in visitor.client.cookies
    again = portal.as_("nobody")
    assert again.get(sent_back(again, "s-1")).status_code == 303


def test_the_question_holds_state_nonce_and_challenge_and_no_secret(portal):
    visitor = portal.as_("nobody")
    there = visitor.get("/sign-in/openid").headers["location"]
    asked = {name: value[0] for name, value in parse_qs(urlsplit(there).query).items()}
    assert asked["scope"] == "openid email"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == "http://127.0.0.1:8080/sign-in/openid/answer"
    assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) >= 20
    assert "secret" not in asked.values()
    assert asked["state"] not in visitor.client.cookies[TRIP_COOKIE]


@pytest.mark.parametrize("sub", ["s-unverified", "s-claims-text", "s-stranger", "s-nobody"])
def test_whom_the_provider_does_not_vouch_for_stays_outside_in_the_same_words(portal, sub):
    visitor = portal.as_("nobody")
    answer = visitor.get(sent_back(visitor, sub))
    assert answer.status_code == 403
    assert "you cannot be signed in with that" in text_of(answer.text)
    assert SESSION_COOKIE not in visitor.client.cookies
    assert portal.house.accounts.find(MANAGER).subject is None


def test_an_account_belongs_to_the_subject_that_came_first(portal, provider):
    portal.house.accounts.change(MANAGER, subject=f"{provider} somebody-else")
    visitor = portal.as_("nobody")
    assert visitor.get(sent_back(visitor, "s-1")).status_code == 403


def test_who_has_no_account_or_a_closed_one_stays_outside(portal):
    visitor = portal.as_("nobody")
    commands.close_account(portal.house, MANAGER, by=ADMINISTRATOR)
    assert visitor.get(sent_back(visitor, "s-1")).status_code == 403


def test_the_one_time_code_is_asked_for_as_well(portal):
    portal.house.accounts.change(MANAGER, second_factor="kept")
    visitor = portal.as_("nobody")
    assert visitor.get(sent_back(visitor, "s-1")).headers["location"] == "/sign-in/code?next=%2Fprofile"
    assert visitor.get("/profile").status_code == 303


@pytest.mark.parametrize("broken", ["another browser", "state", "code", "late", "no cookie", "denied", "issuer"])
def test_an_answer_that_is_not_to_our_question_is_refused(portal, broken):
    visitor = portal.as_("nobody")
    back = sent_back(visitor, "s-1")
    match broken:
        case "another browser":
            visitor = portal.as_("nobody")
            visitor.get("/sign-in/openid")
        case "state":
            back = back.replace("state=", "state=x")
        case "code":
            back = back.replace("code=", "code=x")
        case "late":
            portal.clock.now += accounts.WINDOW
        case "no cookie":
            visitor = portal.as_("nobody")
        case "denied":
            back = back.replace("code=", "error=access_denied&not=")
        case _:
            back += "&iss=https%3A%2F%2Felsewhere.example"
    answer = visitor.get(back)
    assert answer.status_code == 403
    assert SESSION_COOKIE not in visitor.client.cookies


def test_a_code_of_the_provider_is_worth_nothing_twice(portal):
    visitor = portal.as_("nobody")
    back, kept = sent_back(visitor, "s-1"), visitor.client.cookies[TRIP_COOKIE]
    assert visitor.get(back).status_code == 303
    thief = portal.as_("nobody")
    thief.client.cookies.set(TRIP_COOKIE, kept)
    assert thief.get(back).status_code == 403


def test_a_provider_that_calls_itself_otherwise_is_refused(portal, impostor):
    use(portal, impostor)
    answer = portal.as_("nobody").get("/sign-in/openid")
    assert answer.status_code == 403


def test_a_provider_that_is_away_leaves_the_password(portal):
    use(portal, "http://localhost:9")
    answer = portal.as_("nobody").get("/sign-in/openid")
    assert answer.status_code == 503
    assert "sign in with your password" in text_of(answer.text)


def test_without_a_provider_none_is_offered(portal):
    portal.house.__dict__["settings"] = Settings(home=portal.house.home)
    visitor = portal.as_("nobody")
    assert "Sign in with your organisation" not in visitor.get("/sign-in").text
    assert visitor.get("/sign-in/openid").status_code == 409
    assert visitor.get("/sign-in/openid/answer?code=x&state=y").status_code in {403, 409}


def test_nobody_is_sent_elsewhere_after_signing_in(portal):
    visitor = portal.as_("nobody")
    assert visitor.get(sent_back(visitor, "s-1", "//elsewhere.example")).headers["location"] == "/"
