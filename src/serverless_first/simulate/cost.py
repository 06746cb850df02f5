"""The cost of a month of Lambda, provisioned concurrency, Fargate, EC2 or a load balancer.

Each function is a formula that AWS publishes, with the prices of one Region (`serverless_first.facts.prices`). A month
has 730 hours, as in AWS's own estimates. The formulas leave out data transfer, logs, storage of images, and discounts
for commitments.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Literal, get_args

from serverless_first.facts.prices import Prices
from serverless_first.simulate import inputs

Architecture = Literal["x86_64", "arm64"]

#: Hours of a month in AWS's estimates (fact aws-month-hours).
HOURS_A_MONTH = 730.0
#: The free tier of every month, without an end date (AWS Lambda pricing). It excludes provisioned concurrency.
FREE_REQUESTS, FREE_GB_S = 1_000_000, 400_000
#: Where the second and third price tiers of duration begin, in GB-seconds a month (AWS Lambda pricing; us-east-1).
TIERS_GB_S: Mapping[Architecture, tuple[float, float]] = MappingProxyType(
    {"x86_64": (6.0e9, 15.0e9), "arm64": (7.5e9, 18.75e9)}
)
#: Minimum and maximum memory of a function, in MB (AWS Lambda quotas), and the free part of its /tmp.
MEMORY_MB = (128, 10_240)
FREE_EPHEMERAL_MB = 512
#: Billing step of provisioned concurrency, five minutes (AWS Lambda pricing).
PROVISIONED_STEP_S = 300
#: vCPUs of a task -> supported memory sizes in GB (AWS Fargate pricing, supported configurations).
FARGATE_GB: Mapping[float, tuple[float, ...]] = MappingProxyType(
    {
        0.25: (0.5, 1, 2),
        0.5: (1, 2, 3, 4),
        1: tuple(range(2, 9)),
        2: tuple(range(4, 17)),
        4: tuple(range(8, 31)),
        8: tuple(range(16, 61, 4)),
        16: tuple(range(32, 121, 8)),
        32: (60, 120, 244),
    }
)
FREE_EPHEMERAL_GB = 20
#: One capacity unit of an Application Load Balancer (Elastic Load Balancing pricing).
UNIT_NEW_CONNECTIONS_PER_S, UNIT_ACTIVE_CONNECTIONS, UNIT_GB_PER_H, UNIT_RULES_PER_S = 25, 3000, 1.0, 1000
FREE_RULES = 10


@dataclass(frozen=True)
class Bill:
    """The cost of a month, item by item.

    Attributes:
        items: item -> US dollars.
    """

    items: Mapping[str, float]

    @property
    def usd(self) -> float:
        """The total in US dollars."""
        return math.fsum(self.items.values())

    def __add__(self, other: Bill) -> Bill:
        """The sum of both bills, item by item."""
        names = dict.fromkeys([*self.items, *other.items])
        return Bill({name: self.items.get(name, 0.0) + other.items.get(name, 0.0) for name in names})


def lambda_month(
    requests: float,
    duration_ms: float,
    memory_mb: float,
    prices: Prices,
    *,
    architecture: Architecture = "x86_64",
    free_tier: bool = False,
    ephemeral_storage_mb: float = FREE_EPHEMERAL_MB,
    step_ms: float = 1.0,
) -> Bill:
    """A function on demand: requests x price + requests x duration x memory x price of a GB-second.

    In AWS's example of a mobile backend, 3 million requests of 120 ms with 1,536 MB cost $2.73.

    >>> from serverless_first.facts import prices
    >>> round(lambda_month(3e6, 120, 1536, prices.of("us-east-1"), free_tier=True).usd, 2)
    2.73

    Source: AWS Lambda pricing, read in November 2026. It is from memory, and not verified, that the free GB-seconds
    don't count toward the tiers.

    Args:
        requests: requests a month, from 0.
        duration_ms: duration of each request, rounded up to `step_ms`. AWS also bills the Init of a cold start.
        memory_mb: memory of the function, 128 to 10,240. A GB has 1,024 MB.
        prices: prices of one Region.
        architecture: "x86_64" or "arm64".
        free_tier: whether to subtract 1,000,000 requests and 400,000 GB-seconds.
        ephemeral_storage_mb: size of /tmp, 512 to 10,240; the first 512 are free.
        step_ms: billing step, 1 since December 2020 and 100 before; 0 for no rounding, if `duration_ms` is an average.

    Raises:
        ValueError: an argument is out of its range.
        UnknownPrice: the Region has no such price in the table, such as the second tier outside us-east-1.
    """
    count = inputs.number("requests", requests, least=0)
    gb = _memory_gb(memory_mb)
    storage_mb = inputs.number("ephemeral_storage_mb", ephemeral_storage_mb, least=FREE_EPHEMERAL_MB, most=MEMORY_MB[1])
    seconds = count * _billed_s(duration_ms, step_ms)
    chip = _chip(architecture)
    free = 1.0 if free_tier else 0.0
    gb_s = max(0.0, seconds * gb - free * FREE_GB_S)
    items = {
        "requests": max(0.0, count - free * FREE_REQUESTS) * prices.each_usd("lambda-requests"),
        "duration": _tiered_usd(gb_s, architecture, chip, prices),
    }
    if storage_mb > FREE_EPHEMERAL_MB:
        storage_gb_s = seconds * (storage_mb - FREE_EPHEMERAL_MB) / 1024
        items["ephemeral storage"] = storage_gb_s * prices.each_usd("lambda-ephemeral-storage")
    return Bill(items)


def provisioned_month(
    requests: float,
    duration_ms: float,
    memory_mb: float,
    provisioned: int,
    prices: Prices,
    *,
    architecture: Architecture = "x86_64",
    hours: float = HOURS_A_MONTH,
) -> Bill:
    """Requests in environments that are kept ready, which cost money all the time and have a lower price of duration.

    The free tier doesn't apply. For requests beyond the provisioned concurrency, add a bill from `lambda_month`. In
    AWS's example, 2 million requests of 280 ms with 4,096 MB in 7 environments for a day cost $32.26.

    >>> from serverless_first.facts import prices
    >>> round(provisioned_month(2e6, 280, 4096, 7, prices.of("us-east-1"), hours=24).usd, 2)
    32.26

    Source: AWS Lambda pricing, read in November 2026.

    Args:
        requests: how many requests these environments serve, from 0.
        duration_ms: duration of each request, rounded up to 1 ms.
        memory_mb: memory of the function, 128 to 10,240.
        provisioned: number of environments kept ready, from 1.
        prices: prices of one Region.
        architecture: "x86_64" or "arm64".
        hours: how long the environments are kept ready; AWS bills in steps of five minutes.

    Raises:
        ValueError: an argument is out of its range, or the environments can't serve so many requests in that time.
        UnknownPrice: the Region has no such price in the table.
    """
    count = inputs.number("requests", requests, least=0)
    gb = _memory_gb(memory_mb)
    environments = inputs.whole("provisioned", provisioned, 1)
    ready_s = inputs.number("hours", hours, above=0) * 3600
    busy_s = count * _billed_s(duration_ms, 1.0)
    if busy_s > environments * ready_s * (1 + 1e-12):
        raise ValueError(
            f"provisioned is {environments}. {count:,.0f} requests of {duration_ms:g} ms keep {busy_s / ready_s:,.1f} "
            f"environments busy for {hours:g} hours. Give more environments, or pass the rest of the requests to "
            "lambda_month."
        )
    billed_s = math.ceil(ready_s / PROVISIONED_STEP_S - 1e-9) * PROVISIONED_STEP_S
    chip = _chip(architecture)
    return Bill(
        {
            "requests": count * prices.each_usd("lambda-requests"),
            "duration": busy_s * gb * prices.each_usd(f"lambda-{chip}-provisioned-duration"),
            "kept ready": environments * gb * billed_s * prices.each_usd(f"lambda-{chip}-provisioned"),
        }
    )


def fargate_month(
    tasks: float,
    vcpu: float,
    memory_gb: float,
    prices: Prices,
    *,
    architecture: Architecture = "x86_64",
    hours: float = HOURS_A_MONTH,
    ephemeral_storage_gb: float = FREE_EPHEMERAL_GB,
) -> Bill:
    """Tasks that run for some hours: vCPUs x price + memory x price + storage above 20 GB x price.

    In AWS's example, 5 tasks with 1 vCPU, 2 GB and 30 GB of storage for 10 minutes a day, for 30 days, cost $1.26.

    >>> from serverless_first.facts import prices
    >>> round(fargate_month(5, 1, 2, prices.of("us-east-1"), hours=5, ephemeral_storage_gb=30).usd, 2)
    1.26

    Source: AWS Fargate pricing, read in November 2026. The minimum of one minute per
    start is not included.

    Args:
        tasks: average number of tasks, from 0.
        vcpu, memory_gb: size of one task; Fargate has fixed pairs (`FARGATE_GB`).
        prices: prices of one Region.
        architecture: "x86_64" or "arm64", both with Linux.
        hours: how long each task runs, above 0.
        ephemeral_storage_gb: storage of one task, 20 to 200; the first 20 are free.

    Raises:
        ValueError: an argument is out of its range, or Fargate doesn't have this size.
        UnknownPrice: the Region has no such price in the table.
    """
    task_hours = inputs.number("tasks", tasks, least=0) * inputs.number("hours", hours, above=0)
    if vcpu not in FARGATE_GB:
        raise ValueError(f"vcpu is {vcpu!r}. Fargate has {', '.join(f'{size:g}' for size in FARGATE_GB)}.")
    if memory_gb not in FARGATE_GB[vcpu]:
        sizes = ", ".join(f"{size:g}" for size in FARGATE_GB[vcpu])
        raise ValueError(f"memory_gb is {memory_gb!r}. With {vcpu:g} vCPU, Fargate has {sizes} GB.")
    storage_gb = inputs.number("ephemeral_storage_gb", ephemeral_storage_gb, least=FREE_EPHEMERAL_GB, most=200)
    chip = _chip(architecture)
    items = {
        "vCPU": task_hours * vcpu * prices.each_usd(f"fargate-{chip}-vcpu"),
        "memory": task_hours * memory_gb * prices.each_usd(f"fargate-{chip}-memory"),
    }
    if storage_gb > FREE_EPHEMERAL_GB:
        extra_gb = storage_gb - FREE_EPHEMERAL_GB
        items["ephemeral storage"] = task_hours * extra_gb * prices.each_usd("fargate-ephemeral-storage")
    return Bill(items)


def ec2_month(instances: float, instance_type: str, prices: Prices, *, hours: float = HOURS_A_MONTH) -> Bill:
    """On-Demand instances with Linux: instances x hours x price.

    >>> from serverless_first.facts import prices
    >>> round(ec2_month(2, "t3.micro", prices.of("us-east-1")).usd, 2)
    15.18

    Source: Amazon EC2 On-Demand pricing.

    Args:
        instances: average number of instances, from 0.
        instance_type: a type such as "m5.large".
        prices: prices of one Region.
        hours: how long each instance runs, above 0.

    Raises:
        ValueError: an argument is out of its range.
        UnknownPrice: the Region has no such price in the table.
    """
    count = inputs.number("instances", instances, least=0)
    price = prices.each_usd("ec2-" + instance_type.replace(".", "-"))
    return Bill({"instances": count * inputs.number("hours", hours, above=0) * price})


def capacity_units(
    *,
    new_connections_per_s: float = 0.0,
    active_connections: float = 0.0,
    gb_per_h: float = 0.0,
    requests_per_s: float = 0.0,
    rules: int = 0,
) -> float:
    """Capacity units (LCU) of an Application Load Balancer, which are the largest of four numbers and not their sum.

    max(new connections / 25, active connections / 3,000, GB per hour / 1, requests x (rules - 10) / 1,000). AWS's
    example has 1 new connection a second, 120 active connections, 1.08 GB an hour, and 5 requests a second with 60
    rules.

    >>> capacity_units(new_connections_per_s=1, active_connections=120, gb_per_h=1.08, requests_per_s=5, rules=60)
    1.08

    Source: Elastic Load Balancing pricing. A unit includes 1 GB per hour for instances, containers and IP addresses as
    targets, and 0.4 GB with Lambda as the target.

    Args:
        new_connections_per_s: new connections per second.
        active_connections: connections open in a minute.
        gb_per_h: GB per hour of requests and responses together.
        requests_per_s: requests per second, for the rules.
        rules: number of rules that are evaluated for each request; the first 10 are free.

    Raises:
        ValueError: an argument is out of its range.
    """
    counted_rules = max(0, inputs.whole("rules", rules, 0) - FREE_RULES)
    return max(
        inputs.number("new_connections_per_s", new_connections_per_s, least=0) / UNIT_NEW_CONNECTIONS_PER_S,
        inputs.number("active_connections", active_connections, least=0) / UNIT_ACTIVE_CONNECTIONS,
        inputs.number("gb_per_h", gb_per_h, least=0) / UNIT_GB_PER_H,
        inputs.number("requests_per_s", requests_per_s, least=0) * counted_rules / UNIT_RULES_PER_S,
    )


def load_balancer_month(units: float, prices: Prices, *, hours: float = HOURS_A_MONTH) -> Bill:
    """An Application Load Balancer, billed by its hours and its capacity units.

    In AWS's example, 1.08 units for 720 hours cost $22.42.

    >>> from serverless_first.facts import prices
    >>> round(load_balancer_month(1.08, prices.of("us-east-1"), hours=720).usd, 2)
    22.42

    Source: Elastic Load Balancing pricing.

    Args:
        units: average number of capacity units, from 0; see `capacity_units`.
        prices: prices of one Region.
        hours: how long the load balancer exists, above 0.

    Raises:
        ValueError: an argument is out of its range.
        UnknownPrice: the Region has no such price in the table.
    """
    existing = inputs.number("hours", hours, above=0)
    used = inputs.number("units", units, least=0) * existing
    return Bill(
        {
            "load balancer": existing * prices.each_usd("load-balancer"),
            "capacity units": used * prices.each_usd("load-balancer-capacity"),
        }
    )


def _tiered_usd(gb_s: float, architecture: Architecture, chip: str, prices: Prices) -> float:
    bounds = (0.0, *TIERS_GB_S[architecture], math.inf)
    total = 0.0
    for tier, (begin, end) in enumerate(pairwise(bounds), 1):
        if gb_s <= begin and tier > 1:
            break
        total += (min(gb_s, end) - begin) * prices.each_usd(f"lambda-{chip}-tier-{tier}")
    return total


def _memory_gb(memory_mb: float) -> float:
    return inputs.number("memory_mb", memory_mb, least=MEMORY_MB[0], most=MEMORY_MB[1]) / 1024


def _billed_s(duration_ms: float, step_ms: float) -> float:
    duration = inputs.number("duration_ms", duration_ms, above=0)
    step = inputs.number("step_ms", step_ms, least=0)
    # The small subtraction is for durations such as 0.1 + 0.2, whose float is slightly too large.
    return duration / 1000 if step == 0 else math.ceil(duration / step - 1e-9) * step / 1000


def _chip(architecture: Architecture) -> str:
    """The name of the architecture in the ids of prices.yml."""
    inputs.choice("architecture", architecture, get_args(Architecture))
    return "x86" if architecture == "x86_64" else "arm64"
