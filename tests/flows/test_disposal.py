"""Disposal: only after the end, never under hold, by two administrators, and nothing is left but the certificate."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from archive import tables
from archive.attack import Attack
from archive.database import reading
from archive.destruction import open_certificate
from archive.layout import data_key, deposit_folder, working_folder
from archive.personal import PERSONAL, dump_personal, restore_personal
from archive.sign_links import SignLink
from archive.store import Holding
from flows import drill as drill_module
from flows.backup import back_up, open_backup
from flows.checkpoints import publish_checkpoint
from flows.commands import withdraw
from flows.disposal import certificate, dispose, propose_disposal
from flows.fixity import check_fixity
from flows.holds import place_hold, release_hold
from flows.ledger_check import check_ledger
from flows.notify import notify
from flows.restore import restore
from flows.retention import balance_paid, extend_retention
from schemas import events as ev
from schemas.errors import FourEyes, Invalid, NotAuthorised, Refused, RefusedTransition, StaleBase, StoreUnavailable
from schemas.evidence import Verdict, digest_of
from schemas.state import Stage
from tests import ceph
from tests.archived import (
    ADMINISTRATOR,
    COUNSEL,
    MANAGER,
    SECOND_ADMINISTRATOR,
    archive_one,
    conclude_one,
    draft_one,
    installation,
    on_s3,
)
from tests.installation import Clock

PAID = date(2026, 3, 2)
LAST_DAY = date(2031, 3, 2)
AFTER = datetime(2031, 3, 3, 0, 0, 1, tzinfo=UTC)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def house(tmp_path, clock):
    house = installation(tmp_path, clock)
    yield house
    house.close()


@pytest.fixture
def agreement(house):
    return archive_one(house)


@pytest.fixture
def ended(house, agreement, clock):
    """The same agreement on the day after its last day of retention."""
    balance_paid(house, agreement, by=MANAGER, paid_on=PAID, small_grant=False, reason="final payment")
    clock.now = AFTER
    return agreement


def propose(house, agreement, by=ADMINISTRATOR):
    return propose_disposal(house, agreement, by=by, reason="retention has ended")


def carry_out(house, agreement, by=SECOND_ADMINISTRATOR):
    return dispose(house, agreement, by=by, authority="retention plan 4.2")


def left(house, agreement):
    return [key for folder in (deposit_folder, working_folder) for key in house.store.keys(folder(agreement))]


def test_everything_is_destroyed_but_the_certificate(house, ended):
    before, receipts = left(house, ended), house.ledger.state(ended).deposits
    assert len(before) == 8
    propose(house, ended)
    done = carry_out(house, ended)
    assert (done.state.stage, done.changed) == (Stage.DISPOSED, True)
    event = house.ledger.entries(ended)[-1].entry.event
    assert isinstance(event, ev.Disposed)
    assert event.receipts == receipts
    assert left(house, ended) == [f"{working_folder(ended)}{event.certificate}.txt"]
    assert digest_of(certificate(house, ended)) == event.certificate


def test_what_opens_its_entries_goes_too_and_who_acted_stays(house, ended):
    with house.ledger.transaction() as tx:
        for agreement in (ended, "MOU-2026-0002"):
            tx.remember_opening({"mail": agreement}, "ab" * 32, agreement=agreement, person=None)
    for number, agreement in enumerate((ended, "MOU-2026-0002")):
        house.sign_links.issue(
            SignLink(
                link_hash=f"{number:064}",
                agreement=agreement,
                signatory="a",
                person="1" * 64,
                base="0" * 64,
                expires_at=AFTER,
            )
        )
        house.mail.send(f"{agreement}-sign-1-a", to=MANAGER, subject="x", body="Please sign.", now=AFTER)
    propose(house, ended)
    backup = dump_personal(house.engine)
    carry_out(house, ended)
    remarks = [getattr(recorded.entry.event, "remark", None) for recorded in house.ledger.entries(ended)]
    kept = [remark for remark in remarks if remark and house.remarks.get(remark)]
    assert kept == [house.ledger.entries(ended)[-1].entry.event.remark]
    assert {row.agreement for row in rows(house, tables.openings)} == {"MOU-2026-0002"}
    assert {row.agreement for row in rows(house, tables.sign_links)} == {"MOU-2026-0002"}
    assert [path.name for path in house.mail.folder.glob("*.eml")] == ["MOU-2026-0002-sign-1-a.eml"]
    assert b"final payment" not in b"".join(path.read_bytes() for path in house.home.glob("convenio.sqlite*"))
    assert house.people.get(MANAGER)
    assert restore_personal(house.engine, backup) == 0


def rows(house, table):
    with reading(house.engine) as connection:
        return list(connection.execute(select(table)))


def test_a_disposal_that_broke_off_leaves_what_opens_its_entries(house, ended, monkeypatch):
    propose(house, ended)
    before = [rows(house, table) for table in PERSONAL]
    with monkeypatch.context() as broken:
        broken.setattr(house.store, "put", lambda *_: (_ for _ in ()).throw(StoreUnavailable("no answer")))
        with pytest.raises(StoreUnavailable):
            carry_out(house, ended)
    assert [rows(house, table) for table in PERSONAL] == before


def test_the_certificate_says_what_by_whom_and_on_what_authority(house, ended):
    data = house.ledger.state(ended).data
    propose(house, ended)
    destroyed = {*left(house, ended), data_key(data)}
    carry_out(house, ended)
    stated = open_certificate(certificate(house, ended), house.checkpoint_key.verifier_key)
    event = house.ledger.entries(ended)[-1].entry.event
    assert (stated.agreement, stated.retention_until, stated.authority) == (ended, LAST_DAY, event.remark)
    assert stated.proposed_by == house.people.get(ADMINISTRATOR).commitment
    assert stated.carried_out_by == house.people.get(SECOND_ADMINISTRATOR).commitment
    assert {one.key for one in stated.destroyed} == destroyed - {f"{working_folder(ended)}{stated.listing}.json"}
    assert {one.sha256 for one in stated.destroyed} >= {receipt.sha256 for receipt in event.receipts}
    assert house.remarks.get(stated.authority).text == "retention plan 4.2"


@pytest.mark.parametrize("place", [10, 200, -10])
def test_a_certificate_with_one_flipped_bit_is_none(house, ended, place):
    propose(house, ended)
    carry_out(house, ended)
    note = bytearray(certificate(house, ended))
    note[place] ^= 1
    with pytest.raises(Invalid):
        open_certificate(bytes(note), house.checkpoint_key.verifier_key)


def test_a_checkpoint_is_no_certificate(house, ended):
    with pytest.raises(Invalid, match="not a certificate of destruction"):
        open_certificate(publish_checkpoint(house).note.encode(), house.checkpoint_key.verifier_key)


def test_nothing_is_disposed_of_while_no_end_is_known(house, agreement, clock):
    clock.now = datetime(2090, 1, 1, tzinfo=UTC)
    with pytest.raises(RefusedTransition, match="retention has not ended") as refusal:
        propose(house, agreement)
    assert refusal.value.got == "no end is known"


def test_nothing_is_disposed_of_on_the_last_day(house, ended, clock):
    clock.now = datetime(2031, 3, 2, 23, 59, tzinfo=UTC)
    for act in (propose, carry_out):
        with pytest.raises(RefusedTransition, match="retention has not ended"):
            act(house, ended)
    assert len(left(house, ended)) == 8


def test_nothing_is_disposed_of_under_a_legal_hold(house, ended):
    propose(house, ended)
    place_hold(house, ended, by=COUNSEL, reason="an investigation")
    for act in (propose, carry_out):
        with pytest.raises(RefusedTransition, match="a legal hold is in place"):
            act(house, ended)
    release_hold(house, ended, by=COUNSEL, reason="it is closed")
    # the hold voided the proposal
    with pytest.raises(RefusedTransition, match="nobody proposed this disposal"):
        carry_out(house, ended)
    assert len(left(house, ended)) == 9


def test_an_extension_voids_the_proposal(house, ended, clock):
    propose(house, ended)
    extend_retention(house, ended, by=ADMINISTRATOR, until=date(2031, 3, 9), reason="an audit")
    clock.now += timedelta(days=7)
    with pytest.raises(RefusedTransition, match="nobody proposed this disposal"):
        carry_out(house, ended)


def test_whoever_proposed_it_does_not_carry_it_out(house, ended):
    with pytest.raises(RefusedTransition, match="nobody proposed this disposal"):
        carry_out(house, ended)
    propose(house, ended)
    with pytest.raises(FourEyes, match="whoever proposed a disposal does not carry it out"):
        carry_out(house, ended, by=ADMINISTRATOR)
    assert carry_out(house, ended).changed


@pytest.mark.parametrize("act", [propose, carry_out])
@pytest.mark.parametrize("by", [MANAGER, COUNSEL])
def test_disposal_is_a_right_of_administrators(house, ended, act, by):
    with pytest.raises(NotAuthorised, match="is no administrator"):
        act(house, ended, by=by)


def test_a_proposal_and_a_disposal_are_made_once(house, ended):
    assert propose(house, ended).changed
    assert not propose(house, ended).changed
    assert carry_out(house, ended).changed
    assert not carry_out(house, ended).changed
    events = [recorded.entry.event.type for recorded in house.ledger.entries(ended)]
    assert (events.count("disposal proposed"), events.count("disposed")) == (1, 1)


def test_what_was_stored_after_the_proposal_is_not_destroyed_unseen(house, ended):
    propose(house, ended)
    house.store.put(f"{working_folder(ended)}{digest_of(b'more')}.pdf", b"more")
    with pytest.raises(StaleBase, match="other objects are stored than the proposal lists"):
        carry_out(house, ended)
    assert len(left(house, ended)) == 10
    propose(house, ended)
    assert carry_out(house, ended).changed
    assert len(left(house, ended)) == 1


def test_data_another_agreement_has_too_stays_until_both_are_disposed_of(house, ended, clock):
    clock.now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    other = archive_one(house)
    data = data_key(house.ledger.state(ended).data)
    assert house.ledger.state(other).data == house.ledger.state(ended).data
    balance_paid(house, other, by=MANAGER, paid_on=PAID, small_grant=False, reason="final payment")
    clock.now = AFTER
    propose(house, ended)
    carry_out(house, ended)
    assert house.store.stat(data) is not None
    assert house.store.get(house.ledger.state(other).receipt.key)
    propose(house, other)
    carry_out(house, other)
    assert house.store.stat(data) is None


@pytest.mark.parametrize("acts", range(1, 12))
def test_a_disposal_that_broke_off_anywhere_is_completed_by_repeating_it(house, ended, monkeypatch, acts):
    propose(house, ended)
    store, done = house.store, []

    def failing(act):
        def tried(*words, **more):
            done.append(act)
            if len(done) == acts:
                raise StoreUnavailable("the store did not answer")
            return act(*words, **more)

        return tried

    with monkeypatch.context() as broken:
        broken.setattr(store, "dispose", failing(store.dispose))
        broken.setattr(store, "put", failing(store.put))
        with pytest.raises(StoreUnavailable):
            carry_out(house, ended)
    assert carry_out(house, ended).state.stage is Stage.DISPOSED
    assert len(left(house, ended)) == 1
    events = [recorded.entry.event.type for recorded in house.ledger.entries(ended)]
    assert events.count("disposed") == 1


def test_a_disposal_whose_entry_was_lost_is_completed_by_repeating_it(house, ended, monkeypatch):
    propose(house, ended)
    with monkeypatch.context() as broken:
        broken.setattr("archive.transaction.Transaction.close", lambda _: (_ for _ in ()).throw(StoreUnavailable("x")))
        with pytest.raises(StoreUnavailable):
            carry_out(house, ended)
    assert house.ledger.state(ended).stage is Stage.ARCHIVED
    assert not list(house.store.keys(deposit_folder(ended)))
    carry_out(house, ended)
    assert len(left(house, ended)) == 1


def test_what_the_store_still_holds_is_not_proposed(house, ended, monkeypatch):
    held = Holding(size_bytes=1, lock_mode="COMPLIANCE", retain_until=AFTER + timedelta(days=9))
    monkeypatch.setattr(house.store, "inspect", lambda *_: held)
    with pytest.raises(Refused, match="the store still holds a deposit") as refusal:
        propose(house, ended)
    assert "COMPLIANCE until 2031-03-12" in refusal.value.got


def test_what_was_not_disposed_of_has_no_certificate(house, agreement):
    with pytest.raises(Refused, match="was not disposed of"):
        certificate(house, agreement)


@pytest.mark.enable_socket
class TestOnS3:
    """Every version is destroyed by its VersionId, also what somebody laid over a deposit."""

    @pytest.fixture
    def house(self, tmp_path, clock, moto_endpoint, bucket_name):
        house = installation(tmp_path, clock, **on_s3(moto_endpoint, bucket_name))
        yield house
        house.close()

    def test_every_version_goes(self, house, ended):
        key = house.ledger.state(ended).receipt.key
        bucket = house.store._bucket
        bucket.put(key, b"altered", create_only=False)
        bucket.delete(key)
        propose(house, ended)
        carry_out(house, ended)
        assert [one for one in bucket.versions(deposit_folder(ended)) if not one.deleted] == []
        stated = open_certificate(certificate(house, ended), house.checkpoint_key.verifier_key)
        versions = [one for one in stated.destroyed if one.key == key]
        assert digest_of(b"altered") in {one.sha256 for one in versions}
        assert len({one.version for one in versions}) == 2


class TestOnCeph:
    pytestmark = ceph.MARKS

    @pytest.fixture
    def house(self, tmp_path, clock, ceph_endpoint, bucket_name):
        clock.now = datetime.now(UTC)
        house = installation(tmp_path, clock, **on_s3(ceph_endpoint, bucket_name))
        yield house
        house.close()

    def test_a_lock_that_has_not_ended_outlives_a_clock_that_runs_ahead(self, house, agreement, clock):
        """Whoever turns the machine's clock forward deceives Convenio, and not the store."""
        balance_paid(house, agreement, by=MANAGER, paid_on=clock.now.date(), small_grant=True, reason="final payment")
        clock.now = clock.now.replace(year=clock.now.year + 4)
        propose(house, agreement)
        with pytest.raises(Refused, match="the store does not let go of this version"):
            carry_out(house, agreement)
        receipt = house.ledger.state(agreement).receipt
        assert house.ledger.state(agreement).stage is Stage.ARCHIVED
        assert digest_of(house.store.get(receipt.key, version=receipt.version)) == receipt.sha256


