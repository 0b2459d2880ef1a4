"""Disposal: everything stored of an agreement whose time is over is destroyed, and a certificate says what.

That is after the end of retention, or where it ended without ever being archived.

One administrator proposes a listing of every version there is; another one carries out exactly that. The ledger's
entries stay, and so does the certificate.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from archive.database import overwrite_erased
from archive.destruction import (
    Destruction,
    StoredVersion,
    open_certificate,
    read_listing,
    sign_certificate,
    write_listing,
)
from archive.layout import data_key, deposit_folder, working_folder, working_key
from archive.transaction import Transaction, op_id_of
from flows.act import Done, acting, as_actor, keep_remark
from flows.deadline import local_day
from flows.erasable_mail import mails_of, remove
from flows.examined import forget_examined
from flows.page_images import forget_pages
from flows.retention import look
from flows.stage import keep
from flows.wiring import Installation
from schemas import events as ev
from schemas.errors import FourEyes, Invalid, Refused, RefusedTransition, StaleBase
from schemas.evidence import AgreementId, Digest, digest_of
from schemas.people import Person, Role
from schemas.state import AgreementState, Stage
from schemas.steps.keeping import require_disposable


def propose_disposal(house: Installation, agreement: AgreementId, *, by: str, reason: str) -> Done:
    """Propose to destroy everything stored of an agreement; nothing is destroyed yet.

    Raises :class:`NotAuthorised` for who is no administrator, :class:`RefusedTransition` before the end of retention or
    under a legal hold, and :class:`Refused` while the store still holds a deposit.
    """
    administrator, state = acting(house, by, Role.ADMINISTRATOR), house.ledger.state(agreement)
    _require_disposable(house, state)
    stored, proposed = _stored(house, state), state.disposal
    listing = write_listing(_but_proposal(state, stored))
    if proposed is None or proposed.listing != digest_of(listing):
        # a proposal that is overtaken is one more thing to destroy
        listing = write_listing(stored)
    elif proposed.by == administrator.commitment:
        return Done(state, changed=False)
    op_id = op_id_of("disposal proposed", agreement, str(state.counter), administrator.commitment)
    digest = keep(house, agreement, listing, "json")
    with house.ledger.transaction() as tx:
        event = ev.DisposalProposed(listing=digest, remark=keep_remark(tx, reason))
        tx.append(agreement, op_id, house.clock(), as_actor(Role.ADMINISTRATOR, administrator), event)
        return Done(tx.state(agreement), changed=True)


def dispose(house: Installation, agreement: AgreementId, *, by: str, authority: str) -> Done:
    """Destroy what was proposed, every version by its VersionId, and record the certificate of destruction.

    With it goes what opens the entries' commitments (comments, records of clicks), and every message about it.
    Nobody else can append to the ledger meanwhile: no hold can be placed between the check and the destruction. An
    interrupted disposal is completed by repeating it. Raises as :func:`propose_disposal`, :class:`FourEyes` for who
    proposed it, and :class:`StaleBase` where other objects are stored than the proposal lists.
    """
    administrator = acting(house, by, Role.ADMINISTRATOR)
    with house.ledger.transaction() as tx:
        before = tx.state(agreement)
        if changed := before.stage is not Stage.DISPOSED:
            _require_disposable(house, before)
            _destroy(house, tx, before, administrator, authority)
        state = tx.state(agreement)
    _tidy(house, agreement)
    overwrite_erased(house.engine)
    return Done(state, changed=changed)


def is_disposable(state: AgreementState, day: date) -> bool:
    """Whether an agreement may be destroyed on ``day`` by the ledger; of the store's locks nothing is said."""
    try:
        require_disposable(state, day)
    except RefusedTransition:
        return False
    return True


def certificate(house: Installation, agreement: AgreementId) -> bytes:
    """Return the certificate of a disposed agreement, a signed note; see ``archive.destruction``."""
    return house.store.get(working_key(agreement, _certified(house, agreement), "txt"))


def _destroy(house: Installation, tx: Transaction, state: AgreementState, by: Person, authority: str) -> None:
    agreement, now, proposed = AgreementId(state.agreement), house.clock(), state.disposal
    if proposed is None:
        raise RefusedTransition(
            "nobody proposed this disposal",
            where=agreement,
            expected="a proposal by one administrator, carried out by another",
            remedy=f"convenio archive dispose {agreement} --propose",
        )
    if proposed.by == by.commitment:
        raise FourEyes(
            "whoever proposed a disposal does not carry it out",
            where=agreement,
            expected="another administrator",
            remedy="ask another administrator",
        )
    listed = read_listing(house.store.get(working_key(agreement, proposed.listing, "json")))
    _require_nothing_else(house, state, listed)
    remark = keep_remark(tx, authority)
    note = sign_certificate(
        Destruction(
            agreement=agreement,
            organisation=house.settings.organisation,
            retention_until=state.retention_until,
            proposed_by=proposed.by,
            carried_out_by=by.commitment,
            authority=remark,
            at=now,
            listing=proposed.listing,
            destroyed=listed,
        ),
        house.checkpoint_key,
    )
    event = ev.Disposed(receipts=state.deposits, certificate=digest_of(note), remark=remark)
    # appended first, for its checks: it stands only when everything below is done
    tx.append(agreement, op_id_of("disposed", agreement), now, as_actor(Role.ADMINISTRATOR, by), event)
    tx.erase_agreement(agreement)
    for version in listed:
        house.store.dispose(version.receipt)
    house.store.put(working_key(agreement, event.certificate, "txt"), note)


