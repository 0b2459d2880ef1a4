from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta, timezone

import pytest
from pypdf import PdfReader

from schemas.errors import TemplateFault
from templates.reproducible import reproducible

AT = datetime(2021, 4, 27, 12, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def exported(pool, gssc):
    from templates.catalog import load_template
    from templates.render import render

    docx = render(load_template("mou"), gssc, agreement_id="MOU-2026-0001", draft=1, data_digest="0" * 64)
    return pool._convert(docx)


@pytest.mark.office
def test_all_four_places_hold_the_given_instant(exported):
    reader = PdfReader(io.BytesIO(reproducible(exported, source=b"docx", at=AT)))
    catalog = reader.trailer["/Root"]
    assert reader.metadata.creation_date == AT
    assert b"<xmp:CreateDate>2021-04-27T12:30:00Z<" in catalog["/Metadata"].get_data()
    assert reader.trailer["/ID"][0] == reader.trailer["/ID"][1]
    profile = catalog["/OutputIntents"][0]["/DestOutputProfile"].get_data()
    assert [int.from_bytes(profile[at : at + 2], "big") for at in range(24, 36, 2)] == [2021, 4, 27, 12, 30, 0]


@pytest.mark.office
def test_nothing_but_these_places_changes(exported):
    before = PdfReader(io.BytesIO(exported))
    after = PdfReader(io.BytesIO(reproducible(exported, source=b"docx", at=AT)))
    assert len(before.pages) == len(after.pages)
    for first, second in zip(before.pages, after.pages, strict=True):
        assert first.get_contents().get_data() == second.get_contents().get_data()
    changed = []
    for number in sorted(before.xref[0]):
        first, second = (_object(reader, number) for reader in (before, after))
        if first != second:
            changed.append(number)
    assert len(changed) == 4, "profile, its length, metadata, information"


def _object(reader, number):
    from pypdf.generic import IndirectObject, StreamObject

    found = IndirectObject(number, 0, reader).get_object()
    target = io.BytesIO()
    found.write_to_stream(target)
    return (target.getvalue(), found.get_data()) if isinstance(found, StreamObject) else target.getvalue()


@pytest.mark.office
def test_instant_is_written_in_utc(exported):
    here = AT.astimezone(timezone(timedelta(hours=2)))
    assert reproducible(exported, source=b"x", at=here) == reproducible(exported, source=b"x", at=AT)


@pytest.mark.office
def test_another_source_gives_another_identifier(exported):
    first, second = (
        PdfReader(io.BytesIO(reproducible(exported, source=source, at=AT))).trailer["/ID"][0]
        for source in (b"one", b"two")
    )
    assert first != second


@pytest.mark.office
@pytest.mark.parametrize("place", [b"/CreationDate", b"<xmp:CreateDate>", b"/DocChecksum", b"/N 3", b"startxref"])
def test_file_of_another_make_is_refused(exported, place):
    with pytest.raises(TemplateFault, match="cannot be made reproducible"):
        reproducible(exported.replace(place, b"x" * len(place)), source=b"x", at=AT)
