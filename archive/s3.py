"""An S3 bucket through boto3; the only module that knows it.

Writes declare their SHA-256 in a plain header and sign the payload; checksums in chunked trailers, botocore's default
over TLS, are refused by several stores. Nothing is repeated here: ``archive.versioned`` decides that, where the
outcome of the first try can be looked up.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
    SSLError,
)

from archive.bucket import RefusedByStore, StoredVersion, VersionedBucket, status_line
from archive.store import Encryption, Holding, ListedVersion, LockMode, Weakness
from schemas.errors import Refused, StoreUnavailable

_FIRST_REGION = "us-east-1"

_NOT_IMPLEMENTED = 501
"""An answer, and a lasting one: the store does not know the act."""

_CREDENTIALS = "check CONVENIO_S3_ACCESS_KEY and CONVENIO_S3_SECRET_KEY"

_NO_VERSION = "null"
"""The VersionId S3 lists for objects of a bucket that keeps no versions."""


@dataclass(frozen=True, slots=True)
class S3Credentials:
    """An access key; the secret is left out of every representation."""

    access_key: str
    secret_key: str = field(repr=False)


class S3Bucket(VersionedBucket):
    """The raw acts on one bucket, each tried once: an answer, RefusedByStore, or StoreUnavailable.

    ``endpoint`` is ``None`` for AWS itself; ``encryption`` is asked for at every write. Threads may share a bucket.
    """

    def __init__(
        self,
        bucket: str,
        credentials: S3Credentials,
        *,
        endpoint: str | None = None,
        region: str = "us-east-1",
        encryption: Encryption | None = None,
        timeout_seconds: float = 20,
    ) -> None:
        self._bucket = bucket
        self._credentials = credentials
        self._endpoint = endpoint
        self._region = region
        self._encryption = encryption
        self._timeout_seconds = timeout_seconds
        # making a client reads much that the next one of the same session finds there
        self._session = boto3.session.Session()
        self._client: Any = self._connected()

    @property
    def name(self) -> str:
        """``s3:`` and the bucket's name."""
        return f"s3:{self._bucket}"

    @property
    def encryption(self) -> Encryption | None:
        """What every write asks for at rest."""
        return self._encryption

    def make(self, *, locked: bool) -> bool:
        """Make the bucket where it is not there, with Object Lock if ``locked``; return whether this call did."""
        try:
            with self._asked(self.name):
                self._client.head_bucket(Bucket=self._bucket)
        except RefusedByStore as refusal:
            if refusal.status != 404:
                raise
        else:
            return False
        # AWS takes its first region as the absence of a constraint only
        where = {} if self._region == _FIRST_REGION else {"LocationConstraint": self._region}
        with self._asked(self.name):
            self._client.create_bucket(
                Bucket=self._bucket,
                ObjectLockEnabledForBucket=locked,
                **({"CreateBucketConfiguration": where} if where else {}),
            )
        return True

    def put(
        self,
        key: str,
        content: bytes,
        *,
        create_only: bool = True,
        lock_mode: LockMode | None = None,
        retain_until: datetime | None = None,
    ) -> str | None:
        """Write one version, its SHA-256 declared twice: in the signature and as the object's checksum."""
        words: dict[str, object] = {"IfNoneMatch": "*"} if create_only else {}
        if lock_mode is not None and retain_until is not None:
            words |= {"ObjectLockMode": str(lock_mode), "ObjectLockRetainUntilDate": retain_until}
        if self._encryption is not None:
            words["ServerSideEncryption"] = self._encryption.algorithm
            if self._encryption.key is not None:
                words["SSEKMSKeyId"] = self._encryption.key
        with self._asked(self._place(key)):
            answer = self._client.put_object(Bucket=self._bucket, Key=key, **_declared(content), **words)
        return _version(answer.get("VersionId"))

    def put_altered(self, key: str, content: bytes, sent: bytes) -> None:
        """Sign and declare ``content``, then exchange the body just before it is sent."""
        client = self._connected()

        def exchange(request: Any, **_: object) -> None:
            request.body = sent

        client.meta.events.register("before-send.s3.PutObject", exchange)
        with self._asked(self._place(key)), closing(client):
            client.put_object(Bucket=self._bucket, Key=key, **_declared(content))

    def read(self, key: str, version: str | None = None) -> StoredVersion:
        """Read one version, or the newest, with the lock the store reports."""
        with self._asked(self._place(key)):
            answer = self._client.get_object(Bucket=self._bucket, Key=key, **_chosen(version))
            with closing(answer["Body"]) as body:
                content = body.read()
        return StoredVersion(
            content=content,
            version=_version(answer.get("VersionId")),
            lock_mode=answer.get("ObjectLockMode"),
            retain_until=answer.get("ObjectLockRetainUntilDate"),
            encryption=answer.get("ServerSideEncryption"),
        )

    def head(self, key: str, version: str | None) -> Holding:
        """Ask for the headers of one version: size, lock, legal hold, encryption."""
        with self._asked(self._place(key)):
            answer = self._client.head_object(Bucket=self._bucket, Key=key, **_chosen(version))
        return Holding(
            size_bytes=answer["ContentLength"],
            lock_mode=answer.get("ObjectLockMode"),
            retain_until=answer.get("ObjectLockRetainUntilDate"),
            held=answer.get("ObjectLockLegalHoldStatus") == "ON",
            encryption=answer.get("ServerSideEncryption"),
        )

    def versions(self, prefix: str) -> Iterator[ListedVersion]:
        """List versions and delete markers by key, the versions of one key newest first; keys where that is unknown."""
        position: dict[str, str] = {}
        while True:
            try:
                with self._asked(self._place(prefix)):
                    page = self._client.list_object_versions(Bucket=self._bucket, Prefix=prefix, **position)
            except RefusedByStore as refusal:
                if refusal.status != _NOT_IMPLEMENTED:
                    raise
                yield from self._keys(prefix)
                return
            yield from sorted(_listed(page), key=lambda listed: listed.key.encode())
            if not page["IsTruncated"]:
                return
            position = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}

    def _keys(self, prefix: str) -> Iterator[ListedVersion]:
        position: dict[str, str] = {}
        while True:
            with self._asked(self._place(prefix)):
                page = self._client.list_objects_v2(Bucket=self._bucket, Prefix=prefix, **position)
            for listed in page.get("Contents", ()):
                yield ListedVersion(listed["Key"], None, listed["Size"])
            if not page["IsTruncated"]:
                return
            position = {"ContinuationToken": page["NextContinuationToken"]}

    def delete(self, key: str, version: str | None = None, *, bypass: bool = False) -> None:
        """Delete one version, or set a delete marker; ``bypass`` claims the right to overrule GOVERNANCE."""
        with self._asked(self._place(key)):
            words = {"BypassGovernanceRetention": True} if bypass else {}
            self._client.delete_object(Bucket=self._bucket, Key=key, **_chosen(version), **words)

    def retain(self, key: str, version: str, mode: LockMode, until: datetime, *, bypass: bool = False) -> None:
        """Ask for another retention of one version."""
        with self._asked(self._place(key)):
            self._client.put_object_retention(
                Bucket=self._bucket,
                Key=key,
                VersionId=version,
                Retention={"Mode": str(mode), "RetainUntilDate": until},
                **({"BypassGovernanceRetention": True} if bypass else {}),
            )

    def hold(self, key: str, version: str, *, on: bool) -> None:
        """Ask for the legal hold of one version to be placed or released."""
        with self._asked(self._place(key)):
            self._client.put_object_legal_hold(
                Bucket=self._bucket, Key=key, VersionId=version, LegalHold={"Status": "ON" if on else "OFF"}
            )

    def weaknesses(self) -> frozenset[Weakness]:
        """Ask for versioning, lifecycle rules and the default retention."""
        versioning = self._setting("get_bucket_versioning")
        lifecycle = self._setting("get_bucket_lifecycle_configuration")
        lock = self._setting("get_object_lock_configuration")
        if versioning is None or lifecycle is None or lock is None:
            return frozenset({Weakness.UNSEEN})
        found = {
            Weakness.VERSIONING_OFF: versioning.get("Status") != "Enabled",
            Weakness.LIFECYCLE: any(rule.get("Status") == "Enabled" for rule in lifecycle.get("Rules", ())),
            Weakness.DEFAULT_RETENTION: "Rule" in lock.get("ObjectLockConfiguration", {}),
        }
        return frozenset(weakness for weakness, is_so in found.items() if is_so)

    def _setting(self, question: str) -> dict[str, Any] | None:
        """Return one setting of the bucket, empty where it is not set; ``None`` where we may not look."""
        try:
            with self._asked(f"{question} of {self.name}"):
                return getattr(self._client, question)(Bucket=self._bucket)
        except RefusedByStore as refusal:
            if refusal.status == 403:
                return None
            if refusal.status == 404 and refusal.code != "NoSuchBucket":
                return {}
            raise

    def _place(self, key: str) -> str:
        return f"{key} in {self.name}"

    @contextmanager
    def _asked(self, where: str) -> Generator[None]:
        """Turn botocore's exceptions into RefusedByStore (it answered no) and StoreUnavailable (it did not answer)."""
        try:
            yield
        except ClientError as fault:
            raise self._answered(fault, where) from fault
        except BotoCoreError as fault:
            raise StoreUnavailable(
                f"the store at {self._endpoint or 'AWS'} does not answer",
                where=where,
                got=_lost(fault),
                remedy="see that it runs, and that the endpoint in CONVENIO_ARCHIVE_URL is its address; then repeat",
            ) from fault

    def _answered(self, fault: ClientError, where: str) -> RefusedByStore | StoreUnavailable:
        status = int(fault.response["ResponseMetadata"]["HTTPStatusCode"])
        code = str(fault.response["Error"].get("Code", ""))
        said = status_line(status, code)
        if (status >= 500 and status != _NOT_IMPLEMENTED) or status == 429:
            return StoreUnavailable("the store could not do it now", where=where, got=said, remedy="repeat later")
        if code == "RequestTimeTooSkewed":
            return StoreUnavailable(
                "the store finds that this machine's clock is wrong",
                where=where,
                got=said,
                expected="a clock within 15 minutes of the store's",
                remedy="set the clock of this machine (NTP), then repeat",
            )
        remedies = {
            "NoSuchBucket": "make the bucket first, with Object Lock enabled",
            "InvalidAccessKeyId": _CREDENTIALS,
            "SignatureDoesNotMatch": _CREDENTIALS,
        }
        refused = "the store refuses these credentials" if remedies.get(code) == _CREDENTIALS else "the store refused"
        return RefusedByStore(refused, where=where, status=status, code=code, remedy=remedies.get(code))

    def _connected(self) -> Any:
        try:
            return self._session.client(
                "s3",
                endpoint_url=self._endpoint,
                region_name=self._region,
                aws_access_key_id=self._credentials.access_key,
                aws_secret_access_key=self._credentials.secret_key,
                config=Config(
                    # checksums are declared here; the default's trailers are refused by several stores
                    request_checksum_calculation="when_required",
                    response_checksum_validation="when_required",
                    s3={"addressing_style": "path", "payload_signing_enabled": True},
                    retries={"total_max_attempts": 1},
                    connect_timeout=self._timeout_seconds,
                    read_timeout=self._timeout_seconds,
                    max_pool_connections=16,
                ),
            )
        except (ValueError, BotoCoreError) as fault:
            raise Refused(
                "no S3 client can be made of these settings",
                where=self.name,
                got=f"endpoint {self._endpoint}, region {self._region}",
                expected="an http or https address, and a region's name",
            ) from fault


