"""The lab kit in JupyterLab: a failed check is one panel without an alarm below it; keys in predictions and quizzes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from serverless_first.bench.lab_page import opened_lab
from serverless_first.course.chromium import find_chromium

pytestmark = [
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine"),
    pytest.mark.skipif(not pytest.importorskip("playwright"), reason="Playwright is not installed"),
]
START = "from serverless_first.lab import Lab\n\nlab = Lab('00-start-here')"


def visible_outputs(cell: Any) -> list[str]:
    """The outputs of a cell that can be seen, as text."""
    return [output.inner_text() for output in cell.locator(".jp-OutputArea-child").all() if output.is_visible()]


def test_a_failed_check_shows_its_panel_and_still_raises() -> None:
    with opened_lab("x.ipynb", cells=[START, 'lab.check("0.1")', "print('on')\n1 / 0"]) as lab:
        for number in range(3):
            lab.run_cell(number)
        (panel,) = visible_outputs(lab.cell(1))
        assert panel.startswith("0.1 not judged: The local cloud is not running.")
        assert (
            lab.cell(1).locator(".jp-OutputArea-child").count() == 2
        )  # the error is there for programs that run notebooks

        # Errors of other cells are as visible as ever.
        printed, error = visible_outputs(lab.cell(2))
        assert printed.strip() == "on"
        assert "ZeroDivisionError" in error

        with lab.page.expect_response(lambda response: response.request.method == "PUT"):
            lab.page.keyboard.press("ControlOrMeta+s")
        stored = json.loads((lab.work / "x.ipynb").read_text(encoding="utf-8"))["cells"][1]["outputs"]
        assert [output["output_type"] for output in stored] == ["display_data", "error"]


def focus_of(page: Any) -> tuple[str, int]:
    """The text beside the answer that has the keyboard, and the number of its cell."""
    text, cell = page.evaluate(
        """() => {
            const label = document.activeElement.closest('label');
            const cell = document.activeElement.closest('.jp-Cell');
            return [label ? label.textContent.trim() : '', [...document.querySelectorAll('.jp-Cell')].indexOf(cell)];
        }"""
    )
    return text, cell


def test_the_arrow_keys_go_from_one_answer_of_a_prediction_to_the_next() -> None:
    cells = [START, "lab.predict('key', 'Which one?', ['alpha', 'beta', 'gamma'])", "lab.quiz()", "print('on')"]
    with opened_lab("x.ipynb", cells=cells) as lab:
        for number in range(3):
            lab.run_cell(number)
        keyboard, prediction = lab.page.keyboard, lab.cell(1)
        prediction.locator('input[type="radio"]').first.focus()
        keyboard.press("Space")
        prediction.get_by_text("Your pick: alpha").wait_for(timeout=20_000)
        for key, choice in [
            ("ArrowDown", "beta"),
            ("ArrowRight", "gamma"),
            ("ArrowUp", "beta"),
            ("ArrowLeft", "alpha"),
        ]:
            keyboard.press(key)
            assert focus_of(lab.page) == (choice, 1)
            prediction.get_by_text(f"Your pick: {choice}").wait_for(timeout=20_000)
        kept = json.loads((lab.work / "progress.json").read_text(encoding="utf-8"))
        assert kept["modules"]["00-start-here"]["predictions"]["key"]["pick"] == "alpha"

        # The quiz, whose answers are radio buttons as well.
        lab.cell(2).locator('.Quiz input[type="radio"]').first.focus()
        first = focus_of(lab.page)
        keyboard.press("ArrowDown")
        assert focus_of(lab.page)[1] == 2
        assert focus_of(lab.page) != first

        # Elsewhere the arrow keys are the notebook's, and so are the other keys in a prediction.
        prediction.locator('input[type="radio"]').first.focus()
        keyboard.press("Shift+Enter")
        lab.page.wait_for_function("() => document.querySelectorAll('.jp-Cell')[2].classList.contains('jp-mod-active')")
        keyboard.press("ArrowDown")
        lab.page.wait_for_function("() => document.querySelectorAll('.jp-Cell')[3].classList.contains('jp-mod-active')")
