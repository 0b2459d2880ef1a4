from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from cryptography.x509 import Name, NameAttribute
from cryptography.x509.oid import NameOID

from flows import commands, runner, up
from flows.conclude import conclude
from flows.prepare import prepare
from flows.readiness import lives, require_ready
from flows.settings import Settings
from flows.wiring import Installation
from schemas.errors import NotReady, TimestampUnavailable
from signing.issuing import Issuer, authority_extensions, certificate_for, signing_extensions
from signing.timestamp import Timestamper
from tests.authorities import authorities
from tests.installation import FIRST, REVIEWER
from tests.signing.test_scans import png
from tests.signing_ways import code_in, link_in, mails

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
YEAR = timedelta(days=365)


class Silent(Timestamper):
    async def exchange(self, request: bytes) -> bytes:
        raise TimestampUnavailable("the authority does not answer", where="a test")


def name(text: str) -> Name:
    return Name([NameAttribute(NameOID.COMMON_NAME, text), NameAttribute(NameOID.ORGANIZATION_NAME, "Secretariat")])


@pytest.fixture
def home(tmp_path) -> Path:
    """A home with a root and a seal of the organisation's own."""
    make_keys(tmp_path, root=20 * YEAR, seal=2 * YEAR)
    return tmp_path


def make_keys(home: Path, *, root: timedelta, seal: timedelta) -> None:
    (home / "trust").mkdir(exist_ok=True)
    root_key, seal_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    top = Issuer(root_key, certificate_for(None, root_key, name("Root"), NOW - YEAR, root, authority_extensions(1)))
    purposes = signing_extensions([], critical=False)[:2]
    certificate = certificate_for(top, seal_key, name("Seal"), NOW - YEAR, seal, purposes)
    (home / "trust" / "root.pem").write_bytes(top.certificate.public_bytes(Encoding.PEM))
    content = serialize_key_and_certificates(
        b"seal", seal_key, certificate, [top.certificate], BestAvailableEncryption(b"pw")
    )
    (home / "seal.p12").write_bytes(content)
    (home / "seal.p12").chmod(0o600)


def house(home: Path, **changes) -> Installation:
    given = {
        "home": home,
        "env": "production",
        "organisation": "Secretariat of the partnership",
        "ledger_origin": "ledger.example.org",
        "tsa_url": "http://127.0.0.1:9/tsa",
        "seal_key": "pkcs12:seal.p12",
        "seal_passphrase": "pw",
    }
    place = Installation(Settings(**(given | changes)), clock=lambda: NOW)
    place.keyring.__dict__["timestamper"] = Silent()
    return place


def refusal(home: Path, **changes) -> str:
    with pytest.raises(NotReady) as caught:
        require_ready(house(home, **changes))
    return caught.value.what


def test_an_installation_with_keys_and_names_of_its_own_is_ready(home):
    require_ready(house(home))


def test_in_development_nothing_is_asked(tmp_path):
    require_ready(Installation(Settings(home=tmp_path), clock=lambda: NOW))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"organisation": "Demonstration organisation"}, "the organisation is the default one"),
        ({"ledger_origin": "convenio.example/ledger"}, "the ledger origin is the default one"),
        ({"tsa_url": None}, "the timestamp authority is the demonstration one"),
        ({"seal_key": "demonstration"}, "the seal is the demonstration one"),
        ({"seal_passphrase": "wrong"}, "the seal cannot be used: the PKCS#12 file does not open"),
        ({"seal_key": "pkcs12:elsewhere.p12"}, "the seal cannot be used"),
    ],
    ids=["organisation", "origin", "tsa", "seal", "passphrase", "missing"],
)
def test_each_reason_is_named_alone(home, changes, said):
    what = refusal(home, **changes)
    assert said in what
    assert "(1)" in what
    assert "(2)" not in what


def test_a_seal_that_has_ended_is_refused(home):
    make_keys(home, root=20 * YEAR, seal=YEAR - timedelta(days=1))
    assert "the seal cannot be used: the certificate has expired" in refusal(home)


def test_a_seal_that_ended_while_it_was_open_is_refused(home):
    place = house(home)
    assert place.seal
    object.__setattr__(place, "clock", lambda: NOW + YEAR)
    with pytest.raises(NotReady, match="the seal's certificate has expired, on 2027-11-22"):
        require_ready(place)


def test_the_ledger_is_published_while_the_seal_cannot_be_used(home):
    place = house(home, seal_passphrase="wrong")
    with pytest.raises(NotReady, match="the seal cannot be used"):
        place.seal  # noqa: B018  # handing it out is the act
    assert place.checkpoint_key.verifier_key == place.verifier_key
    assert isinstance(place.timestamper, Silent)


def test_keys_of_a_demonstration_say_so_in_production_too(tmp_path):
    demonstration = Installation(Settings(home=tmp_path), clock=lambda: NOW)
    assert demonstration.seal
    assert demonstration.checkpoint_key
    place = Installation(Settings(home=tmp_path, env="production"), clock=lambda: NOW)
    assert place.verification_keys().demonstration


def test_no_key_is_made_before_the_installation_is_ready(tmp_path):
    place = Installation(Settings(home=tmp_path, env="production"), clock=lambda: NOW)
    for name in ("seal", "pki", "checkpoint_key", "verifier_key", "timestamper", "sign_links", "publisher"):
        with pytest.raises(NotReady):
            getattr(place, name)
    assert not (tmp_path / "keys").exists()


