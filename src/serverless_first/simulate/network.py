"""Functions in a VPC before and after September 2019: interfaces, addresses, ports, and the network's share of a cold
start.

Before, an execution environment had a network interface of its own, made at its cold start. Since then functions share
one interface for each subnet and set of security groups, made when the function is; a port table tells their
connections apart. The local cloud applies the same rules to real environments (`serverless_cloud/network/`).
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

#: Connections that one shared interface carries; Lambda adds another one beyond (AWS Lambda Developer Guide, VPC).
PORTS = 65_000
#: Interfaces of a VPC by default, shared with other services (AWS Lambda quotas).
INTERFACES_PER_VPC = 250
#: Addresses of a subnet that AWS keeps for itself (Amazon VPC User Guide, subnet CIDR blocks).
RESERVED_ADDRESSES = 5
#: The guide of August 2019 counts one interface for each 3 GB: small environments of a function shared one.
MB_PER_INTERFACE = 3 * 1024
SUBNET_PREFIXES = (16, 28)
FIRST_PORT = 1024


def addresses(prefix_length: int) -> int:
    """Addresses that a subnet has to give: 2^(32 - prefix length) - 5.

    >>> addresses(28), addresses(24)
    (11, 251)

    Source: Amazon VPC User Guide, subnet CIDR blocks.

    Args:
        prefix_length: of its IPv4 block, 16 to 28.

    Raises:
        ValueError: prefix_length is out of its range.
    """
    return int(2 ** (32 - inputs.whole("prefix_length", prefix_length, *SUBNET_PREFIXES))) - RESERVED_ADDRESSES


def interfaces_by_the_guide(concurrency: int, memory_mb: float) -> int:
    """What the guide of August 2019 told users to plan: peak concurrent executions x memory / 3 GB, rounded up.

    >>> interfaces_by_the_guide(1000, 1536), interfaces_by_the_guide(100, 512)
    (500, 17)

    Source: AWS Lambda Developer Guide of August 2019, "Configuring a Lambda function to access resources in a VPC".

    Args:
        concurrency: at the peak, from 0.
        memory_mb: of the function, above 0.

    Raises:
        ValueError: an argument is out of its range.
    """
    memory = inputs.number("memory_mb", memory_mb, above=0)
    return math.ceil(inputs.whole("concurrency", concurrency, 0) * memory / MB_PER_INTERFACE - 1e-9)


@dataclass(frozen=True, eq=False)
class NetworkResult:
    """Interfaces for each number of environments; all arrays have its shape.

    Attributes:
        environments: that are to exist.
        interfaces: that exist for them. Each takes one address of a subnet.
        refused: environments that cannot start: no address, or no interface, is left for them.
        addresses: that the subnets have, other things in them taken off.
    """

    environments: Integers
    interfaces: Integers
    refused: Integers
    addresses: int

    @property
    def free_addresses(self) -> Integers:
        """Addresses that are left."""
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

    "2019": one each, as long as the subnets have an address and the VPC's quota an interface. "hyperplane": for each
    set of security groups and each subnet max(1, ceil(connections / 65,000)), environments spread evenly over sets and
    subnets; the number of environments has no limit here.

    A thousand environments in two subnets of 251 addresses: 250 of them start, by the quota; and with two interfaces
    all.

    >>> simulate(1000, model="2019").refused.item(), simulate(1000).interfaces.item()
    (750, 2)

    Sources: AWS Lambda Developer Guide of August 2019 and of today, VPC; AWS Lambda quotas.

    Args:
        environments: one number, or an array of them, whole numbers from 0.
        subnets: prefix length of each of the function's subnets, 16 to 28.
        model: "2019" or "hyperplane".
        group_sets: different sets of security groups that the functions have; of no account in 2019.
        connections_each: connections that an environment holds open, from 0.
        taken: addresses of the subnets that others have, from 0.
        quota: interfaces of the VPC at most.

    Raises:
        ValueError: an argument is out of its range; or with "hyperplane" a subnet has no address for its interface, as
            AWS refuses to make such a function.
    """
    counts = _whole_array("environments", environments)
    inputs.choice("model", model, get_args(Model))
    if not isinstance(subnets, Sequence) or not subnets:
        raise ValueError(f"subnets is {subnets!r}. Give the prefix length of at least one subnet, such as [24].")
    there = sum(addresses(prefix) for prefix in subnets)
    free = there - inputs.whole("taken", taken, 0, there)
    limit = min(free, inputs.whole("quota", quota, 1))
    sets = inputs.whole("group_sets", group_sets, 1)
    each = inputs.whole("connections_each", connections_each, 0)
    if model == "2019":
        made = np.minimum(counts, limit)
        return NetworkResult(counts, made, counts - made, free)
    pairs = len(subnets) * sets
    made = pairs * np.maximum(1, -(-counts * each // (pairs * PORTS)))
    if np.max(made, initial=0) > limit:
        raise ValueError(
            f"{'taken' if free <= quota else 'quota'} leaves {limit} interfaces, {np.max(made):,} are needed: "
            f"{len(subnets)} subnets x {sets} sets of security groups, one for each {PORTS:,} connections."
        )
    return NetworkResult(counts, made, np.zeros_like(counts), free)


@dataclass(frozen=True)
class ColdStart:
    """What a request waits for before its handler runs.

    Attributes:
        interface_s: until the network interface is there.
        start_s: everything else: the environment, its code, the runtime, Init.
    """

    interface_s: float
    start_s: float

    @property
    def total_s(self) -> float:
        """Both, one after the other."""
        return self.interface_s + self.start_s

    @property
    def interface_share(self) -> float:
        """The network's share of the whole, 0 to 1."""
        return self.interface_s / self.total_s


def cold_start(start_s: float, model: Model = "hyperplane", interface_s: float = ATTACHING_S) -> ColdStart:
    """A cold start in a VPC: in 2019 it waits for its interface, now the interface was made with the function.

    >>> cold_start(0.5, "2019").interface_share > 0.95, cold_start(0.5).total_s
    (True, 0.5)

    Sources: AWS Compute Blog, "Announcing improved VPC networking for AWS Lambda functions", 3 September 2019; reports
    of that time name 5 to 15 s, the local cloud takes 10.

    Args:
        start_s: a cold start without a VPC, in seconds, above 0.
        model: "2019" or "hyperplane".
        interface_s: to make and attach an interface in 2019, in seconds, from 0.

    Raises:
        ValueError: an argument is out of its range.
    """
    inputs.choice("model", model, get_args(Model))
    wait_s = inputs.number("interface_s", interface_s, least=0)
    return ColdStart(wait_s if model == "2019" else 0.0, inputs.number("start_s", start_s, above=0))


class Translation(NamedTuple):
    """One line of the table by which connections through one address are told apart.

    Attributes:
        source: address and port that the environment uses.
        port: of the shared interface's address, which stands for the source.
        destination: address and port.
    """

    source: str
    port: int
    destination: str


def translate(connections: Iterable[tuple[str, str]], ports: int = PORTS) -> tuple[Translation, ...]:
    """The table of a shared interface: each connection gets the lowest port that its destination does not see yet.

    A port may stand in several lines, with different destinations: the pair of port and destination is what answers are
    told apart by. So the limit of ports counts for each destination alone.

    >>> for line in translate([("env-1:40000", "db:5432"), ("env-2:40000", "db:5432"), ("env-2:40001", "api:443")]):
    ...     print(line.source, line.port, line.destination)
    env-1:40000 1024 db:5432
    env-2:40000 1025 db:5432
    env-2:40001 1024 api:443

    The order in which AWS gives ports is not published.

    Args:
        connections: that are open at the same time: source and destination, each address and port.
        ports: of the interface, from 1.

    Raises:
        ValueError: ports is out of its range, a source and destination appear twice, or a destination has more
            connections than ports.
    """
    most = inputs.whole("ports", ports, 1, PORTS)
    used: Counter[str] = Counter()
    lines: list[Translation] = []
    seen: set[tuple[str, str]] = set()
    for source, destination in connections:
        if (source, destination) in seen:
            raise ValueError(f"connections has {source} to {destination} twice. A source opens it with another port.")
        if used[destination] >= most:
            raise ValueError(f"ports is {most}, and {destination} has more connections. Use another interface.")
        seen.add((source, destination))
        lines.append(Translation(source, FIRST_PORT + used[destination], destination))
        used[destination] += 1
    return tuple(lines)


@dataclass(frozen=True, eq=False)
class PortResult:
    """What connections found in the port table; arrays have one entry for each connection.

    Attributes:
        in_use: ports in use once the connection asked, its own included if it got one.
        refused: whether no port was left.
        ports: how many there are.
    """

    in_use: Integers
    refused: NDArray[np.bool_]
    ports: int

    @property
    def most_in_use(self) -> int:
        """Ports in use at the worst moment."""
        return int(np.max(self.in_use, initial=0))

    @property
    def interfaces(self) -> int:
        """Interfaces that would refuse nobody."""
        return max(1, math.ceil(self.most_in_use / self.ports))


def ports_in_use(
    opened_s: ArrayLike, held_s: ArrayLike, ports: int = PORTS, *, adds_interfaces: bool = False
) -> PortResult:
    """Connections over time from one shared address to one destination: each takes a port while it is open.

    Little's law: ports in use = connections per second x seconds held. 2 a second, held for a minute, are 120; with 100
    ports, 20 of each minute's 120 find none.

    >>> times_s = [n / 2 for n in range(600)]
    >>> ports_in_use(times_s, 60).most_in_use, ports_in_use(times_s, 60, ports=100).refused.sum().item()
    (120, 100)

    Sources: AWS Lambda Developer Guide, VPC (65,000 an interface); Amazon VPC User Guide (55,000 a destination and
    address of a NAT gateway).

    Args:
        opened_s: when each connection is opened, in seconds from 0, ascending; shape (n,).
        held_s: how long it stays open, in seconds, above 0; one number, or shape (n,).
        ports: for the destination, from 1.
        adds_interfaces: whether another interface is added when the ports are used up, as Lambda does, so that nobody
            is refused; a NAT gateway refuses.

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
    found = inputs.numbers(name, values)
    if found.size and (np.min(found) < 0 or np.any(found != np.floor(found)) or np.max(found) > 1e15):
        raise ValueError(f"{name} holds {np.min(found):g} to {np.max(found):g}. Give whole numbers from 0.")
    return found.astype(np.int64)
