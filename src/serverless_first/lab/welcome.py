"""The front page of the learner's folder: where to go on, three paths through the course, its map, and progress.

It is a Markdown page, because JupyterLab shows one without a kernel, follows its links, and finds its headings for the
table of contents.
"""

from __future__ import annotations

import contextlib
import hashlib
import html
import re
from collections.abc import Callable
from pathlib import Path

from serverless_first import course
from serverless_first.course import Course, Module, Route, Task, safe_files, workcopy
from serverless_first.course.layout import FRONT_PAGE, copy_path
from serverless_first.course.places import work_dir
from serverless_first.course.words import count, listed
from serverless_first.lab import carry, path, progress
from serverless_first.lab.progress import Data, ProgressFile

LONG_ROUTE = 10  # modules; the course map shows a longer route better than a sentence does
Report = Callable[[str], None]
_MARK = re.compile(r"\n<!-- serverless-first wrote this page: (\w+) -->\n\Z")


def prepare(report: Report = print) -> None:
    """Makes the learner's folder ready to open: copies, progress from earlier versions, and the front page.

    Args:
        report: gets one line for whatever a learner has to know.

    Raises:
        OSError: the learner's folder cannot be made.
    """
    workcopy.lay(report)
    carry.progress_along()
    write(report)


def write(report: Report = print) -> None:
    """Writes the page with the progress of now.

    A page that the learner has edited is saved before. Where the page can't be written, one line says so.
    """
    work = work_dir()
    file = work / FRONT_PAGE
    try:
        if problem := safe_files.odd(file, work):
            report(f"{FRONT_PAGE}: left as it is, because {problem}")
            return
        if file.exists() and not _is_ours(file.read_text(encoding="utf-8", errors="replace")):
            copy = workcopy.save_version(file, work, file.stem).relative_to(work).as_posix()
            report(f"{FRONT_PAGE}: you have changed it, so your version is kept as {copy}")
        text = page(course.load(), ProgressFile().read(), work)
        content = f"{text}\n<!-- serverless-first wrote this page: {_digest(text)} -->\n".encode()
        if not file.exists() or file.read_bytes() != content:
            safe_files.write(file, content)
    except (OSError, workcopy.CannotReset) as error:
        report(f"{FRONT_PAGE}: cannot be written: {error}")


def refresh() -> None:
    """Writes the page again if there is one and the learner has not edited it."""
    file = work_dir() / FRONT_PAGE
    with contextlib.suppress(OSError):  # the next `make lab` tells of it
        if file.is_file() and _is_ours(file.read_text(encoding="utf-8", errors="replace")):
            write(lambda _line: None)


