"""Draft: fill the template, turn it into PDF/A-3b, keep both, and tell the reviewers."""

from __future__ import annotations

from dataclasses import asdict

from archive.transaction import op_id_of
from flows.act import data_of
from flows.catalogue import enter
from flows.pins import pins_held
from flows.risk import keep_risk, risk_of
from flows.stage import Outcome, keep, not_due, record
from flows.texts import DraftText, text_of_draft
from flows.wiring import Installation
from schemas import events as ev
from schemas.documents import Document
from schemas.evidence import AgreementId, canonical_json, digest_of
from schemas.manifest import ClauseUse, DraftManifest, TemplateUse
from schemas.people import Person, Role
from schemas.state import AgreementState, Stage
from templates.locate import signature_boxes


def draft(house: Installation, agreement: AgreementId, number: int) -> Outcome:
    """Render draft ``number`` and append it to the ledger; does nothing where that draft is no longer wanted.

    Raises :class:`TemplateFault` where the template cannot be filled, :class:`ConversionUnavailable` where
    LibreOffice does not answer.
    """
    state = house.ledger.state(agreement)
    if not _wanted(state, number):
        return not_due(state, "draft")
    document, now = data_of(house, state.data), house.clock()
    text = text_of_draft(house, state, document)
    pdf = house.office.convert(text.docx)
    signature_boxes(pdf, state.signatories)  # else nobody could sign what is approved
    manifest = _manifest(house, state, document, text)
    content = ev.Covered(
        data=state.data,
        template=keep(house, agreement, text.template.docx, "docx"),
        manifest=keep(house, agreement, canonical_json(manifest.model_dump(mode="json")), "json"),
        docx=keep(house, agreement, text.docx, "docx"),
        pdf=keep(house, agreement, pdf, "pdf"),
    )
    for reviewer in _deciding(house, state):
        house.mail.send(
            f"{agreement}-review-{number}-{reviewer.commitment[:12]}",
            to=reviewer.email,
            subject=f"Draft {number} of {agreement} waits for review",
            body=_request_for_review(house, state, content, reviewer),
            now=now,
        )
    enter(house, state, document, text.docx)  # first, so that whatever is recorded is found
    keep_risk(house, state, risk_of(document, text.clauses, state))
    op_id, event = op_id_of("drafted", agreement, str(number)), ev.Drafted(draft=number, content=content)
    if not record(house, agreement, op_id, now, event, waits=lambda after: _wanted(after, number)):
        return not_due(house.ledger.state(agreement), "draft")
    return Outcome(
        agreement,
        "draft",
        acted=True,
        summary=f"Draft {number} of {agreement} is ready for review; {len(state.open_facts)} facts are open.",
        particulars={
            **content.model_dump(),
            "template version": f"v{manifest.template.version}",
            "completed by docxtpl": ", ".join(text.fallbacks) or "no part",
        },
    )


def _manifest(house: Installation, state: AgreementState, document: Document, text: DraftText) -> DraftManifest:
    template = text.template
    return DraftManifest(
        agreement=state.agreement,
        draft=state.draft,
        document_type=state.document_type,
        data=state.data,
        template=TemplateUse(
            id=template.id, version=template.version, edition=template.edition, sha256=template.digest
        ),
        clauses=tuple(ClauseUse(**asdict(clause)) for clause in text.clauses),
        pins=pins_held(house, document),
        docx=digest_of(text.docx),
        edited_by_hand=state.edited,
    )


def _wanted(state: AgreementState, number: int) -> bool:
    return state.stage is Stage.REQUESTED and state.draft == number


def _deciding(house: Installation, state: AgreementState) -> list[Person]:
    """Return who may approve the draft: reviewers of an office that is missing, without the draft's authors."""
    missing = set(state.missing_offices)
    reviewers = house.people.everyone(role=Role.REVIEWER)
    return [one for one in reviewers if missing & set(one.offices) and one.commitment not in state.authors]


def _request_for_review(house: Installation, state: AgreementState, content: ev.Covered, reviewer: Person) -> str:
    agreement, number, portal = state.agreement, state.draft, house.settings.portal_address
    offices = " and the ".join(office for office in state.missing_offices if office in reviewer.offices)
    return (
        f"{state.title}\n\nDraft {number} of {agreement} is ready. You decide for the {offices} office.\n\n"
        f"Read it, and decide:\n  {portal}/review/{agreement}\n\n"
        f"{_open_facts(state, portal)}"
        f"On the command line, read it:\n  convenio fetch {agreement} --draft {number} -o draft-{number}.pdf\n"
        f"(SHA-256 {content.pdf})\n\n"
        f"{_approving(state, reviewer)}"
        f"To return it to its manager:\n{_decision('return', state, reviewer)} --comment WHY\n\n"
        f"To reject it, which ends the agreement:\n{_decision('reject', state, reviewer)} --comment WHY\n"
    )


def _open_facts(state: AgreementState, portal: str) -> str:
    if not state.open_facts:
        return ""
    return (
        f"It cannot be approved while facts are open, which a manager confirms for another draft. "
        f"Open are {len(state.open_facts)}:\n  {portal}/documents/{state.agreement}/facts\n"
        f"or on the command line:\n  convenio facts list {state.agreement}\n\n"
    )


def _approving(state: AgreementState, reviewer: Person) -> str:
    return "" if state.open_facts else f"To approve it:\n{_decision('approve', state, reviewer)}\n\n"


def _decision(act: str, state: AgreementState, reviewer: Person) -> str:
    return f"  convenio review {act} {state.agreement} --draft {state.draft} --as {reviewer.email}"
