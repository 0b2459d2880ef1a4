from __future__ import annotations

import io
import re

import pytest
from lxml import etree
from pypdf import PdfReader

from schemas.documents import data_bytes
from schemas.evidence import digest_of
from schemas.fact import open_facts
from schemas.loader import load_document
from templates.legible import check_text, text_as_laid_out
from templates.locate import signature_boxes
from tests.templates.mou_drafts import (
    EN_PT,
    HEADINGS,
    PLAIN_HEADINGS,
    all_confirmed,
    changed,
    draft_of,
    in_edition,
    numbered,
    one_line,
)

pytestmark = pytest.mark.office

NAMES = {
    "cs": "Příšerně žluťoučký kůň, z.s.",
    "pt": "Câmara de Comércio Cabo-verdiana de Ação e Cooperação",
    "el": "Ελληνικό Επιμελητήριο Συνεργατικών Σχηματισμών",
    "bg": "Клъстер на електромобилите, Югозападен",
    "pl": "Stowarzyszenie Łódzkich Źródeł Żeglugi",
    "vi": "Phòng Thương mại Nguyễn Thị Hạnh, Đặng Ước",
}


@pytest.fixture(scope="module")
def en_pt():
    return load_document(EN_PT)


@pytest.fixture(scope="module")
def draft(pool, gssc):
    return pool.convert(draft_of(gssc))


@pytest.fixture(scope="module")
def final(pool, confirmed):
    return pool.convert(draft_of(confirmed))


def test_sections_stand_in_their_order_and_are_numbered(final):
    text = one_line(text_as_laid_out(final))
    numbers = [f"{number}. {heading}" for number, heading in enumerate(HEADINGS["en"], start=1)]
    places = [text.index(f" {heading} ") for heading in ["Parties", "Background", *numbers, "Signatures"]]
    assert places == sorted(places)


def test_bookmarks_are_the_headings(final):
    titles = [one_line(str(item["/Title"])) for item in PdfReader(io.BytesIO(final)).outline]
    numbers = [f"{number}. {heading}" for number, heading in enumerate(HEADINGS["en"], start=1)]
    assert [title for title in titles if title[0].isdigit()] == numbers


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


def test_both_columns_are_numbered_alike_on_the_page(pool, en_pt):
    pdf = pool.convert(draft_of(all_confirmed(en_pt)))
    words = text_as_laid_out(pdf).split()
    for number in [line.split()[0] for line in numbered(draft_of(en_pt)) if line[0].isdigit()]:
        assert words.count(number) == 2
    boxes = signature_boxes(pdf, [signatory.id for signatory in en_pt.signatories])
    assert len(boxes) == 2


@pytest.mark.parametrize("edition", ["en", "en-pt"])
def test_names_of_every_alphabet_come_out_right(pool, en_pt, edition):
    mou = all_confirmed(in_edition(en_pt, edition))
    acting, other = (party.model_dump() for party in mou.parties)
    parties = [other | {"id": language, "legal_name": {"value": name}} for language, name in NAMES.items()]
    contact, signatory = mou.contacts[1].model_dump(), mou.signatories[1].model_dump()
    content = changed(
        mou,
        parties=[acting, *parties],
        undertakings=[mou.undertakings[0].model_dump()],
        contacts=[mou.contacts[0].model_dump(), *(contact | {"party": language} for language in NAMES)],
        signatories=[
            mou.signatories[0].model_dump(),
            *(
                signatory | {"id": f"for-{code}", "party": code, "email": f"{code}@example.org"}
                | {"name": {"value": name}}
                for code, name in NAMES.items()
            ),
        ],
    )  # fmt: skip
    pdf = pool.convert(draft_of(content))
    check_text(pdf, list(NAMES.values()))
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


@pytest.mark.parametrize("edition", ["en", "en-pt"])
@pytest.mark.parametrize("extra_recitals", [0, 2])
def test_heading_never_stands_last_on_a_page(pool, en_pt, edition, extra_recitals):
    mou = all_confirmed(in_edition(en_pt, edition))
    recital = {"en": "A further recital.", "pt": "Outro considerando."}
    content = changed(mou, background=[*mou.model_dump()["background"], *[recital] * extra_recitals])
    names = {name for language in HEADINGS for name in (*HEADINGS[language], *PLAIN_HEADINGS[language])}
    names |= {" / ".join(pair) for pair in zip(PLAIN_HEADINGS["en"], PLAIN_HEADINGS["pt"], strict=True)}
    for page in text_as_laid_out(pool.convert(draft_of(content))).split("\f")[:-1]:
        lines = [line.strip() for line in page[: page.index("Memorandum of Understanding")].split("\n")]
        assert [line for line in lines if line][-1] not in names


@pytest.mark.parametrize(("edition", "locale"), [("en", "en-GB"), ("en-pt", "en-GB"), ("pt", "pt-PT")])
def test_document_says_its_language_and_title(pool, en_pt, edition, locale):
    mou = in_edition(en_pt, edition)
    catalog = PdfReader(io.BytesIO(pool.convert(draft_of(mou)))).trailer["/Root"]
    assert catalog["/Lang"] == locale
    title = etree.fromstring(catalog["/Metadata"].get_data()).find(".//{*}title//{*}li").text
    assert title == mou.title.in_language(mou.language)
