"""Templates of ours, damaged on purpose as a word processor or a hurried hand damages them."""

from __future__ import annotations

import copy
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

from lxml import etree

from templates.catalog import load_template

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
NAMESPACES = {"w": W[1:-1]}
BODY = "word/document.xml"


def text_of(paragraph: etree._Element) -> str:
    return "".join(paragraph.xpath(".//w:t/text()", namespaces=NAMESPACES))


def rewritten(docx: bytes, changes: dict[str, Callable[[etree._Element], object]]) -> bytes:
    """Return ``docx`` with each named part changed."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(docx)) as source, zipfile.ZipFile(target, "w") as package:
        for name in source.namelist():
            content = source.read(name)
            if name in changes:
                root = etree.fromstring(content)
                changes[name](root)
                content = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
            package.writestr(zipfile.ZipInfo(name), content)
    return target.getvalue()


def find(root: etree._Element, text: str, number: int = 1) -> etree._Element:
    """Return the paragraph that holds ``text``, the ``number``-th of them."""
    return [paragraph for paragraph in root.iter(f"{W}p") if text in text_of(paragraph)][number - 1]


def write(paragraph: etree._Element, text: str) -> None:
    """Put ``text`` into the first run of a paragraph, and nothing else."""
    first, *others = paragraph.findall(f".//{W}t")
    first.text = text
    for other in others:
        other.text = ""


def replaced(old: str, new: str, number: int = 1) -> Callable[[etree._Element], None]:
    def act(root: etree._Element) -> None:
        paragraph = find(root, old, number)
        write(paragraph, text_of(paragraph).replace(old, new))

    return act


def removed(*texts: str) -> Callable[[etree._Element], None]:
    """Remove the first paragraph that holds each of ``texts``, the later ones after the earlier."""

    def act(root: etree._Element) -> None:
        paragraphs = list(root.iter(f"{W}p"))
        at = 0
        for text in texts:
            found = next(p for p in paragraphs[at:] if text in text_of(p))
            at = paragraphs.index(found)
            found.getparent().remove(found)

    return act


def added_behind(text: str, new: str, number: int = 1) -> Callable[[etree._Element], None]:
    """Put a paragraph ``new`` behind the one that holds ``text``."""

    def act(root: etree._Element) -> None:
        paragraph = find(root, text, number)
        another = copy.deepcopy(paragraph)
        write(another, new)
        paragraph.addnext(another)

    return act


def begun_in_a_link(text: str) -> Callable[[etree._Element], None]:
    """Put the first half of a tag into a hyperlink, as Word does where a link was typed into it."""

    def act(root: etree._Element) -> None:
        paragraph = find(root, text)
        run = next(run for run in paragraph.iter(f"{W}r") if text in "".join(t.text for t in run.iter(f"{W}t")))
        first, second = copy.deepcopy(run), copy.deepcopy(run)
        whole = run.find(f"{W}t").text
        middle = whole.index(text) + len(text) // 2
        first.find(f"{W}t").text, second.find(f"{W}t").text = whole[:middle], whole[middle:]
        link = etree.Element(f"{W}hyperlink", {f"{W}anchor": "top"})
        link.append(first)
        place = run.getparent()
        position = place.index(run)
        place[position : position + 1] = [link, second]

    return act


@dataclass(frozen=True, slots=True)
class Damage:
    """What was done to a Word file, and what a check has to say about it.

    ``shown`` is the paragraph as the finding shows it, the only one of its kind.
    """

    act: Callable[[etree._Element], object]
    shown: str
    says: str
    proposal: str | None = None
    part: str = BODY

    def where(self, docx: bytes) -> str:
        """Return the place of the first paragraph with the damage, counted by XPath."""
        with zipfile.ZipFile(io.BytesIO(docx)) as package:
            root = etree.fromstring(package.read(self.part))
        paragraph = find(root, self.shown.removesuffix("\u2026"))
        counts = [("paragraph", "count(preceding-sibling::w:p) + 1")]
        if paragraph.getparent().tag == f"{W}tc":
            counts = [
                ("table", "count(preceding::w:tbl) + count(ancestor::w:tbl)"),
                ("row", "count(ancestor::w:tr[1]/preceding-sibling::w:tr) + 1"),
                ("cell", "count(ancestor::w:tc[1]/preceding-sibling::w:tc) + 1"),
                *counts,
            ]
        numbers = [f"{name} {paragraph.xpath(count, namespaces=NAMESPACES):.0f}" for name, count in counts]
        return f"{', '.join([LABELS[self.part], *numbers])}: {self.shown}"


LABELS = {BODY: "body", "word/header1.xml": "header"}


def damaged(*damages: Damage, document_type: str = "mou", edition: str = "en") -> bytes:
    """Return the Word file of the first version of a template with ``damages`` done to it."""

    def all_of(part: str) -> Callable[[etree._Element], None]:
        def act(root: etree._Element) -> None:
            for damage in damages:
                if damage.part == part:
                    damage.act(root)

        return act

    docx = load_template(document_type, edition, 1).docx
    return rewritten(docx, {part: all_of(part) for part in {damage.part for damage in damages}})


ONE_EACH = {
    "a tag that is not closed": Damage(
        replaced("{{ party.short_name }}", "{{ party.short_name"),
        "“{{ party.short_name”", "{{ is not closed",
    ),
    "a tag that is not opened": Damage(
        replaced("{{ contact.email }}", "contact.email }}"),
        "contact.email }}", "}} closes a tag that was not opened",
    ),
    "a condition without its end": Damage(
        lambda root: find(root, "{%p if party.vat %}").getnext().getnext().getparent().remove(
            find(root, "{%p if party.vat %}").getnext().getnext()
        ),
        "{%p if party.vat %}", "if is not ended before {%tr endfor %}",
    ),
    "an end without its loop": Damage(
        added_behind("{{p put(\"amendment\") }}", "{%p endfor  %}"),
        "{%p endfor  %}", "endfor without for",
    ),
    "a loop over rows that ends as one over paragraphs": Damage(
        replaced("{%tr endfor %}", "{%p  endfor %}", 5),
        "{%p  endfor %}",
        "for and its endfor do not stand in the same place", "{%tr endfor %}",
    ),
    "a field that does not exist, in a loop": Damage(
        replaced("PIC: {{ party.pic }}", "PIC: {{ party.pick }}"),
        "PIC: {{ party.pick }}", "party has no pick", "party.pic",
    ),
    "a filter that does not exist": Damage(
        replaced("{{ member.country|country }}", "{{ member.country|contry }}"),
        "{{ member.country|contry }}", "there is no filter contry",
        "country",
    ),
    "a clause that does not exist": Damage(
        replaced("{{p put(\"confidentiality\") }}", "{{p put(\"confidentialty\") }}"),
        "{{p put(\"confidentialty\") }}", "there is no such clause in the library",
        "confidentiality",
    ),
    "a list where a value is needed": Damage(
        replaced("{{ item }}", "{{ undertaking[\"items\"] }}"),
        "{{ undertaking[\"items\"] }}", "a list of values is used where a value is needed",
    ),
    "a value that may be missing, without its condition": Damage(
        removed("{%p if party.vat %}", "{%p endif %}"),
        "VAT: {{ party.vat }}",
        "party.vat may be missing, and no condition asks for it",
    ),
    "quotation marks of a typesetter": Damage(
        replaced("if legal_nature == \"binding\"", "if legal_nature == „binding“"),
        "{% if legal_nature == „binding“ %}Binding{% elif binding_clauses "
        "%}Not binding, except for the {% i…", "typographic characters in a tag: „",
        "{% if legal_nature == \"binding\" %}",
    ),
    "a tag that is begun in a link": Damage(
        begun_in_a_link("{{ recital }}"),
        "{{ recital }}", "the tag stands partly inside a link",
    ),
    "a file that would be read in": Damage(
        added_behind("{{p put(\"publicity\") }}", "{% include \"/etc/passwd\" %}"),
        "{% include \"/etc/passwd\" %}", "include may not be used here",
    ),
    "a leftover": Damage(
        replaced("Legal form: {{ party.legal_form }}", "Legal form: [insert] {{ party.legal_form }}"),
        "Legal form: [insert] {{ party.legal_form }}", "a leftover",
    ),
    "text that would be lost": Damage(
        replaced("{%p for recital in background %}", "{%p for recital in background %} Whereas"),
        "{%p for recital in background %} Whereas", "beside a {%p tag everything is lost",
    ),
    "a name in the header that does not exist": Damage(
        replaced("{{ draft }}", "{{ draught }}"),
        "{{ agreement_id }}, draft {{ draught }}{% if edited %} (this draft was edited by "
        "hand){% endif %}Da…", "there is no draught", "draft", part="word/header1.xml",
    ),
}  # fmt: skip


FIVE = tuple(
    ONE_EACH[name]
    for name in (
        "a tag that is not closed",
        "a loop over rows that ends as one over paragraphs",
        "a filter that does not exist",
        "a clause that does not exist",
        "a name in the header that does not exist",
    )
)
