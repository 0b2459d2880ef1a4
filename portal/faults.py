"""The faults of a form as its page shows them: each beside its field."""

from __future__ import annotations

from schemas.errors import ConvenioError, InputError


def by_field(error: ConvenioError | None) -> dict[str, str]:
    """Return what is wrong with each field, by its name; nothing for a refusal that is not about fields."""
    if not isinstance(error, InputError):
        return {}
    said = {fault.path: fault.message[:1].upper() + fault.message[1:] for fault in error.faults}
    return {
        fault.path: f"{said[fault.path]}; expected: {fault.expected}" if fault.expected else said[fault.path]
        for fault in error.faults
    }
