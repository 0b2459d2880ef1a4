from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from archive.attack import Attack
from archive.checkpoint import CheckpointKey, sign_checkpoint
from archive.findings import SHOWN_OF_EACH
from archive.layout import deposit_key, working_key
from archive.merkle import leaf_hash
from schemas import events as ev
from schemas.evidence import Verdict, digest_of
from schemas.installation import INSTALLATION
from schemas.people import Actor, Role
from tests.worlds import World, attack_findings, attacks_in, lived_in, seal_report


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> World:
    """Made once; every test gets a copy."""
    world = lived_in(tmp_path_factory.mktemp("world") / "original")
    yield world
    world.close()


@pytest.fixture
def world(original: World, tmp_path: Path) -> World:
    copy = original.copied_to(tmp_path / "world")
    yield copy
    copy.close()


def objects(world: World, pattern: str) -> list[Path]:
    return sorted((world.folder / "objects").glob(pattern))


def test_a_ledger_nobody_touched_is_proved_whole(world):
    report = world.check()
    assert report.verdict is Verdict.VALID
    assert [found.part for found in report.findings] == [
        "leaves", "histories", "checkpoints", "register", "published log", "objects", "inventory",
    ]  # fmt: skip


def test_an_empty_ledger_is_not_attacked_and_not_proven(tmp_path):
    world = World(tmp_path / "new")
    report = world.check()
    assert report.verdict is Verdict.INDETERMINATE
    assert not attacks_in(report)
    world.close()


def test_leaves_after_the_last_checkpoint_are_no_attack(world):
    world.request()
    assert world.check().verdict is Verdict.VALID


def test_a_leaf_whose_bytes_were_changed_is_named(world):
    forged = world.leaf(4).replace(b"B-LTA", b"B-LTB")
    world.changed("UPDATE ledger_entries SET leaf = ? WHERE leaf_index = 4", forged)
    report = world.check()
    assert attacks_in(report) == {Attack.LEAF_ALTERED, Attack.REGISTER_DIFFERS}
    assert attack_findings(report, Attack.LEAF_ALTERED)[0].place == "leaf 4"


def test_a_leaf_rewritten_with_its_hash_contradicts_every_checkpoint_and_is_found_by_the_published_log(world):
    forged = world.leaf(4).replace(b"PAdES-B-LTA", b"PAdES-B-LTB")
    world.changed("UPDATE ledger_entries SET leaf = ?, leaf_hash = ? WHERE leaf_index = 4", forged, leaf_hash(forged))
    report = world.check()
    assert attacks_in(report) == {Attack.LEDGER_REWRITTEN, Attack.LEAF_ALTERED, Attack.REGISTER_DIFFERS}
    assert [found.place for found in attack_findings(report, Attack.LEAF_ALTERED)] == ["leaf 4"]


def test_a_row_that_contradicts_its_leaf_is_an_altered_leaf(world):
    world.changed("UPDATE ledger_entries SET op_id = ? WHERE leaf_index = 3", digest_of(b"another"))
    assert world.attacks() == {Attack.LEAF_ALTERED}


def test_a_missing_leaf_is_named(world):
    world.changed("DELETE FROM ledger_entries WHERE leaf_index = 7")
    report = world.check()
    assert attacks_in(report) == {Attack.LEAF_MISSING}
    assert attack_findings(report, Attack.LEAF_MISSING)[0].place == "leaf 7"


def test_a_size_that_hides_the_last_leaf_is_named(world):
    size = world.ledger.size
    world.changed("UPDATE log_state SET size = size - 1")
    report = world.check()
    assert attacks_in(report) == {Attack.LEAF_BEYOND_SIZE}
    assert attack_findings(report, Attack.LEAF_BEYOND_SIZE)[0].place == f"leaf {size - 1}"


def test_a_size_that_claims_more_leaves_is_named(world):
    world.changed("UPDATE log_state SET size = size + 1")
    assert world.attacks() == {Attack.LEAF_MISSING}


def test_a_leaf_taken_out_and_the_rest_renumbered_leaves_a_counter_gap(world):
    world.changed("DELETE FROM ledger_entries WHERE leaf_index = 4")
    world.changed("UPDATE ledger_entries SET leaf_index = leaf_index - 1 WHERE leaf_index > 4")
    world.changed("UPDATE log_state SET size = size - 1")
    assert {Attack.COUNTER_GAP, Attack.LEDGER_REWRITTEN, Attack.DATABASE_ROLLED_BACK} <= world.attacks()


