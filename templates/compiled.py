"""A template made ready once for each digest: parts patched, compiled, and bound to their places.

The language is docxtpl's: its ``patch_xml`` turns what Word saved into a Jinja template. Unlike docxtpl, each part is
rendered exactly once (a second pass would read data as template) and reparsed strictly (docxtpl parses with recovery,
which drops what is not well formed). The environment is sandboxed, strict about undefined names, and escapes.
"""

from __future__ import annotations

import functools
import io
import re
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType

import jinja2
from babel import Locale
from docxtpl import DocxTemplate
from jinja2 import StrictUndefined, meta
from jinja2.exceptions import SecurityError, TemplateError, TemplateSyntaxError, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from lxml import etree

from schemas.errors import TemplateFault
from templates import lint
from templates.catalog import Template
from templates.view import Datum, Record, Style

RENDERED = re.compile(r"word/(document|header\d*|footer\d*|footnotes|endnotes)\.xml|docProps/core\.xml")
NAMES = frozenset({"agreement_id", "draft", "data_digest", "template_id", "template_version", "open_facts", "wording"})
"""What a template may use beside the fields of its data."""
MAX_PART_CHARACTERS = 20_000_000
MAX_SECONDS = 20.0
PARAGRAPH = re.compile(r"<w:p([ >])")
BROKEN_LINE = re.compile(r"\n<w:p([ >])")


class Environment(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, in which text cannot be multiplied."""

    intercepted_binops = frozenset({"*", "**"})

    def call_binop(self, context: jinja2.runtime.Context, operator: str, left: object, right: object) -> object:
        """Refuse what makes text or numbers of any size from a few characters."""
        if operator == "**" or not (isinstance(left, int) and isinstance(right, int)):
            raise SecurityError(f"{operator} is not allowed here")
        return super().call_binop(context, operator, left, right)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the package: its bytes, and where it is rendered its compiled template and patched source."""

    name: str
    content: bytes
    compiled: jinja2.Template | None = None
    lines: tuple[str, ...] = ()

    def fill(self, context: Mapping[str, object]) -> etree._Element:
        """Return the rendered part as XML; raise :class:`TemplateFault` naming paragraph and tag."""
        if self.compiled is None:
            raise ValueError(self.name)
        deadline, pieces, size = time.monotonic() + MAX_SECONDS, [], 0
        try:
            for piece in self.compiled.generate(context):
                size += len(piece)
                if size > MAX_PART_CHARACTERS or time.monotonic() > deadline:
                    raise TemplateFault(
                        "the template makes too much",
                        where=self.name,
                        got=f"{size} characters",
                        expected=f"at most {MAX_PART_CHARACTERS} characters within {MAX_SECONDS:g} s",
                    )
                pieces.append(piece)
        except (TemplateError, TypeError, ValueError, ArithmeticError, AttributeError, LookupError) as error:
            raise self._fault(error) from error
        xml = BROKEN_LINE.sub(r"<w:p\1", "".join(pieces))
        listed = DocxTemplate(io.BytesIO()).resolve_listing(xml)
        return strictly_parsed(listed.encode(), self.name)

    def _fault(self, error: Exception) -> TemplateFault:
        line = _line_in_template(error.__traceback__)
        unknown = isinstance(error, UndefinedError)
        return TemplateFault(
            "the template uses a name the data does not have" if unknown else "a tag of the template cannot be filled",
            where=self.place(line),
            got=str(error),
            expected="names of the document's fields" if unknown else "a tag that fits the data",
            remedy="correct the tag, in a new version of the template",
        )

    def place(self, line: int | None) -> str:
        """Return the place of a line of the patched source: there each paragraph begins a line."""
        if line is None or not 0 < line <= len(self.lines):
            return self.name
        return lint.place(self.name, line - 1, re.sub(r"<[^>]+>", "", self.lines[line - 1]))


@functools.lru_cache(maxsize=16)
def compile_template(template: Template, fields: frozenset[str]) -> tuple[Part, ...]:
    """Return the parts of ``template`` in package order, those with tags compiled.

    ``fields`` are the names of the data's fields. Raises :class:`TemplateFault` at a leftover, an incomplete tag, a
    tag Jinja cannot read, and a name that is neither a field nor one of :data:`NAMES`.
    """
    environment = environment_for(template.language)
    try:
        with zipfile.ZipFile(io.BytesIO(template.docx)) as package:
            contents = {name: package.read(name) for name in package.namelist()}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise TemplateFault("the template is no Word file", got=str(error), expected="a DOCX") from error
    return tuple(_part(environment, name, content, fields | NAMES) for name, content in contents.items())


def environment_for(language: str) -> Environment:
    """Return the Jinja environment of templates in ``language`` (BCP 47)."""
    style = Style(Locale.parse(language, sep="-"))
    environment = Environment(undefined=StrictUndefined, autoescape=True, finalize=_printed)
    environment.globals.clear()
    environment.filters = {
        name: environment.filters[name] for name in ("length", "first", "last", "upper", "lower")
    } | {
        "money": style.money,
        "day": style.day,
        "country": style.country,
        "language": style.language,
        "capital": _capital,
        "listed": _listed,
        "headings": _headings,
        "by_id": _by_id,
        "plain": _plain,
    }
    return environment


def strictly_parsed(content: bytes, part: str) -> etree._Element:
    """Return the root of ``content``; raise :class:`TemplateFault` unless it is well formed."""
    try:
        return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))
    except etree.XMLSyntaxError as error:
        raise TemplateFault(
            "a part is not well-formed XML",
            where=part,
            got=str(error),
            expected="balanced tags: a loop or condition that begins in a row or cell ends in it",
        ) from error


