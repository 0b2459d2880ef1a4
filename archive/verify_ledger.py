"""What the ledger says in a dossier: entries, the history they tell, the checkpoint, and the proofs between them."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping
from datetime import datetime, timedelta

from archive.checkpoint import open_checkpoint, parse_checkpoint
from archive.cosignature import Cosignature, open_cosignatures
from archive.dossier import CHECKPOINT, TOKEN, entry_name, proof_name
from archive.exact import read_exact
from archive.examination import Examination
from archive.history import History, history_of
from archive.merkle import Inclusion, leaf_hash, verify_inclusion
from archive.tlog_proof import read_proof, write_proof
from schemas.errors import ConvenioError, Invalid
from schemas.events import Entry
from schemas.evidence import Checkpoint, SignatureReport, Verdict, VerificationKeys, instant_text

JudgeToken = Callable[[bytes, bytes, VerificationKeys | None], SignatureReport]
"""Validates an RFC 3161 token over bytes, against the keys given or without any; raises where it does not hold."""

CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far the ledger's clock may be ahead of the verifier's."""

_ENTRY = re.compile(r"entries/(0|[1-9][0-9]{0,8})\.json")


def member(members: Mapping[str, bytes], name: str) -> bytes:
    """Return the content of member ``name``; raises :class:`Invalid` where it is missing."""
    if name not in members:
        raise Invalid("a member is missing", where=name, remedy="get the whole dossier again")
    return members[name]


def verify_history(examination: Examination, members: Mapping[str, bytes], now: datetime) -> History | None:
    """Examine entries and what they amount to; return the history if it is one."""
    entries = examination.check(
        "entries",
        lambda: read_entries(members),
        lambda read: f"{len(read)} entries in canonical form, counted from 0 without gap",
        place="entries/",
    )
    if entries is None:
        return None
    history = examination.check(
        "history",
        lambda: history_of(entries),
        lambda told: f"{told.agreement} went from request to archive by permitted steps only",
        place="entries/",
    )
    latest = max(entries, key=lambda entry: entry.occurred_at)
    if latest.occurred_at > now + CLOCK_TOLERANCE:
        said = f"entry {latest.counter} is of {instant_text(latest.occurred_at)}; here it is {instant_text(now)}"
        reason = f"the ledger or this machine has a wrong clock: {said}"
        examination.found("times", Verdict.INDETERMINATE, reason, entry_name(latest.counter))
    return history


def read_entries(members: Mapping[str, bytes]) -> tuple[Entry, ...]:
    """Return the entries of a dossier in order; raises :class:`Invalid` where one is missing, displaced or altered."""
    counters = sorted(int(match[1]) for name in members if (match := _ENTRY.fullmatch(name)))
    for expected, counter in enumerate(counters):
        if counter != expected:
            raise Invalid("an entry is missing", where=entry_name(expected), got=f"entry {counter} next")
    if not counters:
        raise Invalid("there are no entries", where="entries/")
    entries = tuple(read_exact(Entry, members[entry_name(n)], where=entry_name(n)) for n in counters)
    for counter, entry in enumerate(entries):
        if entry.counter != counter:
            raise Invalid(
                "an entry stands in another's place",
                where=entry_name(counter),
                got=f"entry {entry.counter}",
                expected=f"entry {counter}",
            )
    return entries


def verify_checkpoint(
    examination: Examination, members: Mapping[str, bytes], keys: VerificationKeys | None
) -> Checkpoint | None:
    """Examine who signed the checkpoint; return what it says even where nobody known vouches for it."""
    stated = examination.attempt(
        "checkpoint", lambda: parse_checkpoint(member(members, CHECKPOINT).decode()), place=CHECKPOINT
    )
    if stated is None:
        return None
    says = f"{stated.tree_size} entries, root {stated.root[:12]}…"
    if keys is None:
        reason = f"no keys were given to check the signature of {stated.origin}; it states {says}"
        examination.found("checkpoint", Verdict.INDETERMINATE, reason, CHECKPOINT)
    else:
        signed = examination.check(
            "checkpoint",
            lambda: _signed(stated, keys),
            lambda signed: f"signed by the ledger key of {keys.organisation} ({signed.origin}): {says}",
            place=CHECKPOINT,
        )
        return signed or stated
    return stated


