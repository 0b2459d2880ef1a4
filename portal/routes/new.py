"""Beginning a document: a type is chosen, and with what its form begins."""

from __future__ import annotations

import secrets

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from flows import form_drafts
from flows.act import data_of
from flows.form_starts import example_named, examples, taken_over, title_of_example
from flows.imports import LARGEST_BYTES, imported
from portal.form_of import sections_of
from portal.form_types import every_type, type_named
from portal.forms import Posted
from portal.reading import agreement_of
from portal.visit import Manager, Visit
from schemas.documents import document_types
from schemas.errors import ConvenioError, InputError

router = APIRouter(prefix="/documents/new")


@router.get("")
def choose(visit: Manager, document: str = "") -> Response:
    """Show what can be made, and the forms this person began."""
    return _choose(visit, previous=document)


@router.get("/type/{name}")
def begin_with(visit: Manager, name: str, document: str = "", start: str = "") -> Response:
    """Ask what a form of a type begins with."""
    return _begin_with(visit, name, previous=document, start=start or ("previous" if document else "empty"))


@router.post("/type/{name}")
def begin(visit: Manager, form: Posted, name: str) -> Response:
    """Begin a form: empty, from an example, or from a previous document."""
    if name not in document_types():
        raise HTTPException(404)
    start, previous = form.text("start"), form.text("document").upper()
    sections = tuple(section.key for section in sections_of(name))
    if start.startswith("example:"):
        content = example_named(start.removeprefix("example:"))
    elif start in {"previous", "project"}:
        try:
            state = agreement_of(visit, previous)
        except HTTPException:
            fault = visit.language.say("There is no document with this id that you may read.")
            return _begin_with(visit, name, previous=previous, start=start, fault=fault, status=422)
        content = taken_over(data_of(visit.house, state.data), name, everything=start == "previous")
        if start == "project" or state.document_type != name:
            sections = tuple(key for key in sections if key in content)
    else:
        content, sections = {}, ()
    begun = form_drafts.begin(visit.house, visit.who, name, content, sections=sections, key=form.text("key"))
    return visit.go(f"/documents/new/{begun.id}")


@router.post("/import")
def bring(visit: Manager, form: Posted) -> Response:
    """Begin a form with what an uploaded file says."""
    try:
        upload = form.file("file", most_bytes=LARGEST_BYTES) or ("none", b"")
        name, content = imported(*upload, document_type=form.text("type") or None)
    except InputError as error:
        return _choose(visit, error=error, status=422)
    keys = tuple(section.key for section in sections_of(name))
    begun = form_drafts.begin(visit.house, visit.who, name, content, sections=keys, key=form.text("key"))
    return visit.go(
        f"/documents/new/{begun.id}", notice=visit.language.say("The file was read. Look over each section.")
    )


def _choose(visit: Visit, *, previous: str = "", error: ConvenioError | None = None, status: int = 200) -> Response:
    mine = [
        {"id": form.id, "title": form_drafts.title_of(form), "kind": type_named(form.document_type).kind,
         "agreement": form.agreement, "updated_at": form.updated_at}
        for form in form_drafts.unfinished(visit.house, visit.who)
    ]  # fmt: skip
    key = secrets.token_hex(8)
    return visit.show("new.html", status=status, types=every_type(), mine=mine, error=error, previous=previous, key=key)


def _begin_with(
    visit: Visit, name: str, *, previous: str, start: str, fault: str | None = None, status: int = 200
) -> Response:
    if name not in document_types():
        raise HTTPException(404)
    return visit.show(
        "new_type.html",
        status=status,
        type=type_named(name),
        sections=sections_of(name),
        examples=[(one, title_of_example(one)) for one in examples().get(name, ())],
        previous=previous,
        start=start,
        fault=fault,
        error=None,
        key=secrets.token_hex(8),
    )
