"""The drill itself: load and faults, one after the other, then the evidence."""

from __future__ import annotations

import contextlib
import json
import math
import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterator

from serverless_cloud.notebook import progress
from serverless_first import cloud
from serverless_first.drill import evidence, watch
from serverless_first.drill.faults import Killer, locked_table, make_quiet, paused, provider_down, restart_database
from serverless_first.drill.load import Customers
from serverless_first.drill.plan import UNDER_LOCK, PlannedOrder, plan
from serverless_first.drill.record import LATE_COPIES, DeadLetter, Record
from serverless_first.drill.shop import DrillError, Shop

#: AWS's own waiting times are divided by it during a drill: the intervals of retries, and how pollers scale.
TIME_SCALE = 60.0
#: The longest that the drill waits for the first copies of orders that come again, in seconds.
LATE_LIMIT_S = 45.0
#: How many customers look for their orders at the end.
LOOKS = 12
PURGE_AGAIN_S = 65.0  # a queue can be purged once in a minute
PATIENCE_S, PATIENCE_EACH_S = 240.0, 0.5
ROLES = ("Front", "Worker", "Provider", "Ledger", "Projector")


def run(
    stack_name: str = "hikari-shop",
    *,
    orders: int = 300,
    seed: int = 7,
    faults: bool = True,
    patience_s: float | None = None,
) -> Record:
    """Drills the shop: posts orders as customers do, lets things go wrong meanwhile, and gathers what came of it.

    The faults come at points of progress: a migration locks the table, three environments are killed at work, the
    payment provider is down, the database restarts, clients post an order twice, a poison comes, and in the end orders
    come again to new environments. Earlier orders in the shop's tables stay, and do not count.

    Args:
        orders: how many good orders, 80 to 5,000.
        seed: decides who orders what, and what comes twice.
        faults: whether things go wrong; without, there are only the duplicates, the poison, and new environments for
            the worker before orders come again.
        patience_s: how long to wait, after the last POST, until all work is done, in seconds; four minutes and half a
            second for each order unless told. A shop that does not move any more is not waited for.

    Raises:
        DrillError: there is no such stack, it lacks an output, or it is not quiet.
        ValueError: a drill can't have so many orders, the seed isn't a whole number, or the patience isn't a time.
    """
    prefix = f"r{secrets.token_hex(3)}"
    planned = plan(orders, seed, prefix)
    limit_s = _limit_s(patience_s, orders)
    aws = cloud.start()
    shop = Shop.find(aws, stack_name)
    _require_quiet(shop)
    _migrate(shop)
    scale_before = aws.time_scale
    cloud.start(time_scale=TIME_SCALE)
    try:
        return _Drill(shop, prefix, planned, seed, faults).run(limit_s)
    finally:
        if aws.is_running:
            cloud.start(time_scale=scale_before)


def _limit_s(patience_s: float | None, orders: int) -> float:
    if patience_s is None:
        return PATIENCE_S + PATIENCE_EACH_S * orders
    if isinstance(patience_s, bool) or not isinstance(patience_s, int | float) or not patience_s >= 0:
        raise ValueError(f"patience_s is {patience_s!r}, but must be a time of 0 or more seconds.")
    return patience_s


def clear(stack_name: str = "hikari-shop") -> None:
    """Makes the shop quiet: empties its queues and stops the executions that run. Orders in its tables stay.

    A queue can be purged once in a minute, on AWS as here: the second time it may wait for that.

    Raises:
        DrillError: there is no such stack, or it lacks an output.
    """
    make_quiet(Shop.find(cloud.start(), stack_name), limit_s=PURGE_AGAIN_S)


def _require_quiet(shop: Shop) -> None:
    """The drill counts what is in queues: nothing may be there before it."""
    depths = {name: shop.depth(url) for name, url in shop.queues.items()}
    if shop.dead_letters_url:
        depths["dead letters"] = shop.depth(shop.dead_letters_url)
    leftovers = [f"{number:,} in {name}" for name, number in depths.items() if number]
    if running := shop.executions("RUNNING"):
        leftovers.append(f"{running:,} running executions")
    if leftovers:
        raise DrillError(
            f"The shop is not quiet: {'; '.join(leftovers)}. A drill begins with empty queues. Wait for them to empty, "
            f'or call drill.clear("{shop.stack_name}").'
        )


def _migrate(shop: Shop) -> None:
    """The table is there afterwards; Migrate may fail if it was.

    In a seat reserved for the master user PostgreSQL forgets that he owns the database (seen in 18), and refuses
    him CREATE TABLE IF NOT EXISTS. This happens when direct connections of an earlier drill have all the other seats.
    """
    answer = shop.client("lambda").invoke(FunctionName=shop.functions["Migrate"], Payload=b"{}")
    reply = answer["Payload"].read().decode()
    with shop.database() as connection:
        (there,) = connection.execute("SELECT to_regclass('orders') IS NOT NULL").fetchone()
    if not there:
        raise DrillError(f"The database has no table orders after a call of Migrate, which answered: {reply}")


