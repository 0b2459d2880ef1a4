"""A page of a form as it is shown: what was typed, what is wrong with it, what may be chosen, and an example."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from babel import Locale

from portal.form_faults import Faults
from portal.form_of import Section, choice_of, label_of, meaning_of, one_of
from portal.language import Language
from schemas.errors import Fault
from schemas.fact import Status, as_fact
from schemas.field_ids import NAMED_BY
from schemas.fields import (
    CLAIMS,
    Content,
    Group,
    Kind,
    Known,
    Leaf,
    Part,
    Rows,
    Words,
    at,
    ids_in,
    is_blank,
    text_of,
)
from schemas.prose import LANGUAGES

LONGEST_EXAMPLE = 160
FEW = 4
"""Up to how many choices all are shown at once."""


@dataclass(frozen=True)
class Option:
    """Something that may be chosen."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True)
class Shown:
    """A field as it is shown. ``widget`` names the macro of ``form_parts.html`` that shows it.

    ``path`` is its id on the page and, with ``name``, what it is posted under. ``faults`` are sentences.
    """

    widget: str
    path: str
    label: str
    hint: str = ""
    example: str = ""
    required: bool = True
    value: str = ""
    type: str = "text"
    options: tuple[Option, ...] = ()
    faults: tuple[str, ...] = ()
    below: tuple[Shown, ...] = ()
    one: str = ""
    open: bool = False
    removable: bool = False
    full: bool = False
    status: str = ""
    owner: str = ""
    source: str = ""
    is_empty: bool = False


