"""Countries, regions and target markets by ISO 3166."""

from __future__ import annotations

import difflib
from typing import Annotated

from pydantic import AfterValidator, Field

from schemas.prose import Heading
from schemas.text import Model, fault

USUAL_MISTAKES = {"EL": "GR", "UK": "GB"}
"""Codes that the EU's own registers use (EL in VAT, EUID and NUTS) and ISO 3166-1 does not."""

EEA = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK".split()  # noqa: SIM905 - legible
)
"""The countries in which the GDPR itself holds."""

ADEQUATE = EEA | frozenset("AD AR CH FO GB GG IL IM JE JP KR NZ UY".split())  # noqa: SIM905 - legible
"""Countries personal data may go to without more: the EEA, and those of which the Commission decided so for every
recipient (GDPR Art. 45). Decisions for some recipients only (CA, US) do not count here."""


COSME_COUNTRIES = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905 - legible
) | frozenset("AL AM BA GB IS MD ME MK RS TR UA XK".split())  # noqa: SIM905 - legible
"""The countries of the COSME programme (2014 to 2020): the EU of the time, and those associated to it."""


def country_name(code: str) -> str:
    """Return the English short name of an ISO 3166-1 alpha-2 or 3166-2 code; ``Czechia``, ``California``."""
    import pycountry  # noqa: PLC0415  # reads its tables on import: kept out of the fast start

    place = pycountry.subdivisions.get(code=code) if "-" in code else pycountry.countries.get(alpha_2=code)
    return getattr(place, "common_name", None) or place.name


def _country(code: str) -> str:
    import pycountry  # noqa: PLC0415  # the same

    if code.upper() in USUAL_MISTAKES:
        raise fault(
            "is not the ISO 3166-1 code of this country",
            expected="ISO 3166-1 alpha-2",
            proposal=USUAL_MISTAKES[code.upper()],
        )
    if pycountry.countries.get(alpha_2=code) is None or code != code.upper():
        raise fault("is not a country code", expected="ISO 3166-1 alpha-2, such as CZ", proposal=_code_for(code))
    return code


def _code_for(text: str) -> str | None:
    import pycountry  # noqa: PLC0415  # the same

    if (found := pycountry.countries.get(alpha_2=text.upper())) is not None:
        return found.alpha_2
    names = {country.name.lower(): country.alpha_2 for country in pycountry.countries}
    names |= {c.common_name.lower(): c.alpha_2 for c in pycountry.countries if hasattr(c, "common_name")}
    names |= {"cape verde": "CV", "czech republic": "CZ", "great britain": "GB"}
    near = difflib.get_close_matches(text.lower(), names, n=1, cutoff=0.85)
    return names[near[0]] if near else None


def _market(code: str) -> str:
    import pycountry  # noqa: PLC0415  # the same

    # pycountry looks codes up without regard to case
    if code == code.upper():
        if "-" in code and pycountry.subdivisions.get(code=code) is not None:
            return code
        if pycountry.countries.get(alpha_2=code) is not None:
            return code
    if (region := pycountry.subdivisions.get(code=code.upper())) is not None:
        raise fault("is not an ISO 3166 code", expected=MARKET_FORM, proposal=region.code)
    regions = {place.name.lower(): place.code for place in pycountry.subdivisions if place.country_code == "US"}
    proposal = USUAL_MISTAKES.get(code.upper()) or _code_for(code) or regions.get(code.lower())
    raise fault(
        "is not a place" if proposal is None else "is not an ISO 3166 code",
        expected=MARKET_FORM,
        proposal=proposal,
    )


MARKET_FORM = "ISO 3166-1 or 3166-2, such as CV or US-CA"

Country = Annotated[str, "Country", AfterValidator(_country), Field(examples=["CZ"])]
"""ISO 3166-1 alpha-2; Greece is GR."""

MarketCode = Annotated[str, "Market", AfterValidator(_market), Field(examples=["CV", "US-CA"])]
"""ISO 3166-1 alpha-2, or ISO 3166-2 for a region."""


class Market(Model):
    """A target market."""

    code: MarketCode
    """ISO 3166-1 country or ISO 3166-2 region."""
    note: Heading | None = None
    """What is looked for there."""

    @property
    def country(self) -> str:
        """The country the market lies in."""
        return self.code.split("-")[0]
