"""What holds for every test."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests.ceph import CephNode
    from tests.every_type import Archive
    from tests.installation import RememberingOffice, Snapshots

if settings.get_current_profile_name() == "default":
    # Time is the business of --timeout: a busy machine is no fault of the code. CI has hypothesis' own profile.
    settings.register_profile("busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("busy machine")


@pytest.fixture(autouse=True)
def _logging_again() -> Iterator[None]:
    """The command line turns logging off for its process, which is also that of the tests after it."""
    yield
    logging.disable(logging.NOTSET)


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


@pytest.fixture(scope="session")
def archive_of_every_type(
    warm_office: RememberingOffice, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Archive]:
    """Examples of every type, led to the archive when first asked for; its tests share one xdist group."""
    from tests.every_type import archive_of_examples

    with archive_of_examples(tmp_path_factory.mktemp("every") / "home", warm_office) as archive:
        yield archive


@pytest.fixture(scope="session")
def moto_endpoint() -> Iterator[str]:
    """An S3 in this process; it enforces little."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def ceph_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CephNode]:
    """A real S3 with Object Lock; its tests stand in the xdist group ``ceph``, so that one node serves all."""
    from tests import ceph

    missing = ceph.missing_programs()
    if missing:
        pytest.skip(f"no {', '.join(missing)}; as root: apt-get install --no-install-recommends {ceph.PACKAGES}")
    node = ceph.CephNode(tmp_path_factory.mktemp("ceph"))
    try:
        node.start()
        yield node
    finally:
        node.stop()


@pytest.fixture(scope="session")
def ceph_endpoint(ceph_node: CephNode) -> str:
    """Where that node answers."""
    return ceph_node.endpoint


@pytest.fixture
def bucket_name() -> str:
    """A name no other bucket has: a store is shared by all tests of a run."""
    return f"convenio-{uuid.uuid4().hex[:12]}"
