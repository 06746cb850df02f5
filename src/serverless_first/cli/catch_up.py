"""The command `serverless-first catch-up`."""

from __future__ import annotations

import click


@click.command("catch-up")
@click.argument("module", required=False)
def catch_up(module: str | None) -> None:
    """Join late: copy MODULE and the modules before it, mark what you skipped, and read what they taught."""
    from serverless_first.cli import late_start  # imports the lab kit, which would slow `--help` down

    if not module:
        raise click.UsageError("Name the module that you want to begin with, as in `catch-up 05`.")
    try:
        late_start.catch_up(module, click.echo)
    except late_start.CannotCatchUp as error:
        raise click.ClickException(str(error)) from error
