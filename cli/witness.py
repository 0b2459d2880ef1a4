"""``convenio witness``: co-signs checkpoints of other people's ledgers, as long as none of them rewrites its past."""

from __future__ import annotations

import secrets
from pathlib import Path

import click

from cli.output import common, print_json


@click.group()
def witness() -> None:
    """Run a witness for the ledgers of others (C2SP tlog-witness)."""


@witness.command()
@click.option("--name", required=True, help="The witness's name, such as witness.example/w1: on every co-signature.")
@click.option(
    "--log", "logs", multiple=True, required=True, metavar="KEY", help="Verifier key of a ledger; repeatable."
)
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    metavar="DIR",
    help="What the witness remembers; losing it means to trust anew.",
)
@click.option("--key", type=click.Path(path_type=Path), metavar="FILE", help="Its key, made on first run; in DIR.")
@click.option("--host", default="127.0.0.1", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8790, help="Port to listen on; 0 for a free one.")
@common
def serve(
    name: str,
    logs: tuple[str, ...],
    state: Path,
    key: Path | None,
    host: str,
    port: int,
    home: Path | None,  # noqa: ARG001  # a witness has no home: it serves other people's ledgers
    as_json: bool,
) -> None:
    """Answer POST /add-checkpoint until stopped, and print the witness's verifier key for ledgers and auditors."""
    from archive.cosignature import CosignerKey
    from archive.witness import Witness
    from archive.witness_server import serve_witness
    from flows.secret_file import kept_secret
    from flows.wiring import utc_now

    place = key or state / "witness.pem"
    passphrase = kept_secret(place.with_suffix(".passphrase"), lambda: secrets.token_urlsafe(32).encode())
    pem = kept_secret(place, lambda: CosignerKey.create(name).pem(passphrase))
    cosigner = CosignerKey.load(pem, name, passphrase=passphrase)
    server = serve_witness(Witness(cosigner, logs, state, utc_now), host=host, port=port)
    address = f"http://{host}:{server.server_address[1]}"
    if as_json:
        print_json({"url": address, "key": cosigner.verifier_key})
    else:
        click.echo(f"{cosigner.verifier_key}\n  co-signs at {address}/add-checkpoint; Ctrl-C stops it")
    with server:
        server.serve_forever()
