from __future__ import annotations

import pytest

from archive.attack import Attack
from archive.merkle import leaf_hash
from archive.tlog_proof import read_proof, verify_proof
from flows.checkpoints import publish_checkpoint
from flows.inventory import take_inventory
from flows.ledger_check import check_ledger, write_proofs
from schemas.errors import InputError, Invalid
from schemas.evidence import Verdict
from tests.worlds import attacks_in

pytestmark = pytest.mark.office


@pytest.fixture
def house(at):
    house = at("archived")
    take_inventory(house)
    publish_checkpoint(house)
    return house


def test_a_whole_way_is_proved_again(house):
    report = check_ledger(house)
    assert report.verdict is Verdict.VALID, report
    parts = [found.part for found in report.findings]
    assert parts[-4:] == ["published log", "checkpoint time", "objects", "inventory"]


@pytest.mark.parametrize("point", ["requested", "in review", "signing", "signed", "concluded"])
def test_an_agreement_on_its_way_is_no_attack(at, point):
    house = at(point)
    publish_checkpoint(house)
    assert check_ledger(house).verdict is Verdict.VALID


def test_a_checkpoint_from_a_file_is_compared(house, tmp_path):
    kept = tmp_path / "kept"
    kept.write_text(publish_checkpoint(house).note)
    assert check_ledger(house, kept=[kept]).verdict is Verdict.VALID
    kept.write_text(kept.read_text().replace("\n", "\n0", 1))
    with pytest.raises(Invalid):
        check_ledger(house, kept=[kept])
    with pytest.raises(InputError):
        check_ledger(house, kept=[tmp_path / "nowhere"])


def test_an_altered_signed_pdf_is_named(house):
    path = next((house.home / "objects" / "agreements").rglob("*.pdf"))
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[1000] ^= 1
    path.write_bytes(content)
    assert attacks_in(check_ledger(house, read_all=False)) == {Attack.OBJECT_ALTERED}


def test_a_timestamp_over_another_checkpoint_is_forged_and_a_missing_one_is_no_attack(house):
    tokens = sorted((house.home / "log" / "checkpoints").glob("*.tsr"), key=lambda path: int(path.stem))
    older, newest = tokens[-2].read_bytes(), tokens[-1]
    newest.chmod(0o644)
    newest.write_bytes(older)
    assert attacks_in(check_ledger(house, read_all=False)) == {Attack.TIMESTAMP_FORGED}
    newest.unlink()
    assert check_ledger(house).verdict is Verdict.INDETERMINATE
    publish_checkpoint(house)
    assert check_ledger(house).verdict is Verdict.VALID


def test_proofs_of_an_agreement_verify_with_the_pinned_key_alone(house, agreement, tmp_path):
    files = write_proofs(house, agreement, tmp_path / "proofs")
    entries = house.ledger.entries(agreement)
    assert len(files) == 2 * len(entries)
    for one in entries:
        leaf = (tmp_path / "proofs" / f"{one.entry.counter}.json").read_bytes()
        proof = (tmp_path / "proofs" / f"{one.entry.counter}.tlog-proof").read_bytes()
        included = verify_proof(proof, leaf=leaf, verifier_key=house.checkpoint_key.verifier_key)
        assert (included.leaf_index, included.leaf_hash) == (one.leaf_index, leaf_hash(leaf).hex())
        assert read_proof(proof).checkpoint.tree_size == house.ledger.size
