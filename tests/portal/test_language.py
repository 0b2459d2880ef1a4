from __future__ import annotations

import re

import pytest
from babel.messages.pofile import read_po

from docs.messages import messages
from portal.language import FOLDER, LANGUAGES, catalog, language_for

OTHERS = [code for code in LANGUAGES if code != "en"]
PLACE = re.compile(r"%\(\w+\)s")


@pytest.fixture(scope="module")
def every_message():
    return {message.id for message in messages() if message.id}


@pytest.mark.parametrize("code", OTHERS)
def test_a_catalog_says_everything_with_the_same_places(code, every_message):
    with (FOLDER / code / "portal.po").open("rb") as file:
        said = {message.id: message.string for message in read_po(file, locale=code) if message.id}
    assert sorted(map(str, every_message ^ said.keys())) == [], "run make docs, then translate"
    assert [text for text, string in said.items() if not (all(string) if isinstance(string, tuple) else string)] == []
    for text, string in said.items():
        ours, theirs = (
            set(PLACE.findall(" ".join(part) if isinstance(part, tuple) else part)) for part in (text, string)
        )
        assert ours == theirs, text


@pytest.mark.parametrize(
    ("chosen", "accepted", "code"),
    [
        (None, "", "en"),
        (None, "de-AT,de;q=0.9,en;q=0.5", "de"),
        (None, "fr", "en"),
        ("it", "de", "it"),
        ("xx", "pt-BR", "pt"),
        (None, "*;q=nonsense,,;", "en"),
    ],
    ids=["nothing", "a region", "unknown", "chosen", "chosen but unknown", "nonsense"],
)
def test_the_language_is_the_chosen_one_then_the_browsers(chosen, accepted, code):
    assert language_for(chosen, accepted).code == code


def test_a_page_speaks_the_language_of_the_browser_and_says_so(portal_at):
    page = portal_at("requested").as_("nobody").get("/sign-in", headers={"accept-language": "es"}).text
    assert '<html lang="es" data-copy-word="Copiar">' in page
    assert catalog("es").gettext("Sign in") in page
    assert catalog("es").gettext("Sign in") != "Sign in"
