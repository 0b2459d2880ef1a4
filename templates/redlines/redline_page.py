"""The redline a reviewer reads first: data field by field, then clauses word by word, as one page of HTML.

The page needs nothing but itself: no script, no font, no address. Nothing is told by colour alone (WCAG 2.2, 1.4.1):
what is new is underlined, what is gone struck through, and the style sheet has both announced to a screen reader.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from pathlib import Path

from templates.redlines.clause_redline import ClauseChange, Compared, Kind, clause_changes
from templates.redlines.outline import OutlinedClause, Region
from templates.redlines.redline import Change

REGIONS = {
    Region.CLAUSE: "Without a heading",
    Region.OPENING: "Cover",
    Region.NOTES: "Footnotes and endnotes",
    Region.MARGINS: "Headers and footers",
}
MANY = 3
"""So many paragraphs that stay are folded away inside a changed clause."""
STYLE = Path(__file__).with_name("redline.css")


def redline_page(
    title: str,
    *,
    before_label: str,
    after_label: str,
    changes: Sequence[Change],
    before: Sequence[OutlinedClause],
    after: Sequence[OutlinedClause],
    language: str = "en",
) -> str:
    """Return the page: UTF-8 HTML5 without any address in it, the same for the same input.

    ``title`` names the document, the labels what is compared (``draft 1``, ``draft 2``); ``changes`` are those of the
    data, ``before`` and ``after`` the clauses as ``outline.clauses_of`` reads them. ``language`` (BCP 47) is that of
    the document's text; the page itself speaks English.
    """
    compared = clause_changes(before, after)
    differing = sum(change.kind is not Kind.UNCHANGED for change in compared)
    return "\n".join(
        (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            f"<title>{escape(title)}: {escape(before_label)} to {escape(after_label)}</title>",
            f"<style>\n{STYLE.read_text(encoding='utf-8')}</style>\n</head>\n<body>\n<header>",
            f"<h1>{escape(title)}</h1>",
            f"<p>From <del>{escape(before_label)}</del> to <ins>{escape(after_label)}</ins>. "
            f"{len(changes)} fields of the data and {differing} of {len(compared)} clauses differ.</p>\n</header>",
            "<main>\n<h2>Data</h2>",
            _table(changes) if changes else "<p>The data is the same.</p>",
            "<h2>Text</h2>",
            f'<div lang="{escape(language)}">',
            *map(_clause, compared),
            "</div>\n</main>\n</body>\n</html>\n",
        )
    )


def changed_clauses(before: Sequence[OutlinedClause], after: Sequence[OutlinedClause]) -> tuple[str, ...]:
    """Return the headings of the clauses that differ, as a message lists them; removed ones by their old heading."""
    return tuple(
        _name(clause)
        for change in clause_changes(before, after)
        if change.kind is not Kind.UNCHANGED and (clause := change.after or change.before) is not None
    )


def _name(clause: OutlinedClause) -> str:
    return clause.heading or REGIONS[clause.region]


def _table(changes: Sequence[Change]) -> str:
    return "\n".join(
        (
            '<table><caption>Field by field</caption><thead><tr><th scope="col">Field</th><th scope="col">What</th>',
            '<th scope="col">Before</th><th scope="col">After</th></tr></thead><tbody>',
            *map(_row, changes),
            "</tbody></table>",
        )
    )


def _row(change: Change) -> str:
    gone = "" if change.before is None else f"<del>{escape(change.before)}</del>"
    new = "" if change.after is None else f"<ins>{escape(change.after)}</ins>"
    path = escape(change.path).replace(".", ".<wbr>").replace("[", "<wbr>[")
    return f'<tr><th scope="row"><code>{path}</code></th><td>{change.kind}</td><td>{gone}</td><td>{new}</td></tr>'


def _clause(change: ClauseChange) -> str:
    """Return one clause; where its words did not change it is one line that can be opened."""
    clause = change.after or change.before
    named = clause is not None and not clause.heading
    heading = f'<span lang="en">{escape(_name(clause))}</span>' if named else _marked(change.heading)
    kind = f'<span class="kind" lang="en">{change.kind}</span>'
    if change.kind in {Kind.UNCHANGED, Kind.MOVED}:
        return f"<details><summary>{heading} {kind}</summary>\n{_paragraphs(change.paragraphs)}\n</details>"
    told = "\n".join(_folded(change.paragraphs))
    return f'<section class="{change.kind.name.lower()}"><h3>{heading} {kind}</h3>\n{told}\n</section>'


def _folded(paragraphs: Sequence[Compared]) -> Iterator[str]:
    """Yield the paragraphs of a changed clause; of many that stay only the next to a change is not folded away."""
    runs = [(stays, list(run)) for stays, run in groupby(paragraphs, _stays)]
    for number, (stays, run) in enumerate(runs):
        first, last = int(number > 0), len(run) - int(number < len(runs) - 1)
        if not stays or last - first < MANY:
            yield _paragraphs(run)
            continue
        summary = f'<summary><span lang="en">{last - first} unchanged paragraphs</span></summary>'
        yield _paragraphs(run[:first])
        yield f"<details>{summary}\n{_paragraphs(run[first:last])}\n</details>"
        yield _paragraphs(run[last:])


def _stays(paragraph: Compared) -> bool:
    return all(piece.mark == "same" for piece in paragraph)


def _paragraphs(paragraphs: Sequence[Compared]) -> str:
    return "\n".join(f"<p>{_marked(paragraph)}</p>" for paragraph in paragraphs)


def _marked(pieces: Compared) -> str:
    return "".join(
        escape(piece.text) if piece.mark == "same" else f"<{piece.mark}>{escape(piece.text)}</{piece.mark}>"
        for piece in pieces
    )
