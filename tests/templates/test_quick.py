from __future__ import annotations

import pytest
from hypothesis import given, strategies as st
from lxml import etree

from templates.finish import finish
from templates.lint import W
from templates.quick import TooIntricate, finished
from templates.view import BETWEEN, CLOSE, OPEN

WP = "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"
ROOT = f'<w:body xmlns:w="{W[1:-1]}" xmlns:wp="{WP}">{{}}</w:body>'
MARK = f"{OPEN}Solartys &amp; co{BETWEEN}assumed{CLOSE}"


def canonical(xml):
    return etree.tostring(etree.fromstring(xml), method="c14n2")


def by_the_tree(xml):
    root = etree.fromstring(ROOT.format(xml))
    finish(root)
    return etree.tostring(root, method="c14n2")


RUNS = [
    f"<w:r><w:t>{MARK}</w:t></w:r>",
    f"<w:r><w:t>by {MARK}, and {MARK}.</w:t></w:r>",
    f'<w:r w:rsidR="0"><w:rPr><w:rStyle w:val="Strong"/><w:b/></w:rPr><w:t xml:space="preserve">a {MARK}</w:t></w:r>',
    f"<w:r><w:rPr/><w:t>{MARK}</w:t><w:tab/><w:t>b</w:t><w:br/><w:t/></w:r>",
    "<w:r><w:t>plain</w:t></w:r>",
    f'<w:r><w:drawing><wp:docPr id="7" name="n" descr="of {MARK}"/></w:drawing></w:r>',
    '<w:r><w:drawing><wp:docPr name="n" id="7"/></w:drawing></w:r>',
    f'<w:r><w:drawing><wp:docPr name="{MARK}" descr="{MARK}" id="7"/></w:drawing></w:r>',
    f"<w:r><w:instrText>{MARK}</w:instrText></w:r>",
]


@given(st.lists(st.sampled_from(RUNS)))
def test_text_is_finished_as_the_tree_is(runs):
    xml = f"<w:p>{''.join(runs)}</w:p>"
    assert canonical(ROOT.format(finished(xml.encode()).decode())) == by_the_tree(xml)


@pytest.mark.parametrize(
    "run",
    [
        f"<w:r><w:t>{MARK}</w:t><w:drawing><wp:docPr id='1'/></w:drawing></w:r>",
        f"<w:r><w:pict><w:r><w:t>a</w:t></w:r></w:pict><w:t>{MARK}</w:t></w:r>",
        f"<w:t>{MARK}</w:t>",
    ],
)
def test_what_is_not_simple_is_left_to_the_tree(run):
    with pytest.raises(TooIntricate):
        finished(f"<w:p>{run}</w:p>".encode())
