"""Installations whose agreement waits for signatures, and what lies in their mail folder."""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from email.policy import SMTP

from archive.layout import working_key
from flows.wiring import Installation
from schemas import events as ev
from schemas.evidence import AgreementId
from schemas.policy import SignaturePolicy
from schemas.records import ClickRecord, PaperRecord, read_record
from tests.installation import WAY

LINK = re.compile(r"^  https?://[^/ ]+/sign/([0-9a-f]{64})\r?$", re.MULTILINE)
CODE = re.compile(r"^  (\d{6})\r?$", re.MULTILINE)


@contextmanager
def changed(house: Installation, **settings: object) -> Iterator[Installation]:
    """Yield the same installation under other settings."""
    other = replace(house, settings=house.settings.model_copy(update=settings))
    other.__dict__["office"] = house.__dict__["office"]
    yield other
    del other.__dict__["office"]
    other.close()


def wait_for_signatures(house: Installation, agreement: AgreementId, policy: SignaturePolicy | None = None) -> None:
    """Lead an approved agreement to the first invitation, under ``policy``."""
    policies = {} if policy is None else {house.ledger.state(agreement).document_type: policy}
    with changed(house, signature_policies=policies) as ruled:
        WAY["prepared"](ruled, agreement)
        WAY["signing"](ruled, agreement)


def mails(house: Installation, part: str) -> list[str]:
    """Return the texts of the mails whose file's name has ``part``, the newest last."""
    paths = sorted(house.mail.folder.glob(f"*{part}*.eml"), key=lambda path: (path.stat().st_mtime_ns, path.name))
    messages = [email.message_from_bytes(path.read_bytes(), policy=SMTP) for path in paths]
    return [message.get_content() for message in messages]


def link_in(text: str) -> str:
    """Return the link in the address of the page that a mail leads to."""
    found = LINK.search(text)
    assert found is not None, text
    return found[1]


def code_in(text: str) -> str:
    found = CODE.search(text)
    assert found is not None, text
    return found[1]


def last_signed(house: Installation, agreement: AgreementId) -> ev.Signed:
    return house.ledger.state(agreement).signatures[-1]


def record_of(house: Installation, agreement: AgreementId) -> ClickRecord | PaperRecord:
    """Return the evidence record of the newest signature."""
    evidence = last_signed(house, agreement).evidence
    assert evidence is not None
    return read_record(house.store.get(working_key(agreement, evidence, "json")))


def everything_public(house: Installation, agreement: AgreementId) -> bytes:
    """Return what may be shown to anybody: the ledger's leaves, the outbox, all names of objects and mails."""
    leaves = [recorded.entry.model_dump_json() for recorded in house.ledger.entries(agreement)]
    due = [row.model_dump_json() for row in house.outbox.due()]
    names = [*house.store.keys(), *(path.name for path in house.mail.folder.glob("*"))]
    return "\n".join([*leaves, *due, *names]).encode()
