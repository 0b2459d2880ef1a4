from __future__ import annotations

import re
from datetime import timedelta

import pyotp
import pytest

from flows import accounts, second_factor
from flows.settings import Settings
from portal.visit import SESSION_COOKIE
from tests.installation import MANAGER
from tests.portal.kit import PASSWORD, text_of

OTHER = "another battery, another staple"


@pytest.fixture
def portal(portal_at, quick_hashes):
    portal = portal_at("requested")
    accounts.set_password(portal.house, MANAGER, PASSWORD)
    return portal


@pytest.fixture
def manager(portal):
    return portal.as_("manager")


def signed_in(portal, password=PASSWORD):
    visitor = portal.as_("nobody")
    answer = visitor.post("/sign-in", {"email": MANAGER, "password": password, "next": "/profile"})
    return visitor, answer


def code_of(portal, key):
    return pyotp.TOTP(key).at(int(portal.clock.now.timestamp()))


def set_up(portal, visitor, path="/profile/second-factor"):
    """Turn the second factor on as a person does, and return its key and the recovery codes."""
    page = visitor.get(path).text
    key = re.search(r'data-copy="([A-Z2-7]{32})"', page)[1]
    sealed = re.search(r'name="sealed" value="([^"]+)"', page)[1]
    answer = visitor.post(path, {"sealed": sealed, "code": code_of(portal, key), "next": "/profile"}, shown_on=path)
    assert answer.status_code == 200
    return key, re.findall(r"<code>([\w-]{14})</code>", answer.text)


def enter(visitor, code):
    return visitor.post("/sign-in/code", {"code": code, "next": "/profile"}, shown_on="/sign-in/code")


def test_the_profile_says_who_one_is(manager):
    said = text_of(manager.get("/profile").text)
    assert MANAGER in said
    assert "Manager, Reviewer" in said
    assert "This one" in said


def test_a_changed_password_ends_every_other_session(portal):
    here, _ = signed_in(portal)
    elsewhere, _ = signed_in(portal)
    before = here.client.cookies[SESSION_COOKIE]
    answer = here.post("/profile/password", {"password": PASSWORD, "new_password": OTHER}, shown_on="/profile/password")
    assert (answer.status_code, answer.headers["location"]) == (303, "/profile")
    assert here.client.cookies[SESSION_COOKIE] != before
    assert here.get("/profile").status_code == 200
    assert elsewhere.get("/profile").status_code == 303
    assert signed_in(portal)[1].status_code == 403
    assert signed_in(portal, OTHER)[1].status_code == 303


@pytest.mark.parametrize(
    ("now_is", "new", "said"),
    [
        ("not the one", OTHER, "is not your password"),
        (PASSWORD, "short", "is too short"),
        (PASSWORD, "x" * 300, "is too long"),
        (PASSWORD, "aaaaaaaaaaaaaaaa", "is easily guessed"),
        (PASSWORD, MANAGER, "is easily guessed"),
    ],
    ids=["wrong", "short", "long", "same letter", "address"],
)
def test_a_password_that_cannot_be_is_refused_beside_its_field(portal, manager, now_is, new, said):
    answer = manager.post("/profile/password", {"password": now_is, "new_password": new}, shown_on="/profile/password")
    assert answer.status_code == 422
    assert said in text_of(answer.text)
    assert 'aria-invalid="true"' in answer.text
    assert signed_in(portal)[1].status_code == 303


def test_the_own_password_is_not_guessed_in_a_session(manager):
    fields = {"password": "not the one", "new_password": OTHER}
    for _ in range(accounts.TRIES):
        assert manager.post("/profile/password", fields, shown_on="/profile/password").status_code == 422
    fields["password"] = PASSWORD
    assert manager.post("/profile/password", fields, shown_on="/profile/password").status_code == 429


