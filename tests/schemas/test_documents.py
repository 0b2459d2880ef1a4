from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from schemas.documents import data_bytes, document_types, model_of, read_data
from schemas.errors import InputError, Invalid
from schemas.evidence import digest_of
from schemas.loader import parse_document
from schemas.types.mou import Memorandum

SCHEMA = Memorandum.model_json_schema()
ROOM = Path(__file__).parents[2] / "schemas"


def properties() -> list[tuple[str, dict[str, Any]]]:
    """Every property of the schema with the name of the model it belongs to."""
    models = {"Memorandum": SCHEMA, **SCHEMA["$defs"]}
    forms = [(name, form) for name, model in models.items() for form in [model, *model.get("anyOf", [])]]
    return [(f"{name}.{key}", field) for name, form in forms for key, field in form.get("properties", {}).items()]


def resolved(field: dict[str, Any]) -> list[dict[str, Any]]:
    """The alternatives of a property, references followed."""
    if "$ref" in field:
        return resolved(SCHEMA["$defs"][field["$ref"].rsplit("/", 1)[-1]])
    return [found for part in field.get("anyOf", []) for found in resolved(part)] or [field]


def test_data_survives_storage_and_its_digest_is_stable(example) -> None:
    stored = data_bytes(example)
    assert read_data(stored) == example
    assert data_bytes(read_data(stored)) == stored
    assert stored == json.dumps(json.loads(stored), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def test_one_changed_value_changes_the_digest(example, data, parse) -> None:
    data["notice_days"] = 31
    assert digest_of(data_bytes(parse(data))) != digest_of(data_bytes(example))


def test_the_order_of_fields_and_the_way_a_fact_is_written_do_not_change_the_digest(example, data, parse) -> None:
    backwards = dict(reversed(data.items()))
    backwards["own_costs"] = True
    backwards["project"]["visibility"] = "cosme-easme"
    assert data_bytes(parse(backwards)) == data_bytes(example)
    data["law"]["country"] = "CZ"
    short = data_bytes(parse(data))
    data["law"]["country"] = {"value": "CZ", "status": "stated"}
    assert data_bytes(parse(data)) == short


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b"\xff", b'{"type":"mou"}', b'{"type":["mou"]}', b'{"type":"ppp"}', b"[" * 9999]
)
def test_bytes_that_are_no_data_are_invalid(content) -> None:
    with pytest.raises(Invalid, match="no document's data"):
        read_data(content)


def test_an_unknown_type_is_refused_with_the_known_ones() -> None:
    assert model_of("mou") is Memorandum
    with pytest.raises(InputError) as caught:
        model_of("mu")
    assert (caught.value.got, caught.value.expected) == ("mu", " or ".join(document_types()))


@pytest.mark.parametrize(("name", "field"), properties(), ids=lambda value: value if isinstance(value, str) else "")
def test_every_property_of_the_schema_is_described(name, field) -> None:
    described = field.get("description") or next(
        (option["description"] for option in resolved(field) if option.get("description")), ""
    )
    assert len(described) >= 8, name
    assert "``" not in described.replace("``mou``", "").replace("``convenio facts confirm``", "")


@pytest.mark.parametrize("name", ["Memorandum", *SCHEMA["$defs"]])
def test_every_model_of_the_schema_has_a_plain_name_and_says_what_it_is(name) -> None:
    model = SCHEMA if name == "Memorandum" else SCHEMA["$defs"][name]
    assert model["description"]
    assert re.fullmatch("[A-Za-z]+", name)


def test_every_reference_of_the_schema_leads_somewhere() -> None:
    references = set(re.findall(r'"\$ref": "#/\$defs/([^"]+)"', json.dumps(SCHEMA)))
    assert references == SCHEMA["$defs"].keys()


def test_values_with_a_form_of_their_own_carry_an_example() -> None:
    formed = [(name, option) for name, field in properties() for option in resolved(field) if "pattern" in option]
    assert formed
    assert [name for name, option in formed if not option.get("examples")] == []


def test_a_fact_may_be_written_as_a_bare_value_by_the_schema_too() -> None:
    options = resolved(SCHEMA["$defs"]["Party"]["properties"]["country"])
    assert {option.get("type") for option in options} == {"string", "object"}
    assert next(option for option in options if option["type"] == "string")["examples"] == ["CZ"]


def test_the_schema_forbids_unknown_fields_and_requires_what_the_loader_requires() -> None:
    assert all(model.get("additionalProperties") is False for model in [SCHEMA, SCHEMA["$defs"]["Party"]])
    with pytest.raises(InputError) as caught:
        parse_document(b"type: mou", name="x.yaml")
    assert {fault.path for fault in caught.value.faults} | {"type"} == set(SCHEMA["required"])


def test_the_room_imports_nothing_of_ours_and_nothing_heavy() -> None:
    allowed = {"schemas", "pydantic", "pydantic_core", "rfc8785", "pycountry", "ruamel", *sys.stdlib_module_names}
    for file in ROOM.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert {name.split(".")[0] for name in names} <= allowed, file.name


def test_importing_the_room_reads_no_tables_and_no_yaml_parser() -> None:
    code = (
        "import sys, schemas.loader, schemas.lifecycle; print(*sorted({'pycountry', 'ruamel.yaml'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOM.parent)
    assert done.stdout.strip() == ""
