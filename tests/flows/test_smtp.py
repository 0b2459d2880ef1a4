from __future__ import annotations

import socket
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from flows.mail import Delivery, MailFolder, message, messages
from flows.settings import Settings, read_settings
from flows.smtp import post_office
from flows.smtp_url import parse_smtp_url
from flows.wiring import Installation
from schemas.errors import InputError, Unavailable

pytestmark = pytest.mark.enable_socket

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
KEY = "MOU-2026-0001-sign-a"


class Inbox:
    """A mail server's handler that keeps what it takes, and answers recipients and contents as it is told."""

    def __init__(self) -> None:
        self.taken = []
        self.recipient, self.content = "250 OK", "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802  # aiosmtpd's name
        if self.recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.recipient

    async def handle_DATA(self, server, session, envelope):  # noqa: N802  # aiosmtpd's name
        if self.content.startswith("250"):
            self.taken.append(envelope)
        return self.content


class Loopback(Controller):
    """A mail server on a free port of loopback."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def inbox():
    return Inbox()


@pytest.fixture
def server(inbox):
    controller = Loopback(inbox, hostname="127.0.0.1", port=0)
    controller.start()
    yield controller
    controller.stop()


@pytest.fixture
def mail(server, tmp_path):
    settings = Settings(home=tmp_path, smtp_url=f"smtp://127.0.0.1:{server.port}", mail_from="desk@example.org")
    return Installation(settings).mail


def send(mail: MailFolder, key: str = KEY, to: str = "a@example.org") -> bool:
    return mail.send(key, to=to, subject="Please sign, Švec", body="Prosím.\n", now=NOW)


def test_a_message_is_handed_over_once_as_it_was_written(mail, inbox):
    assert send(mail)
    assert not send(mail)
    [taken] = inbox.taken
    assert (taken.mail_from, taken.rcpt_tos) == ("desk@example.org", ["a@example.org"])
    assert taken.content == (mail.folder / f"{KEY}.eml").read_bytes()
    assert message_from_bytes(taken.content, policy=default)["Subject"] == "Please sign, Švec"
    assert mail.delivery_of(KEY) is Delivery.SENT
    assert mail.hand_over_waiting() == 0


def test_a_server_that_is_away_loses_nothing(server, inbox, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        away = Settings(home=tmp_path, smtp_url=f"smtp://127.0.0.1:{taken.getsockname()[1]}")
        mail = Installation(away).mail
        assert send(mail)
        assert (mail.delivery_of(KEY), mail.waiting()) == (Delivery.WAITING, [KEY])
        with pytest.raises(Unavailable, match="does not take messages now"):
            mail.hand_over_waiting()
    back = MailFolder(mail.folder, post=post_office(Settings(smtp_url=f"smtp://127.0.0.1:{server.port}")))
    assert back.hand_over_waiting() == 1
    assert len(inbox.taken) == 1
    assert back.waiting() == []


def test_what_is_refused_for_good_is_kept_as_undeliverable(mail, inbox):
    inbox.recipient = "550 no such mailbox"
    send(mail)
    assert mail.delivery_of(KEY) is Delivery.UNDELIVERABLE
    assert mail.refusal_of(KEY) == "the mail server refuses it with reply 550"
    inbox.recipient = "250 OK"
    assert mail.hand_over_waiting() == 0
    assert inbox.taken == []


@pytest.mark.parametrize("answer", ["recipient", "content"])
def test_a_message_that_is_put_off_holds_up_no_other(mail, inbox, answer):
    setattr(inbox, answer, "451 later")
    send(mail)
    send(mail, f"{KEY}b")
    assert mail.waiting() == [KEY, f"{KEY}b"]
    assert mail.hand_over_waiting() == 0
    setattr(inbox, answer, "250 OK")
    assert mail.hand_over_waiting() == 2
    assert len(inbox.taken) == 2


def test_what_was_written_without_a_server_is_not_sent_later(mail, inbox):
    assert send(MailFolder(mail.folder))
    assert not send(mail)
    assert mail.hand_over_waiting() == 0
    assert (inbox.taken, mail.delivery_of(KEY)) == ([], Delivery.KEPT)


def test_a_crash_before_the_server_was_asked_loses_nothing(mail, inbox):
    def crash(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        send(MailFolder(mail.folder, post=crash))
    assert mail.delivery_of(KEY) is Delivery.WAITING
    assert mail.hand_over_waiting() == 1


def test_two_who_hand_over_at_once_do_it_once(mail, inbox):
    post, others = mail.post, []

    def while_another_tries(*given):
        others.append(mail.hand_over(KEY))
        post(*given)

    send(MailFolder(mail.folder, post=while_another_tries))
    assert (others, len(inbox.taken)) == ([False], 1)


def test_an_address_beyond_ascii_is_sent_as_it_is(mail, inbox):
    send(mail, to="švec@example.org")
    [taken] = inbox.taken
    assert taken.rcpt_tos == ["švec@example.org"]


# the server is told to take a password in the clear, as nothing but loopback is asked to
@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_a_password_is_given_to_the_server(inbox, tmp_path):
    given = []

    def judge(server, session, envelope, mechanism, data):
        given.append((data.login, data.password))
        return AuthResult(success=data.password == b"s:c/ret")

    controller = Loopback(
        inbox, hostname="127.0.0.1", port=0, authenticator=judge, auth_required=True, auth_require_tls=False
    )
    controller.start()
    try:
        for password, delivery in (("s%3Ac%2Fret", Delivery.SENT), ("wrong", Delivery.WAITING)):
            url = f"smtp://desk:{password}@127.0.0.1:{controller.port}"
            mail = Installation(Settings(home=tmp_path / password, smtp_url=url)).mail
            send(mail)
            assert mail.delivery_of(KEY) is delivery
    finally:
        controller.stop()
    assert given[0] == (b"desk", b"s:c/ret")


def test_a_server_without_tls_gets_nothing_where_tls_is_asked_for(server, inbox, tmp_path):
    for url in (f"smtp://127.0.0.1:{server.port}?starttls=1", f"smtps://127.0.0.1:{server.port}"):
        mail = Installation(Settings(home=tmp_path / url[:5], smtp_url=url)).mail
        send(mail)
        assert mail.delivery_of(KEY) is Delivery.WAITING
    assert inbox.taken == []


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.org",
        "http://mail.example.org",
        "smtp://mail.example.org/inbox",
        "smtp://mail.example.org?tls=1",
        "smtp://mail.example.org?starttls=yes",
        "smtps://mail.example.org?starttls=1",
        "smtp://mail.example.org:eighty",
        "smtp://desk@mail.example.org?starttls=1",
        "smtp://desk:opensesame@mail.example.org",
    ],
    ids=["bare", "http", "path", "parameter", "value", "twice", "port", "no password", "in the clear"],
)
def test_a_faulty_address_of_a_server_is_refused_and_never_repeated(url, tmp_path, monkeypatch):
    monkeypatch.setenv("CONVENIO_SMTP_URL", url)
    with pytest.raises(InputError) as refusal:
        read_settings(tmp_path)
    assert "CONVENIO_SMTP_URL" in str(refusal.value)
    assert "desk" not in str(refusal.value)
    assert "opensesame" not in str(refusal.value)


def test_ports_are_those_of_the_protocol():
    assert parse_smtp_url("smtps://mail.example.org").port == 465
    assert parse_smtp_url("smtp://mail.example.org").port == 25
    assert "opensesame" not in repr(parse_smtp_url("smtps://desk:opensesame@mail.example.org"))


def test_messages_are_shown_newest_first_with_what_became_of_them(mail, inbox, tmp_path):
    house = Installation(Settings(home=tmp_path))
    send(MailFolder(mail.folder), "MOU-2026-0001-a")
    inbox.recipient = "550 no"
    send(mail, "MOU-2026-0002-a")
    found = messages(house)
    assert [one.key for one in found] == ["MOU-2026-0002-a", "MOU-2026-0001-a"]
    assert [one.delivery for one in found] == [Delivery.UNDELIVERABLE, Delivery.KEPT]
    assert (found[0].to, found[0].subject, found[0].at) == ("a@example.org", "Please sign, Švec", NOW)
    assert found[0].body.splitlines() == ["Prosím."]
    assert len(messages(house, limit=1)) == 1


def test_in_production_nobody_reads_the_links_and_codes_of_others(mail, tmp_path):
    send(mail)
    house = Installation(Settings(home=tmp_path, env="production"))
    assert messages(house)[0].body is None
    assert message(house, KEY).body is None


@pytest.mark.parametrize("key", ["../convenio", "a/b", ".hidden", "", "nothing"])
def test_a_key_that_names_no_message_finds_none(tmp_path, key):
    (tmp_path / "convenio.eml").write_bytes(b"To: a@example.org\r\n\r\n")
    (tmp_path / "mail").mkdir()
    assert message(Installation(Settings(home=tmp_path)), key) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"Date: now\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n",
        b"To: " + b"x" * 99999,
    ],
    ids=["empty", "no text", "broken", "endless"],
)
def test_a_message_that_is_none_is_shown_and_breaks_nothing(tmp_path, content):
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "a.eml").write_bytes(content)
    [found] = messages(Installation(Settings(home=tmp_path)))
    assert found.at.tzinfo is not None
