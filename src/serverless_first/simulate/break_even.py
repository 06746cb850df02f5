"""Where the lines cross: the load at which a server that always runs becomes cheaper than Lambda.

Lambda's cost grows with every request. A server costs the same, busy or not, until more servers are needed. What is
compared is compute alone; who operates the servers is another matter.
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

#: Memory of a function that has one vCPU (AWS Lambda Developer Guide, function memory).
MB_PER_VCPU = 1769.0


@dataclass(frozen=True)
class Server:
    """A task or an instance that runs all the time.

    Attributes:
        name: for readers.
        usd_per_hour: what one costs.
        seats: how many requests one works on at the same time.
        utilisation: which share of its seats is busy on average, above 0 to 1: the rest is room for peaks.
        minimum: how many run however little there is to do; two, so that one may fail.
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
        ValueError: an argument is out of its range, or Fargate has no such size.
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
    """How many requests that only compute a server works on as fast as a function with this memory does: its vCPUs
    over the function's, which are memory / 1,769 MB.

    >>> cpu_seats(2, 1769)
    2.0

    Source: AWS Lambda Developer Guide, 1,769 MB have the equivalent of one vCPU. Requests that wait for others need
    less: a server then has more seats.

    Raises:
        ValueError: an argument is not above 0.
    """
    return inputs.number("vcpu", vcpu, above=0) / (inputs.number("memory_mb", memory_mb, above=0) / MB_PER_VCPU)


def servers_needed(requests: float, duration_ms: float, server: Server) -> float:
    """Servers on average: max(minimum, requests per second x duration / (seats x utilisation)).

    Not a whole number: an autoscaler runs more of them in some hours than in others.

    >>> servers_needed(730 * 3600 * 10, 600, Server("a task", 0.05, seats=2, utilisation=0.5))
    6.0

    Args:
        requests: a month, from 0.
        duration_ms: of each request, above 0.
        server: what serves them.

    Raises:
        ValueError: an argument is out of its range.
    """
    busy_s = inputs.number("requests", requests, least=0) * inputs.number("duration_ms", duration_ms, above=0) / 1000
    return max(float(server.minimum), busy_s / (HOURS_A_MONTH * 3600 * server.seats * server.utilisation))


def servers_month(requests: float, duration_ms: float, server: Server) -> Bill:
    """The servers that a month's requests need; a load balancer before them is another bill.

    >>> servers_month(1e6, 100, Server("a task", 0.05)).usd  # two tasks, 730 hours
    73.0

    Args:
        requests, duration_ms, server: as in `servers_needed`.

    Raises:
        ValueError: an argument is out of its range.
    """
    return Bill({server.name: servers_needed(requests, duration_ms, server) * HOURS_A_MONTH * server.usd_per_hour})


def busy_hour_usd(memory_mb: float, prices: Prices, *, duration_ms: float | None = None) -> float:
    """One environment of Lambda that is busy for an hour: 3,600 s x memory x price, and the requests served in it.

    >>> from serverless_first.facts import prices
    >>> round(busy_hour_usd(1769, prices.of("us-east-1")), 4)
    0.1037

    Args:
        memory_mb, prices: as in `cost.lambda_month`, the first tier.
        duration_ms: of each request; None to leave the price of requests out.

    Raises:
        ValueError: an argument is out of its range.
    """
    each_ms = 3.6e6 if duration_ms is None else inputs.number("duration_ms", duration_ms, above=0)
    bill = lambda_month(3.6e6 / each_ms, each_ms, memory_mb, prices, step_ms=0)
    return bill.items["duration"] + (0.0 if duration_ms is None else bill.items["requests"])


def provisioned_busy_share(prices: Prices) -> float:
    """The share of the time that provisioned environments must be busy to cost no more than on demand.

    Closed form: kept ready / (duration on demand - duration provisioned), all by the GB-second. Requests cost the same,
    and so does every size of memory.

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
    kept = provisioned_month(1, each_s, memory_mb, 1, prices, hours=1 / 12).items
    return kept["kept ready"] / 300 / (on_demand - kept["duration"])


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
        servers: what to compare with, see `servers_month`.
        provisioned_utilisation: if given, "Lambda, provisioned" is there too: as many environments as this share of
            them is busy on average, above 0 to 1.

    Raises:
        ValueError: an argument is out of its range.
        UnknownPrice: the Region has no such price in the table.
    """
    bills = {"Lambda": lambda_month(requests, duration_ms, memory_mb, prices, step_ms=0)}
    if provisioned_utilisation is not None:
        share = inputs.number("provisioned_utilisation", provisioned_utilisation, above=0, most=1)
        billed_ms = math.ceil(duration_ms - 1e-9)
        kept = max(1, math.ceil(requests * billed_ms / (3.6e6 * HOURS_A_MONTH * share)))
        bills["Lambda, provisioned"] = provisioned_month(requests, duration_ms, memory_mb, kept, prices)
    return bills | {server.name: servers_month(requests, duration_ms, server) for server in servers}


def break_evens(
    first_usd: Callable[[float], float],
    second_usd: Callable[[float], float],
    low: float,
    high: float,
    *,
    points: int = 200,
) -> tuple[float, ...]:
    """Where two costs are equal, between two loads: solved by bisection, to 12 digits.

    The difference is looked at in points that lie evenly on a logarithmic axis; between two of them where it changes
    its sign, the interval is halved until it is as small as a float allows. So costs that cross twice between
    neighbouring points are not seen.

    >>> [round(load) for load in break_evens(lambda load: 2 * load, lambda load: 500 + load, 1, 1e6)]
    [500]

    Args:
        first_usd, second_usd: the cost of a load.
        low, high: the loads between which to look, above 0.
        points: how many to look at, from 2.

    Returns:
        The loads, ascending; none if one of the two is cheaper everywhere.

    Raises:
        ValueError: an argument is out of its range, or a cost is not a finite number.
    """
    begin = inputs.number("low", low, above=0)
    end = inputs.number("high", high, above=begin)

    def difference(load: float) -> float:
        return inputs.number("first_usd - second_usd", first_usd(load) - second_usd(load))

    loads = np.geomspace(begin, end, inputs.whole("points", points, 2)).tolist()
    signs = [difference(load) for load in loads]
    found: list[float] = []
    for left, right, at_left, at_right in zip(loads, loads[1:], signs, signs[1:], strict=False):
        if at_left == 0:
            found.append(left)
        elif at_left * at_right < 0:
            found.append(_bisect(difference, left, right, at_left))
    if signs[-1] == 0:
        found.append(loads[-1])
    return tuple(found)


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
