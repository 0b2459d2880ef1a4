from __future__ import annotations

import pytest

from archive.checkpoint import sign_checkpoint
from archive.log_store import CHECKPOINT
from flows.checkpoints import publish_checkpoint
from flows.health import Part, health
from schemas import events as ev
from schemas.evidence import digest_of
from schemas.people import SYSTEM

pytestmark = pytest.mark.office


def part(house, name: str) -> Part:
    return next(part for part in health(house).parts if part.name == name)


def test_the_published_log_is_shown_with_what_it_covers(at):
    house = at("in review")
    size = publish_checkpoint(house).tree_size
    assert part(house, "Published log") == Part(
        name="Published log", well=True, seen=f"covers {size} of {house.ledger.size} entries"
    )


def test_a_published_log_ahead_of_the_database_is_not_well(at):
    house = at("in review")
    ahead = sign_checkpoint(house.checkpoint_key, tree_size=house.ledger.size + 1, root=bytes(32))
    house.log_store.replace(CHECKPOINT, ahead.note.encode())
    seen = part(house, "Published log")
    assert not seen.well
    assert "convenio ledger check" in seen.seen


@pytest.mark.parametrize("equal", [True, False])
def test_the_last_restore_drill_is_shown(at, equal):
    house = at("in review")
    assert part(house, "Restore drill").well
    day, root = house.clock(), digest_of(b"root")
    event = ev.RestoreDrilled(day=day.date(), leaves=2, root=root, equal=equal, report=digest_of(b"report"))
    with house.ledger.transaction() as tx:
        tx.append_installation(digest_of(b"drill"), day, SYSTEM, event)
    assert part(house, "Restore drill").well is equal
