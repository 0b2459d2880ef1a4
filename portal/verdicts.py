"""Verdicts in words: what a verification found, said so that nobody needs a manual, and never without what to do.

::

    verdict        headline, in one sentence       "All 2 signatures are valid."
      ├── because  what follows from it            "Not one byte has changed since ..."
      ├── parts    each with reason and place      those that do not hold first
      └── limits   what was checked, and what was not
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from babel.dates import format_datetime

from archive.dossier import SUMMARY
from archive.history import AGREEMENT_PDF
from flows.verification import Verified
from portal.language import Language
from portal.verdict_parts import SIGNATORY, Part, name_of, parts_of, remedy_of
from schemas.evidence import Finding, SignatureKind, SignatureReport, Verdict, VerificationReport
from schemas.signature import LegalEffect, SigningWay

NAMES = ("Common Name: ", "Organization: ")
"""The parts of a certificate's subject that say whose it is."""

PUBLISHED_LOG = "the published log"
"""What the folder or bucket of the log is called to whoever has no business to know where it is."""

SUBJECT_PART = re.compile(r", (?=[A-Z][A-Za-z ]{1,40}: )")


@dataclass(frozen=True)
class Told:
    """A verdict in words; ``verdict`` chooses colour and shape, which never stand alone."""

    verdict: Verdict
    headline: str
    because: tuple[str, ...]
    remedy: str | None
    parts: tuple[Part, ...]
    checked: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()

    @property
    def open_parts(self) -> tuple[Part, ...]:
        """The parts that are not valid, those that fail first."""
        failing = tuple(part for part in self.parts if part.verdict is Verdict.INVALID)
        return (*failing, *(part for part in self.parts if part.verdict is Verdict.INDETERMINATE))

    @property
    def valid_parts(self) -> tuple[Part, ...]:
        """The parts that hold."""
        return tuple(part for part in self.parts if part.verdict is Verdict.VALID)


def told(language: Language, verified: Verified) -> Told:
    """Return what the verification of a PDF or dossier came to, in words."""
    say, report = language.say, _readable(verified)
    parts = parts_of(language, report, {one.signatory: one.name for one in verified.signers})
    limits = {"checked": tuple(_checked(language, verified)), "unchecked": tuple(_unchecked(language, verified))}
    if report.verdict is Verdict.VALID:
        return Told(
            Verdict.VALID, _all_valid(language, verified), tuple(_proven(language, verified)), None, parts, **limits
        )
    if _bears_nothing(verified):
        return Told(
            Verdict.INDETERMINATE,
            say("This PDF bears no signature, so nothing about it is proven."),
            (say("Anybody could have made it, and could have changed it."),),
            say("Ask whoever sent it for the signed PDF, or for its dossier."),
            parts,
            **limits,
        )
    failing = [finding for finding in report.findings if finding.verdict is Verdict.INVALID]
    if failing:
        headline = language.translations.ngettext(
            "Do not rely on this file: 1 check fails.", "Do not rely on this file: %(count)s checks fail.", len(failing)
        ) % {"count": len(failing)}
        because = tuple(_first(language, failing))
        if not limits["checked"]:
            because = (*because, say("The file could not be opened, so nothing else in it could be checked."))
        return Told(Verdict.INVALID, headline, because, remedy_of(language, failing[0]), parts, **limits)
    if verified.organisation is None:
        return Told(
            Verdict.INDETERMINATE,
            say("We cannot say whether to trust who made this file."),
            tuple(_foreign(language, verified)),
            say("Get the public keys of the organisation that sealed it, from the organisation itself, and choose them "
                "together with the file."),
            parts,
            **limits,
        )  # fmt: skip
    return Told(
        Verdict.INDETERMINATE,
        say("Nothing contradicts this file, but not everything about it is proven."),
        tuple(finding.reason for finding in report.findings if finding.verdict is Verdict.INDETERMINATE),
        next((part.remedy for part in parts if part.verdict is Verdict.INDETERMINATE), None),
        parts,
        **limits,
    )


