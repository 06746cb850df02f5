"""Turns a module's MyST Markdown into notebooks that are not executed yet.

Authors only mark cells with tags. This file adds folds, citations, ids, and the metadata for nbgrader and nbconvert.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jupytext

from serverless_first.authoring import collapsed, deck, experiments, minutes, nbio, requirements, visible
from serverless_first.authoring.problems import BuildFailed
from serverless_first.course import Module, dollars
from serverless_first.facts import Facts
from serverless_first.facts.cite import CitationError, Marks, Note, Notes, PageNotes, cited_in_code, render

_FOLDERS = {"lesson": "notebooks", "lab": "solutions", "slides": "slides"}
_TASK_TAG = re.compile(r"(task|check)-(\d+\.\d+)")
_SOURCES_HEADING = re.compile(r"^#{1,3}[ \t]+Sources[ \t]*$", re.MULTILINE)
_NO_ALT = re.compile(r"!\[\s*\]\(|<img\b(?![^>]*\balt=[\"'][^\"'])")
_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    # Without a version, so that every supported Python builds the same notebook.
    "language_info": {
        "codemirror_mode": {"name": "ipython", "version": 3},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
    },
}


@dataclass(frozen=True)
class Page:
    """One notebook that was generated from the sources. `kind` is "lesson", "lab" or "slides".

    `source` and `target` are relative to the checkout, such as "modules/00-start-here/lab.md" and
    "solutions/00-start-here.ipynb".
    """

    module: Module
    kind: str
    source: str
    target: str
    notebook: Any

    @property
    def has_code(self) -> bool:
        """Whether there is anything to execute."""
        return any(cell.cell_type == "code" for cell in self.notebook.cells)


def pages(module: Module, root: Path, facts: Facts, cited: set[str]) -> list[Page]:
    """The module's lesson, lab with solution, and slides, as far as course.toml lists them.

    Args:
        module: a module that has a folder in modules/.
        root: the checkout.
        facts: the facts that citations use.
        cited: gets the ids of all facts that the module cites.

    Raises:
        BuildFailed: with a line for each place in the sources that breaks a rule.
    """
    expected = {
        "lesson": module.lesson_minutes > 0,
        "lab": module.lab_minutes > 0,
        "slides": bool(module.deck_slides),
    }
    module_pages: list[Page] = []
    problems: list[str] = []
    for kind, folder in _FOLDERS.items():
        source = f"modules/{module.id}/{kind}.md"
        path = root / source
        if path.is_file():
            try:
                notebook = _read(path, source, module, kind, facts, cited)
            except BuildFailed as error:
                problems += error.problems
            else:
                module_pages.append(Page(module, kind, source, f"{folder}/{module.id}.ipynb", notebook))
        elif expected[kind]:
            problems.append(f"{source} is missing: course.toml says that {module.id} has it")
    if problems:
        raise BuildFailed(problems)
    return module_pages


def place(source: str, number: int, cell: Any) -> str:
    """The name of a cell in messages: its file, its number among all cells from 1, and its first line."""
    first = next((line.strip() for line in cell.source.splitlines() if line.strip()), "")
    return f"{source}, cell {number} ({first[:57] + '...' if len(first) > 60 else first})"


def _read(path: Path, source: str, module: Module, kind: str, facts: Facts, cited: set[str]) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
        cells = jupytext.reads(requirements.without_names(text), fmt="md:myst").cells
    except UnicodeDecodeError:
        raise BuildFailed([f"{source} is not UTF-8: save it as UTF-8"]) from None
    except Exception as error:
        # jupytext doesn't define its own exceptions, so a mistake in the YAML may raise any exception.
        raise BuildFailed([f"{source} cannot be read as MyST Markdown: {' '.join(str(error).split())}"]) from None
    written = {id(cell): number for number, cell in enumerate(cells, 1)}  # numbers as the author counts
    cells, faults = collapsed.split(cells, kind)
    problems = [f"{place(source, written[id(cell)], cell)}: {fault}" for cell, fault in faults]
    marks = _marks(cells)
    page_notes = PageNotes(f"{kind}-{module.number}")
    notes: Sequence[Notes] = marks if kind == "slides" else [page_notes] * len(cells)
    problems += _render_cells(cells, notes, source, module, facts, cited)
    minutes.of_sections(cells)
    if kind == "lab":
        problems += _mark_tasks(cells, source, module)
    else:
        problems += [
            f"{place(source, number, cell)}: tags task-N.N and check-N.N belong into lab.md"
            for number, cell in enumerate(cells, 1)
            if _task_tags(cell)
        ]
    if kind == "lesson" and not problems:
        problems += [f"{place(source, n, cells[n - 1])}: {fault}" for n, fault in visible.hidden_calls(cells)]
    if kind == "slides":
        problems += _mark_slides(cells, source, module)
        deck_slides = deck.slides(cells)
        problems += deck.notes_problems(deck_slides, source) + deck.minutes_problems(
            deck_slides, source, module.slides_minutes
        )
        cells = _with_sources(cells, marks)
    else:
        cells += _sources_section(cells, page_notes, facts)
    if problems:
        raise BuildFailed(problems)
    if kind == "lesson":
        cells = experiments.folded(cells)
    _give_ids(cells)
    live = {"rise": deck.RISE} if kind == "slides" else {}
    return nbio.new(cells, {**_METADATA, **live, "title": module.title})


def _render_cells(
    cells: list[Any], notes: Sequence[Notes], source: str, module: Module, facts: Facts, cited: set[str]
) -> list[str]:
    """Replaces the citations of minutes and facts in the Markdown cells. Returns the problems of the cells."""
    problems: list[str] = []
    for number, (cell, cell_notes) in enumerate(zip(cells, notes, strict=True), 1):
        where = place(source, number, cell)
        if cell.cell_type == "markdown":
            if _SOURCES_HEADING.search(cell.source):
                problems.append(f"{where}: the build writes the Sources section: cite with {{fact}} or {{source}}")
            try:
                timed = minutes.in_text(cell.source, module)
                cell.source = dollars.in_markdown(render(timed, facts, cell_notes, cited))
            except (CitationError, minutes.UnknownMinutes) as error:
                problems.append(f"{where}: {error}")
            if _NO_ALT.search(cell.source):
                problems.append(f"{where}: a picture has no alt text: write ![what it shows](file)")
        elif cell.cell_type == "code":
            cited.update(cited_in_code(cell.source))
            if not cell.source.strip():
                problems.append(f"{where}: the code cell is empty: fill it or remove it")
    return problems


def _sources_section(cells: list[Any], notes: PageNotes, facts: Facts) -> list[Any]:
    """The last cell of a lesson or lab, with its footnotes and the facts that its code reads, if any."""
    read = [name for cell in cells if cell.cell_type == "code" for name in cited_in_code(cell.source) if name in facts]
    section = notes.section(Note.of(facts[name], facts[name].now) for name in read)
    return [nbio.markdown(dollars.in_markdown(section), {"tags": [deck.SOURCES_TAG]})] if section else []


def _tags(cell: Any) -> list[str]:
    return list(cell.metadata.get("tags", []))


def _task_tags(cell: Any) -> list[tuple[str, str]]:
    return [(m[1], m[2]) for tag in _tags(cell) if (m := _TASK_TAG.fullmatch(tag))]


def _mark_tasks(cells: list[Any], source: str, module: Module) -> list[str]:
    """Adds nbgrader's metadata to task and check cells. Returns the problems of these cells."""
    problems: list[str] = []
    counts: Counter[tuple[str, str]] = Counter()
    known = [task.id for task in module.tasks]
    for number, cell in enumerate(cells, 1):
        where = place(source, number, cell)
        marks = _task_tags(cell)
        has_solution = "BEGIN SOLUTION" in cell.source
        if len(marks) > 1:
            problems.append(f"{where}: one cell belongs to one task: keep one of {', '.join(_tags(cell))}")
        if not marks:
            if has_solution:
                problems.append(f"{where}: BEGIN SOLUTION in a cell without a tag task-N.N: add the tag")
            continue
        role, task = marks[0]
        if task not in known:
            problems.append(f"{where}: course.toml has no task {task}; it has {', '.join(known) or 'none'}")
        if cell.cell_type != "code":
            problems.append(f"{where}: only a code cell can be a {role} cell")
        if role == "task" and (not has_solution or "END SOLUTION" not in cell.source):
            problems.append(f"{where}: a task cell needs ### BEGIN SOLUTION and ### END SOLUTION")
        if role == "check" and not re.search(rf"\.check\(\s*[\"']{re.escape(task)}[\"']", cell.source):
            problems.append(f'{where}: the cell tagged check-{task} does not call lab.check("{task}")')
        counts[role, task] += 1
        cell.metadata["nbgrader"] = _nbgrader(role, task, counts[role, task])
    for task in known:
        for role in ("task", "check"):
            if not counts[role, task]:
                problems.append(f"{source}: no cell is tagged {role}-{task}, and course.toml has the task {task}")
    return problems


