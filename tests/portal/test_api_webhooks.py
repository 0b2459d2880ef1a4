"""Webhooks: programs hear of every entry, signed, each recorded once, however often it was sent."""

from __future__ import annotations

import socket
import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from archive.database import reading, writing
from flows import commands
from flows.sweep import sweep
from flows.webhook_post import DEADLINE_SECONDS, Answer, _Pinned, address_of, may_be_asked, post, signature
from flows.webhooks import PATIENCE, deliver
from schemas import events as ev
from schemas.errors import InputError, NotAuthorised, Refused
from schemas.evidence import AgreementId
from schemas.installation_events import WebhookAct, WebhookChanged
from schemas.webhook import DeliveryState
from tests.installation import MANAGER, REVIEWER
from tests.portal.api_kit import Program
from tests.portal.kit import ADMINISTRATOR, text_of
from tests.portal.receiver import receiving
from tests.portal.test_api import problem_of

pytestmark = [pytest.mark.office, pytest.mark.enable_socket]

PAGE = "/administration/webhooks"


@pytest.fixture
def portal(portal_at):
    return portal_at("second draft")


@pytest.fixture
def receiver(portal):
    with receiving() as started:
        started.now = portal.clock.now.timestamp()
        yield started


def registered(portal, receiver, *kinds):
    webhook, receiver.secret = commands.register_webhook(portal.house, receiver.url, kinds=kinds, by=ADMINISTRATOR)
    return webhook


def returned(portal):
    commands.return_draft(portal.house, portal.agreement, draft=2, by=REVIEWER, comment="Please name the term.")


def due(portal):
    return [row for row in portal.house.outbox.due() if row.stage == "webhook"]


def run(portal):
    return [deliver(portal.house, row.agreement, row.version) for row in due(portal)]


def test_an_entry_is_told_once_with_a_signature_and_without_naming_anybody(portal, receiver):
    webhook = registered(portal, receiver)
    returned(portal)
    (outcome,) = run(portal)
    assert outcome.acted
    state = portal.house.ledger.state(portal.agreement)
    (told,) = receiver.taken
    entry = portal.house.ledger.entries(portal.agreement)[-1].entry
    assert told == {
        "id": entry.op_id,
        "agreement": portal.agreement,
        "counter": entry.counter,
        "type": "returned",
        "at": entry.model_dump(mode="json")["occurred_at"],
        "stage": "returned",
        "digests": state.content.model_dump(),
    }
    assert entry.actor.person.encode() not in receiver.seen[0]
    assert entry.event.remark.encode() not in receiver.seen[0]
    assert not run(portal)[0].acted
    assert len(receiver.seen) == 1
    (kept,) = portal.house.webhooks.deliveries(webhook.id)
    assert (kept.state, kept.tries, kept.answer) == (DeliveryState.DELIVERED, 1, "status 204")


def test_what_is_not_taken_is_sent_again_by_the_sweep_and_recorded_once(portal, receiver):
    webhook = registered(portal, receiver)
    receiver.answers = [500]
    returned(portal)
    run(portal)
    (waiting,) = portal.house.webhooks.deliveries(webhook.id)
    assert (waiting.state, waiting.answer) == (DeliveryState.WAITING, "status 500")
    (row,) = due(portal)
    portal.house.outbox.mark_dispatched(row, "run-1", portal.clock())
    patience = timedelta(seconds=60)
    assert "webhook" not in {one.stage for one in sweep(portal.house, patience=patience)}
    portal.clock.now += timedelta(minutes=2)
    assert "webhook" in {one.stage for one in sweep(portal.house, patience=patience)}
    receiver.now = portal.clock.now.timestamp()
    (again,) = run(portal)
    assert again.acted
    assert len(receiver.taken) == 1
    assert receiver.seen[0] == receiver.seen[1]
    (kept,) = portal.house.webhooks.deliveries(webhook.id)
    assert (kept.state, kept.tries) == (DeliveryState.DELIVERED, 2)
    portal.clock.now += timedelta(hours=3)
    assert "webhook" not in {one.stage for one in sweep(portal.house, patience=patience)}


