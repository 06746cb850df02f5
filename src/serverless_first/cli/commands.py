"""The command `serverless-first`. Each command imports what it needs: `--help` and `lab` start fast."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from serverless_cloud.cli import main as cloud
from serverless_first import course
from serverless_first.cli import building
from serverless_first.cli.board import board
from serverless_first.cli.catch_up import catch_up
from serverless_first.cli.classes import teach
from serverless_first.course import advice as advice  # the words of errors
from serverless_first.course.layout import copy_path
from serverless_first.course.places import CourseNotFound, work_dir

# The commands in the order in which --help lists them.
_USERS = {
    "Learners": ("lab", "check", "progress", "catch-up", "reset", "summary", "doctor", "cloud", "deploy"),
    "Instructors": ("class", "board", "slides", "guide", "wheelhouse"),
    "Maintainers": ("build", "minutes", "try-answer", "site", "bench"),
}


class _Commands(click.Group):
    """Turns an error that a user can cause into one line and exit code 1. Our own mistakes keep their traceback."""

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the commands under the people who use them."""
        for user, names in _USERS.items():
            with formatter.section(user):
                formatter.write_dl([(name, self.commands[name].get_short_help_str(limit=150)) for name in names])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (CourseNotFound, course.UnknownModule) as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="serverless-first")
def main() -> None:
    """Serverless First: a course in which you run each claim about serverless on your own machine."""
    for stream in (sys.stdout, sys.stderr):  # a log file on Windows lacks letters that the course prints
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


@main.command()
@click.option("--no-browser", is_flag=True, help="Print the address instead of opening a browser.")
@click.option(
    "--port",
    default=8888,
    type=click.IntRange(0, 65535),
    show_default=True,
    help="Port of JupyterLab. If another program uses it, a free port near it. 0 takes any free port.",
)
@click.option("--allow-real-aws", is_flag=True, help="Leave AWS addresses, keys and profiles as they are.")
def lab(no_browser: bool, port: int, allow_real_aws: bool) -> None:
    """Copy the lessons and labs to your folder, then open the front page in JupyterLab."""
    from serverless_first.cli import doctor
    from serverless_first.course import jupyter
    from serverless_first.lab import welcome

    place = doctor.writable("files in work/", work_dir())
    if place.advice:  # otherwise each copy would report it, and JupyterLab would open without copies
        raise click.ClickException(f"{place.detail}. {place.advice}")
    try:
        welcome.prepare(click.echo)
        jupyter.start(port, browser=not no_browser, allow_real_aws=allow_real_aws)
    except OSError as error:
        raise click.ClickException(
            f"The course cannot write to {work_dir()}: {error.strerror or error}. Run `serverless-first "
            "doctor`, which says what to do."
        ) from error


