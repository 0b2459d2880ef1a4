"""``convenio up | demo``: running the installation, and showing all of it at once."""

from __future__ import annotations

from pathlib import Path

import click

from cli.output import Place, installation

HOME = click.option("--home", type=click.Path(path_type=Path), help="Where everything lies (CONVENIO_HOME).")


@click.command()
@HOME
def up(home: Path | None) -> int:
    """Start Prefect server, runner and portal on loopback; stop them with Ctrl-C."""
    from flows.up import run

    return run(installation(home, make=True))


@click.command()
@HOME
@click.pass_context
def demo(ctx: click.Context, home: Path | None) -> None:
    """Take the GSSC memorandum the whole way in a fresh home, and verify it."""
    from cli.demo import run_demo

    run_demo(home or ctx.ensure_object(Place).home)
