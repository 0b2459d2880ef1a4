"""A lawyer's edited Word file becomes the next version of a template of this installation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from flows.act import acting
from flows.wiring import Installation
from schemas.documents import model_of
from schemas.errors import InputError, Refused
from schemas.people import Role
from templates.adopt import AdoptedTemplate, adopt
from templates.outside.untrusted import admit_word_file
from templates.redlines.outline import clauses_of
from templates.redlines.redline_page import changed_clauses, redline_page
from templates.redlines.tracked import tracked_changes


@dataclass(frozen=True)
class Adoption:
    """What was adopted, and by whom."""

    adopted: AdoptedTemplate
    by: str

    @property
    def told(self) -> Iterator[str]:
        """What a person should know, one line each."""
        yield from (str(warning) for warning in self.adopted.warnings)
        if (before := self.adopted.before) is not None:
            changed = changed_clauses(clauses_of(before.docx), clauses_of(self.adopted.template.docx))
            yield f"differs from version {before.version} in: {', '.join(changed) or 'nothing a reader sees'}"

    def redline(self, ending: str, *, now: datetime) -> bytes:
        """Return the redline against the version before, as ``.html`` or ``.docx``.

        Raises :class:`Refused` where there was none, :class:`InputError` for another ending.
        """
        before, after = self.adopted.before, self.adopted.template
        if before is None:
            raise Refused("there is no version before this one", where=after.place)
        if ending == ".docx":
            return tracked_changes(before.docx, after.docx, author=self.by, at=now)
        if ending != ".html":
            raise InputError("a redline is written as a page or a Word file", got=ending, expected=".html or .docx")
        return redline_page(
            after.title,
            before_label=before.place,
            after_label=after.place,
            changes=(),
            before=clauses_of(before.docx),
            after=clauses_of(after.docx),
            language=after.languages[0],
        ).encode()

    def as_json(self) -> dict[str, object]:
        """Return what was adopted, as JSON can hold it."""
        return self.adopted.as_json()


def adopt_template(house: Installation, docx: bytes, *, document_type: str, edition: str, by: str) -> Adoption:
    """Adopt ``docx`` as an edition of the next version; drafts of agreements under way keep their version.

    Raises :class:`NotAuthorised` unless ``by`` is an administrator, :class:`InputError` with every fault of the file.
    """
    person = acting(house, by, Role.ADMINISTRATOR)
    admit_word_file(docx, name="the template")
    folders = house.template_folders
    adopted = adopt(docx, model_of(document_type), edition=edition, root=folders[-1], folders=folders)
    return Adoption(adopted, person.name)
