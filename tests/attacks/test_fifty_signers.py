"""Fifty requests to sign one document at the same moment: one signature for each signatory, and none is lost."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context

import pytest

from archive.layout import working_key
from flows import commands
from flows.collect import collect
from flows.conclude import conclude
from flows.draft import draft
from flows.prepare import prepare
from schemas.events import Signed
from schemas.evidence import AgreementId
from schemas.loader import load_document
from schemas.people import Office
from schemas.signing_round import Signing
from schemas.state import Stage
from signing.fields import signatory_field
from signing.revision import open_pdf, signatures_of
from tests.attacks.rivals import ask_at_once
from tests.completed import completed
from tests.every_type import OFFICES
from tests.installation import EXAMPLE, MANAGER, Clock, certificate, opened, people

THREE_SIGNATORIES = EXAMPLE.parents[1] / "c2future" / "mou-colombia-mexico.yaml"
PROCESSES, REQUESTS = 2, 50


@pytest.mark.office
@pytest.mark.slow
def test_fifty_requests_make_one_signature_for_each_signatory(tmp_path, warm_office):
    document = completed(load_document(THREE_SIGNATORIES)).model_copy(update={"signing": Signing(order="parallel")})
    signatories = document.signatories
    with opened(tmp_path / "home", warm_office, Clock(datetime.now(UTC) - timedelta(days=1))) as house:
        people(house)
        for address in OFFICES:
            commands.add_person(house, address, name="Reviewer", roles=("reviewer",), offices=tuple(Office))
        requested = commands.request(house, document, by=MANAGER)
        agreement = AgreementId(requested.state.agreement)
        draft(house, agreement, 1)
        for office, reviewer in zip(requested.state.offices, OFFICES, strict=False):
            commands.approve(house, agreement, draft=1, by=reviewer, office=office)
        prepare(house, agreement, 1)
        collect(house, agreement, 0)
        keys = [(one.email, certificate(house, one.email, str(one.name))) for one in signatories]
        requests = [keys[number % len(keys)] for number in range(REQUESTS)]

        with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as processes:
            asked = [
                processes.submit(ask_at_once, house.home, agreement, requests[number::PROCESSES])
                for number in range(PROCESSES)
            ]
            ended = sum((one.result(timeout=200) for one in asked), Counter())

        won = {email: count for (email, how), count in ended.items() if how == "signed"}
        assert won == {one.email: 1 for one in signatories}
        assert {how for _, how in ended} == {"signed", "signed before"}
        assert ended.total() == REQUESTS

        state = house.ledger.state(agreement)
        assert (state.stage, sorted(state.signed)) == (Stage.SIGNED, sorted(one.id for one in signatories))
        assert [one.entry.event for one in house.ledger.entries(agreement) if isinstance(one.entry.event, Signed)] == [
            *state.signatures
        ]
        house.clock.now = datetime.now(UTC) + timedelta(minutes=1)
        assert conclude(house, agreement, len(signatories)).acted, "it passed the gate"
        concluded = house.store.get(working_key(agreement, house.ledger.state(agreement).pdf, "pdf"))
        filled = [mark.field_name for mark in signatures_of(open_pdf(concluded))]
        assert filled[1:-2] == [signatory_field(one) for one in state.signed]
