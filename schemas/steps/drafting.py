"""From data to an approved draft."""

from __future__ import annotations

from schemas import events as ev
from schemas.errors import FourEyes, RefusedTransition, StaleBase
from schemas.evidence import Digest
from schemas.people import Role
from schemas.state import AgreementState, Approval, Stage
from schemas.steps.step import REVIEWABLE, Changes, Step, ended, same_draft


def requested(entry: ev.Entry, event: ev.Requested) -> AgreementState:
    """Return the state that the request of an agreement begins with."""
    return AgreementState(
        agreement=entry.agreement,
        document_type=event.document_type,
        template_version=event.template_version,
        template=event.template,
        title=event.title,
        stage=Stage.REQUESTED,
        counter=0,
        since=entry.occurred_at,
        draft=1,
        data=event.data,
        signatories=event.signatories,
        rounds=event.signing_rounds,
        sign_by=event.sign_by,
        offices=event.offices,
        open_facts=event.open_facts,
        changes=event.changes,
        authors=_with_author(frozenset(), entry),
        owner=entry.actor.person,
    )


def _with_author(authors: frozenset[Digest], entry: ev.Entry) -> frozenset[Digest]:
    return authors | {entry.actor.person} if entry.actor.person else authors


def _revised(state: AgreementState, entry: ev.Entry, event: ev.Revised) -> Changes:
    same_draft(state, event.draft, state.draft + 1)
    standing = tuple(ev.VoidedSignature(signatory=one.signatory, pdf=one.pdf) for one in state.signatures)
    if event.voids != standing:
        raise RefusedTransition(
            "a new draft names every signature that it voids",
            where=f"{state.agreement}, draft {state.draft}",
            got=", ".join(one.signatory for one in event.voids) or "none",
            expected=", ".join(state.signed) or "none",
            remedy="look who has signed by now (convenio show), then decide anew",
        )
    return {
        "stage": Stage.REQUESTED,
        "draft": event.draft,
        "title": event.title,
        "data": event.data,
        "signatories": event.signatories,
        "rounds": event.signing_rounds,
        "sign_by": event.sign_by,
        "offices": event.offices,
        "open_facts": event.open_facts,
        "template": event.template,
        "changes": event.changes,
        "authors": _with_author(state.authors, entry),
        **_UNDECIDED,
        "edited": None,
    }


_UNDECIDED: Changes = {
    "content": None, "approvals": (), "pdf": None, "invited": (), "signatures": (), "delegations": (),
}  # fmt: skip
"""What a new draft begins without."""


def _edited(state: AgreementState, entry: ev.Entry, event: ev.Edited) -> Changes:
    same_draft(state, event.draft, state.draft + 1)
    if event.data != state.data:
        raise StaleBase(
            "an edited text keeps the data of the draft", where=entry.agreement, got=event.data, expected=state.data
        )
    if state.content is None or event.base != state.content.docx:
        raise StaleBase(
            "another text than the current draft's was edited",
            where=f"{state.agreement}, draft {state.draft}",
            got=event.base,
            expected=state.content.docx if state.content else "no draft yet",
        )
    return {
        "stage": Stage.REQUESTED,
        "draft": event.draft,
        "offices": tuple(ev.Office),
        "authors": _with_author(state.authors, entry),
        **_UNDECIDED,
        "edited": event.docx,
    }


def _drafted(state: AgreementState, entry: ev.Entry, event: ev.Drafted) -> Changes:
    same_draft(state, event.draft, state.draft)
    if event.content.data != state.data:
        raise StaleBase(
            "the draft was rendered from other data",
            where=entry.agreement,
            got=event.content.data,
            expected=state.data,
        )
    return {"stage": Stage.IN_REVIEW, "content": event.content}


def _approved(state: AgreementState, entry: ev.Entry, event: ev.Approved) -> Changes:
    _same_content(state, event.draft, event.covers)
    person = entry.actor.person
    if person is None or person in state.authors:
        raise FourEyes(
            "whoever wrote a draft cannot approve it",
            where=f"{state.agreement}, draft {state.draft}",
            expected="a reviewer who is not among its authors",
            remedy="ask another reviewer",
        )
    if any(approval.person == person for approval in state.approvals):
        raise RefusedTransition("this reviewer has approved this draft already", where=state.agreement)
    if event.office not in state.missing_offices:
        raise RefusedTransition(
            "this office's approval is not missing",
            where=state.agreement,
            got=event.office,
            expected=" or ".join(state.missing_offices),
        )
    if state.open_facts:
        raise RefusedTransition(
            "assumed facts are open; nothing may be approved before a person confirmed or replaced them",
            where=f"{state.agreement}, draft {state.draft}",
            got=", ".join(state.open_facts),
            expected="no open fact",
            remedy="confirm them (convenio facts confirm) or replace them in a revised file (convenio revise)",
        )
    approvals = (*state.approvals, Approval(office=event.office, person=person, covers=event.covers))
    complete = {approval.office for approval in approvals} >= set(state.offices)
    return {
        "approvals": approvals,
        **({"stage": Stage.APPROVED, "pdf": event.covers.pdf} if complete else {}),
    }


def _returned(state: AgreementState, _entry: ev.Entry, event: ev.Returned) -> Changes:
    _same_content(state, event.draft, event.covers)
    return {"stage": Stage.RETURNED, "approvals": ()}


def _rejected(state: AgreementState, _entry: ev.Entry, event: ev.Rejected) -> Changes:
    _same_content(state, event.draft, event.covers)
    return {"stage": Stage.ENDED, "approvals": ()}


def _same_content(state: AgreementState, draft: int, covers: ev.Covered) -> None:
    same_draft(state, draft, state.draft)
    if covers != state.content:
        raise StaleBase(
            "the decision is about other bytes than the current draft's",
            where=f"{state.agreement}, draft {state.draft}",
            got=covers.pdf,
            expected=state.content.pdf if state.content else "no draft yet",
        )


STEPS = {
    "revised": Step(Role.MANAGER, (*REVIEWABLE, Stage.SIGNING, Stage.SIGNED), _revised),
    "edited": Step(Role.REVIEWER, (Stage.IN_REVIEW, Stage.RETURNED), _edited),
    "drafted": Step(None, (Stage.REQUESTED,), _drafted),
    "approved": Step(Role.REVIEWER, (Stage.IN_REVIEW,), _approved),
    "returned": Step(Role.REVIEWER, (Stage.IN_REVIEW,), _returned),
    "rejected": Step(Role.REVIEWER, (Stage.IN_REVIEW,), _rejected),
    "withdrawn": Step(Role.MANAGER, (*REVIEWABLE, Stage.SIGNING, Stage.SIGNED), ended),
}
"""The steps of drafting and review, and the withdrawal that is open until the document is concluded."""
