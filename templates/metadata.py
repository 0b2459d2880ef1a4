"""The metadata of a PDF/A says what PDF/UA's mark in it means, as PDF/A asks of every schema it does not define.

LibreOffice 7.4 marks a tagged PDF/A as PDF/UA and leaves the description of that mark out, so that the file is not
the PDF/A-3 it says it is (ISO 19005-3 6.6.2.3.3). The packet ends in spaces kept for such additions (ISO 16684-1
7.3.2): the description takes the place of as many, and no other byte moves.
"""

from __future__ import annotations

import re

from schemas.errors import TemplateFault

MARK = b"http://www.aiim.org/pdfua/ns/id/"
EXTENSION = b"http://www.aiim.org/pdfa/ns/extension/"
PACKET = re.compile(rb"<\?xpacket begin=.*?(</rdf:RDF>\s*</x:xmpmeta>)(\s*)<\?xpacket end=", re.DOTALL)

DESCRIPTION = b"""<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/" \
xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
   <pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
    <pdfaSchema:schema>PDF/UA identification</pdfaSchema:schema>
    <pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
    <pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
    <pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
     <pdfaProperty:name>part</pdfaProperty:name>
     <pdfaProperty:valueType>Integer</pdfaProperty:valueType>
     <pdfaProperty:category>internal</pdfaProperty:category>
     <pdfaProperty:description>Part of ISO 14289 the file conforms to</pdfaProperty:description>
    </rdf:li></rdf:Seq></pdfaSchema:property>
   </rdf:li></rdf:Bag></pdfaExtension:schemas>
  </rdf:Description>
"""


def with_described_metadata(pdf: bytes) -> bytes:
    """Return ``pdf``, of equal length, with its PDF/UA mark described; the same bytes where nothing is missing.

    Raises :class:`TemplateFault` where the packet has no room for it.
    """
    packet = PACKET.search(pdf)
    if packet is None or MARK not in packet.group() or EXTENSION in packet.group():
        return pdf
    start, room = packet.start(1), len(packet.group(2))
    if room <= len(DESCRIPTION):
        raise TemplateFault(
            "the PDF's metadata has no room for the description that PDF/A asks for",
            got=f"{room} bytes of padding",
            expected=f"more than {len(DESCRIPTION)} bytes of padding",
            remedy="shorten the document's title",
        )
    packet_end, padding_end = packet.end(1), packet.end(2)
    kept = pdf[packet_end + len(DESCRIPTION) : padding_end]
    return pdf[:start] + DESCRIPTION + pdf[start:packet_end] + kept + pdf[padding_end:]
