"""A public key infrastructure on the net, for tests: certomancer on a free loopback port, with faults on demand.

::

    root CA ──┬── issuing CA ──┬── people, seal        OCSP and CRL
              │                └── OCSP responder      ocsp-nocheck
              ├── timestamp authority "tsa"            CRL
              └── timestamp authority "ending"         the same, but its certificate ends soon

Everything is real: certificates name their OCSP responder, revocation list and issuer (AIA, CRLDP) at the port, and
the answers are signed. Use it as a context manager, in a test that may open sockets (``enable_socket``)::

    with authorities(tmp_path) as net:
        key = net.key("gssc")                     # SigningKey of a person; net.p12("gssc", b"pw") is its file
        net.revoke("gssc", since=instant)         # OCSP and CRL say so from now on
        with net.failing("ocsp", Fault.DOWN): ... # services: ocsp, crls, tsa, ending, certs, or all
        net.trust(), net.timestamper()            # what sign, conclude and validate take
        net.asked                                 # paths that were asked for, in order

``clock`` is the time the authorities believe in; by default the real one. ``people`` maps a label to name and mail
address. Keys are P-256; ``rsa`` names labels that get RSA-3072 instead.
"""

from __future__ import annotations

import threading
import wsgiref.simple_server
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from io import BytesIO
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any

from asn1crypto import crl, ocsp, tsp
from certomancer.integrations.animator import Animator, AnimatorArchStore
from certomancer.registry import CertLabel, CertomancerConfig, KeyLabel, PKIArchitecture, ServiceLabel
from certomancer.registry.issued.general import RevocationStatus
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa as rsa_keys
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key

from signing.keys import SigningKey
from signing.revocation import RevocationSource
from signing.timestamp import HttpTimestamper, http_timestamper
from signing.trust import TrustPolicy

PEOPLE = {
    "gssc": ("Signatory of the GSSC partnership", "signatory.gssc@example.org"),
    "chamber": ("Signatory of the Chamber", "signatory.chamber@example.org"),
}
AUTHORITIES = ("root", "issuing", "responder", "tsa", "ending", "seal")
DAY = timedelta(days=1)


class Fault(StrEnum):
    """What a service does instead of its work."""

    DOWN = "down"
    """HTTP 503."""
    CUT = "cut"
    """The connection ends in the middle of the answer."""
    SILENT = "silent"
    """No answer until the fault is over."""
    JUNK = "junk"
    """A page of HTML, politely typed as what was asked for."""
    WRONG_TYPE = "wrong type"
    """The right bytes under another media type."""
    HUGE = "huge"
    """More bytes than anybody should read."""
    STALE = "stale"
    """An honest answer of a hundred days ago."""
    WRONG_NONCE = "wrong nonce"
    """An honest answer to another request."""
    FORGED = "forged"
    """The honest answer with its last byte, of the signature, changed."""
    UNKNOWN = "unknown"
    """OCSP: the responder refuses (unauthorized, RFC 6960 2.3); elsewhere HTTP 404."""


