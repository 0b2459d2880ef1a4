"""What the pages of one form have in common: whose it is, its sections and how far each is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Response
from starlette.exceptions import HTTPException

from archive.form_drafts import FormDraft
from flows import form_drafts
from flows.form_drafts import Reading
from flows.form_starts import example_of
from portal.form_of import Section, sections_of
from portal.form_types import type_named
from portal.form_view import Viewer
from portal.visit import Manager, Visit
from schemas.fields import text_of


@dataclass(frozen=True)
class Opened:
    """A form of the visitor's, and what there is to know about it on every page."""

    visit: Visit
    form: FormDraft

    @property
    def base(self) -> str:
        """The address of the form."""
        return f"/documents/new/{self.form.id}"

    @property
    def sections(self) -> tuple[Section, ...]:
        """The pages of the form."""
        return sections_of(self.form.document_type)

    @property
    def values(self) -> dict[str, object]:
        """What every page of the form shows."""
        kind = type_named(self.form.document_type).kind
        return {"base": self.base, "form": self.form, "kind": kind, "title": form_drafts.title_of(self.form)}

    def viewer(self, reading: Reading, *, example: bool = True) -> Viewer:
        """Return what shows its fields."""
        shown = example_of(self.form.document_type) if example else None
        return Viewer(self.form.document_type, self.form.document, reading.faults, self.visit.language, example=shown)

    def section(self, key: str) -> Section:
        """Return one page of the form; there is none (404) where the key is not one of its own."""
        found = next((section for section in self.sections if section.key == key), None)
        if found is None:
            raise HTTPException(404)
        return found


def opened(visit: Manager, form: str) -> Opened:
    """Return a form of the visitor's own; there is none (404) for anybody else."""
    found = visit.house.form_drafts.find(form, visit.who.commitment)
    if found is None:
        raise HTTPException(404)
    return Opened(visit, found)


OwnForm = Annotated[Opened, Depends(opened)]


@dataclass(frozen=True)
class Progress:
    """How far one section is; ``needed`` where a document cannot do without it."""

    key: str
    title: str
    begun: bool
    needed: bool
    faults: int


def progress_of(own: Opened, reading: Reading) -> list[Progress]:
    """Return how far each section is; one that nobody looked through has no faults yet."""
    viewer, seen = own.viewer(reading), own.form.sections
    return [
        Progress(
            section.key,
            section.title,
            begun=section.key in seen,
            needed=section.needed,
            faults=len(viewer.faults_of(section)) if section.key in seen else 0,
        )
        for section in own.sections
    ]


def already_made(own: Opened) -> Response | None:
    """Return the way to what was made of the form, if it was sent before."""
    if not own.form.made:
        return None
    told = own.visit.language.say(
        "You sent this form before, for draft %(draft)s of %(agreement)s.",
        draft=(own.form.base_draft or 0) + 1,
        agreement=own.form.agreement,
    )
    return own.visit.go(f"/documents/{own.form.agreement}", notice=told)


def flat(content: object, path: str = "") -> dict[str, str]:
    """Return every value of content by its path, as text, without its type and confirmations."""
    if isinstance(content, dict):
        named = {name: value for name, value in content.items() if name not in {"type", "confirmation"}}
        return {
            k: v for name, value in named.items() for k, v in flat(value, f"{path}.{name}" if path else name).items()
        }
    if isinstance(content, list):
        return {k: v for index, value in enumerate(content) for k, v in flat(value, f"{path}[{index}]").items()}
    return {path: text_of(content)} if content not in (None, "") else {}
