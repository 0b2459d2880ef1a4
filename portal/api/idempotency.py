"""Requests that may be repeated: under the same key the first answer is given again, whatever happened in between."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import TYPE_CHECKING

from fastapi import Request, Response

from archive.idempotency import Begun, Kept
from flows.accounts import portal_secret
from portal.api.problems import ApiRefusal
from portal.visit import Visit
from schemas.evidence import Digest, canonical_json, digest_of

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

HEADER = "idempotency-key"
WRITTEN = re.compile(r'"([!#-\[\]-~ ]{1,255})"|([!#-\[\]-~]{1,255})')
"""A string of RFC 8941 (3.3.3) without escapes; the quotes may be missing."""

LARGEST_KEPT_BYTES = 256 * 1024
"""A larger answer is a file, and made again from the same evidence."""

REPEATED = {"Idempotent-Replayed": "true"}


def key_of(request: Request, visit: Visit) -> Digest | None:
    """Return what is kept of the key of a request: its hash with who asks, in which roles, and for what.

    Raises :class:`ApiRefusal` (400) for a key that cannot be read.
    """
    given = request.headers.get(HEADER)
    if given is None:
        return None
    found = WRITTEN.fullmatch(given.strip())
    if found is None:
        raise ApiRefusal(
            400,
            "idempotency-key",
            "the idempotency key cannot be read",
            expected='1 to 255 characters of ASCII, such as "8e03978e-40d5-43e8-bc93-6894a57f9324"',
        )
    parts = [found[1] or found[2], visit.who.commitment, *sorted(visit.who.roles), request.method, request.url.path]
    return digest_of(canonical_json(parts))


def digest_of_request(request: Request, body: bytes) -> Digest:
    """Return what makes two requests under one key the same: address, precondition, kind of body, body."""
    said = [request.url.query, request.headers.get("if-match", ""), request.headers.get("content-type", "")]
    return digest_of(canonical_json([*said, hashlib.sha256(body).hexdigest()]))


def first_answer(visit: Visit, key: Digest, asked: Digest) -> Response | None:
    """Return the answer to give again, ``None`` where this request is the first under its key.

    Raises :class:`ApiRefusal`: 422 where the key stands for another request, 409 while the first is under way.
    """
    house = visit.house
    match house.idempotent_answers.begin(key, asked, now=house.clock()):
        case Begun.ANOTHER:
            raise ApiRefusal(
                422,
                "idempotency-key",
                "this idempotency key was used for another request",
                remedy="use a new key for each new request",
            )
        case Begun.UNDER_WAY:
            raise ApiRefusal(
                409,
                "idempotency-key",
                "the request with this idempotency key is still being answered",
                remedy="wait, then repeat it with the same key",
                headers={"Retry-After": "1"},
            )
        case Kept(answer):
            return _opened(visit, answer)
    return None


def keep(visit: Visit, key: Digest, response: Response) -> None:
    """Keep an answer for a day; one that says to try again, and one that is a large file, is forgotten."""
    content = bytes(response.body)
    if response.status_code >= 500 or response.status_code == 429 or len(content) > LARGEST_KEPT_BYTES:
        visit.house.idempotent_answers.forget(key)
        return
    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    written = {"status": response.status_code, "headers": headers, "content": base64.b64encode(content).decode()}
    visit.house.idempotent_answers.keep(key, _box(visit).encrypt(canonical_json(written)))


def forget(visit: Visit, key: Digest) -> None:
    """Let a key be used anew, after something broke."""
    visit.house.idempotent_answers.forget(key)


def _opened(visit: Visit, answer: bytes) -> Response:
    written = json.loads(_box(visit).decrypt(answer))
    headers = written["headers"] | REPEATED
    return Response(base64.b64decode(written["content"]), status_code=written["status"], headers=headers)


def _box(visit: Visit) -> Fernet:
    from cryptography.fernet import Fernet  # noqa: PLC0415  # only where a key is given

    return Fernet(base64.urlsafe_b64encode(portal_secret(visit.house, "idempotent answers")))
