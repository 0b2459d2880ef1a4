"""How the data of a draft differs from that of another, field by field.

Items of a list are the same where their id, or what names them otherwise, is the same: an inserted party does not
change every other. A fact is one field; its status is shown behind its value.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias, TypeGuard

from pydantic import BaseModel

from schemas.fact import OPEN
from templates.redlines.alignment import alike, staying, without

Kind = Literal["added", "removed", "changed", "moved"]

Tree: TypeAlias = "Mapping[str, Tree] | Sequence[Tree] | str | int | float | bool | None"
"""Data as JSON holds it."""

KEYS = ("id", "code", "agreement", "party", "clause", "short_name", "name", "title", "heading", "market", "country")
"""What names an item of a list, the best first."""
FACT = frozenset({"value", "status", "source", "owner", "claims", "confirmation"})
"""The fields of :class:`schemas.fact.Fact`."""
SAME_ITEM = 0.6
"""From how much common text on an item without a name counts as the same, changed."""
RENAMED = frozenset({None, "name", "title", "heading"})
"""Names that are texts themselves and may be changed; and no name at all."""


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs; ``before`` and ``after`` are its values as text, ``None`` where it was not there.

    ``path`` names items by what names them (``parties[gssc].seat``), else by their number from 0 in the new data, or
    in the old where they are in it no more (``agenda[2 before]``). ``place`` numbers all of them as the new data does
    (``parties[0].seat``), ``place_before`` as the old one; each is ``None`` where an item on the way is not in it.
    ``settles`` says that a fact was open and is not any more. A moved item has its places in the list, counted from 1.
    """

    path: str
    before: str | None
    after: str | None
    kind: Kind
    place: str | None = dataclasses.field(default=None, compare=False)
    place_before: str | None = dataclasses.field(default=None, compare=False)
    settles: bool = dataclasses.field(default=False, compare=False)

    def as_json(self) -> dict[str, str | None]:
        """Return what differs by name, as JSON can hold it."""
        return {"path": self.path, "before": self.before, "after": self.after, "kind": self.kind}

    def __str__(self) -> str:
        match self.kind:
            case "added":
                return f"{self.path}: added {self.after}"
            case "removed":
                return f"{self.path}: removed {self.before}"
            case "moved":
                return f"{self.path}: moved from {self.before} to {self.after}"
            case _:
                return f"{self.path}: {self.before} → {self.after}"


class _Row(NamedTuple):
    """An item of a list: its number from 0 in the old data and in the new, and what names it."""

    old: int | None
    new: int | None
    name: str | None


_Steps: TypeAlias = tuple[str | _Row, ...]


def data_changes(before: BaseModel | Mapping[str, Tree], after: BaseModel | Mapping[str, Tree]) -> tuple[Change, ...]:
    """Return what differs between two states of a document's data, in the order of its fields."""
    return tuple(_changes((), _tree(before), _tree(after)))


def _tree(data: BaseModel | Mapping[str, Tree]) -> Mapping[str, Tree]:
    return data.model_dump(mode="json") if isinstance(data, BaseModel) else data


def _changes(path: _Steps, before: Tree, after: Tree) -> Iterator[Change]:
    if before == after and type(before) is type(after):
        return
    if _is_fact(before) and _is_fact(after):
        yield from _fact_changes(path, before, after)
    elif isinstance(before, Mapping) and isinstance(after, Mapping) and not _is_fact(before) and not _is_fact(after):
        for name in _in_order(after, before):
            yield from _changes((*path, name), before.get(name), after.get(name))
    elif _is_list(before) and _is_list(after):
        yield from _list_changes(path, before, after)
    elif _is_value(before) and _is_value(after) and before is not None and after is not None:
        yield _change(path, _shown(before), _shown(after), "changed")
    else:
        yield from (_change(leaf, text, None, "removed") for leaf, text in _leaves(path, before))
        yield from (_change(leaf, None, text, "added") for leaf, text in _leaves(path, after))


def _fact_changes(path: _Steps, before: Mapping[str, Tree], after: Mapping[str, Tree]) -> Iterator[Change]:
    """Yield the change of a fact as a whole; where value and status stay, of what it rests on."""
    if (before.get("value"), before.get("status")) != (after.get("value"), after.get("status")):
        settles = before.get("status") in OPEN and after.get("status") not in OPEN
        yield _change(path, _shown(before), _shown(after), "changed", settles=settles)
        return
    for name in _in_order(after, before):
        yield from _changes((*path, name), before.get(name), after.get(name))


