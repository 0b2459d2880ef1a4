"""Tables of how people prove to the portal who they are.

::

    accounts  sessions  tokens          erasable: with a password, with a cookie, with a personal token
    account_links  recovery_codes       erasable: how they come back in without a password, or a second factor
    tries                               how often somebody tried; forgotten after their window
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text, UniqueConstraint

from archive.tables import DIGEST, METADATA, InstantText

accounts = Table(
    "accounts",
    METADATA,
    Column("email", String(254), primary_key=True),
    Column("password", Text),
    Column("second_factor", Text),
    Column("last_step", BigInteger),
    Column("subject", Text),
    Column("language", String(8)),
    Column("made_at", InstantText, nullable=False),
    Column("closed_at", InstantText),
    UniqueConstraint("subject"),
)
"""Who may sign in: ``password`` is an argon2 hash, ``second_factor`` an encrypted TOTP key whose ``last_step`` was used
last, ``subject`` issuer and subject at an OpenID provider."""

sessions = Table(
    "sessions",
    METADATA,
    Column("token_hash", DIGEST, primary_key=True),
    Column("email", String(254), nullable=False),
    Column("proven", Boolean, nullable=False),
    Column("begun_at", InstantText, nullable=False),
    Column("seen_at", InstantText, nullable=False),
    Column("ends_at", InstantText, nullable=False),
    Index(None, "email"),
)
"""Who is signed in, by the hash of their cookie; ``proven`` once every factor asked for was given."""

tokens = Table(
    "tokens",
    METADATA,
    Column("token_hash", DIGEST, primary_key=True),
    Column("email", String(254), nullable=False),
    Column("label", Text, nullable=False),
    Column("made_at", InstantText, nullable=False),
    Column("ends_at", InstantText, nullable=False),
    Column("used_at", InstantText),
    Index(None, "email"),
)
"""Personal tokens for the REST interface, by their hash."""

account_links = Table(
    "account_links",
    METADATA,
    Column("link_hash", DIGEST, primary_key=True),
    Column("email", String(254), nullable=False),
    Column("made_at", InstantText, nullable=False),
    Column("ends_at", InstantText, nullable=False),
    Index(None, "email"),
)
"""Links mailed to people to choose a password, by their hash; one that was used has no row."""

recovery_codes = Table(
    "recovery_codes",
    METADATA,
    Column("email", String(254), primary_key=True),
    Column("code_hash", DIGEST, primary_key=True),
)
"""What takes the place of a one-time code, once each, by its hash; one that was used has no row."""

tries = Table(
    "tries",
    METADATA,
    Column("subject", DIGEST, primary_key=True),
    Column("window", InstantText, primary_key=True),
    Column("count", Integer, nullable=False),
)
"""How often something was tried within a window, by the hash of what and by whom."""
