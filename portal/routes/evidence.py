"""What auditors take home: the dossier, made when it is asked for, and single files that the ledger names."""

from __future__ import annotations

from datetime import date

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from flows.dossiers import dossier_of
from flows.evidence_files import evidence_file
from portal.document_view import id_of
from portal.downloads import attachment
from portal.forms import Posted
from portal.reading import agreement_of
from portal.refusals import status_of
from portal.routes.audit import day_in
from portal.visit import Auditor, Visit
from portal.waiting import words_for
from schemas.errors import ConvenioError, Refused
from schemas.state import AgreementState

router = APIRouter()

KINDS = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "json": "application/json",
    "xml": "application/xml",
    "p7s": "application/pkcs7-signature",
}
"""Media types by ending; anything else, such as what signatories sent, is only bytes."""


@router.get("/documents/{agreement}/dossier")
def form(visit: Auditor, agreement: str, on: str = "") -> Response:
    """Offer the dossier, and one that also says who was bound at the end of a day."""
    return _form(visit, agreement_of(visit, agreement), on=on)


@router.post("/documents/{agreement}/dossier")
def dossier(visit: Auditor, agreement: str, form: Posted) -> Response:
    """Publish what is new in the ledger, make the dossier under it, and give it."""
    state, on = agreement_of(visit, agreement), form.text("on")
    try:
        day = day_in(on, "on") if on else None
        content = dossier_of(visit.house, id_of(state), on=day)
    except ConvenioError as error:
        return _form(visit, state, on=on, error=error)
    return attachment(content, _dossier_name(state, day), "application/zip")


@router.get("/documents/{agreement}/evidence/{digest}")
def file(visit: Auditor, agreement: str, digest: str) -> Response:
    """Give a file that the ledger names of this agreement."""
    state = agreement_of(visit, agreement)
    try:
        name, content = evidence_file(visit.house, id_of(state), digest)
    except Refused as error:
        raise HTTPException(404) from error
    kind = KINDS.get(name.rpartition(".")[2], "application/octet-stream")
    return attachment(content, f"{state.agreement}-{name}", kind)


def _dossier_name(state: AgreementState, on: date | None) -> str:
    return f"{state.agreement}-dossier" + (f"-on-{on.isoformat()}" if on else "") + ".zip"


def _form(visit: Visit, state: AgreementState, *, on: str, error: ConvenioError | None = None) -> Response:
    row = visit.house.register.show(state.agreement)
    return visit.show(
        "evidence_dossier.html",
        status=status_of(error) if error else 200,
        state=state,
        row=row,
        waits=words_for(visit, row),
        on=on,
        error=error,
    )
