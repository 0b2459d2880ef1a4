"""Inputs as managers really send them, and what the manager has to be told."""

from __future__ import annotations

import pytest

from schemas.advice import advice
from schemas.fact import open_facts
from schemas.loader import parse_document


def only(faults):
    assert len(faults) == 1, faults
    return faults[0]


def test_a_sum_as_printed_on_the_profile_is_read_back_and_asked_about(data, faults_of) -> None:
    data["project"]["budget"]["value"]["amount"] = "222.202, 62€"
    fault = only(faults_of(data))
    assert fault.path == "project.budget.value.amount"
    assert fault.message == "read as EUR 222,202.62; total or contribution?"
    assert fault.proposal == "222202.62"
    assert str(fault).endswith("did you mean 222202.62?")


@pytest.mark.parametrize(
    ("path", "expected"),
    [(("term", "end"), "a date as YYYY-MM-DD"), (("project", "start"), "YYYY-MM or YYYY-MM-DD")],
)
def test_october_21_is_a_day_or_a_month(path, expected, data, faults_of) -> None:
    data[path[0]][path[1]]["value"] = "October 21"
    fault = only(faults_of(data))
    assert fault.message == "21 October, or October 2021?"
    assert fault.expected == expected
    assert fault.proposal is None


def test_five_countries_announced_and_four_listed_is_a_conflict(data, faults_of) -> None:
    data["parties"][0]["acts_for"]["announced_countries"] = {
        "value": 5, "status": "stated", "source": "GSSC project page",
    }  # fmt: skip
    fault = only(faults_of(data))
    assert fault.path == "parties[0].acts_for.announced_countries"
    assert fault.message == "5 countries are announced (GSSC project page), 4 are listed: CZ, ES, IT and PL"
    assert "status conflicting" in fault.expected


def test_a_declared_conflict_shows_both_sources_and_blocks_approval(example) -> None:
    conflict = dict(open_facts(example))["parties[0].acts_for.announced_countries"]
    assert [claim.value for claim in conflict.claims] == [
        "four: Spain, Italy, Poland, Czech Republic",
        "5 project partner countries",
    ]
    assert all("GSSC" in claim.source for claim in conflict.claims)


@pytest.mark.parametrize(
    ("market", "message", "proposal"),
    [
        ("Vision Zero", "is not a place", None),
        ("California", "is not an ISO 3166 code", "US-CA"),
        ("us-ca", "is not an ISO 3166 code", "US-CA"),
        ("Colombia", "is not an ISO 3166 code", "CO"),
        ("EL", "is not an ISO 3166 code", "GR"),
        ("Cape Verde", "is not an ISO 3166 code", "CV"),
    ],
)
def test_a_market_is_a_place(market, message, proposal, data, faults_of) -> None:
    data["markets"].append({"code": market})
    fault = only(faults_of(data))
    assert (fault.path, fault.message, fault.proposal) == ("markets[1].code", message, proposal)
    assert fault.expected == "ISO 3166-1 or 3166-2, such as CV or US-CA"


def test_greece_is_not_el(data, faults_of) -> None:
    data["parties"][1]["country"]["value"] = "EL"
    fault = only(faults_of(data))
    assert fault.path == "parties[1].country.value"
    assert fault.message == "is not the ISO 3166-1 code of this country"
    assert (fault.read, fault.proposal) == ("'EL'", "GR")


def test_greece_is_el_in_its_vat_number(data, parse) -> None:
    data["parties"][1]["vat"] = "EL123456789"
    assert parse(data).parties[1].vat == "EL123456789"


def test_a_second_spelling_of_a_name_is_a_note_and_changes_nothing(data, parse) -> None:
    data["parties"][1]["legal_name"]["value"] = "Aclima"
    data["background"][1] = "Acclima furthers trade, and Aclima's members know the market."
    document = parse(data)
    (note,) = advice(document)
    assert (note.path, note.read, note.proposal) == ("background[1]", "Acclima", "Aclima")
    assert note.message == "Acclima is spelt Aclima in parties[1].legal_name: one organisation?"
    assert str(document.background[1]).startswith("Acclima")


def test_a_second_spelling_of_a_long_name_is_noted_once(data, parse) -> None:
    data["purpose"] = "The Czech-Cape Verdian Chamber of Commerce and the Czech-Cape Verdian Chamber of Commerce agree."
    (note,) = advice(parse(data))
    assert note.proposal == "Czech-Cape Verdean Chamber of Commerce"


def test_the_example_and_other_capitals_call_for_no_advice(example, data, parse) -> None:
    assert advice(example) == ()
    data["purpose"] = "SOLARTYS and the Solartys' members agree."
    assert advice(parse(data)) == ()


def test_more_smes_than_members_cites_both(data, faults_of) -> None:
    data["parties"][1]["membership"] = {"member_count": 56, "sme_count": 65, "as_of": "2021-01-01"}
    fault = only(faults_of(data))
    assert fault.message == "65 SMEs of 56 members"
    assert fault.expected == "56 or fewer"


def test_an_objective_that_is_not_defined_names_those_that_are(data, faults_of) -> None:
    data["areas"][1]["objectives"].append("O6")
    fault = only(faults_of(data))
    assert (fault.path, fault.message) == ("areas[1].objectives[2]", "O6 is not defined; O1 to O5 are")


