"""A pool of database connections, as a proxy keeps it: who waits for a connection, how long, and who gives up.

The rules are RDS Proxy's. A request borrows a connection that is free. If there is none, it waits; who asked first is
served first. One that has waited for the borrow timeout leaves with an error. A request that pins keeps its connection
until its session ends: to the pool, its service lasts that long.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from serverless_first.simulate import inputs, loops
from serverless_first.simulate.inputs import Floats


@dataclass(frozen=True, eq=False)
class PoolResult:
    """What happened to each request. All arrays have one entry for each request, in the order of arrival.

    Attributes:
        arrival_s: when the request asked for a connection.
        wait_s: how long it waited for one, 0 where one was free; NaN where it got none.
        end_s: when it gave the connection back; NaN where it got none.
        connections: how many connections the pool had.
        borrow_timeout_s: how long a request waited at most; `math.inf` for no limit.
        patience_s: how long each request waited at most: until the borrow timeout, or until its client gave up.
        refused: how many requests were refused at once, because `max_waiting` others waited.
    """

    arrival_s: Floats
    wait_s: Floats
    end_s: Floats
    connections: int
    borrow_timeout_s: float
    patience_s: Floats
    refused: int = 0

    @property
    def requests(self) -> int:
        """How many requests asked for a connection."""
        return self.wait_s.size

    @property
    def served(self) -> int:
        """How many requests got a connection."""
        return int(np.count_nonzero(~np.isnan(self.wait_s)))

    @property
    def timed_out(self) -> int:
        """How many requests waited and left without one."""
        return self.requests - self.served - self.refused

    @property
    def served_at_once(self) -> int:
        """How many requests found a free connection."""
        return int(np.count_nonzero(self.wait_s == 0))

    @property
    def most_waiting(self) -> int:
        """The most requests that waited at the same moment, those included that timed out later."""
        waited_s = np.where(np.isnan(self.wait_s), self.patience_s, self.wait_s)
        # Requests that stop waiting at a moment come before those that begin at it: they never waited together.
        moments_s = np.concatenate([self.arrival_s + waited_s, self.arrival_s])
        order = np.argsort(moments_s, kind="stable")
        steps = np.where(order < self.requests, -1, 1)
        return int(np.max(np.cumsum(steps), initial=0))


def simulate(
    arrivals_s: ArrayLike,
    service_s: ArrayLike,
    connections: int = 10,
    borrow_timeout_s: float | None = None,
    *,
    patience_s: ArrayLike | None = None,
    max_waiting: int | None = None,
) -> PoolResult:
    """Sends requests through a pool whose connections are all open and free at time 0.

    A connection given back at the moment of an arrival is free for it. A request whose turn comes at the very moment
    of its borrow timeout has left.

    Source of the rules: Amazon RDS User Guide, "RDS Proxy", on ConnectionBorrowTimeout and MaxConnectionsPercent.

    >>> simulate([0.0] * 60, 0.2, connections=10, borrow_timeout_s=0.5).timed_out
    30

    Args:
        arrivals_s: when each request asks for a connection, in seconds from 0, ascending; shape (n,). Of requests at
            the same moment, the first in the array asks first.
        service_s: how long it keeps the connection, in seconds; one number, or shape (n,). A transaction's length; of a
            client that pins, the rest of its session.
        connections: how many connections the pool has. RDS Proxy: MaxConnectionsPercent of max_connections.
        borrow_timeout_s: how long a request waits at most, in seconds; 0 for not at all, None for ever. RDS Proxy:
            ConnectionBorrowTimeout.
        patience_s: after how long each client gives up by itself, in seconds above 0; one number, or shape (n,). None
            for never. What is left of a function's timeout, for instance.
        max_waiting: how many requests may wait at once, as other poolers limit them; one more is refused. None for no
            limit.

    Raises:
        ValueError: an argument is out of its range or has the wrong shape; the message says what is allowed.
    """
    arrivals = inputs.arrivals(arrivals_s)
    requests = arrivals.size
    services = inputs.service("service_s", service_s, requests)
    pool = inputs.whole("connections", connections, 1)
    timeout = math.inf if borrow_timeout_s is None else inputs.at_least_zero("borrow_timeout_s", borrow_timeout_s)
    patience = np.asarray(timeout)
    if patience_s is not None:
        patience = np.minimum(patience, inputs.service("patience_s", patience_s, requests))
    services, patience = (np.array(np.broadcast_to(values, requests)) for values in (services, patience))
    room = None if max_waiting is None else inputs.whole("max_waiting", max_waiting, 0)
    waits = loops.queue(arrivals, services, patience, pool, room)
    refused = waits < 0
    waits[refused] = np.nan
    patience[refused] = 0.0  # they did not wait
    ends = arrivals + waits + services
    inputs.freeze(arrivals, waits, ends, patience)
    return PoolResult(arrivals, waits, ends, pool, timeout, patience, int(np.count_nonzero(refused)))


class PoolTheory(NamedTuple):
    """What becomes of requests in the long run.

    Attributes:
        at_once: share of the requests that find a free connection, from 0 to 1.
        waited: share that get one after a wait.
        timed_out: share that leave without one.
        mean_wait_s: mean wait of those that get one, the ones at once included, in seconds.
    """

    at_once: float
    waited: float
    timed_out: float
    mean_wait_s: float


def theory(
    rate_per_s: float, mean_service_s: float, connections: int = 10, borrow_timeout_s: float | None = None
) -> PoolTheory:
    """What a long simulation comes close to, from queueing theory.

    Holds for requests at random moments (a Poisson process) and exponential service times: M/M/c with a queue that
    requests leave after a fixed time. Without a timeout it is Erlang's formula C, with a timeout of 0 Erlang's formula
    B.

    Why: while all c connections are borrowed, the time x until the next request's turn has the density
    rate p e^(r x), where r = rate - c / service and p is the probability that exactly c - 1 are borrowed: it grows with
    each request and shrinks as time goes by. Requests that would wait longer than the timeout do not change it, so
    beyond the timeout the density only falls, as e^(-c x / service). Known since Barrer, "Queuing with impatient
    customers and ordered service", Operations Research 5 (1957) (title recalled, not verified).

    >>> f"{theory(rate_per_s=60, mean_service_s=0.2, connections=10, borrow_timeout_s=0.3).timed_out:.1%}"
    '17.0%'

    Args:
        rate_per_s: requests per second, above 0.
        mean_service_s: mean service time in seconds, above 0.
        connections: how many connections the pool has.
        borrow_timeout_s: how long a request waits at most, in seconds; None for ever.

    Raises:
        ValueError: an argument is out of its range; or nobody leaves and requests come faster than they are served.
    """
    rate = float(inputs.above_zero("rate_per_s", rate_per_s))
    service = float(inputs.above_zero("mean_service_s", mean_service_s))
    servers = inputs.whole("connections", connections, 1)
    timeout = math.inf if borrow_timeout_s is None else inputs.at_least_zero("borrow_timeout_s", borrow_timeout_s)
    drain = servers / service
    growth = rate - drain
    if math.isinf(timeout) and growth >= 0:
        raise ValueError(
            f"{rate:g} requests per second are more than {servers} connections serve ({drain:g}), so without a borrow "
            "timeout the queue grows for ever. Give borrow_timeout_s."
        )
    full_but_one = 1.0  # p as a share of the probability that a connection is free, by Erlang's recursion
    for busy in range(1, servers):
        full_but_one *= rate * service / (busy + full_but_one * rate * service)
    # In units of the probability that a connection is free; all scaled down where e^(growth timeout) would overflow.
    up = max(growth * timeout, 0.0)
    weight, moment = _queue(growth, timeout, up)
    at_once, waited = math.exp(-up), full_but_one * rate * weight
    timed_out = full_but_one * rate / drain * (0.0 if math.isinf(timeout) else math.exp(growth * timeout - up))
    total, served = at_once + waited + timed_out, at_once + waited
    mean_wait_s = full_but_one * rate * moment / served if served else 0.0
    return PoolTheory(at_once / total, waited / total, timed_out / total, mean_wait_s)


def _queue(growth: float, timeout: float, up: float) -> tuple[float, float]:
    """The integrals of e^(growth x - up) and of x times that, for x from 0 to the timeout."""
    if math.isinf(timeout):
        return -1 / growth, 1 / growth**2
    z, bottom = growth * timeout, math.exp(-up)
    if abs(z) < 1e-4:  # the closed forms lose their digits here; three terms of the series keep them
        return bottom * timeout * (1 + z / 2 + z * z / 6), bottom * timeout**2 * (1 / 2 + z / 3 + z * z / 8)
    top = math.exp(z - up)
    return (top - bottom) / growth, (top * (z - 1) + bottom) / growth**2
