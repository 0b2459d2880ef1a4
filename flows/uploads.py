"""Taking in a PDF that a signatory signed with software of their own."""

from __future__ import annotations

from functools import partial

from archive.layout import working_key
from flows.act import Done, acting, as_actor
from flows.delegation import signer
from flows.signatures import Base, Made, add_signature, require_own
from flows.wiring import Installation
from schemas import events as ev
from schemas.errors import StaleBase
from schemas.evidence import AgreementId
from schemas.people import Role
from schemas.signature import SigningWay


def sign_uploaded(house: Installation, agreement: AgreementId, *, by: str, content: bytes) -> Done:
    """Take ``content``, the newest revision signed elsewhere, as the person's signature.

    Raises what :func:`flows.signatures.add_signature` and :func:`signing.upload.accept` raise, and :class:`StaleBase`
    where the file that was signed is no longer the newest.
    """
    person = acting(house, by, Role.SIGNATORY)
    return add_signature(
        house,
        agreement,
        SigningWay.UPLOAD,
        partial(signer, person=person),
        partial(_accepted, house, content),
        actor=as_actor(Role.SIGNATORY, person),
        repeat=False,
    )


def _accepted(house: Installation, content: bytes, base: Base) -> Made:
    from signing.keys import digest_of_certificate
    from signing.upload import accept

    _require_newest(house, content, base)
    uploaded = accept(
        content,
        base.content,
        signatory_id=base.signatory,
        level=base.state.policy.level,
        trust=house.trust(base.now),
        now=base.now,
    )
    require_own(base, uploaded.certificate)
    return Made(content, digest_of_certificate(uploaded.certificate), uploaded.effect)


def _require_newest(house: Installation, content: bytes, base: Base) -> None:
    """Tell who signed an earlier revision that somebody else signed meanwhile, and not that the file is foreign."""
    if content.startswith(base.content):
        return
    events = [recorded.entry.event for recorded in house.ledger.entries(base.agreement)]
    prepared = next(event for event in reversed(events) if isinstance(event, ev.Prepared))
    if content.startswith(house.store.get(working_key(base.agreement, prepared.pdf, "pdf"))):
        raise StaleBase(
            "somebody else signed after this file was handed out",
            where=base.agreement,
            got="a signature on an earlier revision",
            expected=f"a signature on the newest one, with SHA-256 {base.digest}",
            remedy=f"take the newest file (convenio fetch {base.agreement}) and sign again",
        )
