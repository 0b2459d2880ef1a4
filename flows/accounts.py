"""Signing in: passwords (argon2id, RFC 9106), sessions, personal tokens, and how often anything may be tried.

Whoever tries learns nothing about whether an account exists: a wrong address costs the same work and gets the same
answer as a wrong password.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING

from archive.accounts import Account, PersonalToken, Session
from flows.secret_file import kept_secret
from schemas.errors import Fault, InputError, NotAuthorised, Refused, TooManyTries
from schemas.evidence import Digest
from schemas.people import Person

if TYPE_CHECKING:
    from argon2 import PasswordHasher

    from flows.wiring import Installation

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 200

SESSION_LASTS = timedelta(hours=12)
SESSION_IDLE = timedelta(hours=2)

PROVING_LASTS = timedelta(minutes=15)
"""How long a one-time code may be entered after the password."""

TOKEN_LASTS = timedelta(days=90)
MOST_TOKENS = 20
LONGEST_LABEL = 80

TRIES = 10
"""How often an address may be tried from one network within a window; a right password begins the count anew."""

TRIES_FROM = 60
"""How often a network may try within a window, right or wrong: a whole office may share one."""

TRIES_OF_AN_ADDRESS = 100
"""How often an address may be tried from everywhere: it takes ten networks to keep its owner out."""

WINDOW = timedelta(minutes=15)

SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class SignedIn:
    """A session that was begun: its token for the cookie, and whether a one-time code is still asked for."""

    token: str
    proven: bool


def portal_secret(house: Installation, purpose: str) -> bytes:
    """Return the 32 bytes this home keeps for one purpose of the portal (derived by SHA-256 from one secret)."""
    kept = kept_secret(house.home / "keys" / "portal", lambda: secrets.token_hex(32).encode())
    return hashlib.sha256(b"convenio portal\x00" + purpose.encode() + b"\x00" + kept).digest()


def opened(house: Installation, email: str) -> Account:
    """Return the account of a person, which is made without a password where there is none.

    Raises :class:`Refused` for an unknown person.
    """
    person = house.people.get(email)
    if (found := house.accounts.find(person.email)) is not None:
        return found
    account = Account(email=person.email, made_at=house.clock())
    house.accounts.keep(account)
    return account


def set_password(house: Installation, email: str, password: str) -> Account:
    """Set the password of a person's account, which is made where there is none; every session of theirs ends.

    Raises :class:`InputError` for a password that is too short or too easy, :class:`Refused` for an unknown person.
    """
    person = house.people.get(email)
    require_password(password, person)
    account = opened(house, person.email)
    hashed = hasher().hash(password)
    house.accounts.change(account.email, password=hashed)
    house.accounts.end_sessions(account.email)
    house.account_links.void(account.email)
    return account.model_copy(update={"password": hashed})


def change_password(house: Installation, account: Account, session: Session, *, now_is: str, new: str) -> SignedIn:
    """Put a password in place of the one somebody knows; their other sessions end, and this one gets another token.

    Raises as :func:`require_own_password` and :func:`set_password`.
    """
    require_own_password(house, account, now_is)
    set_password(house, account.email, new)
    return _again(house, account, session)


def require_own_password(house: Installation, account: Account, password: str) -> None:
    """Raise :class:`InputError` unless ``password`` is the account's; :class:`TooManyTries` after too many."""
    require_few_tries(house, ("own password", account.email), now=house.clock())
    if not matches(account.password, password):
        raise InputError("nothing was changed", [Fault("password", "this is not your password")])
    forget_tries(house, ("own password", account.email))


def require_password(password: str, person: Person) -> None:
    """Raise :class:`InputError` for a password that is too short, too long, or says the person's own name."""
    expected = f"{SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters; several words are easy to remember"
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        message = "this is too short" if len(password) < SHORTEST_PASSWORD else "this is too long"
        raise InputError("the password cannot be taken", [Fault("new_password", message, expected=expected)])
    easy = {person.email, person.email.partition("@")[0], person.name.lower().replace(" ", ""), "convenio"}
    if len(set(password)) < 5 or password.lower().replace(" ", "") in easy:
        fault = Fault("new_password", "this is easily guessed", expected="several words")
        raise InputError("the password cannot be taken", [fault])


def sign_in(house: Installation, email: str, password: str, *, network: str) -> SignedIn:
    """Begin a session for address and password.

    Raises :class:`NotAuthorised` for a wrong pair, in one and the same way whatever was wrong, and
    :class:`TooManyTries` after too many of this address or from this network.
    """
    now = house.clock()
    address = email.strip().lower()
    from_here = ("sign in", f"{address} from {network}")
    # in this order, so that a network that is held back keeps nobody out whose address it tried
    require_few_tries(house, ("sign in from", network), now=now, limit=TRIES_FROM)
    require_few_tries(house, from_here, now=now)
    require_few_tries(house, ("sign in", address), now=now, limit=TRIES_OF_AN_ADDRESS)
    account = house.accounts.find(email)
    person = _person(house, account)
    if not matches(account.password if account and person else None, password) or person is None or account is None:
        raise NotAuthorised("the address or the password is wrong", remedy="try again, or ask an administrator")
    forget_tries(house, from_here)
    return begin(house, account)


