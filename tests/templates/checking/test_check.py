from __future__ import annotations

import json
import zipfile
from io import BytesIO

import pytest
from hypothesis import given, settings, strategies as st
from lxml import etree

from schemas.documents import model_of
from schemas.party import Signatory
from schemas.types.mou import Memorandum
from templates.adopt import library_for
from templates.catalog import (
    document_types_with_templates,
    editions_of,
    load_template,
    read_manifest,
    version_folder,
)
from templates.checking.check import check_template, examine
from templates.checking.names import environment
from templates.clauses import LibraryClause
from templates.render import render
from templates.sandbox import environment_for
from tests.templates.checking.damage import FIVE, ONE_EACH, W, damaged, find, rewritten
from tests.templates.conftest import make_template, paragraph, word_file

EDITIONS = [
    (document_type, version, edition)
    for document_type in document_types_with_templates()
    for version, editions in editions_of(document_type).items()
    for edition in editions
]


INCLUDED = "{{ clause('fees').heading }}"


class Unsigned(Memorandum):
    """A memorandum that needs no room for signatures."""

    signatories: tuple[Signatory, ...] = ()


def library(document_type="mou", version=1):
    return library_for(read_manifest(version_folder(document_type, version)))


def clause(**content):
    written = {
        "id": "fees", "version": 1, "subject": "payment", "position": "standard", "note": "Look at it.",
        "heading": {"en": "Fees"}, "sha256": "0" * 64,
    }  # fmt: skip
    return LibraryClause.model_validate(written | content)


def found(*texts, clauses=None, languages=("en",), **parts):
    body = "".join(paragraph(text.replace("&", "&amp;").replace("<", "&lt;")) for text in texts)
    checked = examine(word_file(body, **parts), Unsigned, clauses=clauses or {}, languages=languages)
    return checked.errors


def messages(*texts, **more):
    return [finding.message for finding in found(*texts, **more)]


@pytest.mark.parametrize("damage", ONE_EACH.values(), ids=ONE_EACH)
def test_one_damage_is_named_with_its_place_and_nothing_else_is(damage):
    docx = damaged(damage)
    (finding,) = examine(docx, Memorandum, clauses=library()).errors
    assert finding.where == damage.where(docx)
    assert damage.says in finding.message
    assert finding.proposal == damage.proposal


def test_five_damages_are_named_at_once():
    docx = damaged(*FIVE)
    findings = examine(docx, Memorandum, clauses=library()).errors
    assert {finding.where for finding in findings} == {damage.where(docx) for damage in FIVE}
    assert len(findings) == len(FIVE)


@pytest.mark.parametrize(
    ("document_type", "version", "edition"), EDITIONS, ids=["-".join(map(str, e)) for e in EDITIONS]
)
def test_our_own_templates_give_no_false_alarm(document_type, version, edition):
    template = load_template(document_type, edition, version)
    findings = check_template(
        template.docx, model_of(document_type), clauses=library(document_type, version), languages=template.languages
    )
    assert [str(finding) for finding in findings if not finding.message.endswith("is never used")] == []


def test_findings_can_be_written_as_json():
    docx = damaged(FIVE[0])
    (finding,) = examine(docx, Memorandum, clauses=library()).errors
    told = json.loads(json.dumps(finding.as_json()))
    assert told["where"] == FIVE[0].where(docx)
    assert all(isinstance(told[name], int) for name in ("table", "row", "cell", "paragraph"))
    assert told["severity"] == "error"


