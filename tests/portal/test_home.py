from __future__ import annotations

import pytest

from flows import form_drafts
from tests.installation import MANAGER
from tests.portal.kit import text_of

TITLE = "Memorandum of Understanding on green and smart solutions for small cities"


def home(portal, role):
    return text_of(portal.as_(role).get("/").text)


HEADINGS = {
    "requested": {"manager": "You wait for"},
    "in review": {"manager": "Waiting for you", "reviewer": "Waiting for you"},
    "second draft": {"manager": "You wait for", "reviewer": "Waiting for you"},
    "signing": {"manager": "You wait for", "signatory": "Waiting for you", "reviewer": "Recently changed"},
    "archived": {"auditor": "Recently changed", "manager": "Recently changed"},
}


@pytest.mark.parametrize("point", HEADINGS)
def test_a_document_stands_under_the_heading_that_says_what_it_is_to_this_person(portal_at, point):
    portal = portal_at(point)
    for role, heading in HEADINGS[point].items():
        page = home(portal, role)
        assert page.count(TITLE) == 1
        above = [
            one for one in ("Waiting for you", "You wait for", "Recently changed") if one in page.partition(TITLE)[0]
        ]
        assert max(above, key=page.rindex) == heading


def test_who_may_not_read_a_document_does_not_see_it_at_home(portal_at):
    portal = portal_at("archived")
    for role in ("signatory", "administrator"):
        assert TITLE not in home(portal, role)


def test_unfinished_forms_come_first(portal_at):
    portal = portal_at("in review")
    person = portal.house.people.get(MANAGER)
    form = form_drafts.begin(portal.house, person, "mou", {"title": "A memorandum nobody has finished"})
    page = portal.as_("manager").get("/").text
    assert page.index(f"/documents/new/{form.id}") < page.index(TITLE)
    assert "A memorandum nobody has finished" not in home(portal, "reviewer")


def test_home_leads_those_for_whom_nothing_waits_to_their_work(portal_at):
    portal = portal_at("archived")
    for role, path in {"auditor": "/audit", "administrator": "/administration"}.items():
        assert f'<a class="button" href="{path}">' in portal.as_(role).get("/").text
    assert 'class="button" href="/audit"' not in portal.as_("manager").get("/").text


def test_an_empty_home_says_what_to_do_first(portal_at):
    portal = portal_at("archived")
    assert "Nothing waits for you" in home(portal, "manager")
    assert "/documents/new" in portal.as_("manager").get("/").text
    assert "/documents/new" not in portal.as_("auditor").get("/").text
