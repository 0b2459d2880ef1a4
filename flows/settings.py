"""What can be set, and where it comes from: ``CONVENIO_*`` in the environment, then ``convenio.toml`` in the home."""

from __future__ import annotations

import os
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from schemas.errors import Fault, InputError

DEFAULT_HOME = Path("~/.convenio")


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
    store: Literal["directory", "s3"] = "directory"
    """Where objects lie: a directory in the home, or an S3 bucket."""
    s3_endpoint: str | None = None
    """Address of the S3 service; none for the cloud provider's own."""
    s3_region: str = "us-east-1"
    """Region of the S3 service."""
    s3_bucket: str = "convenio"
    """Bucket for objects; it must exist, with Object Lock if retention is to be enforced. Its behaviour is probed
    once a day on keys of the probe's own."""
    s3_access_key: str | None = None
    """Access key of the S3 service."""
    s3_secret_key: SecretStr | None = None
    """Secret key of the S3 service."""
    s3_lock_mode: Literal["GOVERNANCE", "COMPLIANCE"] = "COMPLIANCE"
    """Object Lock mode of deposits, where the probe proved that the store enforces it."""
    retention_years: int = Field(default=10, ge=1, le=100)
    """How many years from the conclusion a deposit is locked for, where the store enforces a lock."""
    tsa_url: str | None = None
    """Address of an RFC 3161 timestamp authority; the demonstration authority by default."""
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
    time_zone: str = Field(default="UTC", examples=["Europe/Prague"])
    """IANA time zone in which legal days begin and end, such as the last day of an authority."""
    sweep_seconds: float = Field(default=60.0, gt=0)
    """How often the ledger is searched for stages that are due and not under way."""

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


BESIDE_SETTINGS = frozenset({"CONVENIO_AS", "CONVENIO_P12_PASSPHRASE"})
"""Names of the environment that belong to single commands."""

OPEN_FIELDS = frozenset(
    name for name, field in Settings.model_fields.items() if "SecretStr" not in str(field.annotation)
)
"""Settings whose values may be shown; one that is not known may be a misspelt secret."""


def read_settings(home: Path | None = None) -> Settings:
    """Return the settings in force; raise :class:`InputError` with every faulty one."""
    _refuse_unknown_names()
    given = {} if home is None else {"home": home}
    try:
        settings = Settings(**given)  # pyrefly: ignore  # pydantic-settings takes fields as keywords
    except ValidationError as error:
        faults = [
            Fault(
                f"CONVENIO_{'_'.join(str(step) for step in detail['loc']).upper()}",
                detail["msg"],
                read=repr(detail["input"]) if detail["loc"][0] in OPEN_FIELDS else "something that may be secret",
            )
            for detail in error.errors(include_url=False)
        ]
        raise InputError("the settings cannot be used", faults) from error
    except ValueError as error:
        raise InputError("convenio.toml cannot be read", got=error, expected="TOML") from error
    return settings.model_copy(update={"home": settings.home.expanduser().absolute()})


def _refuse_unknown_names() -> None:
    """Refuse a misspelt name in the environment: a setting that is silently not in force helps nobody."""
    known = {f"CONVENIO_{name.upper()}" for name in Settings.model_fields} | BESIDE_SETTINGS
    unknown = sorted(name for name in os.environ if name.startswith("CONVENIO_") and name not in known)
    if unknown:
        near = {name: next(iter(get_close_matches(name, known, n=1)), None) for name in unknown}
        faults = [Fault(name, "is no setting", proposal=near[name]) for name in unknown]
        raise InputError("the environment holds unknown settings", faults)
