"""Which status an answer has by the kind of refusal, and when to ask again."""

from __future__ import annotations

from schemas.errors import ConvenioError, InputError, Invalid, NotAuthorised, Refused, TooManyTries, Unavailable

STATUS: dict[type[ConvenioError], int] = {
    NotAuthorised: 403,
    TooManyTries: 429,
    InputError: 422,
    Refused: 409,
    Invalid: 409,
    Unavailable: 503,
}
"""Status of an answer by the kind of refusal; the first kind that fits."""

AGAIN_SECONDS = 30
"""When to try again after something did not answer."""


def status_of(error: ConvenioError) -> int:
    """Return the status that says what kind of refusal this is."""
    return next(status for kind, status in STATUS.items() if isinstance(error, kind))


def again_after(error: object) -> dict[str, str]:
    """Return the header that says when to try again (RFC 9110 10.2.3), for a refusal that passes by itself."""
    match error:
        case TooManyTries():
            return {"Retry-After": str(error.seconds)}
        case Unavailable():
            return {"Retry-After": str(AGAIN_SECONDS)}
    return {}
