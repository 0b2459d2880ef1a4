"""Everything that is wrong with a template, found at once and before any data is seen.

A template is read as a person sees it in Word: part by part, paragraph by paragraph. Broken tags and steps come
first (``tags``, ``blocks``), then every name is followed to the field it stands for (``resolve``), through the texts of
the clauses it includes.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from docxtpl import DocxTemplate
from lxml import etree

from schemas.document import Document
from schemas.errors import InputError, TemplateFault
from schemas.evidence import digest_of
from templates.catalog import Template
from templates.checking.blocks import jinja_source
from templates.checking.clause_texts import check_languages, leftover_in, walk_clause
from templates.checking.drawings import check_drawings
from templates.checking.fields import unused_fields
from templates.checking.findings import Finding, Findings, Place, nearest
from templates.checking.kinds import ANYTHING, Shape
from templates.checking.names import certain_keys, clause_names, document_names, environment
from templates.checking.parts import TextPart, parts_of
from templates.checking.resolve import Resolver
from templates.checking.tags import MAX_CHARACTERS, paragraph_texts, read_tags, tracked_changes
from templates.checking.vocabulary import CLAUSE, CLAUSE_PAIR
from templates.checking.walk import Spot
from templates.clauses import LibraryClause
from templates.compiled import compile_template
from templates.context import names_for
from templates.lint import DELIMITER, TAG
from templates.outside.untrusted import admit_word_file
from templates.package import strictly_parsed


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found, and what the template uses: paths as ``usable_fields`` gives them, ids of clauses."""

    findings: tuple[Finding, ...]
    used: frozenset[str]
    clauses: tuple[str, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that refuse the template."""
        return tuple(finding for finding in self.findings if finding.severity == "error")


@dataclass(slots=True)
class _Check:
    model: type[Document]
    library: Mapping[str, LibraryClause]
    languages: tuple[str, ...]
    findings: Findings = field(default_factory=Findings)
    used: set[str] = field(default_factory=set)
    included: dict[str, None] = field(default_factory=dict)

    def resolver(self, scope: dict[str, Shape]) -> Resolver:
        return Resolver(
            environment=environment(), findings=self.findings, scopes=[scope], used=self.used, clause=self.clause,
            present=certain_keys(self.languages),
        )  # fmt: skip

    def failed(self) -> bool:
        """Whether an error was found."""
        return any(finding.severity == "error" for finding in self.findings.all)

    def part(self, part: TextPart) -> None:
        root = part.root
        tags = read_tags(part.label, root, self.findings)
        for place in tracked_changes(part.label, root):
            self.findings.error(place, "a tracked change", expected="each change accepted or rejected, then saved")
        for place, text in paragraph_texts(part.label, root):
            if len(text) <= MAX_CHARACTERS and (leftover := leftover_in(text)):
                self.findings.error(
                    place, "a leftover", got=leftover, expected="the text itself, or a tag that takes it from the data"
                )
        resolver = self.resolver(document_names(self.model, self.languages))
        source = jinja_source(tags, resolver.environment, self.findings)
        if tags:
            spot = Spot(
                tuple(tag.place for tag in tags), tuple(tag.text for tag in tags), tuple(tag.marker for tag in tags)
            )
            try:
                with resolver.scope({}):
                    resolver.walk(source, spot)
            except RecursionError:
                self.findings.error(Place(part.label), "steps stand too deeply in each other to be read")

    def clause(self, resolver: Resolver, identifier: str, pair: bool) -> Shape:  # noqa: FBT001  # as the resolver asks
        """Answer for a clause of the library, and follow its texts where the template includes it."""
        known = self.library.get(identifier)
        if known is None:
            resolver.error(
                "there is no such clause in the library", got=f'"{identifier}"',
                expected=", ".join(self.library) or "a clause of the library",
                proposal=nearest(identifier, self.library),
            )  # fmt: skip
            return ANYTHING
        self.included[identifier] = None
        if missing := [language for language in self.languages if language not in known.languages]:
            resolver.error(
                f"the clause {identifier} has no text in {', '.join(missing)}",
                got=", ".join(known.languages), expected=", ".join(self.languages),
            )  # fmt: skip
        scopes, resolver.scopes = resolver.scopes, [clause_names(self.model)]
        for candidate in (known, *(clause for clause in self.library.values() if clause.standard == identifier)):
            for language in self.languages:
                if language in candidate.languages:
                    walk_clause(resolver, candidate, language)
            check_languages(candidate, self.findings)
        resolver.scopes = scopes
        return CLAUSE_PAIR if pair else CLAUSE


def check_template(
    docx: bytes,
    model: type[Document],
    *,
    clauses: Mapping[str, LibraryClause],
    languages: tuple[str, ...] = ("en",),
) -> tuple[Finding, ...]:
    """Return every fault of a template and everything to look at, errors first.

    ``model`` is the type of its data, ``clauses`` the library by id, ``languages`` those of the edition, one or two.
    A template without errors can be filled from any data its model admits, as far as can be told beforehand.
    """
    return examine(docx, model, clauses=clauses, languages=languages).findings


def examine(
    docx: bytes, model: type[Document], *, clauses: Mapping[str, LibraryClause], languages: tuple[str, ...] = ("en",)
) -> Checked:
    """Return what :func:`check_template` finds, and what the template uses."""
    check = _Check(model, clauses, languages)
    _admitted(docx, check.findings)
    try:
        parts = parts_of(docx)
    except TemplateFault as fault:
        if not check.failed():
            expected = fault.expected or "a DOCX"
            check.findings.error(Place(fault.where or "the file"), fault.what, got=fault.got, expected=expected)
        return Checked(check.findings.all, frozenset(), ())
    for part in parts:
        if part.filled:
            check.part(part)
        else:
            _unfilled_tags(part, check.findings)
    check_drawings((part for part in parts if part.filled), model, check.findings)
    if not check.failed():
        for part in parts:
            if part.filled and (broken := _broken_once_filled(part)):
                check.findings.error(
                    Place(part.label), "the tags leave the text in pieces that do not fit together", got=broken,
                    expected="a tag of its own paragraph, row or cell for each step that begins or ends there",
                )  # fmt: skip
    if not check.failed() and (fault := _refused_by_renderer(docx, model, clauses, languages)):
        check.findings.error(Place(fault.where or "template"), fault.what, got=fault.got, expected=fault.expected)
    if not check.failed():
        for path in unused_fields(model, check.used, languages=languages):
            check.findings.warning(Place("template"), f"{path} is never used", got=path)
    return Checked(
        check.findings.all,
        frozenset(path for path in check.used if not path.endswith(".*")),
        tuple(check.included),
    )


def _admitted(docx: bytes, findings: Findings) -> None:
    """Say what may not come in with a Word file: macros, links, embedded objects, parts that are not whole."""
    try:
        admit_word_file(docx, name="the template")
    except InputError as error:
        for fault in error.faults:
            findings.error(
                Place(fault.path), fault.message, got=fault.read, expected=fault.expected, proposal=fault.proposal
            )


def _refused_by_renderer(
    docx: bytes, model: type[Document], clauses: Mapping[str, LibraryClause], languages: tuple[str, ...]
) -> TemplateFault | None:
    """Return what the renderer itself has against a template, before any data is seen."""
    template = Template(
        document_type=model.document_type, id=model.document_type, version=1, edition="-".join(languages),
        digest=digest_of(docx), title=model.kind, docx=docx, clauses=clauses,
    )  # fmt: skip
    try:
        compile_template(template, names_for(template, model))
    except TemplateFault as fault:
        return fault
    return None


def _broken_once_filled(part: TextPart) -> str | None:
    """Return how the XML breaks once docxtpl has patched it and the tags are gone; ``None`` where it stays whole."""
    patched = DocxTemplate(io.BytesIO()).patch_xml(etree.tostring(part.root, encoding="unicode"))
    try:
        strictly_parsed(TAG.sub("", patched).encode(), part.name)
    except TemplateFault as fault:
        return fault.got
    return None


def _unfilled_tags(part: TextPart, findings: Findings) -> None:
    """Say where a tag stands in a part that is never filled, such as a chart: it would come out as it is."""
    for text in _texts_of(part.root):
        if DELIMITER.search(text):
            findings.error(
                Place(part.label, text=text), "a tag stands where nothing is filled in", got=text.strip(),
                expected="tags in the text, header, footer, notes or properties only",
            )  # fmt: skip


def _texts_of(root: etree._Element) -> Iterator[str]:
    for element in root.iter(etree.Element):
        yield from (text for text in (element.text, element.tail) if text)
