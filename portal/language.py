"""The languages of the interface: gettext catalogs in ``portal/locale``, read when first needed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from gettext import NullTranslations
from io import BytesIO
from pathlib import Path

from babel import Locale, negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

FOLDER = Path(__file__).parent / "locale"

LANGUAGES = {"en": "English", "es": "Español", "it": "Italiano", "pt": "Português", "de": "Deutsch"}
"""Languages of the interface by their code (ISO 639-1), each by its own name."""


@dataclass(frozen=True)
class Language:
    """One language of the interface."""

    code: str

    @property
    def name(self) -> str:
        """What its speakers call it."""
        return LANGUAGES[self.code]

    @cached_property
    def locale(self) -> Locale:
        """How numbers, dates and lists are written."""
        return Locale.parse("en_GB" if self.code == "en" else self.code)

    @cached_property
    def translations(self) -> NullTranslations:
        """The catalog; English is what stands in the pages."""
        return catalog(self.code)

    def say(self, text: str, **values: object) -> str:
        """Return ``text`` in this language, with ``values`` put in."""
        said = self.translations.gettext(text)
        return said % values if values else said


@cache
def catalog(code: str) -> NullTranslations:
    """Return the catalog of a language, compiled in memory from its ``.po`` file."""
    path = FOLDER / code / "portal.po"
    if not path.exists():
        return NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=code))
    compiled.seek(0)
    return Translations(compiled)


@cache
def _language(code: str) -> Language:
    return Language(code)


def language_for(chosen: str | None, accepted: str) -> Language:
    """Return the chosen language, else the first known one of an ``Accept-Language`` header, else English."""
    if chosen in LANGUAGES:
        return _language(chosen)
    wanted = [part.partition(";")[0].strip().replace("-", "_") for part in accepted.split(",")]
    return _language((negotiate_locale(wanted, list(LANGUAGES)) or "en").partition("_")[0])
