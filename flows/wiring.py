"""From settings to the things that do the work, each made when it is first needed."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from flows.mail import MailFolder
from flows.secret_file import kept_secret
from flows.settings import Settings
from schemas.errors import Unavailable
from schemas.evidence import VerificationKeys, WitnessKey

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from archive.checkpoint import CheckpointKey
    from archive.ledger import Ledger
    from archive.log_store import LogStore
    from archive.outbox import Outbox
    from archive.people import People
    from archive.publisher import Publisher
    from archive.register import Register
    from archive.remarks import Remarks
    from archive.sign_links import SignLinks
    from archive.store import ObjectStore
    from flows.renew import Renewals
    from flows.retention import Securing
    from schemas.policy import SignaturePolicy
    from signing.demonstration import DemonstrationPki
    from signing.keys import SigningKey
    from signing.revocation import RevocationSource
    from signing.timestamp import Timestamper
    from signing.trust import TrustPolicy
    from templates.convert import OfficePool


def utc_now() -> datetime:
    """Return the present instant, aware, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Installation:
    """One installation: its settings, and what they stand for.

    Everything heavy is opened on first use and imported there, so that a command that lists agreements pays for
    the ledger only.
    """

    settings: Settings
    clock: Callable[[], datetime] = field(default=utc_now)

    @property
    def home(self) -> Path:
        """The folder everything lies in."""
        return self.settings.home

    @cached_property
    def engine(self) -> Engine:
        """The domain database, brought to the newest schema."""
        from archive.database import open_database

        make_home(self.home)
        url = self.settings.database_url
        return open_database(url.get_secret_value() if url else f"sqlite:///{self.home / 'convenio.sqlite'}")

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger: the truth about every agreement."""
        from archive.ledger import Ledger

        return Ledger(self.engine)

    @cached_property
    def register(self) -> Register:
        """Where every agreement stands."""
        from archive.register import Register

        return Register(self.engine)

    @cached_property
    def people(self) -> People:
        """Who may do what; the erasable table."""
        from archive.people import People

        return People(self.engine)

    @cached_property
    def remarks(self) -> Remarks:
        """Comments and reasons; erasable too."""
        from archive.remarks import Remarks

        return Remarks(self.engine)

    @cached_property
    def sign_links(self) -> SignLinks:
        """Links sent to signatories; erasable too."""
        from archive.sign_links import SignLinks

        return SignLinks(self.engine)

    @cached_property
    def outbox(self) -> Outbox:
        """Stages that are due."""
        from archive.outbox import Outbox

        return Outbox(self.engine)

    @cached_property
    def store(self) -> ObjectStore:
        """The object store, its behaviour probed where it is S3."""
        from flows.object_store import open_store

        make_home(self.home)
        return open_store(self.settings, self.clock)

    @cached_property
    def passphrase(self) -> bytes:
        """The passphrase of the organisation's keys: set, or made once and kept in a file of the home."""
        if self.settings.key_passphrase is not None:
            return self.settings.key_passphrase.get_secret_value().encode()
        make_home(self.home)
        return kept_secret(self.home / "keys" / "passphrase", lambda: secrets.token_urlsafe(32).encode())

    @cached_property
    def pki(self) -> DemonstrationPki:
        """The demonstration PKI of the home, made on first run."""
        from signing.demonstration import create_demonstration_pki

        make_home(self.home)
        return create_demonstration_pki(
            self.home / "keys" / "demonstration",
            organisation=self.settings.organisation,
            passphrase=self.passphrase,
            now=self.clock(),
        )

    @cached_property
    def seal(self) -> SigningKey:
        """The organisation's seal."""
        from flows.seal_key import open_seal

        make_home(self.home)
        return open_seal(self.settings, lambda: self.pki, self.clock())

    @cached_property
    def checkpoint_key(self) -> CheckpointKey:
        """The key that signs checkpoints, apart from all others, made on first run."""
        from archive.checkpoint import CheckpointKey

        make_home(self.home)
        origin, own = self.settings.ledger_origin, self.settings.ledger_key_passphrase
        passphrase = self.passphrase if own is None else own.get_secret_value().encode()
        pem = kept_secret(self.home / "keys" / "ledger.pem", lambda: CheckpointKey.create(origin).pem(passphrase))
        return CheckpointKey.load(pem, origin, passphrase=passphrase)

    @cached_property
    def log_store(self) -> LogStore:
        """Where the ledger is published."""
        from flows.log_publishing import open_log_store

        make_home(self.home)
        return open_log_store(self)

    @cached_property
    def publisher(self) -> Publisher:
        """What publishes the ledger."""
        from flows.log_publishing import open_publisher

        return open_publisher(self)

    @cached_property
    def timestamper(self) -> Timestamper:
        """The timestamp authority: the one set, else the demonstration authority."""
        if self.settings.tsa_url is None:
            return self.pki.timestamper(self.clock)
        from signing.timestamp import http_timestamper

        return http_timestamper(self.settings.tsa_url)

    @cached_property
    def renewals(self) -> Renewals:
        """When archived documents are due for renewal."""
        from flows.renew import Renewals

        return Renewals()

    @cached_property
    def securing(self) -> Securing:
        """When the store was made to follow the ledger's locks and holds."""
        from flows.retention import Securing

        return Securing()

    @cached_property
    def revocation(self) -> RevocationSource:
        """Who is asked whether a certificate is revoked, where it says whom to ask."""
        from signing.revocation import RevocationSource

        return RevocationSource()

    def policy(self, document_type: str) -> SignaturePolicy:
        """Return which signatures a type of document needs."""
        from flows.signature_policy import policy_for

        return policy_for(self.settings.signature_policies, document_type)

    def trust(self, now: datetime) -> TrustPolicy:
        """Return whom signatures may chain to at ``now``: the demonstration root, and what lies in ``trust/``.

        In production only what lies in ``trust/``. What it holds of revocation comes first; the rest is asked for.
        """
        from dataclasses import replace

        from flows.seal_key import seals_used
        from flows.trusted_lists import adopted_lists
        from signing.trust import TrustPolicy

        policy = TrustPolicy() if self.settings.env == "production" else self.pki.trust(now)
        policy = replace(policy, source=self.revocation, trusted_lists=adopted_lists(self.home))
        policy = replace(policy, seal_certificates=tuple({*policy.seal_certificates, *seals_used(self.home)}))
        roots = [path.read_text(errors="replace") for path in sorted(self.home.glob("trust/*.pem"))]
        lists = [path.read_bytes() for path in sorted(self.home.glob("trust/*.crl"))]
        return replace(policy, roots=(*policy.roots, *roots)).with_revocation_lists(lists)

    @cached_property
    def office(self) -> OfficePool:
        """The pool of warm LibreOffice processes; close it when done."""
        from templates.convert import OfficePool

        return OfficePool(size=self.settings.office_processes, deadline_seconds=self.settings.office_deadline_seconds)

    @property
    def template_folders(self) -> tuple[Path, ...]:
        """Where templates lie: those of Convenio, then the installation's own."""
        from templates.catalog import FOLDER

        return (FOLDER, self.home / "templates")

    @property
    def mail(self) -> MailFolder:
        """The local mail folder."""
        return MailFolder(self.home / "mail")

    def verification_keys(self) -> VerificationKeys:
        """Return what an auditor pins: the ledger's verifier key, the trust roots and the seals' certificates.

        The seal is opened only where this home has not sealed anything yet: its certificate is not known before.
        """
        from signing.demonstration import is_demonstration

        trust = self.trust(self.clock())
        return VerificationKeys(
            organisation=self.settings.organisation,
            ledger=self.checkpoint_key.verifier_key,
            trust_roots=trust.roots,
            seal_certificates=tuple(sorted(trust.seal_certificates or (self.seal.certificate_digest,))),
            witnesses=tuple(
                WitnessKey(key=witness.key, same_administrator=witness.same_administrator)
                for witness in self.settings.witnesses
            ),
            demonstration=any(is_demonstration(anchor) for anchor in trust.anchors),
        )

    def close(self) -> None:
        """Stop the warm processes and close the database, where they were opened."""
        if "office" in self.__dict__:
            self.office.close()
        if "engine" in self.__dict__:
            self.engine.dispose()


def make_home(home: Path) -> None:
    """Make the home, readable by its owner only; raise :class:`Unavailable` where that cannot be."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(
            "the home folder cannot be made",
            where=str(home),
            got=error.strerror,
            remedy="set CONVENIO_HOME to a folder you own",
        ) from error
