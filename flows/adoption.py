"""A lawyer's edited Word file becomes the next version of a template of this installation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from flows.act import acting
from flows.previews import filled, sample_of, template_in
from flows.template_acts import record_adoption
from flows.wiring import Installation
from schemas.documents import Document, model_of
from schemas.errors import InputError, TemplateFault
from schemas.people import Role
from templates.adopt import AdoptedTemplate, adopt
from templates.catalog import Template
from templates.outside.untrusted import admit_word_file
from templates.redlines.outline import clauses_of
from templates.redlines.redline_page import changed_clauses, redline_page
from templates.redlines.tracked import tracked_changes

FIRST = "is the first version of this edition: there is nothing to compare it with"


@dataclass(frozen=True)
class Adoption:
    """What was adopted, and by whom."""

    adopted: AdoptedTemplate
    by: str
    changed: tuple[str, ...] | None
    """The headings of the clauses that read differently than in the version before, shown with sample data."""

    @property
    def told(self) -> Iterator[str]:
        """What a person should know, one line each."""
        yield from (str(warning) for warning in self.adopted.warnings)
        if (before := self.adopted.before) is None:
            yield FIRST
        elif self.changed is None:
            yield f"there is no sample data to compare it with version {before.version}: look at the redline"
        else:
            yield f"differs from version {before.version} in: {', '.join(self.changed) or 'nothing a reader sees'}"

    def redline(self, ending: str, *, now: datetime) -> bytes | None:
        """Return the redline against the version before, as ``.html`` or ``.docx``; ``None`` where there was none.

        Raises :class:`InputError` for another ending.
        """
        before, after = self.adopted.before, self.adopted.template
        if before is None:
            return None
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


def adopt_template(
    house: Installation, docx: bytes, *, document_type: str, edition: str, by: str, newest_clauses: bool = False
) -> Adoption:
    """Adopt ``docx`` as an edition of the next version; drafts of agreements under way keep their version.

    With ``newest_clauses`` that version moves to the newest version of each clause. The adoption stands in the ledger;
    one that broke off before that is completed by repeating it.
    Raises :class:`NotAuthorised` unless ``by`` is an administrator, :class:`InputError` with every fault of the file.
    """
    person = acting(house, by, Role.ADMINISTRATOR)
    admit_word_file(docx, name="the template")
    folders, sample = house.template_folders, _sample(document_type, edition)
    if sample is not None:
        template = template_in(docx, document_type=document_type, edition=edition, folders=folders)
        _filled(template, sample, house.clock())
    adopted = adopt(
        docx,
        model_of(document_type),
        edition=edition,
        root=folders[-1],
        folders=folders,
        newest_clauses=newest_clauses,
    )
    record_adoption(house, adopted.template, person, new=adopted.new)
    changed = None
    if sample is not None and adopted.before is not None:
        texts = (_filled(one, sample, house.clock()) for one in (adopted.before, adopted.template))
        changed = changed_clauses(*map(clauses_of, texts))
    return Adoption(adopted, person.name, changed)


def _sample(document_type: str, edition: str) -> Document | None:
    try:
        return sample_of(document_type, edition)
    except InputError:
        return None


def _filled(template: Template, sample: Document, now: datetime) -> bytes:
    """Return the template filled with sample data; raise :class:`InputError` where it cannot be filled."""
    try:
        return filled(template, sample, now=now)
    except TemplateFault as fault:
        raise InputError(
            "the template cannot be filled with sample data",
            where=fault.where,
            got=f"{fault.what}: {fault.got}",
            expected=fault.expected,
            remedy="correct the tag and adopt the file again",
        ) from fault
