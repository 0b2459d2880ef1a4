"""Filling the template of the partnership agreement, beside docxtpl with a new object each time.

Both fill the same Word file with the same values in the same sandboxed environment; what they make is compared part
by part. Time is that of the processor, since other work may share the machine.
"""

from __future__ import annotations

import gc
import io
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TypedDict

from docxtpl import DocxTemplate
from lxml import etree

from schemas.documents import Document, data_bytes
from schemas.evidence import digest_of
from schemas.loader import load_document
from templates.catalog import Template, load_template
from templates.context import context_for
from templates.finish import finish
from templates.render import render
from templates.sandbox import environment_for
from templates.selection import select

EXAMPLE = Path(__file__).parent.parent / "examples" / "smartctclusters" / "partnership-agreement.yaml"
DRAFTS, BLOCK = 100, 10
"""Of all, and those filled one way before it is the other way's turn."""
BODY = "word/document.xml"


class About(TypedDict):
    """What is known about a draft beside its data."""

    agreement_id: str
    draft: int
    data_digest: str


@dataclass(frozen=True)
class Draft:
    """A document to be drafted."""

    document: Document
    about: About


@dataclass(frozen=True)
class Measured:
    """What filling a draft took, in seconds of processor time (medians), and whether both ways say the same."""

    drafts: int
    characters: int
    """Of the filled body, on average."""
    docxtpl: float
    convenio: float
    first: float
    """Seconds to make the template ready, once."""
    equal: int
    """How many bodies are equal in canonical XML."""

    @property
    def ratio(self) -> float:
        """How many drafts Convenio fills in docxtpl's time for one."""
        return self.docxtpl / self.convenio


def measure(drafts: int = DRAFTS) -> Measured:
    """Fill ``drafts`` drafts with different titles and numbers both ways, in turn, and compare them."""
    example = load_document(EXAMPLE)
    template = load_template(example.document_type, example.edition)
    title = type(example.title)(value=str(example.title))
    drafted = [
        Draft(document, _about(document, number))
        for number in range(1, drafts + 1)
        for document in [example.model_copy(update={"title": title.model_copy(update={"value": f"{title}, {number}"})})]
    ]
    first, _ = _timed(_ours, template, drafted[:1])
    theirs: list[float] = []
    ours: list[float] = []
    equal = characters = 0
    for begin in range(0, drafts, BLOCK):
        block = drafted[begin : begin + BLOCK]
        spent, expected = _timed(_theirs, template, block)
        theirs += spent
        spent, made = _timed(_ours, template, block)
        ours += spent
        for ours_made, theirs_made in zip(made, expected, strict=True):
            body = _canonical(ours_made)
            equal += body == _canonical(theirs_made, finished=False)
            characters += len(body)
    return Measured(drafts, characters // drafts, median(theirs), median(ours), first[0], equal)


def _ours(template: Template, draft: Draft) -> bytes:
    return render(template, draft.document, **draft.about)


def _theirs(template: Template, draft: Draft) -> bytes:
    context, _ = context_for(template, draft.document, select(template, draft.document), **draft.about)
    word = DocxTemplate(io.BytesIO(template.docx))
    word.render(context, environment_for(template.locale), autoescape=True)
    saved = io.BytesIO()
    word.save(saved)
    return saved.getvalue()


def _about(document: Document, number: int) -> About:
    return {"agreement_id": f"PAR-2026-{number:04d}", "draft": number, "data_digest": digest_of(data_bytes(document))}


def _timed(
    way: Callable[[Template, Draft], bytes], template: Template, block: list[Draft]
) -> tuple[list[float], list[bytes]]:
    # What the one way leaves behind is not to be cleared away in the time of the other.
    gc.collect()
    spent, made = [], []
    for draft in block:
        began = time.process_time()
        made.append(way(template, draft))
        spent.append(time.process_time() - began)
    return spent, made


def _canonical(docx: bytes, *, finished: bool = True) -> bytes:
    """Return the body in canonical XML; docxtpl's marks of open facts are turned into styled runs as ours are."""
    with zipfile.ZipFile(io.BytesIO(docx)) as package:
        root = etree.fromstring(package.read(BODY))
    if not finished:
        finish(root)
    return etree.tostring(root, method="c14n2")
