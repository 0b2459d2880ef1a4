from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from flows.draft import draft
from flows.due import Due
from flows.failures import keep_failure
from portal.routes import live
from portal.visit import Visit
from schemas.errors import ConversionUnavailable, TemplateFault
from tests.portal.kit import text_of


@pytest.fixture
def watched(portal_at, monkeypatch):
    """The portal of a document that is being drafted, and what its stream says until ``act`` did something."""
    portal = portal_at("requested")
    person = portal.house.people.get("auditor@example.org")
    request = type("Request", (), {"cookies": {}, "headers": {}})()
    visit = replace(Visit(request, portal.house), person=person)  # the stream asks for no more of a request
    monkeypatch.setattr(live, "BUSY_SECONDS", 0)
    monkeypatch.setattr(live, "CALM_SECONDS", 0)

    async def follow(act):
        stream = live.states(visit, portal.agreement)
        said = [await anext(stream) for _ in range(2)]
        act()
        said.append(await anext(stream))
        await stream.aclose()
        return said

    def followed(act):
        # in a thread of its own: that of the tests may hold a browser, and with it a loop
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(lambda: asyncio.run(follow(act))).result()

    return portal, followed


def test_a_stream_says_what_is_under_way_and_then_what_came_of_it(watched):
    portal, follow = watched
    retry, first, second = follow(lambda: draft(portal.house, portal.agreement, 1))
    assert retry == "retry: 2000\n\n"
    assert first.startswith("event: state\ndata: ")
    assert first.endswith("\n\n")
    assert "Convenio makes draft 1" in first
    assert "In review" in second
    assert "Convenio makes" not in second


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ConversionUnavailable("LibreOffice did not answer"), "it is tried again"),
        (TemplateFault("no such field"), "mend"),
    ],
)
def test_a_stream_says_what_failed_and_what_happens_next(watched, error, said):
    portal, follow = watched

    def fail():
        portal.house.outbox.mark_dispatched(portal.house.outbox.due()[0], "run", portal.clock())
        keep_failure(portal.house, Due("draft", portal.agreement, 1), error)

    _, _, event = follow(fail)
    assert "cannot go on by itself" in event
    assert said in event


def test_a_stream_ends_so_that_who_is_signed_out_is_noticed(portal_at, monkeypatch):
    monkeypatch.setattr(live, "STREAM_SECONDS", 0)
    portal = portal_at("second draft")
    visitor = portal.as_("auditor")
    answer = visitor.get(f"/documents/{portal.agreement}/live")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.text.count("event: state") == 1
    assert "waits for Legal" in text_of(answer.text)
    visitor.post("/sign-out", shown_on=f"/documents/{portal.agreement}")
    assert visitor.get(f"/documents/{portal.agreement}/live").status_code == 303


def test_what_failed_is_not_told_to_signatories(portal_at):
    portal = portal_at("signing")
    keep_failure(portal.house, Due("collect", portal.agreement, 0), TemplateFault("a secret of the house"))
    answer = portal.as_("signatory").get(f"/documents/{portal.agreement}")
    assert answer.status_code == 200
    assert "a secret of the house" not in answer.text


def test_every_line_of_an_event_is_its_own():
    assert live.event("state", "<p>\none</p>") == "event: state\ndata: <p>\ndata: one</p>\n\n"
