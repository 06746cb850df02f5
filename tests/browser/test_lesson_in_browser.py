"""What a learner sees in JupyterLab, in headless Chromium. Left out where there is no Chromium."""

from __future__ import annotations

import json

import pytest

from serverless_first.chromium import find_chromium
from serverless_first.lab_page import OpenLab, opened_lab

pytestmark = [
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine"),
    pytest.mark.skipif(not pytest.importorskip("playwright"), reason="Playwright is not installed"),
]


def test_lesson_00_runs_from_top_to_bottom_and_asks_nothing_of_the_network() -> None:
    with opened_lab("notebooks/00-start-here.ipynb") as lab:
        lab.run_all()
        page = lab.page

        assert page.get_by_text("did it run in this notebook's own process? False").count() >= 1

        # The failing check: a panel and one line, and the cells after it ran all the same.
        check = lab.show_cell('lab.check("0.1")')
        assert "not started" in check.text_content()
        assert "Traceback" not in check.text_content()

        # The figure is a picture, and it is told in words for those who cannot see it.
        figure = lab.show_cell("figures.show(")
        figure.locator("img").first.wait_for(timeout=10_000)
        assert "frozen" in (figure.locator("details").first.text_content() or "")

        # A prediction is kept as soon as it is picked, and met again after the run.
        question = lab.show_cell("lab.predict(")
        question.get_by_text("the same process, and lamps_wrapped goes on", exact=True).last.click()
        question.get_by_text("Your pick: the same process, and lamps_wrapped goes on").last.wait_for(timeout=10_000)
        kept = json.loads((lab.work / "progress.json").read_text(encoding="utf-8"))
        assert "the same process, and lamps_wrapped goes on" in json.dumps(kept, ensure_ascii=False)

        # A quiz answer is explained.
        quiz = lab.show_cell("lab.quiz()")
        quiz.get_by_text("The zip with your code").last.click()
        quiz.get_by_text("That is the deployment package").first.wait_for(timeout=10_000)

        assert lab.asked_elsewhere == []


def test_the_lab_helps_a_wrong_answer_and_takes_a_right_one() -> None:
    with opened_lab("labs/00-start-here.ipynb") as lab:
        lab.run_all()
        assert "not started" in lab.show_cell('lab.check("0.1")').text_content()

        _write_handler(lab, '    print({"total_yen": event["price_yen"] * event["quantity"] + PARCEL_YEN})')
        assert "returned nothing" in lab.show_cell('lab.check("0.1")').text_content()

        _write_handler(lab, '    return {"total_yen": event["price_yen"] * event["quantity"] + PARCEL_YEN}')
        assert "passed" in lab.show_cell('lab.check("0.1")').text_content()
        assert lab.asked_elsewhere == []


def _write_handler(lab: OpenLab, body: str) -> None:
    """Types a handler into the task's cell, as a learner would, and runs everything again."""
    page = lab.page
    cell = lab.show_cell("%%writefile order_total.py")
    cell.locator(".cm-content").click()
    page.keyboard.press("ControlOrMeta+a")
    source = f"%%writefile order_total.py\nPARCEL_YEN = 500\n\n\ndef handler(event, context):\n{body}\n"
    page.keyboard.insert_text(source)
    lab.run_all()
