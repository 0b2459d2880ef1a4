"""The catalogs of the interface: ``python -m docs.messages`` brings ``portal/locale`` up to what pages and code say."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

import portal
from flows.form_starts import FOLLOWERS
from portal import form_of
from portal.language import FOLDER, LANGUAGES
from schemas import errors
from schemas.signature import LegalEffect, SigningWay
from schemas.state import Stage

PORTAL = Path(__file__).parent.parent / "portal"

METHODS = [("**.py", "python"), ("**.html", "jinja2.ext:babel_extract")]
OPTIONS = {"**.html": {"trimmed": "true", "newstyle_gettext": "true", "extensions": "jinja2.ext.do"}}
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "say": None}

NO_WORDS = {"HEADERS", "NOT_KEPT", "KEPT", "KEPT_BY_ONE", "PRIVATE", "STATUS"}
"""Tables in capitals that nobody reads."""

FIXED = datetime(2026, 1, 1, tzinfo=UTC)
"""Stands in every catalog, so that making them again changes nothing."""


def messages() -> Catalog:
    """Return everything the interface can say, in English."""
    catalog = Catalog(project="Convenio", creation_date=FIXED, revision_date=FIXED, fuzzy=False)
    for name, _, message, comments, context in extract_from_dir(PORTAL, METHODS, OPTIONS, keywords=KEYWORDS):
        catalog.add(message, locations=[(f"portal/{name}", 0)], auto_comments=comments, context=context)
    for text in sorted({*form_of.texts(), *_said_of_values(), *FOLLOWERS.values(), *_tables(), *_titles()}):
        catalog.add(text)
    return catalog


def brought_up_to_date(code: str) -> Catalog:
    """Return the catalog of a language with every message there is now; those not translated yet are empty."""
    path = FOLDER / code / "portal.po"
    known = Catalog(locale=code)
    if path.exists():
        with path.open("rb") as file:
            known = read_po(file, locale=code)
    made = Catalog(locale=code, project="Convenio", creation_date=FIXED, revision_date=FIXED, fuzzy=False)
    for message in messages():
        if message.id:
            said = known.get(message.id, message.context)
            made.add(message.id, said.string if said and not said.fuzzy else "", context=message.context)
    return made


def main() -> None:
    """Write every catalog and say how many messages each still lacks."""
    for code in LANGUAGES:
        if code == "en":
            continue
        made, path = brought_up_to_date(code), FOLDER / code / "portal.po"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_po(file, made, width=120, sort_output=True, omit_header=False, no_location=True)
        missing = [message for message in made if message.id and not message.string]
        sys.stdout.write(f"{code}: {len(made)} messages, {len(missing)} not translated\n")


def _said_of_values() -> Iterator[str]:
    for kind in (Stage, SigningWay, LegalEffect):
        for value in kind:
            yield str(value).capitalize()
            yield str(value)


def _tables() -> Iterator[str]:
    """Yield what stands in the tables of words: values of dictionaries of the portal with a name in capitals."""
    for found in walk_packages(portal.__path__, "portal."):
        for name, table in vars(import_module(found.name)).items():
            if name.isupper() and isinstance(table, dict) and name not in NO_WORDS:
                yield from _strings(table.values())


def _titles() -> Iterator[str]:
    """Yield what the portal's own refusals say first, where that is one text without values."""
    refusals = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}
    for path in PORTAL.rglob("*.py"):
        if "api" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str() as title), *_]) if (
                    name in refusals
                ):
                    yield title


def _strings(values: Iterable[object]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str) and (" " in value or value[:1].isupper()):
            yield str(value)
        elif isinstance(value, tuple | list):
            yield from _strings(value)


if __name__ == "__main__":
    main()