def test_with_a_second_factor_a_password_alone_opens_nothing(portal, manager):
    key, codes = set_up(portal, manager)
    assert len(set(codes)) == second_factor.RECOVERY_CODES
    visitor, answer = signed_in(portal)
    assert answer.headers["location"] == "/sign-in/code?next=%2Fprofile"
    assert visitor.get("/profile").headers["location"] == "/sign-in/code"
    assert "Sign in as somebody else" in visitor.get("/sign-in/code").text
    assert enter(visitor, "000000").status_code == 422
    assert visitor.get("/profile").status_code == 303
    portal.clock.now += timedelta(seconds=second_factor.STEP_SECONDS)
    before = visitor.client.cookies[SESSION_COOKIE]
    answer = enter(visitor, code_of(portal, key))
    assert answer.headers["location"] == "/profile"
    assert visitor.get("/profile").status_code == 200
    visitor.client.cookies.clear()
    visitor.client.cookies.set(SESSION_COOKIE, before)
    assert visitor.get("/profile").status_code == 303


def test_a_code_is_taken_once(portal, manager):
    key, _ = set_up(portal, manager)
    portal.clock.now += timedelta(seconds=second_factor.STEP_SECONDS)
    code = code_of(portal, key)
    assert enter(signed_in(portal)[0], code).status_code == 303
    answer = enter(signed_in(portal)[0], code)
    assert answer.status_code == 422
    assert "was used before" in text_of(answer.text)


def test_a_code_of_a_minute_ago_is_not_taken(portal, manager):
    key, _ = set_up(portal, manager)
    portal.clock.now += timedelta(seconds=second_factor.STEP_SECONDS)
    code = code_of(portal, key)
    portal.clock.now += timedelta(seconds=2 * second_factor.STEP_SECONDS + 1)
    assert enter(signed_in(portal)[0], code).status_code == 422


def test_a_recovery_code_is_taken_once_however_it_is_typed(portal, manager):
    _, codes = set_up(portal, manager)
    assert enter(signed_in(portal)[0], f" {codes[0].upper().replace('-', ' ')} ").status_code == 303
    assert enter(signed_in(portal)[0], codes[0]).status_code == 422
    assert "9 left" in text_of(manager.get("/profile").text)


def test_codes_are_not_guessed(portal, manager):
    key, codes = set_up(portal, manager)
    visitor, _ = signed_in(portal)
    for _ in range(second_factor.CODE_TRIES):
        assert enter(visitor, "000000").status_code == 422
    answer = enter(visitor, codes[0])
    assert (answer.status_code, "retry-after" in answer.headers) == (429, True)
    assert "too many tries" in text_of(answer.text)
    portal.clock.now += accounts.WINDOW
    # who waits for the window begins with the password again
    assert enter(signed_in(portal)[0], code_of(portal, key)).status_code == 303


def test_a_code_is_asked_for_within_a_quarter_of_an_hour(portal, manager):
    set_up(portal, manager)
    visitor, _ = signed_in(portal)
    visitor.get("/sign-in/code")
    portal.clock.now += accounts.PROVING_LASTS
    assert visitor.get("/sign-in/code").headers["location"] == "/sign-in"


def test_setting_up_takes_a_code_of_the_key_that_was_shown(portal, manager):
    page = manager.get("/profile/second-factor").text
    sealed = re.search(r'name="sealed" value="([^"]+)"', page)[1]
    answer = manager.post(
        "/profile/second-factor", {"sealed": sealed, "code": "000000"}, shown_on="/profile/second-factor"
    )
    assert answer.status_code == 422
    assert f'name="sealed" value="{sealed}"' in answer.text
    portal.clock.now += second_factor.SETUP_LASTS + timedelta(seconds=1)
    answer = manager.post("/profile/second-factor", {"sealed": sealed, "code": "000000"})
    assert answer.status_code == 422
    assert "too old" in text_of(answer.text)
    assert portal.house.accounts.find(MANAGER).second_factor is None


def test_nobody_sets_up_the_key_of_another_account(portal, manager):
    key = re.search(r'data-copy="([A-Z2-7]{32})"', page := manager.get("/profile/second-factor").text)[1]
    sealed = re.search(r'name="sealed" value="([^"]+)"', page)[1]
    reviewer = portal.as_("reviewer")
    fields = {"sealed": sealed, "code": code_of(portal, key)}
    answer = reviewer.post("/profile/second-factor", fields, shown_on="/profile/second-factor")
    assert answer.status_code == 422
    assert "not yours" in text_of(answer.text)


