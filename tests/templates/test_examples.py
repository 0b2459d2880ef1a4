"""Every example renders from the newest version of its template; what it says can be read in the Word file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from examples.render import FOLDER, example_files, render_example
from schemas.documents import document_types, model_of
from schemas.fact import facts
from schemas.loader import load_document
from templates.catalog import document_types_with_templates, editions_of, load_template
from templates.checking.check import check_template
from templates.checking.findings import Severity
from templates.legible import text_as_laid_out

EXAMPLES = [pytest.param(path, id=str(path.relative_to(FOLDER))) for path in example_files()]
EDITIONS = [
    (name, edition, version)
    for name in document_types_with_templates()
    for version, editions in editions_of(name).items()
    for edition in editions
]


def test_every_document_type_has_a_template_and_an_example():
    shown = {load_document(path).document_type for path in example_files()}
    assert set(document_types()) == set(document_types_with_templates()) == shown


@pytest.mark.parametrize(("name", "edition", "version"), EDITIONS, ids=str)
def test_the_checker_finds_no_fault_in_a_template_of_ours(name, edition, version):
    template = load_template(name, edition, version)
    found = check_template(template.docx, model_of(name), clauses=template.clauses, languages=template.languages)
    assert [str(finding) for finding in found if finding.severity is Severity.ERROR] == []


@pytest.mark.office
@pytest.mark.xdist_group("examples")
@pytest.mark.parametrize("source", EXAMPLES)
def test_an_example_becomes_a_pdf_in_which_its_names_can_be_read(source: Path, warm_office):
    document = load_document(source)
    made = render_example(source, warm_office)
    read = compact(text_as_laid_out(made.pdf))
    names = [str(party.legal_name) for party in document.parties if party.legal_name.value is not None]
    assert [name for name in [*names, str(document.title)] if compact(name) not in read] == []
    blank = any(fact.value is None for _, fact in facts(document))
    assert not blank or compact("not yet known") in read


def compact(text: str) -> str:
    return re.sub(r"\s", "", text).casefold()
