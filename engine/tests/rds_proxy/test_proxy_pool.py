"""Who borrows, who waits, who has waited too long: the pool without a socket, with a clock of its own."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest

from serverless_cloud.rds_proxy.pool import RETRY_S, Key, Pool

APP, REPORT = Key("app", "shop"), Key("report", "shop")


@dataclass(eq=False)
class Link:
    """A database connection that exists in name only."""

    key: Key
    idle_since_s: float = 0.0


@dataclass
class World:
    """A pool, and what it has done."""

    limit: int = 2
    max_idle: int = 2
    borrow_timeout_s: float = 10.0
    now_s: float = 100.0
    opening: list[Key] = field(default_factory=list)
    closing: list[Link] = field(default_factory=list)
    granted: dict[str, Link] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    refused: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.pool: Pool[Link, str] = Pool(
            open=self.opening.append,
            close=self.closing.append,
            grant=self._grant,
            refuse=self.refused.__setitem__,
            limit=self.limit,
            max_idle=self.max_idle,
            idle_s=300.0,
            borrow_timeout_s=self.borrow_timeout_s,
            clock=lambda: self.now_s,
        )

    def _grant(self, link: Link, who: str, waited_s: float) -> None:
        assert waited_s >= 0
        self.granted[who] = link
        self.order.append(who)

    def serve(self, clients: str) -> None:
        """Each of these clients asks; all the connections that the pool opens are let in."""
        for who in clients:
            self.pool.ask(who, APP)
        self.finish_opening()

    def wait(self, seconds: float) -> None:
        """Time passes, and the pool looks at its clock."""
        self.now_s += seconds
        self.pool.tick()

    def finish_opening(self) -> None:
        """The database lets every connection in that is being opened."""
        while self.opening:
            self.pool.opened(Link(self.opening.pop(0)))

    def finish_closing(self) -> None:
        """The seats of those that were to be closed are free."""
        while self.closing:
            self.closing.pop(0)
            self.pool.closed()

    def give_back(self, who: str) -> None:
        self.pool.release(self.granted.pop(who))


def test_one_connection_is_opened_for_each_that_asks_up_to_the_limit() -> None:
    world = World()
    for who in "abc":
        world.pool.ask(who, APP)
    assert world.opening == [APP, APP]
    world.finish_opening()
    assert world.order == ["a", "b"]
    assert world.pool.size == 2


def test_who_waits_is_served_in_the_order_of_asking() -> None:
    world = World(limit=1)
    world.serve("abcd")
    for who in "abc":
        world.give_back(who)
    assert world.order == ["a", "b", "c", "d"]


def test_the_connection_used_last_is_used_first() -> None:
    world = World()
    world.serve("ab")
    last = world.granted["a"]
    world.give_back("b")
    world.give_back("a")
    world.pool.ask("c", APP)
    assert world.granted["c"] is last


def test_a_wait_ends_with_the_borrow_timeout_and_not_before() -> None:
    world = World(limit=1, borrow_timeout_s=3.0)
    world.serve("a")
    world.pool.ask("b", APP)
    world.wait(2.9)
    assert world.refused == {}
    world.wait(0.1)
    assert world.refused == {"b": b""}
    world.give_back("a")
    assert world.order == ["a"]


def test_the_wait_includes_the_time_to_open_a_connection() -> None:
    world = World(borrow_timeout_s=1.0)
    world.pool.ask("a", APP)
    world.wait(1.0)
    assert world.refused == {"a": b""}
    world.finish_opening()  # it comes too late for that one, and is there for the next
    world.pool.ask("b", APP)
    assert world.order == ["b"]


def test_an_idle_connection_of_others_makes_room() -> None:
    world = World(limit=1)
    world.serve("a")
    world.give_back("a")
    world.pool.ask("b", REPORT)
    assert [link.key for link in world.closing] == [APP]
    assert world.opening == []  # its seat is still taken
    world.finish_closing()
    assert world.opening == [REPORT]
    world.finish_opening()
    assert world.granted["b"].key == REPORT


def test_a_refusal_reaches_those_whom_it_concerns() -> None:
    world = World()
    world.pool.ask("a", APP)
    world.pool.ask("b", REPORT)
    world.opening.remove(APP)
    world.pool.refused(APP, b"no such database")
    world.finish_opening()
    assert world.refused == {"a": b"no such database"}
    assert world.order == ["b"]


def test_a_database_that_is_away_is_asked_again() -> None:
    world = World()
    world.pool.ask("a", APP)
    world.opening.clear()
    world.pool.unreachable(APP)
    world.pool.tick()
    assert world.opening == []
    world.wait(RETRY_S)
    assert world.opening == [APP]
    world.finish_opening()
    assert world.order == ["a"]


def test_idle_connections_above_the_percentage_go_after_a_while() -> None:
    world = World(limit=3, max_idle=1)
    world.serve("abc")
    for who in "abc":
        world.give_back(who)
    world.wait(299.0)
    assert world.closing == []
    world.wait(1.0)
    assert len(world.closing) == 2
    assert world.pool.idle_count == 1


def test_a_smaller_limit_is_reached_as_connections_come_back() -> None:
    world = World()
    world.serve("ab")
    world.pool.limit = 1
    world.give_back("a")
    assert len(world.closing) == 1
    world.finish_closing()
    world.give_back("b")
    assert world.pool.size == 1


@pytest.mark.parametrize("seed", range(20))
def test_whatever_happens_the_limit_holds_and_nobody_is_forgotten(seed: int) -> None:
    print(f"seed {seed}")
    chance = random.Random(seed)
    world = World(limit=chance.randint(1, 5), borrow_timeout_s=1e9)
    asked: set[str] = set()
    for n in range(400):
        move = chance.random()
        if move < 0.35:
            asked.add(f"c{n}")
            world.pool.ask(f"c{n}", chance.choice((APP, REPORT)))
        elif move < 0.5 and world.opening:
            world.pool.opened(Link(world.opening.pop(chance.randrange(len(world.opening)))))
        elif move < 0.55 and world.opening:
            world.pool.unreachable(world.opening.pop())
        elif move < 0.6 and world.closing:
            world.closing.pop()
            world.pool.closed()
        elif move < 0.65 and world.granted:
            world.pool.lost(world.granted.pop(chance.choice(sorted(world.granted))))
        elif move < 0.7 and world.granted:
            world.pool.discard(world.granted.pop(chance.choice(sorted(world.granted))))
        elif move < 0.95 and world.granted:
            world.give_back(chance.choice(sorted(world.granted)))
        else:
            world.wait(1)
        assert world.pool.size <= world.limit
        assert world.pool.borrowed == len(world.granted)
    for _ in range(2000):  # in the end everybody who asked has had one
        world.wait(1)
        world.finish_opening()
        world.finish_closing()
        for who in sorted(world.granted):
            world.give_back(who)
    assert set(world.order) == asked
    assert len(world.order) == len(asked)
