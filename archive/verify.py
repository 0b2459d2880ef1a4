"""Verifies a dossier, or a signed PDF alone, offline and with keys from outside: every part gets a finding.

What binds what::

    keys (from outside) ── sign ──> checkpoint ── proofs ──> entries ── digests ──> drafts, agreement.pdf, report
         └── pinned certificates, trust roots ──> seals, signatures, timestamps in agreement.pdf
    entries ── commitments ──> people.json, remarks.json
    all evidence ── written again and compared ──> summary.html, README.txt
    container (canonical) and manifest.json ──> every byte
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from archive.canonical_zip import read_canonical
from archive.dossier import (
    CHECKPOINT,
    MANIFEST,
    PEOPLE,
    README,
    RECEIPT,
    REMARKS,
    SUMMARY,
    Manifest,
    Version,
    data_name,
    entry_name,
    manifest_of,
    proof_name,
)
from archive.exact import read_exact
from archive.examination import Examination
from archive.history import AGREEMENT_PDF, History
from archive.record import Record, stated_document
from archive.summary import write_readme, write_summary
from archive.verify_document import verify_files, verify_recorded_report
from archive.verify_ledger import member, verify_checkpoint, verify_history, verify_proofs
from archive.verify_marks import Attached, JudgePdf, verify_attachments, verify_marks, verify_signatories
from archive.verify_openings import verify_openings
from schemas.errors import DigestMismatch, Invalid
from schemas.evidence import Verdict, VerificationKeys, VerificationReport, digest_of

Members = Mapping[str, bytes]


def verify_dossier(
    content: bytes,
    keys: VerificationKeys | None,
    *,
    judge_pdf: JudgePdf,
    attached: Attached,
    now: datetime,
) -> VerificationReport:
    """Return what is found about a dossier, part by part; never raises because of ``content``.

    ``judge_pdf`` validates the PDF's signatures and ``attached`` lists its embedded files. Without ``keys`` the
    verdict is indeterminate at best. ``now`` is the verifier's clock.
    """
    examination = Examination()
    members = examination.check(
        "container",
        lambda: read_canonical(content),
        lambda read: f"{len(read)} members in the one canonical form, {len(content)} bytes",
    )
    _verify_keys(examination, keys)
    if members is None:
        return examination.report("a dossier that cannot be read")
    _verify_manifest(examination, members)
    history = verify_history(examination, members, now)
    checkpoint = verify_checkpoint(examination, members, keys)
    if history is None or checkpoint is None:
        examination.found("documents", Verdict.INDETERMINATE, "not examined: nothing says what they have to be")
        return examination.report(_subject(members))
    _verify_members(examination, members, history)
    leaf_indices = verify_proofs(examination, members, history, checkpoint)
    verify_files(examination, members, history)
    recorded = verify_recorded_report(examination, members, history)
    if (pdf := members.get(AGREEMENT_PDF)) is not None:
        judged = verify_marks(examination, pdf, keys, judge_pdf)
        if judged is not None:
            verify_signatories(examination, history, recorded, judged)
        verify_attachments(examination, pdf, history, attached)
    document = examination.attempt(
        "data", lambda: stated_document(member(members, data_name(history))), place=data_name(history)
    )
    openings = verify_openings(examination, members, history, document)
    if leaf_indices is None or recorded is None or document is None or openings is None:
        reason = "not examined: the evidence they are made from does not hold"
        examination.found("pages", Verdict.INDETERMINATE, reason, SUMMARY)
    else:
        record = Record(history, leaf_indices, checkpoint, document, recorded, openings.people, openings.remarks)
        _verify_pages(examination, members, record)
    return examination.report(f"dossier of {history.agreement}")


def verify_pdf(content: bytes, keys: VerificationKeys | None, *, judge_pdf: JudgePdf) -> VerificationReport:
    """Return what is found about a signed PDF without its dossier; never raises because of ``content``.

    It says who signed and sealed what, and nothing about requests, approvals and the archive.
    """
    examination = Examination()
    _verify_keys(examination, keys)
    verify_marks(examination, content, keys, judge_pdf)
    return examination.report(f"PDF with SHA-256 {digest_of(content)}")


def _verify_keys(examination: Examination, keys: VerificationKeys | None) -> None:
    if keys is None:
        reason = (
            "no keys were given: whoever wrote this file could have made all of it; get the keys from the organisation"
        )
        examination.found("keys", Verdict.INDETERMINATE, reason)
        return
    reason = f"verified with the keys of {keys.organisation}"
    if keys.demonstration:
        reason += ", which are DEMONSTRATION keys: this is a rehearsal and binds nobody"
    examination.found("keys", Verdict.VALID, reason)


def _verify_manifest(examination: Examination, members: Members) -> None:
    def read() -> Manifest:
        if (version := Version.model_validate_json(member(members, MANIFEST))) != Version():
            raise Invalid(
                "the format is not one this verifier knows",
                where=MANIFEST,
                got=f"{version.format}, version {version.version}",
                expected=f"{Version().format}, version {Version().version}",
                remedy="verify it with the Convenio that wrote it, or a newer one",
            )
        manifest = read_exact(Manifest, member(members, MANIFEST), where=MANIFEST)
        others = {name: content for name, content in members.items() if name != MANIFEST}
        listed, actual = {m.name: m for m in manifest.members}, manifest_of(manifest.agreement, others)
        for found in actual.members:
            if (said := listed.get(found.name)) is None:
                raise Invalid("a member is not in the manifest", where=found.name)
            if said != found:
                raise DigestMismatch(
                    "a member is not the one in the manifest", where=found.name, got=found.sha256, expected=said.sha256
                )
        if manifest != actual:
            missing = sorted(listed.keys() - others.keys())
            raise Invalid(
                "the manifest lists what is not there", where=MANIFEST, got=", ".join(missing) or "another order"
            )
        return manifest

    says = "{} members, each with the size and SHA-256 listed".format
    examination.check("manifest", read, lambda manifest: says(len(manifest.members)), place=MANIFEST)


def _verify_members(examination: Examination, members: Members, history: History) -> None:
    counters = range(len(history.entries))
    expected = {
        *history.files,
        *(entry_name(counter) for counter in counters),
        *(proof_name(counter) for counter in counters),
        *(MANIFEST, CHECKPOINT, RECEIPT, PEOPLE, REMARKS, SUMMARY, README),
    }

    def complete() -> set[str]:
        if missing := expected - members.keys():
            raise Invalid("a member is missing", where=min(missing), remedy="get the whole dossier again")
        if foreign := members.keys() - expected:
            raise Invalid("a member belongs to no entry", where=min(foreign))
        manifest = read_exact(Manifest, members[MANIFEST], where=MANIFEST)
        if manifest.agreement != history.agreement:
            raise Invalid(
                "the manifest names another agreement",
                where=MANIFEST,
                got=manifest.agreement,
                expected=history.agreement,
            )
        return expected

    examination.check("members", complete, lambda names: f"exactly the {len(names)} members the entries ask for")


def _verify_pages(examination: Examination, members: Members, record: Record) -> None:
    for name, write in ((SUMMARY, write_summary), (README, write_readme)):
        examination.check(
            name,
            lambda name=name, write=write: _as_written(member(members, name), write(record), name),
            lambda _: "says what the evidence says, byte for byte",
            place=name,
        )


def _as_written(content: bytes, expected: bytes, name: str) -> bytes:
    if content != expected:
        shared = zip(content, expected, strict=False)
        offset = next((n for n, (got, wanted) in enumerate(shared) if got != wanted), min(len(content), len(expected)))
        raise Invalid(
            "the page does not say what the evidence says",
            where=f"{name}, byte {offset}",
            got=content[offset : offset + 40].decode(errors="replace"),
            expected=expected[offset : offset + 40].decode(errors="replace"),
        )
    return content


def _subject(members: Members) -> str:
    return "dossier" if AGREEMENT_PDF in members else "a container that is no dossier"
