"""Writes the tables of the instructor's guide from course.toml, and prints the guide from its Markdown."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from pathlib import Path

from markdown_it import MarkdownIt

from serverless_first import course
from serverless_first.authoring.cache import write_text
from serverless_first.authoring.problems import BuildFailed
from serverless_first.authoring.table import ranges
from serverless_first.course import Course, Module, timetable
from serverless_first.course.chromium import find_chromium, print_pdf
from serverless_first.course.places import course_root
from serverless_first.course.timetable import Track, clock

GUIDE = "docs/instructor-guide.md"
_MARK = re.compile(r"<!-- (?P<kind>track|module): (?P<name>[\w-]+) -->\n(?:.*?)<!-- /(?P=kind) -->", re.DOTALL)
_ANY_MARK = re.compile(r"<!-- /?(?:track|module)\b")
_TRACK_HEADING = re.compile(r"<h3>(?=(?:(?!<h[1-3]>).)*<!-- track: )", re.DOTALL)


class GuideError(BuildFailed):
    """The guide lacks a place for a table, or has a place without a table."""


def with_tables(text: str, the_course: Course, tracks: tuple[Track, ...], root: Path) -> str:
    """The guide's text with a timetable in each `<!-- track: ID -->` and the minutes in each `<!-- module: NN -->`.

    Raises:
        GuideError: a track or a ready module doesn't have exactly one place, a place has no table, or a mark no end.
    """
    tables = {("track", track.id): timetable_of(track) for track in tracks}
    needed = [*tables, *(("module", module.number) for module in the_course.ready_modules)]
    tables |= {
        ("module", m.number): minutes_of(m, sum(timetable.noted_minutes(root, m).values())) for m in the_course.modules
    }
    places = [(mark["kind"], mark["name"]) for mark in _MARK.finditer(text)]
    if len(_ANY_MARK.findall(text)) != 2 * len(places):
        raise GuideError([f"{GUIDE}: a mark <!-- track: ... --> or <!-- module: ... --> has no end <!-- /track -->"])
    for kind, name in (*needed, *places):
        if (kind, name) not in tables:
            raise GuideError([f"{GUIDE}: <!-- {kind}: {name} --> is neither a track nor a module of course.toml"])
        if places.count((kind, name)) != 1:
            raise GuideError([f"{GUIDE} needs one place <!-- {kind}: {name} --> ... <!-- /{kind} -->"])

    def filled(mark: re.Match[str]) -> str:
        table = tables[mark["kind"], mark["name"]]
        return f"<!-- {mark['kind']}: {mark['name']} -->\n{table}\n<!-- /{mark['kind']} -->"

    return _MARK.sub(filled, text)


def timetable_of(track: Track) -> str:
    """The timetable of a track in Markdown, with a table for each day and a sentence about its minutes."""
    lines: list[str] = []
    for number, day in enumerate(track.days, 1):
        if len(track.days) > 1:
            lines += [f"**Day {number}**", ""]
        lines += ["| Time | Min. | What | |", "|---|---:|---|---|"]
        for row in day.rows:
            name = "overview" if row.module and not row.module.id[:2].isdecimal() else row.module and row.module.number
            what = f"{row.do} {name}" if name else row.do
            title = f"*{row.module.title}*: {row.what}" if row.module and name != "overview" else row.what
            times, title = f"{clock(row.start_minutes)}–{clock(row.end_minutes)}", title.replace("|", "\\|")
            lines.append(f"| {times} | {row.minutes} | {what} | {title} |")
        lines += [
            f"| {clock(day.rows[-1].end_minutes)}–{clock(day.end_minutes)} | {day.reserve_minutes} | reserve | |",
            "",
        ]
    listening, hands_on = track.minutes("talk", "slides", "demo"), track.minutes("lesson", "lab")
    lines.append(
        f"Hands-on work takes {hands_on} minutes, and slides, demos and talk take {listening}. So "
        f"{hands_on / (hands_on + listening):.0%} of these {hands_on + listening} minutes are hands-on. "
        f"Breaks take another {track.minutes('break')}."
    )
    return "\n".join(lines)


def minutes_of(module: Module, slides: int) -> str:
    """A table of a module's minutes, from its slides' notes and course.toml, and a line about the deck's slides."""
    columns = [
        ("Slides", slides),
        ("Lesson", module.lesson_minutes),
        ("Going further", module.further_minutes),
        ("Lab", module.lab_minutes),
        *((task.id, task.minutes) for task in module.tasks),
    ]
    there = [("", "Minutes"), *((name, str(minutes)) for name, minutes in columns if minutes)]
    names, values = (" | ".join(row) for row in zip(*there, strict=True))
    lines = [f"| {names} |", f"|---|{'---:|' * (len(there) - 1)}", f"| {values} |"]
    notes = []
    if module.deck_slides:
        notes.append(f"Covers slide{'s' * (len(module.deck_slides) > 1)} {ranges(module.deck_slides)} of the deck.")
    if not module.ready:
        notes.append("Planned, not ready yet.")
    return "\n".join([*lines, *([""] * bool(notes)), *([" ".join(notes)] * bool(notes))])


