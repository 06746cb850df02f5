"""Tracks of a workshop as timetables: `[[track]]` of course.toml, checked and put on the clock.

    [[track]]
    id = "half-day"
    title = "Half a day"
    [[track.day]]
    start = "13:00"
    end = "17:00"
    parts = [
        { do = "talk", minutes = 5, note = "Welcome" },
        { do = "lesson", module = "00" },                        # its minutes are those of the module
        { do = "slides", module = "overview" },                  # all of them, by the minutes in their notes
        { do = "slides", module = "03", only = ["Two phases", "Four states"] },
        { do = "slides", module = "04", without = ["1,000 environments need a db.r6g.large"] },
        { do = "demo", module = "03", minutes = 10, note = "the section Between two calls" },
        { do = "lesson", module = "04", minutes = 18, note = "everybody runs Noon" },  # a part of it, in step
        { do = "lab", module = "00", minutes = 10 },             # more than its tasks, to open the first lab
        { do = "lab", module = "04", tasks = ["4.1", "4.2"] },   # the sum of the tasks' minutes
        { do = "break", minutes = 15, note = "Coffee" },
    ]

A lesson may take fewer minutes than the module has for it, but never more. Then its note says what is kept or left out.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from serverless_first import course
from serverless_first.course import Course, Module, UnknownModule, words
from serverless_first.course.places import course_root

KINDS = ("talk", "slides", "demo", "lesson", "lab", "break")
OVERVIEW = "overview"
KNOWN = {"do", "module", "minutes", "tasks", "only", "without", "note"}
LONGEST_SITTING_MINUTES = 100  # without a break
BREAK_MINUTES = 10  # what counts as one
LUNCH_MINUTES, LUNCH_AFTER_MINUTES = 45, 300  # a day that is longer has a break of this length
LEFT_OVER_MINUTES = 20  # a day may end this much earlier than it says: a reserve

_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_HEADING = re.compile(r"#{1,3}[ \t]+(.+)")
_NOTED_MINUTES = re.compile(r"(?:\*\*)?Minutes:(?:\*\*)?[ \t]+(\d+)")


class BadTimetable(ValueError):
    """A track that cannot be taught. `problems` has one line for each problem."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Row:
    """One line of a timetable.

    Args:
        start_minutes, end_minutes: since midnight.
        do: its kind, of KINDS.
        what: it, in words.
        module, tasks: which; for some kinds.
        slides: the headings of the slides that are shown.
    """

    start_minutes: int
    end_minutes: int
    do: str
    what: str
    module: Module | None = None
    tasks: tuple[str, ...] = ()
    slides: tuple[str, ...] = ()

    @property
    def minutes(self) -> int:
        return self.end_minutes - self.start_minutes


@dataclass(frozen=True)
class Day:
    """One day: its rows in order, and when it was promised to end, in minutes since midnight."""

    rows: tuple[Row, ...]
    end_minutes: int

    @property
    def reserve_minutes(self) -> int:
        """The minutes between the last row and the promised end."""
        return self.end_minutes - self.rows[-1].end_minutes


@dataclass(frozen=True)
class Track:
    """One way to give the course in a room."""

    id: str
    title: str
    days: tuple[Day, ...]

    def minutes(self, *kinds: str) -> int:
        """How long these kinds of parts take together."""
        return sum(row.minutes for day in self.days for row in day.rows if row.do in kinds)

    @property
    def slides(self) -> dict[Module, tuple[str, ...]]:
        """The headings of the slides that are shown, by their deck, in the order of the track."""
        headings: dict[Module, tuple[str, ...]] = {}
        for row in (row for day in self.days for row in day.rows):
            if row.module and row.slides:
                headings[row.module] = (*headings.get(row.module, ()), *row.slides)
        return headings


def load(root: Path | None = None) -> tuple[Track, ...]:
    """Reads the tracks of course.toml, in their order.

    Raises:
        BadTimetable: with a line for each thing that is wrong, in all tracks.
    """
    root = root or course_root()
    data = tomllib.loads((root / "course.toml").read_text(encoding="utf-8"))
    maker = _Maker(course.load(root), root)
    tracks = tuple(maker.track(entry) for entry in data.get("track", ()))
    names = [track.id for track in tracks]
    maker.problems += [f"course.toml: two tracks are called {name}" for name in set(names) if names.count(name) > 1]
    if maker.problems:
        raise BadTimetable(maker.problems)
    return tracks


