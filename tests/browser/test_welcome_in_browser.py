"""A learner's first page in JupyterLab, in headless Chromium. Left out where there is no Chromium."""

from __future__ import annotations

import pytest

pytest.importorskip("axe_playwright_python", reason="axe-core comes with the extra `browser`")

from tests.unit import axe

from serverless_first.bench.lab_page import READY_MS, opened_lab
from serverless_first.course.chromium import find_chromium

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine"),
]
CUT = "names => names.filter(name => name.scrollWidth > name.clientWidth).map(name => name.textContent)"


def test_the_front_page_leads_on_by_the_keyboard_and_shows_whole_names_and_contents() -> None:
    with opened_lab("welcome.md", width=1280) as lab:
        page = lab.page
        front = page.locator(".jp-MarkdownViewer")
        front.get_by_role("heading", name="Three ways through the course").wait_for(timeout=READY_MS)
        assert axe.violations(page, within=".jp-MarkdownViewer .jp-RenderedMarkdown") == []

        names = page.locator(".jp-DirListing-itemText")
        names.get_by_text("08-microservices-and-apis", exact=True).wait_for()
        assert names.evaluate_all(CUT) == []
        contents = page.get_by_role("region", name="Table of Contents section")
        contents.get_by_text("Course map").wait_for()

        front.get_by_role("link", name="Lesson 04", exact=True).press("Enter")
        page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=READY_MS)
        assert "/lab/tree/04-lambda-and-rdbms/04-lesson.ipynb" in page.url
        names.get_by_text("04-lab.ipynb", exact=True).wait_for()  # the lab is beside it
        contents.get_by_text("Course map").wait_for(state="detached")
        contents.locator(".jp-tocItem").nth(3).wait_for()
        assert lab.asked_elsewhere == []
