"""New drafts after a signature: a manager says that signatures become void, and the ledger lists which."""

from __future__ import annotations

from schemas import events as ev
from schemas.errors import Refused
from schemas.state import AgreementState


def voided(state: AgreementState, *, void_signatures: bool) -> tuple[ev.VoidedSignature, ...]:
    """Return the signatures that a new draft voids; raise :class:`Refused` where the manager did not ask for that."""
    if state.signatures and not void_signatures:
        raise Refused(
            "a new draft voids signatures",
            where=f"{state.agreement}, draft {state.draft}",
            got=f"signed by {', '.join(state.signed)}",
            expected="a manager who wants that",
            remedy="repeat with --void-signatures: the new draft is reviewed and everybody is asked to sign anew",
        )
    return tuple(ev.VoidedSignature(signatory=one.signatory, pdf=one.pdf) for one in state.signatures)
