"""The clause library: one folder for each clause, one file ``v<N>.toml`` for each version of its text.

A file says what the clause is about, how it stands to the library (standard, or a fallback or deviation that may stand
in for a standard), what a reviewer should look at, and its heading and paragraphs in each language::

    id = "confidentiality"
    version = 1
    subject = "general"
    position = "standard"
    note = "..."
    [heading]
    en = "Confidentiality"
    [[paragraph]]
    level = 1
    when = "confidentiality_years > 0"
    each = "area in areas"
    lead.en = "{{ area.title }}."
    en = "{{ area.description }}"

A released version never changes: the manifests of templates pin it by digest.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict, ValidationError, model_validator

from schemas.clause import Position, Subject
from schemas.errors import TemplateFault
from schemas.evidence import Digest, digest_of
from schemas.prose import LANGUAGES, Language
from schemas.text import BIDI_CONTROLS, INVISIBLE, Identifier

FOLDER = Path(__file__).parent
LIBRARY = "clauses"
"""Name of the folder of clauses beside those of the document types."""
MAX_TEXT_CHARACTERS = 10_000
PRIVATE = re.compile("[\ue000-\uf8ff]")
"""Private use characters (Unicode 23.5), with which the renderer marks its own places."""


def _on_one_line(value: object) -> object:
    """Take the line breaks of the file out: a paragraph is one line."""
    if not isinstance(value, str):
        return value
    text = re.sub(r"[ \t\r\n]+", " ", value).strip(" ")
    for character in text:
        if character in BIDI_CONTROLS | INVISIBLE or ord(character) < ord(" ") or PRIVATE.match(character):
            raise ValueError(f"U+{ord(character):04X} is no part of a text")
    return text


Text = Annotated[str, Strict(), Field(min_length=1, max_length=MAX_TEXT_CHARACTERS)]
Number = Annotated[int, Strict(), Field(ge=1, le=10_000)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _lines_joined(cls, content: Any) -> Any:
        return _joined(content) if isinstance(content, dict) else content


def _joined(content: dict[str, Any]) -> dict[str, Any]:
    return {key: _joined(part) if isinstance(part, dict) else _on_one_line(part) for key, part in content.items()}


class ClauseParagraph(_Strict):
    """One paragraph in every language of its clause; ``when`` and ``each`` hold for all of them."""

    level: Literal[1, 2] = 1
    """1 a numbered paragraph of the clause, 2 an item under it."""
    when: Text | None = None
    """Jinja expression: the paragraph stands only where it is true."""
    each: Text | None = None
    """Jinja loop such as ``area in areas``: the paragraph stands once for each."""
    lead: dict[Language, Text] = {}
    """Words in bold before the text, where there are any."""
    text: dict[Language, Text]
    """The text by language."""

    @model_validator(mode="before")
    @classmethod
    def _gather_languages(cls, content: Any) -> Any:
        if not isinstance(content, dict) or "text" in content:
            return content
        texts = {language: content[language] for language in LANGUAGES if language in content}
        return {key: part for key, part in content.items() if key not in texts} | {"text": texts}


class LibraryClause(_Strict):
    """One version of a clause of the library."""

    id: Identifier
    """The name of its folder."""
    version: Number
    """The number of its file."""
    subject: Subject
    """What it is about."""
    position: Position
    """How it stands to the library."""
    standard: Identifier | None = None
    """The clause a fallback or deviation may stand in for."""
    note: Text
    """Playbook: what a reviewer should look at, and when a fallback is acceptable."""
    heading: dict[Language, Text] = Field(min_length=1)
    """Heading by language."""
    paragraphs: tuple[ClauseParagraph, ...] = Field(alias="paragraph", min_length=1)
    """In their order."""
    sha256: Digest
    """Digest of the file; not written in it."""

    @model_validator(mode="after")
    def _fits_together(self) -> LibraryClause:
        if (self.position is Position.STANDARD) != (self.standard is None):
            raise ValueError("a fallback or deviation, and only such a clause, names in standard what it stands in for")
        for number, paragraph in enumerate(self.paragraphs, start=1):
            for name, texts in {"text": paragraph.text, "lead": paragraph.lead or self.heading}.items():
                if odd := texts.keys() ^ self.heading.keys():
                    raise ValueError(
                        f"paragraph {number}, {', '.join(sorted(odd))}: the {name} has not the languages of the heading"
                    )
        return self

    def __hash__(self) -> int:
        return hash(self.sha256)

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages of its text."""
        return tuple(self.heading)

    @property
    def place(self) -> str:
        """Where it stands, for people: ``clauses/confidentiality/v1.toml``."""
        return place_of(self.id, self.version)


