"""Random but possible histories of agreements, and databases to write them into."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from archive.ledger import Ledger
from archive.transaction import Appended, op_id_of
from schemas import events as ev
from schemas.evidence import AgreementId, DepositReceipt
from schemas.people import SYSTEM, Actor, Role
from schemas.state import AgreementState, Stage

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()


MANAGER = Actor(role=Role.MANAGER, person=digest("manager"))
REVIEWERS = tuple(Actor(role=Role.REVIEWER, person=digest("reviewer", n)) for n in range(4))


@dataclass(frozen=True)
class Act:
    actor: Actor
    event: ev.Event


def requested(*, seed: object = 0, open_facts: tuple[str, ...] = ()) -> Act:
    event = ev.Requested(
        data=digest("data", seed),
        signatories=("gssc", "chamber"),
        offices=(ev.Office.LEGAL, ev.Office.FINANCE),
        open_facts=open_facts,
        document_type="mou",
        template_version=1,
        template=digest("template"),
        title="Memorandum of Understanding: Nanoprogress and Câmara",
    )
    return Act(MANAGER, event)


def possible(state: AgreementState, random: Random) -> list[Act]:
    """Every kind of act that the lifecycle allows now, with fresh digests."""
    fresh = digest(state.agreement, state.counter, random.random())
    acts: list[Act] = []
    if state.stage is Stage.REQUESTED:
        made_from = {"template": digest("template"), "manifest": digest(fresh, 2)}
        content = ev.Covered(data=state.data, **made_from, docx=digest(fresh, 1), pdf=fresh)
        acts.append(Act(SYSTEM, ev.Drafted(draft=state.draft, content=content)))
    if state.stage is Stage.IN_REVIEW:
        acts.extend(_decisions(state, random, fresh))
    if state.stage in {Stage.REQUESTED, Stage.IN_REVIEW, Stage.RETURNED, Stage.APPROVED}:
        acts.append(Act(MANAGER, _revised(state, fresh, random)))
    if state.stage is Stage.APPROVED:
        acts.append(Act(SYSTEM, ev.Prepared(draft=state.draft, base=state.pdf, pdf=fresh)))
    if state.stage is Stage.SIGNING:
        turn = random.choice(state.awaited)
        signer = Actor(role=Role.SIGNATORY, person=digest(turn))
        if turn not in state.invited:
            acts.append(Act(SYSTEM, ev.Invited(signatory=turn, pdf=state.pdf)))
        else:
            signed = ev.Signed(signatory=turn, base=state.pdf, pdf=fresh, certificate=digest(turn, "cert"))
            acts.append(Act(signer, signed))
        acts.append(Act(signer, ev.Declined(signatory=turn, remark=fresh)))
    if state.stage is Stage.SIGNED:
        acts.append(Act(SYSTEM, ev.Concluded(base=state.pdf, pdf=fresh, report=digest(fresh), level="PAdES-B-LTA")))
    if state.stage is Stage.CONCLUDED:
        receipt = DepositReceipt(store="directory", key="k", sha256=state.pdf, size_bytes=7, retain_until=NOW)
        acts.append(Act(SYSTEM, ev.Deposited(receipt=receipt)))
    return acts


def _decisions(state: AgreementState, random: Random, fresh: str) -> list[Act]:
    given = {approval.person for approval in state.approvals}
    free = [actor for actor in REVIEWERS if actor.person not in given | state.authors]
    reviewer = random.choice(free)
    acts = [
        Act(reviewer, ev.Returned(draft=state.draft, covers=state.content, remark=fresh)),
        Act(reviewer, ev.Rejected(draft=state.draft, covers=state.content, remark=fresh)),
    ]
    edited = ev.Edited(draft=state.draft + 1, data=state.data, base=state.content.docx, docx=fresh, remark=fresh)
    if len(free) > 3:  # three offices approve what a fourth person edited
        acts.append(Act(reviewer, edited))
    if not state.open_facts:
        approved = ev.Approved(draft=state.draft, office=state.missing_offices[0], covers=state.content)
        acts.extend([Act(reviewer, approved)] * 4)
    return acts


def _revised(state: AgreementState, fresh: str, random: Random) -> ev.Revised:
    return ev.Revised(
        draft=state.draft + 1,
        title=state.title,
        data=fresh,
        signatories=state.signatories,
        offices=state.offices,
        template=digest("template"),
        open_facts=("project.start",) if random.random() < 0.2 else (),
        reason=random.choice(list(ev.RevisionReason)),
    )


def begin(ledger: Ledger, *, seed: object = 0, open_facts: tuple[str, ...] = ()) -> AgreementId:
    act = requested(seed=seed, open_facts=open_facts)
    with ledger.transaction() as tx:
        agreement = tx.new_agreement_id("mou", 2026)
        tx.append(agreement, op_id_of("requested", agreement), NOW, act.actor, act.event)
    return agreement


def go_on(ledger: Ledger, agreement: AgreementId, random: Random, *, kind: type | None = None) -> Appended | None:
    """Append one possible act, of type ``kind`` where that is possible; nothing once the agreement is at rest."""
    state = ledger.state(agreement)
    acts = possible(state, random)
    if not acts:
        return None
    act = next((one for one in acts if kind is not None and isinstance(one.event, kind)), random.choice(acts))
    op_id = op_id_of(agreement, str(state.counter + 1))
    with ledger.transaction() as tx:
        return tx.append(agreement, op_id, NOW + timedelta(seconds=state.counter), act.actor, act.event)


STRAIGHT = (
    ev.Drafted, ev.Approved, ev.Approved, ev.Prepared, ev.Invited, ev.Signed, ev.Invited, ev.Signed, ev.Concluded,
    ev.Deposited,
)  # fmt: skip


def standing(agreement: str, **fields: object) -> AgreementState:
    """Where an agreement stands about which nothing matters but ``fields``."""
    plain = {
        "agreement": agreement, "document_type": "mou", "template_version": 1, "template": digest("template"),
        "title": "Title", "stage": Stage.IN_REVIEW, "counter": 0, "since": NOW, "draft": 1, "data": digest("data"),
        "signatories": ("gssc", "chamber"), "rounds": (("gssc",), ("chamber",)), "offices": (ev.Office.LEGAL,),
        "open_facts": (), "authors": frozenset(), "owner": MANAGER.person,
    }  # fmt: skip
    return AgreementState.model_validate(plain | fields)


def archived(ledger: Ledger, *, seed: object = 0) -> AgreementId:
    """One agreement from request to archive, without a detour."""
    agreement, random = begin(ledger, seed=seed), Random(repr(seed))
    for kind in STRAIGHT:
        go_on(ledger, agreement, random, kind=kind)
    assert ledger.state(agreement).stage is Stage.ARCHIVED
    return agreement