def _part(environment: Environment, name: str, content: bytes, known: frozenset[str]) -> Part:
    if not RENDERED.fullmatch(name):
        return Part(name, content)
    root = strictly_parsed(content, name)
    lint.check_part(name, root)
    patched = DocxTemplate(io.BytesIO()).patch_xml(etree.tostring(root, encoding="unicode"))
    source = PARAGRAPH.sub(r"\n<w:p\1", patched)
    try:
        unknown = meta.find_undeclared_variables(environment.parse(source)) - known
        compiled = environment.from_string(source)
    except TemplateSyntaxError as error:
        broken = Part(name, content, lines=tuple(source.split("\n")))
        raise TemplateFault(
            "a tag of the template cannot be read", where=broken.place(error.lineno), got=error.message
        ) from error
    for missing in sorted(unknown):
        raise TemplateFault(
            "the template uses a name the data does not have",
            where=lint.find_name(root, name, missing) or name,
            got=missing,
            expected=", ".join(sorted(known)),
            remedy="correct the tag, in a new version of the template",
        )
    return Part(name, content, compiled, tuple(source.split("\n")))


def _line_in_template(trace: TracebackType | None) -> int | None:
    line = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _printed(value: object) -> object:
    """Return what is printed; nothing else than text, numbers and data reaches a page."""
    if isinstance(value, jinja2.Undefined):
        # Its own message, which names what is missing, comes when it is turned into text.
        return value
    if value is None:
        raise UndefinedError("the data has no value here: print it only inside a condition")
    if isinstance(value, list | Record | bool) or callable(value):
        raise UndefinedError("this is no single value: name one of its fields, or loop over it")
    return value


def _capital(value: object) -> object:
    """Begin with a capital letter."""
    return _changed(value, lambda text: text[:1].upper() + text[1:])


def _plain(value: object) -> object:
    """Leave out the mark of an open fact: for places that hold text only, such as the description of a picture."""
    return value.text if isinstance(value, Datum) else value


def _changed(value: object, change: Callable[[str], str]) -> object:
    if isinstance(value, Datum):
        return Datum(value.value, change(value.text), value.style, value.status)
    return change(str(value))


def _listed(values: list[object]) -> str:
    """Join with commas and a final ``and``."""
    words = [str(value) for value in values]
    return " and ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)


def _headings(names: list[object]) -> str:
    """Name clauses by their headings, in quotation marks."""
    return _listed([f"\u201c{_capital(str(name))}\u201d" for name in names])


def _by_id(records: list[Record], identifier: object) -> Record:
    """Return the record with this ``id``."""
    for record in records:
        if record.id == identifier:
            return record
    raise UndefinedError(f"nothing has the id {str(identifier)!r}")
