from __future__ import annotations

import io

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from schemas.errors import ConversionUnavailable, TemplateFault
from templates.legible import check_fonts, check_nothing_added, check_text, text_as_laid_out
from tests.templates.conftest import paragraph, word_file
from tests.templates.outside.outside import field, with_parts


def page_in_helvetica(*, inside_a_form: bool = False) -> bytes:
    """Return a PDF whose one line is in a font that is not embedded."""
    writer = PdfWriter()
    page = writer.add_blank_page(200, 100)
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
        }
    )
    resources = DictionaryObject({NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})})
    content = DecodedStreamObject()
    content.set_data(b"BT /F1 12 Tf 20 50 Td (Nanoprogress) Tj ET")
    if inside_a_form:
        content.update({NameObject("/Subtype"): NameObject("/Form"), NameObject("/Resources"): resources})
        resources = DictionaryObject(
            {NameObject("/XObject"): DictionaryObject({NameObject("/X1"): writer._add_object(content)})}
        )
        content = DecodedStreamObject()
        content.set_data(b"/X1 Do")
    page[NameObject("/Resources")] = resources
    page[NameObject("/Contents")] = writer._add_object(content)
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


@pytest.mark.parametrize("inside_a_form", [False, True])
def test_font_that_is_not_embedded_is_refused_with_its_page(inside_a_form):
    with pytest.raises(TemplateFault, match="Helvetica is not embedded") as refusal:
        check_fonts(page_in_helvetica(inside_a_form=inside_a_form))
    assert refusal.value.where == "page 1"


def test_every_missing_text_is_named_with_its_words():
    with pytest.raises(TemplateFault, match="cannot be read") as refusal:
        check_text(page_in_helvetica(), ["Nanoprogress", "Nanoprogress z.s.", "Łódź"])
    assert refusal.value.got == "'Nanoprogress z.s.' (missing: z.s.); 'Łódź' (missing: Łódź)"


def test_text_is_found_whatever_its_spaces_and_capitals():
    check_text(page_in_helvetica(), ["NANO progress", "nano\u00adprogress"])


@pytest.mark.parametrize("text", ["Nanoprogress", "The NANO-progress of it", "nano\u00adprogress"],
                         ids=["word", "two words", "soft hyphen"])  # fmt: skip
def test_words_of_the_word_file_may_stand_in_the_pdf(text):
    check_nothing_added(page_in_helvetica(), word_file(paragraph(text)))


def test_words_of_another_part_are_none_of_the_text():
    docx = with_parts({"customXml/item1.xml": b"<t>Nanoprogress</t>"}, word_file(paragraph("The Party")))
    with pytest.raises(TemplateFault, match="does not") as refusal:
        check_nothing_added(page_in_helvetica(), docx)
    assert refusal.value.got == "nanoprogress"


@pytest.mark.office
def test_value_that_takes_the_place_of_the_text_is_named(pool):
    """A field of properties shows the title of the file, whatever its result says."""
    properties = field(" TITLE ", result="Memorandum") + paragraph("Memorandum")
    assert pool.convert(word_file(properties, title="Memorandum"))
    with pytest.raises(TemplateFault) as refusal:
        pool.convert(word_file(properties, title="Contract"))
    assert refusal.value.got == "contract"


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7\n", b"PK\x03\x04"])
@pytest.mark.filterwarnings("ignore")
def test_what_is_no_pdf_is_refused(content):
    with pytest.raises(TemplateFault, match="no readable PDF"):
        check_text(content, ["x"])


def test_missing_poppler_names_the_package(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ConversionUnavailable) as refusal:
        text_as_laid_out(page_in_helvetica())
    assert "poppler-utils" in refusal.value.remedy


@pytest.mark.office
def test_word_drawn_in_two_fonts_is_found(pool):
    import docx

    document = docx.Document()
    document.styles["Normal"].font.name = "Caladea"
    document.add_paragraph("Nguyễn Thị Hạnh and Ełkж")
    target = io.BytesIO()
    document.save(target)
    pdf = pool.convert(target.getvalue())
    fonts = {str(name) for name in PdfReader(io.BytesIO(pdf)).pages[0]["/Resources"]["/Font"]}
    assert len(fonts) > 1
    check_text(pdf, ["Hạnh", "Ełkж"])


@pytest.mark.office
@pytest.mark.parametrize(
    "name",
    ["\u05ea\u05dc \u05d0\u05d1\u05d9\u05d1", "\u0631\u0627\u0645 \u0627\u0644\u0644\u0647"],
    ids=["Tel Aviv", "Ramallah"],
)
def test_name_written_from_right_to_left_is_found(pool, name):
    import docx

    document = docx.Document()
    document.add_paragraph(f"City of {name}, a party")
    target = io.BytesIO()
    document.save(target)
    check_text(pool.convert(target.getvalue()), [name])
