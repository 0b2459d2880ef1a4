from __future__ import annotations

import re

import pytest

from schemas.agreement import VISIBILITY
from schemas.documents import data_bytes
from schemas.evidence import digest_of
from schemas.fact import open_facts
from schemas.loader import load_document
from templates.catalog import load_template
from templates.render import render_draft
from tests.templates.mou_drafts import (
    EDITIONS,
    EN_ES,
    EN_PT,
    HEADINGS,
    PLAIN_HEADINGS,
    TWO_LANGUAGES,
    W,
    all_confirmed,
    body,
    changed,
    draft_of,
    headings,
    in_edition,
    numbered,
    one_line,
    paragraphs,
    text_of,
)

MONEY = {"en": "EUR 222,202.62", "es": "222.202,62 EUR", "it": "222.202,62 EUR", "pt": "222 202,62 EUR"}
START = {"en": "27 April 2021", "es": "27 de abril de 2021", "it": "27 aprile 2021", "pt": "27 de abril de 2021"}
PROJECT_START = {"en": "September 2020", "es": "septiembre de 2020", "it": "settembre 2020", "pt": "setembro de 2020"}
STATUS = {"en": "assumed", "es": "supuesto", "it": "presunto", "pt": "presumido"}


@pytest.fixture(scope="module")
def en_pt():
    return load_document(EN_PT)


@pytest.mark.parametrize("edition", EDITIONS)
def test_each_edition_has_its_clauses_in_their_order(en_pt, edition):
    docx = draft_of(in_edition(en_pt, edition))
    for language, suffix in zip(edition.split("-"), ("", "Right"), strict=False):
        last = TWO_LANGUAGES[language] if "-" in edition else HEADINGS[language][-1]
        assert headings(docx, f"Heading1{suffix}") == [*HEADINGS[language][:-1], last]
        plain = " ".join(headings(docx, "HeadingPlain") + headings(docx, "HeadingPlainRight"))
        assert all(heading in plain for heading in PLAIN_HEADINGS[language])


@pytest.mark.parametrize("edition", EDITIONS)
def test_each_edition_writes_data_as_its_languages_do(en_pt, edition):
    document = in_edition(en_pt, edition)
    text = text_of(draft_of(document))
    for language in edition.split("-"):
        for written in (MONEY, START, PROJECT_START, STATUS):
            assert written[language] in text
    for party in document.parties:
        assert party.legal_name.value in text
    for signatory in document.signatories:
        assert signatory.name.value in text
    for contact in document.contacts:
        assert contact.email.value in text
    assert not re.search(r"\{[{%#]|[%#}]\}", text)
    assert one_line(VISIBILITY["cosme-easme"].disclaimer) in text


@pytest.mark.parametrize("edition", EDITIONS)
def test_binding_clauses_are_named_by_their_headings(en_pt, edition):
    mou = changed(
        in_edition(en_pt, edition), binding_clauses=("confidentiality", "data protection", "law and disputes")
    )
    text = text_of(draft_of(mou))
    for language in edition.split("-"):
        binding = [HEADINGS[language][place] for place in (5, 7, 12)]
        quoted = [f"“{heading}”" if language == "en" else f"«{heading}»" for heading in binding]
        # once on the cover, once in the clause on the legal nature
        assert len(re.findall(f"{quoted[0]}, {quoted[1]},? (and|y|e) {quoted[2]}", text)) == 2


@pytest.mark.parametrize("edition", EDITIONS)
def test_a_confirmed_document_shows_no_mark_and_no_list(en_pt, edition):
    docx = draft_of(all_confirmed(in_edition(en_pt, edition)))
    text = text_of(docx)
    assert not any(status in text.split() for status in STATUS.values())
    assert not headings(docx, "OpenFactsTitle")


def test_the_list_of_open_facts_names_each(gssc):
    docx = draft_of(gssc)
    assert headings(docx, "OpenFactsTitle") == [f"Open facts: {len(open_facts(gssc))}"]
    assert {path for path, _ in open_facts(gssc)} <= set(headings(docx, "OpenFactsCell"))


@pytest.mark.parametrize("edition", EDITIONS)
def test_a_draft_edited_by_hand_says_so(en_pt, edition):
    mou = in_edition(en_pt, edition)
    notes = headings(draft_of(mou, edited=True), "CoverNote")
    assert len(notes) == len(headings(draft_of(mou), "CoverNote")) + 1


def test_the_document_it_takes_the_place_of_is_named_by_digest(confirmed):
    digest = "ab" * 32
    pin = {"agreement": "MOU-2020-0001", "title": "First memorandum", "sha256": digest, "dated": "2020-09-14"}
    docx = draft_of(changed(confirmed, supersedes=pin))
    words = f"place of “First memorandum” (MOU-2020-0001, 14 September 2020; SHA-256 {digest})."
    assert f"9.3 When it takes effect, this document takes the {words}" in numbered(docx)


