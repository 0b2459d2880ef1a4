from __future__ import annotations

import shutil

import pytest

from flows.commands import add_person
from flows.inbox import read_inbox, the_manager
from schemas.errors import InputError, NotAuthorised
from tests.installation import EXAMPLE, MANAGER, REVIEWER


@pytest.fixture
def inbox(house):
    folder = house.home / "inbox"
    folder.mkdir()
    shutil.copy(EXAMPLE, folder / "mou.yaml")
    shutil.copy(EXAMPLE, house.home / "outside.yaml")
    (folder / "below").mkdir()
    shutil.copy(EXAMPLE, folder / "below" / "mou.yaml")
    (folder / "link.yaml").symlink_to(house.home / "outside.yaml")
    return folder


def test_a_file_of_the_inbox_is_read(house, inbox, example):
    assert read_inbox(house, "mou.yaml") == example


@pytest.mark.parametrize(
    "name",
    [
        "../outside.yaml",
        "link.yaml",
        "below/mou.yaml",
        "below/../mou.yaml",
        "..",
        ".",
        "",
        "mou.yaml\0.txt",
        str(EXAMPLE),
    ],
)
def test_nothing_outside_the_inbox_is_read(house, inbox, name):
    with pytest.raises(InputError, match="only files of the inbox"):
        read_inbox(house, name)


def test_a_missing_file_is_named(house, inbox):
    with pytest.raises(InputError, match=r"missing\.yaml cannot be read"):
        read_inbox(house, "missing.yaml")


def test_the_only_manager_needs_no_handle(house):
    assert the_manager(house, "").email == MANAGER


def test_of_two_managers_one_has_to_be_named(house):
    second = add_person(house, "second@example.org", name="Second", roles=("manager",))
    with pytest.raises(NotAuthorised, match="2 managers"):
        the_manager(house, "")
    assert the_manager(house, second.handle) == second


def test_a_reviewer_is_no_manager(house):
    reviewer = house.people.get(REVIEWER)
    with pytest.raises(NotAuthorised):
        the_manager(house, reviewer.handle)
