"""Signing in, with a password or at an OpenID provider, then with a one-time code where one is asked for; and out."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup

from flows import accounts, second_factor
from portal.faults import by_field
from portal.forms import Posted
from portal.refusals import status_of
from portal.visit import SESSION_COOKIE, Anybody, Visit
from schemas.errors import ConvenioError, InputError, Invalid, Refused

if TYPE_CHECKING:
    from flows.accounts import SignedIn

router = APIRouter()

TRIP_COOKIE = "convenio_openid"


@router.get("/sign-in")
def form(visit: Anybody, next: str = "/") -> Response:  # noqa: A002  # the name of the query's field
    """Ask for address and password."""
    if visit.person is not None:
        return visit.go(local(next))
    return _asked_for_password(visit, local(next))


@router.post("/sign-in")
def sign_in(visit: Anybody, form: Posted) -> Response:
    """Begin a session, or say that the pair is wrong."""
    email, following = form.text("email"), local(form.text("next"))
    try:
        signed_in = accounts.sign_in(
            visit.house, email, str(form.fields.get("password", "")), network=visit.neighbourhood
        )
    except Refused as error:
        return _asked_for_password(visit, following, status=status_of(error), email=email, error=error)
    return entered(visit, signed_in, following)


@router.get("/sign-in/code")
def code_form(visit: Anybody, next: str = "/") -> Response:  # noqa: A002  # the name of the query's field
    """Ask for a one-time code, or have the second factor set up where one is required and there is none."""
    if visit.account is None or visit.person is not None:
        return visit.go(local(next) if visit.person else "/sign-in")
    if visit.account.second_factor is None:
        return visit.go(f"/sign-in/second-factor?next={quote(local(next), safe='')}")
    return visit.show("code.html", next=local(next), error=None, faults={})


@router.post("/sign-in/code")
def code(visit: Anybody, form: Posted) -> Response:
    """Take a one-time code, or a recovery code."""
    if visit.account is None or visit.session is None or visit.person is not None:
        return visit.go("/sign-in")
    following = local(form.text("next"))
    try:
        signed_in = second_factor.prove(visit.house, visit.account, visit.session, form.text("code"))
    except (InputError, Refused) as error:
        return visit.show("code.html", status=status_of(error), next=following, error=error, faults=by_field(error))
    return entered(visit, signed_in, following)


@router.get("/sign-in/second-factor")
def setup_form(visit: Anybody, next: str = "/") -> Response:  # noqa: A002  # the name of the query's field
    """Have somebody set up the second factor that is required here, before anything else."""
    if visit.account is None or visit.person is not None or visit.account.second_factor is not None:
        return visit.go("/sign-in")
    return offered(visit, "/sign-in/second-factor", following=local(next))


@router.post("/sign-in/second-factor")
def setup(visit: Anybody, form: Posted) -> Response:
    """Turn the second factor on, and begin the session with it."""
    if visit.account is None or visit.person is not None or visit.account.second_factor is not None:
        return visit.go("/sign-in")
    return turned_on(visit, form, "/sign-in/second-factor", following=local(form.text("next")))


@router.get("/sign-in/openid")
def depart(visit: Anybody, next: str = "/") -> Response:  # noqa: A002  # the name of the query's field
    """Send the browser to the OpenID provider, which sends it back."""
    from flows import openid  # noqa: PLC0415  # only where a provider is set

    try:
        trip = openid.departure(visit.house, local(next))
    except ConvenioError as error:
        return _not_at_provider(visit, error)
    response = visit.go(trip.address)
    visit.set_cookie(response, TRIP_COOKIE, trip.sealed, seconds=int(openid.TRIP_LASTS.total_seconds()))
    return response


@router.get("/sign-in/openid/answer")
def arrive(visit: Anybody) -> Response:
    """Begin a session with what the provider says; only whoever was sent there from here comes in."""
    from flows import openid  # noqa: PLC0415  # only where a provider is set

    query = dict(visit.request.query_params)
    try:
        subject = ("openid from", visit.neighbourhood)
        accounts.require_few_tries(visit.house, subject, now=visit.house.clock(), limit=accounts.TRIES_FROM)
        signed_in, following = openid.arrival(visit.house, visit.request.cookies.get(TRIP_COOKIE, ""), query)
    except ConvenioError as error:
        return _not_at_provider(visit, error)
    response = entered(visit, signed_in, local(following))
    response.delete_cookie(TRIP_COOKIE, path="/")
    return response


@router.post("/sign-out")
def sign_out(visit: Anybody, form: Posted) -> RedirectResponse:  # noqa: ARG001  # posted by our own page only
    """End the session."""
    if token := visit.request.cookies.get(SESSION_COOKIE):
        accounts.end_session(visit.house, token)
    response = visit.go("/sign-in", notice=visit.language.say("You are signed out."))
    response.delete_cookie(SESSION_COOKIE, path="/")
    return response


def entered(visit: Visit, signed_in: SignedIn, following: str, *, notice: str | None = None) -> RedirectResponse:
    """Send the browser on with its session, by way of the one-time code where one is still asked for."""
    onwards = following if signed_in.proven else f"/sign-in/code?next={quote(following, safe='')}"
    response = visit.go(onwards, notice=notice)
    if visit.session is not None:
        # the browser forgets its token now; whoever else has that one is signed out as well
        accounts.end_kept(visit.house, visit.session)
    keep_session(visit, response, signed_in)
    return response


def keep_session(visit: Visit, response: Response, signed_in: SignedIn) -> None:
    """Have the browser keep the cookie of a session."""
    visit.set_cookie(response, SESSION_COOKIE, signed_in.token, seconds=int(accounts.SESSION_LASTS.total_seconds()))


def offered(
    visit: Visit,
    path: str,
    *,
    following: str,
    sealed: str | None = None,
    error: ConvenioError | None = None,
    status: int = 200,
) -> Response:
    """Show a key for one-time codes, to be scanned or typed, and ask for a code of it."""
    import segno  # noqa: PLC0415  # only this page draws

    assert visit.account is not None  # noqa: S101  # the routes send nobody here
    try:
        made = second_factor.offer(visit.house, visit.account, sealed=sealed)
    except InputError as too_old:
        made, error, status = second_factor.offer(visit.house, visit.account), too_old, 422
    drawn = segno.make(made.address, micro=False).svg_inline(scale=5, dark="#000", light="#fff", border=3)
    values = {"path": path, "next": following, "setup": made, "drawn": Markup(drawn)}  # noqa: S704  # segno's own
    return visit.show("second_factor.html", status=status, error=error, faults=by_field(error), **values)


def turned_on(visit: Visit, form: Posted, path: str, *, following: str) -> Response:
    """Turn the second factor on and show the recovery codes, once; or the form again, with the same key."""
    assert visit.account is not None  # noqa: S101  # the routes send nobody here
    assert visit.session is not None  # noqa: S101  # the same
    sealed = form.text("sealed")
    try:
        codes, signed_in = second_factor.turn_on(
            visit.house, visit.account, visit.session, sealed=sealed, code=form.text("code")
        )
    except (InputError, Refused) as error:
        again = {"sealed": sealed or None, "error": error, "status": status_of(error)}
        return offered(visit, path, following=following, **again)
    response = visit.show("recovery_codes.html", codes=codes, following=following)
    if signed_in is not None:
        keep_session(visit, response, signed_in)
    return response


def local(path: str) -> str:
    """Return ``path`` where it is one of ours, else the home page: nobody is sent elsewhere by a link."""
    ours = path.startswith("/") and not path.startswith(("//", "/\\"))
    return path if ours and path.isprintable() else "/"


def _asked_for_password(
    visit: Visit, following: str, *, status: int = 200, email: str = "", error: ConvenioError | None = None
) -> Response:
    settings = visit.house.settings
    return visit.show(
        "sign_in.html",
        status=status,
        next=following,
        email=email,
        error=error,
        provider=settings.openid_issuer is not None and settings.openid_client_id is not None,
    )


def _not_at_provider(visit: Visit, error: ConvenioError) -> Response:
    theirs = isinstance(error, InputError | Invalid)
    return _asked_for_password(visit, "/", status=400 if theirs else status_of(error), error=error)