def _lost(fault: BotoCoreError) -> str:
    """Say in words why there was no answer."""
    match fault:
        case ConnectTimeoutError() | ReadTimeoutError():
            return "no answer in time"
        case SSLError():
            return "a certificate that is not trusted, or no TLS at all"
        case ConnectionClosedError():
            return "a connection that was closed in the middle"
        case EndpointConnectionError():
            return "no connection: nobody listens there, or the name is not known"
        case _:
            return "no answer that can be used"


def _declared(content: bytes) -> dict[str, object]:
    checksum = base64.b64encode(hashlib.sha256(content).digest()).decode()
    return {"Body": content, "ChecksumAlgorithm": "SHA256", "ChecksumSHA256": checksum}


def _listed(page: dict[str, Any]) -> Iterator[ListedVersion]:
    for listed in page.get("Versions", ()):
        yield ListedVersion(listed["Key"], _version(listed["VersionId"]), listed["Size"])
    for marker in page.get("DeleteMarkers", ()):
        yield ListedVersion(marker["Key"], _version(marker["VersionId"]), deleted=True)


def _chosen(version: str | None) -> dict[str, str]:
    return {} if version is None else {"VersionId": version}


def _version(listed: str | None) -> str | None:
    return None if listed in {None, "", _NO_VERSION} else listed
