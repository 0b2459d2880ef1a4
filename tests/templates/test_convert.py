from __future__ import annotations

import http.server
import io
import os
import signal
import subprocess
import sys
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import docx
import pytest
from pypdf import PdfReader

from schemas.errors import ConversionUnavailable, TemplateFault
from templates.convert import OfficePool
from templates.legible import check_text

pytestmark = pytest.mark.office

LETTERS = "Žluťoučký kůň, Łódź, Cabo-verdiana ação, κόσμος, Югозападен, Nguyễn Thị Hạnh"


def word_document(*paragraphs: str) -> bytes:
    document = docx.Document()
    document.add_heading("Heading", 1)
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


def is_gone(process_id: int) -> bool:
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def await_end_of(process_id: int) -> None:
    try:
        watch = os.pidfd_open(process_id)
    except ProcessLookupError:
        return
    import select

    select.select([watch], [], [], 20)
    os.close(watch)


def with_part(content: bytes, name: str, change) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(target, "w") as after:
        for part in before.namelist():
            after.writestr(part, change(before.read(part)) if part == name else before.read(part))
    return target.getvalue()


def test_result_is_tagged_pdf_a_3b_with_every_letter(pool):
    pdf = pool.convert(word_document(LETTERS))
    catalog = PdfReader(io.BytesIO(pdf)).trailer["/Root"]
    metadata = catalog["/Metadata"].get_data()
    assert b"<pdfaid:part>3</pdfaid:part>" in metadata
    assert b"<pdfaid:conformance>B</pdfaid:conformance>" in metadata
    assert catalog["/MarkInfo"]["/Marked"]
    check_text(pdf, [LETTERS])


def test_same_document_gives_same_bytes_on_another_process(pool, tmp_path):
    content = word_document(LETTERS)
    with OfficePool(directory=tmp_path) as other:
        assert other.convert(content) == pool.convert(content) == pool.convert(content)


def test_other_document_gives_another_identifier(pool):
    first, second = (PdfReader(io.BytesIO(pool.convert(word_document(text)))) for text in ("one", "two"))
    assert first.trailer["/ID"] != second.trailer["/ID"]


def test_qpdf_finds_no_fault_in_the_moved_cross_reference_table(pool, tmp_path):
    target = tmp_path / "document.pdf"
    target.write_bytes(pool.convert(word_document(LETTERS)))
    run = subprocess.run(["qpdf", "--check", target], check=False, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("letter", ["\U000f0000", "\uae40"], ids=["drawn as a box", "not drawn at all"])
def test_letter_without_a_font_is_refused_by_name(pool, letter):
    if letter.isalpha() and subprocess.run(["fc-list", ":lang=ko"], check=True, capture_output=True).stdout:
        pytest.skip("a font of this machine has Korean letters")
    with pytest.raises(TemplateFault, match=r"no installed font") as refusal:
        pool.convert(word_document(f"ends with {letter}"))
    assert f"U+{ord(letter):04X}" in refusal.value.got
    assert refusal.value.where == "page 1"


def test_hung_conversion_is_killed_and_done_by_another_process(tmp_path):
    content = word_document("hello")
    with OfficePool(directory=tmp_path, deadline_seconds=8) as pool:
        expected = pool.convert(content)
        (hung,) = pool.process_ids()
        os.kill(hung, signal.SIGSTOP)
        assert pool.convert(content) == expected
        assert is_gone(hung)
        assert pool.process_ids() != (hung,)
        assert len(list(tmp_path.iterdir())) == 1


def test_hung_twice_is_unavailable(tmp_path):
    with (
        OfficePool(directory=tmp_path, deadline_seconds=0.001) as pool,
        pytest.raises(ConversionUnavailable, match="twice"),
    ):
        pool.convert(word_document("hello"))
    assert list(tmp_path.iterdir()) == []


def test_killed_process_is_replaced(tmp_path):
    content = word_document("hello")
    with OfficePool(directory=tmp_path) as pool:
        expected = pool.convert(content)
        (first,) = pool.process_ids()
        os.kill(first, signal.SIGKILL)
        assert pool.convert(content) == expected
        assert pool.process_ids() != (first,)


class Interrupted(BaseException):
    """What a person's Ctrl-C or a runner's end raises in the middle of a conversion."""


def test_an_interrupted_conversion_leaves_no_answer_to_the_next_question(tmp_path):
    def interrupt(number, frame):
        raise Interrupted

    first, second = word_document("the first document"), word_document("the second document")
    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with OfficePool(directory=tmp_path) as pool:
            expected = pool.convert(second)
            (stopped,) = pool.process_ids()
            os.kill(stopped, signal.SIGSTOP)
            threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGUSR1)).start()
            with pytest.raises(Interrupted):
                pool.convert(first)
            assert is_gone(stopped)
            assert pool.convert(second) == expected
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_process_is_replaced_after_its_share_of_documents(tmp_path):
    content = word_document("hello")
    with OfficePool(directory=tmp_path, recycle_after=2) as pool:
        pool.convert(content)
        (first,) = pool.process_ids()
        pool.convert(content)
        assert pool.process_ids() == ()
        assert is_gone(first)
        pool.convert(content)
        assert pool.process_ids() != (first,)


def test_process_beyond_its_memory_is_replaced(tmp_path):
    with OfficePool(directory=tmp_path, max_memory_bytes=1) as pool:
        pool.convert(word_document("hello"))
        assert pool.process_ids() == ()


