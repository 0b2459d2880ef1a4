"""Which agreement somebody may read: whoever asks for another one learns no more than that there is none."""

from __future__ import annotations

from starlette.exceptions import HTTPException

from flows.act import data_of
from flows.catalogue import signs
from flows.page_images import PdfEvent, pdf_of, pdfs_of
from portal.visit import READERS, Visit
from schemas.errors import Refused
from schemas.events import Drafted
from schemas.evidence import AgreementId, Digest
from schemas.state import AgreementState, Stage


def agreement_of(visit: Visit, agreement: str) -> AgreementState:
    """Return where an agreement stands, for a visitor who may read it.

    Managers, reviewers and auditors read every agreement; everybody else, once there is something to sign, those that
    name them as a signatory, or as a confirmed delegate of one. Raises ``HTTPException`` (404) for every other one, and
    where there is none.
    """
    row = visit.house.register.find(agreement)
    if row is None:
        raise HTTPException(404)
    state = visit.house.ledger.state(row.id)
    if not may_read(visit, state):
        raise HTTPException(404)
    return state


def may_read(visit: Visit, state: AgreementState) -> bool:
    """Whether this visitor may read what stands in an agreement."""
    if visit.may(*READERS):
        return True
    return visit.person is not None and state.pdf is not None and signs(visit.house, state, visit.person)


def readable_pdfs(visit: Visit, state: AgreementState) -> dict[Digest, PdfEvent]:
    """Return the PDFs of an agreement this visitor may read, the oldest first: who only signs reads no drafts."""
    found = pdfs_of(visit.house, AgreementId(state.agreement))
    whole = visit.may(*READERS)
    return {digest: event for digest, event in found.items() if whole or not isinstance(event, Drafted)}


def readable_pdf(visit: Visit, state: AgreementState, which: str) -> Digest:
    """Return the digest of one of those: of the draft with the number ``which``, or that digest itself.

    Raises :class:`Refused` where the visitor may read no such PDF.
    """
    digest = pdf_of(visit.house, AgreementId(state.agreement), which)
    if digest not in readable_pdfs(visit, state):
        raise Refused("the agreement has no such pages", where=state.agreement, got=which)
    return digest


def signatories_of(visit: Visit, state: AgreementState) -> dict[str, str]:
    """Return the name of each signatory by their id; none of what was disposed of."""
    if state.stage is Stage.DISPOSED:
        return {}
    return {one.id: str(one.name) for one in data_of(visit.house, state.data).signatories}
