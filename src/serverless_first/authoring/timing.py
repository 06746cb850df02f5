"""The command `serverless-first minutes` shows how minutes add up, and measures how long cells run."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from serverless_first import course, facts
from serverless_first.authoring import builder, cache, minutes
from serverless_first.authoring.execute import execute
from serverless_first.authoring.sources import Page, pages
from serverless_first.course import Module
from serverless_first.course.places import course_root

_HEAD = f"{'':<30}{'words':>7}{'code lines':>12}{'steps':>7}{'to write':>10}{'minutes':>9}{'stated':>8}"


def tell(names: Sequence[str], *, run_first: bool = False, report: Callable[[str], None] = print) -> None:
    """Prints how the minutes of modules add up, beside the minutes that course.toml states.

    Args:
        names: ids or numbers of modules; all that are ready if there are none.
        run_first: run the lesson and the lab before, and write their run times and minutes into course.toml. Nothing
            else should run on the machine meanwhile. Without this, nothing is written.
        report: gets the lines.

    Raises:
        BuildFailed: the sources break a rule, or a cell fails.
        UnknownModule: course.toml has no such module.
    """
    if run_first:
        _measure(names, report)
    report(_HEAD)
    for module, own in _modules_and_pages(names):
        right = builder.minutes_of(module, own)
        cells = {page.kind: page.notebook.cells for page in own}
        for kind in ("lesson", "lab"):
            if kind not in cells:
                continue
            done = minutes.work(cells[kind]) + (minutes.work_in_files(module) if kind == "lab" else minutes.Work())
            computed, stated = getattr(right, kind), getattr(module, f"{kind}_minutes")
            run_s = module.lesson_run_s if kind == "lesson" else module.lab_run_s
            more = f" and {right.further} to go further" if kind == "lesson" and right.further else ""
            more += "" if run_s is not None else "  without its run time: --measure"
            report(
                f"{module.number + ' ' + kind:<30}{done.words:>7,}{done.code_lines:>12,}{done.steps:>7}"
                f"{done.written_lines:>10}{computed:>9}{stated:>8}{more}"
            )
        for task in module.tasks:
            report(f"{'   task ' + task.id:<66}{right.tasks[task.id]:>9}{task.minutes:>8}")


def _measure(names: Sequence[str], report: Callable[[str], None]) -> None:
    """Runs lessons and labs, and writes their run times and the minutes into course.toml."""
    root = course_root()
    for module, own in _modules_and_pages(names):
        for page in own:
            if page.kind in ("lesson", "lab"):
                seconds = _run_s(page, root)
                report(f"{module.id}: the {page.kind} runs for {seconds} s")
                if page.kind == "lesson":
                    module = dataclasses.replace(module, lesson_run_s=seconds)
                else:
                    module = dataclasses.replace(module, lab_run_s=seconds)
        text = (root / builder.COURSE).read_text(encoding="utf-8")
        cache.write_text(root / builder.COURSE, minutes.with_run_times(text, module))
        cache.write_text(root / builder.COURSE, builder.with_minutes(root, {module: builder.minutes_of(module, own)}))
    report('course.toml has the minutes now: run "make build", which puts them into the texts')


def _modules_and_pages(names: Sequence[str]) -> list[tuple[Module, list[Page]]]:
    root = course_root()
    the_course, the_facts = course.load(root), facts.load(root)
    modules = [the_course.module(name) for name in names] or list(the_course.ready_modules)
    return [(module, pages(module, root, the_facts, set())) for module in modules]


def _run_s(page: Page, root: Path) -> int:
    started_s = time.monotonic()
    execute(page, root)
    return round(time.monotonic() - started_s)
