from __future__ import annotations

import pytest
from lxml import etree

from schemas.errors import TemplateFault
from templates.metadata import DESCRIPTION, with_described_metadata

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
MARK = b'<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/"/>'


def packet(*, mark=MARK, padding=2000):
    return b"".join(
        (
            b'before <?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:xmpmeta xmlns:x="adobe:ns:meta/">\n',
            b' <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n  ',
            mark,
            b"\n </rdf:RDF>\n</x:xmpmeta>\n",
            b" " * padding,
            b'<?xpacket end="w"?> after',
        )
    )


def test_the_mark_is_described_in_the_place_of_padding():
    before = packet()
    after = with_described_metadata(before)
    assert len(after) == len(before)
    assert after.index(b"<?xpacket end=") == before.index(b"<?xpacket end=")
    root = etree.fromstring(after[after.index(b"<x:xmpmeta") : after.index(b"<?xpacket end=")].strip())
    schemas = "{http://www.aiim.org/pdfa/ns/schema#}"
    assert [element.text for element in root.iter(f"{schemas}prefix")] == ["pdfuaid"]
    assert [element.text for element in root.iter(f"{schemas}namespaceURI")] == ["http://www.aiim.org/pdfua/ns/id/"]
    assert len(root.findall(f"{RDF}RDF/{RDF}Description")) == 2


def test_what_is_described_already_or_not_marked_stays_as_it_is():
    once = with_described_metadata(packet())
    assert with_described_metadata(once) == once
    unmarked = packet(mark=b"")
    assert with_described_metadata(unmarked) == unmarked
    assert with_described_metadata(b"no packet at all") == b"no packet at all"


@pytest.mark.parametrize("padding", [0, len(DESCRIPTION) - 1])
def test_a_packet_without_room_is_refused(padding):
    with pytest.raises(TemplateFault, match="no room for the description"):
        with_described_metadata(packet(padding=padding))


@pytest.mark.office
def test_what_libreoffice_exports_is_described(pool, gssc):
    from templates.catalog import load_template
    from templates.render import render

    docx = render(load_template("mou"), gssc, agreement_id="MOU-2026-0001", draft=1, data_digest="0" * 64)
    assert DESCRIPTION in pool.convert(docx)
