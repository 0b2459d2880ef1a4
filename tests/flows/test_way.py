from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import pytest

from archive.layout import working_key
from flows import commands
from flows.collect import collect
from flows.conclude import conclude
from flows.draft import draft
from flows.prepare import prepare
from flows.publish import publish
from flows.stage import Outcome
from flows.wiring import Installation
from schemas.errors import DigestMismatch, GateRefused, StoreUnavailable, TimestampUnavailable, Unavailable
from schemas.evidence import AgreementId
from schemas.state import Stage
from signing.timestamp import Timestamper
from tests.installation import FIRST, MANAGER, PASSPHRASE, POINTS, certificate

pytestmark = pytest.mark.office


@dataclass(frozen=True)
class Act:
    """A stage of the way: the point before it, and what runs it."""

    before: str
    run: Callable[[Installation, AgreementId], Outcome]
    becomes: Stage

    @property
    def after(self) -> str:
        return POINTS[POINTS.index(self.before) + 1]


ACTS = {
    "draft": Act("confirmed", lambda house, agreement: draft(house, agreement, 2), Stage.IN_REVIEW),
    "prepare": Act("approved", lambda house, agreement: prepare(house, agreement, 2), Stage.SIGNING),
    "first invitation": Act("prepared", lambda house, agreement: collect(house, agreement, 0), Stage.SIGNING),
    "second invitation": Act("signed once", lambda house, agreement: collect(house, agreement, 1), Stage.SIGNING),
    "end of collection": Act("signed", lambda house, agreement: collect(house, agreement, 2), Stage.SIGNED),
    "conclude": Act("collected", lambda house, agreement: conclude(house, agreement, 2), Stage.CONCLUDED),
    "publish": Act("concluded", lambda house, agreement: publish(house, agreement, 2), Stage.ARCHIVED),
}

each_act = pytest.mark.parametrize("act", ACTS.values(), ids=ACTS.keys())


def seen(house: Installation, agreement: AgreementId) -> tuple[object, ...]:
    """Return what a stage can change: entries, due stages, mail, objects."""
    return (
        house.ledger.entries(agreement),
        house.outbox.due(),
        sorted(path.name for path in house.mail.folder.glob("*")),
        sorted(house.store.keys()),
    )


@each_act
def test_a_stage_run_twice_does_nothing_the_second_time(at, agreement, act):
    house = at(act.before)
    assert act.run(house, agreement).acted
    assert house.ledger.state(agreement).stage is act.becomes
    before = seen(house, agreement)
    assert not act.run(house, agreement).acted
    assert seen(house, agreement) == before


@each_act
def test_a_stage_out_of_turn_does_nothing(at, agreement, act):
    for point in ("requested", "in review", "approved", "signed once", "collected", "archived"):
        if point == act.before:
            continue
        house = at(point, point)
        before = seen(house, agreement)
        outcome = act.run(house, agreement)
        assert not outcome.acted
        assert seen(house, agreement) == before


class RacedStore:
    """A store at whose first writing another run of the same stage comes first."""

    def __init__(self, house: Installation, other: Callable[[], object]) -> None:
        self._store = house.store
        self._other: Callable[[], object] | None = other

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def put(self, key: str, content: bytes, *, retain_until: datetime | None = None) -> object:
        if (other := self._other) is not None:
            self._other = None
            other()
        return self._store.put(key, content, retain_until=retain_until)


@pytest.mark.parametrize("name", ["draft", "prepare", "conclude", "publish"])
def test_a_stage_that_loses_the_race_ends_as_not_due(at, agreement, name):
    act, house = ACTS[name], at(ACTS[name].before)
    outcomes = []
    slower = replace(house)
    slower.__dict__["office"] = house.office
    slower.__dict__["store"] = RacedStore(house, lambda: outcomes.append(act.run(house, agreement)))
    outcomes.append(act.run(slower, agreement))
    slower.engine.dispose()
    assert [outcome.acted for outcome in outcomes] == [True, False]
    assert house.ledger.state(agreement).stage is act.becomes
    types = [recorded.entry.event.type for recorded in house.ledger.entries(agreement)]
    expected = {"draft": "drafted", "prepare": "prepared", "conclude": "concluded", "publish": "deposited"}[name]
    assert types.count(expected) == (2 if name == "draft" else 1)


class SilentAuthority(Timestamper):
    """A timestamp authority that does not answer."""

    async def exchange(self, request: bytes) -> bytes:
        raise TimestampUnavailable("the authority does not answer", where="a test")


def sign_first(house: Installation, agreement: AgreementId) -> None:
    p12 = certificate(house, FIRST)
    commands.sign(house, agreement, by=FIRST, p12=p12, passphrase=PASSPHRASE)


