"""The REST interface against its own description: whatever is sent within it or beside it, nothing breaks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from portal import api
from portal.api.description import describe
from schemas.people import Role
from tests.portal.api_kit import V1, Program
from tests.portal.kit import Portal

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.office

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)

EXAMPLES = 3
"""For each operation, role and mode; other ones in each run."""

ELSEWHERE = frozenset({f"POST {V1}/webhooks/{{webhook}}/tests"})
"""Asks another machine."""

BY_ONE_ROLE = frozenset({f"POST {V1}/verifications"})
"""Starts a process for each file, whoever asks."""


@pytest.fixture(scope="module")
def portal(snapshots, tmp_path_factory) -> Iterator[Portal]:
    made = Portal(snapshots, "in review", tmp_path_factory.mktemp("schema") / "home")
    yield made
    made.close()


def test_the_description_is_public_and_of_openapi_3_1(portal):
    described = Program(portal, None).get("/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    assert described == json.loads(json.dumps(describe(api.ROUTERS)))
    assert described["components"]["securitySchemes"]["personal token"]["scheme"] == "bearer"
    for path, ways in described["paths"].items():
        for method, way in ways.items():
            assert way["description"], path
            needs_a_token = way.get("security") == [{"personal token": []}]
            assert needs_a_token is (path != f"{V1}/health"), path
            named = {one["name"] for one in way.get("parameters", ())}
            assert ("Idempotency-Key" in named) is (method == "post"), path


@pytest.mark.parametrize("role", [role.value for role in Role])
def test_nothing_that_is_sent_breaks_it_and_every_answer_is_as_described(portal, role):
    from portal.api.pace import Pace

    portal.app.state.api_pace = Pace(1_000_000)
    described = describe(api.ROUTERS)
    program, wrong = Program(portal, role), list[str]()
    operations = [found.ok() for found in schemathesis.openapi.from_dict(described).get_all_operations()]
    for operation in sorted(operations, key=lambda one: one.method == "delete"):
        if operation.label in ELSEWHERE or (operation.label in BY_ONE_ROLE and role != Role.AUDITOR):
            continue
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            wrong += _tried(program, portal, operation, mode)
    assert wrong == []
    assert portal.house.ledger.state(portal.agreement).agreement == portal.agreement


def _tried(program: Program, portal: Portal, operation: APIOperation, mode: GenerationMode) -> list[str]:
    """Return what is wrong with the answer to one generated request, within the description or beside it."""
    wrong: list[str] = []

    @given(operation.as_strategy(generation_mode=mode))
    @settings(max_examples=EXAMPLES, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    def ask(case: Case) -> None:
        if "agreement" in case.path_parameters and mode is GenerationMode.POSITIVE:
            case.path_parameters["agreement"] = portal.agreement
        response = case.call(app=portal.app, headers=program.headers)
        try:
            case.validate_response(response, checks=list(CHECKS))
        except FailureGroup as faults:
            wrong.append(f"{operation.label}: {response.status_code}: {faults.exceptions}"[:1000])

    try:
        ask()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE, operation.label
    return wrong