def _nbgrader(role: str, task: str, nth: int) -> dict[str, object]:
    grade_id = f"{role}-{task.replace('.', '-')}" + (f"-{nth}" if nth > 1 else "")
    is_check = role == "check"
    metadata: dict[str, object] = {
        "grade": is_check,
        "grade_id": grade_id,
        "locked": is_check,
        "schema_version": 3,
        "solution": not is_check,
        "task": False,
    }
    if is_check:
        metadata["points"] = 1
    return metadata


def _marks(cells: list[Any]) -> list[Marks]:
    """For each cell of a deck, the object that collects its sources: one for a slide's cells, and one for its notes."""
    marks: list[Marks] = []
    slide_marks, note_marks = Marks(), Marks()
    for cell in cells:
        kind = deck.slide_type(cell)
        if kind in ("slide", "subslide"):
            slide_marks, note_marks = Marks(), Marks()
        marks.append(note_marks if kind == "notes" else slide_marks)
    return marks


def _with_sources(cells: list[Any], marks: Sequence[Marks]) -> list[Any]:
    """The cells with the sources below each slide and each slide's notes, and with the notes' labels in bold."""
    new_cells: list[Any] = []
    written: set[int] = set()

    def foot(slide_marks: Marks | None) -> None:
        if slide_marks and slide_marks.foot() and id(slide_marks) not in written:
            written.add(id(slide_marks))
            new_cells.append(nbio.markdown(slide_marks.foot(), {"tags": [deck.SOURCES_TAG]}))

    before: Marks | None = None
    for cell, cell_marks in zip(cells, marks, strict=True):
        if cell_marks is not before:
            foot(before)
        before = cell_marks
        new_cells.append(cell)
        if deck.slide_type(cell) == "notes":
            cell.source = deck.with_bold_parts(cell.source)
            if cell_marks and cell_marks.foot():
                cell.source += f"\n\n{cell_marks.foot()}"
                written.add(id(cell_marks))
        elif "remove-input" in _tags(cell):
            cell.metadata["jupyter"] = {"source_hidden": True}  # this also hides it in JupyterLab
    foot(before)
    return new_cells


