"""The keys of one installation as its settings name them: each opened, or made, when it is first needed.

Whether the installation may use them is asked where they are handed out, in :mod:`flows.wiring`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from flows.files import make_home
from flows.secret_file import kept_secret
from flows.settings import Settings

if TYPE_CHECKING:
    from archive.checkpoint import CheckpointKey
    from signing.demonstration import DemonstrationPki
    from signing.keys import SigningKey
    from signing.timestamp import Timestamper


@dataclass(frozen=True)
class Keyring:
    """The keys of the installation in the home of ``settings``."""

    settings: Settings
    clock: Callable[[], datetime]

    @cached_property
    def passphrase(self) -> bytes:
        """The passphrase of the organisation's keys: set, or made once and kept in a file of the home."""
        if self.settings.key_passphrase is not None:
            return self.settings.key_passphrase.get_secret_value().encode()
        return kept_secret(self._folder / "passphrase", lambda: secrets.token_urlsafe(32).encode())

    @cached_property
    def pki(self) -> DemonstrationPki:
        """The demonstration PKI of the home, made on first run."""
        from signing.demonstration import create_demonstration_pki

        return create_demonstration_pki(
            self._folder / "demonstration",
            organisation=self.settings.organisation,
            passphrase=self.passphrase,
            now=self.clock(),
        )

    @cached_property
    def seal(self) -> SigningKey:
        """The organisation's seal; raises as :func:`flows.seal_key.open_seal`."""
        from flows.seal_key import open_seal

        make_home(self.settings.home)
        return open_seal(self.settings, lambda: self.pki, self.clock())

    @property
    def ledger_file(self) -> Path:
        """Where the ledger's key lies."""
        return self.settings.home / "keys" / "ledger.pem"

    @cached_property
    def ledger(self) -> CheckpointKey:
        """The key that signs checkpoints, apart from all others, made on first run."""
        from archive.checkpoint import CheckpointKey

        make_home(self.settings.home)
        origin, own = self.settings.ledger_origin, self.settings.ledger_key_passphrase
        passphrase = self.passphrase if own is None else own.get_secret_value().encode()
        pem = kept_secret(self.ledger_file, lambda: CheckpointKey.create(origin).pem(passphrase))
        return CheckpointKey.load(pem, origin, passphrase=passphrase)

    @cached_property
    def timestamper(self) -> Timestamper:
        """The timestamp authority: the one set, else the demonstration authority."""
        if self.settings.tsa_url is None:
            return self.pki.timestamper(self.clock)
        from signing.timestamp import http_timestamper

        return http_timestamper(self.settings.tsa_url)

    @property
    def _folder(self) -> Path:
        make_home(self.settings.home)
        return self.settings.home / "keys"
