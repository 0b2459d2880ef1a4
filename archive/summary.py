"""The pages of a dossier for people, ``summary.html`` and ``README.txt``: made from the evidence, and nothing else.

Both are pure functions of a :class:`~archive.record.Record`, so that a verifier writes them again and compares.
They belong to format version 2: what they say for a record never changes again; another wording is another version.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from string import Template

from archive.narrative import WAYS, revision, sentence
from archive.record import Record
from schemas import events as ev
from schemas.documents import model_of
from schemas.evidence import DepositReceipt, Digest, SignatureKind, SignatureReport, Verdict, instant_text
from schemas.signature import LegalEffect

_KINDS = {
    SignatureKind.SIGNATURE: "Signature of a person",
    SignatureKind.SEAL: "Seal of the organisation",
    SignatureKind.TIMESTAMP: "Timestamp of an authority",
}
_VERDICTS = {
    Verdict.VALID: "Valid: every check that was made holds.",
    Verdict.INDETERMINATE: "Indeterminate: nothing contradicts, but something needed for trust was missing.",
    Verdict.INVALID: "Invalid: a check failed.",
}
_EFFECTS = {
    LegalEffect.SES: "simple electronic signature (SES)",
    LegalEffect.ADES: "advanced electronic signature (AdES)",
    LegalEffect.QES: "recorded as qualified electronic signature (QES)",
    LegalEffect.SCANNED: "copy of a paper original, no electronic signature of the person",
    LegalEffect.SEAL: "seal of the organisation, no signature of a person",
    LegalEffect.TIMESTAMP: "timestamp, no signature of a person",
}
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
{body}
</body>
</html>
"""


def write_summary(record: Record) -> bytes:
    """Return the summary as one self-contained HTML page in UTF-8: no script, nothing loaded from elsewhere."""
    title = f"{record.history.agreement} · {record.history.state.title}"
    sections = (_head, _verdict, _parties, _chain, _timeline, _signatures, _keeping, _files, _foot)
    body = "\n".join(section(record) for section in sections)
    style = Path(__file__).with_name("summary_v2.css").read_text("utf-8")
    return _PAGE.format(title=escape(title), style=style, body=body).encode()


def write_readme(record: Record, verifier: Digest) -> bytes:
    """Return the note for auditors as plain text in UTF-8; it names the standalone verifier by its SHA-256."""
    text = Path(__file__).with_name("readme_v2.txt").read_text("utf-8")
    state = record.history.state
    filled = Template(text).substitute(
        agreement=state.agreement, title=state.title, draft=state.draft, verifier=verifier
    )
    return filled.encode()


def _head(record: Record) -> str:
    history = record.history
    signed = f"signed by {len(history.signed)} of {len(history.state.signatories)}" if history.signed else "not signed"
    ways = Counter((WAYS[one.way], _EFFECTS[one.effect]) for one in history.signed)
    how = "<br>\n".join(escape(f"{count} {way}: {effect}", quote=False) for (way, effect), count in ways.items())
    return f"""<header>
<p class="above">{escape(model_of(record.document.type).kind)} · dossier</p>
<h1>{escape(history.state.title)}</h1>
<p class="quiet">{escape(history.agreement)}</p>
<p class="standing">Archived · draft {history.state.draft} · {signed} · {escape(history.concluded.level)}</p>
<p class="quiet">{how}</p>
</header>
<main>"""


def _verdict(record: Record) -> str:
    report, rehearsal = record.report, ""
    if any("demonstration" in mark.subject.lower() for mark in report.signatures):
        rehearsal = (
            '<div class="warning"><strong>Demonstration keys</strong>'
            "At least one certificate says that it is for demonstration. This is not a real agreement.</div>\n"
        )
    return f"""{rehearsal}<div class="verdict {report.verdict}">
<strong>{_VERDICTS[report.verdict]}</strong>
<p>So the last recorded validation of all signatures, seals and timestamps said; the document was concluded on
{_time(record.history.concluded_at)} UTC. This page retells the evidence beside it and proves nothing by itself.
README.txt says how to verify the evidence, with the organisation&rsquo;s public keys from outside this file.</p>
</div>"""


