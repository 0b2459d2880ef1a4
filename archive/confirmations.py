"""Who confirmed what: the data of each draft against the data of the draft before.

::

    requested             no fact is confirmed
    revised, confirmed    open facts became confirmed; nothing else differs
    revised, amended      whatever the manager wrote, and confirmations only as they stood before

So every confirmation in the approved data is the act of a person whom an entry of the ledger names. Data is plain
JSON here; a field that is missing says the same as one that is null.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from schemas.errors import Invalid
from schemas.events import Requested, Revised, RevisionReason
from schemas.fact import Status

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None

CONFIRMABLE = frozenset({Status.ASSUMED, Status.CONFLICTING})
"""The statuses that a confirmation ends; a blank has no value to confirm."""


def confirmed_facts(proposals: Sequence[Requested | Revised], data_of: Callable[[int], bytes]) -> tuple[str, ...]:
    """Return the paths of all facts that were confirmed, in the order of drafts.

    ``data_of`` gives the data of a draft (JSON). Raises :class:`Invalid` naming the draft and the path where a
    confirmation changed something else, was of a fact that was not open, or came from no act of confirming.
    """
    drafts = [(proposal, json.loads(data_of(proposal.draft))) for proposal in proposals]
    first, data = drafts[0]
    _only_known(None, data, first.draft)
    confirmed: list[str] = []
    for (_, before), (proposal, after) in pairwise(drafts):
        if isinstance(proposal, Revised) and proposal.reason is RevisionReason.CONFIRMED:
            confirmed += _confirmed(before, after, "", proposal.draft)
        else:
            _only_known(before, after, proposal.draft)
    return tuple(confirmed)


def _confirmed(before: Json, after: Json, path: str, draft: int) -> Iterator[str]:
    """Yield the paths of facts confirmed from one draft to the next, in which nothing else may differ."""
    if _is_confirmed(after) and not _is_confirmed(before):
        _check_confirmation(before, after, path, draft)
        yield path
    elif isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys([*before, *after]):
            yield from _confirmed(before.get(name), after.get(name), f"{path}.{name}" if path else name, draft)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _confirmed(old, new, f"{path}[{index}]", draft)
    elif not _same(before, after):
        raise Invalid(
            "a draft that only confirms facts changes something else",
            where=_place(draft, path),
            got=json.dumps(after),
            expected=json.dumps(before),
        )


def _check_confirmation(before: Json, after: Json, path: str, draft: int) -> None:
    old, new = (part if isinstance(part, dict) else {} for part in (before, after))
    if old.get("status") not in CONFIRMABLE:
        raise Invalid(
            "a fact was confirmed that was not open",
            where=_place(draft, path),
            got=old.get("status") or "no fact",
            expected=" or ".join(sorted(CONFIRMABLE)),
        )
    if new.get("status") != Status.CONFIRMED or new.get("confirmation") is None:
        raise Invalid("a confirmed fact has a status and a confirmation that disagree", where=_place(draft, path))
    for name in sorted((old.keys() | new.keys()) - {"status", "confirmation"}):
        if not _same(old.get(name), new.get(name)):
            raise Invalid(
                "a fact was changed while it was confirmed",
                where=_place(draft, f"{path}.{name}"),
                got=json.dumps(new.get(name)),
                expected=json.dumps(old.get(name)),
            )


def _only_known(before: Json, after: Json, draft: int) -> None:
    """Refuse confirmations that did not stand, unchanged and in the same place, in the draft before."""
    known = dict(_confirmations(before, ""))
    for path, fact in _confirmations(after, ""):
        if path not in known or not _same(known[path], fact):
            raise Invalid(
                "a confirmation came in by no act of confirming",
                where=_place(draft, path),
                got=json.dumps(fact),
                expected=json.dumps(known[path]) if path in known else "no confirmation",
            )


def _confirmations(data: Json, path: str) -> Iterator[tuple[str, Json]]:
    if _is_confirmed(data):
        yield path, data
    elif isinstance(data, dict):
        for name, value in data.items():
            yield from _confirmations(value, f"{path}.{name}" if path else name)
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _confirmations(value, f"{path}[{index}]")


def _is_confirmed(data: Json) -> bool:
    if not isinstance(data, dict):
        return False
    return data.get("confirmation") is not None or data.get("status") == Status.CONFIRMED


def _same(before: Json, after: Json) -> bool:
    """Whether two values say the same; unlike ``==``, true is not 1 and 1 is not 1.0."""
    return json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True)


def _place(draft: int, path: str) -> str:
    return f"drafts/{draft}/data.json, {path or 'the whole'}"
