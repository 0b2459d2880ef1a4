"""The parts of a verification report in words: what each is called, what the standard's reason means, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from portal.language import Language
from schemas.evidence import Finding, SignatoryId, Verdict, VerificationReport

SIGNATORY = "signatory:"
"""How the field of a person's mark begins, whoever's certificate made it."""

Names = Mapping[SignatoryId, str]
"""Names of signatories, as far as they are known."""


@dataclass(frozen=True)
class Part:
    """One part of a report: what, how it stands, why, where, what the standard calls that, and what to do."""

    name: str
    verdict: Verdict
    reason: str
    place: str | None
    sub_indication: str | None
    meaning: str | None
    remedy: str | None


def parts_of(language: Language, report: VerificationReport, names: Names) -> tuple[Part, ...]:
    """Return each part of a report, in its order."""
    return tuple(
        Part(
            name=name_of(language, finding.part, names),
            verdict=finding.verdict,
            reason=finding.reason,
            place=finding.place,
            sub_indication=finding.sub_indication,
            meaning=_meaning(language, finding.sub_indication),
            remedy=None if finding.verdict is Verdict.VALID else remedy_of(language, finding),
        )
        for finding in report.findings
    )


def name_of(language: Language, part: str, names: Names) -> str:
    """Return what a part is called; a person's mark by whose it is."""
    say = language.say
    kind, _, field = part.partition(" ")
    if field.startswith(SIGNATORY):
        its_id = SignatoryId(field.removeprefix(SIGNATORY))
        whom = names.get(its_id, its_id)
        said = {
            "signature": say("Signature of %(signatory)s", signatory=whom),
            "field": say("Field of %(signatory)s", signatory=whom),
        }
        return said.get(kind) or say("Seal that stands for %(signatory)s", signatory=whom)
    known = {
        "seal seal:opening": say("Opening seal"),
        "seal seal:closing": say("Closing seal"),
        "timestamp timestamp:closing": say("Closing timestamp"),
        "keys": say("Public keys"),
        "file": say("Whole file"),
        "approved = signed = archived": say("Approved = signed = archived"),
    }
    return known.get(part) or part[:1].upper() + part[1:]


def remedy_of(language: Language, finding: Finding) -> str:
    """Return what to do about a part that is not valid."""
    say, part = language.say, finding.part
    if finding.verdict is Verdict.INVALID:
        return say("Do not rely on this file, and keep it as it is. Get it again from where it is kept; if it still "
                   "fails, tell the organisation, with this report.")  # fmt: skip
    if part in {"keys", "trust", "seals", "checkpoint"}:
        return say("Get the public keys from the organisation by another way than this file, and verify it with them.")
    if part.startswith("field "):
        return say("Wait until everybody has signed, and verify the file that you get then.")
    if part == "times":
        return say("Compare the clock here with another one; if it is right, tell the organisation.")
    if part.startswith("legal effect"):
        return say("Ask for the trusted list that the organisation adopted, and verify with it.")
    return say("Ask the organisation for what is missing, by the name of this part.")


def _meaning(language: Language, sub_indication: str | None) -> str | None:
    """Return in words what a sub-indication means (EN 319 102-1 5.1.3, table 5)."""
    say = language.say
    return {
        "FORMAT_FAILURE": say("it is not written as the standard asks"),
        "HASH_FAILURE": say("the bytes are not the ones that were signed"),
        "SIG_CRYPTO_FAILURE": say("the signature was not made with the key of this certificate"),
        "SIG_CONSTRAINTS_FAILURE": say("it is not the kind of signature that is asked for"),
        "CHAIN_CONSTRAINTS_FAILURE": say("the certificate may not be used for this"),
        "CRYPTO_CONSTRAINTS_FAILURE": say("its algorithms are too weak"),
        "CRYPTO_CONSTRAINTS_FAILURE_NO_POE": say(
            "its algorithms are too weak by now, and nothing proves that it is older"
        ),
        "NO_SIGNING_CERTIFICATE_FOUND": say("the certificate is missing"),
        "NO_CERTIFICATE_CHAIN_FOUND": say("the certificate leads to nobody who is trusted here"),
        "NO_CERTIFICATE_CHAIN_FOUND_NO_POE": say("the certificate leads to nobody who is trusted here"),
        "REVOKED": say("the certificate was revoked before"),
        "REVOKED_NO_POE": say("the certificate was revoked, and nothing proves that the signature is older"),
        "REVOKED_CA_NO_POE": say("an authority above it was revoked, and nothing proves that the signature is older"),
        "EXPIRED": say("the certificate had expired"),
        "NOT_YET_VALID": say("the certificate was not valid yet"),
        "OUT_OF_BOUNDS_NO_POE": say("the certificate is not valid now, and nothing proves that the signature is older"),
        "OUT_OF_BOUNDS_NOT_REVOKED": say(
            "the certificate is not valid now, and nothing proves that the signature is older"
        ),
        "TIMESTAMP_ORDER_FAILURE": say("its timestamps contradict each other"),
        "NO_POE": say("nothing proves when it was made"),
        "TRY_LATER": say("whether the certificate was revoked is not known yet"),
        "CERTIFICATE_CHAIN_GENERAL_FAILURE": say("the certificates could not be judged"),
        "SIGNED_DATA_NOT_FOUND": say("what was signed is missing"),
        "GENERIC": say("the standard has no name for the reason"),
    }.get(sub_indication or "")
