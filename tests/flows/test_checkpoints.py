"""Publishing as an installation does it: log store, key, time and witnesses from its settings."""

import hashlib
import threading

import pytest
from asn1crypto import cms

from archive.cosignature import CosignerKey, open_cosignatures
from archive.log_store import CHECKPOINT, kept_path, token_path
from archive.witness import Witness
from archive.witness_server import serve_witness
from flows.checkpoints import publish_checkpoint, published
from flows.settings import Settings, WitnessSetting
from flows.wiring import Installation
from schemas.errors import Refused, TimestampUnavailable, WitnessUnavailable
from schemas.evidence import WitnessKey
from tests.histories import begin
from tests.installation import Clock
from tests.logs import NOW, whole

WITNESS = CosignerKey.create("witness.example/w1")


@pytest.fixture
def open_house(tmp_path):
    opened = []

    def open_it(**settings):
        opened.append(Installation(Settings(home=tmp_path / "home", **settings), clock=Clock()))
        return opened[-1]

    yield open_it
    for house in opened:
        house.close()


def test_a_checkpoint_lies_in_the_log_with_a_timestamp_over_its_very_bytes(open_house):
    house = open_house()
    begin(house.ledger)
    done = published(house)
    kept = house.log_store.get(kept_path(1))
    assert done.checkpoint.note.encode() == kept == house.log_store.get(CHECKPOINT)
    assert house.log_store.get(token_path(1)) == done.token
    token = cms.ContentInfo.load(done.token)
    imprint = token["content"]["encap_content_info"]["content"].parsed["message_imprint"]
    assert imprint["hashed_message"].native == hashlib.sha256(kept).digest()
    assert done.complaints == ()
    assert whole(house.log_store, house.checkpoint_key)
    assert publish_checkpoint(house) == done.checkpoint


def test_the_ledgers_key_has_a_passphrase_of_its_own(open_house):
    key = open_house(ledger_key_passphrase="of the ledger").checkpoint_key
    assert open_house(ledger_key_passphrase="of the ledger").checkpoint_key.verifier_key == key.verifier_key
    with pytest.raises(Refused, match="cannot be opened"):
        _ = open_house().checkpoint_key


def test_a_lying_timestamp_authority_is_named_and_its_token_not_kept(open_house, monkeypatch):
    house = open_house()
    begin(house.ledger)

    def untrusted(*_, **__):
        raise TimestampUnavailable("the timestamp authority tells another time")

    with monkeypatch.context() as patched:
        patched.setattr("flows.log_publishing.require_token", untrusted)
        done = published(house)
    assert done.token is None
    assert "tells another time" in done.complaints[0]
    assert house.log_store.get(token_path(1)) is None
    assert published(house).token is not None


@pytest.mark.enable_socket
def test_witnesses_of_the_settings_cosign_and_are_pinned(open_house, tmp_path):
    house = open_house()
    server = serve_witness(Witness(WITNESS, [house.checkpoint_key.verifier_key], tmp_path / "witness", lambda: NOW))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    house = open_house(witnesses=(WitnessSetting(url=url, key=WITNESS.verifier_key, same_administrator=True),))
    begin(house.ledger)
    note = publish_checkpoint(house).note
    server.shutdown()
    thread.join()
    server.server_close()
    keys = house.verification_keys()
    assert keys.witnesses == (WitnessKey(key=WITNESS.verifier_key, same_administrator=True),)
    assert [one.name for one in open_cosignatures(note, [keys.witnesses[0].key])] == ["witness.example/w1"]


@pytest.mark.enable_socket
def test_a_required_witness_that_is_down_is_unavailable(open_house):
    down = WitnessSetting(url="http://127.0.0.1:9", key=WITNESS.verifier_key)
    house = open_house(witnesses=(down,), witness_required=True)
    begin(house.ledger)
    with pytest.raises(WitnessUnavailable):
        publish_checkpoint(house)
    assert house.log_store.get(CHECKPOINT) is None