def verify_witnesses(examination: Examination, checkpoint: Checkpoint, keys: VerificationKeys | None) -> None:
    """Examine the co-signatures of every witness that is pinned; other signature lines are nobody's word."""
    if keys is None or not keys.witnesses:
        return
    names = {witness.key.split("+", 1)[0] for witness in keys.witnesses}
    own = {witness.key.split("+", 1)[0] for witness in keys.witnesses if witness.same_administrator}
    found = examination.attempt(
        "witnesses",
        lambda: open_cosignatures(checkpoint.note, [witness.key for witness in keys.witnesses]),
        place=CHECKPOINT,
    )
    if found is None:
        return
    if missing := sorted(names - {one.name for one in found}):
        reason = f"not co-signed by {', '.join(missing)}, so that nobody else saw this ledger grow to this size"
        examination.found("witnesses", Verdict.INDETERMINATE, reason, CHECKPOINT)
    else:
        seen = "; ".join(_seen(one, own) for one in found)
        examination.found("witnesses", Verdict.VALID, f"co-signed by {seen}", CHECKPOINT)


def _seen(found: Cosignature, own: Container[str]) -> str:
    seen = f"{found.name} at {instant_text(found.at)}"
    same = ", of the same administrator: proves no more than the ledger's own key"
    return seen + same if found.name in own else seen


def verify_token(
    examination: Examination,
    members: Mapping[str, bytes],
    checkpoint: Checkpoint,
    keys: VerificationKeys | None,
    judge_token: JudgeToken,
) -> None:
    """Examine the RFC 3161 token over the checkpoint: it proves that every entry existed by then."""
    report = examination.attempt(
        "checkpoint time",
        lambda: judge_token(member(members, TOKEN), checkpoint.note.encode(), keys),
        place=TOKEN,
    )
    if report is not None:
        at = instant_text(report.signed_at) if report.signed_at else "an unknown time"
        reason = f"every entry existed by {at}, says {report.subject}: {report.reason}"
        examination.found("checkpoint time", report.verdict, reason, TOKEN, report.sub_indication)


def verify_proofs(
    examination: Examination, members: Mapping[str, bytes], history: History, checkpoint: Checkpoint
) -> tuple[int, ...] | None:
    """Examine that every entry stands under the checkpoint; return their leaf indices."""
    proven = examination.check(
        "inclusion proofs",
        lambda: _prove(members, history, checkpoint),
        lambda found: f"{len(found)} proofs (C2SP tlog-proof) lead to the root of the checkpoint",
        place="proofs/",
    )
    return None if proven is None else tuple(inclusion.leaf_index for inclusion in proven)


def _signed(stated: Checkpoint, keys: VerificationKeys) -> Checkpoint:
    try:
        return open_checkpoint(stated.note, keys.ledger)
    except ConvenioError as cause:
        raise Invalid(
            f"the checkpoint is not signed by the keys given, of {keys.organisation}: {cause.what}",
            where=CHECKPOINT,
            got=cause.got,
            expected=cause.expected,
        ) from cause


def _prove(members: Mapping[str, bytes], history: History, checkpoint: Checkpoint) -> tuple[Inclusion, ...]:
    proven: list[Inclusion] = []
    for counter in range(len(history.entries)):
        name = proof_name(counter)
        stated = read_proof(member(members, name), where=name)
        proof = stated.proof
        if stated.checkpoint.note != checkpoint.note:
            raise Invalid(
                "the proof belongs to another checkpoint",
                where=name,
                got=f"{proof.tree_size} leaves, root {stated.checkpoint.root}",
                expected=f"{checkpoint.tree_size} leaves, root {checkpoint.root}",
            )
        if write_proof(proof, checkpoint) != members[name]:
            raise Invalid("the proof is not in its one form", where=name, expected="nothing but index, hashes, note")
        hashed = leaf_hash(members[entry_name(counter)])
        try:
            inclusion = verify_inclusion(proof, leaf_hash=hashed, root=bytes.fromhex(checkpoint.root))
        except Invalid as cause:
            raise Invalid(
                f"{entry_name(counter)} is not in the ledger: {cause.what}",
                where=name,
                got=cause.got,
                expected=cause.expected,
            ) from cause
        if proven and inclusion.leaf_index <= proven[-1].leaf_index:
            raise Invalid(
                "the entries stand in another order in the ledger",
                where=name,
                got=f"leaf {inclusion.leaf_index}",
                expected=f"after leaf {proven[-1].leaf_index}",
            )
        proven.append(inclusion)
    return tuple(proven)
