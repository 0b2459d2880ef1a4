"""Data into a template: the same template and data give the same DOCX, byte for byte."""

from __future__ import annotations

import copy
import io
import zipfile
from datetime import UTC, datetime

from babel import Locale
from lxml import etree
from pydantic import BaseModel

from schemas.agreement import VISIBILITY
from schemas.errors import TemplateFault
from schemas.evidence import Digest
from templates.catalog import Template
from templates.compiled import compile_template, strictly_parsed
from templates.lint import W
from templates.view import BETWEEN, CLOSE, OPEN, Style

DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
DATES = ("{http://purl.org/dc/terms/}created", "{http://purl.org/dc/terms/}modified")
SPACE = "{http://www.w3.org/XML/1998/namespace}space"
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip can hold (APPNOTE 4.4.6)."""
UNIX = 3
OPEN_STYLE, STATUS_STYLE = "OpenFact", "OpenFactMark"
"""Character styles of the template for an open fact and for the status behind it."""
FIRST_DRAWING_ID = 1001
MAX_DATA_CHARACTERS = 2_000_000


def render(
    template: Template,
    data: BaseModel,
    *,
    agreement_id: str,
    draft: int,
    data_digest: Digest,
    drafted_at: datetime | None = None,
) -> bytes:
    """Return the DOCX of draft ``draft`` of an agreement.

    ``data_digest`` is the SHA-256 of the data's RFC 8785 JSON and is printed; ``drafted_at`` (aware) becomes the
    file's date, the template's own stays without it. Open facts are marked with the styles ``OpenFact`` and
    ``OpenFactMark``. Raises :class:`TemplateFault` with the place if the template cannot be filled.
    """
    if (size := len(data.model_dump_json())) > MAX_DATA_CHARACTERS:
        raise TemplateFault(
            "the data is too large", got=f"{size} characters", expected=f"at most {MAX_DATA_CHARACTERS}"
        )
    context = context_for(template, data, agreement_id=agreement_id, draft=draft, data_digest=data_digest)
    parts: list[tuple[str, bytes]] = []
    for part in compile_template(template, frozenset(type(data).model_fields)):
        if part.compiled is None:
            parts.append((part.name, part.content))
            continue
        root = part.fill(context)
        finish(root)
        if drafted_at is not None and part.name == "docProps/core.xml":
            _set_dates(root, drafted_at)
        content = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
        strictly_parsed(content, part.name)
        parts.append((part.name, content))
    return _packed(parts)


def context_for(
    template: Template, data: BaseModel, *, agreement_id: str, draft: int, data_digest: Digest
) -> dict[str, object]:
    """Return what the template's tags can name: the fields of ``data``, and what is known about the draft."""
    style = Style(Locale.parse(template.language, sep="-"))
    fields = {name: style.view(getattr(data, name)) for name in type(data).model_fields}
    return fields | {
        "agreement_id": agreement_id,
        "draft": draft,
        "data_digest": data_digest,
        "template_id": template.id,
        "template_version": template.version,
        "open_facts": style.open_facts(data),
        "wording": {
            name: {"sentence": text.sentence, "disclaimer": text.disclaimer} for name, text in VISIBILITY.items()
        },
    }


def finish(root: etree._Element) -> None:
    """Turn the marks of open facts into styled runs, and number the drawings that loops have repeated."""
    for text in list(root.iter(f"{W}t")):
        run = text.getparent()
        if run is not None and text.text and OPEN in text.text:
            _split(run)
    for element in root.iter(etree.Element):
        if element.text and OPEN in element.text:
            element.text = _unmarked(element.text)
        for name, value in element.attrib.items():
            if OPEN in value:
                element.set(name, _unmarked(value))
    for number, drawing in enumerate(root.iter(f"{DRAWING}docPr"), start=FIRST_DRAWING_ID):
        drawing.set("id", str(number))


def _split(run: etree._Element) -> None:
    """Replace a run by runs of the same properties, those with an open fact in its style."""
    parent = run.getparent()
    if parent is None:
        return
    properties = run.find(f"{W}rPr")
    pieces: list[etree._Element] = []
    for child in run:
        if child is properties:
            continue
        if child.tag != f"{W}t":
            pieces.append(_run(properties, copy.deepcopy(child)))
            continue
        for content, style in _marked(child.text or ""):
            element = etree.Element(f"{W}t", {SPACE: "preserve"})
            element.text = content
            pieces.append(_run(properties, element, style))
    position = parent.index(run)
    parent[position : position + 1] = pieces


def _run(properties: etree._Element | None, content: etree._Element, style: str | None = None) -> etree._Element:
    run = etree.Element(f"{W}r")
    own = copy.deepcopy(properties) if properties is not None else etree.Element(f"{W}rPr")
    if style is not None:
        for given in own.findall(f"{W}rStyle"):
            own.remove(given)
        # rStyle comes first in rPr (ECMA-376-1 17.3.2.28).
        own.insert(0, etree.Element(f"{W}rStyle", {f"{W}val": style}))
    if len(own):
        run.append(own)
    run.append(content)
    return run


def _marked(text: str) -> list[tuple[str, str | None]]:
    """Return the pieces of a text with their styles; a mark is ``OPEN value BETWEEN status CLOSE``."""
    before, *facts = text.split(OPEN)
    pieces: list[tuple[str, str | None]] = [(before, None)]
    for fact in facts:
        value, _, rest = fact.partition(BETWEEN)
        status, _, after = rest.partition(CLOSE)
        pieces += [(value, OPEN_STYLE), (f"\u202f{status}", STATUS_STYLE), (after, None)]
    return [(content, style) for content, style in pieces if content]


def _unmarked(text: str) -> str:
    return "".join(f" ({content.strip()})" if style == STATUS_STYLE else content for content, style in _marked(text))


def _set_dates(root: etree._Element, at: datetime) -> None:
    """Write OPC core properties' dates as W3CDTF (ECMA-376-2 11.1)."""
    for name in DATES:
        element = root.find(name)
        if element is not None:
            element.text = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _packed(parts: list[tuple[str, bytes]]) -> bytes:
    """Return a zip that depends on nothing but names, order and content."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as package:
        for name, content in parts:
            entry = zipfile.ZipInfo(name, ZIP_EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = UNIX
            entry.external_attr = 0o600 << 16
            package.writestr(entry, content, compresslevel=6)
    return target.getvalue()
