"""Which signatures each type of document needs: the installation's policies, and their checks."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from schemas.documents import document_types
from schemas.policy import SignaturePolicy


def policy_for(policies: Mapping[str, SignaturePolicy], document_type: str) -> SignaturePolicy:
    """Return the policy of a document type: the one set, else the default (B-LTA, every way to sign)."""
    return policies.get(document_type, SignaturePolicy())


def require_known_types(policies: Mapping[str, SignaturePolicy]) -> None:
    """Refuse a policy for a type of document that does not exist: it would silently not be in force."""
    known = document_types()
    for name in policies:
        if name not in known:
            near = next(iter(get_close_matches(name, known, n=1)), None)
            hint = f"; did you mean {near}?" if near else f"; there are {', '.join(known)}"
            raise ValueError(f"{name} is no type of document{hint}")
