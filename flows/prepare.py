"""Prepare: attach data and DOCX to the approved PDF, make every signature field, set the opening seal."""

from __future__ import annotations

from archive.layout import data_key
from archive.transaction import op_id_of
from flows.act import data_of
from flows.stage import Outcome, keep, load, not_due, record
from flows.wiring import Installation
from schemas import events as ev
from schemas.errors import RefusedTransition
from schemas.evidence import AgreementId
from schemas.state import AgreementState, Stage
from signing.prepare import Attachment, FieldPlace, prepare as prepare_pdf
from templates.locate import signature_boxes

DATA_NAME = "agreement-data.json"
DOCX_NAME = "agreement.docx"
DOCX_MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def prepare(house: Installation, agreement: AgreementId, draft: int) -> Outcome:
    """Turn the approved PDF of ``draft`` into the file that is signed, as a byte-extension of it.

    The signature policy in force now is recorded and holds from here on. Raises :class:`TimestampUnavailable` and
    :class:`RevocationUnavailable` where an authority does not answer; nothing is then changed.
    """
    state = house.ledger.state(agreement)
    if not _wanted(state, draft):
        return not_due(state, "prepare")
    if state.content is None:
        raise RefusedTransition("an approved draft has content", where=agreement)
    approved = load(house, agreement, state.content.pdf, "pdf")
    document, now = data_of(house, state.data), house.clock()
    boxes = signature_boxes(approved, [signatory.id for signatory in document.signatories])
    policy = house.policy(state.document_type)
    prepared = prepare_pdf(
        approved,
        attachments=attachments(house, agreement, state.content),
        fields=[
            FieldPlace(signatory_id=signatory, page=box.page, box=(box.x1, box.y1, box.x2, box.y2))
            for signatory, box in boxes.items()
        ],
        seal=house.seal,
        timestamper=house.timestamper,
        trust=house.trust(now),
        now=now,
        level=policy.level,
    )
    pdf = keep(house, agreement, prepared, "pdf")
    event = ev.Prepared(draft=draft, base=state.content.pdf, pdf=pdf, policy=policy)
    op_id = op_id_of("prepared", agreement, str(draft))
    if not record(house, agreement, op_id, now, event, waits=lambda after: _wanted(after, draft), due=("collect", 0)):
        return not_due(house.ledger.state(agreement), "prepare")
    return Outcome(
        agreement,
        "prepare",
        acted=True,
        summary=f"{agreement} is prepared for {len(boxes)} signatures and carries the opening seal.",
        particulars={"approved pdf": state.content.pdf, "prepared pdf": pdf},
    )


def _wanted(state: AgreementState, draft: int) -> bool:
    return state.stage is Stage.APPROVED and state.draft == draft


def attachments(house: Installation, agreement: AgreementId, content: ev.Covered) -> list[Attachment]:
    """Return the approved data and DOCX as associated files (ISO 19005-3 6.8)."""
    return [
        Attachment(
            name=DATA_NAME,
            media_type="application/json",
            content=house.store.get(data_key(content.data)),
            description="Validated data of the agreement (RFC 8785 JSON)",
            relationship="Data",
        ),
        Attachment(
            name=DOCX_NAME,
            media_type=DOCX_MEDIA_TYPE,
            content=load(house, agreement, content.docx, "docx"),
            description="The approved draft as Word document",
            relationship="Source",
        ),
    ]
