"""The command `serverless-first class`."""

from __future__ import annotations

import signal
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from serverless_first.course.places import work_dir
from serverless_first.teach.board import roster
from serverless_first.teach.board.addresses import THIS_MACHINE_ALONE

if TYPE_CHECKING:
    from serverless_first.teach.classroom.running import Running


@click.command("class")
@click.option(
    "--students",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="CSV file in UTF-8 with one student's name per line.",
)
@click.option("--instructor", default="Instructor", show_default=True, metavar="NAME", help="Name on your own card.")
@click.option("--port", default=8000, type=click.IntRange(0, 65535), show_default=True, help="0: any.")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on. 0.0.0.0 opens the class to the room's network.",
)
@click.option(
    "--board-port",
    type=click.IntRange(0, 65535),
    help="Port of the board, on the same address; by default the port after --port. 0 takes any free port.",
)
@click.option(
    "--address",
    metavar="URL",
    help="Address that students open, such as http://class.example:8000. *.class.example must also lead to this "
    "machine, because each seat has its own name. For this machine only: http://localhost:8000.",
)
@click.option(
    "--shared-origin",
    is_flag=True,
    help="Use one host name for all seats, such as an IP address. A page from one student can then act as anyone "
    "who opens it, so use this only with people who trust each other.",
)
@click.option(
    "--memory-mb", type=click.IntRange(1), help="The most memory that each seat may take; by default an equal share."
)
@click.option(
    "--idle-min",
    default=60,
    type=click.IntRange(1),
    show_default=True,
    help="Stop a server that has been idle for this many minutes.",
)
@click.option(
    "--folder", type=click.Path(path_type=Path, file_okay=False), help="Folder of the class; by default work/class."
)
def teach(
    students: Path,
    instructor: str,
    port: int,
    host: str,
    board_port: int | None,
    address: str | None,
    shared_origin: bool,
    memory_mb: int | None,
    idle_min: int,
    folder: Path | None,
) -> None:
    """Run a class on this machine, with one server per student.

    Students sign in with the code on their card. Ctrl-C stops everything. Their work is
    kept, and the next start continues with it.
    """
    # These import processes, locks and HTTP, which would slow `--help` down.
    from serverless_first.teach.classroom import limits, roll
    from serverless_first.teach.classroom.running import CannotTeach, running

    folder = folder or work_dir() / "class"

    for number in (signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])):
        signal.signal(number, _interrupted)
    try:
        names = roster.read_students(students)
        with running(
            folder,
            names,
            instructor=instructor,
            host=host,
            port=port,
            board_port=board_port,
            address=address,
            shared_origin=shared_origin,
            memory_mb=memory_mb,
            idle_s=60 * idle_min,
            report=click.echo,
        ) as now:
            _tell(now)
            try:
                code = now.hub.wait()
            except KeyboardInterrupt:
                signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C would interrupt the cleaning up
                click.echo("\nStopping all servers. All work is kept.")
            else:
                raise CannotTeach(f"The hub stopped unexpectedly (exit code {code}). See {folder / 'hub' / 'hub.log'}.")
    except KeyboardInterrupt:
        click.echo("You stopped the class before it was open.")
        raise SystemExit(130) from None
    except (roster.BadRoster, roll.BadClass, limits.TooSmall, CannotTeach) as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{error.filename or folder}: {error.strerror or error}.") from error
    click.echo(
        f"The class has ended. The work: {len(list((folder / 'students').iterdir()))} folders in {folder / 'students'}"
    )


def _tell(now: Running) -> None:
    """Tells the instructor what to know and do now that the class is open."""
    who = len(now.people.students)
    click.echo(f"The class is open: {now.address}")
    click.echo(f"Print the cards in {now.cards[0]} (as a table: {now.cards[1].name}). The last two are yours.")
    click.echo(f"The board, only for you: {now.board}")
    share = now.plan.limits
    click.echo(
        f"{who + 1} seats, including yours. Each may use {share.memory_mb:,} MB and {share.processes} processes. "
        f"Bursts are sized for {share.share_mb:,} MB."
    )
    if now.plan.groups:
        click.echo(
            f"Linux enforces these limits with control groups (version {now.plan.groups.version}), and shares "
            "the CPU fairly."
        )
    else:
        click.echo(
            f"The class runs without control groups: {now.why_no_groups}. Every 3 s, the hub checks each seat. It "
            "ends processes that use more than their share of memory, and lowers the priority of endless loops."
        )
    if not now.plan.numbers:
        click.echo(
            "All seats run under your account, so students can read each other's files and end each other's "
            "processes. If that matters, start the class as root, in a folder such as /srv."
        )
    if now.plan.place.shared_origin:
        click.echo(
            "All seats share one host name, so a page from one student can act as anyone who opens it. Don't open "
            "anyone's work in the browser that you signed in with."
        )
    if now.plan.place.host not in THIS_MACHINE_ALONE:
        click.echo("Note: HTTP is not encrypted. Use the class only in a network that you trust.")
    click.echo("Press Ctrl-C to end the class. Everybody's work is kept.")


def _interrupted(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise KeyboardInterrupt
