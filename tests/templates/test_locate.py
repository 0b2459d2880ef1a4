from __future__ import annotations

import io

import pytest
from pypdf import PdfReader, PdfWriter

from schemas.errors import TemplateFault
from schemas.evidence import digest_of
from templates.catalog import load_template
from templates.locate import signature_boxes
from templates.render import render

SIGNATORIES = ["for-gssc", "for-chamber"]
MILLIMETRE = 72 / 25.4


@pytest.fixture(scope="module")
def pdf(pool, gssc):
    docx = render(load_template("mou"), gssc, agreement_id="MOU-2026-0001", draft=1, data_digest=digest_of(b""))
    return pool.convert(docx)


@pytest.mark.office
def test_each_signatory_has_room_on_the_page_of_the_signatures(pdf):
    boxes = signature_boxes(pdf, SIGNATORIES)
    assert list(boxes) == SIGNATORIES
    pages = PdfReader(io.BytesIO(pdf)).pages
    for box in boxes.values():
        assert "Signatures" in pages[box.page].extract_text()
        assert 0 < box.x1 < box.x2 < float(pages[box.page].mediabox.width)
        assert 0 < box.y1 < box.y2 < float(pages[box.page].mediabox.height)
        assert box.x2 - box.x1 >= 70 * MILLIMETRE
        assert box.y2 - box.y1 >= 23 * MILLIMETRE
    first, second = boxes.values()
    assert (first.page, -first.y1) < (second.page, -second.y2)


@pytest.mark.office
def test_box_stands_beside_the_name_it_belongs_to(pdf):
    places = []
    page = PdfReader(io.BytesIO(pdf)).pages[signature_boxes(pdf, SIGNATORIES)["for-gssc"].page]
    page.extract_text(
        visitor_text=lambda text, _cm, matrix, _font, _size: places.append((text.strip(), matrix[4], matrix[5]))
    )
    for signatory, name in zip(SIGNATORIES, ("Signatory for the GSSC partnership", "Chamber of Commerce"), strict=True):
        box = signature_boxes(pdf, SIGNATORIES)[signatory]
        heights = [y for text, x, y in places if name in text and x < box.x1]
        assert any(box.y1 <= y <= box.y2 + 20 for y in heights), (box, heights)


@pytest.mark.office
def test_signatory_without_room_is_named(pdf):
    with pytest.raises(TemplateFault, match="room for each signature") as refusal:
        signature_boxes(pdf, [*SIGNATORIES, "for-nobody"])
    assert refusal.value.got == "for-nobody: 0"


def test_pdf_without_structure_is_refused():
    target = io.BytesIO()
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.write(target)
    with pytest.raises(TemplateFault, match="structure of the PDF"):
        signature_boxes(target.getvalue(), SIGNATORIES)


@pytest.mark.filterwarnings("ignore")
def test_what_is_no_pdf_is_refused():
    with pytest.raises(TemplateFault):
        signature_boxes(b"no PDF", SIGNATORIES)
