"""Drafts of the memorandum of understanding in each of its editions, and what stands in their Word files."""

from __future__ import annotations

import io
import json
import zipfile

from lxml import etree

from schemas.documents import data_bytes
from schemas.evidence import digest_of
from schemas.fact import Confirmation, confirm, open_facts
from schemas.types.mou import Memorandum
from templates.catalog import load_template
from templates.render import render
from tests.templates.conftest import EXAMPLE

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
EXAMPLES = EXAMPLE.parents[1]
EN_PT = EXAMPLES / "gssc" / "mou-czech-cape-verdean-chamber-en-pt.yaml"
EN_ES = EXAMPLES / "c2future" / "mou-colombia-mexico.yaml"

HEADINGS = {
    "en": [
        "Purpose", "Areas of cooperation", "Roles of the Parties", "Contacts and notices", "Costs", "Confidentiality",
        "Publicity", "Data protection", "Term and renewal", "Amendment", "Termination", "Legal nature",
        "Law and disputes", "Language and form",
    ],
    "es": [
        "Objeto", "Ámbitos de cooperación", "Funciones de las Partes", "Contactos y notificaciones", "Gastos",
        "Confidencialidad", "Publicidad", "Protección de datos", "Vigencia y prórroga", "Modificación", "Terminación",
        "Naturaleza jurídica", "Derecho aplicable y controversias", "Idioma y forma",
    ],
    "it": [
        "Finalità", "Ambiti di cooperazione", "Ruoli delle Parti", "Referenti e comunicazioni", "Costi", "Riservatezza",
        "Pubblicità", "Protezione dei dati", "Durata e rinnovo", "Modifiche", "Recesso", "Natura giuridica",
        "Legge applicabile e controversie", "Lingua e forma",
    ],
    "pt": [
        "Objeto", "Domínios de cooperação", "Funções das Partes", "Contactos e notificações", "Custos",
        "Confidencialidade", "Publicidade", "Proteção de dados", "Vigência e renovação", "Alterações", "Denúncia",
        "Natureza jurídica", "Direito aplicável e litígios", "Língua e forma",
    ],
}  # fmt: skip
TWO_LANGUAGES = {"en": "Languages and form", "es": "Idiomas y forma", "it": "Lingue e forma", "pt": "Línguas e forma"}
PLAIN_HEADINGS = {
    "en": ["Parties", "Background", "Signatures", "Record of this document"],
    "es": ["Partes", "Antecedentes", "Firmas", "Registro de este documento"],
    "it": ["Parti", "Premesse", "Firme", "Scheda del documento"],
    "pt": ["Partes", "Considerandos", "Assinaturas", "Registo deste documento"],
}
EDITIONS = ("en", "es", "it", "pt", "en-es", "en-it", "en-pt")


def in_edition(mou, edition):
    """Return the example in English and Portuguese as another edition: its Portuguese texts stand for all others."""
    first, _, second = edition.partition("-")
    other = second or first
    text = mou.model_dump_json() if other in {"en", "pt"} else mou.model_dump_json().replace('"pt":', f'"{other}":')
    fields = json.loads(text) | {"language": first, "second_language": second or None}
    return Memorandum.model_validate(fields | {"prevailing": mou.prevailing and (first if second else None)})


def all_confirmed(mou):
    basis = Confirmation.model_validate({"at": "2026-11-22T00:00:00Z", "basis": "Minutes of the board"})
    return confirm(mou, [path for path, _ in open_facts(mou)], basis)


def draft_of(mou, **how):
    digest = digest_of(data_bytes(mou))
    template = load_template("mou", mou.edition)
    return render(template, mou, agreement_id="MOU-2026-0001", draft=3, data_digest=digest, **how)


def changed(mou, **values):
    return Memorandum.model_validate(mou.model_dump() | values)


def body(docx):
    with zipfile.ZipFile(io.BytesIO(docx)) as package:
        return etree.fromstring(package.read("word/document.xml"))


def paragraphs(element):
    """Return style and text of each paragraph."""
    found = []
    for paragraph in element.iter(f"{W}p"):
        text = "".join(text.text or "" for text in paragraph.iter(f"{W}t"))
        found.append((paragraph.find(f"{W}pPr/{W}pStyle").get(f"{W}val"), one_line(text)))
    return [(style, text) for style, text in found if text]


def text_of(docx):
    return "\n".join(text for _, text in paragraphs(body(docx)))


def headings(docx, style="Heading1"):
    return [text for found, text in paragraphs(body(docx)) if found == style]


def numbered(docx, suffix=""):
    """Return the clauses as Word numbers them: heading, numbered paragraph, item."""
    styles = {f"Heading1{suffix}": 0, f"Clause{suffix}": 1, f"SubClause{suffix}": 2}
    counts, lines = [0, 0, 0], []
    for style, text in paragraphs(body(docx)):
        if (level := styles.get(style)) is None:
            continue
        counts[level] += 1
        counts[level + 1 :] = [0] * (2 - level)
        number = (f"{counts[0]}.", f"{counts[0]}.{counts[1]}", f"({chr(96 + counts[2])})")[level]
        lines.append(f"{number} {text}")
    return lines


def one_line(text):
    return " ".join(text.split())
