"""``convenio witness serve`` as a process of its own, asked over HTTP."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from archive.checkpoint import CheckpointKey, sign_checkpoint
from archive.cosignature import open_cosignatures
from archive.merkle import Tree, leaf_hash
from archive.witness_client import WitnessClient

KEY = CheckpointKey.create("convenio.example/ledger")
TREE = Tree(leaf_hash(b"leaf %d" % n) for n in range(9))
CONVENIO = Path(sys.executable).with_name("convenio")


def serve(state):
    words = ["witness", "serve", "--name", "witness.example/w1", "--log", KEY.verifier_key, "--state", state]
    return subprocess.Popen([CONVENIO, *words, "--port", "0", "--json"], stdout=subprocess.PIPE, text=True)


def said(process):
    """Return the JSON object it prints before it serves; it goes on printing nothing."""
    text = ""
    for line in process.stdout:
        text += line
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            continue
    raise AssertionError(text)


@pytest.mark.enable_socket
def test_a_witness_served_twice_is_the_same_witness_with_the_same_memory(tmp_path):
    seen = []
    for size in (4, 9):
        process = serve(tmp_path / "state")
        try:
            answer = said(process)
            client = WitnessClient(answer["url"], answer["key"], timeout_seconds=30)
            checkpoint = sign_checkpoint(KEY, tree_size=size, root=TREE.root(size))
            line = client.cosign(checkpoint, lambda old, size=size: TREE.consistency(old, size))
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
        (cosignature,) = open_cosignatures(checkpoint.note + str(line), [answer["key"]])
        seen.append((answer["key"], cosignature.name))
    assert seen[0] == seen[1]
    assert seen[0][1] == "witness.example/w1"
