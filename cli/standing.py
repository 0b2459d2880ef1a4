"""Where an agreement stands, in names and values for a person."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.evidence import Digest, SignatoryId
from schemas.state import AgreementState


def described(state: AgreementState, people: Mapping[Digest, str]) -> dict[str, str]:
    """Return what ``convenio show`` says; ``people`` are names by commitment. Values that are empty say nothing."""
    content = state.content
    return {
        "agreement": state.agreement,
        "title": state.title,
        "state": f"draft {state.draft}, {state.stage} since {state.since:%Y-%m-%d %H:%M} UTC",
        "waits for": ", ".join(state.waiters),
        "open facts": ", ".join(state.open_facts),
        "data": state.data,
        "template": content.template if content else "",
        "docx": content.docx if content else "",
        "draft pdf": content.pdf if content else "",
        "approved for": ", ".join(approval.office for approval in state.approvals),
        "rounds": ", then ".join(" + ".join(group) for group in state.rounds),
        "sign by": state.sign_by.isoformat() if state.sign_by else "",
        **{f"signatory {one}": _signatory(state, one, people) for one in state.signatories},
        "newest pdf": state.pdf or "",
        "level": state.level or "",
        "archived as": state.receipt.key if state.receipt else "",
        "held": "" if not state.receipt else state.receipt.lock_mode or "tamper-evident",
        "keep until": state.retention_until.isoformat() if state.retention_until else "",
        "legal hold": "in place" if state.held else "",
    }


def _signatory(state: AgreementState, signatory: SignatoryId, people: Mapping[Digest, str]) -> str:
    said = []
    if (delegation := state.delegation_of(signatory)) is not None:
        name = people.get(delegation.delegate, "erased")
        said.append(f"{name} signs for them" if delegation.confirmed else f"{name} is to sign for them, not confirmed")
    signature = next((one for one in state.signatures if one.signatory == signatory), None)
    if signature is not None:
        said.append(f"signed, {signature.way}, {signature.effect}")
    else:
        said.append("invited" if signatory in state.invited else "not invited yet")
    return "; ".join(said)
