"""Signing in to the board's page, in headless Chromium; and a page of another origin that would like to.

Only `make test-all` starts the browser.
"""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.unit import axe
from tests.unit.board_kit import Running, a_chromium, running

from serverless_first.course.chromium import find_chromium

pytest.importorskip("axe_playwright_python", reason="axe-core comes with the extra `browser`")
pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine"),
]

ROOT = Path(__file__).resolve().parents[2]
WAIT_MS = 60_000
CLASS = ["Aiko Mori", "佐藤 さくら"]
REFUSED = "This token does not open the page."


@pytest.fixture(scope="module", autouse=True)
def _the_course() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SERVERLESS_FIRST_ROOT", str(ROOT))
        yield


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path / "board", CLASS) as found:
        found.send("Aiko Mori", tries=2)
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with a_chromium() as found:
        yield found


@pytest.fixture
def context(browser: Any) -> Iterator[Any]:
    found = browser.new_context()
    found.set_default_timeout(WAIT_MS)
    yield found
    assert found.cookies() == []
    found.close()


def opened(context: Any, address: str) -> Any:
    page = context.new_page()
    page.goto(address)
    return page


def signed_in(context: Any, board: Running) -> Any:
    page = opened(context, f"{board.url}#token={board.keys.instructor()}")
    page.wait_for_selector("#students li")
    return page


def asks_for_a_token(page: Any) -> Any:
    """The field, when the form is all that is shown."""
    field = page.get_by_label("Instructor's token")
    field.wait_for()
    assert page.locator("#board").is_hidden()
    assert page.locator("#students li").count() == 0
    return field


def test_the_token_leaves_the_address_bar_and_is_kept_for_this_tab_alone(context: Any, board: Running) -> None:
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = signed_in(context, board)
    assert page.url == board.url
    page.reload()
    page.wait_for_selector("#students li")
    assert page.locator("#live").inner_text().startswith("Live")
    other = opened(context, board.url)
    asks_for_a_token(other)
    assert other.get_by_role("alert").count() == 0, "nobody has tried yet"
    assert not any("token" in url for url in asked)
    page.get_by_role("button", name="Sign out").click()
    asks_for_a_token(page)
    page.reload()
    asks_for_a_token(page)


def test_the_root_of_the_host_leads_to_the_page_with_the_token(context: Any, board: Running) -> None:
    page = opened(context, f"{board.url.removesuffix('board/')}#token={board.keys.instructor()}")
    page.wait_for_selector("#students li")
    assert page.url == board.url


def test_a_wrong_token_is_told_and_the_right_one_typed_opens_the_page(context: Any, board: Running) -> None:
    page = opened(context, board.url)
    for wrong in ("x", "  ", "合言葉", board.keys.student("Aiko Mori"), board.keys.instructor()[:-1]):
        asks_for_a_token(page).fill(wrong)
        page.keyboard.press("Enter")
        page.get_by_role("alert").get_by_text(REFUSED).wait_for()
        assert asks_for_a_token(page).evaluate("field => field === document.activeElement")
    page.keyboard.type(f" {board.keys.instructor()} ")
    page.keyboard.press("Enter")
    page.wait_for_selector("#students li")
    assert page.url == board.url
    assert page.locator("#sign-in").is_hidden()


def test_a_new_address_in_an_open_tab_signs_in_again(context: Any, board: Running) -> None:
    page = opened(context, f"{board.url}#token={board.keys.student('Aiko Mori')}")
    page.get_by_role("alert").get_by_text(REFUSED).wait_for()
    assert page.url == board.url
    page.evaluate("token => { location.hash = `token=${token}`; }", board.keys.instructor())
    page.wait_for_selector("#students li")
    page.wait_for_url(board.url)


def test_a_token_that_has_become_void_hides_what_was_shown(context: Any, tmp_path: Path) -> None:
    folder = tmp_path / "board"
    with running(folder, CLASS) as first:
        port = int(first.url.split(":")[2].split("/")[0])
        page = signed_in(context, first)
        page.get_by_role("switch", name="Show names").check()
        page.get_by_text("佐藤 さくら").wait_for()
    (folder / "secret").unlink()
    with running(folder, CLASS, port=port) as second:
        page.get_by_role("alert").get_by_text(REFUSED).wait_for()
        assert "佐藤" not in page.content()
        asks_for_a_token(page).fill(second.keys.instructor())
        page.get_by_role("button", name="Sign in").click()
        page.get_by_text("佐藤 さくら").wait_for()