MISSING = "project.call may be missing, and no condition asks for it"
BROKEN = [
    ("{{ title {{ title }}", "{{ is not closed before the next tag begins"),
    ("{{ title %}", "{{ is closed by %}"),
    ("{% if own_costs %}yes", "if is not ended"),
    ("yes{% endif %}", "endif without if"),
    ("{% else %}", "else without for or if"),
    ("{% elif own_costs %}", "elif without if"),
    ("{{tr title }}", "{{tr outside a table"),
    ("{% iff own_costs %}", "a step that is not known"),
    ("{% if own_costs == %}x{% endif %}", "the tag cannot be read"),
    ("{{ title|upper( }}", "the tag cannot be read"),
    ("{{ 'a & b' }}", "& in a tag would come out as &amp;"),
    ("{% if «x» == title %}x{% endif %}", "typographic characters in a tag: « »"),
    ("{% raw %}{% endraw %}", "raw may not be used here"),
    ("{% import 'x' as y %}", "import may not be used here"),
    ("{% extends 'x' %}", "extends may not be used here"),
    ("{{ title.__class__ }}", "__class__ may not be used here"),
    ("{{ title.upper() }}", "nothing but a macro, clause or clause_pair is called"),
    ("{{ range(10) }}", "there is no range"),
    ("{{ 'a' * 100000000 }}", "* is for whole numbers only"),
    ("{% set x = {1: 2} %}", "a dictionary may not be used here"),
    ("{{ draft ** 9 }}", "** is for whole numbers only"),
    ("{{ titel }}", "there is no titel"),
    ("{{ parties }}", "a list of records is used where a value is needed"),
    ("{{ project }}", "a record is used where a value is needed"),
    ("{{ own_costs }}", "a yes or no is used where a value is needed"),
    ("{{ parties.legal_name }}", "parties is a list of records: it has no legal_name of its own"),
    ("{{ project.titel }}", "project has no titel"),
    ("{% for x in title %}{{ x }}{% endfor %}", "title is text: there is nothing to loop over"),
    ("{{ project|listed }}", "|listed takes a list; project is record"),
    ("{{ parties|upper }}", "|upper takes a value; parties is list of records"),
    ("{{ title if title is defind }}", "defind is no test"),
    ("{{ project.call }}", "project.call may be missing, and no condition asks for it"),
    ("{{ project.budget.amount }}", "project.budget may be missing, and no condition asks for it"),
    ("{{ project.call ~ title }}", "project.call may be missing, and no condition asks for it"),
    ("{% if title %}{{ project.call }}{% endif %}", "project.call may be missing, and no condition asks for it"),
    ("{% if not project.call %}{{ project.call }}{% endif %}", MISSING),
    ("{% if project.call or title %}{{ project.call }}{% endif %}", MISSING),
    ("{{ (parties|by_id('a')).vat }}", "(parties|by_id(\"a\")).vat may be missing, and no condition asks for it"),
    ("{{ clause('fees').heading }}", "there is no such clause in the library"),
    ("{{ clause(title) }}", "the id of a clause is written in the template"),
    ("{{ clause_pair('fees') }}", "there is no clause_pair"),
    ("{% macro m(a) %}{{ a.x }}{% endmacro %}{{ m(project) }}", "a has no x"),
    ("{% macro m(a) %}{{ a }}{% endmacro %}{{ m() }}", "the macro m takes 1 values"),
    ("{% macro m(a) %}{{ m(a) }}{% endmacro %}{{ m(1) }}", "macros call each other without end"),
    ("{% macro m() %}{{ titel }}{% endmacro %}", "there is no titel"),
    ("{% for party in parties %}{% set x = party %}{% endfor %}{{ x.id }}", "there is no x"),
    ("{% with a = project %}{{ a.nam }}{% endwith %}", "a has no nam"),
    ("Paid on [●].", "a leftover"),
    ("{{ " + "(" * 400 + "title" + ")" * 400 + " }}", "the tag is nested too deeply to be read"),
    ("{{ " + "title ~ " * 400 + "title }}", "the tag is too long"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), BROKEN, ids=[text[:60] for text, _ in BROKEN])
def test_fault_of_a_paragraph_is_said(text, message):
    assert messages(text) == [message]


