"""Films README's moving picture: the live view during a burst of orders, first without a proxy, then with one.

The film shows the course's own code at work: Hikari's database and function, `aws.at_once` and the page of
`serverless-cloud --view`. It needs Chromium and Playwright.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

from serverless_first import cloud
from serverless_first.course.chromium import arguments, find_chromium, missing
from serverless_first.shop import hikari

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "images" / "burst.gif"
BURST, SEATS, WORK_S = 60, 20, 0.8
WIDTH, HEIGHT = 860, 270
FRAME_MS, READ_MS = 150, 3000
MOST_BYTES = 3_000_000
ORDERS = """import os
import psycopg

connection = None

def handler(event, context):
    global connection
    if connection is None:
        connection = psycopg.connect(
            host=os.environ["DB_HOST"], port=os.environ["DB_PORT"], user=os.environ["DB_USER"],
            password=os.environ["DB_PASSWORD"], dbname=os.environ["DB_NAME"], autocommit=True,
            prepare_threshold=None,
        )
    statement = "SELECT place_order(%s, %s, %s)"
    return connection.execute(statement, (event["order_key"], "Tsuki", 1)).fetchone()
"""


class Film:
    """The frames of a page, each with its time in ms. Frames that look the same become one."""

    def __init__(self, page: Any) -> None:
        self._page = page
        self.frames: list[tuple[bytes, int]] = []

    def say(self, title: str) -> None:
        """Changes the page's title."""
        self._page.evaluate("title => { document.querySelector('h1').textContent = title; }", title)

    def wait_until_none_is(self, state: str) -> None:
        """Waits until no execution environment on the page is in this state."""
        self._page.locator(f".card:first-child .marks i.{state}").first.wait_for(state="detached")

    def take(self, shown_ms: int = FRAME_MS) -> None:
        """Adds what the page shows now."""
        png = self._page.screenshot()
        if self.frames and self.frames[-1][0] == png:
            self.frames[-1] = (png, self.frames[-1][1] + shown_ms)
        else:
            self.frames.append((png, shown_ms))

    def during(self, work: Callable[[], Any]) -> None:
        """Films while a call runs in its own thread."""
        thread = threading.Thread(target=work)
        thread.start()
        while thread.is_alive():
            self.take()
            self._page.wait_for_timeout(60)
        self.take()

    def save(self, target: Path) -> None:
        """Writes the film as a GIF that repeats."""
        pictures = [Image.open(io.BytesIO(png)).convert("RGB").quantize(48) for png, _ in self.frames]
        times_ms = [shown_ms for _, shown_ms in self.frames]
        pictures[0].save(target, save_all=True, append_images=pictures[1:], duration=times_ms, loop=0, optimize=True)


@contextmanager
def _cloud() -> Iterator[tuple[str, str]]:
    """Runs `serverless-cloud --view`: its endpoint, and the address of its page."""
    command = [str(Path(sys.executable).with_name("serverless-cloud")), "--port", "0", "--view"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        addresses: list[str] = []
        for line in process.stdout:
            addresses += re.findall(r"(?:runs at|open) (http://\S+)", line)
            if len(addresses) == 2:
                break
        try:
            yield addresses[0], addresses[1]
        finally:
            process.terminate()


@contextmanager
def _page(url: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright  # late: `missing` says how to get it

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=arguments())
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto(url)
        page.add_style_tag(content=".bar { display: none !important }")
        yield page
        browser.close()


def _burst(aws: cloud.Cloud, film: Film, file: str, variables: dict[str, str], title: str, outcome: str) -> int:
    """Deploys the function and films a burst of orders; how many were placed."""
    hikari.deploy(aws, "orders", file, variables)
    film.wait_until_none_is("ended")  # the environments of the first burst
    film.say(title)
    film.take(READ_MS)
    calls: list[Any] = []
    events = [{"order_key": f"customer-{number}"} for number in range(BURST)]
    film.during(lambda: calls.extend(aws.at_once("orders", events)))
    placed: int = sum(call.outcome == "answered" for call in calls)
    film.wait_until_none_is("busy")
    film.say(outcome.format(placed=placed, failed=BURST - placed))
    film.take(READ_MS)
    return placed


def main() -> int:
    """Films both bursts; 2 where there is no browser, 1 if the film is too large."""
    if lacks := missing():
        print(lacks, file=sys.stderr)
        return 2
    with (
        _cloud() as (endpoint_url, view_url),
        cloud.start(target=endpoint_url) as aws,
        tempfile.TemporaryDirectory() as folder,
    ):
        file = Path(folder) / "orders.py"
        file.write_text(ORDERS, encoding="utf-8")
        database = hikari.database(aws, seats=SEATS, work_s=WORK_S)
        with _page(view_url) as page:
            film = Film(page)
            direct = database.as_variables("hikari")
            question = f"{BURST} customers, {SEATS} database seats. How many orders fail?"
            _burst(aws, film, str(file), direct, question, "{placed} orders are placed. {failed} fail.")
            proxy = database.as_variables(
                "orders_app", hikari.proxy(aws, database, MaxConnectionsPercent=50, ConnectionBorrowTimeout=30)
            )
            question = f"The same {BURST} customers, with an RDS proxy in front of the database:"
            _burst(aws, film, str(file), proxy, question, "{placed} orders are placed. {failed} fail.")
        TARGET.parent.mkdir(parents=True, exist_ok=True)
        film.save(TARGET)
    size = TARGET.stat().st_size
    print(f"{TARGET.relative_to(ROOT)}: {size // 1024} KB, {len(film.frames)} pictures")
    return 0 if size <= MOST_BYTES else 1


if __name__ == "__main__":
    sys.exit(main())
