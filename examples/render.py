"""``make examples``: every example as the Word file and the PDF/A-3 that a reviewer would get, into ``out/``.

Run as ``python -m examples.render [FOLDER]``.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from pypdf import PdfReader

from schemas.documents import data_bytes
from schemas.evidence import digest_of
from schemas.fact import open_facts
from schemas.loader import load_document
from templates.catalog import load_template
from templates.convert import OfficePool
from templates.render import render

FOLDER = Path(__file__).parent
DRAFTED_AT = datetime(2026, 1, 1, tzinfo=UTC)
"""All examples bear one date, so that the same examples give the same bytes."""
PROCESSES = 2


@dataclass(frozen=True)
class Rendered:
    """An example as draft 1: where it comes from, its Word file and its PDF."""

    source: Path
    edition: str
    open_facts: int
    docx: bytes
    pdf: bytes

    @property
    def name(self) -> Path:
        """Its name within the examples, without an ending: ``gssc/roadmap-gssc``."""
        return self.source.relative_to(FOLDER).with_suffix("")


def example_files() -> tuple[Path, ...]:
    """Return the files of all examples."""
    return tuple(sorted(FOLDER.glob("*/*.yaml")))


def render_example(source: Path, office: OfficePool) -> Rendered:
    """Return the example in ``source`` rendered with the newest version of its template, and converted."""
    document = load_document(source)
    template = load_template(document.document_type, document.edition)
    docx = render(
        template,
        document,
        agreement_id=f"{document.id_prefix}-2026-0001",
        draft=1,
        data_digest=digest_of(data_bytes(document)),
        drafted_at=DRAFTED_AT,
    )
    return Rendered(source, document.edition, len(open_facts(document)), docx, office.convert(docx))


def render_all(folder: Path) -> int:
    """Write every example into ``folder`` as DOCX and PDF, tell each, and return how many there are."""
    sources = example_files()
    with OfficePool(size=PROCESSES) as office, ThreadPoolExecutor(PROCESSES) as threads:
        for made in threads.map(lambda source: render_example(source, office), sources):
            target = folder / made.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.with_suffix(".docx").write_bytes(made.docx)
            target.with_suffix(".pdf").write_bytes(made.pdf)
            pages = len(PdfReader(BytesIO(made.pdf)).pages)
            print(f"{target}.pdf  {made.edition}, {pages} pages, {made.open_facts} open facts")
    return len(sources)


if __name__ == "__main__":
    began = time.monotonic()
    number = render_all(Path(sys.argv[1] if len(sys.argv) > 1 else "out"))
    print(f"{number} examples, {time.monotonic() - began:.1f} s")
