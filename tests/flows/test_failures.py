from __future__ import annotations

import pytest

from flows.due import Due
from flows.failures import headline, keep_failure, outline, standing_failures
from schemas.errors import (
    Fault,
    GateRefused,
    InputError,
    Invalid,
    NotAuthorised,
    Refused,
    StoreUnavailable,
    TimestampUnavailable,
)

PERSON = "ana.silva@example.org"

SAID = [
    (GateRefused("the gate is shut", got=PERSON, remedy=PERSON), "GateRefused: the gate is shut"),
    (Refused(f"no person is called {PERSON}"), "Refused: no person is called (a mail address)"),
    (NotAuthorised("Ana Silva is no manager"), "NotAuthorised: whoever asked may not do this"),
    (ValueError(PERSON), "unexpected fault: ValueError"),
]


@pytest.mark.parametrize(("error", "said"), SAID, ids=[type(error).__name__ for error, _ in SAID])
def test_an_outline_says_what_happened_and_nothing_of_people(error, said):
    assert headline(error) == said
    assert outline(error) == f"{said}\nthe whole diagnosis stands in logs/runner.log"


def test_an_outline_of_faults_names_places_and_not_what_stood_there():
    fault = Fault("signatories[0].email", "is no address", 7, 3, read="Ana", expected="an address", proposal="Anna")
    told = outline(InputError("mou.yaml has 1 fault", [fault]))
    assert told.splitlines()[:2] == [
        "InputError: mou.yaml has 1 fault",
        "  line 7, column 3: signatories[0].email: is no address",
    ]
    assert "Ana" not in told


@pytest.mark.office
@pytest.mark.parametrize(
    ("error", "retry"),
    [
        (StoreUnavailable("no answer"), True),
        (TimestampUnavailable("no answer"), True),
        (KeyError("stage"), True),
        (GateRefused("shut"), False),
        (Invalid("broken"), False),
        (InputError("unreadable"), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_only_what_may_pass_by_itself_is_kept_to_be_tried_again(at, agreement, error, retry):
    house = at("approved")
    keep_failure(house, Due("prepare", agreement, 2), error)
    [kept] = standing_failures(house)
    assert (kept.stage, kept.failure, kept.retry) == ("prepare", headline(error), retry)
