from __future__ import annotations

import csv
from datetime import timedelta
from html.parser import HTMLParser
from io import StringIO

import pytest

from portal.listing import asked
from portal.routes.documents import cell
from tests.installation import FIRST, MANAGER
from tests.portal.kit import text_of

TITLE = "Memorandum of Understanding on green and smart solutions for small cities"


def listed(portal, address, role="auditor"):
    answer = portal.as_(role).get(address)
    assert answer.status_code == 200
    return TITLE in answer.text


def test_the_list_says_title_type_state_parties_and_owner(portal_at):
    page = text_of(portal_at("second draft").as_("auditor").get("/documents").text)
    for part in (TITLE, "Memorandum of understanding", "Draft 2 · In review · waits for Legal", "GSSC, the Chamber"):
        assert part in page
    assert page.index("Owner") < page.index("Manager")


FINDING = [
    "stage=review",
    "type=mou",
    "q=czech+chamber",
    "q=MOU-",
    "q=mou-&stage=review",
    f"q={MANAGER}",
    f"q={FIRST}",
    "view=board",
    "view=board&stage=review",
    "stage=nonsense&type=nonsense&after=nonsense&view=nonsense",
    "mine=0",
    "after=2999-01-01T00:00:00%2B00:00~X",
]
LEAVING_OUT = [
    "stage=archived",
    "type=roadmap",
    "q=lisbon",
    "mine=1",
    "overdue=1",
    "view=board&stage=archived",
    "q=ffffffff",
    "after=2000-01-01T00:00:00%2B00:00~X",
]


def test_filters_and_search_find_it_or_leave_it_out(portal_at):
    visitor = portal_at("second draft").as_("auditor")
    for query in (*FINDING, *LEAVING_OUT):
        answer = visitor.get(f"/documents?{query}")
        assert answer.status_code == 200
        assert (query, TITLE in answer.text) == (query, query in FINDING)


def test_a_manager_finds_their_own(portal_at):
    assert listed(portal_at("second draft"), "/documents?mine=1", "manager")


def test_every_digest_of_a_document_finds_it(portal_at):
    portal = portal_at("signed once")
    state = portal.house.ledger.state(portal.agreement)
    for digest in (state.data, state.content.pdf, state.content.docx, state.pdf):
        assert listed(portal, f"/documents?q={digest[:8]}")
        assert listed(portal, f"/documents?q={digest}")


def test_who_does_not_read_everything_has_no_list(portal_at):
    portal = portal_at("requested")
    for visitor in map(portal.as_, ("signatory", "administrator")):
        assert [visitor.get(path).status_code for path in ("/documents", "/documents.csv")] == [403, 403]


class Links(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag == "a" and (dict(attrs).get("href") or "").startswith("/documents?"):
            self.found.append(dict(attrs)["href"])


def test_every_filter_is_a_link_that_keeps_the_others(portal_at):
    visitor = portal_at("second draft").as_("auditor")
    links = Links(visitor.get("/documents?q=%22chamber%22+%26&stage=review").text).found
    assert any("mine=1" in link and "q=%22chamber%22+%26" in link and "stage=review" in link for link in links)
    for link in links:
        assert visitor.get(link).status_code == 200


def test_pages_of_the_list_follow_each_other_without_gap(portal_at, monkeypatch):
    from portal.routes import documents

    portal = portal_at("second draft")
    for number in range(4):
        portal.clock.now += timedelta(minutes=1)
        another(portal, number)
    monkeypatch.setattr(documents, "ON_ONE_PAGE", 2)
    visitor, found, address = portal.as_("auditor"), [], "/documents"
    while address:
        page = visitor.get(address).text
        found += [part.partition("<")[0] for part in page.split('class="quiet small">MOU-')[1:]]
        address = next((link for link in Links(page).found if "after=" in link), None)
    assert [one.partition(" ")[0] for one in found] == [f"{portal.agreement[4:8]}-000{n}" for n in (5, 4, 3, 2, 1)]


def another(portal, number):
    from flows import commands
    from flows.act import data_of

    document = data_of(portal.house, portal.house.ledger.entries(portal.agreement)[0].entry.event.data)
    changed = document.model_copy(update={"title": type(document.title).model_validate(f"Another one, {number}")})
    return commands.request(portal.house, changed, by=MANAGER).state.agreement


def test_the_file_holds_every_line_and_says_it_is_utf_8(portal_at):
    portal = portal_at("second draft")
    another(portal, 1)
    answer = portal.as_("auditor").get("/documents.csv?q=mou")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="documents-2')
    assert answer.content.startswith(b"\xef\xbb\xbf")
    heading, *lines = csv.reader(StringIO(answer.content.decode("utf-8-sig")))
    assert heading[0] == "Document"
    assert [line[0][-1] for line in lines] == ["2", "1"]
    assert lines[1][3] == "GSSC, the Chamber"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(text):
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Draft 2", "1-1", "a=b"])
def test_other_cells_stay_as_they_are(text):
    assert cell(text) == text


def test_an_address_leads_back_to_itself():
    what = asked({"q": " a b ", "stage": "review", "type": "mou", "mine": "1", "overdue": "1", "view": "board"})
    assert what.link() == "/documents?q=a+b&stage=review&type=mou&mine=1&overdue=1&view=board"
    at = "2026-03-02T09:00:00+00:00~MOU-2026-0001"
    found = asked({"after": at})
    assert found.link(after=found.after) == "/documents?after=2026-03-02T09%3A00%3A00%2B00%3A00~MOU-2026-0001"
    assert asked({"after": "2026-03-02T09:00:00~MOU-2026-0001"}).after is None  # an instant without its zone


@pytest.mark.parametrize("place", ["0001-01-01T00:00:00+23:00~X", "9999-12-31T23:59:59-23:00~X", "soon~X"])
def test_a_place_that_is_none_begins_at_the_beginning(place):
    assert asked({"after": place}).after is None