def begin(house: Installation, account: Account) -> SignedIn:
    """Begin a session of an account; without a second factor, where none is required, it is proven at once."""
    proven = account.second_factor is None and house.settings.second_factor == "optional"
    lasts = SESSION_LASTS if proven else PROVING_LASTS
    token = house.accounts.begin_session(account.email, proven=proven, now=house.clock(), lasts=lasts)
    return SignedIn(token, proven)


def proven(house: Installation, session: Session) -> SignedIn:
    """Begin a proven session in place of one whose every factor was given; the cookie before is worth nothing."""
    end_kept(house, session)
    now = house.clock()
    return SignedIn(house.accounts.begin_session(session.email, proven=True, now=now, lasts=SESSION_LASTS), proven=True)


def end_session(house: Installation, token: str) -> None:
    """End the session that a token belongs to, if there is one."""
    house.accounts.end_session(token)


def end_kept(house: Installation, kept: Session | PersonalToken) -> None:
    """End a session or a personal token of which only the hash is known."""
    end = house.accounts.end_session_of if isinstance(kept, Session) else house.accounts.end_token
    end(kept.email, kept.token_hash)


def end_others(house: Installation, session: Session) -> None:
    """End every session of an account but this one."""
    house.accounts.end_sessions(session.email, but=session.token_hash)


def choose_language(house: Installation, account: Account, language: str) -> None:
    """Keep in which language somebody wants the portal."""
    house.accounts.change(account.email, language=language)


def make_token(house: Installation, account: Account, label: str) -> str:
    """Return a new personal token for the REST interface, which is shown once and kept nowhere.

    Raises :class:`InputError` for a label that names nothing, :class:`Refused` beyond :data:`MOST_TOKENS`.
    """
    label = " ".join(label.split())
    if not label or len(label) > LONGEST_LABEL or not label.isprintable():
        fault = Fault(
            "label", "this is missing" if not label else "this is too long", expected=f"1 to {LONGEST_LABEL} characters"
        )
        raise InputError("the token needs a name", [fault])
    now = house.clock()
    if sum(token.ends_at > now for token in house.accounts.tokens_of(account.email)) >= MOST_TOKENS:
        raise Refused("you have too many tokens", expected=f"at most {MOST_TOKENS}", remedy="end one you do not use")
    return house.accounts.make_token(account.email, label, now=now, lasts=TOKEN_LASTS)


def whoever(house: Installation, token: str) -> tuple[Person, Account, Session] | None:
    """Return who is signed in by a session's token, or ``None``: ended, idle, closed, or no person any more."""
    now = house.clock()
    session = house.accounts.session(token, now=now, idle=SESSION_IDLE)
    account = house.accounts.find(session.email) if session else None
    person = _person(house, account)
    if session is None or account is None or person is None:
        return None
    if now - session.seen_at >= SEEN_EVERY:
        house.accounts.seen(session, now=now)
    return person, account, session


def whose_token(house: Installation, token: str) -> tuple[Person, Account, PersonalToken] | None:
    """Return whose personal token this is, or ``None``: ended, of a closed account, or no person any more."""
    now = house.clock()
    kept = house.accounts.token(token, now=now)
    account = house.accounts.find(kept.email) if kept else None
    person = _person(house, account)
    if kept is None or account is None or person is None:
        return None
    if kept.used_at is None or now - kept.used_at >= SEEN_EVERY:
        house.accounts.token_used(kept, now=now)
    return person, account, kept


def require_few_tries(house: Installation, *subjects: tuple[str, str], now: datetime, limit: int = TRIES) -> None:
    """Count a try of each subject; raise :class:`TooManyTries` where one of them tried too often within the window."""
    counts = [house.accounts.tried(_subject(*subject), now=now, window=WINDOW) for subject in subjects]
    if max(counts) > limit:
        window = WINDOW.total_seconds()
        seconds = ceil(window - now.timestamp() % window)
        minutes = ceil(seconds / 60)
        raise TooManyTries(
            "too many tries",
            seconds=seconds,
            expected=f"at most {limit} within {window / 60:.0f} minutes",
            remedy=f"wait {minutes} {'minute' if minutes == 1 else 'minutes'}, then try again",
        )


def forget_tries(house: Installation, subject: tuple[str, str]) -> None:
    """Begin counting anew, after a try that was right."""
    house.accounts.forget_tries(_subject(*subject))


def _again(house: Installation, account: Account, session: Session) -> SignedIn:
    """Begin a session like one that was just ended with all others."""
    now = house.clock()
    token = house.accounts.begin_session(account.email, proven=session.proven, now=now, lasts=SESSION_LASTS)
    return SignedIn(token, session.proven)


def _subject(what: str, whose: str) -> Digest:
    return hashlib.sha256(f"{what}\x00{whose}".encode()).hexdigest()


def _person(house: Installation, account: Account | None) -> Person | None:
    if account is None or account.closed_at is not None:
        return None
    return house.people.find(account.email)


def hasher() -> PasswordHasher:
    """Return what hashes passwords, with the parameters RFC 9106 recommends where memory is scarce (section 4)."""
    from argon2 import PasswordHasher  # noqa: PLC0415  # only the portal needs it

    return PasswordHasher()


def matches(kept: str | None, password: str) -> bool:
    """Whether a password is the one kept; where none is kept the same work is done."""
    from argon2.exceptions import VerificationError  # noqa: PLC0415  # only the portal needs it

    given = password[: LONGEST_PASSWORD + 1]
    if kept is None:
        hasher().hash(given)
        return False
    try:
        return hasher().verify(kept, given)
    except VerificationError:
        return False
