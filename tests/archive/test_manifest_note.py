"""What only the organisation vouches for cannot be changed without its key: both verifiers refuse it by name."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest

from archive.canonical_zip import read_canonical
from archive.checkpoint import CheckpointKey, open_checkpoint
from archive.dossier import Day, build_dossier
from archive.manifest_note import manifest_text
from schemas.errors import Invalid
from schemas.evidence import Verdict, canonical_json
from tests.archive.complete_history import AGREEMENT, KEY, KEYS, NOW, REVIEWER, complete, eventful
from tests.archive.test_bound import AMENDMENT, DAY, MIDNIGHT
from tests.archive.verifying import faults, refused, rewritten, tampered, verify
from verifier import convenio_verify as standalone

ANOTHER = "another dossier was signed than this one"
NOT_SIGNED = "the dossier is not signed by the keys given"


@pytest.fixture(scope="module")
def members():
    """A dossier that answers for a day, by whose end an amendment was archived."""
    day = Day(DAY, MIDNIGHT, (AMENDMENT,))
    return read_canonical(build_dossier(replace(complete().contents(), bound=day)))


def alone(content, keys=KEYS):
    """Return what the standalone verifier finds about the note."""
    found = standalone.verify(content, keys and keys.model_dump(mode="json"), NOW).found
    return next(one for one in found if one["part"] == "manifest note")


def both_refuse(content, reason):
    refused(verify(content), "manifest note", reason, "manifest.note")
    told = alone(content)
    assert (told["verdict"], told["place"]) == ("invalid", "manifest.note")
    assert told["reason"].startswith(reason)


def test_every_member_is_what_the_organisation_handed_out(members):
    content = rewritten(members)
    report = verify(content)
    assert report.verdict is Verdict.VALID
    said = next(found.reason for found in report.findings if found.part == "manifest note")
    assert said == f"every member is what {KEYS.organisation} handed out, signed by its ledger key ({KEY.name})"
    assert (alone(content)["verdict"], alone(content)["reason"]) == ("valid", said)


def test_without_keys_nobody_vouches_for_the_whole(members):
    content = rewritten(members)
    assert faults(verify(content, None))["manifest note"].verdict is Verdict.INDETERMINATE
    assert alone(content, None)["verdict"] == "indeterminate"


def test_a_rewritten_summary_is_refused_although_the_manifest_agrees(members):
    page = members["summary.html"].replace(REVIEWER.name.encode(), b"Somebody Else")
    both_refuse(tampered(members, **{"summary.html": page}), ANOTHER)


def test_an_amendment_that_is_kept_back_is_refused(members):
    bound = json.loads(members["bound.json"])
    assert bound["changed_by"]
    silent = {"bound.json": canonical_json(bound | {"changed_by": []})}
    # nothing but the signature tells: the entries know of no amendment
    assert verify(rewritten(members, **silent)).verdict is Verdict.VALID
    changed = tampered(members, **silent)
    assert set(faults(verify(changed))) == {"manifest note"}
    both_refuse(changed, ANOTHER)


def test_a_day_that_is_left_out_is_refused(members):
    both_refuse(tampered(members, **{"bound.json": None}), ANOTHER)


@pytest.mark.parametrize("story", [complete, eventful], ids=["the same without a day", "another history"])
def test_the_note_of_another_dossier_is_refused(members, story):
    other = read_canonical(build_dossier(story().contents()))
    both_refuse(rewritten(members, **{"manifest.note": other["manifest.note"]}), ANOTHER)


@pytest.mark.parametrize(
    ("agreement", "on"),
    [("MOU-2026-0002", DAY), (AGREEMENT, date(2026, 4, 26)), (AGREEMENT, None)],
    ids=["agreement", "day", "no day"],
)
def test_a_note_for_another_agreement_or_day_over_the_same_manifest_is_refused(members, agreement, on):
    note = KEY.sign(manifest_text(KEY.name, agreement, on, members["manifest.json"])).encode()
    both_refuse(rewritten(members, **{"manifest.note": note}), ANOTHER)


def test_a_note_by_another_key_of_the_same_name_is_refused(members):
    text = manifest_text(KEY.name, AGREEMENT, DAY, members["manifest.json"])
    note = CheckpointKey.create(KEY.name).sign(text).encode()
    both_refuse(rewritten(members, **{"manifest.note": note}), NOT_SIGNED)


def test_an_altered_note_is_refused(members):
    note = members["manifest.note"].replace(AGREEMENT.encode(), b"MOU-2026-0002")
    both_refuse(rewritten(members, **{"manifest.note": note}), NOT_SIGNED)


def test_a_missing_note_is_refused(members):
    changed = rewritten(members, **{"manifest.note": None})
    refused(verify(changed), "manifest note", "a member is missing", "manifest.note")
    assert (alone(changed)["reason"], alone(changed)["place"]) == ("a member is missing", "manifest.note")


def test_nobody_adds_a_signature_to_the_note(members):
    stranger = CheckpointKey.create("stranger.example").sign("x\n").partition("\n\n")[2]
    note = members["manifest.note"] + stranger.encode()
    both_refuse(rewritten(members, **{"manifest.note": note}), "the note bears more than the ledger's signature")


def test_a_checkpoint_is_no_word_for_a_dossier_and_the_other_way_round(members):
    both_refuse(rewritten(members, **{"manifest.note": members["checkpoint"]}), ANOTHER)
    with pytest.raises(Invalid, match="not a checkpoint"):
        open_checkpoint(members["manifest.note"].decode(), KEY.verifier_key)
    assert " " in members["manifest.note"].decode().split("\n")[0]
    with pytest.raises(ValueError, match="unpack"):
        standalone.check_checkpoint(members["manifest.note"].decode(), KEYS.model_dump(mode="json"))
