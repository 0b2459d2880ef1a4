"""What is brought to the admission gate: a finished document, and everything it is held against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from schemas.events import Rounds
from schemas.evidence import Digest, SignatoryId
from schemas.policy import SignaturePolicy
from schemas.signature import LegalEffect, Level, SigningWay
from signing.fields import CLOSING_SEAL, CLOSING_TIMESTAMP, OPENING_SEAL
from signing.revision import open_pdf, signatures_of


@dataclass(frozen=True)
class ExpectedSignature:
    """One signature as the ledger has it: whose, in which field, by which certificate (SHA-256 of its DER), and how.

    ``certificate`` is the organisation's where ``way`` is a click or a paper original; ``evidence`` is then the digest
    of the record.
    """

    signatory_id: SignatoryId
    field: str
    certificate: Digest
    way: SigningWay = SigningWay.PKCS12
    effect: LegalEffect = LegalEffect.ADES
    evidence: Digest | None = None


@dataclass(frozen=True)
class Submission:
    """A finished document with everything it is held against.

    ``revisions`` are the files after each signature, in signing order; ``expected`` the signatures in that order;
    ``rounds`` who had to sign before whom; ``attachments`` the digests of the approved data and source by name.
    """

    approved_pdf: bytes
    prepared_pdf: bytes
    revisions: Sequence[bytes]
    final_pdf: bytes
    expected: Sequence[ExpectedSignature]
    attachments: Mapping[str, Digest]
    policy: SignaturePolicy = field(default_factory=SignaturePolicy)
    rounds: Rounds = ()

    @cached_property
    def final(self) -> PdfFileReader:
        """The one reader over the final PDF: working out what each revision changed is most of the gate's work."""
        return open_pdf(self.final_pdf)

    @cached_property
    def prepared(self) -> PdfFileReader:
        """A reader over the prepared PDF."""
        return open_pdf(self.prepared_pdf)

    @cached_property
    def marks(self) -> list[EmbeddedPdfSignature]:
        """The marks of the final PDF, in the order of their revisions."""
        return signatures_of(self.final)

    @property
    def order(self) -> list[str]:
        """The fields that have to be filled, in the order of filling: a timestamp last where the level asks for it."""
        last = [CLOSING_TIMESTAMP] if self.policy.level is Level.ARCHIVE else []
        return [OPENING_SEAL, *(entry.field for entry in self.expected), CLOSING_SEAL, *last]

    @property
    def chain(self) -> list[tuple[str, bytes]]:
        """Every file with its name, from the approved to the final one."""
        names = [f"revision signed by {entry.signatory_id}" for entry in self.expected]
        names += ["revision nobody is expected to have signed"] * (len(self.revisions) - len(names))
        return [
            ("approved PDF", self.approved_pdf),
            ("prepared PDF", self.prepared_pdf),
            *zip(names, self.revisions, strict=False),
            ("final PDF", self.final_pdf),
        ]

    @property
    def broken_links(self) -> Iterator[str]:
        """Where a file does not extend the one before it byte for byte."""
        for (older_name, older), (newer_name, newer) in pairwise(self.chain):
            if len(newer) <= len(older) or not newer.startswith(older):
                yield f"the {newer_name} does not extend the {older_name}"
