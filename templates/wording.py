"""Clauses as a document words them: heading and paragraphs, filled with its data, in each of its languages."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import jinja2
from jinja2 import meta
from jinja2.exceptions import TemplateSyntaxError, UndefinedError

from schemas.clause import Clause, Position
from schemas.errors import TemplateFault
from templates.catalog import LOCALES
from templates.clauses import ClauseParagraph, LibraryClause
from templates.faults import UNFILLABLE, line_in_template
from templates.filters import HEADING_OF
from templates.limits import TooMuch
from templates.sandbox import Environment, environment_for
from templates.selection import Selection
from templates.view import LEAD, PARAGRAPH, TEXT, View

NAMED = {
    "confidentiality": "confidentiality",
    "data protection": "data-protection",
    "law and disputes": "law-and-disputes",
}
"""The library's clause for each that the data names in words; elsewhere a clause is named by its id."""


class WrittenParagraph(NamedTuple):
    """A paragraph as it is printed: ``level`` 1 or 2, ``lead`` empty where there is none."""

    level: int
    lead: str
    text: str


@dataclass(frozen=True, slots=True)
class WrittenClause(View):
    """A clause as it is printed in one language."""

    id: str
    version: int
    heading: str
    position: Position
    paragraphs: tuple[WrittenParagraph, ...]


class ParagraphPair(NamedTuple):
    """A paragraph in the first and in the second language."""

    left: WrittenParagraph
    right: WrittenParagraph


@dataclass(frozen=True, slots=True)
class ClausePair(View):
    """A clause in the first and in the second language, and its paragraphs side by side."""

    left: WrittenClause
    right: WrittenClause
    rows: tuple[ParagraphPair, ...]


@dataclass(frozen=True, slots=True)
class ClauseText:
    """The text of a library clause in one language: what is the same for all data, and the rest compiled."""

    clause: LibraryClause
    language: str
    fixed: tuple[WrittenParagraph | None, ...]
    """Each paragraph that is the same for all data."""
    compiled: jinja2.Template
    always: tuple[str, tuple[WrittenParagraph, ...]] | None = None
    """Heading and paragraphs of a clause that takes nothing from the data."""

    def write(self, context: jinja2.runtime.Context) -> tuple[str, tuple[WrittenParagraph, ...]]:
        """Return heading and paragraphs, empty ones included; raise :class:`TemplateFault` with the place."""
        if self.always is not None:
            return self.always
        try:
            heading, *pieces = "".join(self.compiled.root_render_func(context)).split(PARAGRAPH)
        except (*UNFILLABLE, TooMuch) as error:
            line = line_in_template(error.__traceback__)
            raise TemplateFault(
                "a clause makes too much" if isinstance(error, TooMuch) else "a clause cannot be filled",
                where=self.place(None if line is None else self.compiled.get_corresponding_lineno(line)),
                got=str(error),
                expected="names of the document's fields, with a value" if isinstance(error, UndefinedError) else None,
            ) from error
        made: dict[str, list[WrittenParagraph]] = {}
        for piece in pieces:
            number, _, rest = piece.partition(LEAD)
            lead, _, text = rest.partition(TEXT)
            level = self.clause.paragraphs[int(number)].level
            made.setdefault(number, []).append(WrittenParagraph(level, lead.strip(), text.strip()))
        written = (
            made.get(str(number), ()) if paragraph is None else (paragraph,)
            for number, paragraph in enumerate(self.fixed)
        )
        return heading.strip(), tuple(itertools.chain.from_iterable(written))

    def place(self, line: int | None) -> str:
        """Return the place of a line of the compiled text: the heading is the first, then one for each paragraph."""
        return _place(self.clause, self.language, None if line is None else line - 1)


@functools.lru_cache(maxsize=1024)
def text_of(clause: LibraryClause, language: str, names: frozenset[str]) -> ClauseText:
    """Return the compiled text of a clause in ``language``; ``names`` are what it may use.

    Raises :class:`TemplateFault` with file, paragraph and language at what Jinja cannot read and at unknown names.
    """
    if language not in clause.heading:
        raise TemplateFault(
            "a clause has no text in the language of the document",
            where=clause.place,
            got=", ".join(clause.languages),
            expected=language,
            remedy="add the text in a new version of the clause",
        )
    environment = environment_for(LOCALES[language], autoescape=False)
    lines = [clause.heading[language]]
    _check(environment, lines[0], names, _place(clause, language, 0))
    fixed: list[WrittenParagraph | None] = []
    for number, paragraph in enumerate(clause.paragraphs):
        lead, text = paragraph.lead.get(language, ""), paragraph.text[language]
        if paragraph.when is paragraph.each is None and "{" not in lead + text:
            fixed.append(WrittenParagraph(paragraph.level, lead, text))
            lines.append("")
            continue
        fixed.append(None)
        for step in (paragraph.when, paragraph.each):
            if step is not None and "%}" in step:
                raise TemplateFault("a condition ends early", where=_place(clause, language, number + 1), got=step)
        line = _line(paragraph, number, language)
        _check(environment, line, names, _place(clause, language, number + 1))
        lines.append(line)
    compiled = environment.from_string("\n".join(lines))
    same = [paragraph for paragraph in fixed if paragraph is not None]
    always = (lines[0], tuple(same)) if len(same) == len(fixed) and "{" not in lines[0] else None
    return ClauseText(clause, language, tuple(fixed), compiled, always)


