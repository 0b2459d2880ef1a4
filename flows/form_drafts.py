"""Forms on their way to a document: begun, saved as typed, checked as a file would be, and at the end requested.

Nothing typed is lost by being wrong: what is saved is plain data, and its faults are told beside it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from archive.form_drafts import FormDraft
from flows import commands
from flows.act import Done, data_of
from flows.deadline import require_to_come
from flows.form_merge import Clash, merged
from flows.form_starts import unconfirmed_where_changed
from flows.proposal import proposed, template_for
from flows.wiring import Installation
from schemas import events as ev
from schemas.documents import Document, data_bytes, model_of
from schemas.errors import Fault, InputError, Refused, Unavailable
from schemas.evidence import AgreementId, digest_of
from schemas.field_ids import with_ids
from schemas.fields import document_part, explicit
from schemas.loader import parse_document
from schemas.people import Person
from schemas.state import AgreementState

KEPT_FOR = timedelta(days=180)
"""How long a form that nobody touches is kept."""

MOST_FORMS = 200
"""How many unfinished forms one person may have."""


@dataclass(frozen=True)
class Reading:
    """What a form amounts to: a document, or the faults that keep it from being one."""

    document: Document | None
    faults: tuple[Fault, ...]


def begin(
    house: Installation,
    person: Person,
    document_type: str,
    document: Mapping[str, Any],
    *,
    agreement: str | None = None,
    base_draft: int | None = None,
    sections: tuple[str, ...] = (),
    key: str = "",
) -> FormDraft:
    """Keep a new form with ``document`` as its first data; forms nobody touched for long are deleted.

    What is begun again with the same ``key`` and data is the form that was begun first. Raises :class:`Refused` for
    somebody with too many unfinished ones.
    """
    now, whole = house.clock(), document_part(model_of(document_type))
    begun_with = {**document, "type": document_type}
    its_id = _id_of(person, key, agreement, begun_with) if key else secrets.token_hex(8)
    house.form_drafts.forget_older(now - KEPT_FOR)
    if (begun := house.form_drafts.find(its_id, person.commitment)) is not None:
        return begun
    if len(house.form_drafts.of_owner(person.commitment)) >= MOST_FORMS:
        raise Refused(
            "you have too many unfinished forms",
            expected=f"fewer than {MOST_FORMS}",
            remedy="finish some of them, or throw them away",
        )
    form = FormDraft(
        id=its_id,
        owner=person.commitment,
        document_type=document_type,
        agreement=agreement,
        base_draft=base_draft,
        sections=sections,
        document=with_ids(whole, explicit(whole, begun_with)),
        updated_at=now,
    )
    return house.form_drafts.begin(form)


def _id_of(person: Person, key: str, agreement: str | None, begun_with: Mapping[str, Any]) -> str:
    return digest_of(json.dumps([person.commitment, key, agreement, begun_with], sort_keys=True).encode())[:16]


def unfinished(house: Installation, person: Person) -> tuple[FormDraft, ...]:
    """Return the forms somebody began and has not finished, the newest first."""
    return house.form_drafts.of_owner(person.commitment)


class SavedMeanwhile(Refused):
    """Fields were changed that somebody else saved otherwise since; nothing was written.

    ``form`` is the form as it stands, ``values`` what was to be saved, with the other's changes of further fields.
    """

    def __init__(self, form: FormDraft, values: Mapping[str, Any], clashes: tuple[Clash, ...]) -> None:
        super().__init__("what you changed was saved in another window since you opened it")
        self.form, self.values, self.clashes = form, values, clashes


def save(
    house: Installation,
    form: FormDraft,
    values: Mapping[str, Any],
    *,
    section: str | None = None,
    opened: Mapping[str, Any] | None = None,
) -> FormDraft | None:
    """Put ``values`` (fields of the document; ``None`` for one that is not given) into a form as it stands now.

    ``section`` was looked through; ``opened`` is what the fields held when they were shown, and only what differs from
    it is written. Returns ``None`` where the form is no longer there, or is finished. Raises :class:`SavedMeanwhile`
    where the same field was saved otherwise since.
    """

    def put(current: FormDraft) -> FormDraft:
        if current.made:
            return current
        written, clashes = (values, ()) if opened is None else merged(opened, current.document, values)
        if clashes:
            raise SavedMeanwhile(current, written, clashes)
        document = {name: value for name, value in {**current.document, **written}.items() if value is not None}
        sections = dict.fromkeys((*current.sections, *([section] if section else [])))
        changed = {"document": document, "sections": tuple(sections), "updated_at": house.clock()}
        return current.model_copy(update=changed)

    return house.form_drafts.change(form.id, form.owner, put)


def reading_of(form: FormDraft) -> Reading:
    """Read a form as a file with its data would be read."""
    try:
        content = json.dumps(form.document, ensure_ascii=False).encode("utf-8", "surrogatepass")
        document = parse_document(content, name="the form.json")
    except InputError as error:
        faults = tuple(Fault(fault.path, fault.message, read=fault.read, expected=fault.expected,
                             proposal=fault.proposal) for fault in error.faults)  # fmt: skip
        return Reading(None, faults or (Fault("", error.what, expected=error.expected),))
    return Reading(document, ())


def examined(house: Installation, form: FormDraft) -> Reading:
    """Read a form and ask, too, what the request would ask: pinned documents, clauses, days; nothing is recorded."""
    found = reading_of(form)
    if found.document is None:
        return found
    try:
        document = document_of(house, form)
        require_to_come(house, document)
        proposed(house, document, data_bytes(document), form.base_draft or 1, template_for(house, document))
    except InputError as error:
        return Reading(None, error.faults or (Fault("", str(error)),))
    except Unavailable:
        raise
    except Refused as error:
        return Reading(None, (Fault("", str(error)),))
    return found


def document_of(house: Installation, form: FormDraft) -> Document:
    """Return the document of a complete form; raise :class:`InputError` with every fault of another one.

    A confirmation stays only with the very fact that was confirmed.
    """
    found = reading_of(form)
    if found.document is None:
        raise InputError("the form is not complete", found.faults)
    before = None
    if form.agreement is not None:
        before = data_of(house, house.ledger.state(AgreementId(form.agreement)).data)
    return unconfirmed_where_changed(found.document, before)


def finish(
    house: Installation, form: FormDraft, *, by: str, discard_edits: bool = False, void_signatures: bool = False
) -> Done:
    """Request the agreement of a form, or give its data in place of the draft it was opened on.

    Repeating it gives the first result. Where another act gave the same data before, that one's result is returned,
    not changed, and the form stays. Raises as :func:`flows.commands.request` and :func:`flows.commands.revise`.
    """
    if form.made and form.agreement is not None:
        return Done(house.ledger.state(AgreementId(form.agreement)), changed=False)
    document = document_of(house, form)
    if form.agreement is None or form.base_draft is None:
        done = commands.request(house, document, by=by)
    else:
        done = commands.revise(
            house,
            AgreementId(form.agreement),
            document,
            draft=form.base_draft,
            by=by,
            discard_edits=discard_edits,
            void_signatures=void_signatures,
        )
    if not done.changed and not _is_of(house, form, done.state):
        return done
    # what it held stands in the agreement now; that it was made is kept for whoever sends it once more
    made = {"made": True, "agreement": done.state.agreement, "document": {}, "updated_at": house.clock()}
    house.form_drafts.change(form.id, form.owner, lambda current: current.model_copy(update=made))
    return done


def _is_of(house: Installation, form: FormDraft, state: AgreementState) -> bool:
    """Whether it was this very form that was sent: its owner gave the data after the form was last touched."""
    entries = [recorded.entry for recorded in house.ledger.entries(state.agreement)]
    drafts = [one for one in entries if isinstance(one.event, ev.Requested | ev.Revised)]
    given = drafts[0 if form.agreement is None else -1]
    return given.actor.person == form.owner and given.occurred_at >= form.updated_at


def discard(house: Installation, form: FormDraft) -> None:
    """Throw a form away."""
    house.form_drafts.forget(form.id, form.owner)


def rebase(house: Installation, form: FormDraft, *, draft: int) -> None:
    """Have a form change draft ``draft`` in place of the one it was opened on; what was typed stays as it is."""
    house.form_drafts.change(
        form.id,
        form.owner,
        lambda current: current.model_copy(update={"base_draft": draft, "updated_at": house.clock()}),
    )


def title_of(form: FormDraft) -> str:
    """Return the title typed so far, or what kind of document it becomes."""
    title = form.document.get("title")
    if isinstance(title, dict):
        title = next((text for text in title.values() if isinstance(text, str)), None)
    return title if isinstance(title, str) and title.strip() else model_of(form.document_type).kind
