"""The evidence in a dossier, as its writer and its verifier both read it: what the readable pages are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError

from archive.exact import first_fault
from archive.history import History
from schemas.errors import Invalid
from schemas.evidence import Checkpoint, Digest, Evidence, SealReport
from schemas.people import commit


class PersonOpening(Evidence):
    """What opens the commitment to a person; an erased person has none."""

    email: str
    name: str
    salt: Digest

    @property
    def commitment(self) -> Digest:
        """The commitment it opens."""
        return commit({"email": self.email, "name": self.name}, self.salt)


class RemarkOpening(Evidence):
    """What opens the commitment to a comment; an erased one has none."""

    text: str
    salt: Digest

    @property
    def commitment(self) -> Digest:
        """The commitment it opens."""
        return commit(self.text, self.salt)


class AddressOpening(Evidence):
    """What opens the commitment to the mail address that a link to sign was sent to; an erased one has none."""

    mail: str
    salt: Digest

    @property
    def commitment(self) -> Digest:
        """The commitment it opens."""
        return commit({"mail": self.mail}, self.salt)


class People(RootModel[dict[Digest, PersonOpening]]):
    """Openings of commitments to people, by commitment."""

    model_config = ConfigDict(frozen=True)


class Remarks(RootModel[dict[Digest, RemarkOpening]]):
    """Openings of commitments to comments, by commitment."""

    model_config = ConfigDict(frozen=True)


class Addresses(RootModel[dict[Digest, AddressOpening]]):
    """Openings of the commitments in records of clicks, by commitment."""

    model_config = ConfigDict(frozen=True)


class _Stated(BaseModel):
    """The part of a document's data a summary shows; whatever else later document types hold is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class StatedValue(_Stated):
    """A fact of the data, as far as its value."""

    value: str


class StatedParty(_Stated):
    """A party as the data names it."""

    id: str
    short_name: str
    legal_name: StatedValue
    country: StatedValue


class StatedSignatory(_Stated):
    """A signatory as the data names them."""

    id: str
    party: str
    name: StatedValue
    position: StatedValue
    email: str


class StatedDay(_Stated):
    """A day of the data, where it is known."""

    value: date | None = None


class StatedTerm(_Stated):
    """First and last day of a document's force."""

    start: StatedDay
    end: StatedDay


class StatedDocument(_Stated):
    """Parties and signatories as the approved data states them, in the document's order; its term, where it has one.

    ``effective`` is the day on which a document that changes another takes effect, as its type defines it.
    """

    type: str
    parties: tuple[StatedParty, ...] = Field(min_length=1)
    signatories: tuple[StatedSignatory, ...] = ()
    term: StatedTerm | None = None
    effective: StatedDay | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """All evidence of one archived agreement.

    ``leaf_indices`` places each entry in the ledger's tree, in the order of ``history.entries``. ``people`` and
    ``remarks`` hold openings by commitment; what is missing was erased. ``report`` is the newest recorded validation;
    ``enclosed`` are files that other files name, by member name.
    """

    history: History
    leaf_indices: tuple[int, ...]
    checkpoint: Checkpoint
    document: StatedDocument
    report: SealReport
    people: Mapping[Digest, PersonOpening]
    remarks: Mapping[Digest, RemarkOpening]
    enclosed: Mapping[str, Digest]


def stated_document(data: bytes) -> StatedDocument:
    """Return what the stored data of a draft states; raises :class:`Invalid` where it cannot be read."""
    try:
        return StatedDocument.model_validate_json(data)
    except ValidationError as cause:
        raise Invalid(
            "the document's data cannot be read", got=first_fault(cause), expected="parties and signatories"
        ) from cause


def read_seal_report(content: bytes) -> SealReport:
    """Return the seal report in ``content`` (JSON); raises :class:`Invalid` where it is none."""
    try:
        return SealReport.model_validate_json(content)
    except ValidationError as cause:
        raise Invalid("this is not a seal report", got=first_fault(cause)) from cause
