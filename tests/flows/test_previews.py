from __future__ import annotations

from datetime import UTC, datetime

import pytest

from flows.previews import preview, sample_of
from schemas.errors import InputError
from templates.catalog import document_types_with_templates, editions_of, load_template
from tests.installation import EXAMPLE

NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize("document_type", document_types_with_templates())
def test_every_template_in_english_has_a_sample(document_type):
    sample = sample_of(document_type, "en")
    assert (sample.document_type, sample.edition) == (document_type, "en")


def test_an_edition_in_two_languages_has_a_sample_of_its_own():
    assert "en-pt" in editions_of("mou")[1]
    assert sample_of("mou", "en-pt").languages == ("en", "pt")


def test_a_sample_may_be_named():
    assert sample_of("mou", "en", EXAMPLE).title == sample_of("mou", "en").title
    with pytest.raises(InputError, match="no sample of roadmap in edition en") as refusal:
        sample_of("roadmap", "en", EXAMPLE)
    assert str(EXAMPLE) in str(refusal.value)


def test_where_there_is_no_sample_a_file_is_asked_for():
    with pytest.raises(InputError) as refusal:
        sample_of("mou", "it-pt")
    assert "--data" in refusal.value.remedy


@pytest.mark.office
def test_a_preview_is_a_draft_of_no_agreement(tmp_path):
    pdf = preview(load_template("mou", "en"), sample_of("mou", "en"), now=NOW)
    assert pdf.startswith(b"%PDF-")
