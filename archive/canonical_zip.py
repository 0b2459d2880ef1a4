"""One zip file for each set of members: the container of a dossier, in which every byte has one possible value.

A subset of PKWARE's APPNOTE 6.3.10 that ordinary unzip programs read::

    for each member, by name:   local header (30 bytes) | name | content          stored, never compressed
    for each member, by name:   directory entry (46 bytes) | name
    at the very end:            end of directory (22 bytes)

    versions 1.0, flags 0, time 1980-01-01 00:00, mode 0644, no extra fields, no comments, no zip64

Reading encodes again what was read and compares byte for byte, so that a change is noticed also in header fields
that other readers ignore.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from schemas.errors import Invalid, Refused

SIZE_MAX_BYTES = 1 << 30
"""A larger container is neither written nor read."""

MEMBERS_MAX = 20_000
"""A container with more members is neither written nor read."""

_NAME = re.compile(r"(?=.{1,200}\Z)[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*")

_LOCAL = struct.Struct("<4s5H3L2H")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_LOCAL_MARK, _ENTRY_MARK, _END_MARK = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_END64_MARK = b"PK\x06\x07"

_VERSION, _FLAGS, _STORED, _TIME, _DAY = 10, 0, 0, 0, 0x0021
_MADE_ON_UNIX = 3 << 8
_REGULAR_FILE = 0o100644 << 16
_SYMLINK, _FILE_TYPE = 0o120000, 0o170000


@dataclass(frozen=True, slots=True)
class _Part:
    """Bytes ``start`` up to ``end`` of a container, and what they are."""

    start: int
    end: int
    what: str


def write_canonical(members: Mapping[str, bytes]) -> bytes:
    """Return the one canonical zip of ``members`` (name to content), whatever order they come in.

    Raises :class:`Refused` for a name that could mean another place or clash where file names ignore case, and
    for more members or bytes than a reader accepts.
    """
    if problem := _name_problem(list(members)):
        raise Refused(f"a container cannot hold this member: {problem[1]}", where=problem[0])
    content, _ = _encode(members)
    if len(content) > SIZE_MAX_BYTES or len(members) > MEMBERS_MAX:
        raise Refused(
            "the container would be too large",
            got=f"{len(members)} members, {len(content)} bytes",
            expected=f"at most {MEMBERS_MAX} members, {SIZE_MAX_BYTES} bytes",
        )
    return content


def read_canonical(content: bytes) -> dict[str, bytes]:
    """Return the members of a canonical zip by name, in its order.

    Nothing is decompressed and nothing is written to disk. Raises :class:`Invalid` naming the member and the byte
    offset for anything :func:`write_canonical` would have written otherwise.
    """
    if len(content) > SIZE_MAX_BYTES:
        raise Invalid("the container is too large", got=f"{len(content)} bytes", expected=f"at most {SIZE_MAX_BYTES}")
    members = _read(content)
    if problem := _name_problem(list(members)):
        raise Invalid(f"hostile member name: {problem[1]}", where=problem[0])
    expected, parts = _encode(members)
    if content != expected:
        offset = _first_difference(content, expected)
        part = next((part for part in parts if part.start <= offset < part.end), None)
        raise Invalid(
            "the container is not in canonical form",
            where=f"byte {offset}, in {part.what if part else 'what follows its end'}",
            got=content[offset : offset + 1].hex() or "its end",
            expected=expected[offset : offset + 1].hex() or "its end",
            remedy="treat the file as altered; get it again from its source",
        )
    return members


def _encode(members: Mapping[str, bytes]) -> tuple[bytes, list[_Part]]:
    """Return the container and what each part of it is, in order."""
    pieces: list[bytes] = []
    parts: list[_Part] = []
    offset = 0

    def add(piece: bytes, what: str) -> None:
        nonlocal offset
        pieces.append(piece)
        parts.append(_Part(offset, offset + len(piece), what))
        offset += len(piece)

    directory: list[tuple[bytes, str]] = []
    for name in sorted(members):
        data, encoded = members[name], name.encode()
        common = (_VERSION, _FLAGS, _STORED, _TIME, _DAY, zlib.crc32(data), len(data), len(data), len(encoded), 0)
        made, place = _MADE_ON_UNIX | _VERSION, (0, 0, 0, _REGULAR_FILE, offset)
        directory.append((_ENTRY.pack(_ENTRY_MARK, made, *common, *place) + encoded, name))
        add(_LOCAL.pack(_LOCAL_MARK, *common) + encoded, f"the header of {name}")
        add(data, f"member {name}")
    start = offset
    for piece, name in directory:
        add(piece, f"the directory entry of {name}")
    count, size = len(directory), offset - start
    add(_END.pack(_END_MARK, 0, 0, count, count, size, start, 0), "the end record")
    return b"".join(pieces), parts


def _read(content: bytes) -> dict[str, bytes]:
    """Return the members the directory names; what is hostile is refused by name, the rest is left to comparison."""
    end = len(content) - _END.size
    if end < 0 or content[end : end + 4] != _END_MARK:
        found = content.rfind(_END_MARK)
        raise Invalid(
            "this is not a whole dossier" if found < 0 else "bytes stand behind the end of the container",
            where=f"byte {max(end, 0) if found < 0 else found + _END.size}",
            expected="a zip that ends with its directory, without comment",
            remedy="get the file again; its transport may have cut or extended it",
        )
    _, _, _, _, count, _, start, _ = _END.unpack_from(content, end)
    if count == 0xFFFF or start == 0xFFFFFFFF or content[max(end - 20, 0) : end][:4] == _END64_MARK:
        raise Invalid("zip64 is not used in dossiers", where="the end record")
    members: dict[str, bytes] = {}
    position, total = start, 0
    while position < end:
        if len(members) >= MEMBERS_MAX:
            raise Invalid("too many members", expected=f"at most {MEMBERS_MAX}")
        name, data, position = _read_entry(content, position, (start, end))
        if name in members:
            raise Invalid("two members have one name", where=name)
        total += len(data)
        if total > len(content):
            raise Invalid("members overlap: together they are larger than the container", where=name)
        members[name] = data
    return members


def _read_entry(content: bytes, position: int, directory: tuple[int, int]) -> tuple[str, bytes, int]:
    """Return name and content of the directory entry at ``position``, and where the next one begins."""
    start, end = directory
    where = f"byte {position}, in the directory"
    if position + _ENTRY.size > end or content[position : position + 4] != _ENTRY_MARK:
        raise Invalid("the directory is damaged", where=where)
    fields = _ENTRY.unpack_from(content, position)
    flags, method, crc, stored_size, size, name_length, extra, comment = *fields[3:5], *fields[7:13]
    attributes, offset = fields[15:17]
    after = position + _ENTRY.size + name_length
    raw = content[position + _ENTRY.size : after]
    if after > end or not raw.isascii():
        raise Invalid("a member's name is not ASCII, or is cut", where=where, got=ascii(raw.decode("latin-1")))
    name = raw.decode("ascii")
    _refuse_hostile(name, flags=flags, method=method, sizes=(stored_size, size, offset), mode=attributes >> 16)
    begin = offset + _LOCAL.size + name_length
    if begin + size > start or content[offset : offset + 4] != _LOCAL_MARK:
        raise Invalid("the directory points outside the members", where=f"the directory entry of {name}")
    data = content[begin : begin + size]
    if zlib.crc32(data) != crc == _LOCAL.unpack_from(content, offset)[6]:
        raise Invalid(
            "the content was changed after the container was written",
            where=f"member {name}, bytes {begin} to {begin + size - 1}",
            got=f"CRC-32 {zlib.crc32(data):08x}",
            expected=f"CRC-32 {crc:08x}",
            remedy="treat the file as altered; get it again from its source",
        )
    return name, data, after + extra + comment


def _refuse_hostile(name: str, *, flags: int, method: int, sizes: tuple[int, int, int], mode: int) -> None:
    where = f"member {name!a}"
    if flags & 0x2041:  # bits 0, 6 and 13: encryption, strong encryption, masked headers (APPNOTE 4.4.4)
        raise Invalid("encrypted members are not used in dossiers", where=where)
    if method != _STORED:
        raise Invalid(
            "compressed members are not used in dossiers",
            where=where,
            got=f"method {method}",
            expected="method 0, stored",
        )
    if 0xFFFFFFFF in sizes:
        raise Invalid("zip64 is not used in dossiers", where=where)
    if sizes[0] != sizes[1]:
        raise Invalid("a stored member has two sizes", where=where, got=sizes[0], expected=sizes[1])
    if mode & _FILE_TYPE == _SYMLINK:
        raise Invalid("symbolic links are not used in dossiers", where=where)


def _name_problem(names: list[str]) -> tuple[str, str] | None:
    """Return the first name that cannot be unpacked safely everywhere, with the reason."""
    for name in names:
        if not _NAME.fullmatch(name):
            return ascii(name), "not a plain relative path of letters, digits, dots, hyphens and underscores"
    folded = sorted((name.lower().split("/"), name) for name in names)
    for (before, first), (after, second) in pairwise(folded):
        if before == after[: len(before)]:
            return second, f"it clashes with {first} where names ignore case, or one is the other's folder"
    return None


def _first_difference(left: bytes, right: bytes) -> int:
    """Return the first offset at which two different byte strings differ."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