def test_the_second_factor_is_turned_off_with_the_password(portal, manager):
    set_up(portal, manager)
    path = "/profile/second-factor/off"
    assert manager.post(path, {"password": "not the one"}, shown_on=path).status_code == 422
    assert manager.post(path, {"password": PASSWORD}, shown_on=path).status_code == 303
    assert signed_in(portal)[1].headers["location"] == "/profile"
    assert portal.house.recovery_codes.left(MANAGER) == 0


def test_new_recovery_codes_take_the_place_of_the_old_ones(portal, manager):
    _, old = set_up(portal, manager)
    path = "/profile/recovery-codes"
    assert manager.post(path, {"password": "not the one"}, shown_on=path).status_code == 422
    new = re.findall(r"<code>([\w-]{14})</code>", manager.post(path, {"password": PASSWORD}, shown_on=path).text)
    assert enter(signed_in(portal)[0], old[0]).status_code == 422
    assert enter(signed_in(portal)[0], new[0]).status_code == 303


def test_where_a_second_factor_is_required_it_is_set_up_first(portal):
    settings = Settings(home=portal.house.home, second_factor="required")
    portal.house.__dict__["settings"] = settings
    visitor, answer = signed_in(portal)
    assert answer.headers["location"].startswith("/sign-in/code")
    assert visitor.get("/profile").headers["location"] == "/sign-in/code"
    assert visitor.get("/sign-in/code").headers["location"] == "/sign-in/second-factor?next=%2F"
    set_up(portal, visitor, "/sign-in/second-factor")
    assert visitor.get("/profile").status_code == 200
    answer = visitor.post("/profile/second-factor/off", {"password": PASSWORD}, shown_on="/profile/second-factor/off")
    assert answer.status_code == 409


def test_the_keys_and_codes_lie_nowhere_as_they_are(portal, manager):
    key, codes = set_up(portal, manager)
    kept = b"".join(path.read_bytes() for path in portal.house.home.glob("convenio.sqlite*"))
    assert key.encode() not in kept
    assert not any(code.encode() in kept or code.replace("-", "").encode() in kept for code in codes)


def test_other_sessions_are_ended_and_this_one_stays(portal):
    here, _ = signed_in(portal)
    elsewhere, _ = signed_in(portal)
    assert "Another browser" in here.get("/profile").text
    assert here.post("/profile/sessions/end", shown_on="/profile").status_code == 303
    assert elsewhere.get("/profile").status_code == 303
    assert here.get("/profile").status_code == 200


def test_a_token_is_shown_once_and_ends(portal, manager):
    answer = manager.post("/profile/tokens", {"label": "Reports"}, shown_on="/profile")
    token = re.search(r'data-copy="([0-9a-f]{64})"', answer.text)[1]
    kept = portal.house.accounts.token(token, now=portal.clock())
    assert (kept.email, kept.label) == (MANAGER, "Reports")
    assert token not in manager.get("/profile").text
    handle = kept.token_hash[:12]
    portal.as_("reviewer").post(f"/profile/tokens/{handle}/end", shown_on="/profile")
    assert portal.house.accounts.token(token, now=portal.clock()) is not None
    manager.post(f"/profile/tokens/{handle}/end", shown_on="/profile")
    assert portal.house.accounts.token(token, now=portal.clock()) is None


def test_a_token_needs_a_name_and_there_are_not_too_many(manager):
    answer = manager.post("/profile/tokens", {"label": " "}, shown_on="/profile")
    assert answer.status_code == 422
    for number in range(accounts.MOST_TOKENS):
        assert manager.post("/profile/tokens", {"label": f"{number}"}).status_code == 200
    assert manager.post("/profile/tokens", {"label": "one more"}).status_code == 409


def test_the_language_is_kept_with_the_account_and_for_nobody_in_a_cookie(portal, manager):
    nobody = portal.as_("nobody")
    answer = nobody.post("/languages", {"language": "de", "next": "/sign-in"}, shown_on="/languages")
    assert answer.headers["location"] == "/sign-in"
    assert '<html lang="de"' in nobody.get("/sign-in").text
    manager.post("/languages", {"language": "es", "next": "//elsewhere.example"}, shown_on="/languages")
    manager.client.cookies.delete("convenio_language")
    assert '<html lang="es"' in manager.get("/profile").text
    assert manager.post("/languages", {"language": "xx"}).status_code == 422