class Viewer(Faults):
    """Shows the fields of one form, which is plain data of ``document_type`` in one language or two."""

    def __init__(
        self,
        document_type: str,
        document: Mapping[str, Any],
        faults: Sequence[Fault],
        language: Language,
        *,
        example: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(document_type, faults, language)
        self.document, self.example = document, example or {}
        self.countries = 0

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages the text is written in."""
        return languages_of(self.document)

    def section(self, section: Section) -> tuple[Shown, ...]:
        """Return the fields of a page; every fault stands at the nearest field there is."""
        return tuple(self.shown(part, part.name, self.document.get(part.name)) for part in section.parts)

    def shown(self, part: Part, path: str, content: Content, *, label: str | None = None) -> Shown:
        """Return one field, and what is below it."""
        empty = content in (None, "") if isinstance(part, Leaf) else is_blank(part, content)
        return replace(self._shown(part, path, content, label), is_empty=empty)

    def _shown(self, part: Part, path: str, content: Content, label: str | None) -> Shown:
        label = label or self.say(label_of(part.name))
        hint = self.say(meaning_of(part)) if part.meaning else ""
        hint = "" if hint.rstrip(".") == label else hint
        if isinstance(part, Leaf):
            return self._leaf(part, path, content, label, hint)
        if isinstance(part, Words):
            return self._words(part, path, content, label, hint)
        if isinstance(part, Known):
            return self._known(part, path, content, label)
        if isinstance(part, Rows):
            return self._rows(part, path, content, label, hint)
        assert isinstance(part, Group)  # noqa: S101  # there are no other parts
        content = content if isinstance(content, dict) else {}
        below = tuple(self.shown(one, f"{path}.{one.name}", content.get(one.name)) for one in part.parts)
        faults = self.at(path)
        return Shown(
            "group", path, label, hint, required=part.required, below=below, faults=faults,
            open=part.required or not is_blank(part, content) or bool(faults),
        )  # fmt: skip

    def _leaf(self, part: Leaf, path: str, content: Content, label: str, hint: str) -> Shown:
        value = ("true" if content else "false") if isinstance(content, bool) else text_of(content)
        shown = Shown(
            "line", path, label, hint, self._example(part, path), required=part.required, value=value,
            faults=self.at(path),
        )  # fmt: skip
        if part.name == "id":
            return replace(
                shown, required=False, hint=self.say("Other fields name it by this. Leave it empty to have one made.")
            )
        if part.kind is Kind.FLAG:
            value = value or ("" if part.default is None else "true" if part.default else "false")
            options = (
                Option("true", self.say("Yes"), value == "true"),
                Option("false", self.say("No"), value == "false"),
            )
            return replace(shown, widget="radio", options=options, example="")
        if part.choices or part.refers:
            shown = replace(shown, example="")
            value = value or ("" if part.default is None else str(part.default))
            options = tuple(self._options(part, [value] if value else []))
            if options and part.choices and len(options) <= FEW and part.required:
                return replace(shown, widget="radio", options=options, example="")
            return replace(shown, widget="select", options=options) if options else shown
        if part.kind is Kind.COUNTRY:
            self.countries += 1
            return replace(shown, widget="country", options=tuple(_countries(self.language, value)))
        if part.kind is Kind.MARKET:
            return replace(shown, widget="market")
        if part.kind is Kind.NUMBER and part.default is not None and not value:
            shown = replace(shown, value=str(part.default))
        if part.kind is Kind.LINE and part.default is not None and not value:
            shown = replace(shown, value=str(part.default))
        kinds = {Kind.DAY: "date", Kind.EMAIL: "email", Kind.NUMBER: "number", Kind.AMOUNT: "decimal"}
        # a date that is none would vanish from a box for dates
        return replace(
            shown, type="text" if part.kind is Kind.DAY and not _is_day(value) else kinds.get(part.kind, "text")
        )

    def _words(self, part: Words, path: str, content: Content, label: str, hint: str) -> Shown:
        widget, example = ("line" if part.heading else "area"), self._example(part, path)
        texts = content if isinstance(content, dict) else {}
        written = [*self.languages] if len(self.languages) > 1 else []
        written += [one for one in LANGUAGES if one in texts and one not in written]
        faults = self.at(path)
        if not written:
            return Shown(
                widget, path, label, hint, example, required=part.required, value=text_of(content), faults=faults
            )
        if isinstance(content, str):
            texts = {written[0]: content}
        names = {code: self.language.locale.languages.get(code, code) for code in written}
        below = tuple(
            Shown(
                widget, f"{path}.{code}", names[code].capitalize(), required=part.required,
                value=text_of(texts.get(code)), faults=self.at(f"{path}.{code}"),
            )
            for code in written
        )  # fmt: skip
        return Shown("words", path, label, hint, example, required=part.required, below=below, faults=faults)

    def _known(self, part: Known, path: str, content: Content, label: str) -> Shown:
        fact = as_fact(content)
        named = replace(part.value, meaning=part.meaning, required=part.required)
        value = self.shown(named, f"{path}.value", fact.get("value"), label=label)
        status = text_of(fact.get("status")) or str(Status.STATED)
        offered = [one for one in Status if one is not Status.CONFIRMED or status == Status.CONFIRMED]
        options = tuple(Option(str(one), self.say(STATUS_WORDS[one]), str(one) == status) for one in offered)
        claims = fact.get("claims") if isinstance(fact.get("claims"), list) else []
        rows = []
        if status == Status.CONFLICTING or claims:
            rows = [self._rows(CLAIMS, f"{path}.claims", claims, self.say("What each source says"), "")]
        source, owner = text_of(fact.get("source")), text_of(fact.get("owner"))
        faults = (*self.at(path), *self.at(f"{path}.status"), *self.at(f"{path}.source"),
                  *self.at(f"{path}.owner"), *self.at(f"{path}.confirmation"))  # fmt: skip
        single = not isinstance(part.value, Group)
        return Shown(
            "fact", path, label, required=part.required, below=(replace(value, faults=(*value.faults, *faults))
            if single else replace(value, open=value.open or part.required), *rows), options=options,
            faults=() if single else faults, status=status, source=source, owner=owner,
            open=bool(faults),
        )  # fmt: skip

    def _rows(self, part: Rows, path: str, content: Content, label: str, hint: str) -> Shown:
        rows = content if isinstance(content, list) else []
        full = part.most is not None and len(rows) >= part.most
        if isinstance(part.item, Leaf) and (part.item.choices or part.item.refers):
            options = tuple(self._options(part.item, [text_of(row) for row in rows]))
            if options:
                faults = (*self.at(path), *self.below(path))
                return Shown("checks", path, label, hint, required=part.least > 0, options=options, faults=faults)
        count = max(len(rows), part.least, 1 if part.required else 0)
        below = []
        for index in range(count):
            row = rows[index] if index < len(rows) else None
            shown = self.shown(
                part.item, f"{path}[{index}]", row, label=f"{self.say(one_of(part.name))} {index + 1}"
            )  # fmt: skip
            below.append(
                replace(shown, removable=count > 1 or not part.required, open=True, value=shown.value or _called(row))
            )
        return Shown(
            "rows", path, label, hint, required=part.required, below=tuple(below),
            one=self.say(one_of(part.name)).lower(), full=full, faults=self.at(path),
        )  # fmt: skip

    def _options(self, part: Leaf, chosen: Sequence[str]) -> Iterator[Option]:
        known = [(choice, self.say(choice_of(choice))) for choice in part.choices]
        if part.name in {"language", "second_language", "prevailing"}:
            names = self.language.locale.languages
            known = [(code, names.get(code, label).capitalize()) for code, label in known]
        known += [
            (given, f"{given}: {called}" if called and part.refers[0].isupper() else called or given)
            for given, called in ids_in(self.document, part.refers)
        ]
        if not known:
            return
        # what is no choice is shown all the same, so that it is not lost unseen
        known += [(one, one) for one in chosen if one and one not in dict(known)]
        yield from (Option(value, label, value in chosen) for value, label in known)

    def _example(self, part: Part, path: str) -> str:
        """Return what an example has here, or at the first entry of the list it is in."""
        found = text_of(at(self.example, _first(path)))
        text = found or part.example or ""
        return text if len(text) <= LONGEST_EXAMPLE else text[:LONGEST_EXAMPLE].rpartition(" ")[0] + " …"


STATUS_WORDS = {
    Status.STATED: "Stated by a source, or by you",
    Status.DERIVED: "Follows from what is stated",
    Status.ASSUMED: "Assumed: somebody has to confirm it",
    Status.CONFLICTING: "Sources contradict each other",
    Status.BLANK: "Not known yet",
    Status.CONFIRMED: "Confirmed",
}


def languages_of(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the languages a document is written in, as far as the form says; English by default."""
    first, second = document.get("language"), document.get("second_language")
    chosen = [one for one in (first or LANGUAGES[0], second) if isinstance(one, str) and one in LANGUAGES]
    return tuple(dict.fromkeys(chosen)) or (LANGUAGES[0],)


def _called(row: Content) -> str:
    """Return what a row is called by its own fields; empty for what has no name."""
    if not isinstance(row, dict):
        return ""
    return next((text for name in NAMED_BY if (text := text_of(row.get(name)))), "")


def _first(path: str) -> str:
    return re.sub(r"\[\d+\]", "[0]", path)


def _is_day(value: str) -> bool:
    return not value or bool(re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value))


def _countries(language: Language, chosen: str) -> Iterator[Option]:
    known = country_names(language.code)
    yield from (Option(code, name, code == chosen) for code, name in known)
    if chosen and chosen not in dict(known):
        yield Option(chosen, chosen, chosen=True)


@cache
def country_names(code: str) -> tuple[tuple[str, str], ...]:
    """Return the countries of ISO 3166-1 in a language, by name."""
    import pycountry  # noqa: PLC0415  # reads its tables on import

    names = Locale.parse(code).territories
    known = [(country.alpha_2, names.get(country.alpha_2, country.name)) for country in pycountry.countries]
    return tuple(sorted(known, key=lambda pair: pair[1].casefold()))