SOUND = [
    "{{ title }} {{- draft -}} {{ data_digest[:16] }}",
    "{% if project.call %}{{ project.call }}{% endif %}",
    "{% if project.call is not none %}{{ project.call }}{% endif %}",
    "{% if project.call is none %}none{% else %}{{ project.call }}{% endif %}",
    "{% if not project.call %}none{% else %}{{ project.call }}{% endif %}",
    "{% if project.call and project.budget %}{{ project.call }} {{ project.budget.amount }}{% endif %}",
    "{% if project.call == 'x' %}{{ project.call }}{% endif %}",
    "{{ project.call or title }}",
    "{{ project.call if project.call else title }}",
    "{% if project.budget and project.budget.kind == 'total' %}{{ project.budget|money }}{% endif %}",
    "{% for party in parties if party.vat %}{{ party.vat }}{% endfor %}",
    "{% for party in parties %}{% if not loop.last %}{{ loop.index }}{% endif %}{% else %}none{% endfor %}",
    "{% with budget = project.budget %}{% if budget %}{{ budget|money }}{% endif %}{% endwith %}",
    "{% set budget = project.budget %}{% if project.budget %}{{ budget.kind }}{% endif %}",
    "{% set name %}The {{ title }}{% endset %}{{ name }}",
    "{% if own_costs %}{{ project.call }}{% endif %}",
    "{% with p = parties|by_id(undertakings[0].party) %}{% if p.vat %}{{ p.vat }}{% endif %}{% endwith %}",
    "{% macro m(a, b=2) %}{{ a }}{{ b + 1 }}{% endmacro %}{{ m(title) }}{{ m(1, b=3) }}",
    "{{ (parties|first).legal_name|upper }} {{ parties|length + 1 }} {{ notice_days|days }}",
    "{{ wording[project.visibility].sentence }} {{ undertakings[0]['items']|length }}",
    "{% if legal_nature == 'non-binding' and not binding_clauses %}{{ binding_clauses|headings }}{% endif %}",
    "{# a remark #}",
    "{{ title ~ ' \u2013 \u00ab ' ~ draft }}",
    "{% for clause in added %}{{ clause.heading }}{% endfor %}",
]


@pytest.mark.parametrize("text", SOUND)
def test_what_works_gives_no_alarm(text):
    assert messages(text) == []


@pytest.mark.parametrize("text", SOUND)
def test_what_gives_no_alarm_can_be_filled(text, gssc):
    template = make_template(paragraph(text))
    assert render(template, gssc, agreement_id="MOU-2026-0001", draft=1, data_digest=template.digest)


def test_block_may_end_in_a_later_paragraph():
    assert messages("{% if own_costs %}one", "two", "three{% endif %}") == []


def test_paragraph_steps_have_to_meet_paragraph_steps():
    (finding,) = found("{%p for party in parties %}", "{{ party.legal_name }}", "{% endfor %}")
    assert finding.message == "for and its endfor do not stand in the same place"
    assert finding.where == "body, paragraph 3: {% endfor %}"


@pytest.mark.parametrize(
    ("call", "right"), [("{{ m() }}", "{{p m() }}"), ("{{p t() }}", "{{ t() }}")], ids=["paragraphs", "text"]
)
def test_macro_of_paragraphs_takes_the_place_of_one(call, right):
    macros = ("{%p macro m() %}", "one", "{%p endmacro %}", "{% macro t() %}one{% endmacro %}")
    (finding,) = found(*macros, call)
    assert finding.where == f"body, paragraph 5: {call}"
    assert finding.expected == right
    assert messages(*macros, right) == []


def test_tag_that_word_has_divided_is_joined():
    runs = "".join(
        f"<w:r><w:t>{piece}</w:t></w:r><w:proofErr w:type='spellStart'/>" for piece in ("{", "{ tit", "le }", "}")
    )
    assert examine(word_file(f"<w:p>{runs}</w:p>"), Unsigned, clauses={}).errors == ()


