"""Functions in a VPC before and after September 2019: interfaces, addresses, ports, and the network's part of a cold
start.

Before, each execution environment had its own network interface, which Lambda created at the cold start. Today,
functions share one interface for each subnet and set of security groups, which Lambda creates with the function, and a
port table tells their connections apart. The local cloud applies the same rules to real environments
(`serverless_cloud/network/`).
"""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from serverless_cloud.rules import ATTACHING_S
from serverless_first.simulate import inputs
from serverless_first.simulate.inputs import Floats

Integers = NDArray[np.int64]
Model = Literal["2019", "hyperplane"]

#: Connections of one shared interface; beyond this, Lambda adds another interface (AWS Lambda Developer Guide, VPC).
PORTS = 65_000
#: Default quota of interfaces in a VPC in 2019, which functions share with other services (AWS Lambda quotas).
#: Today it is 500.
INTERFACES_PER_VPC = 250
#: Addresses of each subnet that AWS reserves (Amazon VPC User Guide, subnet CIDR blocks).
RESERVED_ADDRESSES = 5
#: The guide of August 2019 counts one interface per 3 GB, because a function's small environments shared interfaces.
MB_PER_INTERFACE = 3 * 1024
SUBNET_PREFIXES = (16, 28)
FIRST_PORT = 1024


def addresses(prefix_length: int) -> int:
    """The usable addresses of a subnet: 2^(32 - prefix length) - 5.

    >>> addresses(28), addresses(24)
    (11, 251)

    Source: Amazon VPC User Guide, subnet CIDR blocks.

    Args:
        prefix_length: prefix length of its IPv4 block, 16 to 28.

    Raises:
        ValueError: prefix_length is out of its range.
    """
    return int(2 ** (32 - inputs.whole("prefix_length", prefix_length, *SUBNET_PREFIXES))) - RESERVED_ADDRESSES


def interfaces_by_the_guide(concurrency: int, memory_mb: float) -> int:
    """Interfaces to plan by the guide of August 2019: peak concurrent executions x memory / 3 GB, rounded up.

    >>> interfaces_by_the_guide(1000, 1536), interfaces_by_the_guide(100, 512)
    (500, 17)

    Source: AWS Lambda Developer Guide of August 2019, "Configuring a Lambda function to access resources in a VPC".

    Args:
        concurrency: peak concurrency, from 0.
        memory_mb: memory of the function, above 0.

    Raises:
        ValueError: an argument is out of its range.
    """
    memory = inputs.number("memory_mb", memory_mb, above=0)
    return math.ceil(inputs.whole("concurrency", concurrency, 0) * memory / MB_PER_INTERFACE - 1e-9)


@dataclass(frozen=True, eq=False)
class NetworkResult:
    """The interfaces for each number of environments; all arrays have the shape of `environments`.

    Attributes:
        environments: how many environments the function needs.
        interfaces: how many interfaces exist for them. Each takes one address in a subnet.
        refused: how many environments can't start because no address or interface is left.
        addresses: how many addresses the subnets have for these interfaces, without the addresses of other resources.
    """

    environments: Integers
    interfaces: Integers
    refused: Integers
    addresses: int

    @property
    def free_addresses(self) -> Integers:
        """The number of unused addresses."""
        return self.addresses - self.interfaces


