"""Our published log read by ``golang.org/x/mod/sumdb`` (tlog and note), which we did not write; see ``log/main.go``."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from archive.checkpoint import CheckpointKey
from archive.cosignature import CosignerKey
from archive.database import open_database
from archive.ledger import Ledger
from archive.signed_note import parse_signature_line, split_note
from tests.histories import archived
from tests.logs import NOW, fill, log_of, publish, publishing

SOURCE = Path(__file__).parent / "log"
KEY = CheckpointKey.create("convenio.example/ledger")


class Neighbour:
    """A witness that always agrees: its lines must not trouble a reader that does not know it."""

    name, required = "witness.example/w1", False
    key = CosignerKey.create(name)

    def seen(self, signed):
        return signed.tree_size

    def cosign(self, checkpoint, _prove):
        text, _ = split_note(checkpoint.note, where="a test")
        return parse_signature_line(self.key.cosign(text, NOW).rstrip(), where="a test")


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    if shutil.which("go") is None:
        pytest.skip("no Go; it is on https://go.dev/dl")
    program = tmp_path_factory.mktemp("go") / "log"
    built = subprocess.run(
        ["go", "build", "-o", program, "."], cwd=SOURCE, capture_output=True, text=True, timeout=250, check=False
    )
    assert built.returncode == 0, built.stderr
    return program


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A ledger with a real history, published at sizes around the edges of tiles."""
    engine = open_database(f"sqlite:///{tmp_path_factory.mktemp('published') / 'convenio.db'}")
    ledger = Ledger(engine)
    archived(ledger)
    publish(ledger, KEY)
    for size in (255, 256, 257, 700):
        fill(engine, size - ledger.size)
        publishing(engine, KEY, witnesses=[Neighbour()])
    engine.dispose()
    return log_of(engine)._root


def read(reader, folder, key=KEY):
    return subprocess.run([reader, folder, key.verifier_key], capture_output=True, text=True, timeout=60, check=False)


def test_go_verifies_checkpoints_tiles_and_entries(reader, published):
    done = read(reader, published)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {"size": 700, "tiles": 4, "entries": 700, "checkpoints": 5}


@pytest.mark.parametrize(
    "path",
    ["checkpoint", "checkpoints/256", "tile/0/000", "tile/0/002.p/188", "tile/1/000.p/2", "tile/entries/001",
     "tile/entries/002.p/188"],
)  # fmt: skip
def test_go_refuses_one_flipped_bit_anywhere(reader, published, tmp_path, path):
    copy = shutil.copytree(published, tmp_path / "log")
    content = bytearray((copy / path).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / path).unlink()
    (copy / path).write_bytes(content)
    done = read(reader, copy)
    assert done.returncode == 1, done.stdout


def test_go_refuses_another_key_and_another_history(reader, published, tmp_path):
    assert read(reader, published, CheckpointKey.create(KEY.name)).returncode == 1
    other = open_database(f"sqlite:///{tmp_path / 'convenio.db'}")
    fill(other, 256)
    publishing(other, KEY)
    other.dispose()
    copy = shutil.copytree(published, tmp_path / "copy")
    (copy / "checkpoints" / "256").unlink()
    shutil.copy(tmp_path / "log" / "checkpoints" / "256", copy / "checkpoints")
    assert "checkpoints of 255 and 256 leaves" in read(reader, copy).stderr
