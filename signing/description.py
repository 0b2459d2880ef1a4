"""What a PDF says about itself, in its information dictionary and its XMP metadata."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from lxml import etree
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.rw_common import PdfHandler

from signing.revision import reading

OF_THE_SOFTWARE = {"/ModDate", "/Producer"}
"""Entries of the information dictionary (ISO 32000-2 14.3.3) that software writes of itself when it saves."""

OF_THE_SOFTWARE_IN_XMP = {
    "{http://ns.adobe.com/xap/1.0/}ModifyDate",
    "{http://ns.adobe.com/xap/1.0/}MetadataDate",
    "{http://ns.adobe.com/xap/1.0/}CreatorTool",
    "{http://ns.adobe.com/xap/1.0/mm/}InstanceID",
    "{http://ns.adobe.com/pdf/1.3/}Producer",
}
"""The same in XMP (ISO 16684-1 8.4)."""

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
FRAME = {f"{RDF}RDF", f"{RDF}Description", "{adobe:ns:meta/}xmpmeta"}

NOTATION = {f"{RDF}about", f"{RDF}parseType", "{adobe:ns:meta/}xmptk"}
"""Elements and attributes that say nothing of the document: the same properties can be written in several ways."""

Property = tuple[tuple[str, ...], str]
"""Where it stands, by the names from the outside in, and what it says."""


def description_of(handler: PdfHandler) -> tuple[dict[str, str], Counter[Property] | None]:
    """Return what both say, without what software says of itself: to be compared between revisions."""
    return information_of(handler), metadata_of(handler)


def information_of(handler: PdfHandler) -> dict[str, str]:
    """Return the document information, without what software says of itself."""
    with reading("the document information"):
        told = handler.trailer_view.raw_get("/Info") if "/Info" in handler.trailer_view else None
        if isinstance(told, generic.IndirectObject):
            # a historical trailer's references would resolve in the newest revision
            told = handler.get_object(told.reference)
        if not isinstance(told, generic.DictionaryObject):
            return {}
        return {str(key): str(told[key]) for key in told if key not in OF_THE_SOFTWARE}


def metadata_of(handler: PdfHandler) -> Counter[Property] | None:
    """Return the properties of the XMP metadata, without what software says of itself; none where there is none."""
    with reading("the XMP metadata"):
        if "/Metadata" not in handler.root:
            return None
        # raw_get: what pyHanko makes of /Metadata itself cannot be compared between revisions afterwards
        packet = handler.root.raw_get("/Metadata").get_object().data
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
        try:
            return Counter(_properties(etree.fromstring(packet, parser), ()))
        except etree.XMLSyntaxError as fault:
            raise ValueError(f"the XMP metadata is no XML: {fault}") from fault


def _properties(element: etree._Element, path: tuple[str, ...]) -> Iterator[Property]:
    if not isinstance(element.tag, str) or element.tag in OF_THE_SOFTWARE_IN_XMP:
        return
    inside = path if element.tag in FRAME else (*path, element.tag)
    for name, value in element.attrib.items():
        if name not in OF_THE_SOFTWARE_IN_XMP and name not in NOTATION:
            # a value is one whether it stands as text or as a reference
            yield inside if name == f"{RDF}resource" else (*inside, str(name)), str(value)
    if element.text and element.text.strip():
        yield inside, element.text.strip()
    for child in element:
        yield from _properties(child, inside)
