"""The decision by which a body adopts a document that nobody has to sign."""

from __future__ import annotations

from schemas.fact import Fact
from schemas.text import LegalDate, Model, Name


class Adoption(Model):
    """Who adopts the document, by which decision, and when."""

    body: Fact[Name]
    """The body that decides, such as a steering committee."""
    decision: Fact[Name]
    """Number or minutes of the decision."""
    date: Fact[LegalDate]
    """Day of the decision."""
