"""The dossier: everything an auditor takes home about one archived agreement, as one canonical zip.

::

    README.txt                     how to verify without us
    agreement.pdf                  the signed PDF, as it was last renewed
    authority/<sha256>             evidence of authority of whoever signs for another
    bound.json                     whether it bound its parties on one day, and who had signed (where that was asked)
    checkpoint                     signed note over the ledger's size and root (C2SP tlog-checkpoint), co-signed
    checkpoint.tsr                 RFC 3161 token over the bytes of checkpoint
    drafts/<n>/data.json           the data of draft n (RFC 8785); a draft never rendered has only this
    drafts/<n>/draft.docx, .pdf    its text and its pages
    drafts/<n>/edited.docx         the text as a reviewer edited it by hand, where one did
    drafts/<n>/manifest.json       what it was made from: template, clauses, pinned documents (RFC 8785)
    entries/<counter>.json         the ledger's leaves, exact bytes
    etsi/<field>.xml               the validation of a field as ETSI TS 119 102-2 has it
    evidence/<sha256>.*            records of clicks and paper originals; scans as received, and their seals
    manifest.json                  format, version, agreement, SHA-256 and size of every other member
    manifest.note                  signed note of the ledger's key over the manifest (archive/manifest_note.py)
    people.json, remarks.json,
    openings.json                  openings by commitment (of records of clicks: addresses); what was erased is missing
    proofs/<counter>.tlog-proof    the leaf's inclusion proof with the checkpoint (C2SP tlog-proof)
    receipts/<n>.json              where the PDF lies: the deposit, then every renewal
    renewals/<n>/seal-report.json  the validation at each renewal
    seal-report.json               the validation at conclusion
    summary.html                   the story for people
    templates/<sha256>.docx        the templates the drafts were made from

All JSON but the drafts' and the report's (whose digests the ledger holds) is RFC 8785. The same ledger state and
checkpoint give the same bytes, the signature over the manifest too: Ed25519 is deterministic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from archive.bound import BOUND, OvertakenBy, bound_on
from archive.canonical_zip import write_canonical
from archive.enclosed import click_records, enclosed_files
from archive.exact import exact_json
from archive.history import History, history_of
from archive.manifest_note import MANIFEST_NOTE, manifest_text
from archive.merkle import leaf_hash, verify_inclusion
from archive.record import (
    Addresses,
    AddressOpening,
    People,
    PersonOpening,
    Record,
    RemarkOpening,
    Remarks,
    read_seal_report,
    stated_document,
)
from archive.summary import write_readme, write_summary
from archive.tlog_proof import write_proof
from schemas.errors import DigestMismatch, Refused
from schemas.events import Entry
from schemas.evidence import Checkpoint, Digest, Evidence, InclusionProof, digest_of

Opening = TypeVar("Opening", PersonOpening, RemarkOpening, AddressOpening)

MANIFEST, CHECKPOINT, TOKEN = "manifest.json", "checkpoint", "checkpoint.tsr"
PEOPLE, REMARKS, OPENINGS = "people.json", "remarks.json", "openings.json"
SUMMARY, README = "summary.html", "README.txt"


class Version(BaseModel):
    """Format and version of a dossier, readable whatever else its manifest holds."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    format: str = "convenio-dossier"
    version: int = 2


class Listed(Evidence):
    """One member as the manifest lists it."""

    name: str
    sha256: Digest
    size_bytes: int


class Manifest(Evidence):
    """What a dossier holds, by name: every member but the manifest itself and the note that signs it."""

    format: Literal["convenio-dossier"] = "convenio-dossier"
    version: Literal[2] = 2
    agreement: str
    members: tuple[Listed, ...]


@dataclass(frozen=True, slots=True)
class ProvenEntry:
    """A ledger entry and the proof that its leaf stands under the checkpoint."""

    entry: Entry
    proof: InclusionProof


@dataclass(frozen=True, slots=True)
class DossierContents:
    """What a dossier is made from.

    ``entries`` are all of one archived agreement by counter, proven at the size of ``checkpoint``. ``objects`` maps
    SHA-256 to content and holds at least every file of :attr:`archive.history.History.files` and those that these
    name (:func:`archive.enclosed.enclosed_files`). ``people``, ``remarks`` and ``addresses`` may hold more than the
    entries and records speak of; nothing that they do not speak of gets into the dossier. ``token`` is the RFC 3161
    token over the checkpoint's note, ``verifier`` the SHA-256 of the standalone verifier that the README names,
    ``bound`` a day to answer for. ``sign`` returns a text as a note signed by the key of the checkpoint's ledger.
    """

    entries: Sequence[ProvenEntry]
    checkpoint: Checkpoint
    token: bytes
    objects: Mapping[Digest, bytes]
    people: Sequence[PersonOpening]
    remarks: Sequence[RemarkOpening]
    verifier: Digest
    sign: Callable[[str], str]
    addresses: Sequence[AddressOpening] = ()
    bound: Day | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """A day that a dossier answers for: its end as an instant, and what had overtaken the document by then."""

    on: date
    until: datetime
    overtaken_by: tuple[OvertakenBy, ...] = ()


