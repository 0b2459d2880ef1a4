from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default

import pytest

from flows.mail import MailFolder
from schemas.errors import Unavailable

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def send(mail: MailFolder, key: str = "MOU-2026-0001-sign-a", **changes: str) -> bool:
    given = {"to": "a@example.org", "subject": "Please sign", "body": "Dear signatory,\n"}
    return mail.send(key, now=NOW, **(given | changes))


def test_a_message_is_written_once(tmp_path):
    mail = MailFolder(tmp_path / "mail")
    assert send(mail)
    assert not send(mail, body="another body")
    (message,) = (tmp_path / "mail").iterdir()
    assert b"Dear signatory" in message.read_bytes()


def test_a_message_is_what_its_reader_expects(tmp_path):
    mail = MailFolder(tmp_path / "mail")
    send(mail, subject="Česko-kapverdská komora čeká", body="Cooperação, prosím.\n")
    path = tmp_path / "mail" / "MOU-2026-0001-sign-a.eml"
    message = message_from_bytes(path.read_bytes(), policy=default)
    assert message["Subject"] == "Česko-kapverdská komora čeká"
    assert message["To"] == "a@example.org"
    assert message["Date"].datetime == NOW
    assert message["Message-ID"] == "<MOU-2026-0001-sign-a@convenio.localhost>"
    assert message.get_content().splitlines() == ["Cooperação, prosím."]
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("words", ["Please sign.", "Cooperação, por favor."], ids=["plain", "accented"])
def test_a_link_stands_whole_on_a_line_of_the_file(tmp_path, words):
    link = "convenio code MOU-2026-0001 --link " + "0123456789abcdef" * 4
    send(MailFolder(tmp_path), body=f"{words}\n\n  {link}\n")
    (path,) = tmp_path.iterdir()
    assert f"  {link}" in path.read_bytes().decode().splitlines()


def test_a_line_that_no_mail_may_hold_is_carried_otherwise(tmp_path):
    body = "long " * 300 + "\n"
    send(MailFolder(tmp_path), body=body)
    (path,) = tmp_path.iterdir()
    assert max(len(line) for line in path.read_bytes().splitlines()) < 998
    assert message_from_bytes(path.read_bytes(), policy=default).get_content().splitlines() == body.splitlines()


def test_of_several_senders_one_writes(tmp_path):
    mail = MailFolder(tmp_path / "mail")
    with ThreadPoolExecutor(8) as pool:
        wrote = list(pool.map(lambda _: send(mail), range(8)))
    assert wrote.count(True) == 1
    assert len(list((tmp_path / "mail").iterdir())) == 1


def test_a_folder_that_cannot_be_written_is_unavailable_not_sent(tmp_path):
    (tmp_path / "mail").write_bytes(b"")
    with pytest.raises(Unavailable):
        send(MailFolder(tmp_path / "mail"))
