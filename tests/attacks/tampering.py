"""Attacks that write a revision: each takes the writer and changes one thing that nobody may change.

A signatory's software can do so in the revision that it signs, anybody in a revision after the last.
"""

from __future__ import annotations

from io import BytesIO

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, NameObject, NumberObject, StreamObject, pdf_string
from pyhanko.sign.fields import SigFieldSpec, append_signature_field

from signing.revision import RevisionWriter


def dictionary(**entries: object) -> DictionaryObject:
    """Return a PDF dictionary; plain values become names, numbers and arrays."""
    return DictionaryObject({NameObject(f"/{key}"): converted(value) for key, value in entries.items()})


def converted(value: object) -> generic.PdfObject:
    match value:
        case generic.PdfObject():
            return value
        case bool():
            return generic.BooleanObject(value)
        case int():
            return NumberObject(value)
        case list():
            return ArrayObject([converted(entry) for entry in value])
        case str() if value.startswith("/"):
            return NameObject(value)
        case _:
            return pdf_string(str(value))


def page_of(writer: RevisionWriter, number: int = 0) -> generic.IndirectObject:
    return list.__getitem__(writer.root["/Pages"]["/Kids"], number)


def field_of(writer: RevisionWriter, name: str) -> generic.IndirectObject:
    return next(
        entry for entry in list.__iter__(writer.root["/AcroForm"]["/Fields"]) if entry.get_object()["/T"] == name
    )


def rewrite(writer: RevisionWriter, reference: generic.IndirectObject, content: bytes) -> None:
    """Replace what a stream holds."""
    stream = reference.get_object()
    stream._data, stream._encoded_data = content, None
    writer.mark_update(reference)


def annotate(writer: RevisionWriter, **entries: object) -> None:
    page = page_of(writer).get_object()
    page.setdefault(NameObject("/Annots"), ArrayObject())
    page["/Annots"].append(writer.add_object(dictionary(Type="/Annot", Rect=[60, 690, 300, 720], **entries)))
    writer.mark_update(page_of(writer))


def overlaid(writer: RevisionWriter) -> None:
    drawing = b"1 g 0 0 240 30 re f 0 g BT /F1 11 Tf 12 10 Td (The contribution is 9,000 euro.) Tj ET"
    fonts = dictionary(Font=dictionary(F1=page_of(writer).get_object()["/Resources"]["/Font"].raw_get("/F1")))
    entries = dictionary(Type="/XObject", Subtype="/Form", BBox=[0, 0, 240, 30], Resources=fonts)
    looks = writer.add_object(StreamObject(entries, stream_data=drawing))
    annotate(writer, Subtype="/Stamp", F=4, AP=dictionary(N=looks))


def seen_in_print_only(writer: RevisionWriter) -> None:
    annotate(writer, Subtype="/FreeText", F=36, Contents="9,000 euro", DA="/F1 11 Tf 0 g")


def linked(writer: RevisionWriter) -> None:
    annotate(writer, Subtype="/Link", A=dictionary(S="/URI", URI="https://example.org/other"))


def field_for_another_signature(writer: RevisionWriter) -> None:
    append_signature_field(writer, SigFieldSpec("signatory:mallory"))


def field_with_a_value(writer: RevisionWriter) -> None:
    form = writer.root["/AcroForm"]
    form["/Fields"].append(writer.add_object(dictionary(FT="/Tx", T="price", V="1 EUR")))
    writer.update_container(form["/Fields"])


def field_moved(writer: RevisionWriter) -> None:
    reference = field_of(writer, "signatory:chamber")
    reference.get_object()["/Rect"] = converted([72, 100, 272, 160])
    writer.mark_update(reference)


def own_field_over_the_page(writer: RevisionWriter) -> None:
    reference = field_of(writer, "signatory:gssc")
    reference.get_object()["/Rect"] = converted([0, 0, 595, 842])
    writer.mark_update(reference)


def field_renamed(writer: RevisionWriter) -> None:
    reference = field_of(writer, "signatory:chamber")
    reference.get_object()["/TU"] = pdf_string("Signature of Mallory")
    writer.mark_update(reference)


def look_of_a_signature_swapped(writer: RevisionWriter) -> None:
    reference = field_of(writer, "signatory:gssc")
    looks = StreamObject(
        dictionary(Type="/XObject", Subtype="/Form", BBox=[0, 0, 200, 60]), stream_data=b"0 0 99 9 re f"
    )
    reference.get_object()["/AP"] = dictionary(N=writer.add_object(looks))
    writer.mark_update(reference)


def digit_changed(writer: RevisionWriter) -> None:
    content = page_of(writer).get_object().raw_get("/Contents")
    rewrite(writer, content, content.get_object().data.replace(b"1,000", b"7,000"))


