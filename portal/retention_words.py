"""What the pages of retention say of their lists and acts, in the visitor's language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archive.keeping import Kept

if TYPE_CHECKING:
    from portal.language import Language
    from schemas.state import AgreementState


def filters(language: Language) -> dict[Kept, str]:
    """Return the name of each list."""
    say = language.say
    return {
        Kept.ALL: say("Archived"),
        Kept.DUE: say("Due for disposal"),
        Kept.PROPOSED: say("Disposal proposed"),
        Kept.HELD: say("Under legal hold"),
        Kept.OPEN: say("No end known"),
        Kept.ENDED: say("Ended, not archived"),
        Kept.DISPOSED: say("Disposed of"),
    }


def notice_of(language: Language, act: str, state: AgreementState) -> str:
    """Return what is true after an act."""
    say = language.say
    return {
        "paid": say("Retention has begun: the document is kept until %(day)s.", day=state.retention_until),
        "extend": say("The document is kept until %(day)s.", day=state.retention_until),
        "hold": say("The legal hold is in place: nothing of it is disposed of."),
        "release": say("The legal hold is released."),
        "propose": say("The disposal is proposed. Another administrator decides on it."),
        "dispose": say("It is disposed of. The certificate says what was destroyed."),
    }[act]
