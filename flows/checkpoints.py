"""Publishing the ledger: the one way to a checkpoint, for stages, commands and the sweep."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from schemas.evidence import Checkpoint

if TYPE_CHECKING:
    from archive.publisher import Published
    from flows.wiring import Installation

LOG = logging.getLogger("convenio.checkpoints")


def publish_checkpoint(house: Installation) -> Checkpoint:
    """Publish everything appended so far and return the checkpoint shown, with its witnesses' co-signatures.

    Costs next to nothing where nothing is new. Raises what :meth:`archive.publisher.Publisher.publish` raises.
    """
    return published(house).checkpoint


def published(house: Installation) -> Published:
    """Publish, and return the checkpoint with its timestamp and what is missing; see :class:`Published`."""
    found = house.publisher.publish()
    for complaint in found.complaints:
        LOG.warning("%s", complaint)
    return found
