"""build() generates the notebooks from the modules' sources, and check() compares the stored notebooks with them."""

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
from serverless_first.facts import review
from serverless_first.lab.failures import CourseFault
from serverless_first.lab.quiz import load_quiz

COURSE = "course.toml"
Report = Callable[[str], None]


@dataclass(frozen=True)
class Built:
    """One file of the build, with its path in the checkout and whether the build wrote it."""

    target: str
    state: Literal["built", "unchanged"]


@dataclass
class _Made:
    """The generated pages, labs and minutes, before any notebook is executed."""

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
    """Builds notebooks/, solutions/, labs/, slides/ and README's course table.

    The build doesn't execute notebooks that are unchanged since the last build. It builds everything that it can before
    it raises an error, and the stored version of a notebook that fails stays unchanged.

    Args:
        modules: ids or numbers ("05-rds-proxy", "05"); None for every module that has a folder in modules/.
        force: whether to execute unchanged notebooks as well.
        jobs: how many notebooks run at the same time, each in its own kernel.
        report: gets one line for each step, warning and note.

    Returns:
        one entry for each file, in the order of the course.

    Raises:
        BuildFailed: with one line for each problem, which names the file, the cell and what to do.
        UnknownModule: course.toml doesn't have this module.
    """
    if jobs < 1:
        raise ValueError(f"jobs is {jobs}. Give the number of notebooks at a time, 1 or more.")
    contents = _make(modules)
    text = with_minutes(contents.root, contents.minutes)
    if (contents.root / COURSE).read_text(encoding="utf-8") != text:
        cache.write_text(contents.root / COURSE, text)
        report(f"built      {COURSE}")
        contents = _make(modules)  # the texts contain the new minutes
    problems = list(contents.problems)
    results = {
        target: _write(contents.root, target, nbio.dumps(notebook), report) for target, notebook, _ in contents.labs
    }
    results |= _run_all(contents, force, jobs, report, problems)
    readme = contents.root / "README.md"
    try:
        text = table.with_table(readme.read_text(encoding="utf-8"), contents.course)
    except (FileNotFoundError, table.NoMarkers) as error:
        report(f"note: the course table was not written: {error}")
    else:
        results["README.md"] = _write(contents.root, "README.md", text, report)
    guide_text = _guide(contents, problems)
    if guide_text is not None:
        results[guide.GUIDE] = _write(contents.root, guide.GUIDE, guide_text, report)
    _report_facts(contents, report)
    if problems:
        raise BuildFailed(problems)
    return [Built(target, state) for target, state in results.items()]


def check(modules: Sequence[str] | None = None, *, report: Report = print) -> list[str]:
    """Compares the stored files with the sources, without executing or writing anything.

    Args:
        modules: as for `build`.
        report: gets warnings and notes that aren't problems, such as facts that nobody cites or has checked for a year.
            For the whole course, it also gets the facts to look at again, see `facts.review`.

    Returns:
        one line for each problem, which says what to do; empty if everything is up to date.

    Raises:
        UnknownModule: course.toml doesn't have this module.
    """
    try:
        contents = _make(modules)
    except BuildFailed as error:
        return error.problems
    problems = list(contents.problems)
    for module, right in contents.minutes.items():
        problems += [
            f'{COURSE}, {module.id}: {difference}: run "make build"'
            for difference in minutes.differences(module, right)
        ]
    for page in contents.pages:
        problems += compare.page_problems(page, contents.root)
    for target, notebook, source in contents.labs:
        problems += compare.whole_problems(target, notebook, source, contents.root)
    if contents.whole_course and not contents.problems:
        targets = {page.target for page in contents.pages} | {target for target, _, _ in contents.labs}
        problems += compare.strays(contents.root, targets)
    try:
        readme = (contents.root / "README.md").read_text(encoding="utf-8")
        if table.with_table(readme, contents.course) != readme:
            problems.append('README.md: the course table differs from course.toml: run "make build"')
    except FileNotFoundError:
        problems.append("README.md is missing")
    except table.NoMarkers as error:
        problems.append(str(error))
    text = _guide(contents, problems)
    if text is not None and text != (contents.root / guide.GUIDE).read_text(encoding="utf-8"):
        problems.append(f'{guide.GUIDE}: its tables differ from course.toml: run "make build"')
    _report_facts(contents, report)
    if contents.whole_course:
        for line in review.lines(contents.facts, date.today()):
            report(line)
    return problems


