"""One write to the domain database: entries, register, outbox and erasable text together, or nothing of it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from archive import (
    accounts,
    comments,
    entries,
    named_digests,
    openings,
    outbox,
    people,
    personal,
    register,
    remarks,
    sign_links,
    webhooks,
)
from archive.accounts import Account
from archive.comments import Comment
from archive.entries import Recorded
from archive.outbox import OutboxRow
from archive.people import RandomBytes
from archive.proposals import unknown
from schemas.errors import ConflictingContent, Refused
from schemas.events import Entry, Event
from schemas.evidence import AgreementId, Digest, SignatoryId, canonical_json, digest_of
from schemas.installation import INSTALLATION, check_next
from schemas.installation_events import AccountAct
from schemas.lifecycle import fold, transition
from schemas.people import Actor, Office, Person, Role
from schemas.state import AgreementState
from schemas.webhook import Webhook


class Appended(Recorded):
    """What an append made, or found: ``repeated`` says that the entry was there already."""

    repeated: bool


def op_id_of(*business_keys: str) -> Digest:
    """Return the id of an act from what makes it the same act again: SHA-256 of the keys as an RFC 8785 JSON array.

    Never a run's id or a clock: a retry must arrive at the same keys.
    """
    return digest_of(canonical_json(list(business_keys)))


class Transaction:
    """What can be done inside one write transaction; made by :meth:`archive.ledger.Ledger.transaction`.

    Holds the ledger's size, and so the right to append, until the transaction ends.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._size = entries.size(connection, lock=True)
        self._states: dict[str, AgreementState] = {}
        self._unused_numbers: set[str] = set()
        self._half_written = False

    @property
    def size(self) -> int:
        """Number of leaves, with those appended here."""
        return self._size

    def append(
        self, agreement: AgreementId | str, op_id: Digest, occurred_at: datetime, actor: Actor, event: Event
    ) -> Appended:
        """Append an event exactly once, after the lifecycle allowed it, and bring the register up to date.

        ``occurred_at`` (aware) is when the act was intended; a repeated intent keeps its first time. Raises what
        :func:`schemas.lifecycle.transition` raises, and :class:`ConflictingContent` where ``op_id`` already stands
        for another agreement, actor or event.
        """
        if (first := self.find(op_id)) is not None:
            check_same_act(first.entry, agreement, actor, event)
            return first
        before = self._known_state(agreement)
        entry, leaf = entry_of(
            op_id=op_id,
            agreement=agreement,
            counter=0 if before is None else before.counter + 1,
            occurred_at=occurred_at,
            actor=actor,
            event=event,
        )
        after = transition(before, entry)
        self._half_written = True
        leaf_index = self._append_leaf(entry, leaf)
        register.write(self._connection, after, entry.occurred_at)
        named_digests.note(self._connection, entry)
        webhooks.tell(self._connection, entry)
        self._half_written = False
        self._states[agreement] = after
        self._unused_numbers.discard(agreement)
        return Appended(leaf_index=leaf_index, entry=entry, repeated=False)

    def append_installation(self, op_id: Digest, occurred_at: datetime, actor: Actor, event: Event) -> Appended:
        """Append an event about the installation as a whole, exactly once; the register knows nothing of it.

        Raises what :func:`schemas.installation.check_next` raises, and :class:`ConflictingContent` as :meth:`append`.
        """
        if (first := self.find(op_id)) is not None:
            check_same_act(first.entry, INSTALLATION, actor, event)
            return first
        last = entries.last_counter(self._connection, INSTALLATION)
        entry, leaf = entry_of(
            op_id=op_id,
            agreement=INSTALLATION,
            counter=last + 1,
            occurred_at=occurred_at,
            actor=actor,
            event=event,
        )
        check_next(last, entry)
        return Appended(leaf_index=self._append_leaf(entry, leaf), entry=entry, repeated=False)

    def find(self, op_id: Digest) -> Appended | None:
        """Return what was appended under ``op_id``, if anything was.

        A command whose event holds something random (a salted remark, a new agreement's id) asks this first and
        returns what it finds: made anew, the event would be another one under the same key.
        """
        first = entries.by_op_id(self._connection, op_id)
        if first is None:
            return None
        return Appended(leaf_index=first.leaf_index, entry=first.entry, repeated=True)

    def state(self, agreement: AgreementId | str) -> AgreementState:
        """Return where the agreement stands; raises :class:`Refused` for an unknown one, proposing the nearest."""
        if (state := self._known_state(agreement)) is None:
            raise unknown("agreement", agreement, register.known_agreements(self._connection))
        return state

    def entries(self, agreement: AgreementId | str) -> tuple[Recorded, ...]:
        """Return the agreement's entries by counter, with those appended here; none for an unknown one."""
        return entries.of_agreement(self._connection, agreement)

    def new_agreement_id(self, document_type: str, year: int) -> AgreementId:
        """Return the next id of this type and year, such as ``MOU-2026-0001``.

        It must be requested in this transaction, which is refused otherwise: numbers have no gaps.
        """
        prefix = document_type.upper()
        agreement = register.agreement_id(prefix, year, register.take_number(self._connection, prefix, year))
        self._unused_numbers.add(agreement)
        return agreement

    def enqueue(
        self, stage: str, agreement: AgreementId | str, version: int, *, now: datetime, attempt: int = 1
    ) -> OutboxRow:
        """Note that ``stage`` is due; the same stage, agreement, version and attempt again is the same row."""
        return outbox.enqueue(self._connection, stage, agreement, version, attempt=attempt, now=now)

    def enqueue_anew(self, stage: str, agreement: AgreementId | str, version: int, *, now: datetime) -> OutboxRow:
        """Note that ``stage`` is due once more; see :func:`archive.outbox.enqueue_anew`."""
        return outbox.enqueue_anew(self._connection, stage, agreement, version, now=now)

    def remember_remark(self, text: str, salt: Digest) -> Digest:
        """Keep erasable text and return the commitment for an event to carry; ``salt`` is 32 random bytes in hex."""
        return remarks.remember(self._connection, text, salt)

    def remember_opening(self, content: object, salt: Digest, *, agreement: str, person: Digest | None) -> Digest:
        """Keep personal data erasably, and return a commitment to it; see :func:`archive.openings.remember`."""
        return openings.remember(self._connection, content, salt, agreement=agreement, person=person)

    def use_link(self, link: str, now: datetime) -> bool:
        """Note that a link to sign was used, and return whether this call did it."""
        return sign_links.use(self._connection, link, now)

    def void_links(self, agreement: AgreementId | str, signatory: SignatoryId) -> None:
        """Make every unused link to sign in the field of ``signatory`` good for nothing."""
        sign_links.void(self._connection, agreement, signatory)

    def add_person(
        self,
        email: str,
        name: str,
        roles: Iterable[Role],
        random_bytes: RandomBytes = secrets.token_bytes,
        *,
        offices: Iterable[Office] = (),
    ) -> Person:
        """Add a person or add to their roles and offices; see :func:`archive.people.add`."""
        return people.add(self._connection, email, name, roles, random_bytes, offices=offices)

    def known_or_named(self, email: str, name: str) -> Person:
        """Return the person with this address, who is added without a role where nobody has it.

        See :func:`archive.people.known_or_named`.
        """
        return people.known_or_named(self._connection, email, name)

    def give_roles(self, email: str, roles: Iterable[Role], offices: Iterable[Office]) -> Person:
        """Put roles and offices in place of a person's; see :func:`archive.people.give_roles`."""
        return people.give_roles(self._connection, email, roles, offices)

    def account(self, email: str) -> Account | None:
        """Return the account with this address, if there is one."""
        return accounts.find(self._connection, email)

    def change_account(self, email: str, act: AccountAct, now: datetime) -> None:
        """Do something to a person's account; see :func:`archive.accounts.administer`."""
        accounts.administer(self._connection, email, act, now)

    def comment(self, comment: Digest) -> Comment | None:
        """Return a comment of a reviewer, if it is there."""
        return comments.find(self._connection, comment)

    def add_comment(self, comment: Comment) -> None:
        """Keep a comment of a reviewer; the same id again is the same comment."""
        comments.add(self._connection, comment)

    def put_comment(self, comment: Comment) -> None:
        """Put a comment in place of the one with its id."""
        comments.put(self._connection, comment)

    def remove_comment(self, comment: Digest) -> None:
        """Delete a comment of a reviewer."""
        comments.remove(self._connection, comment)

    def register_webhook(self, webhook: Webhook, *, most: int) -> None:
        """Have entries told to a webhook from now on; raises :class:`Refused` where there are ``most`` already."""
        webhooks.register(self._connection, webhook, most=most)

    def end_webhook(self, webhook: str) -> bool:
        """Tell a webhook nothing any more; see :func:`archive.webhooks.end`."""
        return webhooks.end(self._connection, webhook)

    def knows(self, email: str) -> bool:
        """Whether there is a person with this address."""
        return people.find(self._connection, email) is not None

    def person(self, email: str) -> Person:
        """Return the person with this address; see :func:`archive.people.get`."""
        return people.get(self._connection, email)

    def person_behind(self, commitment: Digest) -> Person | None:
        """Return the person the ledger means by ``commitment``, or ``None`` once erased."""
        return people.behind(self._connection, commitment)

    def erase_person(self, email: str) -> Person:
        """Delete what opens the ledger's commitments to a person; see :func:`archive.personal.erase_person`."""
        return personal.erase_person(self._connection, email)

    def erase_agreement(self, agreement: AgreementId) -> None:
        """Delete what opens the commitments of a disposed agreement; see :func:`archive.personal.erase_agreement`."""
        personal.erase_agreement(self._connection, agreement)

    def close(self) -> None:
        """Refuse the whole transaction where an append broke off, or a number was taken for no request."""
        if self._half_written:
            raise Refused("an append broke off in this transaction", remedy="repeat all of it in a new one")
        if self._unused_numbers:
            raise Refused(
                "a number was taken and no agreement requested under it",
                got=", ".join(sorted(self._unused_numbers)),
                expected="a request in the same transaction",
            )

    def _append_leaf(self, entry: Entry, leaf: bytes) -> int:
        leaf_index = self._size
        entries.append(self._connection, leaf_index, (entry, leaf))
        self._size += 1
        return leaf_index

    def _known_state(self, agreement: str) -> AgreementState | None:
        if agreement not in self._states:
            recorded = entries.of_agreement(self._connection, agreement)
            if not recorded:
                return None
            self._states[agreement] = fold(one.entry for one in recorded)
        return self._states[agreement]


def entry_of(**parts: object) -> tuple[Entry, bytes]:
    """Return the entry of these parts and its leaf; raises :class:`Refused` where they make none."""
    try:
        entry = Entry(**parts)  # pyrefly: ignore  # pydantic checks the parts
        return entry, entries.readable_leaf_of(entry)
    except ValueError as cause:
        raise Refused("this cannot be a ledger entry", where=str(parts["agreement"]), got=str(cause)) from cause


def check_same_act(first: Entry, agreement: str, actor: Actor, event: Event) -> None:
    """Raise :class:`ConflictingContent` unless ``first`` records this act."""
    if (first.agreement, first.actor, first.event) != (agreement, actor, event):
        raise ConflictingContent(
            "this act was recorded before, with other content",
            where=f"{first.agreement}, entry {first.counter}, op_id {first.op_id}",
            got=f"{event.type} of {agreement}",
            expected=f"the {first.event.type} of {first.agreement} that was recorded",
            remedy="look at what was recorded first (convenio timeline); it stays",
        )