def _parties(record: Record) -> str:
    rows = []
    for party in record.document.parties:
        signing = [person for person in record.document.signatories if person.party == party.id]
        names = "<br>".join(f"{_text(person.name.value)}, {_text(person.position.value)}" for person in signing)
        rows.append((_text(party.legal_name.value), _text(party.short_name), _text(party.country.value), names))
    table = _table("As the approved data names them.", ("Party", "Called", "Country", "Signs for it"), rows)
    return f"<h2>Parties</h2>\n{table}"


def _chain(record: Record) -> str:
    counting = {event.pdf for event in record.history.signed}
    steps = [
        (entry, step)
        for entry in record.history.entries
        if (step := revision(entry.event, record.history.state.draft, record.document)) is not None
        and (not isinstance(entry.event, ev.Signed) or entry.event.pdf in counting)
    ]
    rows = [(_text(what), _time(entry.occurred_at), _code(digest)) for entry, (what, digest) in steps]
    table = _table(
        "Each file begins with all bytes of the one before; the archived file is the last one.",
        ("Step", "Time (UTC)", "SHA-256 of the PDF"),
        rows,
    )
    covers = record.history.state.approvals[0].covers
    sources = (
        ("Approved data", _code(covers.data)),
        ("Approved text (DOCX)", _code(covers.docx)),
        ("Template", _code(covers.template)),
        ("What it was made from", _code(covers.manifest)),
    )
    return f"<h2>Approved = signed = archived</h2>\n{table}\n{_facts(sources)}"


def _timeline(record: Record) -> str:
    by_delegate = record.history.by_delegate
    placed = zip(record.history.entries, record.leaf_indices, strict=True)
    rows = [
        (
            _time(entry.occurred_at),
            _text(sentence(entry.event, record.document, by_delegate=entry.counter in by_delegate))
            + _comment(entry.event, record),
            _actor(entry, record),
            str(entry.counter) + _quiet(f"leaf&#160;{leaf}"),
        )
        for entry, leaf in placed
    ]
    table = _table(
        "Every entry of this agreement in the ledger. Times are the organisation&rsquo;s own.",
        ("Time (UTC)", "What", "Who", "Entry"),
        rows,
    )
    return f"<h2>Timeline</h2>\n{table}"


def _comment(event: ev.Event, record: Record) -> str:
    if (remark := getattr(event, "remark", None)) is None:
        return ""
    opening = record.remarks.get(remark)
    return f"<blockquote>{_text(opening.text) if opening else _ERASED}</blockquote>"


_ERASED = '<span class="erased">erased</span>'


def _actor(entry: ev.Entry, record: Record) -> str:
    if entry.actor.person is None:
        return "the system"
    opening = record.people.get(entry.actor.person)
    name = f"<bdi>{escape(opening.name)}</bdi>, {_text(opening.email)}" if opening else _ERASED
    return f"{name}{_quiet(escape(str(entry.actor.role)))}"


def _signatures(record: Record) -> str:
    rows = [_signature(mark) for mark in record.report.signatures]
    columns = ("What", "Certificate", "Time (UTC)", "Found")
    policy = record.history.state.policy
    table = _table(
        f"As last recorded, in the order of the file. The policy asks for level {escape(policy.level)}.", columns, rows
    )
    return f"<h2>Signatures, seals, timestamps</h2>\n{table}"


