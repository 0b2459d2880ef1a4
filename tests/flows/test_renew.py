from __future__ import annotations

from datetime import timedelta

import pytest

from archive.directory import DirectoryStore
from archive.layout import deposit_folder
from archive.store import Holding
from flows.holds import place_hold
from flows.renew import renew
from flows.settings import Settings
from flows.stage import keep
from flows.sweep import sweep
from flows.wiring import Installation
from schemas import events as ev
from schemas.errors import DigestMismatch, RefusedTransition, TimestampUnavailable
from schemas.evidence import DepositReceipt, Verdict
from schemas.state import Stage
from signing.preserve import informed_about
from signing.renew import renewal_due
from signing.timestamp import http_timestamper
from signing.validate import validate
from tests.authorities import Fault, authorities
from tests.installation import REVIEWER

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def net(tmp_path):
    folder = tmp_path / "net"
    folder.mkdir()
    with authorities(folder) as running:
        yield running


@pytest.fixture
def house(at, net) -> Installation:
    """An installation with an agreement in its archive, and an authority on the net to renew by."""
    house = at("archived")
    trust = house.home / "trust"
    trust.mkdir(exist_ok=True)
    (trust / "net.pem").write_text(net.root_pem)
    net.clock = lambda: house.clock.now
    return house


def ask(house: Installation, url: str, **settings) -> None:
    """From now on ask the authority at ``url``."""
    house.keyring.__dict__["timestamper"] = http_timestamper(url, timeout_seconds=2)
    object.__setattr__(house, "settings", Settings(home=house.home, tsa_url=url, **settings))


def broken_off(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def file_of_record(house: Installation, agreement) -> bytes:
    receipt = house.ledger.state(agreement).receipt
    return house.store.get(receipt.key, version=receipt.version)


def test_a_fresh_deposit_is_not_due(house):
    assert list(house.renewals.due(house)) == []


def test_a_renewed_document_is_deposited_beside_the_first_and_becomes_the_file_of_record(house, net, agreement):
    before, first = file_of_record(house, agreement), house.ledger.state(agreement)
    ask(house, net.tsa_url())
    outcome = renew(house, agreement, 1)
    after = house.ledger.state(agreement)
    final = file_of_record(house, agreement)
    assert outcome.acted
    assert final.startswith(before)
    assert after.stage is Stage.ARCHIVED
    assert [receipt.sha256 for receipt in after.deposits] == [first.pdf, after.pdf]
    assert house.store.get(first.receipt.key, version=first.receipt.version) == before
    (event,) = [entry.entry.event for entry in house.ledger.entries(agreement) if entry.entry.event.type == "renewed"]
    assert isinstance(event, ev.Renewed)
    assert (event.base, event.pdf, event.level) == (first.pdf, after.pdf, "B-LTA")
    now = house.clock()
    report = validate(final, informed_about(final, house.trust(now), now=now), now=now)
    assert (report.verdict, report.level) == (Verdict.VALID, "B-LTA")


def test_a_renewed_document_is_held_at_once_where_the_agreement_is(house, net, agreement):
    place_hold(house, agreement, by=REVIEWER, reason="an investigation")
    held = []

    class Remembering(DirectoryStore):
        def hold(self, receipt: DepositReceipt, *, on: bool) -> Holding:
            held.append((receipt.sha256, on))
            return super().hold(receipt, on=on)

    house.__dict__["store"] = Remembering(house.home / "objects")
    ask(house, net.tsa_url())
    assert renew(house, agreement, 1).acted
    assert (house.ledger.state(agreement).pdf, True) in held


def test_a_second_run_of_the_same_renewal_finds_nothing_to_do(house, net, agreement):
    ask(house, net.tsa_url())
    assert renew(house, agreement, 1).acted
    size = house.ledger.size
    assert not renew(house, agreement, 1).acted
    assert house.ledger.size == size


def test_a_renewal_that_was_broken_off_after_its_deposit_deposits_the_same_bytes_again(
    house, net, agreement, monkeypatch
):
    ask(house, net.tsa_url())
    with monkeypatch.context() as broken:
        broken.setattr("flows.renew.record", broken_off)
        with pytest.raises(KeyboardInterrupt):
            renew(house, agreement, 1)
    left = set(house.store.keys(deposit_folder(agreement)))
    house.clock.now += timedelta(minutes=5)
    assert renew(house, agreement, 1).acted
    assert set(house.store.keys(deposit_folder(agreement))) == left
    assert left == {receipt.key for receipt in house.ledger.state(agreement).deposits}


def test_a_kept_renewal_that_does_not_hold_is_made_anew(house, net, agreement):
    ask(house, net.tsa_url())
    junk = file_of_record(house, agreement) + b"% nothing\n" * 100
    keep(house, agreement, junk, "pdf")
    assert renew(house, agreement, 1).acted
    assert file_of_record(house, agreement) != junk


def test_the_sweep_renews_what_ends_within_the_days_that_are_set_and_no_sooner(house, net, agreement):
    end = renewal_due(file_of_record(house, agreement))
    house.clock.now = end - timedelta(days=181)
    assert [due.stage for due in sweep(house, patience=timedelta(0))] == []
    house.clock.now = end - timedelta(days=180)
    (due,) = sweep(house, patience=timedelta(minutes=1))
    assert (due.stage, due.agreement, due.version) == ("renew", agreement, 1)
    assert sweep(house, patience=timedelta(minutes=1)) == []


def test_a_file_that_could_not_be_read_once_is_not_forgotten(house, agreement, monkeypatch):
    house.clock.now = renewal_due(file_of_record(house, agreement)) - timedelta(days=180)

    def damaged(*_: object, **__: object) -> bytes:
        raise DigestMismatch("the bytes are not the ones that were deposited")

    with monkeypatch.context() as broken:
        broken.setattr(house.store, "get", damaged)
        assert list(house.renewals.due(house)) == []
    assert [due.stage for due in house.renewals.due(house)] == ["renew"]


def test_a_renewal_that_is_due_and_gains_nothing_waits_for_another_certificate(house, net, agreement):
    ask(house, net.tsa_url(), renew_days=3650)
    assert renew(house, agreement, 1).acted
    house.clock.now += timedelta(days=3)
    with pytest.raises(TimestampUnavailable, match="would not outlast the newest one"):
        renew(house, agreement, 2)
    assert len(house.ledger.state(agreement).deposits) == 2


def test_without_an_answer_nothing_is_changed(house, net, agreement):
    ask(house, net.tsa_url())
    size = house.ledger.size
    with net.failing("tsa", Fault.DOWN), pytest.raises(TimestampUnavailable):
        renew(house, agreement, 1)
    assert house.ledger.size == size
    assert renew(house, agreement, 1).acted


def test_what_is_not_archived_is_not_renewed(at, agreement):
    from flows.renew import receipt_of

    house = at("signed")
    assert not renew(house, agreement, 0).acted
    with pytest.raises(RefusedTransition, match="nothing is archived"):
        receipt_of(house.ledger.state(agreement))
