"""An installation whose archived agreements stand on really stored objects, made without LibreOffice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from archive.layout import data_key
from archive.transaction import op_id_of
from flows.publish import publish
from flows.settings import Settings
from flows.stage import keep
from flows.wiring import Installation
from schemas import events as ev
from schemas.evidence import AgreementId, digest_of
from schemas.people import SYSTEM, Actor, Office, Role
from tests import ceph
from tests.worlds import seal_report

MANAGER, COUNSEL, BOOKKEEPER = "manager@example.org", "counsel@example.org", "bookkeeper@example.org"
ADMINISTRATOR, SECOND_ADMINISTRATOR = "administrator@example.org", "second.administrator@example.org"


def installation(home: Path, clock: Callable[[], datetime], **settings: object) -> Installation:
    """An installation with a manager, counsel, a reviewer of another office and two administrators."""
    house = Installation(Settings(home=home, **settings), clock=clock)
    house.people.add(MANAGER, "Manager", [Role.MANAGER])
    house.people.add(COUNSEL, "Counsel", [Role.REVIEWER], [Office.LEGAL])
    house.people.add(BOOKKEEPER, "Bookkeeper", [Role.REVIEWER], [Office.FINANCE])
    for administrator in (ADMINISTRATOR, SECOND_ADMINISTRATOR):
        house.people.add(administrator, "Administrator", [Role.ADMINISTRATOR])
    return house


def on_s3(endpoint: str, bucket: str, lock: str = "COMPLIANCE", **more: object) -> dict[str, object]:
    """The settings of an archive in a bucket of the tests' user."""
    return {
        "archive_url": f"s3://{bucket}?endpoint={endpoint}&lock={lock}",
        "s3_access_key": ceph.ACCESS_KEY,
        "s3_secret_key": ceph.SECRET_KEY,
        **more,
    }


def draft_one(house: Installation, data: bytes = b'{"one":1}') -> AgreementId:
    """An agreement nobody has to sign, in review; everything its entries name is stored."""
    with house.ledger.transaction() as tx:
        agreement = tx.new_agreement_id("mou", 2026)
        number = agreement.encode()
        house.store.put(data_key(digest_of(data)), data)
        event = ev.Requested(
            data=digest_of(data),
            signatories=(),
            offices=(Office.LEGAL,),
            open_facts=(),
            document_type="mou",
            template_version=1,
            template=digest_of(b"template"),
            title="Memorandum of Understanding",
        )
        tx.append(agreement, op_id_of("requested", agreement), house.clock(), _actor(house, MANAGER), event)
    content = ev.Covered(
        data=digest_of(data),
        template=keep(house, agreement, b"template", "docx"),
        manifest=keep(house, agreement, b"manifest of " + number, "json"),
        docx=keep(house, agreement, b"DOCX of " + number, "docx"),
        pdf=keep(house, agreement, b"%PDF of " + number, "pdf"),
    )
    _append(house, agreement, SYSTEM, ev.Drafted(draft=1, content=content))
    return agreement


def conclude_one(house: Installation, data: bytes = b'{"one":1}') -> AgreementId:
    """The same, approved, prepared and concluded: it waits for its deposit."""
    agreement = draft_one(house, data)
    number, content = agreement.encode(), house.ledger.state(agreement).content
    prepared = keep(house, agreement, b"%PDF of " + number + b", sealed", "pdf")
    final = keep(house, agreement, b"%PDF of " + number + b", sealed twice", "pdf")
    report = keep(house, agreement, seal_report(final), "json")
    for actor, event in (
        (_actor(house, COUNSEL), ev.Approved(draft=1, office=Office.LEGAL, covers=content)),
        (SYSTEM, ev.Prepared(draft=1, base=content.pdf, pdf=prepared)),
        (SYSTEM, ev.Concluded(base=prepared, pdf=final, report=report, level="B-LTA")),
    ):
        _append(house, agreement, actor, event)
    return agreement


def archive_one(house: Installation, data: bytes = b'{"one":1}') -> AgreementId:
    """The same, deposited."""
    agreement = conclude_one(house, data)
    publish(house, agreement, 0)
    return agreement


def _append(house: Installation, agreement: AgreementId, actor: Actor, event: ev.Event) -> None:
    with house.ledger.transaction() as tx:
        tx.append(agreement, op_id_of(event.type, agreement), house.clock(), actor, event)


def _actor(house: Installation, email: str) -> Actor:
    person = house.people.get(email)
    return Actor(role=person.roles[0], person=person.commitment)
