"""A template made ready once for each digest: parts patched, compiled, and bound to their places.

The language is docxtpl's: its ``patch_xml`` turns what Word saved into a Jinja template. Unlike docxtpl, each part is
rendered exactly once (a second pass would read data as template) and reparsed strictly (docxtpl parses with recovery,
which drops what is not well formed). The environment is that of ``templates.sandbox``.
"""

from __future__ import annotations

import dataclasses
import functools
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import jinja2
from docxtpl import DocxTemplate
from jinja2 import meta, nodes
from jinja2.exceptions import TemplateSyntaxError, UndefinedError
from lxml import etree

from schemas.errors import TemplateFault
from templates import lint, quick
from templates.catalog import Template
from templates.faults import UNFILLABLE, line_in_template
from templates.finish import finish
from templates.limits import TooMuch, limited
from templates.lint import W
from templates.package import FILLED, MAIN, Packed, content_types, pack, strictly_parsed, unpacked
from templates.proof import is_well_formed, tables_fit
from templates.sandbox import RAW, Environment, environment_for
from templates.view import OPEN

MAX_PART_BYTES, MAX_TAGS = 2_000_000, 5000
"""Of a part of a template, before it is filled: to make it ready takes seconds then."""
WP = "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"
DECLARATION = b"<?xml version='1.0' encoding='UTF-8' standalone='yes'?>\n"
PARAGRAPH = re.compile(r"<w:p([ >])")
LISTING = "\n\t\a\f"
"""What docxtpl turns into tabulators, breaks and paragraphs."""
UNPROVEN = (b"</w:tblGrid></w:tbl>", *(chr(code).encode() for code in (*range(0x20), 0xFFFE, 0xFFFF)))
"""A table without rows, and control characters (XML 1.0, 2.2): docxtpl or a parser has to deal with them."""
BRACES = {"{_{": "{{", "}_}": "}}", "{_%": "{%", "%_}": "%}"}
"""How braces that are no tag are written in a template."""


BALANCED = "balanced tags: a loop or condition that begins in a row or cell ends in it"
Way = Literal["convenio", "docxtpl"]
"""What filled a part: the compiled template alone, or docxtpl's own steps as well, for what that does not support."""


class FilledPart(NamedTuple):
    """A filled part before the last step: its XML, how many marks of open facts it holds, and what filled it."""

    root: etree._Element
    marks: int
    by: Way


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the package as it is; where it is rendered its compiled template and patched source."""

    name: str
    kind: str
    """Its content type; empty where it has none of its own."""
    content: bytes
    packed: Packed
    compiled: jinja2.Template | None = None
    lines: tuple[str, ...] = ()
    frame: bytes | None = None
    """For the main document, which docxtpl fills without its root: the root with an empty body."""
    outline: tuple[bytes, bytes] | None = None
    """What stands before and after what is filled, where no parser is needed for that."""

    def fill(self, context: Mapping[str, object]) -> FilledPart:
        """Return the filled part; raise :class:`TemplateFault` naming paragraph and tag."""
        return self._parsed(self._rendered(context))

    def write(self, context: Mapping[str, object]) -> tuple[bytes, Way]:
        """Return the rendered and finished part, and what filled it.

        Raises :class:`TemplateFault` naming paragraph and tag.

        The values of ``context`` are text, numbers and data: nothing that brings XML of its own.
        """
        xml = self._rendered(context)
        if self.outline is not None:
            try:
                return self._written(xml.encode(), *self.outline), "convenio"
            except (quick.TooIntricate, UnicodeEncodeError):
                pass
        root, marks, by = self._parsed(xml)
        finish(root, marks)
        return serialised(root), by

    def _written(self, content: bytes, before: bytes, after: bytes) -> bytes:
        if any(sign in content for sign in UNPROVEN):
            raise quick.TooIntricate
        # The body's own start tag repeats what the root says.
        begin = 0 if self.frame is None else content.index(b">") + 1
        return b"".join((before, quick.finished(content, begin), after))

    def _rendered(self, context: Mapping[str, object]) -> str:
        if self.compiled is None:
            raise ValueError(self.name)
        try:
            with limited():
                return self.compiled.render(context)
        except (*UNFILLABLE, TooMuch) as error:
            raise self._fault(error) from error

    def _parsed(self, xml: str) -> FilledPart:
        """Return the part by way of its tree, with docxtpl's line breaks and column widths where those are needed."""
        by: Way = "convenio"
        if any(character in xml for character in LISTING):
            xml, by = DocxTemplate(io.BytesIO()).resolve_listing(xml), "docxtpl"
        content = xml.encode("utf-8", "surrogatepass")
        root = strictly_parsed(content, self.name, huge=True, expected=BALANCED)
        if self.frame is not None:
            if not _grids_fit(root):
                root, by = DocxTemplate(io.BytesIO()).fix_tables(content), "docxtpl"
            root = _framed(self.name, root, self.frame)
        return FilledPart(root, xml.count(OPEN), by)

    def _fault(self, error: Exception) -> TemplateFault:
        where = self.place(line_in_template(error.__traceback__))
        if isinstance(error, TooMuch):
            return TemplateFault("the template makes too much", where=where, got=str(error))
        unknown = isinstance(error, UndefinedError)
        return TemplateFault(
            "the template uses a name the data does not have" if unknown else "a tag of the template cannot be filled",
            where=where,
            got=str(error) or type(error).__name__,
            expected="names of the document's fields" if unknown else "a tag that fits the data",
            remedy="correct the tag, in a new version of the template",
        )

    def place(self, line: int | None) -> str:
        """Return the place of a line of the patched source: there each paragraph begins a line."""
        if line is None or not 0 < line <= len(self.lines):
            return self.name
        shown = self.lines[line - 1].removeprefix("#}").removesuffix("{#")
        return lint.place(self.name, line - 1, re.sub(r"<[^>]+>", "", shown))


