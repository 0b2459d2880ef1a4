from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from schemas.people import Person, Role, commit

SALT, OTHER = "00" * 32, "01" + "00" * 31


def person(**changes: object) -> Person:
    return Person.model_validate(
        {"email": "jana@example.org", "name": "Jana", "roles": [Role.MANAGER], "salt": SALT} | changes
    )


def test_a_commitment_is_the_hash_of_salt_and_canonical_json() -> None:
    expected = hashlib.sha256(bytes(32) + b'{"email":"jana@example.org","name":"Jana"}').hexdigest()
    assert person().commitment == expected


@pytest.mark.parametrize("change", [{"email": "jan@example.org"}, {"name": "Jan"}, {"salt": OTHER}])
def test_a_commitment_binds_address_name_and_salt(change) -> None:
    assert person(**change).commitment != person().commitment


def test_roles_may_change_without_breaking_the_commitment() -> None:
    assert person(roles=[Role.AUDITOR]).commitment == person().commitment


def test_without_the_salt_a_right_guess_cannot_be_told_from_a_wrong_one() -> None:
    known = {"email": "jana@example.org", "name": "Jana"}
    assert person(salt=OTHER).commitment not in {commit(known, SALT), hashlib.sha256(b"jana@example.org").hexdigest()}


@given(st.dictionaries(st.text(), st.text()), st.binary(min_size=32, max_size=32))
def test_a_commitment_does_not_depend_on_the_order_of_fields(content, salt) -> None:
    backwards = dict(reversed(content.items()))
    assert commit(content, salt.hex()) == commit(backwards, salt.hex())


@given(st.text(), st.text())
def test_different_content_has_different_commitments(one, other) -> None:
    assert (commit(one, SALT) == commit(other, SALT)) is (one == other)


@pytest.mark.parametrize("salt", ["", "00" * 31, "0G" * 32, "AA" * 32])
def test_a_salt_is_32_bytes_in_lower_case_hex(salt) -> None:
    with pytest.raises(ValidationError, match="salt"):
        person(salt=salt)


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValidationError, match="phone"):
        person(phone="1")
