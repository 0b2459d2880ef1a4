"""What one signature costs, by kind of key, beside pyHanko as it comes and the bare cryptographic operation."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner

from examples.render import example_files, render_example
from signing.demonstration import DemonstrationPki, create_demonstration_pki
from signing.issuing import DOCUMENT_SIGNING, certificate_for, signing_extensions, subject_name
from signing.keys import load_pkcs12
from signing.prepare import FieldPlace, prepare
from signing.seal import sign
from templates.convert import OfficePool

ROUNDS = 7
PASSPHRASE = b"benchmark"
SIGNATORY = "first"


@dataclass(frozen=True)
class Measured:
    """Median processor seconds of one signature with a signature timestamp, and of the bare operation on a digest."""

    kind: str
    ours: float
    pyhanko: float
    raw: float


def approved_pdf() -> bytes:
    """Return the example memorandum as it would be approved, a real PDF/A."""
    source = next(path for path in example_files() if path.stem.startswith("mou-czech"))
    with OfficePool() as office:
        return render_example(source, office).pdf


def measure(pdf: bytes) -> list[Measured]:
    """Sign ``pdf`` (a prepared document's approved PDF) with each kind of key, all three ways in turn."""
    with tempfile.TemporaryDirectory(prefix="convenio-bench-") as folder:
        now = datetime.now(UTC)
        pki = create_demonstration_pki(Path(folder) / "pki", organisation="Benchmark", passphrase=PASSPHRASE, now=now)
        place = FieldPlace(SIGNATORY, 0, (72.0, 100.0, 272.0, 160.0))
        prepared = prepare(
            pdf, attachments=(), fields=(place,), seal=pki.seal, timestamper=pki.timestamper(lambda: now),
            trust=pki.trust(now), now=now,
        )  # fmt: skip
        keys: dict[str, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey] = {
            "P-256": ec.generate_private_key(ec.SECP256R1()),
            "RSA-3072": rsa.generate_private_key(65537, 3072),
        }
        return [_measured(kind, key, pki, prepared, now) for kind, key in keys.items()]


def _measured(
    kind: str,
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey,
    pki: DemonstrationPki,
    prepared: bytes,
    now: datetime,
) -> Measured:
    p12 = _pkcs12(key, pki, now)
    own, stock = load_pkcs12(p12, PASSPHRASE, now=now), SimpleSigner.load_pkcs12_data(p12, [], PASSPHRASE)
    timestamper, trust = pki.timestamper(lambda: now), pki.trust(now)
    given = {"signatory_id": SIGNATORY, "key": own, "timestamper": timestamper, "trust": trust, "now": now}

    def ours() -> None:
        sign(prepared, **given)

    def pyhanko() -> None:
        metadata = PdfSignatureMetadata(field_name=f"signatory:{SIGNATORY}", subfilter=SigSeedSubFilter.PADES)
        writer = IncrementalPdfFileWriter(BytesIO(prepared))
        PdfSigner(metadata, stock, timestamper=timestamper).sign_pdf(writer, existing_fields_only=True)

    def raw() -> None:
        if isinstance(key, rsa.RSAPrivateKey):
            key.sign(b"digest", PKCS1v15(), SHA256())
        else:
            key.sign(b"digest", ec.ECDSA(SHA256()))

    return Measured(kind, *(_median(act) for act in (ours, pyhanko, raw)))


def _pkcs12(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, pki: DemonstrationPki, now: datetime) -> bytes:
    purposes = signing_extensions([DOCUMENT_SIGNING], critical=False)
    # the certificate's own key is only embedded, so that any kind of key can be certified
    subject = subject_name("Benchmark", "Benchmark")
    issued = certificate_for(pki.issuing, key, subject, now, timedelta(days=30), purposes)  # pyrefly: ignore
    return serialize_key_and_certificates(
        b"benchmark", key, issued, [pki.issuing.certificate, pki.root.certificate], BestAvailableEncryption(PASSPHRASE)
    )


def _median(act: Callable[[], None]) -> float:
    act()
    seconds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        act()
        seconds.append(time.process_time() - began)
    return statistics.median(seconds)
