from __future__ import annotations

import json
import string
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from schemas.documents import data_bytes, document_types, read_data
from schemas.errors import InputError
from schemas.loader import load_document, parse_document
from schemas.source import MAX_DEPTH, MAX_ITEMS, MAX_SIZE_BYTES, read_source
from schemas.types.mou import Memorandum

EIGHT = {
    "language: en": ("language: eng", "language", "'eng'", "en or es or it or pt", "en"),
    "acronym: GSSC": ("acronim: GSSC", "project.acronim", "'acronim'", None, "acronym"),
    'amount: "222202.62"': (
        'amount: "222.202, 62€"',
        "project.budget.value.amount",
        "'222.202, 62€'",
        "a decimal number with a point, and the currency and kind in their own fields",
        "222202.62",
    ),
    "value: PL": ("value: Poland", "parties[0].acts_for.members[3].country.value", "'Poland'", None, "PL"),
    "party: gssc\n    name:\n      value: Signatory": (
        "party: gscc\n    name:\n      value: Signatory",
        "signatories[0].party",
        "gscc",
        "gssc or ccvcc",
        "gssc",
    ),
    "objectives: [O1, O2]": (
        "objectives: [O1, O6]",
        "areas[0].objectives[1]",
        "O6",
        "an objective of the project",
        None,
    ),
    "value: 2022-08-31": ("value: 31.08.2022", "term.end.value", "'31.08.2022'", "a date as YYYY-MM-DD", "2022-08-31"),
    "notice_days: 30": ("notice_days: thirty", "notice_days", "'thirty'", None, None),
}
"""Old text, and: new text, path, what is read, what is expected (where fixed), proposal."""


def changed(content: bytes, *changes: tuple[str, str]) -> bytes:
    text = content.decode()
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text.encode()


def refusal(content: bytes | str, name: str = "x.yaml") -> InputError:
    with pytest.raises(InputError) as caught:
        parse_document(content.encode() if isinstance(content, str) else content, name=name)
    return caught.value


def test_the_example_is_a_memorandum(example) -> None:
    assert isinstance(example, Memorandum)
    assert example.project.budget.value.amount == Decimal("222202.62")
    assert example.parties[1].legal_name.value == "Česko-kapverdská obchodní komora"


def test_eight_different_faults_are_listed_at_once_in_the_order_of_the_file(example_bytes) -> None:
    content = changed(example_bytes, *((old, new[0]) for old, new in EIGHT.items()))
    error = refusal(content, "mou.yaml")
    listed = {fault.path: fault for fault in error.faults}
    lines = content.decode().splitlines()
    assert error.exit_code == 2
    assert error.what == "mou.yaml has 8 faults"
    assert list(listed) == [path for _, path, *_ in EIGHT.values()]
    assert [fault.line for fault in error.faults] == sorted(fault.line or 0 for fault in error.faults)
    for new, path, read, expected, proposal in EIGHT.values():
        fault = listed[path]
        assert fault.line is not None
        assert fault.column is not None
        assert lines[fault.line - 1][fault.column - 1 :].startswith(
            (new.split("\n")[0], new.split(": ")[-1], "value", "O6")
        )
        assert (fault.read, fault.proposal) == (read, proposal)
        assert expected is None or fault.expected == expected
        assert fault.expected or fault.proposal
        assert f"line {fault.line}, column {fault.column}: {path}: " in str(error)


def test_the_same_faults_are_found_in_json_with_their_lines(example_bytes) -> None:
    content = changed(example_bytes, *((old, new[0]) for old, new in EIGHT.items()))
    source = read_source(content, name="x.yaml").content
    text = json.dumps(source, ensure_ascii=False, indent="\t", default=str)
    error = refusal(text, "x.json")
    assert {fault.path for fault in error.faults} == {path for _, path, *_ in EIGHT.values()}
    end = next(fault for fault in error.faults if fault.path == "term.end.value")
    assert text.splitlines()[end.line - 1].strip().startswith('"value": "31.08.2022"')


