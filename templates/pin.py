"""``python -m templates.pin FOLDER``: write digests of Word files and clauses into a template version's manifest.

For authors of a version that is not released yet: it takes each Word file in the folder as an edition, and pins the
newest version of each clause they include and of the fallbacks that may stand in for one.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

from schemas.errors import ConvenioError, TemplateFault
from schemas.evidence import digest_of
from templates.catalog import EDITION, MANIFEST, ClausePin, Edition, Manifest
from templates.checking.clause_texts import check_languages
from templates.checking.findings import Findings
from templates.clauses import FOLDER, LibraryClause, clause_files, fallbacks_of, load_clause
from templates.selection import included_clauses


def pin(folder: Path, *, folders: Iterable[Path] = (FOLDER,)) -> Manifest:
    """Write the manifest of the template version in ``folder`` anew, and return it.

    Id and title are kept where there is a manifest. Raises :class:`TemplateFault` at a Word file that is no
    edition and at a clause that the library does not have.
    """
    folders = tuple(folders)
    try:
        written = tomllib.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        written = {}
    document_type = folder.parent.name
    files = {path.stem: path.read_bytes() for path in sorted(folder.glob("*.docx"))}
    for name in files:
        if not re.fullmatch(EDITION, name):
            raise TemplateFault(
                "this is no edition", where=str(folder.name), got=f"{name}.docx", expected="such as en.docx, en-es.docx"
            )
    manifest = Manifest(
        id=written.get("id", document_type),
        version=int(folder.name.removeprefix("v")),
        document_type=document_type,
        title=written.get("title", document_type),
        editions={name: Edition(sha256=digest_of(docx)) for name, docx in files.items()},
        clauses=dict(_pins(files, folders)),
    )
    (folder / MANIFEST).write_text(manifest_text(manifest), encoding="utf-8")
    return manifest


def manifest_text(manifest: Manifest) -> str:
    """Return a manifest as TOML."""
    lines = [
        f"id = {_quoted(manifest.id)}",
        f"version = {manifest.version}",
        f"document_type = {_quoted(manifest.document_type)}",
        f"title = {_quoted(manifest.title)}",
    ]
    for name, edition in manifest.editions.items():
        lines += ["", f"[editions.{name}]", f'sha256 = "{edition.sha256}"']
    for identifier, clause in manifest.clauses.items():
        lines += ["", f"[clauses.{identifier}]", f"version = {clause.version}", f'sha256 = "{clause.sha256}"']
    return "\n".join(lines) + "\n"


def _pins(files: dict[str, bytes], folders: tuple[Path, ...]) -> Iterator[tuple[str, ClausePin]]:
    library = {identifier: load_clause(identifier, folders=folders) for identifier in clause_files(folders)}
    included = dict.fromkeys(identifier for docx in files.values() for identifier in included_clauses(docx))
    for identifier in included:
        for pinned in (identifier, *fallbacks_of(identifier, library.values())):
            clause = library.get(pinned) or load_clause(pinned, folders=folders)
            _check(clause)
            yield pinned, ClausePin(version=clause.version, sha256=clause.sha256)


def _check(clause: LibraryClause) -> None:
    findings = Findings()
    check_languages(clause, findings)
    if findings.all:
        finding = findings.all[0]
        raise TemplateFault(finding.message, where=finding.where, got=finding.got, expected=finding.expected)


def _quoted(text: str) -> str:
    # A basic string of TOML 1.0 knows the escapes of JSON.
    return json.dumps(text, ensure_ascii=False)


def main(arguments: list[str]) -> int:
    """Pin each folder named; return the exit code."""
    for name in arguments:
        try:
            manifest = pin(Path(name).resolve())
        except ConvenioError as error:
            sys.stderr.write(f"{error.diagnosis()}\n")
            return error.exit_code
        sys.stdout.write(f"{name}: {len(manifest.editions)} editions, {len(manifest.clauses)} clauses pinned\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
