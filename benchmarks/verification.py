"""What verifying costs: one ledger proof beside its hashes alone, and a whole dossier beside its signatures alone."""

from __future__ import annotations

import hashlib
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from archive.canonical_zip import read_canonical
from archive.checkpoint import CheckpointKey, sign_checkpoint
from archive.merkle import Tree, leaf_hash
from archive.tlog_proof import verify_proof, write_proof
from benchmarks import way
from flows.dossiers import dossier_of
from flows.settings import Settings
from flows.verification import verify_file
from flows.wiring import Installation
from schemas.documents import Document
from schemas.evidence import AgreementId, Verdict
from signing.trust import TrustPolicy
from signing.validate import validate

LEAVES = 100_000
ROUNDS = 5


@dataclass(frozen=True)
class Measured:
    """Median processor seconds; ``proof`` with the checkpoint's signature, ``hashes`` as many SHA-256."""

    proof: float
    hashes: float
    dossier: float
    signatures: float
    size_bytes: int


def measure(document: Document) -> Measured:
    """Measure a proof in a tree of :data:`LEAVES` leaves, and the dossier of ``document`` led to the archive."""
    key = CheckpointKey.create("benchmark.example/ledger")
    leaves = [b"leaf %d" % number for number in range(LEAVES)]
    tree = Tree([leaf_hash(leaf) for leaf in leaves])
    checkpoint = sign_checkpoint(key, tree_size=tree.size, root=tree.root())
    proof = write_proof(tree.inclusion(LEAVES // 3, tree.size), checkpoint)
    nodes = proof.count(b"\n")

    def hashes() -> None:
        for _ in range(nodes):
            hashlib.sha256(bytes(65)).digest()

    with tempfile.TemporaryDirectory(prefix="convenio-bench-") as folder:
        path, house = Path(folder) / "dossier.zip", Installation(Settings(home=Path(folder) / "home"))
        try:
            agreement = AgreementId(way.archive_one(house, document))
            path.write_bytes(dossier_of(house, agreement))
            keys = house.verification_keys()
        finally:
            house.close()
        pdf = read_canonical(path.read_bytes())["agreement.pdf"]
        if (verdict := verify_file(path, keys).verdict) is not Verdict.VALID:
            raise RuntimeError(f"the dossier is {verdict}")
        return Measured(
            proof=_median(lambda: verify_proof(proof, leaf=leaves[LEAVES // 3], verifier_key=key.verifier_key)),
            hashes=_median(hashes),
            dossier=_median(lambda: verify_file(path, keys)),
            signatures=_median(lambda: validate(pdf, TrustPolicy.of(keys), now=datetime.now(UTC))),
            size_bytes=path.stat().st_size,
        )


def _median(act: Callable[[], object]) -> float:
    seconds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        act()
        seconds.append(time.process_time() - began)
    return statistics.median(seconds)