def test_one_receiver_that_is_away_does_not_make_another_hear_twice(portal, receiver):
    registered(portal, receiver)
    with receiving() as gone:
        address = gone.url
    other, _ = commands.register_webhook(portal.house, address, by=ADMINISTRATOR)
    returned(portal)
    run(portal)
    run(portal)
    assert len(receiver.taken) == 1
    (kept,) = portal.house.webhooks.deliveries(other.id)
    assert (kept.state, kept.tries) == (DeliveryState.WAITING, 2)
    assert kept.answer.startswith("no answer")


def test_what_is_not_taken_for_three_days_is_given_up_and_seen(portal, receiver):
    webhook = registered(portal, receiver)
    receiver.answers = [500, 500]
    returned(portal)
    run(portal)
    portal.clock.now += PATIENCE
    receiver.now = portal.clock.now.timestamp()
    run(portal)
    assert portal.house.webhooks.counts(webhook.id)[DeliveryState.GIVEN_UP] == 1
    assert not run(portal)[0].acted
    page = portal.as_("administrator").get(f"{PAGE}/{webhook.id}").text
    assert "1 given up" in text_of(page)


def test_the_three_days_begin_with_the_first_try(portal, receiver):
    webhook = registered(portal, receiver)
    receiver.answers = [500]
    returned(portal)
    portal.clock.now += 2 * PATIENCE
    run(portal)
    (waiting,) = portal.house.webhooks.deliveries(webhook.id)
    assert waiting.state is DeliveryState.WAITING


def test_a_webhook_whose_secret_does_not_open_does_not_silence_the_others(portal, receiver):
    broken, _ = commands.register_webhook(portal.house, receiver.url, by=ADMINISTRATOR)
    with writing(portal.house.engine) as connection:
        connection.execute(text("UPDATE webhooks SET secret = 'x'"))
    registered(portal, receiver)
    returned(portal)
    run(portal)
    assert len(receiver.taken) == 1
    (kept,) = portal.house.webhooks.deliveries(broken.id)
    assert (kept.state, kept.answer) == (DeliveryState.WAITING, "the secret of a webhook does not open")


def test_of_a_webhook_that_ends_while_it_is_told_nothing_is_left(portal, receiver, monkeypatch):
    webhook = registered(portal, receiver)
    returned(portal)

    def ending(*_, **__):
        commands.end_webhook(portal.house, webhook.id, by=ADMINISTRATOR)
        return Answer(taken=True, said="status 204")

    monkeypatch.setattr("flows.webhooks.post", ending)
    (outcome,) = run(portal)
    assert not outcome.acted
    assert portal.house.webhooks.deliveries(webhook.id) == ()
    with reading(portal.house.engine) as connection:
        assert connection.execute(text("SELECT count(*) FROM webhooks")).scalar_one() == 0


def test_a_host_is_reached_at_its_second_address(portal, receiver):
    port = receiver.url.rpartition(":")[2].partition("/")[0]
    receiver.secret = "whsec_x"
    answer = post(
        f"http://localhost:{port}/told", b"{}", secret=b"whsec_x", now=portal.clock.now, production=False,
        resolve=lambda *_: ["127.0.0.2", "127.0.0.1"],
    )  # fmt: skip
    assert answer.taken


def test_a_webhook_hears_only_of_the_kinds_it_asked_for_and_of_nothing_before_it(portal, receiver):
    registered(portal, receiver, "withdrawn")
    returned(portal)
    commands.withdraw(portal.house, portal.agreement, by=MANAGER, reason="It is not needed.")
    run(portal)
    assert [told["type"] for told in receiver.taken] == ["withdrawn"]


def test_nothing_is_noted_where_nobody_is_told(portal):
    returned(portal)
    assert due(portal) == []


def test_a_redirect_is_not_followed(portal, receiver):
    webhook = registered(portal, receiver)
    receiver.answers = [302]
    returned(portal)
    run(portal)
    assert len(receiver.seen) == 1
    assert portal.house.webhooks.deliveries(webhook.id)[0].answer == "status 302"