def load_clause(identifier: str, version: int | None = None, *, folders: Iterable[Path] = (FOLDER,)) -> LibraryClause:
    """Return a version of a clause of the library; the newest if none is named.

    ``folders`` are those that hold a folder :data:`LIBRARY`, the first with that version counts. Raises
    :class:`TemplateFault` naming file, paragraph and language if there is none or it cannot be read.
    """
    folders = tuple(folders)
    found = _versions(identifier, folders)
    wanted = version if version is not None else max(found, default=None)
    if wanted is None or wanted not in found:
        raise TemplateFault(
            "there is no such clause in the library",
            where=place_of(identifier, wanted or 1),
            got=identifier if version is None else f"{identifier}, version {version}",
            expected=", ".join(f"version {number}" for number in sorted(found)) or ", ".join(clause_files(folders)),
        )
    return _read(found[wanted].read_bytes(), identifier, wanted)


def clause_files(folders: Iterable[Path] = (FOLDER,)) -> dict[str, dict[int, Path]]:
    """Return the file of each version of each clause, ids in alphabetical order."""
    folders = tuple(folders)
    identifiers = sorted({path.name for folder in folders for path in folder.glob(f"{LIBRARY}/*/")})
    return {identifier: files for identifier in identifiers if (files := _versions(identifier, folders))}


def _versions(identifier: str, folders: tuple[Path, ...]) -> dict[int, Path]:
    if not re.fullmatch(r"[a-z0-9-]+", identifier):
        return {}
    found: dict[int, Path] = {}
    for folder in folders:
        for path in (folder / LIBRARY / identifier).glob("v*.toml"):
            if (number := path.stem.removeprefix("v")).isdecimal():
                found.setdefault(int(number), path)
    return found


def fallbacks_of(identifier: str, library: Iterable[LibraryClause]) -> tuple[str, ...]:
    """Return the ids of the clauses in ``library`` that may stand in for another."""
    return tuple(clause.id for clause in library if clause.standard == identifier)


def place_of(identifier: str, version: int) -> str:
    """Return where a version of a clause stands, for people."""
    return f"{LIBRARY}/{identifier}/v{version}.toml"


@functools.lru_cache(maxsize=1024)
def _read(content: bytes, identifier: str, version: int) -> LibraryClause:
    where = place_of(identifier, version)
    try:
        written = tomllib.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TemplateFault("a clause cannot be read", where=where, got=str(error), expected="TOML in UTF-8") from error
    if "sha256" in written:
        raise TemplateFault("a clause cannot be read", where=where, got="sha256", expected="no digest of itself")
    try:
        clause = LibraryClause.model_validate(written | {"sha256": digest_of(content)})
    except ValidationError as error:
        problems = [(_place(problem["loc"]), problem["msg"]) for problem in error.errors()]
        raise TemplateFault(
            "a clause cannot be read",
            where="; ".join(dict.fromkeys(f"{where}, {place}" if place else where for place, _ in problems)),
            got="; ".join(f"{place}: {message}" if place else message for place, message in problems),
            expected="id, version, subject, position, note, heading and paragraphs as templates/clauses.py describes",
        ) from error
    if (clause.id, clause.version) != (identifier, version):
        raise TemplateFault(
            "the file describes another clause",
            where=where,
            got=f"{clause.id}, version {clause.version}",
            expected=f"{identifier}, version {version}",
        )
    return clause


def _place(location: tuple[int | str, ...]) -> str:
    """Return a place in a file as people count: paragraphs from 1, then what is in them."""
    words = [str(step) for step in location if step != "text"]
    if len(location) > 1 and location[0] == "paragraph":
        words[:2] = [f"paragraph {int(location[1]) + 1}"]
    return ", ".join(words)
