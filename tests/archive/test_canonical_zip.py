from __future__ import annotations

import io
import random
import struct
import subprocess
import zipfile
import zlib

import pytest
from hypothesis import given, settings, strategies as st

from archive.canonical_zip import read_canonical, write_canonical
from schemas.errors import Invalid, Refused

MEMBERS = {
    "agreement.pdf": b"%PDF-1.7 the whole agreement",
    "drafts/1/data.json": b"{}",
    "entries/0.json": bytes(range(256)),
    "empty": b"",
}

segments = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,8}", fullmatch=True)
names = st.lists(segments, min_size=1, max_size=3).map("/".join)


def zipped(members: list[tuple[str, bytes]], **options: object) -> bytes:
    """A zip of ``members`` as an ordinary program writes it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", **options) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, compress_type=archive.compression)
    return buffer.getvalue()


def headers(content: bytes) -> list[int]:
    """Every byte of every header, name, directory entry and the end record; contents left out."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        inside = set()
        for info in archive.infolist():
            begin = info.header_offset + 30 + len(info.filename)
            inside.update(range(begin, begin + info.file_size))
    return [offset for offset in range(len(content)) if offset not in inside]


def test_what_was_written_is_read_in_name_order():
    assert read_canonical(write_canonical(MEMBERS)) == MEMBERS
    assert list(read_canonical(write_canonical(MEMBERS))) == sorted(MEMBERS)


def test_the_order_of_giving_does_not_matter():
    assert write_canonical(MEMBERS) == write_canonical(dict(reversed(MEMBERS.items())))


@settings(deadline=None)
@given(st.dictionaries(names, st.binary(max_size=40), max_size=6))
def test_any_set_of_members_is_written_one_way_or_refused(members):
    paths = [tuple(name.lower().split("/")) for name in members]
    if any(a == b[: len(a)] for n, a in enumerate(paths) for m, b in enumerate(paths) if n != m):
        with pytest.raises(Refused, match="clashes"):
            write_canonical(members)
    else:
        assert read_canonical(write_canonical(members)) == members


def test_ordinary_programs_read_it(tmp_path):
    with zipfile.ZipFile(io.BytesIO(write_canonical(MEMBERS))) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == MEMBERS
    path = tmp_path / "members.zip"
    path.write_bytes(write_canonical(MEMBERS))
    try:
        listed = subprocess.run(["unzip", "-tq", path], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return
    assert "No errors detected" in listed.stdout


def test_every_bit_of_every_header_is_guarded():
    content = write_canonical(MEMBERS)
    for offset in headers(content):
        for bit in range(8):
            changed = bytearray(content)
            changed[offset] ^= 1 << bit
            with pytest.raises(Invalid):
                read_canonical(bytes(changed))


def test_a_changed_content_byte_names_its_member():
    content = bytearray(write_canonical(MEMBERS))
    content[content.index(b"the whole agreement") + 4] ^= 1
    with pytest.raises(Invalid, match=r"content was changed") as caught:
        read_canonical(bytes(content))
    assert "member agreement.pdf" in str(caught.value)


def test_a_changed_time_names_offset_and_header():
    content = bytearray(write_canonical(MEMBERS))
    content[10] ^= 1
    with pytest.raises(Invalid, match="not in canonical form") as caught:
        read_canonical(bytes(content))
    assert caught.value.where == "byte 10, in the header of agreement.pdf"


def test_a_byte_at_random_places_is_guarded():
    content, chance = write_canonical(MEMBERS), random.Random(1)
    for _ in range(300):
        changed = bytearray(content)
        changed[chance.randrange(len(content))] ^= chance.randrange(1, 256)
        with pytest.raises(Invalid):
            read_canonical(bytes(changed))


@pytest.mark.parametrize("cut", [1, 22, 23, 100])
def test_a_cut_file_is_refused(cut):
    with pytest.raises(Invalid):
        read_canonical(write_canonical(MEMBERS)[:-cut])


def test_bytes_behind_the_end_are_refused():
    with pytest.raises(Invalid, match="behind the end"):
        read_canonical(write_canonical(MEMBERS) + b"\n")


def test_bytes_before_the_beginning_are_refused():
    with pytest.raises(Invalid):
        read_canonical(b"MZ" + write_canonical(MEMBERS))


@pytest.mark.parametrize("content", [b"", b"PK", b"%PDF-1.7\n%%EOF\n", bytes(22), b"PK\x05\x06" + b"\xff" * 18])
def test_what_is_no_container_is_refused(content):
    with pytest.raises(Invalid):
        read_canonical(content)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_random_bytes_behind_valid_marks_never_crash(noise):
    with pytest.raises(Invalid):
        read_canonical(b"PK\x03\x04" + noise + b"PK\x05\x06" + bytes(17) + b"\x01")


def test_a_container_of_an_ordinary_program_is_not_canonical():
    with pytest.raises(Invalid, match="not in canonical form"):
        read_canonical(zipped([("a", b"1")]))


def test_a_compressed_bomb_is_refused_without_being_unpacked():
    bomb = zipped([("bomb", bytes(50_000_000))], compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(Invalid, match="compressed members are not used"):
        read_canonical(bomb)


def test_overlapping_members_are_refused():
    """Many directory entries share one content: a bomb without compression."""
    data = bytes(1000)
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", 10, 0, 0, 0, 33, zlib.crc32(data), 1000, 1000, 1, 0) + b"a" + data
    common = (0x030A, 10, 0, 0, 0, 33, zlib.crc32(data), 1000, 1000, 1, 0, 0, 0, 0, 0, 0)
    directory = b"".join(struct.pack("<4s6H3L5H2L", b"PK\x01\x02", *common) + bytes([97 + n]) for n in range(20))
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 20, 20, len(directory), len(local), 0)
    with pytest.raises(Invalid, match="overlap"):
        read_canonical(local + directory + end)


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/passwd", "a/../b", "a\\b", "C:evil", "a//b", ".hidden", "a/", "é", "a" * 201]
)
def test_names_that_mean_another_place_are_refused(name):
    with pytest.raises(Refused):
        write_canonical({name: b""})
    with pytest.raises(Invalid, match="name"):
        read_canonical(zipped([(name, b"")]))