def test_an_entry_the_lifecycle_would_have_refused_is_named(world):
    forged = world.leaf(5).replace(b'"role":null', b'"role":"auditor"')
    assert forged != world.leaf(5)
    world.changed("UPDATE ledger_entries SET leaf = ?, leaf_hash = ? WHERE leaf_index = 5", forged, leaf_hash(forged))
    assert Attack.HISTORY_IMPOSSIBLE in world.attacks()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE agreements SET stage = 'ended' WHERE id = 'MOU-2026-0001'",
        "DELETE FROM agreements WHERE id = 'MOU-2026-0001'",
        "UPDATE agreements SET id = 'MOU-2026-0009' WHERE id = 'MOU-2026-0001'",
        "UPDATE agreement_numbers SET last = 1",
        "DELETE FROM agreement_numbers",
        "DELETE FROM named_digests WHERE agreement = 'MOU-2026-0001'",
        "INSERT INTO named_digests VALUES (hex(randomblob(32)), 'MOU-2026-0001')",
    ],
    ids=["stage", "deleted", "renamed", "number", "no numbers", "unnamed", "named"],
)
def test_a_register_that_differs_is_named_and_mended_by_rebuilding_it(world, statement):
    from archive.register import Register

    world.changed(statement)
    assert world.attacks() == {Attack.REGISTER_DIFFERS}
    Register(world.engine).rebuild()
    assert world.attacks() == set()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM awaited",
        "UPDATE awaited SET waiter = 'office:finance'",
        "UPDATE awaited SET since = '2027-01-01T00:00:00.000000Z'",
        "UPDATE awaited SET agreement = 'MOU-2026-0001'",
        "INSERT INTO awaited (waiter, stage, agreement, draft, since) "
        "VALUES ('delegate:nobody', 'signing', 'MOU-2026-0001', 1, '2027-01-01T00:00:00.000000Z')",
    ],
    ids=["nobody", "another", "since", "of another", "one more"],
)
def test_queues_that_differ_are_named_and_mended_by_rebuilding_the_register(world, statement):
    from archive.register import Register

    world.draft()
    assert world.attacks() == set()
    world.changed(statement)
    assert world.attacks() == {Attack.REGISTER_DIFFERS}
    Register(world.engine).rebuild()
    assert world.attacks() == set()


def test_a_checkpoint_signed_by_another_key_is_forged(world):
    other = CheckpointKey.create(world.key.name)
    note = sign_checkpoint(other, tree_size=7, root=world.ledger.tree(7).root()).note
    world.changed("INSERT INTO checkpoints VALUES (7, ?, '2026-11-22T09:00:00.000000Z')", note)
    assert world.attacks() == {Attack.CHECKPOINT_FORGED}


def test_a_checkpoint_under_another_size_is_forged(world):
    world.changed("UPDATE checkpoints SET tree_size = 5 WHERE tree_size = (SELECT min(tree_size) FROM checkpoints)")
    assert world.attacks() == {Attack.CHECKPOINT_FORGED}


def test_a_database_rolled_back_is_told_by_the_published_log(world, tmp_path):
    before = tmp_path / "before.sqlite"
    world.close()
    shutil.copy(world.database(), before)
    world.archive()
    world.publish()
    world.close()
    for path in world.folder.glob("convenio.sqlite*"):
        path.unlink()
    shutil.copy(before, world.database())
    assert Attack.DATABASE_ROLLED_BACK in world.attacks()


def test_a_log_store_rolled_back_is_told_by_the_database(world, tmp_path):
    shutil.copytree(world.folder / "log", tmp_path / "before")
    for _ in range(2):
        world.request()
        world.publish()
    shutil.rmtree(world.folder / "log")
    shutil.copytree(tmp_path / "before", world.folder / "log")
    assert world.attacks() == {Attack.LOG_ROLLED_BACK}


def test_a_publisher_that_died_between_signing_and_showing_is_no_attack(world, tmp_path):
    shutil.copytree(world.folder / "log", tmp_path / "before")
    world.request()
    world.publish()
    shutil.rmtree(world.folder / "log")
    shutil.copytree(tmp_path / "before", world.folder / "log")
    report = world.check()
    assert report.verdict is Verdict.INDETERMINATE
    assert not attacks_in(report)
    world.publish()
    assert world.check().verdict is Verdict.VALID


def test_both_rolled_back_is_told_by_whoever_kept_a_checkpoint(world, tmp_path):
    older = world.copied_to(tmp_path / "older")
    world.archive()
    kept = world.publish()
    assert older.attacks() == set()
    assert older.attacks(kept=[kept]) == {Attack.WITNESS_AHEAD}
    assert world.attacks(kept=[kept]) == set()
    older.close()


def test_a_stolen_key_that_signs_a_second_history_is_proven_by_two_checkpoints(world, tmp_path):
    forged = world.copied_to(tmp_path / "forged")
    world.request("the truth")
    kept = world.publish()
    forged.request("a lie")
    other = forged.publish()
    assert (kept.tree_size, kept.origin) == (other.tree_size, other.origin)
    assert kept.root != other.root
    report = forged.check(kept=[kept])
    assert attacks_in(report) == {Attack.FORK}
    assert kept.root in attack_findings(report, Attack.FORK)[0].reason
    forged.close()


