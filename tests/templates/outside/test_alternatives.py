from __future__ import annotations

import pytest

from templates.outside.untrusted import admit_word_file
from tests.templates.conftest import paragraph, word_file
from tests.templates.outside.outside import refusal, related, typed

MC = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
WPS = 'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'


def alternatives(choice, fallback, requires="wps", names=WPS):
    other = "" if fallback is None else f"<mc:Fallback>{fallback}</mc:Fallback>"
    first = f'<mc:Choice Requires="{requires}">{choice}</mc:Choice>'
    return f"<mc:AlternateContent {MC} {names}>{first}{other}</mc:AlternateContent>"


def box(text, kind="drawing"):
    return f"<w:{kind}><w:txbxContent>{paragraph(text)}</w:txbxContent></w:{kind}>"


def drawn(*arguments, **named):
    return f"<w:p><w:r>{alternatives(*arguments, **named)}</w:r></w:p>"


def text(words):
    return f"<w:t>{words}</w:t>"


REFUSED = {
    "two texts": (drawn(text("1 euro"), text("2 euro")), "outside a drawing"),
    "same texts": (drawn(text("1 euro"), text("1 euro")), "outside a drawing"),
    "paragraphs": (alternatives(paragraph("1"), paragraph("2")), "outside a drawing"),
    "nothing": (drawn("", text("2 euro")), "outside a drawing"),
    "two boxes": (drawn(box("1 euro"), box("2 euro", "pict")), "whose texts differ"),
    "empty fallback": (drawn(box("1 euro"), ""), "whose texts differ"),
    "no fallback": (drawn(box("1 euro"), None), "whose texts differ"),
    "unknown": (drawn(box("1"), box("1", "pict"), requires="x", names='xmlns:x="urn:x"'), "Word does not know: x"),
    "borrowed": (drawn(box("1"), box("1", "pict"), names='xmlns:wps="urn:x"'), "Word does not know: wps"),
    "processed": (f'<w:p {MC} {WPS} mc:ProcessContent="wps:x"/>', "only some programs"),
}


@pytest.mark.parametrize(("body", "says"), REFUSED.values(), ids=REFUSED)
def test_what_programs_show_differently_is_refused(body, says):
    ((_, message),) = refusal(word_file(body))
    assert says in message


@pytest.mark.parametrize("body", [drawn(box("1 euro"), box("1  euro", "pict")), drawn("<w:drawing/>", None)],
                         ids=["same text", "no text"])  # fmt: skip
def test_drawing_with_its_older_twin_is_admitted(body):
    admit_word_file(word_file(body), name="the file", resolved=True)


def test_alternatives_deep_inside_one_another_are_refused():
    body = box("x")
    for _ in range(6):
        body = f"<w:drawing>{alternatives(body, body)}</w:drawing>"
    assert any("within alternatives" in message for _, message in refusal(word_file(f"<w:p><w:r>{body}</w:r></w:p>")))


@pytest.mark.parametrize("name", ["w:dataBinding", "w15:dataBinding"])
def test_bound_control_that_shows_another_text_than_stands_in_it_is_refused(name):
    binding = f'<{name} w:xpath="/a" w:storeItemID="{{1}}"/>'
    control = (
        f'<w:sdt xmlns:w15="http://schemas.microsoft.com/office/word/2012/wordml"><w:sdtPr>{binding}</w:sdtPr>'
        f"<w:sdtContent>{paragraph('1 euro')}</w:sdtContent></w:sdt>"
    )
    ((path, message),) = refusal(word_file(control))
    assert path.startswith("word/document.xml")
    assert "kept elsewhere" in message
    admit_word_file(word_file(control.replace(binding, "")), name="the file", resolved=True)


def test_custom_xml_that_nothing_is_bound_to_is_admitted():
    relation = related(
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships/customXml", "../customXml/item1.xml"
    )
    admit_word_file(
        typed("customXml/item1.xml", "application/xml", b"<a>2 euro</a>", relation), name="the file", resolved=True
    )
