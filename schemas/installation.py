"""What the ledger says of the installation as a whole, beside its agreements: a stream of its own."""

from __future__ import annotations

from schemas import events as ev
from schemas.errors import NotAuthorised, RefusedTransition
from schemas.evidence import AgreementId
from schemas.lifecycle import transition
from schemas.people import Role
from schemas.state import AgreementState

INSTALLATION = AgreementId("INSTALLATION")
"""What stands in place of an agreement's id; no agreement can be numbered like this."""

_ACTS_OF: dict[str, Role | None] = {
    "inventory taken": None,
    "fixity checked": None,
    "person erased": Role.ADMINISTRATOR,
    "restore drilled": None,
    "roles given": Role.ADMINISTRATOR,
    "account changed": Role.ADMINISTRATOR,
    "template adopted": Role.ADMINISTRATOR,
    "template retired": Role.ADMINISTRATOR,
    "policies changed": None,
    "webhook changed": Role.ADMINISTRATOR,
    "backed up": None,
}


def check_next(counter: int, entry: ev.Entry) -> None:
    """Refuse an entry that is not the one after ``counter`` (-1 before the first), or by whom it may not be.

    Raises :class:`RefusedTransition` and :class:`NotAuthorised`.
    """
    kind = entry.event.type
    if entry.agreement != INSTALLATION or kind not in _ACTS_OF:
        raise RefusedTransition("no entry about the installation", where=entry.agreement, got=kind)
    if entry.counter != counter + 1:
        raise RefusedTransition(
            "the entries about the installation are counted without gaps",
            where=INSTALLATION,
            got=entry.counter,
            expected=counter + 1,
        )
    role = _ACTS_OF[kind]
    if entry.actor.role is not role or (role is None) != (entry.actor.person is None):
        raise NotAuthorised(
            f"{kind} is an act of {role or 'the system'}",
            where=INSTALLATION,
            got=entry.actor.role or "the system",
            expected=role or "the system",
        )


class Replay:
    """Takes the entries of a whole ledger one after the other and refuses the first that could not have happened."""

    def __init__(self) -> None:
        self.states: dict[str, AgreementState] = {}
        self._counter = -1

    def take(self, entry: ev.Entry) -> AgreementState | None:
        """Return where its agreement stands after ``entry``, ``None`` for one about the installation.

        Raises what :func:`schemas.lifecycle.transition` and :func:`check_next` raise.
        """
        if entry.agreement == INSTALLATION:
            check_next(self._counter, entry)
            self._counter = entry.counter
            return None
        state = self.states[entry.agreement] = transition(self.states.get(entry.agreement), entry)
        return state