def test_a_fork_is_told_also_where_the_other_history_is_shorter(world, tmp_path):
    forged = world.copied_to(tmp_path / "forged")
    world.request("the truth")
    kept = world.publish()
    for _ in range(3):
        forged.request("a lie")
    forged.publish()
    assert forged.attacks(kept=[kept]) == {Attack.FORK}
    forged.close()


def test_a_tile_that_was_altered_or_removed_is_named(world):
    tile = next((world.folder / "log" / "tile" / "0").rglob("*.p/*"))
    newest = max(tile.parent.iterdir(), key=lambda path: int(path.name))
    content = bytearray(newest.read_bytes())
    content[0] ^= 1
    newest.chmod(0o644)
    newest.write_bytes(content)
    assert world.attacks() == {Attack.TILE_ALTERED}
    newest.unlink()
    assert world.attacks() == {Attack.TILE_MISSING}


def test_a_published_checkpoint_that_was_altered_is_forged(world):
    path = world.folder / "log" / "checkpoint"
    path.write_bytes(path.read_bytes().replace(b"\n", b" \n", 1))
    assert Attack.CHECKPOINT_FORGED in world.attacks()


def test_an_object_that_was_altered_is_named(world):
    path = objects(world, "work/v1/MOU-2026-0001/*.pdf")[0]
    world.planted(str(path.relative_to(world.folder / "objects")), b"other bytes")
    report = world.check()
    assert Attack.OBJECT_ALTERED in attacks_in(report)
    assert path.name in attack_findings(report, Attack.OBJECT_ALTERED)[0].place


def test_a_deposit_that_was_altered_is_named_also_where_only_deposits_are_read(world):
    path = objects(world, "agreements/v1/MOU-2026-0002/*.pdf")[0]
    world.planted(str(path.relative_to(world.folder / "objects")), b"x" * path.stat().st_size)
    assert world.attacks(read_all=False) == {Attack.OBJECT_ALTERED}


def test_a_missing_object_is_named_with_the_leaf_that_names_it(world):
    path = objects(world, "work/v1/MOU-2026-0001/*.json")[0]
    path.unlink()
    report = world.check()
    assert attacks_in(report) == {Attack.OBJECT_MISSING}
    assert path.stem in attack_findings(report, Attack.OBJECT_MISSING)[0].reason


def test_what_only_a_report_names_is_missed_where_it_is_gone(world):
    etsi = objects(world, "work/v1/MOU-2026-0002/*.xml")[0]
    etsi.unlink()
    for read_all in (True, False):
        [found] = attack_findings(world.check(read_all=read_all), Attack.OBJECT_MISSING)
        assert found.reason.startswith("an ETSI report of a validation, named by ")
        assert found.place == f"work/v1/MOU-2026-0002/{etsi.stem}"


def test_what_only_a_report_names_is_named_where_it_was_altered(world):
    etsi = objects(world, "work/v1/MOU-2026-0002/*.xml")[0]
    world.planted(str(etsi.relative_to(world.folder / "objects")), b"other bytes")
    [found] = attack_findings(world.check(), Attack.OBJECT_ALTERED)
    assert found.place.endswith(etsi.name)


def test_a_report_that_was_altered_is_named_once_and_not_believed(world):
    report = world.ledger.state("MOU-2026-0002").report
    key = working_key("MOU-2026-0002", report, "json")
    world.planted(key, seal_report("0" * 64, "1" * 64))
    for read_all in (True, False):
        checked = world.check(read_all=read_all)
        assert attacks_in(checked) == {Attack.OBJECT_ALTERED}
        assert [found.place for found in attack_findings(checked, Attack.OBJECT_ALTERED)] == [key]


def test_a_recorded_report_that_is_none_leaves_open_what_it_names(world):
    world.conclude(report=b"no report")
    report = world.check()
    [found] = [found for found in report.findings if found.verdict is Verdict.INDETERMINATE]
    assert (found.part, report.verdict) == ("objects", Verdict.INDETERMINATE)
    assert "neither an evidence record nor a seal report" in found.reason


def test_a_missing_deposit_is_named(world):
    objects(world, "agreements/v1/MOU-2026-0001/*.pdf")[0].unlink()
    assert world.attacks() == {Attack.OBJECT_MISSING}


def test_a_store_rolled_back_is_named(world, tmp_path):
    shutil.copytree(world.folder / "objects", tmp_path / "before")
    world.archive()
    world.publish()
    shutil.rmtree(world.folder / "objects")
    shutil.copytree(tmp_path / "before", world.folder / "objects")
    assert world.attacks() == {Attack.STORE_ROLLED_BACK, Attack.OBJECT_MISSING}


