"""Which templates there are: one folder for each document type and version, with a manifest beside the Word files.

A version has one Word file for each edition, ``en.docx`` for one language and ``en-es.docx`` for two side by side, and
pins the clauses of the library it includes. Templates of an installation stand in folders of their own beside the
packaged one; their versions continue the count.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, Strict, ValidationError

from schemas.errors import TemplateFault
from schemas.evidence import Digest, canonical_json, digest_of
from schemas.text import Identifier
from templates.clauses import FOLDER, LIBRARY, LibraryClause, load_clause

MANIFEST = "manifest.toml"
LOCALES = {"en": "en-GB", "es": "es-ES", "it": "it-IT", "pt": "pt-PT"}
"""The locale of each language (BCP 47): how it writes dates, numbers and lists."""
EDITION = r"^({0})(-({0}))?$".format("|".join(LOCALES))
"""A language, or two: ``en``, ``en-es``."""


class Edition(BaseModel):
    """One Word file of a template."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: Digest
    """Digest of the Word file."""


class ClausePin(BaseModel):
    """The version of a clause a template uses."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Annotated[int, Strict(), Field(ge=1)]
    """Version of the clause."""
    sha256: Digest
    """Digest of its file."""


class Manifest(BaseModel):
    """What ``manifest.toml`` says about the Word files beside it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    """Name of the template, the same in each version."""
    version: Annotated[int, Strict(), Field(ge=1)]
    """Counts from 1; a released version never changes."""
    document_type: str
    """The ``type`` of the data it renders."""
    title: str
    """Kind of document, for people."""
    editions: dict[Annotated[str, Field(pattern=EDITION)], Edition] = Field(min_length=1)
    """Its Word files by language or languages."""
    clauses: dict[Identifier, ClausePin] = {}
    """The clauses it includes, and the fallbacks that may be chosen."""


@dataclass(frozen=True, slots=True)
class Template:
    """One edition of one version of a template: what its manifest says, its Word file, and the pinned clauses."""

    document_type: str
    id: str
    version: int
    edition: str
    digest: Digest
    title: str
    docx: bytes = field(repr=False, compare=False)
    clauses: Mapping[str, LibraryClause] = field(
        repr=False, compare=False, default_factory=lambda: MappingProxyType({})
    )

    @property
    def languages(self) -> tuple[str, ...]:
        """The language of the text, or both where there are two."""
        return tuple(self.edition.split("-"))

    @property
    def locale(self) -> str:
        """The locale (BCP 47) of its language; of the first where there are two."""
        return LOCALES[self.languages[0]]

    @property
    def fingerprint(self) -> Digest:
        """Digest of all it is made of: the Word file and every pinned clause, as RFC 8785 JSON of their digests."""
        pinned = {identifier: clause.sha256 for identifier, clause in self.clauses.items()}
        return digest_of(canonical_json({"docx": self.digest, "clauses": pinned}))

    @property
    def place(self) -> str:
        """Where the Word file stands, for people: ``mou/v1/en.docx``."""
        return f"{self.document_type}/v{self.version}/{self.edition}.docx"


def load_template(
    document_type: str, edition: str = "en", version: int | None = None, *, folders: Iterable[Path] = (FOLDER,)
) -> Template:
    """Return an edition of the template of ``document_type``; in the newest version that has it if none is named.

    Raises :class:`TemplateFault` if there is none, its manifest cannot be read, or its Word file or a clause is not
    the one the manifest names.
    """
    folders = tuple(folders)
    wanted = version if version is not None else _newest_with(document_type, edition, folders)
    if wanted is None or wanted not in versions_of(document_type, folders=folders):
        raise _missing(document_type, edition, version, folders)
    folder = version_folder(document_type, wanted, folders=folders)
    manifest = read_manifest(folder)
    if edition not in manifest.editions:
        raise _missing(document_type, edition, version, folders)
    file = folder / f"{edition}.docx"
    docx = file.read_bytes()
    if (digest := digest_of(docx)) != manifest.editions[edition].sha256:
        raise TemplateFault(
            "the template was changed without a new version",
            where=f"{document_type}/v{wanted}/{file.name}",
            got=digest,
            expected=manifest.editions[edition].sha256,
            remedy=f"restore the file, or put the changed one into {document_type}/v{wanted + 1} and run "
            "python -m templates.pin on that folder",
        )
    return Template(
        document_type=manifest.document_type,
        id=manifest.id,
        version=manifest.version,
        edition=edition,
        digest=digest,
        title=manifest.title,
        docx=docx,
        clauses=MappingProxyType(dict(_pinned(manifest, folders))),
    )


