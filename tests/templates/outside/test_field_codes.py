from __future__ import annotations

import pytest

from templates.outside.untrusted import admit_word_file
from tests.templates.conftest import paragraph, word_file
from tests.templates.outside.outside import BODY, field, refusal


@pytest.mark.parametrize(
    "codes",
    [
        [' DDEAUTO c:\\\\x "a" '], [" D", "DE", "AUTO x"], ['INCLUDETEXT "http://example.org/x"'],
        [" includepicture ", '"\\\\\\\\host\\\\x"'], ["LINK Excel.Sheet.8"], ["DATABASE \\d x"], ["MACROBUTTON x y"],
        ["RD x"], ["EMBED Word.Document"], ["IMPORT x"], ["ASK x"], ["PRINT x"], ["QUOTE 68 68 69"], ["= 1 + 1"],
        ["IF 1 = 1 a b"], ["DATE"], ["\u200bPAGE"], ['"PAGE"'], ["PAGE_"], ["ADDIN x"],
    ],
)  # fmt: skip
def test_fields_that_reach_beyond_the_file_are_refused_however_they_are_divided(codes):
    refused = refusal(word_file(paragraph("First.") + field(*codes)))
    assert refused == [(f"{BODY}, paragraph 2", "a field that may not come in from outside")]
    simple = f"<w:p><w:fldSimple w:instr='{''.join(codes)}'/></w:p>"
    assert refusal(word_file(simple)) == [(f"{BODY}, paragraph 1", "a field that may not come in from outside")]


@pytest.mark.parametrize(
    "codes",
    [[" PAGE "], [" PA", "GE \\* MERGEFORMAT"], ['TOC \\o "1-3" \\h \\z \\u'], ["page"], ["REF _Ref12 \\h"], [" "],
     ['HYPERLINK "https://example.org" \\o "a tip"'], ['HYPERLINK \\l "_Toc1"'], ["HYPERLINK mailto:a@example.org"]],
)  # fmt: skip
def test_fields_within_the_file_come_in(codes):
    admit_word_file(word_file(field(*codes)), name="the file", resolved=True)


@pytest.mark.parametrize(
    "target", ['"file:///x"', "\\\\\\\\host\\\\x", '\\o "https://example.org" annex.docx', '"javascript:x"']
)
def test_link_in_a_field_is_held_to_the_same_addresses(target):
    ((path, message),) = refusal(word_file(field("HYPERLINK ", target)))
    assert (path, "elsewhere than to the web" in message) == (f"{BODY}, paragraph 1", True)


def test_field_that_is_never_ended_is_seen():
    begun = '<w:p><w:r><w:fldChar w:fldCharType="begin"/><w:instrText>DDE x</w:instrText></w:r></w:p>'
    assert len(refusal(word_file(begun))) == 1


def test_field_that_another_field_names_is_refused():
    marks = {kind: f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>' for kind in ("begin", "separate", "end")}
    inner = field("TITLE", result="DDE").removeprefix("<w:p>").removesuffix("</w:p>")
    nested = f"<w:p>{marks['begin']}{inner}{marks['separate']}{marks['end']}</w:p>"
    assert len(refusal(word_file(nested))) == 1


def test_template_cannot_put_a_field_code_together():
    assert len(refusal(word_file(field("PAGE {{ title }}")))) == 1
    begin, rest = field("TOC ", 'INCLUDETEXT "x"').split("<w:r><w:instrText", 1)
    torn = f"{begin}</w:p><w:p><w:r><w:instrText{rest}"
    assert [message for _, message in refusal(word_file(torn))] == ["a field code runs over several paragraphs"]
    stray = "<w:p><w:r><w:instrText>INCLUDETEXT x</w:instrText></w:r></w:p>"
    assert [message for _, message in refusal(word_file(stray))] == ["a field code stands outside a field"]
