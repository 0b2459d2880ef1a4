"""Where objects lie, as one address: ``file``, or ``s3://BUCKET?endpoint=URL&region=R&lock=COMPLIANCE&sse=AES256``.

Credentials are no part of it: an address is shown, logged and written down.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from urllib.parse import parse_qsl, urlsplit

from archive.store import Encryption, LockMode

DIRECTORY = "file"

_PARAMETERS = ("endpoint", "region", "lock", "sse")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,57}[a-z0-9]")
"""Names of general purpose buckets (Amazon S3 User Guide), short enough for the log's to be made of them."""


@dataclass(frozen=True, slots=True)
class S3Place:
    """A bucket: ``endpoint`` is ``None`` for the cloud provider's own service."""

    bucket: str
    endpoint: str | None = None
    region: str = "us-east-1"
    lock: LockMode = LockMode.COMPLIANCE
    encryption: Encryption | None = None

    @property
    def log_bucket(self) -> str:
        """The bucket the log is published to: not locked, for its newest checkpoint is replaced."""
        return f"{self.bucket}-log"


def parse_archive_url(address: str) -> S3Place | None:
    """Return the bucket an address names, ``None`` for a directory of the home; raise :class:`ValueError` for others.

    The message repeats nothing that could be a secret.
    """
    if address == DIRECTORY:
        return None
    parts = urlsplit(address)
    if parts.scheme != "s3":
        raise ValueError("expected file, or s3://BUCKET with endpoint, region, lock and sse as its parameters")
    if "@" in parts.netloc:
        raise ValueError("credentials do not belong into an address; set CONVENIO_S3_ACCESS_KEY and _SECRET_KEY")
    if not _BUCKET.fullmatch(parts.netloc) or parts.path not in {"", "/"} or parts.fragment:
        raise ValueError("expected s3:// and the name of a bucket: 3 to 59 of a to z, digits, dots and hyphens")
    given = _parameters(parts.query)
    return S3Place(
        bucket=parts.netloc,
        endpoint=_endpoint(given.get("endpoint")),
        region=given.get("region", "us-east-1"),
        lock=_lock(given.get("lock", LockMode.COMPLIANCE)),
        encryption=_encryption(given.get("sse")),
    )


def _parameters(query: str) -> dict[str, str]:
    pairs = parse_qsl(query, keep_blank_values=True)
    for name, value in pairs:
        if name not in _PARAMETERS:
            proposal = "".join(f"; did you mean {near}?" for near in get_close_matches(name, _PARAMETERS, n=1))
            raise ValueError(f"the parameters are {', '.join(_PARAMETERS)}{proposal}")
        if not value:
            raise ValueError(f"the parameter {name} has no value")
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a parameter is given twice")
    return dict(pairs)


def _endpoint(address: str | None) -> str | None:
    if address is None:
        return None
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc or parts.query:
        raise ValueError("the endpoint is an http or https address without credentials")
    return address


def _lock(mode: str) -> LockMode:
    try:
        return LockMode(mode)
    except ValueError:
        raise ValueError(f"lock is {' or '.join(LockMode)}") from None


def _encryption(asked: str | None) -> Encryption | None:
    if asked is None:
        return None
    if asked in {"AES256", "aws:kms"}:
        return Encryption(asked)
    if not asked.startswith("aws:kms:") or asked == "aws:kms:":
        raise ValueError("sse is AES256, aws:kms or aws:kms:KEY")
    return Encryption("aws:kms", asked.removeprefix("aws:kms:"))
