"""What is done to an installation rather than to one agreement: the events of its own stream."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Literal

from pydantic import Field

from schemas.evidence import Digest, Evidence
from schemas.people import Office, Role


class InventoryTaken(Evidence):
    """All stored objects on one day: how many versions, the Merkle root over them, and the listing itself."""

    type: Literal["inventory taken"] = "inventory taken"
    day: date
    objects: int = Field(ge=0)
    root: Digest
    listing: Digest


class FixityChecked(Evidence):
    """The stored objects were looked at: ``listed`` versions, of which ``read`` were read whole; ``faults`` found."""

    type: Literal["fixity checked"] = "fixity checked"
    day: date
    listed: int = Field(ge=0)
    read: int = Field(ge=0)
    read_bytes: int = Field(ge=0)
    faults: int = Field(ge=0)
    report: Digest


class PersonErased(Evidence):
    """The personal data behind a commitment was erased, with a reason; it stands for nobody from now on."""

    type: Literal["person erased"] = "person erased"
    person: Digest
    remark: Digest


class RolesGiven(Evidence):
    """An administrator said what a person may do from now on, and for which offices; what they could before is over."""

    type: Literal["roles given"] = "roles given"
    person: Digest
    roles: tuple[Role, ...] = Field(min_length=1)
    offices: tuple[Office, ...] = ()


class AccountAct(StrEnum):
    """What an administrator does to the account with which a person signs in to the portal."""

    INVITED = "invited"
    """A link to choose a password was mailed; where there was no account, one was made."""
    CLOSED = "closed"
    """The account signs in no more, and every session and token of it ended."""
    REOPENED = "reopened"
    """The account signs in again."""
    SIGNED_OUT = "signed out"
    """Every session of it ended."""
    SECOND_FACTOR_RESET = "second factor reset"
    """The key of its one-time codes was forgotten, and every session ended."""


class AccountChanged(Evidence):
    """An administrator did something to a person's account."""

    type: Literal["account changed"] = "account changed"
    person: Digest
    act: AccountAct


class RestoreDrilled(Evidence):
    """The ledger was made anew elsewhere from what would be left after a loss; ``equal`` says whether it is the same.

    ``leaves`` and ``root`` are those of the newest published checkpoint; ``report`` says what was compared.
    """

    type: Literal["restore drilled"] = "restore drilled"
    day: date
    leaves: int = Field(ge=0)
    root: Digest
    equal: bool
    report: Digest


class TemplateAdopted(Evidence):
    """An administrator took a Word file, ``docx``, as an edition of a template; new documents may be made from it."""

    type: Literal["template adopted"] = "template adopted"
    document_type: str
    edition: str
    version: int = Field(ge=1, description="the first version that holds it")
    docx: Digest


class TemplateRetired(Evidence):
    """An administrator had no new documents made from a Word file any more; those that were begun keep it."""

    type: Literal["template retired"] = "template retired"
    document_type: str
    edition: str
    docx: Digest


class PoliciesChanged(Evidence):
    """The settings ask for other signatures than before; ``policies`` is the digest of all of them (RFC 8785 JSON)."""

    type: Literal["policies changed"] = "policies changed"
    policies: Digest


class WebhookAct(StrEnum):
    """What an administrator does with a webhook."""

    REGISTERED = "registered"
    """Entries are told there from now on."""
    ENDED = "ended"
    """Nothing is told there any more."""


class WebhookChanged(Evidence):
    """An administrator had a program told of entries, or no longer; ``url`` is the digest of its address."""

    type: Literal["webhook changed"] = "webhook changed"
    webhook: str = Field(pattern=r"^[0-9a-f]{16}$")
    act: WebhookAct
    url: Digest


class BackedUp(Evidence):
    """A backup was written: its digest and size, and how many files and rows of personal data are in it."""

    type: Literal["backed up"] = "backed up"
    day: date
    backup: Digest
    size_bytes: int = Field(ge=0)
    files: int = Field(ge=0)
    rows: int = Field(ge=0)
