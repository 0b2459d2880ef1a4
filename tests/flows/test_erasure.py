from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.policy import SMTP

import pytest
from sqlalchemy import select

from archive import tables
from archive.database import reading
from flows import commands
from flows.checkpoints import publish_checkpoint
from flows.commands import add_person
from flows.dossiers import dossier_of
from flows.erasure import erase, erasure_of
from flows.holds import place_hold, release_hold
from flows.ledger_check import check_ledger
from flows.notify import notify
from flows.retention import balance_paid
from flows.timeline import happened
from flows.verification import verify_file
from schemas import events as ev
from schemas.errors import NotAuthorised, Refused, Unavailable
from schemas.evidence import Verdict
from tests.installation import FIRST, MANAGER, REVIEWER, SECOND, WAY
from tests.signing.test_scans import png
from tests.signing_ways import code_in, link_in, mails

pytestmark = pytest.mark.office

ADMINISTRATOR = "administrator@example.org"
REASON = "asked for it in writing"


@pytest.fixture
def opened(at):
    def open_at(point: str):
        house = at(point)
        add_person(house, ADMINISTRATOR, name="Administrator", roles=("administrator",))
        return house

    return open_at


def traces(house, *texts: str) -> list[str]:
    """Files of the home that hold one of the texts; objects are what the law keeps, keys are encrypted."""
    files = [path for path in house.home.rglob("*") if path.is_file() and "objects" not in path.parts]
    return [path.name for path in files if any(text.encode() in path.read_bytes() for text in texts)]


def test_an_erased_person_is_gone_from_every_file_but_the_documents(opened, agreement):
    house = opened("archived")
    reviewer = house.people.get(REVIEWER)
    assert traces(house, REVIEWER, reviewer.salt)
    erased = erase(house, REVIEWER, reason=REASON, by=ADMINISTRATOR)
    assert traces(house, REVIEWER, reviewer.salt) == []
    assert erased.acted_in == (agreement,)
    assert erased.named_in == ()
    assert len(erased.mails) > 0


def test_all_proofs_still_verify_and_the_timeline_says_erased(opened, agreement, tmp_path):
    house = opened("archived")
    before = house.ledger.tree(house.ledger.size).root()
    size = house.ledger.size
    erase(house, REVIEWER, reason=REASON, by=ADMINISTRATOR)
    assert house.ledger.tree(size).root() == before
    told = {line.person for line in happened(house, agreement)}
    assert "erased" in told
    assert "Reviewer" not in told
    assert check_ledger(house).verdict is Verdict.VALID
    path = tmp_path / "dossier.zip"
    path.write_bytes(dossier_of(house, agreement))
    assert verify_file(path, house.verification_keys()).verdict is not Verdict.INVALID
    assert REVIEWER.encode() not in path.read_bytes()
    assert b"erased" in path.read_bytes()


def test_the_ledger_says_that_it_was_done_by_whom_and_why(opened):
    house = opened("archived")
    reviewer, administrator = house.people.get(REVIEWER), house.people.get(ADMINISTRATOR)
    erase(house, REVIEWER, reason=REASON, by=ADMINISTRATOR)
    last = house.ledger.installation_entries()[-1].entry
    assert isinstance(last.event, ev.PersonErased)
    assert (last.event.person, last.actor.person) == (reviewer.commitment, administrator.commitment)
    assert house.remarks.get(last.event.remark).text == REASON
    assert publish_checkpoint(house).tree_size == house.ledger.size


def test_comments_go_with_their_author_and_others_stay(opened, agreement):
    house = opened("in review")
    commands.return_draft(house, agreement, draft=1, by=REVIEWER, comment="Their comment.")
    commands.withdraw(house, agreement, by=MANAGER, reason="No longer wanted.")
    *_, returned, withdrawn = [recorded.entry.event for recorded in house.ledger.entries(agreement)]
    assert erase(house, REVIEWER, reason=REASON, by=ADMINISTRATOR).remarks == 1
    assert house.remarks.get(returned.remark) is None
    assert house.remarks.get(withdrawn.remark).text == "No longer wanted."
    assert traces(house, "Their comment.") == []


def test_what_the_law_keeps_is_told_before(opened, agreement):
    house = opened("archived")
    erasure = erasure_of(house, FIRST)
    assert erasure.named_in == (agreement,)
    assert erasure.needed_in == ()
    assert house.people.get(FIRST).commitment == erasure.person


