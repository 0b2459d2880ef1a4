"""What only docxtpl itself can place: pictures and documents that a program puts into the values.

An ``InlineImage`` or ``Subdoc`` brings parts and relationships of its own, so the package has to be docxtpl's. The
environment is still the sandbox, each part is still rendered once and reparsed strictly.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping

from docxtpl import DocxTemplate

from templates.package import unpacked


def docxtpl_of(context: Mapping[str, object]) -> DocxTemplate | None:
    """Return the docxtpl object that a value, or an item of a list or mapping among the values, was made for."""
    owners = (getattr(value, "tpl", None) for value in _items(context))
    return next((owner for owner in owners if isinstance(owner, DocxTemplate)), None)


class DocxtplPackage:
    """The package of a docxtpl object whose parts are filled one after the other."""

    def __init__(self, docxtpl: DocxTemplate) -> None:
        docxtpl.render_init()
        self._docxtpl = docxtpl
        self._parts = {str(part.partname).lstrip("/"): part for part in docxtpl.docx.part.package.iter_parts()}

    def begin(self, name: str) -> None:
        """Say that the part ``name`` is filled next: a picture's relationship belongs to the part it stands in."""
        self._docxtpl.current_rendering_part = self._parts.get(name)

    def saved(self) -> dict[str, bytes]:
        """Return every part of the package, with what the values brought into it."""
        # Otherwise docxtpl would read the template anew, and lose what the values brought.
        self._docxtpl.is_rendered = True
        target = io.BytesIO()
        self._docxtpl.save(target)
        return unpacked(target.getvalue())


def _items(value: object) -> Iterator[object]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _items(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _items(item)
    else:
        yield value