class _Drill:
    """One drill of a shop that is quiet."""

    def __init__(self, shop: Shop, prefix: str, planned: list[PlannedOrder], seed: int, with_faults: bool) -> None:
        self._shop, self._prefix, self._planned, self._seed, self._faults = shop, prefix, planned, seed, with_faults
        self._customers = Customers(shop.aws.local_url(shop.outputs["ApiUrl"]))
        self._watch = watch.Watch(shop)
        self._killer = Killer(shop)

    def run(self, patience_s: float) -> Record:
        begun_s = time.time()
        self._watch.start()
        try:
            self._work()
            posting_s = self._watch.now_s
            draining_s = self._drain(patience_s)
            self._watch.look()
        finally:
            self._watch.stop()
        return self._record(begun_s, posting_s, draining_s)

    # ---- load and faults

    def _post(self, orders: list[PlannedOrder]) -> None:
        """Posts these orders. A poison that the front door refuses comes from another producer then."""
        self._customers.post_all(orders)
        log, url = self._customers.log, self._shop.outputs["QueueUrl"]
        for order in orders:
            if order.kind == "poison" and not log.copies.get(order.order_id):
                self._shop.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps(order.body))
                log.copies[order.order_id] = 1

    def _work(self) -> None:
        total, first = len(self._planned), UNDER_LOCK
        with self._bar("orders posted", total):
            if not self._faults:
                self._post(self._planned)
            else:
                self._post_under_lock(self._planned[:first])
                restart_at, down_at, up_at = (first + (total - first) * part // 10 for part in (2, 5, 8))
                self._post(self._planned[first:restart_at])
                restart_database(self._shop, self._watch.note)
                self._post(self._planned[restart_at:down_at])
                with provider_down(self._shop, self._watch.note):
                    self._post(self._planned[down_at:up_at])
                self._post(self._planned[up_at:])
        self._come_again()

    def _post_under_lock(self, orders: list[PlannedOrder]) -> None:
        sent = threading.Event()
        with locked_table(self._shop, self._killer, sent, self._watch.note):
            self._post(orders)
            sent.set()

    def _come_again(self) -> None:
        """Orders that were done long ago come once more, twice in a row, and meet environments that are all new."""
        late = [order for order in self._planned if order.kind == "late"]
        watch.wait_for_rows(self._shop, [order.order_id for order in late], limit_s=LATE_LIMIT_S)
        with paused(self._shop, "Worker"):
            number = self._killer.kill(("Worker",))
            self._watch.note(f"all {number} environments of the worker are killed")
            if self._faults:
                self._killer.kill(("Ledger", "Front"), most=1)
            self._customers.log.rows_before = Counter(
                order_id for order_id, _ in evidence.rows(self._shop, self._prefix)
            )
            for order in late:
                for _ in range(LATE_COPIES):
                    self._customers.post(order)
        self._watch.note("orders come again")

    def _drain(self, patience_s: float) -> float:
        with progress.bar("orders done", len(self._planned) - 1) as report:
            is_quiet, took_s = watch.wait_until_quiet(self._shop, self._prefix, patience_s, report)
        self._watch.note("the shop is quiet" if is_quiet else "the drill waits no longer")
        return took_s

    @contextlib.contextmanager
    def _bar(self, what: str, total: int) -> Iterator[None]:
        """Shows how many POSTs have been answered."""
        over = threading.Event()

        def show() -> None:
            with progress.bar(what, total) as report:
                while not over.wait(0.3):
                    report(min(total, self._customers.done))

        thread = threading.Thread(target=show, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    # ---- evidence

    def _record(self, begun_s: float, posting_s: float, draining_s: float) -> Record:
        shop, prefix = self._shop, self._prefix
        queue = shop.settings(shop.queues["orders"])
        patience_s = queue.visibility_timeout_s + 5
        waiting = {name: shop.depth(url) for name, url in shop.queues.items() if name != "orders"}
        left: tuple[DeadLetter, ...] = ()
        if shop.depth(shop.queues["orders"]):
            with paused(shop, "Worker"):
                left = evidence.messages(shop, shop.queues["orders"], patience_s)
        dead = evidence.messages(shop, shop.dead_letters_url, patience_s) if shop.dead_letters_url else ()
        rows = evidence.rows(shop, prefix)
        statuses, transitions = evidence.executions(shop, begun_s)
        return Record(
            orders=len(self._planned) - 1,
            seed=self._seed,
            faults=self._faults,
            posted=tuple(self._customers.log.posted(order) for order in self._planned),
            rows=rows,
            projection=evidence.projection(shop, prefix, rows),
            looks=tuple(
                self._customers.look(order.order_id) for order in self._planned[:: len(self._planned) // LOOKS]
            ),
            charges=evidence.items(shop, shop.outputs["ChargesTable"], prefix, "decision"),
            dead_letters=dead,
            left=left,
            waiting=waiting,
            executions=statuses,
            transitions=transitions,
            failures=evidence.failures(shop, begun_s),
            queue=queue,
            database=evidence.database_use(shop, self._watch.samples),
            functions=evidence.functions(shop, begun_s),
            killed=dict(sorted(self._killer.killed.items())),
            posting_s=posting_s,
            draining_s=round(draining_s, 2),
            moments=tuple(self._watch.moments),
            samples=tuple(self._watch.samples),
            points=evidence.points(shop, math.floor(begun_s), ROLES),
        )
