"""Renew: a further document timestamp on an archived document, before its newest one can no longer be verified."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from archive.layout import working_folder
from archive.register import RegisterRow
from archive.transaction import op_id_of
from flows.checkpoints import publish_checkpoint
from flows.due import Due
from flows.publish import deposit, held
from flows.retention import secure
from flows.stage import Outcome, keep, not_due, record
from flows.validation_reports import with_etsi_reports
from flows.wiring import Installation
from schemas import events as ev
from schemas.errors import ConvenioError, Invalid, Refused, RefusedTransition, TimestampUnavailable, Unavailable
from schemas.evidence import AgreementId, DepositReceipt, SealReport, canonical_json
from schemas.state import AgreementState, Stage
from signing.gate import admit_renewal
from signing.preserve import informed_about
from signing.renew import renew as renew_pdf, renewal_due


def renew(house: Installation, agreement: AgreementId, deposits: int) -> Outcome:
    """Renew the file of record of an agreement that has ``deposits`` so far, and deposit what comes of it.

    The earlier files stay where they are. What was renewed is kept before it is deposited, so that a run after one that
    was broken off deposits the same bytes. Raises :class:`Refused` for a file that cannot be renewed,
    :class:`TimestampUnavailable`, :class:`RevocationUnavailable` and :class:`StoreUnavailable` where somebody does not
    answer; nothing is then changed.
    """
    state = house.ledger.state(agreement)
    if not _waits(state, deposits):
        return not_due(state, "renew")
    base, now = _record(house, state), house.clock()
    final, report = _kept(house, state, base, now) or _made(house, state, base, now)
    report = with_etsi_reports(house, agreement, report, final, now)
    keep(house, agreement, final, "pdf")
    receipt = deposit(house, state, final)
    event = ev.Renewed(
        base=receipt_of(state).sha256,
        pdf=receipt.sha256,
        report=keep(house, agreement, canonical_json(report.model_dump(mode="json")), "json"),
        level=report.level,
        receipt=receipt,
    )
    op_id = op_id_of("renewed", agreement, event.base)
    if not record(house, agreement, op_id, now, event, waits=lambda after: _waits(after, deposits)):
        return not_due(house.ledger.state(agreement), "renew")
    secure(house, house.ledger.state(agreement))
    checkpoint = publish_checkpoint(house)
    return Outcome(
        agreement,
        "renew",
        acted=True,
        summary=f"{agreement} has a further timestamp and is archived anew ({held(receipt)}).",
        particulars={
            "file of record": receipt.sha256,
            "key": receipt.key,
            "held": held(receipt),
            "report": event.report,
            "checkpoint size": str(checkpoint.tree_size),
        },
    )


@dataclass
class Renewals:
    """When the archived documents are due for renewal; each sound file is looked at once, for it never changes."""

    _ends: dict[tuple[AgreementId, int], datetime | None] = field(default_factory=dict)

    def due(self, house: Installation) -> Iterator[Due]:
        """Yield a stage for each archived document whose newest timestamp ends within the days that are set."""
        now, within = house.clock(), timedelta(days=house.settings.renew_days)
        for row in house.register.rows():
            if row.stage is not Stage.ARCHIVED:
                continue
            end = self.end(house, row)
            if end is not None and end - within <= now:
                yield Due("renew", row.id, len(house.ledger.state(row.id).deposits))

    def end(self, house: Installation, row: RegisterRow) -> datetime | None:
        """Return until when an archived document's newest timestamp can be verified; none where it has none."""
        key = (row.id, row.counter)
        if key not in self._ends:
            try:
                self._ends[key] = renewal_due(_record(house, house.ledger.state(row.id)))
            except Unavailable:
                raise
            except ConvenioError:
                return None  # a damaged file is the fixity check's to tell; it may be mended
        return self._ends[key]


def _kept(house: Installation, state: AgreementState, base: bytes, now: datetime) -> tuple[bytes, SealReport] | None:
    """Return a renewal of ``base`` that a run before this one kept and did not come to record, if it still holds."""
    for listed in house.store.versions(working_folder(state.agreement)):
        if listed.size_bytes > len(base) and listed.key.endswith(".pdf"):
            with suppress(Refused, Invalid):
                content = house.store.get(listed.key)
                if content.startswith(base):
                    return content, _admitted(house, state, base, content, now)
    return None


def _made(house: Installation, state: AgreementState, base: bytes, now: datetime) -> tuple[bytes, SealReport]:
    final = renew_pdf(base, timestamper=house.timestamper, trust=house.trust(now), now=now)
    _require_gain(house, base, final, now)
    return final, _admitted(house, state, base, final, now)


def _admitted(house: Installation, state: AgreementState, base: bytes, final: bytes, now: datetime) -> SealReport:
    trust = informed_about(final, house.trust(now), now=now)
    return admit_renewal(base, final, policy=state.policy, trust=trust, now=now)


def _require_gain(house: Installation, base: bytes, final: bytes, now: datetime) -> None:
    """Refuse a renewal that is due and gains nothing: the sweep would make another one every minute."""
    before, after = renewal_due(base), renewal_due(final)
    if before is None or after is None or after > before or before - timedelta(days=house.settings.renew_days) > now:
        return
    raise TimestampUnavailable(
        "the new timestamp would not outlast the newest one",
        where=house.timestamper.where,
        got=f"verifiable until {after:%Y-%m-%d}",
        expected=f"a timestamp verifiable beyond {before:%Y-%m-%d}",
        remedy="wait for the authority's next certificate, or name another authority (tsa_url)",
    )


def receipt_of(state: AgreementState) -> DepositReceipt:
    """Return where the file of record lies; raise :class:`RefusedTransition` where nothing is archived."""
    if state.receipt is None:
        raise RefusedTransition("nothing is archived of this agreement", where=state.agreement, got=state.stage)
    return state.receipt


def _record(house: Installation, state: AgreementState) -> bytes:
    receipt = receipt_of(state)
    return house.store.get(receipt.key, version=receipt.version)


def _waits(state: AgreementState, deposits: int) -> bool:
    return state.stage is Stage.ARCHIVED and len(state.deposits) == deposits