def _list_changes(path: _Steps, before: Sequence[Tree], after: Sequence[Tree]) -> Iterator[Change]:
    key = _key_of(before, after)
    pairs = _pairs(before, after, key)
    in_order = staying([old for old, _ in pairs])
    old_of = {new: old for old, new in pairs}
    kept = set(old_of.values())
    for old, item in enumerate(before):
        if old not in kept:
            row = _item(path, item, key, old=old)
            yield from (_change(leaf, text, None, "removed") for leaf, text in _leaves(row, item))
    for new, item in enumerate(after):
        old = old_of.get(new)
        row = _item(path, item, key, old=old, new=new)
        if old is None:
            yield from (_change(leaf, None, text, "added") for leaf, text in _leaves(row, item))
            continue
        if old not in in_order:
            yield _change(row, f"place {old + 1}", f"place {new + 1}", "moved")
        yield from _changes(row, before[old], item)


def _key_of(before: Sequence[Tree], after: Sequence[Tree]) -> str | None:
    """Return the field that names every item of both lists, each of them once."""
    for key in KEYS:
        names = [[_name(item, key) for item in items] for items in (before, after)]
        if all(None not in found and len(set(found)) == len(found) for found in names):
            return key
    return None


def _name(item: Tree, key: str) -> str | None:
    if not isinstance(item, Mapping):
        return None
    value = item.get(key)
    if _is_fact(value):
        value = value.get("value")
    return value if isinstance(value, str) and value else None


def _pairs(before: Sequence[Tree], after: Sequence[Tree], key: str | None) -> list[tuple[int, int]]:
    """Return the places of the items that are the same, old and new, in the order of the new ones."""
    identity = [[_name(item, key) if key else _canonical(item) for item in items] for items in (before, after)]
    places: dict[str | None, list[int]] = {}
    for old, name in enumerate(identity[0]):
        places.setdefault(name, []).append(old)
    pairs = [(places[name].pop(0), new) for new, name in enumerate(identity[1]) if places.get(name)]
    if key in RENAMED:
        words = [list(map(_words, items)) for items in (before, after)]
        olds = without(len(before), {old for old, _ in pairs})
        news = without(len(after), {new for _, new in pairs})
        pairs += alike(*words, olds=olds, news=news, least=SAME_ITEM)
    return sorted(pairs, key=lambda pair: pair[1])


def _item(path: _Steps, item: Tree, key: str | None, *, old: int | None = None, new: int | None = None) -> _Steps:
    return (*path, _Row(old, new, _name(item, key) if key else None))


def _change(path: _Steps, before: str | None, after: str | None, kind: Kind, *, settles: bool = False) -> Change:
    rows = [step for step in path if isinstance(step, _Row)]
    place = None if any(row.new is None for row in rows) else _written(path, lambda row: row.new)
    place_before = None if any(row.old is None for row in rows) else _written(path, lambda row: row.old)
    return Change(_written(path, _called), before, after, kind, place, place_before, settles)


def _written(path: _Steps, called: Callable[[_Row], str | int | None]) -> str:
    text = ""
    for step in path:
        if isinstance(step, _Row):
            text += f"[{called(step)}]"
        else:
            text += f".{step}" if text else step
    return text


def _called(row: _Row) -> str:
    """Return what names an item, else its number: of what is gone the one it had."""
    return row.name or (f"{row.old} before" if row.new is None else str(row.new))


def _leaves(path: _Steps, value: Tree) -> Iterator[tuple[_Steps, str]]:
    """Yield every field below ``path`` that has a value, with its text."""
    if _is_value(value) or _is_fact(value):
        if value is not None:
            yield path, _shown(value)
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield from _leaves((*path, name), part)
    elif _is_list(value):
        key = _key_of(value, ())
        for number, part in enumerate(value):
            yield from _leaves(_item(path, part, key, old=number, new=number), part)


def _shown(value: Tree) -> str:
    """Return a value as a person reads it; a fact as ``Praha (assumed)``."""
    if isinstance(value, Mapping):
        if not _is_fact(value):
            return ", ".join(f"{name} {_shown(part)}" for name, part in value.items() if part is not None)
        status = str(value["status"])
        return status if value.get("value") is None else f"{_shown(value['value'])} ({status})"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "nothing"
    if _is_list(value):
        return "; ".join(map(_shown, value))
    return str(value)


def _canonical(value: Tree) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _words(value: Tree) -> list[str]:
    return [word for _, text in _leaves((), value) for word in text.split()]


def _in_order(first: Iterable[str], second: Iterable[str]) -> Iterable[str]:
    return dict.fromkeys((*first, *second))


def _is_fact(value: Tree) -> TypeGuard[Mapping[str, Tree]]:
    return isinstance(value, Mapping) and "status" in value and value.keys() <= FACT


def _is_list(value: Tree) -> TypeGuard[Sequence[Tree]]:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _is_value(value: Tree) -> TypeGuard[str | float | bool | None]:
    return value is None or isinstance(value, str | int | float | bool)