def build_dossier(contents: DossierContents) -> bytes:
    """Return the dossier of ``contents`` as a canonical zip.

    Raises :class:`Refused` where the agreement is not archived or a file is missing, :class:`DigestMismatch` where a
    file is not the one the ledger names, :class:`Invalid` where a proof does not lead to the checkpoint.
    """
    history = history_of([proven.entry for proven in contents.entries])
    _check_proofs(contents)
    named = {name: _object(contents.objects, name, digest) for name, digest in history.files.items()}
    inner = enclosed_files(history, lambda name: named[name])
    files = named | {name: _object(contents.objects, name, digest) for name, digest in inner.items()}
    newest, _ = history.reports[-1]
    record = Record(
        history=history,
        leaf_indices=tuple(proven.proof.leaf_index for proven in contents.entries),
        checkpoint=contents.checkpoint,
        document=stated_document(files[data_name(history)]),
        report=read_seal_report(files[newest]),
        people=_selected(contents.people, history.people),
        remarks=_selected(contents.remarks, history.remarks),
        enclosed=inner,
    )
    proven = {
        proof_name(counter): write_proof(one.proof, contents.checkpoint) for counter, one in enumerate(contents.entries)
    }
    addresses = [click.address for _, click in click_records(history, lambda name: named[name])]
    members = {
        **files,
        **{entry_name(counter): exact_json(one.entry) for counter, one in enumerate(contents.entries)},
        **proven,
        **{receipt_name(number): exact_json(receipt) for number, receipt in enumerate(history.receipts)},
        CHECKPOINT: contents.checkpoint.note.encode(),
        TOKEN: contents.token,
        PEOPLE: exact_json(People(dict(record.people))),
        REMARKS: exact_json(Remarks(dict(record.remarks))),
        OPENINGS: exact_json(Addresses(_selected(contents.addresses, addresses))),
        README: write_readme(record, contents.verifier),
        SUMMARY: write_summary(record),
    }
    if (day := contents.bound) is not None:
        told = bound_on(history, record.document, on=day.on, until=day.until, overtaken_by=day.overtaken_by)
        members[BOUND] = exact_json(told)
    manifest = exact_json(manifest_of(history.agreement, members))
    text = manifest_text(contents.checkpoint.origin, history.agreement, day.on if day else None, manifest)
    return write_canonical({**members, MANIFEST: manifest, MANIFEST_NOTE: contents.sign(text).encode()})


def manifest_of(agreement: str, members: Mapping[str, bytes]) -> Manifest:
    """Return the manifest of ``members``, by name: of all but the manifest itself and its note."""
    listed = (
        Listed(name=name, sha256=digest_of(content), size_bytes=len(content))
        for name, content in sorted(members.items())
        if name not in (MANIFEST, MANIFEST_NOTE)
    )
    return Manifest(agreement=agreement, members=tuple(listed))


def entry_name(counter: int) -> str:
    """Return the member name of an entry."""
    return f"entries/{counter}.json"


def proof_name(counter: int) -> str:
    """Return the member name of an entry's inclusion proof."""
    return f"proofs/{counter}.tlog-proof"


def receipt_name(number: int) -> str:
    """Return the member name of a deposit's receipt; 0 is the first deposit, then every renewal."""
    return f"receipts/{number}.json"


def data_name(history: History) -> str:
    """Return the member name of the approved data."""
    return f"drafts/{history.state.draft}/data.json"


def _check_proofs(contents: DossierContents) -> None:
    root = bytes.fromhex(contents.checkpoint.root)
    for proven in contents.entries:
        if proven.proof.tree_size != contents.checkpoint.tree_size:
            raise Refused(
                "the proof belongs to another checkpoint",
                where=entry_name(proven.entry.counter),
                got=f"{proven.proof.tree_size} leaves",
                expected=f"{contents.checkpoint.tree_size} leaves",
            )
        verify_inclusion(proven.proof, leaf_hash=leaf_hash(exact_json(proven.entry)), root=root)


def _object(objects: Mapping[Digest, bytes], name: str, digest: Digest) -> bytes:
    if (content := objects.get(digest)) is None:
        raise Refused(
            "a file the ledger names was not given",
            where=name,
            expected=f"SHA-256 {digest}",
            remedy="restore the object from a backup; a dossier is complete or not written",
        )
    if digest_of(content) != digest:
        raise DigestMismatch(
            "a file is not the one the ledger names",
            where=name,
            got=digest_of(content),
            expected=digest,
            remedy="restore the object from a backup",
        )
    return content


def _selected(openings: Sequence[Opening], commitments: Sequence[Digest]) -> dict[Digest, Opening]:
    known = {opening.commitment: opening for opening in openings}
    return {commitment: known[commitment] for commitment in commitments if commitment in known}