class Wording:
    """The clauses of one document: what ``clause``, ``clause_pair``, ``added``, ``added_pairs`` are in a template."""

    def __init__(self, selection: Selection, contexts: Mapping[str, Callable[[], Mapping[str, object]]]) -> None:
        self._selection = selection
        self._contexts = contexts
        self._written: dict[tuple[type, str, str], tuple[WrittenClause, tuple[WrittenParagraph, ...]]] = {}
        self._sides: dict[str, tuple[frozenset[str], jinja2.runtime.Context]] = {}
        self.included: dict[str, None] = {}
        """Ids of the clauses the template has asked for so far, in their order."""
        self.named: dict[str, None] = {}
        """Ids of the clauses whose heading a text has named so far."""

    def clause(self, identifier: str) -> WrittenClause:
        """Return what stands for the library clause ``identifier``, in the (first) language of the document."""
        self.included[identifier] = None
        return self._in_language(self._standing(identifier), self._selection.languages[0])[0]

    def clause_pair(self, identifier: str) -> ClausePair:
        """Return what stands for the library clause ``identifier``, in both languages."""
        self.included[identifier] = None
        return self._pair(self._standing(identifier))

    def heading(self, name: str, language: str) -> str:
        """Return the heading of what stands for a clause that a text names; the clause itself is not asked for."""
        identifier = NAMED.get(name, name)
        self.named[identifier] = None
        return self._in_language(self._standing(identifier), language)[0].heading

    def check_named(self) -> None:
        """Raise :class:`TemplateFault` where a text has named a clause that the template did not ask for."""
        if missing := self.named.keys() - self.included.keys():
            raise TemplateFault(
                "the document names a clause that does not stand in it",
                got=", ".join(sorted(missing)),
                expected=" or ".join(self.included) or None,
            )

    @property
    def added(self) -> list[WrittenClause]:
        """The clauses the data adds, in the (first) language of the document."""
        return [self._in_language(clause, self._selection.languages[0])[0] for clause in self._selection.added]

    @property
    def added_pairs(self) -> list[ClausePair]:
        """The clauses the data adds, in both languages."""
        return [self._pair(clause) for clause in self._selection.added]

    def _side(self, language: str) -> tuple[frozenset[str], jinja2.runtime.Context]:
        """Return what a clause in ``language`` may name, once for all clauses."""
        if language not in self._sides:
            values = self._contexts[language]()
            environment = environment_for(LOCALES[language], autoescape=False)
            usable = dict(values) | {HEADING_OF: self.heading}
            self._sides[language] = (frozenset(values), environment.context_class(environment, usable, "", {}))
        return self._sides[language]

    def _standing(self, identifier: str) -> LibraryClause | Clause:
        clause = self._selection.standing(identifier)
        if clause is None:
            raise UndefinedError(
                f"the template pins no clause {identifier!r}; it pins {', '.join(self._selection.library) or 'none'}"
            )
        return clause

    def _pair(self, clause: LibraryClause | Clause) -> ClausePair:
        first, second = self._selection.languages
        (left, lefts), (right, rights) = self._in_language(clause, first), self._in_language(clause, second)
        if [part.level for part in lefts] != [part.level for part in rights]:
            raise UndefinedError(f"the clause {clause.id!r} has other paragraphs in {second} than in {first}")
        rows = (ParagraphPair(*both) for both in zip(lefts, rights, strict=True) if any(part.text for part in both))
        return ClausePair(left, right, tuple(rows))

    def _in_language(
        self, clause: LibraryClause | Clause, language: str
    ) -> tuple[WrittenClause, tuple[WrittenParagraph, ...]]:
        """Return a clause without its empty paragraphs, and all its paragraphs."""
        key = (type(clause), clause.id, language)
        if key not in self._written:
            if isinstance(clause, LibraryClause):
                names, context = self._side(language)
                heading, paragraphs = text_of(clause, language, names).write(context)
            else:
                heading = clause.heading.in_language(language)
                paragraphs = tuple(WrittenParagraph(1, "", text.in_language(language)) for text in clause.paragraphs)
            shown = tuple(paragraph for paragraph in paragraphs if paragraph.text)
            self._written[key] = (
                WrittenClause(clause.id, clause.version, heading, clause.position, shown),
                paragraphs,
            )
        return self._written[key]


def _line(paragraph: ClauseParagraph, number: int, language: str) -> str:
    line = f"{PARAGRAPH}{number}{LEAD}{paragraph.lead.get(language, '')}{TEXT}{paragraph.text[language]}"
    if paragraph.each is not None:
        line = f"{{% for {paragraph.each} %}}{line}{{% endfor %}}"
    if paragraph.when is not None:
        line = f"{{% if {paragraph.when} %}}{line}{{% endif %}}"
    return line


def _check(environment: Environment, source: str, names: frozenset[str], where: str) -> None:
    try:
        unknown = meta.find_undeclared_variables(environment.parse(source)) - names
        environment.compile(source, raw=True)
    except (TemplateSyntaxError, jinja2.TemplateAssertionError) as error:
        raise TemplateFault("a clause cannot be read", where=where, got=error.message) from error
    if unknown:
        raise TemplateFault(
            "a clause uses a name the data does not have",
            where=where,
            got=", ".join(sorted(unknown)),
            expected=", ".join(sorted(names)),
        )


def _place(clause: LibraryClause, language: str, number: int | None) -> str:
    part = "" if number is None else (", heading" if number == 0 else f", paragraph {number}")
    return f"{clause.place}{part}, {language}"