@main.command()
def doctor() -> None:
    """Check this machine, and say what is missing and what to do about it."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from serverless_first.cli.doctor import examine

    table = Table("", "what", "found", "what to do")
    signs = {"ok": "[green]ok[/]", "note": "[yellow]note[/]", "red": "[bold red]red[/]"}
    console = Console()
    with console.status("looking"):
        findings = list(examine())
    for finding in findings:
        table.add_row(signs[finding.state], finding.name, Text(finding.detail), Text(finding.advice))
    console.print(table)
    red = [finding.name for finding in findings if finding.state == "red"]
    if red:
        console.print(f"Not ready: {', '.join(red)}. The right column says what to do.")
        sys.exit(1)
    console.print("Ready.")


main.add_command(cloud)


@main.command()
@click.argument("template", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--stack-name", required=True, help="Name of the stack. If the stack exists, it is updated.")
@click.option(
    "--parameter",
    "-p",
    multiple=True,
    metavar="NAME=VALUE",
    help="Parameter of the template. Repeat the option for more parameters.",
)
@click.option(
    "--endpoint-url",
    envvar="AWS_ENDPOINT_URL",
    default="http://127.0.0.1:4566",
    show_default=True,
    help="Address of the local cloud; by default AWS_ENDPOINT_URL.",
)
def deploy(template: Path, stack_name: str, parameter: tuple[str, ...], endpoint_url: str) -> None:
    """Deploy a SAM or CloudFormation TEMPLATE to a running local cloud, as `sam deploy` does to AWS."""
    from serverless_cloud.errors import CloudError
    from serverless_cloud.stacks import deploying

    pairs = dict(pair.partition("=")[::2] for pair in parameter)
    if wrong := [pair for pair in parameter if "=" not in pair]:
        raise click.UsageError(f"--parameter {wrong[0]!r} is not in the form NAME=VALUE.")
    try:
        client = deploying.client_of(endpoint_url)
        outputs = deploying.deploy(template, stack_name, client=client, parameters=pairs, report=click.echo)
    except CloudError as error:
        raise click.ClickException(str(error)) from error
    for name, value in outputs.items():
        click.echo(f"{name} = {value}")


@main.command()
@click.option(
    "--to",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the files; by default wheelhouse/ in the course.",
)
@click.option(
    "--python",
    "pythons",
    multiple=True,
    help="Version such as 3.13; by default this one. Repeat the option for more versions.",
)
@click.option(
    "--platform",
    "platforms",
    multiple=True,
    help="Platform of the room; by default this machine's. Repeat the option for more platforms.",
)
@click.option("--all", "everything", is_flag=True, help="Also collect what slides, build and tests need.")
def wheelhouse(to: Path | None, pythons: tuple[str, ...], platforms: tuple[str, ...], everything: bool) -> None:
    """Collect every locked package as a file, for a room without internet."""
    from serverless_first.course.places import course_root
    from serverless_first.publish import wheelhouse as house

    python, platform = house.this_machine()
    for kind, values, known in (
        ("--python", pythons, house.PYTHONS),
        ("--platform", platforms, tuple(house.PLATFORMS)),
    ):
        for value in values:
            if value not in known:
                raise click.UsageError(f"Unknown {kind} {value!r}. Choose one of: {', '.join(known)}.")
    if not platforms and platform is None:
        raise click.UsageError(
            "The wheelhouse does not support this machine's platform. Name the room's platform with "
            f"--platform, as one of: {', '.join(house.PLATFORMS)}."
        )
    targets = [house.Target(p, o) for o in platforms or (str(platform),) for p in pythons or (python,)]
    folder = to or course_root() / "wheelhouse"
    try:
        with _counted() as report:
            done = house.collect(folder, targets, "all" if everything else "lab", report=report)
    except house.CannotCollect as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        raise click.ClickException(
            f"Stopped. The files in {folder} are kept. Run the command again to continue."
        ) from None
    files = f"{done.files} file{'s' * (done.files != 1)}"
    click.echo(f"Collected {done.size_mb} MB in {files} for {', '.join(map(str, targets))}: {done.folder}")
    click.echo("READ-ME-FIRST.md in that folder says how a room without internet uses it.")


@main.command()
@click.argument("module", required=False)
def check(module: str | None) -> None:
    """Run your copy of a lab and check its tasks. MODULE is by default the one that you worked on last."""
    lab_module = course.load().module(module) if module else _last_module()
    if not lab_module.ready:
        raise click.ClickException(f"Module {lab_module.id} is planned, but it isn't ready yet.")
    from serverless_first.lab import CourseFault, sharing
    from serverless_first.lab.progress import ProgressFile
    from serverless_first.lab.runner import run_lab

    notebook = work_dir() / copy_path(lab_module.id, "lab")
    to_run = f"about {lab_module.lab_run_s:.0f} s" if lab_module.lab_run_s else "a few seconds"
    click.echo(f"Running {notebook.name} ({lab_module.lab_minutes} minutes of work, {to_run} to check)")
    try:
        results = run_lab(lab_module.id, notebook)
    except CourseFault as error:
        raise click.ClickException(str(error)) from error
    for result in results:
        click.echo(f"{result.task_id or '':<5} {result.state:<12} {result.title}")
        if result.message:
            click.echo(f"      {result.message}")
    if shared := sharing.unanswered(ProgressFile()):
        click.echo(shared)
    if any(result.state != "passed" for result in results):
        sys.exit(1)


@main.command()
@click.argument("target")
def reset(target: str) -> None:
    """Start again with a module (its lesson and lab) or one file. Your version is saved first."""
    from serverless_first.course import workcopy

    try:
        done = workcopy.reset(target)
    except workcopy.CannotReset as error:
        raise click.ClickException(str(error)) from error
    for item in done:
        note = f"; your version is kept as {_short(item.saved)}" if item.saved else ""
        click.echo(f"{_short(item.copy)} is back to the course's version{note}")
    if not done:
        click.echo("Nothing to reset: your copy is the same as the course's.")


for command in (building.build, building.minutes, building.try_answer, building.slides, building.guide, building.site):
    main.add_command(command)
main.add_command(catch_up)
main.add_command(board)
main.add_command(teach)


@main.command()
@click.argument("module", required=False)
def progress(module: str | None) -> None:
    """Show what has passed and what is next."""
    from serverless_first.lab import Lab, UnknownLab

    try:
        Lab(module or _last_module().id).progress()
    except UnknownLab as error:
        raise click.ClickException(str(error)) from error


@main.command()
@click.option("--name", default="", help="Your name for the heading. It is not kept anywhere else.")
@click.option(
    "--to", type=click.Path(path_type=Path, dir_okay=False), help="File to write; by default work/summary.html."
)
def summary(name: str, to: Path | None) -> None:
    """Make a page to keep, with what you did, when, in how many tries, and what comes next."""
    from serverless_first.lab import summary as page

    try:
        click.echo(f"Wrote {page.write(to, name=name)}. Open it in a browser, print it, keep it. Nothing was sent.")
    except page.NoSummary as error:
        raise click.ClickException(str(error)) from error


@main.command()
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path, dir_okay=False), help="Also write the numbers to this file."
)
@click.option(
    "--only", multiple=True, metavar="NAME", help="Measure only this. Repeat the option for more measurements."
)
@click.argument("names", nargs=-1, metavar="[NAME]...")
def bench(json_file: Path | None, only: tuple[str, ...], names: tuple[str, ...]) -> None:
    """Measure speeds on this machine, as ratios within one run."""
    from serverless_first import bench as measure

    # --only NAME NAME...: click passes the words after the first as arguments
    if names and not only:
        raise click.UsageError(f"Unexpected argument {names[0]!r}. Name measurements with --only.")
    if json_file and not json_file.absolute().parent.is_dir():  # refuse before the measuring, not after it
        raise click.ClickException(
            f"Cannot write {json_file.name}: the folder {json_file.absolute().parent} does not exist."
        )
    try:
        measurements = measure.run([*only, *names], report=lambda name: click.echo(f"measuring {name}", err=True))
    except measure.UnknownBenchmark as error:
        raise click.ClickException(str(error)) from error
    rows = [asdict(measurement) for measurement in measurements]
    for row in rows:
        click.echo(f"{row['name']:<22} {row['value']:>12.4g} {row['unit']:<10} {row['against'] or ''}".rstrip())
    if json_file:
        text = json.dumps(rows, ensure_ascii=False, indent=1) + "\n"
        json_file.write_text(text, encoding="utf-8", newline="\n")


@contextlib.contextmanager
def _counted() -> Iterator[Callable[[int, int, str], None]]:
    """A progress bar on a terminal. Elsewhere, such as in a log, a line for each step."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = Console()
    if not console.is_terminal:
        yield lambda done, total, now: click.echo(f"{done} of {total}: {now}")
        return
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("looking", total=None)
        yield lambda done, total, now: progress.update(task, completed=done, total=total, description=now)


def _last_module() -> course.Module:
    """The module that the learner worked on last, or else the first ready module.

    Raises:
        click.ClickException: no module is ready.
    """
    from serverless_first.lab.progress import ProgressFile, last_module

    ready = course.load().ready_modules
    if not ready:
        raise click.ClickException("None of the course's modules is ready yet.")
    last = last_module(ProgressFile().read())
    return next((module for module in ready if module.id == last), ready[0])


def _short(path: Path) -> str:
    """A path as seen from the learner's folder."""
    return f"{work_dir().name}/{path.relative_to(work_dir()).as_posix()}"
