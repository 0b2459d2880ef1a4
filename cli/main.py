"""Runs ``convenio``, and turns every fault, and an interruption, into words and an exit code.

Nothing of ours is imported before Ctrl-C is listened for: importing takes longer than to think better of it.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click

    from cli.output import Place
    from schemas.errors import ConvenioError, Unavailable

INTERRUPTED = 128 + 2
"""How a shell speaks of a program that SIGINT ended."""

UNREAD = 74
"""Nobody could be told the answer (EX_IOERR of sysexits.h)."""

REPEAT = "repeat the command: a repetition gives the first result"

RECORDED = {
    True: f"Interrupted, and the act was recorded; {REPEAT}.",
    None: f"Interrupted while the act was being recorded, and it may be or not; {REPEAT}.",
    False: "Interrupted; nothing was recorded in the ledger.",
}
"""What a person is told, by what came of the act."""


class Interruption:
    """What Ctrl-C says: the first one breaks the command off, a second one ends the process at once."""

    def __init__(self) -> None:
        self.heard = False
        self.place: Place | None = None

    def listen(self) -> None:
        """Take SIGINT, and keep it: what ends a process may be interrupted as well."""
        signal.signal(signal.SIGINT, self._hear)

    def tell(self) -> None:
        """Say on one line whether the act was recorded."""
        house = None if self.place is None else self.place.house
        with suppress(OSError):
            sys.stderr.write(f"{RECORDED[False if house is None else house.recorded]}\n")
            sys.stderr.flush()

    def _hear(self, _number: int, _frame: FrameType | None) -> None:
        self.heard = True
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        # what breaks off now has nothing to tell a person, whoever swallows the exception
        logging.disable()
        sys.unraisablehook = lambda _: None
        raise KeyboardInterrupt


def main() -> None:
    """Run the command line.

    Exit 0 fine, 1 refused or invalid, 2 bad input, 3 unavailable or indeterminate, 74 where nobody reads the answer,
    130 interrupted.
    """
    os.umask(0o077)
    interruption = Interruption()
    interruption.listen()
    try:
        code = _outcome(interruption)
        sys.stdout.flush()
    except KeyboardInterrupt:
        code, interruption.heard = INTERRUPTED, True
    except OSError:
        _speak_to_nobody()
        code = UNREAD
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if interruption.heard:
        interruption.tell()
        code = INTERRUPTED
    sys.exit(code)


def _outcome(interruption: Interruption) -> int:
    """Return the exit code of the command, which has printed its answer or its fault."""
    import click

    from cli.commands import convenio
    from cli.output import Place
    from schemas.errors import ConvenioError, InputError

    as_json, place = "--json" in sys.argv, Place()
    interruption.place = place
    try:
        _require_text(sys.argv[1:])
        code = convenio(standalone_mode=False, obj=place)
    except SystemExit:  # so click ends where nobody reads any more, and only there
        return UNREAD
    except click.exceptions.Abort:
        raise KeyboardInterrupt from None
    except Exception as fault:  # noqa: BLE001  # the last line of defence: a person gets words, the log the traceback
        if interruption.heard:  # and somebody made another exception of it
            raise KeyboardInterrupt from None
        if isinstance(fault, click.ClickException):
            _show(fault, as_json=as_json)
            return InputError.exit_code
        error = fault if isinstance(fault, ConvenioError) else _unexpected(place)
        _print(error, as_json=as_json)
        return error.exit_code
    return code if isinstance(code, int) else 0


def _speak_to_nobody() -> None:
    """Have Python find nothing to complain about when it flushes at its end."""
    nobody = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            os.dup2(nobody, stream.fileno())


def _print(error: ConvenioError, *, as_json: bool) -> None:
    from cli.output import print_error

    print_error(error, as_json=as_json)


def _require_text(arguments: list[str]) -> None:
    """Refuse what the shell handed over as bytes that are no text: nothing could print or keep it."""
    from schemas.errors import InputError

    for argument in arguments:
        if any("\udc80" <= character <= "\udcff" for character in argument):
            raise InputError("an argument is not UTF-8 text", got=ascii(argument), expected="UTF-8")


def _show(error: click.ClickException, *, as_json: bool) -> None:
    from schemas.errors import InputError

    if as_json:
        _print(InputError(error.format_message(), remedy="see --help"), as_json=True)
    else:
        error.show()


def _unexpected(place: Place) -> Unavailable:
    """Keep the traceback of what nobody expected in the log of the home, and return words for a person."""
    import traceback
    from datetime import UTC, datetime

    from flows.settings import read_settings
    from schemas.errors import ConvenioError, Unavailable

    what = "This should not have happened, and it is our fault."
    try:
        log = read_settings(place.home).home / "logs" / "unexpected.log"
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with log.open("a") as file:
            file.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}\n{traceback.format_exc()}\n")
    except (ConvenioError, OSError):
        return Unavailable(what)
    return Unavailable(what, where=str(log), remedy="send that file to whoever looks after this installation")
