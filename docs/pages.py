"""``make docs``: one page for each document type, made from its model, rules, template and examples.

Run as ``python -m docs.pages``; a test compares the pages with what this would write.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

from schemas.document import Document
from schemas.documents import document_types, model_of
from schemas.loader import load_document
from templates.catalog import editions_of, load_template
from templates.checking.fields import usable_fields
from templates.selection import included_clauses

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "types"


def pages() -> dict[Path, str]:
    """Return the text of each page by its path, the list of all types first."""
    models = {name: model_of(name) for name in document_types()}
    written = {FOLDER / f"{name}.md": _page(model) for name, model in models.items()}
    return {FOLDER / "README.md": _index(models), **written}


def _index(models: dict[str, type[Document]]) -> str:
    rows = (f"| [{model.kind}]({name}.md) | `{name}` | {_sentence(model)} |" for name, model in models.items())
    return "\n".join(
        (
            "# Document types",
            "",
            "| document | `type` | what it is |",
            "|---|---|---|",
            *rows,
            "",
            "[Adding a document type](../adding-a-document-type.md) says how there comes to be another.",
            "",
        )
    )


def _page(model: type[Document]) -> str:
    return "\n".join([*_head(model), *_template(model), *_rules(model), *_fields(model)]) + "\n"


def _head(model: type[Document]) -> Iterator[str]:
    name = model.document_type
    yield f"# {model.kind}"
    yield ""
    yield _sentence(model)
    yield ""
    yield f"A file says `type: {name}`; agreements are numbered `{model.id_prefix}-2026-0001`. `convenio schema {name}`"
    yield "prints the JSON Schema with every description."
    for example in _examples(name):
        yield f"- Example: [{example.relative_to(ROOT)}](../../{example.relative_to(ROOT)})"


def _template(model: type[Document]) -> Iterator[str]:
    name = model.document_type
    version, editions = max(editions_of(name).items())
    yield ""
    yield "## Template"
    yield ""
    yield f"Version {version}, in {', '.join(f'`{edition}`' for edition in editions)}. Its standing clauses:"
    yield ""
    template = load_template(name, editions[0])
    for identifier in included_clauses(template.docx):
        clause = template.clauses[identifier]
        fallbacks = [other.id for other in template.clauses.values() if other.standard == identifier]
        instead = f"; may be replaced by {', '.join(f'`{one}`' for one in fallbacks)}" if fallbacks else ""
        yield f"- `{identifier}` {clause.heading[template.languages[0]]}{instead}"


def _rules(model: type[Document]) -> Iterator[str]:
    yield ""
    yield "## Rules across fields"
    yield ""
    for rule in model.rules:
        yield f"- {inspect.getdoc(rule)}"


def _fields(model: type[Document]) -> Iterator[str]:
    sample = next((load_document(path) for path in _examples(model.document_type)), None)
    yield ""
    yield "## Fields"
    yield ""
    yield "Optional ones may be left out; `[]` stands for each entry of a list."
    yield ""
    yield "| field | type | meaning | example |"
    yield "|---|---|---|---|"
    for field in usable_fields(model, sample=sample):
        if field.group == "data":
            kind = f"{field.type}, optional" if field.optional else field.type
            example = "" if field.example == field.tag else _shortened(field.example)
            yield f"| `{field.path}` | {kind} | {_cell(field.meaning)} | {_cell(example)} |"


def _sentence(model: type[Document]) -> str:
    return (inspect.getdoc(model) or "").split("\n\n")[0].replace("\n", " ")


def _examples(document_type: str) -> list[Path]:
    line = f"type: {document_type}\n"
    return [path for path in sorted(ROOT.glob("examples/*/*.yaml")) if line in path.read_text(encoding="utf-8")]


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
        print(path.relative_to(ROOT))
