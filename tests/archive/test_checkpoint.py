"""Vector: the key, text and note of the signed-note example published with Go's ``sumdb/note`` and C2SP."""

import base64

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, strategies as st

from archive.checkpoint import CheckpointKey, open_checkpoint, parse_checkpoint, sign_checkpoint
from archive.merkle import EMPTY_ROOT
from archive.signed_note import ED25519, VerifierKey, open_note, parse_verifier_key
from schemas.errors import Invalid, Refused

PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_PRIVATE = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
SIGNATURE = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
NOTE = f"{TEXT}\n— PeterNeumann {SIGNATURE}\n"

KEY = CheckpointKey("convenio.example/ledger", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
CHECKPOINT = sign_checkpoint(KEY, tree_size=42, root=bytes(range(32)))


def test_the_published_note_opens_and_is_signed_alike():
    assert open_note(NOTE, PETER) == TEXT
    key = CheckpointKey("PeterNeumann", Ed25519PrivateKey.from_private_bytes(base64.b64decode(PETER_PRIVATE)[1:]))
    assert key.verifier_key == PETER
    assert key.sign(TEXT) == NOTE


def test_a_checkpoint_opens_as_it_was_signed():
    assert open_checkpoint(CHECKPOINT.note, KEY.verifier_key) == CHECKPOINT
    assert CHECKPOINT.note.split("\n")[:3] == [KEY.name, "42", base64.b64encode(bytes(range(32))).decode()]


def test_what_a_checkpoint_states_can_be_read_without_a_key():
    assert parse_checkpoint(CHECKPOINT.note) == CHECKPOINT


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (KEY.name + "\n42", "\n42"),
        ("\n42\n", "\n042\n"),
        ("\n42\n", "\n42\n42\n"),
        ("=\n\n", "\n\n"),
        ("\n\n", "\n"),
        ("42", "4\t2"),
    ],
)
def test_a_checkpoint_is_read_in_its_one_form_whoever_signed_it(old, new):
    note = CHECKPOINT.note.replace(old, new, 1)
    assert note != CHECKPOINT.note
    with pytest.raises(Invalid):
        parse_checkpoint(note)


def test_the_checkpoint_of_an_empty_ledger_opens():
    note = sign_checkpoint(KEY, tree_size=0, root=EMPTY_ROOT).note
    assert open_checkpoint(note, KEY.verifier_key).tree_size == 0


@given(st.integers(min_value=0, max_value=8 * len(CHECKPOINT.note.encode()) - 1))
def test_every_flipped_bit_of_a_checkpoint_is_noticed(bit):
    raw = bytearray(CHECKPOINT.note.encode())
    raw[bit // 8] ^= 1 << bit % 8
    try:
        altered = raw.decode()
    except UnicodeDecodeError:
        return
    with pytest.raises(Invalid):
        open_checkpoint(altered, KEY.verifier_key)


@given(st.text())
def test_no_text_makes_the_reader_stumble(text):
    with pytest.raises(Invalid):
        open_checkpoint(text, KEY.verifier_key)


def test_surrogates_are_refused_by_name():
    with pytest.raises(Invalid, match="control character"):
        open_checkpoint(CHECKPOINT.note.replace("42", "\ud8004"), KEY.verifier_key)


def test_another_organisations_key_is_not_this_logs():
    other = CheckpointKey.create(KEY.name)
    with pytest.raises(Invalid, match="not signed by this key"):
        open_checkpoint(CHECKPOINT.note, other.verifier_key)


def test_a_text_signed_under_another_name_is_another_logs_checkpoint():
    text = f"elsewhere.example/ledger\n1\n{base64.b64encode(bytes(32)).decode()}\n"
    with pytest.raises(Invalid, match="another log"):
        open_checkpoint(KEY.sign(text), KEY.verifier_key)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"{KEY.name}\n042\n{base64.b64encode(bytes(32)).decode()}\n", "tree size"),
        (f"{KEY.name}\n42\n{base64.b64encode(bytes(31)).decode()}\n", "root hash"),
        (f"{KEY.name}\n42\nAAB=\n", "canonical base64"),
        (f"{KEY.name}\n42\n{base64.b64encode(bytes(32)).decode()}\nmore\n", "not a checkpoint"),
    ],
)
def test_a_signed_text_that_is_no_checkpoint_is_named(text, reason):
    with pytest.raises(Invalid, match=reason):
        open_checkpoint(KEY.sign(text), KEY.verifier_key)


def test_a_witness_signature_beside_ours_is_left_alone():
    witness = CheckpointKey.create("witness.example")
    text = CHECKPOINT.note.partition("\n\n")[0] + "\n"
    both = CHECKPOINT.note + witness.sign(text).rpartition("\n\n")[2]
    assert open_checkpoint(both, KEY.verifier_key).root == CHECKPOINT.root
    assert open_checkpoint(both, KEY.verifier_key).note == both


def test_a_second_signature_of_our_key_must_hold_too():
    false = KEY.sign("something else\n").rpartition("\n\n")[2]
    with pytest.raises(Invalid, match="does not belong"):
        open_checkpoint(CHECKPOINT.note + false, KEY.verifier_key)


def test_more_than_a_hundred_signatures_are_refused():
    line = CHECKPOINT.note.rpartition("\n\n")[2]
    with pytest.raises(Invalid, match="too many"):
        open_checkpoint(CHECKPOINT.note + line * 100, KEY.verifier_key)


@pytest.mark.parametrize(
    "vkey",
    [
        "PeterNeumann",
        PETER.replace("c74f20a3", "c74f20a4"),
        PETER.replace("PeterNeumann", "Peter Neumann"),
        PETER[:-1],
        str(VerifierKey("PeterNeumann", ED25519, bytes(31))),
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ],
)
def test_a_mangled_verifier_key_is_refused(vkey):
    with pytest.raises(Invalid, match=r"verifier key|base64"):
        parse_verifier_key(vkey)


def test_a_key_survives_its_encrypted_file():
    key = CheckpointKey.create("convenio.example/ledger")
    pem = key.pem(b"correct horse")
    assert b"BEGIN ENCRYPTED PRIVATE KEY" in pem
    loaded = CheckpointKey.load(pem, key.name, passphrase=b"correct horse")
    assert loaded.verifier_key == key.verifier_key


def test_a_key_is_not_opened_with_another_passphrase_nor_kept_without():
    key = CheckpointKey.create("convenio.example/ledger")
    with pytest.raises(Refused, match="passphrase"):
        CheckpointKey.load(key.pem(b"one"), key.name, passphrase=b"two")
    with pytest.raises(Refused, match="without a passphrase"):
        key.pem(b"")


def test_a_key_of_another_kind_is_refused():
    pem = generate_private_key(SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"p"),
    )
    with pytest.raises(Refused, match="Ed25519"):
        CheckpointKey.load(pem, "a", passphrase=b"p")


@pytest.mark.parametrize("origin", ["", "two words", "a+b", "a\u2003b"])
def test_a_log_name_that_cannot_stand_in_a_note_is_refused(origin):
    with pytest.raises(Refused, match="neither spaces"):
        CheckpointKey.create(origin)
