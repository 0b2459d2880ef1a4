"""A witness: it co-signs checkpoints of logs it knows, as long as each begins with the one before (C2SP tlog-witness).

::

    POST /add-checkpoint                    request
    old 20852014                            size of the tree the client believes the witness saw last
    PlRNCrwHpqhGrupue0L7gxbjbMiKA9te...     consistency proof from that size, base64, one hash a line
                                            (empty line)
    convenio.example/ledger                 the checkpoint
    ...

    200  signature line of the co-signature         404  the log is not known
    400  malformed, or the old size is larger       409  the witness saw another size last; its size in the body
    403  not signed by the log's key                422  the proof does not lead from the old tree to the new
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock

from archive.checkpoint import open_checkpoint, parse_checkpoint
from archive.cosignature import CosignerKey
from archive.merkle import EMPTY_ROOT, ConsistencyProof, verify_consistency
from archive.signed_note import decode_base64, parse_verifier_key, split_note
from schemas.errors import Invalid, Unavailable
from schemas.evidence import Checkpoint, digest_of

HASHES_MAX = 63
"""More consistency proof lines than a request may have (C2SP tlog-witness)."""

LONGEST_REQUEST_BYTES = 64 * 1024

SIZE_TYPE = "text/x.tlog.size"
"""Media type of a 409's body."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a witness answers: an HTTP status and a body."""

    status: int
    body: str
    media_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Submission:
    """An add-checkpoint request as read: old size, proof hashes (32 bytes each), and the note."""

    old_size: int
    path: tuple[bytes, ...]
    note: str


class Witness:
    """A witness for the logs of ``verifier_keys``, whose memory lies in the folder ``state``.

    One file a log holds the newest checkpoint it co-signed; it is durable before the co-signature is given away.
    Threads may share a witness; a second process on the same folder waits for the first.
    """

    def __init__(
        self, key: CosignerKey, verifier_keys: Iterable[str], state: Path, clock: Callable[[], datetime]
    ) -> None:
        self._key = key
        self._logs = {parse_verifier_key(one).name: one for one in verifier_keys}
        self._state = state
        self._clock = clock
        self._one_at_a_time = Lock()

    def add_checkpoint(self, body: bytes) -> Answer:
        """Return the answer to a request's body.

        Raises :class:`Unavailable` where the witness cannot remember what it would sign.
        """
        try:
            submission = read_submission(body)
            origin = parse_checkpoint(submission.note).origin
        except Invalid as cause:
            return Answer(400, f"{cause.what}\n")
        if origin not in self._logs:
            return Answer(404, "this log is not known here\n")
        try:
            checkpoint = open_checkpoint(submission.note, self._logs[origin])
        except Invalid as cause:
            return Answer(403, f"{cause.what}\n")
        if submission.old_size > checkpoint.tree_size:
            return Answer(400, "the old size is larger than the checkpoint's\n")
        with self._alone():
            return self._compared(submission, checkpoint)

    def newest(self, origin: str) -> Checkpoint | None:
        """Return the newest checkpoint co-signed for a log; raises :class:`Invalid` where the memory was altered."""
        try:
            note = self._path(origin).read_text()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as fault:
            raise Invalid("the witness's memory cannot be read", where=str(self._path(origin)), got=fault) from fault
        return open_checkpoint(note, self._logs[origin])

    def _compared(self, submission: Submission, checkpoint: Checkpoint) -> Answer:
        last = self.newest(checkpoint.origin)
        seen = 0 if last is None else last.tree_size
        if submission.old_size != seen:
            return Answer(409, f"{seen}\n", SIZE_TYPE)
        old_root = EMPTY_ROOT if last is None else bytes.fromhex(last.root)
        if checkpoint.tree_size == seen and bytes.fromhex(checkpoint.root) != old_root:
            return Answer(409, f"{seen}\n", SIZE_TYPE)
        proof = ConsistencyProof(
            old_size=seen, new_size=checkpoint.tree_size, path=tuple(one.hex() for one in submission.path)
        )
        try:
            verify_consistency(proof, old_root=old_root, new_root=bytes.fromhex(checkpoint.root))
        except Invalid as cause:
            return Answer(422, f"{cause.what}\n")
        self._remember(checkpoint)
        text, _ = split_note(checkpoint.note, where=checkpoint.origin)
        return Answer(200, self._key.cosign(text, self._clock()))

    def _remember(self, checkpoint: Checkpoint) -> None:
        path = self._path(checkpoint.origin)
        draft = path.with_name(f".{secrets.token_hex(8)}")
        try:
            with draft.open("x") as file:
                file.write(checkpoint.note)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
            _sync(self._state)
        except OSError as fault:
            raise Unavailable("the witness cannot remember", where=str(path), got=fault.strerror) from fault
        finally:
            draft.unlink(missing_ok=True)

    @contextmanager
    def _alone(self) -> Generator[None]:
        """Hold off other threads and processes: comparing and remembering is one step."""
        with self._one_at_a_time:
            try:
                self._state.mkdir(mode=0o700, parents=True, exist_ok=True)
                lock = os.open(self._state / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
            except OSError as fault:
                raise Unavailable("the witness has no memory", where=str(self._state), got=fault.strerror) from fault
            try:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
            finally:
                os.close(lock)

    def _path(self, origin: str) -> Path:
        return self._state / f"{digest_of(origin.encode())}.checkpoint"


def read_submission(body: bytes) -> Submission:
    """Return what an add-checkpoint request says; raises :class:`Invalid` where it is malformed."""
    try:
        head, separator, note = body.decode().partition("\n\n")
    except UnicodeDecodeError as cause:
        raise Invalid("not an add-checkpoint request", got="no UTF-8") from cause
    first, *lines = head.split("\n")
    old = re.fullmatch(r"old (0|[1-9][0-9]{0,18})", first)
    if old is None or not separator:
        raise Invalid("not an add-checkpoint request", got=first[:80], expected="old and a decimal number")
    path = tuple(decode_base64(line, where="consistency proof") for line in lines)
    if len(path) > HASHES_MAX or any(len(one) != 32 for one in path):
        raise Invalid("not a consistency proof", expected=f"at most {HASHES_MAX} hashes of 32 bytes")
    return Submission(int(old[1]), path, note)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
