"""One complete agreement in memory: real tree, real checkpoint key, real digests, and a PDF that stands in for one.

The stand-in keeps what a dossier relies on: each revision extends the one before and ends in ``%%EOF``; a mark
carries the digest of all bytes before it, so that its judge notices any change; attachments lie inside.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType

from archive.checkpoint import CheckpointKey, sign_checkpoint
from archive.dossier import DossierContents, ProvenEntry
from archive.exact import exact_json
from archive.merkle import Tree, leaf_hash
from archive.record import AddressOpening, PersonOpening, RemarkOpening
from schemas import events as ev
from schemas.errors import Invalid
from schemas.evidence import (
    DepositReceipt,
    EtsiReport,
    SealReport,
    SignatoryId,
    SignatureKind,
    SignatureReport,
    Verdict,
    VerificationKeys,
    canonical_json,
    digest_of,
    worst,
)
from schemas.manifest import DraftManifest, TemplateUse
from schemas.people import SYSTEM, Actor, Role
from schemas.records import ClickRecord, PaperRecord
from schemas.retention import last_day
from schemas.signature import LegalEffect, SigningWay

START = datetime(2026, 4, 27, 8, 0, tzinfo=UTC)
NOW = START + timedelta(days=30)
AGREEMENT = "MOU-2026-0001"
LEVEL = "B-LTA"
KEY = CheckpointKey.create("convenio.example/ledger")
SEAL = digest_of(b"certificate of the seal")
TIMESTAMP = digest_of(b"certificate of the timestamp authority")
VERIFIER = digest_of(b"the standalone verifier")
OLDER_VERIFIER = digest_of(b"the standalone verifier of a release before")
SIGNATORIES = (SignatoryId("gssc"), SignatoryId("ccvcc"))

KEYS = VerificationKeys(
    organisation="Green Small Smart Cities",
    ledger=KEY.verifier_key,
    trust_roots=("-----BEGIN CERTIFICATE-----",),
    seal_certificates=(SEAL,),
)


def person(email: str, name: str) -> PersonOpening:
    return PersonOpening(email=email, name=name, salt=digest_of(f"salt of {email}".encode()))


MANAGER = person("alba@gssc.example", "Alba Manager")
REVIEWER = person("lenka@gssc.example", "Lenka Žižková")
OTHER_REVIEWER = person("petr@gssc.example", "Petr Reviewer")
SIGNERS = {
    "gssc": person("gssc@signatory.example", "Signatory for the GSSC partnership"),
    "ccvcc": person("ccvcc@signatory.example", "Signatory for the chamber"),
}
DELEGATE = person("delegate@signatory.example", "Delegate of the GSSC partnership")
REASON = RemarkOpening(text="As the board decided.", salt=digest_of(b"reason"))
REMARK = RemarkOpening(text="Clause 3 names no day.\nPlease <b>add</b> one & return it.", salt=digest_of(b"remark"))


CONFIRMATION = {"at": "2026-04-27T08:51:00.000000Z", "basis": "The chair said so on the telephone."}


def data_of(draft: int) -> bytes:
    """Data of a draft as far as dossiers look at it, with fields they pass over; draft 2 confirms two facts."""
    position = {"value": "Chair", "status": "assumed", "source": "A guess", "confirmation": None}
    if draft > 1:
        position |= {"status": "confirmed", "confirmation": CONFIRMATION}
    return canonical_json(
        {
            "type": "mou",
            "title": "Memorandum of Understanding on green and smart solutions for small cities",
            "notice_days": 30,
            "parties": [
                {
                    "id": "gssc",
                    "short_name": "GSSC",
                    "legal_name": {"value": "Nanoprogress, z.s.", "status": "stated"},
                    "country": {"value": "CZ", "status": "stated"},
                },
                {
                    "id": "ccvcc",
                    "short_name": "the Chamber",
                    "legal_name": {"value": "Česko-kapverdská obchodní komora", "status": "stated"},
                    "country": {"value": "CZ", "status": "stated"},
                },
            ],
            "signatories": [
                {
                    "id": name,
                    "party": name,
                    "name": {"value": SIGNERS[name].name, "status": "stated"},
                    "position": position,
                    "email": SIGNERS[name].email,
                }
                for name in SIGNATORIES
            ],
        }
    )


TEMPLATE = b"PK stand-in for the template"


def covered(draft: int) -> ev.Covered:
    return ev.Covered(
        data=digest_of(data_of(draft)),
        template=digest_of(TEMPLATE),
        manifest=digest_of(manifest_of_draft(draft)),
        docx=digest_of(docx_of(draft)),
        pdf=digest_of(pdf_of(draft)),
    )


def manifest_of_draft(draft: int) -> bytes:
    manifest = DraftManifest(
        agreement=AGREEMENT,
        draft=draft,
        document_type="mou",
        data=digest_of(data_of(draft)),
        template=TemplateUse(id="mou", version=1, edition="en", sha256=digest_of(TEMPLATE)),
        clauses=(),
        docx=digest_of(docx_of(draft)),
    )
    return exact_json(manifest)


def docx_of(draft: int) -> bytes:
    return b"PK stand-in for the DOCX of draft %d" % draft


def pdf_of(draft: int) -> bytes:
    return b"%%PDF-1.7\n%% stand-in for the pages of draft %d\n%%%%EOF\n" % draft


def attach(pdf: bytes, files: dict[str, bytes]) -> bytes:
    lines = (b"%%attached %s %s\n" % (name.encode(), base64.b64encode(content)) for name, content in files.items())
    return pdf + b"".join(lines)


def mark(
    pdf: bytes,
    name: str,
    kind: SignatureKind,
    certificate: str,
    *,
    subject: str = "Convenio",
    effect: str | None = None,
    evidence: str | None = None,
) -> bytes:
    """A revision with one mark that vouches for all bytes before it."""
    said = {"field": name, "kind": kind, "certificate": certificate, "subject": subject, "over": digest_of(pdf)}
    said |= {"effect": effect, "evidence": evidence}
    return pdf + b"%mark " + canonical_json(said) + b"\n%%EOF\n"


def judge_pdf(pdf: bytes, keys: VerificationKeys | None) -> SealReport:
    """The judge of stand-in PDFs: every mark's digest is checked, and whether anything follows the last."""
    marks, position, end = [], 0, 0
    for line in pdf.splitlines(keepends=True):
        if line.startswith(b"%mark "):
            said = json.loads(line[6:])
            holds = digest_of(pdf[:position]) == said.pop("over")
            verdict = Verdict.INVALID if not holds else Verdict.VALID if keys else Verdict.INDETERMINATE
            said["reason"] = "the bytes before it are unchanged" if holds else "the bytes before it were changed"
            marks.append(SignatureReport(**said, verdict=verdict, signed_at=START, timestamped=True, level=LEVEL))
            end = position + len(line) + len(b"%%EOF\n")
        position += len(line)
    if not marks or end != len(pdf):
        raise Invalid("bytes follow the last mark", where=f"byte {end}")
    verdict = worst([found.verdict for found in marks])
    return SealReport(pdf=digest_of(pdf), verdict=verdict, level=LEVEL, signatures=tuple(marks), findings=())


