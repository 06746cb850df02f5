"""Check of module 11, task 11.4: the load at which to decide again."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from serverless_first.facts import prices
from serverless_first.lab import Attempt, CheckFailed, NotStarted, Reply, task
from serverless_first.shop import workloads
from serverless_first.shop.workloads import FARGATE, LAMBDA, Workload, grown, month
from serverless_first.simulate.cost import HOURS_A_MONTH

MONTH, REVIEW = "hikari-month", "hikari-review"
REGION = "us-east-1"
#: Prices that a function may have written down.
ONE_BY_ONE = ("lambda_request_usd", "lambda_gb_s_usd", "http_api_request_usd", "fargate_vcpu_hour_usd")
MOST = 1000
_CLEAR_USD = 0.02  # cents may be rounded on both sides
_WHICH_GROW = "which numbers of the workload grow with the customers"
_WHERE_PRICES = "whether the prices come from the event"
_WHICH_ARE_TRIED = "which multiples your search tries: each one from 1 up?"

_chance = random.Random()
EventPrices = Mapping[str, float]
#: A job that nobody uses: both services cost nothing.
_NOBODY = {"requests": 0, "busy_per_s": 0, "quiet_per_s": 0, "load_balancer_units": 0, "least_tasks": 0, "http": False}


class WrongWay(NamedTuple):
    """A misconception, where to look for it, and the answer that it leads to."""

    problem: str
    look_at: str
    times: int | None


@task("11.4")
def when_to_decide_again(attempt: Attempt) -> None:
    """The answer is the first multiple at which Fargate costs less, wherever from 1 to 1,000 it is, or None."""
    here = workloads.prices_for_events(prices.of(REGION))
    sale, reports = (dict(workloads.CARDS[key].numbers) for key in ("flash sale", "lamp reports"))
    never = sale | {"memory_mb": 128, "task_vcpu": 2, "task_gb": 16, "at_once_per_task": 1, "most_busy": 0.5}
    _judge(attempt, sale, here)
    _judge(attempt, _drawn(_small_shop, here, lambda _, ahead: _begins(ahead) == 1), here)
    _judge(attempt, _drawn(_busy_at_any_hour, here, lambda work, ahead: _quiet_decides(work, here, ahead)), here)
    _judge(attempt, _drawn(_whole_tasks, here, lambda _, ahead: _first(ahead) not in _guessed(ahead)), here)
    _judge(attempt, reports, here)
    _judge(attempt, never | {"http": False}, here)
    _judge(attempt, never | _NOBODY, here)
    _judge(attempt, _at_the_last(here), here)
    _judge(attempt, sale, _other_prices(sale, here), elsewhere=here)


def _judge(
    attempt: Attempt, work: dict[str, Any], event_prices: EventPrices, *, elsewhere: EventPrices | None = None
) -> None:
    reply = attempt.invoke(REVIEW, {"workload": work, "prices": dict(event_prices)})
    claim, ahead = reply["times"], _ahead(work, event_prices)
    right = _first(ahead)
    if claim == right and not isinstance(claim, bool):
        return
    wrong = _wrong(attempt, work, event_prices, claim, ahead, elsewhere)
    numbers = ", ".join(f"{key}={value}" for key, value in work.items())
    attempt.fail(
        wrong.problem,
        called=f"invoke {REVIEW} with {numbers}; prices {event_prices if elsewhere else 'of ' + REGION}",
        came_back=reply,
        expected=f"null: up to {MOST} times as many customers, Lambda costs less"
        if right is None
        else f"{right}: the first multiple at which Fargate costs less than Lambda",
        look_at=wrong.look_at,
    )


def _wrong(
    attempt: Attempt,
    work: dict[str, Any],
    event_prices: EventPrices,
    claim: Any,
    ahead: list[float],
    elsewhere: EventPrices | None,
) -> WrongWay:
    right = _first(ahead)
    if not _month_is_right(attempt, work, event_prices):
        return WrongWay(
            "The estimate from task 11.1 is wrong or missing, and this task uses it. Pass 11.1 first.",
            "task 11.1",
            None,
        )
    if claim is not None and (isinstance(claim, bool) or not isinstance(claim, (int, float)) or claim != int(claim)):
        return WrongWay("times is not a whole number.", "what first_time returns", None)
    if claim is None and right == MOST:
        return WrongWay(
            f"{MOST} times is the last multiple to try, and Fargate costs less there. But the answer is None.",
            "where your search ends",
            None,
        )
    if claim is None:
        return WrongWay(
            "There is a multiple at which Fargate costs less, but the answer is None.",
            f"{_WHICH_ARE_TRIED} And {_WHICH_GROW}",
            None,
        )
    if right is None and claim in range(1, MOST + 1) and ahead[int(claim) - 1] == 0:
        return WrongWay(
            f"At {claim} times as many customers, both cost the same. Then Fargate does not cost less.",
            "how your function compares the two costs",
            None,
        )
    if right is None:
        return WrongWay(
            f"Fargate doesn't cost less at any multiple up to {MOST}, but the answer is a number.",
            "what your function returns after the last multiple that it tries",
            None,
        )
    ways = _wrong_ways(work, event_prices, ahead)
    if elsewhere:  # the other faults have shown before
        for name in ONE_BY_ONE:
            times = _first(_ahead(work, {**event_prices, name: elsewhere[name]}))
            ways.insert(0, WrongWay(f"The answer matches {name} of another Region.", _WHERE_PRICES, times))
        problem, times = "The answer matches the prices of another Region.", _first(_ahead(work, elsewhere))
        ways.insert(0, WrongWay(problem, _WHERE_PRICES, times))
    for way in ways:
        if claim == way.times:
            return way
    if claim in range(1, MOST + 1) and ahead[int(claim) - 1] > 0:
        return WrongWay(
            f"At {claim} times, Fargate costs less, but not for the first time. It already costs less at {right} "
            "times. Tasks are whole, so one more task can make Fargate more expensive again for some multiples.",
            _WHICH_ARE_TRIED,
            None,
        )
    return WrongWay(f"At {claim} times as many customers, Fargate does not cost less.", _WHICH_GROW, None)


def _wrong_ways(work: Workload, event_prices: EventPrices, ahead: list[float]) -> list[WrongWay]:
    """The faults that lead to each wrong answer, for work with a right answer."""
    right = _first(ahead) or 0

    def without(*still: str) -> int | None:
        return _first(_ahead(work, event_prices, still))

    return [
        WrongWay(
            "Fargate's cost stays the same as today, however many customers come. With more requests a second, "
            "it needs more tasks.",
            _WHICH_GROW,
            without("busy_per_s", "quiet_per_s", "load_balancer_units"),
        ),
        WrongWay(
            "The load in the quiet hours stays as it is today. With more customers, it also grows.",
            _WHICH_GROW,
            without("quiet_per_s"),
        ),
        WrongWay(
            "The load in the busy hours stays as it is today. With more customers, it also grows.",
            _WHICH_GROW,
            without("busy_per_s"),
        ),
        WrongWay(
            "The load balancer has no more to do than today, however many customers come.",
            _WHICH_GROW,
            without("load_balancer_units"),
        ),
        WrongWay(
            "The search jumps over the answer, because it doubles or takes large steps.",
            _WHICH_ARE_TRIED,
            next((2**n for n in range(10) if ahead[2**n - 1] > 0), None),
        ),
        WrongWay(
            "The answer is one less than the first multiple at which Fargate costs less.",
            "what first_time returns",
            right - 1,
        ),
        WrongWay(
            "The answer is one more than the first multiple at which Fargate costs less.", _WHICH_ARE_TRIED, right + 1
        ),
        WrongWay(
            "The answer is the first multiple at which Lambda costs less.",
            "which of the two must cost less",
            next((n for n, usd in enumerate(ahead, 1) if usd < 0), None),
        ),
    ]


def _month_is_right(attempt: Attempt, work: dict[str, Any], event_prices: EventPrices) -> bool:
    try:
        for service in (LAMBDA, FARGATE):
            event = {"workload": work, "service": service, "prices": dict(event_prices)}
            reply: Reply = attempt.invoke(MONTH, event)
            right = month(work, service, event_prices).usd
            if abs(float(reply["usd"]) - right) > max(0.005 * right, 0.006):
                return False
    except (CheckFailed, NotStarted, TypeError, ValueError):
        return False
    return True


# ---- the right answer


def _ahead(work: Workload, event_prices: EventPrices, still: tuple[str, ...] = ()) -> list[float]:
    """By how many US dollars a month Fargate costs less, at 1 to MOST times. `still` is what doesn't grow."""
    savings = []
    for times in range(1, MOST + 1):
        more = grown(work, times) | {key: work[key] for key in still}
        savings.append(month(more, LAMBDA, event_prices).usd - month(more, FARGATE, event_prices).usd)
    return savings