def clock(minutes: int) -> str:
    """Minutes since midnight as "09:05"."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def noted_minutes(root: Path, module: Module) -> dict[str, int]:
    """How long each slide of a module takes by its speaker notes, by its heading; empty where it has no slides."""
    path = root / "modules" / module.id / "slides.md"
    by_title: dict[str, int] = {}
    title, in_code = "", False
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        in_code ^= line.startswith("```")
        if in_code:
            continue
        if heading := _HEADING.match(line):
            title = heading[1].strip()
        elif minutes := _NOTED_MINUTES.match(line):
            by_title[title] = by_title.get(title, 0) + int(minutes[1])
    return by_title


class _Wrong(ValueError):
    """One thing that is wrong in a part."""


class _Maker:
    def __init__(self, the_course: Course, root: Path) -> None:
        self._course, self._root = the_course, root
        self.problems: list[str] = []

    def track(self, entry: dict[str, Any]) -> Track:
        name = str(entry.get("id", "(no id)"))
        where = f"course.toml, track {name}"
        if not all(isinstance(entry.get(key), str) and entry[key] for key in ("id", "title")):
            self.problems.append(f"{where}: it needs an id and a title")
        earlier_rows: list[Row] = []
        days = []
        for number, day in enumerate(entry.get("day", ()), 1):
            timed_day = self._day(day, f"{where}, day {number}", earlier_rows)
            if timed_day:
                days.append(timed_day)
        if not entry.get("day"):
            self.problems.append(f"{where}: it has no [[track.day]]")
        return Track(name, str(entry.get("title", "")), tuple(days))

    def _day(self, day: dict[str, Any], where: str, earlier_rows: list[Row]) -> Day | None:
        times = [_CLOCK.fullmatch(str(day.get(key, ""))) for key in ("start", "end")]
        if not all(times):
            self.problems.append(f'{where}: start and end must be times such as "09:00"')
            return None
        start, end = (int(match[1]) * 60 + int(match[2]) for match in times if match)
        now, rows = start, list[Row]()
        for number, part in enumerate(day.get("parts", ()), 1):
            try:
                row = self._row(part, now, earlier_rows)
            except (_Wrong, UnknownModule) as error:
                self.problems.append(f"{where}, part {number}: {error}")
                continue
            rows.append(row)
            earlier_rows.append(row)
            now = row.end_minutes
        if not rows:
            self.problems.append(f"{where}: it has no parts")
            return None
        self.problems += [f"{where}: {problem}" for problem in _length_problems(rows, start, end)]
        return Day(tuple(rows), end)

    def _row(self, part: dict[str, Any], now: int, earlier_rows: list[Row]) -> Row:
        do = part.get("do")
        if do not in KINDS:
            raise _Wrong(f"do is {do!r}, but must be one of {', '.join(KINDS)}")
        if odd := sorted(set(part) - KNOWN):
            raise _Wrong(f"{', '.join(odd)} is unknown. A part may have {', '.join(sorted(KNOWN))}")
        note = str(part.get("note", "")).strip()
        minutes = part.get("minutes")
        if minutes is not None and (not isinstance(minutes, int) or isinstance(minutes, bool) or minutes < 1):
            raise _Wrong(f"minutes is {minutes!r}, but must be a whole number from 1")
        if do in ("talk", "break"):
            if minutes is None or not note:
                raise _Wrong(f"a {do} needs minutes and a note")
            return Row(now, now + minutes, do, note)
        module = self._module(part, do)
        _is_prepared(module, do, earlier_rows)
        if do == "lab":
            tasks = _first_tasks(module, part.get("tasks"))
            lab_tasks = [task for task in module.tasks if task.id in tasks]
            total = sum(task.minutes for task in lab_tasks)
            if minutes is not None and minutes < total:
                raise _Wrong(f"a lab takes the minutes of its tasks or more, which is {total} here, not {minutes}")
            named = ", ".join(f"{task.id} “{task.title}”" for task in lab_tasks)
            what = f"task{'' if len(tasks) == 1 else 's'} {named}" + (f": {note}" if note else "")
            return Row(now, now + (minutes or total), do, what, module, tasks)
        if "tasks" in part:
            raise _Wrong(f"only a lab has tasks, and this part has do = {do!r}")
        if do == "slides":
            if minutes is not None:
                raise _Wrong("slides take the minutes of their notes, so name slides with only or without")
            there = noted_minutes(self._root, module)
            headings, which = _chosen_slides(module, there, part)
            total = sum(there[title] for title in headings)
            return Row(now, now + total, do, note or which, module, slides=headings)
        full = module.lesson_minutes
        if full < 1:
            raise _Wrong(f"{module.id} has no lesson")
        minutes = full if minutes is None else minutes
        if minutes > full:
            raise _Wrong(f"{do} of {module.id} takes {words.count(minutes, 'minute')}, but has only {full}")
        if minutes < full and not note:
            raise _Wrong(
                f"{do} of {module.id} takes {minutes} of {full} minutes, so say in a note what is kept or left out"
            )
        return Row(now, now + minutes, do, note or "all of it", module)

    def _module(self, part: dict[str, Any], do: str) -> Module:
        name = str(part.get("module", ""))
        if name == OVERVIEW:
            if self._course.overview is None:
                raise _Wrong("course.toml has no overview")
            if do != "slides":
                raise _Wrong(f"the overview has only slides, and this part has do = {do!r}")
            module = self._course.overview
        else:
            module = self._course.module(name)
        if not module.ready:
            raise _Wrong(f"{module.id} is planned, but it isn't ready yet")
        return module


def _chosen_slides(module: Module, there: dict[str, int], part: dict[str, Any]) -> tuple[tuple[str, ...], str]:
    """(headings, words) of the slides that are shown."""
    if not sum(there.values()):
        raise _Wrong(f"{module.id} has no slides with minutes in their notes")
    if "only" in part and "without" in part:
        raise _Wrong("give either only or without, not both")
    for word in ("only", "without"):
        named = part.get(word, [])
        if not isinstance(named, list) or (word in part and not named):
            raise _Wrong(f'{word} must be a list of headings, such as ["{next(iter(there))}"]')
        if twice := sorted({str(heading) for heading in named if named.count(heading) > 1}):
            raise _Wrong(f"{word} names {', '.join(twice)} more than once")
        if unknown := [str(heading) for heading in named if heading not in there]:
            raise _Wrong(f"{module.id} has no slide {', '.join(unknown)}. Its slides are {', '.join(there)}")
    left_out = part.get("without", [])
    headings = part.get("only") or [title for title in there if title not in left_out]
    if not headings:
        raise _Wrong(f"no slide of {module.id} is left")
    which = "all of them"
    if len(headings) < len(there):
        rule, titles = ("without", left_out) if left_out else ("only", headings)
        which = f"{rule} {', '.join(f'“{title}”' for title in titles)}"
    return tuple(headings), which


def _first_tasks(module: Module, task_ids: object) -> tuple[str, ...]:
    """The tasks of a lab that are chosen: its first ones, since later tasks build on earlier ones."""
    there = [task.id for task in module.tasks]
    if not there:
        raise _Wrong(f"{module.id} has no tasks")
    if task_ids is None:
        return tuple(there)
    if not isinstance(task_ids, list) or not task_ids:
        raise _Wrong('tasks must be a list such as ["4.1", "4.2"]')
    if unknown := [str(task_id) for task_id in task_ids if task_id not in there]:
        raise _Wrong(f"{module.id} has no task {', '.join(unknown)}. It has {', '.join(there)}")
    if task_ids != there[: len(task_ids)]:
        raise _Wrong(f"a lab's tasks build on each other, so begin with {there[0]} and leave out none in between")
    return tuple(task_ids)


def _is_prepared(module: Module, do: str, earlier_rows: list[Row]) -> None:
    """Whether what the part builds on was there before it."""
    had = {row.module.number for row in earlier_rows if row.module}
    if do == "lab" and not any(row.module == module and row.do != "lab" for row in earlier_rows):
        raise _Wrong(
            f"the lab of {module.id} comes before the rest of its module. Put slides, a demo or the lesson first"
        )
    if lacking := [number for number in module.needs if number not in had]:
        raise _Wrong(
            f"{module.id} builds on module {' and '.join(lacking)}, which does not come before it. A few of "
            "its slides are enough"
        )


def _length_problems(rows: list[Row], start: int, end: int) -> Iterator[str]:
    ends = rows[-1].end_minutes
    if end <= start:
        yield f"it ends at {clock(end)}, before it starts at {clock(start)}"
    elif ends > end:
        yield (f"the parts end at {clock(ends)}, {words.count(ends - end, 'minute')} after {clock(end)}. Cut a part")
    elif end - ends > LEFT_OVER_MINUTES:
        yield (f"the parts end at {clock(ends)}, {end - ends} minutes before {clock(end)}. Add a part, or end earlier")
    breaks = [row for row in rows if row.do == "break"]
    stops = [
        (start, start),
        *((b.start_minutes, b.end_minutes) for b in breaks if b.minutes >= BREAK_MINUTES),
        (ends, ends),
    ]
    for (_, begins), (stops_at, _) in pairwise(stops):
        if stops_at - begins > LONGEST_SITTING_MINUTES:
            yield (
                f"{stops_at - begins} minutes without a break of {BREAK_MINUTES} from {clock(begins)}, but at most "
                f"{LONGEST_SITTING_MINUTES} are allowed"
            )
    if ends - start > LUNCH_AFTER_MINUTES and not any(b.minutes >= LUNCH_MINUTES for b in breaks):
        yield f"a day of more than {LUNCH_AFTER_MINUTES // 60} hours needs a break of {LUNCH_MINUTES} minutes to eat"
    if rows[-1].do == "break" or rows[0].do == "break":
        yield "it begins or ends with a break"
