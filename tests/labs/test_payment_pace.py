"""Task 3.4 judges waits that are random: how often its verdict is wrong, on simulated checkouts."""

from __future__ import annotations

import importlib.util
import itertools
import random
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest

from serverless_first.course.places import module_dir

Waits = Callable[[random.Random], Iterator[float]]
RUNS = 5000
CALL_S = 0.05  # a refused call takes up to this; it is part of what the check sees as a wait
LAST_CALL_S = 1.0  # a checkout stops when so much of its time is left


@pytest.fixture(scope="module")
def payment() -> ModuleType:
    path = module_dir("03-inside-lambda") / "checks_payment.py"
    spec = importlib.util.spec_from_file_location("payment_pace", path)
    assert spec
    assert spec.loader
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def doubling(chance: random.Random) -> Iterator[float]:
    return (0.1 * 2**n * chance.uniform(0.5, 1.0) for n in itertools.count())


def full_jitter(chance: random.Random) -> Iterator[float]:
    return (chance.uniform(0, 0.1 * 2**n) for n in itertools.count())


def one_two_four(chance: random.Random) -> Iterator[float]:
    return (2**n * chance.uniform(0.5, 1.0) for n in itertools.count())


def decorrelated(chance: random.Random) -> Iterator[float]:
    wait_s = 0.2
    while True:
        wait_s = min(2.0, chance.uniform(0.2, 3 * wait_s))
        yield wait_s


def the_same(_: random.Random) -> Iterator[float]:
    return itertools.repeat(0.2)


def random_but_not_growing(chance: random.Random) -> Iterator[float]:
    return (chance.uniform(0.05, 0.5) for _ in itertools.count())


def at_most_a_second(_: random.Random) -> Iterator[float]:
    return (min(0.1 * 2**n, 1.0) for n in itertools.count())


def fifty_ms_more(_: random.Random) -> Iterator[float]:
    return (0.05 * n for n in itertools.count(1))


def five_attempts(_: random.Random) -> Iterator[float]:
    return iter([0.1, 0.2, 0.4, 0.8])


def no_pause(_: random.Random) -> Iterator[float]:
    return itertools.repeat(0.0)


def three_short_tries(_: random.Random) -> Iterator[float]:
    return iter([0.1, 0.2])


def verdict(payment: ModuleType, waits: Waits, chance: random.Random) -> str:
    """What the check says about the orders of one run."""
    asked_ms, durations_ms = [], []
    for _ in range(payment.ORDERS):
        now_s, asked = 0.0, [0.0]
        for wait_s in waits(chance):
            if payment.TIMEOUT_S - now_s < wait_s + LAST_CALL_S:
                break
            now_s += wait_s + chance.uniform(0.01, CALL_S)
            asked.append(1000 * now_s)
        asked_ms.append(asked)
        durations_ms.append(1000 * now_s)
    return str(payment._pace_problem(asked_ms, durations_ms))


@pytest.mark.parametrize(
    ("waits", "says"),
    [
        (doubling, ""),
        (full_jitter, ""),
        (one_two_four, ""),
        (decorrelated, ""),
        (fifty_ms_more, ""),
        (the_same, "don't grow"),
        (random_but_not_growing, "don't grow"),
        (no_pause, "without a pause"),
        (at_most_a_second, "grow only at first"),
        (three_short_tries, "gives up early"),
        (five_attempts, "gives up early"),
    ],
)
def test_less_than_one_verdict_in_a_thousand_is_wrong(payment: ModuleType, waits: Waits, says: str) -> None:
    seed = random.randrange(10**6)
    print("seed", seed)
    chance = random.Random(seed)
    right = [(says in said) if says else not said for said in (verdict(payment, waits, chance) for _ in range(RUNS))]
    # Found: about 1 in 10 000 for decorrelated jitter, none for the others. So chance alone hardly ever reaches this.
    assert right.count(False) < RUNS / 1000