def _guide(contents: _Made, problems: list[str]) -> str | None:
    """The instructor's guide with its tables; None if it is missing or has a problem, which goes to `problems`."""
    try:
        tracks = timetable.load(contents.root)
        text = (contents.root / guide.GUIDE).read_text(encoding="utf-8")
        return guide.with_tables(text, contents.course, tracks, contents.root)
    except (timetable.BadTimetable, guide.GuideError) as error:
        problems += error.problems
    except FileNotFoundError:
        if tracks:
            problems.append(f"{guide.GUIDE} is missing: course.toml has tracks, and the guide says how to teach them")
    return None


def _make(names: Sequence[str] | None) -> _Made:
    root = course_root()
    the_course = course.load(root)
    try:
        the_facts = facts.load(root)
    except facts.FactsError as error:
        raise BuildFailed(error.problems) from None
    contents = _Made(root, the_course, the_facts, whole_course=names is None)
    selection = the_course.built if names is None else [the_course.deck_of(name) for name in names]
    for module in dict.fromkeys(selection):
        if not module.ready:
            contents.problems.append(
                f"{module.id} is only planned, and you can build it once modules/{module.id}/ exists"
            )
            continue
        contents.problems += beside.citation_problems(module, root, the_facts, contents.cited)
        try:
            own = pages(module, root, the_facts, contents.cited)
            if module.lesson_run_s is not None or module.lab_run_s is not None:
                contents.minutes[module] = minutes_of(module, own)
            for page in own:
                contents.pages.append(page)
                if page.kind == "lab":
                    lab = lab_from(page.notebook, page.source)
                    contents.labs.append((f"labs/{module.id}.ipynb", lab, page.source))
        except BuildFailed as error:
            contents.problems += error.problems
    return contents


def minutes_of(module: Module, own: Sequence[Page]) -> minutes.Minutes:
    """How long a module takes, computed from its pages and its quiz.

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
    """course.toml's text with the computed minutes."""
    text = (root / COURSE).read_text(encoding="utf-8")
    for module, right in computed.items():
        text = minutes.in_course_file(text, module, right)
    return text


def _run_all(contents: _Made, force: bool, jobs: int, report: Report, problems: list[str]) -> dict[str, Any]:
    """Executes the pages that have changed. Returns the state of each target, and adds to `problems`."""
    root, memory = contents.root, cache.Cache(contents.root)
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
                report(f"failed     {page.target}: the stored version stays")
            else:
                cache.write_text(root / page.target, text)
                memory.remember(page.target, inputs)
                results[page.target] = "built"
                report(f"built      {page.target} ({time.monotonic() - started_s:.1f} s)")

    with ThreadPoolExecutor(max_workers=jobs) as pool:
        try:
            for page in contents.pages:
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
            report("stopping: waiting for the running notebooks, and starting no others")
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return {page.target: results[page.target] for page in contents.pages if page.target in results}


def _write(root: Path, target: str, text: str, report: Report) -> Literal["built", "unchanged"]:
    path = root / target
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        report(f"unchanged  {target}")
        return "unchanged"
    cache.write_text(path, text)
    report(f"built      {target}")
    return "built"


def _report_facts(contents: _Made, report: Report) -> None:
    today = date.today()
    for fact in contents.facts.values():
        if fact.stale(today):
            report(f"warning: fact {fact.id} was last checked on {fact.checked}: compare it with its source again")
    # Only a build of all modules can tell that no module cites a fact.
    if contents.whole_course and not contents.problems:
        for fact_id in (name for name in contents.facts if name not in contents.cited):
            report(f"note: no module cites the fact {fact_id}")
