"""Where a paragraph stands, as a person counts in a word processor."""

from __future__ import annotations

from collections import defaultdict

from lxml import etree

from templates.checking.findings import Place
from templates.lint import W

CONTAINERS = frozenset(f"{W}{name}" for name in ("tc", "txbxContent", "footnote", "endnote", "body", "hdr", "ftr"))
"""What paragraphs are counted in (ECMA-376-1 17.4.65, 17.17.1.1, 17.11, 17.2.2, 17.10)."""
NOTES = frozenset({f"{W}footnote", f"{W}endnote"})
BOX = f"{W}txbxContent"
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"


class Numbering:
    """Numbers of tables, rows, cells and paragraphs of one part, counted once."""

    def __init__(self, label: str, root: etree._Element) -> None:
        self._label = label
        self._numbers: dict[etree._Element, int] = {}
        counts: dict[tuple[object, str], int] = defaultdict(int)
        for element in root.iter(f"{W}p", f"{W}tbl", f"{W}tr", f"{W}tc", BOX, *NOTES):
            if next(element.iterancestors(FALLBACK), None) is not None:
                continue
            kind = element.tag
            if kind in NOTES and element.get(f"{W}type") is not None:
                # The separators between text and notes are notes, too (ECMA-376-1 17.11.9).
                continue
            owner = {
                f"{W}p": next(element.iterancestors(*CONTAINERS), root),
                f"{W}tr": next(element.iterancestors(f"{W}tbl"), root),
                f"{W}tc": next(element.iterancestors(f"{W}tr"), root),
            }.get(kind, root)
            counts[owner, kind] += 1
            self._numbers[element] = counts[owner, kind]

    def place(self, element: etree._Element, text: str = "") -> Place:
        """Return the place of a paragraph, or of the paragraph an element stands in."""
        lineage = [element, *element.iterancestors()]
        paragraph = next((above for above in lineage if above.tag == f"{W}p"), None)
        container = next((above for above in lineage if above.tag in CONTAINERS), None)
        part = self._label
        for above in lineage:
            if above.tag == BOX and above in self._numbers:
                part = f"{part}, text box {self._numbers[above]}"
                break
        for above in lineage:
            if above.tag in NOTES and above in self._numbers:
                part = f"{etree.QName(above).localname} {self._numbers[above]}"
        in_cell = container is not None and container.tag == f"{W}tc"
        return Place(
            part=part,
            table=self._nearest(lineage, "tbl") if in_cell else None,
            row=self._nearest(lineage, "tr") if in_cell else None,
            cell=self._nearest(lineage, "tc") if in_cell else None,
            paragraph=None if paragraph is None else self._numbers.get(paragraph),
            text=text,
        )

    def _nearest(self, lineage: list[etree._Element], name: str) -> int | None:
        return next((self._numbers.get(above) for above in lineage if above.tag == f"{W}{name}"), None)