@pytest.mark.parametrize("pair", [("a", "A"), ("a", "a/b"), ("x/y", "X/y/z")])
def test_names_that_clash_on_another_system_are_refused(pair):
    with pytest.raises(Refused, match="clashes"):
        write_canonical(dict.fromkeys(pair, b""))
    with pytest.raises(Invalid, match="clashes"):
        read_canonical(zipped([(name, b"") for name in pair]))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused():
    with pytest.raises(Invalid, match="two members have one name"):
        read_canonical(zipped([("a", b"1"), ("a", b"2")]))


def test_encrypted_members_are_refused():
    content = bytearray(write_canonical({"a": b"1"}))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(Invalid, match="encrypted"):
        read_canonical(bytes(content))


def test_symbolic_links_are_refused():
    link = zipfile.ZipInfo("a")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(Invalid, match="symbolic links"):
        read_canonical(buffer.getvalue())


def test_zip64_is_refused():
    content = bytearray(write_canonical({"a": b"1"}))
    content[-12:-10] = b"\xff\xff"
    with pytest.raises(Invalid, match="zip64"):
        read_canonical(bytes(content))
    entry = write_canonical({"a": b"1"}).index(b"PK\x01\x02")
    content = bytearray(write_canonical({"a": b"1"}))
    content[entry + 20 : entry + 28] = b"\xff" * 8
    with pytest.raises(Invalid, match="zip64"):
        read_canonical(bytes(content))


def test_a_large_container_is_refused_before_it_is_read(monkeypatch):
    monkeypatch.setattr("archive.canonical_zip.SIZE_MAX_BYTES", 100)
    with pytest.raises(Invalid, match="too large"):
        read_canonical(bytes(101))
    with pytest.raises(Refused, match="too large"):
        write_canonical({"a": bytes(100)})


def test_too_many_members_are_refused(monkeypatch):
    content = write_canonical({str(number): b"" for number in range(5)})
    monkeypatch.setattr("archive.canonical_zip.MEMBERS_MAX", 4)
    with pytest.raises(Invalid, match="too many members"):
        read_canonical(content)
