"""A Word file edited by hand, on its way into the place of a draft's text: taken in, looked at, then put there.

::

    upload_edit ──> every check of an edit, and the file waits ──> changes_of ──> accept_edit, or discard_edit

Nothing of it stands in the ledger or the store before it is accepted.
"""

from __future__ import annotations

from datetime import timedelta

from archive.uploaded_edits import UploadedEdit
from flows.act import Done, acting
from flows.editing import admitted, edit
from flows.redlines import Redline
from flows.texts import kept_text
from flows.wiring import Installation
from schemas.errors import StaleBase
from schemas.evidence import AgreementId, Digest, digest_of
from schemas.people import Role

WAITS = timedelta(days=1)
"""How long an uploaded file waits to be accepted."""


def upload_edit(house: Installation, agreement: AgreementId, docx: bytes, *, draft: int, by: str) -> Digest:
    """Check ``docx`` as :func:`flows.editing.edit` does, have it wait, and return its digest.

    It takes the place of what the person uploaded before. Raises what :func:`flows.editing.edit` raises.
    """
    reviewer = acting(house, by, Role.REVIEWER)
    admitted(house, agreement, docx, draft=draft)
    now = house.clock()
    waiting = UploadedEdit(
        agreement=agreement,
        person=reviewer.commitment,
        draft=draft,
        digest=digest_of(docx),
        content=docx,
        uploaded_at=now,
    )
    house.uploaded_edits.keep(waiting, oldest=now - WAITS)
    return waiting.digest


def changes_of(house: Installation, agreement: AgreementId, digest: Digest, *, by: str) -> tuple[UploadedEdit, Redline]:
    """Return the file that waits, and how it differs from the text it was made from.

    Raises :class:`StaleBase` where that file waits no more.
    """
    waiting = _waiting(house, agreement, digest, by=by)
    state = house.ledger.state(agreement)
    redline = Redline(
        title=f"{agreement}: {state.title}",
        before_label=f"draft {waiting.draft}",
        after_label="your file",
        before=kept_text(house, agreement, waiting.draft),
        after=waiting.content,
        changes=(),
        language="en",
    )
    return waiting, redline


def accept_edit(house: Installation, agreement: AgreementId, digest: Digest, *, by: str, comment: str) -> Done:
    """Put the file that waits in the place of the draft's text; the next draft is made of it.

    Accepting it twice is accepting it once. Raises what :func:`flows.editing.edit` raises, and :class:`StaleBase`
    where the file waits no more.
    """
    state = house.ledger.state(agreement)
    if state.edited == digest and acting(house, by, Role.REVIEWER).commitment in state.authors:
        return Done(state, changed=False)
    waiting = _waiting(house, agreement, digest, by=by)
    done = edit(house, agreement, waiting.content, draft=waiting.draft, by=by, comment=comment)
    house.uploaded_edits.remove(agreement, waiting.person)
    return done


def discard_edit(house: Installation, agreement: AgreementId, *, by: str) -> None:
    """Delete the file that waits, if one does."""
    house.uploaded_edits.remove(agreement, acting(house, by, Role.REVIEWER).commitment)


def _waiting(house: Installation, agreement: AgreementId, digest: Digest, *, by: str) -> UploadedEdit:
    waiting = house.uploaded_edits.find(agreement, acting(house, by, Role.REVIEWER).commitment)
    if waiting is None or waiting.digest != digest or house.clock() - waiting.uploaded_at > WAITS:
        raise StaleBase(
            "this file waits no more",
            where=agreement,
            got=f"the file {digest[:12]}",
            expected="the file that you uploaded last, within a day",
            remedy="upload it again",
        )
    return waiting
