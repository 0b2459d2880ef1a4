"""Refusals for programs: RFC 9457, with everything our own errors say."""

from __future__ import annotations

import re
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from portal.refusals import again_after, status_of
from schemas.errors import ConvenioError, InputError
from schemas.source import spoken

MEDIA_TYPE = "application/problem+json"

TITLES = {
    400: "the request cannot be read",
    401: "a personal token is needed",
    403: "this is not allowed to you",
    404: "there is nothing here",
    405: "this cannot be done here",
    409: "the request cannot be done as things stand",
    411: "the length of the body is not said",
    412: "somebody else acted first",
    413: "the body is too large",
    415: "the body is of a kind that is not taken here",
    422: "what was sent has faults",
    429: "too many requests",
    500: "something broke here",
    503: "something needed does not answer",
}
"""What a status says, where the refusal has no words of its own."""


class FaultShown(BaseModel):
    """One fault of what was sent; ``path`` names the field, ``line`` and ``column`` count from 1."""

    path: str
    message: str
    line: int | None = None
    column: int | None = None
    read: str | None = None
    expected: str | None = None
    proposal: str | None = None


class Problem(BaseModel):
    """A refusal (RFC 9457): what happened, where, what was got and expected, and what to do about it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:convenio:problem:stale-base",
                    "title": "the request cannot be done as things stand",
                    "status": 409,
                    "what": "draft 3 is the current one",
                    "detail": "draft 3 is the current one\n  where: MOU-2026-0001\n  got: draft 2",
                    "where": "MOU-2026-0001",
                    "got": "draft 2",
                    "expected": "draft 3",
                    "remedy": "read the current draft and decide about it",
                    "faults": [],
                }
            ]
        }
    )

    type: str = Field(description="names the kind of refusal: urn:convenio:problem: and the name in kebab case")
    title: str
    status: int
    what: str
    detail: str
    where: str | None = None
    got: str | None = None
    expected: str | None = None
    remedy: str | None = None
    faults: list[FaultShown] = []


class ApiRefusal(Exception):
    """A refusal of the interface itself, by its status: of a header, of the pace, of the size."""

    def __init__(
        self,
        status: int,
        kind: str,
        what: str,
        *,
        got: str | None = None,
        expected: str | None = None,
        remedy: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(what)
        self.status = status
        self.kind = kind
        self.what = what
        self.particulars = {"got": got, "expected": expected, "remedy": remedy}
        self.headers = headers or {}


def answer_to(error: Exception) -> JSONResponse | None:
    """Return the answer to a refusal of any kind; ``None`` for what is none: it broke, and is to be logged."""
    match error:
        case ApiRefusal():
            return problem(error.status, error.kind, error.what, headers=error.headers, **error.particulars)
        case ConvenioError():
            return _ours(error)
        case RequestValidationError():
            faults = [_fault_of(detail) for detail in error.errors()]
            return problem(422, "input-error", "what was sent has faults", faults=faults)
        case HTTPException():
            return of_status(error.status_code, headers=dict(error.headers or {}))
    return None


def of_status(status: int, *, headers: dict[str, str] | None = None) -> JSONResponse:
    """Return the answer where a status says it all."""
    what = TITLES.get(status, "the request is refused")
    return problem(status, re.sub(r"[^a-z]+", "-", what), what, headers=headers)


def problem(
    status: int,
    kind: str,
    what: str,
    *,
    detail: str | None = None,
    faults: list[FaultShown] | None = None,
    headers: dict[str, str] | None = None,
    **particulars: str | None,
) -> JSONResponse:
    """Return one refusal as an answer."""
    shown = Problem(
        type=f"urn:convenio:problem:{kind}",
        title=TITLES.get(status, "the request is refused"),
        status=status,
        what=what,
        detail=detail or what,
        faults=faults or [],
        **particulars,
    )
    content = shown.model_dump(mode="json", exclude_none=True)
    return JSONResponse(content, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def _ours(error: ConvenioError) -> JSONResponse:
    faults = []
    if isinstance(error, InputError):
        faults = [
            FaultShown(**{name: getattr(fault, name) for name in FaultShown.model_fields}) for fault in error.faults
        ]
    return problem(
        status_of(error),
        re.sub(r"(?<=[a-z])(?=[A-Z])", "-", type(error).__name__).lower(),
        error.what,
        detail=error.diagnosis(),
        faults=faults,
        headers=again_after(error),
        where=error.where,
        got=error.got,
        expected=error.expected,
        remedy=error.remedy,
    )


def _fault_of(detail: dict[str, Any]) -> FaultShown:
    place, *path = detail["loc"]
    where = spoken(tuple(path)) if path else str(place)
    return FaultShown(path=where, message=detail["msg"][:1].lower() + detail["msg"][1:])
