"""The round of signatures as a manager writes it: one after the other, side by side, or in rounds; and until when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal, Protocol

from pydantic import Field

from schemas.errors import Fault
from schemas.party import Signatory
from schemas.rules import each, unknown_id
from schemas.text import Identifier, LegalDate, Model

Order = Literal["sequential", "parallel"]

Round = Annotated[tuple[Identifier, ...], Field(min_length=1)]


class Signing(Model):
    """In which order the signatories are asked, and until when they may sign."""

    order: Order | None = None
    """One after the other as they are listed (sequential, which is the rule), or all at once (parallel)."""
    rounds: tuple[Round, ...] = ()
    """Ids of signatories by round, in place of an order: a round begins when everybody of the one before has signed."""
    sign_by: LegalDate | None = None
    """Last day on which a signature is accepted; the agreement lapses after it."""

    def rounds_of(self, signatories: Sequence[str]) -> tuple[tuple[str, ...], ...]:
        """Return who is asked together, round after round, out of all ``signatories`` as they are listed."""
        if self.rounds:
            return self.rounds
        if self.order == "parallel" and signatories:
            return (tuple(signatories),)
        return tuple((one,) for one in signatories)


class WithSigning(Protocol):
    """A document that people sign."""

    signatories: tuple[Signatory, ...]
    signing: Signing | None


def rounds_name_every_signatory_once(document: WithSigning) -> Iterator[Fault]:
    """Name every signatory in the rounds of signature, each in one place."""
    if document.signing is None or not document.signing.rounds:
        return
    known = [signatory.id for _, signatory in each(document.signatories)]
    seen: set[str] = set()
    for number, group in each(document.signing.rounds):
        for place, one in each(group):
            path = f"signing.rounds[{number}][{place}]"
            yield from unknown_id(path, one, known, "signatory")
            if one in seen:
                yield Fault(path, "is asked twice", read=one, expected="each signatory in one round")
            seen.add(one)
    for one in known:
        if one not in seen:
            yield Fault("signing.rounds", f"{one} is never asked to sign", expected="every signatory in one round")


def order_of_signing_is_said_once(document: WithSigning) -> Iterator[Fault]:
    """Give the order of signing by a word or by rounds."""
    signing = document.signing
    if signing is not None and signing.order is not None and signing.rounds:
        yield Fault(
            "signing.order", "rounds say the order already", read=signing.order, expected="rounds, or an order of all"
        )
