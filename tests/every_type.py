"""One installation in which examples of every document type are led the whole way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from examples.render import example_files
from flows import commands
from flows.collect import collect
from flows.conclude import conclude
from flows.draft import draft
from flows.prepare import prepare
from flows.publish import publish
from flows.wiring import Installation
from schemas.documents import Document
from schemas.evidence import AgreementId
from schemas.loader import load_document
from schemas.people import Office
from tests.completed import completed
from tests.installation import MANAGER, Clock, RememberingOffice, opened, people, sign

OTHER_MANAGER = "other.manager@example.org"
OFFICES = ("first.reviewer@example.org", "second.reviewer@example.org", "third.reviewer@example.org")
ANSWERS: dict[str, dict[str, object]] = {"termination": {"deliveries[0].received": "2022-06-24"}}
"""What the rules of a type ask of the values that its example leaves open."""


@dataclass
class Archive:
    """One installation in which examples are led to the archive, those first that others pin.

    What ends an agreement ends one of its own, so that the others stay in force whichever comes first.
    """

    house: Installation
    known: dict[Path, AgreementId] = field(default_factory=dict)

    def archived(self, example: Path) -> AgreementId:
        if example not in self.known:
            self.known[example] = self._led(load_document(example))
        return self.known[example]

    def _led(self, document: Document, *, by: str = MANAGER) -> AgreementId:
        answers = dict(ANSWERS.get(document.document_type, {}))
        for path, pin in document.pins:
            if (pinned := named(pin.title)) is not None:
                if document.document_type == "termination":
                    agreement = self._led(load_document(pinned), by=OTHER_MANAGER)
                else:
                    agreement = self.archived(pinned)
                answers |= {f"{path}.agreement": agreement, f"{path}.sha256": self.receipt(agreement)}
        house, requested = self.house, commands.request(self.house, completed(document, answers), by=by)
        agreement = AgreementId(requested.state.agreement)
        draft(house, agreement, 1)
        for office, reviewer in zip(requested.state.offices, OFFICES, strict=False):
            commands.approve(house, agreement, draft=1, by=reviewer, office=office)
        prepare(house, agreement, 1)
        for signed, signatory in enumerate(document.signatories):
            collect(house, agreement, signed)
            sign(house, agreement, signatory.email)
        collect(house, agreement, len(document.signatories))
        conclude(house, agreement, len(document.signatories))
        publish(house, agreement, len(document.signatories))
        return agreement

    def receipt(self, agreement: AgreementId) -> str:
        receipt = self.house.ledger.state(agreement).receipt
        assert receipt is not None
        return receipt.sha256


@contextmanager
def archive_of_examples(home: Path, office: RememberingOffice) -> Iterator[Archive]:
    """Yield an empty archive with its people; it is yesterday there."""
    with opened(home, office, Clock(datetime.now(UTC) - timedelta(days=1))) as house:
        people(house)
        commands.add_person(house, OTHER_MANAGER, name="Other manager", roles=("manager",))
        for address in OFFICES:
            commands.add_person(house, address, name="Reviewer", roles=("reviewer",), offices=tuple(Office))
        yield Archive(house)


def named(title: str) -> Path | None:
    """The example that bears this title."""
    return _examples_by_title().get(title.casefold())


@cache
def _examples_by_title() -> dict[str, Path]:
    return {str(load_document(path).title).casefold(): path for path in reversed(example_files())}


def example_of(document_type: str) -> Path:
    line = f"\ntype: {document_type}\n"
    return next(path for path in example_files() if line in f"\n{path.read_text('utf-8')}")
