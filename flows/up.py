"""``convenio up``: the Prefect server, the runner and the portal as children of one process, stopped together.

Nothing here imports Prefect.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType

from pydantic import SecretStr

from flows.child import Child, start_child, wait_until_ready
from flows.files import make_folder
from flows.readiness import require_ready
from flows.server import LOOPBACK, PrefectPlace, require_free_port, start_server, wait_for_server
from flows.settings import Settings
from flows.wiring import Installation
from schemas.errors import ConvenioError, OrchestrationUnavailable, Refused, Unavailable

READY_SECONDS = 120.0
RUNNER_GRACE_SECONDS = 30.0
GRACE_SECONDS = 10.0
LOOK_SECONDS = 0.2
DEATHS_ALLOWED = 5
DEATHS_WITHIN_SECONDS = 120.0

Progress = Callable[[str], None]
StartChild = Callable[[], Child]


def run(house: Installation, *, say: Progress = print, flows: str | None = None) -> int:
    """Start everything, say where it is, and supervise until Ctrl-C or SIGTERM; a second one kills.

    A child that dies is started again, at most five times in two minutes. ``flows`` names other flows than the
    runner's own (``module:function``). Returns the exit code: 0 after an asked stop. Raises :class:`Refused`
    where this home is up already, :class:`NotReady` where a production installation has demonstration keys,
    :class:`OrchestrationUnavailable` where a port is taken or a child does not get ready.
    """
    from flows.demonstration import demonstration_accounts  # noqa: PLC0415  # whoever asks only is_up pays nothing

    require_ready(house)
    settings, control = house.settings, _Control()
    starts = {
        "Prefect server": (lambda: _server(house, say), GRACE_SECONDS),
        "runner": (lambda: _runner(house, flows), RUNNER_GRACE_SECONDS),
        "portal": (lambda: _portal(house), GRACE_SECONDS),
    }
    try:
        with control.listening(), ExitStack() as stack:
            stack.enter_context(only_one(house))
            require_free_port(settings.portal_port, setting="CONVENIO_PORTAL_PORT")
            for name, (start, grace_seconds) in starts.items():
                say(f"starting the {name}")
                with control.starting():
                    _started(start, grace_seconds, control.children, stack)
            place = PrefectPlace(house.home, settings.prefect_port)
            say(f"portal      http://{LOOPBACK}:{settings.portal_port}")
            if accounts := demonstration_accounts(house):
                say("            sign in as one of these, for trying things out (mail address, password):")
            for name, email, password in accounts:
                say(f"            {name:16}  {email:30}  {password}")
            if settings.smtp_url is None:
                say(f"mail        {house.mail.folder}  (nothing is sent: links and codes to sign lie here)")
            say(f"Prefect UI  {place.ui_url}  (asks once for the line in {place.secret_file})")
            say(f"logs        {house.home / 'logs'}")
            say("Stop with Ctrl-C.")
            _supervise(control, {name: start for name, (start, _) in starts.items()}, say)
            say("stopping")
    except _StopAsked:
        say("stopped while starting")
    return 0


@contextmanager
def services(house: Installation, *, progress: Progress = print, flows: str | None = None) -> Iterator[PrefectPlace]:
    """Run Prefect server and runner for as long as the block lasts; the same refusals as :func:`run`."""
    children: list[Child] = []
    with ExitStack() as stack:
        stack.enter_context(only_one(house))
        _started(lambda: _server(house, progress), GRACE_SECONDS, children, stack)
        progress("the Prefect server answers")
        _started(lambda: _runner(house, flows), RUNNER_GRACE_SECONDS, children, stack)
        progress("the runner is ready")
        yield PrefectPlace(house.home, house.settings.prefect_port)


@contextmanager
def only_one(house: Installation) -> Iterator[None]:
    """Hold the home's lock (flock(2), gone with its process); raise :class:`Refused` where another holds it."""
    path = house.home / "up.lock"
    try:
        make_folder(house.home / "inbox", mode=0o700)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Unavailable("the home cannot be written to", where=str(house.home), got=error.strerror) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Refused(
                "this home is up already",
                where=str(house.home),
                got=f"process {os.read(descriptor, 32).decode().strip() or 'unknown'} holds {path.name}",
                expected="one convenio up for each home",
                remedy="stop the other one, or choose another home",
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def is_up(house: Installation) -> bool:
    """Whether a process holds the home's lock, so that somebody renders, seals and archives."""
    try:
        descriptor = os.open(house.home / "up.lock", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def child_environment(settings: Settings) -> dict[str, str]:
    """Return our environment plus every setting in force, so that children see the same ones.

    Secrets are left out: children find them where we found them.
    """
    values = {
        f"CONVENIO_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in settings.model_dump(mode="json", exclude_none=True).items()
        if not isinstance(getattr(settings, name), SecretStr)
    }
    return {**os.environ, **values}


def _server(house: Installation, say: Progress) -> Child:
    place, said = PrefectPlace(house.home, house.settings.prefect_port), [0.0]

    def progress(seconds: float) -> None:
        if seconds - said[0] >= 5:
            said[0] = seconds
            say(f"waiting for the Prefect server, {seconds:.0f} s")

    child = start_server(place)
    try:
        wait_for_server(place, child, progress=progress)
    except BaseException:
        child.kill()
        raise
    return child


def _runner(house: Installation, flows: str | None) -> Child:
    chosen = [] if flows is None else [f"--flows={flows}"]
    reading, writing = os.pipe()
    try:
        child = start_child(
            "runner",
            [sys.executable, "-m", "flows.runner", f"--home={house.home}", f"--ready-fd={writing}", *chosen],
            environment=child_environment(house.settings),
            log=house.home / "logs" / "runner.log",
            ready_fd=writing,
        )
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    try:
        wait_until_ready(child, reading, deadline_seconds=READY_SECONDS)
    except BaseException:
        child.kill()
        raise
    return child


def _portal(house: Installation) -> Child:
    application = ["portal.app:create_app", "--factory", "--host", LOOPBACK, "--port", str(house.settings.portal_port)]
    child = start_child(
        "portal",
        [sys.executable, "-m", "uvicorn", *application, "--log-level", "warning", "--timeout-graceful-shutdown", "5"],
        environment=child_environment(house.settings),
        log=house.home / "logs" / "portal.log",
    )
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and child.alive:
        try:
            require_free_port(house.settings.portal_port, setting="CONVENIO_PORTAL_PORT")
        except OrchestrationUnavailable:
            return child
        time.sleep(LOOK_SECONDS)
    words = child.last_words()
    child.kill()
    raise OrchestrationUnavailable("the portal did not get ready", where=str(child.log), got=words)


def _started(start: StartChild, grace_seconds: float, children: list[Child], stack: ExitStack) -> None:
    place = len(children)
    children.append(start())
    # by its place, for the child there may be another one when the stack unwinds
    stack.callback(lambda: children[place].stop(grace_seconds=grace_seconds))


def _supervise(control: _Control, starts: dict[str, StartChild], say: Progress) -> None:
    deaths: list[float] = []
    while not control.asked.wait(LOOK_SECONDS):
        for place, child in enumerate(control.children):
            if child.alive:
                continue
            now = time.monotonic()
            deaths = [*(death for death in deaths if now - death < DEATHS_WITHIN_SECONDS), now]
            if len(deaths) > DEATHS_ALLOWED:
                raise OrchestrationUnavailable(
                    f"the {child.name} ends again and again", where=str(child.log), got=child.last_words()
                )
            say(f"the {child.name} ended (exit {child.process.returncode}); starting it again")
            child.kill()  # what it left in its group
            try:
                with control.starting():
                    control.children[place] = starts[child.name]()
            except ConvenioError as error:
                say(str(error))


class _StopAsked(BaseException):
    """A person asked to stop while a child was being started; passes through what handles errors."""


class _Control:
    """What the signals say: the first one asks to stop (and breaks off a start), the next one kills every child."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.children: list[Child] = []
        self._may_break_off = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take SIGINT and SIGTERM, and give them back."""
        before = {number: signal.signal(number, self._hear) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def starting(self) -> Iterator[None]:
        """Mark a start, which cleans up after itself when it is broken off."""
        self._may_break_off = True
        try:
            if self.asked.is_set():
                raise _StopAsked
            yield
        finally:
            self._may_break_off = False

    def _hear(self, _number: int, _frame: FrameType | None) -> None:
        if self.asked.is_set():
            for child in self.children:
                child.kill()
        self.asked.set()
        if self._may_break_off:
            self._may_break_off = False
            raise _StopAsked
