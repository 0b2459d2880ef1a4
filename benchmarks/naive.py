"""The same way as a script would do it: docxtpl and soffice once per document, pyHanko as it comes, a plain write.

It renders the same template with the same values, sets the same marks (opening seal, two signatures, closing
seal, each with an RFC 3161 token, and a document timestamp) and writes the file. It checks nothing, keeps no
ledger, and an interruption loses what was under way.
"""

from __future__ import annotations

import io
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from docxtpl import DocxTemplate
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.fields import MDPPerm, SigFieldSpec
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner, PdfTimeStamper
from pyhanko.sign.timestamps import TimeStamper

from schemas.documents import Document, data_bytes
from schemas.evidence import digest_of
from signing.demonstration import create_demonstration_pki
from templates.catalog import FOLDER, load_template
from templates.context import context_for
from templates.sandbox import environment_for
from templates.selection import select

PASSPHRASE = b"benchmark"
EXPORT = (
    "pdf:writer_pdf_Export:"
    '{"SelectPdfVersion":{"type":"long","value":"3"},"UseTaggedPDF":{"type":"boolean","value":"true"},'
    '"ExportBookmarks":{"type":"boolean","value":"true"},"PDFUACompliance":{"type":"boolean","value":"true"}}'
)


def archive_all(documents: list[Document]) -> tuple[float, list[int]]:
    """Return the seconds it took to write all signed PDFs, one after the other, and their sizes."""
    with tempfile.TemporaryDirectory(prefix="naive-bench-") as folder:
        place = Path(folder)
        now = datetime.now(UTC)
        pki = create_demonstration_pki(place / "pki", organisation="Benchmark", passphrase=PASSPHRASE, now=now)
        people = []
        for signatory in documents[0].signatories:
            file = place / f"{signatory.id}.p12"
            file.write_bytes(pki.issue_signatory(str(signatory.name), signatory.email, "Benchmark", PASSPHRASE, now))
            people.append(file)
        timestamper = pki.timestamper(lambda: datetime.now(UTC))
        began = time.perf_counter()
        sizes = [
            _archive(document, number, place, people, pki.seal.signer, timestamper)
            for number, document in enumerate(documents, start=1)
        ]
        return time.perf_counter() - began, sizes


def _archive(
    document: Document, number: int, place: Path, people: list[Path], seal: signers.Signer, timestamper: TimeStamper
) -> int:
    docx = place / f"{number}.docx"
    _render(document, number, docx)
    subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{place}/profile", "--headless", "--convert-to", EXPORT, docx.name],
        cwd=place,
        check=True,
        capture_output=True,
        timeout=120,
    )
    pdf = (place / f"{number}.pdf").read_bytes()
    names = ["opening", *(person.stem for person in people), "closing"]
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    for name in names:
        fields.append_signature_field(writer, SigFieldSpec(name))
    pdf = _written(writer)
    for name in names:
        person = next((person for person in people if person.stem == name), None)
        signer = signers.SimpleSigner.load_pkcs12(person, passphrase=PASSPHRASE) if person else seal
        metadata = PdfSignatureMetadata(
            field_name=name, certify=name == "opening", docmdp_permissions=MDPPerm.FILL_FORMS
        )
        signed = PdfSigner(metadata, signer=signer, timestamper=timestamper).sign_pdf(
            IncrementalPdfFileWriter(io.BytesIO(pdf)), existing_fields_only=True
        )
        pdf = signed.getvalue()
    stamped = PdfTimeStamper(timestamper).timestamp_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), "sha256")
    content = stamped.getvalue()
    (place / f"{number}-signed.pdf").write_bytes(content)
    return len(content)


def _render(document: Document, number: int, target: Path) -> None:
    template = load_template(document.document_type, document.edition)
    context, _ = context_for(
        template,
        document,
        select(template, document),
        agreement_id=f"MOU-2026-{number:04d}",
        draft=1,
        data_digest=digest_of(data_bytes(document)),
    )
    word = DocxTemplate(FOLDER / document.document_type / f"v{template.version}" / f"{template.edition}.docx")
    word.render(context, jinja_env=environment_for(template.locale))
    word.save(target)


def _written(writer: IncrementalPdfFileWriter) -> bytes:
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()