def token_over(note: bytes) -> bytes:
    return b"token over " + digest_of(note).encode()


def judge_token(token: bytes, data: bytes, keys: VerificationKeys | None) -> SignatureReport:
    """The judge of stand-in tokens."""
    if token != token_over(data):
        raise Invalid("the timestamp is over other bytes")
    return SignatureReport(
        field="checkpoint", kind=SignatureKind.TIMESTAMP, certificate=TIMESTAMP, subject="A timestamp authority",
        verdict=Verdict.VALID if keys else Verdict.INDETERMINATE, signed_at=NOW, timestamped=True, level="RFC 3161",
        reason="over the checkpoint",
    )  # fmt: skip


def judge_scan(scan: bytes, seal: bytes, keys: VerificationKeys | None) -> SignatureReport:
    """The judge of stand-in seals over scans."""
    if (scan, seal) != (SCAN, SCAN_SEAL):
        raise Invalid("the seal is over another file")
    return SignatureReport(
        field="scan", kind=SignatureKind.SEAL, certificate=SEAL, subject="Convenio",
        verdict=Verdict.VALID if keys else Verdict.INDETERMINATE, signed_at=NOW, timestamped=True, level="B-T",
        reason="over the scan",
    )  # fmt: skip


def attached(pdf: bytes) -> dict[str, bytes]:
    lines = (line.split() for line in pdf.splitlines() if line.startswith(b"%attached "))
    return {name.decode(): base64.b64decode(content) for _, name, content in lines}


