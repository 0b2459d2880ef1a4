"""What a posted page of a form says: from fields named by path to plain data, and back without a loss.

A field is posted under its path (``parties[1].country.value``), the number of rows of a list under ``parties#``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from schemas.fact import Status, as_fact
from schemas.fields import (
    CLAIMS,
    Content,
    Group,
    Kind,
    Known,
    Leaf,
    Part,
    Rows,
    Words,
    at,
    empty_of,
    is_blank,
    part_at,
    steps_of,
)  # fmt: skip

MOST_ROWS = 400
MOST_ROWS_OF_A_PAGE = 5000
"""In all lists together; a page cannot post more fields than that."""

PATH = re.compile(r"[a-z_]\w*(?:\[[0-9]{1,3}\]|\.[a-z_]\w*)*", re.ASCII)
Posted = Mapping[str, Sequence[str]]
Languages = tuple[str, ...]


def content_from(
    part: Part, path: str, posted: Posted, before: Content, *, languages: Languages = ("en",), pruned: bool = True
) -> Content:
    """Return what was posted for ``part`` at ``path``; ``None`` where nothing was given.

    ``before`` is what stood there: confirmations of facts are taken from it alone. Without ``pruned`` empty rows stay.
    """
    reader = _Reader(posted, languages, pruned=pruned)
    return reader.read(part, path, before)


class _Reader:
    def __init__(self, posted: Posted, languages: Languages, *, pruned: bool) -> None:
        self.posted, self.languages, self.pruned = posted, languages, pruned
        self.rows_left = MOST_ROWS_OF_A_PAGE

    def read(self, part: Part, path: str, before: Content) -> Content:
        if isinstance(part, Leaf):
            return value_of(part, self.text(path))
        if isinstance(part, Words):
            return self.words(path, before)
        if isinstance(part, Known):
            return self.known(part, path, before)
        if isinstance(part, Group):
            return self.group(part, path, before)
        assert isinstance(part, Rows)  # noqa: S101  # there are no other parts
        return self.rows(part, path, before)

    def text(self, path: str) -> str:
        return (self.posted.get(path) or [""])[0].strip()

    def words(self, path: str, before: Content) -> Content:
        written = [*self.languages] if len(self.languages) > 1 else []
        written += [one for one in before if one not in written] if isinstance(before, dict) else []
        if not written:
            return one_paragraph(self.text(path)) or None
        texts = {language: one_paragraph(self.text(f"{path}.{language}")) for language in written}
        return {language: text for language, text in texts.items() if text} or None

    def known(self, part: Known, path: str, before: Content) -> Content:
        before = as_fact(before)
        value = self.read(part.value, f"{path}.value", before.get("value"))
        value = None if is_blank(part.value, value) else value
        fact: dict[str, Any] = {"value": value, "status": self.text(f"{path}.status") or str(Status.STATED)}
        fact |= {name: one_paragraph(self.text(f"{path}.{name}")) for name in ("source", "owner")}
        fact["claims"] = self.rows(CLAIMS, f"{path}.claims", before.get("claims"))
        if fact["status"] == Status.CONFIRMED:
            if value == before.get("value") and before.get("confirmation"):
                fact["confirmation"] = before["confirmation"]
            else:
                fact["status"] = str(Status.STATED)
        fact = {name: one for name, one in fact.items() if one not in (None, "", [])}
        return None if is_blank(part, fact) else fact

    def group(self, part: Group, path: str, before: Content) -> Content:
        before = before if isinstance(before, dict) else {}
        below = {one.name: self.read(one, f"{path}.{one.name}", before.get(one.name)) for one in part.parts}
        given = {name: value for name, value in below.items() if value is not None}
        # of a group that is needed every field is asked for, not the group as a whole
        return given if part.required or not is_blank(part, given) else None

    def rows(self, part: Rows, path: str, before: Content) -> Content:
        before = before if isinstance(before, list) else []
        if f"{path}#" not in self.posted:
            # boxes to tick have no rows: what is ticked is what there is, in the order in which it stood before
            if not isinstance(part.item, Leaf):
                return before or None
            ticked = [value_of(part.item, one) for one in self.posted.get(path, ())]
            return [*(one for one in before if one in ticked), *(one for one in ticked if one not in before)] or None
        count = self.text(f"{path}#")
        rows: list[Content] = []
        told = min(int(count), MOST_ROWS, self.rows_left) if re.fullmatch("[0-9]{1,4}", count) else 0
        self.rows_left -= told
        for index in range(told):
            here = f"{path}[{index}]"
            if isinstance(part.item, Words) and len(self.languages) == 1:
                paragraphs = [one for one in re.split(r"\n\s*\n", self.text(here).replace("\r", "")) if one.strip()]
                if len(paragraphs) > 1:
                    rows += map(one_paragraph, paragraphs)
                    continue
            rows.append(self.read(part.item, here, before[index] if index < len(before) else None))
        empty = empty_of(part.item)
        if self.pruned:
            rows = [row for row in rows if not is_blank(part.item, row)]
            rows += [empty] * (part.least - len(rows))
        return [empty if row is None else row for row in rows] or None


def value_of(part: Part, text: str) -> Content:
    """Return what a text says as a value of ``part``: a number or a flag where it is one, else the text itself."""
    text = text.strip()
    if not text:
        return None
    kind = part.kind if isinstance(part, Leaf) else Kind.LINE
    if kind is Kind.NUMBER and re.fullmatch(r"-?[0-9]{1,18}", text):
        return int(text)
    if kind is Kind.FLAG and text.lower() in {"true", "false"}:
        return text.lower() == "true"
    return text


def one_paragraph(text: str) -> str:
    """Return a text on one line: how wide a box is says nothing about where a paragraph ends."""
    return " ".join(text.split())


def grown(whole: Part, content: Content, path: str) -> Content:
    """Return content of ``whole`` with an empty row more in the list at ``path``, if there is one."""
    if not _is_path(path):
        return content
    part, rows = part_at(whole, path), at(content, path)
    if not isinstance(part, Rows):
        return content
    return _put(content, path, [*(rows if isinstance(rows, list) else []), empty_of(part.item)])


def without_row(content: Content, path: str) -> Content:
    """Return content without the row at ``path``."""
    if not _is_path(path):
        return content
    whole, _, index = path.rstrip("]").rpartition("[")
    rows = at(content, whole)
    if not isinstance(rows, list) or not index.isdigit() or int(index) >= len(rows):
        return content
    return _put(content, whole, [row for number, row in enumerate(rows) if number != int(index)])


def _is_path(path: str) -> bool:
    steps = steps_of(path) if PATH.fullmatch(path) else ()
    return bool(steps) and all(step < MOST_ROWS for step in steps if isinstance(step, int))


def _put(content: Content, path: str, value: Content) -> Content:
    steps = steps_of(path)

    def put(place: Content, rest: tuple[str | int, ...]) -> Content:
        if not rest:
            return value
        step, *below = rest
        if isinstance(step, int):
            rows = list(place) if isinstance(place, list) else []
            rows += [""] * (step + 1 - len(rows))
            rows[step] = put(rows[step], tuple(below))
            return rows
        fields = dict(place) if isinstance(place, dict) else {}
        fields[step] = put(fields.get(step), tuple(below))
        return fields

    return put(content, steps)
