"""Which status an answer has by the kind of refusal."""

from __future__ import annotations

from schemas.errors import ConvenioError, InputError, Invalid, NotAuthorised, Refused, Unavailable

STATUS: dict[type[ConvenioError], int] = {
    NotAuthorised: 403,
    InputError: 422,
    Refused: 409,
    Invalid: 409,
    Unavailable: 503,
}
"""Status of an answer by the kind of refusal; the first kind that fits."""


def status_of(error: ConvenioError) -> int:
    """Return the status that says what kind of refusal this is."""
    return next(status for kind, status in STATUS.items() if isinstance(error, kind))