@dataclass
class Story:
    """Appends entries to a growing log, other agreements' leaves between them, and keeps every object."""

    leaves: list[bytes] = field(default_factory=lambda: [b"another agreement's leaf"] * 5)
    entries: list[tuple[int, ev.Entry]] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)

    def keep(self, content: bytes) -> str:
        self.objects[digest_of(content)] = content
        return digest_of(content)

    def append(self, event: ev.Event, actor: Actor = SYSTEM) -> None:
        counter = len(self.entries)
        entry = ev.Entry(
            op_id=digest_of(f"{AGREEMENT} {counter}".encode()),
            agreement=AGREEMENT,
            counter=counter,
            occurred_at=START + timedelta(minutes=17 * counter),
            actor=actor,
            event=event,
        )
        self.entries.append((len(self.leaves), entry))
        self.leaves += [exact_json(entry), hashlib.sha256(entry.op_id.encode()).digest()]

    def draft(self, draft: int) -> None:
        for content in (data_of(draft), manifest_of_draft(draft), docx_of(draft), pdf_of(draft), TEMPLATE):
            self.keep(content)
        self.append(ev.Drafted(draft=draft, content=covered(draft)))

    def contents(self, key: CheckpointKey = KEY) -> DossierContents:
        tree = Tree([leaf_hash(leaf) for leaf in self.leaves])
        checkpoint = sign_checkpoint(key, tree_size=tree.size, root=tree.root())
        return DossierContents(
            entries=tuple(ProvenEntry(entry, tree.inclusion(index, tree.size)) for index, entry in self.entries),
            checkpoint=checkpoint,
            token=token_over(checkpoint.note.encode()),
            objects=self.objects,
            people=(MANAGER, REVIEWER, OTHER_REVIEWER, DELEGATE, *SIGNERS.values()),
            remarks=(REMARK, REASON, RemarkOpening(text="of another agreement", salt=digest_of(b"other"))),
            verifier=VERIFIER,
            sign=key.sign,
        )


def act(role: Role, who: PersonOpening) -> Actor:
    return Actor(role=role, person=who.commitment)


def proposal(draft: int) -> dict[str, object]:
    return {
        "title": "A memorandum",
        "data": digest_of(data_of(draft)),
        "signatories": SIGNATORIES,
        "offices": (ev.Office.LEGAL,),
        "template": digest_of(TEMPLATE),
        "open_facts": ("signatories[0].position", "signatories[1].position") if draft == 1 else (),
    }


def reviewed() -> Story:
    """Draft 1 returned with a comment, draft 2 approved."""
    story, manager, reviewer = Story(), act(Role.MANAGER, MANAGER), act(Role.REVIEWER, REVIEWER)
    story.append(ev.Requested(document_type="mou", template_version=1, **proposal(1)), manager)
    story.draft(1)
    story.append(ev.Returned(draft=1, covers=covered(1), remark=REMARK.commitment), reviewer)
    story.append(ev.Revised(draft=2, reason=ev.RevisionReason.CONFIRMED, **proposal(2)), manager)
    story.draft(2)
    story.append(ev.Approved(draft=2, office=ev.Office.LEGAL, covers=covered(2)), reviewer)
    return story


