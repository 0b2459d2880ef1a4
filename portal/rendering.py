"""Pages: Jinja templates of ``portal/pages`` and what they can say everywhere."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from babel.dates import format_date, format_timedelta
from babel.numbers import format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from portal.language import catalog
from portal.retention_acts import keeps

if TYPE_CHECKING:
    from portal.visit import Visit

PAGES = Path(__file__).parent / "pages"
STATIC = Path(__file__).parent / "static"


@cache
def environment(code: str) -> Environment:
    """Return the environment of all pages in one language: everything is escaped, and an unknown name is a fault."""
    made = Environment(
        loader=FileSystemLoader(PAGES),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    made.policies["ext.i18n.trimmed"] = True
    made.globals.update(asset=asset, instant=instant, digest=digest)
    made.install_gettext_translations(catalog(code), newstyle=True)  # pyrefly: ignore  # the extension adds it
    return made


def rendered(page: str, visit: Visit, **values: object) -> str:
    """Return a page as HTML, in the visitor's language."""
    everywhere: dict[str, object] = {
        "visit": visit,
        "language": visit.language,
        "ago": lambda at: ago(at, visit),
        "day": lambda on: day(on, visit),
        "keeps": lambda: keeps(visit),
        "figure": lambda count: format_decimal(count, locale=visit.language.locale),
    }
    return environment(visit.language.code).get_template(page).render(everywhere | values)


@cache
def asset(name: str) -> str:
    """Return the address of a file of ``portal/static``, which changes with its content."""
    return f"/static/{hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]}/{name}"


def instant(at: datetime) -> str:
    """Return an instant as evidence shows it: to the second, in UTC, with its zone."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def ago(at: datetime, visit: Visit) -> Markup:
    """Return how long ago an instant was, with the instant itself as its title."""
    past = at - visit.house.clock()
    words = format_timedelta(past, add_direction=True, locale=visit.language.locale)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(at.isoformat(), instant(at), words)


def day(on: date, visit: Visit) -> str:
    """Return a legal day in words."""
    return format_date(on, format="long", locale=visit.language.locale)


def digest(value: str) -> Markup:
    """Return the first 12 digits of a digest, with all of them as its title and to copy."""
    return Markup('<code class="digest" title="{0}" data-copy="{0}">{1}</code>').format(value, value[:12])
