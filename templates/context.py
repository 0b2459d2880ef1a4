"""What the tags of a template can name: the data as its language writes it, its clauses, and the draft."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

from pydantic import BaseModel

from schemas.agreement import VISIBILITY
from schemas.evidence import Digest
from templates.catalog import LOCALES, Template
from templates.filters import HEADING_OF
from templates.sandbox import Offered
from templates.selection import Selection
from templates.view import OpenFact, Record, Style, usable_names
from templates.wording import Wording

ABOUT = frozenset(
    {
        "agreement_id", "draft", "data_digest", "template_id", "template_version",
        "open_facts", "wording", "edited", "stale",
    }
)  # fmt: skip
"""What a template and its clauses may use beside the data: what is known about the draft."""
CLAUSES = frozenset({"clause", "clause_pair", "added", "added_pairs", "left", "right"})
"""What only the Word file may use."""
NAMES = ABOUT | CLAUSES


def names_for(template: Template, model: type[BaseModel]) -> frozenset[str]:
    """Return every name that the tags of ``template`` may use with data of ``model``."""
    single = len(template.languages) == 1
    return frozenset(usable_names(model)) | (NAMES - {"clause_pair", "added_pairs", "right"} if single else NAMES)


def context_for(
    template: Template,
    data: BaseModel,
    selection: Selection,
    *,
    agreement_id: str,
    draft: int,
    data_digest: Digest,
    edited: bool = False,
    stale: tuple[str, ...] = (),
) -> tuple[dict[str, object], Wording]:
    """Return the values of :func:`names_for`, and the wording that records which clauses are asked for."""
    about: dict[str, object] = {
        "agreement_id": agreement_id,
        "draft": draft,
        "data_digest": data_digest,
        "template_id": template.id,
        "template_version": template.version,
        "wording": {
            name: {"sentence": text.sentence, "disclaimer": text.disclaimer} for name, text in VISIBILITY.items()
        },
        "edited": edited,
        "stale": list(stale),
    }
    styles = {language: _style(language, len(template.languages)) for language in template.languages}
    sides: dict[str, Callable[[], Mapping[str, object]]] = {
        language: functools.cache(functools.partial(_side, data, style, about)) for language, style in styles.items()
    }
    wording = Wording(selection, sides)
    first = template.languages[0]
    context = dict(sides[first]()) | {
        "clause": Offered(wording.clause),
        "added": wording.added,
        "left": Record(data, styles[first]),
        HEADING_OF: wording.heading,
    }
    if len(styles) == 2:
        context |= {
            "clause_pair": Offered(wording.clause_pair),
            "added_pairs": wording.added_pairs,
            "right": Record(data, styles[template.languages[1]]),
            "open_facts": list(map(_in_both, *(sides[language]()["open_facts"] for language in template.languages))),
        }
    return context, wording


def _side(data: BaseModel, style: Style, about: Mapping[str, object]) -> Mapping[str, object]:
    fields = {name: style.view(getattr(data, name)) for name in usable_names(type(data))}
    return fields | about | {"open_facts": style.open_facts(data)}


def _in_both(left: OpenFact, right: OpenFact) -> OpenFact:
    """Return a row of open facts with value and status in both languages, once where they are the same."""
    texts, statuses = dict.fromkeys((left.text, right.text)), dict.fromkeys((left.status, right.status))
    return left._replace(text=" / ".join(texts), status=" / ".join(statuses))


@functools.cache
def _style(language: str, languages: int) -> Style:
    return Style.of(LOCALES[language], beside_another=languages > 1)
