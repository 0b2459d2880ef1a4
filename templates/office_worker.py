"""One warm LibreOffice process, spoken to over standard input and output.

Run as a program by the Python that Debian's ``python3-uno`` belongs to; it imports nothing of ours.
``office_worker.py SOFFICE HOME``: ``SOFFICE`` is the path of ``soffice.bin``, ``HOME`` a fresh directory that holds
the profile and the two files of the conversion under way, and that is deleted when the worker ends.

A frame, in both directions, is one ASCII letter, a length (8 bytes, big-endian) and that many bytes::

    to the worker     D   a DOCX
    from the worker   R   ready, once: the process id of LibreOffice, then the paths of its sockets, one a line
                      P   a PDF/A-3b
                      F   the DOCX cannot be converted: one sentence, UTF-8
                      U   LibreOffice or python3-uno is not there: one sentence, UTF-8; the worker ends

The worker ends, and takes LibreOffice, its sockets and ``HOME`` with it, when its input is closed or its parent
is gone.
"""

from __future__ import annotations

import ctypes
import os
import queue
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, BinaryIO
from xml.sax.saxutils import quoteattr

try:
    import uno  # pyrefly: ignore  # belongs to Debian's Python, not to the product's environment
    from com.sun.star.beans import PropertyValue  # pyrefly: ignore  # made by the uno module on import
    from com.sun.star.uno import Exception as UnoException  # pyrefly: ignore  # the same
except ImportError:
    uno = None

HEADER_BYTES = 9
RESTART_ASKED = 81
"""LibreOffice's exit code after it has laid out a new profile (``EXITHELPER_NORMAL_RESTART``)."""
PR_SET_PDEATHSIG = 1
"""prctl(2): the signal a child gets when the thread that started it ends."""
NEVER_EXECUTE = 0
"""com.sun.star.document.MacroExecMode.NEVER_EXECUTE."""
NO_UPDATE = 0
"""com.sun.star.document.UpdateDocMode.NO_UPDATE: links are not followed."""
PDF_A_3B = 3
"""``SelectPdfVersion`` of writer_pdf_Export for PDF/A-3b (ISO 19005-3)."""

MARGIN_SHIFT = 200
"""2 mm, in hundredths of a millimetre."""

