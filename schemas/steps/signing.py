"""From the approved draft to the concluded file: rounds of signatures, delegation, the last day to sign."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from schemas import events as ev
from schemas.errors import FourEyes, NotAuthorised, RefusedTransition, StaleBase
from schemas.evidence import SignatoryId
from schemas.people import Role
from schemas.signature import SigningWay
from schemas.state import AgreementState, Delegation, Stage
from schemas.steps.step import Changes, Step, same_base, same_draft

RECORDED_WAYS = frozenset({SigningWay.CLICK, SigningWay.PAPER})
"""Ways to sign of which the file holds the organisation's seal only, and a record of its own the evidence."""

LATEST_ZONE, EARLIEST_ZONE = timedelta(hours=-12), timedelta(hours=14)
"""Between these the local times of the world lie: what a day is, the fold cannot know more exactly."""


def _prepared(state: AgreementState, _entry: ev.Entry, event: ev.Prepared) -> Changes:
    same_draft(state, event.draft, state.draft)
    same_base(state, event.base)
    stage = Stage.SIGNING if state.signatories else Stage.SIGNED
    return {"stage": stage, "pdf": event.pdf, "policy": event.policy}


def _invited(state: AgreementState, _entry: ev.Entry, event: ev.Invited) -> Changes:
    _same_turn(state, event.signatory)
    same_base(state, event.pdf)
    if event.signatory in state.invited:
        raise RefusedTransition("this signatory was invited already", where=state.agreement, got=event.signatory)
    return {"invited": (*state.invited, event.signatory)}


def _signed(state: AgreementState, entry: ev.Entry, event: ev.Signed) -> Changes:
    _same_turn(state, event.signatory)
    same_base(state, event.base)
    _require_way(state, event)
    _require_signer(state, entry, event)
    if event.signatory not in state.invited:
        raise RefusedTransition(
            f"{event.signatory} is not invited yet",
            where=state.agreement,
            remedy="wait for the invitation: the revision before is being checked",
        )
    if state.sign_by is not None and _over_everywhere(state.sign_by, entry.occurred_at):
        raise RefusedTransition(
            "the last day to sign is over", where=state.agreement, got=entry.occurred_at.date(), expected=state.sign_by
        )
    signatures = (*state.signatures, event)
    done = len(signatures) == len(state.signatories)
    return {"signatures": signatures, "pdf": event.pdf, **({"stage": Stage.SIGNED} if done else {})}


def _require_way(state: AgreementState, event: ev.Signed) -> None:
    if event.way not in state.policy.ways:
        raise RefusedTransition(
            "the policy does not accept this way to sign",
            where=state.agreement,
            got=event.way,
            expected=" or ".join(state.policy.ways),
        )
    if (event.evidence is not None) is not (event.way in RECORDED_WAYS):
        raise RefusedTransition(
            "a click and a paper original have a record as evidence, and nothing else has",
            where=state.agreement,
            got=f"{event.way}, {'with' if event.evidence else 'without'} a record",
        )


def _require_signer(state: AgreementState, entry: ev.Entry, event: ev.Signed) -> None:
    if event.way is SigningWay.PAPER:
        if entry.actor.person in state.authors:
            raise FourEyes(
                "an author of the draft does not record the paper original",
                where=state.agreement,
                remedy="ask another reviewer",
            )
        delegation = state.delegation_of(event.signatory)
        if delegation is not None and entry.actor.person in {delegation.given_by, delegation.delegate}:
            raise FourEyes(
                "neither the signatory nor their delegate records the paper original",
                where=state.agreement,
                remedy="ask another reviewer",
            )
        return
    _require_place(state, entry, event.signatory)


def _require_place(state: AgreementState, entry: ev.Entry, signatory: SignatoryId) -> None:
    """Raise :class:`NotAuthorised` unless the actor may act in this place; a confirmed delegate alone may."""
    delegation = state.delegation_of(signatory)
    if delegation is None or delegation.confirmed == (entry.actor.person == delegation.delegate):
        return
    if delegation.confirmed:
        raise NotAuthorised(
            f"a delegate signs for {signatory}", where=state.agreement, expected="the confirmed delegate"
        )
    raise NotAuthorised(
        f"nobody has confirmed the delegation of {signatory} yet",
        where=state.agreement,
        expected="the signatory, or a confirmed delegate",
        remedy="a reviewer of the legal office confirms it (convenio delegation confirm)",
    )


def _delegated(state: AgreementState, entry: ev.Entry, event: ev.Delegated) -> Changes:
    _may_delegate(state, event.signatory)
    person = entry.actor.person
    if person is None or event.delegate == person:
        raise RefusedTransition("nobody delegates to themselves", where=state.agreement, got=event.signatory)
    others = tuple(one for one in state.delegations if one.signatory != event.signatory)
    if any(person == one.delegate for one in others):
        raise RefusedTransition("a delegate does not delegate further", where=state.agreement, got=event.signatory)
    if any(event.delegate in {one.delegate, one.given_by} for one in others):
        raise RefusedTransition(
            "one person signs once",
            where=state.agreement,
            got=f"a delegate of {event.signatory} who signs or delegates here already",
            expected="a delegate of their own",
        )
    named = Delegation(signatory=event.signatory, given_by=person, delegate=event.delegate, authority=event.authority)
    return {"delegations": (*others, named)}