class Authorities:
    """The running authorities."""

    def __init__(self, folder: Path, people: Mapping[str, tuple[str, str]], rsa: Collection[str]) -> None:
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.asked: list[str] = []
        self._faults: dict[str, Fault] = {}
        self._over = threading.Event()
        self._server = _Server(("127.0.0.1", 0), wsgiref.simple_server.WSGIRequestHandler)
        self._server.RequestHandlerClass = _Quiet
        self._server.set_app(self._answer)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        _write_keys(folder, [*AUTHORITIES, *people], rsa)
        config = _config(self.url, people, datetime.now(UTC).replace(microsecond=0))
        self._pki: PKIArchitecture = CertomancerConfig(config, key_search_dir=str(folder)).get_pki_arch("net")
        self._animator = Animator(AnimatorArchStore({"net": self._pki}), with_web_ui=False)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        self._over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def certificate(self, label: str) -> x509.Certificate:
        """Return the certificate with this label."""
        return x509.load_der_x509_certificate(self._pki.get_cert(CertLabel(label)).dump())

    @property
    def root_pem(self) -> str:
        """The root certificate in PEM."""
        return self.certificate("root").public_bytes(Encoding.PEM).decode("ascii")

    def key(self, label: str, *, chain: bool = True) -> SigningKey:
        """Return the key of a person, the seal or an authority, with the certificates above it or without."""
        private = load_der_private_key(self._pki.key_set.get_private_key(KeyLabel(label)).dump(), None)
        assert isinstance(private, ec.EllipticCurvePrivateKey | rsa_keys.RSAPrivateKey)
        above = [self.certificate(entry.value) for entry in self._pki.get_chain(CertLabel(label))] if chain else []
        return SigningKey.of(private, self.certificate(label), above)

    def p12(self, label: str, passphrase: bytes) -> bytes:
        """Return the PKCS#12 file of a person, chain included."""
        return self._pki.package_pkcs12(CertLabel(label), password=passphrase)

    def trust(self, *, offline: bool = False) -> TrustPolicy:
        """Return the policy that trusts the root and the seal, and asks these authorities unless ``offline``."""
        source = None if offline else RevocationSource(deadline_seconds=2)
        seal = self.key("seal").certificate_digest
        return TrustPolicy(roots=(self.root_pem,), seal_certificates=(seal,), source=source)

    def timestamper(self, label: str = "tsa") -> HttpTimestamper:
        """Return the client of a timestamp authority."""
        return http_timestamper(self.tsa_url(label), timeout_seconds=2)

    def tsa_url(self, label: str = "tsa") -> str:
        """Return the address of a timestamp authority."""
        return f"{self.url}/net/tsa/{label}"

    def revoke(self, label: str, *, since: datetime, reason: str | None = None) -> None:
        """Revoke a certificate from ``since`` on, for a reason of RFC 5280 5.3.1 in asn1crypto's words or none."""
        status = RevocationStatus(since.replace(microsecond=0), reason and crl.CRLReason(reason))
        object.__setattr__(self._pki.get_cert_spec(CertLabel(label)), "revocation", status)

    def lists_last(self, span: timedelta) -> None:
        """Let revocation lists be issued every ``span``, and be current for as long."""
        for label in ("root", "issuing"):
            repository = self._pki.service_registry.get_crl_repo_info(ServiceLabel(label))
            object.__setattr__(repository, "simulated_update_schedule", span)

    def list_of(self, label: str) -> bytes:
        """Return the newest revocation list (DER) of ``root`` or ``issuing``."""
        return self._pki.service_registry.get_crl(ServiceLabel(label), at_time=self.clock()).dump()

    @contextmanager
    def failing(self, service: str, fault: Fault) -> Iterator[None]:
        """Let a service (``ocsp``, ``crls``, ``certs``, ``tsa``, ``ending``, or ``all``) fail inside the block."""
        self._over.clear()
        self._faults[service] = fault
        try:
            yield
        finally:
            del self._faults[service]
            self._over.set()

    def _answer(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        path = str(environ["PATH_INFO"])
        self.asked.append(path)
        _, _, kind, label, *_ = [*path.split("/"), "", ""]
        service = label if kind == "tsa" else kind
        fault = self._faults.get(service) or self._faults.get("all")
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        if fault is Fault.SILENT:
            self._over.wait(60)
        if fault is Fault.DOWN or (fault is Fault.UNKNOWN and kind != "ocsp"):
            status = "503 Service Unavailable" if fault is Fault.DOWN else "404 Not Found"
            start(status, [("Content-Type", "text/plain")])
            return [b"not now"]
        if fault is Fault.WRONG_NONCE:
            body = _other_nonce(kind, body)
        instant = self.clock().replace(microsecond=0) - (100 * DAY if fault is Fault.STALE else timedelta(0))
        environ["HTTP_X_CERTOMANCER_FAKE_TIME"] = instant.isoformat()
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = BytesIO(body), str(len(body))
        started: list[tuple[str, list[tuple[str, str]]]] = []
        content = b"".join(self._animator(environ, lambda status, headers: started.append((status, headers))))
        status, headers = started[0]
        content = _spoilt(fault, content)
        length = len(content) + (100 if fault is Fault.CUT else 0)
        media_type = "text/html" if fault is Fault.WRONG_TYPE else dict(headers)["Content-Type"]
        start(status, [("Content-Type", media_type), ("Content-Length", str(length))])
        return [content]


class _Server(ThreadingMixIn, wsgiref.simple_server.WSGIServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that went away."""


class _Quiet(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *arguments: object) -> None:
        return


@contextmanager
def authorities(
    folder: Path, *, people: Mapping[str, tuple[str, str]] = PEOPLE, rsa: Collection[str] = ()
) -> Iterator[Authorities]:
    """Yield running authorities with fresh keys in ``folder``."""
    net = Authorities(folder, people, rsa)
    try:
        yield net
    finally:
        net.close()


def _spoilt(fault: Fault | None, content: bytes) -> bytes:
    match fault:
        case Fault.JUNK:
            return b"<html><body>Welcome to the hotel network</body></html>"
        case Fault.HUGE:
            return content + b"\0" * 20_000_000
        case Fault.FORGED:
            return _forged(content)
        case Fault.UNKNOWN:
            return ocsp.OCSPResponse({"response_status": "unauthorized"}).dump()
        case Fault.CUT:
            return content[: len(content) // 2]
    return content


def _forged(content: bytes) -> bytes:
    """Change one byte of the signature of an OCSP response; of anything else, the last byte."""
    try:
        signature = ocsp.OCSPResponse.load(content, strict=True).basic_ocsp_response["signature"].native
    except (ValueError, TypeError):
        return content[:-1] + bytes([content[-1] ^ 1])
    return content.replace(signature, signature[:-1] + bytes([signature[-1] ^ 1]))


def _other_nonce(kind: str, body: bytes) -> bytes:
    if kind == "tsa":
        asked = tsp.TimeStampReq.load(body)
        asked["nonce"] = 4711
        return asked.dump(force=True)
    request = ocsp.OCSPRequest.load(body)
    for extension in request["tbs_request"]["request_extensions"]:
        if extension["extn_id"].native == "nonce":
            extension["extn_value"] = b"another nonce of 16 bytes"[:16]
    return request.dump(force=True)


def _write_keys(folder: Path, labels: Iterable[str], rsa: Collection[str]) -> None:
    for label in labels:
        large = label in rsa
        key = rsa_keys.generate_private_key(65537, 3072) if large else ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / f"{label}.key.pem").write_bytes(pem)


def _config(url: str, people: Mapping[str, tuple[str, str]], now: datetime) -> dict[str, Any]:
    labels = [*AUTHORITIES, *people]
    names = {
        "root": "Test root",
        "issuing": "Test issuing authority",
        "responder": "Test OCSP responder",
        "tsa": "Test timestamp authority",
        "ending": "Test timestamp authority that ends soon",
        "seal": "Seal of the test organisation",
    } | {label: name for label, (name, _) in people.items()}
    ca = {"crl-repo": "issuing", "ocsp-service": "issuing", "max-path-len": 0}
    return {
        "external-url-prefix": url,
        "keysets": {"net": {"keys": {label: {"path": f"{label}.key.pem"} for label in labels}}},
        "pki-architectures": {
            "net": {
                "keyset": "net",
                "entity-defaults": {"country-name": "CZ", "organization-name": "Authorities for tests"},
                "entities": {label: {"common-name": name} for label, name in names.items()},
                "certs": {
                    "root": _entry(
                        "root", now - 3650 * DAY, now + 14600 * DAY, _profile("simple-ca", {"crl-repo": "root"})
                    ),
                    "issuing": _entry("root", now - 1800 * DAY, now + 7300 * DAY, _profile("simple-ca", ca)),
                    "responder": _entry("issuing", now - 1700 * DAY, now + 3650 * DAY, ["ocsp-responder"]),
                    "tsa": _entry("root", now - 1700 * DAY, now + 3650 * DAY, extensions=_timestamping()),
                    "ending": _entry("root", now - 1700 * DAY, now + 30 * DAY, extensions=_timestamping()),
                    "seal": _person("seal@example.org", now),
                    **{label: _person(email, now) for label, (_, email) in people.items()},
                },
                "services": {
                    "ocsp": {"issuing": {"for-issuer": "issuing", "responder-cert": "responder"}},
                    "crl-repo": {
                        "root": {"for-issuer": "root", "simulated-update-schedule": "P30D"},
                        "issuing": {"for-issuer": "issuing", "simulated-update-schedule": "P1D"},
                    },
                    "cert-repo": {"issuing": {"for-issuer": "issuing"}},
                    "time-stamping": {
                        label: {"signing-cert": label, "certs-to-embed": []} for label in ("tsa", "ending")
                    },
                },
            }
        },
    }


def _entry(
    issuer: str,
    begin: datetime,
    end: datetime,
    profiles: list[Any] | None = None,
    extensions: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    validity = {"valid-from": begin.isoformat(), "valid-to": end.isoformat()}
    return {"issuer": issuer, "validity": validity, "profiles": profiles or [], "extensions": extensions or []}


def _profile(name: str, params: dict[str, Any]) -> list[Any]:
    return [{"id": name, "params": params}]


def _timestamping() -> list[dict[str, Any]]:
    usage = {"schema": "key-usage", "params": ["digital_signature", "non_repudiation"]}
    return [
        {"id": "key_usage", "critical": True, "smart-value": usage},
        {"id": "extended_key_usage", "critical": True, "value": ["time_stamping"]},
    ]


def _person(email: str, now: datetime) -> dict[str, Any]:
    access = {
        "ocsp-responder-names": ["issuing"],
        "ca-issuer-links": [{"repo": "issuing", "include-repo-authority": True}],
    }
    extensions = [
        {
            "id": "subject_alt_name",
            "smart-value": {"schema": "general-names", "params": [{"type": "email", "value": email}]},
        },
        {"id": "authority_information_access", "smart-value": {"schema": "aia-urls", "params": access}},
    ]
    return _entry("issuing", now - 30 * DAY, now + 700 * DAY, ["digsig-commitment"], extensions)
