"""With what a form begins: nothing, an example, a previous document, or a document it changes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from flows.bases import base_of
from flows.deadline import local_day
from flows.previews import EXAMPLES
from flows.wiring import Installation
from schemas import events as ev
from schemas.document import Document
from schemas.documents import data_bytes, model_of
from schemas.errors import InputError, Refused
from schemas.evidence import AgreementId
from schemas.fact import Fact, Status, facts
from schemas.fields import steps_of
from schemas.source import read_source
from schemas.state import AgreementState, Stage
from schemas.steps.drafting import STEPS as DRAFTING

SHARED = ("project", "parties", "contacts")
"""What a document takes over from one of another type."""

FOLLOWERS = {
    "amendment": "Change some of its clauses; all parties sign the change",
    "accession": "Let new partners join it",
    "termination": "Give notice that one party leaves it",
    "renewal": "Put a new document of the same kind in its place",
}
"""What may follow an archived document."""


@cache
def examples() -> Mapping[str, tuple[str, ...]]:
    """Return the names of the examples there are of each type; none where they are not installed."""
    found: dict[str, list[str]] = {}
    for path in sorted(EXAMPLES.glob("*/*.yaml")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("type: "):
                found.setdefault(line.removeprefix("type: ").strip(), []).append(f"{path.parent.name}/{path.stem}")
                break
    return MappingProxyType({kind: tuple(names) for kind, names in found.items()})


@cache
def _example(name: str) -> str:
    source = read_source((EXAMPLES / f"{name}.yaml").read_bytes(), name=name)
    return json.dumps(plain(source.content))


def example_named(name: str) -> dict[str, Any]:
    """Return the data of an example; raise :class:`InputError` naming those there are."""
    known = [one for names in examples().values() for one in names]
    if name not in known:
        raise InputError("there is no such example", got=name, expected=" or ".join(known) or "none is installed")
    return json.loads(_example(name))


def title_of_example(name: str) -> str:
    """Return the title of an example, in each of its languages; raise :class:`InputError` as :func:`example_named`."""
    title = example_named(name)["title"]
    return title if isinstance(title, str) else " / ".join(title.values())


def example_of(document_type: str) -> dict[str, Any]:
    """Return the data of the first example of a type; empty where there is none."""
    names = examples().get(document_type)
    return example_named(names[0]) if names else {}


def plain(content: Any) -> Any:
    """Return content as JSON can hold it: what a file wrote as a decimal number stays the text it was."""
    if isinstance(content, dict):
        return {str(name): plain(value) for name, value in content.items()}
    if isinstance(content, list):
        return [plain(value) for value in content]
    return content if content is None or isinstance(content, str | int) else str(content)


def content_of(document: Document) -> dict[str, Any]:
    """Return a document as plain data without its confirmations: who copies it has confirmed nothing."""
    return as_plain(unconfirmed_where_changed(document, None))


def as_plain(document: Document) -> dict[str, Any]:
    """Return a document as plain data, without what it leaves open."""
    return _without_nothing(json.loads(data_bytes(document)))


def _without_nothing(content: Any) -> Any:
    if isinstance(content, dict):
        return {name: _without_nothing(value) for name, value in content.items() if value not in (None, [])}
    if isinstance(content, list):
        return [_without_nothing(value) for value in content]
    return content


def taken_over(document: Document, document_type: str, *, everything: bool) -> dict[str, Any]:
    """Return what a document of a type begins with after a previous one.

    Everything it says, where it is of the same type and that is wanted, else its project, parties and contacts.
    """
    content = content_of(document)
    if everything and document.document_type == document_type:
        return {name: value for name, value in content.items() if name not in {"type", "signing", "supersedes"}}
    known = model_of(document_type).model_fields
    names = (*SHARED, *(("signatories",) if document.document_type == document_type else ()))
    return {name: content[name] for name in names if name in content and name in known}


def is_changeable(state: AgreementState) -> bool:
    """Whether the data of an agreement can still be replaced, by a new draft."""
    return state.stage in DRAFTING["revised"].at


def followers_of(state: AgreementState) -> tuple[str, ...]:
    """Return what may follow an agreement: nothing before it is archived; nobody accedes but to a partnership."""
    if state.stage is not Stage.ARCHIVED:
        return ()
    kinds = [kind for kind in FOLLOWERS if kind != "accession" or state.document_type == "partnership"]
    unsigned = not state.signatories
    notices = state.document_type in {"amendment", "termination", "accession"}
    return tuple(kind for kind in kinds if kind == "renewal" or not (unsigned or notices))


def following(house: Installation, state: AgreementState, kind: str) -> tuple[str, dict[str, Any]]:
    """Return type and first data of a document that follows an archived one, which it pins as it was archived.

    Raises :class:`Refused` where nothing of this ``kind`` may follow it.
    """
    if kind not in followers_of(state) or state.receipt is None:
        raise Refused(
            f"no {kind} can follow this document",
            where=f"{state.agreement}, {state.stage}",
            expected=" or ".join(followers_of(state)) or "an archived document",
        )
    base = base_of(house, state, local_day(house, house.clock()))
    document_type = state.document_type if kind == "renewal" else kind
    content = taken_over(base.document, document_type, everything=kind == "renewal")
    pin = _pin(house, state)
    if kind == "renewal":
        return document_type, {**content, "supersedes": pin}
    known = model_of(document_type).model_fields
    content |= {"base": pin}
    if kind == "amendment" and base.document.signatories:
        content["signatories"] = content_of(base.document)["signatories"]
    if "earlier" in known and base.changed_by:
        content["earlier"] = [_pin(house, house.ledger.state(AgreementId(agreement))) for agreement in base.changed_by]
    if "contacts" not in known:
        content.pop("contacts", None)
    return document_type, content


def _pin(house: Installation, state: AgreementState) -> dict[str, Any]:
    entries = [recorded.entry for recorded in house.ledger.entries(state.agreement)]
    agreed = [entry.occurred_at for entry in entries if isinstance(entry.event, ev.Signed)] or [state.since]
    sha256 = state.receipt.sha256 if state.receipt else None
    return {
        "agreement": state.agreement,
        "title": state.title,
        "draft": state.draft,
        "dated": {
            "value": local_day(house, max(agreed)).isoformat(),
            "status": "derived",
            "source": f"Ledger, {state.agreement}",
        },
        "sha256": {"value": sha256, "status": "derived", "source": f"Archive, {state.agreement}"},
    }


def unconfirmed_where_changed(document: Document, before: Document | None) -> Document:
    """Return ``document`` with every confirmation taken off that was not given for the same fact of ``before``."""
    known = {} if before is None else dict(facts(before))
    foreign = [
        (path, fact) for path, fact in facts(document) if fact.confirmation is not None and known.get(path) != fact
    ]
    if not foreign:
        return document
    content = document.model_dump(mode="python")
    for path, fact in foreign:
        place: Any = content
        for step in steps_of(path):
            place = place[step]
        place.update(status=_before_it_was_confirmed(fact), confirmation=None)
    return type(document).model_validate(content)


def _before_it_was_confirmed(fact: Fact[Any]) -> Status:
    if len(fact.claims) > 1:
        return Status.CONFLICTING
    return Status.ASSUMED if fact.source is not None else Status.STATED
