"""The texts of a library clause, followed name by name in each of its languages."""

from __future__ import annotations

from dataclasses import replace

import jinja2
from jinja2 import nodes

from schemas.text import LEFTOVER
from templates.checking.findings import Findings, Place
from templates.checking.names import syntax_of
from templates.checking.resolve import Resolver
from templates.checking.tags import prose_of
from templates.checking.walk import Spot
from templates.clauses import ClauseParagraph, LibraryClause
from templates.lint import BULLETED
from templates.sandbox import FORBIDDEN_IN_CLAUSES, RAW


def check_languages(clause: LibraryClause, findings: Findings) -> None:
    """Say where a paragraph uses other fields in one language than in another, as far as its texts can be read."""
    for number, paragraph in enumerate(clause.paragraphs, start=1):
        first, *others = clause.languages
        try:
            fields = {language: _fields_in(paragraph, language) for language in clause.languages}
        except (jinja2.TemplateSyntaxError, RecursionError):
            continue
        for language in others:
            if odd := fields[first] ^ fields[language]:
                findings.error(
                    Place(f"{clause.place}, paragraph {number}, {language}"),
                    "a paragraph uses other fields in one language than in another",
                    got=", ".join(sorted(odd)),
                    expected=f"the fields of the text in {first}",
                )


def _fields_in(paragraph: ClauseParagraph, language: str) -> set[str]:
    """Return the names a paragraph uses; filters may differ, as one language needs a capital where another does not."""
    tree = syntax_of(f"{paragraph.lead.get(language, '')} {paragraph.text[language]}")
    names = {node.name for node in tree.find_all(nodes.Name)} | {node.attr for node in tree.find_all(nodes.Getattr)}
    return names - {"loop"}


def walk_clause(resolver: Resolver, clause: LibraryClause, language: str) -> None:
    """Follow the names of a clause's heading and paragraphs in one language."""
    lines: list[str] = []
    places: list[Place] = []

    def add(place: str, shown: str, line: str) -> None:
        lines.append(line)
        places.append(Place(place, text=shown))

    def text(place: str, written: str) -> None:
        if leftover := leftover_in(written):
            resolver.findings.error(Place(place, text=written), "a leftover", got=leftover, expected="the text itself")
        add(place, written, written if _readable(resolver, Place(place, text=written), written) else "")

    text(f"{clause.place}, heading, {language}", clause.heading[language])
    for number, paragraph in enumerate(clause.paragraphs, start=1):
        at = f"{clause.place}, paragraph {number}"
        each, when = f"{{% for {paragraph.each} %}}", f"{{% if {paragraph.when} %}}"
        looped = paragraph.each is not None and _readable(resolver, Place(f"{at}, each"), each + "{% endfor %}")
        asked = paragraph.when is not None and _readable(resolver, Place(f"{at}, when"), when + "{% endif %}")
        add(f"{at}, when", paragraph.when or "", when if asked else "")
        add(f"{at}, each", paragraph.each or "", each if looped else "")
        if language in paragraph.lead:
            text(f"{at}, lead, {language}", paragraph.lead[language])
        text(f"{at}, {language}", paragraph.text[language])
        lines[-1] += "{% endfor %}" * looped + "{% endif %}" * asked
    resolver.walk("\n".join(lines), Spot(tuple(places), tuple(place.text for place in places), ("",) * len(places)))


def leftover_in(text: str) -> str | None:
    """Return the first ``[insert]`` or ``[●]`` of a text outside its tags."""
    prose = prose_of(text)
    found = LEFTOVER.search(prose) or BULLETED.search(prose)
    return found.group() if found else None


def _readable(resolver: Resolver, place: Place, source: str) -> bool:
    """Whether Jinja can read a text of a clause, and it holds nothing that is forbidden."""
    shown = place if place.text else replace(place, text=source)
    try:
        parsed = syntax_of(source)
    except (jinja2.TemplateSyntaxError, RecursionError) as error:
        resolver.findings.error(shown, "the text cannot be read", got=str(error), expected="text with whole tags")
        return False
    if RAW.search(source) or next(parsed.find_all(tuple(FORBIDDEN_IN_CLAUSES)), None) is not None:
        resolver.findings.error(shown, "a step that may not be used here", expected="if, for, set, with")
        return False
    return True
