"""The whole way of an agreement, walked at random: whatever was accepted, what must hold does hold."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from schemas.errors import ConvenioError, FourEyes, NotAuthorised, RefusedTransition, StaleBase
from schemas.events import Entry
from schemas.lifecycle import fold, transition
from schemas.people import SYSTEM, Actor, Role
from schemas.retention import last_day
from schemas.state import AgreementState, Stage
from tests.schemas.test_lifecycle import (
    FINANCE,
    LEGAL,
    MANAGER,
    OTHER_MANAGER,
    START,
    by,
    covers,
    decided,
    drafted,
    entry,
    h,
    requested,
    revised,
)

SIGNATORIES = ["anna", "bela", "cora"]
ROUNDS = st.sampled_from(
    [
        [["anna"], ["bela"], ["cora"]],
        [["anna", "bela", "cora"]],
        [["cora"], ["anna", "bela"]],
        [["bela", "cora"], ["anna"]],
    ]
)
NAMES = st.sampled_from([*SIGNATORIES * 3, "eve"])
PEOPLE = st.sampled_from(["anna", "bela", "cora", "dora", "emil", "eve"])
REVIEWERS = st.sampled_from([LEGAL, FINANCE, by(Role.REVIEWER, "manager"), by(Role.REVIEWER, "dora")])
ROOT, OTHER_ROOT = by(Role.ADMINISTRATOR, "root"), by(Role.ADMINISTRATOR, "other root")
ADMINISTRATORS = st.sampled_from([ROOT, OTHER_ROOT])
MOSTLY = st.sampled_from([True, True, True, True, False])
"""Whether an act is about the right bytes."""
REMARK = {"remark": h("remark")}
SIGNING_OR_LATER = {Stage.SIGNING, Stage.SIGNED, Stage.CONCLUDED, Stage.ARCHIVED, Stage.DISPOSED}
AFTER_THE_END = {"hold placed", "hold released", "disposal proposed", "disposed"}
"""What can still happen to an agreement that ended without being archived."""
REFUSALS = {RefusedTransition, NotAuthorised, FourEyes, StaleBase}


class Way(RuleBasedStateMachine):
    """Tries acts that are right or nearly so, and keeps books of its own over those that were accepted."""

    state: AgreementState

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[Entry] = []
        self.now = START
        self.signed: list[tuple[str, str]] = []
        self.delegates: dict[str, str] = {}
        self.last_day: date | None = None
        self.held = False
        self.kept_until: date | None = None

    @initialize(
        rounds=ROUNDS,
        days=st.sampled_from([None, None, 3, 30]),
        open_facts=st.sampled_from([[], [], [], ["x"]]),
        steps=st.sampled_from([0, 2, 4, 5, 6, 8, 9, 12]),
    )
    def request(self, rounds: list[list[str]], days: int | None, open_facts: list[str], steps: int) -> None:
        self.last_day = None if days is None else (START + timedelta(days=days)).date()
        proposed = self.proposed(rounds)
        step = entry(0, MANAGER, requested(open_facts=open_facts, **proposed)).model_copy(
            update={"occurred_at": self.now}
        )
        self.state = transition(None, step)
        self.taken.append(step)
        for _ in range(steps):
            self.go_on()

    def proposed(self, rounds: list[list[str]]) -> dict[str, Any]:
        signatories = [one for group in rounds for one in group]
        return {"rounds": rounds, "signatories": signatories, "sign_by": self.last_day}

    def take(self, actor: Actor, event: dict[str, Any]) -> bool:
        """Try one act; what is refused changes nothing and says why by one of four names."""
        step = entry(len(self.taken), actor, event).model_copy(update={"occurred_at": self.now})
        try:
            after = transition(self.state, step)
        except ConvenioError as refusal:
            assert type(refusal) in REFUSALS  # noqa: PT017 - both are fine
            return False
        assert self.state.stage is not Stage.DISPOSED
        assert self.state.stage is not Stage.ENDED or event["type"] in AFTER_THE_END
        assert getattr(step.event, "base", self.state.pdf) in {
            self.state.pdf,
            getattr(self.state.content, "docx", None),
        }
        assert self.state.authors <= after.authors
        self.taken.append(step)
        self.state = after
        return True

    def pdf(self, right: bool) -> str:  # noqa: FBT001 - drawn
        return self.state.pdf if right and self.state.pdf else h("other bytes")

    def fresh(self) -> str:
        return h(f"revision {len(self.taken)}")

    @rule(hours=st.sampled_from([1, 1, 8, 50, 800, 50_000]))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule()
    def go_on(self) -> None:
        """Do the right thing next, so that the end of the way is reached often."""
        state, new = self.state, self.fresh()
        match state.stage:
            case Stage.REQUESTED:
                self.take(SYSTEM, drafted(state.draft))
            case Stage.IN_REVIEW:
                self.take(LEGAL, decided("approved", state.draft))
            case Stage.APPROVED:
                event = {"type": "prepared", "draft": state.draft, "base": state.pdf, "pdf": new}
                self.take(SYSTEM, event)
            case Stage.SIGNING:
                one = state.awaited[0]
                if one not in state.invited:
                    self.invite(one, right=True)
                else:
                    self.sign(one, self.delegates.get(one, one), right=True, way="pkcs12")
            case Stage.SIGNED:
                self.conclude(right=True)
            case Stage.CONCLUDED:
                self.deposit(right=True)
            case Stage.ARCHIVED:
                self.go_on_keeping()

    def go_on_keeping(self) -> None:
        if self.held:
            self.hold(on=False)
        elif self.kept_until is None:
            self.pay_balance(small=True)
        elif self.now.date() <= self.kept_until:
            self.time_passes(50_000)
        elif self.state.disposal is None:
            self.propose_disposal(ROOT)
        else:
            self.dispose(OTHER_ROOT, everything=True)

    @rule(right=MOSTLY, reviewer=REVIEWERS, kind=st.sampled_from(["approved", "returned"]))
    @precondition(lambda self: self.state.stage in {Stage.IN_REVIEW, Stage.APPROVED})
    def decide(self, right: bool, reviewer: Actor, kind: str) -> None:  # noqa: FBT001 - drawn
        self.take(reviewer, decided(kind, self.state.draft, covers=covers(self.state.draft if right else 99)))

    @rule(rounds=ROUNDS, manager=st.sampled_from([MANAGER, OTHER_MANAGER]), names=MOSTLY)
    def revise(self, rounds: list[list[str]], manager: Actor, names: bool) -> None:  # noqa: FBT001 - drawn
        voids = [{"signatory": one, "pdf": pdf} for one, pdf in self.signed] if names else []
        event = revised(self.state.draft + 1, **self.proposed(rounds)) | {"voids": voids}
        if self.take(manager, event):
            assert names or not self.signed
            self.signed, self.delegates = [], {}

    @rule(name=NAMES, right=MOSTLY)
    @precondition(lambda self: self.state.stage is Stage.SIGNING)
    def invite(self, name: str, right: bool) -> None:  # noqa: FBT001 - drawn
        self.take(SYSTEM, {"type": "invited", "signatory": name, "pdf": self.pdf(right)})

    @rule(name=NAMES, person=PEOPLE, right=MOSTLY, way=st.sampled_from(["pkcs12", "click", "paper"]))
    @precondition(lambda self: self.state.stage is Stage.SIGNING)
    def sign(self, name: str, person: str, right: bool, way: str) -> None:  # noqa: FBT001 - drawn
        before, new = self.state, self.fresh()
        event = {
            "type": "signed", "signatory": name, "base": self.pdf(right), "pdf": new, "certificate": h(f"{name}'s"),
            "way": way, "evidence": h("record") if way != "pkcs12" else None,
        }  # fmt: skip
        actor = by(Role.REVIEWER, person) if way == "paper" else by(Role.SIGNATORY, person)
        if self.take(actor, event):
            assert name in before.awaited
            assert name in before.invited
            assert way == "paper" or self.delegates.get(name, person) == person
            assert before.sign_by is None or (self.now - timedelta(hours=12)).date() <= before.sign_by
            self.signed.append((name, new))

    @rule(name=NAMES, person=PEOPLE, delegate=PEOPLE)
    @precondition(lambda self: self.state.stage is Stage.SIGNING)
    def delegate(self, name: str, person: str, delegate: str) -> None:
        event = {"type": "delegated", "signatory": name, "delegate": h(delegate), "authority": h("power"), **REMARK}
        if self.take(by(Role.SIGNATORY, person), event):
            assert person != delegate
            assert name not in self.delegates

    @rule(name=NAMES, delegate=PEOPLE, reviewer=REVIEWERS)
    @precondition(lambda self: self.state.stage is Stage.SIGNING)
    def confirm(self, name: str, delegate: str, reviewer: Actor) -> None:
        named = {one.signatory: one.delegate for one in self.state.delegations}
        event = {"type": "delegation confirmed", "signatory": name, "delegate": h(delegate), "authority": h("power")}
        if self.take(reviewer, event):
            assert named[name] == h(delegate) != reviewer.person
            assert reviewer.person not in self.state.authors
            assert name not in self.state.invited
            self.delegates[name] = delegate

    @rule(name=NAMES, person=PEOPLE)
    @precondition(lambda self: self.state.stage is Stage.SIGNING)
    def revoke(self, name: str, person: str) -> None:
        before = self.state
        if self.take(by(Role.SIGNATORY, person), {"type": "delegation revoked", "signatory": name, **REMARK}):
            assert before.delegation_of(name).given_by == h(person)
            assert name not in before.signed
            assert self.state.delegation_of(name) is None
            assert name not in self.delegates or name not in self.state.invited
            self.delegates.pop(name, None)

    @rule(name=NAMES, person=st.sampled_from(["dora", "emil"]))
    @precondition(lambda self: self.state.stage is Stage.SIGNING)
    def have_somebody_else_sign(self, name: str, person: str) -> None:
        self.delegate(name, name, person)
        self.confirm(name, person, LEGAL)
        self.go_on()

    @rule(days=st.integers(-2, 5))
    @precondition(lambda self: self.state.stage is Stage.SIGNING)
    def extend(self, days: int) -> None:
        until = (self.last_day or START.date()) + timedelta(days=days)
        if self.take(MANAGER, {"type": "extended", "sign_by": until, **REMARK}):
            assert self.last_day is not None
            assert self.last_day < until
            self.last_day = until

    @rule()
    @precondition(lambda self: self.state.stage is Stage.SIGNING and self.state.sign_by)
    def lapse(self) -> None:
        if self.take(SYSTEM, {"type": "lapsed", "sign_by": self.state.sign_by}):
            assert (self.now + timedelta(hours=14)).date() > self.last_day

    @rule(name=NAMES, end=st.sampled_from(["declined", "withdrawn", "rejected"]), sure=st.integers(0, 9))
    def end(self, name: str, end: str, sure: int) -> None:
        if sure:
            return  # an end that comes each time leaves little to see
        actor = {"declined": by(Role.SIGNATORY, name), "withdrawn": MANAGER, "rejected": LEGAL}[end]
        event = {
            "declined": {"type": end, "signatory": name, **REMARK},
            "withdrawn": {"type": end, **REMARK},
            "rejected": decided(end, self.state.draft),
        }[end]
        if self.take(actor, event):
            assert self.state.stage is Stage.ENDED

    @rule(right=MOSTLY)
    @precondition(lambda self: self.state.stage in {Stage.SIGNING, Stage.SIGNED})
    def conclude(self, right: bool) -> None:  # noqa: FBT001 - drawn
        event = {
            "type": "concluded",
            "base": self.pdf(right),
            "pdf": self.fresh(),
            "report": h("report"),
            "level": "B-LTA",
        }
        if self.take(SYSTEM, event):
            assert {one for one, _ in self.signed} == set(SIGNATORIES)

    def receipt(self, pdf: str) -> dict[str, Any]:
        return {"store": "directory", "key": f"x/{len(self.taken)}", "sha256": pdf, "size_bytes": 1}

    @rule(right=MOSTLY)
    @precondition(lambda self: self.state.stage in {Stage.SIGNED, Stage.CONCLUDED})
    def deposit(self, right: bool) -> None:  # noqa: FBT001 - drawn
        self.take(SYSTEM, {"type": "deposited", "receipt": self.receipt(self.pdf(right))})

    @rule(right=MOSTLY, same=MOSTLY)
    @precondition(lambda self: self.state.stage is Stage.ARCHIVED)
    def renew(self, right: bool, same: bool) -> None:  # noqa: FBT001 - drawn
        new = self.fresh()
        event = {"type": "renewed", "base": self.pdf(right), "pdf": new, "report": h("report"), "level": "B-LTA"}
        self.take(SYSTEM, event | {"receipt": self.receipt(new if same else h("other"))})

    @rule(small=st.booleans())
    @precondition(lambda self: self.state.stage in {Stage.CONCLUDED, Stage.ARCHIVED})
    def pay_balance(self, small: bool) -> None:  # noqa: FBT001 - drawn
        paid = self.now.date()
        event = {
            "type": "balance paid", "paid_on": paid, "small_grant": small, "until": last_day(paid, small_grant=small),
            **REMARK,
        }  # fmt: skip
        if self.take(MANAGER, event):
            assert self.kept_until is None
            self.kept_until = last_day(paid, small_grant=small)

    @rule(days=st.integers(-1, 3), administrator=ADMINISTRATORS)
    @precondition(lambda self: self.state.stage is Stage.ARCHIVED)
    def extend_retention(self, days: int, administrator: Actor) -> None:
        until = (self.kept_until or self.now.date()) + timedelta(days=days)
        if self.take(administrator, {"type": "retention extended", "until": until, **REMARK}):
            assert self.kept_until < until
            self.kept_until = until

    @rule(on=st.booleans())
    @precondition(lambda self: self.state.stage in {Stage.ARCHIVED, Stage.ENDED})
    def hold(self, on: bool) -> None:  # noqa: FBT001 - drawn
        if self.take(LEGAL, {"type": "hold placed" if on else "hold released", **REMARK}):
            assert self.held is not on
            self.held = on

    @rule(administrator=ADMINISTRATORS)
    @precondition(lambda self: self.state.stage in {Stage.ARCHIVED, Stage.ENDED})
    def propose_disposal(self, administrator: Actor) -> None:
        before = self.state
        if self.take(administrator, {"type": "disposal proposed", "listing": h("listing"), **REMARK}):
            self.may_be_destroyed(before)

    @rule(administrator=ADMINISTRATORS, everything=MOSTLY)
    @precondition(lambda self: self.state.stage in {Stage.ARCHIVED, Stage.ENDED})
    def dispose(self, administrator: Actor, everything: bool) -> None:  # noqa: FBT001 - drawn
        before = self.state
        receipts = [one.model_dump(mode="json") for one in before.deposits[: None if everything else -1]]
        event = {"type": "disposed", "receipts": receipts, "certificate": h("certificate"), **REMARK}
        if self.take(administrator, event):
            assert before.disposal.by != administrator.person
            assert everything or not before.deposits
            self.may_be_destroyed(before)

    def may_be_destroyed(self, before: AgreementState) -> None:
        assert not self.held
        if before.stage is Stage.ENDED:
            return
        assert self.kept_until is not None
        assert self.now.date() > self.kept_until

    @invariant()
    def signatures_are_those_made_since_the_last_draft_in_the_order_of_rounds(self) -> None:
        if not self.taken:
            return
        state = self.state
        assert [(one.signatory, one.pdf) for one in state.signatures] == self.signed
        assert len(set(state.signed)) == len(state.signed)
        for place, signatory in enumerate(state.signed):
            turn = next(number for number, group in enumerate(state.rounds) if signatory in group)
            assert {one for group in state.rounds[:turn] for one in group} <= set(state.signed[:place])
        if state.stage in SIGNING_OR_LATER - {Stage.SIGNING} and not self.ended_early:
            assert set(state.signed) == set(state.signatories)
        if state.stage is Stage.SIGNING:
            assert state.awaited
            assert not set(state.awaited) & set(state.signed)

    @invariant()
    def delegates_are_confirmed_once_and_sign_for_one(self) -> None:
        if not self.taken:
            return
        confirmed = {one.signatory: one.delegate for one in self.state.delegations if one.confirmed}
        assert confirmed == {name: h(person) for name, person in self.delegates.items()}
        assert len({one.signatory for one in self.state.delegations}) == len(self.state.delegations)
        assert len({one.delegate for one in self.state.delegations}) == len(self.state.delegations)

    @invariant()
    def approvals_are_of_the_current_bytes_by_others_than_the_authors(self) -> None:
        if not self.taken:
            return
        state, given = self.state, [approval.person for approval in self.state.approvals]
        assert all(approval.covers == state.content for approval in state.approvals)
        assert not state.authors & set(given)
        assert len(set(given)) == len(given)
        if state.stage in {Stage.APPROVED, *SIGNING_OR_LATER} and not self.ended_early:
            assert {approval.office for approval in state.approvals} >= set(state.offices)
            assert state.open_facts == ()
            assert state.content.data == state.data
        if state.stage in {Stage.ARCHIVED, Stage.DISPOSED} and not self.ended_early:
            assert state.deposits[-1].sha256 == state.pdf
        assert (state.held, state.retention_until, state.sign_by) == (self.held, self.kept_until, self.last_day)

    @property
    def ended_early(self) -> bool:
        """Whether what is disposed of had ended before it was archived."""
        return self.state.stage is Stage.DISPOSED and not self.state.deposits

    def teardown(self) -> None:
        if self.taken:
            assert fold(self.taken) == self.state
            assert [step.counter for step in self.taken] == list(range(len(self.taken)))


TestWay = Way.TestCase
TestWay.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