def _delegation_confirmed(state: AgreementState, entry: ev.Entry, event: ev.DelegationConfirmed) -> Changes:
    _may_delegate(state, event.signatory)
    named = state.delegation_of(event.signatory)
    if named is None or (named.delegate, named.authority) != (event.delegate, event.authority):
        raise StaleBase("another delegation than the one that was named", where=state.agreement, got=event.signatory)
    if entry.actor.person in {named.delegate, named.given_by, *state.authors}:
        raise FourEyes(
            "neither who delegates, nor the delegate, nor an author of the draft confirms a delegation",
            where=state.agreement,
            remedy="ask another reviewer",
        )
    confirmed = named.model_copy(update={"confirmed": True})
    return {
        "delegations": tuple(confirmed if one == named else one for one in state.delegations),
        # the invitation was the signatory's own; the delegate gets one of theirs
        "invited": tuple(one for one in state.invited if one != event.signatory),
    }


def _delegation_revoked(state: AgreementState, entry: ev.Entry, event: ev.DelegationRevoked) -> Changes:
    _require_signatory(state, event.signatory)
    given = state.delegation_of(event.signatory)
    if given is None:
        raise RefusedTransition("there is no delegation to revoke", where=state.agreement, got=event.signatory)
    if entry.actor.person != given.given_by:
        raise NotAuthorised("only who gave a delegation revokes it", where=state.agreement, got=event.signatory)
    if event.signatory in state.signed:
        raise RefusedTransition(
            "it is too late to revoke the delegation",
            where=state.agreement,
            got=f"somebody has signed for {event.signatory}",
            expected="a delegate who has not signed",
        )
    changes: Changes = {"delegations": tuple(one for one in state.delegations if one != given)}
    if given.confirmed:
        # the invitation was the delegate's
        changes["invited"] = tuple(one for one in state.invited if one != event.signatory)
    return changes


def _may_delegate(state: AgreementState, signatory: SignatoryId) -> None:
    _require_signatory(state, signatory)
    delegation = state.delegation_of(signatory)
    if signatory in state.signed or (delegation is not None and delegation.confirmed):
        raise RefusedTransition(
            "it is too late to delegate",
            where=state.agreement,
            got=f"{signatory} has signed" if signatory in state.signed else "a confirmed delegation",
            expected="a signatory who has neither signed nor delegated",
            remedy=None if signatory in state.signed else "the signatory revokes it (convenio delegation revoke)",
        )


def _lapsed(state: AgreementState, entry: ev.Entry, event: ev.Lapsed) -> Changes:
    if event.sign_by != state.sign_by:
        raise StaleBase("another last day to sign", where=state.agreement, got=event.sign_by, expected=state.sign_by)
    if not _over_somewhere(event.sign_by, entry.occurred_at):
        raise RefusedTransition(
            "the last day to sign is not over",
            where=state.agreement,
            got=entry.occurred_at.date(),
            expected=f"a day after {event.sign_by}",
        )
    return {"stage": Stage.ENDED}


def _extended(state: AgreementState, entry: ev.Entry, event: ev.Extended) -> Changes:
    if state.sign_by is None or event.sign_by <= state.sign_by:
        raise RefusedTransition(
            "only a later last day to sign extends it",
            where=state.agreement,
            got=event.sign_by,
            expected=f"a day after {state.sign_by}" if state.sign_by else "an agreement with a last day to sign",
        )
    if _over_everywhere(state.sign_by, entry.occurred_at):
        raise RefusedTransition(
            "what is over is not extended", where=state.agreement, got=entry.occurred_at.date(), expected=state.sign_by
        )
    return {"sign_by": event.sign_by}


def _declined(state: AgreementState, entry: ev.Entry, event: ev.Declined) -> Changes:
    _require_signatory(state, event.signatory)
    _require_place(state, entry, event.signatory)
    if event.signatory in state.signed:
        raise RefusedTransition("who has signed cannot decline any more", where=state.agreement, got=event.signatory)
    return {"stage": Stage.ENDED}


def _concluded(state: AgreementState, _entry: ev.Entry, event: ev.Concluded) -> Changes:
    same_base(state, event.base)
    return {"stage": Stage.CONCLUDED, "pdf": event.pdf, "report": event.report, "level": event.level}


def _require_signatory(state: AgreementState, signatory: SignatoryId) -> None:
    if signatory not in state.signatories:
        raise NotAuthorised("not a signatory of this agreement", where=state.agreement, got=signatory)


def _same_turn(state: AgreementState, signatory: SignatoryId) -> None:
    if signatory not in state.awaited:
        raise RefusedTransition(
            f"it is not {signatory}'s turn to sign",
            where=state.agreement,
            got=signatory,
            expected=" or ".join(state.awaited),
            remedy="wait until the signatories before have signed",
        )


def _over_everywhere(day: date, instant: datetime) -> bool:
    return (instant + LATEST_ZONE).date() > day


def _over_somewhere(day: date, instant: datetime) -> bool:
    return (instant + EARLIEST_ZONE).date() > day


STEPS = {
    "prepared": Step(None, (Stage.APPROVED,), _prepared),
    "invited": Step(None, (Stage.SIGNING,), _invited),
    "signed": Step(Role.SIGNATORY, (Stage.SIGNING,), _signed),
    "delegated": Step(Role.SIGNATORY, (Stage.SIGNING,), _delegated),
    "delegation confirmed": Step(Role.REVIEWER, (Stage.SIGNING,), _delegation_confirmed),
    "delegation revoked": Step(Role.SIGNATORY, (Stage.SIGNING,), _delegation_revoked),
    "declined": Step(Role.SIGNATORY, (Stage.SIGNING,), _declined),
    "lapsed": Step(None, (Stage.SIGNING,), _lapsed),
    "extended": Step(Role.MANAGER, (Stage.SIGNING,), _extended),
    "concluded": Step(None, (Stage.SIGNED,), _concluded),
}
"""The steps of the round of signatures."""
