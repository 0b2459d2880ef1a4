"""Telling people: everybody whom an act concerns, each once, whatever fails in between."""

from __future__ import annotations

import shutil
from email import message_from_bytes
from email.policy import default

import pytest

from archive.database import writing
from archive.personal import erase_person
from archive.remarks import forget
from flows import commands
from flows.collect import collect
from flows.draft import draft
from flows.due import Due
from flows.failures import keep_failure
from flows.notify import notify
from flows.queries import trouble, wait_until
from flows.sweep import sweep
from schemas.errors import Refused, Unavailable
from schemas.state import Stage
from tests.flows.test_round import dispatch_all, mails
from tests.flows.test_sweep import PATIENCE
from tests.installation import FIRST, MANAGER, REVIEWER, SECOND, sign
from tests.signing_ways import mails as texts

pytestmark = pytest.mark.office

EVERYBODY = {MANAGER, REVIEWER, FIRST, SECOND}
REASON = "The board did not agree."
PORTAL = "http://127.0.0.1:8080"


def tell(house, agreement):
    """Run every notify that is due, twice; return what the mails of the first say, by address."""
    rows = [row for row in house.outbox.due() if row.stage == "notify"]
    before = set(house.mail.folder.glob("*.eml"))
    told = {}
    for row in rows:
        outcome = notify(house, row.agreement, row.version)
        assert outcome.acted
        assert "@" not in outcome.summary + str(outcome.particulars)
        written = sorted(set(house.mail.folder.glob("*.eml")) - before)
        assert not notify(house, row.agreement, row.version).acted
        assert set(house.mail.folder.glob("*.eml")) == before | set(written)
        for path in written:
            message = message_from_bytes(path.read_bytes(), policy=default)
            assert message["To"] not in told, "each is told once"
            assert message["To"] not in path.name
            told[message["To"]] = f"{message['Subject']}\n{message.get_content()}"
    return told


def decline(house, agreement):
    commands.decline(house, agreement, by=FIRST, reason=REASON)


def withdraw(house, agreement):
    commands.withdraw(house, agreement, by=MANAGER, reason=REASON)


def reject(house, agreement):
    commands.reject(house, agreement, draft=2, by=REVIEWER, comment=REASON)


ACTS = {
    "declined": ("signing", decline, {MANAGER, REVIEWER, FIRST}),
    "declined late": ("second invited", lambda h, a: commands.decline(h, a, by=SECOND, reason=REASON), EVERYBODY),
    "withdrawn": ("signing", withdraw, {MANAGER, REVIEWER, FIRST}),
    "withdrawn when signed": ("collected", withdraw, EVERYBODY),
    "withdrawn early": ("second draft", withdraw, {MANAGER}),
    "rejected": ("second draft", reject, {MANAGER, REVIEWER}),
}


def test_who_may_decide_is_asked_to_review_and_nobody_of_another_office(at, agreement):
    house = at("requested")
    for email, offices in (("finance@example.org", ("finance",)), ("both@example.org", ("legal", "director"))):
        commands.add_person(house, email, name="Somebody", roles=("reviewer",), offices=offices)
    assert house.ledger.state(agreement).offices == ("legal",)
    draft(house, agreement, 1)
    assert set(mails(house, "-review-1-").values()) == {REVIEWER, "both@example.org"}
    [said] = [said for said in texts(house, "-review-1-") if f"--as {REVIEWER}" in said]
    assert "You decide for the legal office." in said
    assert "cannot be approved while facts are open" in said
    assert "review approve" not in said
    assert said.index(f"{PORTAL}/review/{agreement}") < said.index(f"{PORTAL}/documents/{agreement}/facts")
    assert said.index(f"{PORTAL}/documents/{agreement}/facts") < said.index("convenio ")


def test_whose_draft_was_returned_hears_why_and_how_to_answer(at, agreement):
    house = at("second draft")
    commands.return_draft(house, agreement, draft=2, by=REVIEWER, comment=REASON)
    told = tell(house, agreement)
    assert set(told) == {MANAGER, REVIEWER}
    assert all(f"Reviewer returned draft 2: {REASON}" in said for said in told.values())
    assert f"convenio revise {agreement} FILE --draft 2 --as {MANAGER}" in told[MANAGER]
    assert "convenio revise" not in told[REVIEWER]
    assert told[MANAGER].index(f"{PORTAL}/documents/{agreement}/amend") < told[MANAGER].index("convenio revise")


@pytest.mark.parametrize(("point", "act", "whom"), ACTS.values(), ids=ACTS.keys())
def test_everybody_concerned_hears_the_reason_once(at, agreement, point, act, whom):
    house = at(point)
    act(house, agreement)
    told = tell(house, agreement)
    assert set(told) == whom
    assert all(REASON in said for said in told.values())
    for reader in whom & {MANAGER, REVIEWER}:
        page = f"{PORTAL}/documents/{agreement}/timeline"
        assert told[reader].index(page) < told[reader].index("convenio timeline")
    assert not [said for reader in whom & {FIRST, SECOND} if PORTAL in (said := told[reader])], "they have no such page"
    assert f"{PORTAL}/documents/new or on the command line: convenio new FILE" in " ".join(told[MANAGER].split())
    assert house.ledger.state(agreement).stage is Stage.ENDED


