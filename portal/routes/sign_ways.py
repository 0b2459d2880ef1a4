"""Signing: by a code that comes by mail, with a certificate in a file, or by a file that was signed elsewhere."""

from __future__ import annotations

from fastapi import APIRouter, Response

from flows import commands
from portal.ceremony import Ceremony, Entered
from portal.faults import by_field
from portal.forms import Posted
from portal.refusals import status_of
from portal.sign_words import for_people, missing
from schemas.errors import ConvenioError, StaleBase
from schemas.signature import SigningWay

router = APIRouter()

LARGEST_CERTIFICATE_BYTES = 256 * 1024
"""A PKCS#12 file holds a key and a few certificates."""

LONGEST_PASSPHRASE = 1000


@router.get("/sign/{link}/code")
def code_form(ceremony: Entered) -> Response:
    """Show the statement that a code makes; ask for the code, once one was sent."""
    return _elsewhere(ceremony, SigningWay.CLICK) or _code(ceremony)


@router.post("/sign/{link}/code")
def send_code(ceremony: Entered, form: Posted) -> Response:  # noqa: ARG001  # posted by our own page only
    """Mail a code; to somebody who came without a link also the link it belongs to."""
    if (other := _elsewhere(ceremony, SigningWay.CLICK)) is not None:
        return other
    house, agreement, link = ceremony.house, ceremony.agreement, ceremony.key
    try:
        ceremony.require_few_tries("code")
        if ceremony.kept is None:
            link = commands.new_link(house, agreement, by=ceremony.person.email)
        commands.mail_code(house, agreement, link=link)
    except ConvenioError as error:
        return _code(ceremony, error=error)
    sent = ceremony.visit.language.say("A code is in your mail. It holds for 10 minutes.")
    return ceremony.visit.go(f"/sign/{link}/code", notice=sent)


@router.post("/sign/{link}/click")
def click(ceremony: Entered, form: Posted) -> Response:
    """Sign by the code; a second time changes nothing."""
    if (other := _elsewhere(ceremony, SigningWay.CLICK)) is not None:
        return other
    try:
        ceremony.require_few_tries("click")
        network = None if ceremony.visit.network == "unknown" else ceremony.visit.network
        commands.sign_by_click(
            ceremony.house, ceremony.agreement, by=ceremony.person.email, link=ceremony.key,
            code="".join(form.text("code").split()), network=network, channel="portal",
        )  # fmt: skip
    except ConvenioError as error:
        return _code(ceremony, error=error)
    return _signed(ceremony)


@router.get("/sign/{link}/certificate")
def certificate_form(ceremony: Entered) -> Response:
    """Ask for a certificate with its key."""
    return _elsewhere(ceremony, SigningWay.PKCS12) or _own(ceremony, "certificate")


@router.post("/sign/{link}/certificate")
def certificate(ceremony: Entered, form: Posted) -> Response:
    """Sign with the key in the file; file and passphrase are used and kept nowhere."""
    if (other := _elsewhere(ceremony, SigningWay.PKCS12)) is not None:
        return other
    try:
        ceremony.require_few_tries("certificate")
        chosen = form.file("file", most_bytes=LARGEST_CERTIFICATE_BYTES)
        if chosen is None:
            raise missing("file", ceremony.visit.language.say("Choose the file with your certificate and key"))
        passphrase = str(form.fields.get("passphrase", ""))[:LONGEST_PASSPHRASE]
        commands.sign(
            ceremony.house, ceremony.agreement, by=ceremony.person.email, p12=chosen[1],
            passphrase=passphrase.encode() or None,
        )  # fmt: skip
    except ConvenioError as error:
        return _own(ceremony, "certificate", error)
    return _signed(ceremony)


@router.get("/sign/{link}/upload")
def upload_form(ceremony: Entered) -> Response:
    """Hand out the exact file and ask for it back, signed."""
    return _elsewhere(ceremony, SigningWay.UPLOAD) or _own(ceremony, "upload")


@router.post("/sign/{link}/upload")
def upload(ceremony: Entered, form: Posted) -> Response:
    """Take a file that was signed elsewhere as the signature."""
    if (other := _elsewhere(ceremony, SigningWay.UPLOAD)) is not None:
        return other
    try:
        ceremony.require_few_tries("upload")
        chosen = form.file("file")
        if chosen is None:
            raise missing("file", ceremony.visit.language.say("Choose the file that you signed"))
        commands.sign_uploaded(ceremony.house, ceremony.agreement, by=ceremony.person.email, content=chosen[1])
    except ConvenioError as error:
        return _own(ceremony, "upload", error)
    return _signed(ceremony)


def _elsewhere(ceremony: Ceremony, way: SigningWay) -> Response | None:
    """Lead on whoever has signed, and back whoever is not to sign, or not in this way."""
    if ceremony.signed is not None:
        return ceremony.go("receipt")
    if not ceremony.awaits:
        return ceremony.go()
    return None if way in ceremony.ways else ceremony.go("how")


def _code(ceremony: Ceremony, *, error: ConvenioError | None = None) -> Response:
    kept = None if ceremony.kept is None else ceremony.house.sign_links.find(ceremony.key)
    until = None if kept is None or kept.code_hash is None else kept.code_expires_at
    return ceremony.show(
        "sign_code.html",
        status=200 if error is None else status_of(error),
        error=None if error is None else for_people(error),
        kept=kept,
        until=until if until is not None and until > ceremony.house.clock() else None,
    )


def _own(ceremony: Ceremony, way: str, error: ConvenioError | None = None) -> Response:
    return ceremony.show(
        f"sign_{way}.html",
        status=200 if error is None else status_of(error),
        error=None if error is None else for_people(error),
        faults=by_field(error),
        stale=isinstance(error, StaleBase),
    )


def _signed(ceremony: Ceremony) -> Response:
    return ceremony.go("receipt", notice=ceremony.visit.language.say("You have signed."))
