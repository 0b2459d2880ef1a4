"""What the revisions after the opening seal change: a second opinion beside the library's, with fewer liberties.

The organisation prepares a document once, with every page, field and attachment it will ever have. After that a
revision may fill signature fields, add validation data and, at the end, a document timestamp (EN 319 142-1 5.4); every
other change has a name here. It needs nothing but the file, so that an auditor sees it too.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import DictionaryObject, Reference
from pyhanko.pdf_utils.reader import HistoricalResolver, PdfFileReader

from signing.description import information_of, metadata_of
from signing.reasons import GateReason, Objection, gathered
from signing.revision import entry_of
from signing.structure import prepared_revision

MAXIMUM_DEPTH = 24
"""Levels of arrays and dictionaries within one object that are looked into."""

ACTIONS = {
    f"/{name}" for name in (
        "JavaScript", "Launch", "Movie", "Sound", "ResetForm", "SubmitForm", "ImportData", "Hide", "SetOCGState",
        "Rendition", "Trans", "GoTo3DView", "GoToR", "GoToE", "Thread", "Named", "URI", "RichMediaExecute",
    )
}  # fmt: skip
"""Actions (ISO 32000-2 12.6.4.1) that nothing added to a prepared document may hold; ISO 19005-3 6.5.1 forbids most."""

CATALOG_KEYS = {"/AcroForm", "/DSS", "/Perms", "/Extensions", "/Version", "/Metadata"}
FORM_KEYS = {"/Fields", "/SigFlags", "/DR", "/DA"}
FIELD_KEYS = {"/V", "/AP", "/AS", "/M", "/F", "/MK", "/DA", "/Border", "/BS"}
PAGE_KEYS = {"/Annots", "/Tabs"}
"""What later revisions may change in the catalogue, the form, a signature field and a page."""


def change_objections(reader: PdfFileReader) -> list[Objection]:
    """Return what was changed after the opening seal and may not be; nothing where there is no such seal."""
    return gathered((_changes,), reader)


def _changes(reader: PdfFileReader) -> Iterator[Objection]:
    prepared = prepared_revision(reader)
    if prepared is None:
        return
    for number in range(prepared + 1, reader.total_revisions):
        change = _Revision(reader, number)
        for reference in sorted(reader.xrefs.explicit_refs_in_revision(number), key=lambda entry: entry.idnum):
            yield from change.objections(reference)
        yield from change.trailer()
        yield from change.form()


class _Revision:
    """One revision beside the one before it."""

    def __init__(self, reader: PdfFileReader, number: int) -> None:
        self.reader, self.number = reader, number
        self.old: HistoricalResolver = reader.get_historical_resolver(number - 1)
        self.new: HistoricalResolver = reader.get_historical_resolver(number)
        self.validation_data = set(_references(self.old.root, "/DSS"))
        self.contents, self.lists = _page_parts(self.old)
        self.told_elsewhere = {
            _reference_of(self.old.trailer_view, "/Info"),
            _reference_of(self.old.root, "/Metadata"),
            _reference_of(self.old.root, "/AcroForm"),
        }

    def objections(self, reference: Reference) -> Iterator[Objection]:
        """Yield what speaks against one object that this revision writes."""
        if reference in self.reader.xrefs.xref_stream_refs:
            return
        known = self.reader.xrefs.get_introducing_revision(reference) < self.number
        if reference in self.reader.xrefs.refs_freed_in_revision(self.number):
            yield self._says(GateReason.OBJECT_REPLACED, reference, "is removed")
            return
        value = self.new(reference)
        if known:
            yield from self._replaced(reference, self.old(reference), value)
        else:
            yield from self._added(reference, value)
        yield from self._hostile(reference, value, self.old(reference) if known else None)

    def trailer(self) -> Iterator[Objection]:
        """Yield what speaks against the trailer: the same catalogue, and the document says the same of itself."""
        old, new = (handler.trailer_view.get("/Root") for handler in (self.old, self.new))
        if _written(old) != _written(new):
            yield Objection(GateReason.OBJECT_REPLACED, f"revision {self.number} names another catalogue")
        if information_of(self.old) != information_of(self.new):
            yield Objection(GateReason.INFORMATION, f"revision {self.number} changes the document information")
        if metadata_of(self.old) != metadata_of(self.new):
            yield Objection(GateReason.METADATA, f"revision {self.number} changes the XMP metadata")

    def form(self) -> Iterator[Objection]:
        """Yield what speaks against the form: nothing but its fields may change, and they only grow in number."""
        old, new = (entry_of(handler.root, "/AcroForm") for handler in (self.old, self.new))
        if not isinstance(old, DictionaryObject) or not isinstance(new, DictionaryObject):
            yield Objection(GateReason.FIELD_MISSING, f"revision {self.number} has no form")
            return
        for key in sorted(set(old) | set(new)):
            if key not in FORM_KEYS and _written(old.get(key)) != _written(new.get(key)):
                reason = GateReason.ACTIVE_CONTENT if key == "/XFA" else GateReason.OBJECT_REPLACED
                yield Objection(reason, f"revision {self.number} changes {key} of the form")
        if not _extends(entry_of(old, "/Fields"), entry_of(new, "/Fields")):
            yield Objection(GateReason.FIELD_MISSING, f"revision {self.number} does not keep the fields as they were")

    def _says(self, reason: GateReason, reference: Reference, what: str) -> Objection:
        return Objection(reason, f"object {reference.idnum} of revision {self.number} {what}")

    def _added(self, reference: Reference, value: generic.PdfObject) -> Iterator[Objection]:
        if not isinstance(value, DictionaryObject):
            return
        kind = entry_of(value, "/Type")
        if kind in ("/Page", "/Pages"):
            yield self._says(GateReason.PAGE_CHANGED, reference, "is a new page")
        elif kind in ("/Filespec", "/EmbeddedFile"):
            yield self._says(GateReason.ATTACHMENT_ADDED, reference, "is a new attached file")
        elif _is_timestamp_field(value):
            if _is_seen(value):
                yield self._says(GateReason.ANNOTATION_ADDED, reference, "is a document timestamp that is drawn")
        elif "/FT" in value:
            yield self._says(GateReason.FIELD_ADDED, reference, f"is a new form field, {value.get('/T', 'nameless')}")
            if entry_of(value, "/FT") != "/Sig":
                yield self._says(GateReason.FIELD_KIND, reference, f"is a form field of kind {value['/FT']}")
        elif (kind == "/Annot" or ("/Subtype" in value and "/Rect" in value)) and "/FT" not in value:
            yield self._says(GateReason.ANNOTATION_ADDED, reference, f"is an annotation, {value.get('/Subtype', '')}")

    def _replaced(self, reference: Reference, old: generic.PdfObject, new: generic.PdfObject) -> Iterator[Objection]:
        if _written(old) == _written(new) or reference in self.validation_data | self.told_elsewhere:
            return
        if reference in self.lists and _extends(old, new):
            return
        liberty = self._liberty(reference, old) if isinstance(old, DictionaryObject) else None
        if liberty is None or not isinstance(new, DictionaryObject):
            yield self._says(*self._named(reference, old))
            return
        keys, reason = liberty
        for key in sorted(set(old) | set(new)):
            if key not in keys and _written(old.get(key)) != _written(new.get(key)):
                found = GateReason.OPTIONAL_CONTENT if key == "/OCProperties" else reason
                yield self._says(found, reference, f"changes {key}")
        if not _extends(entry_of(old, "/Annots"), entry_of(new, "/Annots")):
            yield self._says(GateReason.ANNOTATION_ADDED, reference, "has other annotations than before")

    def _liberty(self, reference: Reference, old: DictionaryObject) -> tuple[set[str], GateReason] | None:
        """Return the entries of an object that may change, and what it is when another does; none where none may."""
        if reference == self.old.root_ref:
            return CATALOG_KEYS, GateReason.OBJECT_REPLACED
        if entry_of(old, "/Type") == "/Page":
            return PAGE_KEYS, GateReason.PAGE_CHANGED
        if entry_of(old, "/FT") == "/Sig":
            return (set() if "/V" in old else FIELD_KEYS), GateReason.FIELD_ALTERED
        return None

    def _named(self, reference: Reference, old: generic.PdfObject) -> tuple[GateReason, Reference, str]:
        """Return what it is when an object that may not be touched is replaced."""
        kind = entry_of(old, "/Type") if isinstance(old, DictionaryObject) else None
        if kind == "/Pages" or reference in self.contents:
            return GateReason.PAGE_CHANGED, reference, "is what a page, or the list of pages, is made of"
        if kind in ("/EmbeddedFile", "/Filespec"):
            return GateReason.ATTACHMENT_CHANGED, reference, "is an attached file"
        return GateReason.OBJECT_REPLACED, reference, f"is replaced ({kind or 'of no type'})"

    def _hostile(
        self, reference: Reference, value: generic.PdfObject, old: generic.PdfObject | None
    ) -> Iterator[Objection]:
        """Look into an object for what a reader would run, open, show or hide, and the one before did not have."""
        before = {_written(entry) for entry in _dictionaries(old)} if old is not None else set()
        for entry in _dictionaries(value):
            if _written(entry) in before:
                continue
            for key in ("/JS", "/OpenAction", "/AA", "/XFA"):
                if key in entry and not (isinstance(old, DictionaryObject) and key in old):
                    yield self._says(GateReason.ACTIVE_CONTENT, reference, f"has {key}")
            if entry_of(entry, "/S") in ACTIONS:
                yield self._says(GateReason.ACTIVE_CONTENT, reference, f"is or has an action, {entry['/S']}")
            if entry_of(entry, "/Type") in ("/OCG", "/OCMD") or "/OC" in entry:
                yield self._says(GateReason.OPTIONAL_CONTENT, reference, "can be shown or hidden")


def _written(value: generic.PdfObject | None) -> bytes:
    """Return an object as it would be written, indirect references as such; dictionaries in one order."""
    if value is None:
        return b""
    if isinstance(value, generic.StreamObject):
        return _written(DictionaryObject(dict(value.items()))) + value.encoded_data
    if isinstance(value, DictionaryObject):
        return b"<<%s>>" % b" ".join(key.encode() + b" " + _written(value.raw_get(key)) for key in sorted(value))
    if isinstance(value, generic.ArrayObject):
        return b"[%s]" % b" ".join(_written(value.raw_get(place)) for place in range(len(value)))
    if isinstance(value, generic.IndirectObject):
        return b"%d %d R" % (value.idnum, value.generation)
    output = BytesIO()
    value.write_to_stream(output, None)
    return output.getvalue()


def _dictionaries(value: generic.PdfObject | None, depth: int = 0) -> Iterator[DictionaryObject]:
    """Yield the dictionaries within one object, itself first; what it refers to is looked at by itself."""
    if depth > MAXIMUM_DEPTH:
        raise ValueError("an object is nested too deeply")
    if isinstance(value, DictionaryObject):
        yield value
        for key in value:
            yield from _dictionaries(value.raw_get(key), depth + 1)
    elif isinstance(value, generic.ArrayObject):
        for place in range(len(value)):
            yield from _dictionaries(value.raw_get(place), depth + 1)


def _reference_of(holder: DictionaryObject, key: str) -> Reference | None:
    value = holder.raw_get(key) if key in holder else None
    return value.reference if isinstance(value, generic.IndirectObject) else None


def _references(holder: DictionaryObject, key: str) -> Iterator[Reference]:
    """Yield the reference under a key of ``holder`` and those to the lists in what it refers to (DSS, 5.4.2)."""
    if (own := _reference_of(holder, key)) is not None:
        yield own
    value = entry_of(holder, key)
    if isinstance(value, DictionaryObject):
        for name in ("/Certs", "/CRLs", "/OCSPs", "/VRI"):
            if (listed := _reference_of(value, name)) is not None:
                yield listed


def _page_parts(handler: HistoricalResolver) -> tuple[set[Reference], set[Reference]]:
    """Return the references of pages' contents, and of the lists that only ever grow: annotations and fields."""
    contents, lists, seen, waiting = set(), set(), set(), [handler.root["/Pages"]]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            raise ValueError("the page tree contains itself")
        seen.add(id(node))
        waiting.extend(child.get_object() for child in entry_of(node, "/Kids") or ())
        for key, found in (("/Contents", contents), ("/Annots", lists)):
            if (reference := _reference_of(node, key)) is not None:
                found.add(reference)
        if isinstance(several := entry_of(node, "/Contents"), generic.ArrayObject):
            contents.update(entry.reference for entry in several if isinstance(entry, generic.IndirectObject))
    form = entry_of(handler.root, "/AcroForm")
    if isinstance(form, DictionaryObject) and (fields := _reference_of(form, "/Fields")) is not None:
        lists.add(fields)
    return contents, lists


def _extends(old: generic.PdfObject | None, new: generic.PdfObject | None) -> bool:
    """Whether a list of references only grew, at its end; none is an empty one."""
    before, after = ([] if entries is None else entries for entries in (old, new))
    if not isinstance(before, list) or not isinstance(after, list):
        return False
    told = [[_written(entry) for entry in list.__iter__(entries)] for entries in (before, after)]
    added = list(list.__iter__(after))[len(before) :]
    return told[1][: len(before)] == told[0] and all(isinstance(entry, generic.IndirectObject) for entry in added)


def _is_seen(field: DictionaryObject) -> bool:
    left, bottom, right, top = (float(side) for side in field["/Rect"]) if "/Rect" in field else (0, 0, 0, 0)
    return left != right and bottom != top


def _is_timestamp_field(field: DictionaryObject) -> bool:
    value = entry_of(field, "/V")
    return isinstance(value, DictionaryObject) and entry_of(value, "/Type") == "/DocTimeStamp"