def comma_changed(writer: RevisionWriter) -> None:
    content = page_of(writer).get_object().raw_get("/Contents")
    rewrite(writer, content, content.get_object().data.replace(b"1,000", b"1.000"))


def other_content(writer: RevisionWriter) -> None:
    drawing = b"BT /F1 11 Tf 72 700 Td (The contribution is 9,000 euro.) Tj ET"
    page = page_of(writer)
    page.get_object()["/Contents"] = writer.add_object(StreamObject(stream_data=drawing))
    writer.mark_update(page)


def cover_removed(writer: RevisionWriter) -> None:
    rewrite(writer, page_of(writer).get_object()["/Resources"]["/XObject"].raw_get("/Cover"), b"")


def font_swapped(writer: RevisionWriter) -> None:
    font = page_of(writer).get_object()["/Resources"]["/Font"].raw_get("/F1")
    font.get_object()["/BaseFont"] = NameObject("/Symbol")
    writer.mark_update(font)


def page_added(writer: RevisionWriter) -> None:
    pages = writer.root["/Pages"]
    page = dictionary(Type="/Page", Parent=writer.root.raw_get("/Pages"), MediaBox=[0, 0, 595, 842])
    pages["/Kids"].append(writer.add_object(page))
    pages["/Count"] = NumberObject(3)
    writer.mark_update(writer.root.raw_get("/Pages"))


def page_removed(writer: RevisionWriter) -> None:
    pages = writer.root["/Pages"]
    pages["/Kids"] = ArrayObject([page_of(writer, 1)])
    pages["/Count"] = NumberObject(1)
    writer.mark_update(writer.root.raw_get("/Pages"))


def content_that_can_be_hidden(writer: RevisionWriter) -> None:
    group = writer.add_object(dictionary(Type="/OCG", Name="Amount"))
    switched = dictionary(OCGs=ArrayObject([group]), D=dictionary(OFF=ArrayObject([group])))
    writer.root["/OCProperties"] = switched
    writer.update_root()


def retitled(writer: RevisionWriter) -> None:
    information = writer.trailer["/Info"]
    information["/Title"] = pdf_string("Deed of gift")
    writer.update_container(information)


def described_otherwise(writer: RevisionWriter) -> None:
    packet = writer.root.raw_get("/Metadata")
    content = packet.get_object().data
    rewrite(writer, packet, content.replace(b">B<", b">A<"))


def attachment_swapped(writer: RevisionWriter) -> None:
    for reference in writer.root["/AF"]:
        if reference.get_object()["/UF"] == "agreement.json":
            rewrite(writer, reference.get_object()["/EF"].raw_get("/F"), b'{"title":"Deed"}')


def attachment_added(writer: RevisionWriter) -> None:
    embedded = writer.add_object(StreamObject(dictionary(Type="/EmbeddedFile"), stream_data=b"side letter"))
    entries = dictionary(Type="/Filespec", F="side.txt", UF="side.txt", EF=dictionary(F=embedded))
    tree = writer.root["/Names"]["/EmbeddedFiles"]
    tree["/Names"].extend([pdf_string("side.txt"), writer.add_object(entries)])
    writer.update_container(tree["/Names"])


def script_on_opening(writer: RevisionWriter) -> None:
    writer.root["/OpenAction"] = dictionary(S="/JavaScript", JS="app.alert('signed')")
    writer.update_root()


def program_on_opening(writer: RevisionWriter) -> None:
    writer.root["/OpenAction"] = dictionary(S="/Launch", F="setup.exe")
    writer.update_root()


def script_on_a_page(writer: RevisionWriter) -> None:
    page = page_of(writer)
    page.get_object()["/AA"] = dictionary(O=dictionary(S="/JavaScript", JS="1"))
    writer.mark_update(page)


def form_in_xml(writer: RevisionWriter) -> None:
    form = writer.root["/AcroForm"]
    form["/XFA"] = writer.add_object(StreamObject(stream_data=b"<xdp/>"))
    writer.update_container(form)


def object_removed(writer: RevisionWriter) -> None:
    font = page_of(writer).get_object()["/Resources"]["/Font"].raw_get("/F1")
    writer.mark_update(font)
    writer.objects[(font.generation, font.idnum)] = generic.NullObject()


def deflated_bomb(writer: RevisionWriter) -> None:
    # compressed while it is made: 1 KB of it becomes 1 MB
    stream = StreamObject(stream_data=bytes(65 * 1024**2))
    stream.compress()
    writer.add_object(stream)


def written(writer: RevisionWriter) -> bytes:
    """Return the file with the writer's revision, which nobody signs."""
    output = BytesIO()
    writer.write(output)
    return output.getvalue()
