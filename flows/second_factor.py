"""The second factor: one-time codes of a key that a person's device holds (TOTP, RFC 6238), and recovery codes.

A code is taken within one step of 30 seconds before or after its own, and once. The key is kept encrypted (Fernet)
under a secret of the home; while it is being set up it travels, encrypted as well, with the form.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from flows.accounts import SignedIn, forget_tries, portal_secret, proven, require_few_tries, require_own_password
from schemas.errors import Fault, InputError, Refused
from schemas.evidence import Digest

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

    from archive.accounts import Account, Session
    from flows.wiring import Installation

STEP_SECONDS = 30
DRIFT_STEPS = 1
CODE_TRIES = 5
SETUP_LASTS = timedelta(minutes=30)
RECOVERY_CODES = 10
RECOVERY_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
RECOVERY_DIGITS = 12


@dataclass(frozen=True)
class Setup:
    """A key that is offered: as people type it, as their device scans it (``otpauth:``), and sealed for the form."""

    key: str
    address: str
    sealed: str


def offer(house: Installation, account: Account, *, sealed: str | None = None) -> Setup:
    """Return a fresh key for an account, or the one of a form that was sent before."""
    import pyotp  # noqa: PLC0415  # only the portal needs it

    key = _unsealed(house, account, sealed) if sealed else pyotp.random_base32()
    address = pyotp.TOTP(key).provisioning_uri(name=account.email, issuer_name="Convenio")
    return Setup(key, address, sealed or _seal(house, f"{account.email} {key}"))


def turn_on(
    house: Installation, account: Account, session: Session, *, sealed: str, code: str
) -> tuple[tuple[str, ...], SignedIn | None]:
    """Keep the key of a form once a code shows that a device holds it, and return recovery codes.

    Beside them the session that takes the place of one that was not proven yet. Every other one ends. Raises
    :class:`InputError` for a wrong code and for a form that is too old, :class:`Refused` where a second factor is on
    already or after too many tries.
    """
    if account.second_factor is not None:
        raise Refused("the second factor is on already", remedy="turn it off first, to use another device")
    _require_few_codes(house, account)
    key = _unsealed(house, account, sealed)
    if (step := _step_of(house, key, code)) is None:
        raise _wrong()
    house.accounts.change(account.email, second_factor=_seal(house, f"{account.email} {key}"), last_step=step)
    codes = _new_recovery_codes(house, account)
    house.accounts.end_sessions(account.email, but=session.token_hash)
    forget_tries(house, ("code", account.email))
    return codes, None if session.proven else proven(house, session)


def prove(house: Installation, account: Account, session: Session, code: str) -> SignedIn:
    """Begin a proven session for a one-time code, or a recovery code, which is then used up.

    Raises :class:`InputError` for one that is wrong or was used before, :class:`Refused` after too many tries.
    """
    if account.second_factor is None:
        raise Refused("no second factor is set up", remedy="sign in again")
    _require_few_codes(house, account)
    step = _step_of(house, _unsealed(house, account, account.second_factor, lasts=None), code)
    taken = step is not None and house.accounts.take_step(account.email, step)
    if not taken and not house.recovery_codes.use(account.email, _hash(house, account, code)):
        raise _wrong()
    forget_tries(house, ("code", account.email))
    return proven(house, session)


def turn_off(house: Installation, account: Account, session: Session, *, password: str) -> None:
    """Forget the key and the recovery codes; the person's other sessions end.

    Raises :class:`InputError` for a wrong password, :class:`Refused` where a second factor is required.
    """
    if house.settings.second_factor == "required":
        raise Refused(
            "here everybody needs a second factor", remedy="for another device, ask an administrator to reset yours"
        )
    require_own_password(house, account, password)
    forget(house, account.email)
    house.accounts.end_sessions(account.email, but=session.token_hash)


def renew_recovery_codes(house: Installation, account: Account, *, password: str) -> tuple[str, ...]:
    """Return new recovery codes in place of those there were; raises as :func:`turn_off`."""
    if account.second_factor is None:
        raise Refused("the second factor is off", remedy="turn it on: recovery codes come with it")
    require_own_password(house, account, password)
    return _new_recovery_codes(house, account)


def forget(house: Installation, email: str) -> None:
    """Forget the key and the recovery codes of an account."""
    house.accounts.change(email, second_factor=None, last_step=None)
    house.recovery_codes.replace(email, ())


def _step_of(house: Installation, key: str, code: str) -> int | None:
    """Return the step a code belongs to, if it is one of those that are taken now."""
    import pyotp  # noqa: PLC0415  # only the portal needs it

    given, now_is = _folded(code).encode(), int(house.clock().timestamp()) // STEP_SECONDS
    near = range(now_is - DRIFT_STEPS, now_is + DRIFT_STEPS + 1)
    codes = {step: pyotp.TOTP(key).at(step * STEP_SECONDS) for step in near}
    matching = [step for step, right in codes.items() if hmac.compare_digest(right.encode(), given)]
    return max(matching, default=None)


def _new_recovery_codes(house: Installation, account: Account) -> tuple[str, ...]:
    codes = tuple(
        "-".join("".join(secrets.choice(RECOVERY_ALPHABET) for _ in range(4)) for _ in range(RECOVERY_DIGITS // 4))
        for _ in range(RECOVERY_CODES)
    )
    house.recovery_codes.replace(account.email, [_hash(house, account, code) for code in codes])
    return codes


def _hash(house: Installation, account: Account, code: str) -> Digest:
    # they are short enough to be guessed from a plain hash
    message = f"{account.email}\x00{_folded(code)}".encode()
    return hmac.new(portal_secret(house, "recovery codes"), message, hashlib.sha256).hexdigest()


def _folded(code: str) -> str:
    return "".join(code.lower().split()).replace("-", "")


def _require_few_codes(house: Installation, account: Account) -> None:
    require_few_tries(house, ("code", account.email), now=house.clock(), limit=CODE_TRIES)


def _wrong() -> InputError:
    fault = Fault("code", "this is wrong, or was used before", expected="the six digits your device shows now")
    return InputError("the code cannot be taken", [fault])


def _fernet(house: Installation) -> Fernet:
    from cryptography.fernet import Fernet  # noqa: PLC0415  # only the portal needs it

    return Fernet(base64.urlsafe_b64encode(portal_secret(house, "second factor")))


def _seal(house: Installation, content: str) -> str:
    return _fernet(house).encrypt_at_time(content.encode(), int(house.clock().timestamp())).decode()


def _unsealed(house: Installation, account: Account, sealed: str, *, lasts: timedelta | None = SETUP_LASTS) -> str:
    """Return the key that was sealed for this account."""
    from cryptography.fernet import InvalidToken  # noqa: PLC0415  # only the portal needs it

    now = int(house.clock().timestamp())
    try:
        opened = (
            _fernet(house).decrypt(sealed.encode())
            if lasts is None
            else _fernet(house).decrypt_at_time(sealed.encode(), int(lasts.total_seconds()), now)
        )
    except InvalidToken as error:
        raise InputError("the key is too old", remedy="open the page again, and scan the new one") from error
    whose, _, key = opened.decode().partition(" ")
    if whose != account.email:
        raise InputError("the key is not yours", remedy="open the page again, and scan the new one")
    return key