# Two languages


@pytest.mark.parametrize("edition", [edition for edition in EDITIONS if "-" in edition])
def test_both_columns_have_the_same_numbers_row_by_row(en_pt, edition):
    docx = draft_of(in_edition(en_pt, edition))
    left, right = numbered(docx), numbered(docx, "Right")
    assert [line.split()[0] for line in left] == [line.split()[0] for line in right]
    rows = 0
    for row in body(docx).iter(f"{W}tr"):
        cells = [[style for style, _ in paragraphs(cell)] for cell in row.findall(f"{W}tc")]
        if any(style in {"Clause", "SubClause", "Recital"} for style in cells[0]):
            assert [style + "Right" for style in cells[0]] == cells[1]
            rows += 1
    assert rows > 30


@pytest.mark.parametrize(
    ("prevailing", "left", "right"),
    [
        ("en", "If the two texts differ, the English text prevails.", "prevalece o texto em inglês."),
        ("pt", "If the two texts differ, the Portuguese text prevails.", "prevalece o texto em português."),
        ("both", "Both texts are equally authentic.", "Ambos os textos fazem igualmente fé."),
    ],
)
def test_both_columns_say_which_language_prevails(en_pt, prevailing, left, right):
    docx = draft_of(changed(en_pt, prevailing=prevailing))
    assert left in next(line for line in numbered(docx) if line.startswith("14.1"))
    assert right in next(line for line in numbered(docx, "Right") if line.startswith("14.1"))


def test_clauses_of_the_data_stand_in_both_columns(en_pt):
    both = {"en": "Visits", "pt": "Visitas"}
    extra = {"id": "visits", "heading": both, "paragraphs": [both]}
    own = {"id": "own", "heading": {"en": "Fees", "pt": "Despesas"}, "paragraphs": [{"en": "None.", "pt": "Nenhumas."}]}
    own |= {"replaces": "mou-costs"}
    docx = draft_of(changed(en_pt, clauses=[extra, own]))
    left, right = numbered(docx), numbered(docx, "Right")
    assert {"5. Fees", "5.1 None.", "9. Visits", "9.1 Visits", "10. Term and renewal"} <= set(left)
    assert {"5. Despesas", "5.1 Nenhumas.", "9. Visitas", "9.1 Visitas", "10. Vigência e renovação"} <= set(right)


def test_the_example_of_colombia_and_mexico_carries_its_fallbacks():
    mou = load_document(EN_ES)
    digest = digest_of(data_bytes(mou))
    drafted = render_draft(
        load_template("mou", mou.edition), mou, agreement_id="MOU-2026-0001", draft=1, data_digest=digest
    )
    chosen = {clause.instead_of: clause.id for clause in drafted.clauses if clause.instead_of}
    assert chosen == {choice.clause: choice.use for choice in mou.choices} != {}
    left, right = " ".join(numbered(drafted.docx)), " ".join(numbered(drafted.docx, "Right"))
    for words in ("Decision (EU) 2021/914", "International Chamber of Commerce", "as long as at least two of them"):
        assert words in left
    for words in ("Decisión de Ejecución (UE) 2021/914", "Cámara de Comercio Internacional", "al menos dos"):
        assert words in right
    assert "Both texts are equally authentic" in left
    text = text_of(drafted.docx)
    assert "Greece / Grecia" in text
    assert text.count("not yet known / aún no se conoce") >= 5
    assert "assumed / supuesto" in text
    assert "1 September 2022 / 1 de septiembre de 2022" in text
    assert "partnership / por la alianza" in text
    assert "notarial" not in text
    assert "asociación" not in text
    assert "Aclima en conflicto suscribe el presente documento" in text


# Conditions, both ways

