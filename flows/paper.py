"""Signatures on paper: a reviewer compares the scan with the file that was printed; the organisation seals both.

::

    scan, as received ──> detached seal (CMS with timestamp)
      │                                                        PaperRecord, sealed in the signatory's field
    reviewer of the legal office ──compared with──> digest of what was printed

The scan is a copy: it never counts as an electronic signature of the person, and the paper stays the original.
"""

from __future__ import annotations

from archive.layout import working_key
from flows.act import Done, acting, as_actor, data_of, require_office
from flows.delegation import signatory_of, signer_for
from flows.recorded import sealed
from flows.signatures import Base, Made, add_signature
from flows.wiring import Installation
from schemas import events as ev
from schemas.documents import Document
from schemas.errors import FourEyes, Refused
from schemas.evidence import AgreementId, Digest, SignatoryId, digest_of
from schemas.people import Office, Person, Role
from schemas.records import PaperRecord
from schemas.signature import SigningWay
from schemas.state import AgreementState


def sign_paper(
    house: Installation, agreement: AgreementId, *, by: str, signatory: str, scan: bytes, compared_with: Digest
) -> Done:
    """Record that ``signatory`` signed on paper, as the reviewer ``by`` saw on the scan.

    ``compared_with`` is the SHA-256 of the file the paper was printed from: the approved or the prepared PDF. Raises
    what :func:`flows.signatures.add_signature` raises; :class:`NotAuthorised` for who does not review for the legal
    office, :class:`FourEyes` for an author of the draft, the signatory and their delegate, and :class:`Refused` for a
    comparison that does not do, and :class:`InputError` for what is no scan.
    """
    from signing.detached import seal_detached
    from signing.scans import extension_of

    reviewer, state = acting(house, by, Role.REVIEWER), house.ledger.state(agreement)
    if signatory not in state.signatories:
        raise Refused(
            "there is no such signatory", where=agreement, got=signatory, expected=" or ".join(state.signatories)
        )
    _require_independent(state, data_of(house, state.data), reviewer, SignatoryId(signatory))
    extension = extension_of(scan)
    known: list[Digest] = []

    def make(base: Base) -> Made:
        _require_printed(house, base.state, compared_with)
        if not known:
            seal = seal_detached(
                scan, seal=house.seal, timestamper=house.timestamper, trust=house.trust(base.now), now=base.now
            )
            house.store.put(working_key(agreement, digest_of(scan), extension), scan)
            house.store.put(working_key(agreement, digest_of(seal), "p7s"), seal)
            known.append(digest_of(seal))
        record = PaperRecord(
            agreement=agreement,
            draft=base.state.draft,
            signatory=base.signatory,
            base=base.digest,
            person=reviewer.commitment,
            scan=digest_of(scan),
            extension=extension,
            size_bytes=len(scan),
            seal=known[0],
            compared_with=compared_with,
            compared_at=base.now,
        )
        return sealed(house, base, SigningWay.PAPER, record)

    return add_signature(
        house,
        agreement,
        SigningWay.PAPER,
        lambda now_state, document: signer_for(house, now_state, document, SignatoryId(signatory)),
        make,
        actor=as_actor(Role.REVIEWER, reviewer),
    )


def _require_independent(state: AgreementState, document: Document, reviewer: Person, signatory: SignatoryId) -> None:
    require_office(reviewer, Office.LEGAL, "the legal office records paper originals", where=state.agreement)
    if reviewer.commitment in state.authors:
        raise FourEyes(
            "an author of the draft does not record the paper original",
            where=state.agreement,
            expected="a reviewer who is not among its authors",
            remedy="ask another reviewer",
        )
    own, delegation = signatory_of(document, reviewer), state.delegation_of(signatory)
    named = {delegation.given_by, delegation.delegate} if delegation is not None else set()
    if reviewer.commitment in named or (own is not None and own.id == signatory):
        raise FourEyes(
            "neither the signatory nor their delegate records the paper original",
            where=state.agreement,
            expected="a reviewer who does not sign here",
            remedy="ask another reviewer",
        )


def _require_printed(house: Installation, state: AgreementState, compared_with: Digest) -> None:
    events = [recorded.entry.event for recorded in house.ledger.entries(state.agreement)]
    prepared = next(event.pdf for event in reversed(events) if isinstance(event, ev.Prepared))
    printed = [prepared, *([state.content.pdf] if state.content else [])]
    if compared_with not in printed:
        raise Refused(
            "the paper was not printed from the file that is being signed",
            where=f"{state.agreement}, draft {state.draft}",
            got=f"compared with {compared_with}",
            expected="the SHA-256 of the PDF that was approved, or of the one that was prepared for signature",
            remedy="take it from the very file that was printed (sha256sum FILE); where that is another one, print the "
            "current draft, have it signed by hand, and compare that",
        )