COMMON = "/org.openoffice.Office.Common"
WRITER = "/org.openoffice.Office.Writer"
SETTINGS = (
    (f"{COMMON}/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    (f"{COMMON}/Security/Scripting", "DisableMacrosExecution", "true"),
    (f"{COMMON}/Security/Scripting", "MacroSecurityLevel", "3"),
    (f"{COMMON}/Save/Document", "CreateBackup", "false"),
    (f"{COMMON}/Misc", "FirstRun", "false"),
    (f"{WRITER}/Content/Update", "Link", "0"),
)

Message = tuple[bytes, bytes]


def main() -> None:
    """Start LibreOffice, say so, and convert what comes until the input ends."""
    soffice, home = sys.argv[1], Path(sys.argv[2])
    if uno is None:
        send(b"U", b"the Python that runs the converter has no module 'uno'")
        return
    office = Office(soffice, home)
    inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
    threading.Thread(target=read_until_end, args=(inbox, office, os.getppid()), daemon=True).start()
    office.start()
    send(b"R", office.traces())
    while True:
        _, docx = inbox.get()
        send(*office.convert(docx))


def send(letter: bytes, payload: bytes) -> None:
    """Write one frame to standard output."""
    out = sys.stdout.buffer
    out.write(letter + len(payload).to_bytes(8, "big") + payload)
    out.flush()


def read_until_end(inbox: queue.SimpleQueue[Message], office: Office, parent: int) -> None:
    """Queue each frame read; when there are no more, or the parent is gone, end everything.

    Input is watched in its own thread, so that a hung conversion does not keep LibreOffice alive.
    """
    source = sys.stdin.buffer.raw
    while header := read_exactly(source, HEADER_BYTES, parent):
        inbox.put((header[:1], read_exactly(source, int.from_bytes(header[1:], "big"), parent)))
    office.kill()
    os._exit(0)


def read_exactly(source: BinaryIO, size: int, parent: int) -> bytes:
    """Return ``size`` bytes, or what is left when the input ends or the process ``parent`` is gone."""
    content = bytearray()
    while len(content) < size:
        ready, _, _ = select.select([source], [], [], 1.0)
        # A fork of the parent may hold the pipe open after the parent has died.
        if os.getppid() != parent:
            return b""
        if ready:
            piece = source.read(size - len(content))
            if not piece:
                return b""
            content += piece
    return bytes(content)


class Office:
    """A LibreOffice process with its own profile below ``home``."""

    def __init__(self, soffice: str, home: Path) -> None:
        self.soffice = soffice
        self.home = home
        self.pipe = f"convenio-{home.name}"
        self.process: subprocess.Popen[bytes] | None = None
        self.desktop: Any = None
        self.sockets: list[str] = []

    def start(self) -> None:
        """Write the profile, start LibreOffice and wait until it answers; the caller holds the deadline."""
        profile = self.home / "profile"
        (profile / "user").mkdir(parents=True)
        (profile / "user" / "registrymodifications.xcu").write_text(registry(), encoding="utf-8")
        self._launch(profile)
        context = uno.getComponentContext()
        resolver = context.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", context)
        address = f"uno:pipe,name={self.pipe};urp;StarOffice.ComponentContext"
        while True:
            status = self.process.poll() if self.process else None
            if status == RESTART_ASKED:
                self._launch(profile)
            elif status is not None:
                send(b"U", f"LibreOffice ended with status {status} while starting".encode())
                self.kill()
                os._exit(1)
            try:
                remote = resolver.resolve(address)
            except UnoException:
                time.sleep(0.02)
                continue
            self.desktop = remote.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", remote)
            self.sockets = listening_sockets(self.process.pid) if self.process else []
            return

    def traces(self) -> bytes:
        """Return what has to be ended and deleted if the worker cannot do so: process id and socket paths, by line."""
        return "\n".join([str(self.process.pid) if self.process else "", *self.sockets]).encode()

    def _launch(self, profile: Path) -> None:
        options = ["--headless", "--invisible", "--nologo", "--nodefault", "--norestore", "--nolockcheck"]
        libc = ctypes.CDLL(None)
        self.process = subprocess.Popen(  # noqa: S603  # the path was found by the pool, nothing comes from a document
            [
                self.soffice,
                f"-env:UserInstallation={profile.as_uri()}",
                f"--accept=pipe,name={self.pipe};urp;",
                *options,
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.home,
            env={
                "HOME": str(self.home),
                "TMPDIR": str(self.home),
                "PATH": os.environ.get("PATH", ""),
                "LANG": "C.UTF-8",
                "TZ": "UTC",
                "SAL_USE_VCLPLUGIN": "svp",
            },
            # The worker's main thread lives as long as the worker: LibreOffice cannot outlive either.
            preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL),  # noqa: PLW1509
        )

    def convert(self, docx: bytes) -> Message:
        """Return ``P`` and the PDF, or ``F`` and why this document cannot be converted."""
        source, target = self.home / "document.docx", self.home / "document.pdf"
        source.write_bytes(docx)
        target.unlink(missing_ok=True)
        try:
            document = self.desktop.loadComponentFromURL(
                source.as_uri(),
                "_blank",
                0,
                properties(
                    Hidden=True,
                    FilterName="MS Word 2007 XML",
                    MacroExecutionMode=NEVER_EXECUTE,
                    UpdateDocMode=NO_UPDATE,
                ),
            )
            if document is None:
                return b"F", b"LibreOffice cannot open it"
            try:
                refresh(document)
                lay_out_again(document)
                document.storeToURL(target.as_uri(), export_properties())
            finally:
                document.close(True)  # noqa: FBT003  # UNO calls take no keywords
            return b"P", target.read_bytes()
        except UnoException as error:
            # A process that has ended cannot answer; one that answers has refused the document.
            self.desktop.getComponents()
            return b"F", f"LibreOffice: {error.Message or type(error).__name__}".encode()

    def kill(self) -> None:
        """End LibreOffice at once and delete all it wrote."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        for socket in self.sockets:
            Path(socket).unlink(missing_ok=True)
        shutil.rmtree(self.home, ignore_errors=True)


def listening_sockets(pid: int) -> list[str]:
    """Return the paths of the Unix sockets the process holds (proc(5): ``/proc/net/unix``, eight columns)."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        kind, _, inode = str(descriptor.readlink()).partition(":")
        if kind == "socket":
            inodes.add(inode.strip("[]"))
    rows = (line.split(maxsplit=7) for line in Path("/proc/net/unix").read_text(encoding="utf-8").splitlines())
    return sorted({row[7] for row in rows if len(row) == 8 and row[6] in inodes and row[7].startswith("/")})


def refresh(document: Any) -> None:
    """Bring indexes and fields up to date; twice where there is an index, because a longer one moves pages."""
    indexes = document.getDocumentIndexes()
    for _ in range(2 if indexes.getCount() else 1):
        for position in range(indexes.getCount()):
            indexes.getByIndex(position).update()
        document.getTextFields().refresh()
        document.refresh()


def lay_out_again(document: Any) -> None:
    """Move the upper margin of every page there and back.

    The first layout may leave a heading at the end of a page although it is to be kept with the next paragraph,
    when what stands before it was moved to this page as one chain; the second does not.
    """
    cursor = document.getCurrentController().getViewCursor()
    cursor.jumpToLastPage()
    styles = document.getStyleFamilies().getByName("PageStyles")
    used = [style for style in map(styles.getByIndex, range(styles.getCount())) if style.isInUse()]
    margins = [style.TopMargin for style in used]
    for shift in (MARGIN_SHIFT, 0):
        for style, margin in zip(used, margins, strict=True):
            style.TopMargin = margin + shift
        cursor.jumpToLastPage()


def export_properties() -> tuple[Any, ...]:
    """Return what makes the export a tagged PDF/A-3b with bookmarks."""
    choices = properties(
        SelectPdfVersion=PDF_A_3B,
        UseTaggedPDF=True,
        PDFUACompliance=True,
        ExportBookmarks=True,
        ExportFormFields=False,
        ExportNotes=False,
        UseLosslessCompression=True,
        ReduceImageResolution=False,
    )
    filter_data = uno.Any("[]com.sun.star.beans.PropertyValue", choices)
    return properties(FilterName="writer_pdf_Export", FilterData=filter_data, Overwrite=True)


def properties(**values: object) -> tuple[Any, ...]:
    """Return UNO property values."""
    return tuple(PropertyValue(name, 0, value, 0) for name, value in values.items())


def registry() -> str:
    """Return the profile's settings as LibreOffice stores them (registrymodifications.xcu)."""
    items = "".join(
        f"<item oor:path={quoteattr(path)}><prop oor:name={quoteattr(name)} oor:op='fuse'>"
        f"<value>{value}</value></prop></item>"
        for path, name, value in SETTINGS
    )
    return (
        "<?xml version='1.0' encoding='UTF-8'?><oor:items xmlns:oor='http://openoffice.org/2001/registry' "
        f"xmlns:xs='http://www.w3.org/2001/XMLSchema'>{items}</oor:items>"
    )


if __name__ == "__main__":
    main()
