"""The amendment of a document in force: what it changes, clause by clause, and that the rest stays as it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, Strict

from schemas import shared_rules as shared
from schemas.clause import Subject
from schemas.document import Document
from schemas.errors import Fault
from schemas.fact import Fact
from schemas.party import Party, Signatory
from schemas.pin import Pin
from schemas.prose import Heading, Prose
from schemas.rules import Rule, each
from schemas.text import LegalDate, Model, Name

ClauseNumber = Annotated[
    str, Field(pattern=r"^[0-9]{1,3}[A-Z]?(\.[0-9]{1,3}[A-Z]?)?(\([a-z]{1,2}\))?$", examples=["9.1", "14A", "3.2(b)"])
]
"""A clause as the base numbers it: ``9``, ``9.1``, ``3.2(b)``; ``14A`` for one that is inserted."""


class ClauseChange(Model):
    """The change of one clause of the base."""

    act: Literal["replace", "insert", "delete"]
    """Whether the clause gets a new text, is new, or falls away."""
    clause: ClauseNumber
    """Its number in the base; the number it gets, if it is new."""
    heading: Heading
    """Its heading."""
    subject: Subject = Subject.GENERAL
    """What it is about."""
    old: tuple[Prose, ...] = ()
    """The text in force, one entry per paragraph, word for word."""
    new: tuple[Prose, ...] = ()
    """The text that takes its place, one entry per paragraph."""


class Majority(Model):
    """The majority by which the base may be amended without the signatures of all its parties."""

    clause: Name
    """The provision of the base that allows it."""
    needed: Annotated[int, Strict(), Field(ge=1, le=60)]
    """How many parties have to agree."""


def base_is_pinned(amendment: Amendment) -> Iterator[Fault]:
    """Rule 11: the base is pinned by its digest, and is another document."""
    if amendment.base.sha256.value is not None and set(amendment.base.sha256.value) == {"0"}:
        yield Fault(
            "base.sha256", "is no digest of a document", read=amendment.base.sha256.value[:12] + "...",
            expected="the SHA-256 of the signed base, or status blank",
        )  # fmt: skip


def effective_after_the_base(amendment: Amendment) -> Iterator[Fault]:
    """Rule 11: an amendment takes effect when the base is in force, not before its date."""
    dated = amendment.base.dated.value if amendment.base.dated else None
    day = amendment.effective.value
    if dated and day and day < dated:
        yield Fault(
            "effective", f"lies before the base, which is dated {dated}", read=day.isoformat(),
            expected=f"{dated} or later",
        )  # fmt: skip


def changes_say_old_and_new(amendment: Amendment) -> Iterator[Fault]:
    """Side by side stand the old text and the new, and they differ; an inserted clause has no old, a deleted no new."""
    for index, change in each(amendment.amended_clauses):
        path = f"amended_clauses[{index}]"
        for side, needed in (("old", change.act != "insert"), ("new", change.act != "delete")):
            given = bool(getattr(change, side))
            if needed and not given:
                yield Fault(
                    f"{path}.{side}",
                    f"the {side} text is missing",
                    expected=f"the {side} text of clause {change.clause}",
                )
            if given and not needed:
                yield Fault(
                    f"{path}.{side}", f"a clause to {change.act} has no {side} text",
                    expected="no such text, or act replace",
                )  # fmt: skip
        if change.old and change.old == change.new:
            yield Fault(f"{path}.new", f"clause {change.clause} says the same as before", expected="another text")


def a_clause_is_changed_once(amendment: Amendment) -> Iterator[Fault]:
    """One amendment changes a clause once."""
    seen: set[str] = set()
    for index, change in each(amendment.amended_clauses):
        if change.clause in seen:
            yield Fault(
                f"amended_clauses[{index}].clause",
                "is changed twice",
                read=change.clause,
                expected="one change a clause",
            )
        seen.add(change.clause)


def all_parties_or_the_majority_sign(amendment: Amendment) -> Iterator[Fault]:
    """Rule 11: the parties of the base all sign, or as many as the majority it provides for needs."""
    if amendment.majority is None:
        yield from shared.every_party_signs(amendment)
        return
    parties = [party.id for _, party in each(amendment.parties)]
    signing = {signatory.party for _, signatory in each(amendment.signatories)} & set(parties)
    needed = amendment.majority.needed
    if not len(parties) < 2 * needed <= 2 * len(parties):
        yield Fault(
            "majority.needed", f"{needed} of {len(parties)} parties are no majority", read=str(needed),
            expected=f"{len(parties) // 2 + 1} to {len(parties)}",
        )  # fmt: skip
    elif len(signing) < needed:
        yield Fault(
            "signatories", f"{len(signing)} of {len(parties)} parties sign",
            expected=f"{needed} or more, as {amendment.majority.clause} asks",
        )  # fmt: skip


class Amendment(Document):
    """An amendment of a document in force, with old and new text side by side."""

    document_type: ClassVar[str] = "amendment"
    id_prefix: ClassVar[str] = "AMD"
    kind: ClassVar[str] = "Amendment"
    rules: ClassVar[tuple[Rule[Any], ...]] = (
        *shared.SHARED,
        base_is_pinned,
        effective_after_the_base,
        changes_say_old_and_new,
        a_clause_is_changed_once,
        all_parties_or_the_majority_sign,
    )

    type: Literal["amendment"]
    """Always ``amendment``."""
    parties: Annotated[tuple[Party, ...], Field(min_length=2, max_length=60)]
    """The parties of the base, all of them."""
    signatories: Annotated[tuple[Signatory, ...], Field(min_length=1, max_length=120)]
    """Who signs, in signing order."""
    base: Pin
    """The document that is amended, as it was signed."""
    earlier: tuple[Pin, ...] = ()
    """What changed the base before and is in force, such as earlier amendments, each pinned as it was signed."""
    background: tuple[Prose, ...] = ()
    """Recitals, one entry each."""
    reason: Prose
    """Why it is amended."""
    amended_clauses: Annotated[tuple[ClauseChange, ...], Field(min_length=1, max_length=200)]
    """What changes, in the order of the base."""
    effective: Fact[LegalDate]
    """From which day the changes hold."""
    majority: Majority | None = None
    """The majority the base provides for; without it all parties sign."""

    @property
    def subjects(self) -> frozenset[Subject]:
        """What it touches: what the changed clauses are about."""
        return super().subjects | {change.subject for change in self.amended_clauses}

    @property
    def alters(self) -> tuple[tuple[str, Pin], ...]:
        """The base."""
        return (("base", self.base),)

    @property
    def pins(self) -> tuple[tuple[str, Pin], ...]:
        """The base, its earlier amendments, and what it takes the place of."""
        return (*super().pins, *((f"earlier[{index}]", pin) for index, pin in enumerate(self.earlier)))

    @property
    def takes_out(self) -> tuple[tuple[str, str], ...]:
        """The old texts."""
        return tuple(
            (f"amended_clauses[{index}].old[{number}]", text.in_language(self.language))
            for index, change in enumerate(self.amended_clauses)
            for number, text in enumerate(change.old)
        )

    @property
    def puts_in(self) -> tuple[str, ...]:
        """The new texts."""
        return tuple(text.in_language(self.language) for change in self.amended_clauses for text in change.new)
