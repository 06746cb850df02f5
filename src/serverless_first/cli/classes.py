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
    help="CSV with a name in each line, UTF-8.",
)
@click.option("--instructor", default="Instructor", show_default=True, metavar="NAME", help="Name on your own card.")
@click.option("--port", default=8000, type=click.IntRange(0, 65535), show_default=True, help="0: any.")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; 0.0.0.0 opens the class to the network of the room.",
)
@click.option(
    "--board-port",
    type=click.IntRange(0, 65535),
    help="Of the board, on the same address; the one above --port unless given. 0: any.",
)
@click.option(
    "--address",
    metavar="URL",
    help="What students open, as in http://class.example:8000. *.class.example must also lead here, since each seat "
    "has its own name. For this machine only: http://localhost:8000.",
)
@click.option(
    "--shared-origin",
    is_flag=True,
    help="One name for all seats, such as an IP address. A page from one student can then act as anyone who opens it. "
    "Only for people who trust each other.",
)
@click.option("--proxy", metavar="PROGRAM", help="The original configurable-http-proxy, if you have Node.")
@click.option("--memory-mb", type=click.IntRange(1), help="Most memory of each seat; an equal share unless given.")
@click.option(
    "--idle-min", default=60, type=click.IntRange(1), show_default=True, help="A server idle for so long stops."
)
@click.option(
    "--folder", type=click.Path(path_type=Path, file_okay=False), help="Of the class; work/class unless given."
)
def teach(
    students: Path,
    instructor: str,
    port: int,
    host: str,
    board_port: int | None,
    address: str | None,
    shared_origin: bool,
    proxy: str | None,
    memory_mb: int | None,
    idle_min: int,
    folder: Path | None,
) -> None:
    """Run a class on this machine, with a server for each student.

    Students sign in with the code on their card. Ctrl-C stops everything; their work stays, and the next start goes on
    with it.
    """
    # Processes, locks and HTTP: `--help` starts fast without them.
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
            proxy=proxy,
            memory_mb=memory_mb,
            idle_s=60 * idle_min,
            report=click.echo,
        ) as now:
            _tell(now)
            try:
                code = now.hub.wait()
            except KeyboardInterrupt:
                signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second one would leave things behind
                click.echo("\nStopping all servers. Nobody's work is lost.")
            else:
                raise CannotTeach(f"The hub has ended by itself (code {code}): see {folder / 'hub' / 'hub.log'}.")
    except KeyboardInterrupt:
        click.echo("Stopped before the class was open.")
        raise SystemExit(130) from None
    except (roster.BadRoster, roll.BadClass, limits.TooSmall, CannotTeach) as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{error.filename or folder}: {error.strerror or error}.") from error
    click.echo(
        f"The class has ended. {len(list((folder / 'students').iterdir()))} folders of work: {folder / 'students'}"
    )


def _tell(now: Running) -> None:
    """Says what the instructor has to know now that the class is open."""
    who = len(now.people.students)
    click.echo(f"The class is open: {now.address}")
    click.echo(f"Cards to print: {now.cards[0]} (as a table: {now.cards[1].name}); the last two are yours.")
    click.echo(f"The board, for you alone: {now.board}")
    share = now.plan.limits
    click.echo(
        f"{who + 1} seats, with yours: {share.memory_mb:,} MB and {share.processes} processes at most for each. "
        f"Bursts are sized for {share.share_mb:,} MB."
    )
    if now.plan.groups:
        click.echo(f"Linux enforces it by control groups (version {now.plan.groups.version}), and shares CPU fairly.")
    else:
        click.echo(
            f"No control groups: {now.why_no_groups}. Every 3 s the hub looks at each seat, ends what takes more "
            "memory than its share, and puts endless loops behind the others."
        )
    if not now.plan.numbers:
        click.echo(
            "All seats run under your account: nothing keeps a student from reading or ending what belongs to "
            "another. Start it as root, in a folder such as /srv, where that matters."
        )
    if now.plan.place.shared_origin:
        click.echo(
            "All seats share one host name, so a page from one student can act as anyone who opens it. Don't open "
            "anyone's work in the browser that you signed in with."
        )
    if now.plan.place.host not in THIS_MACHINE_ALONE:
        click.echo("Note: HTTP is not encrypted. Use it in a network that you trust.")
    click.echo("Ctrl-C ends the class and keeps everybody's work.")


def _interrupted(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise KeyboardInterrupt
