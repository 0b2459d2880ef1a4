"""Erasing a person: everything that opens the ledger's commitments to them, and nothing the law has us keep.

The ledger keeps that somebody acted; who it was is gone (Regulation (EU) 2016/679 Article 17). What documents that were
signed say of their signatories stays for the legal retention, and so does the person whose signature only our records
prove, or whom an agreement under legal hold speaks of (Article 17(3)(b) and (e)).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from archive.database import overwrite_erased, reading
from archive.personal import erased_persons, traces_of
from archive.transaction import op_id_of
from flows.act import acting, as_actor, data_of, keep_remark
from flows.checkpoints import publish_checkpoint
from flows.deadline import local_day
from flows.erasable_mail import mails_about, remove
from flows.examined import forget_examined
from flows.wiring import Installation
from schemas import events as ev
from schemas.errors import Refused, Unavailable
from schemas.evidence import Digest
from schemas.people import Person, Role
from schemas.state import AgreementState, Stage

AT_AN_END = (Stage.ARCHIVED, Stage.ENDED, Stage.DISPOSED)
LAW = "Regulation (EU) 2016/679 Article 17(3)(b) and (e)"
HANDLE_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Erasure:
    """What the erasure of ``person`` (commitment) removes, what it leaves, and what stands against it.

    ``acted_in`` are agreements whose timelines will say *erased*; ``fields`` are where they sign (agreement and id):
    the data and signed files of ``named_in``, which are kept. Nobody is erased while there is one of these:
    ``needed_in`` are agreements not at an end, ``held_in`` those under legal hold that speak of them, ``proven_in``
    those in retention where a click or a paper original is the proof that they or their principal signed.
    """

    person: Digest
    remarks: int = 0
    mails: tuple[Path, ...] = ()
    acted_in: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    needed_in: tuple[str, ...] = ()
    held_in: tuple[str, ...] = ()
    proven_in: tuple[str, ...] = ()

    @property
    def handle(self) -> str:
        """What names the person where no personal data may stand."""
        return self.person[:HANDLE_DIGITS]

    @property
    def named_in(self) -> tuple[str, ...]:
        """The agreements that name the person as a signatory."""
        return tuple(sorted({agreement for agreement, _ in self.fields}))


def erasure_of(house: Installation, email: str) -> Erasure:
    """Return what erasing the person with this address would mean; changes nothing.

    Raises :class:`Refused` for an unknown address.
    """
    person = house.people.get(email)
    with reading(house.engine) as connection:
        traces = traces_of(connection, frozenset({person.commitment}))
    fields, needed, held, proven = [], [], [], []
    for row in sorted(house.register.rows(), key=lambda row: row.id):
        state = house.ledger.state(row.id)
        signs = [] if state.stage is Stage.DISPOSED else _signs_as(house, state, person)
        concerned = bool(signs) or _is_concerned(state, person)
        fields += [(str(row.id), signatory) for signatory in signs]
        if state.stage not in AT_AN_END and concerned:
            needed.append(row.id)
        if state.held and (concerned or row.id in traces.agreements):
            held.append(row.id)
        if _is_retained(house, state) and _is_proven(house, state, person, signs):
            proven.append(row.id)
    return Erasure(
        person=person.commitment,
        remarks=len(traces.remarks),
        mails=tuple(mails_about(house, person, {*fields, *traces.signed})),
        acted_in=traces.agreements,
        fields=tuple(fields),
        needed_in=tuple(needed),
        held_in=tuple(held),
        proven_in=tuple(proven),
    )


def erase(house: Installation, whom: str, *, reason: str, by: str) -> Erasure:
    """Erase the person with the address ``whom`` and return what was removed; the ledger records by whom and when.

    Mails and rows go while nobody else can append: no agreement can come to need the person meanwhile. An erasure that
    broke off before its entry is repeated; one that broke off after it is finished by naming the handle, as no address
    is known any more. Raises :class:`Refused` while an agreement under way, a legal hold or the proof of a signature
    needs them or where administrators would erase themselves, :class:`NotAuthorised` for who is no administrator,
    :class:`Unavailable` while something of it is still to be finished.
    """
    administrator = acting(house, by, Role.ADMINISTRATOR)
    house.require_ready()  # what is erased is published at once
    if (erased := _erased(house, whom)) is not None:
        _finish(house, erased)
        return Erasure(erased)
    with house.ledger.transaction() as tx:
        erasure = erasure_of(house, whom)
        if administrator.commitment == erasure.person:
            raise Refused("administrators do not erase themselves", remedy="ask another administrator")
        require_erasable(erasure)
        event = ev.PersonErased(person=erasure.person, remark=keep_remark(tx, reason))
        actor = as_actor(Role.ADMINISTRATOR, administrator)
        tx.append_installation(op_id_of("person erased", erasure.person), house.clock(), actor, event)
        tx.erase_person(whom)
        for mail in erasure.mails:
            remove(mail)
    _finish(house, erasure.person)
    return erasure


def require_erasable(erasure: Erasure) -> None:
    """Raise :class:`Refused` while an agreement under way, a legal hold or a proof of a signature needs the person."""
    if erasure.needed_in:
        raise Refused(
            "agreements under way need this person",
            got=", ".join(erasure.needed_in),
            expected="agreements that are archived, ended or disposed of",
            remedy="finish or withdraw them, or revise who signs",
        )
    if erasure.held_in:
        raise Refused(
            "agreements under legal hold speak of this person",
            got=", ".join(erasure.held_in),
            expected=f"no legal hold: what a legal claim may need is kept ({LAW})",
            remedy="repeat it when the legal office has released the hold",
        )
    if erasure.proven_in:
        raise Refused(
            "this person's address and name are the proof of a signature that is still to be kept",
            got=", ".join(erasure.proven_in),
            expected=f"the end of retention: until then the records of clicks and paper originals are kept ({LAW})",
            remedy="repeat it when retention has ended",
        )


def _erased(house: Installation, handle: str) -> Digest | None:
    """Return who was erased, by handle or commitment, if somebody was."""
    with reading(house.engine) as connection:
        erased = erased_persons(connection)
    return next((person for person in erased if handle in {person, person[:HANDLE_DIGITS]}), None)


def _finish(house: Installation, person: Digest) -> None:
    """Publish that the person was erased, and overwrite what was; may be repeated."""
    try:
        publish_checkpoint(house)
        overwrite_erased(house.engine)
        forget_examined(house)
    except Unavailable as error:
        handle = person[:HANDLE_DIGITS]
        raise Unavailable(
            "the person is erased, and what follows is not finished",
            where=f"person {handle}",
            got=error.what,
            remedy=f"finish it, by the handle: convenio people erase {handle} --yes --reason WHY",
        ) from error


def _signs_as(house: Installation, state: AgreementState, person: Person) -> list[str]:
    """Return the ids under which the agreement's data names the person as a signatory."""
    signatories = data_of(house, state.data).signatories
    return [str(signatory.id) for signatory in signatories if signatory.email.lower() == person.email]


def _is_concerned(state: AgreementState, person: Person) -> bool:
    """Whether the agreement still has to do with who wrote it or signs for somebody."""
    delegates = {delegation.delegate for delegation in state.delegations}
    return person.commitment in state.authors | delegates


def _is_retained(house: Installation, state: AgreementState) -> bool:
    now = house.clock()
    today = min(local_day(house, now), now.date())
    return state.stage is Stage.ARCHIVED and (state.retention_until is None or today <= state.retention_until)


def _is_proven(house: Installation, state: AgreementState, person: Person, signs: list[str]) -> bool:
    """Whether a record proves a signature of the person's, one made for their principal, or one they recorded."""
    places = {*signs, *(one.signatory for one in state.delegations if one.delegate == person.commitment)}
    for recorded in house.ledger.entries(state.agreement):
        event = recorded.entry.event
        if not isinstance(event, ev.Signed) or event.evidence is None or event not in state.signatures:
            continue
        if event.signatory in places or recorded.entry.actor.person == person.commitment:
            return True
    return False
