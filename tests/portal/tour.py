"""Every page of the portal: at which point of an agreement's way it is looked at, as whom, and what is in its address.

``python -m tests.portal.tour OUT`` (``make screenshots``) keeps a picture of each in light, dark and phone form, and a
test has axe-core judge each. Pages are found by walking the routes, so that none is forgotten.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from flows import commands
from flows.adoption import adopt_template
from flows.texts import kept_text
from schemas.evidence import digest_of
from schemas.people import Role
from tests.flows.test_adoption import template_with
from tests.flows.test_editing import with_sentence
from tests.installation import FIRST, REVIEWER, SECOND, RememberingOffice, Snapshots
from tests.portal.browser import chromium, served, window
from tests.portal.kit import ADMINISTRATOR, NOBODY, WHO, Portal
from tests.signing_ways import link_in, mails

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

POINTS = {
    "/review": "second draft",
    "/documents/{agreement}/facts": "in review",
    "/documents/{agreement}/amend": "second draft",
    "/documents/{agreement}/extend": "signing",
    "/documents/{agreement}/remind": "signing",
    "/documents/{agreement}/withdraw": "signing",
    "/sign/{link}/receipt": "archived",
    "/sign/{link}/take-back": "second invited",
    "/sign/": "signing",
    "/to-sign": "signing",
    "/delegations": "second invited",
    "/administration/delegations": "second invited",
}
"""At which point a page is looked at, by how its path begins; elsewhere at the end of the way."""

EXAMPLE = "gssc/mou-czech-cape-verdean-chamber"

MORE = (
    ("home-reviewer", "reviewer", "second draft", "/"),
    ("home-signatory", "signatory", "signing", "/"),
    ("home-auditor", "auditor", "archived", "/"),
    ("home-administrator", "administrator", "archived", "/"),
    ("document-in-review", "manager", "in review", "/documents/{agreement}"),
    ("document-signing", "manager", "signing", "/documents/{agreement}"),
    ("home-manager", "manager", "in review", "/"),
    ("audit-bound", "auditor", "archived", "/audit/{agreement}/bound?on={yesterday}"),
    ("document-evidence-auditor", "auditor", "archived", "/documents/{agreement}/evidence"),
)
"""Pages that look otherwise to somebody else or at another point: their name, who, when, and their path."""

LAST = "archived"

NO_PAGE = re.compile(
    r"\.[a-z-]+$|/live$|/answer$|/dossier$|/checkpoint$|/evidence/\{|/files/|\{signatory\}/evidence$|/preview$|^/health$|/openid$"
)
"""Downloads, streams, and what only a provider elsewhere leads to."""


@dataclass(frozen=True)
class Stop:
    """One page: who looks at it (a role, or ``nobody``), at which point, and its path with its places filled."""

    name: str
    role: str
    point: str
    route: str


def stops() -> Iterator[Stop]:
    """Return every page once, as the first role that may see it."""
    from tests.portal.test_routes import by_page

    for way in by_page():
        (allowed,) = way.allowed
        if way.method != "GET" or NO_PAGE.search(way.path):
            continue
        role = NOBODY if allowed.anybody else next(role for role in WHO if Role(role) in allowed.roles)
        name = re.sub(r"[{}]", "", way.path).strip("/").replace("/", "-") or "home"
        point = next((POINTS[begin] for begin in POINTS if way.path.startswith(begin)), LAST)
        yield Stop(name, role, point, way.path)
    yield from (Stop(*more) for more in MORE)


A_DAY = timedelta(days=1)


class Tour:
    """A portal a day after one point, with what its pages name: a form begun, a link mailed, a delegation given."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        portal.clock.now += A_DAY
        self._known: dict[str, str] = {"agreement": str(portal.agreement), "name": "mou", "section": "project"}

    def path(self, stop: Stop) -> str:
        """Return a stop's path with its places filled."""
        if "take-back" in stop.route or "delegations" in stop.route:
            self._once("signatory", self._delegation)
        return re.sub(r"\{(\w+)(?::\w+)?\}", lambda match: self._found(match[1], stop), stop.route)

    def _found(self, place: str, stop: Stop) -> str:
        house = self.portal.house
        match place:
            case "act":
                return "close" if stop.route.startswith("/administration/people") else "hold"
            case "handle":
                return house.people.get(FIRST).handle
            case "key":
                return min(path.stem for path in house.mail.folder.glob("*.eml"))
            case "link" if stop.route.startswith("/sign/"):
                return link_in(mails(house, "-sign-")[-1])
            case "yesterday":
                return (self.portal.clock.now - A_DAY).date().isoformat()
            case "document_type" | "edition":
                return {"document_type": "mou", "edition": "en"}[place]
        return self._known.get(place) or self._once(place, self._makers()[place])

    def _makers(self) -> dict[str, Callable[[], str]]:
        return {
            "form": self._form,
            "link": self._welcome,
            "docx": self._template,
            "webhook": lambda: (
                commands.register_webhook(self.portal.house, "https://example.org/told", by=ADMINISTRATOR)[0].id
            ),
            "number": self._comment,
            "digest": self._edit,
        }

    def _once(self, place: str, make: Callable[[], str]) -> str:
        if place not in self._known:
            self._known[place] = make()
        return self._known[place]

    def _form(self) -> str:
        begun = "/documents/new/type/mou"
        answer = self.portal.as_("manager").post(begun, {"start": f"example:{EXAMPLE}"}, shown_on=begun)
        return answer.headers["location"].split("/")[3]

    def _welcome(self) -> str:
        house = self.portal.house
        self.portal.as_("auditor")
        commands.invite(house, WHO["auditor"], by=ADMINISTRATOR)
        found = re.search(r"/welcome/([0-9a-f]{64})", mails(house, "ACCOUNT-")[-1])
        assert found is not None
        return found[1]

    def _template(self) -> str:
        changed = template_with("The Parties meet once a year.")
        adopt_template(self.portal.house, changed, document_type="mou", edition="en", by=ADMINISTRATOR)
        return digest_of(changed)

    def _comment(self) -> str:
        said = commands.comment(
            self.portal.house,
            self.portal.agreement,
            draft=2,
            anchor="term",
            heading="Term and renewal",
            text="Who gives the notice?",
            key="tour",
            by=REVIEWER,
        )
        return said.id

    def _edit(self) -> str:
        house, agreement = self.portal.house, self.portal.agreement
        edited = with_sentence(kept_text(house, agreement, 2))
        return commands.upload_edit(house, agreement, edited, draft=2, by=REVIEWER)

    def _delegation(self) -> str:
        house, agreement = self.portal.house, self.portal.agreement
        shown = self.portal.as_(NOBODY).get(f"/sign/{link_in(mails(house, '-sign-')[-1])}/document.pdf").content
        commands.delegate(
            house, agreement, by=SECOND, to="deputy@example.org", name="Deputy", authority=shown, reason="on leave"
        )
        [given] = house.ledger.state(agreement).delegations
        return given.signatory


