"""A function's fleet of execution environments: which requests get a cold start, and how many environments exist.

The rules are Lambda's. A request takes an idle environment. If there is none, Lambda starts a new environment, which is
a cold start. An environment serves one request at a time. Lambda ends an environment that has been idle for too long.

`simulate` simulates one function and its concurrency limit.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from serverless_first.simulate import inputs, loops
from serverless_first.simulate.inputs import Floats
from serverless_first.simulate.loops import Integers, Routing as Routing
from serverless_first.simulate.theory import (
    cold_share_theory as cold_share_theory,
    mean_idle_theory as mean_idle_theory,
)

WARM, COLD, THROTTLED = 0, 1, 2


@dataclass(frozen=True, eq=False)
class FleetResult:
    """The outcome of each request, and averages over time. All arrays have one entry for each request.

    Attributes:
        outcomes: 0 warm, 1 cold, 2 throttled (`WARM`, `COLD`, `THROTTLED`).
        environment: number of the environment that served the request, from 0 in the order in which they started; -1
            if the request was throttled.
        start_s: when the request arrived, in seconds; its service begins immediately.
        end_s: when the service ended, in seconds; NaN if the request was throttled.
        idle_until_s: when the environment's idle time after this request ended, by the next request or by expiry;
            NaN if the request was throttled.
        horizon_s: end of the observation, which begins at 0.
        mean_busy: number of busy environments (Init or Invoke), averaged from 0 to the horizon.
        mean_idle: number of environments that wait for a request, averaged from 0 to the horizon.
    """

    outcomes: NDArray[np.int8]
    environment: Integers
    start_s: Floats
    end_s: Floats
    idle_until_s: Floats
    horizon_s: float
    mean_busy: float
    mean_idle: float

    @property
    def warm(self) -> int:
        """How many requests found an environment that was ready."""
        return int(np.count_nonzero(self.outcomes == WARM))

    @property
    def cold(self) -> int:
        """How many requests had a cold start, which is also the number of environments that started."""
        return int(np.count_nonzero(self.outcomes == COLD))

    @property
    def throttled(self) -> int:
        """How many requests were refused because all allowed environments were busy."""
        return int(np.count_nonzero(self.outcomes == THROTTLED))

    @property
    def mean_total(self) -> float:
        """The number of environments, busy or idle, averaged from 0 to the horizon."""
        return self.mean_busy + self.mean_idle


def simulate(
    arrivals_s: ArrayLike,
    warm_service_s: ArrayLike,
    cold_service_s: ArrayLike,
    idle_expiry_s: float = 600.0,
    max_concurrency: int | None = None,
    routing: Routing = "most-recently-used",
    horizon_s: float | None = None,
) -> FleetResult:
    """Sends requests through the fleet of one function, which is empty at time 0.

    If a service ends at the instant of an arrival, its environment is free for the new request. An environment that
    has been idle for exactly `idle_expiry_s` is gone. If two environments are equally recent, the request takes the
    newer environment.

    Source of the rules: AWS Lambda Developer Guide, "Understanding the Lambda execution environment lifecycle" and
    "Understanding Lambda function scaling". AWS publishes neither the expiry nor the routing.

    In the example, two orders arrive at the same time, and a third when both environments are idle.

    >>> run = simulate([0.0, 0.0, 60.0], warm_service_s=0.2, cold_service_s=0.7)
    >>> run.cold, run.warm, run.throttled
    (2, 1, 0)

    Args:
        arrivals_s: when each request arrives, in seconds from 0, ascending; shape (n,).
        warm_service_s: how long a request takes in a warm environment, in seconds; one number, or shape (n,).
        cold_service_s: how long a request takes with its cold start, in seconds; one number, or shape (n,).
        idle_expiry_s: how long an environment stays idle before it ends, in seconds from the end of its last service;
            `math.inf` for never.
        max_concurrency: how many requests the function may serve at a time, as with reserved concurrency; None for no
            limit. Requests beyond the limit are throttled. They are refused and don't come back.
        routing: which idle environment a request takes. "most-recently-used" is Lambda's rule. "newest-created" is the
            environment that was started last, as in the simulator SimFaaS.
        horizon_s: end of the observation for the time averages, in seconds; by default the end of the last service.
            The counts include all requests, whatever the horizon.

    Raises:
        ValueError: an argument is out of its range or has the wrong shape; the message says what is allowed.
    """
    arrivals = inputs.arrivals(arrivals_s)
    warm_ends = arrivals + inputs.service("warm_service_s", warm_service_s, arrivals.size)
    cold_ends = arrivals + inputs.service("cold_service_s", cold_service_s, arrivals.size)
    expiry = inputs.at_least_zero("idle_expiry_s", idle_expiry_s)
    limit = _limit(max_concurrency)
    inputs.choice("routing", routing, get_args(Routing))
    environment, again = loops.route(routing, arrivals, warm_ends, cold_ends, expiry, limit)
    return _observe(arrivals, warm_ends, cold_ends, environment, again, expiry, horizon_s)


def _observe(
    arrivals_s: Floats,
    warm_ends_s: Floats,
    cold_ends_s: Floats,
    environment: Integers,
    taken_again_s: Floats,
    idle_expiry_s: float,
    horizon_s: float | None,
) -> FleetResult:
    """Computes the result from the environment that served each request.

    The result takes over the arrays, and this function writes to them.

    Args:
        arrivals_s: when each request arrived.
        warm_ends_s, cold_ends_s: when its service ended if it was warm, and if it was cold.
        environment: the environment that served it; -1 if it was throttled.
        taken_again_s: when this environment served its next request, from `loops.taken_again_s`.
        idle_expiry_s: how long an environment stays idle before it ends.
        horizon_s: end of the observation; None for the end of the last service.

    Raises:
        ValueError: the horizon is out of its range, or none is given and no request was served.
    """
    refused = np.flatnonzero(environment < 0)
    cold = _new_ones(environment)
    outcomes = np.zeros(arrivals_s.size, dtype=np.int8)
    outcomes[cold], outcomes[refused] = COLD, THROTTLED
    ends_s = warm_ends_s
    ends_s[cold], ends_s[refused] = cold_ends_s[cold], np.nan
    horizon = _horizon(horizon_s, arrivals_s, ends_s)
    idle_until_s = np.add(ends_s, idle_expiry_s, out=cold_ends_s)
    np.minimum(idle_until_s, taken_again_s, out=idle_until_s)
    inputs.freeze(outcomes, environment, arrivals_s, ends_s, idle_until_s)
    return FleetResult(
        outcomes,
        environment,
        arrivals_s,
        ends_s,
        idle_until_s,
        horizon,
        mean_busy=_sum_of_spans(arrivals_s, ends_s, horizon) / horizon,
        mean_idle=_sum_of_spans(ends_s, idle_until_s, horizon) / horizon,
    )


def _new_ones(environment: Integers) -> Integers:
    """The requests that started an environment, because new environments have ascending numbers."""
    parts, highest = [np.zeros(0, dtype=np.int64)], -1
    for block in loops.blocks(environment.size):
        levels = np.maximum.accumulate(np.concatenate([[highest], environment[block]]))
        parts.append(np.flatnonzero(levels[1:] > levels[:-1]) + block.start)
        highest = int(levels[-1])
    return np.concatenate(parts)


def _sum_of_spans(begins_s: Floats, ends_s: Floats, horizon_s: float) -> float:
    """The total time from begins to ends before the horizon, without spans that have NaN."""
    total_s = 0.0
    for block in loops.blocks(begins_s.size):
        begin_s, end_s = begins_s[block], ends_s[block]
        there = ~(np.isnan(begin_s) | np.isnan(end_s))
        if not there.all():
            begin_s, end_s = begin_s[there], end_s[there]
        total_s += float(np.sum(np.minimum(end_s, horizon_s) - np.minimum(begin_s, horizon_s)))
    return total_s


def _limit(max_concurrency: int | None) -> float:
    if max_concurrency is None:
        return math.inf
    try:
        limit = operator.index(max_concurrency)
    except TypeError:
        limit = -1
    if limit < 0:
        raise ValueError(f"max_concurrency is {max_concurrency!r}. Give a whole number from 0, or None for no limit.")
    return limit


def _horizon(horizon_s: float | None, arrivals: Floats, ends: Floats) -> float:
    if horizon_s is None:
        latest_s = np.max(ends, initial=0.0, where=~np.isnan(ends))
        horizon_s = float(max(np.max(arrivals, initial=0.0), latest_s))
        if horizon_s == 0:
            raise ValueError("No request was served, so there is no end of the observation. Give horizon_s.")
    if not 0 < horizon_s < math.inf:
        raise ValueError(f"horizon_s is {horizon_s}. Give the end of the observation in seconds, above 0 and finite.")
    return float(horizon_s)
