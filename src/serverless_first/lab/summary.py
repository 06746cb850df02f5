"""Writes a page for the learner to keep, with the work so far, its dates, attempts and hints, and the next steps.

The page shows only what progress.json contains. It is a single HTML file, ready to print. It has no scripts, and loads
and sends nothing.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from serverless_first import course
from serverless_first.course import Course, Module, Task, safe_files
from serverless_first.course.places import work_dir
from serverless_first.course.words import count
from serverless_first.lab import progress
from serverless_first.lab.progress import Data, ProgressFile, TaskProgress

FILE = "summary.html"
MARK = '<meta name="generator" content="serverless-first summary">'


class NoSummary(RuntimeError):
    """No page was created; the message says why."""


@dataclass(frozen=True)
class _Row:
    """A module that the learner has started, with its tasks in the order of course.toml."""

    module: Module
    tasks: tuple[tuple[Task, TaskProgress], ...]
    begun: date | None
    came_true: int
    predicted: int

    @property
    def passed(self) -> list[tuple[Task, TaskProgress]]:
        return [(task, done) for task, done in self.tasks if done.passed]

    @property
    def finished(self) -> bool:
        """Whether each task has passed that isn't optional."""
        return bool(self.tasks) and all(done.passed or task.optional for task, done in self.tasks)


def write(target: Path | None = None, *, name: str = "", file: ProgressFile | None = None) -> Path:
    """Writes the page and returns its path.

    Args:
        target: the HTML file (default: `summary.html` in the learner's folder). An existing summary is replaced.
        name: the learner's name for the heading, which is stored nowhere else.
        file: the progress to show (default: the learner's progress).

    Raises:
        NoSummary: nothing is recorded yet, the target is another kind of file, or the target cannot be written.
    """
    target = target or work_dir() / FILE
    the_course = course.load()
    data = (file or ProgressFile()).read()
    rows = _rows(the_course, data)
    if not rows:
        raise NoSummary(
            "No page was created, because no task, hint or prediction is recorded yet. "
            "Run a check or a prediction first."
        )
    try:
        if target.exists() and MARK not in target.read_text(encoding="utf-8", errors="replace")[:2000]:
            raise NoSummary(f"{target} already exists and is not a summary. Name another file.")
        text = page(the_course, rows, name=name, today=date.today(), shared=_shared(data))
        safe_files.write(target, text.encode())
    except OSError as error:
        raise NoSummary(f"{target} cannot be written: {error.strerror or error}.") from error
    return target


def _rows(the_course: Course, data: Data) -> list[_Row]:
    rows = []
    for module in the_course.modules:
        record = data["modules"].get(module.id)
        if record is None:
            continue
        settled = [p for p in record.get("predictions", {}).values() if "pick" in p and "outcome" in p]
        tasks = tuple((task, progress.task_progress(data, module.id, task.id)) for task in module.tasks)
        true = sum(p["pick"] == p["outcome"] for p in settled)
        rows.append(_Row(module, tasks, _day(record.get("begun_at")), true, len(settled)))
    return rows


def page(the_course: Course, rows: list[_Row], *, name: str, today: date, shared: str = "") -> str:
    """The whole page as HTML. `shared` is a sentence about others who can see the learner's progress."""
    whose = f"{name.strip()}'s" if name.strip() else "my"
    title = f"{the_course.title}: {whose} progress"
    body = "\n".join(
        [
            f"<h1>{html.escape(title)}</h1>",
            f'<p class="made">As of {_written(today)}</p>',
            _in_short(the_course, rows),
            *_abilities(rows),
            "<h2>Module by module</h2>",
            *(_module(row) for row in rows),
            "<h2>What comes next</h2>",
            _next(the_course, rows),
            "<footer>Created from progress.json on this machine by <code>serverless-first summary</code>, which sends "
            f"nothing. {html.escape(shared)}An attempt is a check that could judge your work. Attempts and hints after "
            "a pass are not included. Minutes are the course's estimates, not the time that you took.</footer>",
        ]
    )
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n{MARK}\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _shared(data: Data) -> str:
    """The sentence about the instructor's board for a learner who shares checks with it, or "" (see lab.sharing)."""
    settings = data.get("sharing")
    if not isinstance(settings, dict) or settings.get("agreed") is not True:
        return ""
    return f"After each check, you share your progress with your instructor's board ({settings.get('board')}). "


def _in_short(the_course: Course, rows: list[_Row]) -> str:
    passed = [pair for row in rows for pair in row.passed]
    total = sum(len(module.tasks) for module in the_course.modules)
    minutes = sum(task.minutes for task, _ in passed)
    days = sorted(_days(rows))
    entries = [
        ("tasks passed", f"{len(passed)} of {total}"),
        (
            "modules finished",
            f"{sum(row.finished for row in rows)} of {sum(bool(m.tasks) for m in the_course.modules)}",
        ),
        ("estimated minutes of lab work", str(minutes)),
        ("attempts", str(sum(done.attempts for row in rows for _, done in row.tasks))),
        ("hints", str(sum(done.hints for row in rows for _, done in row.tasks))),
        ("predictions that came true", f"{sum(r.came_true for r in rows)} of {sum(r.predicted for r in rows)}"),
    ]
    if days:
        entries.append(
            ("dates", _written(days[0]) if days[0] == days[-1] else f"{_written(days[0])} to {_written(days[-1])}")
        )
    cells = "".join(f"<div><dt>{html.escape(what)}</dt><dd>{html.escape(value)}</dd></div>" for what, value in entries)
    return f'<dl class="short">{cells}</dl>'


