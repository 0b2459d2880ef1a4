"""The language of templates: Jinja in a sandbox that is strict, escapes, and cannot run away.

Beyond Jinja's own sandbox nothing can be called but macros, loops and what the renderer offers; arithmetic stays
among small numbers; lists hold single values; loops, macros and joined texts spend from the budget of
``templates.limits``. What a template has no use for (inclusion, inheritance, switching escaping off) is no part of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from time import monotonic
from typing import Any

import jinja2
from jinja2 import StrictUndefined, nodes, pass_context
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import SecurityError, TemplateSyntaxError, UndefinedError
from jinja2.runtime import LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer
from markupsafe import Markup, escape

from templates.filters import filters_of
from templates.limits import current, spend
from templates.view import Datum, Style, View

KEPT_FILTERS = ("length", "first", "last", "upper", "lower")
"""Of Jinja's own."""
LARGEST = 10**15
REPEATED = (nodes.For, nodes.Macro, nodes.CallBlock)
FORBIDDEN: dict[type[nodes.Node], str] = {
    nodes.Include: "include",
    nodes.Import: "import",
    nodes.FromImport: "from",
    nodes.Extends: "extends",
    nodes.Block: "block",
    nodes.EvalContextModifier: "autoescape",
    nodes.Dict: "a dictionary",
}
"""What is no part of the language, by the word it begins with."""
FORBIDDEN_IN_CLAUSES = FORBIDDEN | {nodes.Macro: "macro", nodes.CallBlock: "call", nodes.FilterBlock: "filter"}
"""The same for the text of a clause."""
RAW = re.compile(r"\{%[-+]?\s*raw\b")
"""Forbidden, too; Jinja leaves no trace of it in its tree."""


@dataclass(frozen=True, slots=True)
class Offered:
    """A function a template may call with one name."""

    act: Callable[[str], object]

    def __call__(self, *arguments: object) -> object:
        """Return what the function gives for the name."""
        if len(arguments) != 1 or not isinstance(arguments[0], str):
            raise UndefinedError("one name in quotation marks is expected here")
        return self.act(str(arguments[0]))


class _Generator(CodeGenerator):
    """Asks for fields and prints values the short way.

    Jinja would ask the sandbox for each field; names that begin with _ are refused before, and what can be reached
    by another name can neither be called nor printed unless it is data. It would finalize a value, then escape it.
    """

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        if not isinstance(node.node, nodes.Name):
            super().visit_Getattr(node, frame)
            return
        self.write("(found if (found := getattr(")
        self.visit(node.node, frame)
        self.write(f", {node.attr!r}, missing)) is not missing else environment.getattr(")
        self.visit(node.node, frame)
        self.write(f", {node.attr!r}))")

    def _output_child_pre(self, *_: object) -> None:
        self.write("environment.printed(")

    def _output_child_post(self, *_: object) -> None:
        self.write(")")