FORMS: dict[str, dict[str, bool]] = {"light": {}, "dark": {"dark": True}, "phone": {"phone": True}}


def pictures(browser: Browser, out: Path, snapshots: Snapshots, only: str = "") -> Iterator[str]:
    """Keep a picture of every page whose name has ``only``, in every form, and yield its name."""
    out.mkdir(parents=True, exist_ok=True)
    wanted = sorted((stop for stop in stops() if re.search(only, stop.name)), key=lambda stop: stop.point)
    for point, group in groupby(wanted, key=lambda stop: stop.point):
        with tempfile.TemporaryDirectory() as folder, ExitStack() as windows:
            portal = Portal(snapshots, point, Path(folder) / "home")
            windows.callback(portal.close)
            tour, address = Tour(portal), windows.enter_context(served(portal.app))
            opened: dict[tuple[str, str], Page] = {}
            for stop in group:
                path = tour.path(stop)
                for form, options in FORMS.items():
                    if (stop.role, form) not in opened:
                        page = windows.enter_context(window(browser, portal, address, stop.role, **options))
                        opened[stop.role, form] = page
                    _picture(opened[stop.role, form], path, out / f"{stop.name}-{form}.png")
                yield f"{stop.name}: {path}"


def _picture(page: Page, path: str, file: Path) -> None:
    page.goto(path)
    page.evaluate(
        """async () => {
            const images = [...document.images];
            for (const image of images) image.loading = "eager";
            await Promise.allSettled(images.map(image => image.decode()));
        }"""
    )
    # what sticks to the window's edge would lie across a whole page
    page.screenshot(path=file, full_page=not page.locator(".bar").count())


def main() -> None:
    """Keep the pictures in the folder named by the first argument: all, or those whose name matches the second."""
    from templates.convert import OfficePool

    given = dict(enumerate(sys.argv[1:]))
    out, only = Path(given.get(0, "out/screenshots")), given.get(1, "")
    with tempfile.TemporaryDirectory() as folder, OfficePool(size=1) as pool, chromium() as browser:
        for name in pictures(browser, out, Snapshots(Path(folder), RememberingOffice(pool)), only):
            sys.stdout.write(f"{name}\n")


if __name__ == "__main__":
    main()