def test_acts_of_administrators_stand_in_the_ledger_and_the_secret_nowhere(portal, receiver):
    webhook = registered(portal, receiver)
    assert commands.end_webhook(portal.house, webhook.id, by=ADMINISTRATOR)
    assert not commands.end_webhook(portal.house, webhook.id, by=ADMINISTRATOR)
    events = [one.entry.event for one in portal.house.ledger.installation_entries()]
    acts = [event.act for event in events if isinstance(event, WebhookChanged)]
    assert acts == [WebhookAct.REGISTERED, WebhookAct.ENDED]
    written = [path for path in portal.house.home.rglob("*") if path.is_file()]
    assert not [path.name for path in written if receiver.secret.encode() in path.read_bytes()]
    assert not [one for one in events if receiver.url in one.model_dump_json()]
    with pytest.raises(NotAuthorised):
        commands.register_webhook(portal.house, receiver.url, by=MANAGER)


def test_the_page_registers_shows_the_secret_once_tries_out_and_ends(portal, receiver):
    administrator = portal.as_("administrator")
    made = administrator.post(PAGE, {"url": receiver.url, "kinds": ["signed", "deposited"]}, shown_on=PAGE)
    assert made.status_code == 201
    (webhook,) = portal.house.webhooks.every()
    said = text_of(made.text)
    receiver.secret = next(word for word in said.split() if word.startswith("whsec_"))
    assert webhook.kinds == ("signed", "deposited")
    one = f"{PAGE}/{webhook.id}"
    assert receiver.secret not in administrator.get(one).text
    receiver.now = portal.clock.now.timestamp()
    tried = administrator.post(f"{one}/test", shown_on=one)
    assert "was taken: status 204" in text_of(administrator.get(tried.headers["location"]).text)
    assert receiver.taken[0]["type"] == "test"
    assert "deleted" in text_of(administrator.get(f"{one}/end").text)
    administrator.post(f"{one}/end", shown_on=f"{one}/end")
    assert portal.house.webhooks.every() == ()
    assert administrator.get(one).status_code == 404
    assert "registered the webhook" in text_of(administrator.get("/administration/acts").text)


def test_an_address_that_cannot_be_told_is_a_fault_beside_its_field(portal):
    answer = portal.as_("administrator").post(PAGE, {"url": "ftp://example.org"}, shown_on=PAGE)
    assert answer.status_code == 422
    assert 'value="ftp://example.org"' in answer.text
    assert 'id="url-fault"' in answer.text


def test_programs_register_try_out_and_end_webhooks(portal, receiver):
    program = Program(portal, "administrator")
    made = program.post("/webhooks", {"url": receiver.url}).json()
    receiver.secret, receiver.now = made["secret"], portal.clock.now.timestamp()
    path = f"/webhooks/{made['id']}"
    assert "secret" not in program.get(path).json()
    assert program.post(f"{path}/tests").json() == {"taken": True, "said": "status 204"}
    returned(portal)
    run(portal)
    assert [one["state"] for one in program.get(f"{path}/deliveries").json()] == ["delivered"]
    assert program.delete(path).status_code == 204
    problem_of(program.get(path), 404)
    faults = problem_of(program.post("/webhooks", {"url": receiver.url, "kinds": ["sung"]}), 422)["faults"]
    assert faults[0]["path"] == "kinds"


def test_there_are_not_more_webhooks_than_can_be_told(portal, monkeypatch):
    monkeypatch.setattr("flows.webhooks.MOST_WEBHOOKS", 1)
    commands.register_webhook(portal.house, "https://one.example.org", by=ADMINISTRATOR)
    with pytest.raises(Refused):
        commands.register_webhook(portal.house, "https://two.example.org", by=ADMINISTRATOR)


@pytest.mark.parametrize(
    "url",
    ["http://example.org", "http://127.0.0.1", "https://", "https://a:b@example.org", "https://x.example/#y", "file:///x",
     "https://example.org:99999", "https://example .org", "https://" + "a" * 500],
    ids=["plain", "loopback", "no-host", "password", "fragment", "file", "port", "space", "long"],
)  # fmt: skip
def test_in_production_only_https_of_others_is_told_anything(url):
    with pytest.raises(InputError):
        address_of(url, production=True)


