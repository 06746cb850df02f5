"""The command `serverless-first board`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click

from serverless_first.course.places import work_dir
from serverless_first.teach.board import Keys, roster
from serverless_first.teach.board.addresses import THIS_MACHINE_ALONE
from serverless_first.teach.board.keys import NotPrivate

TOKENS = "tokens.csv"
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option(
    "--students",
    type=_FILE,
    help="CSV file with one student's name per line. Writes tokens.csv, with one token per student.",
)
@click.option("--port", default=8766, type=click.IntRange(0, 65535), show_default=True, help="0: any.")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on. Any other address opens the board to the network.",
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the board's data; by default work/board.",
)
@click.option(
    "--prefix",
    default="/board/",
    show_default=True,
    help="Path that its addresses begin with.",
)
@click.option(
    "--token/--no-token",
    default=True,
    help="Print the page's address with your token, or without it, for example into a log.",
)
@click.option(
    "--held", "shared_port", is_flag=True, hidden=True, help="A class of this user holds the port for the board."
)
def board(
    students: Path | None, port: int, host: str, folder: Path | None, prefix: str, *, token: bool, shared_port: bool
) -> None:
    """Run the board that shows who is done and who is stuck, with each learner's consent."""
    from serverless_first.teach.board import server  # imports Tornado, which would slow `--help` down

    folder = (folder or work_dir() / "board").absolute()

    def ready(address: str, keys: Keys) -> None:
        if token:
            click.echo(f"The board: {address}#token={keys.instructor()}")
            click.echo(
                "Keep this address secret, because it shows every name. Press Ctrl-C to stop the board. Its "
                "data is kept."
            )
        else:
            click.echo(f"The board: {address}")
        if names:
            _write_tokens(folder / TOKENS, address, names, keys)
            click.echo(
                f"{folder / TOKENS} has a token for each of {len(names)} students. Give each student only their "
                "own line."
            )
        if host not in THIS_MACHINE_ALONE:
            click.echo(
                f"Note: the board listens on {host}, and HTTP is not encrypted. Use it only in a network that "
                "you trust."
            )

    try:
        names = roster.read_students(students) if students else []
        server.serve(
            folder, host=host, port=port, prefix=_slashed(prefix), students=names, ready=ready, shared_port=shared_port
        )
    except (roster.BadRoster, server.CannotServe, NotPrivate) as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(
            f"The board cannot write to {folder}: {error.strerror or error}. Choose another folder with --folder."
        ) from error
    except KeyboardInterrupt:
        click.echo("The board has stopped.")


def _slashed(prefix: str) -> str:
    return f"/{prefix.strip('/')}/" if prefix.strip("/") else "/"


def _write_tokens(file: Path, address: str, names: Sequence[str], keys: Keys) -> None:
    """Writes each student's name, address and token to a file that only its owner can read."""
    from serverless_first.teach.board.exports import to_csv  # imports the board's store, which is slow

    head = ["name", "SERVERLESS_FIRST_BOARD_URL", "SERVERLESS_FIRST_BOARD_TOKEN"]
    file.unlink(missing_ok=True)  # an existing file may belong to somebody else, or be a link
    with os.fdopen(
        os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8", newline=""
    ) as out:
        out.write(to_csv(head, ([name, address, keys.student(name)] for name in names)))
