"""Signing with authorities on the net: every act asks a real OCSP responder, CRL and timestamp authority."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from schemas.evidence import SealReport
from schemas.signature import Level
from signing.prepare import prepare
from signing.preserve import informed_about
from signing.seal import conclude, sign
from signing.trust import TrustPolicy
from signing.validate import validate
from tests.authorities import Authorities
from tests.signing.conftest import ATTACHMENTS, PLACES, build_pdf

PEOPLE = tuple(place.signatory_id for place in PLACES)


@dataclass
class HttpDesk:
    """The acts in short form, at a level; ``trust`` keeps its lists as an installation does."""

    net: Authorities
    level: Level = Level.ARCHIVE
    tsa: str = "tsa"
    trust: TrustPolicy = field(init=False)

    def __post_init__(self) -> None:
        self.trust = self.net.trust()

    @property
    def now(self) -> datetime:
        return self.net.clock()

    @property
    def _given(self) -> dict:
        timestamper = self.net.timestamper(self.tsa)
        return {"timestamper": timestamper, "trust": self.trust, "now": self.now, "level": self.level}

    def prepare(self) -> bytes:
        seal = self.net.key("seal")
        return prepare(build_pdf(), attachments=ATTACHMENTS, fields=PLACES, seal=seal, **self._given)

    def sign(self, pdf: bytes, who: str) -> bytes:
        return sign(pdf, signatory_id=who, key=self.net.key(who), **self._given)

    def conclude(self, pdf: bytes) -> bytes:
        return conclude(pdf, seal=self.net.key("seal"), **self._given)

    def signed(self) -> bytes:
        pdf = self.prepare()
        for who in PEOPLE:
            pdf = self.sign(pdf, who)
        return pdf

    def final(self) -> bytes:
        return self.conclude(self.signed())

    def validate(self, pdf: bytes, *, offline: bool = False, at: datetime | None = None) -> SealReport:
        """Validate with the net's help for what the file cannot prove itself, or with the file alone."""
        moment = at or self.now
        trust = self.net.trust(offline=True) if offline else informed_about(pdf, self.net.trust(), now=moment)
        return validate(pdf, trust, now=moment)
