"""The own account: language, password, second factor, sessions and personal tokens."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from flows import accounts, second_factor
from portal.faults import by_field
from portal.forms import Posted
from portal.language import LANGUAGES
from portal.refusals import status_of
from portal.routes.sign_in import entered, local, offered, turned_on
from portal.visit import LANGUAGE_COOKIE, Anybody, SignedIn, Visit
from schemas.errors import ConvenioError, InputError, Refused

router = APIRouter()

YEAR_SECONDS = 365 * 24 * 60 * 60


@router.get("/profile")
def profile(visit: SignedIn) -> Response:
    """Show who one is here, and what keeps the account safe."""
    return _shown(visit)


@router.get("/profile/password")
def password_form(visit: SignedIn) -> Response:
    """Ask for the password there is, and for another one."""
    return visit.show("profile_password.html", error=None, faults={})


@router.post("/profile/password")
def password(visit: SignedIn, form: Posted) -> Response:
    """Change the password; all other sessions end."""
    account, session = _own(visit)
    try:
        signed_in = accounts.change_password(
            visit.house, account, session, now_is=_secret(form, "password"), new=_secret(form, "new_password")
        )
    except (InputError, Refused) as error:
        return _again(visit, "profile_password.html", error)
    notice = visit.language.say("Your password is changed. Your other sessions have ended.")
    return entered(visit, signed_in, "/profile", notice=notice)


@router.get("/profile/second-factor")
def second_factor_form(visit: SignedIn) -> Response:
    """Offer a key for one-time codes."""
    account, _ = _own(visit)
    if account.second_factor is not None:
        return visit.go("/profile")
    return offered(visit, "/profile/second-factor", following="/profile")


@router.post("/profile/second-factor")
def second_factor_on(visit: SignedIn, form: Posted) -> Response:
    """Turn one-time codes on, and show the recovery codes once."""
    account, _ = _own(visit)
    if account.second_factor is not None:
        return visit.go("/profile")
    return turned_on(visit, form, "/profile/second-factor", following="/profile")


@router.get("/profile/second-factor/off")
def second_factor_off_form(visit: SignedIn) -> Response:
    """Say what turning it off means, and ask for the password."""
    return visit.show("second_factor_off.html", error=None, faults={})


@router.post("/profile/second-factor/off")
def second_factor_off(visit: SignedIn, form: Posted) -> Response:
    """Turn one-time codes off."""
    account, session = _own(visit)
    try:
        second_factor.turn_off(visit.house, account, session, password=_secret(form, "password"))
    except (InputError, Refused) as error:
        return _again(visit, "second_factor_off.html", error)
    return visit.go("/profile", notice=visit.language.say("You sign in with your password alone from now on."))


@router.get("/profile/recovery-codes")
def recovery_form(visit: SignedIn) -> Response:
    """Say what recovery codes are for, and ask for the password."""
    return visit.show("recovery_renew.html", error=None, faults={})


@router.post("/profile/recovery-codes")
def recovery(visit: SignedIn, form: Posted) -> Response:
    """Make new recovery codes and show them once."""
    account, _ = _own(visit)
    try:
        codes = second_factor.renew_recovery_codes(visit.house, account, password=_secret(form, "password"))
    except (InputError, Refused) as error:
        return _again(visit, "recovery_renew.html", error)
    return visit.show("recovery_codes.html", codes=codes, following="/profile")


@router.post("/profile/sessions/end")
def end_others(visit: SignedIn, form: Posted) -> Response:  # noqa: ARG001  # posted by our own page only
    """End every session but this one."""
    _, session = _own(visit)
    accounts.end_others(visit.house, session)
    return visit.go("/profile", notice=visit.language.say("Your other sessions have ended."))


@router.post("/profile/tokens")
def make_token(visit: SignedIn, form: Posted) -> Response:
    """Make a personal token and show it once."""
    account, _ = _own(visit)
    try:
        token = accounts.make_token(visit.house, account, form.text("label"))
    except (InputError, Refused) as error:
        return _shown(visit, error=error, label=form.text("label"))
    return visit.show("token.html", token=token, label=form.text("label"), days=accounts.TOKEN_LASTS.days)


@router.post("/profile/tokens/{handle}/end")
def end_token(visit: SignedIn, form: Posted, handle: str) -> Response:  # noqa: ARG001  # posted by our own page only
    """End a personal token."""
    account, _ = _own(visit)
    for token in visit.house.accounts.tokens_of(account.email):
        if token.token_hash[:12] == handle:
            accounts.end_kept(visit.house, token)
    return visit.go("/profile", notice=visit.language.say("The token has ended."))


@router.get("/languages")
def languages(visit: Anybody, next: str = "/") -> Response:  # noqa: A002  # the name of the query's field
    """Offer the languages of the interface."""
    return visit.show("languages.html", languages=LANGUAGES, next=local(next))


@router.post("/languages")
def choose_language(visit: Anybody, form: Posted) -> Response:
    """Keep the language in a cookie, and with the account of whoever is signed in."""
    chosen = form.text("language")
    if chosen not in LANGUAGES:
        raise InputError("there is no such language", got=chosen[:8], expected=", ".join(LANGUAGES))
    if visit.account is not None and visit.person is not None:
        accounts.choose_language(visit.house, visit.account, chosen)
    response = visit.go(local(form.text("next")))
    visit.set_cookie(response, LANGUAGE_COOKIE, chosen, seconds=YEAR_SECONDS)
    return response


def _shown(visit: Visit, *, error: ConvenioError | None = None, label: str = "") -> Response:
    account, session = _own(visit)
    house, now = visit.house, visit.house.clock()
    return visit.show(
        "profile.html",
        status=200 if error is None else status_of(error),
        account=account,
        languages=LANGUAGES,
        sessions=house.accounts.sessions_of(account.email, now=now),
        this=session.token_hash,
        tokens=[token for token in house.accounts.tokens_of(account.email) if token.ends_at > now],
        token_days=accounts.TOKEN_LASTS.days,
        recovery_left=house.recovery_codes.left(account.email) if account.second_factor else 0,
        required=house.settings.second_factor == "required",
        error=error,
        faults=by_field(error),
        label=label,
    )


def _own(visit: Visit) -> tuple[accounts.Account, accounts.Session]:
    assert visit.account is not None  # noqa: S101  # whoever is signed in has both
    assert visit.session is not None  # noqa: S101  # the same
    return visit.account, visit.session


def _secret(form: Posted, name: str) -> str:
    """Return a password as it was typed, with its spaces."""
    value = form.fields.get(name, "")
    return value if isinstance(value, str) else ""


def _again(visit: Visit, page: str, error: ConvenioError) -> Response:
    return visit.show(page, status=status_of(error), error=error, faults=by_field(error))
