"""DOCX to PDF/A-3b through a pool of warm LibreOffice processes.

Each process has a directory of its own and is driven by ``office_worker.py``, which Debian's Python runs and which
is spoken to over its standard input and output. A deadline that passes kills the process group; another process gets
the document once more; then the conversion is unavailable. A document LibreOffice refuses is a fault of the
document and is not tried again.
"""

from __future__ import annotations

import contextlib
import os
import queue
import select
import shutil
import signal
import subprocess
import tempfile
import threading
import weakref
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from schemas.errors import ConversionUnavailable, TemplateFault
from templates.legible import check_fonts, check_nothing_added, check_text
from templates.metadata import with_described_metadata
from templates.reproducible import reproducible
from templates.word_file import read_word_file

DEBIAN_PYTHON = Path("/usr/bin/python3")
PACKAGES = "libreoffice-writer-nogui python3-uno"
WORKER = Path(__file__).with_name("office_worker.py")
HEADER_BYTES = 9
ATTEMPTS = 2
DEATH_SECONDS = 5
"""A killed process is gone in milliseconds; a stuck kernel is not waited for longer."""
UNDATED = datetime(2000, 1, 1, tzinfo=UTC)
"""The PDF's date where the DOCX carries none."""


class OfficePool:
    """At most ``size`` LibreOffice processes, started when first needed and kept warm; safe to use from threads.

    ``deadline_seconds`` holds for each start and each conversion. A process is replaced after ``recycle_after``
    documents or beyond ``max_memory_bytes`` of resident memory. Profiles lie below ``directory`` (the system's
    temporary directory if none) and vanish with their process. Nothing is left when the interpreter exits or dies.
    """

    def __init__(
        self,
        *,
        size: int = 1,
        deadline_seconds: float = 60.0,
        recycle_after: int = 100,
        max_memory_bytes: int = 1024 * 1024 * 1024,
        directory: Path | None = None,
        python: Path = DEBIAN_PYTHON,
        soffice: Path | None = None,
    ) -> None:
        self.deadline_seconds = deadline_seconds
        self.recycle_after = recycle_after
        self.max_memory_bytes = max_memory_bytes
        self._directory = directory
        self._python = python
        self._soffice = soffice
        self._closed = False
        self._live: set[Office] = set()
        # Last in, first out: a warm process is taken before a place where none runs yet.
        self._places: queue.LifoQueue[Office | None] = queue.LifoQueue()
        for _ in range(size):
            self._places.put(None)
        self._finalizer = weakref.finalize(self, _end_all, self._live)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End every process and delete its directory; a conversion under way becomes unavailable."""
        self._closed = True
        _end_all(self._live)

    def process_ids(self) -> tuple[int, ...]:
        """Return the process ids of the LibreOffice processes that are warm or working."""
        return tuple(office.process_id for office in tuple(self._live))

    def convert(self, docx: bytes) -> bytes:
        """Return the PDF/A-3b (ISO 19005-3, tagged, with bookmarks) of a DOCX; the same DOCX gives the same bytes.

        The PDF's date is the DOCX's date of modification. Raises :class:`TemplateFault` if the document is damaged,
        a font is not embedded, a letter is in no installed font, a text of the DOCX is not in the PDF or another is;
        :class:`ConversionUnavailable` if LibreOffice is missing, or did not answer within the deadline, twice.
        """
        word = read_word_file(docx)
        pdf = with_described_metadata(reproducible(self._convert(docx), source=docx, at=word.modified or UNDATED))
        check_fonts(pdf)
        check_text(pdf, word.paragraphs)
        check_nothing_added(pdf, docx)
        return pdf

    def _convert(self, docx: bytes) -> bytes:
        office = self._places.get()
        try:
            for _ in range(ATTEMPTS):
                if self._closed:
                    break
                try:
                    if office is None:
                        office = self._start()
                    letter, payload = office.ask(docx, self.deadline_seconds)
                except _LostError:
                    office = self._end(office)
                    continue
                except BaseException:
                    # its answer would be taken for the answer to the next question
                    office = self._end(office)
                    raise
                if office.converted >= self.recycle_after or office.resident_bytes() > self.max_memory_bytes:
                    office = self._end(office)
                if letter == b"P":
                    return payload
                raise TemplateFault(
                    "the document cannot be converted",
                    got=payload.decode("utf-8", "replace"),
                    expected="a DOCX that LibreOffice Writer opens",
                    remedy="open it in a word processor, repair and save it",
                )
        finally:
            self._places.put(office)
        raise ConversionUnavailable(
            "the pool of LibreOffice processes is closed" if self._closed else "LibreOffice did not answer, twice",
            got=f"no answer within {self.deadline_seconds:g} s, or the process ended",
            expected="a PDF",
            remedy="try again; if it stays so, look for a document that is too large or a machine short of memory",
        )

    def _start(self) -> Office:
        office = Office(self._python, self._soffice or _find_soffice(), self._directory)
        self._live.add(office)
        try:
            office.wait_until_ready(self.deadline_seconds)
        except BaseException:
            self._end(office)
            raise
        if self._closed:
            self._end(office)
        return office

    def _end(self, office: Office | None) -> None:
        if office is not None:
            office.end()
            self._live.discard(office)


class Office:
    """One worker with its LibreOffice, in a process group and a directory of their own."""

    def __init__(self, python: Path, soffice: Path, directory: Path | None) -> None:
        if not python.exists():
            raise _not_installed(f"no {python}")
        self.converted = 0
        self.process_id = 0
        self._sockets: list[Path] = []
        self._watch: int | None = None
        self._ending = threading.Lock()
        self._home = Path(tempfile.mkdtemp(prefix="convenio-office-", dir=directory))
        self._process = subprocess.Popen(  # noqa: S603  # our own worker and the LibreOffice of the system
            [str(python), "-I", str(WORKER), str(soffice), str(self._home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def wait_until_ready(self, deadline_seconds: float) -> None:
        """Return when LibreOffice can convert; raise if it is missing or the deadline passes."""
        letter, payload = self._within(deadline_seconds, self._receive)
        if letter == b"U":
            raise _not_installed(payload.decode("utf-8", "replace"))
        process_id, *sockets = payload.decode().splitlines()
        self.process_id = int(process_id)
        self._sockets = [Path(path) for path in sockets]
        self._watch = os.pidfd_open(self.process_id)

    def ask(self, docx: bytes, deadline_seconds: float) -> tuple[bytes, bytes]:
        """Return the worker's answer, letter and payload, to one document."""
        self.converted += 1
        return self._within(deadline_seconds, lambda: self._exchange(docx))

    def resident_bytes(self) -> int:
        """Return the memory LibreOffice holds (proc(5): ``statm``, second column, pages)."""
        try:
            pages = Path(f"/proc/{self.process_id}/statm").read_text(encoding="ascii").split()[1]
        except (OSError, IndexError):
            return 0
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def end(self) -> None:
        """Kill the process group, wait until LibreOffice is gone, delete what it wrote."""
        with self._ending:
            self._kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
            if self._watch is not None:
                # LibreOffice is the worker's child, not ours: its end is seen on its process descriptor.
                select.select([self._watch], [], [], DEATH_SECONDS)
                os.close(self._watch)
                self._watch = None
            for path in self._sockets:
                path.unlink(missing_ok=True)
            shutil.rmtree(self._home, ignore_errors=True)

    def _kill(self) -> None:
        if self._process.returncode is None:
            # Not yet waited for, so the group id cannot belong to anybody else.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _within(self, seconds: float, act: Callable[[], tuple[bytes, bytes]]) -> tuple[bytes, bytes]:
        """Run a blocking exchange; if it takes too long, kill the group, which ends the pipe it waits on."""
        watchdog = threading.Timer(seconds, self._kill)
        watchdog.daemon = True
        watchdog.start()
        try:
            return act()
        except (OSError, ValueError) as error:
            raise _LostError from error
        finally:
            watchdog.cancel()
            watchdog.join()

    def _exchange(self, docx: bytes) -> tuple[bytes, bytes]:
        if self._process.stdin is None:
            raise _LostError
        self._process.stdin.write(b"D" + len(docx).to_bytes(8, "big") + docx)
        self._process.stdin.flush()
        return self._receive()

    def _receive(self) -> tuple[bytes, bytes]:
        if self._process.stdout is None:
            raise _LostError
        header = self._process.stdout.read(HEADER_BYTES)
        size = int.from_bytes(header[1:], "big")
        payload = self._process.stdout.read(size) if len(header) == HEADER_BYTES else b""
        if len(header) < HEADER_BYTES or len(payload) < size:
            raise _LostError
        return header[:1], payload


class _LostError(Exception):
    """The worker has ended or was ended."""


def _end_all(offices: set[Office]) -> None:
    while offices:
        offices.pop().end()


def _find_soffice() -> Path:
    """Return LibreOffice's own binary: the ``soffice`` on PATH is a script whose children outlive it."""
    for name in ("soffice", "libreoffice"):
        if found := shutil.which(name):
            binary = Path(found).resolve().with_name("soffice.bin")
            if binary.exists():
                return binary
    raise _not_installed("no soffice on PATH")


def _not_installed(got: str) -> ConversionUnavailable:
    return ConversionUnavailable(
        "DOCX cannot be converted to PDF on this machine",
        got=got,
        expected="LibreOffice Writer with its UNO bridge for Python",
        remedy=f"apt-get install {PACKAGES}",
    )