@pytest.mark.parametrize(
    ("between", "says"),
    [
        ("<w:r><w:drawing/></w:r>", "a picture stands inside a tag and would be lost"),
        ("<w:r><w:noBreakHyphen/></w:r>", "a non-breaking hyphen stands inside a tag and would be lost"),
    ],
)
def test_what_would_be_lost_inside_a_tag_is_said(between, says):
    body = f"<w:p><w:r><w:t>{{{{ ti</w:t></w:r>{between}<w:r><w:t>tle }}}}</w:t></w:r></w:p>"
    assert [finding.message for finding in examine(word_file(body), Unsigned, clauses={}).errors] == [says]


def test_quotation_marks_that_are_put_right_are_a_warning():
    body = paragraph("{% if legal_nature == “binding” %}x{% endif %}")
    checked = examine(word_file(body), Unsigned, clauses={})
    assert checked.errors == ()
    (finding,) = (f for f in checked.findings if "quotation" in f.message)
    assert finding.proposal == '{% if legal_nature == "binding" %}'


def test_braces_that_were_meant_as_a_tag_are_a_warning():
    checked = examine(word_file(paragraph("{ { title } } and {title}")), Unsigned, clauses={})
    assert [finding.got for finding in checked.findings if "braces" in finding.message] == ["{ {", "} }", "{title}"]


def test_every_part_is_looked_at():
    findings = found("{{ a }}", header="{{ b }}", footnote="{{ c }}", title="{{ d }}")
    assert [finding.where for finding in findings] == [
        "body, paragraph 1: {{ a }}",
        "header, paragraph 1: {{ b }}",
        "footnote 1, paragraph 1: {{ c }}",
        "document properties, title: {{ d }}",
    ]


def test_description_of_a_picture_is_looked_at():
    body = '<w:p><w:r><w:drawing><wp:docPr id="1" descr="Logo of {{ titel }}"/></w:drawing></w:r></w:p>'
    (finding,) = examine(word_file(body), Unsigned, clauses={}).errors
    assert finding.where == "body, description, paragraph 1: Logo of {{ titel }}"


def test_text_box_content_control_and_inner_table_are_looked_at():
    body = (
        f"<w:sdt><w:sdtContent>{paragraph('{{ a }}')}</w:sdtContent></w:sdt>"
        f"<w:p><w:r><w:pict><w:txbxContent>{paragraph('{{ b }}')}</w:txbxContent></w:pict></w:r></w:p>"
        f"<w:tbl><w:tr><w:tc><w:tbl><w:tr><w:tc/><w:tc>{paragraph('{{ c }}')}</w:tc></w:tr></w:tbl>"
        f"{paragraph('{{ d }}')}</w:tc></w:tr></w:tbl>"
    )
    assert [finding.where for finding in examine(word_file(body), Unsigned, clauses={}).errors] == [
        "body, paragraph 1: {{ a }}",
        "body, text box 1, paragraph 1: {{ b }}",
        "body, table 2, row 1, cell 2, paragraph 1: {{ c }}",
        "body, table 1, row 1, cell 1, paragraph 1: {{ d }}",
    ]


def test_tag_in_a_part_that_is_never_filled_is_refused():
    target = BytesIO(word_file(paragraph("{{ title }}")))
    with zipfile.ZipFile(target, "a") as package:
        package.writestr("word/charts/chart1.xml", "<chart><t>{{ title }}</t></chart>")
    (finding,) = examine(target.getvalue(), Unsigned, clauses={}).errors
    assert finding.where == "word/charts/chart1.xml: {{ title }}"


ROOM = '<w:p><w:r><w:drawing><wp:docPr id="1" name="{name}" descr="{description}"/></w:drawing></w:r></w:p>'
SIGNATORY = "Room for the signature of {{ signatory.name }} (signatory {{ signatory.id }})"


def rooms(name, description, model=Memorandum):
    loop = paragraph("{%p for signatory in signatories %}"), paragraph("{%p endfor %}")
    docx = word_file(ROOM.format(name=name, description=description).join(loop))
    return [finding.message for finding in examine(docx, model, clauses={}).errors]


