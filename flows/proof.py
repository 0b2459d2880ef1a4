"""Proving the ledger, and how that came out last: so that health tells it until a proof holds.

::

    home/proof.json     when and how the last proof ended, without personal data

What failed is forgotten by nothing but a whole proof that holds, with as many checkpoints from outside.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from flows.files import replace_file
from schemas.errors import Invalid, Unavailable
from schemas.evidence import Evidence, Instant, Verdict, VerificationReport

if TYPE_CHECKING:
    from flows.wiring import Installation

LOG = logging.getLogger("convenio.proof")


class Proof(Evidence):
    """How a proof of the ledger ended; ``kept`` is how many checkpoints from outside it was compared with."""

    at: Instant
    verdict: Verdict
    kept: int = 0


def prove_ledger(
    house: Installation, *, kept: Sequence[Path] = (), verifier_key: str | None = None, read_all: bool = True
) -> VerificationReport:
    """Return what was proved again, and remember how it ended; see :func:`flows.ledger_check.check_ledger`.

    With a key from elsewhere nothing is remembered: it may be another installation's.
    """
    from flows.ledger_check import check_ledger  # noqa: PLC0415  # health asks only how the last one ended

    report = check_ledger(house, kept=kept, verifier_key=verifier_key, read_all=read_all)
    if verifier_key is None:
        _remember(house, Proof(at=house.clock(), verdict=report.verdict, kept=len(kept)), whole=read_all)
    return report


def last_proof(house: Installation) -> Proof | None:
    """Return how the last proof ended, ``None`` before the first.

    Raises :class:`Unavailable` or :class:`Invalid` where that cannot be read.
    """
    path = _kept(house)
    try:
        return Proof.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unavailable("how the last proof ended cannot be read", where=str(path), got=error.strerror) from error
    except ValidationError as error:
        raise Invalid(
            "this does not say how a proof ended", where=str(path), remedy="prove the ledger again"
        ) from error


def _remember(house: Installation, proof: Proof, *, whole: bool) -> None:
    try:
        before = last_proof(house)
    except (Unavailable, Invalid):
        before = None
    failed = before is not None and before.verdict is Verdict.INVALID
    holds = whole and proof.verdict is Verdict.VALID and (before is None or proof.kept >= before.kept)
    if failed and not holds and proof.verdict is not Verdict.INVALID:
        return
    try:
        replace_file(_kept(house), proof.model_dump_json().encode())
    except Unavailable as error:
        LOG.error("how the ledger was proved cannot be kept: %s", error)  # noqa: TRY400  # expected


def _kept(house: Installation) -> Path:
    return house.home / "proof.json"
