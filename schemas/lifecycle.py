"""From draft to archive as a pure fold: ``transition(state, entry)`` gives the next state or refuses.

::

    requested ──drafted──> in review ──approved (all offices)──> approved ──prepared──> signing
        ^                     │  │                                  │  │                   │ all signed
        │                returned│rejected            nobody has to sign└────────────────┐ v
      revised, edited <───────┘  └──> ended <──── withdrawn ────────┴──── declined      signed
                                                                                           │ concluded
                                                       archived <──deposited── concluded <─┘
"""

from __future__ import annotations

from collections.abc import Iterable

from schemas import events as ev
from schemas.errors import FourEyes, NotAuthorised, RefusedTransition, StaleBase
from schemas.evidence import Digest, SignatoryId
from schemas.people import Role
from schemas.state import AgreementState, Approval, Stage


def fold(entries: Iterable[ev.Entry]) -> AgreementState:
    """Return the state that ``entries`` (of one agreement, in order, at least one) amount to."""
    state: AgreementState | None = None
    for entry in entries:
        state = transition(state, entry)
    if state is None:
        raise RefusedTransition("an agreement without entries has no state")
    return state


def transition(state: AgreementState | None, entry: ev.Entry) -> AgreementState:
    """Return the state after ``entry``.

    Raises :class:`RefusedTransition` where the stage does not allow the event, :class:`NotAuthorised` and
    :class:`FourEyes` where the actor may not do it, :class:`StaleBase` where it is about other bytes than the
    newest.
    """
    _check_actor(entry)
    event = entry.event
    if state is None:
        if not isinstance(event, ev.Requested):
            raise RefusedTransition(
                "the first entry of an agreement is its request",
                where=entry.agreement,
                got=event.type,
                expected="requested",
            )
        _check_counter(entry, 0)
        return AgreementState(
            agreement=entry.agreement,
            document_type=event.document_type,
            template_version=event.template_version,
            template=event.template,
            title=event.title,
            stage=Stage.REQUESTED,
            counter=0,
            since=entry.occurred_at,
            draft=1,
            data=event.data,
            signatories=event.signatories,
            offices=event.offices,
            open_facts=event.open_facts,
            changes=event.changes,
            authors=_with_author(frozenset(), entry),
        )
    if entry.agreement != state.agreement:
        raise RefusedTransition("an entry of another agreement", where=state.agreement, got=entry.agreement)
    _check_counter(entry, state.counter + 1)
    if state.stage not in _ALLOWED[event.type]:
        raise RefusedTransition(
            f"{state.agreement} is {state.stage}: it cannot be {event.type} now",
            where=f"{state.agreement}, draft {state.draft}",
            got=state.stage,
            expected=" or ".join(_ALLOWED[event.type]) or "no agreement yet",
        )
    changes = _CHANGES[event.type](state, entry, event)
    moved = changes.get("stage", state.stage) != state.stage
    return state.model_copy(
        update={"counter": entry.counter, "since": entry.occurred_at if moved else state.since, **changes}
    )


_REVIEWABLE = (Stage.REQUESTED, Stage.IN_REVIEW, Stage.RETURNED, Stage.APPROVED)

_ALLOWED: dict[str, tuple[Stage, ...]] = {
    "requested": (),
    "revised": _REVIEWABLE,
    "edited": (Stage.IN_REVIEW, Stage.RETURNED),
    "drafted": (Stage.REQUESTED,),
    "approved": (Stage.IN_REVIEW,),
    "returned": (Stage.IN_REVIEW,),
    "rejected": (Stage.IN_REVIEW,),
    "prepared": (Stage.APPROVED,),
    "invited": (Stage.SIGNING,),
    "signed": (Stage.SIGNING,),
    "concluded": (Stage.SIGNED,),
    "deposited": (Stage.CONCLUDED,),
    "withdrawn": (*_REVIEWABLE, Stage.SIGNING, Stage.SIGNED),
    "declined": (Stage.SIGNING,),
}

_ACTS_OF: dict[str, Role | None] = {
    "requested": Role.MANAGER,
    "revised": Role.MANAGER,
    "edited": Role.REVIEWER,
    "drafted": None,
    "approved": Role.REVIEWER,
    "returned": Role.REVIEWER,
    "rejected": Role.REVIEWER,
    "prepared": None,
    "invited": None,
    "signed": Role.SIGNATORY,
    "concluded": None,
    "deposited": None,
    "withdrawn": Role.MANAGER,
    "declined": Role.SIGNATORY,
}


