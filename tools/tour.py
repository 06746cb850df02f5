"""Retakes the pictures of docs/tour.md in Chromium: lessons, a lab, a deck and the reading copy.

    python tools/tour.py [00-lesson 00-lab 05-lesson 10-lesson deck site]

The steps are the same as in the browser tests (tools/journey.py). It needs Chromium and Playwright.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from serverless_first import course
from serverless_first.authoring import deck_page, nbio
from serverless_first.bench.lab_page import OpenLab, opened_lab
from serverless_first.course.chromium import arguments, find_chromium, missing
from serverless_first.course.layout import copy_path
from serverless_first.publish.site import make_site

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # run as a script, only tools/ itself is on the path

from tools.journey import Look, through_lab, through_lesson  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
WIDTH, HEIGHT = 1180, 860
LIMIT_KB = 150


def shot(page: Any, name: str) -> None:
    """Saves the window as a picture with 256 colors."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    target = PICTURES / f"{name}.png"
    page.screenshot(path=str(target), animations="disabled")
    with Image.open(target) as opened:
        few = opened.convert("RGB").quantize(256, method=Image.Quantize.MAXCOVERAGE, kmeans=3, dither=Image.Dither.NONE)
    few.save(target, optimize=True)
    size_kb = target.stat().st_size / 1000
    print(f"{target.relative_to(ROOT)}: {size_kb:.0f} kB", flush=True)
    if size_kb > LIMIT_KB:
        raise SystemExit(f"{target.name} is larger than {LIMIT_KB} kB")


def looks(lab: OpenLab, prefix: str, selectors: dict[str, str]) -> Look:
    """Takes a picture at each of these steps. A step may have a selector for the element at the top of its picture."""

    def look(step: str, cell: Any) -> None:
        if step not in selectors:
            return
        top = cell.locator(selectors[step]).first if selectors[step] else cell
        top.evaluate("cell => cell.scrollIntoView({block: 'start', behavior: 'instant'})")
        lab.page.wait_for_function("() => [...document.images].every(image => image.complete)")
        shot(lab.page, f"{prefix}-{step}")

    return look


def lesson(module_id: str, **selectors: str) -> None:
    """Takes the pictures of a lesson; the steps are as for `looks`."""
    with opened_lab(copy_path(module_id, "lesson"), width=WIDTH, height=HEIGHT) as lab:
        through_lesson(lab, looks(lab, module_id[:2], selectors))


def lab_00() -> None:
    """Takes the pictures of lab 00."""
    steps = dict.fromkeys(("wrong", "hints", "passed", "progress"), "")
    with opened_lab("00-start-here/00-lab.ipynb", width=WIDTH, height=HEIGHT) as lab:
        look = looks(lab, "00-lab", steps)
        through_lab(lab, "00-start-here", lambda source: source.replace("return {", "_ = {"), look)


def on_a_page(address: str, name: str, before: Callable[[Any], None]) -> None:
    """Takes the picture of a page that needs no server."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=arguments())
        page = chromium.new_page(viewport={"width": 1280, "height": 720})
        page.goto(address)
        before(page)
        shot(page, name)
        chromium.close()


def deck() -> None:
    """Takes the picture of a slide with a figure."""
    loaded = course.load()
    notebook = nbio.loads((ROOT / "slides" / "05-rds-proxy.ipynb").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "deck.html"
        file.write_text(deck_page.page(notebook, loaded.deck_of("05-rds-proxy"), loaded), encoding="utf-8")

        def turn(page: Any) -> None:
            page.wait_for_function("() => window.Reveal && Reveal.isReady() && document.fonts.status === 'loaded'")
            page.evaluate("Reveal.slide(Reveal.getSlides().findIndex(slide => slide.querySelector('figure')))")

        on_a_page(file.as_uri(), "slide", turn)


def site() -> None:
    """Takes the picture of a page in the reading copy."""
    with tempfile.TemporaryDirectory() as folder:
        first = make_site(Path(folder) / "site", report=lambda _: None)
        address = (first.parent / "04-lambda-and-rdbms.html").as_uri()
        on_a_page(address, "reading-copy", lambda page: page.locator(".prediction").first.scroll_into_view_if_needed())


EVERY: dict[str, Callable[[], None]] = {
    "00-lesson": lambda: lesson("00-start-here", lesson="", prediction="", quiz=""),
    "00-lab": lab_00,
    "05-lesson": lambda: lesson("05-rds-proxy", prediction="", explorer=".widget-vbox"),
    "10-lesson": lambda: lesson("10-step-functions", explorer=""),
    "deck": deck,
    "site": site,
}


def main(names: list[str]) -> int:
    """Takes the named pictures, or all. Returns 2 for an unknown name or without a browser."""
    if unknown := set(names) - set(EVERY):
        print(f"There is no {', '.join(sorted(unknown))}. The pictures are {', '.join(EVERY)}.", file=sys.stderr)
        return 2
    if lacks := missing():
        print(lacks, file=sys.stderr)
        return 2
    for name in names or EVERY:
        EVERY[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
