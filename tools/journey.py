"""Goes through a lesson and a lab in JupyterLab as a learner does, by the keyboard, in headless Chromium.

The browser tests check the page at each step, and tools/tour.py takes pictures of the same steps.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from serverless_first import course
from serverless_first.bench.lab_page import OpenLab
from serverless_first.course.layout import copy_path
from serverless_first.course.look import FIGURE
from serverless_first.lab.texts import solution_cells

#: Called after a step with its name and the cell to look at.
Look = Callable[[str, Any], None]
#: Returns an explorer's text once it has changed, or "" after five seconds. It compares and reads in one step.
_OTHER_WORDS = """async ([cell, before]) => {
    for (let look = 0; look < 50; look++) {
        const words = cell.querySelector('[role="status"]').textContent;
        if (words !== before) return words;
        await new Promise((done) => setTimeout(done, 100));
    }
    return "";
}"""


@dataclass(frozen=True)
class Seen:
    """Texts on the page of a lesson.

    Attributes:
        picked: the text below a prediction after a pick.
        before, after: the explorer's result as text, before and after a move of its slider.
        explained: the text below the first question of the quiz after an answer.
    """

    picked: str
    before: str
    after: str
    explained: str


@dataclass(frozen=True)
class Tried:
    """Texts on the page of a lab.

    Attributes:
        untouched: the check's output before anything is written.
        wrong: the check's output after a wrong answer.
        hints: the outputs of three calls of `lab.hint`.
        right: the check's output after a right answer.
        progress: the output of `lab.progress()` at the end.
    """

    untouched: str
    wrong: str
    hints: tuple[str, str, str]
    right: str
    progress: str


def through_lesson(lab: OpenLab, look: Look) -> Seen:
    """Runs a lesson, then answers its first prediction, moves its explorer and answers its quiz.

    A lesson without an explorer gets a cell with one.

    Args:
        lab: JupyterLab with the lesson open.
        look: called after each step.
    """
    lab.run_all()
    look("lesson", lab.cell(0))

    prediction = lab.prediction()
    _press(prediction.locator('.widget-radio input[type="radio"]').first, "Space")
    picked = _text(prediction.get_by_text("Your pick:").last)
    look("prediction", prediction)
    _press(prediction.get_by_role("button", name="Open the experiment"), "Enter")
    lab.open_folds()

    if lab.page.locator(f".jp-CodeCell .{FIGURE}").count():  # the code may be folded
        explorer = lab.cell_with(f".{FIGURE}")
    else:
        quiz = lab.number_of("lab.quiz()")
        explorer = lab.add_cell(quiz, "from serverless_first import explore\n\nexplore.CostExplorer()")
    before, after = move_slider(lab, explorer)
    look("explorer", explorer)

    quiz = lab.cell(lab.number_of("lab.quiz()"))
    _press(quiz.locator('.Quiz input[type="radio"]').first, "Space")
    explained = _text(
        quiz.locator(".Feedback")
        .filter(has_text="\u2713")
        .or_(quiz.locator(".Feedback").filter(has_text="\u2717"))
        .first
    )
    look("quiz", quiz)
    return Seen(picked, before, after, explained)


def move_slider(lab: OpenLab, cell: Any) -> tuple[str, str]:
    """Moves an explorer's first slider by a step with an arrow key. Returns the result's text before and after."""
    cell.locator("img").first.wait_for(timeout=20_000)
    before = _text(cell.locator('[role="status"]').first)
    handle = cell.locator('[role="slider"]').first
    # A slider at its end moves in only one direction, and a busy machine sometimes loses a key press.
    for key in ("ArrowRight", "ArrowLeft", "ArrowRight", "ArrowLeft"):
        handle.press(key)
        if after := lab.page.evaluate(_OTHER_WORDS, [cell.element_handle(), before]):
            return before, str(after)
    return before, before


def through_lab(lab: OpenLab, module_id: str, spoil: Callable[[str], str], look: Look) -> Tried:
    """Checks a lab's first task without an answer, with a wrong answer and, after three hints, with the right answer.

    Args:
        lab: JupyterLab with the lab open and none of its cells run.
        module_id: the lab's module.
        spoil: turns the source of a solution cell into a wrong answer.
        look: called after each step.
    """
    module = course.load().module(module_id)
    task = module.tasks[0].id
    cells = json.loads((lab.work / copy_path(module_id, "lab")).read_text(encoding="utf-8"))["cells"]
    tags = [cell["metadata"].get("tags", []) for cell in cells]
    answers = [number for number, tagged in enumerate(tags) if f"task-{task}" in tagged]
    check = next(number for number, tagged in enumerate(tags) if f"check-{task}" in tagged)
    solution = dict(zip(answers, solution_cells(module, task), strict=True))

    lab.wait_for_kernel()
    lab.cell(len(cells) - 1).wait_for(state="attached")
    for number in range(check + 1):
        lab.run_cell(number)
    untouched = _output(lab.cell(check))
    look("not-started", lab.cell(check))

    def answer(sources: dict[int, str]) -> str:
        for number in range(answers[0], check + 1):
            lab.run_cell(number, sources.get(number))
        return _output(lab.cell(check))

    wrong = answer({number: spoil(source) for number, source in solution.items()})
    look("wrong", lab.cell(check))

    hints = [_output(lab.add_cell(check + n, f'lab.hint("{task}")')) for n in range(3)]
    look("hints", lab.cell(check + 1))

    right = answer(solution)
    look("passed", lab.cell(check))

    progress = lab.add_cell(check + 3, "lab.progress()")
    look("progress", progress)
    return Tried(untouched, wrong, (hints[0], hints[1], hints[2]), right, _output(progress))


def _press(part: Any, key: str) -> None:
    part.scroll_into_view_if_needed()
    part.focus()
    part.press(key)


def _text(part: Any) -> str:
    part.wait_for(timeout=20_000)
    return str(part.text_content())


def _output(cell: Any) -> str:
    return _text(cell.locator(".jp-OutputArea").first)
