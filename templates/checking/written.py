"""Expressions of a template as a person wrote them, and how else they could be written."""

from __future__ import annotations

from jinja2 import nodes

from templates.checking.findings import nearest
from templates.checking.kinds import Kind, Listing, Names, Thing, YesNo, names_of


def written(expression: nodes.Node) -> str:
    """Return an expression about as it is written in the template."""
    match expression:
        case nodes.Name(name=name):
            return name
        case nodes.Getattr(node=node, attr=name):
            return f"{written(node)}.{name}"
        case nodes.Getitem(node=node, arg=nodes.Expr() as argument):
            return f"{written(node)}[{written(argument)}]"
        case nodes.Filter(node=nodes.Expr() as node, name=name, args=arguments):
            given = f"({', '.join(map(written, arguments))})" if arguments else ""
            return f"({written(node)}|{name}{given})"
        case nodes.Call(node=node, args=arguments):
            return f"{written(node)}({', '.join(map(written, arguments))})"
        case nodes.Const(value=value):
            return f'"{value}"' if isinstance(value, str) else str(value)
        case nodes.BinExpr(left=left, right=right, operator=operator):
            return f"{written(left)} {operator} {written(right)}"
        case nodes.Concat(nodes=parts):
            return " ~ ".join(map(written, parts))
        case _:
            return "the value"


def better_use(kind: Kind, text: str) -> str:
    """Return how something that is no single value is used in a template."""
    match kind:
        case Listing():
            single = text.rpartition(".")[2].removesuffix("s") or "item"
            return f"{{% for {single} in {text} %}}"
        case YesNo():
            return f"{{% if {text} %}}"
        case Thing() | Names():
            return f"one of its fields: {', '.join(sorted(names_of(kind))[:8])}"
        case _:
            return "a value"


def proposed(text: str, name: str, known: frozenset[str]) -> str | None:
    """Return ``text.name`` with the nearest of the ``known`` names."""
    near = nearest(name, known)
    return f"{text}.{near}" if near else None
