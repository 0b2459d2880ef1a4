"""Other people's programs, and what each says of a PDF; nothing of ours takes part in reading it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent

NEEDED = {
    "java": "default-jdk-headless",
    "mvn": "maven",
    "pdfsig": "poppler-utils",
    "openssl": "openssl",
    "qpdf": "qpdf",
    "mutool": "mupdf-tools",
    "go": "golang",
}
"""The programs, and the Debian packages that hold them."""

BYTE_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]")


def missing() -> list[str]:
    """Return what has to be installed first: each absent program with its package."""
    return [f"{name} (Debian: {package})" for name, package in NEEDED.items() if shutil.which(name) is None]


def said_by(*command: object, cwd: Path | None = None) -> str:
    """Run a program and return all it says; its exit code is left to what it says."""
    ended = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, timeout=600, cwd=cwd)
    return ended.stdout + ended.stderr


@dataclass(frozen=True)
class Judged:
    """What EU DSS says of one signature or document timestamp."""

    file: str
    kind: str
    field: str | None
    indication: str
    sub_indication: str | None
    format: str
    findings: tuple[str, ...]


@dataclass(frozen=True)
class Archivable:
    """What veraPDF says of one file: the rules of ISO 19005-3 it breaks."""

    file: str
    compliant: bool
    broken: tuple[str, ...]


def dss(files: Sequence[Path], roots: Path) -> list[Judged]:
    """Return what EU DSS says, offline, with ``roots`` (PEM) as the only trust anchors."""
    lines = _java("dss", "Signatures.java", roots, *files)
    return [Judged(**{**line, "findings": tuple(line["findings"])}) for line in lines]


def verapdf(files: Sequence[Path]) -> list[Archivable]:
    """Return what veraPDF says about PDF/A-3b."""
    lines = _java("verapdf", "Archivable.java", *files)
    return [Archivable(line["file"], line["compliant"], tuple(line["broken"])) for line in lines]


def _java(project: str, source: str, *arguments: object) -> list[dict[str, object]]:
    ended = subprocess.run(
        ["java", "-cp", _classpath(project), str(HERE / project / source), *map(str, arguments)],
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    if ended.returncode != 0:
        raise RuntimeError(f"{source}: {ended.stderr[-2000:]}")
    return [json.loads(line) for line in ended.stdout.splitlines()]


def _classpath(project: str) -> str:
    """Return the libraries of a project, from Maven's cache, else fetched from Maven Central."""
    command = ["mvn", "-q", "-B", "-f", str(HERE / project / "pom.xml"), "dependency:build-classpath"]
    target = Path(os.environ.get("TMPDIR", "/tmp")) / f"convenio-{project}-{os.getpid()}.classpath"
    try:
        for offline in (["-o"], []):
            ended = subprocess.run(
                [*command, *offline, f"-Dmdep.outputFile={target}"], capture_output=True, text=True, check=False
            )
            if ended.returncode == 0:
                return target.read_text()
        raise RuntimeError(f"Maven cannot get the libraries of tests/interop/{project}: {ended.stdout[-2000:]}")
    finally:
        target.unlink(missing_ok=True)


@dataclass(frozen=True)
class Mark:
    """A signature, seal or document timestamp as it lies in a PDF: the bytes it signs, and its container in DER."""

    signed: bytes
    container: bytes
    timestamp: bool


def marks_in(pdf: bytes) -> list[Mark]:
    """Return the marks of a PDF in the order of their bytes (ISO 32000-2 12.8.1), found without any PDF library."""
    found = []
    for match in BYTE_RANGE.finditer(pdf):
        first, length, second, rest = map(int, match.groups())
        hexadecimal = pdf[first + length : second].strip(b"<>").decode()
        container = bytes.fromhex(hexadecimal)
        size = 4 + int.from_bytes(container[2:4], "big")  # SEQUENCE with a length of two bytes (X.690 8.1.3.5)
        around = pdf[pdf.rindex(b" obj", 0, match.start()) : second + 400]
        found.append(
            Mark(
                signed=pdf[first : first + length] + pdf[second : second + rest],
                container=container[:size],
                timestamp=b"/ETSI.RFC3161" in around.partition(b"endobj")[0],
            )
        )
    return found


def cms_verifies(mark: Mark, roots: Path, scratch: Path) -> bool:
    """Whether openssl verifies a signature up to ``roots`` (CMS, RFC 5652; CAdES attributes, EN 319 122-1)."""
    (scratch / "signed").write_bytes(mark.signed)
    (scratch / "cms").write_bytes(mark.container)
    said = said_by(
        *("openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", scratch / "cms"),
        *("-content", scratch / "signed", "-CAfile", roots, "-purpose", "any", "-out", os.devnull),
    )
    return "verification successful" in said.lower()


def token_verifies(mark: Mark, roots: Path, scratch: Path) -> bool:
    """Whether openssl verifies a document timestamp up to ``roots`` (RFC 3161)."""
    (scratch / "signed").write_bytes(mark.signed)
    (scratch / "token").write_bytes(mark.container)
    said = said_by(
        *("openssl", "ts", "-verify", "-token_in", "-in", scratch / "token", "-data", scratch / "signed"),
        *("-CAfile", roots),
    )
    return "Verification: OK" in said


def log_reader(folder: Path) -> Path:
    """Build the Go program that reads a published ledger, in ``folder``."""
    program = folder / "read-log"
    subprocess.run(["go", "build", "-o", program, "."], cwd=HERE / "log", capture_output=True, check=True, timeout=250)
    return program


def go_reads(log: Path, verifier_key: str, scratch: Path) -> bool:
    """Whether Go finds every checkpoint, tile and entry of the published ledger as they have to be."""
    ended = subprocess.run(
        [log_reader(scratch), log, verifier_key], capture_output=True, text=True, check=False, timeout=250
    )
    return ended.returncode == 0 and json.loads(ended.stdout)["entries"] > 0
