"""The acts that are broken off, each of which may be repeated, and what they leave when done once."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from archive.cosignature import CosignerKey
from archive.inventory import take_inventory
from archive.layout import data_key, working_key
from archive.transaction import op_id_of
from archive.witness import Witness
from schemas import events as ev
from schemas.evidence import AgreementId, digest_of
from schemas.installation import INSTALLATION
from schemas.people import SYSTEM, Actor, Role
from tests.histories import MANAGER
from tests.worlds import OFFICES, World

CONCLUDED = AgreementId("MOU-2026-0003")
"""The agreement whose deposit is due in the world the acts begin with."""


@dataclass(frozen=True)
class Act:
    """What is done, and how to count what is left of it."""

    do: Callable[[World], object]
    left: Callable[[World], int]


def append(world: World) -> None:
    """Object, leaf, register line, number and outbox row of one request."""
    content = b"the data of the act"
    world.store.put(data_key(digest_of(content)), content)
    event = ev.Requested(
        data=digest_of(content), signatories=(), offices=OFFICES, open_facts=(), document_type="mou",
        template_version=1, template=digest_of(b"template"), title="Requested by the act",
    )  # fmt: skip
    with world.ledger.transaction() as tx:
        if tx.find(op_id_of("the act")) is None:
            agreement = tx.new_agreement_id("mou", 2026)
            tx.append(agreement, op_id_of("the act"), world.clock(), MANAGER, event)
            tx.enqueue("draft", agreement, 1, now=world.now)


def deposit(world: World) -> None:
    world.deposit(CONCLUDED)


def inventory(world: World) -> None:
    """As flows do it: listed, stored, appended once a day."""
    op_id = op_id_of("inventory of the day")
    with world.ledger.transaction() as tx:
        if tx.find(op_id) is not None:
            return
    taken = take_inventory(world.store)
    listing = digest_of(taken.listing)
    world.store.put(working_key(INSTALLATION, listing, "jsonl"), taken.listing)
    now = world.clock()
    event = ev.InventoryTaken(day=now.date(), objects=taken.objects, root=taken.root, listing=listing)
    with world.ledger.transaction() as tx:
        if tx.find(op_id) is None:
            tx.append_installation(op_id, now, SYSTEM, event)


def erase(world: World) -> None:
    administrator = Actor(role=Role.ADMINISTRATOR, person=digest_of(b"administrator"))
    with world.ledger.transaction() as tx:
        if tx.find(op_id_of("erased")) is not None:
            return
        person = tx.erase_person("alba@example.org")
        remark = tx.remember_remark("asked for it", digest_of(b"a salt"))
        event = ev.PersonErased(person=person.commitment, remark=remark)
        tx.append_installation(op_id_of("erased"), world.clock(), administrator, event)


COSIGNER = CosignerKey("witness.example/w1", Ed25519PrivateKey.from_private_bytes(bytes(range(32, 64))))


def witness_of(world: World) -> Witness:
    return Witness(COSIGNER, [world.key.verifier_key], world.folder / "witness", world.clock)


def cosign(world: World) -> None:
    """The witness signs the newest checkpoint, whatever it saw before."""
    note, size = world.log.get("checkpoint").decode(), world.log_sizes()[-1]
    tree, old = world.ledger.tree(size), 0
    for _ in range(2):
        path = "".join(f"{b64encode(bytes.fromhex(one)).decode()}\n" for one in tree.consistency(old, size).path)
        answer = witness_of(world).add_checkpoint(f"old {old}\n{path}\n{note}".encode())
        if answer.status == 200:
            return
        old = int(answer.body)
    raise AssertionError(answer)


def cosigned_sizes(world: World) -> int:
    """How many checkpoints the witness remembers as the newest one it signed."""
    note = world.log.get("checkpoint").decode()
    return sum(note.rpartition("\n\n")[0] in path.read_text() for path in (world.folder / "witness").glob("[!.]*"))


def leaves_of(world: World, kind: type) -> int:
    entries = [one.entry for row in world.register_rows() for one in world.ledger.entries(row.id)]
    installation = [one.entry for one in world.ledger.installation_entries()]
    return sum(isinstance(entry.event, kind) for entry in (*entries, *installation))


ACTS = {
    "append": Act(append, lambda world: sum(row.title == "Requested by the act" for row in world.register_rows())),
    "publish": Act(lambda world: world.publish(), lambda world: world.log_sizes().count(world.ledger.size)),
    "deposit": Act(deposit, lambda world: len(world.ledger.state(CONCLUDED).deposits)),
    "witness": Act(cosign, cosigned_sizes),
    "inventory": Act(inventory, lambda world: leaves_of(world, ev.InventoryTaken) - 1),
    "erase": Act(erase, lambda world: leaves_of(world, ev.PersonErased)),
}


def begun(world: World) -> None:
    """Make the world that every act begins with."""
    world.archive()
    world.archive()
    world.conclude()
    world.take_inventory()
    with world.ledger.transaction() as tx:
        tx.add_person("alba@example.org", "Alba", [Role.SIGNATORY])
    world.publish()
    cosign(world)
    world.request()
