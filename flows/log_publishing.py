"""What publishing the ledger needs of an installation: where the log lies, its time, its witnesses."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from archive.log_bucket import BucketLog
from archive.log_directory import DirectoryLog
from archive.log_store import LogStore
from archive.publisher import Publisher
from archive.witness_client import WitnessClient
from signing.proof_of_time import require_token
from signing.run import run

if TYPE_CHECKING:
    from flows.settings import Settings
    from flows.wiring import Installation


def open_log_store(house: Installation) -> LogStore:
    """Return where the log is published: ``log/`` in the home, or a bucket of its own beside the documents'.

    Raises :class:`Refused` where that bucket is not there and may not be made.
    """
    place = house.settings.archive_place
    if place is None:
        return DirectoryLog(house.home / "log")
    from flows.object_store import bucket_of, make_bucket  # noqa: PLC0415  # boto3 is imported only where there is a bucket

    bucket = bucket_of(house.settings, place, place.log_bucket)
    make_bucket(bucket, locked=False)
    return BucketLog(bucket)


def open_publisher(house: Installation) -> Publisher:
    """Return the publisher of the installation's ledger."""
    settings = house.settings
    return Publisher(
        house.engine,
        house.checkpoint_key,
        house.log_store,
        house.clock,
        stamp=stamping(house),
        witnesses=witnesses_of(settings),
    )


def witnesses_of(settings: Settings) -> list[WitnessClient]:
    """Return the witnesses that checkpoints are shown to."""
    required = settings.witness_required
    return [WitnessClient(witness.url, witness.key, required=required) for witness in settings.witnesses]


def stamping(house: Installation) -> Callable[[bytes], bytes]:
    """Return what gets an RFC 3161 token (DER) over bytes from the installation's timestamp authority.

    It raises where the authority does not answer, or its token cannot be relied on.
    """

    def stamp(content: bytes) -> bytes:
        token = run(house.timestamper.async_timestamp(hashlib.sha256(content).digest(), "sha256"))
        now = house.clock()
        require_token(
            token["content"],
            lambda algorithm: hashlib.new(algorithm, content).digest(),
            house.trust(now),
            now=now,
            where="checkpoint",
        )
        return token.dump()

    return stamp
