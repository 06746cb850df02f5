"""The command `serverless-first catch-up`."""

from __future__ import annotations

import click


@click.command("catch-up")
@click.argument("module", required=False)
@click.option("--undo", is_flag=True, help="Take the last catch-up back; what you have changed stays.")
def catch_up(module: str | None, undo: bool) -> None:
    """Come late: lay a MODULE and those before it, mark what you skipped, and read what it taught."""
    from serverless_first.cli import late_start

    if undo == bool(module):
        raise click.UsageError("Name the module to begin with, as in `catch-up 05`; or give --undo alone.")
    try:
        if module:
            late_start.catch_up(module, click.echo)
        else:
            late_start.undo(click.echo)
    except late_start.CannotCatchUp as error:
        raise click.ClickException(str(error)) from error