def complete(
    *,
    between: Callable[[bytes], bytes] = lambda pdf: pdf,
    attach_of: int = 2,
    order: Iterable[str] = SIGNATORIES,
    signer: dict[str, PersonOpening] = SIGNERS,
    report_says: Mapping[str, object] = MappingProxyType({}),
    receipt_adds: int = 0,
    subject: str = "Convenio",
    level: str = LEVEL,
) -> Story:
    """The whole way to the archive; the arguments bend it: a step between signatures, other attachments, and so on."""
    story, pdf = prepared(attach_of=attach_of, subject=subject)
    for name, certified in zip(SIGNATORIES, order, strict=True):
        pdf = signed(story, pdf, name, certified=certified, by=signer[name])
    said = {"report_says": report_says, "receipt_adds": receipt_adds, "subject": subject, "level": level}
    conclude(story, between(pdf), base=digest_of(pdf), **said)
    return story


def prepared(*, attach_of: int = 2, subject: str = "Convenio") -> tuple[Story, bytes]:
    """The story up to the opening seal, and the file."""
    story, approved = reviewed(), pdf_of(2)
    pdf = attach(approved, {"data.json": data_of(attach_of), "draft.docx": docx_of(attach_of)})
    pdf = mark(pdf, "seal:opening", SignatureKind.SEAL, SEAL, subject=subject)
    story.append(ev.Prepared(draft=2, base=digest_of(approved), pdf=digest_of(pdf)))
    return story, pdf


def signed(
    story: Story,
    pdf: bytes,
    name: SignatoryId,
    *,
    certified: str | None = None,
    by: PersonOpening | None = None,
    effect: LegalEffect = LegalEffect.ADES,
) -> bytes:
    """Invite ``name`` and let ``by`` sign; ``certified`` is whose certificate and field the mark bears."""
    certified = certified or name
    story.append(ev.Invited(signatory=name, pdf=digest_of(pdf)))
    base, certificate = digest_of(pdf), digest_of(f"certificate of {name}".encode())
    marked = digest_of(f"certificate of {certified}".encode())
    pdf = mark(pdf, f"signatory:{certified}", SignatureKind.SIGNATURE, marked, subject=str(certified))
    event = ev.Signed(signatory=name, base=base, pdf=digest_of(pdf), certificate=certificate, effect=effect)
    story.append(event, act(Role.SIGNATORY, by or SIGNERS[name]))
    return pdf


def clicked(story: Story, pdf: bytes, name: SignatoryId, address: AddressOpening) -> bytes:
    """Invite ``name`` and let them click a link that was sent to ``address``."""
    story.append(ev.Invited(signatory=name, pdf=digest_of(pdf)))
    base = digest_of(pdf)
    shown = next(entry.event.pdf for _, entry in story.entries if isinstance(entry.event, ev.Prepared))
    record = ClickRecord(
        agreement=AGREEMENT, draft=2, signatory=name, base=base, person=SIGNERS[name].commitment,
        link_bound_to=shown, shown="I agree.", address=address.commitment, network=None, channel="command line",
        link_valid_until=NOW, code_valid_until=NOW, agreed_at=START,
    )  # fmt: skip
    kept = story.keep(record.canonical)
    pdf = mark(pdf, f"signatory:{name}", SignatureKind.SEAL, SEAL, effect="SES", evidence=kept)
    event = ev.Signed(
        signatory=name, base=base, pdf=digest_of(pdf), certificate=SEAL,
        way=SigningWay.CLICK, effect=LegalEffect.SES, evidence=kept,
    )  # fmt: skip
    story.append(event, act(Role.SIGNATORY, SIGNERS[name]))
    return pdf


def conclude(
    story: Story,
    pdf: bytes,
    *,
    base: str,
    report_says: Mapping[str, object] = MappingProxyType({}),
    receipt_adds: int = 0,
    subject: str = "Convenio",
    level: str = LEVEL,
) -> bytes:
    """Closing seal, timestamp, validation with an ETSI report on each field, deposit; return the file."""
    pdf = mark(pdf, "seal:closing", SignatureKind.SEAL, SEAL, subject=subject)
    pdf = mark(pdf, "timestamp:closing", SignatureKind.TIMESTAMP, TIMESTAMP, subject="A timestamp authority")
    report = validated(story, pdf).model_copy(update=report_says)
    story.append(ev.Concluded(base=base, pdf=story.keep(pdf), report=story.keep(exact_json(report)), level=level))
    story.append(ev.Deposited(receipt=receipt_of(pdf, adds=receipt_adds)))
    return pdf


