"""Refusals as a signatory without an account reads them: without commands that they cannot type."""

from __future__ import annotations

import copy
import re

from schemas.errors import ConvenioError, Fault, InputError

COMMAND = re.compile(r"\bconvenio [a-z]")


def for_people(error: ConvenioError) -> ConvenioError:
    """Return a refusal without advice to type commands: the page itself says what can be done."""
    if error.remedy is None or not COMMAND.search(error.remedy):
        return error
    told = copy.copy(error)
    told.remedy = None
    return told


def missing(field: str, words: str) -> InputError:
    """Return the refusal of a form in which one field is empty; ``words`` ask for it."""
    return InputError("something is missing", [Fault(field, words)])
