from __future__ import annotations

import io
import itertools
import shutil
import subprocess
import time
import zipfile

import docx as python_docx
import pytest
from hypothesis import given, settings, strategies as st

from schemas.errors import InputError
from templates.catalog import FOLDER
from templates.checking.parts import parts_of
from templates.outside.untrusted import MAX_FAULTS, MAX_TAGS, admit_word_file
from templates.word_file import read_word_file
from tests.templates.conftest import paragraph, word_file
from tests.templates.outside.outside import (
    BODY,
    MICROSOFT,
    OFFICE,
    PLAIN,
    RELATIONS,
    TYPES,
    draft,
    field,
    part_of,
    refusal,
    related,
    replaced,
    typed,
    with_parts,
)
from tests.templates.reading import EXAMPLES

OURS = sorted(FOLDER.glob("*/v*/*.docx"))
FILLED = sorted(EXAMPLES.glob("*/*.yaml"))
TRACKED = '<w:p><w:ins w:id="1" w:author="A. Lawyer"><w:r><w:t>x</w:t></w:r></w:ins></w:p>'
PLAIN_DRAFT = draft(EXAMPLES / "gssc" / "mou-czech-cape-verdean-chamber.yaml")
STORED = with_parts({}, PLAIN_DRAFT, method=zipfile.ZIP_STORED)


@pytest.mark.parametrize("path", OURS, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_our_own_templates_come_in(path):
    admit_word_file(path.read_bytes(), name=path.name)


@pytest.mark.parametrize("path", FILLED, ids=lambda path: path.stem)
def test_drafts_of_the_examples_come_in_resolved(path):
    admit_word_file(draft(path), name=path.name, resolved=True)


@pytest.mark.parametrize("resolved", [False, True])
def test_files_of_python_docx_come_in(resolved):
    document, target = python_docx.Document(), io.BytesIO()
    document.add_heading("Purpose", level=1)
    document.add_table(rows=2, cols=2).cell(0, 0).text = "Party"
    document.save(target)
    admit_word_file(target.getvalue(), name="python-docx.docx", resolved=resolved)


@pytest.mark.office
def test_files_saved_by_libreoffice_come_in(tmp_path):
    (tmp_path / "draft.docx").write_bytes(draft(EXAMPLES / "gssc" / "roadmap-2020-2022.yaml"))
    shutil.copy(FOLDER / "mou" / "v1" / "en-es.docx", tmp_path)
    subprocess.run(
        ["soffice", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless", "--convert-to", "docx",
         "--outdir", tmp_path / "saved", tmp_path / "draft.docx", tmp_path / "en-es.docx"],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    admit_word_file((tmp_path / "saved" / "draft.docx").read_bytes(), name="draft.docx", resolved=True)
    admit_word_file((tmp_path / "saved" / "en-es.docx").read_bytes(), name="en-es.docx")


LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))


