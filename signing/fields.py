"""The signature fields of a prepared document, and what may stand in them.

::

    seal:opening         certification by the organisation, DocMDP P=2 (ISO 32000-2 12.8.2.2)
    signatory:<id>       one for each signatory; locks itself
    seal:closing         locks all fields, DocMDP P=1
    timestamp:closing    document timestamp; made after preparation
    timestamp:renewal:<n>  each further document timestamp
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.rw_common import PdfHandler
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm, SigFieldSpec

from schemas.errors import InputError
from schemas.evidence import SignatoryId
from signing.revision import entry_of, reading, signatures_of

OPENING_SEAL = "seal:opening"
CLOSING_SEAL = "seal:closing"
CLOSING_TIMESTAMP = "timestamp:closing"
SEALS = (OPENING_SEAL, CLOSING_SEAL)

MAXIMUM_DEPTH = 32
"""Levels of a page tree that are followed."""


@dataclass(frozen=True)
class FieldPlace:
    """Where a signatory's visible signature stands.

    ``page`` counts from 0; ``box`` is left, bottom, right, top in points from the page's lower left corner.
    """

    signatory_id: SignatoryId
    page: int
    box: tuple[float, float, float, float]


@dataclass(frozen=True)
class FieldBox:
    """Where a field is seen: page, counted from 0, and left, bottom, right, top in points."""

    page: int
    box: tuple[float, float, float, float]


@dataclass(frozen=True)
class FormField:
    """A terminal form field as found: full name, type (``/Sig``, ``/Tx``, ...) and whether it has a value."""

    name: str
    kind: str
    filled: bool


def signatory_field(signatory_id: str) -> str:
    """Return the name of a signatory's field; raise :class:`InputError` for an id that cannot stand in a field name."""
    # A full stop separates the levels of a field's name (ISO 32000-2 12.7.4.2).
    if not signatory_id or "." in signatory_id or signatory_id.strip() != signatory_id:
        raise InputError(
            "a signatory's id cannot name a signature field",
            got=repr(signatory_id),
            expected="an id without full stops and without spaces at its ends",
        )
    return f"signatory:{signatory_id}"


def renewal_field(number: int) -> str:
    """Return the name of the field of a further document timestamp; numbers count from 1."""
    return f"timestamp:renewal:{number}"


def field_specs(places: tuple[FieldPlace, ...]) -> Iterator[SigFieldSpec]:
    """Yield all fields of a prepared document; places in signing order."""
    yield SigFieldSpec(OPENING_SEAL, readable_field_name="Opening seal of the organisation")
    for place in places:
        name = signatory_field(place.signatory_id)
        yield SigFieldSpec(
            name,
            on_page=place.page,
            box=place.box,  # pyrefly: ignore  # points are not whole numbers
            readable_field_name=f"Signature of {place.signatory_id}",
            field_mdp_spec=FieldMDPSpec(FieldMDPAction.INCLUDE, [name]),
            empty_field_appearance=True,
        )
    yield SigFieldSpec(
        CLOSING_SEAL,
        readable_field_name="Closing seal of the organisation",
        field_mdp_spec=FieldMDPSpec(FieldMDPAction.ALL),
        doc_mdp_update_value=MDPPerm.NO_CHANGES,
    )


def form_fields(handler: PdfHandler) -> tuple[FormField, ...]:
    """Return every terminal field of the document's form, of whatever type, in the form's order."""
    return tuple(FormField(name, kind, "/V" in field) for name, kind, field in form_dictionaries(handler))


def form_dictionaries(handler: PdfHandler) -> tuple[tuple[str, str, generic.DictionaryObject], ...]:
    """Return full name, type and dictionary of every terminal field, in the form's order."""
    with reading("the form"):
        try:
            fields = handler.root["/AcroForm"]["/Fields"]
        except KeyError:
            return ()
        return tuple(_walk(fields, "", "", seen=set()))


def _walk(
    fields: generic.PdfObject, prefix: str, kind: str, *, seen: set[int]
) -> Iterator[tuple[str, str, generic.DictionaryObject]]:
    if not isinstance(fields, generic.ArrayObject):
        raise TypeError("the form's fields are not an array")
    for reference in fields:
        field = reference.get_object()
        if id(field) in seen or not isinstance(field, generic.DictionaryObject):
            raise ValueError("a form field contains itself, or is none")
        seen.add(id(field))
        name = f"{prefix}.{field['/T']}".lstrip(".") if "/T" in field else prefix
        own_kind = str(entry_of(field, "/FT") or kind)
        children = entry_of(field, "/Kids")
        # Kids without a name of their own are the field's widgets (ISO 32000-2 12.7.4.1).
        if isinstance(children, generic.ArrayObject) and any("/T" in child.get_object() for child in children):
            yield from _walk(children, name, own_kind, seen=seen)
        else:
            yield name, own_kind, field


def field_boxes(handler: PdfHandler) -> dict[str, FieldBox]:
    """Return where each field is seen, by its name; a field without an extent on any page is not there."""
    found: dict[str, FieldBox] = {}
    with reading("the pages"):
        for number, page in enumerate(_pages(handler.root["/Pages"], depth=0)):
            for reference in entry_of(page, "/Annots") or ():
                widget = reference.get_object()
                if "/T" in widget and "/Rect" in widget:
                    left, bottom, right, top = (float(side) for side in widget["/Rect"])
                    if left != right and bottom != top:
                        found[str(widget["/T"])] = FieldBox(number, (left, bottom, right, top))
    return found


def _pages(node: generic.PdfObject, *, depth: int) -> Iterator[generic.DictionaryObject]:
    if depth > MAXIMUM_DEPTH or not isinstance(node, generic.DictionaryObject):
        raise ValueError("the page tree is not one, or too deep")
    if "/Kids" not in node:
        yield node
        return
    for child in node["/Kids"]:
        yield from _pages(child.get_object(), depth=depth + 1)


def locking_field(reader: PdfFileReader, name: str) -> str | None:
    """Return the name of the signed field that forbids filling ``name``, or none.

    A lock is DocMDP P=1, or a FieldMDP that covers the field (ISO 32000-2 12.8.2.4).
    """
    for mark in signatures_of(reader):
        with reading("a signature's lock"):
            if mark.docmdp_level == MDPPerm.NO_CHANGES:
                return mark.field_name
            lock = mark.fieldmdp
            if lock is not None and lock.is_locked(name):
                return mark.field_name
    return None
