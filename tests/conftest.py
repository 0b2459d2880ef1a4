"""What holds for every test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests.installation import RememberingOffice, Snapshots

if settings.get_current_profile_name() == "default":
    # Time is the business of --timeout: a busy machine is no fault of the code. CI has hypothesis' own profile.
    settings.register_profile("busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("busy machine")


@pytest.fixture(scope="session")
def warm_office() -> Iterator[RememberingOffice]:
    """One LibreOffice for all tests of installations."""
    from templates.convert import OfficePool
    from tests.installation import RememberingOffice

    with OfficePool(size=1, deadline_seconds=90) as pool:
        yield RememberingOffice(pool)


@pytest.fixture(scope="session")
def snapshots(warm_office: RememberingOffice, tmp_path_factory: pytest.TempPathFactory) -> Snapshots:
    """An agreement at every point of its way, to be copied."""
    from tests.installation import Snapshots

    return Snapshots(tmp_path_factory.mktemp("way"), warm_office)
