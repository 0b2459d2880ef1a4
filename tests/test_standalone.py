"""The standalone verifier says what ``convenio verify`` says, of a good dossier and of damaged ones."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive.canonical_zip import read_canonical, write_canonical
from archive.checkpoint import CheckpointKey
from archive.cosignature import CosignerKey
from archive.dossier import manifest_of
from archive.exact import exact_json
from archive.manifest_note import manifest_text
from flows import verification
from flows.dossiers import dossier_of
from flows.standalone import VERIFIER, released_verifiers, standalone_verifier
from flows.verification import verify_file
from schemas.evidence import SealReport, VerificationKeys, WitnessKey, canonical_json, digest_of
from verifier import convenio_verify as standalone

pytestmark = pytest.mark.office

ROOT = Path(__file__).parents[1]
Members = dict[str, bytes]


@dataclass(frozen=True)
class Taken:
    content: bytes
    members: Members
    keys: VerificationKeys
    ledger: CheckpointKey


@pytest.fixture(scope="module")
def taken(snapshots, tmp_path_factory) -> Taken:
    with snapshots.at("archived", tmp_path_factory.mktemp("standalone") / "home") as house:
        content = dossier_of(house, snapshots.agreement)
        return Taken(content, read_canonical(content), house.verification_keys(), house.checkpoint_key)


@pytest.fixture(scope="module", autouse=True)
def remembering() -> Iterator[None]:
    """Judge the signatures of equal bytes under equal keys once, in both verifiers: most damage is elsewhere."""
    ours: dict[tuple[bytes, VerificationKeys | None], SealReport] = {}
    theirs: dict[tuple[bytes, str], tuple[list[dict], list[tuple]]] = {}
    judge, judge_all = verification._judge, standalone.Marks.judge_all

    def judge_once(content, keys, now):
        if (content, keys) not in ours:
            ours[content, keys] = judge(content, keys, now)
        return ours[content, keys]

    def judge_all_once(self, findings):
        key = (self.pdf, json.dumps(self.keys, sort_keys=True))
        if key not in theirs:
            fresh = standalone.Findings()
            seen = judge_all(self, fresh)
            theirs[key] = (fresh.found, seen)
        findings.found += theirs[key][0]
        return theirs[key][1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verification, "_judge", judge_once)
        patch.setattr(standalone.Marks, "judge_all", judge_all_once)
        yield


def rewritten(members: Members, key: CheckpointKey | None) -> bytes:
    """A dossier of ``members`` with container and manifest made anew, signed anew where there is a ``key``."""
    agreement = json.loads(members["manifest.json"])["agreement"]
    manifest = exact_json(manifest_of(agreement, members))
    note = key and key.sign(manifest_text(key.name, agreement, None, manifest)).encode()
    return write_canonical({**members, "manifest.json": manifest, "manifest.note": note or members["manifest.note"]})


def with_bit(content: bytes, place: float) -> bytes:
    changed = bytearray(content)
    changed[int(len(content) * place)] ^= 1
    return bytes(changed)


def entry_with(change: Callable[[dict], None], kind: str) -> Callable[[Members], Members]:
    """Change the last entry of a kind, in its canonical form."""

    def damaged(members: Members) -> Members:
        names = [name for name in members if name.startswith("entries/")]
        found = {name: json.loads(members[name]) for name in names}
        name = max((name for name in names if found[name]["event"]["type"] == kind), key=lambda n: int(n[8:-5]))
        change(found[name])
        return {**members, name: canonical_json(found[name])}

    return damaged


def flipped(name: str, place: float = 0.5) -> Callable[[Members], Members]:
    return lambda members: {**members, name: with_bit(members[name], place)}


def without(name: str) -> Callable[[Members], Members]:
    return lambda members: {other: content for other, content in members.items() if other != name}


def opening_with(name: str, field: str) -> Callable[[Members], Members]:
    def damaged(members: Members) -> Members:
        openings = json.loads(members[name])
        next(iter(openings.values()))[field] += "x"
        return {**members, name: canonical_json(openings)}

    return damaged


DAMAGED: dict[str, Callable[[Members], Members]] = {
    "pdf, first revision": flipped("agreement.pdf", 0.1),
    "pdf, signatures": flipped("agreement.pdf", 0.8),
    "pdf, longer": lambda m: {**m, "agreement.pdf": m["agreement.pdf"] + b"\n%%EOF\n"},
    "pdf, rolled back": lambda m: {**m, "agreement.pdf": m["drafts/2/draft.pdf"]},
    "checkpoint": flipped("checkpoint", 0.1),
    "checkpoint, size": lambda m: {**m, "checkpoint": m["checkpoint"].replace(b"\n12\n", b"\n13\n")},
    "checkpoint, signature": flipped("checkpoint", 0.9),
    "token": flipped("checkpoint.tsr", 0.2),
    "token, signature": flipped("checkpoint.tsr", 0.98),
    "token, another": lambda m: {**m, "checkpoint.tsr": b""},
    "proof": flipped("proofs/4.tlog-proof", 0.2),
    "proof, another's": lambda m: {**m, "proofs/4.tlog-proof": m["proofs/5.tlog-proof"]},
    "proof, extra": lambda m: {**m, "proofs/4.tlog-proof": m["proofs/4.tlog-proof"].replace(
        b"@v1\n", b"@v1\nextra eA==\n")},
    "entry, spaced": lambda m: {**m, "entries/3.json": m["entries/3.json"] + b" "},
    "entry, missing": without("entries/3.json"),
    "entry, last missing": without("entries/11.json"),
    "entry, another time": entry_with(lambda e: e.update(occurred_at="2026-01-01T00:00:00.000000Z"), "signed"),
    "entry, another approver": entry_with(lambda e: e["actor"].update(person="0" * 64), "approved"),
    "entry, of a signatory": entry_with(lambda e: e["actor"].update(role="manager"), "signed"),
    "entry, other base": entry_with(lambda e: e["event"].update(base="0" * 64), "signed"),
    "entry, other certificate": entry_with(lambda e: e["event"].update(certificate="0" * 64), "signed"),
    "entry, other receipt": entry_with(lambda e: e["event"]["receipt"].update(key="x"), "deposited"),
    "draft, data": flipped("drafts/1/data.json"),
    "draft, text": flipped("drafts/2/draft.docx"),
    "draft, manifest": flipped("drafts/2/manifest.json"),
    "seal report": flipped("seal-report.json"),
    "etsi report": flipped("etsi/seal-opening.xml"),
    "etsi report, missing": without("etsi/seal-opening.xml"),
    "receipt": flipped("receipts/0.json"),
    "receipt, missing": without("receipts/0.json"),
    "people": opening_with("people.json", "name"),
    "foreign member": lambda m: {**m, "note.txt": b"x"},
    "all entries gone": lambda m: {name: c for name, c in m.items() if not name.startswith("entries/")},
}  # fmt: skip

CONTAINERS: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda content: content[:-1],
    "longer": lambda content: content + b"\0",
    "header": lambda content: with_bit(content, 0.0),
    "directory": lambda content: content[:-40] + with_bit(content[-40:], 0.2),
    "end": lambda content: content[:-1] + b"\x01",
    "nothing": lambda _: b"PK",
}


def both(content: bytes, keys: VerificationKeys | None, folder: Path) -> tuple[str, str]:
    path = folder / "dossier.zip"
    path.write_bytes(content)
    plain = None if keys is None else keys.model_dump(mode="json")
    alone = standalone.verify(content, plain, datetime.now(UTC))
    return verify_file(path, keys).verdict, alone.verdict


def test_both_accept_a_good_dossier_and_neither_trusts_it_without_keys(taken, tmp_path):
    assert both(taken.content, taken.keys, tmp_path) == ("valid", "valid")
    assert both(taken.content, None, tmp_path) == ("indeterminate", "indeterminate")


@pytest.mark.parametrize("damage", DAMAGED)
def test_both_refuse_a_damaged_dossier_although_the_organisation_signed_it(damage, taken, tmp_path):
    changed = rewritten(DAMAGED[damage](taken.members), taken.ledger)
    assert both(changed, taken.keys, tmp_path) == ("invalid", "invalid")


@pytest.mark.parametrize("damage", CONTAINERS)
def test_both_refuse_a_damaged_container(damage, taken, tmp_path):
    assert both(CONTAINERS[damage](taken.content), taken.keys, tmp_path) == ("invalid", "invalid")


@pytest.mark.parametrize(
    "change",
    [{"trust_roots": ()}, {"seal_certificates": ("0" * 64,)}, {"ledger": "other"}],
    ids=["root", "seal", "log"],
)
def test_both_say_the_same_under_other_keys(change, taken, tmp_path):
    if "ledger" in change:
        change = {"ledger": CheckpointKey.create("convenio.example/ledger").verifier_key}
    ours, theirs = both(taken.content, taken.keys.model_copy(update=change), tmp_path)
    assert ours == theirs == ("indeterminate" if "trust_roots" in change else "invalid")


def test_both_say_which_witness_is_of_the_ledgers_own_administrator(taken, tmp_path):
    theirs, own = (CosignerKey.create(f"witness.example/{name}") for name in ("theirs", "own"))
    note = taken.members["checkpoint"].decode()
    text = note.partition("\n\n")[0] + "\n"
    cosigned = note + "".join(key.cosign(text, datetime.now(UTC)) for key in (theirs, own))
    witnesses = (WitnessKey(key=theirs.verifier_key), WitnessKey(key=own.verifier_key, same_administrator=True))
    keys = taken.keys.model_copy(update={"witnesses": witnesses})
    content = rewritten({**taken.members, "checkpoint": cosigned.encode()}, taken.ledger)
    (tmp_path / "dossier.zip").write_bytes(content)
    ours = {found.part: found.reason for found in verify_file(tmp_path / "dossier.zip", keys).findings}
    alone = standalone.verify(content, keys.model_dump(mode="json"), datetime.now(UTC))
    said = {found["part"]: found["reason"] for found in alone.found}
    for reason in (ours["witnesses"], said["witnesses"]):
        first, second = reason.removeprefix("co-signed by ").split("; ")
        assert first.startswith("witness.example/theirs")
        assert "same administrator" not in first
        assert second.startswith("witness.example/own")
        assert second.endswith(", of the same administrator: proves no more than the ledger's own key")


@pytest.mark.parametrize("page", ["summary.html", "README.txt"])
def test_both_refuse_a_page_for_people_that_the_organisation_did_not_sign(page, taken, tmp_path):
    changed = rewritten({**taken.members, page: b"<p>Trust me.</p>"}, None)
    assert both(changed, taken.keys, tmp_path) == ("invalid", "invalid")
    alone = standalone.verify(changed, taken.keys.model_dump(mode="json"), datetime.now(UTC))
    (fault,) = (found for found in alone.found if found["verdict"] != "valid")
    assert (fault["part"], fault["place"]) == ("manifest note", "manifest.note")
    assert fault["reason"] == "another dossier was signed than this one"


def run(*arguments: object, packages: bool = True) -> subprocess.CompletedProcess[str]:
    # -I: neither this project nor anything beside the file is importable
    blocked = "import sys; sys.modules['pyhanko'] = None; sys.modules['asn1crypto'] = None; "
    start = "import runpy; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    program = ("import sys; " if packages else blocked) + start
    command = [sys.executable, "-I", "-c", program, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_the_file_alone_verifies_and_says_what_it_did_not_look_at(taken, tmp_path):
    alone, dossier, keys = tmp_path / "convenio_verify.py", tmp_path / "dossier.zip", tmp_path / "keys.json"
    alone.write_bytes(standalone_verifier())
    dossier.write_bytes(taken.content)
    keys.write_text(taken.keys.model_dump_json())
    ended = run(alone, dossier, "--keys", keys)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "not looked at  summary.html, README.txt: whether they say what the evidence says" in ended.stdout
    bare = run(alone, dossier, "--keys", keys, packages=False)
    assert bare.returncode == 3, bare.stderr
    assert "signatures: not looked at: pyHanko is not installed" in bare.stdout
    assert "checkpoint time: not looked at: pyHanko is not installed" in bare.stdout


UNUSABLE: dict[str, tuple[bytes | dict, str]] = {
    "empty": (b"", "it is empty"),
    "pem": (b"-----BEGIN CERTIFICATE-----", "it is PEM"),
    "no json": (b"PK\x03\x04\xff", "it is no JSON"),
    "deep": (b"[" * 100_000, "it is no JSON"),
    "a list": (b"[]", 'its JSON has no "convenio_keys": 1'),
    "another version": ({"convenio_keys": 2}, 'its JSON has no "convenio_keys": 1'),
    "no ledger": ({"ledger": None}, "ledger is missing"),
    "another key": ({"ledger": "name+hash"}, "ledger is no verifier key"),
    "no list": ({"seal_certificates": {}}, "seal_certificates is no list"),
    "witness": ({"witnesses": ["x"]}, "witnesses is no list of keys"),
    "no root": ({"trust_roots": []}, "trust_roots is empty"),
    "another root": ({"trust_roots": ["x"]}, "trust_roots holds what is no certificate"),
}


@pytest.mark.parametrize("given", UNUSABLE)
def test_what_are_no_keys_is_told_in_words_and_no_verdict(given, taken, tmp_path, capsys):
    content, reason = UNUSABLE[given]
    if isinstance(content, dict):
        content = json.dumps(taken.keys.model_dump(mode="json") | content).encode()
    (tmp_path / "keys.json").write_bytes(content)
    (tmp_path / "dossier.zip").write_bytes(taken.content)
    assert standalone.main([str(tmp_path / "dossier.zip"), "--keys", str(tmp_path / "keys.json")]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"{tmp_path / 'keys.json'} is no file of public keys: {reason}")
    assert "expected the organisation's public keys" in said.err


def test_what_is_no_dossier_is_told_in_words_and_no_verdict(tmp_path, capsys):
    (tmp_path / "letter.txt").write_text("Dear auditor")
    for name, reason in (
        ("missing.zip", "cannot be read: No such file or directory"),
        ("", "is a folder"),
        ("letter.txt", "is no dossier: it begins with b'Dear aud'"),
    ):
        assert standalone.main([str(tmp_path / name)]) == 2
        said = capsys.readouterr()
        assert (said.out, said.err.startswith(f"{tmp_path / name} {reason}")) == ("", True), said.err
        assert "expected a dossier" in said.err


def test_an_interruption_is_no_verdict(tmp_path):
    program = (
        "import runpy, sys; from pathlib import Path; "
        "Path.open = lambda *_: (_ for _ in ()).throw(KeyboardInterrupt); sys.argv = ['verify', 'dossier.zip']; "
        f"runpy.run_path({str(VERIFIER)!r}, run_name='__main__')"
    )
    command = [sys.executable, "-I", "-c", program]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "interrupted: no verdict\n")


def test_the_dossier_and_the_page_name_the_file_by_its_digest(taken):
    digest = digest_of(VERIFIER.read_bytes())
    assert released_verifiers()[0] == digest
    assert digest in taken.members["README.txt"].decode()
    assert digest in (ROOT / "docs" / "evidence.md").read_text("utf-8")


def test_the_command_writes_the_file_as_it_is_released(tmp_path):
    from click.testing import CliRunner

    from cli.evidence import verifier

    target = tmp_path / "convenio_verify.py"
    result = CliRunner().invoke(verifier, ["-o", str(target)])
    assert result.exit_code == 0, result.output
    assert target.read_bytes() == VERIFIER.read_bytes()
    assert digest_of(target.read_bytes()) in result.output
