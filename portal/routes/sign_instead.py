"""In place of signing: decline, name somebody to sign, or take that back. Each is a page of its own."""

from __future__ import annotations

from fastapi import APIRouter, Response

from flows import commands
from flows.delegation import MAX_BYTES
from portal.ceremony import Ceremony, Entered
from portal.faults import by_field
from portal.forms import Form, Posted
from portal.refusals import status_of
from portal.sign_words import for_people
from schemas.errors import ConvenioError, Fault, InputError

router = APIRouter()


@router.get("/sign/{link}/decline")
def decline_form(ceremony: Entered) -> Response:
    """Ask for the reason, and say what declining does."""
    return _unless(ceremony, may=ceremony.is_signer) or _page(ceremony, "decline")


@router.post("/sign/{link}/decline")
def decline(ceremony: Entered, form: Posted) -> Response:
    """End the agreement with a reason."""
    if (other := _unless(ceremony, may=ceremony.is_signer)) is not None:
        return other
    try:
        reason = _needed(ceremony, form, ("reason",))["reason"]
        commands.decline(ceremony.house, ceremony.agreement, by=ceremony.person.email, reason=reason)
    except ConvenioError as error:
        return _page(ceremony, "decline", form, error)
    return ceremony.go(notice=ceremony.visit.language.say("You have declined to sign."))


@router.get("/sign/{link}/delegate")
def delegate_form(ceremony: Entered) -> Response:
    """Ask who is to sign instead, and by which authority."""
    return _unless(ceremony, may=_may_delegate(ceremony)) or _page(ceremony, "delegate")


@router.post("/sign/{link}/delegate")
def delegate(ceremony: Entered, form: Posted) -> Response:
    """Name somebody to sign instead; they may once a reviewer of the legal office has confirmed the evidence."""
    if (other := _unless(ceremony, may=_may_delegate(ceremony))) is not None:
        return other
    try:
        ceremony.require_few_tries("delegate")
        authority = form.file("authority", most_bytes=MAX_BYTES)
        given = _needed(ceremony, form, ("name", "email", "reason"), and_file=None if authority else "authority")
        commands.delegate(
            ceremony.house, ceremony.agreement, by=ceremony.person.email, to=given["email"], name=given["name"],
            authority=authority[1] if authority else b"", reason=given["reason"],
        )  # fmt: skip
    except ConvenioError as error:
        return _page(ceremony, "delegate", form, error)
    say = ceremony.visit.language.say
    told = say("You have named %(name)s. The legal office now looks at it.", name=given["name"])
    return ceremony.go(notice=told)


@router.get("/sign/{link}/take-back")
def take_back_form(ceremony: Entered) -> Response:
    """Ask why the delegation is taken back."""
    return _unless(ceremony, may=_gave(ceremony)) or _page(ceremony, "take_back")


@router.post("/sign/{link}/take-back")
def take_back(ceremony: Entered, form: Posted) -> Response:
    """Take the delegation back: whoever gave it signs themselves."""
    if (other := _unless(ceremony, may=_gave(ceremony))) is not None:
        return other
    try:
        reason = _needed(ceremony, form, ("reason",))["reason"]
        commands.revoke_delegation(ceremony.house, ceremony.agreement, by=ceremony.person.email, reason=reason)
    except ConvenioError as error:
        return _page(ceremony, "take_back", form, error)
    return ceremony.go(notice=ceremony.visit.language.say("You have taken it back: you sign yourself."))


def _may_delegate(ceremony: Ceremony) -> bool:
    return ceremony.is_signer and not ceremony.is_delegate


def _gave(ceremony: Ceremony) -> bool:
    return ceremony.delegation is not None and ceremony.delegation.given_by == ceremony.person.commitment


def _unless(ceremony: Ceremony, *, may: bool) -> Response | None:
    if ceremony.signed is not None:
        return ceremony.go("receipt")
    return None if may else ceremony.go()


def _needed(ceremony: Ceremony, form: Form, names: tuple[str, ...], *, and_file: str | None = None) -> dict[str, str]:
    """Return these fields, each on one line; raise :class:`InputError` naming every one that is empty.

    ``and_file`` is a file that was not chosen.
    """
    say = ceremony.visit.language.say
    asked = {
        "reason": say("Say why, in a few words"),
        "name": say("Enter the name of the person"),
        "email": say("Enter the mail address of the person"),
        "authority": say("Choose the file that shows their authority"),
    }
    given = {name: " ".join(form.text(name).split()) for name in names}
    faults = [Fault(name, asked[name]) for name, text in given.items() if not text]
    if and_file is not None:
        faults.append(Fault(and_file, asked[and_file]))
    if faults:
        raise InputError("something is missing", faults)
    return given


def _page(ceremony: Ceremony, which: str, form: Form | None = None, error: ConvenioError | None = None) -> Response:
    return ceremony.show(
        f"sign_{which}.html",
        status=200 if error is None else status_of(error),
        error=None if error is None else for_people(error),
        faults=by_field(error),
        given=(lambda name: "" if form is None else form.text(name)),
    )
