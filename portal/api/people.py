"""People, for programs of administrators: listed, added, given roles, invited; and whoever's token it is."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from archive.accounts import PersonalToken
from flows import accounts, commands
from portal.api.access import ApiAdministrator, ApiSignedIn
from portal.api.route import ApiRoute
from portal.api.shapes import PREFIX, READ, refusals
from portal.visit import Visit
from schemas.evidence import Instant
from schemas.people import Office, Person, Role

router = APIRouter(prefix=PREFIX, route_class=ApiRoute, tags=["people"])

Handle = Annotated[str, Path(pattern=r"^[0-9a-f]{12}$", description="the handle of a person")]


class PersonShown(BaseModel):
    """One person; ``handle`` names them where no personal data may stand."""

    handle: str
    email: str
    name: str
    roles: tuple[Role, ...]
    offices: tuple[Office, ...]


class Granted(BaseModel):
    """What a person may do."""

    model_config = ConfigDict(extra="forbid")

    roles: list[Role] = Field(min_length=1, max_length=len(Role))
    offices: list[Office] = Field(default=[], max_length=len(Office))


class NewPerson(Granted):
    """A person who is not there yet."""

    email: str = Field(max_length=254, examples=["manager@example.org"])
    name: str = Field(min_length=1, max_length=200)


class TokenShown(BaseModel):
    """The token that asks, and whose it is."""

    label: str
    made_at: Instant
    ends_at: Instant
    person: PersonShown


@router.get("/token", responses=refusals())
def own_token(visit: ApiSignedIn, request: Request) -> TokenShown:
    """Say whose token this is, and until when."""
    kept: PersonalToken = request.state.api_token
    return TokenShown(label=kept.label, made_at=kept.made_at, ends_at=kept.ends_at, person=_shown(visit.who))


@router.delete("/token", status_code=204, response_class=Response, responses=refusals())
def end_own_token(visit: ApiSignedIn, request: Request) -> Response:
    """End the token that asks; it is good for nothing from now on."""
    kept: PersonalToken = request.state.api_token
    accounts.end_kept(visit.house, kept)
    return Response(status_code=204)


@router.get("/people", responses=refusals())
def people(visit: ApiAdministrator) -> list[PersonShown]:
    """List everybody, by address."""
    return [_shown(person) for person in visit.house.people.everyone()]


@router.post("/people", status_code=201, responses=refusals(400, 409))
def add(visit: ApiAdministrator, sent: NewPerson, response: Response) -> PersonShown:
    """Add a person."""
    person = commands.enrol(
        visit.house, sent.email, name=sent.name, roles=sent.roles, offices=sent.offices, by=visit.who.email
    )
    response.headers["Location"] = f"{PREFIX}/people/{person.handle}"
    return _shown(person)


@router.get("/people/{handle}", responses=READ)
def one(visit: ApiAdministrator, handle: Handle) -> PersonShown:
    """Show one person."""
    return _shown(_behind(visit, handle))


@router.post("/people/{handle}/roles", responses=READ | refusals(400))
def give_roles(visit: ApiAdministrator, handle: Handle, sent: Granted) -> PersonShown:
    """Give a person these roles and offices, and no others."""
    person = _behind(visit, handle)
    return _shown(
        commands.give_roles(visit.house, person.email, roles=sent.roles, offices=sent.offices, by=visit.who.email)
    )


@router.post("/people/{handle}/invitations", status_code=204, response_class=Response, responses=READ | refusals(400))
def invite(visit: ApiAdministrator, handle: Handle) -> Response:
    """Mail a person a link to choose a password."""
    commands.invite(visit.house, _behind(visit, handle).email, by=visit.who.email)
    return Response(status_code=204)


def _behind(visit: Visit, handle: str) -> Person:
    found = next((person for person in visit.house.people.everyone() if person.handle == handle), None)
    if found is None:
        raise HTTPException(404)
    return found


def _shown(person: Person) -> PersonShown:
    return PersonShown(
        handle=person.handle, email=person.email, name=person.name, roles=person.roles, offices=person.offices
    )