def test_every_signature_needs_its_room():
    assert rooms("Room for a signature", SIGNATORY) == []
    assert rooms("Logo", "Our logo") == ["there is no room for signatures"]
    assert rooms("Logo", "Our logo", model=Unsigned) == []
    assert rooms("Room for a signature", "Sign here", model=Unsigned) == [
        "the picture does not say whose signature it has room for"
    ]


def test_picture_drawn_from_the_data_needs_that_data():
    assert rooms("Gantt chart", "Activities", model=Unsigned) == ["this document has no schedule to draw"]
    assert rooms("Gantt chart", "Activities", model=model_of("roadmap")) == []


def test_what_may_not_come_in_is_said_with_everything_else():
    target = BytesIO(word_file(paragraph("{{ titel }}")))
    with zipfile.ZipFile(target, "a") as package:
        package.writestr("word/vbaProject.bin", b"macro")
    findings = examine(target.getvalue(), Unsigned, clauses={}).errors
    assert any("vbaProject" in finding.where for finding in findings)
    assert "there is no titel" in [finding.message for finding in findings]


def test_tracked_change_has_to_be_decided_first():
    body = "<w:p><w:ins><w:r><w:t>new</w:t></w:r></w:ins></w:p>"
    (finding,) = examine(word_file(body), Unsigned, clauses={}).errors
    assert (finding.message, finding.where) == ("a tracked change", "body, paragraph 1")


@pytest.mark.parametrize(
    "content", [b"", b"%PDF-1.7", word_file("")[:-40], word_file("<w:p>")], ids=["nothing", "PDF", "cut off", "XML"]
)
def test_what_is_no_word_file_is_one_finding(content):
    (finding,) = check_template(content, Unsigned, clauses={})
    assert finding.severity == "error"


def test_field_that_is_never_used_is_a_warning_with_its_whole_path():
    def removed(root: etree._Element) -> None:
        for text in ("{%p if party.vat %}", "VAT: {{ party.vat }}"):
            node = find(root, text)
            node.getparent().remove(node)
        end = find(root, "{%p if party.pic %}").getprevious()
        end.getparent().remove(end)

    docx = rewritten(load_template("mou", "en", 1).docx, {"word/document.xml": removed})
    before = {f.got for f in check_template(load_template("mou", "en", 1).docx, Memorandum, clauses=library())}
    after = {f.got for f in check_template(docx, Memorandum, clauses=library())}
    assert after - before == {"parties[].vat"}


def test_clause_without_the_language_of_the_template_is_refused():
    fees = clause(paragraph=[{"en": "No fees."}])
    assert messages("{{ clause('fees').heading }}", clauses={"fees": fees}) == []
    assert messages("{{ clause_pair('fees').rows|length }}", clauses={"fees": fees}, languages=("en", "es")) == [
        "the clause fees has no text in es"
    ]


def test_fault_of_an_included_clause_is_said_with_its_file():
    fees = clause(paragraph=[{"en": "No fees."}, {"each": "party in parties", "en": "{{ party.nam }}"}])
    (finding,) = found("{{ clause('fees').heading }}", clauses={"fees": fees})
    assert finding.where == "clauses/fees/v1.toml, paragraph 2, en: {{ party.nam }}"
    assert finding.message == "party has no nam"


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ({"when": "titel", "en": "x"}, "there is no titel"),
        ({"when": "title ==", "en": "x"}, "the text cannot be read"),
        ({"each": "party in title", "en": "x"}, "title is text: there is nothing to loop over"),
        ({"en": "{{ project.call }}"}, "project.call may be missing, and no condition asks for it"),
        ({"en": "{{ clause('fees') }}"}, "there is no clause"),
        ({"en": "{% include 'x' %}"}, "a step that may not be used here"),
        ({"en": "{% raw %}{{ x }}{% endraw %}"}, "a step that may not be used here"),
        ({"en": "{% macro m() %}x{% endmacro %}"}, "a step that may not be used here"),
        ({"en": "until [date]"}, "a leftover"),
        ({"lead": {"en": "{{ titel }}"}, "en": "x"}, "there is no titel"),
    ],
)
def test_fault_of_a_clause_is_said(written, says):
    (finding,) = found(INCLUDED, clauses={"fees": clause(paragraph=[written])})
    assert finding.message == says
    assert finding.where.startswith("clauses/fees/v1.toml, paragraph 1, ")


