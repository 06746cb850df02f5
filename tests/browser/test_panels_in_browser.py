"""Panels with buttons and folded experiments in JupyterLab, by the keyboard and after a kernel restart."""

from __future__ import annotations

import json
from typing import Any

import nbformat
import pytest

from serverless_first.authoring import experiments
from serverless_first.bench.lab_page import opened_lab
from serverless_first.course.chromium import find_chromium

pytestmark = [
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine"),
    pytest.mark.skipif(not pytest.importorskip("playwright"), reason="Playwright is not installed"),
    pytest.mark.thorough,
]
START = "from serverless_first.lab import Lab\n\nlab = Lab('00-start-here')"
PREDICTS = "lab.predict('key', 'How many?', {'none': 0, 'a few': range(1, 9), 'more': ...})"
new: Any = nbformat.v4


def restart(lab: Any) -> None:
    lab.menu("Kernel", "Restart Kernel…")
    lab.page.locator(".jp-Dialog .jp-mod-accept").click()
    lab.page.locator(".jp-Dialog").wait_for(state="hidden")
    idle = lab.page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]')
    idle.first.wait_for(state="attached", timeout=60_000)


def test_an_experiment_stays_folded_until_the_learner_chooses_or_skips() -> None:
    cells = [
        new.new_code_cell(START),
        new.new_markdown_cell("## Noon"),
        new.new_code_cell(PREDICTS),
        new.new_code_cell("lab.predicted('key', 5)"),
        new.new_markdown_cell("It was five.\n\n## Later"),
    ]
    with opened_lab("x.ipynb", cells=experiments.folded(cells)) as lab:
        lab.run_all()  # not even this shows what happened
        question, experiment, told = lab.cell(2), lab.cell(4), lab.cell(5)
        assert not experiment.is_visible()
        assert not told.is_visible()
        assert lab.cell(6).get_by_role("heading", name="Later").is_visible()

        opens = question.get_by_role("button", name="Open the experiment")
        assert opens.is_disabled()
        question.locator('input[type="radio"]').nth(1).focus()
        lab.page.keyboard.press("Space")
        question.get_by_text("Your pick: a few").wait_for(timeout=20_000)
        assert not experiment.is_visible()
        opens.focus()
        lab.page.keyboard.press("Enter")
        experiment.wait_for(state="visible")
        assert told.is_visible()
        # The experiment is selected: Shift+Enter runs it.
        lab.page.wait_for_function("() => document.querySelectorAll('.jp-Cell')[4].classList.contains('jp-mod-active')")
        lab.page.keyboard.press("Shift+Enter")
        experiment.get_by_text("As you predicted.").wait_for(timeout=20_000)


def test_the_buttons_of_a_panel_work_by_keyboard_and_after_a_kernel_restart() -> None:
    cells = [START, 'lab.check("0.1")', new.new_markdown_cell("## Task 0.2")]
    with opened_lab("x.ipynb", cells=cells) as lab:
        for number in range(2):
            lab.run_cell(number)
        cell = lab.cell(1)
        again = cell.get_by_role("button", name="Check again")
        again.wait_for()
        panel = cell.locator(".lab-panel")
        assert panel.get_by_role("button").all_inner_texts() == ["Check again"]  # not judged: a hint would not help
        restart(lab)
        again.focus()
        lab.page.keyboard.press("Enter")
        lab.page.wait_for_function("() => document.activeElement.matches('.lab-panel')", timeout=60_000)
        assert lab.page.evaluate("document.activeElement.ariaLabel") == "0.1 not judged"

        # A panel that offers help.
        lab.run_cell(0)
        show = "from serverless_first.course import Task\nfrom serverless_first.lab import NotStarted, panel\n"
        show += "from IPython.display import HTML\n"
        show += "f = NotStarted('Nothing is there yet.', task_id='0.1')\nm = lab._module\n"
        show += "HTML(panel.failed(m, m.tasks[0], f, panel.Next('', Task('0.2', 'Ship it', 1))))"
        shown = lab.add_cell(1, show)
        assert not shown.get_by_text('lab.hint("0.1")').is_visible()
        restart(lab)
        answer = shown.locator(".lab-answer")
        for number in (1, 2, 3):
            shown.get_by_role("button", name="Hint").focus()
            lab.page.keyboard.press("Enter")
            answer.get_by_text(f"0.1, hint {number} of 3").wait_for(timeout=60_000)
        shown.get_by_role("button", name="Solution").first.click()
        answer.get_by_role("button", name="Show the solution").click()
        answer.get_by_text("One solution of 0.1").wait_for(timeout=60_000)
        kept = json.loads((lab.work / "progress.json").read_text(encoding="utf-8"))
        assert kept["modules"]["00-start-here"]["tasks"]["0.1"]["hints"] == 3
        shown.get_by_role("button", name="Next task").click()
        lab.page.wait_for_function("() => document.querySelectorAll('.jp-Cell')[3].classList.contains('jp-mod-active')")


def test_the_main_button_of_a_pass_opens_the_next_notebook() -> None:
    passed = """from serverless_first import course
from serverless_first.lab import panel, progress
from IPython.display import HTML
file = progress.ProgressFile()
file.update(progress.judged("00-start-here", "0.1", passed=True))
the_course, data = course.load(), file.read()
module = the_course.module("00")
(task,) = module.tasks
done = progress.task_progress(data, module.id, task.id)
HTML(panel.passed(module, task, done, panel.after(the_course, module, task, data)))"""
    with opened_lab("x.ipynb", cells=[passed]) as lab:
        lab.run_cell(0)
        buttons = lab.cell(0).locator(".lab-panel").get_by_role("button")
        assert buttons.all_inner_texts() == ["Next: lesson 01", "Solution", "Progress", "Check again"]
        look = "button => getComputedStyle(button).backgroundColor"
        grounds = [button.evaluate(look) for button in buttons.all()]
        assert grounds[0] not in grounds[1:]
        buttons.first.press("Enter")
        lab.page.wait_for_url("**/lab/tree/01-evolution-of-computing/01-lesson.ipynb")
