"""From settings to the things that do the work, each made when it is first needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from flows.files import make_home
from flows.keyring import Keyring
from flows.mail import MailFolder
from flows.settings import Settings
from schemas.errors import NotReady
from schemas.evidence import VerificationKeys, WitnessKey

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from archive.account_links import AccountLinks, RecoveryCodes
    from archive.accounts import Accounts
    from archive.catalogue import Catalogue
    from archive.checkpoint import CheckpointKey
    from archive.comments import Comments
    from archive.form_drafts import FormDrafts
    from archive.idempotency import IdempotentAnswers
    from archive.keeping import Keeping
    from archive.ledger import Ledger
    from archive.log_store import LogStore
    from archive.outbox import Outbox
    from archive.people import People
    from archive.publisher import Publisher
    from archive.register import Register
    from archive.remarks import Remarks
    from archive.review_queue import ReviewQueue
    from archive.sign_links import SignLinks
    from archive.store import ObjectStore
    from archive.uploaded_edits import UploadedEdits
    from archive.webhooks import Webhooks
    from flows.authority import AuthorityWatch
    from flows.installation_stream import InstallationStream
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
    restoring: bool = field(default=False, kw_only=True)
    """Whether a restore is at work in its home, where nothing else may be."""

    @property
    def home(self) -> Path:
        """The folder everything lies in."""
        return self.settings.home

    @cached_property
    def engine(self) -> Engine:
        """The domain database, brought to the newest schema."""
        from archive.database import open_database
        from flows.restoring import DATABASE, require_whole

        if not self.restoring:
            require_whole(self)
        make_home(self.home)
        url = self.settings.database_url
        return open_database(url.get_secret_value() if url else f"sqlite:///{self.home / DATABASE}")

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger: the truth about every agreement."""
        from archive.continuity import Continuity
        from archive.ledger import Ledger

        return Ledger(self.engine, Continuity(lambda: self.log_store))

    @cached_property
    def stream(self) -> InstallationStream:
        """What the ledger says of the installation as a whole."""
        from flows.installation_stream import InstallationStream

        return InstallationStream(self.ledger)

    @cached_property
    def keeping(self) -> Keeping:
        """Which agreements are kept until when."""
        from archive.keeping import Keeping

        return Keeping(self.engine)

    @cached_property
    def authority(self) -> AuthorityWatch:
        """How the timestamp authority was found when somebody looked last."""
        from flows.authority import AuthorityWatch

        return AuthorityWatch()

    @cached_property
    def register(self) -> Register:
        """Where every agreement stands."""
        from archive.register import Register

        return Register(self.engine)

    @cached_property
    def catalogue(self) -> Catalogue:
        """What people look for in agreements; erasable too."""
        from archive.catalogue import Catalogue

        return Catalogue(self.engine)

    @cached_property
    def people(self) -> People:
        """Who may do what; the erasable table."""
        from archive.people import People

        return People(self.engine)

    @cached_property
    def accounts(self) -> Accounts:
        """Who may sign in to the portal; erasable too."""
        from archive.accounts import Accounts

        return Accounts(self.engine)

    @cached_property
    def account_links(self) -> AccountLinks:
        """Links to choose a password; erasable too."""
        from archive.account_links import AccountLinks

        return AccountLinks(self.engine)

    @cached_property
    def recovery_codes(self) -> RecoveryCodes:
        """What takes the place of one-time codes; erasable too."""
        from archive.account_links import RecoveryCodes

        return RecoveryCodes(self.engine)

    @cached_property
    def comments(self) -> Comments:
        """What reviewers say of drafts; erasable too."""
        from archive.comments import Comments

        return Comments(self.engine)

    @cached_property
    def uploaded_edits(self) -> UploadedEdits:
        """Word files that wait to be put in place of a draft's text."""
        from archive.uploaded_edits import UploadedEdits

        return UploadedEdits(self.engine)

    @cached_property
    def review_queue(self) -> ReviewQueue:
        """Drafts in review, by risk and age."""
        from archive.review_queue import ReviewQueue

        return ReviewQueue(self.engine)

    @cached_property
    def form_drafts(self) -> FormDrafts:
        """Forms that people began in the portal; erasable too."""
        from archive.form_drafts import FormDrafts

        return FormDrafts(self.engine)

    @cached_property
    def remarks(self) -> Remarks:
        """Comments and reasons; erasable too."""
        from archive.remarks import Remarks

        return Remarks(self.engine)

    @cached_property
    def outbox(self) -> Outbox:
        """Stages that are due."""
        from archive.outbox import Outbox

        return Outbox(self.engine)

    @cached_property
    def idempotent_answers(self) -> IdempotentAnswers:
        """First answers of the REST interface, by the keys of their requests."""
        from archive.idempotency import IdempotentAnswers

        return IdempotentAnswers(self.engine)

    @cached_property
    def webhooks(self) -> Webhooks:
        """Who is told of the ledger's entries."""
        from archive.webhooks import Webhooks

        return Webhooks(self.engine)

    @cached_property
    def store(self) -> ObjectStore:
        """The object store, its behaviour probed where it is S3."""
        from flows.object_store import open_store

        make_home(self.home)
        return open_store(self.settings, self.clock)

    @cached_property
    def keyring(self) -> Keyring:
        """All keys, whether or not they may be used: only the properties below ask that."""
        return Keyring(self.settings, self.clock)

    def require_ready(self, *, closely: bool = False) -> None:
        """Raise :class:`NotReady` in production with keys or names that are not the organisation's own.

        ``closely`` also opens the seal and asks the timestamp authority; see :func:`flows.readiness.require_ready`.
        """
        from flows.readiness import require_ready

        require_ready(self, closely=closely)

    @property
    def seal(self) -> SigningKey:
        """The organisation's seal, handed out after a close look each time."""
        self.require_ready(closely=True)
        return self.keyring.seal

    @property
    def checkpoint_key(self) -> CheckpointKey:
        """The key that signs checkpoints, dossiers and certificates of destruction."""
        self.require_ready()
        return self.keyring.ledger

    @property
    def timestamper(self) -> Timestamper:
        """The timestamp authority."""
        self.require_ready()
        return self.keyring.timestamper

    @property
    def sign_links(self) -> SignLinks:
        """Links sent to signatories, which sign like a key; erasable too."""
        from archive.sign_links import SignLinks

        self.require_ready()
        return SignLinks(self.engine)

    @property
    def pki(self) -> DemonstrationPki:
        """The demonstration PKI of the home, which production never has: :class:`NotReady`."""
        if self.settings.env == "production":
            raise NotReady(
                "a production installation makes no demonstration keys",
                where=str(self.home),
                expected="certificates of a certification authority",
                remedy="to try things out, leave CONVENIO_ENV at development, in a home of its own",
            )
        return self.keyring.pki

    @property
    def verifier_key(self) -> str:
        """The public half of the ledger's key: to be read at any time, but made only where it may sign."""
        return (self.keyring.ledger if self.keyring.ledger_file.exists() else self.checkpoint_key).verifier_key

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
        """The local mail folder, and the mail server its messages are handed to, where one is set."""
        from flows.smtp import post_office

        return MailFolder(self.home / "mail", self.settings.mail_from, post_office(self.settings))

    def verification_keys(self) -> VerificationKeys:
        """Return what an auditor pins: the ledger's verifier key, the trust roots and the seals' certificates.

        The seal is opened only where this home has not sealed anything yet: its certificate is not known before.
        """
        from flows.seal_key import certificates_used
        from signing.demonstration import is_demonstration
        from signing.keys import as_asn1

        trust = self.trust(self.clock())
        used = (*trust.anchors, *map(as_asn1, certificates_used(self.home)))
        return VerificationKeys(
            organisation=self.settings.organisation,
            ledger=self.verifier_key,
            trust_roots=trust.roots,
            seal_certificates=tuple(sorted(trust.seal_certificates or (self.seal.certificate_digest,))),
            witnesses=tuple(
                WitnessKey(key=witness.key, same_administrator=witness.same_administrator)
                for witness in self.settings.witnesses
            ),
            demonstration=any(map(is_demonstration, used)),
        )

    @property
    def recorded(self) -> bool | None:
        """Whether an act of this process stands in the ledger; see :class:`archive.ledger.Ledger`."""
        return self.ledger.recorded if "ledger" in self.__dict__ else False

    def close(self) -> None:
        """Stop the warm processes and close the database, where they were opened."""
        if "office" in self.__dict__:
            self.office.close()
        if "engine" in self.__dict__:
            self.engine.dispose()