def simulate(
    environments: ArrayLike,
    subnets: Sequence[int] = (24, 24),
    model: Model = "hyperplane",
    *,
    group_sets: int = 1,
    connections_each: int = 1,
    taken: int = 0,
    quota: int = INTERFACES_PER_VPC,
) -> NetworkResult:
    """How many interfaces some environments need, and how many of them get none.

    With the model "2019", each environment needs one interface, until the subnets run out of addresses or the VPC
    reaches its quota of interfaces. With "hyperplane", each pair of a subnet and a set of security groups needs
    max(1, ceil(connections / 65,000)) interfaces. Environments are spread evenly over these pairs, and their number
    has no limit.

    In the example, a thousand environments run in two subnets of 251 addresses. In 2019, the quota lets 250 of them
    start. Today, all of them start, with two interfaces.

    >>> simulate(1000, model="2019").refused.item(), simulate(1000).interfaces.item()
    (750, 2)

    Sources: AWS Lambda Developer Guide of August 2019 and of today, VPC; AWS Lambda quotas.

    Args:
        environments: one whole number from 0, or an array.
        subnets: prefix length of each of the function's subnets, 16 to 28.
        model: "2019" or "hyperplane".
        group_sets: number of different sets of security groups that the functions have; ignored with "2019".
        connections_each: connections that each environment holds open, from 0.
        taken: addresses in the subnets that other resources use, from 0.
        quota: maximum number of interfaces in the VPC.

    Raises:
        ValueError: an argument is out of its range, or a subnet has no address for its shared interface, in which case
            AWS refuses to create the function.
    """
    counts = _whole_array("environments", environments)
    inputs.choice("model", model, get_args(Model))
    if not isinstance(subnets, Sequence) or not subnets:
        raise ValueError(f"subnets is {subnets!r}. Give the prefix length of at least one subnet, such as [24].")
    there = sum(addresses(prefix) for prefix in subnets)
    free = there - inputs.whole("taken", taken, 0, there)
    limit = min(free, inputs.whole("quota", quota, 1))
    sets = inputs.whole("group_sets", group_sets, 1)
    per_environment = inputs.whole("connections_each", connections_each, 0)
    if model == "2019":
        interfaces = np.minimum(counts, limit)
        return NetworkResult(counts, interfaces, counts - interfaces, free)
    pairs = len(subnets) * sets
    interfaces = pairs * np.maximum(1, -(-counts * per_environment // (pairs * PORTS)))
    if np.max(interfaces, initial=0) > limit:
        raise ValueError(
            f"{'taken' if free <= quota else 'quota'} leaves {limit} interfaces, {np.max(interfaces):,} are needed: "
            f"{len(subnets)} subnets x {sets} sets of security groups, one for each {PORTS:,} connections."
        )
    return NetworkResult(counts, interfaces, np.zeros_like(counts), free)


@dataclass(frozen=True)
class ColdStart:
    """The parts of a cold start, which a request waits for before its handler runs.

    Attributes:
        interface_s: seconds until the network interface exists.
        start_s: seconds for everything else, which is the environment, its code, the runtime and Init.
    """

    interface_s: float
    start_s: float

    @property
    def total_s(self) -> float:
        """The sum of both parts, in seconds."""
        return self.interface_s + self.start_s

    @property
    def interface_share(self) -> float:
        """The interface's share of the cold start, 0 to 1."""
        return self.interface_s / self.total_s


def cold_start(start_s: float, model: Model = "hyperplane", interface_s: float = ATTACHING_S) -> ColdStart:
    """A cold start in a VPC, which waited for its interface in 2019. Today, the interface is created with the function.

    >>> cold_start(0.5, "2019").interface_share > 0.95, cold_start(0.5).total_s
    (True, 0.5)

    Source: AWS Compute Blog, "Announcing improved VPC networking for AWS Lambda functions", September 3, 2019. Reports
    of that time mention 5 to 15 s, and the local cloud uses 10 s.

    Args:
        start_s: duration of a cold start without a VPC, in seconds, above 0.
        model: "2019" or "hyperplane".
        interface_s: how long it took to create and attach an interface in 2019, in seconds, from 0.

    Raises:
        ValueError: an argument is out of its range.
    """
    inputs.choice("model", model, get_args(Model))
    wait_s = inputs.number("interface_s", interface_s, least=0)
    return ColdStart(wait_s if model == "2019" else 0.0, inputs.number("start_s", start_s, above=0))


class Translation(NamedTuple):
    """One line of the port table, which tells connections through one address apart.

    Attributes:
        source: the environment's address and port.
        port: the port on the shared interface's address that replaces the source.
        destination: the destination's address and port.
    """

    source: str
    port: int
    destination: str


def translate(connections: Iterable[tuple[str, str]], ports: int = PORTS) -> tuple[Translation, ...]:
    """The port table of a shared interface, where each connection gets the lowest unused port for its destination.

    A port may be in several lines with different destinations, because the pair of port and destination identifies a
    reply's connection. So the limit of ports applies to each destination separately.

    >>> for line in translate([("env-1:40000", "db:5432"), ("env-2:40000", "db:5432"), ("env-2:40001", "api:443")]):
    ...     print(line.source, line.port, line.destination)
    env-1:40000 1024 db:5432
    env-2:40000 1025 db:5432
    env-2:40001 1024 api:443

    AWS doesn't publish the order in which it assigns ports.

    Args:
        connections: the connections that are open at the same time, as pairs of source and destination, both with
            address and port.
        ports: number of ports of the interface, from 1.

    Raises:
        ValueError: ports is out of its range, a source and destination appear twice, or a destination has more
            connections than ports.
    """
    most = inputs.whole("ports", ports, 1, PORTS)
    used: Counter[str] = Counter()
    lines: list[Translation] = []
    pairs: set[tuple[str, str]] = set()
    for source, destination in connections:
        if (source, destination) in pairs:
            raise ValueError(f"connections has {source} to {destination} twice. A source opens it with another port.")
        if used[destination] >= most:
            raise ValueError(f"ports is {most}, and {destination} has more connections. Use another interface.")
        pairs.add((source, destination))
        lines.append(Translation(source, FIRST_PORT + used[destination], destination))
        used[destination] += 1
    return tuple(lines)


@dataclass(frozen=True, eq=False)
class PortResult:
    """The state of the port table for each connection; arrays have one entry for each connection.

    Attributes:
        in_use: ports in use after the connection asked, including its own port if it got one.
        refused: whether no port was left.
        ports: the number of ports.
    """

    in_use: Integers
    refused: NDArray[np.bool_]
    ports: int

    @property
    def most_in_use(self) -> int:
        """The most ports in use at the same time."""
        return int(np.max(self.in_use, initial=0))

    @property
    def interfaces(self) -> int:
        """The number of interfaces that would refuse no connection."""
        return max(1, math.ceil(self.most_in_use / self.ports))


def ports_in_use(
    opened_s: ArrayLike, held_s: ArrayLike, ports: int = PORTS, *, adds_interfaces: bool = False
) -> PortResult:
    """Connections over time from one shared address to one destination, each with a port while it is open.

    By Little's law, ports in use = connections per second x seconds held. In the example, 2 connections a second that
    are held for a minute need 120 ports. With 100 ports, 20 of each minute's 120 connections get none.

    >>> times_s = [n / 2 for n in range(600)]
    >>> ports_in_use(times_s, 60).most_in_use, ports_in_use(times_s, 60, ports=100).refused.sum().item()
    (120, 100)

    Sources: AWS Lambda Developer Guide, VPC (65,000 per interface); Amazon VPC User Guide (55,000 per destination and
    address of a NAT gateway).

    Args:
        opened_s: when each connection is opened, in seconds from 0, ascending; shape (n,).
        held_s: how long it stays open, in seconds, above 0; one number, or shape (n,).
        ports: number of ports for the destination, from 1.
        adds_interfaces: whether to add an interface when the ports are used up, as Lambda does. A NAT gateway refuses
            connections instead.

    Raises:
        ValueError: an argument is out of its range or has the wrong shape.
    """
    opened = inputs.arrivals(opened_s)
    closed = opened + inputs.service("held_s", held_s, opened.size)
    most = inputs.whole("ports", ports, 1)
    ended = np.searchsorted(np.sort(closed), opened, side="right")
    in_use: Integers = (np.arange(1, opened.size + 1) - ended).astype(np.int64)
    refused = np.zeros(opened.size, dtype=np.bool_)
    if not adds_interfaces and np.max(in_use, initial=0) > most:
        in_use, refused = _with_loss(opened, closed, most)
    return PortResult(in_use, refused, most)


def _with_loss(opened: Floats, closed: Floats, most: int) -> tuple[Integers, NDArray[np.bool_]]:
    open_until: list[float] = []  # a heap
    in_use: list[int] = []
    refused: list[bool] = []
    for now, end in zip(opened.tolist(), closed.tolist(), strict=True):
        while open_until and open_until[0] <= now:
            heapq.heappop(open_until)
        refused.append(len(open_until) >= most)
        if not refused[-1]:
            heapq.heappush(open_until, end)
        in_use.append(len(open_until))
    return np.array(in_use, dtype=np.int64), np.array(refused, dtype=np.bool_)


def _whole_array(name: str, values: ArrayLike) -> Integers:
    counts = inputs.numbers(name, values)
    if counts.size and (np.min(counts) < 0 or np.any(counts != np.floor(counts)) or np.max(counts) > 1e15):
        raise ValueError(f"{name} holds {np.min(counts):g} to {np.max(counts):g}. Give whole numbers from 0.")
    return counts.astype(np.int64)