def print_guide(*, pdf: bool = True, report: Callable[[str], None] = print) -> list[Path]:
    """Writes slides/export/instructor-guide.html, and with Chromium also the PDF. Both files need no other files.

    Args:
        pdf: whether to print the PDF. Without Chromium, it is left out, and `report` gets a note.
        report: gets one line for each file and note.

    Raises:
        BuildFailed: there is no guide, its tables differ from course.toml, or the browser couldn't print.
    """
    root = course_root()
    try:
        text = (root / GUIDE).read_text(encoding="utf-8")
        if with_tables(text, course.load(root), timetable.load(root), root) != text:
            raise BuildFailed([f'{GUIDE}: its tables differ from course.toml: run "make build"'])
    except FileNotFoundError:
        raise BuildFailed([f"{GUIDE} is missing"]) from None
    except timetable.BadTimetable as error:
        raise BuildFailed(error.problems) from None
    page = root / "slides" / "export" / "instructor-guide.html"
    write_text(page, as_html(text))
    files = [page]
    chromium = find_chromium() if pdf else None
    if chromium:
        try:
            print_pdf(chromium, page, page.with_suffix(".pdf"))
        except RuntimeError as error:
            raise BuildFailed([str(error)]) from None
        files.append(page.with_suffix(".pdf"))
    elif pdf:
        report("note: no PDF, because neither Chromium nor Chrome was found; install one, or print the HTML file")
    for file in files:
        report(f"exported   {file.relative_to(root).as_posix()}")
    return files


def as_html(markdown: str) -> str:
    """The guide as one HTML page that needs no other files; links to the course's files become plain text."""
    body = str(MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown))
    body = re.sub(r'<a href="(?!https?:|#)[^"]*">(.*?)</a>', r"\1", body, flags=re.DOTALL)
    body = body.replace("<li>[ ] ", '<li class="box">')
    body = _TRACK_HEADING.sub('<h3 class="track">', body)
    title = re.search(r"<h1>(.*?)</h1>", body, re.DOTALL)
    name = html.escape(html.unescape(re.sub(r"<[^>]+>", "", title[1]))) if title else "Guide"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{name}</title>\n'
        f"<style>{_STYLE}</style></head>\n<body>\n{body}</body></html>\n"
    )


_STYLE = """
body { font: 11pt/1.45 system-ui, "Segoe UI", "Noto Sans", sans-serif; color: #1a1a1a; max-width: 46rem;
  margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 20pt } h2 { font-size: 15pt; border-bottom: 2px solid #005a9c; margin-top: 2em } h3 { font-size: 12pt }
h1, h2, h3, h4 { line-height: 1.2; break-after: avoid } h3.track { break-before: page }
table { border-collapse: collapse; width: 100%; font-size: 10pt } thead { display: table-header-group }
th, td { border-bottom: 1px solid #bbb; text-align: left; padding: .2em .6em .2em 0; vertical-align: top }
tr { break-inside: avoid } h3 + p, p:has(> strong:only-child) { break-after: avoid } li.box { list-style: "☐  " }
table:has(th:nth-child(4)) td:not(:last-child) { white-space: nowrap }
table:not(:has(th:nth-child(4))) th { width: 30% } table:not(:has(th:nth-child(4))) th:nth-child(3) { width: 40% }
table + p + table th:first-child { width: 12% }
code { font-size: .92em; background: #f2f2f5; padding: 0 .15em }
pre { background: #f2f2f5; padding: .6em; white-space: pre-wrap } li { margin: .15em 0 }
blockquote { border-left: 4px solid #005a9c; margin-left: 0; padding-left: 1em }
@page { size: A4; margin: 16mm }
@media print { body { max-width: none; margin: 0; padding: 0 } a { color: inherit } }
"""
