from __future__ import annotations

import io
import re

import pytest
from lxml import etree
from pypdf import PdfReader

from schemas.documents import data_bytes
from schemas.evidence import digest_of
from schemas.fact import open_facts
from schemas.mou import Memorandum
from templates.catalog import load_template
from templates.legible import check_text, text_as_laid_out
from templates.locate import signature_boxes
from templates.render import render

pytestmark = pytest.mark.office

NAMES = {
    "cs": "Příšerně žluťoučký kůň, z.s.",
    "pt": "Câmara de Comércio Cabo-verdiana de Ação e Cooperação",
    "el": "Ελληνικό Επιμελητήριο Συνεργατικών Σχηματισμών",
    "bg": "Клъстер на електромобилите, Югозападен",
    "pl": "Stowarzyszenie Łódzkich Źródeł Żeglugi",
    "vi": "Phòng Thương mại Nguyễn Thị Hạnh, Đặng Ước",
}
HEADINGS = [
    "Parties", "Background", "1. Purpose", "2. Areas of cooperation", "3. Roles of the Parties",
    "4. Contacts and notices", "5. Costs", "6. Confidentiality", "7. Publicity",
    "8. Data protection", "9. Term and renewal", "10. Amendment",
    "11. Termination", "12. Legal nature", "13. Law and disputes", "14. Language and form", "Signatures",
]  # fmt: skip


def draft_of(mou):
    digest = digest_of(data_bytes(mou))
    return render(load_template("mou"), mou, agreement_id="MOU-2026-0001", draft=3, data_digest=digest)


def changed(mou, **values):
    return Memorandum.model_validate(mou.model_dump() | values)


@pytest.fixture(scope="module")
def draft(pool, gssc):
    return pool.convert(draft_of(gssc))


@pytest.fixture(scope="module")
def final(pool, confirmed):
    return pool.convert(draft_of(confirmed))


def one_line(text):
    return " ".join(text.split())


def test_sections_stand_in_their_order_and_are_numbered(final):
    text = one_line(text_as_laid_out(final))
    places = [text.index(f" {heading} ") for heading in HEADINGS]
    assert places == sorted(places)


def test_bookmarks_are_the_headings(final):
    titles = [str(item["/Title"]) for item in PdfReader(io.BytesIO(final)).outline]
    assert [one_line(title) for title in titles if title[0].isdigit()] == [h for h in HEADINGS if h[0].isdigit()]


def test_each_page_carries_document_draft_digest_and_number(final, confirmed):
    digest = digest_of(data_bytes(confirmed))
    pages = text_as_laid_out(final).split("\f")[:-1]
    for number, page in enumerate(pages, start=1):
        assert "MOU-2026-0001, draft 3" in page
        assert f"Data {digest[:16]}" in page
        assert f"Page {number} of {len(pages)}" in page
    assert digest in one_line(pages[-1])


def test_open_facts_are_boxed_on_the_first_page_and_marked_in_the_text(draft, gssc):
    text = text_as_laid_out(draft)
    count = len(open_facts(gssc))
    assert f"Open facts: {count}" in text.split("\f")[0]
    check_text(draft, [path for path, _ in open_facts(gssc)])
    assert "conflicting" in text


def test_confirmed_document_shows_no_mark(final):
    text = text_as_laid_out(final)
    for word in ("Open facts", "assumed", "conflicting", "not yet known"):
        assert word not in text


def test_visibility_wording_is_printed_as_prescribed(final):
    from schemas.agreement import VISIBILITY

    text = one_line(text_as_laid_out(final).split("\f")[0])
    assert one_line(VISIBILITY["cosme-easme"].sentence) in text
    assert one_line(VISIBILITY["cosme-easme"].disclaimer) in text


def test_money_and_dates_are_written_in_full(final):
    text = one_line(text_as_laid_out(final))
    assert "EUR 222,202.62" in text
    assert "24 months from September 2020" in text
    assert "takes effect on 27 April 2021" in text


@pytest.mark.parametrize("language", NAMES)
def test_names_of_every_alphabet_come_out_right(pool, confirmed, language):
    acting, other = confirmed.parties
    party = other.model_dump() | {"legal_name": {"value": NAMES[language]}}
    content = changed(confirmed, parties=[acting.model_dump(), party])
    pdf = pool.convert(draft_of(content))
    check_text(pdf, [NAMES[language]])
    fonts = {
        str(font.get_object()["/BaseFont"])
        for page in PdfReader(io.BytesIO(pdf)).pages
        for font in page["/Resources"]["/Font"].values()
    }
    assert all("LiberationSerif" in font for font in fonts), fonts


def test_signature_blocks_are_never_split_and_each_has_its_room(pool, confirmed):
    template = confirmed.signatories[0].model_dump()
    many = [template | {"id": f"s{n}", "email": f"s{n}@example.org"} for n in range(14)]
    content = changed(confirmed, signatories=[*many, confirmed.signatories[1].model_dump()])
    pdf = pool.convert(draft_of(content))
    ids = [signatory.id for signatory in content.signatories]
    boxes = signature_boxes(pdf, ids)
    assert len({box.page for box in boxes.values()}) >= 2
    pages = text_as_laid_out(pdf).split("\f")
    for page, text in enumerate(pages):
        rooms = sum(box.page == page for box in boxes.values())
        assert (
            len(re.findall(r"^Authority:", text, re.MULTILINE))
            == len(re.findall(r"^Name:", text, re.MULTILINE))
            == rooms
        )


@pytest.fixture(scope="module")
def binding(confirmed):
    clause = {
        "id": "transfer", "heading": "Transfer of data", "subject": "data transfer",
        "paragraphs": ["Standard contractual clauses apply.", "They prevail."],
    }  # fmt: skip
    return changed(
        confirmed, legal_nature="binding", own_costs=False, personal_data=True, clauses=[clause],
        confidentiality_years=1, notice_days=1, binding_clauses=(), markets=(),
    )  # fmt: skip


def test_choices_change_the_clauses(pool, binding):
    text = one_line(text_as_laid_out(pool.convert(draft_of(binding))))
    for words in (
        "9.1 Standard contractual clauses apply. 9.2 They prevail. 10. Term and renewal",
        "binds the Parties from the day", "1 year after this", "1 calendar day to", "Regulation (EU) 2016/679",
        "Costs of joint activities are borne",
    ):  # fmt: skip
        assert words in text
    for words in (
        "no legal rights or obligations",
        "bears its own costs of the cooperation",
        "no exclusivity",
        "directed to",
    ):
        assert words not in text


@pytest.mark.parametrize("extra_recitals", [0, 1, 3])
def test_heading_never_stands_last_on_a_page(pool, binding, extra_recitals):
    content = changed(binding, background=[*binding.background, *["A further recital."] * extra_recitals])
    for page in text_as_laid_out(pool.convert(draft_of(content))).split("\f")[:-1]:
        body = page[: page.index("Memorandum of Understanding, GSSC")].split("\n")
        last = [line for line in body if line.strip()][-1]
        assert last not in {heading.partition(". ")[2] or heading for heading in HEADINGS} | {"Transfer of data"}


def test_document_says_its_language_and_title(final, confirmed):
    catalog = PdfReader(io.BytesIO(final)).trailer["/Root"]
    assert catalog["/Lang"] == "en-GB"
    title = etree.fromstring(catalog["/Metadata"].get_data()).find(".//{*}title//{*}li").text
    assert title == confirmed.title
