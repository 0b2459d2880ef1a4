"""The public verification page, and what somebody needs to verify without us: nobody has to sign in, nothing is kept.

A file is read, judged in a process of its own with limits, and forgotten with the answer: it is in no database, no
folder and no log. Of whoever asks, only how often their network asked is counted, by its hash, until the window ends.
"""

from __future__ import annotations

from fastapi import APIRouter, Response

from flows.accounts import require_few_tries
from flows.known_files import known_file
from flows.standalone import standalone_verifier
from flows.verification import MOST_KEYS_BYTES, Verified, keys_file, keys_in
from flows.verification_apart import verify_apart
from portal.downloads import attachment
from portal.faults import by_field
from portal.forms import LARGEST_FILE_BYTES, Form, Posted
from portal.refusals import status_of
from portal.verdicts import effect_in_words, told
from portal.visit import Anybody, Visit
from portal.who_signed import who_signed
from schemas.errors import ConvenioError, Fault, InputError
from schemas.evidence import VerificationKeys, digest_of

router = APIRouter()

TRIES = 20
"""So many files one network may verify within a window."""


@router.get("/verify")
def form(visit: Anybody) -> Response:
    """Ask for a file."""
    return visit.show("verify.html", error=None, faults={}, **_ours(visit))


@router.post("/verify")
def verify(visit: Anybody, form: Posted) -> Response:
    """Say what is proven about the file, on this page and nowhere else."""
    try:
        name, verified = _verified(visit, form)
    except ConvenioError as error:
        return visit.show("verify.html", status=status_of(error), error=error, faults=by_field(error), **_ours(visit))
    known = known_file(visit.house, verified.marks.pdf) if verified.marks else None
    return visit.show(
        "verify_verdict.html",
        name=name,
        verified=verified,
        told=told(visit.language, verified),
        people=who_signed(visit.language, verified),
        effect=lambda effect: effect_in_words(visit.language, effect),
        known=known,
        faults={},
        **_ours(visit),
    )


@router.get("/verify/keys")
def keys(visit: Anybody) -> Response:
    """Show the public keys, and how to make sure that they are the right ones."""
    public = visit.house.verification_keys()
    return visit.show(
        "verify_keys.html",
        keys=public,
        keys_digest=digest_of(keys_file(public)),
        verifier_digest=digest_of(standalone_verifier()),
    )


@router.get("/verify/keys.json")
def keys_to_pin(visit: Anybody) -> Response:
    """Give the file of public keys that auditors pin."""
    content = keys_file(visit.house.verification_keys())
    return attachment(content, "keys.json", "application/json")


@router.get("/verify/convenio_verify.py")
def verifier(visit: Anybody) -> Response:  # noqa: ARG001  # everybody gets the same
    """Give the standalone verifier, as it is released."""
    return attachment(standalone_verifier(), "convenio_verify.py", "text/x-python")


def _verified(visit: Visit, form: Form) -> tuple[str, Verified]:
    house, now = visit.house, visit.house.clock()
    require_few_tries(house, ("verify from", visit.neighbourhood), now=now, limit=TRIES)
    name, content = _file(form, "file", most_bytes=LARGEST_FILE_BYTES) or ("", b"")
    if not content:
        fault = Fault("file", "is missing" if not name else "is empty", expected="a signed PDF, or a dossier (zip)")
        raise InputError("there is no file to verify", [fault])
    given = _file(form, "keys", most_bytes=MOST_KEYS_BYTES)
    pinned = _pinned(given) if given is not None else None
    return name, verify_apart(content, pinned or house.verification_keys(), pinned=pinned is not None, now=now)


def _file(form: Form, name: str, *, most_bytes: int) -> tuple[str, bytes] | None:
    try:
        return form.file(name, most_bytes=most_bytes)
    except InputError as error:
        raise InputError(error.what, [Fault(name, "is too large", expected=error.expected)]) from error


def _pinned(given: tuple[str, bytes]) -> VerificationKeys:
    try:
        return keys_in(given[1], name="this")
    except InputError as error:
        fault = Fault("keys", "is not a file of public keys", read=error.got, expected=error.expected)
        raise InputError("the public keys cannot be used", [fault]) from error


def _ours(visit: Visit) -> dict[str, object]:
    return {"organisation": visit.house.settings.organisation, "most_mb": LARGEST_FILE_BYTES // 1024**2}
