"""Templates: which there are, and a Word file on its way to becoming one: checked, looked at, adopted, retired."""

from __future__ import annotations

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from flows import commands
from flows.adoption import adopt_template
from flows.template_acts import TemplateFile, TemplateLine, template_lines
from flows.template_uploads import Candidate, candidate, findings_on, preview_page, preview_pages, take_in
from portal.downloads import attachment
from portal.forms import Posted
from portal.refusals import status_of
from portal.visit import Administrator, Visit
from schemas.documents import document_types, model_of
from schemas.errors import ConvenioError, InputError, Refused
from templates.catalog import LOCALES
from templates.package import MAX_BYTES

router = APIRouter()

TEMPLATES = "/administration/templates"
WORD_FILE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PRIVATE = {"Cache-Control": "private, max-age=3600"}


@router.get("/administration/templates")
def every(visit: Administrator) -> Response:
    """List every template: type, version, edition, who adopted it, how many documents use it."""
    people = {person.commitment: person.name for person in visit.house.people.everyone()}
    lines = template_lines(visit.house)
    return visit.show("administration_templates.html", lines=lines, people=people, kinds=_kinds())


@router.get("/administration/templates/new")
def upload_form(visit: Administrator) -> Response:
    """Ask for a Word file, and for what it is a template."""
    return _upload_form(visit)


@router.post("/administration/templates/new")
def upload(visit: Administrator, form: Posted) -> Response:
    """Take a Word file in, and show what a check of it finds."""
    typed = {name: form.text(name) for name in ("document_type", "edition")}
    try:
        given = form.file("file", most_bytes=MAX_BYTES)
        faults = _missing(visit, typed, given)
        if given is None or faults:
            return _upload_form(visit, typed, faults=faults)
        file = take_in(visit.house, given[1], **typed, by=visit.who.email)
    except InputError as error:
        return _upload_form(visit, typed, error=error)
    return visit.go(_path(file))


@router.get("/administration/templates/{document_type}/{edition}/{docx}")
def one(visit: Administrator, document_type: str, edition: str, docx: str) -> Response:
    """Show a Word file: what it is, what a check finds, and what can be done with it."""
    found = _candidate(visit, document_type, edition, docx)
    line, findings = _line(visit, found.file), findings_on(visit.house, found)
    return visit.show(
        "administration_template.html",
        findings=findings,
        errors=sum(finding.severity == "error" for finding in findings),
        size_bytes=len(found.docx),
        **_known(visit, found, line),
    )


@router.get("/administration/templates/{document_type}/{edition}/{docx}/template.docx")
def word_file(visit: Administrator, document_type: str, edition: str, docx: str) -> Response:
    """Give the Word file out, to be edited elsewhere."""
    found = _candidate(visit, document_type, edition, docx)
    name = f"{found.file.document_type}-{found.file.edition}-{found.file.docx[:12]}.docx"
    return attachment(found.docx, name, WORD_FILE)


@router.get("/administration/templates/{document_type}/{edition}/{docx}/preview")
def preview(visit: Administrator, document_type: str, edition: str, docx: str) -> Response:
    """Show the pages a reviewer would get, filled with sample data."""
    found = _candidate(visit, document_type, edition, docx)
    pages, error = (), None
    try:
        pages = preview_pages(visit.house, found)
    except ConvenioError as refusal:
        error = refusal
    return visit.show(
        "administration_template_preview.html",
        status=status_of(error) if error else 200,
        numbers=range(1, len(pages) + 1),
        error=error,
        **_known(visit, found, _line(visit, found.file)),
    )


@router.get("/administration/templates/{document_type}/{edition}/{docx}/pages/{number}.png")
def page(visit: Administrator, document_type: str, edition: str, docx: str, number: int) -> Response:
    """Show one page of a preview that was made."""
    found = _candidate(visit, document_type, edition, docx)
    try:
        return Response(preview_page(visit.house, found.file, number), media_type="image/png", headers=PRIVATE)
    except Refused as error:
        raise HTTPException(404) from error


@router.get("/administration/templates/{document_type}/{edition}/{docx}/adopt")
def ask_to_adopt(visit: Administrator, document_type: str, edition: str, docx: str) -> Response:
    """Say what will be true once the file is adopted."""
    return _act(visit, "adopt", _candidate(visit, document_type, edition, docx))


