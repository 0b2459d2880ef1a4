"""Filling in a form, section by section; whatever is typed is saved before anything is said about it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from flows import form_drafts
from portal.form_of import Section
from portal.form_pages import Opened, OwnForm, already_made, flat, progress_of
from portal.form_post import content_from, grown, without_row
from portal.form_view import country_names, languages_of
from portal.forms import Form, Posted
from portal.visit import Visit
from schemas.errors import Fault, InputError
from schemas.field_ids import with_ids
from schemas.fields import Group, at, is_path

router = APIRouter(prefix="/documents/new")


@router.get("/{form}")
def overview(own: OwnForm) -> Response:
    """Show the sections of a form and how far each is."""
    if (done := already_made(own)) is not None:
        return done
    progress = progress_of(own, form_drafts.reading_of(own.form))
    unfinished = [one for one in progress if one.faults or (one.needed and not one.begun)]
    return own.visit.show(
        "new_form.html",
        **own.values,
        progress=progress,
        done=sum(not one.faults and (one.begun or not one.needed) for one in progress),
        first=unfinished[0] if unfinished else None,
        ready=not unfinished,
    )


@router.get("/{form}/discard")
def ask_to_discard(own: OwnForm) -> Response:
    """Say what throwing the form away means."""
    return already_made(own) or own.visit.show("new_discard.html", **own.values)


@router.post("/{form}/discard")
def discard(own: OwnForm, form: Posted) -> Response:  # noqa: ARG001  # posted by our own page only
    """Throw the form away."""
    form_drafts.discard(own.visit.house, own.form)
    return own.visit.go("/documents/new", notice=own.visit.language.say("The form was thrown away."))


@router.get("/{form}/{section}")
def section_page(own: OwnForm, section: str) -> Response:
    """Show one section, with its faults where it was looked through before."""
    found = own.section(section)
    return already_made(own) or _section(own, found, faults=found.key in own.form.sections)


@router.post("/{form}/{section}")
def save(own: OwnForm, form: Posted, section: str) -> Response:
    """Save what was typed, whatever it is, then do what the button said."""
    found, act = own.section(section), form.text("act")
    if (done := already_made(own)) is not None:
        return done
    changing = act.startswith(("add:", "remove:"))
    if changing and not is_path(act.partition(":")[2]):
        raise HTTPException(404)
    opened = _opened(form)
    values = _typed(own, found, form, opened, pruned=not changing)
    if changing:
        kind, _, path = act.partition(":")
        values = grown(Group(name="", parts=found.parts), values, path) if kind == "add" else without_row(values, path)
    seen = None if changing else found.key
    try:
        saved = form_drafts.save(own.visit.house, own.form, values, section=seen, opened=opened)
    except form_drafts.SavedMeanwhile as meanwhile:
        return _again(own.visit, found, meanwhile)
    if saved is None:
        raise HTTPException(404)
    own = Opened(own.visit, saved)
    if changing:
        return own.visit.go(f"{own.base}/{found.key}#{_anchor(saved.document, act)}")
    if act == "list":
        return own.visit.go(own.base)
    if act.startswith("go:"):
        return own.visit.go(f"{own.base}/{own.section(act.removeprefix('go:')).key}")
    reading = form_drafts.reading_of(own.form)
    if own.viewer(reading).faults_of(found):
        return _section(own, found, faults=True, status=422)
    if act == "stay":
        return own.visit.go(f"{own.base}/{found.key}")
    return own.visit.go(f"{own.base}/{_after(own, found)}")


def _held(document: Mapping[str, Any], section: Section) -> dict[str, Any]:
    """Return what a section holds, with the languages that name its fields."""
    names = ("language", "second_language", *(part.name for part in section.parts))
    return {name: document[name] for name in names if name in document}


def _opened(form: Form) -> dict[str, Any] | None:
    """Return what the section held when the page was shown; ``None`` where the form does not carry it."""
    try:
        held = json.loads(form.text("opened") or "null")
    except (ValueError, RecursionError):
        held = ()
    if held is None or isinstance(held, dict):
        return held
    raise InputError("the form cannot be read", expected="the form of this page")


def _typed(
    own: Opened, section: Section, form: Form, opened: Mapping[str, Any] | None, *, pruned: bool
) -> dict[str, object]:
    posted = {name: form.texts(name) for name in form.fields}
    languages = languages_of(own.form.document if opened is None else opened)
    values: dict[str, object] = {}
    for part in section.parts:
        before = own.form.document.get(part.name)
        typed = content_from(part, part.name, posted, before, languages=languages, pruned=pruned)
        values[part.name] = with_ids(part, typed)
    return values


def _again(visit: Visit, section: Section, meanwhile: form_drafts.SavedMeanwhile) -> Response:
    """Show a section with what was typed, and beside each field that was saved otherwise since what was saved."""
    say, now = visit.language.say, meanwhile.form
    typed = now.model_copy(update={"document": {**now.document, **meanwhile.values}})
    clashes = [
        Fault(
            one.path,
            say("saved in another window as: %(saved)s", saved=", ".join(flat(one.saved).values()) or say("nothing")),
        )
        for one in meanwhile.clashes
    ]
    return _section(Opened(visit, typed), section, clashes=clashes, held=_held(now.document, section), status=409)


def _section(
    own: Opened,
    section: Section,
    *,
    faults: bool = False,
    clashes: Sequence[Fault] = (),
    held: Mapping[str, Any] | None = None,
    status: int = 200,
) -> Response:
    reading = form_drafts.reading_of(own.form)
    viewer = own.viewer(reading)
    here = viewer.faults_of(section) if faults else [*clashes]
    viewer.faults = here
    return own.visit.show(
        "new_section.html",
        status=status,
        **own.values,
        section=section,
        opened=json.dumps(_held(own.form.document, section) if held is None else held),
        clashes=clashes,
        nodes=viewer.section(section),
        viewer=viewer,
        countries=country_names(own.visit.language.code),
        links=[viewer.link(fault) for fault in here],
        progress=progress_of(own, reading),
    )


def _after(own: Opened, section: Section) -> str:
    """Return the page after a section: the next that is not complete, else the review."""
    keys = [one.key for one in own.sections]
    following = keys[keys.index(section.key) + 1 :]
    return following[0] if following else "review"


def _anchor(values: Mapping[str, object], act: str) -> str:
    kind, _, path = act.partition(":")
    if kind == "add":
        rows = at(values, path)
        return f"{path}[{len(rows) - 1}]" if isinstance(rows, list) and rows else path
    return path.rpartition("[")[0]