def told_of_ledger(language: Language, report: VerificationReport, *, log: str) -> Told:
    """Return what a check of the whole ledger came to, in words; ``log`` is where this machine has the published log.

    What to do is said once, of the whole: the advice for single parts is about files that somebody was given.
    """
    say = language.say
    found = tuple(
        finding.model_copy(
            update={
                "reason": finding.reason.replace(log, PUBLISHED_LOG),
                "place": finding.place and finding.place.replace(log, PUBLISHED_LOG),
            }
        )
        for finding in report.findings
    )
    report = report.model_copy(update={"findings": found})
    parts = tuple(replace(part, remedy=None) for part in parts_of(language, report, {}))
    failing = [finding for finding in found if finding.verdict is Verdict.INVALID]
    if failing:
        return Told(
            Verdict.INVALID,
            say("The ledger, the log or the store was altered."),
            tuple(_first(language, failing)),
            say("Change nothing. Keep database, log and store as they are, tell the administrators, and compare with "
                "checkpoints that were kept elsewhere."),
            parts,
        )  # fmt: skip
    if report.verdict is Verdict.INDETERMINATE:
        missing = (finding.reason for finding in report.findings if finding.verdict is Verdict.INDETERMINATE)
        return Told(
            Verdict.INDETERMINATE, say("Nothing was altered, as far as it could be proved."), tuple(missing),
            say("Repeat the check when what is missing is there."), parts,
        )  # fmt: skip
    headline = say("Everything in the ledger holds.")
    return Told(Verdict.VALID, headline, (say("Every entry, every published tile and every stored file was proved "
                                             "again."),), None, parts)  # fmt: skip


def moment(language: Language, at: datetime) -> str:
    """Return an instant as people say it, with its zone: ``3 March 2027, 14:02 UTC``."""
    return format_datetime(at, "d MMMM y, HH:mm", locale=language.locale) + " UTC"


def whose(subject: str) -> str:
    """Return the name and organisation in a certificate's subject, or all of it where it says neither."""
    known = SUBJECT_PART.split(subject)
    found = [text.removeprefix(name) for name in NAMES for text in known if text.startswith(name)]
    return ", ".join(found) or subject


def persons_marks(verified: Verified) -> tuple[SignatureReport, ...]:
    """Return the marks that stand for people: their own signatures, and seals over records of what they did."""
    marks = verified.marks.signatures if verified.marks else ()
    return tuple(mark for mark in marks if mark.kind is SignatureKind.SIGNATURE or mark.field.startswith(SIGNATORY))


def _readable(verified: Verified) -> VerificationReport:
    """Return the findings with whose a certificate is in place of its whole subject, and no place where it is plain."""
    report = verified.report
    subjects = [mark.subject for mark in verified.marks.signatures] if verified.marks else []
    read = []
    for finding in report.findings:
        reason = finding.reason
        for subject in subjects:
            reason = reason.replace(subject, whose(subject))
        place = None if verified.kind == "pdf" and finding.place == AGREEMENT_PDF else finding.place
        read.append(finding.model_copy(update={"reason": reason, "place": place}))
    return report.model_copy(update={"findings": tuple(read)})


def effect_in_words(language: Language, effect: LegalEffect | None) -> str:
    """Return what a mark legally is (Regulation (EU) No 910/2014), in words."""
    say = language.say
    return {
        LegalEffect.SES: say("simple electronic signature"),
        LegalEffect.ADES: say("advanced electronic signature"),
        LegalEffect.QES: say("qualified electronic signature, equal to one by hand"),
        LegalEffect.SEAL: say("seal of an organisation"),
        LegalEffect.SCANNED: say("copy of a signature on paper"),
        LegalEffect.TIMESTAMP: say("timestamp"),
        None: say("not known"),
    }[effect]


def way_in_words(language: Language, way: SigningWay) -> str:
    """Return how somebody signed, in words."""
    say = language.say
    return {
        SigningWay.PKCS12: say("own certificate in a file"),
        SigningWay.PKCS11: say("own certificate in a token"),
        SigningWay.CSC: say("own certificate at a trust service"),
        SigningWay.UPLOAD: say("own software, then upload"),
        SigningWay.CLICK: say("click, by a link sent by mail and a one-time code"),
        SigningWay.PAPER: say("by hand on paper"),
    }[way]