@pytest.mark.parametrize(
    ("point", "run"),
    [("approved", ACTS["prepare"].run), ("signing", sign_first), ("collected", ACTS["conclude"].run)],
    ids=["prepare", "sign", "conclude"],
)
def test_while_the_timestamp_authority_is_silent_nothing_changes(at, agreement, point, run):
    house = at(point)
    before = seen(house, agreement)
    house.keyring.__dict__["timestamper"] = SilentAuthority()
    with pytest.raises(TimestampUnavailable):
        run(house, agreement)
    assert seen(house, agreement) == before
    del house.keyring.__dict__["timestamper"]
    run(house, agreement)
    assert house.ledger.state(agreement).counter == len(before[0])


class FaultyStore:
    """A store whose writing number ``number`` fails, before or after the bytes were kept."""

    def __init__(self, house: Installation, number: int, *, kept: bool) -> None:
        self._store = house.store
        self._left = number
        self._kept = kept

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def put(self, key: str, content: bytes, *, retain_until: datetime | None = None) -> object:
        self._left -= 1
        if self._left != -1:
            return self._store.put(key, content, retain_until=retain_until)
        if self._kept:
            self._store.put(key, content, retain_until=retain_until)
        raise StoreUnavailable("the store did not answer", where=key)


WRITINGS = {"draft": 4, "prepare": 1, "conclude": 6, "publish": 1}


@pytest.mark.parametrize("kept", [False, True], ids=["lost", "kept but not answered"])
@pytest.mark.parametrize(
    ("name", "number"), [(name, number) for name, count in WRITINGS.items() for number in range(count)]
)
def test_a_stage_whose_writing_fails_can_be_repeated(at, agreement, name, number, kept):
    act, house = ACTS[name], at(ACTS[name].before)
    entries = house.ledger.entries(agreement)
    house.__dict__["store"] = FaultyStore(house, number, kept=kept)
    with pytest.raises(StoreUnavailable):
        act.run(house, agreement)
    assert len(house.ledger.entries(agreement)) == len(entries)
    assert act.run(house, agreement).acted
    assert house.ledger.state(agreement).stage is act.becomes
    assert len(house.ledger.entries(agreement)) == len(entries) + 1
    if name == "publish":
        assert len(list(house.store.keys("agreements/"))) == 1


@pytest.mark.parametrize("name", WRITINGS)
def test_every_writing_of_a_stage_was_tried_as_failing(at, agreement, name):
    house = at(ACTS[name].before)
    house.__dict__["store"] = FaultyStore(house, WRITINGS[name], kept=False)
    assert ACTS[name].run(house, agreement).acted


def test_a_signature_whose_writing_fails_can_be_repeated(at, agreement):
    house = at("signing")
    size = house.ledger.size
    house.__dict__["store"] = FaultyStore(house, 0, kept=False)
    with pytest.raises(StoreUnavailable):
        sign_first(house, agreement)
    assert house.ledger.size == size
    sign_first(house, agreement)
    assert house.ledger.state(agreement).signed == ("for-gssc",)


def test_a_full_mail_folder_stops_the_invitation_and_it_can_be_repeated(at, agreement):
    house = at("prepared")
    shutil.rmtree(house.mail.folder)
    house.mail.folder.write_bytes(b"")
    size = house.ledger.size
    with pytest.raises(Unavailable):
        collect(house, agreement, 0)
    assert house.ledger.size == size
    house.mail.folder.unlink()
    assert collect(house, agreement, 0).acted


def test_nobody_is_asked_to_sign_on_top_of_a_revision_that_does_not_validate(at, agreement):
    house = at("signed once")
    signed = house.store.get(working_key(agreement, house.ledger.state(agreement).pdf, "pdf"))
    altered = signed.replace(b"/Filter", b"/Filtre", 1)
    assert altered != signed
    house.__dict__["store"] = OtherBytes(house, altered)
    before = seen(house, agreement)
    with pytest.raises(GateRefused, match="revision 1"):
        collect(house, agreement, 1)
    assert seen(house, agreement) == before


class OtherBytes:
    """A store that gives back other PDFs than it was given."""

    def __init__(self, house: Installation, content: bytes) -> None:
        self._store = house.store
        self._content = content

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def get(self, key: str, *, version: str | None = None) -> bytes:
        return self._content if key.endswith(".pdf") else self._store.get(key, version=version)


def test_the_store_refuses_a_revision_of_which_one_bit_flipped(at, agreement):
    house = at("signed once")
    path = house.home / "objects" / working_key(agreement, house.ledger.state(agreement).pdf, "pdf")
    content = bytearray(path.read_bytes())
    content[1000] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)
    with pytest.raises(DigestMismatch):
        collect(house, agreement, 1)
    assert house.ledger.state(agreement).invited == ("for-gssc",)


def test_a_withdrawal_stops_the_stages_after_it(at, agreement):
    house = at("approved")
    commands.withdraw(house, agreement, by=MANAGER, reason="The partner left.")
    assert not prepare(house, agreement, 2).acted
    assert house.ledger.state(agreement).stage is Stage.ENDED
