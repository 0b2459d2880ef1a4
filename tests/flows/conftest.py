"""Installations for the tests of what flows do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from flows.wiring import Installation
from schemas.documents import Document
from schemas.evidence import AgreementId
from schemas.loader import load_document
from tests import installation
from tests.installation import EXAMPLE, Clock, RememberingOffice, Snapshots


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def house(tmp_path: Path, clock: Clock, warm_office: RememberingOffice) -> Iterator[Installation]:
    """An installation with a manager who also reviews, and a reviewer."""
    with installation.opened(tmp_path / "home", warm_office, clock) as house:
        installation.people(house)
        yield house


@pytest.fixture(scope="session")
def example() -> Document:
    return load_document(EXAMPLE)


@pytest.fixture
def p12(house: Installation) -> Callable[..., bytes]:
    def issue(email: str, name: str = "Somebody") -> bytes:
        return installation.certificate(house, email, name)

    return issue


@pytest.fixture
def way(house: Installation, example: Document) -> Callable[..., AgreementId]:
    """Leads an agreement to a point of its way: ``way("in review")`` and so on; returns its id."""

    def lead(until: str, document: Document = example) -> AgreementId:
        return installation.lead(house, until, document)

    return lead


@pytest.fixture
def at(snapshots: Snapshots, tmp_path: Path) -> Iterator[Callable[[str], Installation]]:
    """Opens a copy of an installation whose only agreement is at a point of its way: ``at("signed")``."""
    with ExitStack() as stack:

        def open_at(point: str, name: str = "home") -> Installation:
            return stack.enter_context(snapshots.at(point, tmp_path / name))

        yield open_at


@pytest.fixture(scope="session")
def agreement(snapshots: Snapshots) -> AgreementId:
    """The id of the agreement in every snapshot."""
    return snapshots.agreement
