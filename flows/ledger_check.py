"""Proving ledger and stores of an installation again, also against checkpoints that were kept elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from archive.check import Examined, check
from archive.check_tokens import JudgeToken
from archive.checkpoint import open_checkpoint
from archive.exact import exact_json
from archive.tlog_proof import write_proof
from flows.checkpoints import publish_checkpoint
from flows.files import read_whole, write_new
from flows.log_publishing import witnesses_of
from flows.wiring import Installation
from schemas.evidence import AgreementId, Checkpoint, VerificationReport
from signing.token import validate_token


def check_ledger(
    house: Installation, *, kept: Sequence[Path] = (), verifier_key: str | None = None, read_all: bool = True
) -> VerificationReport:
    """Return what was proved again; see :func:`archive.check.check`.

    ``kept`` are files with checkpoints from outside; ``verifier_key`` is the pinned key to check with, by default the
    installation's own; witnesses are asked what they saw. Raises :class:`Invalid` for a file that is no checkpoint
    signed by that key.
    """
    key = verifier_key or house.verifier_key
    return check(
        Examined(
            engine=house.engine,
            verifier_key=key,
            log=house.log_store,
            store=house.store,
            witnesses=witnesses_of(house.settings),
            judge_token=judging(house),
            kept=[(str(path), read_checkpoint(path, key)) for path in kept],
            read_all=read_all,
        )
    )


def judging(house: Installation) -> JudgeToken:
    """Return what validates timestamps of checkpoints under the roots this installation trusts now."""
    trust = house.trust(house.clock())
    return lambda token, data: validate_token(token, data, trust, name="checkpoint")


def read_checkpoint(path: Path, verifier_key: str) -> Checkpoint:
    """Return the checkpoint in a file, opened with ``verifier_key``; raises :class:`Invalid` where it is none."""
    content = read_whole(path, expected="a checkpoint (C2SP tlog-checkpoint)", max_size_bytes=64 * 1024)
    return open_checkpoint(content.decode(errors="replace"), verifier_key)


def write_proofs(house: Installation, agreement: AgreementId, folder: Path) -> list[Path]:
    """Write for each entry of an agreement its leaf and the proof that it stands in the ledger, and return the files.

    ``<counter>.json`` is the leaf, ``<counter>.tlog-proof`` the proof with the newest checkpoint (C2SP tlog-proof).
    Raises :class:`Refused` for an unknown agreement, :class:`ConflictingContent` where other files are there.
    """
    recorded = house.ledger.entries(agreement)
    checkpoint = publish_checkpoint(house)
    tree = house.ledger.tree(checkpoint.tree_size)
    written = []
    for one in recorded:
        files = {
            "json": exact_json(one.entry),
            "tlog-proof": write_proof(tree.inclusion(one.leaf_index, checkpoint.tree_size), checkpoint),
        }
        for extension, content in files.items():
            path = folder / f"{one.entry.counter}.{extension}"
            write_new(path, content, same_is_fine=True)
            written.append(path)
    return written
