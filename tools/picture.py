"""Draws README's picture again: lesson 00 in JupyterLab, run from top to bottom. Needs Chromium and Playwright."""

from __future__ import annotations

import sys
from pathlib import Path

from serverless_first.bench.lab_page import opened_lab
from serverless_first.course.chromium import missing

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "images" / "first-function.png"


def main() -> int:
    """Runs the lesson, saves the window with the function's process and its time line; 2 where there is no browser."""
    if lacks := missing():
        print(lacks, file=sys.stderr)
        return 2
    with opened_lab("00-start-here/00-lesson.ipynb", width=1180, height=1000) as lab:
        lab.run_all()
        lab.page.keyboard.press("ControlOrMeta+b")
        lab.show_cell('print("Lambda says:"').evaluate("cell => cell.scrollIntoView({block: 'start'})")
        lab.show_cell("figures.show(").locator("img").first.wait_for()
        lab.page.wait_for_timeout(500)  # a smooth scroll has no end that could be waited for
        lab.show_cell('print("Lambda says:"').evaluate("cell => cell.scrollIntoView({block: 'start'})")
        TARGET.parent.mkdir(parents=True, exist_ok=True)
        lab.page.screenshot(path=str(TARGET))
    print(f"{TARGET.relative_to(ROOT)}: {TARGET.stat().st_size // 1024} KB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