def page(the_course: Course, data: Data, work: Path) -> str:
    """The page as Markdown.

    Args:
        data: the learner's progress.
        work: the learner's folder; the page links only to what lies there.
    """
    modules = [module for module in the_course.modules if any(_laid(work, module, kind) for kind in ("lesson", "lab"))]
    route = path.selected_route(the_course, data)
    parts = [
        f"# {the_course.title}",
        "You run each claim about serverless on your own machine, without an AWS account and without costs.",
        *_continue(the_course, data, work),
        "## Three paths through the course",
        "\n".join(_route(other, other == route, data, work) for other in the_course.routes),
        "## Course map",
        _map(data, modules, work),
        "The files that a notebook writes are in `lesson-files` or `lab-files` beside it. The course rewrites this "
        "page as you make progress, so keep your own notes in another file.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _continue(the_course: Course, data: Data, work: Path) -> list[str]:
    """The link to go on with, and how far the learner is."""
    tasks = sum(len(progress.required(module.tasks)) for module in the_course.ready_modules)
    left = sum(len(_required(data, module)) for module in the_course.ready_modules)
    bar = f'<progress max="{tasks}" value="{tasks - left}" title="Tasks passed"></progress>'
    how_far = f"You have passed {progress.passed_of(data, *the_course.ready_modules)}. {bar}"
    step = path.following(the_course, data, lambda part: _laid(work, *part))
    if step is None:
        return ["## Where you are", how_far]
    module = step.module
    link = f"Open **[{step.name}, {module.title}]({step.file})**."
    note = f"It takes about {count(step.minutes, 'minute')}."
    if not data["modules"]:
        return ["## Start", f"{link} {note}"]
    open_here = _required(data, module) or progress.open_tasks(data, module)
    if step.kind == "lab" and open_here:
        task = open_here[0]
        kind = "optional task" if task.optional else "task"
        note = f"Your next {kind} is {task.id}, {_text(task.title)}. It takes about {count(task.minutes, 'minute')}."
    if step.longer:
        link = f"You have finished your path. The path **{step.longer.title}** goes on. {link}"
    return ["## Continue", f"{link} {note}", how_far]


def _required(data: Data, module: Module) -> list[Task]:
    """The tasks of a module that haven't passed and aren't optional."""
    return progress.required(progress.open_tasks(data, module))


def _route(route: Route, is_chosen: bool, data: Data, work: Path) -> str:
    """A route as an item of a list: its modules, or the lesson or lab of one of which it takes only that.

    JupyterLab shows the button, with the course's extension; elsewhere it stays hidden.
    """
    kinds: dict[str, list[tuple[Module, str]]] = {}
    for module, kind in route.parts:
        if _laid(work, module, kind):
            kinds.setdefault(module.id, []).append((module, kind))
    names = []
    for parts in kinds.values():
        module, kind = parts[0]
        name = f"module {module.number}" if len(parts) > 1 else f"{kind} {module.number}"
        tick = "✓ " * all(path.finished(data, *part) for part in parts)
        names.append(f"{tick}[{name}]({copy_path(module.id, kind)})")
    way = "Follow the course map from top to bottom." if len(names) > LONG_ROUTE else f"Take {listed(names)}."
    title = html.escape(route.title)
    choice = (
        "**This is your path.**"
        if is_chosen
        else f'<button class="course-path" type="button" value="{title}" title="Take the path {title}" hidden>'
        "Take this path</button>"
    )
    return f"- **{route.title}** ({_duration(route.minutes)}). {_text(route.summary)} {way} {choice}"


def _map(data: Data, modules: list[Module], work: Path) -> str:
    rows = ["| Module | What you do there | Lesson | Lab | Tasks passed |", "|---|---|---|---|---|"]
    last = progress.last_module(data)
    for module in modules:
        cells = [f"{module.number} {_text(module.title)}", _text(module.summary)]
        if module.id == last:
            cells[0] = f"**{cells[0]}** (you were here last)"
        cells += [_link(data, module, kind) if _laid(work, module, kind) else "" for kind in ("lesson", "lab")]
        cells.append(_passed_cell(data, module))
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _link(data: Data, module: Module, kind: str) -> str:
    """The cell of a lesson or lab in the map, with a tick before a finished lesson; tasks have their own column."""
    minutes = f"{module.lesson_minutes if kind == 'lesson' else module.core_lab_minutes} min"
    if kind == "lab" and module.core_lab_minutes < module.lab_minutes:
        minutes += f" ({module.lab_minutes} with all tasks)"
    tick = "✓ " if kind == "lesson" and path.finished(data, module, kind) else ""
    return f"{tick}[{kind.capitalize()} {module.number}]({copy_path(module.id, kind)}), {minutes}"


def _passed_cell(data: Data, module: Module) -> str:
    if not module.tasks:
        return ""
    tasks, left = progress.required(module.tasks), _required(data, module)
    passed = len(tasks) - len(left)
    more = len(module.tasks) - len(tasks)
    passed_more = more - (len(progress.open_tasks(data, module)) - len(left))
    optional = f", {passed_more} of {more} optional" if more else ""
    bar = f'<progress max="{len(tasks)}" value="{passed}" title="Tasks of module {module.number}"></progress>'
    return f"{'' if left else '✓ '}{passed} of {len(tasks)}{optional} {bar}"


def _laid(work: Path, module: Module, kind: str) -> bool:
    return (work / copy_path(module.id, kind)).is_file()


def _duration(minutes: int) -> str:
    return count(minutes, "minute") if minutes < 100 else f"about {count(round(minutes / 60), 'hour')}"


def _text(words: str) -> str:
    """Words of course.toml in a Markdown table."""
    return re.sub(r"([|*_`\[\]])", r"\\\1", html.escape(words, quote=False))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _is_ours(text: str) -> bool:
    mark = _MARK.search(text)
    return mark is not None and _digest(text[: mark.start()]) == mark[1]
