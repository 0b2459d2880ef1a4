from __future__ import annotations

import json
from datetime import timedelta

import pytest

from archive.canonical_zip import read_canonical
from archive.checkpoint import CheckpointKey
from archive.cosignature import CosignerKey
from archive.dossier import build_dossier
from schemas.evidence import Verdict, WitnessKey, canonical_json
from tests.archive.complete_history import (
    KEYS,
    OTHER_REVIEWER,
    START,
    complete,
    token_over,
)
from tests.archive.verifying import faults, refused, rewritten, verify

OTHER_KEY = CheckpointKey.create("other.example/ledger")


@pytest.fixture(scope="module")
def dossier():
    return build_dossier(complete().contents())


@pytest.fixture(scope="module")
def members(dossier):
    return read_canonical(dossier)


def test_another_key_under_the_same_ledger_name_makes_it_invalid(dossier):
    impostor = CheckpointKey.create("convenio.example/ledger")
    keys = KEYS.model_copy(update={"ledger": impostor.verifier_key})
    refused(verify(dossier, keys), "checkpoint", "the checkpoint is not signed by the keys given", "checkpoint")


def test_a_clock_before_the_last_entry_is_indeterminate(dossier):
    report = verify(dossier, now=START)
    assert report.verdict is Verdict.INDETERMINATE
    assert "wrong clock" in faults(report)["times"].reason


def test_the_clock_may_differ_by_minutes(dossier):
    assert verify(dossier, now=START + timedelta(minutes=17 * 12 - 4)).verdict is Verdict.VALID


def entry_of(members, kind):
    """Counter and content of the last entry of one type."""
    numbered = ((n, json.loads(members[f"entries/{n}.json"])) for n in range(13))
    return [(n, entry) for n, entry in numbered if entry["event"]["type"] == kind][-1]


def test_an_approval_by_another_reviewer_is_refused(members):
    counter, entry = entry_of(members, "approved")
    entry["actor"]["person"] = OTHER_REVIEWER.commitment
    people = json.loads(members["people.json"]) | {OTHER_REVIEWER.commitment: OTHER_REVIEWER.model_dump()}
    name = f"entries/{counter}.json"
    changed = rewritten(members, **{name: canonical_json(entry), "people.json": canonical_json(people)})
    refused(verify(changed), "inclusion proofs", f"{name} is not in the ledger", f"proofs/{counter}.tlog-proof")


def test_a_changed_time_is_refused(members):
    counter, entry = entry_of(members, "signed")
    entry["occurred_at"] = "2026-04-01T00:00:00.000000Z"
    changed = rewritten(members, **{f"entries/{counter}.json": canonical_json(entry)})
    refused(verify(changed), "inclusion proofs", "is not in the ledger", f"proofs/{counter}.tlog-proof")


def test_an_entry_that_is_not_canonical_is_refused(members):
    spaced = json.dumps(json.loads(members["entries/2.json"])).encode()
    refused(verify(rewritten(members, **{"entries/2.json": spaced})), "entries", "canonical form", "entries/2.json")


def test_reordered_entries_are_refused(members):
    """Two neighbours change places with their proofs; each says another counter."""
    swap = {
        f"{folder}/{a}.{kind}": members[f"{folder}/{b}.{kind}"]
        for folder, kind in (("entries", "json"), ("proofs", "tlog-proof"))
        for a, b in ((2, 3), (3, 2))
    }
    refused(verify(rewritten(members, **swap)), "entries", "stands in another's place", "entries/2.json")


def test_entries_in_another_order_than_in_the_ledger_are_refused():
    """The organisation itself signed a ledger in which an act stands before the one it answers."""
    story = complete()
    (place, first), (other, second) = story.entries[1:3]
    story.leaves[place], story.leaves[other] = story.leaves[other], story.leaves[place]
    story.entries[1:3] = [(other, first), (place, second)]
    refused(
        verify(build_dossier(story.contents())),
        "inclusion proofs",
        "another order in the ledger",
        "proofs/2.tlog-proof",
    )


def test_an_omitted_last_entry_is_refused(members):
    refused(verify(rewritten(members, **{"entries/12.json": None})), "history", "not archived")


def test_an_omitted_entry_in_the_middle_is_refused(members):
    refused(verify(rewritten(members, **{"entries/5.json": None})), "entries", "an entry is missing", "entries/5.json")


def test_a_dossier_without_entries_is_refused(members):
    gone = dict.fromkeys(name for name in members if name.startswith("entries/"))
    refused(verify(rewritten(members, **gone)), "entries", "there are no entries")