def test_production_makes_no_demonstration_keys_though_it_is_ready(home):
    place = house(home)
    require_ready(place)
    with pytest.raises(NotReady, match="makes no demonstration keys"):
        place.pki  # noqa: B018  # handing it out is the act


def test_a_seal_that_ends_soon_is_no_refusal_and_is_told_by_health(home):
    make_keys(home, root=20 * YEAR, seal=YEAR + timedelta(days=29))
    place = house(home)
    require_ready(place)
    assert lives(place) == (False, "the seal's certificate ends soon, on 2026-12-21")


def test_an_expired_root_is_no_refusal_while_the_seal_has_one_in_force(home):
    make_keys(home, root=YEAR - timedelta(days=2), seal=2 * YEAR)
    (home / "trust" / "root.pem").rename(home / "trust" / "older.pem")
    make_keys(home, root=20 * YEAR, seal=2 * YEAR)
    place = house(home)
    require_ready(place)
    well, seen = lives(place)
    assert well
    assert seen == (
        "the seal's certificate lasts until 2027-11-22; "
        "the trusted root Organization: Secretariat, Common Name: Root has expired, on 2026-11-20"
    )


def test_roots_that_have_all_expired_are_refused(home):
    make_keys(home, root=YEAR - timedelta(days=2), seal=2 * YEAR)
    assert "there is no trusted root in force in trust/*.pem" in refusal(home)


def test_a_seal_under_another_root_is_refused(home):
    root = (home / "trust" / "root.pem").read_bytes()
    make_keys(home, root=20 * YEAR, seal=2 * YEAR)
    (home / "trust" / "root.pem").write_bytes(root)
    assert "the seal's certificate does not chain to a trusted root in force" in refusal(home)


@pytest.mark.enable_socket
def test_a_timestamp_authority_under_another_root_is_refused(home, tmp_path_factory):
    with authorities(tmp_path_factory.mktemp("net")) as net:
        place = house(home)
        place.keyring.__dict__["timestamper"] = net.timestamper()
        with pytest.raises(NotReady, match="timestamp authority's certificate does not chain to a trusted root in f"):
            require_ready(place)
        (home / "trust" / "authority.pem").write_text(net.root_pem)
        require_ready(place)


def test_a_home_without_a_root_is_refused(home):
    (home / "trust" / "root.pem").unlink()
    assert "there is no trusted root in force in trust/*.pem" in refusal(home)


def test_a_demonstration_root_and_a_demonstration_seal_by_another_name_are_refused(home):
    place = Installation(Settings(home=home), clock=lambda: NOW)
    (home / "trust" / "other.pem").write_text(place.pki.root_pem)
    (home / "seal.p12").write_bytes(place.pki.issue_signatory("Seal", "seal@example.org", "X", b"pw", NOW))
    what = refusal(home)
    assert "a trusted root is of a demonstration" in what
    assert "the seal's certificate is of a demonstration" in what


def test_key_files_that_others_can_read_are_refused(home):
    require_ready(house(home))
    (home / "seal.p12").chmod(0o640)
    secret = home / "keys" / "ledger.pem"
    secret.parent.mkdir(exist_ok=True)
    secret.write_bytes(b"secret")
    secret.chmod(0o604)
    what = refusal(home)
    assert f"{home}/seal.p12 can be read or written by others (mode 640, expected 600)" in what
    assert f"{secret} can be read or written by others (mode 604, expected 600)" in what


def test_all_reasons_are_told_at_once(tmp_path):
    (tmp_path / "trust").mkdir()
    what = refusal(
        tmp_path,
        organisation="Demonstration organisation",
        ledger_origin="convenio.example/ledger",
        tsa_url=None,
        seal_key="demonstration",
    )
    assert [f"({number})" in what for number in range(1, 7)] == [True] * 5 + [False]


def test_nothing_starts_before_the_installation_is_ready(tmp_path):
    with pytest.raises(NotReady):
        up.run(Installation(Settings(home=tmp_path, env="production"), clock=lambda: NOW))
    assert not (tmp_path / "up.lock").exists()


@pytest.mark.parametrize(("point", "stage"), [("approved", prepare), ("signed", conclude)], ids=["prepare", "conclude"])
def test_nothing_is_sealed_before_the_installation_is_ready(at, agreement, point, stage):
    here = at(point)
    object.__setattr__(here, "settings", Settings(home=here.home, env="production"))
    size = here.ledger.size
    with pytest.raises(NotReady):
        stage(here, agreement, 2)
    assert here.ledger.size == size


def test_nothing_stands_for_a_person_before_the_installation_is_ready(at, agreement):
    here = at("signing")
    link = link_in(mails(here, "-sign-")[0])
    commands.mail_code(here, agreement, link=link)
    code = code_in(mails(here, "-code-")[-1])
    object.__setattr__(here, "settings", Settings(home=here.home, env="production"))
    prepared = here.ledger.state(agreement).pdf
    paper = {"by": REVIEWER, "signatory": "for-gssc", "scan": png(), "compared_with": prepared}
    names = set(here.store.keys())
    with pytest.raises(NotReady):
        commands.sign_paper(here, agreement, **paper)
    with pytest.raises(NotReady):
        commands.sign_by_click(here, agreement, by=FIRST, link=link, code=code)
    assert set(here.store.keys()) == names
    assert here.ledger.state(agreement).signed == ()


def test_the_runner_ends_with_the_refusal(home, monkeypatch, caplog):
    monkeypatch.setenv("CONVENIO_ENV", "production")
    assert runner.main(["--home", str(home)]) == NotReady.exit_code
    assert "not ready for production" in caplog.text
