"""Watches the shop during a drill, and waits until the shop is quiet."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from serverless_cloud import CloudError
from serverless_first.drill.record import Moment, Sample
from serverless_first.drill.shop import Shop

EVERY_S = 0.5
#: How many looks in a row must find the shop quiet. An event may be on its way from one queue to another.
QUIET_LOOKS = 3
#: After this time without a change, beyond the visibility timeout, the shop has stopped moving.
STILL_S = 10.0
#: The same for an order queue without a dead-letter queue, where the last messages stay when all other work is done.
STUCK_S = 4.0


class Watch:
    """Takes a sample every half second in its own thread, from `start` to `stop`.

    Attributes:
        samples, moments: the samples and the drill's own actions, for the record.
    """

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._begun_s = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="drill-watch", daemon=True)
        self.samples: list[Sample] = []
        self.moments: list[Moment] = []

    @property
    def now_s(self) -> float:
        """The time since the start of the drill, in seconds."""
        return round(time.monotonic() - self._begun_s, 2)

    def note(self, what: str) -> None:
        """Notes something that the drill has done."""
        self.moments.append(Moment(self.now_s, what))

    def start(self) -> None:
        """Starts taking samples."""
        self._begun_s = time.monotonic()
        self._thread.start()

    def stop(self) -> None:
        """Stops taking samples. You can call this twice."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> None:
        """Takes one sample."""
        time_s, depth = self.now_s, {name: self._shop.depth(url) for name, url in self._shop.queues.items()}
        dead = self._shop.depth(self._shop.dead_letters_url) if self._shop.dead_letters_url else 0
        proxied, direct = self._shop.sessions()
        self.samples.append(
            Sample(time_s, depth["orders"], depth["payments"], depth.get("changes", 0), dead, proxied, direct)
        )

    def _watch(self) -> None:
        while not self._over.wait(EVERY_S):
            with contextlib.suppress(ClientError, BotoCoreError, CloudError):
                self.look()


def wait_until_quiet(shop: Shop, prefix: str, limit_s: float, report: Callable[[int], None]) -> tuple[bool, float]:
    """Waits until the shop has no work left, has stopped moving, or has used up the time.

    Args:
        prefix: the start of the drill's order ids.
        limit_s: the longest time to wait, in seconds.
        report: called with the number of orders that are paid or canceled.

    Returns:
        Whether the shop is quiet, and how many seconds passed until its last change.
    """
    begun_s = time.monotonic()
    queues = {name: shop.settings(url) for name, url in shop.queues.items()}
    before: object = None
    changed_s, quiet = begun_s, 0
    while True:
        now_s = time.monotonic()
        depths = {name: number for name, url in shop.queues.items() if (number := shop.depth(url))}
        running = shop.executions("RUNNING")
        rows, ended = _rows(shop, prefix)
        report(ended)
        quiet = 0 if depths or running else quiet + 1
        if quiet == QUIET_LOOKS:
            return True, changed_s - begun_s
        now = (depths, running, rows, ended)
        if now != before:
            before, changed_s = now, now_s
        in_doubt = [queues[name] for name in (depths if depths and not running else queues)]
        still_s = STILL_S + max(queue.visibility_timeout_s * (queue.max_receives or 1) for queue in in_doubt)
        if set(depths) == {"orders"} and not running and queues["orders"].max_receives is None:
            still_s = STUCK_S
        if now_s - changed_s > still_s or now_s - begun_s > limit_s:
            return False, changed_s - begun_s
        time.sleep(EVERY_S)


def wait_for_rows(shop: Shop, order_ids: list[str], limit_s: float) -> None:
    """Waits until these orders are in the database, their queue is empty, or the time is up."""
    end_s = time.monotonic() + limit_s
    while time.monotonic() < end_s:
        with shop.database() as connection:
            query = "SELECT count(DISTINCT order_id) FROM orders WHERE order_id = ANY(%s)"
            (there,) = connection.execute(query, (order_ids,)).fetchone()
        if there == len(order_ids) or not shop.depth(shop.queues["orders"]):
            return
        time.sleep(EVERY_S)


def _rows(shop: Shop, prefix: str) -> tuple[int, int]:
    """The number of rows, and the number of orders that are paid or canceled."""
    with shop.database() as connection:
        query = (
            "SELECT count(*), count(DISTINCT order_id) FILTER (WHERE status <> 'accepted') FROM orders "
            "WHERE order_id LIKE %s"
        )
        rows, ended = connection.execute(query, (f"{prefix}-%",)).fetchone()
        return int(rows), int(ended)
