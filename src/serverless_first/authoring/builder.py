"""build() makes the notebooks from the modules' sources; check() says whether they are what the sources make."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

from serverless_first import course, facts
from serverless_first.authoring import beside, cache, compare, guide, minutes, nbio, table
from serverless_first.authoring.execute import execute
from serverless_first.authoring.labs import lab_from
from serverless_first.authoring.problems import BuildFailed
from serverless_first.authoring.sources import Page, pages
from serverless_first.course import Module, places, timetable
from serverless_first.course.places import course_root
from serverless_first.lab.failures import CourseFault
from serverless_first.lab.quiz import load_quiz

COURSE = "course.toml"
Report = Callable[[str], None]


@dataclass(frozen=True)
class Built:
    """One file of the build: its path in the checkout, and whether it was written or already right."""

    target: str
    state: Literal["built", "unchanged"]


@dataclass
class _Made:
    """What the sources make, before anything is executed."""

    root: Path
    course: course.Course
    facts: facts.Facts
    whole_course: bool
    pages: list[Page] = field(default_factory=list)
    labs: list[tuple[str, Any, str]] = field(default_factory=list)  # target, notebook, source
    minutes: dict[Module, minutes.Minutes] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    cited: set[str] = field(default_factory=set)


def build(
    modules: Sequence[str] | None = None, *, force: bool = False, jobs: int = 2, report: Report = print
) -> list[Built]:
    """Makes notebooks/, solutions/, labs/, slides/ and README's course table.

    What did not change since the last build is not executed again. Everything that can be made is made before
    a failure is raised, and a notebook that fails stays stored as it was.

    Args:
        modules: ids or numbers ("05-rds-proxy", "05"); without them every module that has an author's room.
        force: execute also what did not change.
        jobs: how many notebooks run at the same time, each in a kernel of its own.
        report: gets one line for each step, warning and note.

    Returns:
        one entry for each file, in the order of the course.

    Raises:
        BuildFailed: with one line for each thing that is wrong: file, cell and what to do.
        UnknownModule: course.toml has no such module.
    """
    if jobs < 1:
        raise ValueError(f"jobs is {jobs}; it is a number of notebooks at a time, 1 or more")
    made = _make(modules)
    text = with_minutes(made.root, made.minutes)
    if (made.root / COURSE).read_text(encoding="utf-8") != text:
        cache.write_text(made.root / COURSE, text)
        report(f"built      {COURSE}")
        made = _make(modules)  # its minutes are in the texts
    problems = list(made.problems)
    results = {target: _write(made.root, target, nbio.dumps(notebook), report) for target, notebook, _ in made.labs}
    results |= _run_all(made, force, jobs, report, problems)
    readme = made.root / "README.md"
    try:
        text = table.with_table(readme.read_text(encoding="utf-8"), made.course)
    except (FileNotFoundError, table.NoMarkers) as error:
        report(f"note: the course table was not written: {error}")
    else:
        results["README.md"] = _write(made.root, "README.md", text, report)
    guide_text = _guide(made, problems)
    if guide_text is not None:
        results[guide.GUIDE] = _write(made.root, guide.GUIDE, guide_text, report)
    _report_facts(made, report)
    if problems:
        raise BuildFailed(problems)
    return [Built(target, state) for target, state in results.items()]


def check(modules: Sequence[str] | None = None, *, report: Report = print) -> list[str]:
    """What is stored and is not what the sources make; nothing is executed or written.

    Args:
        modules: as for `build`.
        report: gets warnings and notes, which are no problems: facts that nobody has checked for a year, or cites.

    Returns:
        one line for each problem, which says what to do; empty when everything is in step.

    Raises:
        UnknownModule: course.toml has no such module.
    """
    try:
        made = _make(modules)
    except BuildFailed as error:
        return error.problems
    problems = list(made.problems)
    for module, right in made.minutes.items():
        problems += [
            f'{COURSE}, {module.id}: {difference}: run "make build"'
            for difference in minutes.differences(module, right)
        ]
    for page in made.pages:
        problems += compare.page_problems(page, made.root)
    for target, notebook, source in made.labs:
        problems += compare.whole_problems(target, notebook, source, made.root)
    if made.whole_course and not made.problems:
        targets = {page.target for page in made.pages} | {target for target, _, _ in made.labs}
        problems += compare.strays(made.root, targets)
    try:
        readme = (made.root / "README.md").read_text(encoding="utf-8")
        if table.with_table(readme, made.course) != readme:
            problems.append('README.md: the course table is not the one of course.toml: run "make build"')
    except FileNotFoundError:
        problems.append("README.md is missing")
    except table.NoMarkers as error:
        problems.append(str(error))
    text = _guide(made, problems)
    if text is not None and text != (made.root / guide.GUIDE).read_text(encoding="utf-8"):
        problems.append(f'{guide.GUIDE}: its tables are not those of course.toml: run "make build"')
    _report_facts(made, report)
    return problems


def _guide(made: _Made, problems: list[str]) -> str | None:
    """The instructor's guide with its tables; None where there is none, or something is wrong: then in `problems`."""
    try:
        tracks = timetable.load(made.root)
        text = (made.root / guide.GUIDE).read_text(encoding="utf-8")
        return guide.with_tables(text, made.course, tracks, made.root)
    except (timetable.BadTimetable, guide.GuideError) as error:
        problems += error.problems
    except FileNotFoundError:
        if tracks:
            problems.append(f"{guide.GUIDE} is missing: course.toml has tracks, and the guide tells how to give them")
    return None


