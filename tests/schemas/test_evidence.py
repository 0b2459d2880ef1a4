from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import get_args

import pytest
from hypothesis import given, settings, strategies as st
from pydantic import TypeAdapter, ValidationError

from schemas.events import Entry, Event, Office, RevisionReason
from schemas.evidence import (
    Finding,
    Instant,
    Verdict,
    VerificationReport,
    canonical_json,
    digest_of,
    instant_text,
    worst,
)
from schemas.installation_events import AccountAct, WebhookAct
from schemas.people import Actor, Role
from schemas.signature import LegalEffect, SigningWay

EVENT = TypeAdapter(Event)
HEX = st.binary(min_size=32, max_size=32).map(bytes.hex)
INSTANTS = st.datetimes(
    min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    timezones=st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)  # fmt: skip
DRAFT = st.integers(1, 99)
COVERED = st.fixed_dictionaries({"data": HEX, "template": HEX, "manifest": HEX, "docx": HEX, "pdf": HEX})
SIGNATORY = st.from_regex(r"[a-z][a-z0-9-]{0,39}", fullmatch=True)
PROPOSAL = {
    "draft": st.just(1), "title": st.text(), "data": HEX, "signatories": st.lists(SIGNATORY, min_size=1, max_size=3),
    "offices": st.lists(st.sampled_from(list(Office)), min_size=1, max_size=3),
    "open_facts": st.lists(st.text(), max_size=3), "template": HEX, "changes": st.lists(st.text(), max_size=2),
}  # fmt: skip
DECISION = {"draft": DRAFT, "covers": COVERED}
RECEIPT = {
    "store": st.text(), "key": st.text(), "sha256": HEX, "size_bytes": st.integers(0, 2**40),
    "retain_until": st.none() | INSTANTS,
}  # fmt: skip
FIELDS: dict[str, dict[str, st.SearchStrategy]] = {
    "requested": {**PROPOSAL, "document_type": st.text(), "template_version": st.integers(1, 99)},
    "revised": {**PROPOSAL, "draft": DRAFT, "reason": st.sampled_from(list(RevisionReason))},
    "edited": {"draft": st.integers(2, 99), "data": HEX, "base": HEX, "docx": HEX, "remark": HEX},
    "drafted": {"draft": DRAFT, "content": COVERED},
    "approved": {**DECISION, "office": st.sampled_from(list(Office))},
    "returned": {**DECISION, "remark": HEX},
    "rejected": {**DECISION, "remark": HEX},
    "prepared": {"draft": DRAFT, "base": HEX, "pdf": HEX},
    "invited": {"signatory": SIGNATORY, "pdf": HEX},
    "signed": {
        "signatory": SIGNATORY,
        "base": HEX,
        "pdf": HEX,
        "certificate": HEX,
        "evidence": st.none() | HEX,
        "way": st.sampled_from(list(SigningWay)),
        "effect": st.sampled_from(list(LegalEffect)),
    },
    "delegated": {"signatory": SIGNATORY, "delegate": HEX, "authority": HEX, "remark": HEX},
    "delegation confirmed": {"signatory": SIGNATORY, "delegate": HEX, "authority": HEX},
    "delegation revoked": {"signatory": SIGNATORY, "remark": HEX},
    "concluded": {"base": HEX, "pdf": HEX, "report": HEX, "level": st.text()},
    "deposited": {"receipt": st.fixed_dictionaries(RECEIPT)},
    "renewed": {
        "base": HEX,
        "pdf": HEX,
        "report": HEX,
        "level": st.text(),
        "receipt": st.fixed_dictionaries(RECEIPT),
    },
    "balance paid": {"paid_on": st.dates(), "small_grant": st.booleans(), "until": st.dates(), "remark": HEX},
    "retention extended": {"until": st.dates(), "remark": HEX},
    "hold placed": {"remark": HEX},
    "hold released": {"remark": HEX},
    "disposal proposed": {"listing": HEX, "remark": HEX},
    "disposed": {
        "receipts": st.lists(st.fixed_dictionaries(RECEIPT), max_size=2),
        "certificate": HEX,
        "remark": HEX,
    },
    "lapsed": {"sign_by": st.dates()},
    "extended": {"sign_by": st.dates(), "remark": HEX},
    "inventory taken": {"day": st.dates(), "objects": st.integers(0, 9), "root": HEX, "listing": HEX},
    "fixity checked": {
        "day": st.dates(),
        "listed": st.integers(0, 9),
        "read": st.integers(0, 9),
        "read_bytes": st.integers(0, 9),
        "faults": st.integers(0, 9),
        "report": HEX,
    },
    "person erased": {"person": HEX, "remark": HEX},
    "restore drilled": {
        "day": st.dates(),
        "leaves": st.integers(0, 9),
        "root": HEX,
        "equal": st.booleans(),
        "report": HEX,
    },
    "roles given": {
        "person": HEX,
        "roles": st.lists(st.sampled_from(list(Role)), min_size=1, max_size=2),
        "offices": st.lists(st.sampled_from(list(Office)), max_size=2),
    },
    "template adopted": {
        "document_type": st.text(),
        "edition": st.text(),
        "version": st.integers(1, 9),
        "docx": HEX,
    },
    "template retired": {"document_type": st.text(), "edition": st.text(), "docx": HEX},
    "policies changed": {"policies": HEX},
    "backed up": {
        "day": st.dates(),
        "backup": HEX,
        "size_bytes": st.integers(0, 2**40),
        "files": st.integers(0, 99),
        "rows": st.integers(0, 10**6),
    },
    "account changed": {"person": HEX, "act": st.sampled_from(list(AccountAct))},
    "webhook changed": {"webhook": HEX.map(lambda one: one[:16]), "act": st.sampled_from(list(WebhookAct)), "url": HEX},
    "withdrawn": {"remark": HEX},
    "declined": {"signatory": SIGNATORY, "remark": HEX},
}
EVENTS = st.one_of(
    st.fixed_dictionaries({"type": st.just(kind), **fields}).map(EVENT.validate_python)
    for kind, fields in FIELDS.items()
)
ENTRIES = st.builds(
    Entry,
    op_id=HEX,
    agreement=st.integers(1, 9999).map(lambda number: f"MOU-2026-{number:04d}"),
    counter=st.integers(0, 10**6),
    occurred_at=INSTANTS,
    actor=st.builds(Actor, role=st.none() | st.sampled_from(list(Role)), person=st.none() | HEX),
    event=EVENTS,
)


