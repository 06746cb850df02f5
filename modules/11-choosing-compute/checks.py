"""Check of module 11, task 11.1: the estimate of a month."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Mapping
from typing import Any

from serverless_first.facts import prices
from serverless_first.lab import Attempt, task
from serverless_first.lab.failures import readable
from serverless_first.shop import workloads
from serverless_first.shop.workloads import FARGATE, LAMBDA, Workload, month
from serverless_first.simulate.cost import FREE_GB_S, FREE_REQUESTS, HOURS_A_MONTH

MONTH = "hikari-month"
REGION = "us-east-1"
_NEAR = 0.005  # relative: cents may be rounded
_APART = 0.015  # two sums that are nearer than that look alike: other work is drawn

FULL = "The tasks are full, with no room left for a sudden burst, so requests queue."
TOO_FEW = "In some hours there are fewer tasks than least_tasks. That minimum is there because a task may fail."
AT_ONCE = "Requests a second are treated as requests in progress. How long does each take?"
ONE_BY_ONE = "A task is counted as if it worked on one request at a time."
#: A misconception -> where to look, whichever feature the check is looking at.
PLACES = {
    FULL: "most_busy, the share of a task's slots that may be busy",
    TOO_FEW: "least_tasks",
    AT_ONCE: "duration_ms, and how many requests are in progress at once",
    ONE_BY_ONE: "at_once_per_task",
}

_chance = random.Random()
Wrongs = Callable[[Workload, dict[str, float]], dict[str, float]]


# ---- 11.1


@task("11.1")
def sum_of_a_month(attempt: Attempt) -> None:
    """The estimate is right for Lambda and Fargate, feature by feature, then for all features and other prices."""
    here = workloads.prices_for_events(prices.of(REGION))
    elsewhere = {name: usd * _chance.uniform(1.2, 1.9) for name, usd in here.items()}  # Regions share some prices
    small = {"http": False, "busy_per_s": 2, "quiet_per_s": 0.5}  # so the free tier is a large part of it
    steady = {"most_busy": 1.0, "least_tasks": 0, "http": False, "busy_per_s": "steady"}
    with_room = {"least_tasks": 0, "http": False, "busy_per_s": "steady"}
    plain = {"least_tasks": 0, "http": False}
    for service, fixed, wrongs, look_at in (
        (LAMBDA, small, _wrong_lambda, "what you pay Lambda for, and the units of duration and memory"),
        (LAMBDA, {"http": True}, _wrong_lambda, "what is in front of a function when customers come over HTTP"),
        (FARGATE, steady, _wrong_tasks, "how many requests are in progress at once, and how many fit on a task"),
        (FARGATE, with_room, _wrong_tasks, "most_busy, the share of a task's slots that may be busy"),
        (FARGATE, plain, _wrong_tasks, "how many hours are busy, how many are quiet, and what each kind needs"),
        (FARGATE, {"http": False, "least_tasks": 9}, _wrong_tasks, "least_tasks"),
        (FARGATE, {"http": True}, _wrong_tasks, "what is in front of the tasks, and for how long"),
        (FARGATE, {"http": True}, _wrong_tasks, "each line of your Fargate estimate"),
    ):
        _judge_month(attempt, _drawn(service, fixed, here, wrongs), service, here, wrongs, look_at)
    film = workloads.CARDS["film"].numbers
    look_at = "a job, which has no quiet hours with work, no standby tasks and no front door"
    _judge_month(attempt, film, FARGATE, here, _wrong_tasks, look_at)
    # Between them, these two use every price. Each call takes seconds on a busy computer, so there are no more.
    look_at = "where your prices come from. Take all of them from the event, because each Region has its own"
    for service, wrongs in ((LAMBDA, _wrong_lambda), (FARGATE, _wrong_tasks)):
        _judge_month(attempt, _drawn(service, {"http": True}, elsewhere, wrongs), service, elsewhere, wrongs, look_at)


def _judge_month(
    attempt: Attempt, work: Workload, service: str, event_prices: dict[str, float], wrongs: Wrongs, look_at: str
) -> None:
    reply = attempt.invoke(MONTH, {"workload": dict(work), "service": service, "prices": event_prices})
    usd, right = reply["usd"], month(work, service, event_prices).usd
    called = f"invoke {MONTH} for {service} with {_words(work, service)}"
    attempt.expect(
        isinstance(usd, (int, float)) and not isinstance(usd, bool),
        problem="usd is not a number.",
        called=called,
        came_back=reply,
        expected='an object with "usd", a number of US dollars',
        look_at="what month_usd returns in each of its branches",
    )
    problem = _guess(usd, wrongs(work, event_prices))
    attempt.expect(
        _near(usd, right),
        problem=problem or f"The estimate for {service} is wrong.",
        called=called,
        came_back=reply,
        expected=f'{{"usd": {right:.2f}}} or close to it',
        look_at=PLACES.get(problem, look_at),
    )


def _words(work: Workload, service: str) -> str:
    """The numbers that play a part."""
    of_lambda = ("requests", "duration_ms", "memory_mb", "http")
    of_tasks = [key for key in work if key not in ("requests", "memory_mb")]
    return readable({key: work[key] for key in (of_lambda if service == LAMBDA else of_tasks)})


def _near(figure: float, right: float) -> bool:
    return abs(figure - right) <= max(_NEAR * abs(right), 0.006)


def _guess(figure: float, wrongs: Mapping[str, float]) -> str:
    """The misconception that leads to this estimate; empty if none of them does."""
    return next((problem for problem, usd in wrongs.items() if _near(figure, usd)), "")


def _wrong_lambda(work: Workload, event_prices: dict[str, float]) -> dict[str, float]:
    items = month(work, LAMBDA, event_prices).items
    right = sum(items.values())
    gb_s = items["duration"] / event_prices["lambda_gb_s_usd"]
    api_usd = work["requests"] * event_prices["http_api_request_usd"]
    free_requests_usd = min(FREE_REQUESTS * event_prices["lambda_request_usd"], items["requests"])
    free_gb_s_usd = min(FREE_GB_S * event_prices["lambda_gb_s_usd"], items["duration"])
    door = (
        {"Customers come over HTTP, but the HTTP API in front of the function is not in the estimate.": right - api_usd}
        if work["http"]
        else {"No requests come over HTTP here, but the estimate includes an HTTP API.": right + api_usd}
    )
    return {
        "The free tier is in the estimate. An account has only one, and in production it is used up.": right
        - free_requests_usd
        - free_gb_s_usd,
        "The free tier's requests are in the estimate. An account has only one free tier.": right - free_requests_usd,
        "The free tier's GB-seconds are in the estimate. An account has only one free tier.": right - free_gb_s_usd,
        "A request's milliseconds are charged as if they were seconds.": right + 999 * items["duration"],
        "The function's memory is charged as if MB were GB.": right + 1023 * items["duration"],
        "The memory is not in the estimate, but the price is per GB-second.": right
        - items["duration"]
        + gb_s * 1024 / work["memory_mb"] * event_prices["lambda_gb_s_usd"],
        "The estimate includes only the duration, but each request also has a price.": right - items["requests"],
        **door,
    }


def _wrong_tasks(work: Workload, event_prices: dict[str, float]) -> dict[str, float]:
    def usd(whole_tasks: bool = True, **changed: Any) -> float:
        return month({**work, **changed}, FARGATE, event_prices, whole_tasks=whole_tasks).usd

    right, items = usd(), month(work, FARGATE, event_prices).items
    reasons: dict[str, float] = {}
    if not work["least_tasks"] and not work["quiet_per_s"]:  # a job
        reasons["A task runs in hours that have nothing to do. Without requests, this work doesn't need a task."] = usd(
            least_tasks=1
        )
    average_usd = _average_usd(work, event_prices)
    if average_usd < right:
        reasons["The tasks are enough for an average hour. In the busy hours, customers wait or are turned away."] = (
            average_usd
        )
    reasons |= {
        FULL: usd(most_busy=1.0),
        "The busy hours' tasks run all month. Some of them can stop in the quiet hours.": usd(busy_hours=730),
        "In the quiet hours there are no tasks in the estimate, but customers also come then.": usd(quiet_per_s=0)
        if not work["least_tasks"]
        else 0.0,
        TOO_FEW: usd(least_tasks=0),
        "The estimate includes part of a task, but you can rent only whole tasks.": usd(whole_tasks=False),
        AT_ONCE: usd(duration_ms=1000),
        ONE_BY_ONE: usd(at_once_per_task=1),
    }
    if work["http"]:
        units_usd = HOURS_A_MONTH * work["load_balancer_units"] * event_prices["load_balancer_unit_hour_usd"]
        busy_share = work["busy_hours"] / HOURS_A_MONTH
        reasons |= {
            "The load balancer in front of the tasks is not in the estimate, or only for a single hour.": items[
                "tasks"
            ],
            "The load balancer's capacity units are not in the estimate, or only for a single hour. Each unit is "
            "billed by the hour, all month.": right - units_usd,
            "Only the load balancer's units are in the estimate, but it also has an hourly price.": items["tasks"]
            + units_usd,
            "The load balancer is in the estimate only for the busy hours, but it runs all month.": items["tasks"]
            + busy_share * items["load balancer"],
        }
    else:
        alone = month({**work, "http": True}, FARGATE, event_prices).usd
        reasons["No requests come over HTTP here, but the estimate includes a load balancer."] = alone
    return reasons


def _average_usd(work: Mapping[str, Any], event_prices: dict[str, float]) -> float:
    """The estimate for tasks that are enough for the mean of the month, in each hour."""
    mean = work["requests"] / HOURS_A_MONTH / 3600
    return month({**work, "busy_per_s": mean, "quiet_per_s": mean}, FARGATE, event_prices).usd


def _drawn(service: str, fixed: Mapping[str, Any], event_prices: dict[str, float], wrongs: Wrongs) -> dict[str, Any]:
    """New work, in which each misconception leads to its own estimate."""
    best: tuple[float, dict[str, Any]] = (math.inf, {})
    for _ in range(400):
        work = _work() | {key: value for key, value in fixed.items() if value != "steady"}
        if fixed.get("busy_per_s") == "steady":
            work["quiet_per_s"] = work["busy_per_s"]
        work["requests"] = _requests(work)
        rates = (work["busy_per_s"], work["quiet_per_s"])
        if service == FARGATE and not all(0.2 < workloads.tasks(work, rate, whole=False) % 1 < 0.8 for rate in rates):
            continue
        right = month(work, service, event_prices).usd
        # Rounded up to whole tasks, an average hour may cost more than the hours as they are: then nothing names it.
        uneven = service == FARGATE and not work["least_tasks"] and work["quiet_per_s"] < work["busy_per_s"]
        if uneven and _average_usd(work, event_prices) > (1 - _APART) * right:
            continue
        sums = [right, *(usd for usd in wrongs(work, event_prices).values() if not math.isclose(usd, right))]
        alike = sum(abs(one - other) < _APART * other for one, other in itertools.pairwise(sorted(sums)))
        best = min(best, (alike, work), key=lambda one: one[0])
        if not alike:
            break
    return best[1]


def _work() -> dict[str, Any]:
    busy_per_s = _chance.choice([90, 240, 700])
    size = _chance.choice([(0.5, 1), (1, 2), (2, 4)])
    return {
        "busy_hours": _chance.randint(60, 300),
        "busy_per_s": busy_per_s,
        "quiet_per_s": busy_per_s // _chance.choice([4, 7, 11]),
        "duration_ms": _chance.choice([45, 130, 310]),
        "memory_mb": _chance.choice([256, 512, 1024]),
        "task_vcpu": size[0],
        "task_gb": size[1],
        "at_once_per_task": _chance.randint(2, 6),
        "most_busy": _chance.choice([0.5, 0.6, 0.7]),
        "least_tasks": 2,
        "http": True,
        "load_balancer_units": _chance.choice([2.5, 6, 11]),
    }


def _requests(work: Mapping[str, Any]) -> int:
    quiet_hours = HOURS_A_MONTH - work["busy_hours"]
    return round(3600 * float(work["busy_hours"] * work["busy_per_s"] + quiet_hours * work["quiet_per_s"]))