def _all_valid(language: Language, verified: Verified) -> str:
    count = len(persons_marks(verified))
    if not count:
        return language.say("Every seal is valid; the document names nobody who has to sign.")
    said = language.translations.ngettext("The signature is valid.", "All %(count)s signatures are valid.", count)
    return said % {"count": count}


def _proven(language: Language, verified: Verified) -> Iterator[str]:
    say = language.say
    times = [mark.signed_at for mark in verified.marks.signatures if mark.signed_at] if verified.marks else []
    if times:
        yield say("The document has not changed since %(moment)s.", moment=moment(language, times[-1]))
    yield say("It is sealed by %(organisation)s.", organisation=verified.organisation)
    if verified.kind == "dossier":
        yield say("Every step from the request to the archive stands in the ledger.")


def _first(language: Language, failing: list[Finding]) -> Iterator[str]:
    say, first = language.say, failing[0]
    yield say("%(part)s: %(reason)s", part=name_of(language, first.part, {}), reason=first.reason)
    if first.place:
        yield say("Where: %(place)s", place=first.place)


def _foreign(language: Language, verified: Verified) -> Iterator[str]:
    say = language.say
    if verified.kind == "dossier":
        yield say(
            "It comes from another organisation's ledger, whose keys we do not have. What it holds fits together."
        )
    else:
        yield say("It bears no seal of this organisation. If it claims to be one of its documents, do not rely on it.")
        yield say("What is signed in it fits the file. Whether the certificates are genuine, we cannot judge.")
    subjects = [whose(mark.subject) for mark in (verified.marks.signatures if verified.marks else ())]
    if subjects:
        names = "; ".join(dict.fromkeys(subjects))
        yield say("The certificates say that they belong to: %(names)s.", names=names)


def _bears_nothing(verified: Verified) -> bool:
    marks = verified.marks
    return (
        verified.kind == "pdf" and marks is not None and not marks.signatures and marks.verdict is not Verdict.INVALID
    )


def _checked(language: Language, verified: Verified) -> Iterator[str]:
    """Yield what was looked at, whatever it came to: of each part there is a finding, of a file not opened none."""
    say, looked_at = language.say, {finding.part for finding in verified.report.findings}
    if _pdf_opened(verified):
        yield say("every signature, seal and timestamp in the PDF, and that each fits the bytes before it")
        yield say("that nothing was added or changed after them that nobody signed")
        if verified.organisation is not None:
            organisation = verified.organisation
            yield say("every certificate against the public keys of %(organisation)s", organisation=organisation)
    if "manifest" in looked_at:
        yield say("that every file in the dossier is the one that its own list names")
    if "approved = signed = archived" in looked_at:
        yield say("that what was approved is what was signed, and what was signed is what was archived")
    if "inclusion proofs" in looked_at:
        yield say("that every step stands in the ledger, under a checkpoint that is signed and timestamped")
    if SUMMARY in looked_at:
        yield say("that the pages for people in the dossier say what the evidence says")


def _pdf_opened(verified: Verified) -> bool:
    """Whether the signed PDF was there and could be read: what cannot has no marks, and is invalid for that alone."""
    marks = verified.marks
    return marks is not None and (bool(marks.signatures) or marks.verdict is not Verdict.INVALID)


def _unchecked(language: Language, verified: Verified) -> Iterator[str]:
    say = language.say
    if not any(_checked(language, verified)):
        return
    if not _pdf_opened(verified):
        yield say("the signatures: the signed PDF in it could not be examined")
    if verified.organisation is None:
        yield say("whether the certificates are genuine: we have no keys of whoever made the file")
    if verified.kind == "pdf":
        yield say("who asked for it, who approved it, and what the ledger says: its dossier proves those")
    yield say("whether a certificate was revoked since what the file itself says about it: nobody else is asked")
    yield say("whether a later document changed or ended this one")
    yield say("whether what it says is true, and lawful")
