"""What a form sent: its fields and files, read within limits and only where the form was ours."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from flows.files import size_in_words
from portal.visit import Visit, visiting
from schemas.errors import InputError, NotAuthorised

MOST_FIELDS = 5000
MOST_FILES = 4
LARGEST_FILE_BYTES = 50 * 1024 * 1024
LARGEST_FIELD_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Form:
    """The fields and files of one posted form."""

    fields: FormData

    def text(self, name: str) -> str:
        """Return a field without outer spaces; empty where it was not sent."""
        value = self.fields.get(name, "")
        return value.strip() if isinstance(value, str) else ""

    def texts(self, name: str) -> list[str]:
        """Return every value of a field that may be sent several times."""
        return [value for value in self.fields.getlist(name) if isinstance(value, str)]

    def number(self, name: str) -> int:
        """Return a field as a whole number; raise :class:`InputError` where it is none."""
        value = self.text(name)
        if not value.isascii() or not value.isdigit() or len(value) > 9:
            raise InputError("a number is missing from the form", got=repr(value), expected="a whole number")
        return int(value)

    def file(self, name: str, *, most_bytes: int = LARGEST_FILE_BYTES) -> tuple[str, bytes] | None:
        """Return name and content of an uploaded file, or ``None`` where none was chosen.

        Raises :class:`InputError` for one that is larger than ``most_bytes``.
        """
        upload = self.fields.get(name)
        if not isinstance(upload, UploadFile) or not upload.filename:
            return None
        content = upload.file.read(most_bytes + 1)
        if len(content) > most_bytes:
            limit = size_in_words(most_bytes)
            raise InputError("the file is too large", got=f"more than {limit}", expected=f"at most {limit}")
        return upload.filename, content


async def posted(request: Request, visit: Annotated[Visit, Depends(visiting)]) -> AsyncIterator[Form]:
    """Yield the form of a request, which must come from one of our pages; its files are gone after the answer.

    Raises :class:`NotAuthorised` where another site sent it, or where it was shown before the present session began.
    """
    origin = request.headers.get("origin")
    if origin is not None and origin.partition("://")[2] != request.headers.get("host"):
        raise NotAuthorised("another site sent this form", got=origin, remedy="open the page here and send it again")
    _require_utf8(request)
    try:
        fields = await request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=LARGEST_FIELD_BYTES)
    except HTTPException as fault:
        raise InputError("the form cannot be read", got=fault.detail, expected="the form of this page") from fault
    try:
        # no browser sends it, and PostgreSQL takes no text with it
        if any(isinstance(text, str) and "\x00" in text for pair in fields.multi_items() for text in pair):
            raise InputError("the form cannot be read", got="a NUL character", expected="text")
        sent = fields.get("csrf")
        if not isinstance(sent, str) or not hmac.compare_digest(sent.encode(), visit.csrf.encode()):
            raise NotAuthorised(
                "this form is out of date",
                expected="a form that was shown since you signed in",
                remedy="open the page again; what you typed is still in your browser's previous page",
            )
        yield Form(fields)
    finally:
        await fields.close()


def _require_utf8(request: Request) -> None:
    """Refuse a form that names an encoding no page of ours has: some are slow to read, some make text of no text."""
    _, options = parse_options_header(request.headers.get("content-type"))
    charset = options.get(b"charset", b"utf-8").decode("latin-1")
    if charset.lower() not in {"utf-8", "utf8", "us-ascii"}:
        raise InputError("the form cannot be read", got=charset[:40], expected="text in UTF-8")


Posted = Annotated[Form, Depends(posted)]
