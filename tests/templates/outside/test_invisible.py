from __future__ import annotations

import pytest

from templates.outside.untrusted import admit_word_file
from tests.templates.conftest import word_file
from tests.templates.outside.outside import BODY, refusal, with_parts

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
W14 = 'xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml"'
COVERED = "letters in the colour of what is behind them"


def run(properties, text="The price is 1 euro.", paragraph=""):
    return f"<w:p><w:pPr>{paragraph}</w:pPr><w:r><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r></w:p>"


def table(cell, body, properties=""):
    return (
        f"<w:tbl><w:tblPr>{properties}</w:tblPr><w:tr><w:tc><w:tcPr>{cell}</w:tcPr>{body}</w:tc></w:tr>"
        f"<w:tr><w:tc>{body}</w:tc></w:tr></w:tbl>"
    )


def shading(fill, pattern="clear", color="auto"):
    return f'<w:shd w:val="{pattern}" w:color="{color}" w:fill="{fill}"/>'


def colour(value):
    return f'<w:color w:val="{value}"/>'


INVISIBLE = {
    "tiny": (run('<w:sz w:val="7"/>'), "letters smaller than 4 pt"),
    "tiny in millimetres": (run('<w:sz w:val="1mm"/>'), "letters smaller than 4 pt"),
    "white": (run(colour("FFFFFF")), COVERED),
    "nearly white": (run(colour("F7F7F7")), COVERED),
    "white of the theme": (run('<w:color w:val="000000" w:themeColor="background1"/>'), COVERED),
    "shaded": (run(colour("1F3247") + shading("1F3247")), COVERED),
    "highlighted": (run(colour("FFFF00") + '<w:highlight w:val="yellow"/>'), COVERED),
    "black highlight": (run('<w:highlight w:val="black"/>'), COVERED),
    "shaded paragraph": (run(colour("1F3247"), paragraph=shading("1F3247")), COVERED),
    "solid cell": (table(shading("FFFFFF", "solid", "1F3247"), run(colour("1F3247"))), COVERED),
    "effect": (run(f"<w14:textFill {W14}><w14:noFill/></w14:textFill>"), "letters that let through"),
    "white effect": (
        run(f'<w14:textFill {W14}><w14:solidFill><w14:schemeClr w14:val="bg1"/></w14:solidFill></w14:textFill>'),
        COVERED,
    ),
    "narrow": (run('<w:w w:val="1%"/>'), "letters scaled to 1 %"),
    "crowded": (run('<w:spacing w:val="-200"/>'), "letters -10 pt apart"),
    "raised": (run('<w:position w:val="2000"/>'), "letters moved out of their line by 1000 pt"),
    "web": (run("<w:webHidden/>"), "not shown in every view"),
}
VISIBLE = {
    "white on a dark cell": "<w:tbl><w:tr><w:tc>"
    f"<w:tcPr>{shading('1F3247')}</w:tcPr>{run(colour('FFFFFF'))}</w:tc></w:tr></w:tbl>",
    "white on dark": run(colour("FFFFFF") + shading("1F3247")),
    "grey": run(colour("A6A6A6")),
    "chosen by the program": run(colour("auto") + shading("000000")),
    "marked": run('<w:highlight w:val="yellow"/>'),
    "small": run('<w:sz w:val="8"/>'),
    "letters apart": run('<w:spacing w:val="40"/><w:w w:val="90"/><w:position w:val="6"/>'),
    "tiny space": run('<w:sz w:val="2"/>', text=" "),
}


@pytest.mark.parametrize(("body", "why"), INVISIBLE.values(), ids=INVISIBLE)
def test_text_nobody_can_read_refuses_an_edited_draft(body, why):
    admit_word_file(word_file(body), name="the file")
    (path, message), *_ = refusal(word_file(body), resolved=True)
    assert path.startswith(BODY)
    assert message.startswith(f"hidden text: {why}")


@pytest.mark.parametrize("body", VISIBLE.values(), ids=VISIBLE)
def test_text_that_can_be_read_is_admitted(body):
    admit_word_file(word_file(body), name="the file", resolved=True)


def styled(styles, body):
    return with_parts({"word/styles.xml": f"<w:styles {W}>{styles}</w:styles>".encode()}, word_file(body))


def style(name, inner, kind="paragraph", base=""):
    return f'<w:style w:type="{kind}" w:styleId="{name}"><w:basedOn w:val="{base}"/>{inner}</w:style>'


GHOST = style("Ghost", f"<w:rPr>{colour('FFFFFF')}</w:rPr>", base="Heir")
DARK = style("Dark", f"<w:tblStylePr w:type='firstRow'><w:tcPr>{shading('1F3247')}</w:tcPr></w:tblStylePr>", "table")


@pytest.mark.parametrize(
    ("styles", "body"),
    [
        (GHOST + style("Heir", "", base="Ghost"), run("", paragraph='<w:pStyle w:val="Heir"/>')),
        (GHOST, run('<w:rStyle w:val="Ghost"/>')),
        (GHOST.replace("<w:style ", '<w:style w:default="1" '), run("")),
        (f"<w:docDefaults><w:rPrDefault><w:rPr>{colour('FFFFFF')}</w:rPr></w:rPrDefault></w:docDefaults>", run("")),
        (DARK, table("", run(colour("FFFFFF")), '<w:tblStyle w:val="Dark"/>')),
        (
            DARK.replace("<w:tcPr>", '<w:rPr><w:sz w:val="2"/></w:rPr><w:tcPr>'),
            table("", run(""), '<w:tblStyle w:val="Dark"/>'),
        ),
    ],
    ids=["based on", "of letters", "default", "defaults", "second row", "part of a table"],
)
def test_text_nobody_can_read_by_its_style_is_found(styles, body):
    (_, message), *others = refusal(styled(styles, body), resolved=True)
    assert not others
    assert message.startswith("hidden text: ")


def test_style_of_its_own_makes_a_first_row_readable():
    body = table("", run(""), '<w:tblStyle w:val="Dark"/>').replace(
        "<w:rPr></w:rPr>", f"<w:rPr>{colour('FFFFFF')}</w:rPr>", 1
    )
    admit_word_file(styled(DARK, body), name="the file", resolved=True)


def test_endless_chain_of_styles_is_looked_at_once():
    chain = "".join(style(f"S{number}", "", base=f"S{number + 1}") for number in range(20_000))
    last = style("S20000", f"<w:rPr>{colour('FFFFFF')}</w:rPr>")
    bodies = "".join(run("", paragraph=f'<w:pStyle w:val="S{number}"/>') for number in range(0, 20_000, 100))
    assert len(refusal(styled(chain + last, bodies), resolved=True)) == 200
