"""A Word file on its way to becoming a template: taken in, checked, looked at with sample data, and then adopted.

::

    cache/templates/<SHA-256>.docx                      what was uploaded; kept for a week
    cache/templates/<SHA-256>-<type>-<edition>/<n>.png  its pages, filled with sample data

The cache may be lost at any time: what was adopted lies among the templates, and in the store.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from flows.act import acting
from flows.files import write_new
from flows.page_images import draw
from flows.previews import preview, sample_of, template_in
from flows.template_acts import TemplateFile
from schemas.documents import model_of
from schemas.errors import InputError, Refused
from schemas.evidence import digest_of
from schemas.people import Role
from templates.adopt import clauses_for
from templates.catalog import EDITION, Template, editions_of, load_template, version_folder
from templates.checking.check import check_template
from templates.outside.untrusted import admit_word_file

if TYPE_CHECKING:
    from flows.wiring import Installation
    from templates.checking.findings import Finding

WAITS = timedelta(days=7)

MOST_PAGES = 60
"""A preview shows no more; a template that makes more of sample data is to be looked at elsewhere."""

_one_at_a_time = Lock()


@dataclass(frozen=True)
class Candidate:
    """A Word file for an edition: what lies in ``docx``, and the version that holds it, if one does."""

    file: TemplateFile
    docx: bytes
    template: Template | None


def take_in(house: Installation, docx: bytes, *, document_type: str, edition: str, by: str) -> TemplateFile:
    """Take a Word file in and return under what it is known; nothing is made from it before it is adopted.

    Raises :class:`NotAuthorised` for who is no administrator, :class:`InputError` for another type or edition than
    there are, and for a file that is more than a text.
    """
    acting(house, by, Role.ADMINISTRATOR)
    model_of(document_type)
    if not re.fullmatch(EDITION, edition):
        raise InputError("this is no edition", got=edition, expected="such as en, or en-es for two languages")
    admit_word_file(docx, name="the template")
    _forget_old(house)
    file = TemplateFile(document_type, edition, digest_of(docx))
    write_new(_place(house, file), docx, private=True, same_is_fine=True)
    return file


def candidate(house: Installation, file: TemplateFile) -> Candidate:
    """Return a Word file of the catalogue, or one that was taken in; raise :class:`Refused` where it is neither."""
    folders = house.template_folders
    for version, editions in reversed(editions_of(file.document_type, folders=folders).items()):
        if file.edition not in editions or not version_folder(file.document_type, version, folders=folders).is_dir():
            continue
        template = load_template(file.document_type, file.edition, version, folders=folders)
        if template.digest == file.docx:
            return Candidate(file, template.docx, template)
    if re.fullmatch(r"[0-9a-f]{64}", file.docx) and re.fullmatch(EDITION, file.edition):
        try:
            content = _place(house, file).read_bytes()
        except OSError:
            content = b""
        if digest_of(content) == file.docx:
            return Candidate(file, content, None)
    raise Refused("this Word file is not here", got=file.docx, remedy="upload it again; uploads wait for a week")


def findings_on(house: Installation, one: Candidate) -> tuple[Finding, ...]:
    """Return what a check finds, errors first."""
    model, file = model_of(one.file.document_type), one.file
    clauses = one.template.clauses if one.template else clauses_for(file.document_type, house.template_folders)
    return check_template(one.docx, model, clauses=clauses, languages=tuple(file.edition.split("-")))


def preview_pages(house: Installation, one: Candidate) -> tuple[Path, ...]:
    """Return the images of its pages filled with sample data, made now where they were not; that takes seconds.

    Raises :class:`InputError` for a template with errors, where there is no sample data, and for more than 60 pages,
    :class:`Unavailable` where it is not converted or drawn in time.
    """
    folder = _preview(house, one.file)
    with _one_at_a_time:
        if not folder.is_dir():
            sample = sample_of(one.file.document_type, one.file.edition)
            _draw(preview(_template(house, one), sample, now=house.clock()), folder)
    return tuple(sorted(folder.glob("*.png"), key=lambda path: int(path.stem)))


def preview_page(house: Installation, file: TemplateFile, number: int) -> bytes:
    """Return one page that :func:`preview_pages` made; raise :class:`Refused` where it did not."""
    try:
        return (_preview(house, file) / f"{number}.png").read_bytes()
    except OSError as error:
        raise Refused("there is no such page", got=number, remedy="open the preview again") from error


def _template(house: Installation, one: Candidate) -> Template:
    if one.template is not None:
        return one.template
    file = one.file
    return template_in(one.docx, document_type=file.document_type, edition=file.edition, folders=house.template_folders)


def _draw(pdf: bytes, folder: Path) -> None:
    """Draw every page into ``folder``, which appears when all are there."""
    unfinished = folder.with_name(f".{folder.name}")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True, mode=0o700)
    done, pages = 0, 1
    while done < pages:
        pages, images = draw(pdf, first=done)
        if pages > MOST_PAGES:
            raise InputError("the preview is too long", got=f"{pages} pages", expected=f"at most {MOST_PAGES}")
        for image in images:
            done += 1
            (unfinished / f"{done}.png").write_bytes(image)
    unfinished.rename(folder)


def _forget_old(house: Installation) -> None:
    oldest = house.clock() - WAITS
    for path in _folder(house).glob("*"):
        if datetime.fromtimestamp(path.stat().st_mtime, UTC) < oldest:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _place(house: Installation, file: TemplateFile) -> Path:
    return _folder(house) / f"{file.docx}.docx"


def _preview(house: Installation, file: TemplateFile) -> Path:
    return _folder(house) / f"{file.docx}-{file.document_type}-{file.edition}"


def _folder(house: Installation) -> Path:
    return house.home / "cache" / "templates"