@router.post("/administration/templates/{document_type}/{edition}/{docx}/adopt")
def adopt(
    visit: Administrator, form: Posted, document_type: str, edition: str, docx: str
) -> Response:  # the form says nothing more than that it is ours
    """Adopt the file as the next version of this edition."""
    del form
    found = _candidate(visit, document_type, edition, docx)
    file = found.file
    try:
        done = adopt_template(
            visit.house, found.docx, document_type=file.document_type, edition=file.edition, by=visit.who.email
        )
    except ConvenioError as error:
        return _act(visit, "adopt", found, error)
    say, version = visit.language.say, done.adopted.template.version
    return visit.go(_path(file), notice=say("Adopted: it is version %(version)s from now on.", version=version))


@router.get("/administration/templates/{document_type}/{edition}/{docx}/retire")
def ask_to_retire(visit: Administrator, document_type: str, edition: str, docx: str) -> Response:
    """Say what will be true once the template is retired."""
    return _act(visit, "retire", _candidate(visit, document_type, edition, docx))


@router.post("/administration/templates/{document_type}/{edition}/{docx}/retire")
def retire(visit: Administrator, form: Posted, document_type: str, edition: str, docx: str) -> Response:
    """Have no new document made from it."""
    del form
    found = _candidate(visit, document_type, edition, docx)
    try:
        commands.retire_template(visit.house, found.file, by=visit.who.email)
    except ConvenioError as error:
        return _act(visit, "retire", found, error)
    return visit.go(_path(found.file), notice=visit.language.say("Retired: no new document is made from it."))


def _candidate(visit: Visit, document_type: str, edition: str, docx: str) -> Candidate:
    if document_type not in document_types():
        raise HTTPException(404)
    try:
        return candidate(visit.house, TemplateFile(document_type, edition, docx))
    except Refused as error:
        raise HTTPException(404) from error


def _line(visit: Visit, file: TemplateFile) -> TemplateLine | None:
    return next((line for line in template_lines(visit.house) if line.file == file), None)


def _known(visit: Visit, found: Candidate, line: TemplateLine | None) -> dict[str, object]:
    person = visit.house.people.behind(line.act.by) if line and line.act and line.act.by else None
    return {
        "file": found.file,
        "line": line,
        "kind": model_of(found.file.document_type).kind,
        "path": _path(found.file),
        "by": person.name if person else None,
    }


def _act(visit: Visit, act: str, found: Candidate, error: ConvenioError | None = None) -> Response:
    line = _line(visit, found.file)
    others = [
        other
        for other in template_lines(visit.house)
        if other.file[:2] == found.file[:2] and other.file != found.file and not other.retired
    ]
    return visit.show(
        "administration_template_act.html",
        status=status_of(error) if error else 200,
        act=act,
        others=others,
        error=error,
        **_known(visit, found, line),
    )


def _upload_form(
    visit: Visit,
    typed: dict[str, str] | None = None,
    *,
    faults: dict[str, str] | None = None,
    error: InputError | None = None,
) -> Response:
    return visit.show(
        "administration_template_new.html",
        status=422 if faults or error else 200,
        typed=typed or {"document_type": "", "edition": "en"},
        kinds=_kinds(),
        languages=sorted(LOCALES),
        faults=faults or {},
        error=error,
    )


def _missing(visit: Visit, typed: dict[str, str], given: object) -> dict[str, str]:
    say = visit.language.say
    faults = {}
    if typed["document_type"] not in document_types():
        faults["document_type"] = say("Choose for which type of document it is.")
    parts = typed["edition"].split("-")
    if not set(parts) <= LOCALES.keys() or len(parts) > 2 or len(set(parts)) < len(parts):
        faults["edition"] = say("Give one language, such as en, or two, such as en-es.")
    if given is None:
        faults["file"] = say("Choose a Word file.")
    return faults


def _kinds() -> dict[str, str]:
    return {name: model_of(name).kind for name in document_types()}


def _path(file: TemplateFile) -> str:
    return f"{TEMPLATES}/{file.document_type}/{file.edition}/{file.docx}"
