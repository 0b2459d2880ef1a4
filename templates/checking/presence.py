"""What a condition tells about values that may be missing.

An expression is known by its key, the same wherever it stands; a condition that holds, or does not, makes some keys
certain to have a value.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

from jinja2 import nodes

from templates.checking.kinds import Shape, Value, YesNo

NO_KEYS: frozenset[Hashable] = frozenset()
ORDERED = frozenset({"gt", "gteq", "lt", "lteq"})


@dataclass(frozen=True, slots=True)
class Told:
    """The keys that have a value if a condition holds, and if it does not.

    ``choice`` says that it asks for one of a few values, or for yes or no. The rules of a document often tie the
    presence of a field to such a choice, which nobody can read from the template.
    """

    holds: frozenset[Hashable] = NO_KEYS
    fails: frozenset[Hashable] = NO_KEYS
    choice: bool = False


def told_by(test: nodes.Expr, shape: Callable[[nodes.Expr], Shape]) -> Told:
    """Return what ``test`` tells; ``shape`` answers for its parts and must not report them."""
    match test:
        case nodes.Not(node=inner):
            told = told_by(inner, shape)
            return Told(told.fails, told.holds, told.choice)
        case nodes.And(left=left, right=right):
            one, other = told_by(left, shape), told_by(right, shape)
            return Told(one.holds | other.holds, one.fails & other.fails, one.choice or other.choice)
        case nodes.Or(left=left, right=right):
            one, other = told_by(left, shape), told_by(right, shape)
            return Told(one.holds & other.holds, one.fails | other.fails, one.choice or other.choice)
        case nodes.Test(node=inner, name="none"):
            return Told(fails=_keys(inner, shape))
        case nodes.Test():
            return Told(choice=True)
        case nodes.Compare(expr=left, ops=[operand]):
            return _told_by_comparison(left, operand, shape)
        case nodes.Compare() | nodes.CondExpr():
            return Told()
        case _:
            found = shape(test)
            return Told(holds=_keys(test, shape), choice=any(isinstance(kind, YesNo) for kind in found.kinds))


def _told_by_comparison(left: nodes.Expr, operand: nodes.Operand, shape: Callable[[nodes.Expr], Shape]) -> Told:
    keys, right = _keys(left, shape), operand.expr
    if operand.op in ORDERED:
        return Told(keys | _keys(right, shape), keys | _keys(right, shape), choice=True)
    few = any(isinstance(kind, Value) and kind.choices for kind in shape(left).kinds + shape(right).kinds)
    if isinstance(right, nodes.Const) and right.value is None:
        return Told(fails=keys) if operand.op == "eq" else Told(holds=keys)
    certain = keys if isinstance(right, nodes.Const) else NO_KEYS
    match operand.op:
        case "eq":
            return Told(holds=certain, choice=few)
        case "ne":
            return Told(fails=certain, choice=few)
        case "in":
            return Told(holds=keys, choice=few)
        case _:
            return Told(fails=keys, choice=few)


def _keys(expression: nodes.Expr, shape: Callable[[nodes.Expr], Shape]) -> frozenset[Hashable]:
    """Return the keys of an expression and of what it is taken from: a field is there only if its record is."""
    keys: set[Hashable] = set()
    at: nodes.Node | None = expression
    while isinstance(at, nodes.Name | nodes.Getattr | nodes.Getitem | nodes.Filter):
        key = shape(at).key
        if key is not None:
            keys.add(key)
        at = getattr(at, "node", None)
    return frozenset(keys)
