from __future__ import annotations

import pytest

from schemas.clause import Choice, Clause, Position, Subject
from schemas.errors import InputError
from schemas.evidence import canonical_json, digest_of
from schemas.text import Model
from templates.selection import included_clauses, select, used_clauses

TEXT = {"en": "Text.", "es": "Texto."}


class Sample(Model):
    choices: tuple[Choice, ...] = ()
    clauses: tuple[Clause, ...] = ()


@pytest.fixture
def sample(template, clause):
    library = (
        clause("term", TEXT),
        clause("secrecy", TEXT),
        clause("secrecy-brief", TEXT, position="fallback", standard="secrecy"),
        clause("law", TEXT, subject="liability"),
    )
    return template(
        '{% macro put(id) %}{% with c = clause(id) %}{{ c.heading }}{% endwith %}{% endmacro %}{{ put("law") }}',
        "{{ put('secrecy') }} {% if draft %}{{ put(“term”) }}{% endif %}{{ put('law') }}",
        clauses={item.id: item for item in library},
    )


def data(**fields):
    return Sample.model_validate(fields)


def own(identifier, **fields):
    return {"id": identifier, "heading": "Own", "paragraphs": ["Own text."], **fields}


def test_clauses_are_found_in_the_order_of_the_text_without_those_behind_a_bar(template):
    made = template('{{ put("b") }}', "{{ (x|by_id('c')).a }} {{ x | by_id('d') }} {{ clause('a').heading }} put('e')")
    assert included_clauses(made.docx) == ("b", "a")


def test_record_names_each_clause_with_version_digest_and_languages(sample):
    used = used_clauses(sample, data())
    assert [record.id for record in used] == ["law", "secrecy", "term"]
    law = used[0]
    assert (law.version, law.sha256, law.subject) == (1, sample.clauses["law"].sha256, Subject.LIABILITY)
    assert (law.position, law.languages, law.instead_of) == (Position.STANDARD, ("en",), None)


def test_chosen_fallback_stands_in_the_place_of_its_standard(sample):
    used = used_clauses(sample, data(choices=[{"clause": "secrecy", "use": "secrecy-brief"}]))
    assert [(record.id, record.instead_of) for record in used][1] == ("secrecy-brief", "secrecy")
    assert used[1].position is Position.FALLBACK


def test_clause_of_the_data_replaces_or_is_added_with_the_digest_of_its_json(sample):
    replacing, added = own("mine", replaces="secrecy"), own("extra", subject="payment")
    document = data(clauses=[replacing, added])
    used = used_clauses(sample, document)
    assert [(record.id, record.instead_of) for record in used] == [
        ("law", None), ("mine", "secrecy"), ("term", None), ("extra", None),
    ]  # fmt: skip
    assert used[1].sha256 == digest_of(canonical_json(document.clauses[0].model_dump(mode="json")))
    assert (used[1].position, used[3].subject) == (Position.DEVIATION, Subject.PAYMENT)


@pytest.mark.parametrize(
    ("fields", "path", "message", "proposal"),
    [
        ({"choices": [{"clause": "secrecyy", "use": "secrecy-brief"}]}, "choices[0].clause", "no clause", "secrecy"),
        ({"choices": [{"clause": "secrecy", "use": "law"}]}, "choices[0].use", "no fallback", None),
        ({"choices": [{"clause": "secrecy", "use": "secrecy-brif"}]}, "choices[0].use", "fallback", "secrecy-brief"),
        ({"choices": [{"clause": "law", "use": "secrecy-brief"}]}, "choices[0].use", "no fallback of law", None),
        ({"choices": [{"clause": "secrecy-brief", "use": "law"}]}, "choices[0].clause", "no clause", "secrecy"),
        ({"clauses": [own("mine", replaces="lav")]}, "clauses[0].replaces", "no clause lav", "law"),
        (
            {"choices": [{"clause": "secrecy", "use": "secrecy-brief"}], "clauses": [own("mine", replaces="secrecy")]},
            "clauses[0].replaces",
            "already",
            None,
        ),
    ],
)
def test_choice_that_the_template_does_not_allow_is_named_with_its_path(sample, fields, path, message, proposal):
    with pytest.raises(InputError) as refusal:
        used_clauses(sample, data(**fields))
    (fault,) = refusal.value.faults
    assert fault.path == path
    assert message in fault.message
    assert fault.proposal == proposal


def test_every_fault_is_told_at_once(sample):
    choices = [{"clause": "none", "use": "law"}, {"clause": "secrecy", "use": "none"}]
    with pytest.raises(InputError) as refusal:
        select(sample, data(choices=choices, clauses=[own("mine", replaces="nothing")]))
    assert [fault.path for fault in refusal.value.faults] == [
        "choices[0].clause", "choices[1].use", "clauses[0].replaces",
    ]  # fmt: skip
