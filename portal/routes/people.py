"""Who works here: people, their roles and offices, and the accounts with which they sign in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from flows import commands
from flows.duties import NEWEST, duties
from portal.faults import by_field
from portal.forms import Form, Posted
from portal.refusals import status_of
from portal.visit import Administrator, Visit
from portal.words import OFFICES, ROLES, why_apart
from schemas.errors import ConvenioError, InputError, Refused, Unavailable
from schemas.people import Office, Person, Role

if TYPE_CHECKING:
    from archive.accounts import Account

router = APIRouter()

PEOPLE = "/administration/people"


@router.get("/administration/people")
def everybody(visit: Administrator) -> Response:
    """List everybody with roles, offices and the state of their account."""
    found = {account.email: account for account in visit.house.accounts.everyone()}
    rows = [(person, found.get(person.email)) for person in visit.house.people.everyone()]
    return visit.show("people.html", rows=rows, state_of=state_of, **_words(visit))


@router.get("/administration/people/new")
def new_form(visit: Administrator) -> Response:
    """Ask who is added."""
    return _new(visit)


@router.post("/administration/people/new")
def new(visit: Administrator, form: Posted) -> Response:
    """Add a person."""
    roles, offices = _chosen(form)
    given = {"email": form.text("email"), "name": form.text("name"), "roles": roles, "offices": offices}
    try:
        person = commands.enrol(
            visit.house, given["email"], name=given["name"], roles=roles, offices=offices, by=visit.who.email
        )
    except InputError as error:
        return _new(visit, error=error, **given)
    notice = visit.language.say("%(name)s is added. Invite them, so that they can sign in.", name=person.name)
    return visit.go(f"{PEOPLE}/{person.handle}", notice=notice)


@router.get("/administration/people/duties")
def separation(visit: Administrator) -> Response:
    """Show who could defeat four eyes."""
    return visit.show(
        "duties.html",
        found=duties(visit.house),
        newest=NEWEST,
        why=lambda pair: why_apart(visit, pair),
        **_words(visit),
    )


@router.get("/administration/people/{handle}")
def one(visit: Administrator, handle: str) -> Response:
    """Show a person, and what can be done with their account."""
    person = _behind(visit, handle)
    account, now = visit.house.accounts.find(person.email), visit.house.clock()
    return visit.show(
        "person.html",
        person=person,
        account=account,
        state=state_of(account),
        sessions=visit.house.accounts.sessions_of(person.email, now=now) if account else (),
        tokens=[one for one in visit.house.accounts.tokens_of(person.email) if one.ends_at > now],
        oneself=person.commitment == visit.who.commitment,
        **_words(visit),
    )


@router.get("/administration/people/{handle}/roles")
def roles_form(visit: Administrator, handle: str) -> Response:
    """Ask what the person may do from now on."""
    person = _behind(visit, handle)
    return _roles(visit, person, person.roles, person.offices)


@router.post("/administration/people/{handle}/roles")
def give_roles(visit: Administrator, form: Posted, handle: str) -> Response:
    """Give the person these roles and offices, and no others."""
    person, (roles, offices) = _behind(visit, handle), _chosen(form)
    try:
        commands.give_roles(visit.house, person.email, roles=roles, offices=offices, by=visit.who.email)
    except InputError as error:
        return _roles(visit, person, roles, offices, error=error)
    notice = visit.language.say("The roles of %(name)s are changed.", name=person.name)
    return visit.go(f"{PEOPLE}/{person.handle}", notice=notice)


@router.get("/administration/people/{handle}/{act}")
def act_page(visit: Administrator, handle: str, act: str) -> Response:
    """Say what will be true after an act, and offer it."""
    return _act(visit, _behind(visit, handle), _known(act))


@router.post("/administration/people/{handle}/{act}")
def do_act(visit: Administrator, form: Posted, handle: str, act: str) -> Response:  # noqa: ARG001  # posted by our page
    """Do something with the person's account."""
    person, chosen = _behind(visit, handle), _known(act)
    try:
        chosen.do(visit.house, person.email, by=visit.who.email)
    except (Refused, Unavailable) as error:
        return _act(visit, person, chosen, error=error)
    return visit.go(f"{PEOPLE}/{person.handle}", notice=chosen.notice(visit, person))


@dataclass(frozen=True)
class Act:
    """Something an administrator does with an account; the page of each says what follows from it."""

    name: str
    do: Callable[..., None]

    def notice(self, visit: Visit, person: Person) -> str:
        """Return what is true now."""
        say = visit.language.say
        return {
            "invite": say("A link to choose a password is on its way to %(name)s.", name=person.name),
            "close": say("The account of %(name)s is closed.", name=person.name),
            "reopen": say("The account of %(name)s is open again.", name=person.name),
            "sign-out": say("Every session of %(name)s has ended.", name=person.name),
            "reset-second-factor": say("The second factor of %(name)s is reset.", name=person.name),
        }[self.name]


ACTS = {
    act.name: act
    for act in (
        Act("invite", commands.invite),
        Act("close", commands.close_account),
        Act("reopen", commands.reopen_account),
        Act("sign-out", commands.sign_out),
        Act("reset-second-factor", commands.reset_second_factor),
    )
}


def state_of(account: Account | None) -> str:
    """Return how it stands with an account: none, closed, invited (nothing to sign in with yet) or open."""
    if account is None:
        return "none"
    if account.closed_at is not None:
        return "closed"
    return "open" if account.password or account.subject else "invited"


def _behind(visit: Visit, handle: str) -> Person:
    for person in visit.house.people.everyone():
        if person.handle == handle:
            return person
    raise HTTPException(404)


def _known(act: str) -> Act:
    if act not in ACTS:
        raise HTTPException(404)
    return ACTS[act]


def _chosen(form: Form) -> tuple[tuple[Role, ...], tuple[Office, ...]]:
    roles = tuple(role for role in Role if role in form.texts("roles"))
    return roles, tuple(office for office in Office if office in form.texts("offices"))


def _new(
    visit: Visit,
    *,
    email: str = "",
    name: str = "",
    roles: tuple[Role, ...] = (),
    offices: tuple[Office, ...] = (),
    error: ConvenioError | None = None,
) -> Response:
    return visit.show(
        "person_new.html",
        status=200 if error is None else 422,
        email=email,
        name=name,
        roles=roles,
        offices=offices,
        error=error,
        faults=by_field(error),
        **_words(visit),
    )


def _roles(
    visit: Visit,
    person: Person,
    roles: tuple[Role, ...],
    offices: tuple[Office, ...],
    *,
    error: ConvenioError | None = None,
) -> Response:
    return visit.show(
        "person_roles.html",
        status=200 if error is None else 422,
        person=person,
        roles=roles,
        offices=offices,
        error=error,
        faults=by_field(error),
        **_words(visit),
    )


def _act(visit: Visit, person: Person, act: Act, *, error: ConvenioError | None = None) -> Response:
    status = 200 if error is None else status_of(error)
    account = visit.house.accounts.find(person.email)
    return visit.show("person_act.html", status=status, person=person, act=act.name, account=account, error=error)


def _words(visit: Visit) -> dict[str, object]:
    say = visit.language.say
    return {
        "role_words": {role: (say(name), say(hint)) for role, (name, hint) in ROLES.items()},
        "office_words": {office: say(name) for office, name in OFFICES.items()},
    }