def test_languages_of_a_clause_say_the_same():
    both = clause(heading={"en": "Fees", "es": "Precio"}, paragraph=[{"en": "{{ notice_days }}", "es": "nada"}])
    (finding,) = found(INCLUDED, clauses={"fees": both})
    assert finding.message == "a paragraph uses other fields in one language than in another"
    assert (finding.where, finding.got) == ("clauses/fees/v1.toml, paragraph 1, es", "notice_days")


def test_languages_of_a_clause_may_need_other_filters():
    texts = {"en": "{{ title }}", "es": "{% if title %}{{ title|capital }}{% endif %}"}
    both = clause(heading={"en": "Fees", "es": "Precio"}, paragraph=[texts])
    assert found(INCLUDED, clauses={"fees": both}) == ()


def test_condition_of_a_clause_tells_what_is_there():
    fees = clause(paragraph=[{"when": "project.call", "en": "{{ project.call }}"}])
    assert found(INCLUDED, clauses={"fees": fees}) == ()


def test_other_language_of_the_same_party_is_as_present():
    assert messages(
        "{% for party in parties %}{% if party.vat %}{{ (right.parties|by_id(party.id)).vat }}"
        "{{ right.parties[loop.index0].vat }}{% endif %}{% endfor %}",
        languages=("en", "es"),
    ) == []  # fmt: skip


def test_checker_knows_the_filters_of_the_renderer():
    ours = {name for name in environment_for("en-GB").filters if not name.startswith("_")}
    assert set(environment().filters) == ours


PIECES = [
    *("{{", "}}", "{%", "%}", "{#", "#}", "{%p", "{%tr", "{{r", "if", "endif", "for", "in", "endfor", "else", "set"),
    *("title", "parties", "party", ".", "|", "upper", "(", ")", "'", "=", "macro", "\u201c", "text", "with", "[", "0"),
]


def test_check_ends_whatever_the_template_holds():
    macros = [f"{{% macro m{n}() %}}" + f"{{{{ m{n + 1}() }}}}" * 9 + "{% endmacro %}" for n in range(9)]
    assert "the template takes too many steps to be checked" in messages(
        *macros, "{% macro m9() %}x{% endmacro %}{{ m0() }}"
    )
    assert messages("{{" * 6000) == ["the paragraph is too long"]
    assert messages(*["{% if own_costs %}"] * 500, *["{% endif %}"] * 500) == [
        "steps stand too deeply in each other to be read"
    ]


def test_what_a_template_uses_is_told():
    used = examine(word_file(paragraph("{{ agreement_id }} {{ project.start|day }}")), Unsigned, clauses={}).used
    assert used == {"agreement_id", "project", "project.start", "|day"}


@settings(deadline=None, max_examples=100)
@given(
    st.lists(
        st.sampled_from(PIECES),
        max_size=30,
    )
)
def test_no_text_whatever_breaks_the_check(pieces):
    texts = [paragraph(text) for text in " ".join(pieces).split("text")]
    for finding in examine(word_file("".join(texts)), Unsigned, clauses={}).findings:
        assert finding.part


def test_broken_marks_are_found_where_word_shows_them():
    template = make_template(paragraph("one") + f"<w:tbl><w:tr><w:tc>{paragraph('{{ title')}</w:tc></w:tr></w:tbl>")
    (finding,) = examine(template.docx, Unsigned, clauses={}).errors
    root = etree.fromstring(zipfile.ZipFile(BytesIO(template.docx)).read("word/document.xml"))
    shown = find(root, finding.text)
    assert [shown.getparent().tag, finding.table, finding.row, finding.cell] == [f"{W}tc", 1, 1, 1]
