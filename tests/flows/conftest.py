"""Installations for the tests of what flows do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from flows.wiring import Installation
from schemas.documents import Document
from schemas.evidence import AgreementId
from schemas.loader import load_document
from schemas.signing_round import Signing
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


@pytest.fixture(scope="session")
def parallel_snapshots(
    warm_office: RememberingOffice, example: Document, tmp_path_factory: pytest.TempPathFactory
) -> Snapshots:
    """The same agreement with both signatories in one round, and a last day to sign ten days after it was requested."""
    snapshots = Snapshots(tmp_path_factory.mktemp("parallel"), warm_office)
    sign_by = (snapshots.begin + timedelta(days=10)).date()
    snapshots.document = example.model_copy(update={"signing": Signing(order="parallel", sign_by=sign_by)})
    return snapshots


@pytest.fixture
def parallel(parallel_snapshots: Snapshots, tmp_path: Path) -> Iterator[Callable[[str], Installation]]:
    """Opens a copy of an installation whose agreement is signed in one round: ``parallel("signing")``."""
    with ExitStack() as stack:

        def open_at(point: str, name: str = "home") -> Installation:
            return stack.enter_context(parallel_snapshots.at(point, tmp_path / name))

        yield open_at