@pytest.mark.parametrize(
    "declaration",
    ['<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>', f'<!DOCTYPE x [<!ENTITY a0 "ha">{LAUGHS}]>',
     '<!DOCTYPE x SYSTEM "http://example.org/x.dtd">'],
    ids=["file", "laughs", "address"],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-32", "utf-7"])
@pytest.mark.parametrize("name", [BODY, TYPES, RELATIONS, "docProps/core.xml"])
def test_document_types_are_refused_in_every_part_and_encoding(declaration, encoding, name):
    text = f'<?xml version="1.0" encoding="{encoding}"?>{declaration}{part_of(PLAIN, name).decode()}'
    assert (name, "the part is not plain XML") in refusal(with_parts({name: text.encode(encoding)}))


def test_utf_16_comes_in():
    admit_word_file(with_parts({BODY: part_of(PLAIN, BODY).decode().encode("utf-16")}), name="the file")


def test_part_that_is_no_xml_is_named():
    assert refusal(with_parts({"word/header1.xml": b"<w:hdr>"})) == [("word/header1.xml", "the part is not plain XML")]


@pytest.mark.parametrize("name", [TYPES, "_rels/.rels", BODY])
def test_missing_parts_are_named(name):
    assert (name, "the part is missing") in refusal(with_parts({name: None}))


@pytest.mark.parametrize("kind", ["document", "template"])
def test_macros_are_refused(kind):
    macros = replaced(
        TYPES, b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
        f"application/vnd.ms-word.{kind}.macroEnabled.main+xml".encode(),
    )  # fmt: skip
    assert refusal(macros) == [(BODY, "a macro")]
    project = typed("word/vbaProject.bin", "application/vnd.ms-office.vbaProject", b"\xd0\xcf\x11\xe0")
    assert refusal(project) == [("word/vbaProject.bin", "a macro")]


def test_spreadsheet_is_no_word_file():
    spreadsheet = replaced(TYPES, b"wordprocessingml.document.main", b"spreadsheetml.sheet.main")
    assert refusal(spreadsheet) == [(BODY, "the text is of another kind of file")]


@pytest.mark.parametrize(
    ("name", "kind", "content"),
    [
        ("word/embeddings/sheet.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", PLAIN),
        ("word/embeddings/object.bin", "application/vnd.openxmlformats-officedocument.oleObject", b"\xd0\xcf"),
        ("word/activeX/activeX1.xml", "application/vnd.ms-office.activeX+xml", b"<x/>"),
        ("word/fonts/font1.odttf", "application/vnd.openxmlformats-officedocument.obfuscatedFont", b"font"),
        ("word/media/program.png", "image/png", b"MZ"),
        ("word/media/postscript.eps", "image/x-eps", b"%!PS-Adobe"),
        ("word/media/hidden.png", "image/png", b"<w:hdr/>"),
        ("word/printer.bin", "application/vnd.openxmlformats-officedocument.wordprocessingml.printerSettings", b"<x/>"),
        ("word/something.bin", "", b"1"),
        ("webextensions/one.xml", "application/vnd.ms-office.webextension+xml", b"<x/>"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_parts_that_are_neither_text_nor_picture_are_refused(name, kind, content):
    assert [path for path, _ in refusal(typed(name, kind, content))] == [name]


@pytest.mark.parametrize(
    "drawing",
    ['<image href="http://example.org/x.png"/>', "<script>1</script>", "<g onload='x()'/>",
     "<rect style='fill: url(http://example.org/x)'/>", "<style>@import 'x'</style>"],
)  # fmt: skip
def test_drawings_that_load_or_run_are_refused(drawing):
    svg = f'<svg xmlns="http://www.w3.org/2000/svg">{drawing}</svg>'.encode()
    assert [path for path, _ in refusal(typed("word/media/x.svg", "image/svg+xml", svg))] == ["word/media/x.svg"]


def test_drawing_alone_comes_in():
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><rect fill="url(#a)"/><use href="#b"/></svg>'
    admit_word_file(typed("word/media/x.svg", "image/svg+xml", svg), name="the file")


@pytest.mark.parametrize(
    "kind",
    ["attachedTemplate", "image", "oleObject", "subDocument", "frame", "aFChunk", "mailMergeSource", "header", "video"],
)
@pytest.mark.parametrize("target", ["http://example.org/x", "file:///C:/x", "\\\\host\\x", "https://example.org"])
def test_parts_from_outside_are_refused(kind, target):
    ((path, _),) = refusal(related(f"{OFFICE}/{kind}", target, 'TargetMode="External"'))
    assert path == f"{RELATIONS}, relationship rId9"


@pytest.mark.parametrize("kind", [f"{OFFICE}/image", f"{MICROSOFT}/anything", "", "hyperlink/"])
def test_address_without_its_mode_is_refused_as_well(kind):
    assert len(refusal(related(kind, "http://example.org/x"))) == 1


@pytest.mark.parametrize(
    "kind",
    [f"{OFFICE}/oleObject", f"{OFFICE}/package", f"{OFFICE}/aFChunk", f"{OFFICE}/control", f"{OFFICE}/font",
     f"{MICROSOFT}/vbaProject", f"{MICROSOFT}/keyMapCustomizations", f"{MICROSOFT}/ui/extensibility"],
)  # fmt: skip
def test_embedded_things_are_refused_where_they_are_related(kind):
    assert len(refusal(related(kind, "header1.xml"))) == 1


@pytest.mark.parametrize(
    "target", ["https://example.org/a?b=1#c", "HTTP://example.org", "mailto:a@example.org", "#top"]
)
def test_links_to_the_web_come_in(target):
    admit_word_file(related(f"{OFFICE}/hyperlink", target, 'TargetMode="External"'), name="the file")


@pytest.mark.parametrize(
    "target",
    ["file:///etc/passwd", "javascript:alert(1)", "\\\\host\\share", "annex.docx", "ms-word:x", "http:x", "mailto:",
     "//example.org", "vnd.sun.star.script:x", "HTTP://[", "HTTP://example.org\\@evil"],
)  # fmt: skip
def test_links_elsewhere_are_refused(target):
    ((_, message),) = refusal(related(f"{OFFICE}/hyperlink", target, 'TargetMode="External"'))
    assert "elsewhere than to the web" in message


def test_relationship_out_of_the_file_and_a_text_elsewhere_are_refused():
    assert len(refusal(related(f"{OFFICE}/image", "../../x.png"))) == 1
    elsewhere = replaced("_rels/.rels", b'Target="word/document.xml"', b'Target="word/header1.xml"')
    assert refusal(elsewhere) == [("_rels/.rels, relationship rId1", "the text is not where it should be")]


@pytest.mark.parametrize(
    "element",
    ["<w:object/>", '<w:control r:id="rId9"/>', '<w:altChunk r:id="rId9"/>', '<w:subDoc r:id="rId9"/>',
     '<w:entryMacro w:val="x"/>', '<v:imagedata xmlns:v="urn:schemas-microsoft-com:vml" src="http://example.org/x"/>',
     '<v:shape xmlns:v="urn:schemas-microsoft-com:vml" href="file:///x"/>'],
)  # fmt: skip
def test_elements_that_embed_or_load_are_refused_with_their_paragraph(element):
    body = paragraph("First.") + f"<w:p><w:r>{element}</w:r></w:p>"
    assert [path for path, _ in refusal(word_file(body))] == [f"{BODY}, paragraph 2"]


def test_mail_merge_is_refused():
    settings_part = b'<w:settings xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:mailMerge/></w:settings>'
    assert refusal(with_parts({"word/settings.xml": settings_part})) == [
        ("word/settings.xml", "a source of a mail merge")
    ]


def test_strict_variant_is_refused_wherever_it_stands():
    strict = replaced("word/header1.xml", b"schemas.openxmlformats.org/wordprocessingml/2006/main",
                      b"purl.oclc.org/ooxml/wordprocessingml/main")  # fmt: skip
    assert refusal(strict) == [("word/header1.xml", "Strict Open XML")]


def test_all_faults_are_told_at_once_each_with_its_place():
    cell = f"<w:tbl><w:tr><w:tc>{paragraph('x')}</w:tc><w:tc>{field('DDE x')}</w:tc></w:tr></w:tbl>"
    docx = word_file(cell + paragraph("First.") + TRACKED, header="[insert]", footnote="[●]")
    docx = with_parts({"../evil.xml": b"<x/>", "word/vbaProject.bin": b"1"}, docx)
    assert {path for path, _ in refusal(docx, resolved=True)} == {
        "../evil.xml",
        "word/vbaProject.bin",
        f"{BODY}, table 1, row 1, cell 2, paragraph 1",
        f"{BODY}, paragraph 2",
        "word/header1.xml, paragraph 1",
        "footnote 1, paragraph 1",
    }


def test_more_than_can_be_read_in_good_time_is_refused():
    docx = word_file("<w:p/>" * MAX_TAGS)
    assert refusal(docx) == [("the file", "there is too much in it")]


def test_faults_without_end_are_cut_and_told_so():
    faults = refusal(word_file(field("DDE x") * (MAX_FAULTS + 5)))
    assert len(faults) == MAX_FAULTS + 1
    assert faults[-1][1] == f"more than {MAX_FAULTS} faults; the rest is not listed"


@pytest.mark.parametrize(
    "text", ["[insert " * 200_000, "[" + " " * 1_000_000, "[. " * 300_000, "]" * 1_000_000, "[to be " + "w" * 1_000_000]
)
def test_text_made_to_be_slow_is_read_quickly(text):
    began = time.process_time()
    admit_word_file(
        with_parts({BODY: part_of(PLAIN, BODY).replace(b"The Parties", text.encode())}, method=0),
        name="x",
        resolved=True,
    )
    assert time.process_time() - began < 3


def test_diagnosis_shows_nothing_a_screen_would_obey():
    with pytest.raises(InputError) as refused:
        admit_word_file(with_parts({"word/\x1b[2J\u202e.xml": b"<x/>"}), name="a\x1b[2Jb")
    assert str(refused.value).replace("\n", "").isprintable()


def judged(content):
    """Judge a file; what is admitted can be read by our own readers."""
    try:
        admit_word_file(content, name="the file", resolved=True)
    except InputError as refused:
        told = [fault.path and fault.message for fault in refused.faults]
    else:
        told = ["admitted"]
        read_word_file(content)
        parts_of(content)
    assert told
    assert all(told)


@settings(max_examples=300)
@given(st.randoms(use_true_random=False), st.integers(1, 8), st.booleans())
def test_flipped_bytes_give_acceptance_or_our_own_error(chance, count, stored):
    content = bytearray(STORED if stored else PLAIN_DRAFT)
    for _ in range(count):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    judged(bytes(content))


@settings(max_examples=60)
@given(st.integers(0, 400), st.binary(max_size=40))
def test_any_bytes_at_the_end_give_acceptance_or_our_own_error(back, tail):
    judged(PLAIN[: len(PLAIN) - back] + tail)
    judged(b"PK\3\4" + tail)


def test_every_byte_of_the_directory_may_be_flipped():
    start = PLAIN.index(b"PK\1\2")
    for place, bit in itertools.product(range(start, len(PLAIN)), (0, 3, 7)):
        content = bytearray(PLAIN)
        content[place] ^= 1 << bit
        judged(bytes(content))