CLAUSE = {"id": "more", "heading": "More", "paragraphs": ["The Parties meet.", "They do so often."]}
BUDGET = {"amount": "1500.00", "kind": "EU contribution"}
WAYS = {
    "binding": (
        {"legal_nature": "binding", "binding_clauses": ()},
        ["This document binds the Parties from the day", "no Party owes another a payment"],
        ["no legal rights or obligations", "no exclusivity", "obliges a Party to pay"],
    ),
    "nothing binds": (
        {"binding_clauses": ()},
        ["creates no legal rights or obligations."],
        ["with the exception", "bind the Parties"],
    ),
    "one clause binds": (
        {"binding_clauses": ("confidentiality",)},
        ["exception of the clause “Confidentiality”, which binds the Parties"],
        ["clauses “"],
    ),
    "costs are shared": (
        {"legal_nature": "binding", "own_costs": False},
        ["Costs of joint activities are borne as"],
        ["bears its own costs of the cooperation"],
    ),
    "personal data passes": (
        {"personal_data": True, "binding_clauses": ("data protection",)},
        ["Regulation (EU) 2016/679", "within 48 hours"],
        ["business contact details"],
    ),
    "no confidentiality afterwards": (
        {"confidentiality_years": 0},
        ["This clause applies while this document is in force."],
        ["years after it ends", "year after"],
    ),
    "one year, one day": (
        {"confidentiality_years": 1, "notice_days": 1},
        ["for 1 year after it ends", "notice of 1 calendar day to"],
        ["1 years", "1 calendar days"],
    ),
    "no markets, no renewal of its own": (
        {"markets": (), "term": {"start": "2021-04-27", "end": "2022-08-31"}},
        ["It is not renewed by silence"],
        ["directed to", "may renew it in writing"],
    ),
    "a clause more": (
        {"clauses": [CLAUSE]},
        ["9. More", "9.1 The Parties meet.", "9.2 They do so often.", "10. Term and renewal"],
        ["9. Term"],
    ),
    "a shorter confidentiality": (
        {"choices": [{"clause": "confidentiality", "use": "confidentiality-brief"}]},
        ["6.1 Information that a Party marks as confidential", "continues for 3 years"],
        ["6.2"],
    ),
    "publicity with consent": (
        {"choices": [{"clause": "publicity", "use": "publicity-with-consent"}]},
        ["within ten working days", "No consent is needed for the funding statement"],
        ["may state publicly"],
    ),
    "a longer notice": (
        {"choices": [{"clause": "termination", "use": "termination-longer-notice"}]},
        ["by notice of at least 30 calendar days", "of at least 90 calendar days while"],
        ["at any time"],
    ),
    "the defendant's courts": (
        {"choices": [{"clause": "law-and-disputes", "use": "law-and-disputes-defendant"}]},
        ["13.3 What cannot be settled in this way is decided by the courts at the seat"],
        ["Arbitration"],
    ),
}
PROJECTS = {
    "a contribution": (
        {"budget": BUDGET},
        ["The contribution of the European Union to the project is EUR 1,500.00."],
        ["published"],
    ),
    "a total": ({"budget": BUDGET | {"kind": "total"}}, ["The total budget of the project is EUR 1,500.00."], []),
    "no budget, no call": ({"budget": None, "call": None}, ["COSME. The project"], ["EUR", ", call"]),
    "one month": ({"duration_months": 1, "start": "2020-09-01"}, ["for 1 month from 1 September 2020"], []),
    "no objectives": ({"objectives": ()}, [], ["in the table that follows", "Objective"]),
    "no visibility": (
        {"programme": "ENI CBC Med", "visibility": "none"},
        ["under the programme ENI CBC Med"],
        ["Publications about joint activities"],
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_choice_in_the_data_changes_the_text(confirmed, way):
    values, present, absent = WAYS[way]
    standard, text = (
        "\n".join(numbered(draft_of(confirmed))),
        "\n".join(numbered(draft_of(changed(confirmed, **values)))),
    )
    assert [words for words in present if words not in text] == []
    assert [words for words in absent if words in text] == []
    assert [words for words in present if words in standard] == []


@pytest.mark.parametrize("way", PROJECTS)
def test_what_is_known_of_the_project_changes_the_text(confirmed, way):
    values, present, absent = PROJECTS[way]
    areas = [area.model_dump() | {"objectives": ()} for area in confirmed.areas] if "objectives" in values else None
    project = confirmed.project.model_dump() | values
    mou = changed(confirmed, project=project, **({"areas": areas} if areas else {}))
    text = "\n".join(numbered(draft_of(mou)))
    assert [words for words in present if words not in text] == []
    assert [words for words in absent if words in text] == []


@pytest.mark.parametrize("language", ["es", "it", "pt"])
@pytest.mark.parametrize("way", WAYS)
def test_the_same_choice_changes_the_same_clauses_in_every_language(confirmed, en_pt, way, language):
    values, _, _ = WAYS[way]
    other = all_confirmed(in_edition(en_pt, language))

    def touched(mou):
        before, after = numbered(draft_of(mou)), numbered(draft_of(changed(mou, **values)))
        return {line.split(".")[0] for line in set(after) - set(before) if line[0].isdigit()}

    assert touched(other) == touched(confirmed) != set()


@pytest.mark.parametrize("party_count", [2, 3])
def test_with_three_parties_the_others_go_on(confirmed, party_count):
    third = confirmed.parties[1].model_dump() | {"id": "third", "legal_name": {"value": "Third, z.s."}}
    contact = confirmed.contacts[1].model_dump() | {"party": "third"}
    signatory = confirmed.signatories[1].model_dump() | {"id": "t", "party": "third", "email": "t@example.org"}
    more = {
        "parties": [*confirmed.model_dump()["parties"], third],
        "contacts": [*confirmed.model_dump()["contacts"], contact],
        "signatories": [*confirmed.model_dump()["signatories"], signatory],
    }
    mou = changed(confirmed, **more) if party_count == 3 else confirmed
    assert ("between the other Parties" in text_of(draft_of(mou))) is (party_count == 3)
