"""Pictures in a Word file from outside: told by how they begin, since an office program goes by that, too."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

SVG = "{http://www.w3.org/2000/svg}"
XLINK = "{http://www.w3.org/1999/xlink}href"
BEGINNINGS = (
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"GIF8",
    b"BM",
    b"II*\0",
    b"MM\0*",
    b"\xd7\xcd\xc6\x9a",
    b"\1\0\t\0",
)
"""PNG, JPEG, GIF, BMP, TIFF in both orders, and WMF with and without a placeable header."""
EMF, EMF_AT = b" EMF", 40
PICTURES = "PNG, JPEG, GIF, BMP, TIFF, EMF, WMF or SVG"
SCRIPTS = (f"{SVG}script", f"{SVG}foreignObject")


def is_picture(content: bytes) -> bool:
    """Whether ``content`` begins as a picture that is no program: PostScript is one, and is none of these."""
    return content.startswith(BEGINNINGS) or content[EMF_AT:].startswith(EMF)


def addresses_in(root: etree._Element) -> Iterator[str]:
    """Yield what an SVG drawing would load or run: addresses outside itself, style sheets that name any, scripts."""
    if root.tag != f"{SVG}svg":
        return
    for element in root.iter(etree.Element):
        if element.tag in SCRIPTS:
            yield f"a {etree.QName(element).localname}"
        for name, value in element.attrib.items():
            plain = "".join(str(value).split()).lower()
            if name in {XLINK, "href"} and not plain.startswith(("#", "data:image/png", "data:image/jpeg")):
                yield str(value)
            elif str(name).startswith("on"):
                yield f"{name}={value}"
            elif _loads(plain):
                yield str(value)
        if element.tag == f"{SVG}style" and ("@import" in (element.text or "") or _loads(element.text or "")):
            yield element.text or ""


def _loads(style: str) -> bool:
    return any(not part.lstrip("\"' ").startswith("#") for part in style.split("url(")[1:])