@pytest.fixture
def withdrawn(house):
    """An agreement that ended in review: data, template, manifest and draft are stored."""
    agreement = draft_one(house, b'{"two":2}')
    withdraw(house, agreement, by=MANAGER, reason="the partner left")
    return agreement


def test_what_ended_without_being_archived_is_destroyed_by_two_administrators(house, withdrawn):
    assert len(left(house, withdrawn)) == 4
    data = data_key(house.ledger.state(withdrawn).data)
    propose(house, withdrawn)
    with pytest.raises(FourEyes, match="whoever proposed a disposal does not carry it out"):
        carry_out(house, withdrawn, by=ADMINISTRATOR)
    assert carry_out(house, withdrawn).state.stage is Stage.DISPOSED
    stated = open_certificate(certificate(house, withdrawn), house.checkpoint_key.verifier_key)
    assert (stated.retention_until, len(stated.destroyed)) == (None, 5)
    assert len(left(house, withdrawn)) == 1
    assert house.store.stat(data) is None
    publish_checkpoint(house)
    assert check_ledger(house).verdict is Verdict.VALID
    assert not check_fixity(house, everything=True).faults


def test_a_legal_hold_keeps_what_ended(house, withdrawn):
    place_hold(house, withdrawn, by=COUNSEL, reason="an investigation")
    with pytest.raises(RefusedTransition, match="a legal hold is in place"):
        propose(house, withdrawn)
    release_hold(house, withdrawn, by=COUNSEL, reason="it is closed")
    assert propose(house, withdrawn).changed


