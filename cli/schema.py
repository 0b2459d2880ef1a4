"""``convenio schema``: what a document's file may hold."""

from __future__ import annotations

import click

from cli.output import common, print_json


@click.command()
@click.argument("document_type", metavar="TYPE")
@common
def schema(document_type: str, home: object, as_json: bool) -> None:  # noqa: ARG001  # always JSON, needs no home
    """Print the JSON Schema of a document type, descriptions and examples included."""
    from schemas.documents import model_of

    print_json(model_of(document_type).model_json_schema())
