"""Choosing a password by a link that was mailed, and having one mailed."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.background import BackgroundTask

from flows import account_links
from portal.faults import by_field
from portal.forms import Posted
from portal.refusals import status_of
from portal.visit import Anybody
from schemas.errors import InputError, Refused, TooManyTries

router = APIRouter()


@router.get("/sign-in/forgotten")
def forgotten_form(visit: Anybody) -> Response:
    """Ask for the address a link is to be mailed to."""
    return visit.show("forgotten.html", email="", error=None)


@router.post("/sign-in/forgotten")
def forgotten(visit: Anybody, form: Posted) -> Response:
    """Have a link mailed where there is an account, and say the same where there is none."""
    email = form.text("email")
    try:
        account_links.require_few_requests(visit.house, email, network=visit.neighbourhood)
    except TooManyTries as error:
        return visit.show("forgotten.html", status=status_of(error), email=email, error=error)
    response = visit.go(
        "/sign-in",
        notice=visit.language.say(
            "If there is an account with this address, a link to choose a new password is on its way to it."
        ),
    )
    # after the answer: how long it takes would tell whether there is an account
    response.background = BackgroundTask(account_links.forgot, visit.house, email)
    return response


@router.get("/welcome/{link}")
def welcome(visit: Anybody, link: str) -> Response:
    """Ask for a password, where the link is good."""
    try:
        person = account_links.person_of_link(visit.house, link)
    except Refused as error:
        return visit.show("welcome_over.html", status=404, error=error)
    return visit.show("welcome.html", link=link, person=person, error=None, faults={})


@router.post("/welcome/{link}")
def choose(visit: Anybody, form: Posted, link: str) -> Response:
    """Set the password, and have it used to sign in."""
    try:
        person = account_links.person_of_link(visit.house, link)
        account_links.choose_password(visit.house, link, str(form.fields.get("new_password", "")))
    except InputError as error:
        values = {"link": link, "person": person, "error": error, "faults": by_field(error)}
        return visit.show("welcome.html", status=422, **values)
    except Refused as error:
        return visit.show("welcome_over.html", status=404, error=error)
    return visit.go("/sign-in", notice=visit.language.say("Your password is set. Sign in with it."))