def test_json_and_yaml_of_the_same_data_are_the_same_document(example, example_bytes, parse, data) -> None:
    assert parse(data) == example
    assert parse_document(data_bytes(example), name="x.json") == example
    assert parse_document(b"\xef\xbb\xbf" + example_bytes, name="x.yml") == example
    assert parse_document(example_bytes.replace(b"\n", b"\r\n"), name="x.yml") == example


def test_a_missing_field_is_placed_at_what_should_hold_it(example_bytes) -> None:
    error = refusal(changed(example_bytes, ("    short_name: the Chamber\n", "")))
    (fault,) = error.faults
    assert (fault.path, fault.message) == ("parties[1].short_name", "is missing")
    assert fault.expected == "how the text calls the party after its first mention"
    assert example_bytes.decode().splitlines()[fault.line - 1].strip() == "- id: ccvcc"


def test_a_misspelt_field_is_not_called_missing_as_well(example_bytes) -> None:
    faults = refusal(changed(example_bytes, ("notice_days: 30", "notice_day: 30"), ("own_costs: true\n", ""))).faults
    assert [(fault.path, fault.message) for fault in faults] == [
        ("own_costs", "is missing"),
        ("notice_day", "is not a field here"),
    ]


def test_a_bare_value_needs_no_value_field_in_the_path(data, faults_of) -> None:
    data["parties"][0]["country"] = "EL"
    assert [fault.path for fault in faults_of(data)] == ["parties[0].country"]


def test_a_misspelt_field_of_a_fact_is_named(data, faults_of) -> None:
    data["law"]["country"] = {"vlaue": "CZ", "source": "minutes"}
    faults = {fault.path: fault for fault in faults_of(data)}
    assert faults["law.country.vlaue"].proposal == "value"


def test_norway_stays_norway(example_bytes) -> None:
    seat = "\n      status: assumed\n      source: Not in the profile; a chamber"
    content = changed(example_bytes, ("      value: CZ" + seat, "      value: NO" + seat))
    assert parse_document(content, name="x.yaml").parties[1].country.value == "NO"
    assert parse_document(b"%YAML 1.1\n---\n" + content, name="x.yaml").parties[1].country.value == "NO"


@pytest.mark.parametrize("word", ["yes", "NO", "on", "1", "0", '"true"', "truth"])
def test_only_true_and_false_are_true_and_false(word, example_bytes) -> None:
    (fault,) = refusal(changed(example_bytes, ("own_costs: true", f"own_costs: {word}"))).faults
    assert fault.message == "is neither true nor false"
    assert fault.expected == "true or false, without quotes"


@pytest.mark.parametrize("number", ['"30"', "30.0", "true", "0x1e", "3e1", "0o36"])
def test_a_number_of_days_is_never_guessed(number, example_bytes) -> None:
    (fault,) = refusal(changed(example_bytes, ("notice_days: 30", f"notice_days: {number}"))).faults
    assert (fault.path, fault.message) == ("notice_days", "is not a whole number")


@pytest.mark.parametrize("value", ["20220831", "0", "true", "[2022-08-31]", "1661904000.0"])
def test_a_number_is_no_date(value, example_bytes) -> None:
    error = refusal(changed(example_bytes, ("value: 2022-08-31", f"value: {value}")))
    assert [(fault.path, fault.message) for fault in error.faults] == [("term.end.value", "not a date")]