def test_links_to_sign_go_with_the_signatory(opened):
    house = opened("archived")
    (field,) = erasure_of(house, FIRST).fields
    before = links(house)
    assert field in before
    erase(house, FIRST, reason=REASON, by=ADMINISTRATOR)
    assert links(house) == before - {field}


def links(house) -> set[tuple[str, str]]:
    columns = tables.sign_links.c
    with reading(house.engine) as connection:
        return {tuple(row) for row in connection.execute(select(columns.agreement, columns.signatory))}


@pytest.mark.parametrize(("point", "email"), [("in review", MANAGER), ("signing", FIRST)])
def test_whom_an_agreement_under_way_needs_is_not_erased(opened, agreement, point, email):
    house = opened(point)
    with pytest.raises(Refused, match="under way") as refused:
        erase(house, email, reason=REASON, by=ADMINISTRATOR)
    assert refused.value.got == agreement
    assert house.people.get(email)


def test_only_administrators_erase_and_not_themselves(opened):
    house = opened("archived")
    with pytest.raises(NotAuthorised):
        erase(house, FIRST, reason=REASON, by=REVIEWER)
    with pytest.raises(Refused, match="themselves"):
        erase(house, ADMINISTRATOR, reason=REASON, by=ADMINISTRATOR)


def test_an_unknown_person_cannot_be_erased(opened):
    with pytest.raises(Refused, match="no person"):
        erase(opened("archived"), "nobody@example.org", reason=REASON, by=ADMINISTRATOR)


