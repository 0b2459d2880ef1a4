"""Click to sign: link and code make a record and a seal; nothing else does, and nobody learns either."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from archive.openings import Openings
from archive.sign_links import MAXIMUM_ATTEMPTS
from archive.tables import sign_links
from flows import commands
from flows.act import data_of
from flows.wiring import Installation
from schemas.errors import InputError, NotAuthorised, Refused, RefusedTransition, TimestampUnavailable
from schemas.evidence import AgreementId, SignatureKind, Verdict, canonical_json
from schemas.people import commit
from schemas.policy import SignaturePolicy
from schemas.records import ClickRecord
from schemas.signature import LegalEffect, SigningWay
from signing.evidence_records import reason_for
from signing.revision import open_pdf, signatures_of
from signing.timestamp import Timestamper
from signing.validate import validate
from tests.installation import FIRST, MANAGER, SECOND
from tests.signing_ways import (
    code_in,
    everything_public,
    last_signed,
    link_in,
    mails,
    record_of,
    wait_for_signatures,
)

pytestmark = pytest.mark.office


class Silent(Timestamper):
    async def exchange(self, request: bytes) -> bytes:
        raise TimestampUnavailable("the authority does not answer", where="a test")


@dataclass
class Waiting:
    """An agreement that waits for its first signatory, and what that person does."""

    house: Installation
    agreement: AgreementId

    @property
    def link(self) -> str:
        return link_in(mails(self.house, "-sign-")[0])

    def code(self, link: str | None = None) -> str:
        commands.mail_code(self.house, self.agreement, link=link or self.link)
        return code_in(mails(self.house, "-code-")[-1])

    def sign(self, code: str, link: str | None = None, *, by: str = FIRST, **more: str):
        return commands.sign_by_click(self.house, self.agreement, by=by, link=link or self.link, code=code, **more)

    def wrong(self, code: str) -> str:
        return f"{(int(code) + 1) % 10**6:06d}"

    @property
    def signed(self) -> tuple[str, ...]:
        return self.house.ledger.state(self.agreement).signed


@pytest.fixture
def waiting(at, agreement) -> Waiting:
    return Waiting(at("signing"), agreement)


def test_link_and_code_make_a_sealed_record(waiting: Waiting):
    done = waiting.sign(waiting.code(), network="192.0.2.7", channel="portal")
    assert done.changed
    house, agreement = waiting.house, waiting.agreement
    event, record = last_signed(house, agreement), record_of(house, agreement)
    assert (event.way, event.effect) == (SigningWay.CLICK, LegalEffect.SES)
    assert event.certificate == house.seal.certificate_digest
    assert isinstance(record, ClickRecord)
    assert (record.signatory, record.base, record.channel) == ("for-gssc", event.base, "portal")
    assert record.link_bound_to in record.shown
    person = house.people.get(FIRST)
    assert record.person == person.commitment
    openings = Openings(house.engine)
    for commitment, content in ((record.address, {"mail": FIRST}), (record.network, {"network": "192.0.2.7"})):
        opening = openings.get(commitment)
        assert opening is not None
        assert (opening.content.encode(), opening.person) == (canonical_json(content), person.commitment)
        assert commit(content, opening.salt) == commitment


def test_what_is_agreed_to_is_the_prepared_file_and_was_said_before(at, agreement):
    waiting = Waiting(at("second invited"), agreement)
    house = waiting.house
    link = link_in(mails(house, "-sign-")[-1])
    [prepared] = [one.entry.event.pdf for one in house.ledger.entries(agreement) if one.entry.event.type == "prepared"]
    assert house.ledger.state(agreement).pdf != prepared
    sent = commands.mail_code(house, agreement, link=link)
    [mail] = mails(house, "-code-")
    assert waiting.sign(code_in(mail), link, by=SECOND).changed
    record = record_of(house, agreement)
    assert isinstance(record, ClickRecord)
    assert record.shown == sent.statement
    assert sent.statement in " ".join(mail.split())
    assert sent.statement == (
        f"I have read {agreement}, draft 2, prepared for signature as the PDF with SHA-256 {prepared}, and agree to it."
    )


def test_a_link_is_for_the_person_it_was_sent_to(waiting: Waiting):
    link, house = waiting.link, waiting.house
    with house.engine.begin() as connection:
        connection.execute(update(sign_links).values(person=house.people.get(SECOND).commitment))
    with pytest.raises(NotAuthorised, match="sent to somebody else"):
        waiting.code(link)


def test_seal_names_the_record_and_validates_as_a_simple_signature(waiting: Waiting):
    waiting.sign(waiting.code())
    house = waiting.house
    event = last_signed(house, waiting.agreement)
    pdf = house.store.get(f"work/v1/{waiting.agreement}/{event.pdf}.pdf")
    mark = signatures_of(open_pdf(pdf))[-1]
    assert mark.field_name == "signatory:for-gssc"
    assert mark.sig_object["/Reason"] == reason_for(SigningWay.CLICK, event.evidence)
    now = house.clock()
    report = validate(pdf, house.trust(now), now=now).signatures[-1]
    assert (report.verdict, report.kind, report.effect) == (Verdict.VALID, SignatureKind.SEAL, LegalEffect.SES)
    assert report.evidence == event.evidence
    assert f"SHA-256 {event.evidence}" in report.reason


def test_neither_link_nor_code_nor_person_is_public(waiting: Waiting):
    link, code = waiting.link, waiting.code()
    waiting.sign(code, network="192.0.2.7")
    house, agreement = waiting.house, waiting.agreement
    record = record_of(house, agreement).canonical
    for secret in (link, code, FIRST, "192.0.2.7"):
        assert secret.encode() not in everything_public(house, agreement)
        if secret != code:
            assert secret.encode() not in record
    assert link.encode() not in (house.home / "convenio.sqlite").read_bytes()


def test_the_second_click_changes_nothing(waiting: Waiting):
    code = waiting.code()
    assert waiting.sign(code).changed
    size = waiting.house.ledger.size
    assert not waiting.sign(code).changed
    assert waiting.house.ledger.size == size


def test_two_clicks_at_once_make_one_signature(waiting: Waiting):
    link, code = waiting.link, waiting.code()
    houses = [waiting.house, replace(waiting.house)]
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda house: Waiting(house, waiting.agreement).sign(code, link), houses))
    houses[1].engine.dispose()
    assert sorted(one.changed for one in done) == [False, True]
    assert waiting.signed == ("for-gssc",)


def test_whoever_types_another_code_with_a_used_link_is_told_that_nothing_happened(waiting: Waiting):
    link, code = waiting.link, waiting.code()
    waiting.sign(code)
    house, size = waiting.house, waiting.house.ledger.size
    used = f"the link was used on {house.sign_links.find(link).used_at:%d %B %Y at %H:%M} UTC; nothing happened now"
    for typed in (waiting.wrong(code), "not a code"):
        with pytest.raises(Refused, match=used):
            waiting.sign(typed)
    with pytest.raises(Refused, match=used):
        waiting.code(link)
    house.clock.now += timedelta(minutes=10)
    with pytest.raises(Refused, match=used):
        waiting.sign(code)
    assert house.ledger.size == size


def test_the_code_of_a_signature_that_a_new_draft_voided_is_no_signature(waiting: Waiting, example):
    link, code = waiting.link, waiting.code()
    waiting.sign(code)
    house, agreement = waiting.house, waiting.agreement
    document = example.model_copy(update={"notice_days": 60})
    commands.revise(house, agreement, document, draft=2, by=MANAGER, void_signatures=True)
    with pytest.raises(Refused, match="the link was used on"):
        waiting.sign(code, link)


def test_five_wrong_codes_use_the_link_up_and_a_new_one_works(waiting: Waiting):
    link, code = waiting.link, waiting.code()
    for left in ("4 attempts are left", "3 attempts are left", "2 attempts are left", "1 attempt is left"):
        with pytest.raises(Refused, match=f"not the one that was sent(.|\n)*{left}"):
            waiting.sign(waiting.wrong(code))
    with pytest.raises(Refused, match=r"the link does not work any more(.|\n)*convenio link") as locked:
        waiting.sign(waiting.wrong(code))
    assert "type it again" not in locked.value.diagnosis()
    with pytest.raises(Refused, match="the link does not work any more"):
        waiting.sign(code)
    with pytest.raises(Refused, match="the link does not work any more"):
        waiting.code()
    commands.new_link(waiting.house, waiting.agreement, by=FIRST)
    newer = link_in(mails(waiting.house, "-link-")[-1])
    with pytest.raises(Refused, match="a newer one took its place"):
        waiting.code(link)
    assert waiting.sign(waiting.code(newer), newer).changed


def test_every_further_code_costs_an_attempt(waiting: Waiting):
    codes = [waiting.code() for _ in range(MAXIMUM_ATTEMPTS)]
    with pytest.raises(Refused, match="too many codes"):
        waiting.code()
    with pytest.raises(Refused, match="the link does not work any more"):
        waiting.sign(codes[-1])


def test_only_the_newest_code_works(waiting: Waiting):
    first = waiting.code()
    second = waiting.code()
    if first != second:
        with pytest.raises(Refused, match="not the one that was sent"):
            waiting.sign(first)
    assert waiting.sign(second).changed


def test_code_holds_ten_minutes(waiting: Waiting):
    code = waiting.code()
    waiting.house.clock.now += timedelta(minutes=10)
    with pytest.raises(Refused, match="the code has expired"):
        waiting.sign(code)
    assert waiting.sign(waiting.code()).changed


def test_link_holds_as_long_as_the_settings_say(waiting: Waiting):
    waiting.house.clock.now += timedelta(days=waiting.house.settings.link_days)
    with pytest.raises(Refused, match="the link has expired"):
        waiting.code()


NO_CODES = ("", "12345", "1234567", "12345a", "-12345", "\u0661\u0662\u0663\u0664\u0665\u0666")


def test_what_is_no_code_costs_no_attempt(waiting: Waiting):
    good = waiting.code()
    assert len(NO_CODES) > MAXIMUM_ATTEMPTS
    for code in NO_CODES:
        with pytest.raises(InputError, match="that is no code"):
            waiting.sign(code)
    assert waiting.sign(good).changed


def test_without_a_code_the_link_alone_signs_nothing(waiting: Waiting):
    with pytest.raises(Refused, match="no code was sent for this link"):
        waiting.sign("000000")


def test_unknown_link_and_that_of_another_agreement_are_refused(waiting: Waiting):
    for link in ("0" * 64, "", waiting.link.upper()):
        with pytest.raises(Refused, match="no link to sign this agreement"):
            commands.mail_code(waiting.house, waiting.agreement, link=link or "-")


def test_link_of_one_signatory_does_not_sign_for_another(waiting: Waiting):
    code = waiting.code()
    with pytest.raises(NotAuthorised, match="sent to somebody else"):
        waiting.sign(code, by=SECOND)
    with pytest.raises(NotAuthorised):
        waiting.sign(code, by=MANAGER)
    assert waiting.signed == ()


def test_code_is_for_whose_turn_it_is(at, agreement):
    house = at("signed once")
    with pytest.raises(RefusedTransition, match="turn to sign"):
        commands.new_link(house, agreement, by=FIRST)
    with pytest.raises(RefusedTransition, match="turn to sign"):
        commands.mail_code(house, agreement, link=link_in(mails(house, "-sign-")[0]))


def test_while_the_timestamp_authority_is_silent_the_code_stays_good(waiting: Waiting):
    code, size = waiting.code(), waiting.house.ledger.size
    waiting.house.keyring.__dict__["timestamper"] = Silent()
    with pytest.raises(TimestampUnavailable):
        waiting.sign(code)
    assert waiting.house.ledger.size == size
    del waiting.house.keyring.__dict__["timestamper"]
    assert waiting.sign(code).changed


def test_invitation_says_who_asks_for_whom_what_and_by_when_before_anything_else(at, agreement):
    house = at("approved")
    wait_for_signatures(house, agreement)
    (invitation,) = mails(house, "-sign-")
    state = house.ledger.state(agreement)
    document = data_of(house, state.data)
    signatory, party = document.signatories[0], document.parties[0]
    begin = " ".join(invitation.partition("/sign/")[0].split())
    assert begin.startswith(f"{house.settings.organisation} asks you to sign a document for {party.legal_name}")
    assert f", acting for {party.acts_for.partnership}, as {signatory.position}:" in begin
    assert f"{state.title} {agreement}, draft {state.draft}" in begin
    assert f"{state.sign_by:%d %B %Y}" in begin if state.sign_by else "Please answer soon" in begin
    assert invitation.count("convenio ") == 3
    assert len(re.findall(r"https?://", invitation)) == 1


def test_policy_without_clicks_sends_a_link_that_reads_and_does_not_sign(at, agreement):
    house = at("approved")
    wait_for_signatures(house, agreement, SignaturePolicy(ways=(SigningWay.PKCS12, SigningWay.PAPER)))
    (invitation,) = mails(house, "-sign-")
    assert "simple electronic signature" not in invitation
    assert "convenio code" not in invitation
    link = link_in(invitation)
    assert house.sign_links.find(link) is not None
    for act in (
        lambda: commands.mail_code(house, agreement, link=link),
        lambda: commands.sign_by_click(house, agreement, by=FIRST, link=link, code="000000"),
    ):
        with pytest.raises(Refused, match="policy of this document does not accept this way to sign: click"):
            act()
