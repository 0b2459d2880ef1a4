"""Asking a witness for its co-signature (C2SP tlog-witness, the client's side)."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx

from archive.cosignature import open_cosignatures, with_cosignatures
from archive.merkle import ConsistencyProof
from archive.signed_note import COSIGNATURE, SignatureLine, parse_signature_line, parse_verifier_key
from schemas.errors import Invalid, WitnessDisagrees, WitnessUnavailable
from schemas.evidence import Checkpoint

TRIES = 3
"""How often a witness may correct the old size, which changes only while somebody else publishes."""

MAXIMUM_ANSWER_BYTES = 64 * 1024


class WitnessClient:
    """The witness at ``url`` (its submission prefix), known by its co-signature verifier key.

    ``required`` says whether publishing waits for it. An exchange takes no longer than ``timeout_seconds`` in all.
    """

    def __init__(self, url: str, verifier_key: str, *, required: bool = False, timeout_seconds: float = 5) -> None:
        self._key = parse_verifier_key(verifier_key, kind=COSIGNATURE)
        self._verifier_key = verifier_key
        self._address = url.rstrip("/") + "/add-checkpoint"
        self._timeout_seconds = timeout_seconds
        self._seen = 0
        self.name = self._key.name
        self.required = required

    def seen(self, signed: Checkpoint) -> int:
        """Return the size of the tree the witness saw last, asked with a checkpoint that was signed before.

        Raises :class:`WitnessDisagrees` where it saw another tree of that size, :class:`WitnessUnavailable` where it
        does not answer or does not know the log.
        """
        answer = self._post(signed.tree_size, (), signed)
        if answer.status_code == 409:
            self._seen = self._size(answer)
            if self._seen == signed.tree_size:
                raise _forked(self.name, signed)
            return self._seen
        self._line(answer, signed)
        self._seen = signed.tree_size
        return self._seen

    def cosign(self, checkpoint: Checkpoint, prove: Callable[[int], ConsistencyProof]) -> SignatureLine:
        """Return the witness's co-signature; ``prove`` returns the proof from the size the witness saw last.

        Raises :class:`WitnessDisagrees` where the witness saw a larger or another tree, :class:`WitnessUnavailable`
        otherwise.
        """
        for _ in range(TRIES):
            if self._seen > checkpoint.tree_size:
                raise WitnessDisagrees(
                    "a witness is ahead of the database",
                    where=self.name,
                    got=f"{checkpoint.tree_size} leaves",
                    expected=f"at least the {self._seen} leaves the witness has seen",
                    remedy="the database was rolled back: restore it, or rebuild it from the log",
                )
            answer = self._post(self._seen, prove(self._seen).path, checkpoint)
            if answer.status_code != 409:
                line = self._line(answer, checkpoint)
                self._seen = checkpoint.tree_size
                return line
            asked, self._seen = self._seen, self._size(answer)
            if self._seen == asked:
                raise _forked(self.name, checkpoint)
        raise self._unavailable("the witness saw other checkpoints meanwhile", f"size {self._seen}")

    def _post(self, old_size: int, path: tuple[str, ...], checkpoint: Checkpoint) -> httpx.Response:
        hashes = "".join(base64.b64encode(bytes.fromhex(one)).decode() + "\n" for one in path)
        body = f"old {old_size}\n{hashes}\n{checkpoint.note}".encode()
        try:
            return _exchange(self._address, body, self._timeout_seconds)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as fault:
            raise self._unavailable("the witness did not answer", str(fault) or type(fault).__name__) from fault

    def _size(self, answer: httpx.Response) -> int:
        if not re.fullmatch(r"(0|[1-9][0-9]{0,18})\n", answer.text):
            raise self._unavailable("the witness did not say which size it saw", answer.text[:80])
        return int(answer.text)

    def _line(self, answer: httpx.Response, checkpoint: Checkpoint) -> SignatureLine:
        """Return the witness's own line of an answer, verified; lines of unknown keys are passed over."""
        if answer.status_code == 422:
            raise _forked(self.name, checkpoint)
        if answer.status_code != 200:
            raise self._unavailable("the witness refused the checkpoint", f"{answer.status_code} {answer.text[:80]}")
        try:
            lines = [parse_signature_line(line, where=self.name) for line in answer.text.splitlines()]
            (ours,) = [line for line in lines if line.is_of(self._key)]
            open_cosignatures(with_cosignatures(checkpoint.note, [ours]), [self._verifier_key])
        except (Invalid, ValueError) as fault:
            raise self._unavailable("the witness answered without its co-signature", str(fault)) from fault
        return ours

    def _unavailable(self, what: str, got: str) -> WitnessUnavailable:
        return WitnessUnavailable(what, where=self.name, got=got, remedy="look after the witness; it is asked again")


def _exchange(url: str, body: bytes, deadline_seconds: float) -> httpx.Response:
    """Return the answer to a POST, within a deadline for all of it: a witness may send byte after byte for ever."""
    # the caller's thread may run an event loop of its own
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, _answered(url, body, deadline_seconds)).result()


async def _answered(url: str, body: bytes, deadline_seconds: float) -> httpx.Response:
    async with (
        asyncio.timeout(deadline_seconds),
        httpx.AsyncClient(timeout=deadline_seconds, headers={"Accept-Encoding": "identity"}) as client,
        client.stream("POST", url, content=body) as response,
    ):
        content = b""
        async for piece in response.aiter_raw():
            content += piece
            if len(content) > MAXIMUM_ANSWER_BYTES:
                raise httpx.ReadError(f"more than {MAXIMUM_ANSWER_BYTES} bytes")
        return httpx.Response(response.status_code, content=content)


def _forked(name: str, checkpoint: Checkpoint) -> WitnessDisagrees:
    return WitnessDisagrees(
        "a witness has seen another tree",
        where=name,
        got=f"{checkpoint.tree_size} leaves, root {checkpoint.root}",
        expected="a tree that begins with what the witness co-signed",
        remedy="two ledgers were signed with one key: get the witness's checkpoint and compare both",
    )
