"""EU DSS, veraPDF, poppler, MuPDF, OpenSSL and qpdf on some of our files; ``make interop`` asks them about all."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest

from schemas.documents import document_types
from tests.interop import programs
from tests.interop.conformance import EXPLAINED, PAGE, Results, ask_all, page
from tests.interop.corpus import Corpus, corpus_of

pytestmark = [
    pytest.mark.interop,
    pytest.mark.office,
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.xdist_group("every type"),
    pytest.mark.skipif(bool(programs.missing()), reason=f"not installed: {', '.join(programs.missing())}"),
]


TYPES = ("mou", "strategy")
"""One that several parties sign, and one that the organisation seals and nobody signs."""


@pytest.fixture(scope="module")
def corpus(archive_of_every_type, tmp_path_factory) -> Corpus:
    return corpus_of(archive_of_every_type, tmp_path_factory.mktemp("corpus"), TYPES)


@pytest.fixture(scope="module")
def results(corpus, tmp_path_factory) -> Results:
    return ask_all(corpus, tmp_path_factory.mktemp("scratch"))


def test_eu_dss_says_total_passed_and_baseline_lta_of_every_signature(results):
    assert results.errors == ()
    assert {row.formats for row in results.rows} == {("PAdES-BASELINE-LTA",)}
    assert [row.passed for row in results.rows] == [row.signatures for row in results.rows]
    assert [row.timestamps_passed for row in results.rows] == [row.timestamps for row in results.rows]


def test_every_warning_of_eu_dss_is_explained(results):
    assert {text.removeprefix("warning ").partition(":")[0] for text, _ in results.warnings} <= EXPLAINED.keys()


def test_verapdf_says_pdfa_after_every_signature_and_of_every_example(results):
    assert results.broken_rules == ()
    assert [row.archivable for row in results.rows] == [row.revisions for row in results.rows]
    assert all(found.compliant for found in results.examples)


def test_go_reads_the_published_ledger(results):
    assert results.log_verified


def test_poppler_mupdf_openssl_and_qpdf_agree(results):
    assert [row.document_type for row in results.rows if not row.conforms] == []


def test_the_page_says_what_they_say_now(results):
    said, now = PAGE.read_text(encoding="utf-8"), page(results)
    assert rows_of(said, TYPES) == rows_of(now, TYPES), "run make interop"
    assert len(rows_of(said, TYPES)) == 2 * len(TYPES)
    assert remarks_in(now) <= remarks_in(said), "run make interop"


def test_the_page_has_every_type_once_in_each_table():
    said = PAGE.read_text(encoding="utf-8")
    for row in (r"^\| (\w+) \| \d", r"^\| (\w+): \d"):
        assert tuple(re.findall(row, said, flags=re.MULTILINE)) == document_types()


def rows_of(text: str, types: Iterable[str]) -> list[str]:
    names = tuple(f"| {name}{mark}" for name in types for mark in (" |", ":"))
    return [line for line in text.splitlines() if line.startswith(names)]


def remarks_in(text: str) -> set[str]:
    return {line for line in text.splitlines() if line.startswith("- ")}


def test_a_changed_byte_is_noticed_by_each(corpus, tmp_path):
    good = corpus.finished[0].pdf.read_bytes()
    place = good.index(b"stream\n") + 20
    changed = tmp_path / "changed.pdf"
    changed.write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
    judged = programs.dss([changed], corpus.roots)
    assert {found.indication for found in judged} == {"TOTAL_FAILED", "FAILED"}
    assert {found.sub_indication for found in judged} == {"HASH_FAILURE"}
    assert "Digest Mismatch" in programs.said_by("pdfsig", changed)
    first = programs.marks_in(changed.read_bytes())[0]
    assert not programs.cms_verifies(first, corpus.roots, tmp_path)
    last = programs.marks_in(changed.read_bytes())[-1]
    assert not programs.token_verifies(last, corpus.roots, tmp_path)