def _abilities(rows: list[_Row]) -> list[str]:
    items = [
        f"<li>{html.escape(objective)}</li>" for row in rows if row.finished for objective in row.module.objectives
    ]
    return ["<h2>What I can do now</h2>", f"<ul>{''.join(items)}</ul>"] if items else []


def _module(row: _Row) -> str:
    notes = [f"{len(row.passed)} of {count(len(row.tasks), 'task')} passed"]
    caught_up = sum(done.caught_up and not done.passed for _, done in row.tasks)
    notes += [f"{caught_up} skipped by catching up"] if caught_up else []
    notes += [f"started on {_written(row.begun)}"] if row.begun else []
    notes += [f"predictions that came true: {row.came_true} of {row.predicted}"] if row.predicted else []
    heading = f"<h3>{html.escape(f'{row.module.number} {row.module.title}')}</h3><p>{'; '.join(notes)}.</p>"
    if not row.tasks:
        return f"<section>{heading}</section>"
    lines = "".join(_task_line(task, done) for task, done in row.tasks)
    head = "<tr><th>Task</th><th>State</th><th>Passed on</th><th>Attempts</th><th>Hints</th><th>Minutes</th></tr>"
    return f"<section>{heading}<table><thead>{head}</thead><tbody>{lines}</tbody></table></section>"


def _task_line(task: Task, done: TaskProgress) -> str:
    begun = "started" if done.attempts or done.hints or done.solution_shown else "open"
    state = "passed" if done.passed else "caught up" if done.caught_up else begun
    if done.solution_shown:
        state += ", solution seen"
    day = _day(done.passed_at)
    cells = [
        f"{task.id} {task.title}{' (optional)' if task.optional else ''}",
        f"{'✓ ' if done.passed else ''}{state}",
        (_written(day) if day else "not recorded") if done.passed else "",
        str(done.attempts) if done.attempts else "",
        str(done.hints) if done.hints else "",
        str(task.minutes),
    ]
    return f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in cells)}</tr>"


def _next(the_course: Course, rows: list[_Row]) -> str:
    items = []
    begun = {row.module.id: row for row in rows}
    for row in rows:
        open_here = sorted((task for task, done in row.tasks if not done.passed), key=lambda task: task.optional)
        if open_here:
            task = open_here[0]
            kind = "Optional task" if task.optional else "Task"
            more = f" {count(len(open_here) - 1, 'task')} after it." if len(open_here) > 1 else ""
            items.append(f"{kind} {task.id}, {task.title}: about {count(task.minutes, 'minute')}.{more}")
    for module in the_course.ready_modules:
        if module.id not in begun:
            parts = [f"lesson {module.lesson_minutes} minutes"] if module.lesson_minutes else []
            parts += [f"lab {module.lab_words}"] if module.lab_minutes else []
            items.append(f"Module {module.number}, {module.title}: {', '.join(parts)}. {module.summary}")
    if not items:
        items.append(
            "You have passed every task in the course. Each lab ends with the section “On a real account”, which "
            "describes the costs and the cleanup. Run one of the labs there."
        )
    return f"<ol>{''.join(f'<li>{html.escape(item)}</li>' for item in items)}</ol>"


def _days(rows: list[_Row]) -> Iterator[date]:
    for row in rows:
        yield from (day for day in (row.begun, *(_day(done.passed_at) for _, done in row.passed)) if day)


def _day(moment: object) -> date | None:
    """The day in the learner's own time zone, or None if the file has no valid time."""
    try:
        return datetime.fromisoformat(str(moment)).astimezone().date()
    except (ValueError, OverflowError, OSError):
        return None


def _written(day: date) -> str:
    return f"{day:%B} {day.day}, {day.year}"


_STYLE = """
body { font: 16px/1.5 system-ui, "Segoe UI", "Noto Sans", sans-serif; color: #1a1a1a; background: #fff;
  max-width: 54rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.7rem; line-height: 1.25; margin-bottom: 0 } h2 { margin-top: 2rem; border-bottom: 2px solid #005a9c }
h3 { margin: 1.4rem 0 0 } h3 + p { margin: 0 0 .4rem } .made { color: #444; margin-top: .2rem }
.short { display: flex; flex-wrap: wrap; gap: .6rem; margin: 1.2rem 0 } .short div { border: 1px solid #767676;
  border-radius: .3rem; padding: .4rem .8rem; display: flex; flex-direction: column-reverse }
.short dt { font-size: .85rem; color: #444 } .short dd { margin: 0; font-size: 1.25rem; font-weight: 600 }
table { border-collapse: collapse; width: 100%; table-layout: fixed } th { font-size: .85rem }
th, td { border-bottom: 1px solid #bbb; padding: .25rem .5rem; text-align: left; vertical-align: top }
td:nth-child(n+4), th:nth-child(n+4) { text-align: right }
th:nth-child(2) { width: 13% } th:nth-child(3) { width: 20% } th:nth-child(n+4) { width: 10% }
tr { break-inside: avoid } h2, h3, h3 + p, thead { break-after: avoid } td:nth-child(3) { white-space: nowrap }
footer { margin-top: 2rem; font-size: .85rem; color: #444 }
@page { size: A4; margin: 16mm } @media print { body { margin: 0; max-width: none; font-size: 10pt } }
"""