def versions_of(document_type: str, *, folders: Iterable[Path] = (FOLDER,)) -> tuple[int, ...]:
    """Return the versions of the template of ``document_type``, oldest first."""
    if not document_type.isidentifier():
        return ()
    numbers = (
        path.parent.name.removeprefix("v")
        for folder in folders
        for path in (folder / document_type).glob(f"v*/{MANIFEST}")
    )
    return tuple(sorted({int(number) for number in numbers if number.isdecimal()}))


def editions_of(document_type: str, *, folders: Iterable[Path] = (FOLDER,)) -> dict[int, tuple[str, ...]]:
    """Return the editions of each version of the template of ``document_type``, oldest version first."""
    folders = tuple(folders)
    return {
        number: tuple(read_manifest(version_folder(document_type, number, folders=folders)).editions)
        for number in versions_of(document_type, folders=folders)
    }


def document_types_with_templates(*, folders: Iterable[Path] = (FOLDER,)) -> tuple[str, ...]:
    """Return the document types that have a template, in alphabetical order."""
    found = {path.parent.parent.name for folder in folders for path in folder.glob(f"*/v*/{MANIFEST}")}
    return tuple(sorted(name for name in found if name != LIBRARY and name.isidentifier()))


def version_folder(document_type: str, version: int, *, folders: Iterable[Path] = (FOLDER,)) -> Path:
    """Return the folder of a version, in the first of ``folders`` that has it."""
    for folder in folders:
        if (place := folder / document_type / f"v{version}").joinpath(MANIFEST).is_file():
            return place
    raise TemplateFault("there is no such template", got=f"{document_type}, version {version}")


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of the template version in ``folder``; raise :class:`TemplateFault` if it cannot be read."""
    where = "/".join((*folder.parts[-2:], MANIFEST))
    try:
        manifest = Manifest.model_validate(tomllib.loads((folder / MANIFEST).read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise TemplateFault(
            "the manifest of a template cannot be read",
            where=where,
            got=str(error),
            expected="id, version, document_type, title; sha256 of editions, version and sha256 of clauses",
        ) from error
    if (manifest.document_type, f"v{manifest.version}") != folder.parts[-2:]:
        raise TemplateFault(
            "the manifest describes another template",
            where=where,
            got=f"{manifest.document_type}, version {manifest.version}",
            expected=f"{folder.parts[-2]}, version {folder.name.removeprefix('v')}",
        )
    return manifest


def _newest_with(document_type: str, edition: str, folders: tuple[Path, ...]) -> int | None:
    having = (number for number, names in editions_of(document_type, folders=folders).items() if edition in names)
    return max(having, default=None)


def _missing(document_type: str, edition: str, version: int | None, folders: tuple[Path, ...]) -> TemplateFault:
    asked = f"{document_type} in {edition}" + (f", version {version}" if version is not None else "")
    known = editions_of(document_type, folders=folders)
    return TemplateFault(
        f"there is no template for {asked}",
        got=asked,
        expected="; ".join(f"version {number} in {', '.join(names)}" for number, names in known.items())
        or "a document type that has a template",
    )


def _pinned(manifest: Manifest, folders: tuple[Path, ...]) -> Iterator[tuple[str, LibraryClause]]:
    for identifier, pin in manifest.clauses.items():
        clause = load_clause(identifier, pin.version, folders=folders)
        if clause.sha256 != pin.sha256:
            raise TemplateFault(
                "a clause was changed without a new version",
                where=clause.place,
                got=clause.sha256,
                expected=f"{pin.sha256}, which {manifest.document_type}/v{manifest.version} pins",
                remedy="restore the file, and put the changed text into the next version of the clause",
            )
        yield identifier, clause
