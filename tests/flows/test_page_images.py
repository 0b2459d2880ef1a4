import struct
import zlib
from threading import BoundedSemaphore

import pytest

from flows import page_images
from flows.page_images import forget_pages, page_image, page_texts, pdf_of, pdfs_of
from flows.page_images_worker import png
from schemas.errors import Invalid, Refused, Unavailable


@pytest.fixture
def house(at):
    return at("signed once")


@pytest.fixture
def agreement(snapshots):
    return snapshots.agreement


def size_of(image):
    assert image.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", image[16:24])


def test_a_page_is_drawn_once_and_kept_for_its_owner_only(house, agreement):
    pdf = pdf_of(house, agreement, "2")
    image = page_image(house, agreement, pdf, 1)
    assert size_of(image) == (910, 1287)  # A4 at 110 dots an inch
    kept = house.home / "cache" / "pages" / pdf / "1.png"
    assert kept.read_bytes() == image
    assert (kept.stat().st_mode & 0o777, kept.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    kept.write_bytes(b"drawn before")
    assert page_image(house, agreement, pdf, 1) == b"drawn before"


def test_every_page_says_its_text(house, agreement):
    texts = page_texts(house, agreement, pdf_of(house, agreement, "1"))
    assert [page.number for page in texts] == list(range(1, len(texts) + 1))
    assert "Memorandum of Understanding" in texts[0].text
    assert (round(texts[0].width), round(texts[0].height)) == (595, 842)


def test_a_draft_and_each_of_its_revisions_have_pages_of_their_own(house, agreement):
    digests = list(pdfs_of(house, agreement))
    assert len(digests) == 4  # two drafts, the one to sign, the first signature
    assert digests[-1] == house.ledger.state(agreement).pdf
    images = [page_image(house, agreement, digest, 6) for digest in digests[-2:]]
    assert images[0] != images[1]  # the signature is seen


@pytest.mark.parametrize("number", [-1, 0, 7, 10**9])
def test_a_page_that_is_not_there_is_refused(house, agreement, number):
    with pytest.raises(Refused):
        page_image(house, agreement, pdf_of(house, agreement, "2"), number)


def test_a_page_past_the_end_of_known_pages_is_refused_without_drawing(house, agreement, monkeypatch):
    pdf = pdf_of(house, agreement, "2")
    pages = len(page_texts(house, agreement, pdf))
    monkeypatch.setattr("flows.page_images._asked", lambda *_, **__: pytest.fail("a process was started"))
    with pytest.raises(Refused, match="no such page") as refused:
        page_image(house, agreement, pdf, pages + 1)
    assert refused.value.expected == f"1 to {pages}"


def test_one_document_that_is_being_drawn_keeps_no_other_waiting(house, agreement, monkeypatch):
    monkeypatch.setattr("flows.page_images.DEADLINE_SECONDS", 0)
    monkeypatch.setattr("flows.page_images._asked", lambda *_, **__: ({"pages": 1}, [b"drawn"]))
    one, *others = pdfs_of(house, agreement)
    other = next(pdf for pdf in others if page_images._lock_of(pdf) is not page_images._lock_of(one))
    with page_images._lock_of(one):
        assert page_image(house, agreement, other, 1) == b"drawn"
        with pytest.raises(Unavailable, match="too many pages are being drawn"):
            page_image(house, agreement, one, 1)


@pytest.mark.parametrize(("cores", "turns"), [({3}, 1), (set(range(64)), page_images.MOST_PROCESSES)])
def test_there_are_as_many_turns_as_cores_that_may_be_used_and_only_a_few(monkeypatch, cores, turns):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: cores)
    made = page_images._turns.__wrapped__()
    assert [made.acquire(blocking=False) for _ in range(turns + 1)] == [*[True] * turns, False]


def test_no_more_processes_draw_at_once_than_there_are_turns(house, agreement, monkeypatch):
    turns = BoundedSemaphore(1)
    monkeypatch.setattr("flows.page_images._turns", lambda: turns)
    monkeypatch.setattr("flows.page_images.DEADLINE_SECONDS", 0)
    with turns, pytest.raises(Unavailable, match="too many pages are being drawn"):
        page_image(house, agreement, pdf_of(house, agreement, "2"), 1)


@pytest.mark.parametrize("which", ["", "0", "3", "f" * 64, "../1"])
def test_pages_of_something_else_are_refused(house, agreement, which):
    with pytest.raises(Refused, match="no such pages"):
        pdf_of(house, agreement, which)


def test_what_is_no_pdf_is_told_to_be_none(house, agreement, monkeypatch):
    monkeypatch.setattr("flows.page_images._bytes_of", lambda *_: b"%PDF-1.7 and then nothing")
    with pytest.raises(Invalid, match="cannot be drawn"):
        page_image(house, agreement, pdf_of(house, agreement, "2"), 1)


def test_a_page_as_large_as_a_house_is_not_drawn(house, agreement, monkeypatch):
    from pypdf import PdfWriter

    writer = PdfWriter()
    writer.add_blank_page(14_000, 14_000)
    path = house.home / "huge.pdf"
    writer.write(path)
    monkeypatch.setattr("flows.page_images._bytes_of", lambda *_: path.read_bytes())
    with pytest.raises(Invalid) as refused:
        page_image(house, agreement, pdf_of(house, agreement, "2"), 1)
    assert "too large to be drawn" in refused.value.got


def test_pages_are_forgotten_with_their_document(house, agreement):
    pdf = pdf_of(house, agreement, "2")
    page_texts(house, agreement, pdf)
    page_image(house, agreement, pdf, 1)
    forget_pages(house, agreement)
    assert list((house.home / "cache" / "pages").iterdir()) == []


@pytest.mark.parametrize(("rows", "channels", "kind"), [([b"\x00\xff"], 1, 0), ([b"\x00\x10\x20\xff\xf0\xe0"], 3, 2)])
def test_an_image_says_its_size_and_holds_its_pixels(rows, channels, kind):
    image = png(rows, 2, channels)
    assert size_of(image) == (2, 1)
    assert image[25] == kind
    start = image.index(b"IDAT") + 4
    assert zlib.decompress(image[start : image.index(b"IEND") - 8]) == b"\x00" + rows[0]
