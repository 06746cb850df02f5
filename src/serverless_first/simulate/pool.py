"""A proxy's pool of database connections: which requests wait, how long, and which give up.

The rules are RDS Proxy's. A request borrows a free connection. If there is none, it waits, first come, first served. A
request that has waited for the whole borrow timeout leaves with an error. A request that pins keeps its connection
until its session ends, so for the pool, its service lasts that long.
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
    """The outcome of each request. All arrays have one entry for each request, in the order of arrival.

    Attributes:
        arrival_s: when the request asked for a connection, in seconds.
        wait_s: how long it waited, in seconds; 0 if a connection was free, NaN if it got none.
        end_s: when it returned the connection, in seconds; NaN if it got none.
        connections: how many connections the pool had.
        borrow_timeout_s: how long requests could wait, in seconds; `math.inf` for no limit.
        patience_s: how long each request could wait, until the borrow timeout or until its client would give up.
        refused: how many requests were refused immediately because `max_waiting` others were waiting.
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
        """How many requests waited and left without a connection."""
        return self.requests - self.served - self.refused

    @property
    def served_at_once(self) -> int:
        """How many requests found a free connection."""
        return int(np.count_nonzero(self.wait_s == 0))

    @property
    def most_waiting(self) -> int:
        """The most requests that waited at the same time, including requests that timed out later."""
        waited_s = np.where(np.isnan(self.wait_s), self.patience_s, self.wait_s)
        # A request that stops waiting at the instant when another begins comes first: they never waited together.
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

    A connection that is returned at the instant of an arrival is free for the new request. A request whose turn comes
    at the instant of its borrow timeout has already left.

    Source of the rules: Amazon RDS User Guide, "RDS Proxy", on ConnectionBorrowTimeout and MaxConnectionsPercent.

    >>> simulate([0.0] * 60, 0.2, connections=10, borrow_timeout_s=0.5).timed_out
    30

    Args:
        arrivals_s: when each request asks for a connection, in seconds from 0, ascending; shape (n,). At the
            same time, the first request in the array asks first.
        service_s: how long it keeps the connection, in seconds; one number, or shape (n,). This is the length of a
            transaction, or, for a client that pins, the rest of its session.
        connections: how many connections the pool has. In RDS Proxy, this is MaxConnectionsPercent of max_connections.
        borrow_timeout_s: how long a request may wait, in seconds; 0 for not at all, None for no limit. In RDS Proxy,
            this is ConnectionBorrowTimeout.
        patience_s: after how many seconds each client gives up, above 0; one number, or shape (n,). None for never. For
            example, this is the rest of a function's timeout.
        max_waiting: how many requests may wait at the same time, as in other poolers. Further requests are refused.
            None for no limit.

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
    patience[refused] = 0.0  # refused requests did not wait
    ends = arrivals + waits + services
    inputs.freeze(arrivals, waits, ends, patience)
    return PoolResult(arrivals, waits, ends, pool, timeout, patience, int(np.count_nonzero(refused)))


class PoolTheory(NamedTuple):
    """The long-run shares of requests by outcome, and their mean wait.

    Attributes:
        at_once: share of the requests that find a free connection, from 0 to 1.
        waited: share of the requests that get a connection after a wait.
        timed_out: share of the requests that leave without a connection.
        mean_wait_s: mean wait of the requests that get a connection, immediately or later, in seconds.
    """

    at_once: float
    waited: float
    timed_out: float
    mean_wait_s: float


def theory(
    rate_per_s: float, mean_service_s: float, connections: int = 10, borrow_timeout_s: float | None = None
) -> PoolTheory:
    """The result from queueing theory, which long simulations approach.

    It applies to requests at random times (a Poisson process) with exponential service times. The model is M/M/c with a
    queue that requests leave after a fixed time. Without a timeout, the result is Erlang's formula C. With a timeout of
    0, it is Erlang's formula B.

    Derivation: while all c connections are borrowed, the time x until the next request's turn has the density
    rate p e^(r x), where r = rate - c / service, and p is the probability that exactly c - 1 connections are borrowed.
    The time x grows with each request and shrinks as time passes. Requests that would wait longer than the timeout
    don't change x, so beyond the timeout, the density only falls, as e^(-c x / service). This is known since Barrer,
    "Queuing with impatient customers and ordered service", Operations Research 5 (1957) (title from memory, not
    verified).

    >>> f"{theory(rate_per_s=60, mean_service_s=0.2, connections=10, borrow_timeout_s=0.3).timed_out:.1%}"
    '17.0%'

    Args:
        rate_per_s: requests per second, above 0.
        mean_service_s: mean service time in seconds, above 0.
        connections: how many connections the pool has.
        borrow_timeout_s: how long a request may wait, in seconds; None for no limit.

    Raises:
        ValueError: an argument is out of its range, or there is no timeout and requests arrive faster than the pool can
            serve them.
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
            "timeout the queue grows forever. Give borrow_timeout_s."
        )
    full_but_one = 1.0  # p, relative to the probability that a connection is free, by Erlang's recursion
    for busy in range(1, servers):
        full_but_one *= rate * service / (busy + full_but_one * rate * service)
    # Relative to the probability that a connection is free. All numbers are scaled down if e^(growth timeout) is large.
    up = max(growth * timeout, 0.0)
    weight, moment = _queue(growth, timeout, up)
    at_once, waited = math.exp(-up), full_but_one * rate * weight
    timed_out = full_but_one * rate / drain * (0.0 if math.isinf(timeout) else math.exp(growth * timeout - up))
    total, served = at_once + waited + timed_out, at_once + waited
    mean_wait_s = full_but_one * rate * moment / served if served else 0.0
    return PoolTheory(at_once / total, waited / total, timed_out / total, mean_wait_s)


def _queue(growth: float, timeout: float, up: float) -> tuple[float, float]:
    """The integrals of e^(growth x - up) and of x e^(growth x - up), for x from 0 to the timeout."""
    if math.isinf(timeout):
        return -1 / growth, 1 / growth**2
    z, bottom = growth * timeout, math.exp(-up)
    if abs(z) < 1e-4:  # the closed forms lose precision here; three terms of the series don't
        return bottom * timeout * (1 + z / 2 + z * z / 6), bottom * timeout**2 * (1 / 2 + z / 3 + z * z / 8)
    top = math.exp(z - up)
    return (top - bottom) / growth, (top * (z - 1) + bottom) / growth**2
