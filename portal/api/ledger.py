"""The published ledger for programs: its head, the proof of one entry, and that it only grew."""

from __future__ import annotations

import base64
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from archive.merkle import ConsistencyProof
from flows.log_reading import grown, head, placed
from portal.api.access import ApiAuditor
from portal.api.route import ApiRoute
from portal.api.shapes import PREFIX, READ, refusals
from schemas.errors import Refused
from schemas.evidence import Checkpoint, Digest, Instant

router = APIRouter(prefix=f"{PREFIX}/ledger", route_class=ApiRoute, tags=["ledger"])

LARGEST = 2**53 - 1

Size = Annotated[int, Query(ge=1, le=LARGEST)]


class Witnessed(BaseModel):
    """A verified co-signature: by which witness, since when."""

    witness: str
    at: Instant


class HeadShown(BaseModel):
    """The newest published checkpoint (C2SP tlog-checkpoint) and who vouches for it; ``token`` is RFC 3161, base64."""

    checkpoint: Checkpoint
    witnesses: list[Witnessed]
    token: str | None = Field(description="the RFC 3161 token over the note, base64")
    later_entries: int = Field(description="entries that are not published yet")
    verifier_key: str


class ProvenLeaf(BaseModel):
    """One entry, its exact bytes in base64, and the proof that it stands in the ledger (C2SP tlog-proof)."""

    leaf_index: int
    leaf: str
    leaf_hash: Digest
    tree_size: int
    root: Digest
    proof: str


class GrownShown(BaseModel):
    """The proof that the ledger of one size begins the one of a larger size (RFC 9162 2.1.4)."""

    proof: ConsistencyProof
    signed: tuple[int, ...] = Field(description="sizes whose roots are those of a published checkpoint")


@router.get("/head", responses=refusals(404, 409))
def newest(visit: ApiAuditor) -> HeadShown:
    """Give the newest published checkpoint."""
    found = head(visit.house)
    if found is None:
        raise HTTPException(404)
    return HeadShown(
        checkpoint=found.checkpoint,
        witnesses=[Witnessed(witness=one.name, at=one.at) for one in found.cosignatures],
        token=base64.b64encode(found.token).decode() if found.token else None,
        later_entries=found.later_entries,
        verifier_key=visit.house.verifier_key,
    )


@router.get("/leaves/{leaf_index}", responses=READ)
def leaf(visit: ApiAuditor, leaf_index: Annotated[int, Path(ge=0, le=LARGEST)]) -> ProvenLeaf:
    """Give one entry with the proof that it stands in the published ledger."""
    try:
        found = placed(visit.house, leaf_index)
    except Refused as error:
        raise HTTPException(404) from error
    inclusion = found.inclusion
    return ProvenLeaf(
        leaf_index=leaf_index,
        leaf=base64.b64encode(found.leaf).decode(),
        leaf_hash=inclusion.leaf_hash,
        tree_size=inclusion.tree_size,
        root=inclusion.root,
        proof=found.proof.decode(),
    )


@router.get("/consistency", responses=READ)
def consistency(visit: ApiAuditor, old: Annotated[int, Query(ge=1, le=LARGEST, alias="from")], to: Size) -> GrownShown:
    """Prove that the ledger of one size begins the one of a larger size."""
    found = grown(visit.house, old, to)
    return GrownShown(proof=found.proof, signed=found.signed)
