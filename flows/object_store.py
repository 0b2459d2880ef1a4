"""The object store the settings describe; an S3 store is believed only what it was seen to do within a day."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from threading import Lock

from pydantic import ValidationError

from archive.bucket import RefusedByStore
from archive.directory import DirectoryStore
from archive.probe import probe
from archive.s3 import S3Bucket, S3Credentials
from archive.store import ObjectStore, StoreCapabilities
from archive.versioned import VersionedStore
from flows.archive_url import S3Place
from flows.settings import Settings
from schemas.errors import InputError, NotWorm, Refused, Unavailable
from schemas.evidence import Evidence, Instant, canonical_json, digest_of

PROBE_HOLDS = timedelta(days=1)


class Probed(Evidence):
    """What a probe found, and when."""

    at: Instant
    found: StoreCapabilities


class ProbedStore(VersionedStore):
    """A store in a bucket that is probed before the first write to it, and again when a day is over."""

    def __init__(self, bucket: S3Bucket, probing: Probing) -> None:
        self.probing = probing
        super().__init__(bucket, probing.current().found)

    @property
    def capabilities(self) -> StoreCapabilities:
        """What the bucket was seen to do within the last day."""
        return self.probing.current().found


class Probing:
    """What is known of one bucket: kept in the home, for all processes, and found out anew when it is a day old."""

    def __init__(self, bucket: S3Bucket, place: S3Place, record: Path, clock: Callable[[], datetime]) -> None:
        self._bucket = bucket
        self._place = place
        self._record = record
        self._clock = clock
        self._known: Probed | None = None
        self._one_at_a_time = Lock()

    def current(self) -> Probed:
        """Return what was found within the last day, here or by another process; probe where nothing was.

        Raises what :func:`archive.probe.probe` raises: nothing may then be stored.
        """
        with self._one_at_a_time:
            now = self._clock()
            for look in (lambda: self._known, lambda: _read(self._record)):
                known = look()
                if known is not None and known.at <= now < known.at + PROBE_HOLDS:
                    self._known = known
                    return known
            return self._probe(now)

    def again(self) -> Probed:
        """Probe now."""
        with self._one_at_a_time:
            return self._probe(self._clock())

    def _probe(self, now: datetime) -> Probed:
        run = f"probe-{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
        # what was believed until now is no longer
        self._known = None
        found = Probed(at=now, found=probe(self._bucket, mode=self._place.lock, now=now, run=run))
        _remember(self._record, found, run)
        self._known = found
        return found


def open_store(settings: Settings, clock: Callable[[], datetime]) -> ObjectStore:
    """Return the store; its bucket is made with Object Lock where it is not there, and probed.

    Raises :class:`InputError` where settings are missing, :class:`Refused` where the bucket is not there and may not
    be made or does not encrypt as asked, :class:`StoreUnavailable` where S3 does not answer.
    """
    place = settings.archive_place
    if place is None:
        return DirectoryStore(settings.home / "objects")
    bucket = bucket_of(settings, place, place.bucket)
    make_bucket(bucket, locked=True)
    # the access key belongs to the place: what a store refuses depends on who asks
    name = digest_of(canonical_json([settings.archive_url, settings.s3_access_key]))[:16]
    return ProbedStore(bucket, Probing(bucket, place, settings.home / "probes" / f"{name}.json", clock))


def bucket_of(settings: Settings, place: S3Place, name: str) -> S3Bucket:
    """Return the bucket ``name`` of the service at ``place``; nothing is asked of it yet.

    Raises :class:`InputError` where the credentials are missing.
    """
    if settings.s3_access_key is None or settings.s3_secret_key is None:
        raise InputError(
            "the S3 store needs credentials",
            expected="CONVENIO_S3_ACCESS_KEY and CONVENIO_S3_SECRET_KEY",
            remedy="set both, or leave CONVENIO_ARCHIVE_URL at file",
        )
    credentials = S3Credentials(settings.s3_access_key, settings.s3_secret_key.get_secret_value())
    return S3Bucket(name, credentials, endpoint=place.endpoint, region=place.region, encryption=place.encryption)


def require_worm(settings: Settings, store: ObjectStore) -> None:
    """Raise :class:`NotWorm` where this installation archives on WORM only and the store is not seen to be that."""
    found = store.capabilities
    if settings.require_worm and not found.worm:
        failed = [f"{fact.behaviour}: {fact.seen}" for fact in found.facts if not fact.holds]
        raise NotWorm(
            "this installation archives only where locks are enforced, and the store was not seen to enforce them",
            got="; ".join(failed) or "a directory, which has no locks",
            expected="a bucket with Object Lock that passes the probe",
            remedy="mend the bucket and probe it again (convenio archive probe), or name another in "
            "CONVENIO_ARCHIVE_URL",
        )


def standing(settings: Settings, store: ObjectStore) -> tuple[bool, str]:
    """Return whether the store promises what this installation demands, and what it promises."""
    promise = store.capabilities.promise
    if settings.require_worm and not store.capabilities.worm:
        return False, f"{promise}; WORM is required: nothing is archived"
    return True, promise


def make_bucket(bucket: S3Bucket, *, locked: bool) -> None:
    """Make the bucket where it is not there, with Object Lock if ``locked``.

    Raises :class:`Refused` where it may not be used or made, :class:`StoreUnavailable` where nobody answers.
    """
    try:
        bucket.make(locked=locked)
    except RefusedByStore as refusal:
        denied = refusal.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
        kind = "with Object Lock" if locked else "without a default lock"
        raise Refused(
            "the store refuses these credentials for the bucket" if denied else "the bucket cannot be used",
            where=bucket.name,
            got=refusal.got,
            expected=f"a bucket {kind} that these credentials may use, or the right to make it",
            remedy="check CONVENIO_S3_ACCESS_KEY and CONVENIO_S3_SECRET_KEY; if they are right, make the bucket first, "
            f"{kind}, or give them the right to",
        ) from refusal


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