def _make(names: Sequence[str] | None) -> _Made:
    root = course_root()
    the_course = course.load(root)
    try:
        the_facts = facts.load(root)
    except facts.FactsError as error:
        raise BuildFailed(error.problems) from None
    made = _Made(root, the_course, the_facts, whole_course=names is None)
    chosen = the_course.built if names is None else [the_course.deck_of(name) for name in names]
    for module in dict.fromkeys(chosen):
        if not module.ready:
            made.problems.append(f"{module.id} is planned: it is built once modules/{module.id}/ exists")
            continue
        made.problems += beside.citation_problems(module, root, the_facts, made.cited)
        try:
            own = pages(module, root, the_facts, made.cited)
            if module.lesson_run_s is not None or module.lab_run_s is not None:
                made.minutes[module] = minutes_of(module, own)
            for page in own:
                made.pages.append(page)
                if page.kind == "lab":
                    lab = lab_from(page.notebook, page.source)
                    made.labs.append((f"labs/{module.id}.ipynb", lab, page.source))
        except BuildFailed as error:
            made.problems += error.problems
    return made


def minutes_of(module: Module, own: Sequence[Page]) -> minutes.Minutes:
    """How long a module takes, by its pages and its quiz.

    Raises:
        BuildFailed: the quiz can't be read.
    """
    cells = {page.kind: page.notebook.cells for page in own}
    has_quiz = (places.module_dir(module.id) / "quiz.yml").is_file()
    try:
        questions = sum(map(len, load_quiz(module).values())) if has_quiz else 0
    except CourseFault as error:
        raise BuildFailed([str(error)]) from None
    return minutes.of_module(module, cells.get("lesson"), cells.get("lab"), questions)


def with_minutes(root: Path, computed: Mapping[Module, minutes.Minutes]) -> str:
    """course.toml's text with the minutes that were computed."""
    text = (root / COURSE).read_text(encoding="utf-8")
    for module, right in computed.items():
        text = minutes.in_course_file(text, module, right)
    return text


def _run_all(made: _Made, force: bool, jobs: int, report: Report, problems: list[str]) -> dict[str, Any]:
    """Executes the pages that need it; adds to `problems` and returns the state of each target."""
    root, memory = made.root, cache.Cache(made.root)
    common = cache.common_digest(root)
    results: dict[str, Any] = {}
    running: dict[Future[Any], tuple[Page, str, float]] = {}

    def settle(done: set[Future[Any]]) -> None:
        for future in done:
            page, inputs, started_s = running.pop(future)
            try:
                text = nbio.dumps(future.result())
            except BuildFailed as error:
                problems.extend(error.problems)
                report(f"failed     {page.target}: stays as it was")
            else:
                cache.write_text(root / page.target, text)
                memory.remember(page.target, inputs)
                results[page.target] = "built"
                report(f"built      {page.target} ({time.monotonic() - started_s:.1f} s)")

    with ThreadPoolExecutor(max_workers=jobs) as pool:
        try:
            for page in made.pages:
                inputs = cache.module_digest(root, page.module.id, common)
                if not force and memory.is_current(page.target, inputs):
                    results[page.target] = "unchanged"
                    report(f"unchanged  {page.target}")
                    continue
                while len(running) >= jobs:
                    settle(wait(running, return_when=FIRST_COMPLETED).done)
                report(f"running    {page.target}" if page.has_code else f"writing    {page.target}")
                running[pool.submit(execute, page, root)] = (page, inputs, time.monotonic())
            while running:
                settle(wait(running, return_when=FIRST_COMPLETED).done)
        except KeyboardInterrupt:
            report("stopping: what runs now is finished, nothing more is started")
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return {page.target: results[page.target] for page in made.pages if page.target in results}


def _write(root: Path, target: str, text: str, report: Report) -> Literal["built", "unchanged"]:
    path = root / target
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        report(f"unchanged  {target}")
        return "unchanged"
    cache.write_text(path, text)
    report(f"built      {target}")
    return "built"


def _report_facts(made: _Made, report: Report) -> None:
    today = date.today()
    for fact in made.facts.values():
        if fact.stale(today):
            report(f"warning: fact {fact.id} was last checked on {fact.checked}: check it against its source again")
    # Only a look at every module tells that none cites a fact.
    if made.whole_course and not made.problems:
        for fact_id in (name for name in made.facts if name not in made.cited):
            report(f"note: no module cites the fact {fact_id}")
