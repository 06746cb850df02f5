"""The commands that make files from the course's sources: `build`, `minutes`, `slides`, `guide` and `site`."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from serverless_first import course


def _known(_ctx: click.Context, _parameter: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    """The names of modules or of the overview, before the build is loaded, which takes seconds.

    Raises:
        UnknownModule: course.toml has no such module.
    """
    if names:
        the_course = course.load()
        for name in names:
            the_course.deck_of(name)
    return names


@click.command()
@click.argument("modules", nargs=-1, callback=_known)
@click.option("--check", is_flag=True, help="Compare with the sources, without executing or writing anything.")
@click.option("--force", is_flag=True, help="Execute everything, including what did not change.")
@click.option(
    "--jobs", default=2, show_default=True, type=click.IntRange(1), help="How many notebooks run at the same time."
)
def build(modules: tuple[str, ...], check: bool, force: bool, jobs: int) -> None:
    """Make notebooks/, labs/, solutions/ and slides/ from modules/."""
    with _building() as builder:
        if check:
            _fail(builder.check(modules or None, report=click.echo))
            click.echo("The built files match the sources.")
        else:
            builder.build(modules or None, force=force, jobs=jobs, report=click.echo)


@click.command()
@click.argument("modules", nargs=-1, callback=_known)
@click.option(
    "--measure", is_flag=True, help="Run the lesson and the lab first, and write their minutes to course.toml."
)
def minutes(modules: tuple[str, ...], measure: bool) -> None:
    """Tell how long lessons and labs take, and how the minutes add up."""
    with _building():
        from serverless_first.authoring import timing

        timing.tell(modules, run_first=measure, report=click.echo)


@click.command()
@click.argument("task_id", metavar="TASK")
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
def try_answer(task_id: str, files: tuple[Path, ...]) -> None:
    """Try answers to TASK, such as 12.4, as its check judges them.

    A FILE has the form of the files in modules/*/mistakes, which docs/authoring.md explains. It needs no header: then
    it replaces the task's first cell.
    """
    with _building():
        from serverless_first.authoring import answers, trying

        module = course.load().module(task_id.partition(".")[0].zfill(2))
        task = module.task(task_id)
        if task is None:
            raise click.UsageError(f"There is no task {task_id}, only {', '.join(other.id for other in module.tasks)}.")
        surprises = 0
        try:
            candidates = [answers.read_answer(path, module, task) for path in files]
            for trial in trying.trials(candidates):
                click.echo(f"{trial.answer.name}: {trial.message or 'passed'} ({trial.check_s:.1f} s)")
                if trial.answer.expects and not trial.as_expected:
                    surprises += 1
                    click.echo(f"  expected: CheckFailed: {trial.answer.expects}")
        except answers.UnfitAnswer as error:
            raise click.ClickException(str(error)) from error
    sys.exit(1 if surprises else 0)


@click.command()
@click.argument("modules", nargs=-1, callback=_known)
@click.option("--pdf/--no-pdf", default=True, help="Also print to PDF, which needs Chromium.")
@click.option("--track", metavar="ID", help="Export only what this track of course.toml shows, to slides/export/ID/.")
def slides(modules: tuple[str, ...], pdf: bool, track: str | None) -> None:
    """Export the slides to slides/export/."""
    with _building() as builder:
        builder.export_slides(modules or None, track=track, pdf=pdf, report=click.echo)


@click.command()
@click.option("--pdf/--no-pdf", default=True, help="Also print to PDF, which needs Chromium.")
def guide(pdf: bool) -> None:
    """Print docs/instructor-guide.md into slides/export/."""
    with _building() as builder:
        builder.print_guide(pdf=pdf, report=click.echo)


@click.command()
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="Folder for the site; by default site/. An existing site there is replaced.",
)
@click.option(
    "--no-task", is_flag=True, help="Leave out the page that runs a task in the browser, for which npm is used."
)
def site(output: Path | None, no_task: bool) -> None:
    """Make the reading copy: the lessons as static pages."""
    try:
        from serverless_first.publish.site import SiteFailed, make_site
    except ImportError as error:
        raise click.ClickException(str(error)) from error
    try:
        make_site(output, try_it=not no_task, report=click.echo)
    except SiteFailed as error:
        _fail(error.problems)


@contextlib.contextmanager
def _building() -> Iterator[Any]:
    """The builder. Its problems are printed one per line."""
    try:
        from serverless_first import authoring as builder
    except ImportError as error:
        raise click.ClickException(str(error)) from error
    try:
        yield builder
    except builder.BuildFailed as error:
        _fail(error.problems)


def _fail(problems: list[str]) -> None:
    if problems:
        for problem in problems:
            click.echo(problem, err=True)
        sys.exit(1)