@pytest.mark.parametrize("name", ["grades.csv", "checks.csv"])
@pytest.mark.parametrize("way", ["click", "keyboard"])
def test_a_file_is_saved_under_its_name(context: Any, board: Running, tmp_path: Path, name: str, way: str) -> None:
    page = signed_in(context, board)
    told = {"grades.csv": "Grades (CSV)", "checks.csv": "Checks without names (CSV)"}[name]
    button = page.get_by_role("button", name=told)
    with page.expect_download() as saving:
        if way == "click":
            button.click()
        else:
            button.focus()
            page.keyboard.press("Enter")
    assert saving.value.suggested_filename == name
    saving.value.save_as(tmp_path / name)
    saved = (tmp_path / name).read_bytes()
    sent = board.ask(name, board.keys.instructor()).body
    if name == "grades.csv":
        assert saved == sent
    rows = list(csv.DictReader(io.StringIO(saved.decode("utf-8-sig"))))
    assert len(rows) == sent.count(b"\r\n") - 1
    assert len(rows) >= 1


def test_a_file_that_does_not_come_is_told(context: Any, tmp_path: Path) -> None:
    with running(tmp_path / "board", CLASS) as board:
        page = signed_in(context, board)
        page.route("**/*.csv", lambda route: route.abort())
        page.route("**/api/board*", lambda _: None)  # so that what is told stays
        page.get_by_role("button", name="Grades (CSV)").click()
        page.get_by_text("The board did not send grades.csv.").wait_for()


@contextmanager
def listening(seen: list[dict[str, str]]) -> Iterator[str]:
    """A student's server on another port of the same host; it writes down what browsers send to it."""

    class Lure(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(dict(self.headers))
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>Lamps</title><p>Look, teacher")

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Lure)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/board/"
    server.shutdown()
    server.server_close()


ASK = """async ([board, token]) => {
  const how = [{ credentials: "include" }, { credentials: "include", mode: "no-cors" },
               { headers: { Authorization: `Bearer ${token}` } }];
  const read = [];
  for (const path of ["api/board", "grades.csv", ""]) for (const options of how) {
    try { read.push(await (await fetch(board + path, options)).text()); } catch { read.push(""); }
  }
  return read;
}"""
HOLD = """async (board) => {
  window.holders = [document.createElement("iframe")];
  holders[0].src = board;
  document.body.append(holders[0]);
  await new Promise((loaded) => { holders[0].onload = loaded; });
  holders[0] = holders[0].contentWindow;
  holders.push(window.open(board));
}"""
LOOK = """() => {
  const read = [];
  for (const holder of holders)
    for (const look of [() => holder.document.body.textContent, () => holder.sessionStorage])
      try { read.push(String(look())); } catch { read.push(""); }
  return read;
}"""


def test_a_page_of_another_port_reads_nothing_while_the_instructor_is_signed_in(context: Any, board: Running) -> None:
    signed_in(context, board)
    seen: list[dict[str, str]] = []
    answers: list[Any] = []
    with listening(seen) as lure:
        page = opened(context, lure)
        page.on("response", lambda response: answers.append(response))
        assert page.evaluate(ASK, [board.url, board.keys.student("Aiko Mori")]) == [""] * 9
        with page.expect_popup() as popup:
            page.evaluate(HOLD, board.url)
        asks_for_a_token(popup.value)
        assert page.evaluate(LOOK) == [""] * 4
        assert page.locator("iframe").content_frame.locator("#sign-in").count() == 0, "it may not be framed"
    assert seen
    assert not any("Cookie" in headers or "Authorization" in headers for headers in seen)
    for answer in answers:
        if answer.url.startswith(board.url) and answer.url != board.url:
            assert answer.status in (401, 405), answer.url


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_both_states_of_the_page(browser: Any, board: Running, scheme: str) -> None:
    context = browser.new_context(color_scheme=scheme, viewport={"width": 1280, "height": 720})
    context.set_default_timeout(WAIT_MS)
    form = opened(context, board.url)
    asks_for_a_token(form).fill("x")
    form.keyboard.press("Enter")
    form.get_by_role("alert").wait_for()
    page = signed_in(context, board)
    for each in (form, page):
        assert axe.violations(each) == []
    context.close()
