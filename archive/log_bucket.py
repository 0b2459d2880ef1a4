"""The published log in a bucket of its own, without Object Lock: its checkpoint moves on."""

from __future__ import annotations

from collections.abc import Iterator

from archive.bucket import RefusedByStore, VersionedBucket
from archive.log_store import LogStore, checked_path, same_bytes
from schemas.errors import StoreUnavailable


class BucketLog(LogStore):
    """A log store in one bucket; what lies there is read back after each write.

    Writes that race (409) are :class:`StoreUnavailable`: the publisher repeats all its writes.
    """

    def __init__(self, bucket: VersionedBucket) -> None:
        self._bucket = bucket

    @property
    def name(self) -> str:
        """The bucket's name."""
        return self._bucket.name

    def put_once(self, path: str, content: bytes) -> None:
        """Write a new object with ``If-None-Match: *``; see :meth:`LogStore.put_once`."""
        self._put(path, content, create_only=True)
        same_bytes(path, self.get(path) or b"", content, store=self.name)

    def replace(self, path: str, content: bytes) -> None:
        """Write the object's next version; see :meth:`LogStore.replace`."""
        self._put(path, content, create_only=False)
        same_bytes(path, self.get(path) or b"", content, store=self.name)

    def get(self, path: str) -> bytes | None:
        """Return the newest version's bytes, ``None`` where there is none."""
        try:
            return self._bucket.read(checked_path(path)).content
        except RefusedByStore as refused:
            if refused.status == 404 and refused.code != "NoSuchBucket":
                return None
            raise

    def paths(self, prefix: str = "") -> Iterator[str]:
        """Yield the keys that begin with ``prefix``."""
        last = None
        for listed in self._bucket.versions(prefix):
            if listed.key != last:
                last = listed.key
                yield last

    def _put(self, path: str, content: bytes, *, create_only: bool) -> None:
        """Write, unless the path is taken (412); writes that race (409) are to be repeated."""
        try:
            self._bucket.put(checked_path(path), content, create_only=create_only)
        except RefusedByStore as refused:
            if refused.status == 409:
                raise StoreUnavailable(
                    "another write to this path is under way", where=f"{path} in {self.name}", remedy="repeat"
                ) from refused
            if refused.status != 412:
                raise
