"""Sums of money that documents agree on, and how they add up."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated

from pydantic import Field

from schemas.text import CENT, Amount, Model


class Money(Model):
    """A sum in one currency."""

    amount: Amount
    """Exact decimal, two places."""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["EUR"])] = "EUR"
    """ISO 4217."""

    def half(self) -> Money:
        """Return half of the sum; half a cent is rounded up."""
        return Money(amount=(self.amount / 2).quantize(CENT, ROUND_HALF_UP), currency=self.currency)

    def __str__(self) -> str:
        return f"{self.currency} {self.amount:,.2f}"


def total(sums: Iterable[Money]) -> Money | None:
    """Return the total; ``None`` where the sums are of several currencies, or there are none."""
    sums = tuple(sums)
    currencies = {money.currency for money in sums}
    if len(currencies) != 1:
        return None
    return Money(amount=sum((money.amount for money in sums), Decimal(0)), currency=currencies.pop())
