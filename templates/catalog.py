"""Which templates there are: one folder for each document type and version, with a manifest beside the Word file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schemas.errors import TemplateFault
from schemas.evidence import Digest, digest_of

FOLDER = Path(__file__).parent


class Manifest(BaseModel):
    """What ``manifest.toml`` says about the Word file beside it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    """Name of the template, the same in each version."""
    version: int = Field(ge=1)
    """Counts from 1; a released version never changes."""
    document_type: str
    """The ``type`` of the data it renders."""
    language: Literal["en-GB"]
    """Language and conventions for dates, numbers and money, BCP 47."""
    title: str
    """Kind of document, for people."""
    sha256: Digest
    """Digest of ``template.docx``."""


@dataclass(frozen=True, slots=True)
class Template:
    """One version of a template: what its manifest says, and the bytes of its Word file."""

    document_type: str
    id: str
    version: int
    language: str
    digest: Digest
    title: str
    docx: bytes = field(repr=False)


def load_template(document_type: str, version: int | None = None, *, folder: Path = FOLDER) -> Template:
    """Return a version of the template of ``document_type``; the newest if none is named.

    Raises :class:`TemplateFault` if there is none, its manifest cannot be read, or its Word file is not the one the
    manifest names.
    """
    versions = versions_of(document_type, folder=folder)
    wanted = version if version is not None else max(versions, default=None)
    if wanted is None or wanted not in versions:
        raise TemplateFault(
            f"there is no template for {document_type}" + (f", version {version}" if version is not None else ""),
            got=document_type if version is None else f"version {version}",
            expected=", ".join(f"version {number}" for number in versions) or "a document type that has a template",
        )
    place = folder / document_type / f"v{wanted}"
    manifest = _read_manifest(place / "manifest.toml")
    docx = (place / "template.docx").read_bytes()
    digest = digest_of(docx)
    if digest != manifest.sha256:
        raise TemplateFault(
            "the template was changed without a new version",
            where=f"{document_type}/v{wanted}/template.docx",
            got=digest,
            expected=manifest.sha256,
            remedy=f"restore the file, or put the changed one into {document_type}/v{max(versions) + 1} "
            f"with version = {max(versions) + 1} and sha256 = {digest} in its manifest",
        )
    if (manifest.document_type, manifest.version) != (document_type, wanted):
        raise TemplateFault(
            "the manifest describes another template",
            where=f"{document_type}/v{wanted}/manifest.toml",
            got=f"{manifest.document_type}, version {manifest.version}",
            expected=f"{document_type}, version {wanted}",
        )
    return Template(
        document_type=manifest.document_type,
        id=manifest.id,
        version=manifest.version,
        language=manifest.language,
        digest=digest,
        title=manifest.title,
        docx=docx,
    )


def versions_of(document_type: str, *, folder: Path = FOLDER) -> tuple[int, ...]:
    """Return the versions of the template of ``document_type``, oldest first."""
    if not document_type.isidentifier():
        return ()
    numbers = (path.parent.name.removeprefix("v") for path in (folder / document_type).glob("v*/template.docx"))
    return tuple(sorted(int(number) for number in numbers if number.isdecimal()))


def _read_manifest(path: Path) -> Manifest:
    try:
        return Manifest.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise TemplateFault(
            "the manifest of a template cannot be read",
            where="/".join(path.parts[-3:]),
            got=str(error),
            expected="id, version, document_type, language, title and sha256",
        ) from error
