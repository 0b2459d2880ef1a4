"""Edits by hand: a reviewer's own Word file becomes the next draft, marked so, and needs the director's approval."""

from __future__ import annotations

from archive.transaction import op_id_of
from flows.act import Done, acting, as_actor, data_of, keep_remark, reviewed
from flows.proposal import template_for
from flows.stage import keep, load
from flows.texts import marked_as
from flows.wiring import Installation
from schemas import events as ev
from schemas.errors import InputError, Refused, RefusedTransition, TemplateFault
from schemas.evidence import AgreementId, digest_of
from schemas.people import Role
from schemas.state import AgreementState, Stage
from templates.locate import require_same_rooms, signature_boxes
from templates.outside.untrusted import admit_word_file
from templates.word_file import read_word_file


def edit(house: Installation, agreement: AgreementId, docx: bytes, *, draft: int, by: str, comment: str) -> Done:
    """Put ``docx``, the text of draft ``draft`` edited by hand, in its place; it becomes the next draft.

    Whoever edited is an author of it and cannot approve it. Raises :class:`InputError` for a file with macros, links,
    unresolved changes or another header, :class:`Refused` where the text is the draft's own, :class:`StaleBase` for
    another draft than the current one.
    """
    reviewer, digest = acting(house, by, Role.REVIEWER), digest_of(docx)
    state = house.ledger.state(agreement)
    if (state.draft, state.edited) == (draft + 1, digest):
        return Done(state, changed=False)
    state, content = admitted(house, agreement, docx, draft=draft)
    keep(house, agreement, docx, "docx")
    with house.ledger.transaction() as tx:
        op_id = op_id_of("edited", agreement, str(draft + 1), digest, reviewer.commitment)
        if tx.find(op_id) is not None:
            return Done(tx.state(agreement), changed=False)
        event = ev.Edited(
            draft=draft + 1,
            data=state.data,
            base=content.docx,
            docx=digest,
            remark=keep_remark(tx, comment),
        )
        tx.append(agreement, op_id, house.clock(), as_actor(Role.REVIEWER, reviewer), event)
        tx.enqueue("draft", agreement, draft + 1, now=house.clock())
        return Done(tx.state(agreement), changed=True)


def admitted(
    house: Installation, agreement: AgreementId, docx: bytes, *, draft: int
) -> tuple[AgreementState, ev.Covered]:
    """Return state and content of draft ``draft`` where ``docx`` may stand in place of its text; changes nothing.

    Raises what :func:`edit` raises.
    """
    state = house.ledger.state(agreement)
    content = reviewed(state, draft)
    if state.stage not in {Stage.IN_REVIEW, Stage.RETURNED}:
        raise RefusedTransition(
            f"{agreement} is {state.stage}: its text cannot be edited now",
            where=f"{agreement}, draft {draft}",
            got=state.stage,
            expected=f"{Stage.IN_REVIEW} or {Stage.RETURNED}",
        )
    if state.open_facts:
        raise Refused(
            f"draft {draft} has open facts: to confirm them later would render it anew and lose the edits",
            where=agreement,
            got=", ".join(state.open_facts),
            remedy="confirm or replace them first (convenio facts confirm, convenio revise)",
        )
    admit_word_file(docx, name=f"the edited draft {draft}", resolved=True)
    current = load(house, agreement, content.docx, "docx")
    document = data_of(house, state.data)
    template = template_for(house, document, state.template_version, fingerprint=state.template)
    marked = marked_as(house, state, document, template, docx, draft=draft + 1)
    require_same_rooms(current, docx)
    if read_word_file(docx).paragraphs == read_word_file(current).paragraphs:
        raise Refused(f"the text is that of draft {draft} already", where=agreement, remedy="edit the file first")
    _require_pages(house, agreement, state, marked)
    return state, content


def _require_pages(house: Installation, agreement: AgreementId, state: AgreementState, docx: bytes) -> None:
    """Raise :class:`InputError` where no PDF can be made of the text: else the draft would wait for it in vain."""
    try:
        signature_boxes(house.office.convert(docx), state.signatories)
    except TemplateFault as fault:
        raise InputError(
            "no draft can be made of the edited text",
            where=agreement,
            got=f"{fault.what}: {fault.got}",
            expected=fault.expected,
            remedy="change the text at that place and upload the file again",
        ) from fault
