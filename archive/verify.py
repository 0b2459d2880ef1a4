"""Verifies a dossier, or a signed PDF alone, offline and with keys from outside: every part gets a finding.

What binds what::

    keys (from outside) ── sign ──> checkpoint ── proofs ──> entries ── digests ──> drafts, agreement.pdf, reports,
         │                              └── checkpoint.tsr                          records of clicks and scans
         └── pinned certificates, trust roots ──> seals, signatures, timestamps in agreement.pdf, checkpoint.tsr
    records, seal reports ── digests ──> scans and their seals, ETSI reports
    entries, records ── commitments ──> people.json, remarks.json, openings.json
    all evidence ── written again and compared ──> summary.html, README.txt
    keys (from outside) ── sign ──> manifest.note ── SHA-256 ──> manifest.json ── SHA-256 ──> every other member
    container (canonical) ──> every byte
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from archive.bound import BOUND, Bound, bound_on
from archive.canonical_zip import read_canonical
from archive.dossier import (
    CHECKPOINT,
    MANIFEST,
    OPENINGS,
    PEOPLE,
    README,
    REMARKS,
    SUMMARY,
    TOKEN,
    Manifest,
    Version,
    data_name,
    entry_name,
    manifest_of,
    proof_name,
    receipt_name,
)
from archive.exact import exact_json, read_exact
from archive.examination import Examination
from archive.history import AGREEMENT_PDF, History
from archive.manifest_note import MANIFEST_NOTE, verify_manifest_note
from archive.record import Record, StatedDocument, stated_document
from archive.summary import write_readme, write_summary
from archive.verify_document import verify_enclosed, verify_files, verify_recorded_report
from archive.verify_ledger import (
    JudgeToken,
    member,
    verify_checkpoint,
    verify_history,
    verify_proofs,
    verify_token,
    verify_witnesses,
)
from archive.verify_marks import (
    Attached,
    JudgePdf,
    verify_attachments,
    verify_effects,
    verify_level,
    verify_marks,
    verify_signatories,
)
from archive.verify_openings import verify_openings
from archive.verify_scans import JudgeScan, verify_scans
from schemas.errors import DigestMismatch, Invalid
from schemas.evidence import Digest, Verdict, VerificationKeys, VerificationReport, digest_of

Members = Mapping[str, bytes]

_VERIFIER_LINE = re.compile(rb"^  ([0-9a-f]{64})$", re.MULTILINE)
"""How the README names the standalone verifier."""


def verify_dossier(
    content: bytes,
    keys: VerificationKeys | None,
    *,
    judge_pdf: JudgePdf,
    judge_token: JudgeToken,
    judge_scan: JudgeScan,
    attached: Attached,
    verifiers: Sequence[Digest],
    now: datetime,
) -> VerificationReport:
    """Return what is found about a dossier, part by part; never raises because of ``content``.

    ``judge_pdf`` validates the PDF's signatures, ``judge_token`` the timestamp of the checkpoint, ``judge_scan`` the
    seal over a scan, and ``attached`` lists the PDF's embedded files. ``verifiers`` are the SHA-256 of every standalone
    verifier this release knows: whether another that the README names is one, it cannot say. Without ``keys`` the
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
    manifest = _verify_manifest(examination, members)
    if manifest is not None:
        _verify_manifest_note(examination, members, manifest, keys)
    history = verify_history(examination, members, now)
    checkpoint = verify_checkpoint(examination, members, keys)
    if history is None or checkpoint is None:
        examination.found("documents", Verdict.INDETERMINATE, "not examined: nothing says what they have to be")
        return examination.report(_subject(members))
    verify_witnesses(examination, checkpoint, keys)
    verify_token(examination, members, checkpoint, keys, judge_token)
    enclosed = verify_enclosed(examination, members, history)
    if enclosed is not None:
        verify_scans(examination, members, history, keys, judge_scan)
    _verify_members(examination, members, history, enclosed or {})
    leaf_indices = verify_proofs(examination, members, history, checkpoint)
    verify_files(examination, members, history)
    recorded = verify_recorded_report(examination, members, history)
    if (pdf := members.get(AGREEMENT_PDF)) is not None:
        judged = verify_marks(examination, pdf, keys, judge_pdf)
        if judged is not None:
            verify_signatories(examination, history, recorded, judged)
            verify_level(examination, history, judged)
            verify_effects(examination, history, judged)
        verify_attachments(examination, pdf, history, attached)
    document = examination.attempt(
        "data", lambda: stated_document(member(members, data_name(history))), place=data_name(history)
    )
    if document is not None and BOUND in members:
        _verify_bound(examination, members, history, document)
    openings = verify_openings(examination, members, history, document)
    if leaf_indices is None or recorded is None or document is None or openings is None or enclosed is None:
        reason = "not examined: the evidence they are made from does not hold"
        examination.found("pages", Verdict.INDETERMINATE, reason, SUMMARY)
    else:
        record = Record(
            history, leaf_indices, checkpoint, document, recorded, openings.people, openings.remarks, enclosed
        )
        _verify_pages(examination, members, record, verifiers)
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


