"""A learner's first page in JupyterLab, in headless Chromium. Left out where there is no Chromium."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytest.importorskip("axe_playwright_python", reason="axe-core comes with the extra `browser`")

from tests.unit import axe

from serverless_first.bench.lab_page import READY_MS, opened_lab
from serverless_first.course.chromium import find_chromium

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine"),
]
QUIZ = "from serverless_first.lab import Lab; Lab('00').quiz()"
CUT = "names => names.filter(name => name.scrollWidth > name.clientWidth).map(name => name.textContent)"


def test_the_front_page_leads_on_by_the_keyboard_and_shows_whole_names_and_contents() -> None:
    with opened_lab("welcome.md", width=1280) as lab:
        page = lab.page
        front = page.locator(".jp-MarkdownViewer")
        front.get_by_role("heading", name="Three paths through the course").wait_for(timeout=READY_MS)
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


def test_the_open_front_page_follows_the_learner_and_goes_on_along_the_chosen_path() -> None:
    with opened_lab("welcome.md") as lab:
        front = lab.page.locator(".jp-MarkdownViewer")
        front.get_by_text("Open lesson 00, Start here").wait_for(timeout=READY_MS)
        hour = front.get_by_role("listitem").filter(has_text="An hour")
        hour.get_by_role("button", name="Take this path").press("Enter")
        hour.get_by_text("This is your path.").wait_for(timeout=READY_MS)
        assert front.get_by_role("button", name="Take this path").count() == 2

        environ = {**os.environ, "SERVERLESS_FIRST_WORK": str(lab.work)}  # another notebook's kernel
        subprocess.run([sys.executable, "-c", QUIZ], env=environ, check=True, stdout=subprocess.DEVNULL)
        link = front.get_by_role("link", name="lesson 04, Lambda and a relational database")
        link.wait_for(timeout=READY_MS)
        assert axe.violations(lab.page, within=".jp-MarkdownViewer .jp-RenderedMarkdown") == []
        link.press("Enter")
        lab.page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=READY_MS)
        assert "/lab/tree/04-lambda-and-rdbms/04-lesson.ipynb" in lab.page.url
