"""Signatures that a record holds and the organisation's seal stands for: by a click, or on paper."""

from __future__ import annotations

from archive.layout import working_key
from flows.signatures import Base, Made, stamp_of
from flows.wiring import Installation
from schemas.evidence import digest_of
from schemas.records import EvidenceRecord
from schemas.signature import SigningWay


def sealed(house: Installation, base: Base, way: SigningWay, record: EvidenceRecord) -> Made:
    """Keep the record, and return the revision in whose field the organisation's seal names it.

    Raises what :func:`signing.seal.sign` raises, and :class:`NotReady` where production must not seal.
    """
    from signing.evidence_records import EFFECTS, reason_for
    from signing.seal import sign as sign_field

    seal = house.seal
    evidence = digest_of(record.canonical)
    house.store.put(working_key(base.agreement, evidence, "json"), record.canonical)
    signed = sign_field(
        base.content,
        signatory_id=base.signatory,
        key=seal,
        timestamper=house.timestamper,
        trust=house.trust(base.now),
        now=base.now,
        level=base.state.policy.level,
        stamp=stamp_of(house, base, way, demonstration=seal.is_demonstration),
        reason=reason_for(way, evidence),
    )
    return Made(signed, seal.certificate_digest, EFFECTS[way], evidence)
