"""Two changes of the same part of a form brought together: what only one of them touched is taken from that one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schemas.fields import Content


@dataclass(frozen=True)
class Clash:
    """A field that both changed: where it is, and what was saved there."""

    path: str
    saved: Content


def merged(
    opened: Mapping[str, Any], saved: Mapping[str, Any], typed: Mapping[str, Any]
) -> tuple[dict[str, Any], tuple[Clash, ...]]:
    """Return what ``typed`` changed of ``opened`` on top of ``saved``, and the fields that ``saved`` changed as well.

    There, what was typed is returned. ``None`` is a field that is not given.
    """
    clashes: list[Clash] = []
    values = {name: _merged(opened.get(name), saved.get(name), typed[name], name, clashes) for name in typed}
    return values, tuple(clashes)


def _merged(opened: Content, saved: Content, typed: Content, path: str, clashes: list[Clash]) -> Content:
    if typed in (opened, saved):
        return saved
    if saved == opened:
        return typed
    if isinstance(saved, dict) and isinstance(typed, dict):
        before = opened if isinstance(opened, dict) else {}
        found = {
            name: _merged(before.get(name), saved.get(name), typed.get(name), f"{path}.{name}", clashes)
            for name in dict.fromkeys((*saved, *typed))
        }
        return {name: value for name, value in found.items() if value is not None}
    if isinstance(saved, list) and isinstance(typed, list) and isinstance(opened, list):
        shorter, longer = sorted((len(saved), len(typed)))
        # rows that only one of them put at the end move no other row
        if shorter == len(opened) <= longer:
            added = saved[shorter:] or typed[shorter:]
            rows = zip(opened, saved, typed, strict=False)
            return [*(_merged(*row, f"{path}[{index}]", clashes) for index, row in enumerate(rows)), *added]
    clashes.append(Clash(path, saved))
    return typed
