"""Ids inside a document that nobody has to think of: made from what an entry says, or counted up."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from schemas.fields import Content, Group, Known, Leaf, Part, Rows, is_blank, text_of

NAMED_BY = ("short_name", "name", "title", "heading", "partnership", "legal_name", "text")
"""From which field beside it an id is made."""


def with_ids(part: Part, content: Content) -> Content:
    """Return content in which every row that has an id and was given none has one, made from what the row says."""
    if isinstance(part, Known) and isinstance(content, dict) and "value" in content:
        return {**content, "value": with_ids(part.value, content["value"])}
    if isinstance(part, Group) and isinstance(content, dict):
        below = {one.name: with_ids(one, content[one.name]) for one in part.parts if one.name in content}
        return {**content, **below}
    if not isinstance(part, Rows) or not isinstance(content, list):
        return content
    rows = [with_ids(part.item, row) for row in content]
    own = next((one for one in part.item.parts if one.name == "id"), None) if isinstance(part.item, Group) else None
    if not isinstance(own, Leaf):
        return rows
    taken = {row.get("id") for row in rows if isinstance(row, dict)}
    for row in rows:
        if isinstance(row, dict) and not is_blank(part.item, row) and not row.get("id"):
            row["id"] = _new_id(own, row, taken, part.name)
            taken.add(row["id"])
    return rows


def _new_id(own: Leaf, row: Mapping[str, Content], taken: set[object], name: str) -> str:
    if own.stem:
        return next(f"{own.stem}{number}" for number in range(1, 1000) if f"{own.stem}{number}" not in taken)
    named = f"for {row['party']}" if isinstance(row.get("party"), str) else ""
    words = named or next((text for field in NAMED_BY if (text := text_of(row.get(field)))), "")
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-0123456789")[:30].strip("-") or name.replace("_", "-")[:30]
    return stem if stem not in taken else next(f"{stem}-{n}" for n in range(2, 1000) if f"{stem}-{n}" not in taken)