def _verify_manifest(examination: Examination, members: Members) -> Manifest | None:
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
        listed, actual = {m.name: m for m in manifest.members}, manifest_of(manifest.agreement, members)
        for found in actual.members:
            if (said := listed.get(found.name)) is None:
                raise Invalid("a member is not in the manifest", where=found.name)
            if said != found:
                raise DigestMismatch(
                    "a member is not the one in the manifest", where=found.name, got=found.sha256, expected=said.sha256
                )
        if manifest != actual:
            missing = sorted(listed.keys() - members.keys())
            raise Invalid(
                "the manifest lists what is not there", where=MANIFEST, got=", ".join(missing) or "another order"
            )
        return manifest

    says = "{} members, each with the size and SHA-256 listed".format
    return examination.check("manifest", read, lambda manifest: says(len(manifest.members)), place=MANIFEST)


def _verify_manifest_note(
    examination: Examination, members: Members, manifest: Manifest, keys: VerificationKeys | None
) -> None:
    if keys is None:
        reason = "no keys were given to check who signed the dossier as a whole"
        examination.found("manifest note", Verdict.INDETERMINATE, reason, MANIFEST_NOTE)
        return

    def signed() -> str:
        on = read_exact(Bound, members[BOUND], where=BOUND).on if BOUND in members else None
        note, agreement = member(members, MANIFEST_NOTE).decode(), manifest.agreement
        return verify_manifest_note(note, keys.ledger, agreement=agreement, on=on, manifest=members[MANIFEST])

    examination.check(
        "manifest note",
        signed,
        lambda origin: f"every member is what {keys.organisation} handed out, signed by its ledger key ({origin})",
        place=MANIFEST_NOTE,
    )


def _verify_members(
    examination: Examination, members: Members, history: History, enclosed: Mapping[str, Digest]
) -> None:
    counters = range(len(history.entries))
    expected = {
        *history.files,
        *(entry_name(counter) for counter in counters),
        *(proof_name(counter) for counter in counters),
        *(receipt_name(number) for number in range(len(history.receipts))),
        *enclosed,
        *((BOUND,) if BOUND in members else ()),
        *(MANIFEST, MANIFEST_NOTE, CHECKPOINT, TOKEN, PEOPLE, REMARKS, OPENINGS, SUMMARY, README),
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


def _verify_pages(examination: Examination, members: Members, record: Record, verifiers: Sequence[Digest]) -> None:
    readme = member(members, README) if README in members else b""
    found = _VERIFIER_LINE.search(readme)
    named = found[1].decode() if found else verifiers[0]
    if named not in verifiers:
        reason = f"names a verifier this release does not know: SHA-256 {named}; ask the organisation for its digest"
        examination.found("verifier", Verdict.INDETERMINATE, reason, README)
    for name, written in ((SUMMARY, write_summary(record)), (README, write_readme(record, named))):
        examination.check(
            name,
            lambda name=name, written=written: _as_written(member(members, name), written, name),
            lambda _: "says what the evidence says, byte for byte",
            place=name,
        )


def _verify_bound(examination: Examination, members: Members, history: History, document: StatedDocument) -> None:
    def told_again() -> Bound:
        said = read_exact(Bound, members[BOUND], where=BOUND)
        overtaken_by = (*said.changed_by, *said.ended_by)
        told = bound_on(history, document, on=said.on, until=said.until, overtaken_by=overtaken_by)
        if told != said:
            raise Invalid(
                "it says something else than the entries up to that day",
                where=BOUND,
                got=exact_json(said)[:400].decode(),
                expected=exact_json(told)[:400].decode(),
            )
        return said

    def says(told: Bound) -> str:
        signed = sum(one.signed_at is not None for one in told.signatories)
        standing = "bound its parties" if told.bound else f"is not said to have bound its parties ({told.stage})"
        term = {True: "its term covers that day", False: "its term does not cover that day", None: "it states no term"}
        changed, ended = (
            ", ".join(f"{one.agreement} ({one.document_type})" for one in some) or "nothing"
            for some in (told.changed_by, told.ended_by)
        )
        return (
            f"at the end of {told.on.isoformat()} it {standing}: {signed} of {len(told.signatories)} had signed; "
            f"{term[told.in_force]}; changed by {changed}, ended by {ended}, as the organisation says"
        )

    examination.check("bound", told_again, says, place=BOUND)


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