def test_what_is_under_way_is_not_disposed_of(house):
    under_way = conclude_one(house)
    with pytest.raises(RefusedTransition, match="only what is archived or has ended") as refusal:
        propose(house, under_way)
    assert refusal.value.got == "concluded"


def test_nobody_is_told_from_data_that_was_destroyed(house, withdrawn):
    [due] = [row for row in house.outbox.due() if row.stage == "notify"]
    propose(house, withdrawn)
    carry_out(house, withdrawn)
    assert not notify(house, withdrawn, due.version).acted
    assert all(row.done_at for row in house.outbox.attempts("notify", withdrawn, due.version))


def test_what_is_disposed_of_during_a_restore_drill_is_no_difference_and_said(house, ended, tmp_path, monkeypatch):
    propose(house, ended)
    passphrase = "five random words are enough"
    backup = open_backup(back_up(house, passphrase, cost=4), passphrase)

    def meanwhile(*words, **more):
        carry_out(house, ended)
        return restore(*words, **more)

    monkeypatch.setattr(drill_module, "restore", meanwhile)
    result = drill_module.drill(house, backup, tmp_path / "scratch")
    assert (result.differences, result.disposed) == ((), (ended,))


def test_the_ledger_check_misses_nothing_that_was_disposed_of_and_the_certificate_if_it_is_gone(house, ended, clock):
    clock.now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    archive_one(house, b"other data")
    clock.now = AFTER
    propose(house, ended)
    assert check_ledger(house).verdict is Verdict.VALID
    carry_out(house, ended)
    assert check_ledger(house).verdict is Verdict.VALID
    [left_over] = left(house, ended)
    (house.home / "objects" / left_over).unlink()
    [missing] = [finding for finding in check_ledger(house).findings if finding.verdict is Verdict.INVALID]
    assert missing.part == Attack.OBJECT_MISSING
    assert left_over.startswith(missing.place)
