"""The object store the settings describe; an S3 store is believed only what it was seen to do."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

from archive.directory import DirectoryStore
from archive.probe import probe
from archive.s3 import S3Bucket, S3Credentials
from archive.store import LockMode, ObjectStore, StoreCapabilities
from archive.versioned import VersionedStore
from flows.settings import Settings
from schemas.errors import InputError, Unavailable
from schemas.evidence import Evidence, Instant, canonical_json, digest_of

PROBE_HOLDS = timedelta(days=1)


class Probed(Evidence):
    """What a probe found, and when."""

    at: Instant
    found: StoreCapabilities


def open_store(settings: Settings, clock: Callable[[], datetime]) -> ObjectStore:
    """Return the store; raise :class:`InputError` where settings are missing, :class:`StoreUnavailable` where S3 is."""
    if settings.store == "directory":
        return DirectoryStore(settings.home / "objects")
    if settings.s3_access_key is None or settings.s3_secret_key is None:
        raise InputError(
            "the S3 store needs credentials",
            expected="CONVENIO_S3_ACCESS_KEY and CONVENIO_S3_SECRET_KEY",
            remedy="set both, or use store = directory",
        )
    credentials = S3Credentials(settings.s3_access_key, settings.s3_secret_key.get_secret_value())
    bucket = S3Bucket(settings.s3_bucket, credentials, endpoint=settings.s3_endpoint, region=settings.s3_region)
    return VersionedStore(bucket, _probed(settings, bucket, clock))


def _probed(settings: Settings, bucket: S3Bucket, clock: Callable[[], datetime]) -> StoreCapabilities:
    """Return what the bucket was seen to do within the last day; probe it on keys of the probe's own where needed."""
    # the access key belongs to the place: what a store refuses depends on who asks
    place = [
        settings.s3_endpoint,
        settings.s3_region,
        settings.s3_bucket,
        settings.s3_access_key,
        settings.s3_lock_mode,
    ]
    record = settings.home / "probes" / f"{digest_of(canonical_json(place))[:16]}.json"
    now = clock()
    known = _read(record)
    if known is not None and known.at <= now < known.at + PROBE_HOLDS:
        return known.found
    run = f"probe-{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
    found = probe(bucket, mode=LockMode(settings.s3_lock_mode), now=now, run=run)
    _remember(record, Probed(at=now, found=found), run)
    return found


def _remember(record: Path, probed: Probed, run: str) -> None:
    draft = record.with_name(f".{run}")
    try:
        record.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.write_text(probed.model_dump_json(indent=2))
        draft.replace(record)
    except OSError as error:
        raise Unavailable("what the probe found cannot be kept", where=str(record), got=error.strerror) from error


def _read(record: Path) -> Probed | None:
    try:
        return Probed.model_validate_json(record.read_bytes())
    except (OSError, ValidationError):
        return None