@functools.lru_cache(maxsize=64)
def compile_template(template: Template, names: frozenset[str]) -> tuple[Part, ...]:
    """Return the parts of ``template`` in package order, those with tags compiled; ``names`` are what it may use.

    Raises :class:`TemplateFault` at a leftover, an incomplete tag, a tag Jinja cannot read, and an unknown name.
    """
    environment = environment_for(template.locale)
    contents = unpacked(template.docx)
    types = content_types(contents)
    parts = (Part(name, types.get(name, ""), content, pack(name, content)) for name, content in contents.items())
    return tuple(_compiled(environment, part, names) if part.kind in FILLED else part for part in parts)


def _compiled(environment: Environment, part: Part, known: frozenset[str]) -> Part:
    name, content, body = part.name, part.content, part.kind in MAIN
    if len(content) > MAX_PART_BYTES or content.count(b"{{") + content.count(b"{%") > MAX_TAGS:
        raise TemplateFault(
            "a part of the template is too large",
            where=name,
            got=f"{len(content)} bytes, {content.count(b'{{') + content.count(b'{%')} tags",
            expected=f"at most {MAX_PART_BYTES} bytes and {MAX_TAGS} tags",
        )
    root = strictly_parsed(content, name)
    lint.check_part(name, root)
    filled = root.find(f"{W}body") if body else root
    if filled is None:
        raise TemplateFault("the template is no Word file", where=name, got=root.tag, expected="a document with a body")
    patched = DocxTemplate(io.BytesIO()).patch_xml(etree.tostring(filled, encoding="unicode"))
    # A remark is not printed, but counted as a line.
    source = PARAGRAPH.sub(r"{#\n#}<w:p\1", patched)
    part = dataclasses.replace(part, lines=tuple(source.split("\n")))
    try:
        _refuse_raw(source)
        tree = environment.parse(source)
        unknown = meta.find_undeclared_variables(tree) - known
        for data in tree.find_all(nodes.TemplateData):
            for written, meant in BRACES.items():
                data.data = data.data.replace(written, meant)
        # Before it is compiled: the sandbox adds its own steps to the tree.
        proven = is_well_formed(tree) and (not body or (tables_fit(root) and _plainly_named(root, source)))
        compiled = environment.from_string(tree)
    except TemplateSyntaxError as error:
        raise TemplateFault(
            "a tag of the template cannot be read", where=part.place(error.lineno), got=error.message
        ) from error
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise TemplateFault("a tag of the template cannot be read", where=name, got=str(error)) from error
    for missing in sorted(unknown):
        raise TemplateFault(
            "the template uses a name the data does not have",
            where=lint.find_name(root, name, missing) or name,
            got=missing,
            expected=", ".join(sorted(known)),
            remedy="correct the tag, in a new version of the template",
        )
    part = dataclasses.replace(part, compiled=compiled)
    if not body:
        return dataclasses.replace(part, outline=(DECLARATION, b"") if proven else None)
    filled.clear()
    frame = serialised(root)
    return dataclasses.replace(part, frame=frame, outline=_outline(frame) if proven else None)


def _refuse_raw(source: str) -> None:
    # The remark before each paragraph would be printed in it.
    if (found := RAW.search(source)) is not None:
        raise TemplateSyntaxError("raw is not allowed in a template", 1 + source.count("\n", 0, found.start()))


def serialised(root: etree._Element) -> bytes:
    """Return a part as bytes."""
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)


def _plainly_named(root: etree._Element, source: str) -> bool:
    """Whether prefixes mean what Word means by them, and no part of the body binds one to a name known already."""
    bound = re.findall(r'\sxmlns:\w+="([^"]*)"', source[source.index(">") :])
    usual = (root.nsmap.get("w"), root.nsmap.get("wp", WP)) == (W[1:-1], WP)
    return usual and None not in root.nsmap and not set(bound) & set(root.nsmap.values())


def _outline(frame: bytes) -> tuple[bytes, bytes] | None:
    before, empty, after = frame.partition(b"<w:body/>")
    return (before + b"<w:body>", after) if empty else None


def _framed(name: str, body: etree._Element, frame: bytes) -> etree._Element:
    root = strictly_parsed(frame, name)
    root.replace(root.find(f"{W}body"), body)
    return root


def _grids_fit(root: etree._Element) -> bool:
    """Whether every table has as many grid columns as its longest row; docxtpl mends those that have not."""
    for table in root.iter(f"{W}tbl"):
        grid = table.find(f"{W}tblGrid")
        if grid is None:
            continue
        columns = len(grid.findall(f"{W}gridCol"))
        rows = [row.findall(f"{W}tc") for row in table.iter(f"{W}tr")]
        lengths = [len(cells) for cells in rows]
        longest = max(lengths, default=0)
        if longest > columns or (longest < columns and max(map(_spanned, rows), default=0) < columns):
            return False
    return True


def _spanned(cells: list[etree._Element]) -> int:
    spans = (cell.find(f"{W}tcPr/{W}gridSpan") for cell in cells)
    return sum(1 if span is None else int(span.get(f"{W}val", "1")) for span in spans)
