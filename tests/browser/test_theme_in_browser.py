"""Figures, quizzes and panels in JupyterLab's light and dark theme. Left out where there is no Chromium."""

from __future__ import annotations

import io
import re
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.unit.color_sight import contrast

from serverless_first.bench.lab_page import OpenLab, opened_lab
from serverless_first.course import look
from serverless_first.course.chromium import find_chromium

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine"),
    pytest.mark.skipif(not pytest.importorskip("playwright"), reason="Playwright is not installed"),
]
CELLS = [
    """from serverless_first import explore, figures
figures.show(figures.table({"cold": {"Init": "24 ms"}}, title="A cold call has an Init"), alt="a table of one row")""",
    "from serverless_first.lab import Lab\nLab('00-start-here').quiz()",
    """from serverless_first.lab.failures import CheckFailed
from serverless_first.lab.show import show
show("failed", html=CheckFailed("The total is wrong.", look_at="the handler", task_id="0.1").html())""",
    "%matplotlib inline\nimport matplotlib.pyplot as plt\n_ = plt.plot([1, 2])",
    "explore.PoolExplorer()",
]


def ground(image: Any) -> tuple[int, int, int]:
    """The color that a reader sees in the corner of a picture."""
    image.scroll_into_view_if_needed()
    with Image.open(io.BytesIO(image.screenshot())) as seen:
        red, green, blue = np.asarray(seen.convert("RGB"))[4, 4].tolist()
    return red, green, blue


def ratio(element: Any, on: Any) -> float:
    """The contrast of an element's text with another element's ground."""
    css = "(element, name) => getComputedStyle(element)[name]"
    colors = (element.evaluate(css, "color"), on.evaluate(css, "backgroundColor"))
    return contrast(*("#" + "".join(f"{int(part):02x}" for part in re.findall(r"\d+", one)[:3]) for one in colors))


def choose_dark(lab: OpenLab) -> None:
    """Chooses the theme in the menu, as a learner does."""
    lab.page.locator(".lm-MenuBar-item").get_by_text("Settings", exact=True).click()
    lab.page.locator(".lm-Menu-item").get_by_text("Theme", exact=True).first.hover()
    lab.page.locator(".lm-Menu-item").get_by_text("JupyterLab Dark", exact=True).click()
    lab.page.wait_for_function("document.body.dataset.jpThemeLight === 'false'")


def test_figures_quizzes_and_panels_follow_the_theme() -> None:
    with opened_lab("theme.ipynb", cells=CELLS) as lab:
        lab.run_all()
        figure, own, explorer = (lab.cell(number).locator(".jp-OutputArea img").last for number in (0, 3, 4))
        quiz, panel = lab.cell(1).locator(".Quiz").first, lab.cell(2).locator(".check-panel")
        paper, choice = quiz.locator("xpath=.."), quiz.locator(".MCButton").first
        bar = "element => getComputedStyle(element).borderLeftColor"

        assert [ground(image) for image in (figure, explorer)] == [(255, 255, 255)] * 2
        light_bar = panel.evaluate(bar)
        before = ground(own)

        choose_dark(lab)
        assert max(*ground(figure), *ground(explorer)) < 20
        assert ground(own) == before  # a learner's own picture stays as it is
        assert panel.evaluate(bar) != light_bar
        assert paper.evaluate("element => getComputedStyle(element).backgroundColor") == "rgb(18, 18, 18)"
        assert look.COLORS["paper"].dark == "#121212"
        assert ratio(choice, choice) >= 4.5

        choice.click()
        said = quiz.locator(".Feedback")
        lab.page.wait_for_timeout(1_000)  # the answer's color fades in
        assert ratio(said, said) >= 4.5
        assert ratio(choice, choice) >= 4.5
        assert lab.asked_elsewhere == []
