"""Two Word files as one with tracked changes: accepting all gives the new text, rejecting all the old.

The changes are ECMA-376-1 17.13.5 revisions. They are found by the program Docxodus, which the package python-redlines
carries and which needs neither a network nor a runtime of its own. It is unpacked once into a directory, then run for
each comparison in a process group with a deadline.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import shutil
import signal
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from schemas.errors import ConversionUnavailable, InputError, TemplateFault

DEADLINE_SECONDS = 60.0
MAX_HEAP_BYTES = 2 * 1024 * 1024 * 1024
SHOWN_CHARACTERS = 500
ENVIRONMENT = {
    "DOTNET_EnableDiagnostics": "0",
    "DOTNET_GCHeapHardLimit": f"{MAX_HEAP_BYTES:#x}",
    # Without it the program asks for ICU, which a small machine may not have.
    "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1",
}


def tracked_changes(
    before: bytes,
    after: bytes,
    *,
    author: str,
    at: datetime,
    programs: Path | None = None,
    deadline_seconds: float = DEADLINE_SECONDS,
) -> bytes:
    """Return a DOCX that shows how ``after`` differs from ``before``; the same input gives the same bytes.

    ``before`` and ``after`` are DOCX without tracked changes; each change carries ``author`` and ``at`` (aware, whole
    seconds). ``programs`` is a directory that keeps the unpacked program (110 MB) from one process to the next;
    without it each process unpacks it once for itself. Raises :class:`InputError` for an author without a name,
    :class:`TemplateFault` if one of the files cannot be compared, :class:`ConversionUnavailable` if the program cannot
    run here or did not end within ``deadline_seconds``.
    """
    if not author.strip() or not author.isprintable():
        raise InputError("a tracked change names its author", got=repr(author), expected="a name on one line")
    program = _unpacked(programs or _kept_for_this_process())
    with tempfile.TemporaryDirectory(prefix="convenio-redline-") as name:
        room = Path(name)
        old, new, redline = room / "before.docx", room / "after.docx", room / "redline.docx"
        old.write_bytes(before)
        new.write_bytes(after)
        instant = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        # A space and a non-breaking space are different texts: accepting has to give the new one.
        options = (f"--author={author}", f"--date-time={instant}", "--no-conflate-spaces")
        complaint = _run([str(program), str(old), str(new), str(redline), *options], room, deadline_seconds)
        if complaint is not None or not redline.exists():
            raise TemplateFault(
                "the two Word files cannot be compared",
                got=complaint or "no answer",
                expected="two whole Word documents (DOCX)",
                remedy="open both in a word processor and save them again, or read the redline of the clauses",
            )
        return redline.read_bytes()


def _run(command: list[str], room: Path, deadline_seconds: float) -> str | None:
    """Return what a program complains of last, if it does; its whole process group is killed at the deadline."""
    environment = ENVIRONMENT | {"HOME": str(room), "TMPDIR": str(room)}
    try:
        process = subprocess.Popen(  # noqa: S603  # the program that came with its package
            command,
            cwd=room,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise _cannot_run(str(error)) from error
    with process:
        try:
            said, _ = process.communicate(timeout=deadline_seconds)
        except subprocess.TimeoutExpired as error:
            raise ConversionUnavailable(
                "the two Word files were not compared in time",
                got=f"no answer within {deadline_seconds:g} s",
                expected="a DOCX with tracked changes",
                remedy="try again; if it stays so, read the redline of the clauses instead",
            ) from error
        finally:
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
    if process.returncode < 0:
        raise _cannot_run(f"ended by signal {-process.returncode}")
    if process.returncode == 0:
        return None
    return said.decode("utf-8", "replace").strip().rpartition("\n")[2][:SHOWN_CHARACTERS]


@functools.lru_cache(maxsize=1)
def _kept_for_this_process() -> Path:
    room = Path(tempfile.mkdtemp(prefix="convenio-docxodus-"))
    atexit.register(shutil.rmtree, room, ignore_errors=True)
    return room


def _unpacked(directory: Path) -> Path:
    """Return the program below ``directory``, unpacked under another name first: it is whole or not there."""
    # Imported when first needed: fast commands start in under a second.
    from python_redlines import DocxodusEngine, EngineNotInstalledError, __version__  # noqa: PLC0415

    home = directory / f"docxodus-{__version__}"
    try:
        if not home.exists():
            directory.mkdir(parents=True, exist_ok=True)
            unfinished = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=directory))
            try:
                DocxodusEngine(str(unfinished))
                with contextlib.suppress(OSError):
                    # Another process was first where the directory is there by now.
                    unfinished.rename(home)
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
        return Path(DocxodusEngine(str(home)).extracted_binaries_path)
    except (EngineNotInstalledError, OSError, ValueError) as error:
        raise _cannot_run(str(error)) from error


def _cannot_run(got: str) -> ConversionUnavailable:
    return ConversionUnavailable(
        "tracked changes cannot be made on this machine",
        got=got,
        expected="the program of python-redlines[docxodus], and 110 MB for it where programs may run",
        remedy="install python-redlines[docxodus]; read the redline of the clauses meanwhile",
    )
