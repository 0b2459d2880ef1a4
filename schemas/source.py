"""From the bytes of a YAML or JSON file to plain content that remembers where each value stands.

YAML is read as 1.2 with the core schema (``NO`` is Norway), without anchors, aliases or tags, so that a file says
each thing once and cannot grow while it is read. JSON is read by RFC 8259.
"""

from __future__ import annotations

import bisect
import json
import re
from dataclasses import dataclass
from decimal import Decimal
from json.decoder import scanstring
from typing import Any, NoReturn

from schemas.errors import Fault, InputError

MAX_SIZE_BYTES = 1_048_576
MAX_DEPTH = 40
MAX_ITEMS = 20_000

Steps = tuple[str | int, ...]
"""The way to a value: names of fields and indices of lists."""

Place = tuple[int, int]
"""Line and column, from 1."""


@dataclass(frozen=True, slots=True)
class Source:
    """Plain content (dict, list, str, int, Decimal, bool, None) and where each value stands, by its path."""

    content: Any
    marks: dict[Steps, Place]

    def mark(self, path: Steps) -> tuple[int | None, int | None]:
        """Return line and column, from 1, of the value at ``path``, or of the nearest thing around it."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.marks:
                return self.marks[path[:length]]
        return (None, None)

    def at(self, path: Steps) -> Any:
        """Return the value at ``path``; ``None`` where there is none."""
        place = self.content
        for step in path:
            listed = isinstance(place, list) and isinstance(step, int) and step < len(place)
            if not listed and not (isinstance(place, dict) and step in place):
                return None
            place = place[step]
        return place


def read_source(content: bytes, *, name: str) -> Source:
    """Parse ``content``: JSON where ``name`` ends so, else YAML; raise :class:`InputError` where it is neither."""
    if len(content) > MAX_SIZE_BYTES:
        raise InputError(
            f"{name} is too large", got=f"{len(content):,} bytes", expected=f"at most {MAX_SIZE_BYTES:,} bytes"
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name} is not UTF-8 text", got=f"byte {error.object[error.start]:#04x} at {error.start}", expected="UTF-8"
        ) from error
    if not text.strip():
        raise InputError(f"{name} is empty", expected="fields with values, such as type: mou")
    reader = _Json(name, text) if name.lower().endswith(".json") else _Yaml(name, text)
    return Source(reader.read(), reader.marks)


def spoken(path: Steps) -> str:
    """Return ``path`` as a person writes it: ``parties[1].country``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return re.sub(r"[^\S ]|[^ -\U0010ffff]|[\x7f-\x9f]", "\ufffd", text)


PLAIN = (
    (re.compile(r"|~|null|Null|NULL"), lambda _: None),
    (re.compile(r"true|True|TRUE"), lambda _: True),
    (re.compile(r"false|False|FALSE"), lambda _: False),
    (re.compile(r"[-+]?[0-9]{1,18}"), int),
    (re.compile(r"[-+]?[0-9]{1,18}\.[0-9]{1,18}"), Decimal),
)
"""How an unquoted scalar is read (YAML 1.2.2, 10.3.2), numbers of a manageable size only; anything else is text."""


def _unquoted(text: str) -> Any:
    return next((read(text) for form, read in PLAIN if form.fullmatch(text)), text)


