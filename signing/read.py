"""What a PDF carries beside its pages: its attached files."""

from __future__ import annotations

from collections.abc import Iterator

from pyhanko.pdf_utils import generic

from schemas.errors import Invalid
from signing.revision import entry_of, open_pdf, reading

MAXIMUM_DEPTH = 16
"""Levels of a name tree that are followed; a flat one has one."""


def attached_files(pdf: bytes) -> dict[str, bytes]:
    """Return the files embedded in ``pdf`` by name (ISO 32000-2 7.11.4), as they were before embedding.

    Raises :class:`Invalid` when the PDF cannot be read or two files share a name.
    """
    reader = open_pdf(pdf)
    found: dict[str, bytes] = {}
    with reading("the attached files"):
        names = entry_of(reader.root, "/Names")
        tree = entry_of(names, "/EmbeddedFiles") if isinstance(names, generic.DictionaryObject) else None
        for specification in _leaves(tree, depth=0) if tree is not None else ():
            name = str(specification["/UF"] if "/UF" in specification else specification["/F"])
            if name in found:
                raise Invalid("two attached files have one name", got=name, expected="each name once")
            found[name] = specification["/EF"]["/F"].data
    return found


def _leaves(node: generic.PdfObject, *, depth: int) -> Iterator[generic.DictionaryObject]:
    if depth > MAXIMUM_DEPTH or not isinstance(node, generic.DictionaryObject):
        raise ValueError("the name tree of attached files is not one, or too deep")
    for child in _items(node, "/Kids"):
        yield from _leaves(child, depth=depth + 1)
    for specification in _items(node, "/Names")[1::2]:
        if not isinstance(specification, generic.DictionaryObject):
            raise TypeError("an attached file has no specification")
        yield specification


def _items(node: generic.DictionaryObject, key: str) -> list[generic.PdfObject]:
    found = entry_of(node, key)
    return [entry.get_object() for entry in found] if isinstance(found, generic.ArrayObject) else []