@pytest.mark.parametrize(
    "leftover",
    [
        "[insert]",
        "[ insert name of the chamber ]",
        "[TBD]",
        "[to be agreed]",
        "[date]",
        "[a definir]",
        "[da definire]",
        "[insertar nombre]",
        "[...]",
        "[●]",
        "[ ]",
        "____",
    ],
)
@pytest.mark.parametrize("path", ["title", "purpose"])
def test_a_leftover_of_a_form_is_refused_with_its_place(leftover, path, data, faults_of) -> None:
    data[path] = f"Agreement with {leftover} of Praia"
    fault = only(faults_of(data))
    assert fault.path == path
    assert fault.message == f"{leftover!r} at character 16 is a leftover"
    assert "status blank" in fault.expected


@pytest.mark.parametrize("text", ["signed [in Czech]", "Article [1]", "and so on...", "snake_case", "[Insertion Ltd]"])
def test_brackets_alone_are_no_leftover(text, data, parse) -> None:
    data["title"] = text
    assert str(parse(data).title) == text


@pytest.mark.parametrize(
    ("character", "words"),
    [
        ("\x07", "U+0007 at character 5 cannot be printed"),
        ("\x1b", "U+001B at character 5 cannot be printed"),
        ("\x85", "U+0085 at character 5 cannot be printed"),
        ("\n", "U+000A at character 5 is a line break"),
        ("\u2028", "U+2028 at character 5 is a line break"),
        ("\u202e", "U+202E at character 5 reorders the text around it"),
        ("\u2067", "U+2067 at character 5 reorders the text around it"),
        ("\u200b", "U+200B at character 5 cannot be seen"),
        ("\u00ad", "U+00AD at character 5 cannot be seen"),
        ("\U000e0041", "U+E0041 at character 5 cannot be seen"),
        ("\ufffd", "U+FFFD at character 5 stands where a letter was lost"),
        ("\ue000", "U+E000 at character 5 cannot be printed"),
    ],
)
@pytest.mark.parametrize("path", [("title",), ("parties", 1, "legal_name", "value"), ("undertakings", 0, "items", 1)])
def test_a_character_that_deceives_or_breaks_is_named_with_its_position(
    character, words, path, data, faults_of
) -> None:
    place = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = f"Czec{character}h"
    fault = only(faults_of(data))
    assert fault.message == words
    assert fault.expected
    assert character == "\ufffd" or character not in str(fault)


@pytest.mark.parametrize(
    "text",
    [
        "{{ 7*7 }}",
        "{% for x in y %}",
        "<w:p><w:r/></w:p>",
        "&amp; & <b>",
        "${HOME} $(id)",
        "=HYPERLINK(1)",
        "'; DROP TABLE parties; --",
        "Югозападен клъстер",
        "Česko-kapverdská obchodní komora, São Vicente",
        "می‌خواهم",
    ],
)
def test_text_that_means_something_elsewhere_stays_literal_data(text, data, parse) -> None:
    data["title"] = text
    data["parties"][1]["legal_name"]["value"] = text
    document = parse(data)
    assert str(document.title) == text
    assert document.parties[1].legal_name.value == text


def test_a_name_of_ten_thousand_characters_is_refused_with_the_limit(data, faults_of) -> None:
    data["parties"][1]["legal_name"]["value"] = "K" * 10_000
    fault = only(faults_of(data))
    assert (fault.message, fault.expected) == ("has 10,000 characters", "200 or fewer")
    assert len(str(fault)) < 250


@pytest.mark.parametrize("empty", ["", "   ", "\t", "\u00a0"])
def test_a_name_of_spaces_is_empty(empty, data, faults_of) -> None:
    data["title"] = empty
    fault = only(faults_of(data))
    assert (fault.message, fault.expected) == ("is empty", "1 character or more")


def test_two_ways_to_write_one_accent_are_one_name(data, parse) -> None:
    data["title"] = "Cesko\u0302 "
    assert str(parse(data).title) == "Cesk\u00f4"


def test_one_address_for_two_signatories_is_refused(data, faults_of) -> None:
    data["signatories"][1]["email"] = data["signatories"][0]["email"].upper()
    assert "for-gssc's address already" in only(faults_of(data)).message


@pytest.mark.parametrize("address", ["", "x", "a@b", "a b@c.org", "a@b@c.org", "<a@b.org>", "a@b.org\n"])
def test_what_is_no_address_is_refused(address, data, faults_of) -> None:
    data["contacts"][0]["email"]["value"] = address
    faults = faults_of(data)
    assert [fault.path for fault in faults] == (["contacts[0].email.value"] if address != "a@b.org\n" else [])


def test_a_fact_without_source_may_not_be_assumed(data, faults_of) -> None:
    data["law"]["country"] = {"value": "CZ", "status": "assumed"}
    fault = only(faults_of(data))
    assert (fault.path, fault.expected) == ("law.country", "a source")
    assert fault.message == "a fact that is assumed says where it comes from"


def test_nothing_is_printed_that_the_file_does_not_say(example_bytes) -> None:
    content = example_bytes.replace(b"value: 24\n", b"value: 240\n")
    with pytest.raises(Exception, match=r"line 25, column 5: project\.duration_months\.value: is too large; read 240"):
        parse_document(content, name="x.yaml")
