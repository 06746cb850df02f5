"""What a learner sees of a lesson in JupyterLab, in headless Chromium. Left out where there is no Chromium.

The lab: test_journey_in_browser.py.
"""

from __future__ import annotations

import json

import pytest

from serverless_first.bench.lab_page import opened_lab
from serverless_first.course.chromium import find_chromium

pytestmark = [
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine"),
    pytest.mark.skipif(not pytest.importorskip("playwright"), reason="Playwright is not installed"),
]


def test_lesson_00_runs_from_top_to_bottom_and_asks_nothing_of_the_network() -> None:
    with opened_lab("00-start-here/00-lesson.ipynb") as lab:
        lab.run_all()
        page = lab.page

        assert page.get_by_text("did it run in this notebook's own process? False").count() >= 1

        # The failing check: a panel, and the cells after it ran all the same.
        check = lab.show_cell('lab.check("0.1")')
        assert "not started" in check.text_content()
        assert "Traceback" not in check.text_content()

        # The figure is a picture, and it is told in words for those who cannot see it.
        figure = lab.cell_with(".figure-in-words")  # its code is folded
        figure.locator("img").first.wait_for(timeout=10_000)
        assert "frozen" in (figure.locator("details").first.text_content() or "")

        # What happened is folded, although all cells have run. A prediction is kept as soon as it is picked.
        happened = page.locator(".jp-Cell").filter(has_text="You predicted").or_(page.get_by_text("What happened:"))
        assert not any(found.is_visible() for found in happened.all())
        question = lab.prediction()
        question.get_by_text("the same process, and lamps_wrapped keeps counting", exact=True).last.click()
        question.get_by_text("Your pick: the same process, and lamps_wrapped keeps counting").last.wait_for(
            timeout=10_000
        )
        kept = json.loads((lab.work / "progress.json").read_text(encoding="utf-8"))
        assert "the same process, and lamps_wrapped keeps counting" in json.dumps(kept, ensure_ascii=False)
        question.get_by_role("button", name="Open the experiment").click()
        page.get_by_text("What happened:").first.wait_for(timeout=10_000)

        # A quiz answer is explained.
        quiz = lab.show_cell("lab.quiz()")
        quiz.get_by_text("The zip with your code").last.click()
        quiz.get_by_text("That is the deployment package").first.wait_for(timeout=10_000)

        # What JupyterLab exports is the page that tests/browser/test_accessibility.py looks through.
        origin = "/".join(page.url.split("/")[:3])
        exported = page.request.get(f"{origin}/nbconvert/html/00-start-here/00-lesson.ipynb?token=t")
        assert exported.ok
        assert "--jp-cell-prompt-not-active-opacity: 1;" in exported.text()

        assert lab.asked_elsewhere == []