def test_two_documents_are_converted_at_once_and_nothing_is_left(tmp_path):
    content = [word_document(f"document {number}") for number in range(4)]
    before = set(Path("/tmp").glob("OSL_PIPE_*"))
    with OfficePool(directory=tmp_path, size=2) as pool:
        with ThreadPoolExecutor(2) as threads:
            for number, pdf in enumerate(threads.map(pool.convert, content)):
                check_text(pdf, [f"document {number}"])
        processes = pool.process_ids()
        assert len(processes) == 2
        sockets = {path for office in pool._live for path in office._sockets}
        assert len(sockets) >= 4
    assert all(is_gone(process) for process in processes)
    assert list(tmp_path.iterdir()) == []
    assert not sockets & set(Path("/tmp").glob("OSL_PIPE_*")) - before


def test_nothing_is_left_when_the_parent_is_killed(tmp_path):
    program = (
        "import sys, time; from pathlib import Path; from templates.convert import OfficePool\n"
        "pool = OfficePool(directory=Path(sys.argv[1])); pool.convert(Path(sys.argv[2]).read_bytes())\n"
        "print(*pool.process_ids(), flush=True); time.sleep(60)"
    )
    source, profiles = tmp_path / "document.docx", tmp_path / "profiles"
    source.write_bytes(word_document("hello"))
    profiles.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", program, profiles, source], stdout=subprocess.PIPE, text=True
    ) as parent:
        office = int(parent.stdout.readline())
        (home,) = profiles.iterdir()
        worker = int(Path(f"/proc/{office}/stat").read_text().rsplit(")", 1)[1].split()[1])
        parent.kill()
    await_end_of(office)
    await_end_of(worker)
    assert is_gone(office)
    assert not home.exists()


def test_nothing_is_left_when_worker_is_killed(tmp_path):
    with OfficePool(directory=tmp_path) as pool:
        pool.convert(word_document("hello"))
        (office,) = pool.process_ids()
        os.kill(int(Path(f"/proc/{office}/stat").read_text().rsplit(")", 1)[1].split()[1]), signal.SIGKILL)
        await_end_of(office)
        assert is_gone(office)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("damage", "got"),
    [
        (lambda content: content[:-200], "zip"),
        (lambda content: b"not a zip", "zip"),
        (lambda content: with_part(content, "word/document.xml", lambda xml: xml[:-40]), "line 2"),
        (lambda content: with_part(content, "word/document.xml", lambda xml: b"<a/>"), "root element a"),
    ],
    ids=["truncated", "no zip", "half an XML part", "other XML"],
)
def test_damaged_document_is_a_fault_and_not_tried_again(pool, damage, got):
    pool.convert(word_document("hello"))
    processes = pool.process_ids()
    with pytest.raises(TemplateFault) as refusal:
        pool.convert(damage(word_document("hello")))
    assert got in refusal.value.got
    assert pool.process_ids() == processes


@pytest.mark.enable_socket
def test_linked_picture_is_not_fetched(pool):
    asked = []

    class Witness(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET  # noqa: N815  # the name the base class looks for

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Witness)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/picture.png"
    picture = (
        '<w:p><w:r><w:drawing><wp:inline xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing">'
        '<wp:extent cx="990000" cy="990000"/><wp:docPr id="7" name="p"/>'
        '<a:graphic xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main">'
        '<a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture">'
        '<pic:pic xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture">'
        '<pic:nvPicPr><pic:cNvPr id="7" name="p"/>'
        "<pic:cNvPicPr/></pic:nvPicPr><pic:blipFill><a:blip xmlns:r="
        '"http://schemas.openxmlformats.org/officeDocument/2006/relationships" r:link="rId99"/>'
        "<a:stretch><a:fillRect/></a:stretch>"
        '</pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="990000" cy="990000"/></a:xfrm>'
        '<a:prstGeom prst="rect"/></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>'
    )
    link = (
        '<Relationship Id="rId99" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/image" '
        f'Target="{address}" TargetMode="External"/></Relationships>'
    )
    content = with_part(
        word_document("hello"),
        "word/document.xml",
        lambda xml: xml.replace(b"<w:sectPr", picture.encode() + b"<w:sectPr"),
    )
    content = with_part(
        content, "word/_rels/document.xml.rels", lambda xml: xml.replace(b"</Relationships>", link.encode())
    )
    try:
        check_text(pool.convert(content), ["hello"])
    finally:
        server.shutdown()
        server.server_close()
    assert asked == []


def test_missing_libreoffice_names_the_packages(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with OfficePool() as pool, pytest.raises(ConversionUnavailable) as refusal:
        pool.convert(word_document("hello"))
    assert "libreoffice-writer-nogui python3-uno" in refusal.value.remedy


def test_python_without_uno_names_the_packages(tmp_path):
    with (
        OfficePool(python=Path(sys.executable), directory=tmp_path) as pool,
        pytest.raises(ConversionUnavailable) as refusal,
    ):
        pool.convert(word_document("hello"))
    assert "no module 'uno'" in refusal.value.got
    assert "python3-uno" in refusal.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_closed_pool_converts_nothing():
    pool = OfficePool()
    pool.close()
    with pytest.raises(ConversionUnavailable, match="closed"):
        pool.convert(word_document("hello"))
