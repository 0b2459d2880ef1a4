"""What every document shares: project, money, term, visibility."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, Strict

from schemas.fact import Fact
from schemas.prose import Prose
from schemas.text import Amount, LegalDate, Model, MonthOrDay, Name

VisibilityProfile = Literal["cosme-easme", "none"]
"""Which funding sentence and disclaimer a document carries."""


CallProfile = Literal["none", "escp-4i", "escp-4x"]
"""Which of the COSME calls for European Strategic Cluster Partnerships: going international, or excellence."""


@dataclass(frozen=True, slots=True)
class Consortium:
    """What a call asks of a consortium."""

    entities: int
    """Least number of legal entities."""
    countries: int
    """Least number of countries they come from."""
    targets_outside: bool
    """Whether target markets lie outside the programme's countries."""


CALL_PROFILES: dict[CallProfile, Consortium] = {
    "none": Consortium(entities=0, countries=0, targets_outside=False),
    "escp-4i": Consortium(entities=3, countries=3, targets_outside=True),
    "escp-4x": Consortium(entities=3, countries=3, targets_outside=False),
}
"""What each call profile asks for."""


class Budget(Model):
    """A sum, and what it is a sum of."""

    amount: Amount
    """Exact decimal, two places."""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["EUR"])] = "EUR"
    """ISO 4217."""
    kind: Literal["total", "EU contribution", "unknown"]
    """Whether it is the whole budget or the EU's part; unknown where the source does not say."""


ObjectiveId = Annotated[str, Field(pattern=r"^O[1-9][0-9]{0,2}$", examples=["O1"])]
"""O1, O2 and so on."""


class Objective(Model):
    """A main objective of the project."""

    id: ObjectiveId
    """O1, O2 and so on."""
    text: Prose
    """The objective."""


Months = Annotated[int, "Months", Strict(), Field(ge=1, le=120, examples=[24])]


class Project(Model):
    """The funded project a document belongs to."""

    acronym: Name
    """Short name."""
    name: Name
    """Full name."""
    programme: Fact[Name]
    """Funding programme, such as COSME."""
    call: Fact[Name] | None = None
    """Call for proposals."""
    grant_number: Fact[Name] | None = None
    """Number of the grant agreement."""
    start: Fact[MonthOrDay]
    """YYYY-MM, or YYYY-MM-DD where the day is known."""
    duration_months: Fact[Months]
    """1 to 120 months."""
    budget: Fact[Budget] | None = None
    """Budget with its kind."""
    call_profile: CallProfile = "none"
    """What the call asks of a consortium."""
    objectives: tuple[Objective, ...] = ()
    """Main objectives, where the document refers to them."""
    visibility: VisibilityProfile
    """Which visibility block the programme prescribes."""


class Term(Model):
    """How long a document is in force."""

    start: Fact[LegalDate]
    """First day."""
    end: Fact[LegalDate]
    """Last day, included."""
    renewal: Prose | None = None
    """How it is renewed; never by silence unless this says so."""

    @property
    def days(self) -> timedelta | None:
        """Length of the term, where both ends are known."""
        if self.start.value is None or self.end.value is None:
            return None
        return self.end.value - self.start.value + timedelta(days=1)


class Visibility(Model):
    """The wording a programme prescribes."""

    sentence: str
    """The funding sentence."""
    disclaimer: str
    """The disclaimer."""


VISIBILITY: dict[str, Visibility] = {
    "cosme-easme": Visibility(
        sentence="This project was funded by the European Union\u2019s COSME Programme.",
        disclaimer=(
            "The content of this page represents the views of the author only and is his sole responsibility; it "
            "cannot be considered to reflect the views of the European Commission and/or the Executive Agency for "
            "Small and Medium-sized Enterprises (EASME) or any other body of the European Union. The European "
            "Commission and the Agency do not accept any responsibility for use that may be made of the information it "
            "contains."
        ),
    ),
}
"""Prescribed wording by profile; it may not be paraphrased."""