class _Reader:
    """What both formats share: limits, marks, refusals with their place."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.marks: dict[Steps, Place] = {}

    def refuse(self, problem: str, place: Place | None, path: Steps = ()) -> NoReturn:
        line, column = place or (None, None)
        raise InputError(f"{self.name} cannot be read", [Fault(spoken(path), problem, line=line, column=column)])

    def note(self, path: Steps, place: Place) -> None:
        self.marks.setdefault(path, place)
        if len(self.marks) > MAX_ITEMS:
            self.refuse(f"the file holds more than {MAX_ITEMS:,} values", place)
        if len(path) > MAX_DEPTH:
            self.refuse(f"values are nested more than {MAX_DEPTH} levels deep", place)

    def whole(self, text: str, place: Place) -> str:
        """Refuse a surrogate without its other half (JSON and YAML can escape one): it is no character."""
        if any("\ud800" <= character <= "\udfff" for character in text):
            self.refuse("half a character (a lone surrogate) stands here", place)
        return text

    def once(self, content: dict[str, Any], path: Steps, place: Place) -> None:
        if path[-1] in content:
            self.refuse("is given twice", place, path)


class _Yaml(_Reader):
    def __init__(self, name: str, text: str) -> None:
        super().__init__(name)
        self.text = text

    def read(self) -> Any:
        from ruamel.yaml import YAML  # noqa: PLC0415  # a tenth of a second that JSON and stored data do not need
        from ruamel.yaml.error import MarkedYAMLError, YAMLError  # noqa: PLC0415  # the same

        if found := re.search(r"[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", self.text):
            before = self.text[: found.start()]
            place = before.count("\n") + 1, found.start() - before.rfind("\n")
            self.refuse(f"the character U+{ord(found.group()):04X} cannot stand in YAML", place)
        self.events = iter(YAML(typ="safe", pure=True).parse(self.text))
        content = None
        try:
            event = self._after("StreamStartEvent", "DocumentStartEvent")
            if type(event).__name__ != "StreamEndEvent":
                content = self._value(event, ())
                event = self._after("DocumentEndEvent")
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = (mark.line + 1, mark.column + 1) if mark else None
            self.refuse(error.problem or "this is no YAML", place)
        except (YAMLError, ValueError, OverflowError, AttributeError, TypeError, LookupError) as error:
            # the parser lets a few of its own slips through on malformed files
            raise InputError(
                f"{self.name} cannot be read", [Fault("", "this is no YAML")], got=type(error).__name__
            ) from error
        if type(event).__name__ != "StreamEndEvent":
            self.refuse("a second document begins here; one file holds one", _place(event))
        return content

    def _after(self, *kinds: str) -> Any:
        """Return the next event that is of none of ``kinds``; the last, StreamEndEvent, is never among them."""
        event = next(self.events)
        while type(event).__name__ in kinds:
            event = next(self.events)
        return event

    def _value(self, event: Any, path: Steps) -> Any:
        place, kind = _place(event), type(event).__name__
        self.note(path, place)
        if kind == "AliasEvent" or event.anchor is not None:
            self.refuse("anchors and aliases are not accepted; write the value where it belongs", place)
        if event.tag is not None:
            self.refuse(f"the tag {event.tag} is not accepted", place)
        if kind == "MappingStartEvent":
            return self._mapping(path)
        if kind == "SequenceStartEvent":
            items: list[Any] = []
            while type(event := next(self.events)).__name__ != "SequenceEndEvent":
                items.append(self._value(event, (*path, len(items))))
            return items
        text = self.whole(str(event.value), place)
        return text if event.style else _unquoted(text)

    def _mapping(self, path: Steps) -> dict[str, Any]:
        content: dict[str, Any] = {}
        while type(event := next(self.events)).__name__ != "MappingEndEvent":
            place = _place(event)
            if type(event).__name__ != "ScalarEvent" or event.anchor is not None or event.tag is not None:
                self.refuse("a field's name must be plain text", place)
            here = (*path, self.whole(str(event.value), place))
            self.once(content, here, place)
            self.note(here, place)
            content[here[-1]] = self._value(next(self.events), here)
        return content


def _place(event: Any) -> Place:
    return event.start_mark.line + 1, event.start_mark.column + 1


class _Json(_Reader):
    """Walks text that ``json`` has found to be well-formed, to learn where its values stand."""

    SPACE = re.compile(r"[ \t\n\r]*")
    BARE = re.compile(r"[^\s,\]}]+")

    def __init__(self, name: str, text: str) -> None:
        super().__init__(name)
        self.text = text
        self.lines = [0, *(match.end() for match in re.finditer("\n", text))]

    def read(self) -> Any:
        try:
            json.loads(self.text, parse_int=str, parse_float=str, parse_constant=self._constant)
        except json.JSONDecodeError as error:
            self.refuse(error.msg[0].lower() + error.msg[1:], (error.lineno, error.colno))
        except RecursionError:
            self.refuse(f"values are nested more than {MAX_DEPTH} levels deep", None)
        return self._value(0, ())[0]

    def _constant(self, text: str) -> NoReturn:
        self.refuse(f"{text} is no JSON value", None)

    def _skip(self, at: int) -> int:
        return self.SPACE.match(self.text, at).end()  # pyrefly: ignore  # matches nothing at least

    def _place(self, at: int) -> Place:
        line = bisect.bisect_right(self.lines, at)
        return line, at - self.lines[line - 1] + 1

    def _value(self, at: int, path: Steps) -> tuple[Any, int]:
        at = self._skip(at)
        place = self._place(at)
        self.note(path, place)
        if self.text[at] == "{":
            return self._object(at + 1, path)
        if self.text[at] == "[":
            return self._array(at + 1, path)
        if self.text[at] == '"':
            text, end = scanstring(self.text, at + 1)
            return self.whole(text, place), end
        end = self.BARE.match(self.text, at).end()  # pyrefly: ignore  # json found a value here
        return _unquoted(self.text[at:end]), end

    def _object(self, at: int, path: Steps) -> tuple[dict[str, Any], int]:
        content: dict[str, Any] = {}
        while self.text[at := self._skip(at)] != "}":
            place = self._place(at := self._skip(at + (self.text[at] == ",")))
            key, at = scanstring(self.text, at + 1)
            here = (*path, self.whole(key, place))
            self.once(content, here, place)
            self.note(here, place)
            content[key], at = self._value(self._skip(at) + 1, here)
        return content, at + 1

    def _array(self, at: int, path: Steps) -> tuple[list[Any], int]:
        items: list[Any] = []
        while self.text[at := self._skip(at)] != "]":
            item, at = self._value(at + (self.text[at] == ","), (*path, len(items)))
            items.append(item)
        return items, at + 1
