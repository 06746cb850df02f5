"""Opens JupyterLab on a learner's folder in headless Chromium.

The browser tests, the pictures in the docs and the benchmark of sliders use it. Playwright is in the extra `browser`.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nbformat.v4

from serverless_first.course.chromium import arguments, find_chromium

with contextlib.suppress(ImportError):  # without Playwright, no page opens, but the benchmarks are still listed
    from playwright.sync_api import TimeoutError as TookTooLong, sync_playwright

READY_MS = 120_000
ENDS_WITHIN_S = 30.0


@dataclass
class OpenLab:
    """A page with JupyterLab in it.

    Attributes:
        page: Playwright's page.
        work: the learner's folder.
        asked_elsewhere: addresses outside this machine that the page requested.
        kernel: Playwright's WebSocket from the page to a kernel; None if there is none yet.
        server: the process that a learner starts by `make lab`; None in a class.
        said: the lines that this process has printed.
    """

    page: Any
    work: Path
    asked_elsewhere: list[str] = field(default_factory=list)
    kernel: Any = None
    server: subprocess.Popen[str] | None = None
    output: list[str] = field(default_factory=list)

    def run_all(self) -> None:
        """Runs every cell of the notebook and waits until the last cell is done."""
        self.wait_for_kernel()
        # JupyterLab drops requests before its session with the kernel is ready. Stars then appear and disappear.
        for _ in range(10):
            with contextlib.suppress(TookTooLong):
                self._accept_dialog()
                self.menu("Run", "Run All Cells", timeout_ms=10_000)
                self._wait_for_prompts("some", "*", timeout_ms=10_000)
                self._wait_for_prompts("every", "[0-9 ]+", timeout_ms=3 * READY_MS)
                self._wait_for_prompts("every", "[0-9]+", timeout_ms=2_000)
                return
        self._wait_for_prompts("every", "[0-9]+", timeout_ms=READY_MS)

    def _wait_for_prompts(self, how_many: str, content: str, timeout_ms: int) -> None:
        """Waits until some or every prompt contains "*" (running, waiting) or a number (done).

        A collapsed cell has only an empty placeholder instead of a prompt.
        """
        selector = ".jp-Notebook .jp-CodeCell .jp-InputPrompt:not(.jp-Placeholder-prompt)"
        prompts = f"[...document.querySelectorAll('{selector}')]"
        pattern = r"/^\[" + content.replace("*", r"\*") + r"\]:$/"
        test = f"p => {pattern}.test(p.textContent.trim())"
        self.page.wait_for_function(f"() => {prompts}.{how_many}({test})", timeout=timeout_ms)

    def _accept_dialog(self) -> None:
        """Accepts a dialog if there is one, because on a slow machine, JupyterLab asks for the kernel."""
        button = self.page.locator(".jp-Dialog .jp-mod-accept")
        if button.count():
            button.first.click(timeout=5_000)

    def menu(self, menu: str, item: str, timeout_ms: int = 30_000) -> None:
        """Chooses an item from JupyterLab's menu bar, as a learner does."""
        self.page.locator(".lm-MenuBar-item").get_by_text(menu, exact=True).click(timeout=timeout_ms)
        self.page.locator(".lm-Menu-item").get_by_text(item, exact=True).click(timeout=timeout_ms)

    def prediction(self) -> Any:
        """Scrolls to the first cell that asks for a prediction, and returns it; its code is collapsed."""
        return self.cell_with(".prediction")

    def open_folds(self) -> None:
        """Opens every heading that hides cells, including nested headings."""
        closed = self.page.locator(".jp-Notebook .jp-showHiddenCellsButton:visible")
        while closed.count():
            button = closed.first.element_handle()
            button.click()
            button.wait_for_element_state("hidden")

    def cell_with(self, selector: str) -> Any:
        """Scrolls to the first cell with an element for this CSS selector, such as an output, and returns the cell."""
        cell = self.page.locator(".jp-Notebook .jp-Cell").filter(has=self.page.locator(selector)).first
        cell.scroll_into_view_if_needed()
        return cell

    def show_cell(self, text: str) -> Any:
        """Scrolls to the first cell that contains this text, and returns it."""
        cell = self.page.locator(".jp-Notebook .jp-Cell").filter(has_text=text).first
        cell.scroll_into_view_if_needed()
        return cell

    def wait_for_kernel(self) -> None:
        """Waits until the notebook has an idle kernel, because JupyterLab drops earlier requests."""
        self.page.locator(".jp-Notebook .jp-CodeCell").first.wait_for(state="attached", timeout=READY_MS)
        self.page.locator(".jp-Spinner").wait_for(state="hidden", timeout=READY_MS)
        for _ in range(READY_MS // 5_000):
            self._accept_dialog()
            # The notebook calls itself idle before it has a kernel, to which the page later opens a WebSocket.
            if self.kernel is None:
                with contextlib.suppress(TookTooLong):
                    self.page.wait_for_event("websocket", _is_kernel, timeout=5_000)
            else:
                break
        idle = self.page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]')
        idle.first.wait_for(state="attached", timeout=READY_MS)

    def number_of(self, text: str) -> int:
        """The index of the first cell that contains this text, from 0."""
        cells = self.page.locator(".jp-Notebook .jp-Cell")
        index = cells.evaluate_all("(all, text) => all.findIndex(cell => cell.textContent.includes(text))", text)
        assert index >= 0, f"no cell holds {text!r}"
        return int(index)

    def cell(self, number: int) -> Any:
        """The cell with this index, from 0."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(number)

    def run_cell(self, number: int, source: str | None = None) -> Any:
        """Runs the cell with this index by the keyboard, and waits until it is done. Markdown cells are skipped.

        Args:
            number: the cell's index, from 0.
            source: replaces the cell's content; None to keep the content.

        Returns:
            the cell.
        """
        cell = self.cell(number)
        if "jp-CodeCell" not in (cell.get_attribute("class") or ""):
            return cell
        was = cell.locator(".jp-InputPrompt").first.text_content().strip()
        if source is not None:
            self._click_into(cell)
            self.page.keyboard.press("ControlOrMeta+a")
            self.page.keyboard.insert_text(source)
        for last in (*[False] * 9, True):  # JupyterLab drops early requests, as in run_all
            self._accept_dialog()
            self._click_into(cell)
            self.page.keyboard.press("ControlOrMeta+Enter")
            try:
                self._wait_for_prompt(number, "text !== was", was, timeout_ms=5_000)
                self._wait_for_prompt(number, "text !== '[*]:'", was, timeout_ms=2 * READY_MS)
                self._wait_for_prompt(number, r"text !== was && /\d/.test(text)", was, timeout_ms=1_000)
                return cell
            except TookTooLong:
                if last:
                    raise
        return cell

    @staticmethod
    def _click_into(cell: Any) -> None:
        cell.locator(".cm-content").first.click(position={"x": 5, "y": 5})

    def _wait_for_prompt(self, number: int, test: str, was: str, timeout_ms: int) -> None:
        # A handle could become invalid, because JupyterLab removes and recreates cells that are out of sight.
        cell = "document.querySelectorAll('.jp-Notebook .jp-Cell')[number]"
        text = f"{cell}.querySelector('.jp-InputPrompt').textContent.trim()"
        script = f"([number, was]) => {{ const text = {text}; return {test}; }}"
        self.page.wait_for_function(script, arg=[number, was], timeout=timeout_ms)

    def add_cell(self, after: int, source: str) -> Any:
        """Adds a cell below the cell with this index by the keyboard, as a learner does. Runs and returns it."""
        self._click_into(self.cell(after))
        self.page.keyboard.press("Escape")
        cells = self.page.locator(".jp-Notebook .jp-Cell")
        before = cells.count()
        self.page.keyboard.press("b")
        cells.nth(before).wait_for(state="attached")
        return self.run_cell(after + 1, source)


@contextlib.contextmanager
def opened_lab(
    path: str, *, width: int = 1280, height: int = 1000, cells: Sequence[Any] | None = None
) -> Iterator[OpenLab]:
    """Opens JupyterLab with one notebook in a fresh learner's folder, and closes everything after the block.

    Args:
        path: the notebook, such as "00-start-here/00-lesson.ipynb".
        width, height: size of the window in pixels.
        cells: cells for a new notebook, as nbformat's cells or the text of code cells; None for a notebook of the
            course.
    """
    chromium = find_chromium()
    assert chromium, "call find_chromium() first"
    with tempfile.TemporaryDirectory(prefix="hikari ランプ ", ignore_cleanup_errors=True) as folder:
        work = Path(folder) / "work"
        if cells is not None:
            file = work / path
            file.parent.mkdir(parents=True)
            file.write_text(_notebook(cells), encoding="utf-8")
        # JupyterLab gets its own settings and data, because this machine's user may have chosen another theme.
        mine = {"JUPYTER_CONFIG_DIR": str(Path(folder) / "config"), "JUPYTER_DATA_DIR": folder}
        environ = {**os.environ, **mine, "SERVERLESS_FIRST_WORK": str(work), "JUPYTER_TOKEN": "t"}
        command = [sys.executable, "-m", "serverless_first.cli", "lab", "--no-browser", "--port", "0"]
        server = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            root, output = _address(server)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=arguments())
                page = browser.new_page(viewport={"width": width, "height": height})
                opened = OpenLab(page, work, server=server, output=output)
                page.on("request", lambda request: _note(opened, request.url))
                page.on("websocket", lambda line: note_kernel(opened, line))
                page.goto(f"{root}/lab/tree/{path}?token=t")
                yield opened
                browser.close()
        finally:
            server.terminate()
            try:
                server.wait(ENDS_WITHIN_S)
            except subprocess.TimeoutExpired:  # sometimes an AnyIO thread in JupyterLab waits for work forever
                server.kill()
                server.wait()


def _notebook(cells: Sequence[Any]) -> str:
    v4: Any = nbformat.v4  # not typed
    whole = [v4.new_code_cell(cell) if isinstance(cell, str) else cell for cell in cells]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return str(v4.writes(v4.new_notebook(cells=whole, metadata=kernel)))


def _address(server: subprocess.Popen[str]) -> tuple[str, list[str]]:
    """The address that JupyterLab prints when it is ready, and what it prints, which a thread goes on to read."""
    assert server.stdout
    too_late = threading.Timer(READY_MS / 1000, server.kill)
    too_late.start()
    output: list[str] = []
    try:
        for line in server.stdout:
            output.append(line)
            if address := re.search(r"http://127\.0\.0\.1:\d+", line):
                # Without a reader, the pipe would be full after 64 KB, and JupyterLab would block.
                threading.Thread(target=output.extend, args=(server.stdout,), daemon=True).start()
                return address.group(0), output
    finally:
        too_late.cancel()
    raise AssertionError("JupyterLab ended before it was ready:\n" + "".join(output))


def _note(opened: OpenLab, url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname not in ("127.0.0.1", "localhost"):
        opened.asked_elsewhere.append(url)


def _is_kernel(line: Any) -> bool:
    return "/channels?" in line.url


def note_kernel(opened: OpenLab, line: Any) -> None:
    """Keeps a WebSocket that the page has opened if it connects to a kernel."""
    if _is_kernel(line):
        opened.kernel = line


class RedrawTimer:
    """Moves the first slider of the first explorer by the keyboard, and measures the time until its new picture.

    Args:
        lab: JupyterLab with an explorer in the open notebook.

    Attributes:
        times_ms: from the key to the new picture, in milliseconds, for each move.
    """

    def __init__(self, lab: OpenLab) -> None:
        self.times_ms: list[float] = []
        self._page = lab.page
        picture = self._page.locator(".jp-OutputArea img.widget-image").first
        picture.wait_for(timeout=READY_MS)
        self._handle = self._page.locator('.jp-OutputArea [role="slider"]').first
        self._handle.scroll_into_view_if_needed()
        picture.evaluate(_LISTEN, self._handle.element_handle())

    def moves(self, number: int) -> None:
        """Moves the slider back and forth by one step, each time after the picture of the previous move has appeared.

        A busy machine sometimes loses a key press, and no picture appears. Then this method presses the key again and
        restarts the measurement.

        Raises:
            TimeoutError: Playwright's, if no picture appears after three key presses.
        """
        for _ in range(number):
            before = len(self.times_ms)
            for last in (False, False, True):
                self._handle.press("ArrowLeft" if before % 2 else "ArrowRight")
                try:
                    self._page.wait_for_function("n => window.redrawTimes.length > n", arg=before, timeout=10_000)
                    break
                except TookTooLong:
                    if last:
                        raise
            self.times_ms = self._page.evaluate("window.redrawTimes")


# The picture is ready when the browser has decoded it (`load`). Each key press creates one picture.
_LISTEN = """(picture, slider) => {
    window.redrawTimes = [];
    let begun = null;
    slider.addEventListener('keydown', () => { begun = performance.now(); }, true);
    picture.addEventListener('load', () => {
        if (begun !== null) { window.redrawTimes.push(performance.now() - begun); begun = null; }
    });
}"""