def test_every_type_of_event_is_tried() -> None:
    kinds = {part.model_fields["type"].default for part in get_args(get_args(Event)[0])}
    assert kinds == FIELDS.keys()


def test_canonical_json_is_rfc_8785() -> None:
    """RFC 8785 3.2.2 and 3.2.3: keys by UTF-16 code units, shortest numbers, no spaces, text as it is."""
    assert canonical_json({"b": 1, "a": [True, None, "č\n"]}) == '{"a":[true,null,"č\\n"],"b":1}'.encode()
    keys = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7}
    assert list(json.loads(canonical_json(keys))) == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


def test_digest_is_sha256() -> None:
    """FIPS 180-4, the example of one block."""
    assert digest_of(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@settings(max_examples=60)
@given(ENTRIES)
def test_an_entry_survives_canonical_json_with_one_digest(entry) -> None:
    leaf = canonical_json(entry.model_dump(mode="json"))
    again = Entry.model_validate_json(leaf)
    assert again == entry
    assert canonical_json(again.model_dump(mode="json")) == leaf


@given(INSTANTS)
def test_an_instant_is_held_and_written_in_utc(instant) -> None:
    adapter = TypeAdapter(Instant)
    held = adapter.validate_python(instant)
    assert held == instant
    assert held.tzinfo is UTC
    assert adapter.dump_python(held, mode="json") == instant_text(instant)
    assert instant_text(instant).endswith("Z")
    assert len(instant_text(instant)) == 27
    assert datetime.fromisoformat(instant_text(instant)) == instant


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValidationError, match="timezone"):
        TypeAdapter(Instant).validate_python("2026-01-01T00:00:00")


@pytest.mark.parametrize("change", [{"v": 2}, {"op_id": "AB" * 32}, {"op_id": "0" * 63}, {"counter": -1}, {"note": ""}])
def test_an_entry_of_another_form_is_refused(change) -> None:
    entry = {
        "op_id": "00" * 32, "agreement": "MOU-2026-0001", "counter": 0, "occurred_at": "2026-01-01T00:00:00Z",
        "actor": {"role": "manager", "person": "11" * 32}, "event": {"type": "withdrawn", "remark": "22" * 32},
    }  # fmt: skip
    assert Entry.model_validate(entry).event.type == "withdrawn"
    with pytest.raises(ValidationError):
        Entry.model_validate(entry | change)


def test_the_weakest_verdict_counts_and_no_check_proves_nothing() -> None:
    valid, unsure, invalid = Verdict.VALID, Verdict.INDETERMINATE, Verdict.INVALID
    assert worst([valid, unsure, invalid]) is invalid
    assert worst([valid, unsure]) is unsure
    assert worst([valid]) is valid
    assert worst([]) is unsure


def test_a_report_is_as_good_as_its_weakest_finding() -> None:
    findings = tuple(
        Finding(part=str(verdict), verdict=verdict, reason="x") for verdict in (Verdict.VALID, Verdict.INVALID)
    )
    assert VerificationReport(subject="x", findings=findings).verdict is Verdict.INVALID
    assert VerificationReport(subject="x", findings=findings[:1]).verdict is Verdict.VALID
    assert VerificationReport(subject="x", findings=()).verdict is Verdict.INDETERMINATE
