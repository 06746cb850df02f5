"""Break-even points: the load at which servers that always run become cheaper than Lambda.

Lambda's cost grows with every request. A server costs the same, busy or idle, until you need more servers. The
comparison includes only compute, and not the work of operating servers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from serverless_first.facts.prices import Prices
from serverless_first.simulate import inputs
from serverless_first.simulate.cost import (
    HOURS_A_MONTH,
    Bill,
    ec2_month,
    fargate_month,
    lambda_month,
    provisioned_month,
)

#: Memory with which a function has one vCPU (AWS Lambda Developer Guide, function memory).
MB_PER_VCPU = 1769.0


@dataclass(frozen=True)
class Server:
    """A task or an instance that runs all the time.

    Attributes:
        name: a name for readers.
        usd_per_hour: price of one server.
        seats: how many requests a server works on at the same time.
        utilisation: share of its seats that is busy on average, above 0 to 1. The rest is room for peaks.
        minimum: how many servers run even without load; by default two, so that one may fail.
    """

    name: str
    usd_per_hour: float
    seats: float = 1.0
    utilisation: float = 0.6
    minimum: int = 2

    def __post_init__(self) -> None:
        inputs.number("usd_per_hour", self.usd_per_hour, above=0)
        inputs.number("seats", self.seats, above=0)
        inputs.number("utilisation", self.utilisation, above=0, most=1)
        inputs.whole("minimum", self.minimum, 0)


def fargate_server(
    vcpu: float,
    memory_gb: float,
    prices: Prices,
    *,
    seats: float = 1.0,
    utilisation: float = 0.6,
    minimum: int = 2,
) -> Server:
    """A Fargate task as a server.

    >>> from serverless_first.facts import prices
    >>> round(fargate_server(1, 2, prices.of("us-east-1")).usd_per_hour, 5)
    0.04937

    Args:
        vcpu, memory_gb, prices: as in `cost.fargate_month`.
        seats, utilisation, minimum: as in `Server`.

    Raises:
        ValueError: an argument is out of its range, or Fargate doesn't have this size.
        UnknownPrice: the Region has no such price in the table.
    """
    hour_usd = fargate_month(1, vcpu, memory_gb, prices, hours=1).usd
    return Server(f"Fargate {vcpu:g} vCPU, {memory_gb:g} GB", hour_usd, seats, utilisation, minimum)


def ec2_server(
    instance_type: str, prices: Prices, *, seats: float = 1.0, utilisation: float = 0.6, minimum: int = 2
) -> Server:
    """An instance as a server.

    >>> from serverless_first.facts import prices
    >>> ec2_server("c5.large", prices.of("us-east-1"), seats=2).usd_per_hour
    0.085

    Args:
        instance_type, prices: as in `cost.ec2_month`.
        seats, utilisation, minimum: as in `Server`.

    Raises:
        ValueError: an argument is out of its range.
        UnknownPrice: the Region has no such price in the table.
    """
    return Server(f"EC2 {instance_type}", ec2_month(1, instance_type, prices, hours=1).usd, seats, utilisation, minimum)


def cpu_seats(vcpu: float, memory_mb: float) -> float:
    """How many CPU-bound requests a server works on as fast as a function with this memory does.

    It is the server's vCPUs divided by the function's vCPUs, which are memory / 1,769 MB.

    >>> cpu_seats(2, 1769)
    2.0

    Source: AWS Lambda Developer Guide, 1,769 MB have the equivalent of one vCPU. Requests that wait for other services
    need less CPU, so a server then has more seats.

    Raises:
        ValueError: an argument is not above 0.
    """
    return inputs.number("vcpu", vcpu, above=0) / (inputs.number("memory_mb", memory_mb, above=0) / MB_PER_VCPU)


def servers_needed(requests: float, duration_ms: float, server: Server) -> float:
    """The average number of servers: max(minimum, requests per second x duration / (seats x utilization)).

    It isn't a whole number, because an autoscaler runs more servers in some hours than in others.

    >>> servers_needed(730 * 3600 * 10, 600, Server("a task", 0.05, 2, 0.5))
    6.0

    Args:
        requests: requests a month, from 0.
        duration_ms: duration of each request, above 0.
        server: the kind of server.

    Raises:
        ValueError: an argument is out of its range.
    """
    busy_s = inputs.number("requests", requests, least=0) * inputs.number("duration_ms", duration_ms, above=0) / 1000
    return max(float(server.minimum), busy_s / (HOURS_A_MONTH * 3600 * server.seats * server.utilisation))


def servers_month(requests: float, duration_ms: float, server: Server) -> Bill:
    """The bill for the servers that a month's requests need, without a load balancer.

    >>> servers_month(1e6, 100, Server("a task", 0.05)).usd  # two tasks, 730 hours
    73.0

    Args:
        requests, duration_ms, server: as in `servers_needed`.

    Raises:
        ValueError: an argument is out of its range.
    """
    return Bill({server.name: servers_needed(requests, duration_ms, server) * HOURS_A_MONTH * server.usd_per_hour})


def busy_hour_usd(memory_mb: float, prices: Prices, *, duration_ms: float | None = None) -> float:
    """The cost of a Lambda environment that is busy for an hour: 3,600 s x memory x price, plus its requests.

    >>> from serverless_first.facts import prices
    >>> round(busy_hour_usd(1769, prices.of("us-east-1")), 4)
    0.1037

    Args:
        memory_mb, prices: as in `cost.lambda_month`; the price is for the first tier.
        duration_ms: duration of each request; None to leave out the price of requests.

    Raises:
        ValueError: an argument is out of its range.
    """
    each_ms = 3.6e6 if duration_ms is None else inputs.number("duration_ms", duration_ms, above=0)
    bill = lambda_month(3.6e6 / each_ms, each_ms, memory_mb, prices, step_ms=0)
    return bill.items["duration"] + (0.0 if duration_ms is None else bill.items["requests"])


def provisioned_busy_share(prices: Prices) -> float:
    """The share of the time that provisioned environments must be busy to cost no more than on demand.

    The closed form is kept ready / (duration on demand - duration provisioned), all per GB-second. The price of
    requests is the same both ways, and the result doesn't depend on the memory.

    >>> from serverless_first.facts import prices
    >>> round(provisioned_busy_share(prices.of("us-east-1")), 2)
    0.6

    Args:
        prices: of one Region.

    Raises:
        UnknownPrice: the Region has no such price in the table.
    """
    each_s, memory_mb = 1000.0, 1024.0
    on_demand = lambda_month(1, each_s, memory_mb, prices).items["duration"]
    items = provisioned_month(1, each_s, memory_mb, 1, prices, hours=1 / 12).items
    return items["kept ready"] / 300 / (on_demand - items["duration"])


def compare(
    requests: float,
    duration_ms: float,
    memory_mb: float,
    prices: Prices,
    servers: Sequence[Server],
    *,
    provisioned_utilisation: float | None = None,
) -> dict[str, Bill]:
    """A month of the same requests on Lambda and on servers, by name.

    >>> from serverless_first.facts import prices
    >>> here = prices.of("us-east-1")
    >>> bills = compare(1e6, 100, 512, here, [fargate_server(0.25, 0.5, here)])
    >>> {name: round(bill.usd, 2) for name, bill in bills.items()}
    {'Lambda': 1.03, 'Fargate 0.25 vCPU, 0.5 GB': 18.02}

    Args:
        requests, duration_ms, memory_mb, prices: as in `cost.lambda_month`.
        servers: the servers to compare with; see `servers_month`.
        provisioned_utilisation: adds "Lambda, provisioned" to the result, with as many environments as keep this share
            of them busy on average, above 0 to 1. None to leave it out.

    Raises:
        ValueError: an argument is out of its range.
        UnknownPrice: the Region has no such price in the table.
    """
    bills = {"Lambda": lambda_month(requests, duration_ms, memory_mb, prices, step_ms=0)}
    if provisioned_utilisation is not None:
        share = inputs.number("provisioned_utilisation", provisioned_utilisation, above=0, most=1)
        billed_ms = math.ceil(duration_ms - 1e-9)
        environments = max(1, math.ceil(requests * billed_ms / (3.6e6 * HOURS_A_MONTH * share)))
        bills["Lambda, provisioned"] = provisioned_month(requests, duration_ms, memory_mb, environments, prices)
    return bills | {server.name: servers_month(requests, duration_ms, server) for server in servers}


def break_evens(
    first_usd: Callable[[float], float],
    second_usd: Callable[[float], float],
    low: float,
    high: float,
    *,
    points: int = 200,
) -> tuple[float, ...]:
    """The loads at which two costs are equal, found by bisection, to 12 digits.

    The function evaluates the difference at points that are evenly spaced on a logarithmic axis. If the sign changes
    between two points, it halves the interval until it is as small as a float allows. So it misses costs that cross
    twice between neighboring points.

    >>> [round(load) for load in break_evens(lambda load: 2 * load, lambda load: 500 + load, 1, 1e6)]
    [500]

    Args:
        first_usd, second_usd: functions from a load to its cost in US dollars.
        low, high: the lowest and the highest load to search, above 0.
        points: how many loads to evaluate, from 2.

    Returns:
        The loads, ascending; empty if one of the costs is lower everywhere.

    Raises:
        ValueError: an argument is out of its range, or a cost is not a finite number.
    """
    begin = inputs.number("low", low, above=0)
    end = inputs.number("high", high, above=begin)

    def difference(load: float) -> float:
        return inputs.number("first_usd - second_usd", first_usd(load) - second_usd(load))

    loads = np.geomspace(begin, end, inputs.whole("points", points, 2)).tolist()
    signs = [difference(load) for load in loads]
    crossings: list[float] = []
    for left, right, at_left, at_right in zip(loads, loads[1:], signs, signs[1:], strict=False):
        if at_left == 0:
            crossings.append(left)
        elif at_left * at_right < 0:
            crossings.append(_bisect(difference, left, right, at_left))
    if signs[-1] == 0:
        crossings.append(loads[-1])
    return tuple(crossings)


def _bisect(difference: Callable[[float], float], left: float, right: float, at_left: float) -> float:
    while right - left > 1e-12 * right:
        middle = (left + right) / 2
        if middle in (left, right):
            break
        if (difference(middle) > 0) == (at_left > 0):
            left = middle
        else:
            right = middle
    return math.fsum((left, right)) / 2