def _check_actor(entry: ev.Entry) -> None:
    expected = _ACTS_OF[entry.event.type]
    if entry.actor.role is not expected or (expected is None) != (entry.actor.person is None):
        raise NotAuthorised(
            f"{entry.event.type} is an act of {expected or 'the system'}",
            where=entry.agreement,
            got=entry.actor.role or "the system",
            expected=expected or "the system",
        )


def _check_counter(entry: ev.Entry, expected: int) -> None:
    if entry.counter != expected:
        raise RefusedTransition(
            "the entries of an agreement are counted without gaps",
            where=entry.agreement,
            got=entry.counter,
            expected=expected,
        )


def _with_author(authors: frozenset[Digest], entry: ev.Entry) -> frozenset[Digest]:
    return authors | {entry.actor.person} if entry.actor.person else authors


def _revised(state: AgreementState, entry: ev.Entry, event: ev.Revised) -> dict[str, object]:
    _same_draft(state, event.draft, state.draft + 1)
    return {
        "stage": Stage.REQUESTED,
        "draft": event.draft,
        "title": event.title,
        "data": event.data,
        "signatories": event.signatories,
        "offices": event.offices,
        "open_facts": event.open_facts,
        "template": event.template,
        "changes": event.changes,
        "authors": _with_author(state.authors, entry),
        **_UNDECIDED,
        "edited": None,
    }


_UNDECIDED: dict[str, object] = {"content": None, "approvals": (), "pdf": None}
"""What a new draft begins without."""


def _edited(state: AgreementState, entry: ev.Entry, event: ev.Edited) -> dict[str, object]:
    _same_draft(state, event.draft, state.draft + 1)
    if event.data != state.data:
        raise StaleBase(
            "an edited text keeps the data of the draft", where=entry.agreement, got=event.data, expected=state.data
        )
    if state.content is None or event.base != state.content.docx:
        raise StaleBase(
            "another text than the current draft's was edited",
            where=f"{state.agreement}, draft {state.draft}",
            got=event.base,
            expected=state.content.docx if state.content else "no draft yet",
        )
    return {
        "stage": Stage.REQUESTED,
        "draft": event.draft,
        "offices": tuple(ev.Office),
        "authors": _with_author(state.authors, entry),
        **_UNDECIDED,
        "edited": event.docx,
    }


def _drafted(state: AgreementState, entry: ev.Entry, event: ev.Drafted) -> dict[str, object]:
    _same_draft(state, event.draft, state.draft)
    if event.content.data != state.data:
        raise StaleBase(
            "the draft was rendered from other data",
            where=entry.agreement,
            got=event.content.data,
            expected=state.data,
        )
    return {"stage": Stage.IN_REVIEW, "content": event.content}


def _approved(state: AgreementState, entry: ev.Entry, event: ev.Approved) -> dict[str, object]:
    _same_content(state, event.draft, event.covers)
    person = entry.actor.person
    if person is None or person in state.authors:
        raise FourEyes(
            "whoever wrote a draft cannot approve it",
            where=f"{state.agreement}, draft {state.draft}",
            expected="a reviewer who is not among its authors",
            remedy="ask another reviewer",
        )
    if any(approval.person == person for approval in state.approvals):
        raise RefusedTransition("this reviewer has approved this draft already", where=state.agreement)
    if event.office not in state.missing_offices:
        raise RefusedTransition(
            "this office's approval is not missing",
            where=state.agreement,
            got=event.office,
            expected=" or ".join(state.missing_offices),
        )
    if state.open_facts:
        raise RefusedTransition(
            "assumed facts are open; nothing may be approved before a person confirmed or replaced them",
            where=f"{state.agreement}, draft {state.draft}",
            got=", ".join(state.open_facts),
            expected="no open fact",
            remedy="confirm them (convenio facts confirm) or replace them in a revised file (convenio revise)",
        )
    approvals = (*state.approvals, Approval(office=event.office, person=person, covers=event.covers))
    complete = {approval.office for approval in approvals} >= set(state.offices)
    return {
        "approvals": approvals,
        **({"stage": Stage.APPROVED, "pdf": event.covers.pdf} if complete else {}),
    }


