"""Every name of a template, followed through loops, conditions, macros and clauses to the field it stands for.

The walk goes over Jinja's own syntax tree in the order of the document, with what each name stands for, and with what
the conditions around it tell about values that may be missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from jinja2 import nodes

from templates.checking.expressions import Expressions, each_of
from templates.checking.kinds import ANYTHING, TEXT, Macro, Shape, Value, in_words
from templates.checking.names import syntax_of
from templates.checking.presence import Told
from templates.checking.vocabulary import loop_over
from templates.checking.walk import Spot
from templates.checking.written import better_use, written

MAX_DEPTH = 12
"""How deep macros may call each other."""
MAX_STEPS = 50_000
"""How many steps are followed in all, those of a macro at each call."""
ROOM = {"p": "paragraphs", "tr": "table rows", "tc": "cells"}


@dataclass(slots=True, kw_only=True)
class Resolver(Expressions):
    """Follows the steps of one template. ``clause`` answers for a clause of the library and may walk its texts."""

    clause: Callable[[Resolver, str, bool], Shape]
    bound: int = 0
    steps: int = 0
    unrun: dict[nodes.Macro, int] = field(default_factory=dict)
    """Macros nobody has called so far, with how many scopes they see."""

    def walk(self, source: str, spot: Spot) -> None:
        """Follow the names of ``source``, whose lines stand at the places of ``spot``."""
        before, line, unrun = self.spot, self.line, self.unrun
        self.spot, self.unrun = spot, {}
        try:
            self._steps(syntax_of(source).body)
            for macro, level in list(self.unrun.items()):
                self.run_macro(Macro(macro, "", level), [ANYTHING] * len(macro.args), {})
        finally:
            self.spot, self.line, self.unrun = before, line, unrun

    def include_clause(self, identifier: str, *, pair: bool) -> Shape:
        """Return what a clause of the library is; say so where there is none."""
        return self.clause(self, identifier, pair)

    @contextmanager
    def scope(self, names: Mapping[str, Shape]) -> Iterator[None]:
        """Open a scope in which ``names`` are bound."""
        self.scopes.append(dict(names))
        try:
            yield
        finally:
            self.scopes.pop()

    def _steps(self, steps: Iterable[nodes.Node]) -> None:
        for step in steps:
            self.line = step.lineno
            self.steps += 1
            if self.steps > MAX_STEPS:
                self.error("the template takes too many steps to be checked", expected=f"at most {MAX_STEPS}")
                return
            match step:
                case nodes.Output(nodes=parts):
                    for part in (part for part in parts if not isinstance(part, nodes.TemplateData)):
                        self.line = part.lineno
                        self._printed(part)
                case nodes.If():
                    self._if(step)
                case nodes.For():
                    self._for(step)
                case nodes.With():
                    self._with(step)
                case nodes.Assign(target=target, node=value):
                    self._bind(target, self.shape(value))
                case nodes.AssignBlock(target=target, body=body):
                    with self.scope({}):
                        self._steps(body)
                    self._bind(target, TEXT)
                case nodes.Macro(name=name):
                    self.scopes[-1][name] = Shape((Macro(step, self.marker(), len(self.scopes)),))
                    self.unrun.setdefault(step, len(self.scopes))

    def _with(self, step: nodes.With) -> None:
        given = [self.shape(value) for value in step.values]
        with self.scope({}):
            for target, value in zip(step.targets, given, strict=True):
                self._bind(target, value)
            self._steps(step.body)

    def _if(self, step: nodes.If) -> None:
        told = self._condition(step.test)
        with self.knowing(told.holds, choice=told.choice):
            self._steps(step.body)
        with self.knowing(told.fails, choice=told.choice):
            if step.elif_:
                first, *others = step.elif_
                self.line = first.lineno
                self._if(nodes.If(first.test, first.body, others, step.else_, lineno=first.lineno))
            else:
                self._steps(step.else_)

    def _for(self, step: nodes.For) -> None:
        looped = self.shape(step.iter)
        self.bound += 1
        item = self._item(looped, step.iter)
        item = item.at(item.path, each_of(looped.key, self.bound))
        with self.scope({"loop": loop_over(item)}):
            self._bind(step.target, item)
            told = self._condition(step.test) if step.test is not None else Told()
            with self.knowing(told.holds, choice=told.choice):
                self._steps(step.body)
        self._steps(step.else_)

    def _condition(self, test: nodes.Expr) -> Told:
        self.shape(test)
        return self.told(test)

    def _bind(self, target: nodes.Node, value: Shape) -> None:
        if isinstance(target, nodes.Tuple):
            for part in target.items:
                self._bind(part, ANYTHING)
            return
        if isinstance(target, nodes.Name):
            if value.key is None:
                self.bound += 1
                value = replace(value, key=(target.name, self.bound))
            self.scopes[-1][target.name] = value

    def _printed(self, expression: nodes.Expr) -> None:
        shape = self.shape(expression)
        marker = self.marker()
        if isinstance(expression, nodes.Call) and shape.constant is not None and shape.constant != marker:
            self.error(
                f"the macro makes {ROOM.get(shape.constant, 'text')}, and the tag takes the place of something else",
                expected=f"{{{{{shape.constant} {written(expression)} }}}}",
            )
        self.needs_value(shape, expression)
        if not shape.kinds or shape.printable:
            if shape.path:
                self.used.add(f"{shape.path}.*")
            return
        wrong = [kind for kind in shape.kinds if not isinstance(kind, Value)]
        if wrong and len(wrong) == len(shape.kinds):
            self.error(
                f"a {in_words(shape)} is used where a value is needed",
                expected=better_use(wrong[0], written(expression)),
            )

    def run_macro(self, macro: Macro, given: list[Shape], named: Mapping[str, Shape]) -> None:
        """Follow a macro's own steps as this call runs them; it sees the names that stood where it was written."""
        node = macro.node
        self.unrun.pop(node, None)
        parameters = [parameter.name for parameter in node.args]
        required = parameters[: len(parameters) - len(node.defaults)]
        bound = dict(zip(parameters, given, strict=False)) | dict(named)
        if len(given) > len(parameters) or not bound.keys() <= {*parameters} or not {*required} <= bound.keys():
            self.error(
                f"the macro {node.name} takes {len(parameters)} values",
                got=f"{len(given) + len(named)} values",
                expected=f"{node.name}({', '.join(parameters)})",
            )
            return
        if len(self.calls) >= MAX_DEPTH:
            self.error("macros call each other without end", got=node.name)
            return
        for name, default in zip(parameters[len(required) :], node.defaults, strict=True):
            bound.setdefault(name, self.shape(default))
        scopes, line = self.scopes, self.line
        self.scopes = [*scopes[: macro.level], bound]
        self.calls.append(line)
        self._steps(node.body)
        self.calls.pop()
        self.scopes, self.line = scopes, line
