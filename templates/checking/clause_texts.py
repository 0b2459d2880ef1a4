"""The texts of a library clause, followed name by name in each of its languages."""

from __future__ import annotations

import re
from dataclasses import replace

import jinja2
from jinja2 import nodes

from schemas.document import Document
from schemas.text import LEFTOVER
from templates.checking.findings import Finding, Findings, Place
from templates.checking.kinds import ANYTHING
from templates.checking.names import certain_keys, clause_names, environment, syntax_of
from templates.checking.resolve import Resolver
from templates.checking.tags import prose_of
from templates.checking.walk import Spot
from templates.clauses import LibraryClause
from templates.lint import BULLETED

REFUSED = (
    nodes.Include,
    nodes.Import,
    nodes.FromImport,
    nodes.Extends,
    nodes.Block,
    nodes.CallBlock,
    nodes.FilterBlock,
    nodes.Macro,
    nodes.Dict,
)
"""What has no place in the text of a clause."""


def check_clause(clause: LibraryClause, model: type[Document]) -> tuple[Finding, ...]:
    """Return every fault of a library clause's texts, as a document of type ``model`` would include it.

    What may be missing is a warning here: the template that includes the clause may ask for it.
    """
    findings = Findings()
    used: dict[str, set[str]] = {}
    for language in clause.languages:
        resolver = Resolver(
            environment=environment(), findings=findings, scopes=[clause_names(model)],
            clause=lambda *_: ANYTHING, present=certain_keys(clause.languages), lenient=True,
        )  # fmt: skip
        walk_clause(resolver, clause, language)
        # Filters may differ: one language needs a capital where another does not.
        used[language] = {path for path in resolver.used if not path.startswith("|")}
    first, *others = clause.languages
    for other in others:
        for path in sorted(used[first] ^ used[other]):
            has, lacks = (first, other) if path in used[first] else (other, first)
            findings.error(
                Place(f"{clause.place}, {lacks}"), f"the text in {has} uses {path}, the text in {lacks} does not"
            )
    return findings.all


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
    if re.search(r"\{%[-+]?\s*raw\b", source) or next(parsed.find_all(REFUSED), None) is not None:
        resolver.findings.error(shown, "a step that may not be used here", expected="if, for, set, with")
        return False
    return True
