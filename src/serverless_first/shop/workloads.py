"""Hikari's eight pieces of work, as cards with numbers, and what a month of each costs on Lambda and on Fargate.

Lab 11 decides where to run each of them. `month` is the estimate that it asks for: no free tier, enough tasks for the
busy hours, room in each task, and both front doors.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from serverless_first.facts.prices import Prices
from serverless_first.simulate.cost import HOURS_A_MONTH, Bill

Workload = Mapping[str, Any]
LAMBDA, FARGATE = "lambda", "fargate"

#: A price's name in an event of the lab -> its id in prices.yml.
_PRICES = MappingProxyType(
    {
        "lambda_request_usd": "lambda-requests",
        "lambda_gb_s_usd": "lambda-x86-tier-1",
        "http_api_request_usd": "api-gateway-http",
        "fargate_vcpu_hour_usd": "fargate-x86-vcpu",
        "fargate_gb_hour_usd": "fargate-x86-memory",
        "load_balancer_hour_usd": "load-balancer",
        "load_balancer_unit_hour_usd": "load-balancer-capacity",
    }
)


@dataclass(frozen=True)
class Card:
    """A piece of work.

    Attributes:
        key: short name.
        says: what it is and needs, in words.
        numbers: its workload, for `month`; empty where a limit decides anyway.
    """

    key: str
    says: str
    numbers: Workload


def _service(**numbers: float) -> Workload:
    """A service behind an API: two tasks at least, busy for 60 % at most."""
    return MappingProxyType({"http": True, "most_busy": 0.6, "least_tasks": 2} | numbers)


def _job(**numbers: float) -> Workload:
    """A job by the clock: nobody knocks, no task stands by, and a task at work may be full."""
    alone = {"http": False, "load_balancer_units": 0, "most_busy": 1.0, "least_tasks": 0, "quiet_per_s": 0}
    return MappingProxyType(alone | {"at_once_per_task": 1} | numbers)


CARDS: Mapping[str, Card] = MappingProxyType(
    {
        card.key: card
        for card in (
            Card(
                "flash sale",
                "The API for orders. For two hours a month, a sale brings 300 requests a second. Otherwise there is "
                "one request every two seconds. Stateless code in Python.",
                _service(
                    requests=3_470_000, busy_hours=2, busy_per_s=300, quiet_per_s=0.5, duration_ms=120, memory_mb=512,
                    task_vcpu=1, task_gb=2, at_once_per_task=8, load_balancer_units=0.2,
                ),
            ),
            Card(
                "film",
                "A film of the day's lamps every night, with three hours of computing for 90 chapters. A chapter "
                "takes two minutes and doesn't depend on the others.",
                _job(
                    requests=2700, busy_hours=90, busy_per_s=0.0083, duration_ms=120_000, memory_mb=1769,
                    task_vcpu=1, task_gb=2,
                ),
            ),
            Card(
                "chat",
                "Customers talk to the staff through Hikari's own program. It speaks its own protocol on a TCP "
                "port, and holds 2,000 connections, each for up to eight hours. It runs on Linux, with 2 GB.",
                MappingProxyType({}),
            ),
            Card(
                "lamp namer",
                "Names the lamp in a photo, with a model that needs an NVIDIA GPU with 24 GB of memory. It comes as a "
                "container image for x86_64, and may be called asynchronously.",
                MappingProxyType({}),
            ),
            Card(
                "bookkeeping",
                "A program from 2009 for the old .NET Framework. Its vendor ships it as a Windows container that "
                "needs 2 vCPUs and 4 GB. Ten people use it over HTTP.",
                MappingProxyType({}),
            ),
            Card(
                "lamp reports",
                "Connected lamps send reports and wait for the response: 400 HTTP requests a second by day, 300 by "
                "night, 20 ms each.",
                _service(
                    requests=963_600_000, busy_hours=487, busy_per_s=400, quiet_per_s=300, duration_ms=20,
                    memory_mb=128, task_vcpu=0.5, task_gb=1, at_once_per_task=10, load_balancer_units=4,
                ),
            ),
            Card(
                "clean-up",
                "Deletes abandoned carts once an hour, in 40 seconds, with 256 MB. A task would be billed for a "
                "minute each time.",
                _job(
                    requests=730, busy_hours=12.2, busy_per_s=0.0166, duration_ms=40_000, memory_mb=256,
                    task_vcpu=0.25, task_gb=0.5,
                ),
            ),
            Card(
                "exchange",
                "Matches offers for used lamps within 50 microseconds. The order book, 64 GB, stays in memory day "
                "and night. Its team has built its own Linux kernel for it, and tunes the kernel by hand.",
                MappingProxyType({}),
            ),
        )
    }
)  # fmt: skip


def prices_for_events(prices: Prices) -> dict[str, float]:
    """The prices that the estimate needs, by the names that an event gives them, in US dollars.

    Raises:
        UnknownPrice: the Region has no such price in the table.
    """
    return {name: prices.each_usd(price_id) for name, price_id in _PRICES.items()}


def month(workload: Workload, service: str, prices: Mapping[str, float], *, whole_tasks: bool = True) -> Bill:
    """The monthly costs of the workload, item by item.

    Lambda: requests, duration, and the HTTP API if it has customers. Fargate: the tasks that the busy and the quiet
    hours need, `tasks`, and the load balancer.

    Args:
        workload: `requests` a month, `busy_hours` of it at `busy_per_s`, the rest at `quiet_per_s`; `duration_ms`,
            `memory_mb`; `task_vcpu`, `task_gb`, `at_once_per_task`, `most_busy`, `least_tasks`; `http`,
            `load_balancer_units`.
        service: "lambda" or "fargate".
        prices: as `prices_for_events` gives them.
        whole_tasks: False for parts of tasks, which nobody can rent.

    Raises:
        ValueError: there is no such service.
    """
    if service == LAMBDA:
        requests = workload["requests"]
        gb_s = requests * workload["duration_ms"] / 1000 * workload["memory_mb"] / 1024
        items = {"requests": requests * prices["lambda_request_usd"], "duration": gb_s * prices["lambda_gb_s_usd"]}
        if workload["http"]:
            items["HTTP API"] = requests * prices["http_api_request_usd"]
        return Bill(items)
    if service != FARGATE:
        raise ValueError(f"service is {service!r}. Give {LAMBDA!r} or {FARGATE!r}.")
    busy_hours = workload["busy_hours"]
    task_hours = busy_hours * tasks(workload, workload["busy_per_s"], whole=whole_tasks) + (
        HOURS_A_MONTH - busy_hours
    ) * tasks(workload, workload["quiet_per_s"], whole=whole_tasks)
    hour_usd = (
        workload["task_vcpu"] * prices["fargate_vcpu_hour_usd"] + workload["task_gb"] * prices["fargate_gb_hour_usd"]
    )
    items = {"tasks": task_hours * hour_usd}
    if workload["http"]:
        units_usd = workload["load_balancer_units"] * prices["load_balancer_unit_hour_usd"]
        items["load balancer"] = HOURS_A_MONTH * (prices["load_balancer_hour_usd"] + units_usd)
    return Bill(items)


def tasks(workload: Workload, per_s: float, *, whole: bool = True) -> float:
    """Tasks for so many requests a second: those at once, by Little's law, over the places that may be busy.

    Args:
        workload: as in `month`.
        per_s: requests a second.
        whole: rounded up, and `least_tasks` at least; else a fraction.
    """
    places = workload["at_once_per_task"] * workload["most_busy"]
    needed = float(per_s * workload["duration_ms"] / 1000 / places)
    return max(float(workload["least_tasks"]), math.ceil(needed)) if whole else needed


def grown(workload: Workload, times: float) -> dict[str, Any]:
    """The workload with so many times as many customers."""
    growing = ("requests", "busy_per_s", "quiet_per_s", "load_balancer_units")
    return dict(workload) | {key: workload[key] * times for key in growing}
