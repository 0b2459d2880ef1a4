from __future__ import annotations

import pytest

from tests.attacks.forging import HIDDEN
from tests.attacks.scene import Scene, agreement_pdf


@pytest.fixture(scope="session")
def scene(tmp_path_factory) -> Scene:
    return Scene.set(tmp_path_factory.mktemp("attacks"), agreement_pdf(hidden=HIDDEN))
