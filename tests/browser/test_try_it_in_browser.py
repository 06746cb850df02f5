"""The page that runs a task on Pyodide, in headless Chromium. Left out where there is no Chromium, or no npm."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("axe_playwright_python", reason="axe-core comes with the extra `browser`")

from tests.unit import axe

from serverless_first import course
from serverless_first.course.chromium import arguments, find_chromium
from serverless_first.publish.tryit import make, packages

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine"),
]

ROOT = Path(__file__).resolve().parents[2]
MISTAKES = ROOT / "tests" / "unit" / "data" / "try_it" / "mistakes"
READY_MS = 180_000  # on a machine with other work
ENDLESS = "while True:\n    pass\n"
#: A handler that asks another site, past the fetch that the worker takes away.
ASKS = """import js

def handler(event, context):
    request = js.XMLHttpRequest.new()
    request.open("GET", "ADDRESS", False)
    request.send()
"""


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_words: object) -> None:
        """Keeps pytest's output clean."""


@dataclass
class Tab:
    """A tab with the page.

    Attributes:
        asked: the addresses that the browser asked for.
        errors: what the page and its worker complained about.
    """

    page: Any
    asked: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def wait_until_ready(self) -> None:
        """Waits until Python is there."""
        self.page.locator("#check:enabled").wait_for(timeout=READY_MS)

    def check(self, text: str | None = None) -> Any:
        """Checks a text, or the text that is there; returns the panel."""
        if text is not None:
            self.page.get_by_label("handler.py").fill(text)
        self.page.get_by_role("button", name="Check").click()
        panel = self.page.locator("#result .panel")
        panel.wait_for(timeout=READY_MS)
        return panel


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site that has only this page."""
    try:
        made = make.parts(ROOT)
    except make.LeftOut as error:
        pytest.skip(str(error))
    site = tmp_path_factory.mktemp("site")
    make.write(made, site / make.FOLDER, None)
    return site


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """Where the page is served."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/{make.FOLDER}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        opened = running.chromium.launch(executable_path=find_chromium(), args=arguments())
        yield opened
        opened.close()


@pytest.fixture
def tab(browser: Any) -> Iterator[Tab]:
    context = browser.new_context()
    opened = Tab(context.new_page())
    opened.page.on("request", lambda request: opened.asked.append(request.url))
    opened.page.on("pageerror", lambda error: opened.errors.append(str(error)))
    yield opened
    context.close()


def test_all_files_together_are_at_most_15_mb(folder: Path) -> None:
    sizes = {path.name: path.stat().st_size for path in (folder / make.FOLDER).iterdir()}
    assert sum(sizes.values()) < make.MOST_BYTES, sizes


def test_a_learner_passes_the_task_offline(tab: Tab, address: str) -> None:
    page = tab.page
    page.goto(address)
    page.get_by_role("progressbar", name="Loading Python").wait_for()
    tab.wait_until_ready()
    page.context.set_offline(True)
    before = len(tab.asked)

    panel = tab.check()
    assert "Not started: Your handler charges the customer twice." in panel.inner_text()

    panel = tab.check((MISTAKES / "looks-then-writes.py").read_text(encoding="utf-8"))
    said = panel.inner_text()
    for words in ("Failed: Your handler reads first and writes later.", "called", "came back", "look at"):
        assert words in said
    assert not page.get_by_role("heading", name="What comes next").is_visible()

    panel = tab.check(ENDLESS)
    assert "Your code was stopped, because it ran for more than 10 seconds." in panel.inner_text()
    assert page.get_by_label("handler.py").input_value() == ENDLESS
    tab.wait_until_ready()  # the second start needs no network either

    panel = tab.check((packages.TASK / "solution.py").read_text(encoding="utf-8"))
    assert "Passed: each order is charged exactly once." in panel.inner_text()
    assert page.get_by_role("heading", name="What comes next").is_visible()
    known = {f"../{module.id}.html" for module in course.load(ROOT).ready_modules}
    assert {link.get_attribute("href") for link in page.locator("#next a").all()} <= known

    assert {url for url in tab.asked[before:] if not url.startswith("blob:")} == set()
    assert {url for url in tab.asked if not url.removeprefix("blob:").startswith((address, address[:-5]))} == set()
    assert tab.errors == []