def test_an_erasure_that_broke_off_before_its_entry_is_repeated(opened, monkeypatch):
    house = opened("archived")
    with monkeypatch.context() as patched:
        patched.setattr("archive.personal.traces_of", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            erase(house, REVIEWER, reason=REASON, by=ADMINISTRATOR)
    assert house.people.get(REVIEWER)
    erase(house, REVIEWER, reason=REASON, by=ADMINISTRATOR)
    assert traces(house, REVIEWER) == []


@pytest.mark.parametrize("step", ["publish_checkpoint", "overwrite_erased"])
def test_an_erasure_that_broke_off_after_its_entry_is_finished_by_the_handle(opened, monkeypatch, step):
    house = opened("archived")
    reviewer = house.people.get(REVIEWER)
    with monkeypatch.context() as patched:
        patched.setattr(f"flows.erasure.{step}", lambda *_: (_ for _ in ()).throw(Unavailable("no answer")))
        with pytest.raises(Unavailable, match="what follows is not finished") as broken:
            erase(house, REVIEWER, reason=REASON, by=ADMINISTRATOR)
    assert f"people erase {reviewer.handle}" in broken.value.remedy
    size = house.ledger.size
    assert erase(house, reviewer.handle, reason=REASON, by=ADMINISTRATOR).person == reviewer.commitment
    assert house.ledger.size == size
    assert traces(house, REVIEWER, reviewer.salt) == []
    assert check_ledger(house).verdict is Verdict.VALID
    assert house.log_store.get(f"checkpoints/{size}") is not None


def test_whom_an_agreement_comes_to_need_meanwhile_is_not_erased(opened, example, monkeypatch):
    house = opened("archived")
    add_person(house, "other@example.org", name="Other", roles=("manager",))
    begin, elsewhere = house.ledger.transaction, replace(house)

    def begin_after_a_request():
        commands.request(elsewhere, example, by="other@example.org")
        return begin()

    monkeypatch.setattr(house.ledger, "transaction", begin_after_a_request)
    with pytest.raises(Refused, match="under way"):
        erase(house, FIRST, reason=REASON, by=ADMINISTRATOR)
    elsewhere.close()
    assert house.people.get(FIRST)


def test_a_comment_goes_from_the_mails_that_told_others_of_it(opened, agreement):
    house = opened("in review")
    add_person(house, "critic@example.org", name="Clementina Critic", roles=("reviewer",))
    commands.reject(house, agreement, draft=1, by="critic@example.org", comment="Nobody needs this.")
    counter = house.ledger.state(agreement).counter
    notify(house, agreement, counter)
    told = mails_to(house, MANAGER)
    assert any("Clementina Critic" in text and "Nobody needs this." in text for text in told)
    erase(house, "critic@example.org", reason=REASON, by=ADMINISTRATOR)
    assert traces(house, "Clementina", "Critic", "critic@example.org", "Nobody needs this.") == []
    assert len(mails_to(house, MANAGER)) == len(told) - 1


def mails_to(house, email: str) -> list[str]:
    messages = [message_from_bytes(path.read_bytes(), policy=SMTP) for path in house.mail.folder.glob("*.eml")]
    return [message.get_content() for message in messages if message["To"] == email]


def test_who_is_named_in_an_agreement_under_legal_hold_is_not_erased(opened, agreement):
    house = opened("archived")
    add_person(house, "bystander@example.org", name="Bystander", roles=("auditor",))
    place_hold(house, agreement, by=REVIEWER, reason="an investigation")
    for email in (FIRST, REVIEWER, MANAGER):
        with pytest.raises(Refused, match="agreements under legal hold") as refused:
            erase(house, email, reason=REASON, by=ADMINISTRATOR)
        assert refused.value.got == agreement
        assert "Article 17(3)(b) and (e)" in refused.value.expected
        assert house.people.get(email)
    erase(house, "bystander@example.org", reason=REASON, by=ADMINISTRATOR)
    release_hold(house, agreement, by=REVIEWER, reason="it is closed")
    erase(house, FIRST, reason=REASON, by=ADMINISTRATOR)


def signed_by_click_and_paper(house, agreement):
    """Archive the agreement: the first signatory clicks, the second one signs on paper."""
    link = link_in(mails(house, "-sign-")[0])
    commands.mail_code(house, agreement, link=link)
    commands.sign_by_click(house, agreement, by=FIRST, link=link, code=code_in(mails(house, "-code-")[-1]))
    WAY["second invited"](house, agreement)
    events = [recorded.entry.event for recorded in house.ledger.entries(agreement)]
    printed = next(event.pdf for event in events if isinstance(event, ev.Prepared))
    commands.sign_paper(house, agreement, by=REVIEWER, signatory="for-chamber", scan=png(), compared_with=printed)
    for step in ("collected", "concluded", "archived"):
        WAY[step](house, agreement)


def test_whose_signature_only_records_prove_is_erased_after_the_end_of_retention(opened, agreement):
    house = opened("signing")
    signed_by_click_and_paper(house, agreement)
    assert openings(house) == {house.people.get(FIRST).commitment}
    for email in (FIRST, SECOND, REVIEWER):
        with pytest.raises(Refused, match="the proof of a signature") as refused:
            erase(house, email, reason=REASON, by=ADMINISTRATOR)
        assert refused.value.got == agreement
        assert "Article 17(3)(b) and (e)" in refused.value.expected
    paid = house.clock().date()
    balance_paid(house, agreement, by=MANAGER, paid_on=paid, small_grant=True, reason="final payment")
    with pytest.raises(Refused, match="the proof of a signature"):
        erase(house, FIRST, reason=REASON, by=ADMINISTRATOR)
    house.clock.now += timedelta(days=3 * 366 + 1)
    erase(house, FIRST, reason=REASON, by=ADMINISTRATOR)
    assert openings(house) == set()


def test_a_click_for_an_agreement_that_ended_keeps_nobody(opened, agreement):
    house = opened("signing")
    link = link_in(mails(house, "-sign-")[0])
    commands.mail_code(house, agreement, link=link)
    commands.sign_by_click(house, agreement, by=FIRST, link=link, code=code_in(mails(house, "-code-")[-1]))
    commands.withdraw(house, agreement, by=MANAGER, reason="No longer wanted.")
    erase(house, FIRST, reason=REASON, by=ADMINISTRATOR)
    assert openings(house) == set()


def openings(house) -> set[str]:
    with reading(house.engine) as connection:
        return set(connection.execute(select(tables.openings.c.person)).scalars())


def test_whose_signature_was_voided_goes_from_the_mails_that_told_others(opened, agreement, example):
    house = opened("signed once")
    (name,) = [str(one.name) for one in example.signatories if one.email == FIRST]
    longer = example.model_copy(update={"notice_days": 60})
    commands.revise(house, agreement, longer, draft=2, by=MANAGER, void_signatures=True)
    notify(house, agreement, house.ledger.state(agreement).counter)
    assert any(name in text for text in mails_to(house, MANAGER))
    commands.withdraw(house, agreement, by=MANAGER, reason="No longer wanted.")
    erase(house, FIRST, reason=REASON, by=ADMINISTRATOR)
    assert not any(name in text for text in mails_to(house, MANAGER))
