"""The ledger as an auditor sees it: its head, proofs of single entries and of growth, and the last checks."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from flows.examinations import LEDGER, examine_ledger, is_under_way
from flows.examined import examined
from flows.log_reading import Grown, Placed, grown, head, placed
from portal.downloads import attachment
from portal.forms import Posted
from portal.verdicts import told_of_ledger
from portal.visit import Auditor, Visit
from schemas.errors import ConvenioError, Fault, InputError, Refused
from schemas.events import FixityChecked, RestoreDrilled

router = APIRouter()


@router.get("/audit/ledger")
def show(visit: Auditor) -> Response:
    """Show the head and the last checks; and with ``leaf``, or ``from`` and ``to``, a proof."""
    return _page(visit)


@router.post("/audit/ledger/check")
def check(visit: Auditor, form: Posted) -> RedirectResponse:  # noqa: ARG001  # from our own page only
    """Prove ledger and store again; what takes longer goes on, and the page finds it again."""
    examine_ledger(visit.house)
    return visit.go("/audit/ledger#check")


@router.get("/audit/ledger/checkpoint")
def checkpoint(visit: Auditor) -> Response:
    """Give the newest checkpoint, as it is signed and co-signed."""
    found = head(visit.house)
    if found is None:
        raise HTTPException(404)
    return attachment(found.checkpoint.note.encode(), f"checkpoint-{found.checkpoint.tree_size}.txt", "text/plain")


@router.get("/audit/ledger/checkpoint.tsr")
def token(visit: Auditor) -> Response:
    """Give the RFC 3161 token over the newest checkpoint."""
    found = head(visit.house)
    if found is None or found.token is None:
        raise HTTPException(404)
    name = f"checkpoint-{found.checkpoint.tree_size}.tsr"
    return attachment(found.token, name, "application/timestamp-reply")


@router.get("/audit/ledger/leaves/{leaf}.json")
def leaf(visit: Auditor, leaf: int) -> Response:
    """Give one entry as it stands in the ledger, its exact bytes."""
    return attachment(_placed(visit, leaf).leaf, f"leaf-{leaf}.json", "application/json")


@router.get("/audit/ledger/leaves/{leaf}.tlog-proof")
def proof(visit: Auditor, leaf: int) -> Response:
    """Give the proof that an entry stands in the ledger (C2SP tlog-proof)."""
    return attachment(_placed(visit, leaf).proof, f"leaf-{leaf}.tlog-proof", "text/plain")


def _page(visit: Visit) -> Response:
    query, house = visit.request.query_params, visit.house
    asked_leaf, old, new = (query.get(name, "").strip() for name in ("leaf", "from", "to"))
    shown: Placed | None = None
    grew: Grown | None = None
    error: ConvenioError | None = None
    try:
        if asked_leaf:
            shown = placed(house, _number(asked_leaf, "leaf"))
        if old or new:
            grew = grown(house, _number(old, "from"), _number(new, "to"))
    except (InputError, Refused) as refused:
        error = refused
    recorded = [one.entry.event for one in reversed(house.ledger.installation_entries())]
    found = examined(house, LEDGER)
    return visit.show(
        "audit_ledger.html",
        status=422 if error else 200,
        head=head(house),
        error=error,
        leaf=asked_leaf,
        old=old,
        new=new,
        placed=shown,
        grown=grew,
        fixity=next((event for event in recorded if isinstance(event, FixityChecked)), None),
        drill=next((event for event in recorded if isinstance(event, RestoreDrilled)), None),
        examined=found,
        told=told_of_ledger(visit.language, found.checked, log=house.log_store.name)
        if found and found.checked
        else None,
        under_way=is_under_way(house, LEDGER),
        witnesses=house.settings.witnesses,
    )


def _placed(visit: Visit, leaf_index: int) -> Placed:
    try:
        return placed(visit.house, leaf_index)
    except Refused as error:
        raise HTTPException(404) from error


def _number(text: str, name: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 15):
        fault = Fault(name, "is missing" if not text else "is no whole number", expected="a whole number")
        raise InputError("there is no such place in the ledger", [fault])
    return int(text)
