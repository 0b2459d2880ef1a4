from __future__ import annotations

from pathlib import Path

import pytest

from flows.settings import Settings, read_settings
from flows.wiring import Installation
from schemas.errors import InputError


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch):
    for name in Settings.model_fields:
        monkeypatch.delenv(f"CONVENIO_{name.upper()}", raising=False)


def test_every_setting_has_a_working_default(tmp_path):
    settings = read_settings(tmp_path)
    assert settings == Settings(home=tmp_path)


def test_the_environment_comes_before_the_file(tmp_path, monkeypatch):
    (tmp_path / "convenio.toml").write_text('organisation = "From the file"\nfixity_days = 7\n')
    monkeypatch.setenv("CONVENIO_HOME", str(tmp_path))
    monkeypatch.setenv("CONVENIO_ORGANISATION", "From the environment")
    settings = read_settings()
    assert (settings.home, settings.organisation, settings.fixity_days) == (tmp_path, "From the environment", 7)


def test_the_option_comes_before_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("CONVENIO_HOME", str(tmp_path / "elsewhere"))
    assert read_settings(tmp_path).home == tmp_path


def test_the_home_is_absolute_and_knows_the_tilde(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert read_settings().home == tmp_path / ".convenio"
    assert read_settings(Path("here")).home == tmp_path / "here"


def test_reading_settings_makes_nothing(tmp_path):
    Installation(read_settings(tmp_path / "home"))
    assert list(tmp_path.iterdir()) == []


def test_every_faulty_setting_is_listed(tmp_path, monkeypatch):
    (tmp_path / "convenio.toml").write_text('archive_url = "tape"\nunheard_of = 1\n')
    monkeypatch.setenv("CONVENIO_FIXITY_DAYS", "0")
    monkeypatch.setenv("CONVENIO_PORTAL_PORT", "eighty")
    with pytest.raises(InputError) as refusal:
        read_settings(tmp_path)
    assert {problem.path for problem in refusal.value.faults} == {
        "convenio.toml, key archive_url",
        "convenio.toml, key unheard_of",
        "CONVENIO_FIXITY_DAYS",
        "CONVENIO_PORTAL_PORT",
    }
    assert "'eighty'" in str(refusal.value)
    assert refusal.value.exit_code == 2


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("fixity_days", "0", "FIXITY_DAYS: is too small; read '0'; expected 1 or more"),
        ("office_deadline_seconds", "0", "OFFICE_DEADLINE_SECONDS: is too small; read '0'; expected more than 0.0"),
        ("portal_port", "eighty", "PORTAL_PORT: is not a whole number; read 'eighty'"),
        ("require_worm", "perhaps", "REQUIRE_WORM: is neither true nor false; read 'perhaps'"),
        ("env", "prod", "ENV: is not one of the choices; read 'prod'; expected development or production; did you"),
        ("seal_key", "seal.p12", "SEAL_KEY: does not have the form needed; read 'seal.p12'; expected such as pkcs12:"),
        ("time_zone", "Mars", "TIME_ZONE: is no IANA time zone, such as Europe/Prague; read 'Mars'"),
        ("archive_url", "tape", "ARCHIVE_URL: expected file, or s3://BUCKET"),
        ("witnesses", "none", "WITNESSES: is not JSON"),
        ("witnesses", '[{"url": "http://witness.example"}]', "WITNESSES[0].key: is missing"),
        ("signature_policies", '{"muo": {}}', "SIGNATURE_POLICIES: muo is no type of document; did you mean mou?"),
    ],
    ids=["small", "zero", "number", "truth", "choice", "form", "zone", "place", "JSON", "incomplete", "type"],
)
def test_a_faulty_setting_is_told_in_our_words(name, value, said, tmp_path, monkeypatch):
    monkeypatch.setenv(f"CONVENIO_{name.upper()}", value)
    with pytest.raises(InputError) as refusal:
        read_settings(tmp_path)
    assert f"CONVENIO_{said}" in str(refusal.value)
    for theirs in ("Value error", "Input should", "valid integer", "error parsing"):
        assert theirs not in str(refusal.value)


def test_an_unknown_key_is_named_as_it_stands_in_the_file(tmp_path):
    (tmp_path / "convenio.toml").write_text(
        'portal_prt = 1\n[[witnesses]]\nurl = "http://witness.example"\nkye = "hush-hush"\n'
    )
    with pytest.raises(InputError) as refusal:
        read_settings(tmp_path)
    told = [str(problem) for problem in refusal.value.faults]
    assert "convenio.toml, key portal_prt: is no setting; did you mean portal_port?" in told
    assert "convenio.toml, key witnesses[0].kye: is no setting; did you mean key?" in told
    assert "hush" not in str(refusal.value)


@pytest.mark.parametrize("content", [b"store = ", b"\xff\xfe"], ids=["not TOML", "not UTF-8"])
def test_a_file_that_is_no_toml_is_said_to_be_none(tmp_path, content):
    (tmp_path / "convenio.toml").write_bytes(content)
    with pytest.raises(InputError, match=r"convenio\.toml cannot be read"):
        read_settings(tmp_path)


def test_no_secret_is_ever_printed(tmp_path, monkeypatch):
    for name in ("S3_SECRET_KEY", "KEY_PASSPHRASE"):
        monkeypatch.setenv(f"CONVENIO_{name}", "hush-hush")
    settings = read_settings(tmp_path)
    assert settings.key_passphrase.get_secret_value() == "hush-hush"
    assert "hush" not in f"{settings!r} {settings} {Installation(settings)!r} {settings.model_dump_json()}"


def test_a_faulty_secret_is_not_printed_either(tmp_path):
    (tmp_path / "convenio.toml").write_text('s3_secret_key = ["hush-hush"]\nkey_passphrase = ["hush-hush"]\n')
    with pytest.raises(InputError) as refusal:
        read_settings(tmp_path)
    assert len(refusal.value.faults) == 2
    assert "hush" not in str(refusal.value)


def test_a_misspelt_name_in_the_environment_is_refused_with_a_proposal(monkeypatch, tmp_path):
    monkeypatch.setenv("CONVENIO_FIXTY_DAYS", "3")
    with pytest.raises(InputError, match="did you mean CONVENIO_FIXITY_DAYS"):
        read_settings(tmp_path)


def test_the_ledger_is_searched_at_least_every_minute(tmp_path, monkeypatch):
    monkeypatch.setenv("CONVENIO_SWEEP_SECONDS", "61")
    with pytest.raises(InputError) as refusal:
        read_settings(tmp_path)
    assert [problem.path for problem in refusal.value.faults] == ["CONVENIO_SWEEP_SECONDS"]


@pytest.mark.parametrize("zone", ["Mars", "../../etc/passwd", ""])
def test_a_time_zone_that_does_not_exist_is_refused_when_it_is_read(zone, tmp_path):
    (tmp_path / "convenio.toml").write_text(f'time_zone = "{zone}"\n')
    with pytest.raises(InputError, match="is no IANA time zone"):
        read_settings(tmp_path)
