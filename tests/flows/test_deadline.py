"""The last day to sign: it counts as a whole where the house is, and what follows it happens once."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from flows import commands
from flows.collect import collect
from flows.deadline import lapse
from flows.sweep import sweep
from schemas.errors import InputError, NotAuthorised, Refused, RefusedTransition
from schemas.events import Extended, Lapsed
from schemas.state import Stage
from tests.flows.test_round import events, mails
from tests.flows.test_sweep import PATIENCE
from tests.installation import FIRST, MANAGER, PASSPHRASE, REVIEWER, SECOND, certificate, sign

pytestmark = pytest.mark.office


def set_clock(house, agreement, days: int, at: time) -> None:
    """Set the clock to a time of the house's own on the last day to sign, or ``days`` after it."""
    day = house.ledger.state(agreement).sign_by + timedelta(days=days)
    house.clock.now = datetime.combine(day, at, ZoneInfo(house.settings.time_zone)).astimezone(UTC)


LAST_MINUTE, MIDNIGHT = time(23, 59), time(0, 0)


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles"])
def test_a_signature_on_the_last_day_counts_and_after_it_is_refused_before_any_sweep(
    parallel, agreement, zone, monkeypatch
):
    house = parallel("signing")
    monkeypatch.setitem(house.__dict__, "settings", house.settings.model_copy(update={"time_zone": zone}))
    set_clock(house, agreement, 0, LAST_MINUTE)
    sign(house, agreement, FIRST)
    set_clock(house, agreement, 1, MIDNIGHT)
    p12 = certificate(house, SECOND)
    with pytest.raises(RefusedTransition, match="the last day to sign is over") as refusal:
        commands.sign(house, agreement, by=SECOND, p12=p12, passphrase=PASSPHRASE)
    assert refusal.value.expected == f"{house.ledger.state(agreement).sign_by} or earlier ({zone})"
    assert house.ledger.state(agreement).signed == ("for-gssc",)


def test_the_sweep_lets_an_agreement_lapse_once_and_has_people_told(parallel, agreement):
    house = parallel("signing")
    set_clock(house, agreement, 0, LAST_MINUTE)
    sweep(house, patience=PATIENCE)
    assert house.ledger.state(agreement).stage is Stage.SIGNING
    set_clock(house, agreement, 1, MIDNIGHT)
    assert not [due for due in sweep(house, patience=PATIENCE) if due.agreement == agreement]
    sweep(house, patience=PATIENCE)
    assert house.ledger.state(agreement).stage is Stage.ENDED
    assert len(events(house, agreement, Lapsed)) == 1
    assert [row.stage for row in house.outbox.due()].count("notify") == 1
    assert not lapse(house, agreement)


def test_nobody_is_invited_after_the_last_day(parallel, agreement):
    house = parallel("prepared")
    set_clock(house, agreement, 1, MIDNIGHT)
    outcome = collect(house, agreement, 0)
    assert outcome.acted
    assert "lapsed" in outcome.summary
    assert mails(house, "-sign-") == {}


def test_what_is_over_is_not_approved(parallel, agreement):
    house = parallel("second draft")
    set_clock(house, agreement, 1, MIDNIGHT)
    with pytest.raises(InputError, match=r"signing\.sign_by: is over already"):
        commands.approve(house, agreement, draft=2, by=REVIEWER)


def extend(house, agreement, days: int, by=MANAGER):
    until = house.ledger.state(agreement).sign_by + timedelta(days=days)
    return commands.extend(house, agreement, sign_by=until, by=by, reason="The board meets later.")


def test_a_manager_gives_more_time_up_to_the_last_minute(parallel, agreement):
    house = parallel("signing")
    until = house.ledger.state(agreement).sign_by + timedelta(days=5)
    set_clock(house, agreement, 0, LAST_MINUTE)
    assert extend(house, agreement, 5).changed
    assert not commands.extend(house, agreement, sign_by=until, by=MANAGER, reason="Said again.").changed
    assert house.register.show(agreement).sign_by == until
    house.clock.now += timedelta(days=3)
    sign(house, agreement, FIRST)
    assert [one.sign_by for one in events(house, agreement, Extended)] == [until]


def test_after_the_last_day_nobody_extends_it(parallel, agreement):
    house = parallel("signing")
    set_clock(house, agreement, 1, MIDNIGHT)
    with pytest.raises(Refused, match="what is over is not extended"):
        extend(house, agreement, 5)


def test_only_a_manager_gives_more_time_and_only_more(parallel, agreement, at):
    house = parallel("signing")
    with pytest.raises(NotAuthorised, match="no manager"):
        extend(house, agreement, 5, by=REVIEWER)
    for days in (0, -1):
        with pytest.raises(RefusedTransition, match="only a later last day"):
            extend(house, agreement, days)
    endless = at("signing", "other")
    with pytest.raises(RefusedTransition, match="only a later last day") as refusal:
        commands.extend(endless, agreement, sign_by=endless.clock.now.date(), by=MANAGER, reason="x")
    assert refusal.value.expected == "an agreement with a last day to sign"


def test_what_was_extended_a_moment_ago_does_not_lapse(parallel, agreement, monkeypatch):
    house = parallel("signing")
    before = house.ledger.state(agreement)
    set_clock(house, agreement, 0, LAST_MINUTE)
    extend(house, agreement, 5)
    set_clock(house, agreement, -4, MIDNIGHT)
    monkeypatch.setattr(type(house.ledger), "state", stale_once(type(house.ledger).state, before))
    assert not lapse(house, agreement)
    assert house.ledger.state(agreement).stage is Stage.SIGNING


def stale_once(read, before):
    """Return a reader that first says where the agreement stood ``before``."""
    answers = [before]
    return lambda ledger, agreement: answers.pop() if answers else read(ledger, agreement)
