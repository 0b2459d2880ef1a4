"""Forms as a browser without scripts fills them in: a page posts what it shows, and rows come by their buttons."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.portal.kit import Visitor

Fields = dict[str, list[str]]


class _Fields(HTMLParser):
    """The fields of one form, and the values of its buttons."""

    def __init__(self, form: str) -> None:
        super().__init__()
        self.wanted, self.inside = form, False
        self.fields: Fields = {}
        self.buttons: list[str] = []
        self.select: tuple[str, list[str], list[str]] | None = None
        self.area: tuple[str, list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = given.get("id") == self.wanted
        if tag == "button" and (self.inside or given.get("form") == self.wanted):
            self.buttons.append(given.get("value", ""))
        if not self.inside:
            return
        name = given.get("name", "")
        if tag == "input" and (given.get("type") not in {"radio", "checkbox"} or "checked" in given):
            self.fields.setdefault(name, []).append(given.get("value", ""))
        elif tag == "textarea":
            self.area = (name, [])
        elif tag == "select":
            self.select = (name, [], [])
        elif tag == "option" and self.select is not None:
            self.select[2].append(given.get("value", ""))
            if "selected" in given:
                self.select[1].append(given.get("value", ""))

    def handle_data(self, data: str) -> None:
        if self.area is not None:
            self.area[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self.area is not None:
            self.fields[self.area[0]] = ["".join(self.area[1])]
            self.area = None
        elif tag == "select" and self.select is not None:
            name, chosen, offered = self.select
            self.fields[name] = chosen or offered[:1]
            self.select = None
        elif tag == "form":
            self.inside = False


def form_on(page: str, form: str = "fields") -> tuple[Fields, list[str]]:
    """Return what a form on a page would post as it is shown, and what its buttons are worth."""
    reader = _Fields(form)
    reader.feed(page)
    return reader.fields, reader.buttons


def typed(content: Any, path: str = "") -> Fields:
    """Return content as fields: every value under its path, lists of plain values under that of the list."""
    if isinstance(content, dict):
        below = ((f"{path}.{name}" if path else name, value) for name, value in content.items())
        return {name: text for where, value in below for name, text in typed(value, where).items()}
    if isinstance(content, list):
        below = ((f"{path}[{index}]", value) for index, value in enumerate(content))
        rows = {name: text for where, value in below for name, text in typed(value, where).items()}
        return rows | ({path: [str(one) for one in content]} if all(isinstance(one, str) for one in content) else {})
    return {path: [str(content).lower() if isinstance(content, bool) else str(content)]}


def fill_in(visitor: Visitor, address: str, wanted: Fields) -> Any:
    """Type ``wanted`` into the form at ``address``, adding rows by their buttons, and press *Save and continue*."""
    for _ in range(60):
        page = visitor.get(address)
        assert page.status_code == 200, page.text[:2000]
        fields, buttons = form_on(page.text)
        mine = {name: values for name, values in wanted.items() if _is_on(name, page.text)}
        missing = [name for name in wanted if name not in mine and not _stands_for_rows(name, wanted, fields)]
        fields |= mine
        if not missing:
            return visitor.client.post(address, data={**fields, "act": "next"})
        lists = [one.removeprefix("add:") for one in buttons if one.startswith("add:")]
        within = [one for one in lists if missing[0].startswith(f"{one}[")]
        act = f"add:{max(within, key=len)}" if within else "stay"
        answer = visitor.client.post(address, data={**fields, "act": act})
        assert answer.status_code in {303, 422}, answer.text[:2000]
    raise AssertionError(f"these fields never came: {missing[:5]}")


def _is_on(name: str, page: str) -> bool:
    return re.search(rf'\bname="{re.escape(name)}"', page) is not None


def _stands_for_rows(name: str, wanted: Fields, fields: Fields) -> bool:
    """Whether a list of plain values is shown as rows, or as boxes to tick."""
    ticked = re.fullmatch(r"(.+)\[\d+\]", name)
    return f"{name}#" in fields or bool(ticked and ticked[1] in wanted and f"{ticked[1]}#" not in fields)