class _Elsewhere(http.server.BaseHTTPRequestHandler):
    """Another site, which answers pages of every site."""

    visits = 0

    def do_GET(self) -> None:
        type(self).visits += 1
        self.send_response(200)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_words: object) -> None:
        """Keeps pytest's output clean."""


def test_code_on_the_page_reaches_no_other_site(tab: Tab, address: str) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Elsewhere) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        elsewhere = f"http://127.0.0.1:{server.server_port}/"
        tab.page.goto(address)
        tab.wait_until_ready()
        assert "NetworkError" in tab.check(ASKS.replace("ADDRESS", elsewhere)).inner_text()
        assert "doesn't charge" in tab.check(ASKS.replace("ADDRESS", address)).inner_text()  # its own site answers
        server.shutdown()
    assert _Elsewhere.visits == 0


def test_the_page_is_used_with_the_keyboard_and_keeps_the_text(tab: Tab, address: str) -> None:
    page = tab.page
    page.goto(address)
    tab.wait_until_ready()
    code = page.get_by_label("handler.py")
    code.fill("def handler(event, context):")
    page.keyboard.press("Enter")
    page.keyboard.type("return 1")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert code.input_value() == "def handler(event, context):\n    return 1\n        "
    page.keyboard.press("Control+A")
    page.keyboard.press("Tab")  # indents what is selected
    assert code.input_value() == "    def handler(event, context):\n        return 1\n            "
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "check"
    page.keyboard.press("Tab")
    for number in (1, 2, 3):
        page.keyboard.press("Enter")
        assert page.locator("#help p").count() == number
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Put it into the editor").press("Enter")
    assert code.input_value() == (packages.TASK / "solution.py").read_text(encoding="utf-8")
    assert page.evaluate("document.activeElement.id") == "code"
    page.keyboard.press("Control+Enter")
    page.locator(".panel.passed").wait_for(timeout=READY_MS)

    page.reload()
    assert code.input_value() == (packages.TASK / "solution.py").read_text(encoding="utf-8")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Start over").click()
    assert code.input_value() == (packages.TASK / "start.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("colors", ["light", "dark"])
def test_the_page_can_be_read_by_everybody_and_fits_a_phone(tab: Tab, address: str, colors: str) -> None:
    page = tab.page
    page.emulate_media(color_scheme=colors)
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(address)
    tab.wait_until_ready()
    solution = (packages.TASK / "solution.py").read_text(encoding="utf-8")
    for text in ((MISTAKES / "charges-nobody.py").read_text(encoding="utf-8"), solution):
        tab.check(text)
        page.get_by_role("button", name="Hint").click()
        axe.unfold(page)
        assert axe.violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.get_by_role("button", name="Solution").click()
    assert axe.violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 360


@pytest.mark.parametrize("missing", ["WebAssembly", "Worker", "DecompressionStream"])
def test_an_old_browser_is_told_what_to_do(tab: Tab, address: str, missing: str) -> None:
    tab.page.add_init_script(f"delete globalThis.{missing}")
    tab.page.goto(address)
    said = tab.page.locator("#status").inner_text()
    assert said.startswith("This browser can't run Python.")
    assert "make lab" in said


def test_a_page_opened_as_a_file_says_that_it_needs_a_server(tab: Tab, folder: Path) -> None:
    tab.page.goto((folder / make.FOLDER / "index.html").as_uri())
    assert "python -m http.server" in tab.page.locator("#status").inner_text()
    assert tab.page.get_by_role("button", name="Check").is_disabled()


def test_a_file_that_cannot_be_loaded_is_named(tab: Tab, address: str) -> None:
    tab.page.route("**/packages.zip*", lambda route: route.fulfill(status=404))
    tab.page.goto(address)
    tab.page.get_by_text("A file of this page couldn't be loaded: packages.zip: 404").wait_for(timeout=READY_MS)
