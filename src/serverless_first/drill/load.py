"""The customers of a drill: a few clients that post orders over HTTP and try again when they get no answer."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain

import urllib3

from serverless_first.drill.plan import PlannedOrder
from serverless_first.drill.record import Look, Posted

CLIENTS = 4
TRIES = 5
ANSWER_LIMIT_S = 60.0


@dataclass
class Log:
    """The orders posted so far. Args: statuses, took_ms, copies, rows_before: by order id, as in `record.Posted`."""

    statuses: dict[str, list[int]] = field(default_factory=dict)
    took_ms: dict[str, list[float]] = field(default_factory=dict)
    copies: dict[str, int] = field(default_factory=dict)
    rows_before: Mapping[str, int] = field(default_factory=dict)

    def posted(self, order: PlannedOrder) -> Posted:
        """The outcome of one order."""
        key = order.order_id
        return Posted(
            key,
            order.kind,
            tuple(self.statuses.get(key, [])),
            tuple(self.took_ms.get(key, [])),
            self.copies.get(key, 0),
            self.rows_before.get(key, 0) if order.kind == "late" else 0,
        )


class Customers:
    """Posts orders to the shop's front door.

    Args:
        url: of the API, on this machine.
    """

    def __init__(self, url: str) -> None:
        self.log = Log()
        self._url = f"{url.rstrip('/')}/orders"
        self._http = urllib3.PoolManager(maxsize=CLIENTS, retries=False)
        self._lock = threading.Lock()
        self.done = 0

    def post_all(self, orders: Iterable[PlannedOrder]) -> None:
        """Posts these orders, `CLIENTS` at a time; returns when all have been answered."""
        clients = ThreadPoolExecutor(CLIENTS)
        try:
            copies = chain.from_iterable([order] * (2 if order.kind == "retried" else 1) for order in orders)
            for _ in clients.map(self.post, copies):
                pass
        finally:  # if one has failed or the cell is interrupted, nobody is to go on posting
            clients.shutdown(wait=False, cancel_futures=True)

    def post(self, order: PlannedOrder) -> None:
        """Posts one order, again as long as the shop does not answer or answers with its own fault."""
        body = json.dumps(order.body).encode()
        for attempt in range(1, TRIES + 1):
            begun_s = time.monotonic()
            try:
                status = self._http.request(
                    "POST", self._url, body=body, headers={"Content-Type": "application/json"}, timeout=ANSWER_LIMIT_S
                ).status
            except urllib3.exceptions.HTTPError:
                status = 0
            took_ms = round((time.monotonic() - begun_s) * 1000, 1)
            with self._lock:
                self.log.statuses.setdefault(order.order_id, []).append(status)
                self.log.took_ms.setdefault(order.order_id, []).append(took_ms)
                if status == 202:
                    self.log.copies[order.order_id] = self.log.copies.get(order.order_id, 0) + 1
            if 200 <= status < 500:
                break
            time.sleep(0.2 * attempt)
        with self._lock:
            self.done += 1

    def look(self, order_id: str) -> Look:
        """Asks the shop for an order, as its customer does."""
        try:
            answer = self._http.request("GET", f"{self._url}/{order_id}", timeout=ANSWER_LIMIT_S)
            status = json.loads(answer.data)["status"] if answer.status == 200 else ""
            return Look(order_id, answer.status, status if isinstance(status, str) else "")
        except urllib3.exceptions.HTTPError:
            return Look(order_id, 0, "")
        except (ValueError, KeyError, TypeError):
            return Look(order_id, answer.status, "")
