"""Which orders a drill posts: the same for the same number and seed."""

from __future__ import annotations

import random
from dataclasses import dataclass

LAMPS = ("Tsuki", "Hoshi", "Akari", "Yoru", "Kumo")
#: JSON carries it, the front door may take it, and a text of PostgreSQL cannot hold it.
POISON_CUSTOMER = "Mori\x00 Aoi"
LEAST_ORDERS, MOST_ORDERS = 80, 5000
#: So many are posted while the table is locked: some of them are worked on twice, because their environment is killed.
UNDER_LOCK = 60


@dataclass(frozen=True)
class PlannedOrder:
    """An order that will be posted. Args: kind: as in `record.Posted`."""

    order_id: str
    customer: str
    lamp: str
    quantity: int
    kind: str

    @property
    def body(self) -> dict[str, object]:
        """The body that a client posts."""
        return {
            "order_id": self.order_id, "customer": self.customer, "lamp": self.lamp, "quantity": self.quantity,
        }  # fmt: skip


def plan(orders: int, seed: int, prefix: str) -> list[PlannedOrder]:
    """The orders of a drill, in the order in which they are posted; the poison is one more, among the first.

    Five in a hundred are posted twice in a row, and five others come again late, but not more than fifty.

    Args:
        orders: how many good ones.
        seed: decides who orders what, and which of them come twice.
        prefix: how the order ids begin: each drill has its own.

    Raises:
        ValueError: a drill can't have so many orders, or the seed isn't a whole number.
    """
    if isinstance(orders, bool) or not isinstance(orders, int) or not LEAST_ORDERS <= orders <= MOST_ORDERS:
        raise ValueError(f"orders is {orders!r}, but must be a whole number from {LEAST_ORDERS} to {MOST_ORDERS}.")
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise ValueError(f"seed is {seed!r}, but must be a whole number.")
    dice = random.Random(seed)
    places = list(range(orders))
    # Orders that come again late must have been worked on once by then.
    late = set(dice.sample(places[UNDER_LOCK : orders * 9 // 10], min(50, orders // 20)))
    retried = set(dice.sample([place for place in places if place not in late], orders // 20))
    posts = []
    for place in places:
        kind = "late" if place in late else "retried" if place in retried else "once"
        posts.append(
            PlannedOrder(
                f"{prefix}-{place:05d}",
                f"customer {dice.randrange(10**6):06d}",
                dice.choice(LAMPS),
                dice.randint(1, 4),
                kind,
            )
        )
    posts.insert(orders // 10, PlannedOrder(f"{prefix}-poison", POISON_CUSTOMER, "Tsuki", 1, "poison"))
    return posts
