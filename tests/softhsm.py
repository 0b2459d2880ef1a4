"""Tokens of SoftHSM 2 (Debian: softhsm2) with keys that tests give them.

The library reads ``SOFTHSM2_CONF`` once in a process, when it is loaded: one folder of tokens serves all its tests.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pkcs11
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from signing.hardware import TokenPlace
from signing.keys import PrivateKey

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN, OFFICER_PIN = "246810", "135791"


@dataclass
class SoftToken:
    """One token, opened with :data:`PIN`."""

    folder: Path
    name: str = "Convenio tests"
    _made: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        _configure()
        self.add_token(self.name)

    def add_token(self, name: str) -> None:
        _softhsm("--init-token", "--free", "--label", name, "--so-pin", OFFICER_PIN, "--pin", PIN)
        # a library that is loaded already has its list of tokens
        pkcs11.lib(str(MODULE)).reinitialize()

    def add_key(self, label: str, key: PrivateKey, *certificates: x509.Certificate, token: str | None = None) -> None:
        """Import a key and its certificate under ``label``; further certificates under labels of their own."""
        self._made.append(label)
        number = f"{len(self._made):02x}"
        path = self.folder / f"{number}.pem"
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        options = ("--token", token or self.name, "--label", label, "--id", number, "--pin", PIN)
        _softhsm("--import", path, *options)
        path.unlink()
        found = pkcs11.lib(str(MODULE)).get_token(token_label=token or self.name)
        with found.open(user_pin=PIN, rw=True) as session:
            for place, certificate in enumerate(certificates):
                content = certificate.public_bytes(Encoding.DER)
                session.create_object(
                    {
                        pkcs11.Attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE,
                        pkcs11.Attribute.CERTIFICATE_TYPE: pkcs11.CertificateType.X_509,
                        pkcs11.Attribute.TOKEN: True,
                        pkcs11.Attribute.LABEL: f"{label} issuer {place}" if place else label,
                        pkcs11.Attribute.SUBJECT: certificate.subject.public_bytes(),
                        pkcs11.Attribute.VALUE: content,
                    }
                )

    def place(self, label: str) -> TokenPlace:
        return TokenPlace(MODULE, self.name, label)

    def address(self, label: str) -> str:
        """The key as a setting names it."""
        return f"pkcs11:{MODULE}?token={self.name.replace(' ', '%20')}&label={label}"


@cache
def _configure() -> None:
    """Name the folder of this process's tokens, before the library is first loaded."""
    folder = Path(tempfile.mkdtemp(prefix="convenio-softhsm-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    configuration, tokens = folder / "softhsm2.conf", folder / "tokens"
    tokens.mkdir()
    configuration.write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(configuration)


def _softhsm(*options: object) -> None:
    command = ["softhsm2-util", *(str(option) for option in options)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
