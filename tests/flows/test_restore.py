from __future__ import annotations

import shutil
from pathlib import Path, PurePosixPath

import pytest

from archive.wanted import Wanted
from flows import drill as drill_module
from flows.act import Done
from flows.backup import back_up, open_backup, restore_files
from flows.checkpoints import publish_checkpoint
from flows.commands import add_person, request
from flows.dossiers import dossier_of
from flows.drill import Drill, drill
from flows.erasure import erase
from flows.ledger_check import check_ledger
from flows.restore import restore
from flows.settings import read_settings
from flows.verification import verify_file
from flows.wiring import Installation
from schemas import events as ev
from schemas.errors import ConflictingContent, InputError, Invalid, Refused
from schemas.evidence import Verdict
from tests.archived import COUNSEL, archive_one
from tests.installation import FIRST, MANAGER, REVIEWER
from tests.logs import newest

pytestmark = pytest.mark.office

SECRET = "five random words are enough"
CHEAP = 4
ADMINISTRATOR = "administrator@example.org"


@pytest.fixture
def house(at):
    house = at("archived")
    add_person(house, ADMINISTRATOR, name="Administrator", roles=("administrator",))
    publish_checkpoint(house)
    return house


@pytest.fixture
def backup(house) -> bytes:
    return back_up(house, SECRET, cost=CHEAP)


def after_the_loss(house: Installation, home: Path) -> Path:
    """What is left when database, keys and people are gone: objects and the published log."""
    home.mkdir()
    for name in ("objects", "log"):
        shutil.copytree(house.home / name, home / name)
    return home


@pytest.fixture
def restored(house, backup, tmp_path, monkeypatch):
    monkeypatch.delenv("CONVENIO_HOME", raising=False)
    home = after_the_loss(house, tmp_path / "restored")
    opened = open_backup(backup, SECRET)
    restore_files(opened, home)
    other = Installation(read_settings(home), clock=house.clock, restoring=True)
    result = restore(other, opened.keys.ledger, backup=opened)
    assert result.report.verdict is Verdict.VALID, result.report
    yield other
    other.close()


def test_everything_comes_back_with_the_same_root_and_the_same_checkpoint(house, restored):
    key = house.checkpoint_key.verifier_key
    assert newest(restored.ledger, key) == newest(house.ledger, key)
    assert restored.ledger.tree().root() == house.ledger.tree().root()
    assert restored.register.rows() == house.register.rows()
    assert restored.people.everyone() == house.people.everyone()
    assert restored.checkpoint_key.verifier_key == key
    assert restored.verification_keys() == house.verification_keys()


def test_what_people_search_for_is_found_again(house, restored, agreement):
    for wanted in (Wanted(asked="confidentiality"), Wanted(signatory=FIRST), Wanted(asked="nanoprogress")):
        found = restored.catalogue.page(wanted)
        assert [line.row.id for line in found] == [agreement]
        assert found == house.catalogue.page(wanted)


def test_old_dossiers_verify_with_the_old_keys_and_new_ones_too(house, restored, agreement, tmp_path):
    old, new = tmp_path / "old.zip", tmp_path / "new.zip"
    old.write_bytes(dossier_of(house, agreement))
    new.write_bytes(dossier_of(restored, agreement))
    for path, keys in ((old, restored.verification_keys()), (new, house.verification_keys())):
        assert verify_file(path, keys).verdict is not Verdict.INVALID


def test_what_was_asked_before_the_loss_is_found_and_new_agreements_go_on(restored, agreement, example):
    assert request(restored, example, by=MANAGER) == Done(restored.ledger.state(agreement), changed=False)
    add_person(restored, REVIEWER, name="Reviewer", roles=("manager",))
    assert request(restored, example, by=REVIEWER).state.agreement == f"{agreement[:-4]}0002"
    publish_checkpoint(restored)
    assert check_ledger(restored).verdict is Verdict.VALID


def test_whoever_was_erased_since_the_backup_stays_erased(house, backup, tmp_path):
    reviewer = house.people.get(REVIEWER)
    erase(house, REVIEWER, reason="asked for it", by=ADMINISTRATOR)
    home = after_the_loss(house, tmp_path / "restored")
    opened = open_backup(backup, SECRET)
    restore_files(opened, home)
    other = Installation(house.settings.model_copy(update={"home": home}), clock=house.clock, restoring=True)
    report = restore(other, opened.keys.ledger, backup=opened).report
    assert report.verdict is Verdict.VALID
    assert other.people.behind(reviewer.commitment) is None
    assert other.people.get(FIRST) == house.people.get(FIRST)
    other.close()


def test_a_backup_opens_with_its_passphrase_only(backup):
    with pytest.raises(Invalid, match="does not open"):
        open_backup(backup, SECRET + "!")
    with pytest.raises(InputError, match="not a backup"):
        open_backup(b"something else", SECRET)


def test_a_backup_under_a_short_passphrase_is_not_written(house):
    with pytest.raises(InputError, match="too short"):
        back_up(house, "short", cost=CHEAP)


@pytest.mark.parametrize("name", ["keys/ledger.pem", "convenio.toml", "keys/more.p12"])
def test_a_backup_reads_symbolic_links_through(house, tmp_path, name):
    place, elsewhere = house.home / name, tmp_path / "elsewhere"
    if place.exists():
        place.rename(elsewhere)
    else:
        elsewhere.write_bytes(b"# linked\n")
    place.symlink_to(elsewhere)
    files = open_backup(back_up(house, SECRET, cost=CHEAP), SECRET).files
    assert files[PurePosixPath(name)] == elsewhere.read_bytes()


