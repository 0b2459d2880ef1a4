"""One of several processes at work on one world: ``python -m tests.faults.workers WORLD append|publish NUMBER``."""

from __future__ import annotations

import sys
from pathlib import Path

from archive.layout import data_key
from archive.transaction import op_id_of
from schemas import events as ev
from schemas.errors import Unavailable
from schemas.evidence import digest_of
from tests.histories import MANAGER
from tests.worlds import OFFICES, World

ACTS = 12
ROUNDS = 10


def append(world: World, number: int) -> None:
    """Acts of one's own, and between them acts that every worker tries."""
    for act in range(ACTS):
        for name in (f"worker {number} act {act}", f"everybody's act {act}"):
            request(world, name)


def request(world: World, name: str) -> None:
    content = name.encode()
    world.store.put(data_key(digest_of(content)), content)
    event = ev.Requested(
        data=digest_of(content), signatories=(), offices=OFFICES, open_facts=(), document_type="mou",
        template_version=1, template=digest_of(b"template"), title=name,
    )  # fmt: skip
    with world.ledger.transaction() as tx:
        if tx.find(op_id_of(name)) is None:
            tx.append(tx.new_agreement_id("mou", 2026), op_id_of(name), world.clock(), MANAGER, event)


def publish(world: World, _number: int) -> None:
    """Publish as often as one gets to it; whoever was overtaken or finds the other at work leaves it to them."""
    for _ in range(ROUNDS):
        try:
            world.publish()
        except Unavailable:
            continue


if __name__ == "__main__":
    place = World(Path(sys.argv[1]))
    {"append": append, "publish": publish}[sys.argv[2]](place, int(sys.argv[3]))
    place.close()
