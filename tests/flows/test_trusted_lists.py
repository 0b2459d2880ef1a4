from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.commands import convenio
from cli.output import Place
from flows.settings import Settings
from flows.trusted_lists import adopt, adopted_lists
from flows.wiring import Installation
from schemas.errors import ConflictingContent, InputError, Invalid, Refused
from signing.demonstration import create_demonstration_pki
from signing.issuing import subject_name
from signing.keys import as_asn1
from signing.trusted_list import effect_of
from tests.signing.trusted_lists import COMPLIANCE, DEVICE, FOR_SIGNING, Operator, qualified

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys") / "pki"
    return create_demonstration_pki(folder, organisation="X", passphrase=b"pw", now=NOW)


@pytest.fixture(scope="module")
def operator():
    return Operator(NOW)


@pytest.fixture
def publish(tmp_path, operator, pki):
    """Publish a list and return its file and the operator's."""

    def write(**changes) -> tuple[Path, Path]:
        published = operator.publish(pki.issuing.certificate, **changes)
        (tmp_path / "list.xml").write_bytes(published.xml)
        (tmp_path / "operator.pem").write_text(published.signer)
        return tmp_path / "list.xml", tmp_path / "operator.pem"

    return write


@pytest.fixture
def home(tmp_path) -> Path:
    return tmp_path / "home"


def test_an_adopted_list_makes_signatures_qualified_offline(home, publish, pki):
    name, said = adopt(home, *publish(), now=NOW)
    assert said.territory == "CZ"
    assert name.startswith("CZ-")
    lists = Installation(Settings(home=home), clock=lambda: NOW).trust(NOW).trusted_lists
    key = qualified(pki.issuing, subject_name("A person", "X"), NOW, COMPLIANCE, DEVICE, FOR_SIGNING)
    found = effect_of(key.asn1_certificate, map(as_asn1, key.chain), lists, at=NOW, now=NOW)
    assert found.effect == "QES"


def test_the_same_list_twice_is_one(home, publish):
    files = publish()
    assert adopt(home, *files, now=NOW)[0] == adopt(home, *files, now=NOW)[0]
    assert len(adopted_lists(home)) == 1


def test_a_newer_list_takes_the_place_of_the_older_and_never_the_other_way_round(home, publish):
    adopt(home, *publish(), now=NOW)
    newest, _ = adopt(home, *publish(issued=NOW - timedelta(days=1), status="withdrawn"), now=NOW)
    assert [entry.name for entry in adopted_lists(home)] == [newest]
    with pytest.raises(ConflictingContent, match="a newer trusted list"):
        adopt(home, *publish(), now=NOW)


def test_a_stale_list_is_refused(home, publish):
    with pytest.raises(Refused, match="the trusted list is stale"):
        adopt(home, *publish(following=NOW - timedelta(days=1)), now=NOW)
    assert adopted_lists(home) == ()


def test_a_list_of_another_operator_is_invalid(home, publish):
    xml, pem = publish()
    pem.write_text(Operator(NOW).pem)
    with pytest.raises(Invalid, match="not signed by the certificate that was pinned"):
        adopt(home, xml, pem, now=NOW)


def test_an_operator_that_cannot_be_read_is_an_input_error(home, publish):
    xml, pem = publish()
    pem.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="operator's certificate"):
        adopt(home, xml, pem, now=NOW)


def test_the_command_adopts_a_list(home, publish):
    xml, pem = publish()
    result = CliRunner().invoke(
        convenio, ["keys", "trusted-list", str(xml), "--signer", str(pem), "--home", str(home)], obj=Place()
    )
    assert result.exit_code == 0, result.output
    assert result.output.startswith("Adopted the trusted list of CZ, to be relied on until ")
