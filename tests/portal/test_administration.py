from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest

from flows import commands
from flows.backup import make_backup, record_backup
from flows.key_list import Purpose, key_lines
from flows.mail import Delivery
from flows.policies import record_policies
from flows.settings import Settings
from schemas.policy import SignaturePolicy
from tests.installation import FIRST, MANAGER
from tests.portal.kit import ADMINISTRATOR, AUDITOR, text_of

PAGES = ["", "/policies", "/delegations", "/acts", "/templates", "/templates/new", "/retention", "/keys", "/mail"]


@pytest.fixture
def portal(portal_at):
    return portal_at("requested")


@pytest.fixture
def administrator(portal):
    return portal.as_("administrator")


def said(visitor, path, status=200):
    answer = visitor.get(f"/administration{path}")
    assert answer.status_code == status, answer.text
    return text_of(answer.text)


def failed(portal, *, retry=False):
    house = portal.house
    house.outbox.mark_failed("draft", portal.agreement, 1, "TemplateFault: no <b>", retry=retry, now=house.clock())


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_and_names_the_others(administrator, page):
    answer = administrator.get(f"/administration{page}")
    assert answer.status_code == 200
    assert "<h1>" in answer.text
    if page != "/templates/new":
        assert f'href="/administration{page}" aria-current="page"' in answer.text


@pytest.mark.enable_socket
def test_what_is_not_well_stands_first_with_what_to_do(administrator):
    page = administrator.get("/administration").text
    assert page.index("Not well") < page.index("✓ Well")
    assert "no server of this home answers" in page
    assert "start it: convenio up" in page
    assert "http://127.0.0.1:4200" in page


def test_a_refused_stage_is_tried_again_once(portal, administrator):
    failed(portal)
    assert "TemplateFault: no &lt;b&gt;" in administrator.get("/administration").text
    fields = {"agreement": portal.agreement, "stage": "draft", "version": "1"}
    for notice in ("It is tried again", "nothing was to be done"):
        answer = administrator.post("/administration/try-again", fields, shown_on="/administration/templates/new")
        assert answer.status_code == 303
        assert notice in said(administrator, "")
    assert [row.attempt for row in portal.house.outbox.attempts("draft", portal.agreement, 1)] == [1, 2]


def test_a_stage_that_passes_by_itself_is_left_alone(portal, administrator):
    failed(portal, retry=True)
    page = administrator.get("/administration").text
    assert "Tried again by itself" in page
    assert "/administration/try-again" not in page


def test_a_stage_nobody_can_try_again_is_refused_to_others(portal):
    with pytest.raises(Exception, match="is no administrator"):
        commands.try_again(portal.house, "draft", portal.agreement, 1, by=AUDITOR)


def test_policies_say_what_is_in_force_and_where_it_is_set(portal, administrator):
    assert "every way" in said(administrator, "/policies")
    set_here = Settings(home=portal.house.home, signature_policies={"mou": SignaturePolicy(ways=("pkcs12", "csc"))})
    object.__setattr__(portal.house, "settings", set_here)
    page = said(administrator, "/policies")
    assert "own certificate in a file, remote signing service" in page
    assert "none: the defaults stand" in page


def test_a_change_of_the_policies_is_recorded_once_and_back_again(portal, administrator):
    house = portal.house
    assert not record_policies(house)
    changed = Settings(home=house.home, signature_policies={"mou": SignaturePolicy(level="B-T")})
    before = house.settings
    for settings in (changed, before, changed):
        object.__setattr__(house, "settings", settings)
        assert record_policies(house)
        assert not record_policies(house)
    page = said(administrator, "/acts")
    assert page.count("noticed that the signature policies were changed") == 3
    assert "Convenio" in page


def test_acts_name_who_did_what_unless_they_were_erased(portal, administrator):
    house = portal.house
    commands.enrol(house, "legal@example.org", name="Legal counsel", roles=("reviewer",), by=ADMINISTRATOR)
    page = said(administrator, "/acts")
    assert "Administrator gave Legal counsel the roles Reviewer" in page
    from flows.erasure import erase

    erase(house, "legal@example.org", by=ADMINISTRATOR, reason="asked for it")
    page = said(administrator, "/acts")
    assert "gave somebody erased the roles Reviewer" in page
    assert "erased a person's data" in page
    assert "asked for it" in page
    assert "Legal counsel" not in page


def test_older_acts_are_a_link_away_and_daily_ones_only_where_asked_for(portal, administrator, monkeypatch):
    from flows.inventory import take_inventory

    take_inventory(portal.house)
    for number in range(3):
        commands.enrol(
            portal.house, f"p{number}@example.org", name=f"Person {number}", roles=("manager",), by=ADMINISTRATOR
        )
    monkeypatch.setattr(
        "flows.installation_timeline.deeds.__kwdefaults__", {"daily": False, "before": None, "limit": 2}
    )
    page = administrator.get("/administration/acts").text
    assert "Person 2" in page
    assert "Person 0" not in page
    older = re.search(r'href="(/administration/acts\?before=\d+)"', page)[1]
    page = administrator.get(older).text
    assert "Person 0" in page
    assert "inventory" not in page
    assert "took the inventory" in administrator.get(f"{older}&daily=true").text


