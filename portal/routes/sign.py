"""What a signatory reads, without an account: the summary, the pages, the ways to sign, and the receipt."""

from __future__ import annotations

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from flows import commands
from flows.accounts import require_few_tries
from flows.deadline import term_over
from flows.dossiers import dossier_of
from flows.page_images import page_image, page_texts, pdfs_of
from flows.queries import content_of
from flows.sign_link import note_shown
from portal.ceremony import ASKED_FROM, LINK, Ceremony, Entered
from portal.downloads import attachment
from portal.forms import Posted
from portal.sign_changes import changes_since_shown, receipt_of
from portal.sign_summary import summary_of
from portal.signatures_view import signer_lines
from portal.visit import Anybody
from schemas import events as ev
from schemas.errors import Refused
from schemas.signature import SigningWay
from schemas.state import Stage

router = APIRouter()

KEPT_BY_ONE = {"Cache-Control": "private, max-age=3600"}

NEW_LINKS = 5
"""How often another link may be asked for by one link within a window."""

OWN_SOFTWARE = (SigningWay.PKCS11, SigningWay.CSC)
"""Ways that need a program of one's own; in the portal their file is uploaded."""


@router.get("/sign/{link}")
def summary(ceremony: Entered) -> Response:
    """Say who asks, what it is, who agrees, and what it says of money, time and ways out."""
    if ceremony.signed is not None:
        return ceremony.go("receipt")
    return ceremony.show(
        "sign.html",
        summary=summary_of(ceremony.document, ceremony.visit.language, ceremony.tongue),
        term_over=term_over(ceremony.visit.house, ceremony.document),
        lines=signer_lines(ceremony.visit, ceremony.state),
        changes=changes_since_shown(ceremony),
    )


@router.get("/sign/{link}/pages")
def pages(ceremony: Entered) -> Response:
    """Show every page of the newest file, each with its text."""
    return _pages(ceremony)


@router.post("/sign/{link}/pages")
def pages_seen(ceremony: Entered, form: Posted) -> Response:
    """Remember which file was gone through, and lead on; where a newer one is there, show that first."""
    if form.text("pdf") != ceremony.pdf:
        return _pages(ceremony, status=409)
    note_shown(ceremony.house, ceremony.state, ceremony.place, ceremony.person)
    return ceremony.go("how" if ceremony.awaits else "")


@router.get("/sign/{link}/pages/{pdf}/{page}.png")
def page(ceremony: Entered, pdf: str, page: int) -> Response:
    """Show one page, counted from 1, of a file that is signed or to be signed; drafts are for those who review them."""
    if isinstance(pdfs_of(ceremony.house, ceremony.agreement).get(pdf), ev.Drafted | None):
        raise HTTPException(404)
    try:
        image = page_image(ceremony.house, ceremony.agreement, pdf, page)
    except Refused as error:
        raise HTTPException(404) from error
    return Response(image, media_type="image/png", headers=KEPT_BY_ONE)


@router.get("/sign/{link}/document.pdf")
def file(ceremony: Entered) -> Response:
    """Hand out the newest file, byte for byte."""
    content = content_of(ceremony.house, ceremony.agreement, "pdf")
    return attachment(content, f"{ceremony.agreement}-{ceremony.pdf[:12]}.pdf", "application/pdf")


@router.get("/sign/{link}/how")
def how(ceremony: Entered) -> Response:
    """Offer the ways to sign that the policy accepts, each with what it legally is."""
    if ceremony.signed is not None or not ceremony.awaits:
        return ceremony.go("receipt" if ceremony.signed is not None else "")
    return ceremony.show(
        "sign_how.html",
        ways=ceremony.ways,
        own_software=[way for way in OWN_SOFTWARE if way in ceremony.ways],
        read=ceremony.shown == ceremony.pdf,
    )


@router.get("/sign/{link}/receipt")
def receipt(ceremony: Entered) -> Response:
    """Say what was signed, when and how, and what happens next."""
    if ceremony.signed is None:
        return ceremony.go()
    lines = signer_lines(ceremony.visit, ceremony.state)
    return ceremony.show(
        "sign_receipt.html",
        receipt=receipt_of(ceremony, ceremony.signed),
        waiting=[line for line in lines if line.signed is None],
        concluded=ceremony.state.stage in {Stage.CONCLUDED, Stage.ARCHIVED},
        archived=ceremony.state.receipt is not None,
    )


@router.post("/sign/{link}/dossier")
def dossier(ceremony: Entered, form: Posted) -> Response:  # noqa: ARG001  # posted by our own page only
    """Publish what is new in the ledger, make the dossier under it, and give it to whom has signed, once archived."""
    if ceremony.signed is None or ceremony.state.receipt is None:
        raise HTTPException(404)
    content = dossier_of(ceremony.house, ceremony.agreement)
    return attachment(content, f"{ceremony.agreement}.zip", "application/zip")


@router.post("/sign/{link}/again")
def again(visit: Anybody, link: str, form: Posted) -> Response:  # noqa: ARG001  # posted by our own page only
    """Mail another link to whom this one was sent to; the answer is the same whoever that is."""
    now = visit.house.clock()
    require_few_tries(visit.house, ("another link from", visit.neighbourhood), now=now, limit=ASKED_FROM)
    if LINK.fullmatch(link):
        require_few_tries(visit.house, ("another link", link), now=now, limit=NEW_LINKS)
        commands.mail_again(visit.house, link)
    return visit.go(
        f"/sign/{link}",
        notice=visit.language.say("If this link was sent to you, one that works is in your newest mail."),
    )


def _pages(ceremony: Ceremony, *, status: int = 200) -> Response:
    texts = page_texts(ceremony.house, ceremony.agreement, ceremony.pdf)
    return ceremony.show(
        "sign_pages.html", status=status, pages=texts, changes=changes_since_shown(ceremony), newer=status != 200
    )