def _tidy(house: Installation, agreement: AgreementId) -> None:
    """Destroy the proposal, certificates of attempts that broke off, and messages: only the certificate stays."""
    own = working_key(agreement, _certified(house, agreement), "txt")
    for version in _versions(house, working_folder(agreement)):
        if version.key != own:
            house.store.dispose(version.receipt)
    for mail in mails_of(house, agreement):
        remove(mail)
    forget_pages(house, agreement)
    forget_examined(house, agreement)


def _certified(house: Installation, agreement: AgreementId) -> Digest:
    for recorded in reversed(house.ledger.entries(agreement)):
        if isinstance(recorded.entry.event, ev.Disposed):
            return recorded.entry.event.certificate
    raise Refused("this agreement was not disposed of", where=agreement, got=house.ledger.state(agreement).stage)


def _require_disposable(house: Installation, state: AgreementState) -> None:
    now = house.clock()
    require_disposable(state, min(local_day(house, now), now.date()))
    for kept in look(house, state):
        holding = kept.holding
        if holding is not None and (holding.held or (holding.retain_until is not None and holding.retain_until > now)):
            raise Refused(
                "the store still holds a deposit",
                where=f"{kept.receipt.key} in {kept.receipt.store}, version {kept.receipt.version}",
                got="a legal hold" if holding.held else f"{holding.lock_mode} until {holding.retain_until}",
                expected="a lock that has ended, and no hold",
                remedy="wait until the lock ends: it was set before the end of retention was known",
            )


def _require_nothing_else(house: Installation, state: AgreementState, listed: tuple[StoredVersion, ...]) -> None:
    """Raise :class:`StaleBase` where something is stored that the proposal does not list.

    Less may be there, and a certificate, where an attempt before this one broke off.
    """
    stored = _but_proposal(state, _stored(house, state))
    more = [one for one in stored if one not in listed and not _is_certificate(house, one)]
    if more:
        raise StaleBase(
            "other objects are stored than the proposal lists",
            where=state.agreement,
            got=", ".join(one.key for one in more[:5]),
            expected="what was listed when the disposal was proposed",
            remedy="propose the disposal again",
        )


def _is_certificate(house: Installation, one: StoredVersion) -> bool:
    if not one.key.endswith(".txt"):
        return False
    try:
        open_certificate(house.store.get(one.key, version=one.version), house.verifier_key)
    except Invalid:
        return False
    return True


def _stored(house: Installation, state: AgreementState) -> tuple[StoredVersion, ...]:
    """Return every version stored of the agreement, deposits first, as it really is."""
    prefixes = [deposit_folder(state.agreement), working_folder(state.agreement)]
    prefixes += [data_key(digest) for digest in sorted(_own_data(house, state))]
    return tuple(one for prefix in prefixes for one in _versions(house, prefix))


def _but_proposal(state: AgreementState, stored: tuple[StoredVersion, ...]) -> tuple[StoredVersion, ...]:
    """Return all but the listing of the proposal in force, which cannot list itself."""
    own = working_key(state.agreement, state.disposal.listing, "json") if state.disposal else None
    return tuple(one for one in stored if one.key != own)


def _versions(house: Installation, prefix: str) -> Iterator[StoredVersion]:
    for listed in house.store.versions(prefix):
        found = None if listed.deleted else house.store.examine(listed.key, listed.version)
        if found is not None:
            yield StoredVersion.of(found)


def _own_data(house: Installation, state: AgreementState) -> set[Digest]:
    """Return the digests of data that no other agreement has: equal data is stored once."""
    own = set(_data_named(house, state.agreement))
    for row in house.register.rows():
        if own and row.id != state.agreement and row.stage is not Stage.DISPOSED:
            own -= set(_data_named(house, row.id))
    return own


def _data_named(house: Installation, agreement: str) -> Iterator[Digest]:
    for recorded in house.ledger.entries(agreement):
        if isinstance(recorded.entry.event, ev.Requested | ev.Revised):
            yield recorded.entry.event.data
