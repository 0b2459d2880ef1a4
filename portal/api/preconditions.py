"""Preconditions: acts that are to be done only while an agreement stands where somebody saw it (RFC 9110 13.1.1)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header

from portal.api.problems import ApiRefusal
from portal.api.shapes import tag
from schemas.state import AgreementState

IfMatch = Annotated[
    str | None,
    Header(description="the ETag of the agreement; the act is refused (412) once it changed", max_length=200),
]


def require_match(state: AgreementState, if_match: str | None) -> int | None:
    """Raise :class:`ApiRefusal` (412) where ``if_match`` names other states than the present one.

    Returns the counter that an act then has to find, ``None`` where any will do.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    if tag(state) not in {one.strip() for one in if_match.split(",")}:
        raise ApiRefusal(
            412,
            "precondition",
            "the agreement changed since you read it",
            got=if_match,
            expected=tag(state),
            remedy="read it again, then decide",
            headers={"ETag": tag(state)},
        )
    return state.counter