class Environment(ImmutableSandboxedEnvironment):
    """The environment of one locale. With ``autoescape`` it makes XML; without, the plain text of clauses."""

    code_generator_class = _Generator
    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def __init__(self, style: Style, *, autoescape: bool = True) -> None:
        super().__init__(undefined=StrictUndefined, autoescape=autoescape, finalize=_printable, cache_size=0)
        self.globals.clear()
        self.forbidden = FORBIDDEN if autoescape else FORBIDDEN_IN_CLAUSES
        self.printed = _printed_in_xml if autoescape else _printed_in_text
        self.filters = (
            {name: self.filters[name] for name in KEPT_FILTERS}
            | filters_of(style)
            | {"_spend": _spend, "_join": _join, "_flat": _flat}
        )

    def call_binop(self, context: jinja2.runtime.Context, operator: str, left: Any, right: Any) -> Any:
        """Calculate with small numbers only: text cannot be multiplied, formatted or grown."""
        if operator == "**" or not all(type(value) in {int, float, Decimal} for value in (left, right)):
            raise SecurityError(f"{operator} is not allowed here")
        result = super().call_binop(context, operator, left, right)
        if not abs(result) <= LARGEST:
            raise SecurityError(f"the result of {operator} is too large")
        return result

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return a field of the data without the detour of the sandbox: nothing else can be reached there."""
        if isinstance(obj, View):
            try:
                return getattr(obj, attribute)
            except AttributeError:
                return self.undefined(obj=obj, name=attribute)
        return super().getattr(obj, attribute)

    def call(self, context: jinja2.runtime.Context, obj: Any, /, *arguments: Any, **keywords: Any) -> Any:
        """Call a macro, a loop, or what the renderer offers; nothing else."""
        of_loop = isinstance(getattr(obj, "__self__", None), LoopContext)
        if not of_loop and not isinstance(obj, Macro | LoopContext | Offered | jinja2.Undefined):
            raise SecurityError("only macros and clauses can be called")
        return super().call(context, obj, *arguments, **keywords)

    def _generate(self, source: nodes.Template, *arguments: Any, **keywords: Any) -> str:
        return super()._generate(_Bounded(self.forbidden).visit(source), *arguments, **keywords)


@cache
def environment_for(locale: str, *, autoescape: bool = True) -> Environment:
    """Return the Jinja environment of texts in ``locale`` (BCP 47)."""
    return Environment(Style.of(locale), autoescape=autoescape)


class _Bounded(NodeTransformer):
    """Makes what repeats or grows spend from the budget, and refuses what is forbidden."""

    def __init__(self, forbidden: Mapping[type[nodes.Node], str]) -> None:
        self._forbidden = forbidden

    def generic_visit(self, node: nodes.Node, *arguments: Any, **keywords: Any) -> nodes.Node:
        for kind, name in self._forbidden.items():
            if isinstance(node, kind):
                raise TemplateSyntaxError(f"{name} is not allowed in a template", node.lineno)
        return super().generic_visit(node, *arguments, **keywords)

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - Jinja's name
        return self._counted(node)

    def visit_Macro(self, node: nodes.Macro) -> nodes.Node:  # noqa: N802 - Jinja's name
        return self._counted(node)

    def visit_CallBlock(self, node: nodes.CallBlock) -> nodes.Node:  # noqa: N802 - Jinja's name
        return self._counted(node)

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Node:  # noqa: N802 - Jinja's name
        if node.attr.startswith("_"):
            raise TemplateSyntaxError(f"{node.attr} is not a field", node.lineno)
        return self.generic_visit(node)

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 - Jinja's name
        self.generic_visit(node)
        return _filter("_join", nodes.List(node.nodes, lineno=node.lineno))

    def visit_List(self, node: nodes.List) -> nodes.Node:  # noqa: N802 - Jinja's name
        return self._flat(node)

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:  # noqa: N802 - Jinja's name
        return self._flat(node) if node.ctx == "load" else self.generic_visit(node)

    def _counted(self, node: nodes.For | nodes.Macro | nodes.CallBlock) -> nodes.Node:
        cost = _filter("_spend", nodes.Const(1 + _own_text(node), lineno=node.lineno))
        self.generic_visit(node)
        node.body.insert(0, nodes.ExprStmt(cost, lineno=node.lineno))
        return node

    def _flat(self, node: nodes.List | nodes.Tuple) -> nodes.Node:
        self.generic_visit(node)
        return node if all(isinstance(item, nodes.Const) for item in node.items) else _filter("_flat", node)


def _own_text(node: nodes.Node) -> int:
    """Return how many characters of its own text a loop or macro makes each time, those within count for themselves."""
    if isinstance(node, nodes.TemplateData):
        return len(node.data)
    inner = (child for child in node.iter_child_nodes() if not isinstance(child, REPEATED))
    return sum(map(_own_text, inner))


def _filter(name: str, value: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(value, name, [], [], None, None, lineno=value.lineno)


# What follows takes the context, unused, so that Jinja does not evaluate it while it compiles.


@pass_context
def _spend(_context: jinja2.runtime.Context, characters: int) -> None:
    budget = current()
    budget.left -= characters
    if budget.left < 0 or monotonic() > budget.deadline:
        budget.check()


@pass_context
def _join(_context: jinja2.runtime.Context, values: list[object]) -> str:
    """Join texts as ``~`` does: what is no markup is escaped where one of them is."""
    texts = [_printable(value) for value in values]
    joined = (Markup if any(hasattr(text, "__html__") for text in texts) else str)("").join(map(_as_text, texts))
    spend(len(joined))
    return joined


@pass_context
def _flat(_context: jinja2.runtime.Context, values: Any) -> Any:
    if any(isinstance(value, list | tuple) for value in values):
        raise SecurityError("a list holds single values, no lists")
    return values


def _printed_in_text(value: object) -> str:
    """Return what is printed of a value, and count it."""
    text = value if isinstance(value, str) else str(_printable(value))
    budget = current()
    budget.left -= len(text)
    if budget.left < 0:
        budget.check()
    return text


def _printed_in_xml(value: object) -> str:
    """Return what is printed of a value, escaped unless it is the result of a macro, and count it."""
    text = _printed_in_text(value)
    # Most texts hold none of what is escaped, and looking is cheaper than escaping.
    if ("&" in text or "<" in text or ">" in text or '"' in text or "'" in text) and not hasattr(value, "__html__"):
        return escape(str(text))
    return text


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else str(value)


def _printable(value: object) -> object:
    """Return what is printed; nothing else than text, numbers and data reaches a page."""
    if isinstance(value, str | Datum):
        return value
    if value is None:
        raise UndefinedError("the data has no value here: print it only inside a condition")
    if isinstance(value, jinja2.Undefined):
        # Its own message, which names what is missing, comes when it is turned into text.
        return value
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return value
    if hasattr(value, "__html__"):
        return value
    raise UndefinedError("this is no single value: name one of its fields, or loop over it")