def validated(story: Story, pdf: bytes) -> SealReport:
    report = judge_pdf(pdf, KEYS)
    kept = (
        EtsiReport(field=found.field, sha256=story.keep(f"<ValidationReport>{found.field}</ValidationReport>".encode()))
        for found in report.signatures
    )
    return report.model_copy(update={"etsi_reports": tuple(kept)})


def receipt_of(pdf: bytes, *, adds: int = 0) -> DepositReceipt:
    key = f"agreements/v1/{AGREEMENT}/{digest_of(pdf)}.pdf"
    return DepositReceipt(store="directory", key=key, sha256=digest_of(pdf), size_bytes=len(pdf) + adds)


AUTHORITY, SCAN, SCAN_SEAL = b"%PDF stand-in for a power of attorney", b"%PDF stand-in for a scan", b"CMS over the scan"


def eventful(*, record_says: Mapping[str, object] = MappingProxyType({}), names_record: bool = True) -> Story:
    """A delegate signs for the first signatory, the second signs on paper; then retention, a hold, and a renewal."""
    story, pdf = prepared()
    prepared_pdf = digest_of(pdf)
    first, second = SIGNATORIES
    reviewer = act(Role.REVIEWER, REVIEWER)
    delegation = {"signatory": first, "delegate": DELEGATE.commitment, "authority": story.keep(AUTHORITY)}
    story.append(ev.Delegated(**delegation, remark=REASON.commitment), act(Role.SIGNATORY, SIGNERS[first]))
    story.append(ev.DelegationConfirmed(**delegation), reviewer)
    pdf = signed(story, pdf, first, by=DELEGATE)
    story.append(ev.Invited(signatory=second, pdf=digest_of(pdf)))
    record = PaperRecord(
        agreement=AGREEMENT, draft=2, signatory=second, base=digest_of(pdf), person=REVIEWER.commitment,
        scan=story.keep(SCAN), extension="pdf", size_bytes=len(SCAN), seal=story.keep(SCAN_SEAL),
        compared_with=prepared_pdf, compared_at=START,
    ).model_copy(update=record_says)  # fmt: skip
    kept, base = story.keep(record.canonical), digest_of(pdf)
    named = kept if names_record else None
    pdf = mark(pdf, f"signatory:{second}", SignatureKind.SEAL, SEAL, effect="scanned", evidence=named)
    event = ev.Signed(
        signatory=second, base=base, pdf=digest_of(pdf), certificate=SEAL,
        way=SigningWay.PAPER, effect=LegalEffect.SCANNED, evidence=kept,
    )  # fmt: skip
    story.append(event, reviewer)
    pdf = conclude(story, pdf, base=digest_of(pdf))
    until = last_day(date(2026, 5, 4), small_grant=False)
    paid = ev.BalancePaid(paid_on=date(2026, 5, 4), small_grant=False, until=until, remark=REASON.commitment)
    story.append(paid, act(Role.MANAGER, MANAGER))
    story.append(ev.HoldPlaced(remark=REASON.commitment), reviewer)
    renewed = mark(pdf, "timestamp:1", SignatureKind.TIMESTAMP, TIMESTAMP, subject="A timestamp authority")
    event = ev.Renewed(
        base=digest_of(pdf), pdf=story.keep(renewed), report=story.keep(exact_json(validated(story, renewed))),
        level=LEVEL, receipt=receipt_of(renewed),
    )  # fmt: skip
    story.append(event)
    return story


def without_entry(contents: DossierContents, counter: int) -> DossierContents:
    return replace(contents, entries=[proven for proven in contents.entries if proven.entry.counter != counter])
