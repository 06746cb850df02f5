"""The command `serverless-cloud`, which runs only the local cloud, for the AWS CLI, SDKs or SAM."""

from __future__ import annotations

from typing import Any

import click

_POSITIVE = click.FloatRange(min=0, min_open=True, max=1e9)


@click.group(name="cloud", invoke_without_command=True)
@click.option(
    "--port",
    default=4566,
    type=click.IntRange(0, 65535),
    show_default=True,
    help="Port on 127.0.0.1; 0 chooses a free port.",
)
@click.option(
    "--time-scale",
    default=1.0,
    type=_POSITIVE,
    show_default=True,
    help="Divides AWS's own waiting times; with 60, an hour takes a minute.",
)
@click.option(
    "--idle-expiry-s", default=600.0, type=_POSITIVE, show_default=True, help="Seconds until an idle environment ends."
)
@click.option("--enforce-iam", is_flag=True, help="Enforce roles and resource policies.")
@click.option(
    "--network-model",
    default="hyperplane",
    type=click.Choice(["hyperplane", "2019"]),
    show_default=True,
    help="How functions reach a VPC; with 2019, each environment gets its own interface.",
)
@click.option("--share", is_flag=True, help="Also answer other users of this machine, who can then run code as you.")
@click.option("--view", is_flag=True, help="Also serve a live view for a browser tab on this machine.")
@click.pass_context
def main(context: click.Context, /, port: int, share: bool, view: bool, **settings: Any) -> None:
    """Run only the local cloud, for the AWS CLI, SDKs or SAM."""
    if context.invoked_subcommand is not None:
        return
    # Late, so that `--help` doesn't wait for the server's modules.
    from serverless_cloud import server
    from serverless_cloud.errors import CloudError
    from serverless_cloud.settings import CloudSettings

    try:
        server.run(port, CloudSettings(**settings), share=share, view=view)
    except OSError as error:
        raise click.ClickException(f"{error} Choose another port with --port.") from error
    except CloudError as error:
        raise click.ClickException(str(error)) from error


@main.command(name="patches")
@click.argument("services", nargs=-1)
@click.option("--upstream", is_flag=True, help="List only the changes that moto's authors could make.")
def list_patches(services: tuple[str, ...], upstream: bool) -> None:
    """List what the local cloud changes in moto, by service: all services, or SERVICES."""
    from serverless_cloud.services import FILES, patch_list

    if unknown := [service for service in services if service not in FILES]:
        known = ", ".join(FILES)
        raise click.BadParameter(f"Nothing of {unknown[0]!r} is changed. Services: {known}.", param_hint="SERVICES")
    for line in patch_list.lines(services, only_upstream=upstream):
        click.echo(line)
