"""The inbox: files a manager put into the home, to start an agreement from the Prefect UI."""

from __future__ import annotations

from flows.wiring import Installation
from schemas.documents import Document
from schemas.errors import InputError, NotAuthorised
from schemas.loader import load_document
from schemas.people import Person, Role


def read_inbox(house: Installation, name: str) -> Document:
    """Return the document in the inbox file ``name``; raise :class:`InputError` for any path outside the inbox."""
    folder = (house.home / "inbox").resolve()
    path = folder / name
    if "\0" in name or path.parent != folder or path.resolve().parent != folder:
        raise InputError(
            "only files of the inbox can be read here", got=name, expected=f"the name of a file in {folder}"
        )
    return load_document(path)


def the_manager(house: Installation, handle: str) -> Person:
    """Return the manager with this handle, or the only one where it is empty; raise :class:`NotAuthorised`."""
    managers = [person for person in house.people.everyone() if Role.MANAGER in person.roles]
    chosen = [person for person in managers if person.handle == handle] if handle else managers
    if len(chosen) != 1:
        raise NotAuthorised(
            "it is not clear which manager asks",
            got=handle or f"no handle, and {len(managers)} managers",
            expected="the handle of one manager",
            remedy="convenio people list shows handles",
        )
    return chosen[0]
