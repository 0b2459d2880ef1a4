"""The dossier: everything an auditor takes home about one archived agreement, as one canonical zip.

::

    README.txt                     how to verify without us
    agreement.pdf                  the signed PDF
    checkpoint                     signed note over the ledger's size and root (C2SP tlog-checkpoint)
    drafts/<n>/data.json           the data of draft n (RFC 8785); a draft never rendered has only this
    drafts/<n>/draft.docx, .pdf    its text and its pages
    drafts/<n>/edited.docx         the text as a reviewer edited it by hand, where one did
    drafts/<n>/manifest.json       what it was made from: template, clauses, pinned documents (RFC 8785)
    entries/<counter>.json         the ledger's leaves, exact bytes
    manifest.json                  format, version, agreement, SHA-256 and size of every other member
    people.json, remarks.json      openings by commitment; what was erased is missing
    proofs/<counter>.json          the leaf's inclusion proof to the checkpoint (RFC 9162 2.1.3)
    receipt                        the deposit receipt
    seal-report.json               the validation at conclusion
    summary.html                   the story for people
    templates/<sha256>.docx        the templates the drafts were made from

All JSON but the drafts' and the report's (whose digests the ledger holds) is RFC 8785. The same ledger state and
checkpoint give the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from archive.canonical_zip import write_canonical
from archive.exact import exact_json
from archive.history import SEAL_REPORT, History, history_of
from archive.merkle import leaf_hash, verify_inclusion
from archive.record import People, PersonOpening, Record, RemarkOpening, Remarks, read_seal_report, stated_document
from archive.summary import write_readme, write_summary
from schemas.errors import DigestMismatch, Refused
from schemas.events import Entry
from schemas.evidence import Checkpoint, Digest, Evidence, InclusionProof, digest_of

Opening = TypeVar("Opening", PersonOpening, RemarkOpening)

MANIFEST, CHECKPOINT, RECEIPT = "manifest.json", "checkpoint", "receipt"
PEOPLE, REMARKS = "people.json", "remarks.json"
SUMMARY, README = "summary.html", "README.txt"


class Version(BaseModel):
    """Format and version of a dossier, readable whatever else its manifest holds."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    format: str = "convenio-dossier"
    version: int = 1


class Listed(Evidence):
    """One member as the manifest lists it."""

    name: str
    sha256: Digest
    size_bytes: int


class Manifest(Evidence):
    """What a dossier holds, by name: every member but the manifest itself."""

    format: Literal["convenio-dossier"] = "convenio-dossier"
    version: Literal[1] = 1
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
    SHA-256 to content and holds at least every file of :attr:`archive.history.History.files`. ``people`` and
    ``remarks`` may hold more than the entries speak of; nothing that they do not speak of gets into the dossier.
    """

    entries: Sequence[ProvenEntry]
    checkpoint: Checkpoint
    objects: Mapping[Digest, bytes]
    people: Sequence[PersonOpening]
    remarks: Sequence[RemarkOpening]


def build_dossier(contents: DossierContents) -> bytes:
    """Return the dossier of ``contents`` as a canonical zip.

    Raises :class:`Refused` where the agreement is not archived or a file is missing, :class:`DigestMismatch` where a
    file is not the one the ledger names, :class:`Invalid` where a proof does not lead to the checkpoint.
    """
    history = history_of([proven.entry for proven in contents.entries])
    _check_proofs(contents)
    files = {name: _object(contents.objects, name, digest) for name, digest in history.files.items()}
    record = Record(
        history=history,
        leaf_indices=tuple(proven.proof.leaf_index for proven in contents.entries),
        checkpoint=contents.checkpoint,
        document=stated_document(files[data_name(history)]),
        report=read_seal_report(files[SEAL_REPORT]),
        people=_selected(contents.people, history.people),
        remarks=_selected(contents.remarks, history.remarks),
    )
    members = {
        **files,
        **{entry_name(counter): exact_json(proven.entry) for counter, proven in enumerate(contents.entries)},
        **{proof_name(counter): exact_json(proven.proof) for counter, proven in enumerate(contents.entries)},
        CHECKPOINT: contents.checkpoint.note.encode(),
        RECEIPT: exact_json(history.deposited.receipt),
        PEOPLE: exact_json(People(dict(record.people))),
        REMARKS: exact_json(Remarks(dict(record.remarks))),
        README: write_readme(record),
        SUMMARY: write_summary(record),
    }
    return write_canonical({**members, MANIFEST: exact_json(manifest_of(history.agreement, members))})


def manifest_of(agreement: str, members: Mapping[str, bytes]) -> Manifest:
    """Return the manifest of ``members`` (without the manifest itself), by name."""
    listed = (
        Listed(name=name, sha256=digest_of(content), size_bytes=len(content))
        for name, content in sorted(members.items())
    )
    return Manifest(agreement=agreement, members=tuple(listed))


def entry_name(counter: int) -> str:
    """Return the member name of an entry."""
    return f"entries/{counter}.json"


def proof_name(counter: int) -> str:
    """Return the member name of an entry's inclusion proof."""
    return f"proofs/{counter}.json"


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
