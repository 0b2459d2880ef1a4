"""Who signed, for whom, and by which certificate or seal: what the table of signatures says of each mark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.verdict_parts import SIGNATORY
from portal.verdicts import persons_marks, whose
from schemas.evidence import SignatureKind, SignatureReport

if TYPE_CHECKING:
    from archive.signers import Signer
    from flows.verification import Verified
    from portal.language import Language


@dataclass(frozen=True)
class WhoSigned:
    """One mark of a person: ``who`` signed, and ``by`` which certificate or seal, where ``who`` does not say that."""

    mark: SignatureReport
    who: str
    by: str | None


def who_signed(language: Language, verified: Verified) -> tuple[WhoSigned, ...]:
    """Return who made each mark of a person, in signing order.

    A dossier names the signatories; of a PDF alone, a seal tells no more than their id.
    """
    known = {f"{SIGNATORY}{one.signatory}": one for one in verified.signers}
    return tuple(_of(language, verified, mark, known.get(mark.field)) for mark in persons_marks(verified))


def _of(language: Language, verified: Verified, mark: SignatureReport, signer: Signer | None) -> WhoSigned:
    say, subject = language.say, whose(mark.subject)
    sealed = mark.kind is SignatureKind.SEAL or mark.evidence is not None
    if sealed:
        by = say("under the seal of %(organisation)s", organisation=verified.organisation or subject)
    else:
        by = say("with the certificate of %(name)s", name=subject)
    if signer is None:
        its_id = mark.field.removeprefix(SIGNATORY)
        return WhoSigned(mark, say("Signatory “%(id)s”", id=its_id), by) if sealed else WhoSigned(mark, subject, None)
    names = {"name": signer.name, "party": signer.party}
    if signer.by_delegate:
        delegate = signer.delegate or say("somebody erased")
        who = say("%(delegate)s in place of %(name)s, for %(party)s", delegate=delegate, **names)
    else:
        who = say("%(name)s, for %(party)s", **names)
    return WhoSigned(mark, who, by)