@pytest.mark.parametrize(
    "ip",
    ["127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.9.9", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::1",
     "fe80::1%eth0", "fc00::1", "::ffff:10.0.0.1", "224.0.0.1", "64:ff9b::10.0.0.1", "2002:a00:1::", "::10.0.0.1"],
    ids=str,
)  # fmt: skip
def test_addresses_inside_a_network_are_not_asked(ip):
    assert not may_be_asked(ip)


def test_public_addresses_are_asked():
    assert may_be_asked("8.8.8.8")
    assert may_be_asked("2001:4860:4860::8888")


def test_in_production_one_inner_address_among_several_is_enough_to_refuse():
    now = datetime(2026, 3, 2, tzinfo=UTC)
    answer = post(
        "https://rebound.example.org", b"{}", secret=b"s", now=now, production=True,
        resolve=lambda host, port: ["8.8.8.8", "169.254.169.254"],
    )  # fmt: skip
    assert not answer.taken
    assert answer.said == "the address leads into a network that is not asked"


def test_a_name_that_cannot_be_looked_up_is_no_answer():
    now, label = datetime(2026, 3, 2, tzinfo=UTC), "a" * 64
    answer = post(f"https://{label}.example.org/", b"{}", secret=b"s", now=now, production=True)
    assert not answer.taken
    assert answer.said.startswith("no answer (Unicode")


def test_the_connection_goes_to_the_very_address_that_was_judged(portal, receiver):
    port = receiver.url.rpartition(":")[2].partition("/")[0]
    asked = []

    def resolve(host, given):
        asked.append((host, given))
        return ["127.0.0.1"]

    receiver.secret = "whsec_x"
    answer = post(
        f"http://localhost:{port}/told",
        b"{}",
        secret=b"whsec_x",
        now=portal.clock.now,
        production=False,
        resolve=resolve,
    )
    assert answer.taken
    assert asked == [("localhost", int(port))]


def test_a_receiver_that_never_comes_to_an_end_is_left_at_the_deadline(monkeypatch):
    started, asked = [], threading.Event()

    class Deadline:
        """A timer that passes when the receiver was asked."""

        def __init__(self, seconds, passed):
            started.append(seconds)
            threading.Thread(target=lambda: asked.wait() and passed(), daemon=True).start()

        def start(self):
            pass

        cancel = start

    monkeypatch.setattr("flows.webhook_post.Timer", Deadline)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def slow():
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 2")
                connection.recv(1)
                asked.set()
                while connection.recv(4096):
                    pass

        receiver = threading.Thread(target=slow)
        receiver.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        answer = post(url, b"{}", secret=b"s", now=datetime(2026, 3, 2, tzinfo=UTC), production=False)
        receiver.join()
    assert answer == Answer(taken=False, said="no answer (TimeoutError)")
    assert started == [DEADLINE_SECONDS]


def test_an_exchange_that_ends_by_itself_meanwhile_is_broken_off_without_a_fault():
    class Ending(_Pinned):
        """Has a socket when it is looked for first, and none any more after that."""

        sock = property(lambda self: left.pop(), lambda self, _: None)

    with socket.socket() as mine:
        left = [None, mine]
        Ending(address_of("https://example.org/", production=True), ["198.51.100.1"]).break_off()
    assert left == [None]


def test_the_signature_covers_time_and_body():
    now = datetime(2026, 3, 2, tzinfo=UTC)
    ours = signature(b"secret", b"body", now)
    assert ours == "t=1772409600,v1=" + ours[-64:]
    assert signature(b"secret", b"bodY", now) != ours
    assert signature(b"secret", b"body", now + timedelta(seconds=1)) != ours


def test_the_kinds_offered_are_those_of_agreements():
    from typing import get_args

    from flows.webhooks import KINDS
    from schemas import installation_events

    types = {model: model.model_fields["type"].default for model in get_args(get_args(ev.Event)[0])}
    of_agreements = {kind for model, kind in types.items() if model.__module__ != installation_events.__name__}
    assert set(KINDS) == of_agreements


def test_an_entry_that_is_not_there_is_nothing_to_tell(portal):
    assert not deliver(portal.house, AgreementId(portal.agreement), 99).acted