def test_a_backup_is_recorded_with_what_is_in_it(portal, administrator):
    house = portal.house
    made = make_backup(house, "only for tests", cost=1)
    assert record_backup(house, made)
    assert not record_backup(house, made)
    page = said(administrator, "")
    assert f"{made.files} files, {made.rows} rows of personal data" in page
    assert "a backup was written" in said(administrator, "/acts")


def test_an_archive_long_without_a_backup_is_not_well(portal_at):
    from flows.health import health

    portal = portal_at("archived")

    def backup():
        return next(part for part in health(portal.house).parts if part.name == "Backup")

    assert backup().well
    portal.clock.now += timedelta(days=31)
    assert not backup().well
    record_backup(portal.house, make_backup(portal.house, "only for tests", cost=1))
    assert backup().well


def test_keys_say_until_when_and_what_is_for_demonstration(portal_at):
    portal = portal_at("signed")
    administrator = portal.as_("administrator")
    page = said(administrator, "/keys")
    for words in ("Seal", "Ledger", "Timestamp authority", "Trusted roots", "Demonstration", "days left", "Ed25519"):
        assert words in page
    assert "PRIVATE" not in page
    ends = max(line.ends_at for line in key_lines(portal.house) if line.purpose is Purpose.SEAL)
    for before_the_end, word in ((timedelta(days=20), "⚠ 19 days left"), (timedelta(days=-1), "✗ Over")):
        portal.clock.now = ends - before_the_end
        assert word in said(portal.as_("administrator"), "/keys")


def test_the_authority_is_asked_once_a_minute(portal, monkeypatch):
    from flows import authority

    asked = []
    real = authority._asked
    monkeypatch.setattr(authority, "_asked", lambda house, last: asked.append(last) or real(house, last))
    for _ in range(3):
        assert portal.house.authority.look(portal.house).fault is None
    assert len(asked) == 1
    portal.clock.now += timedelta(minutes=2)
    portal.house.authority.look(portal.house)
    assert len(asked) == 2


def test_an_authority_that_does_not_answer_is_not_well(portal, administrator):
    portal.house.keyring.__dict__["timestamper"] = SilentAuthority()
    page = said(administrator, "")
    assert "the demonstration authority: the timestamp authority hangs up" in page
    assert "nothing is sealed or signed until it does" in page
    assert "No answer" in said(administrator, "/keys")


class SilentAuthority:
    def forget(self):
        pass

    def certificates(self):
        from schemas.errors import TimestampUnavailable

        raise TimestampUnavailable("the timestamp authority hangs up")


def write(portal, key="one", body="Sign here: http://127.0.0.1:8080/sign/abc <b>"):
    portal.house.mail.send(key, to=FIRST, subject="Please sign <now>", body=body, now=portal.house.clock())


def test_messages_are_listed_and_read_escaped(portal, administrator):
    write(portal)
    page = administrator.get("/administration/mail").text
    assert "Please sign &lt;now&gt;" in page
    page = administrator.get("/administration/mail/one").text
    assert 'href="http://127.0.0.1:8080/sign/abc"' in page
    assert "&lt;b&gt;" in page
    assert administrator.get("/administration/mail/another").status_code == 404
    assert administrator.get("/administration/mail/..%2fone").status_code == 404
    assert administrator.get("/administration/mail/" + "a" * 400).status_code == 404


def test_in_production_no_message_shows_what_it_says(portal, administrator):
    write(portal)
    production = portal.house.settings.model_copy(update={"env": "production"})
    object.__setattr__(portal.house, "settings", production)
    page = administrator.get("/administration/mail/one").text
    assert "/sign/abc" not in page
    assert "whoever reads one could sign with it" in page
    assert "What they say is not shown here" in said(administrator, "/mail")


def test_mail_that_the_server_refused_is_not_well(portal, administrator):
    from pydantic import SecretStr

    write(portal)
    settings = portal.house.settings.model_copy(update={"smtp_url": SecretStr("smtp://127.0.0.1:9")})
    object.__setattr__(portal.house, "settings", settings)
    folder = portal.house.mail.folder
    (folder / "undeliverable").mkdir()
    (folder / "undeliverable" / "one").write_text("no such mailbox")
    assert "the mail server refused 1 messages for good" in said(administrator, "")
    assert portal.house.mail.delivery_of("one") is Delivery.UNDELIVERABLE
    assert "no such mailbox" in said(administrator, "/mail/one")


def test_delegations_say_who_signs_for_whom(portal_at):
    portal = portal_at("signing")
    administrator = portal.as_("administrator")
    assert "Nobody signs for somebody else" in said(administrator, "/delegations")
    given = {"to": "deputy@example.org", "name": "Deputy", "authority": _picture(), "reason": "away"}
    commands.delegate(portal.house, portal.agreement, by=FIRST, **given)
    page = said(administrator, "/delegations")
    assert "Deputy" in page
    assert "Waits for the legal office" in page
    assert MANAGER not in page


def _picture() -> bytes:
    from PIL import Image

    target = io.BytesIO()
    Image.new("1", (8, 8)).save(target, "PNG")
    return target.getvalue()
