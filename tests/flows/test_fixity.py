"""The daily round: everything is listed, a share is read, what is wrong is named, recorded and mailed."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.policy import default

import pytest

from archive.fixity import Damage
from archive.layout import working_folder
from flows.fixity import check_fixity, daily_round, last_checked, read_report, standing
from flows.settings import Settings
from flows.wiring import Installation
from schemas import events as ev
from schemas.errors import StoreUnavailable
from schemas.installation import INSTALLATION
from schemas.people import Office, Role
from tests.archived import (
    ADMINISTRATOR,
    COUNSEL,
    MANAGER,
    SECOND_ADMINISTRATOR,
    archive_one,
    conclude_one,
    installation,
)
from tests.installation import Clock


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


def file_of(house, key):
    return house.home / "objects" / key


def alter(path):
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().swapcase())


def mails(house):
    found = [message_from_bytes(path.read_bytes(), policy=default) for path in house.home.glob("mail/fixity-*.eml")]
    return {message["To"]: message for message in found}


def checks(house):
    return [one.entry.event for one in house.ledger.installation_entries()]


def test_a_sound_archive_is_recorded_as_one_and_nobody_is_alarmed(house, agreement):
    report = daily_round(house)
    assert (report.faults, report.promise) == ((), "tamper-evident")
    [event] = checks(house)
    assert (event.day, event.listed, event.read, event.faults) == (date(2026, 3, 2), 9, 9, 0)
    assert event.read_bytes == report.read_bytes > 0
    assert read_report(house, event.report) == report
    assert mails(house) == {}
    assert standing(house) == (True, "nothing wrong on 2026-03-02: 9 versions listed, 9 read whole")


def test_there_is_nothing_to_look_after_before_the_first_deposit(house):
    conclude_one(house)
    assert daily_round(house) is None
    assert checks(house) == []
    assert standing(house)[0]


def test_one_sweep_a_day_is_recorded(house, agreement, clock):
    first = daily_round(house)
    assert daily_round(house) is None
    assert check_fixity(house) == first
    assert len(checks(house)) == 1
    clock.now += timedelta(days=1)
    assert daily_round(house).day == date(2026, 3, 3)
    assert len(checks(house)) == 2


def test_two_sweeps_at_once_leave_one_entry_and_say_the_same(house, agreement, monkeypatch):
    others = []

    def overtaken(*_: object) -> None:
        if not others:
            others.append("begun")
            others.append(check_fixity(house))

    with monkeypatch.context() as racing:
        racing.setattr(house.store, "versions", _before(house.store.versions, overtaken))
        assert check_fixity(house) == others[1]
    assert len(checks(house)) == 1


def _before(act, first):
    def both(*words):
        first()
        return act(*words)

    return both


def test_every_object_is_read_within_the_days_that_are_set(tmp_path, clock):
    house = installation(tmp_path, clock, fixity_days=7)
    archive_one(house)
    daily_round(house)
    watched = {one.key for one in house.store.versions() if not one.key.startswith(working_folder(INSTALLATION))}
    read, examine = set(), house.store.examine
    house.store.examine = lambda key, version: read.add(key) or examine(key, version)
    shares = []
    for _ in range(7):
        clock.now += timedelta(days=1)
        shares.append(daily_round(house).read)
    assert read >= watched
    assert max(shares) < len(watched)
    house.close()


def test_days_that_were_missed_are_made_up_for(house, agreement, clock):
    daily_round(house)
    clock.now += timedelta(days=45)
    assert not standing(house)[0]
    assert standing(house)[1].startswith("no sweep since 2026-03-02")
    report = daily_round(house)
    assert report.read == report.listed


def test_an_altered_deposit_is_named_and_administrators_are_told(house, agreement):
    key = house.ledger.state(agreement).receipt.key
    alter(file_of(house, key))
    [fault] = daily_round(house).faults
    assert (fault.damage, fault.key, fault.expected) == (Damage.ALTERED, key, house.ledger.state(agreement).pdf)
    assert standing(house) == (False, "1 fault on 2026-03-02; name them: convenio archive fixity")
    assert set(mails(house)) == {ADMINISTRATOR, SECOND_ADMINISTRATOR}
    message = mails(house)[ADMINISTRATOR]
    assert message["Subject"] == "ALARM: 1 fault in the archive"
    assert f"altered: {key}" in message.get_content()
    assert [event.faults for event in checks(house)] == [1]


def test_without_an_administrator_managers_are_told_and_the_log_says_so(tmp_path, clock, caplog):
    with closing(Installation(Settings(home=tmp_path), clock=clock)) as house:
        house.people.add(MANAGER, "Manager", [Role.MANAGER])
        house.people.add(COUNSEL, "Counsel", [Role.REVIEWER], [Office.LEGAL])
        agreement = archive_one(house)
        alter(file_of(house, house.ledger.state(agreement).receipt.key))
        daily_round(house)
        assert set(mails(house)) == {MANAGER}
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == [
        "1 fault in the archive, and no administrator to tell: managers are told"
    ]


def test_the_same_alarm_is_mailed_once_a_day(house, agreement):
    alter(file_of(house, house.ledger.state(agreement).receipt.key))
    for _ in range(2):
        check_fixity(house, everything=True)
    assert len(mails(house)) == 2


def test_no_mail_address_stands_in_the_name_of_a_file(house, agreement):
    alter(file_of(house, house.ledger.state(agreement).receipt.key))
    daily_round(house)
    assert not [path for path in house.home.rglob("*") if "@" in path.name]


@pytest.mark.parametrize("what", ["deposit", "working copy", "data"])
def test_whatever_is_missing_is_named(house, agreement, what):
    state = house.ledger.state(agreement)
    keys = {
        "deposit": state.receipt.key,
        "working copy": f"{working_folder(agreement)}{state.report}.json",
        "data": f"work/v1/data/{state.data}.json",
    }
    file_of(house, keys[what]).unlink()
    [fault] = daily_round(house).faults
    assert fault.damage is Damage.MISSING
    assert keys[what].startswith(fault.key)


def test_a_record_that_was_altered_is_named_on_the_day_it_is_followed(house, agreement, monkeypatch):
    key = f"{working_folder(agreement)}{house.ledger.state(agreement).report}.json"
    alter(file_of(house, key))
    monkeypatch.setattr("flows.fixity.due_on", lambda *_: lambda _: False)
    [fault] = daily_round(house).faults
    assert (fault.damage, fault.key) == (Damage.ALTERED, key)
    [again] = check_fixity(house, everything=True).faults
    assert (again.damage, again.key) == (Damage.ALTERED, key)


def test_an_empty_store_is_not_taken_for_a_sound_one(house, agreement):
    for path in list((house.home / "objects").rglob("*.*")):
        if path.is_file():
            path.unlink()
    faults = daily_round(house).faults
    assert {fault.damage for fault in faults} == {Damage.MISSING}
    assert len(faults) == 9


def test_what_is_disposed_of_is_not_missed(house, agreement, clock):
    from flows.disposal import dispose, propose_disposal
    from flows.retention import balance_paid
    from tests.archived import MANAGER

    archive_one(house, b"other data")
    balance_paid(house, agreement, by=MANAGER, paid_on=clock.now.date(), small_grant=True, reason="final payment")
    clock.now = datetime(2029, 3, 3, tzinfo=UTC)
    propose_disposal(house, agreement, by=ADMINISTRATOR, reason="retention has ended")
    dispose(house, agreement, by=SECOND_ADMINISTRATOR, authority="retention plan")
    assert daily_round(house).faults == ()
    certificate = house.ledger.entries(agreement)[-1].entry.event.certificate
    file_of(house, f"{working_folder(agreement)}{certificate}.txt").unlink()
    [fault] = check_fixity(house, everything=True).faults
    assert (fault.damage, fault.expected) == (Damage.MISSING, certificate)


def test_a_sweep_of_everything_finds_what_was_altered_after_todays(house, agreement):
    assert daily_round(house).faults == ()
    alter(file_of(house, house.ledger.state(agreement).receipt.key))
    assert check_fixity(house).faults == ()
    assert [fault.damage for fault in check_fixity(house, everything=True).faults] == [Damage.ALTERED]
    assert not standing(house)[0]
    assert [event.faults for event in checks(house)] == [0, 1]


def test_a_store_that_does_not_answer_leaves_no_entry_and_is_tried_again(house, agreement, monkeypatch):
    def silent(*_: object) -> None:
        raise StoreUnavailable("the store did not answer")

    with monkeypatch.context() as down:
        down.setattr(house.store, "versions", silent)
        with pytest.raises(StoreUnavailable):
            daily_round(house)
    assert last_checked(house) is None
    assert daily_round(house).faults == ()


def test_locks_that_do_not_answer_hold_back_no_alarm_and_are_tried_again_the_same_day(house, agreement, monkeypatch):
    def silent(*_: object) -> None:
        raise StoreUnavailable("locks do not answer")

    archive_one(house, b"other data")
    alter(file_of(house, house.ledger.state(agreement).receipt.key))
    with monkeypatch.context() as down:
        down.setattr(house.store, "extend", silent)
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match="locks do not answer"):
                daily_round(house)
    assert [event.faults for event in checks(house)] == [1]
    assert set(mails(house)) == {ADMINISTRATOR, SECOND_ADMINISTRATOR}
    asked, extend = [], house.store.extend
    monkeypatch.setattr(house.store, "extend", lambda *words: asked.append(words) or extend(*words))
    for _ in range(2):
        assert daily_round(house) is None
    assert len(asked) == 2, "each deposit once"


def test_a_sweep_that_never_came_is_late_from_the_first_deposit_on(house, agreement, clock):
    clock.now += timedelta(days=2)
    archive_one(house, b"other data")
    assert standing(house) == (True, "no sweep yet; the first one follows the first deposit")
    clock.now += timedelta(days=1)
    assert standing(house) == (
        False,
        "no sweep ever, with deposits since 2026-03-02; is the runner up? Start it: convenio up",
    )


def test_the_entry_is_an_act_of_the_system_about_the_installation(house, agreement):
    daily_round(house)
    [recorded] = house.ledger.installation_entries()
    assert isinstance(recorded.entry.event, ev.FixityChecked)
    assert (recorded.entry.agreement, recorded.entry.actor.person) == (INSTALLATION, None)
