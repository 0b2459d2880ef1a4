"""A lawyer's edited Word file becomes the next version of a template; earlier versions stay as they are.

The next version is a whole folder: the new Word file, the other editions of the version before, and a manifest that
pins them and the clauses. It appears at once or not at all.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from schemas.document import Document
from schemas.errors import ConflictingContent, Fault, InputError, Unavailable
from schemas.evidence import digest_of
from templates.catalog import (
    EDITION,
    MANIFEST,
    ClausePin,
    Edition,
    Manifest,
    Template,
    load_template,
    read_manifest,
    version_folder,
    versions_of,
)
from templates.checking.check import Checked, examine
from templates.checking.findings import Finding
from templates.clauses import FOLDER, LibraryClause, clause_files, fallbacks_of, load_clause
from templates.pin import manifest_text


@dataclass(frozen=True, slots=True)
class AdoptedTemplate:
    """What an adoption led to. ``template`` and ``before`` hold the Word files that a redline compares."""

    template: Template
    before: Template | None
    """The same edition in the version before; ``None`` where there was none."""
    warnings: tuple[Finding, ...]
    """What a person should look at."""
    new: bool
    """Whether a version was written; the same bytes adopted again are the version they already are."""

    def as_json(self) -> dict[str, object]:
        """Return what was adopted, as JSON can hold it, without the Word files."""
        return {
            "document_type": self.template.document_type,
            "edition": self.template.edition,
            "version": self.template.version,
            "sha256": self.template.digest,
            "version_before": None if self.before is None else self.before.version,
            "new": self.new,
            "warnings": [finding.as_json() for finding in self.warnings],
        }


def adopt(
    docx: bytes,
    model: type[Document],
    *,
    edition: str,
    root: Path,
    folders: Iterable[Path] = (FOLDER,),
    newest_clauses: bool = False,
) -> AdoptedTemplate:
    """Write ``docx`` as an edition of the next version of the template of ``model`` below ``root``.

    ``folders`` are those templates and clauses are read from; ``root`` is read, too. Clauses stay at the versions
    pinned before, or with ``newest_clauses`` all of them, in the other editions as well, move to their newest. Nothing
    is written before the file, and each edition whose clauses move, has passed ``checking.check.examine``: any error
    raises :class:`InputError` with all of them. Raises :class:`ConflictingContent` if somebody else wrote the same
    version meanwhile, and :class:`Unavailable` if it cannot be written.
    """
    folders = tuple(dict.fromkeys((*folders, root)))
    if not re.fullmatch(EDITION, edition):
        raise InputError("this is no edition", got=edition, expected="such as en, or en-es for two languages")
    document_type = model.document_type
    versions = versions_of(document_type, folders=folders)
    newest = _manifest(document_type, versions[-1], folders) if versions else None
    library = library_for(None if newest_clauses else newest, folders)
    files = _carried(document_type, newest, folders) | {edition: docx}
    checked = examined(docx, model, clauses=library, edition=edition)
    if newest_clauses:
        for other in sorted(files.keys() - {edition}):
            examined(files[other], model, clauses=library, edition=other)
    pins = _pins(newest, checked, library)
    before = _before(document_type, edition, versions, folders)
    same = before is not None and before.version == versions[-1] and before.digest == digest_of(docx)
    if before is not None and newest is not None and same and (not newest_clauses or newest.clauses == pins):
        return AdoptedTemplate(before, _before(document_type, edition, versions[:-1], folders), _warnings(checked),
                                   new=False)  # fmt: skip
    version = versions[-1] + 1 if versions else 1
    manifest = Manifest(
        id=newest.id if newest is not None else document_type,
        version=version,
        document_type=document_type,
        title=newest.title if newest is not None else model.kind,
        editions=_editions(newest, edition, docx),
        clauses=pins,
    )
    _write(root / document_type / f"v{version}", manifest, files)
    template = load_template(document_type, edition, version, folders=folders)
    return AdoptedTemplate(template, before, _warnings(checked), new=True)


def examined(docx: bytes, model: type[Document], *, clauses: Mapping[str, LibraryClause], edition: str) -> Checked:
    """Return what a check of a Word file as an edition finds; raise :class:`InputError` with every error."""
    checked = examine(docx, model, clauses=clauses, languages=tuple(edition.split("-")))
    if checked.errors:
        raise InputError(f"the Word file is no template of {model.document_type} in edition {edition}",
                         map(_fault, checked.errors))  # fmt: skip
    return checked


def clauses_for(document_type: str, folders: Iterable[Path] = (FOLDER,)) -> Mapping[str, LibraryClause]:
    """Return the clauses that a next version of the template of ``document_type`` may include, as ``adopt`` does."""
    folders = tuple(folders)
    versions = versions_of(document_type, folders=folders)
    return library_for(_manifest(document_type, versions[-1], folders) if versions else None, folders)


def library_for(manifest: Manifest | None, folders: Iterable[Path] = (FOLDER,)) -> Mapping[str, LibraryClause]:
    """Return the clauses a next version may include: as the version before pins them, else the newest of each."""
    folders = tuple(folders)
    pinned = {} if manifest is None else {name: pin.version for name, pin in manifest.clauses.items()}
    return {name: load_clause(name, pinned.get(name), folders=folders) for name in clause_files(folders)}


def _manifest(document_type: str, version: int, folders: tuple[Path, ...]) -> Manifest:
    return read_manifest(version_folder(document_type, version, folders=folders))


def _before(document_type: str, edition: str, versions: tuple[int, ...], folders: tuple[Path, ...]) -> Template | None:
    for version in reversed(versions):
        if edition in _manifest(document_type, version, folders).editions:
            return load_template(document_type, edition, version, folders=folders)
    return None


def _carried(document_type: str, newest: Manifest | None, folders: tuple[Path, ...]) -> dict[str, bytes]:
    """Return the Word files of the version before, each of them still the one its manifest names."""
    if newest is None:
        return {}
    return {
        edition: load_template(document_type, edition, newest.version, folders=folders).docx
        for edition in newest.editions
    }


def _editions(newest: Manifest | None, edition: str, docx: bytes) -> dict[str, Edition]:
    known = {} if newest is None else dict(newest.editions)
    return known | {edition: Edition(sha256=digest_of(docx))}


def _pins(newest: Manifest | None, checked: Checked, library: Mapping[str, LibraryClause]) -> dict[str, ClausePin]:
    """Return pins of the clauses of the version before, and of those it did not have, with their fallbacks."""
    wanted = dict.fromkeys(() if newest is None else newest.clauses)
    for name in checked.clauses:
        wanted |= dict.fromkeys((name, *fallbacks_of(name, library.values())))
    return {name: ClausePin(version=library[name].version, sha256=library[name].sha256) for name in wanted}


def _write(folder: Path, manifest: Manifest, files: Mapping[str, bytes]) -> None:
    """Write a version folder under another name, and give it its own when all of it is on disk."""
    unfinished: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=".adopting-", dir=folder.parent))
        for edition, content in files.items():
            _put(unfinished / f"{edition}.docx", content)
        _put(unfinished / MANIFEST, manifest_text(manifest).encode())
        unfinished.chmod(0o755)
        # A folder takes the place of an empty one at most: a version that is there stays.
        unfinished.rename(folder)
        _sync(folder.parent)
    except OSError as error:
        where = f"{folder.parent.name}/{folder.name}"
        if not (folder / MANIFEST).is_file():
            raise Unavailable(
                "the template cannot be written", where=where, got=str(error), remedy="make room, then adopt again"
            ) from error
        raise ConflictingContent(
            "somebody else adopted a template at the same time", where=where,
            remedy="look at the version that is there, then adopt again",
        ) from error  # fmt: skip
    finally:
        if unfinished is not None:
            shutil.rmtree(unfinished, ignore_errors=True)


def _put(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _warnings(checked: Checked) -> tuple[Finding, ...]:
    return tuple(finding for finding in checked.findings if finding not in checked.errors)


def _fault(finding: Finding) -> Fault:
    return Fault(
        path=finding.where,
        message=finding.message,
        read=finding.got,
        expected=finding.expected,
        proposal=finding.proposal,
    )
