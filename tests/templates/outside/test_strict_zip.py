from __future__ import annotations

import io
import struct
import time
import warnings
import zipfile

import pytest

from templates.outside.strict_zip import MAX_BYTES, MAX_PARTS
from tests.templates.outside.outside import BODY, PLAIN, part_of, refusal, with_parts


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not a DOCX"),
        (b"%PDF-1.7 ...", "not a DOCX"),
        (b"{\\rtf1 ...}", "not a DOCX"),
        (b"\xef\xbb\xbf <html>", "not a DOCX"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le"), "not a DOCX"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "encrypted"),
        (b"MZ" + PLAIN, "not a DOCX"),
        (PLAIN[:-40], "cut off"),
        (PLAIN + b"more", "behind its end"),
        (b"PK\3\4", "cut off"),
        (PLAIN[: MAX_BYTES // 2].ljust(MAX_BYTES + 1), "too large"),
    ],
    ids=["nothing", "PDF", "RTF", "HTML", "DOC", "encrypted", "program", "cut", "appended", "begun", "large"],
)
def test_other_files_are_told_for_what_they_are(content, says):
    ((path, message),) = refusal(content)
    assert path == "the file"
    assert says in message


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "../evil.xml", "word/../../evil.xml", "word//x.xml", "word/%2e%2e/x.xml", "word%2fx.xml",
     "C:/x.xml", "word\\x.xml", "word/document.xml/[0].piece"],
)  # fmt: skip
def test_names_that_lead_elsewhere_are_refused(name):
    assert any("leads elsewhere" in message for _, message in refusal(with_parts({name: b"<x/>"})))


@pytest.mark.parametrize("name", ["word/document.xml", "WORD/Document.xml"])
def test_part_that_is_there_twice_is_refused(name):
    target = io.BytesIO(PLAIN)
    with zipfile.ZipFile(target, "a") as package, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        package.writestr(name, part_of(PLAIN, BODY).replace(b"once", b"twice"))
    assert (BODY, "a part is there more than once") in [
        (path.lower(), says) for path, says in refusal(target.getvalue())
    ]


def test_bomb_is_refused_before_it_goes_off():
    bomb = with_parts({"word/bomb.xml": b"<x>" + b" " * (90 * 1024 * 1024) + b"</x>"})
    began = time.process_time()
    assert ("word/bomb.xml", "the part unpacks to too much") in refusal(bomb)
    assert time.process_time() - began < 1
    larger = with_parts({f"word/{number}.xml": b" " * (60 * 1024 * 1024) for number in range(2)})
    assert ("the file", "the file unpacks to too much") in refusal(larger)


def test_part_that_says_it_is_small_is_not_unpacked_further():
    content = bytearray(with_parts({"word/bomb.xml": b"<x>" + b" " * 5_000_000 + b"</x>"}))
    for signature, at in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        place = content.rindex(
            signature, 0, content.rindex(b"word/bomb.xml") if at == 24 else content.rindex(b"PK\1\2")
        )
        while content[place : place + 4] == b"PK\3\4" and b"word/bomb.xml" not in content[place : place + 60]:
            place = content.rindex(signature, 0, place)
        struct.pack_into("<L", content, place + at, 100)
    assert any("damaged" in message for _, message in refusal(bytes(content)))


def test_too_many_parts_are_refused():
    many = with_parts({f"word/{number}.xml": b"<x/>" for number in range(MAX_PARTS)})
    assert refusal(many) == [("the file", "the file has too many parts")]


def test_strange_packing_and_encryption_are_refused_by_part():
    assert (BODY, "the part is packed in a strange way") in refusal(with_parts({}, method=zipfile.ZIP_LZMA))
    content = bytearray(PLAIN)
    place = content.rindex(b"PK\1\2", 0, content.rindex(BODY.encode()))
    content[place + 8] |= 1
    assert (BODY, "the part is encrypted") in refusal(bytes(content))