def test_everybody_hears_that_the_document_is_archived_and_where_its_dossier_is(at, agreement):
    house = at("archived")
    told = tell(house, agreement)
    assert set(told) == EVERYBODY
    assert all(f"convenio dossier {agreement}" in said for said in told.values())
    page = f"Read what was signed: {PORTAL}/documents/{agreement} "
    assert {reader for reader, said in told.items() if page in " ".join(said.split())} == {MANAGER, REVIEWER}


def test_a_new_draft_lists_the_signatures_it_voids(at, agreement, example):
    house = at("second invited")
    pdf = house.ledger.state(agreement).pdf
    document = example.model_copy(update={"notice_days": 60})
    commands.revise(house, agreement, document, draft=2, by=MANAGER, void_signatures=True)
    told = tell(house, agreement)
    assert set(told) == EVERYBODY
    assert all(f"Signatory for the GSSC partnership (revision with SHA-256 {pdf})" in said for said in told.values())


def test_before_signing_a_new_draft_is_news_to_nobody(at, agreement, example):
    house = at("second draft")
    commands.revise(house, agreement, example.model_copy(update={"notice_days": 60}), draft=2, by=MANAGER)
    assert tell(house, agreement) == {}


def test_who_was_invited_hears_that_the_invitation_is_void(at, agreement, example):
    house = at("signing")
    commands.revise(house, agreement, example.model_copy(update={"notice_days": 60}), draft=2, by=MANAGER)
    told = tell(house, agreement)
    assert set(told) == {MANAGER, REVIEWER, FIRST}
    assert "every invitation to sign is void" in told[FIRST]


def test_who_is_missing_after_a_fault_is_told_and_nobody_twice(at, agreement, monkeypatch):
    house = at("collected")
    withdraw(house, agreement)
    counter = house.ledger.state(agreement).counter
    from flows.mail import MailFolder

    send, sent = MailFolder.send, []

    def fails_third(mail, key, **message):
        sent.append(key)
        if len(sent) == 3:
            raise Unavailable("the disk is full")
        return send(mail, key, **message)

    monkeypatch.setattr(MailFolder, "send", fails_third)
    with pytest.raises(Unavailable):
        notify(house, agreement, counter)
    assert len(mails(house, "-withdrawn-")) == 2
    assert notify(house, agreement, counter).acted
    assert set(mails(house, "-withdrawn-").values()) == EVERYBODY
    assert len(mails(house, "-withdrawn-")) == 4


def test_a_lost_or_failed_message_is_sent_by_the_sweep_and_a_done_one_is_left_alone(at, agreement):
    house = at("signing")
    withdraw(house, agreement)
    due = Due("notify", agreement, house.ledger.state(agreement).counter)
    dispatch_all(house)
    assert due not in sweep(house, patience=PATIENCE)
    house.clock.now += PATIENCE
    assert due in sweep(house, patience=PATIENCE), "its run was lost"
    dispatch_all(house)
    keep_failure(house, due, Unavailable("the disk is full"))
    said = trouble(house, agreement)
    assert "notify failed" in said
    assert "attempt 2, and it is tried again from" in said
    house.clock.now += 2 * PATIENCE
    assert due in sweep(house, patience=PATIENCE)
    notify(house, agreement, due.version)
    house.clock.now += 9 * PATIENCE
    assert due not in sweep(house, patience=PATIENCE)
    assert trouble(house, agreement) is None


def test_people_who_cannot_be_told_hold_up_no_stage(at, agreement):
    house = at("signing")
    withdraw(house, agreement)
    due = Due("notify", agreement, house.ledger.state(agreement).counter)
    keep_failure(house, due, Refused("no"))
    assert wait_until(house, agreement, lambda state: state.stage is Stage.ENDED, seconds=0).stage is Stage.ENDED


def test_an_erased_person_is_passed_over_and_a_reason_that_was_erased_is_called_so(at, agreement):
    house = at("signing")
    withdraw(house, agreement)
    remark = house.ledger.entries(agreement)[-1].entry.event.remark
    with writing(house.engine) as connection:
        erase_person(connection, REVIEWER)
        forget(connection, remark)
    told = tell(house, agreement)
    assert set(told) == {MANAGER, FIRST}
    assert all("withdrew the agreement: (erased)" in said for said in told.values())


def test_an_act_nobody_is_told_of_is_no_errand(at, agreement):
    house = at("signing")
    for counter in (-1, 0, 1, 999):
        assert not notify(house, agreement, counter).acted
    shutil.rmtree(house.mail.folder)
    sign(house, agreement, FIRST)
    collect(house, agreement, 1)
    assert not [row for row in house.outbox.due() if row.stage == "notify"]
