from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from schemas.evidence import canonical_json
from schemas.records import ClickRecord, PaperRecord, read_record

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
COMMON = {"agreement": "MOU-2026-0001", "draft": 2, "signatory": "for-gssc", "base": "1" * 64, "person": "2" * 64}
CLICK = ClickRecord(
    **COMMON,
    link_bound_to="3" * 64,
    shown="I have read it, and agree to it.",
    address="4" * 64,
    network=None,
    channel="command line",
    link_valid_until=NOW,
    code_valid_until=NOW,
    agreed_at=NOW,
)
PAPER = PaperRecord(
    **COMMON,
    scan="5" * 64,
    extension="pdf",
    size_bytes=1000,
    seal="6" * 64,
    compared_with="7" * 64,
    compared_at=NOW,
)


@pytest.mark.parametrize("record", [CLICK, PAPER], ids=["click", "paper"])
def test_record_is_canonical_json_and_reads_back(record):
    assert read_record(record.canonical) == record
    assert canonical_json(json.loads(record.canonical)) == record.canonical


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b'{"type":"drawn"}',
        CLICK.canonical.replace(b'"type":"click"', b'"type":"paper"'),
        CLICK.canonical.replace(b'"v":1', b'"v":2'),
        CLICK.canonical.replace(b'"network":null', b'"network":"192.0.2.7"'),
        PAPER.canonical.replace(b'"extension":"pdf"', b'"extension":"exe"'),
        PAPER.canonical[:-1] + b',"name":"Ana"}',
    ],
    ids=["nothing", "empty", "other type", "mixed up", "later version", "an address", "other kind", "a name"],
)
def test_anything_else_is_no_record(content):
    with pytest.raises(ValidationError):
        read_record(content)
