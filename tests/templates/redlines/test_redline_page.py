from __future__ import annotations

import re
import time
from html.parser import HTMLParser

from hypothesis import given, strategies as st

from templates.redlines.outline import OutlinedClause, Region, clauses_of
from templates.redlines.redline import Change, data_changes
from templates.redlines.redline_page import changed_clauses, redline_page
from tests.templates.reading import confirmed, example
from tests.templates.redlines.test_tracked import MOU, PAIR, PARTNERSHIP, everything, text_of, with_data

PURPOSE = OutlinedClause("Purpose", ("The Parties meet once a year.",))
COSTS = OutlinedClause("Costs", ("Each Party bears its own costs.", "Nothing is paid."))
LAW = OutlinedClause("Law and disputes", ("Czech law applies.",))


class Reader(HTMLParser):
    """Checks that elements nest, and keeps the text and every attribute."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in {"meta", "wbr"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text += data


def page_of(before=(), after=(), changes=(), **others):
    known = {"title": "MOU-2026-0001", "before_label": "draft 1", "after_label": "draft 2"} | others
    return redline_page(**known, changes=changes, before=before, after=after)


def test_what_is_gone_and_what_is_new_is_marked_by_elements_not_by_colour():
    page = page_of([PURPOSE], [OutlinedClause("Purpose", ("The Parties meet twice a year.",))])
    assert "<p>The Parties meet <del>once</del><ins>twice</ins> a year.</p>" in page
    assert "From <del>draft 1</del> to <ins>draft 2</ins>" in page
    assert re.search(r"^ins \{.*underline", page, flags=re.MULTILINE)
    assert re.search(r"^del \{.*line-through", page, flags=re.MULTILINE)


def test_an_unchanged_clause_is_one_line_that_can_be_opened():
    page = page_of([PURPOSE, COSTS], [PURPOSE, COSTS])
    assert page.count("<details>") == 2
    assert 'Purpose <span class="kind" lang="en">unchanged</span></summary>' in page
    assert "<section" not in page
    assert "Nothing is paid." in page


def test_moved_new_removed_and_renamed_clauses_are_said_to_be_so():
    renamed = OutlinedClause("Costs and payment", COSTS.paragraphs)
    visits = OutlinedClause("Visits", ("Everybody visits everybody.",))
    page = page_of([PURPOSE, COSTS, LAW], [LAW, renamed, visits])
    assert re.findall(r'<(?:h3|summary)>(.*?) <span class="kind" lang="en">(.*?)</span>', page) == [
        ("<del>Purpose</del>", "removed"),
        ("Law and disputes", "moved"),
        ("Costs<ins> and payment</ins>", "changed"),
        ("<ins>Visits</ins>", "new"),
    ]


def test_many_paragraphs_that_stay_are_folded_away_but_for_those_beside_a_change():
    lines = tuple(f"Line {number}." for number in range(20))
    page = page_of([OutlinedClause("Annex", lines)], [OutlinedClause("Annex", (*lines[:10], "Line ten.", *lines[11:]))])
    assert page.count("<details>") == 2
    assert "9 unchanged paragraphs" in page
    assert "8 unchanged paragraphs" in page
    assert "</details>\n<p>Line 9.</p>" in page
    assert all(f"Line {number}." in page for number in range(10))


def test_parts_without_a_heading_are_named():
    before = [OutlinedClause("", ("draft 1",), Region.OPENING), PURPOSE, OutlinedClause("", ("1",), Region.MARGINS)]
    after = [OutlinedClause("", ("draft 2",), Region.OPENING), PURPOSE, OutlinedClause("", ("2",), Region.MARGINS)]
    assert changed_clauses(before, after) == ("Cover", "Headers and footers")


def test_a_field_is_told_with_what_it_was_and_is():
    page = page_of(changes=[Change("term.end", "2022-08-31 (assumed)", "2023-08-31 (stated)", "changed")])
    assert "<code>term.<wbr>end</code>" in page
    assert "<td>changed</td><td><del>2022-08-31 (assumed)</del></td><td><ins>2023-08-31 (stated)</ins></td>" in page
    assert "The data is the same." in page_of()


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_whatever_is_written_stays_text(text):
    hostile = f"<script>alert('&')</script>\" onload=x {text}"
    page = page_of(
        [OutlinedClause(hostile, (hostile,))],
        [OutlinedClause(hostile, (f"{hostile} more",))],
        changes=[Change(hostile, hostile, None, "removed")],
        title=hostile,
        before_label=hostile,
    )
    reader = Reader(page)
    assert "script" not in {tag for tag, _ in reader.elements}
    assert not any(name.startswith("on") for _, attributes in reader.elements for name in attributes)
    assert reader.text.count("<script>") >= 5


def test_the_page_loads_and_runs_nothing_and_names_both_languages():
    document = example(PAIR)
    before, after = clauses_of(text_of(document)), clauses_of(text_of(confirmed(document), 2))
    page = page_of(before, after, data_changes(document, confirmed(document)), language="pt")
    reader = Reader(page)
    assert not {"src", "href", "action"} & {name for _, attributes in reader.elements for name in attributes}
    assert "default-src 'none'" in page
    assert "url(" not in page
    assert [attributes["lang"] for tag, attributes in reader.elements if tag in {"html", "div"}] == ["en", "pt"]
    assert "Objeto" in reader.text
    assert "Purpose" in reader.text


def test_a_long_agreement_is_compared_in_little_time():
    before, after = example(PARTNERSHIP), example("gssc/partnership-agreement.yaml")
    old, new = clauses_of(text_of(before)), clauses_of(text_of(after))
    start = time.process_time()
    page = page_of(old, new, data_changes(before, after))
    assert time.process_time() - start < 2
    assert len(page) > 100_000


def test_the_same_input_gives_the_same_page():
    document = example(MOU)
    before, after = clauses_of(text_of(document)), clauses_of(text_of(with_data(document, everything), 2))
    assert page_of(before, after) == page_of(before, after)
    assert changed_clauses(before, after) == (
        "Cover",
        "Purpose",
        "Areas of cooperation",
        "Contacts and notices",
        "Confidentiality",
        "Visits",
        "Record of this document",
        "Headers and footers",
    )
