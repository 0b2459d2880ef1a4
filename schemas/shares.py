"""Shares of a whole: percentages to the hundredth that total 100.00, and who takes what rounding leaves over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Annotated

from pydantic import Field, WithJsonSchema

from schemas.errors import Fault
from schemas.fact import Fact
from schemas.rules import each, unknown_id
from schemas.text import Amount, Identifier, Model

Percent = Annotated[
    Amount,
    "Percent",
    Field(le=100),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]+(\.[0-9]{1,2})?$", "examples": ["33.33"]}),
]
"""A percentage: exact decimal, two places, 0 to 100."""

WHOLE = Decimal("100.00")
HALF_A_HUNDREDTH = Decimal("0.005")
"""The most that rounding to two places can move one share."""


class Share(Model):
    """The share of one party."""

    party: Identifier
    """Id of the party."""
    percent: Fact[Percent]
    """Its share, in per cent."""


def remainder(shares: Sequence[Share]) -> Decimal | None:
    """Return what is left of 100.00 beside ``shares``; ``None`` while one of them is not known."""
    known = [share.percent.value for _, share in each(shares)]
    return WHOLE - sum((value for value in known if value is not None), Decimal(0)) if None not in known else None


def broken_shares(
    path: str, shares: Sequence[Share], taker: Identifier | None, parties: Sequence[str]
) -> Iterator[Fault]:
    """Rule 5: every party has one share, they total 100.00, and a remainder of rounding has a taker.

    ``path`` is where the list stands; the taker stands beside it as ``remainder_to``.
    """
    beside = f"{path.rpartition('.')[0]}.remainder_to".removeprefix(".")
    seen: set[str] = set()
    for index, share in each(shares):
        yield from unknown_id(f"{path}[{index}].party", share.party, parties, "party")
        if share.party in seen:
            yield Fault(f"{path}[{index}].party", "has a share already", read=share.party, expected="one share a party")
        seen.add(share.party)
    for party in parties:
        if party not in seen and seen <= set(parties):
            yield Fault(path, f"{party} has no share", expected="one share for each party, 0 included")
    if taker is not None:
        yield from unknown_id(beside, taker, parties, "party")
    left = remainder(shares)
    if left is None:
        return
    stated = f"{WHOLE - left:.2f}"
    rounding = abs(left) <= HALF_A_HUNDREDTH * len(shares)
    if left and rounding and taker is None:
        taking = f"who takes {left:.2f}?" if left > 0 else f"who gives up {-left:.2f}?"
        yield Fault(
            path, f"shares total {stated}; {taking}", read=stated,
            expected="100.00, or remainder_to with the party that takes the difference",
        )  # fmt: skip
    elif left and not rounding:
        yield Fault(path, f"shares total {stated}, more than rounding explains", read=stated, expected="100.00")
    elif not left and taker is not None:
        yield Fault(beside, "shares total 100.00; nothing remains to be taken", read=taker, expected="no remainder_to")
