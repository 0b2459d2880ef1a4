from pathlib import Path

import pytest

from flows import proof
from flows.checkpoints import publish_checkpoint
from flows.examined import forget_examined
from flows.health import health
from flows.proof import last_proof, prove_ledger
from schemas.errors import Unavailable
from schemas.evidence import Verdict

pytestmark = pytest.mark.office

PART = "Proof of the ledger"


@pytest.fixture
def house(at):
    house = at("in review")
    publish_checkpoint(house)
    return house


@pytest.fixture
def tile(house):
    return Path(house.log_store.name) / next(house.log_store.paths("tile/entries/"))


def seen(house):
    return next(part for part in health(house).parts if part.name == PART)


def test_a_proof_that_held_is_shown_with_its_time(house):
    assert seen(house).seen.startswith("not proved yet")
    prove_ledger(house)
    shown = seen(house)
    assert (shown.well, shown.seen, shown.since) == (True, "everything held", last_proof(house).at)


def test_a_proof_that_failed_is_told_until_a_whole_one_holds(house, tile, monkeypatch):
    content = tile.read_bytes()
    tile.unlink()
    assert prove_ledger(house).verdict is Verdict.INVALID
    tile.write_bytes(content)

    forget_examined(house)
    assert not seen(house).well, "erasing somebody forgets what was examined, and not that the proof failed"
    assert prove_ledger(house, read_all=False).verdict is Verdict.VALID
    assert not seen(house).well, "by its listing alone, the ledger was not proved whole"
    with monkeypatch.context() as broken:
        broken.setattr("flows.ledger_check.check", lambda _: (_ for _ in ()).throw(Unavailable("away")))
        with pytest.raises(Unavailable):
            prove_ledger(house)
    assert not seen(house).well
    prove_ledger(house)
    assert seen(house).well


def test_what_an_earlier_checkpoint_contradicts_is_not_mended_by_leaving_it_away(house, tile, tmp_path):
    kept = tmp_path / "checkpoint"
    kept.write_bytes(house.log_store.get("checkpoint"))
    content = tile.read_bytes()
    tile.unlink()
    prove_ledger(house, kept=(kept,))
    tile.write_bytes(content)
    prove_ledger(house)
    assert not seen(house).well
    prove_ledger(house, kept=(kept,))
    assert seen(house).well


def test_a_proof_with_a_key_from_elsewhere_is_not_remembered(house):
    prove_ledger(house, verifier_key=house.verifier_key)
    assert last_proof(house) is None


def test_what_cannot_be_read_is_not_well(house):
    path = proof._kept(house)
    path.write_text("{}")
    assert not seen(house).well
    path.unlink()
    path.mkdir()
    assert not seen(house).well
    prove_ledger(house)
    assert not seen(house).well, "what cannot be kept is logged, and the proof goes on"


def test_the_file_is_its_owners_alone(house):
    prove_ledger(house)
    assert proof._kept(house).stat().st_mode & 0o777 == 0o600
