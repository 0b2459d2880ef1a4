"""What each type of document is for, who signs it and who approves it: what somebody asks before they choose one."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.documents import document_types, model_of


@dataclass(frozen=True)
class DocumentType:
    """A type of document in plain words, in English; ``_`` translates them."""

    name: str
    kind: str
    purpose: str
    signed: str
    approved: str


ALL_SIGN = "Every party signs."
NOBODY_SIGNS = "Nobody has to sign; the body that decides adopts it."
LEGAL = "Legal approves"
ALWAYS = "; the Director does, too, where a clause departs from the library."
MONEY = f"{LEGAL}, and Finance{ALWAYS}"

WORDS: dict[str, tuple[str, str, str]] = {
    "accession": (
        "Let new partners join a partnership agreement that is in force.",
        "The new partners sign; the others sign or name the decision by which they agreed.",
        MONEY,
    ),
    "amendment": (
        "Change clauses of a document that is in force; the rest stays as it is.",
        "Every party signs, or as many as the document asks for.",
        f"{LEGAL}, and Finance where money, liability or results are touched{ALWAYS}",
    ),
    "exchange": (
        "Settle one ClusterXchange visit: who visits whom, when, what is done, and which lump sum is paid.",
        "Visitor, host and both cluster organisations sign.",
        f"{LEGAL}, and Finance where a lump sum is paid{ALWAYS}",
    ),
    "mou": (
        "Say what two or more organisations want to do together, mostly without binding them.",
        ALL_SIGN,
        f"{LEGAL}, and Finance where costs are shared or it binds as a whole{ALWAYS}",
    ),
    "partnership": (
        "Found a partnership: its members, how they decide, what they share, how they part.",
        ALL_SIGN,
        MONEY,
    ),
    "ppp": (
        "Have SMEs develop a solution for a city: phases, prices, acceptance tests, risks, results.",
        "The city and the SMEs sign.",
        MONEY,
    ),
    "roadmap": (
        "Plan who does what, when, with which money, and how that is measured.",
        NOBODY_SIGNS,
        f"{LEGAL}, and Finance where it plans costs or funding{ALWAYS}",
    ),
    "strategy": (
        "Join a partnership agreement and a roadmap into one strategy for going abroad.",
        NOBODY_SIGNS,
        MONEY,
    ),
    "termination": (
        "Give notice that one party leaves a document in force.",
        "The party that gives notice signs, and nobody else.",
        f"{LEGAL}, and Finance where it is not an ordinary termination{ALWAYS}",
    ),
}


def type_named(name: str) -> DocumentType:
    """Return a type in words; raises :class:`InputError` for one that is none."""
    kind = model_of(name).kind
    purpose, signed, approved = WORDS.get(name, ("", "", ""))
    return DocumentType(name, kind, purpose, signed, approved)


def every_type() -> tuple[DocumentType, ...]:
    """Return all types, those that begin something first."""
    begins = ("mou", "partnership", "roadmap", "strategy", "exchange", "ppp")
    names = document_types()
    return tuple(
        type_named(name) for name in (*[n for n in begins if n in names], *[n for n in names if n not in begins])
    )
