"""Trusted lists (ETSI TS 119 612) built and signed for a test, and certificates that call themselves qualified."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID, ObjectIdentifier
from lxml import etree
from signxml.xades import XAdESSigner

from signing.issuing import DOCUMENT_SIGNING, Issuer, certificate_for, signing_extensions
from signing.keys import SigningKey
from signing.trusted_list import TrustedList

TSL = "http://uri.etsi.org/02231/v2#"
SERVICE = "http://uri.etsi.org/TrstSvc/Svctype/CA/QC"
STATUS = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/"
FOR_SIGNATURES = "http://uri.etsi.org/TrstSvc/TrustedList/SvcInfoExt/ForeSignatures"

QC_STATEMENTS = ObjectIdentifier("1.3.6.1.5.5.7.1.3")
COMPLIANCE = bytes.fromhex("3008" + "0606" + "04008e460101")
DEVICE = bytes.fromhex("3008" + "0606" + "04008e460104")
FOR_SIGNING = bytes.fromhex("3013" + "0606" + "04008e460106" + "3009" + "0607" + "04008e46010601")
FOR_SEALING = bytes.fromhex("3013" + "0606" + "04008e460106" + "3009" + "0607" + "04008e46010602")
"""Statements of EN 319 412-5: qualified; key in a qualified device; for signatures; for seals."""

LIST = """<?xml version="1.0" encoding="UTF-8"?>
<TrustServiceStatusList xmlns="http://uri.etsi.org/02231/v2#" Id="list"
  TSLTag="http://uri.etsi.org/19612/TSLTag">
 <SchemeInformation>
  <TSLVersionIdentifier>5</TSLVersionIdentifier>
  <TSLSequenceNumber>1</TSLSequenceNumber>
  <TSLType>http://uri.etsi.org/TrstSvc/TrustedList/TSLType/EUgeneric</TSLType>
  <SchemeOperatorName><Name xml:lang="en">Operator for tests</Name></SchemeOperatorName>
  <SchemeTerritory>CZ</SchemeTerritory>
  <ListIssueDateTime>{issued}</ListIssueDateTime>
  <NextUpdate><dateTime>{following}</dateTime></NextUpdate>
 </SchemeInformation>
 <TrustServiceProviderList><TrustServiceProvider><TSPServices><TSPService>
  <ServiceInformation>
   <ServiceTypeIdentifier>{service}</ServiceTypeIdentifier>
   <ServiceName><Name xml:lang="en">Qualified certificates for tests</Name></ServiceName>
   <ServiceDigitalIdentity><DigitalId><X509Certificate>{authority}</X509Certificate></DigitalId></ServiceDigitalIdentity>
   <ServiceStatus>{status}</ServiceStatus>
   <StatusStartingTime>{since}</StatusStartingTime>
   <ServiceInformationExtensions><Extension Critical="true"><AdditionalServiceInformation>
    <URI xml:lang="en">{purpose}</URI>
   </AdditionalServiceInformation></Extension></ServiceInformationExtensions>
  </ServiceInformation>
 </TSPService></TSPServices></TrustServiceProvider></TrustServiceProviderList>
</TrustServiceStatusList>
"""


@dataclass
class Operator:
    """A scheme operator with a key of its own."""

    now: datetime
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    certificate: x509.Certificate = field(init=False)

    def __post_init__(self) -> None:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Operator for tests")])
        life = timedelta(days=3650)
        self.certificate = certificate_for(None, self.key, name, self.now - timedelta(days=900), life, [])

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode("ascii")

    def publish(self, authority: x509.Certificate, **changes: object) -> TrustedList:
        """Return a signed list with one granted service, above ``authority``; ``changes`` are of its values."""
        given = {
            "issued": self.now - timedelta(days=30),
            "following": self.now + timedelta(days=150),
            "since": self.now - timedelta(days=800),
            "status": "granted",
            "service": SERVICE,
            "purpose": FOR_SIGNATURES,
        } | changes
        words = {name: f"{value:%Y-%m-%dT%H:%M:%SZ}" for name, value in given.items() if isinstance(value, datetime)}
        der = b64encode(authority.public_bytes(Encoding.DER)).decode()
        text = LIST.format(**(given | words | {"authority": der, "status": STATUS + str(given["status"])}))
        signer = XAdESSigner(signature_algorithm="ecdsa-sha256", digest_algorithm="sha256")
        signed = signer.sign(etree.fromstring(text.encode()), key=self.key, cert=[self.certificate])
        return TrustedList("CZ-test", etree.tostring(signed), self.pem)


def qualified(issuer: Issuer, name: x509.Name, now: datetime, *statements: bytes) -> SigningKey:
    """Return a person's key whose certificate carries the given statements about qualification."""
    key = ec.generate_private_key(ec.SECP256R1())
    body = b"".join(statements)
    extension = x509.UnrecognizedExtension(QC_STATEMENTS, bytes([0x30, len(body)]) + body)
    extensions = [*signing_extensions([DOCUMENT_SIGNING], critical=False), (extension, False)]
    certificate = certificate_for(issuer, key, name, now, timedelta(days=700), extensions)
    return SigningKey.of(key, certificate, [issuer.certificate])
