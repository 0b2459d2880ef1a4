"""What people decide about an agreement: facts confirmed, drafts approved or returned, time given, an end."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from flows import commands
from flows.act import Done, data_of
from flows.comments import as_remark
from portal.api.access import ApiManager, ApiReader, ApiReviewer
from portal.api.preconditions import IfMatch, require_match
from portal.api.route import ApiRoute
from portal.api.shapes import ACT, PREFIX, READ, Agreement, DocumentChanged, with_tag
from portal.reading import agreement_of
from portal.visit import Visit
from schemas.events import Covered
from schemas.evidence import AgreementId
from schemas.fact import Status, facts
from schemas.people import Office
from schemas.state import Stage

router = APIRouter(prefix=f"{PREFIX}/documents/{{agreement}}", route_class=ApiRoute, tags=["decisions"])

Text = Annotated[str, Field(min_length=1, max_length=5000)]


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid")


class FactShown(BaseModel):
    """One fact: where it stands in the data, how far it can be relied on, and who has to settle it."""

    path: str
    status: Status
    source: str | None
    owner: str | None
    is_open: bool


class Confirming(_Sent):
    """Facts to confirm as they stand in a draft, and on what grounds; all open ones where no path is named."""

    draft: int = Field(ge=1)
    basis: Text
    paths: list[str] = Field(default=[], max_length=500)


class Approving(_Sent):
    """An approval of exactly these bytes: the digests under ``content`` of the document."""

    draft: int = Field(ge=1)
    covers: Covered
    office: Office | None = Field(default=None, description="the first one missing that you hold, by default")


class Deciding(_Sent):
    """A decision against exactly these bytes, with the comment its manager reads."""

    draft: int = Field(ge=1)
    covers: Covered
    comment: Text


class Withdrawing(_Sent):
    """Why an agreement ends."""

    reason: Text


class Extending(_Sent):
    """Until the end of which day there is time to sign, and why."""

    sign_by: date
    reason: Text


class RemindedShown(BaseModel):
    """How many people were written to now, and how many had been on this day already."""

    reminded: int
    reminded_before: int


@router.get("/facts", responses=READ)
def all_facts(visit: ApiReader, agreement: Agreement) -> list[FactShown]:
    """List the facts of the current draft that are open, or were confirmed; none of what was disposed of."""
    state = agreement_of(visit, agreement)
    if state.stage is Stage.DISPOSED:
        return []
    return [
        FactShown(path=path, status=fact.status, source=fact.source, owner=fact.owner, is_open=fact.is_open)
        for path, fact in facts(data_of(visit.house, state.data))
        if fact.is_open or fact.confirmation is not None
    ]


@router.post("/confirmations", responses=ACT)
def confirm(
    visit: ApiManager, agreement: Agreement, sent: Confirming, response: Response, if_match: IfMatch = None
) -> DocumentChanged:
    """Confirm open facts as they stand, which makes the next draft."""
    its_id = _met(visit, agreement, if_match)
    done = commands.confirm_facts(
        visit.house, its_id, tuple(sent.paths), basis=sent.basis, by=visit.who.email, draft=sent.draft
    )
    return _changed(visit, response, done)


@router.post("/approvals", responses=ACT)
def approve(
    visit: ApiReviewer, agreement: Agreement, sent: Approving, response: Response, if_match: IfMatch = None
) -> DocumentChanged:
    """Approve exactly these bytes for an office."""
    its_id = _met(visit, agreement, if_match)
    done = commands.approve(
        visit.house, its_id, draft=sent.draft, by=visit.who.email, office=sent.office, covers=sent.covers
    )
    return _changed(visit, response, done)


@router.post("/returns", responses=ACT)
def return_draft(
    visit: ApiReviewer, agreement: Agreement, sent: Deciding, response: Response, if_match: IfMatch = None
) -> DocumentChanged:
    """Return a draft to its manager with a comment."""
    its_id, comment = _met(visit, agreement, if_match), as_remark(sent.comment)
    done = commands.return_draft(
        visit.house, its_id, draft=sent.draft, by=visit.who.email, comment=comment, covers=sent.covers
    )
    return _changed(visit, response, done)


@router.post("/rejections", responses=ACT)
def reject(
    visit: ApiReviewer, agreement: Agreement, sent: Deciding, response: Response, if_match: IfMatch = None
) -> DocumentChanged:
    """End the agreement at a draft with a reason."""
    its_id, comment = _met(visit, agreement, if_match), as_remark(sent.comment)
    done = commands.reject(
        visit.house, its_id, draft=sent.draft, by=visit.who.email, comment=comment, covers=sent.covers
    )
    return _changed(visit, response, done)


@router.post("/withdrawals", responses=ACT)
def withdraw(
    visit: ApiManager, agreement: Agreement, sent: Withdrawing, response: Response, if_match: IfMatch = None
) -> DocumentChanged:
    """End an agreement that is not yet concluded, with a reason."""
    state = agreement_of(visit, agreement)
    seen = require_match(state, if_match)
    done = commands.withdraw(
        visit.house, AgreementId(state.agreement), by=visit.who.email, reason=as_remark(sent.reason), seen=seen
    )
    return _changed(visit, response, done)


@router.post("/extensions", responses=ACT)
def extend(
    visit: ApiManager, agreement: Agreement, sent: Extending, response: Response, if_match: IfMatch = None
) -> DocumentChanged:
    """Give the signatories until the end of another day."""
    state, reason = agreement_of(visit, agreement), as_remark(sent.reason)
    seen = require_match(state, if_match)
    done = commands.extend(
        visit.house, AgreementId(state.agreement), sign_by=sent.sign_by, by=visit.who.email, reason=reason, seen=seen
    )
    return _changed(visit, response, done)


@router.post("/reminders", responses=ACT)
def remind(visit: ApiManager, agreement: Agreement, if_match: IfMatch = None) -> RemindedShown:
    """Write to everybody the agreement waits for, each at most once on one day."""
    done = commands.remind(visit.house, _met(visit, agreement, if_match), by=visit.who.email)
    return RemindedShown(reminded=len(done.now), reminded_before=len(done.before))


def _met(visit: Visit, agreement: str, if_match: str | None) -> AgreementId:
    state = agreement_of(visit, agreement)
    require_match(state, if_match)
    return AgreementId(state.agreement)


def _changed(visit: Visit, response: Response, done: Done) -> DocumentChanged:
    return DocumentChanged(changed=done.changed, document=with_tag(response, visit, done.state))
