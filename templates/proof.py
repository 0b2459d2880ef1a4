"""What can be proven of a template before it is filled: that whatever it makes is well formed, and its tables fit.

Where both are proven, the filled text needs no parser: values are escaped, so only the template could break it. A
template that is out of the ordinary is simply not proven, and what it makes is parsed each time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from jinja2 import nodes
from lxml import etree

from templates.lint import W

VALUE = "\ue010"
"""Where a value stands (private use, Unicode 23.5)."""
TAG = re.compile(r'<(/?)([\w:]+)(?:\s+[\w:.-]+="[^"<]*")*\s*(/?)>')
CROSSED = frozenset({"w:t", "w:r", "w:p"})
INLINE = re.compile(r'[<>"]')
MARKER = re.compile(r"\{[%{#]\s*tr\s")
UNSETTLED = re.compile(r"\{[%{#]-?\s*(?:tc\s|colspan\s|hm\s)|\{\{\s*tr\s")
"""Tags that change how many cells a row has, and rows that come from elsewhere."""
BEGIN, END = re.compile(r"\{%\s*tr\s+(?:for|if|with|macro|call)\b"), re.compile(r"\{%\s*tr\s+end")


@dataclass(frozen=True, slots=True)
class Step:
    """A loop, condition or ``with``: what it may print, one after the other or one of them, or not at all."""

    branches: list[list[_Item]]


_Item: TypeAlias = "str | Step"


class _Unproven(Exception):
    """The template may be right; it is not shown here."""


def is_well_formed(tree: nodes.Template) -> bool:
    """Whether each body of a loop, condition or macro leaves open just the elements that it found open.

    Then every rendering is balanced (XML 1.0, 3.1), as long as each value printed is escaped text or the result of
    a macro.
    """
    try:
        _check_calls(tree)
        return not _run(_items(tree.body), ())
    except _Unproven:
        return False


def tables_fit(root: etree._Element) -> bool:
    """Whether every table has, whatever the data, a row that fills its grid, and none that is longer.

    docxtpl changes the grid of other tables (its ``fix_tables``). Not seen here: a table left without any row.
    """
    return all(_fits(table) for table in root.iter(f"{W}tbl"))


def _fits(table: etree._Element) -> bool:
    grid = table.find(f"{W}tblGrid")
    if grid is None or next(table.iterdescendants(f"{W}tbl"), None) is not None:
        return False
    columns, depth, lengths, certain = len(grid.findall(f"{W}gridCol")), 0, [], False
    for row in table.iter(f"{W}tr"):
        text = "".join(row.itertext(f"{W}t"))
        if UNSETTLED.search(text):
            return False
        if MARKER.search(text):
            depth += len(BEGIN.findall(text)) - len(END.findall(text))
            continue
        lengths.append(len(row.findall(f"{W}tc")))
        certain = certain or (depth == 0 and lengths[-1] == columns)
    return max(lengths, default=columns + 1) <= columns and (certain or min(lengths) == columns)


def _check_calls(tree: nodes.Template) -> None:
    """Let macros be called only where their result is printed as it is: a piece of it may not be well formed."""
    macros = {macro.name for macro in tree.find_all(nodes.Macro)}
    used = sum(1 for name in tree.find_all(nodes.Name) if name.ctx == "load" and name.name in macros)
    printed = sum(
        1
        for output in tree.find_all(nodes.Output)
        for node in output.nodes
        if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name in macros
    )
    if used != printed:
        raise _Unproven


def _items(body: list[nodes.Node]) -> list[_Item]:
    """Return the text of a body, values as signs, and between the pieces of text its steps."""
    items: list[_Item] = []
    for piece in (piece for node in body for piece in _pieces(node)):
        if isinstance(piece, str) and items and isinstance(items[-1], str):
            items[-1] += piece
        else:
            items.append(piece)
    return items


def _pieces(node: nodes.Node) -> Iterator[_Item]:
    if isinstance(node, nodes.Output):
        for part in node.nodes:
            yield part.data if isinstance(part, nodes.TemplateData) else VALUE
    elif isinstance(node, nodes.If):
        yield _step(node.body, node.else_, *(branch.body for branch in node.elif_))
    elif isinstance(node, nodes.For):
        yield _step(node.body, node.else_)
    elif isinstance(node, nodes.With):
        yield _step(node.body)
    elif isinstance(node, nodes.Macro):
        if _run(_items(node.body), ()):
            raise _Unproven
    elif not isinstance(node, nodes.Assign):
        raise _Unproven


def _step(*bodies: list[nodes.Node]) -> _Item:
    branches = [_items(body) for body in bodies]
    plain = all(isinstance(item, str) and not INLINE.search(item) for items in branches for item in items)
    # Within an attribute a step may choose between texts.
    return VALUE if plain else Step(branches)


def _run(items: list[_Item], opened: tuple[str, ...]) -> tuple[str, ...]:
    """Return which elements are open after ``items`` if ``opened`` were before."""
    stack, kept = list(opened), len(opened)
    for item in items:
        if isinstance(item, Step):
            if any(_run(branch, tuple(stack)) != tuple(stack) for branch in item.branches):
                raise _Unproven
            continue
        end = 0
        for tag in TAG.finditer(item):
            _check_text(item[end : tag.start()])
            end = tag.end()
            closing, name, empty = tag.groups()
            if closing:
                # A step may go over the borders of runs and paragraphs, not over those of cells: they are counted.
                if not stack or stack.pop() != name or (len(stack) < kept and name not in CROSSED):
                    raise _Unproven
                kept = min(kept, len(stack))
            elif not empty:
                stack.append(name)
        _check_text(item[end:])
    return tuple(stack)


def _check_text(text: str) -> None:
    if "<" in text or ">" in text:
        raise _Unproven