def test_a_number_where_text_belongs_proposes_quotes(example_bytes) -> None:
    (fault,) = refusal(changed(example_bytes, ("acronym: GSSC", "acronym: 2020"))).faults
    assert (fault.message, fault.proposal) == ("is not text", '"2020"')


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("language: en\n", "language: en\ntype: mou\n", 7, "is given twice"),
        ("acronym: GSSC\n", "acronym: GSSC\n  acronym: GSSC\n", 11, "is given twice"),
        ("acronym: GSSC", "acronym: &a GSSC", 10, "anchors and aliases are not accepted"),
        ("acronym: GSSC", "acronym: *a", 10, "anchors and aliases are not accepted"),
        ("acronym: GSSC", "acronym: !!str GSSC", 10, "the tag tag:yaml.org,2002:str is not accepted"),
        ("acronym: GSSC", "acronym: !!python/object/apply:os.system [x]", 10, "is not accepted"),
        ("acronym: GSSC", "acronym: !x {a: b}", 10, "the tag !x is not accepted"),
        ("acronym: GSSC", "? [a]\n  : b", 10, "a field's name must be plain text"),
        ("acronym: GSSC", "acronym: GSSC: x", 10, "mapping values are not allowed"),
        ("acronym: GSSC", "acronym: [GSSC", 11, ""),
        ("acronym: GSSC", "acronym: G\x00SSC", 10, "the character U+0000 cannot stand in YAML"),
        ("acronym: GSSC", "acronym: G\x1b[31mSSC", 10, "the character U+001B cannot stand in YAML"),
        ("acronym: GSSC", 'acronym: "\\ud800"', 10, "half a character"),
        ("project:", "---\nproject:", 9, "a second document begins here"),
    ],
)
def test_what_is_no_plain_yaml_is_refused_with_its_line(old, new, line, words, example_bytes) -> None:
    (fault,) = refusal(changed(example_bytes, (old, new))).faults
    assert fault.line == line
    assert words in fault.message


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('{"type": "mou",\n "type": "mou"}', 2, "is given twice"),
        ('{"type": "mou",\n "title": NaN}', None, "NaN is no JSON value"),
        ('{"type": "mou",\n}', 2, "property name"),
        ('{"type": "mou"\n "title": 1}', 2, "delimiter"),
        ("type: mou", 1, "expecting value"),
        ('{"type": "mou",\n "title": "\\ud83d"}', 2, "half a character"),
        ("[" * 100_000, None, "nested more than"),
        ("[" * 500 + "]" * 500, 1, "nested more than"),
    ],
)
def test_what_is_no_json_is_refused_with_its_line(text, line, words) -> None:
    (fault,) = refusal(text, "x.json").faults
    assert fault.line == line
    assert words in fault.message


def test_an_alias_bomb_is_refused_before_it_grows() -> None:
    bomb = "type: mou\na: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{new}: &{new} [{', '.join(['*' + old] * 9)}]\n" for old, new in zip("abcdefghi", "bcdefghij", strict=True)
    )
    (fault,) = refusal(bomb).faults
    assert fault.line == 2
    assert "anchors" in fault.message


@pytest.mark.parametrize("deep", ["[" * 100_000, "{a: " * 50_000, "".join(f"{' ' * n}a:\n" for n in range(300))])
def test_deep_nesting_is_refused(deep) -> None:
    (fault,) = refusal("type: mou\nx: " + deep if deep[0] != "a" else deep).faults
    assert f"more than {MAX_DEPTH} levels" in fault.message


def test_a_file_of_too_many_values_is_refused() -> None:
    (fault,) = refusal("type: mou\nx: [" + "1," * (MAX_ITEMS + 1) + "1]").faults
    assert f"more than {MAX_ITEMS:,} values" in fault.message


def test_a_file_of_two_megabytes_is_refused_unread(tmp_path) -> None:
    file = tmp_path / "x.yaml"
    file.write_bytes(b"#" * 2 * MAX_SIZE_BYTES)
    with pytest.raises(InputError, match="too large"):
        load_document(file)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"# nothing\n", "holds no fields"),
        (b"- type: mou\n", "holds no fields"),
        (b"mou", "holds no fields"),
        (b"type: mou\xff", "is not UTF-8 text"),
        ("type: mou".encode("utf-16"), "is not UTF-8 text"),
        (b"PK\x03\x04 a docx", "cannot be read"),
    ],
)
def test_a_file_that_holds_no_fields_says_so(content, words) -> None:
    error = refusal(content, "mou.yaml")
    assert error.what.startswith("mou.yaml ")
    assert words in error.what
    assert error.exit_code == 2


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.yaml cannot be read"):
        load_document(tmp_path / "nowhere.yaml")
    with pytest.raises(InputError, match="cannot be read"):
        load_document(tmp_path)


