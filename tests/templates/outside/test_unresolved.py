from __future__ import annotations

import pytest

from templates.outside.untrusted import admit_word_file
from tests.templates.conftest import paragraph, word_file
from tests.templates.outside.outside import BODY, PLAIN, part_of, refusal, with_parts

BY = 'w:id="1" w:author="A. Lawyer" w:date="2026-01-01T00:00:00Z"'
ROW = "<w:tbl><w:tr>{}<w:tc>{}<w:p><w:r><w:t>x</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
OPEN = {
    "insertion": (f"<w:p><w:ins {BY}><w:r><w:t>x</w:t></w:r></w:ins></w:p>", "an insertion"),
    "deletion": (f"<w:p><w:del {BY}><w:r><w:delText>x</w:delText></w:r></w:del></w:p>", "a deletion"),
    "move": (f"<w:p><w:moveTo {BY}><w:r><w:t>x</w:t></w:r></w:moveTo></w:p>", "a move"),
    "moved": (f"<w:p><w:moveFrom {BY}><w:r><w:t>x</w:t></w:r></w:moveFrom></w:p>", "a move"),
    "paragraph mark": (f"<w:p><w:pPr><w:rPr><w:ins {BY}/></w:rPr></w:pPr></w:p>", "an insertion"),
    "row": (ROW.format(f"<w:trPr><w:del {BY}/></w:trPr>", ""), "a deletion"),
    "cell": (ROW.format("", f"<w:tcPr><w:cellIns {BY}/></w:tcPr>"), "an insertion"),
    "format of a run": (f"<w:p><w:r><w:rPr><w:rPrChange {BY}/></w:rPr><w:t>x</w:t></w:r></w:p>", "a change of format"),
    "format of a paragraph": (f"<w:p><w:pPr><w:pPrChange {BY}/></w:pPr></w:p>", "a change of format"),
    "format of a table": (f"<w:tbl><w:tblPr><w:tblPrChange {BY}/></w:tblPr></w:tbl>", "a change of format"),
    "comment": ('<w:p><w:commentRangeStart w:id="1"/><w:r><w:commentReference w:id="1"/></w:r></w:p>', "a comment"),
    "hidden text": ("<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>x</w:t></w:r></w:p>", "hidden text"),
    "hidden row": (ROW.format("<w:trPr><w:hidden/></w:trPr>", ""), "hidden text"),
    "leftover": (paragraph("The seat is [insert city]."), "a leftover"),
    "bullet": (paragraph("EUR [●]"), "a leftover"),
    "line": (paragraph("Name: ________"), "a leftover"),
}


@pytest.mark.parametrize(("body", "says"), OPEN.values(), ids=OPEN)
def test_open_matters_refuse_a_resolved_file_only(body, says):
    docx = word_file(paragraph("First.") + body)
    admit_word_file(docx, name="the file")
    ((path, message),) = refusal(docx, resolved=True)
    assert path.startswith(BODY)
    assert message.startswith(says)


@pytest.mark.parametrize(
    "body",
    ['<w:p><w:r><w:rPr><w:vanish w:val="0"/></w:rPr><w:t>x</w:t></w:r></w:p>', paragraph("Article [3] and [sic]"),
     "<w:p><w:r><w:rPr><w:webHidden/></w:rPr><w:t>12</w:t></w:r></w:p>"],
)  # fmt: skip
def test_text_that_is_shown_is_resolved(body):
    admit_word_file(word_file(body), name="the file", resolved=True)


def test_text_hidden_by_its_style_is_found():
    styles = (
        b'<w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        b'<w:style w:styleId="Heir"><w:basedOn w:val="Ghost"/></w:style>'
        b'<w:style w:styleId="Ghost"><w:basedOn w:val="Heir"/><w:rPr><w:vanish/></w:rPr></w:style></w:styles>'
    )
    plain = with_parts({"word/styles.xml": styles})
    admit_word_file(plain, name="the file", resolved=True)
    body = part_of(PLAIN, BODY).replace(b"<w:b/>", b'<w:rStyle w:val="Heir"/>')
    assert [message for _, message in refusal(with_parts({BODY: body}, plain), resolved=True)] == ["hidden text"]
    default = styles.replace(b'w:styleId="Heir"', b'w:styleId="Heir" w:default="1"')
    assert refusal(with_parts({"word/styles.xml": default}), resolved=True) == [("word/styles.xml", "hidden text")]


def test_comment_nothing_refers_to_is_found():
    comments = (
        b'<w:comments xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:comment/></w:comments>'
    )
    docx = with_parts({"word/comments.xml": comments})
    assert refusal(docx, resolved=True) == [("word/comments.xml", "a comment")]
