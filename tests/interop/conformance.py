"""Asks every program about the whole corpus, and tells what they said as the page ``docs/conformance.md``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.interop import programs
from tests.interop.corpus import Corpus, Finished
from tests.interop.programs import Archivable, Judged

PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"

EXPLAINED = {
    "BBB_XCV_AIA_PRES_ANS": "the demonstration certificates name no address to fetch their issuer from",
    "BBB_XCV_REVOC_PRES_ANS": "nor one to ask about revocation; the lists are in the file, and EU DSS uses them",
    "BBB_FC_IVDBSFR_ANS": "the page looks different because the next party's visible signature was added to it",
    "BBB_FC_ISVAFMDPD_ANS": (
        "the closing seal locks every field; the document timestamp, which EN 319 142-1 5.5 puts after it, is a new one"
    ),
    "BBB_FC_ISVASFLD_ANS": "the same, as the lock dictionary of the field says it",
}
"""Why each warning of EU DSS is no fault; a warning that is not here is a failed test."""


@dataclass(frozen=True)
class Row:
    """What the programs say of one finished file: how many of its marks each accepts."""

    document_type: str
    signatures: int
    timestamps: int
    passed: int
    formats: tuple[str, ...]
    timestamps_passed: int
    revisions: int
    archivable: int
    pdfsig: int
    mutool: int
    cms: int
    tokens: int
    qpdf: bool

    @property
    def conforms(self) -> bool:
        """Whether every program accepts everything."""
        all_signatures = (self.passed, self.pdfsig, self.mutool, self.cms) == (self.signatures,) * 4
        all_timestamps = (self.timestamps_passed, self.tokens) == (self.timestamps,) * 2
        archive_level = self.formats == ("PAdES-BASELINE-LTA",)
        return all_signatures and all_timestamps and archive_level and self.revisions == self.archivable and self.qpdf


@dataclass(frozen=True)
class Results:
    """Everything that was found out."""

    rows: tuple[Row, ...]
    examples: tuple[Archivable, ...]
    log_verified: bool
    warnings: tuple[tuple[str, int], ...]
    errors: tuple[str, ...]
    broken_rules: tuple[str, ...]


def ask_all(corpus: Corpus, scratch: Path) -> Results:
    """Ask every program; ``scratch`` is an empty folder."""
    judged = programs.dss([one.pdf for one in corpus.finished], corpus.roots)
    archivable = {found.file: found for found in programs.verapdf([*corpus.revisions, *corpus.examples])}
    findings = Counter(finding.split(" on page")[0] for mark in judged for finding in mark.findings)
    return Results(
        rows=tuple(_row(one, corpus, judged, archivable, scratch) for one in corpus.finished),
        examples=tuple(archivable[path.name] for path in corpus.examples),
        log_verified=programs.go_reads(corpus.log, corpus.verifier_key, scratch),
        warnings=tuple(sorted((text, n) for text, n in findings.items() if text.startswith("warning "))),
        errors=tuple(sorted(text for text in findings if text.startswith("error "))),
        broken_rules=tuple(sorted({rule for found in archivable.values() for rule in found.broken})),
    )


def _row(
    one: Finished, corpus: Corpus, judged: Sequence[Judged], archivable: dict[str, Archivable], scratch: Path
) -> Row:
    marks = programs.marks_in(one.pdf.read_bytes())
    signatures = [found for found in judged if found.file == one.pdf.name and found.kind == "signature"]
    timestamps = [found for found in judged if found.file == one.pdf.name and found.kind == "timestamp"]
    return Row(
        document_type=one.document_type,
        signatures=sum(not mark.timestamp for mark in marks),
        timestamps=sum(mark.timestamp for mark in marks),
        passed=sum(found.indication == "TOTAL_PASSED" for found in signatures),
        formats=tuple(sorted({found.format for found in signatures})),
        timestamps_passed=sum(found.indication == "PASSED" for found in timestamps),
        revisions=len(one.revisions),
        archivable=sum(archivable[path.name].compliant for path in one.revisions),
        pdfsig=programs.said_by("pdfsig", one.pdf).count("Signature Validation: Signature is Valid."),
        mutool=programs.said_by("mutool", "sign", "-v", one.pdf).count("The signature is valid"),
        cms=sum(programs.cms_verifies(mark, corpus.roots, scratch) for mark in marks if not mark.timestamp),
        tokens=sum(programs.token_verifies(mark, corpus.roots, scratch) for mark in marks if mark.timestamp),
        qpdf="No syntax or stream encoding errors found" in programs.said_by("qpdf", "--check", one.pdf),
    )


def page(results: Results) -> str:
    """Return the page that tells the results; the same results give the same page."""
    return "\n".join([*_head(), *_signed(results), *_archivable(results), *_log(results), *_warnings(results)]) + "\n"


def _head() -> Iterable[str]:
    yield from (
        "# What other people's programs say",
        "",
        "This page is written by `make interop`, which leads an agreement of every type from data to the archive and",
        "then asks programs of others about the files; a test asks again about a part of them and compares. They run",
        "offline, with the installation's root as the only trust anchor: certificates, revocation lists and timestamps",
        "come out of the PDF.",
        "",
    )


def _signed(results: Results) -> Iterable[str]:
    yield from (
        "## Signatures, seals and timestamps",
        "",
        "How many of a finished file's signatures and seals, and of its document timestamps, each program accepts:",
        "EU DSS 6.3 as `TOTAL_PASSED` (EN 319 102-1) with the format it recognises (EN 319 142-1); `pdfsig` and",
        "`mutool sign -v` as valid; `openssl cms -verify` and `openssl ts -verify` up to the root; `qpdf --check`",
        "finds the file's structure whole.",
        "",
        "| document | signatures and seals | EU DSS | format | pdfsig | mutool | openssl cms | timestamps | EU DSS |"
        " openssl ts | qpdf |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    )
    for row in results.rows:
        yield (
            f"| {row.document_type} | {row.signatures} | {row.passed} | {', '.join(row.formats)} | {row.pdfsig} |"
            f" {row.mutool} | {row.cms} | {row.timestamps} | {row.timestamps_passed} | {row.tokens} |"
            f" {'whole' if row.qpdf else 'FAULTY'} |"
        )
    yield ""


def _archivable(results: Results) -> Iterable[str]:
    compliant = sum(found.compliant for found in results.examples)
    yield from (
        "## PDF/A-3b",
        "",
        "veraPDF 1.28.2 (ISO 19005-3) on the file as prepared, after every signature, and as concluded; and on every",
        "example as drafted.",
        "",
        "| files | PDF/A-3b |",
        "|---|---|",
        *(f"| {row.document_type}: {row.revisions} revisions | {row.archivable} |" for row in results.rows),
        f"| {len(results.examples)} examples | {compliant} |",
        "",
    )
    if results.broken_rules:
        yield from ("Rules broken: " + ", ".join(results.broken_rules), "")


def _log(results: Results) -> Iterable[str]:
    yield from (
        "## The ledger",
        "",
        "The published log, read by a Go program that knows C2SP `tlog-tiles` and uses nothing but",
        "`golang.org/x/mod/sumdb/tlog` and `note`.",
        "",
        "| of the log | Go |",
        "|---|---|",
        "| every checkpoint, tile and entry, each leaf's inclusion, consistency between all checkpoints |"
        f" {'verified' if results.log_verified else 'REFUSED'} |",
        "",
    )


def _warnings(results: Results) -> Iterable[str]:
    yield from (
        "## What EU DSS remarks all the same",
        "",
        "A warning changes no indication. These are all, word for word:",
        "",
    )
    for text, _ in results.warnings:
        code, _, message = text.removeprefix("warning ").partition(": ")
        yield f"- `{code}`, “{message}” {EXPLAINED.get(code, 'NOT EXPLAINED')}."
    for text in results.errors:
        yield f"- {text}"