def test_a_misspelt_type_proposes_the_right_one_and_the_rest_is_still_checked(example_bytes) -> None:
    faults = refusal(changed(example_bytes, ("type: mou", "type: mu"), ("notice_days: 30", "notice_days: 0"))).faults
    assert (faults[0].path, faults[0].line, faults[0].proposal) == ("type", 5, "mou")
    assert [fault.path for fault in faults] == ["type", "notice_days"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title: x", "is missing"),
        ("type: invoice", "is not a document type"),
        ("type: [mou]", "is not a document type"),
    ],
)
def test_an_unknown_type_lists_the_known_ones(text, words) -> None:
    (fault,) = refusal(text).faults
    assert (fault.path, fault.message, fault.expected) == ("type", words, " or ".join(document_types()))


def test_an_empty_memorandum_misses_every_required_field() -> None:
    faults = refusal("type: mou").faults
    required = {name for name, field in Memorandum.model_fields.items() if field.is_required()}
    assert {fault.path for fault in faults} == required - {"type"}
    assert {fault.message for fault in faults} == {"is missing"}


def test_a_list_of_faulty_items_is_not_called_too_short(data, faults_of) -> None:
    data["background"] = [1]
    assert [fault.path for fault in faults_of(data)] == ["background[0]"]
    data["background"] = []
    assert [(fault.message, fault.expected) for fault in faults_of(data)] == [("has 0 entries", "1 or more")]


def test_what_was_read_is_shown_short_and_harmless(data, faults_of) -> None:
    data["language"] = "\x1b[31m\u202e" + "x" * 500
    data["\x1b[31mred"] = 1
    for fault in faults_of(data):
        assert not set(str(fault)) & {"\x1b", "\u202e"}
        assert len(fault.read or "") <= 62


KEYS = st.sampled_from(["type", "title", "parties", "term", "value", "status", "project", "x", "", "legal_name"])
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["mou", "blank", "CZ", "EL", "2021-02-30", "[insert]", "O1", "assumed"])
)  # fmt: skip
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=8
)
FUZZ = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def only_a_document_or_input_error(content: bytes, name: str) -> None:
    refused: InputError | None = None
    try:
        document = parse_document(content, name=name)
    except InputError as error:
        refused = error
    if refused is None:
        assert read_data(data_bytes(document)) == document
    else:
        assert str(refused).encode()
        assert not refused.what.endswith(" 0 faults")


@FUZZ
@given(content=st.binary(max_size=300), name=st.sampled_from(["x.yaml", "x.json"]))
def test_random_bytes_give_an_input_error(content, name) -> None:
    with pytest.raises(InputError):
        parse_document(content, name=name)


@FUZZ
@given(text=st.text(alphabet=string.ascii_letters + "\n\t :-[]{}&*!|>'\"%@#?,0", max_size=80))
def test_random_yaml_signs_give_an_input_error(text) -> None:
    with pytest.raises(InputError):
        parse_document(("type: mou\n" + text).encode(), name="x.yaml")


@FUZZ
@given(data=st.data())
def test_a_mutated_example_gives_a_document_or_an_input_error(data, example_bytes) -> None:
    content = bytearray(example_bytes)
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content) - 1))
        end = data.draw(st.integers(start, min(len(content), start + 30)))
        content[start:end] = data.draw(
            st.binary(max_size=6) | st.sampled_from([b"\n", b": ", b"- ", b"~", b"value: ", b'"', b"{}"])
        )
    only_a_document_or_input_error(bytes(content), "x.yaml")


@FUZZ
@given(tree=TREES, draw=st.data())
def test_any_value_in_any_field_gives_a_document_or_an_input_error(tree, draw, example_bytes) -> None:
    content = read_source(example_bytes, name="x.yaml").content
    place = content
    while True:
        steps = list(place) if isinstance(place, dict) else list(range(len(place)))
        step = draw.draw(st.sampled_from(steps))
        if not isinstance(place[step], dict | list) or not place[step] or draw.draw(st.integers(0, 3)) == 0:
            break
        place = place[step]
    place[step] = tree
    only_a_document_or_input_error(json.dumps(content, default=str).encode(), "x.json")


def test_a_field_given_outside_of_its_group_proposes_the_group(example_bytes) -> None:
    with pytest.raises(InputError) as refusal:
        parse_document(example_bytes + b"\nsign_by: 2030-01-31\n", name="mou.yaml")
    assert [(fault.path, fault.proposal) for fault in refusal.value.faults] == [("sign_by", "signing.sign_by")]