def test_what_the_inventory_lists_and_no_entry_names_is_missed_as_well(world):
    content = b"a scan that a record names"
    key = working_key("MOU-2026-0001", digest_of(content), "png")
    world.store.put(key, content)
    world.take_inventory()
    assert world.attacks() == set()
    (world.folder / "objects" / key).unlink()
    report = world.check()
    assert attacks_in(report) == {Attack.OBJECT_MISSING}
    assert attack_findings(report, Attack.OBJECT_MISSING)[0].place == key


def test_a_listing_that_is_not_the_one_inventoried_is_forged(world):
    path = objects(world, "work/v1/INSTALLATION/*.jsonl")[0]
    world.planted(str(path.relative_to(world.folder / "objects")), path.read_bytes()[:-3] + b'"}\n')
    assert world.attacks() == {Attack.OBJECT_ALTERED, Attack.INVENTORY_FORGED}


def test_an_erased_person_whom_an_old_copy_brought_back_is_named(world):
    with world.ledger.transaction() as tx:
        person = tx.add_person("alba@example.org", "Alba", [Role.AUDITOR])
    erased = ev.PersonErased(person=person.commitment, remark=digest_of(b"why"))
    administrator = Actor(role=Role.ADMINISTRATOR, person=digest_of(b"administrator"))
    with world.ledger.transaction() as tx:
        tx.append_installation(digest_of(b"erased"), world.clock(), administrator, erased)
    report = world.check()
    assert attacks_in(report) == {Attack.ERASED_PERSON_KEPT}
    assert "alba" not in str(report)
    with world.ledger.transaction() as tx:
        tx.erase_person("alba@example.org")
    assert world.attacks() == set()


@pytest.mark.parametrize(
    "key",
    [
        f"agreements/v1/MOU-2026-0003/{digest_of(b'planted')}.pdf",
        f"agreements/v1/MOU-2026-0077/{digest_of(b'planted')}.pdf",
        f"work/v1/MOU-2026-0077/{digest_of(b'planted')}.pdf",
        f"agreements/v1/{INSTALLATION}/{digest_of(b'planted')}.pdf",
        f"elsewhere/{digest_of(b'planted')}.pdf",
        "work/v1/MOU-2026-0001/unnamed.pdf",
        f"agreements/v1/MOU-2026-0001/{digest_of(b'planted')}.pdf",
    ],
    ids=["not concluded", "deposit", "work", "of the installation", "elsewhere", "no digest", "archived"],
)
def test_an_object_nobody_recorded_is_named(world, key):
    world.planted(key, b"planted")
    report = world.check()
    assert attacks_in(report) == {Attack.OBJECT_UNRECORDED}
    assert attack_findings(report, Attack.OBJECT_UNRECORDED)[0].place == key


def test_a_working_copy_of_a_stage_that_broke_off_is_no_attack(world):
    world.keep("MOU-2026-0001", "never recorded", "pdf")
    report = world.check()
    assert report.verdict is Verdict.VALID
    assert "1 working copies" in next(found.reason for found in report.findings if found.part == "objects")


def test_a_deposit_whose_entry_is_still_to_come_is_no_attack(world):
    agreement = world.conclude()
    pdf = world.ledger.state(agreement).pdf
    world.store.put(deposit_key(agreement, pdf), world.store.get(working_key(agreement, pdf, "pdf")))
    assert world.attacks() == set()
    world.deposit(agreement)
    assert world.attacks() == set()


def test_a_deposit_that_nobody_concluded_is_named_while_another_is_due(world):
    key = deposit_key(world.conclude(), digest_of(b"planted"))
    world.planted(key, b"planted")
    assert world.attacks() == {Attack.OBJECT_UNRECORDED}


def test_a_renewal_whose_entry_is_still_to_come_is_open(world):
    receipt = world.ledger.state("MOU-2026-0001").receipt
    renewed = world.store.get(receipt.key) + b"a further timestamp"
    key = deposit_key("MOU-2026-0001", digest_of(renewed))
    world.store.put(key, renewed)
    report = world.check()
    assert report.verdict is Verdict.INDETERMINATE
    assert not attacks_in(report)
    assert [found.place for found in report.findings if found.part == "renewal"] == [key]


def test_of_many_findings_of_one_kind_some_are_shown_and_all_are_counted(world):
    for number in range(SHOWN_OF_EACH + 5):
        world.planted(f"elsewhere/{digest_of(str(number).encode())}.pdf", b"planted")
    findings = attack_findings(world.check(), Attack.OBJECT_UNRECORDED)
    assert len(findings) == SHOWN_OF_EACH + 1
    assert findings[-1].reason == "5 more of these"
