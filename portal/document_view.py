"""What stands above every tab of a document: title, state, and the acts this person may do now."""

from __future__ import annotations

from dataclasses import dataclass

from flows.catalogue import awaits
from flows.due import due_stage
from flows.queries import trouble
from flows.review import returned_with
from portal.reading import signatories_of
from portal.visit import READERS, Visit
from portal.waiting import words_for
from schemas.evidence import AgreementId, digest_of
from schemas.people import Office, Role
from schemas.state import AgreementState, Stage

TABS = ("pages", "changes", "data", "signatures", "timeline", "evidence")
"""The tabs by the end of their address; pages are the document's own address."""

FOR_WHO_SIGNS = ("pages", "signatures")
"""The tabs of those who only sign: remarks, drafts and data are between those who work on them."""

BEFORE_THE_END = (
    Stage.REQUESTED,
    Stage.IN_REVIEW,
    Stage.RETURNED,
    Stage.APPROVED,
    Stage.SIGNING,
    Stage.SIGNED,
)
"""Stages in which a manager still changes or withdraws a document."""


@dataclass(frozen=True)
class Action:
    """One act: the verb on its link, where that leads, and whether it is what the document waits for."""

    label: str
    path: str
    main: bool = False
    danger: bool = False


def above(visit: Visit, state: AgreementState, tab: str) -> dict[str, object]:
    """Return what the pages of a document show above their tab."""
    return {
        "state": state,
        "tab": tab,
        "tabs": _tabs(visit, state),
        "actions": actions(visit, state),
        **standing(visit, state),
    }


def standing(visit: Visit, state: AgreementState) -> dict[str, object]:
    """Return what changes while one looks: the state line, what a machine is at, what keeps it from that."""
    row = visit.house.register.show(state.agreement)
    stuck = visit.may(*READERS) and state.stage not in {Stage.ENDED, Stage.DISPOSED}
    trouble_now = trouble(visit.house, row.id) if stuck else None
    return {
        "row": row,
        "waits": words_for(visit, row, signatories_of(visit, state) if state.stage is Stage.SIGNING else None),
        "returned_with": returned_with(visit.house, state) if visit.may(*READERS) else None,
        "under_way": under_way(visit, state),
        "trouble": trouble_now,
        "live_key": digest_of(f"{row.counter} {row.stage} {trouble_now}".encode())[:16],
    }


def under_way(visit: Visit, state: AgreementState) -> str | None:
    """Return what a machine has to do next, in words; ``None`` where people are awaited or all is done."""
    due, say = due_stage(state), visit.language.say
    if due is None:
        return None
    words = {
        "draft": say("Convenio makes draft %(number)s: this takes a few seconds.", number=state.draft),
        "prepare": say("Convenio makes the PDF to be signed."),
        "collect": say("Convenio asks whoever is next to sign."),
        "conclude": say("Convenio seals the signed document and checks it."),
        "publish": say("Convenio puts the document into the archive."),
    }
    return words[due.stage]


def actions(visit: Visit, state: AgreementState) -> tuple[Action, ...]:
    """Return what this visitor may do to the document now, what it waits for first."""
    found = [*_as_signatory(visit, state), *_as_reviewer(visit, state)]
    if visit.may(Role.MANAGER):
        found += _as_manager(visit, state)
    if visit.may(Role.AUDITOR) and state.receipt is not None:
        found.append(Action(visit.language.say("Download the dossier"), _path(state, "dossier")))
    return tuple(found)


def _as_signatory(visit: Visit, state: AgreementState) -> list[Action]:
    mine = awaits(visit.house, state, visit.who)
    return [Action(visit.language.say("Sign"), "/to-sign", main=True)] if mine else []


def _as_reviewer(visit: Visit, state: AgreementState) -> list[Action]:
    if state.stage is Stage.SIGNING and visit.may(Role.REVIEWER) and Office.LEGAL in visit.who.offices:
        look = visit.language.say("Look at the delegation")
        open_ones = [one.signatory for one in state.delegations if not one.confirmed]
        return [Action(look, f"/delegations/{state.agreement}/{one}", main=True) for one in open_ones]
    offices = set(visit.who.offices) & set(state.missing_offices)
    if state.stage is not Stage.IN_REVIEW or not visit.may(Role.REVIEWER) or not offices:
        return []
    if visit.who.commitment in state.authors:
        return []
    label = visit.language.say("Review draft %(number)s", number=state.draft)
    return [Action(label, f"/review/{state.agreement}", main=True)]


def _as_manager(visit: Visit, state: AgreementState) -> list[Action]:
    say, found = visit.language.say, []
    if state.open_facts and state.stage in {Stage.IN_REVIEW, Stage.RETURNED}:
        label = say("Confirm open facts (%(number)s)", number=len(state.open_facts))
        found.append(Action(label, _path(state, "facts"), main=True))
    if state.stage in BEFORE_THE_END:
        label = say("Change the data, and void the signatures") if state.signatures else say("Change the data")
        found.append(Action(label, _path(state, "amend"), main=state.stage is Stage.RETURNED))
    if state.stage in {Stage.IN_REVIEW, Stage.SIGNING}:
        found.append(Action(say("Remind"), _path(state, "remind")))
    if state.stage is Stage.SIGNING and state.sign_by is not None:
        found.append(Action(say("Give more time to sign"), _path(state, "extend")))
    if state.stage in BEFORE_THE_END:
        found.append(Action(say("Withdraw"), _path(state, "withdraw"), danger=True))
    if state.stage is Stage.ARCHIVED:
        found.append(Action(say("Amend, renew or end it"), _path(state, "amend")))
    return found


def _tabs(visit: Visit, state: AgreementState) -> tuple[tuple[str, str, str], ...]:
    """Return name, address and label of each tab."""
    say = visit.language.say
    labels = (say("Pages"), say("Changes"), say("Data"), say("Signatures"), say("Timeline"), say("Evidence"))
    return tuple(
        (tab, _path(state, "" if tab == "pages" else tab), label)
        for tab, label in zip(TABS, labels, strict=True)
        if tab in FOR_WHO_SIGNS or visit.may(*READERS)
    )


def _path(state: AgreementState, rest: str) -> str:
    return f"/documents/{state.agreement}" + (f"/{rest}" if rest else "")


def id_of(state: AgreementState) -> AgreementId:
    """Return the id of an agreement."""
    return AgreementId(state.agreement)