def _mark_slides(cells: list[Any], source: str, module: Module) -> list[str]:
    """Turns tags such as "notes" into nbconvert's slide types, and checks which slides of the deck are covered."""
    problems: list[str] = []
    covered: set[int] = set()
    for number, cell in enumerate(cells, 1):
        for tag in _tags(cell):
            if tag in deck.SLIDE_TYPES:
                cell.metadata.setdefault("slideshow", {})["slide_type"] = tag
        kind = cell.metadata.get("slideshow", {}).get("slide_type", "-")
        if kind not in (*deck.SLIDE_TYPES, "-", ""):
            problems.append(f"{place(source, number, cell)}: no slide type {kind!r}; {', '.join(deck.SLIDE_TYPES)}")
        slides = cell.metadata.get("deck_slides", [])
        if isinstance(slides, list) and all(isinstance(slide, int) for slide in slides):
            covered |= set(slides)
        else:
            problems.append(f"{place(source, number, cell)}: deck_slides is a list of numbers, as in [1, 2]")
    for text, slides in (
        ("no slide covers, as course.toml promises, the deck's slide", set(module.deck_slides) - covered),
        ("covered, but not the module's in course.toml: the deck's slide", covered - set(module.deck_slides)),
    ):
        if slides:
            problems.append(f"{source}: {text} {', '.join(map(str, sorted(slides)))} (metadata deck_slides)")
    return problems


def _give_ids(cells: list[Any]) -> None:
    """Gives each cell an id that depends on its content, so that a diff shows what an author changed."""
    counts: Counter[str] = Counter()
    for cell in cells:
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
        name = cell.metadata.get("nbgrader", {}).get("grade_id", digest)
        counts[name] += 1
        cell["id"] = name if counts[name] == 1 else f"{name}-{counts[name]}"
