from __future__ import annotations

from collections import Counter

import pytest

from portal.language import LANGUAGES, language_for
from portal.review_words import field
from templates.redlines.redline import KEYS, data_changes
from tests.templates.reading import example

EXAMPLES = (
    "gssc/mou-czech-cape-verdean-chamber-en-pt.yaml",
    "gssc/amendment-mou-term.yaml",
    "gssc/termination-mou-notice.yaml",
    "c2future/partnership-agreement.yaml",
    "smartctclusters/roadmap-clusterxchange.yaml",
    "smartctclusters/exchange-catalonia-leipzig.yaml",
    "sme4smartcities/ppp-city-and-sme.yaml",
)


def labels(code, changes):
    return [field(language_for(code, ""), one) for one in changes if one.kind != "moved"]


def without_the_first(value, name=""):
    """Return data in which the first item of every list is gone, and every text but a name says more."""
    match value:
        case dict():
            return {name: without_the_first(part, name) for name, part in value.items()}
        case list():
            return [without_the_first(part) for part in value[1:]]
        case str() if name not in {*KEYS, "status"}:
            return f"{value} and more"
    return value


@pytest.mark.parametrize(
    ("code", "gone"),
    [
        ("en", "Party 1, seat (earlier draft)"),
        ("es", "Parte 1, domicilio (borrador anterior)"),
        ("it", "Parte 1, sede (bozza precedente)"),
        ("pt", "Parte 1, sede (minuta anterior)"),
        ("de", "Partei 1, Sitz (früherer Entwurf)"),
    ],
)
def test_a_party_that_is_gone_and_the_one_in_its_place_are_called_differently(code, gone):
    parties = [{"id": "alpha", "seat": "Praha"}, {"id": "beta", "seat": "Brno"}]
    found = labels(code, data_changes({"parties": parties}, {"parties": [parties[1] | {"seat": "Plzeň"}]}))
    assert found[1:] == [gone, gone.partition(" (")[0]]


@pytest.mark.parametrize("name", EXAMPLES)
def test_two_fields_that_differ_are_never_called_the_same(name):
    data = example(name).model_dump(mode="json")
    for before, after in (({}, data), (data, without_the_first(data))):
        changes = data_changes(before, after)
        for code in LANGUAGES:
            found = Counter(labels(code, changes))
            assert found.total() > 20
            assert [one for one, times in found.items() if times > 1] == []
