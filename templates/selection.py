"""Which clauses stand in a document: those of its template, or what the data puts in their place, and what it adds."""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from schemas.clause import Clause, Position, Subject
from schemas.errors import Fault, InputError
from schemas.evidence import Digest, canonical_json, digest_of
from templates import lint
from templates.catalog import Template
from templates.clauses import LibraryClause
from templates.package import BODY, strictly_parsed, unpacked

QUOTE = "[\"'\u201c\u201d\u2018\u2019]"
INCLUDED = re.compile(rf"(?<![\w|.])(?<!\|\s)\w+\(\s*{QUOTE}([a-z][a-z0-9-]*){QUOTE}")
"""A macro or ``clause`` called with the id of a clause; not a filter, which stands behind a bar."""


@dataclass(frozen=True, slots=True)
class UsedClause:
    """A clause that stands in a draft, pinned by digest: of its file, or of its RFC 8785 JSON if the data holds it."""

    id: str
    version: int
    sha256: Digest
    position: Position
    subject: Subject
    languages: tuple[str, ...]
    instead_of: str | None = None
    """The clause of the library in whose place it stands; for an added one there is none."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What stands where a template includes a clause, and what the data adds."""

    languages: tuple[str, ...]
    library: Mapping[str, LibraryClause]
    instead: Mapping[str, LibraryClause | Clause]
    """By the id of the clause whose place they take."""
    added: tuple[Clause, ...]

    def standing(self, identifier: str) -> LibraryClause | Clause | None:
        """Return what stands where the template includes ``identifier``; ``None`` if it pins no such clause."""
        return self.instead.get(identifier) or self.library.get(identifier)

    def used(self, identifiers: Iterable[str]) -> tuple[UsedClause, ...]:
        """Return the record of what stands for ``identifiers``, in their order, and of what is added."""
        records = [
            self._record(standing, identifier if identifier in self.instead else None)
            for identifier in dict.fromkeys(identifiers)
            if (standing := self.standing(identifier)) is not None
        ]
        return (*records, *(self._record(clause, None) for clause in self.added))

    def _record(self, clause: LibraryClause | Clause, instead_of: str | None) -> UsedClause:
        return UsedClause(
            id=clause.id,
            version=clause.version,
            sha256=clause.sha256 if isinstance(clause, LibraryClause) else digest_of_clause(clause),
            position=clause.position,
            subject=clause.subject,
            languages=self.languages,
            instead_of=instead_of,
        )


def used_clauses(template: Template, document: BaseModel) -> tuple[UsedClause, ...]:
    """Return every clause that ``document`` has with ``template``, in the order of the text, the added ones last.

    Nothing is rendered, so a clause inside a condition counts. Raises :class:`InputError` naming each choice and
    replacement (``choices[0].use``) that the template's clauses do not allow.
    """
    return select(template, document).used(included_clauses(template.docx))


def select(template: Template, document: BaseModel) -> Selection:
    """Return what stands where ``template`` includes a clause; raise :class:`InputError` with every fault."""
    choices, clauses = getattr(document, "choices", ()), getattr(document, "clauses", ())
    instead: dict[str, LibraryClause | Clause] = {}
    faults: list[Fault] = []
    for index, choice in enumerate(choices):
        path = f"choices[{index}]"
        fault = (
            _unknown(f"{path}.clause", choice.clause, template)
            or _taken(f"{path}.clause", choice.clause, instead)
            or _no_fallback(f"{path}.use", choice.use, choice.clause, template)
        )
        if fault is not None:
            faults.append(fault)
        else:
            instead[choice.clause] = template.clauses[choice.use]
    for index, clause in enumerate(clauses):
        if (replaced := getattr(clause, "replaces", None)) is None:
            continue
        path = f"clauses[{index}].replaces"
        if fault := _unknown(path, replaced, template) or _taken(path, replaced, instead):
            faults.append(fault)
        else:
            instead[replaced] = clause
    if faults:
        raise InputError("the clauses do not fit the template", faults, where=template.place)
    added = tuple(clause for clause in clauses if getattr(clause, "replaces", None) is None)
    return Selection(template.languages, template.clauses, instead, added)


def digest_of_clause(clause: Clause) -> Digest:
    """Return the SHA-256 of the RFC 8785 JSON of a clause of the data."""
    return digest_of(canonical_json(clause.model_dump(mode="json")))


@functools.lru_cache(maxsize=64)
def included_clauses(docx: bytes) -> tuple[str, ...]:
    """Return the ids of the clauses a Word file includes, in the order of its text."""
    root = strictly_parsed(unpacked(docx).get(BODY, b""), BODY)
    tags = (tag for _, text in lint.paragraphs(root) for tag in lint.TAG.findall(text))
    return tuple(dict.fromkeys(identifier for tag in tags for identifier in INCLUDED.findall(tag)))


def _standards(template: Template) -> Iterator[str]:
    """Yield the ids of the clauses the Word file includes: those whose place something else may take."""
    pinned = template.clauses
    return (name for name in included_clauses(template.docx) if name in pinned)


def _unknown(path: str, identifier: str, template: Template) -> Fault | None:
    known = list(_standards(template))
    if identifier in known:
        return None
    return _fault(path, f"the template has no clause {identifier}", identifier, known)


def _no_fallback(path: str, use: str, identifier: str, template: Template) -> Fault | None:
    known = [clause.id for clause in template.clauses.values() if clause.standard == identifier]
    if use in known:
        return None
    return _fault(path, f"{use} is no fallback of {identifier}", use, known)


def _taken(path: str, identifier: str, instead: Mapping[str, object]) -> Fault | None:
    if identifier not in instead:
        return None
    return Fault(path, f"something else stands in place of {identifier} already", read=identifier)


def _fault(path: str, message: str, read: str, known: list[str]) -> Fault:
    near = difflib.get_close_matches(read, known, n=1)
    return Fault(
        path, message, read=read, expected=" or ".join(known) or "none: it has none", proposal=next(iter(near), None)
    )