def _returned(state: AgreementState, _entry: ev.Entry, event: ev.Returned) -> dict[str, object]:
    _same_content(state, event.draft, event.covers)
    return {"stage": Stage.RETURNED, "approvals": ()}


def _rejected(state: AgreementState, _entry: ev.Entry, event: ev.Rejected) -> dict[str, object]:
    _same_content(state, event.draft, event.covers)
    return {"stage": Stage.ENDED, "approvals": ()}


def _prepared(state: AgreementState, _entry: ev.Entry, event: ev.Prepared) -> dict[str, object]:
    _same_draft(state, event.draft, state.draft)
    _same_base(state, event.base)
    return {"stage": Stage.SIGNING if state.signatories else Stage.SIGNED, "pdf": event.pdf}


def _invited(state: AgreementState, _entry: ev.Entry, event: ev.Invited) -> dict[str, object]:
    _same_turn(state, event.signatory)
    _same_base(state, event.pdf)
    if event.signatory in state.invited:
        raise RefusedTransition("this signatory was invited already", where=state.agreement, got=event.signatory)
    return {"invited": (*state.invited, event.signatory)}


def _signed(state: AgreementState, _entry: ev.Entry, event: ev.Signed) -> dict[str, object]:
    _same_turn(state, event.signatory)
    _same_base(state, event.base)
    if event.signatory not in state.invited:
        raise RefusedTransition(
            f"{event.signatory} is not invited yet",
            where=state.agreement,
            remedy="wait for the invitation: the revision before is being checked",
        )
    signed = (*state.signed, event.signatory)
    done = len(signed) == len(state.signatories)
    return {"signed": signed, "pdf": event.pdf, **({"stage": Stage.SIGNED} if done else {})}


def _concluded(state: AgreementState, _entry: ev.Entry, event: ev.Concluded) -> dict[str, object]:
    _same_base(state, event.base)
    return {"stage": Stage.CONCLUDED, "pdf": event.pdf, "report": event.report, "level": event.level}


def _deposited(state: AgreementState, _entry: ev.Entry, event: ev.Deposited) -> dict[str, object]:
    _same_base(state, event.receipt.sha256)
    return {"stage": Stage.ARCHIVED, "receipt": event.receipt}


def _ended(_state: AgreementState, _entry: ev.Entry, _event: ev.Event) -> dict[str, object]:
    return {"stage": Stage.ENDED}


def _declined(state: AgreementState, _entry: ev.Entry, event: ev.Declined) -> dict[str, object]:
    if event.signatory not in state.signatories:
        raise NotAuthorised("not a signatory of this agreement", where=state.agreement, got=event.signatory)
    if event.signatory in state.signed:
        raise RefusedTransition("who has signed cannot decline any more", where=state.agreement, got=event.signatory)
    return {"stage": Stage.ENDED}


_CHANGES = {
    "revised": _revised,
    "edited": _edited,
    "drafted": _drafted,
    "approved": _approved,
    "returned": _returned,
    "rejected": _rejected,
    "prepared": _prepared,
    "invited": _invited,
    "signed": _signed,
    "concluded": _concluded,
    "deposited": _deposited,
    "withdrawn": _ended,
    "declined": _declined,
}


def _same_draft(state: AgreementState, got: int, expected: int) -> None:
    if got != expected:
        raise StaleBase(
            f"draft {expected} is the one to act on",
            where=state.agreement,
            got=f"draft {got}",
            expected=f"draft {expected}",
        )


def _same_content(state: AgreementState, draft: int, covers: ev.Covered) -> None:
    _same_draft(state, draft, state.draft)
    if covers != state.content:
        raise StaleBase(
            "the decision is about other bytes than the current draft's",
            where=f"{state.agreement}, draft {state.draft}",
            got=covers.pdf,
            expected=state.content.pdf if state.content else "no draft yet",
        )


def _same_turn(state: AgreementState, signatory: SignatoryId) -> None:
    if signatory != state.next_signatory:
        raise RefusedTransition(
            f"it is not {signatory}'s turn to sign",
            where=state.agreement,
            got=signatory,
            expected=state.next_signatory,
            remedy="wait until the signatories before have signed",
        )


def _same_base(state: AgreementState, base: Digest) -> None:
    if base != state.pdf:
        raise StaleBase(
            "somebody else acted first; these bytes are no longer the newest revision",
            where=state.agreement,
            got=base,
            expected=state.pdf,
            remedy="load the newest revision and repeat",
        )
