"""Check of module 07, task 7.4: the shop moves while customers order, packers pack, and a forgotten program writes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg

from serverless_first.lab import Attempt, move_alone, task
from serverless_first.lab.functions import fresh_id
from serverless_first.lab.learner_file import LearnerFile
from serverless_first.lab.show import say
from serverless_first.shop.order_stores import LAMPS, DynamoOrders, Order, OrderExists, PostgresOrders

THERE_BEFORE, ROUNDS, MOVE_LIMIT_S = 40, 12, 40.0
FORGOTTEN = 12  # times that a forgotten program writes: after the backfill, and after looks for differences
_CANCELS_FROM = 22  # the first of the orders from before the move that it cancels; no packer touches these


class Shop:
    """The shop: it calls `store`, whatever that is now. Calls that are under way end before the store is set."""

    def __init__(self, old: Any, new: Any) -> None:
        self.old, self.new = old, new
        self._store: Any = old
        self._turn = threading.Condition()
        self._under_way = 0
        self.history: list[Any] = [old]

    @property
    def store(self) -> Any:
        return self._store

    @store.setter
    def store(self, store: Any) -> None:
        with self._turn:
            self._turn.wait_for(lambda: not self._under_way, timeout=10)
            self._store = store
            self.history.append(store)

    def call(self, method: str, *arguments: Any) -> Any:
        """One call of a customer or a packer."""
        with self._turn:
            self._under_way += 1
            store = self._store
        try:
            return getattr(store, method)(*arguments)
        finally:
            with self._turn:
                self._under_way -= 1
                self._turn.notify_all()


@dataclass
class Goal:
    """The state that an order must have in the end, and its cause, as a word of _CAUSES."""

    order: Order
    by: str


#: The last writer of an order -> the meaning if the new store lacks that write.
_CAUSES = {
    "before": "Orders from before the move are missing, because the backfill has not copied them all.",
    "customer": "An order that a customer placed during the move is lost. The shop wrote it only to the old store.",
    "packer": "The backfill has overwritten a newer order with an older copy, or a changed status was never copied.",
    "forgotten": "You switched while the stores still differed, so a change that a forgotten program made is lost.",
    "after": "After the switch, the shop does not write to the new store.",
}


class Scene:
    """The events while the learner's move runs."""

    def __init__(self, attempt: Attempt, old: PostgresOrders, new: DynamoOrders) -> None:
        self.attempt = attempt
        self.goals: dict[str, Goal] = {}
        self.problems: list[tuple[str, str, str]] = []  # problem, called, came back
        self._lock = threading.Lock()
        self.old = Read(old, self)
        self.shop = Shop(self.old, new)
        self.early = False  # whether the shop used the new store before the first reading was over
        self.before = [self.order() for _ in range(THERE_BEFORE)]
        for order in self.before:
            old.place(order)
            self.note(order, "before")

    @staticmethod
    def order() -> Order:
        return {
            "order_id": fresh_id("ord"),
            "customer": fresh_id("cust"),
            "placed_at": "2026-11-05T12:00:00Z",
            "lamp": LAMPS[0],
            "quantity": 1,
            "status": "open",
            "version": 1,
        }

    def note(self, order: Order, by: str) -> None:
        with self._lock:
            self.goals[order["order_id"]] = Goal(order, by)

    def place(self, by: str = "customer") -> Order:
        order = self.order()
        self.shop.call("place", dict(order))
        self.note(order, by)
        return order

    def pack(self, order: Order, by: str = "packer") -> None:
        if self.shop.call("set_status", order["order_id"], order["status"], "packed") is True:
            self.note(order | {"status": "packed", "version": order["version"] + 1}, by)
        else:
            self.problem(
                "A packer could not pack an open order.",
                f"shop.store.set_status({order['order_id']!r}, 'open', 'packed') during the move",
                "something other than True",
            )

    def problem(self, problem: str, called: str, came_back: str) -> None:
        with self._lock:
            self.problems.append((problem, called, came_back))

    def in_between(self, order: Order) -> None:
        """Lets customers and packers come after the backfill has read an order and before it writes the copy."""
        reply = self.shop.call("get", order["order_id"])
        if not reply:
            self.problem(
                "During the move, a customer cannot find an order, because the shop reads from the new store before "
                "the backfill has filled it.",
                f"shop.store.get({order['order_id']!r}), an order that the backfill has not copied yet",
                "None",
            )
        self.early = self.early or self.shop.store is self.shop.new
        self.pack(order)
        placed = self.place()
        if self.shop.new.get(placed["order_id"]) != placed:
            self.problem(
                "The new store lacks an order that a customer placed during the move.",
                f"shop.store.place({placed['order_id']!r}) during the backfill, then shop.new.get",
                "a different order, or none",
            )

    def impostor(self, order: Order) -> None:
        """Places an order with an id that the old store has and the new store doesn't have yet."""
        try:
            self.shop.call("place", order | {"customer": "impostor", "lamp": LAMPS[2]})
        except OrderExists:
            return
        self.problem(
            "During the move, the shop accepts a second order with the same id.",
            f"shop.store.place of a second order {order['order_id']}",
            "no error",
        )

    def read_to_the_end(self, number: int) -> None:
        """The last order has been read. A program that nobody has told of the move writes to the old store."""
        order = self.order()
        self.old.place(order)
        self.note(order, "forgotten")
        known = self.before[_CANCELS_FROM + number]
        if self.old.set_status(known["order_id"], "open", "cancelled"):
            self.note(known | {"status": "cancelled", "version": 2}, "forgotten")

    def customers(self, stop: threading.Event) -> None:
        """A customer and a packer in their own thread, with some orders one after the other."""
        for _ in range(ROUNDS):
            if stop.wait(0.02):
                return
            try:
                order = self.place()
                self.pack(order)
            except Exception as error:
                self.problem(
                    "A customer's call failed during the move.",
                    "shop.store.place, then set_status",
                    f"{type(error).__name__}: {error}",
                )
                return


