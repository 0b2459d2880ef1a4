"""Live progress: the state of a document as server-sent events (WHATWG HTML 9.2), for as long as its page is open.

::

    event: state        the state line, the stepper, and what is under way or failed, as HTML of ours
    : still here        now and then, so that nothing between us closes the connection

A stream ends after a minute, and the browser asks anew: so whoever is signed out, or restarted, is noticed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from time import monotonic

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from portal.document_view import standing
from portal.reading import agreement_of
from portal.rendering import rendered
from portal.visit import SignedIn, Visit

router = APIRouter()

STREAM_SECONDS = 60.0
BUSY_SECONDS = 1.0
"""How often one looks while a machine is at work."""
CALM_SECONDS = 4.0
"""How often while people are awaited."""
STILL_HERE_SECONDS = 15.0
COME_BACK_MILLISECONDS = 2000


@router.get("/documents/{agreement}/live")
def live(visit: SignedIn, agreement: str) -> StreamingResponse:
    """Send the state of a document whenever it changes."""
    agreement_of(visit, agreement)
    return StreamingResponse(
        states(visit, agreement), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
    )


async def states(visit: Visit, agreement: str) -> AsyncIterator[str]:
    """Yield an event with each state that differs from the one before."""
    begun = spoken = monotonic()
    yield f"retry: {COME_BACK_MILLISECONDS}\n\n"
    before = ""
    while True:
        fragment, key, busy = await run_in_threadpool(fragment_of, visit, agreement)
        if key != before:
            yield event("state", fragment)
            before, spoken = key, monotonic()
        elif monotonic() - spoken >= STILL_HERE_SECONDS:
            yield ": still here\n\n"
            spoken = monotonic()
        if monotonic() - begun >= STREAM_SECONDS:
            return
        await asyncio.sleep(BUSY_SECONDS if busy else CALM_SECONDS)


def fragment_of(visit: Visit, agreement: str) -> tuple[str, str, bool]:
    """Return the live part of a document's page, what changes with what it says, and whether a machine is at work."""
    state = agreement_of(visit, agreement)
    values = standing(visit, state)
    fragment = rendered("document_live.html", visit, state=state, **values)
    return fragment, str(values["live_key"]), values["under_way"] is not None


def event(name: str, text: str) -> str:
    """Return one event; every line of its text on a line of its own."""
    lines = "".join(f"data: {line}\n" for line in text.splitlines())
    return f"event: {name}\n{lines}\n"
