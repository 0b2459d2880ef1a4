"""What an expression of a template stands for, and what is wrong with it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace

from jinja2 import nodes

from templates.checking.blocks import UNREADABLE
from templates.checking.findings import nearest
from templates.checking.kinds import (
    ANYTHING,
    NOTHING,
    NUMBER,
    TEXT,
    TRUTH,
    ClauseCall,
    Keyed,
    Kind,
    Listing,
    Macro,
    Shape,
    Thing,
    Value,
    in_words,
    member_of,
    names_of,
    union,
)
from templates.checking.presence import Told, told_by
from templates.checking.vocabulary import FILTERS
from templates.checking.walk import Walk
from templates.checking.written import better_use, proposed, written


@dataclass(slots=True)
class Expressions(Walk, ABC):
    """Follows the names in expressions, with what each name stands for where they stand."""

    @abstractmethod
    def run_macro(self, macro: Macro, given: list[Shape], named: Mapping[str, Shape]) -> None:
        """Follow a macro as it is run by this call."""

    @abstractmethod
    def include_clause(self, identifier: str, *, pair: bool) -> Shape:
        """Return what a clause of the library is; say so where there is none."""

    def told(self, test: nodes.Expr) -> Told:
        """Return what a condition tells; it is not looked at for faults."""
        silent, self.silent = self.silent, True
        try:
            return told_by(test, self.shape)
        finally:
            self.silent = silent

    def shape(self, expression: nodes.Expr) -> Shape:  # noqa: C901, PLR0912  # one case a kind
        """Return what ``expression`` is; whatever is wrong with it becomes a finding."""
        match expression:
            case nodes.Name(name=name):
                return self._name(name)
            case nodes.Getattr(node=node, attr=name) | nodes.Getitem(node=node, arg=nodes.Const(value=str() as name)):
                return self._member(self.shape(node), name, node)
            case nodes.Getitem(node=node, arg=argument):
                return self._element(node, argument)
            case nodes.Filter(node=nodes.Expr() as node):
                return self._filtered(expression, node)
            case nodes.Call():
                return self._call(expression)
            case nodes.Const(value=value):
                return _constant(value)
            case nodes.Not(node=node):
                self.shape(node)
                return TRUTH
            case nodes.And(left=left, right=right) | nodes.Or(left=left, right=right):
                return self._either(expression, left, right)
            case nodes.Compare(expr=left, ops=operands):
                for part in (left, *(operand.expr for operand in operands)):
                    found = self.shape(part)
                    if any(operand.op in {"gt", "gteq", "lt", "lteq"} for operand in operands):
                        self.needs_value(found, part)
                return TRUTH
            case nodes.Test(node=node, name=name):
                if name not in self.environment.tests:
                    self.error(f"{name} is no test", proposal=nearest(name, self.environment.tests))
                self.shape(node)
                return TRUTH
            case nodes.CondExpr(test=test, expr1=then, expr2=other):
                self.shape(test)
                told = self.told(test)
                with self.knowing(told.holds, choice=told.choice):
                    one = self.settled(self.shape(then))
                if other is None:
                    return one
                with self.knowing(told.fails, choice=told.choice):
                    return union(one, self.settled(self.shape(other)))
            case nodes.Concat(nodes=parts):
                for part in parts:
                    self.needs_value(self.shape(part), part)
                return TEXT
            case nodes.BinExpr(left=left, right=right):
                return self._calculated(expression, left, right)
            case nodes.List(items=items) | nodes.Tuple(items=items):
                return Shape((Listing(union(*(self.shape(item) for item in items)) if items else ANYTHING),))
            case nodes.Dict():
                self.error("a dictionary may not be used here", got=written(expression))
                return ANYTHING
            case _:
                for child in expression.iter_child_nodes():
                    if isinstance(child, nodes.Expr):
                        self.shape(child)
                return ANYTHING

    def _name(self, name: str) -> Shape:
        for scope in reversed(self.scopes):
            if name in scope:
                return self.use(scope[name])
        known = {name for scope in self.scopes for name in scope}
        if UNREADABLE not in known:
            self.error(f"there is no {name}", got=name, proposal=nearest(name, known))
        return ANYTHING

    def _member(self, base: Shape, name: str, node: nodes.Expr) -> Shape:
        if name.startswith("_"):
            self.error(f"{name} may not be used here", got=f"{written(node)}.{name}")
            return ANYTHING
        self.needs_value(base, node)
        if not base.kinds:
            return ANYTHING
        key = None if base.key is None else (base.key, name)
        path = f"{base.path}.{name}" if base.path else (name if base.path == "" else None)
        found = [shape for kind in base.kinds if (shape := self._member_of(kind, name)) is not None]
        if found:
            one = union(*found) if len(found) > 1 else found[0]
            return self.use(one.at(one.path if one.path is not None else path, key))
        known = frozenset(name for kind in base.kinds for name in names_of(kind))
        listing = next((kind for kind in base.kinds if isinstance(kind, Listing)), None)
        text = written(node)
        if listing is not None:
            self.error(
                f"{text} is a {in_words(base)}: it has no {name} of its own",
                got=f"{text}.{name}", expected=better_use(listing, text),
            )  # fmt: skip
        elif known:
            self.error(f"{text} has no {name}", got=f"{text}.{name}", proposal=proposed(text, name, known))
        else:
            self.error(f"{text} is {in_words(base)}: it has no {name}", got=f"{text}.{name}", expected=text)
        return ANYTHING

    @staticmethod
    def _member_of(kind: Kind, name: str) -> Shape | None:
        return kind.item if isinstance(kind, Keyed) else member_of(kind, name)

    def _element(self, node: nodes.Expr, argument: nodes.Expr) -> Shape:
        base = self.shape(node)
        self.needs_value(base, node)
        if isinstance(argument, nodes.Slice):
            for part in argument.iter_child_nodes():
                if isinstance(part, nodes.Expr):
                    self.shape(part)
            return replace(base, key=None)
        chosen = self.shape(argument)
        self.needs_value(chosen, argument)
        for kind in base.kinds:
            if isinstance(kind, Listing | Keyed):
                same = _same_element(base.key, chosen.key, "index0")
                return self.use(self._item_of(kind, base, same or (base.key, "[]", chosen.key or written(argument))))
        if base.kinds and not any(isinstance(kind, Value) for kind in base.kinds):
            self.error(f"{written(node)} is a {in_words(base)}: name one of its fields", got=written(node))
        return ANYTHING if not base.kinds else TEXT

    def _item(self, looped: Shape, node: nodes.Expr) -> Shape:
        """Return what one of a list is."""
        self.needs_value(looped, node)
        for kind in looped.kinds:
            if isinstance(kind, Listing):
                return self.use(self._item_of(kind, looped, None))
        if any(isinstance(kind, Keyed) for kind in looped.kinds):
            return TEXT
        if looped.kinds:
            self.error(f"{written(node)} is {in_words(looped)}: there is nothing to loop over", got=written(node))
        return ANYTHING

    @staticmethod
    def _item_of(kind: Listing | Keyed, base: Shape, key: Hashable) -> Shape:
        path = f"{base.path}[]" if base.path and kind.item.path is None else kind.item.path
        return kind.item.at(path, key)

    def _filtered(self, expression: nodes.Filter, node: nodes.Expr) -> Shape:
        base = self.shape(node)
        self.needs_value(base, node)
        keys = [self._argument(argument) for argument in expression.args]
        for argument in expression.kwargs:
            self._argument(argument.value)
        if expression.name not in self.environment.filters:
            self.error(f"there is no filter {expression.name}", got=f"|{expression.name}",
                        proposal=nearest(expression.name, self.environment.filters))  # fmt: skip
            return ANYTHING
        if base.path and any(isinstance(kind, Thing) for kind in base.kinds):
            self.used.add(f"{base.path}.*")
        self.used.add(f"|{expression.name}")
        use = FILTERS.get(expression.name)
        if use is None:
            return ANYTHING
        listings = [kind for kind in base.kinds if isinstance(kind, Listing)]
        texts = [kind for kind in base.kinds if isinstance(kind, Value)]
        sizable = listings or (texts and expression.name in {"length", "first", "last"})
        if base.kinds and ((use.takes == "list" and not sizable) or (use.takes == "text" and listings and not texts)):
            wanted = "a list" if use.takes == "list" else "a value"
            self.error(f"|{expression.name} takes {wanted}; {written(node)} is {in_words(base)}",
                        got=f"{written(node)}|{expression.name}", expected=use.example)  # fmt: skip
            return ANYTHING
        if use.gives == "item":
            if not listings:
                return TEXT
            same = _same_element(base.key, keys[0], "id") if expression.name == "by_id" and keys else None
            key = same or (base.key, "|", expression.name, *keys)
            return self.use(self._item_of(listings[0], base, key))
        return NUMBER if use.gives == "number" else TEXT

    def _argument(self, argument: nodes.Expr) -> Hashable:
        found = self.shape(argument)
        self.needs_value(found, argument)
        return found.key or written(argument)

    def _either(self, expression: nodes.Expr, left: nodes.Expr, right: nodes.Expr) -> Shape:
        one = self.shape(left)
        told = self.told(left)
        is_and = isinstance(expression, nodes.And)
        with self.knowing(told.holds if is_and else told.fails, choice=told.choice):
            other = self.settled(self.shape(right))
        if is_and:
            return union(self.settled(one), other)
        return replace(union(replace(one, optional=False), other), optional=other.optional)

    def _calculated(self, expression: nodes.BinExpr, left: nodes.Expr, right: nodes.Expr) -> Shape:
        one, other = self.shape(left), self.shape(right)
        for shape, part in ((one, left), (other, right)):
            self.needs_value(shape, part)
        both = (one, other)
        if isinstance(expression, nodes.Pow) or any(shape.kinds and not _is_number(shape) for shape in both):
            self.error(f"{expression.operator} is for whole numbers only", got=written(expression))
            return ANYTHING
        return NUMBER

    def _call(self, call: nodes.Call) -> Shape:
        if not isinstance(call.node, nodes.Name):
            self.error("nothing but a macro, clause or clause_pair is called", got=written(call))
            return ANYTHING
        called = self.shape(call.node)
        given = [self.shape(argument) for argument in call.args]
        named = {argument.key: self.shape(argument.value) for argument in call.kwargs}
        match next(iter(called.kinds), None):
            case Macro() as macro:
                self.run_macro(macro, given, named)
                return Shape(TEXT.kinds, constant=macro.marker)
            case ClauseCall(pair):
                return self._clause(call, given, pair=pair)
            case None:
                return ANYTHING
            case _:
                self.error("nothing but a macro, clause or clause_pair is called", got=written(call))
                return ANYTHING

    def _clause(self, call: nodes.Call, given: list[Shape], *, pair: bool) -> Shape:
        name = "clause_pair" if pair else "clause"
        if len(given) != 1:
            self.error(f"{name} takes the id of a clause", got=written(call), expected=f'{name}("term")')
            return ANYTHING
        if given[0].constant is None:
            if given[0].kinds:
                self.error("the id of a clause is written in the template", got=written(call),
                            expected=f'{name}("term")')  # fmt: skip
            return ANYTHING
        if self.silent:
            return ANYTHING
        line = self.line
        if self.calls and not isinstance(call.args[0], nodes.Const):
            self.line = self.calls[0]
        found = self.include_clause(given[0].constant, pair=pair)
        self.line = line
        return found


def _constant(value: object) -> Shape:
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return TRUTH
    if isinstance(value, str):
        return replace(TEXT, constant=value)
    return NUMBER


def _is_number(shape: Shape) -> bool:
    """Whether it can be calculated with: a number that is no fact, which has to stand as it is."""
    return set(shape.kinds) == set(NUMBER.kinds) and not shape.printable


def each_of(listing: Hashable, number: int) -> Hashable:
    """Return the key of what a loop binds; ``number`` tells loops over the same list apart."""
    return ("each", listing, number)


def _same_element(listing: Hashable, chosen: Hashable, by: str) -> Hashable:
    """Return the key of what the loop around binds, where the same one is taken from the same list.

    In two languages ``right.parties|by_id(party.id)`` and ``right.parties[loop.index0]`` are the party of the loop.
    """
    match chosen:
        case ("each", over, _) as element, name if name == by and over == listing is not None:
            return element
        case ("loop", ("each", over, _) as element), name if name == by and over == listing is not None:
            return element
        case _:
            return None
