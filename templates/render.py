"""Data into a template: the same template and data give the same DOCX, byte for byte."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from docxtpl import DocxTemplate
from pydantic import BaseModel

from schemas.evidence import Digest
from templates.catalog import Template
from templates.compiled import Part, Way, compile_template, serialised
from templates.context import context_for, names_for
from templates.fallback import DocxtplPackage, docxtpl_of
from templates.finish import finish
from templates.limits import limited
from templates.package import CORE, pack, packed, strictly_parsed
from templates.pictures import Draw, has_pictures, pictures_of, place_pictures
from templates.selection import UsedClause, select
from templates.view import Style

DATES = ("{http://purl.org/dc/terms/}created", "{http://purl.org/dc/terms/}modified")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A filled template."""

    docx: bytes
    """The Word file."""
    fallbacks: tuple[str, ...]
    """The parts that hold what the compiled template does not support, so that docxtpl's own steps filled them, too."""
    clauses: tuple[UsedClause, ...] = ()
    """The clauses that stand in it, in the order of the text, those the data adds last."""

    @property
    def by(self) -> Way:
        """What filled it: the compiled template alone, or docxtpl as well."""
        return "docxtpl" if self.fallbacks else "convenio"


def render(
    template: Template,
    data: BaseModel,
    *,
    agreement_id: str,
    draft: int,
    data_digest: Digest,
    drafted_at: datetime | None = None,
    edited: bool = False,
    stale: tuple[str, ...] = (),
) -> bytes:
    """Return the DOCX of :func:`render_draft`."""
    return render_draft(
        template,
        data,
        agreement_id=agreement_id,
        draft=draft,
        data_digest=data_digest,
        drafted_at=drafted_at,
        edited=edited,
        stale=stale,
    ).docx


def render_draft(
    template: Template,
    data: BaseModel,
    *,
    agreement_id: str,
    draft: int,
    data_digest: Digest,
    drafted_at: datetime | None = None,
    edited: bool = False,
    stale: tuple[str, ...] = (),
) -> Rendered:
    """Return draft ``draft`` of an agreement as DOCX, with the clauses that stand in it.

    ``data_digest`` is the SHA-256 of the data's RFC 8785 JSON and is printed; ``drafted_at`` (aware) becomes the
    file's date, the template's own stays without it; ``edited`` says that the draft before was edited by hand,
    ``stale`` which pinned documents have a newer version. Open facts are marked with the styles ``OpenFact`` and
    ``OpenFactMark``. Raises :class:`InputError` where choices of clauses do not fit the template, and
    :class:`TemplateFault` with the place if the template cannot be filled.
    """
    selection = select(template, data)
    with limited():
        context, wording = context_for(
            template,
            data,
            selection,
            agreement_id=agreement_id,
            draft=draft,
            data_digest=data_digest,
            edited=edited,
            stale=stale,
        )
        parts = compile_template(template, names_for(template, type(data)))
        pictures = pictures_of(data, Style.of(template.locale))
        docx, fallbacks = _drafted(parts, context, pictures, drafted_at)
        wording.check_named()
    return Rendered(docx, fallbacks, selection.used(wording.included))


def fill(
    template: Template,
    context: Mapping[str, object],
    *,
    names: frozenset[str] | None = None,
    docxtpl: DocxTemplate | None = None,
) -> Rendered:
    """Return ``template`` filled with any values docxtpl knows: rich text and listings, pictures and documents too.

    ``names`` are those the template may use, all of the context if it is not given. Values that docxtpl has to place
    are filled by the docxtpl object they were made for; ``docxtpl`` names it where a value does not, as a link in a
    ``RichText``. The values are printed as they are, and the known pictures stay.
    """
    parts = compile_template(template, frozenset(context) if names is None else names)
    owner = docxtpl or docxtpl_of(context)
    package = None if owner is None else DocxtplPackage(owner)
    filled: dict[str, bytes] = {}
    fallbacks: list[str] = []
    with limited():
        for part in parts:
            if part.compiled is None:
                continue
            if package is not None:
                package.begin(part.name)
            root, marks, by = part.fill(context)
            finish(root, marks)
            filled[part.name] = serialised(root)
            if by == "docxtpl" or package is not None:
                fallbacks.append(part.name)
    content = {part.name: part.content for part in parts} if package is None else package.saved()
    docx = packed(pack(*part) for part in (content | filled).items())
    return Rendered(docx, tuple(fallbacks))


def _drafted(
    parts: tuple[Part, ...], context: Mapping[str, object], pictures: Mapping[str, Draw], drafted_at: datetime | None
) -> tuple[bytes, tuple[str, ...]]:
    """Return the Word file, and the names of the parts that docxtpl's own steps filled, too."""
    content = {part.name: part.packed for part in parts}
    read = {part.name: part.content for part in parts}.__getitem__
    fallbacks: list[str] = []
    for part in parts:
        if part.compiled is None:
            continue
        if part.frame is not None and has_pictures(part.content):
            root, marks, by = part.fill(context)
            changed = place_pictures(root, part.name, pictures, read)
            # Last, so that each drawing gets a number of its own.
            finish(root, marks)
            changed[part.name] = serialised(root)
        else:
            written, by = part.write(context)
            changed = {part.name: written}
        if by == "docxtpl":
            fallbacks.append(part.name)
        if part.kind == CORE and drafted_at is not None:
            changed[part.name] = _dated(changed[part.name], drafted_at)
        content |= {name: pack(name, written) for name, written in changed.items()}
    return packed(content.values()), tuple(fallbacks)


def _dated(content: bytes, at: datetime) -> bytes:
    """Write OPC core properties' dates as W3CDTF (ECMA-376-2 11.1)."""
    root = strictly_parsed(content, "docProps/core.xml")
    for name in DATES:
        element = root.find(name)
        if element is not None:
            element.text = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return serialised(root)
