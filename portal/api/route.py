"""What every route of the REST interface has in common: limits, the idempotency key, and refusals as problems."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from flows.files import size_in_words
from portal.api import idempotency
from portal.api.access import identify
from portal.api.problems import ApiRefusal, answer_to
from portal.forms import LARGEST_FILE_BYTES

LARGEST_BODY_BYTES = 2 * 1024 * 1024

Answered = Callable[[Request], Coroutine[Any, Any, Response]]


class ApiRoute(APIRoute):
    """A route whose refusals are problems (RFC 9457) and whose changes may be repeated under a key."""

    largest_body_bytes = LARGEST_BODY_BYTES

    def get_route_handler(self) -> Answered:
        """Return what answers a request within all of that."""
        answer = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await self._within_limits(request, answer)
            except Exception as error:
                if (refusal := answer_to(error)) is None:
                    raise
                return refusal

        return answered

    async def _within_limits(self, request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        declared = request.headers.get("content-length", "0")
        if not declared.isdigit() or int(declared) > self.largest_body_bytes:
            raise ApiRefusal(
                413, "too-large", "the body is too large", expected=f"at most {size_in_words(self.largest_body_bytes)}"
            )
        visit = await run_in_threadpool(identify, request)
        key = idempotency.key_of(request, visit) if visit is not None and request.method == "POST" else None
        if visit is None or key is None:
            return await answer(request)
        asked = idempotency.digest_of_request(request, await request.body())
        if (first := await run_in_threadpool(idempotency.first_answer, visit, key, asked)) is not None:
            return first
        try:
            response = await _refused_or(answer, request)
        except BaseException:
            await run_in_threadpool(idempotency.forget, visit, key)
            raise
        await run_in_threadpool(idempotency.keep, visit, key, response)
        return response


class FileRoute(ApiRoute):
    """A route that takes a file."""

    largest_body_bytes = LARGEST_FILE_BYTES


async def _refused_or(answer: Callable[[Request], Awaitable[Response]], request: Request) -> Response:
    """Return the answer, or the refusal: under a key both are given again."""
    try:
        return await answer(request)
    except Exception as error:
        if (refusal := answer_to(error)) is None:
            raise
        return refusal