def _signature(mark: SignatureReport) -> Sequence[str]:
    when = _time(mark.signed_at) if mark.signed_at else "not known"
    proof = "proven by a timestamp" if mark.timestamped else "claimed"
    # Whether a signature is qualified the trusted lists of the organisation said: it is recorded, not proven here.
    said = "recorded as" if mark.effect is LegalEffect.QES else "legally:"
    effect = f"; {said} {escape(mark.effect)}" if mark.effect else ""
    return (
        f"{_KINDS[mark.kind]}{_quiet(_text(mark.field) + effect)}",
        f"{_text(mark.subject)}<br>{_code(mark.certificate)}",
        f"{when}{_quiet(proof)}" if mark.signed_at else when,
        f"{mark.verdict}, {_text(mark.level)}{_quiet(_text(mark.reason))}",
    )


def _keeping(record: Record) -> str:
    head, state = record.checkpoint, record.history.state
    rows = [
        (
            _text(receipt.store),
            _code(receipt.key),
            _code(receipt.version) if receipt.version else "none",
            _held(receipt),
        )
        for receipt in record.history.receipts
    ]
    table = _table("Every deposit, the newest last.", ("Store", "Key", "Version", "Held"), rows)
    until = f"until {state.retention_until.isoformat()}" if state.retention_until else "not begun: no balance is paid"
    return f"""<h2>Where it is kept</h2>
{table}
{_facts([
    ("Retention", until + ("; a legal hold is in place" if state.held else "")),
    ("Size", f"{record.history.receipts[-1].size_bytes:,} bytes"),
    ("Ledger", _text(head.origin)),
    ("Entries in the ledger", f"{head.tree_size:,} when this dossier was made"),
    ("Root of its tree", _code(head.root)),
])}"""  # fmt: skip


def _held(receipt: DepositReceipt) -> str:
    if receipt.lock_mode is None:
        return "tamper-evident: a change is noticed, but no lock is proven"
    until = f" until {_time(receipt.retain_until)} UTC" if receipt.retain_until else ""
    return f"locked against change and deletion ({_text(receipt.lock_mode)}){until}"


def _files(record: Record) -> str:
    files = {**record.history.files, **record.enclosed}
    rows = [(_text(name), _code(digest)) for name, digest in sorted(files.items())]
    table = _table(
        "Files whose digests the ledger holds, itself or in a file that it names.", ("File", "SHA-256"), rows
    )
    return f"<h2>Files</h2>\n{table}"


def _foot(record: Record) -> str:
    missing = [*(p for p in record.history.people if p not in record.people),
               *(r for r in record.history.remarks if r not in record.remarks)]  # fmt: skip
    erased = (
        f"{len(missing)} of the names and comments are not in this dossier and are shown as <em>erased</em>. "
        if missing
        else ""
    )
    return f"""</main>
<footer>
<p>{erased}Not proven here: that anybody named had the power to sign, that the ledger shows everybody the same
history (a witness of the ledger&rsquo;s own administrator proves no more than the ledger&rsquo;s own key; the
organisation&rsquo;s public keys say who such a witness is), and that the ledger&rsquo;s times are right. README.txt
says more.</p>
</footer>"""


def _table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{column}</th>' for column in columns)
    lines = [
        "<tr>"
        + "".join(f'<td data-is="{column}">{cell}</td>' for column, cell in zip(columns, row, strict=True))
        + "</tr>"
        for row in rows
    ]
    body = "\n".join(lines)
    return f"<table>\n<caption>{caption}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def _facts(facts: Iterable[tuple[str, str]]) -> str:
    return "<dl>\n" + "\n".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts) + "\n</dl>"


def _text(text: str) -> str:
    return f"<bdi>{escape(text)}</bdi>"


def _quiet(html: str) -> str:
    """Return a line of lesser weight below what stands before."""
    return f'<br><span class="quiet">{html}</span>'


def _code(digest: Digest | str) -> str:
    return f"<code>{escape(digest)}</code>"


def _time(instant: datetime) -> str:
    """Seconds are shown; the full instant stands in the attribute."""
    shown = instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f'<time datetime="{instant_text(instant)}">{shown}</time>'