def _first(ahead: list[float]) -> int | None:
    return next((times for times, usd in enumerate(ahead, 1) if usd > 0), None)


# ---- work that nobody has seen


def _drawn(
    make: Callable[[], dict[str, Any]], event_prices: EventPrices, fits: Callable[[Workload, list[float]], bool]
) -> dict[str, Any]:
    """Work that fits, whose answer is clear, and to which no two wrong ways and no guess give the same answer."""
    while True:
        work = make()
        ahead = _ahead(work, event_prices)
        right = _first(ahead)
        if right is None or not 12 < right < 400 or not _clear(work, ahead[: right + 1]) or not fits(work, ahead):
            continue
        wrong = [way.times for way in _wrong_ways(work, event_prices, ahead) if way.times not in (right, None)]
        if len(wrong) == len(set(wrong)) and not {*wrong} & {*_guessed(ahead)}:
            return work


def _clear(work: Workload, ahead: list[float]) -> bool:
    """Cents may be rounded, and no number of tasks hangs on the last digit of a float."""
    if min(abs(usd) for usd in ahead) < _CLEAR_USD:
        return False
    for times in range(1, len(ahead) + 1):
        for key in ("busy_per_s", "quiet_per_s"):
            needed = workloads.tasks(work, work[key] * times, whole=False)
            if needed > work["least_tasks"] - 0.001 and abs(needed - round(needed)) < 1e-6:
                return False
    return True


