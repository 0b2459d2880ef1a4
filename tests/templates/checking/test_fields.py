from __future__ import annotations

import json

import pytest

from schemas.documents import document_types, model_of
from schemas.party import Signatory
from schemas.types.mou import Memorandum
from templates.checking.check import examine
from templates.checking.fields import singular, unused_fields, usable_fields
from templates.context import NAMES
from templates.sandbox import environment_for
from templates.view import usable_names
from tests.templates.conftest import paragraph, word_file


class Unsigned(Memorandum):
    """A memorandum that needs no room for signatures."""

    signatories: tuple[Signatory, ...] = ()


FIELDS = {field.path: field for field in usable_fields(Memorandum)}


def by_itself(field):
    """Return the paragraphs that reach a field from the top, through loops and conditions."""
    opened, through = [], ""
    steps = field.path.split(".")
    for step in steps[:-1]:
        name = step.removesuffix("[]")
        written = f"{through}.{name}" if through else name
        opened.append(f"{{%p if {written} %}}")
        through = written
        if step.endswith("[]"):
            through = singular(name)
            opened.append(f"{{%p for {through} in {written} %}}")
    written = f"{through}.{steps[-1]}" if through else steps[-1]
    opened.append(f"{{%p if {written} %}}")
    closed = ["{%p endfor %}" if " for " in step else "{%p endif %}" for step in reversed(opened)]
    shown = field.tag + ("{% endfor %}" if field.tag.startswith("{% for") else "")
    shown += "{% endif %}" if field.tag.startswith("{% if") else ""
    return [*opened, *([] if ". ... " in shown else [shown]), *closed]


@pytest.mark.parametrize("document_type", document_types())
def test_every_field_says_what_it_is_and_means(document_type):
    for field in usable_fields(model_of(document_type)):
        assert all((field.type, field.meaning, field.tag, field.example)), field.path
        assert field.type != "a value" or field.group != "data" or field.path in {"pins", "changes", "schedule"}, field


def test_every_field_can_be_used_as_it_says():
    own = {path: field for path, field in FIELDS.items() if field.group == "data"}
    body = "".join(paragraph(text) for field in own.values() for text in by_itself(field))
    checked = examine(word_file(body), Unsigned, clauses={})
    assert [str(finding) for finding in checked.errors] == []
    assert own.keys() <= checked.used


def test_fields_are_reached_through_lists_and_facts():
    name = FIELDS["parties[].legal_name"]
    assert (name.type, name.tag, name.repeated, name.optional) == ("text", "{{ party.legal_name }}", True, False)
    assert name.meaning == "The registered name in its own script."
    assert FIELDS["parties[].vat"].optional
    assert FIELDS["parties[].acts_for.partnership"].optional
    assert FIELDS["parties"].tag == "{% for party in parties %}"
    assert FIELDS["own_costs"].tag == "{% if own_costs %}"
    assert FIELDS["project.budget.kind"].type == "one of total, EU contribution, unknown"


def test_examples_come_from_the_sample(gssc):
    fields = {field.path: field for field in usable_fields(Memorandum, sample=gssc)}
    assert fields["project.acronym"].example == gssc.project.acronym
    assert fields["parties[].short_name"].example == gssc.parties[0].short_name
    assert fields["law.country"].example == str(gssc.law.country.value)


def test_order_is_that_of_the_document_then_what_stands_beside_then_filters():
    groups = [field.group for field in FIELDS.values()]
    assert groups == sorted(groups, key=["data", "beside", "filter"].index)
    own = [path for path in FIELDS if path in Memorandum.model_fields]
    assert own == list(Memorandum.model_fields)


def test_every_name_and_filter_of_the_renderer_is_told():
    both = {field.path for field in usable_fields(Memorandum, languages=("en", "es"))}
    assert NAMES | set(usable_names(Memorandum)) <= both
    assert {f"|{name}" for name in environment_for("en-GB").filters if not name.startswith("_")} <= both
    assert {"right", "clause_pair", "added_pairs"}.isdisjoint(FIELDS)


def test_fields_can_be_written_as_json():
    told = json.loads(json.dumps([field.as_json() for field in FIELDS.values()]))
    assert told[0]["path"] == next(iter(FIELDS))


def test_unused_record_is_named_once():
    unused = list(unused_fields(Memorandum, {"parties", "parties[].legal_name", "project"}))
    assert "parties[].vat" in unused
    assert "law" in unused
    assert not any(path.startswith("law.") for path in unused)
    assert not {"type", "language", "parties[].id", "prevailing"} & set(unused)
    assert "prevailing" in list(unused_fields(Memorandum, set(), languages=("en", "es")))


def test_record_that_is_printed_whole_is_used_whole():
    used = {"parties", "parties[].registration", "parties[].registration.*"}
    assert not any(path.startswith("parties[].registration") for path in unused_fields(Memorandum, used))


@pytest.mark.parametrize(("many", "one"), [("parties", "party"), ("areas", "area"), ("added", "one_of_added")])
def test_one_of_a_list_has_a_name(many, one):
    assert singular(many) == one
