"""The board's page in headless Chromium: live, names hidden until asked for, and harmless whatever a name says.

Signing in to it, and who cannot: test_board_sign_in.py.

Only `make test-all` starts the browser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.unit.board_kit import NAMES, Running, a_chromium, a_class, names, running

from serverless_first.course.chromium import find_chromium

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine"),
]

ROOT = Path(__file__).resolve().parents[2]
WAIT_MS = 60_000


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    monkeypatch.setenv("SERVERLESS_FIRST_ROOT", str(ROOT))
    with running(tmp_path / "board", names(100)) as found:
        found.send_all(a_class(100))
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with a_chromium() as found:
        yield found


@pytest.fixture
def page(board: Running, browser: Any) -> Iterator[Any]:
    """The page after signing in, with what it complained of and whom it asked in `said` and `asked`."""
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    opened = context.new_page()
    opened.set_default_timeout(WAIT_MS)
    opened.said, opened.asked = [], []
    opened.on("console", lambda message: opened.said.append(message.text))
    opened.on("pageerror", lambda error: opened.said.append(str(error)))
    opened.on("dialog", lambda dialog: (opened.said.append(dialog.message), dialog.dismiss()))
    opened.on("request", lambda request: opened.asked.append(request.url))
    opened.goto(f"{board.url}#token={board.keys.instructor()}")
    opened.wait_for_selector("#students li")
    yield opened
    assert opened.said == []
    assert all(url.startswith((board.url, "data:", "blob:")) for url in opened.asked)
    assert context.cookies() == []
    context.close()


def test_names_are_hidden_until_the_switch_shows_them(page: Any) -> None:
    whole = page.content()
    assert page.locator("#students li").count() == 100
    assert not any(name in whole for name in ("Abe Haruto", "佐藤", "Student 30"))
    page.get_by_role("switch", name="Show names").focus()
    page.keyboard.press("Space")
    shown = page.locator("#students").inner_text()
    for name in NAMES:
        assert name in shown
    page.reload()
    page.wait_for_selector("#students li")
    assert page.get_by_role("switch", name="Show names").is_checked()


def test_html_in_names_and_messages_is_text(page: Any, board: Running) -> None:
    page.get_by_role("switch", name="Show names").check()
    board.send("Eve", task="5.1", tries=99, message="<script>alert(1)</script><img src=x onerror=alert(2)>")
    page.wait_for_selector("#students li:first-child .stuck >> text=99!")
    assert page.locator("main img, main script").count() == 0
    assert page.locator("#students li").first.locator(".stuck").get_attribute("title").endswith("alert(2)>")


def test_a_check_appears_without_a_reload_and_is_told_in_words(page: Any, board: Running) -> None:
    assert board.send("Abe Haruto", task="5.4", passed=True, tries=7, message="").status == 204
    page.wait_for_selector('.cell[aria-label="5.4 passed, 7 tries"]')
    assert page.locator("#live").inner_text().startswith("Live")


def test_a_message_is_told_with_its_students_and_without_a_second_number_of_tries(page: Any) -> None:
    said = page.locator("#tasks .message .quiet").all_inner_texts()
    assert said
    assert [text for text in said if not re.fullmatch(r"\d+ students?", text)] == []


def test_another_module_can_be_chosen(page: Any) -> None:
    page.get_by_label("Module").select_option("09-messaging")
    page.wait_for_selector("text=Send the orders, and consume them")
    assert page.locator("#tasks article").count() == 6


def test_a_board_that_stops_says_so_and_goes_on_by_itself(tmp_path: Path, browser: Any, board: Running) -> None:
    assert board.url  # the course is known
    context = browser.new_context()
    with running(tmp_path, ["Aiko"]) as first:
        port = int(first.url.split(":")[2].split("/")[0])
        opened = context.new_page()
        opened.set_default_timeout(WAIT_MS)
        opened.goto(f"{first.url}#token={first.keys.instructor()}")
        opened.wait_for_selector("text=Live")
    opened.wait_for_selector("text=The board does not answer. What you see is from")
    with running(tmp_path, ["Aiko"], port=port) as second:
        second.send("Aiko", passed=True, message="")
        opened.wait_for_selector(".cell.passed >> nth=1")
        opened.wait_for_selector("text=Live")
    context.close()


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080)], ids=str)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_hangs_over_the_edge(board: Running, browser: Any, size: tuple[int, int], scheme: str) -> None:
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    opened = context.new_page()
    opened.goto(f"{board.url}#token={board.keys.instructor()}")
    opened.wait_for_selector("#students li", timeout=WAIT_MS)
    for shown in (False, True):
        opened.get_by_role("switch", name="Show names").set_checked(shown)
        assert opened.evaluate("document.documentElement.scrollWidth") <= size[0]
        cut = "e => [...e].filter(c => c.scrollWidth > c.clientWidth + 1).length"
        assert opened.locator(".cell").evaluate_all(cut) == 0
    context.close()
