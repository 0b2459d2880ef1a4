from __future__ import annotations

import re
from asyncio import CancelledError

import pytest
from starlette.testclient import TestClient

from portal.app import create_app
from portal.guard import HEADERS, LARGEST_BODY_BYTES
from portal.routes import live
from tests.portal.kit import Visitor


@pytest.fixture
def nobody(portal_at) -> Visitor:
    return portal_at("requested").as_("nobody")


def test_making_the_portal_opens_nothing(tmp_path):
    create_app(tmp_path / "home")
    assert list(tmp_path.iterdir()) == []


def test_programs_learn_whether_it_is_well_and_nothing_else(nobody):
    answer = nobody.get("/health")
    assert set(answer.json()) == {"well", "at"}
    assert answer.status_code == (200 if answer.json()["well"] else 503)


@pytest.mark.parametrize("path", ["/", "/sign-in", "/health", "/nothing-here", "/static/0/portal.css", "/verify"])
def test_every_answer_is_guarded(nobody, path):
    headers = nobody.get(path).headers
    assert {name: headers[name] for name in HEADERS} == HEADERS
    assert headers["cache-control"] == "no-store"


def test_a_broken_page_is_guarded_and_says_nothing_of_the_fault(nobody, monkeypatch):
    def broken(_house: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr("flows.health.health", broken)
    answer = TestClient(nobody.portal.app, raise_server_exceptions=False).get("/health")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS


def test_pages_need_nothing_from_elsewhere_and_no_script_or_style_in_them(nobody):
    page = nobody.get("/sign-in").text
    links = re.findall(r"""(?:src|href|action)=["']([^"']*)""", page)
    assert links
    assert [link for link in links if not link.startswith(("/", "#"))] == []
    assert not re.search(r"<script(?![^>]*src)|<style|\sstyle=|\son\w+=", page)


def test_what_pages_share_is_kept_by_browsers_as_its_address_changes_with_it(nobody):
    address = re.findall(r'href="(/static/[^"]+[.]css)"', nobody.get("/sign-in").text)[0]
    answer = nobody.get(address)
    assert answer.headers["content-type"].startswith("text/css")
    assert "immutable" in answer.headers["cache-control"]
    assert nobody.get("/static/../app.py").status_code == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"content-length": str(LARGEST_BODY_BYTES + 1)}, 413), ({"transfer-encoding": "chunked"}, 411)],
    ids=["too large", "unknown length"],
)
def test_bodies_without_end_are_not_read(nobody, headers, status):
    assert nobody.client.post("/verify", headers=headers, content=b"").status_code == status


@pytest.mark.parametrize("path", ["/sign-in", "/nothing-here", "/verify", "/", "/static/0/portal.css"])
def test_a_page_answers_for_its_headers_alone(nobody, path):
    whole, head = nobody.get(path), nobody.client.head(path)
    assert (head.status_code, head.content) == (whole.status_code, b"")
    assert head.headers["content-type"] == whole.headers["content-type"] if whole.content else True
    assert {name: head.headers[name] for name in HEADERS} == HEADERS


def test_a_stream_asked_for_its_headers_alone_is_cut_off(portal_at, monkeypatch):
    portal, real, cut_off = portal_at("requested"), live.states, []

    async def states(*given):
        try:
            async for text in real(*given):
                yield text
        except (CancelledError, GeneratorExit) as end:
            cut_off.append(end)
            raise

    monkeypatch.setattr(live, "states", states)
    head = portal.as_("manager").client.head(f"/documents/{portal.agreement}/live")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"].startswith("text/event-stream")
    assert len(cut_off) == 1


def test_a_notice_waits_for_who_reads_it(portal_at):
    manager = portal_at("requested").as_("manager")
    manager.post("/profile/sessions/end", shown_on="/profile")
    manager.client.head("/profile")
    assert "Your other sessions have ended." in manager.get("/profile").text
    assert "Your other sessions have ended." not in manager.get("/profile").text


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/admin"])
def test_nothing_is_there_that_nobody_made(nobody, path):
    assert nobody.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/verify?x=%00", "/sign-in/%00"])
def test_no_address_holds_what_no_database_takes(nobody, path):
    assert nobody.get(path).status_code == 400


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/api/v1/documents/MOU-2026-0001%00", {}, 400),
        ("/api/v1/documents", {"content-length": str(LARGEST_BODY_BYTES + 1)}, 413),
    ],
    ids=["no such address", "too large"],
)
def test_programs_are_refused_in_one_form_even_before_a_route_is_found(nobody, path, headers, status):
    answer = nobody.client.get(path, headers=headers)
    assert answer.status_code == answer.json()["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS


def test_no_form_holds_what_no_database_takes(nobody):
    answer = nobody.post("/sign-in", {"email": "some\x00body@example.org", "password": "x"})
    assert answer.status_code == 422
    assert "a NUL character" in answer.text
