"""What can be set, and where it comes from: ``CONVENIO_*`` in the environment, then ``convenio.toml`` in the home."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from flows.archive_url import S3Place, parse_archive_url
from flows.signature_policy import require_known_types
from flows.smtp_url import parse_smtp_url
from schemas.errors import Fault, InputError
from schemas.loader import words_for
from schemas.policy import SignaturePolicy
from schemas.source import spoken

DEFAULT_HOME = Path("~/.convenio")


class WitnessSetting(BaseModel):
    """One witness: where it is asked, how it is known, and whether whoever runs the ledger runs it too."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(pattern=r"^https?://")
    key: str = Field(pattern=r"^[^+\s]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+=*$")
    same_administrator: bool = False


class Settings(BaseSettings):
    """All settings of one installation; every one has a working default."""

    model_config = SettingsConfigDict(
        env_prefix="CONVENIO_", frozen=True, extra="forbid", use_attribute_docstrings=True, env_ignore_empty=True
    )

    home: Path = DEFAULT_HOME
    """Folder in which everything lies: ledger, objects, keys, mail, logs."""
    organisation: str = Field(default="Demonstration organisation", min_length=1, max_length=64)
    """The organisation that seals; its name stands in the demonstration certificates."""
    ledger_origin: str = Field(default="convenio.example/ledger", pattern=r"^[a-z0-9./-]+$", max_length=100)
    """Name of the ledger on its checkpoints (C2SP tlog-checkpoint origin)."""
    database_url: SecretStr | None = None
    """SQLAlchemy address of the domain database; SQLite in the home by default."""
    archive_url: str = "file"
    """Where objects lie: `file` for a directory of the home, or a bucket,
    `s3://BUCKET?endpoint=URL&region=R&lock=COMPLIANCE&sse=AES256`. See [archive.md](archive.md)."""
    s3_access_key: str | None = None
    """Access key of the S3 service."""
    s3_secret_key: SecretStr | None = None
    """Secret key of the S3 service."""
    require_worm: bool = False
    """Archive only where the store was seen to enforce its locks; elsewhere refuse to archive at all."""
    fixity_days: int = Field(default=30, ge=1, le=365)
    """Within how many days every stored object is read whole; all are listed daily."""
    ledger_key_passphrase: SecretStr | None = None
    """Passphrase of the key that signs checkpoints; that of the organisation's keys by default."""
    witnesses: tuple[WitnessSetting, ...] = Field(default=(), max_length=16)
    """Witnesses asked to co-sign each checkpoint (C2SP tlog-witness), as a JSON list or as TOML tables: `url`, `key`
    (its verifier key), `same_administrator`."""
    witness_required: bool = False
    """Show no checkpoint that a witness did not co-sign."""
    tsa_url: str | None = None
    """Address of an RFC 3161 timestamp authority; the demonstration authority by default."""
    seal_key: str = Field(
        default="demonstration",
        pattern=r"^(demonstration|pkcs12:.+|pkcs11:.+\?.+)$",
        examples=["pkcs12:seal.p12", "pkcs11:/usr/lib/softhsm/libsofthsm2.so?token=Seals&label=seal-2026"],
    )
    """The organisation's seal: the demonstration key, a PKCS#12 file (relative to the home), or a key in a hardware
    security module (PKCS#11)."""
    seal_passphrase: SecretStr | None = None
    """Passphrase of the seal's file, or PIN of its token."""
    signature_policies: dict[str, SignaturePolicy] = Field(
        default={}, examples=['{"mou": {"level": "B-LTA", "ways": ["pkcs12", "csc"]}}']
    )
    """What the signatures of a type of document must be: `level` (B-B, B-T, B-LT, B-LTA) and the accepted `ways`
    (pkcs12, pkcs11, csc, upload, click, paper); B-LTA and every way by default. As JSON, or as TOML tables."""
    renew_days: int = Field(default=180, ge=1, le=3650)
    """How many days before the newest timestamp's certificate ends an archived document gets a further one."""
    env: Literal["development", "production"] = "development"
    """What the installation is for; `production` refuses to start, and to use or make any key, with demonstration or
    default keys."""
    link_days: int = Field(default=14, ge=1, le=365)
    """How long a link to sign by a click is valid."""
    key_passphrase: SecretStr | None = None
    """Passphrase of the organisation's keys; a file in the home, readable by its owner only, by default."""
    office_processes: int = Field(default=1, ge=1, le=8)
    """Warm LibreOffice processes."""
    office_deadline_seconds: float = Field(default=90.0, gt=0, le=900)
    """How long one conversion may take before its process group is killed."""
    prefect_port: int = Field(default=4200, ge=1, le=65535)
    """Loopback port of the Prefect server."""
    portal_port: int = Field(default=8080, ge=1, le=65535)
    """Loopback port of the portal."""
    portal_url: str | None = Field(
        default=None, pattern=r"^https?://[^/?#\s]+/?$", examples=["https://agreements.example.org"]
    )
    """Where people reach the portal, as links in messages say it; the loopback port by default."""
    second_factor: Literal["optional", "required"] = "optional"
    """Whether everybody who signs in to the portal needs a one-time code beside the password."""
    openid_issuer: str | None = Field(
        default=None,
        pattern=r"^(https://[^?#\s]+|http://(localhost|127\.0\.0\.1)(:\d+)?(/[^?#\s]*)?)$",
        examples=["https://login.example.org/realms/secretariat"],
    )
    """Issuer of an OpenID Connect provider at which people may sign in; none by default."""
    openid_client_id: str | None = None
    """How the provider knows this installation."""
    openid_client_secret: SecretStr | None = None
    """Secret by which the provider knows it."""
    smtp_url: SecretStr | None = None
    """Mail server that sends messages: `smtps://USER:PASSWORD@HOST`, or `smtp://HOST:587?starttls=1`; by default they
    stay in the mail folder of the home."""
    mail_from: str = Field(default="convenio@localhost", pattern=r"^[^@\s<>]+@[^@\s<>]+$")
    """Address from which messages come."""
    time_zone: str = Field(default="UTC", examples=["Europe/Prague"])
    """IANA time zone in which legal days begin and end, such as the last day of an authority."""
    sweep_seconds: float = Field(default=60.0, gt=0, le=60)
    """How often the ledger is searched for stages that are due and not under way."""

    @field_validator("signature_policies")
    @classmethod
    def _names_known_types(cls, policies: dict[str, SignaturePolicy]) -> dict[str, SignaturePolicy]:
        require_known_types(policies)
        return policies

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as fault:
            raise ValueError("is no IANA time zone, such as Europe/Prague") from fault
        return name

    @field_validator("archive_url")
    @classmethod
    def _names_a_place(cls, address: str) -> str:
        parse_archive_url(address)
        return address

    @field_validator("smtp_url")
    @classmethod
    def _names_a_server(cls, address: SecretStr | None) -> SecretStr | None:
        if address is not None:
            parse_smtp_url(address.get_secret_value())
        return address

    @property
    def portal_address(self) -> str:
        """Where people reach the portal, without a slash at its end."""
        return (self.portal_url or f"http://127.0.0.1:{self.portal_port}").rstrip("/")

    @property
    def archive_place(self) -> S3Place | None:
        """The bucket objects lie in; ``None`` for a directory of the home."""
        return parse_archive_url(self.archive_url)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # the signature is pydantic-settings'
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # the same
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what was passed, then the environment, then ``convenio.toml`` of the home."""
        home = init_settings().get("home") or env_settings().get("home") or DEFAULT_HOME
        toml = Path(home).expanduser() / "convenio.toml"
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=toml))


BESIDE_SETTINGS = frozenset(
    {
        "CONVENIO_AS", "CONVENIO_PASSWORD", "CONVENIO_P12_PASSPHRASE", "CONVENIO_BACKUP_PASSPHRASE",
        "CONVENIO_TOKEN_PIN", "CONVENIO_CSC_TOKEN", "CONVENIO_CSC_PIN", "CONVENIO_CSC_OTP", "CONVENIO_CSC_SAD",
    }
)  # fmt: skip
"""Names of the environment that belong to single commands."""

OPEN_FIELDS = frozenset(
    name
    for name, field in Settings.model_fields.items()
    if "SecretStr" not in str(field.annotation) and name != "archive_url"
)
"""Settings whose values may be shown; a faulty address may hold a secret, and so may a name that is not known."""


STRUCTURED_FIELDS = ("witnesses", "signature_policies")
"""Settings that the environment holds as JSON."""


def read_settings(home: Path | None = None) -> Settings:
    """Return the settings in force; raise :class:`InputError` with every faulty one."""
    _refuse_unknown_names()
    given = {} if home is None else {"home": home}
    try:
        settings = Settings(**given)  # pyrefly: ignore  # pydantic-settings takes fields as keywords
    except ValidationError as error:
        faults = [_fault(detail) for detail in error.errors(include_url=False)]
        raise InputError("the settings cannot be used", faults) from error
    except SettingsError as error:
        faults = [Fault(name, "is not JSON", expected="JSON, as docs/settings.md shows it") for name in _no_json()]
        raise InputError("the settings cannot be used", faults) from error
    except ValueError as error:
        raise InputError("convenio.toml cannot be read", got=error, expected="TOML") from error
    return settings.model_copy(update={"home": settings.home.expanduser().absolute()})


def _fault(detail: ErrorDetails) -> Fault:
    """Say what is wrong with a setting where it stands: in the environment, or in ``convenio.toml``."""
    steps = tuple(step for step in detail["loc"] if step != "[key]")
    name, kind = str(steps[0]), detail["type"]
    variable = _variable(name)
    place = variable + spoken(("", *steps[1:])) if os.environ.get(variable) else f"convenio.toml, key {spoken(steps)}"
    message, expected, proposal = words_for(detail, steps, Settings)
    if kind == "extra_forbidden":
        # what was read may be a secret under a misspelt name
        return Fault(place, "is no setting", proposal=proposal)
    if kind == "string_pattern_mismatch" and len(steps) == 1 and (examples := Settings.model_fields[name].examples):
        expected = "such as " + " or ".join(map(str, examples))
    read = repr(detail["input"]) if name in OPEN_FIELDS else "something that may be secret"
    return Fault(place, message, read=None if kind == "missing" else read, expected=expected, proposal=proposal)


def _variable(name: str) -> str:
    return f"CONVENIO_{name.upper()}"


def _no_json() -> Iterator[str]:
    """Yield the variables of the environment that should hold JSON and do not."""
    for name in map(_variable, STRUCTURED_FIELDS):
        try:
            json.loads(os.environ.get(name) or "null")
        except ValueError:
            yield name


def _refuse_unknown_names() -> None:
    """Refuse a misspelt name in the environment: a setting that is silently not in force helps nobody."""
    known = {*map(_variable, Settings.model_fields), *BESIDE_SETTINGS}
    unknown = sorted(name for name in os.environ if name.startswith("CONVENIO_") and name not in known)
    if unknown:
        near = {name: next(iter(get_close_matches(name, known, n=1)), None) for name in unknown}
        faults = [Fault(name, "is no setting", proposal=near[name]) for name in unknown]
        raise InputError("the environment holds unknown settings", faults)