def _other_prices(work: Workload, here: EventPrices) -> dict[str, float]:
    """Prices with a clear answer, which changes if a function has written down one of them, or all, from `here`."""
    while True:
        other = {name: float(f"{usd * _chance.uniform(0.4, 2.5):.4g}") for name, usd in here.items()}
        ahead = _ahead(work, other)
        right = _first(ahead)
        if right is None or not 3 < right < 200 or min(abs(usd) for usd in ahead[: right + 1]) < _CLEAR_USD:
            continue
        written_down = [other | {name: here[name]} for name in ONE_BY_ONE]
        if right not in [_first(_ahead(work, instead)) for instead in (here, *written_down)]:
            return other


def _work(busy_per_s: float, quiet_per_s: float, **numbers: Any) -> dict[str, Any]:
    busy_hours = _chance.randint(60, 300)
    size = _chance.choice([(0.5, 1), (1, 2), (2, 4)])
    return {
        "requests": round(3600 * (busy_hours * busy_per_s + (HOURS_A_MONTH - busy_hours) * quiet_per_s)),
        "busy_hours": busy_hours,
        "busy_per_s": busy_per_s,
        "quiet_per_s": quiet_per_s,
        "duration_ms": _chance.choice([45, 130, 310]),
        "memory_mb": _chance.choice([256, 512, 1024]),
        "task_vcpu": size[0],
        "task_gb": size[1],
        "at_once_per_task": _chance.randint(2, 6),
        "most_busy": _chance.choice([0.5, 0.6, 0.7]),
        "least_tasks": 2,
        "http": True,
        "load_balancer_units": 0.05,
    } | numbers


def _small_shop() -> dict[str, Any]:
    """Two tasks are enough for long."""
    busy_per_s = _chance.choice([0.4, 0.9, 2, 3])
    return _work(busy_per_s, round(busy_per_s / 10, 2))


def _busy_at_any_hour() -> dict[str, Any]:
    """Fargate hardly pays, so only with more than two tasks at night as well."""
    busy_per_s = _chance.choice([0.7, 1.1, 1.7])
    return _work(busy_per_s, round(busy_per_s * _chance.choice([0.6, 0.8]), 2), at_once_per_task=_chance.randint(1, 3))


def _whole_tasks() -> dict[str, Any]:
    """The same at any hour, on one task that pays when it is nearly full."""
    per_s = round(_chance.uniform(0.03, 0.4), 3)
    return _work(per_s, per_s, http=False, least_tasks=1, load_balancer_units=0, at_once_per_task=_chance.randint(1, 3))


def _quiet_decides(work: Workload, event_prices: EventPrices, ahead: list[float]) -> bool:
    return _first(_ahead(work, event_prices, ("quiet_per_s",))) not in (None, _first(ahead))


def _begins(ahead: list[float]) -> int:
    """How often Fargate begins to cost less."""
    return sum(after > 0 >= before for before, after in itertools.pairwise(ahead))


def _guessed(ahead: list[float]) -> tuple[int, int]:
    """The results of a search by halves, and of a search that doubles first. Both take for granted that
    Fargate costs less for ever once it does."""

    def halves(low: int, high: int) -> int:
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if ahead[middle - 1] > 0 else (middle + 1, high)
        return low

    pays = next((2**n for n in range(10) if ahead[2**n - 1] > 0), MOST)
    return halves(1, MOST), halves(pays // 2 + 1, pays)


def _at_the_last(event_prices: EventPrices) -> dict[str, Any]:
    """Work so small that it needs MOST times as many customers."""
    while True:
        shop = _small_shop()
        right = _first(_ahead(shop, event_prices)) or 1
        low, high = right - 1.0, float(right)
        for _ in range(30):
            middle = (low + high) / 2
            more = grown(shop, middle)
            pays = month(more, FARGATE, event_prices).usd < month(more, LAMBDA, event_prices).usd
            low, high = (low, middle) if pays else (middle, high)
        small = grown(shop, high / (MOST - 0.5))
        work = {key: float(f"{value:.6g}") if value != shop[key] else value for key, value in small.items()}
        work["requests"] = round(work["requests"])
        ahead = _ahead(work, event_prices)
        if _first(ahead) == MOST and _clear(work, ahead):
            return work
