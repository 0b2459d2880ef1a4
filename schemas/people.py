"""The people who use Convenio, and how the ledger speaks of them without naming them."""

from __future__ import annotations

import hashlib
from enum import StrEnum

from pydantic import Field

from schemas.evidence import Digest, Evidence, canonical_json


class Role(StrEnum):
    """What a person may do."""

    MANAGER = "manager"
    """Requests agreements, revises data, confirms assumed facts."""
    REVIEWER = "reviewer"
    """Approves, returns or rejects drafts they did not write."""
    SIGNATORY = "signatory"
    """Signs the documents that name them."""
    AUDITOR = "auditor"
    """Reads everything, changes nothing."""
    ADMINISTRATOR = "administrator"
    """Runs the installation; cannot edit history."""


READERS = (Role.MANAGER, Role.REVIEWER, Role.AUDITOR)
"""Who may read every agreement: not administrators, who run the installation, nor signatories, who read their own."""


class Office(StrEnum):
    """For which office a reviewer approves."""

    LEGAL = "legal"
    FINANCE = "finance"
    DIRECTOR = "director"


class Person(Evidence):
    """One person as kept in the erasable table: what they may do, and for which offices a reviewer approves.

    ``salt`` is 32 random bytes in hex.
    """

    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
    name: str
    roles: tuple[Role, ...]
    offices: tuple[Office, ...] = ()
    salt: Digest

    @property
    def commitment(self) -> Digest:
        """What the ledger holds in place of the person; see :func:`commit`."""
        return commit({"email": self.email, "name": self.name}, self.salt)

    @property
    def handle(self) -> str:
        """What names the person where no personal data may stand: the first 12 digits of the commitment."""
        return self.commitment[:12]


class Actor(Evidence):
    """Who did something, as the ledger says it: the role used, and a commitment to the person (none for the system)."""

    role: Role | None
    person: Digest | None = None


SYSTEM = Actor(role=None)
"""The flows themselves, where no person acts."""


def commit(content: object, salt: Digest) -> Digest:
    """Return SHA-256(salt bytes || RFC 8785 JSON of ``content``), hex: binding, and silent once the salt is erased."""
    return hashlib.sha256(bytes.fromhex(salt) + canonical_json(content)).hexdigest()
