"""Draws README's moving picture from the recordings of lessons 04 and 05. It needs Chromium and Playwright.

With --record, it first runs each lesson up to its `aws.show()` and writes modules/NN-name/recording.html, which the
site also shows. Without it, the moments stay the same, and only the script that plays them is brought up to date.
"""

from __future__ import annotations

import base64
import io
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from PIL import Image
from traitlets.config import Config

from serverless_first.authoring.execute import SLOW_CELL_TIMEOUT_S, kernel_environment
from serverless_first.course import kernels
from serverless_first.course.chromium import arguments, find_chromium, missing

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "images" / "burst.gif"
VIEW = ROOT / "engine" / "src" / "serverless_cloud" / "view" / "view.js"
SHOWS = "display(aws.show())"
WIDTH, LONGEST_MS, READ_MS = 840, 200, 3500
MOST_BYTES = 1_000_000
COLOURS = 64
STYLE = """body { margin: 12px; background: white; font-family: system-ui, sans-serif }
h1 { font-size: 22px; margin: 0 0 8px } .serverless-view :is(.bar, .words) { display: none !important }
.serverless-view .cards { grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)) !important }"""
LESSONS = {
    "04-lambda-and-rdbms": (
        "60 customers order at once. The database has 20 seats.",
        "60 customers, 20 database seats: {placed} orders are placed, {failed} fail.",
    ),
    "05-rds-proxy": (
        "The same 60 customers, through an RDS proxy",
        "With the proxy: {placed} orders are placed, {failed} fail.",
    ),
}


def recording_of(module: str) -> Path:
    """The file with a lesson's recording."""
    return ROOT / "modules" / module / "recording.html"


def record(module: str) -> str:
    """Runs a lesson up to its live view; the recording as HTML."""
    lesson = nbformat.read(ROOT / "notebooks" / f"{module}.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    last = next(number for number, cell in enumerate(lesson.cells) if SHOWS in cell.source)
    lesson.cells = lesson.cells[: last + 1]
    with tempfile.TemporaryDirectory(prefix="serverless-first-record-", ignore_cleanup_errors=True) as scratch:
        folders = {name: Path(scratch).resolve() / name for name in ("run", "work", "ipython")}
        for folder in folders.values():
            folder.mkdir()
        environ = kernel_environment(ROOT, folders)
        del environ["SERVERLESS_FIRST_QUIET"]  # a quiet kernel records nothing
        client = NotebookClient(
            lesson,
            kernel_name="python3",
            config=Config(KernelManager=kernels.private_channels()),
            timeout=SLOW_CELL_TIMEOUT_S,
            resources={"metadata": {"path": str(folders["run"])}},
        )
        kernels.started(lambda: client.execute(env=environ))
    displays: list[str] = [output.data.get("text/html", "") for output in lesson.cells[-1].outputs if "data" in output]
    return next(html for html in displays if 'class="serverless-view"' in html)


class Film:
    """The moments of recordings as pictures, each with its time in ms, on pages of the same size."""

    def __init__(self, browser: Any) -> None:
        self._page = browser.new_page(viewport={"width": WIDTH, "height": 100})
        self.height = 0

    def open(self, recording: str) -> int:
        """Opens a recording; the number of its last moment."""
        self._page.set_content(f"<!doctype html><style>{STYLE}</style><h1>-</h1>{recording}")
        return int(self._page.locator(".serverless-view input").get_attribute("max"))

    def take(self, number: int, title: str) -> Image.Image:
        """The picture of one moment of the open recording."""
        self._page.locator("h1").evaluate("(h1, title) => { h1.textContent = title; }", title)
        time = self._page.locator(".serverless-view input")
        time.evaluate("(time, number) => { time.value = number; time.oninput(); }", number)
        needed = self._page.evaluate("document.querySelector('.serverless-view').getBoundingClientRect().bottom")
        self.height = max(self.height, int(needed) + 12)
        self._page.set_viewport_size({"width": WIDTH, "height": self.height})
        return Image.open(io.BytesIO(self._page.screenshot())).convert("RGB")

    def at_ms(self) -> int:
        """When the moment on the page was, in ms after the first one."""
        return round(1000 * float(self._page.locator(".serverless-view .when").inner_text().split()[0]))

    def outcome(self) -> dict[str, int]:
        """How many orders of the moment on the page were placed, and how many have failed."""
        words = self._page.locator(".serverless-view .words").text_content()
        counts = {word: int(number) for number, word in re.findall(r"(\d+) (frozen after a failed call|frozen)", words)}
        return {"placed": counts["frozen"], "failed": counts.get("frozen after a failed call", 0)}


def draw(recordings: dict[str, str], film: Film) -> list[tuple[Image.Image, int]]:
    """The pictures of the film, each with its time in ms. The first one shows how the first burst ends."""
    pictures: list[tuple[Image.Image, int]] = []
    for module, (question, outcome) in LESSONS.items():
        last = film.open(recordings[module])
        film.take(last, "")
        end = film.take(last, outcome.format(**film.outcome())), READ_MS
        if not pictures:
            pictures.append(end)
        begun_ms = 0
        for number in range(last):
            picture = film.take(number, question)
            shown_ms = READ_MS // 2 if number == 0 else min(LONGEST_MS, film.at_ms() - begun_ms)
            begun_ms = film.at_ms()
            pictures.append((picture, shown_ms))
        pictures.append(end)
    return pictures


def save(pictures: list[tuple[Image.Image, int]]) -> None:
    """Writes the film as a GIF that repeats."""
    first, *others = [picture.quantize(COLOURS) for picture, _ in pictures]
    times_ms = [shown_ms for _, shown_ms in pictures]
    first.save(TARGET, save_all=True, append_images=others, duration=times_ms, loop=0, optimize=True)


def main() -> int:
    """Records and draws; 2 where there is no browser, 1 if the picture is too large."""
    if lacks := missing():
        print(lacks, file=sys.stderr)
        return 2
    from playwright.sync_api import sync_playwright  # late: `missing` says how to get it

    player = base64.b64encode(VIEW.read_bytes()).decode()
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        if SHOWS in notebook.read_text(encoding="utf-8"):
            file = recording_of(notebook.stem)
            html = record(notebook.stem) if "--record" in sys.argv else file.read_text(encoding="utf-8")
            file.write_text(re.sub(r"(?<=;base64,)[^\"]+", player, html), encoding="utf-8")
    recordings = {module: recording_of(module).read_text(encoding="utf-8") for module in LESSONS}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=arguments())
        film = Film(browser)
        draw(recordings, film)  # only to learn the height of the largest picture
        pictures = draw(recordings, film)
        save(pictures)
        browser.close()
    size = TARGET.stat().st_size
    print(f"{TARGET.relative_to(ROOT)}: {size // 1024} KB, {len(pictures)} pictures")
    return 0 if size <= MOST_BYTES else 1


if __name__ == "__main__":
    sys.exit(main())