def test_a_checkpoint_forged_with_another_key_is_refused():
    forged = complete().contents(OTHER_KEY)
    refused(verify(build_dossier(forged)), "checkpoint", "the checkpoint is not signed by the keys given", "checkpoint")


def test_a_ledger_forged_under_the_same_name_is_refused():
    """A whole history of somebody else's making, consistent with itself."""
    forged = build_dossier(complete().contents(CheckpointKey.create("convenio.example/ledger")))
    assert verify(forged, None).verdict is Verdict.INDETERMINATE
    report = verify(forged)
    refused(report, "checkpoint", "the checkpoint is not signed by the keys given", "checkpoint")
    refused(report, "manifest note", "the dossier is not signed by the keys given", "manifest.note")
    assert set(faults(report)) == {"checkpoint", "manifest note"}


def test_a_larger_tree_under_an_old_signature_is_refused(members):
    note = members["checkpoint"].replace(b"\n31\n", b"\n32\n")
    report = verify(rewritten(members, checkpoint=note))
    refused(report, "checkpoint", "the signature does not belong to this text")
    refused(report, "inclusion proofs", "belongs to another checkpoint")


@pytest.mark.parametrize("size", [b"-1", b"9" * 30, "٣١".encode(), b""])
def test_a_hostile_size_in_the_checkpoint_is_refused(members, size):
    changed = rewritten(members, checkpoint=members["checkpoint"].replace(b"\n31\n", b"\n" + size + b"\n"))
    refused(verify(changed, None), "checkpoint", "")


def test_a_timestamp_over_another_checkpoint_is_refused(members):
    changed = rewritten(members, **{"checkpoint.tsr": token_over(b"another checkpoint")})
    refused(verify(changed), "checkpoint time", "over other bytes", "checkpoint.tsr")


def test_when_every_entry_existed_is_told(dossier):
    told = {found.part: found.reason for found in verify(dossier).findings}
    assert told["checkpoint time"].startswith("every entry existed by 2026-05-27T08:00:00.000000Z")


def cosigned(members, witness, at=START):
    text = members["checkpoint"].decode().partition("\n\n")[0] + "\n"
    note = members["checkpoint"].decode() + witness.cosign(text, at)
    proofs = {
        name: content.replace(members["checkpoint"], note.encode())
        for name, content in members.items()
        if name.startswith("proofs/")
    }
    return rewritten(members, **proofs, **{"checkpoint": note.encode(), "checkpoint.tsr": token_over(note.encode())})


def test_a_pinned_witness_is_looked_for_by_its_own_key(members):
    witness, stranger = CosignerKey.create("witness.example/w1"), CosignerKey.create("witness.example/w1")
    keys = KEYS.model_copy(update={"witnesses": (WitnessKey(key=witness.verifier_key),)})
    seen = verify(cosigned(members, witness), keys)
    assert seen.verdict is Verdict.VALID
    told = {found.part: found.reason for found in seen.findings}
    assert told["witnesses"] == "co-signed by witness.example/w1 at 2026-04-27T08:00:00.000000Z"
    for other in (rewritten(members), cosigned(members, stranger)):
        report = verify(other, keys)
        assert report.verdict is Verdict.INDETERMINATE
        assert faults(report)["witnesses"].reason.startswith("not co-signed by witness.example/w1")


def test_a_witness_of_the_same_administrator_is_said_to_be_none(members):
    witness = CosignerKey.create("witness.example/w1")
    keys = KEYS.model_copy(update={"witnesses": (WitnessKey(key=witness.verifier_key, same_administrator=True),)})
    told = {found.part: found.reason for found in verify(cosigned(members, witness), keys).findings}
    assert told["witnesses"] == (
        "co-signed by witness.example/w1 at 2026-04-27T08:00:00.000000Z,"
        " of the same administrator: proves no more than the ledger's own key"
    )


def test_a_forged_cosignature_is_refused(members):
    witness = CosignerKey.create("witness.example/w1")
    keys = KEYS.model_copy(update={"witnesses": (WitnessKey(key=witness.verifier_key),)})
    text = members["checkpoint"].decode().partition("\n\n")[0] + "\n"
    line = witness.cosign(text.replace("\n31\n", "\n30\n"), START)
    note = members["checkpoint"] + line.encode()
    changed = rewritten(members, **{"checkpoint": note, "checkpoint.tsr": token_over(note)})
    refused(verify(changed, keys), "witnesses", "does not belong to this text", "witness.example/w1")