class Read:
    """The old store, with something going on while `all` is read, and at the end of the first FORGOTTEN readings."""

    def __init__(self, store: PostgresOrders, scene: Scene) -> None:
        self._store, self._scene, self._reads = store, scene, 0

    def all(self) -> Iterator[Order]:
        self._reads += 1
        return self._with_company(self._reads) if self._reads <= FORGOTTEN else self._store.all()

    def _with_company(self, reading: int) -> Iterator[Order]:
        for number, order in enumerate(list(self._store.all())):
            if reading == 1 and number in (3, 9, 20) and order["status"] == "open" and order["version"] == 1:
                self._scene.in_between(order)
            if reading == 1 and number == 12:
                self._scene.impostor(order)
            yield order
        self._scene.read_to_the_end(reading)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@task("7.4")
def move(attempt: Attempt) -> None:
    """The shop moves, stays open, and nothing is lost or older in the new store."""
    database = attempt.database("shop-db")
    client = attempt.client("dynamodb")
    file = LearnerFile(attempt, "move.py")
    for name in ("Both", "backfill", "differences", "move"):
        file[name]
    connection = database.connect()
    old, new = PostgresOrders(connection, "orders_of_check"), DynamoOrders(client, fresh_id("orders-of-check"))
    old.create()
    new.create()
    scene = Scene(attempt, old, new)
    try:
        say(f"7.4: {THERE_BEFORE} orders, the shop is open, and the move begins ...")
        _run(attempt, file, scene)
        _judge(attempt, file, scene, new)
    finally:
        connection.execute("DROP TABLE orders_of_check")
        connection.close()
        new.drop()


def _run(attempt: Attempt, file: LearnerFile, scene: Scene) -> None:
    stop = threading.Event()
    threads = [threading.Thread(target=scene.customers, args=(stop,), daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        file.run("move(shop)", file["move"], scene.shop, limit_s=MOVE_LIMIT_S, allowed=(psycopg.Error,))
    finally:
        stop.set()
        for thread in threads:
            thread.join(20)
    if scene.shop.store is not scene.shop.new:
        attempt.fail(
            "The move is over, but the shop does not use the new store.",
            called="move(shop), then shop.store",
            came_back=type(scene.shop.store).__name__,
            expected="shop.new",
            look_at="the end of move: when nothing differs, what must the shop use?",
        )
    for _ in range(2):
        scene.pack(scene.place("after"), "after")


def _judge(attempt: Attempt, file: LearnerFile, scene: Scene, new: DynamoOrders) -> None:
    stored = {order["order_id"]: order for order in new.all()}
    if scene.early:
        attempt.fail(
            "The shop uses the new store before the backfill has filled it.",
            called="move(shop), and shop.store while the old store was read for the first time",
            came_back="shop.new",
            expected="a store that writes to both, until nothing differs",
            look_at="move: the order of the steps",
        )
    strangers = [order for order in stored.values() if order["customer"] == "impostor"]
    if strangers:
        attempt.fail(
            "The new store has an order that the old store refused, because your code called the new store before "
            "the old store had decided.",
            called="place of a second order with an id that the old store has, during the move",
            came_back="the new store holds the second order",
            expected="the first order with this id",
            look_at="Both.place: who decides, and who gets a copy?",
        )
    for problem, called, came_back in scene.problems:
        attempt.fail(
            problem, called=called, came_back=came_back, expected="a shop that stays open", look_at="Both, and move"
        )
    _nothing_lost(attempt, scene, stored)
    move_alone.compares(attempt, file)
    move_alone.writes_to_both(attempt, file)
    move_alone.fills_up(attempt, file)


def _nothing_lost(attempt: Attempt, scene: Scene, stored: dict[str, Order]) -> None:
    wrong: dict[str, list[str]] = {}
    for order_id, goal in scene.goals.items():
        row = stored.get(order_id)
        if row != goal.order:
            state = f"status {row['status']}, version {row['version']}" if row else "not there"
            right = f"status {goal.order['status']}, version {goal.order['version']}"
            by = goal.by
            if not row and by == "packer":  # never copied at all
                by = "before" if order_id in {order["order_id"] for order in scene.before} else "customer"
            wrong.setdefault(by, []).append(f"{order_id}: {state}; it should be {right}")
    for by in ("before", "customer", "packer", "after", "forgotten"):
        if by in wrong:
            attempt.fail(
                _CAUSES[by],
                called="move(shop) while the shop was open, then every order in the new store",
                came_back=f"{len(wrong[by])} of {len(scene.goals)} orders are wrong; {wrong[by][0]}",
                expected="every order in its latest state",
                look_at={
                    "before": "backfill: does it copy every order?",
                    "customer": "Both.place, and when the shop begins to use it",
                    "packer": "backfill and Both.set_status: which copy wins when two arrive?",
                    "after": "the end of move",
                    "forgotten": "move: what must be true before the switch?",
                }[by],
            )