def test_a_backup_without_a_key_is_not_written(house, tmp_path):
    (house.home / "keys" / "gone.p12").symlink_to(tmp_path / "nowhere")
    (house.home / "keys" / "more").symlink_to(tmp_path)
    with pytest.raises(Refused, match="would not be in the backup") as refused:
        back_up(house, SECRET, cost=CHEAP)
    assert "keys/gone.p12" in refused.value.where
    assert "keys/more" in refused.value.where


def test_a_backup_without_the_ledgers_key_is_not_written(house):
    assert house.checkpoint_key
    (house.home / "keys" / "ledger.pem").unlink()
    with pytest.raises(Refused, match="would not be in the backup") as refused:
        back_up(house, SECRET, cost=CHEAP)
    assert refused.value.where.endswith("keys/ledger.pem")


def test_a_backup_holds_the_seal_wherever_its_file_lies(house, tmp_path):
    assert house.seal
    seal = tmp_path / "seal.p12"
    seal.write_bytes(b"PKCS#12")
    house.__dict__["settings"] = house.settings.model_copy(update={"seal_key": f"pkcs12:{seal}"})
    with pytest.raises(Refused, match="would not be in the backup") as refused:
        back_up(house, SECRET, cost=CHEAP)
    assert refused.value.where == str(seal)
    (house.home / "keys" / "seal.p12").symlink_to(seal)
    assert open_backup(back_up(house, SECRET, cost=CHEAP), SECRET).files[PurePosixPath("keys/seal.p12")] == b"PKCS#12"


def test_a_backup_shows_nothing_of_what_it_holds(house, backup):
    assert REVIEWER.encode() not in backup
    assert house.people.get(REVIEWER).salt.encode() not in backup
    assert b"PRIVATE KEY" not in backup


@pytest.mark.parametrize("place", [0, 16, 17, 18, 40, 46, 100, -1], ids=str)
def test_a_backup_with_one_altered_bit_does_not_open(backup, place):
    altered = bytearray(backup)
    altered[place] ^= 1
    with pytest.raises((Invalid, InputError)):
        open_backup(bytes(altered), SECRET)


def test_keys_that_are_there_are_never_replaced(house, backup, tmp_path):
    home = tmp_path / "other"
    (home / "keys").mkdir(parents=True)
    (home / "keys" / "ledger.pem").write_bytes(b"another key")
    with pytest.raises(ConflictingContent):
        restore_files(open_backup(backup, SECRET), home)
    assert (home / "keys" / "ledger.pem").read_bytes() == b"another key"


def drills(house) -> list[ev.RestoreDrilled]:
    events = [recorded.entry.event for recorded in house.ledger.installation_entries()]
    return [event for event in events if isinstance(event, ev.RestoreDrilled)]


def test_a_drill_that_restores_everything_is_equal_and_recorded(house, backup, tmp_path):
    result = drill(house, open_backup(backup, SECRET), tmp_path / "scratch")
    assert result.differences == ()
    assert (result.agreements, result.dossiers) == (1, 1)
    (recorded,) = drills(house)
    assert (recorded.equal, recorded.leaves, recorded.root) == (True, result.leaves, result.root)
    stored = house.store.get(f"work/v1/INSTALLATION/{recorded.report}.json")
    assert Drill.model_validate_json(stored) == result


def test_a_drill_writes_nothing_to_the_published_log(house, backup, tmp_path):
    before = {path: path.read_bytes() for path in (house.home / "log").rglob("*") if path.is_file()}
    drill(house, open_backup(backup, SECRET), tmp_path / "scratch")
    after = {path: path.read_bytes() for path in (house.home / "log").rglob("*") if path.is_file()}
    assert after == before


def test_a_drill_finds_what_an_old_backup_lacks(house, backup, tmp_path):
    add_person(house, "late@example.org", name="Late", roles=("auditor",))
    result = drill(house, open_backup(backup, SECRET), tmp_path / "scratch")
    assert result.differences == ("people: 1 rows are not in the backup; take a newer one",)
    assert [recorded.equal for recorded in drills(house)] == [False]


@pytest.mark.parametrize("step", ["restore", "dossier_of"])
def test_what_happens_while_a_drill_goes_on_is_no_difference(house, backup, tmp_path, monkeypatch, step):
    add_person(house, COUNSEL, name="Counsel", roles=("reviewer",))
    kept, real = open_backup(back_up(house, SECRET, cost=CHEAP), SECRET), getattr(drill_module, step)

    def meanwhile(*words, **more):
        archive_one(house)
        add_person(house, "late@example.org", name="Late", roles=("auditor",))
        publish_checkpoint(house)
        return real(*words, **more)

    monkeypatch.setattr(drill_module, step, meanwhile)
    size = house.ledger.size
    result = drill(house, kept, tmp_path / "scratch")
    assert result.differences == ()
    assert (result.leaves, result.agreements, result.dossiers) == (size, 1, 1)
    assert len(house.register.rows()) == 2


def test_a_drill_finds_a_lost_object(house, backup, tmp_path):
    next((house.home / "objects" / "agreements").rglob("*.pdf")).unlink()
    differences = drill(house, open_backup(backup, SECRET), tmp_path / "scratch").differences
    assert any(difference.startswith("object missing") for difference in differences)
    assert any(difference.startswith("dossier of") for difference in differences)


def test_a_drill_with_an_altered_log_is_refused(house, backup, tmp_path):
    bundle = next((house.home / "log" / "tile" / "entries").rglob("*.p/*"))
    newest = max(bundle.parent.iterdir(), key=lambda path: int(path.name))
    newest.chmod(0o644)
    newest.write_bytes(newest.read_bytes().replace(b"B-LTA", b"B-LTB"))
    with pytest.raises((Invalid, Refused)):
        drill(house, open_backup(backup, SECRET), tmp_path / "scratch")
    assert drills(house) == []
