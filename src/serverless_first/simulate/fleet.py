"""A function's fleet of execution environments: who meets a cold start, and how many environments there are.

The rules are Lambda's. A request takes an environment that is idle. If there is none, a new one is started: a cold
start. An environment serves one request at a time. One that has been idle for too long is ended.
"""

from __future__ import annotations

import heapq
import math
import operator
from dataclasses import dataclass
from typing import Literal, get_args, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from serverless_first.simulate import inputs
from serverless_first.simulate.inputs import Floats

Integers = NDArray[np.int64]
Routing = Literal["most-recently-used", "newest-created"]

WARM, COLD, THROTTLED = 0, 1, 2


@dataclass(frozen=True, eq=False)
class FleetResult:
    """What happened to each request, and the averages over time. All arrays have one entry for each request.

    Attributes:
        outcomes: 0 warm, 1 cold, 2 throttled (`WARM`, `COLD`, `THROTTLED`).
        environment: number of the environment that served the request, counted from 0 as they were started; -1 where
            the request was throttled.
        start_s: when the request arrived; service begins at once.
        end_s: when the service ended; NaN where the request was throttled.
        idle_until_s: when the environment's idle time after this request ended, by the next request or by expiry;
            NaN where the request was throttled.
        horizon_s: end of the observation, which began at 0.
        mean_busy: environments at work (Init or Invoke), averaged over the time from 0 to the horizon.
        mean_idle: environments that wait for a request, averaged in the same way.
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
        """How many requests met an environment that was ready."""
        return int(np.count_nonzero(self.outcomes == WARM))

    @property
    def cold(self) -> int:
        """How many requests met a cold start; as many environments were started."""
        return int(np.count_nonzero(self.outcomes == COLD))

    @property
    def throttled(self) -> int:
        """How many requests were refused because `max_concurrency` environments were busy."""
        return int(np.count_nonzero(self.outcomes == THROTTLED))

    @property
    def mean_total(self) -> float:
        """Environments that exist, busy or idle, averaged over the time from 0 to the horizon."""
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

    An environment that ends a service at the moment of an arrival is free for it. One that has been idle for exactly
    `idle_expiry_s` is gone. Where two are equally recent, the newer one is taken.

    Args:
        arrivals_s: when each request arrives, in seconds from 0, ascending; shape (n,).
        warm_service_s: how long the request takes in a warm environment, in seconds; one number, or shape (n,).
        cold_service_s: how long it takes with its cold start, in seconds; one number, or shape (n,).
        idle_expiry_s: how long an environment stays idle before it is ended, in seconds from the end of its last
            service; `math.inf` for never.
        max_concurrency: how many requests may be served at once, as reserved concurrency limits them; None for no
            limit. A request beyond it is throttled: it is refused and does not come back.
        routing: which idle environment a request takes: "most-recently-used" as Lambda does, or "newest-created",
            the one that was started last, as the simulator SimFaaS does.
        horizon_s: end of the observation for the time averages, in seconds; by default the end of the last service.
            The counts are of all requests, whatever the horizon.

    Raises:
        ValueError: an argument is out of its range or has the wrong shape; the message says what is allowed.
    """
    arrivals = inputs.arrivals(arrivals_s)
    warm_ends = arrivals + inputs.service("warm_service_s", warm_service_s, arrivals.size)
    cold_ends = arrivals + inputs.service("cold_service_s", cold_service_s, arrivals.size)
    expiry = inputs.at_least_zero("idle_expiry_s", idle_expiry_s)
    limit = _limit(max_concurrency)
    if routing not in get_args(Routing):
        allowed = " or ".join(f'"{name}"' for name in get_args(Routing))
        raise ValueError(f"routing is {routing!r}. Use {allowed}.")
    route = _most_recently_used if routing == "most-recently-used" else _newest_created
    environment = np.array(
        route(arrivals.tolist(), warm_ends.tolist(), cold_ends.tolist(), expiry, limit), dtype=np.int64
    )
    return _result(arrivals, warm_ends, cold_ends, environment, expiry, horizon_s)


def _most_recently_used(
    arrivals: list[float], warm_ends: list[float], cold_ends: list[float], expiry: float, limit: float
) -> list[int]:
    """The environment of each request, -1 where it is throttled."""
    busy: list[tuple[float, int]] = []  # a heap of (end of service, environment)
    idle: list[tuple[float, int]] = []  # a stack of (idle since, environment): the top was used last
    taken: list[int] = []
    started = 0
    for number, now in enumerate(arrivals):
        while busy and busy[0][0] <= now:
            idle.append(heapq.heappop(busy))
        if idle and idle[-1][0] + expiry > now:
            environment = idle.pop()[1]
            heapq.heappush(busy, (warm_ends[number], environment))
        else:
            idle.clear()  # the one used last has expired, so all the others have
            if len(busy) >= limit:
                taken.append(-1)
                continue
            environment = started
            started += 1
            heapq.heappush(busy, (cold_ends[number], environment))
        taken.append(environment)
    return taken


def _newest_created(
    arrivals: list[float], warm_ends: list[float], cold_ends: list[float], expiry: float, limit: float
) -> list[int]:
    """The environment of each request, -1 where it is throttled."""
    busy: list[tuple[float, int]] = []  # a heap of (end of service, environment)
    idle: list[tuple[int, float]] = []  # a heap of (-environment, idle since): the newest is first
    taken: list[int] = []
    started = 0
    for number, now in enumerate(arrivals):
        while busy and busy[0][0] <= now:
            ended, environment = heapq.heappop(busy)
            heapq.heappush(idle, (-environment, ended))
        while idle and idle[0][1] + expiry <= now:
            heapq.heappop(idle)  # expired ones further down are met later, or never: they cannot be taken either
        if idle:
            environment = -heapq.heappop(idle)[0]
            heapq.heappush(busy, (warm_ends[number], environment))
        elif len(busy) < limit:
            environment = started
            started += 1
            heapq.heappush(busy, (cold_ends[number], environment))
        else:
            environment = -1
        taken.append(environment)
    return taken


def _result(
    arrivals: Floats,
    warm_ends: Floats,
    cold_ends: Floats,
    environment: Integers,
    expiry: float,
    horizon_s: float | None,
) -> FleetResult:
    """Everything else follows from which environment served which request."""
    served = np.flatnonzero(environment >= 0)
    order = served[np.argsort(environment[served], kind="stable")]  # environment by environment, each in time
    again = environment[order[1:]] == environment[order[:-1]]  # the next in this order is the same environment's
    outcomes = np.full(arrivals.size, THROTTLED, dtype=np.int8)
    outcomes[order[:1]] = COLD
    outcomes[order[1:]] = np.where(again, WARM, COLD)
    ends = np.select([outcomes == WARM, outcomes == COLD], [warm_ends, cold_ends], np.nan)
    idle_until = ends + expiry
    idle_until[order[:-1][again]] = arrivals[order[1:][again]]
    horizon = _horizon(horizon_s, arrivals, ends[served])
    busy_s = np.minimum(ends[served], horizon) - np.minimum(arrivals[served], horizon)
    idle_s = np.minimum(idle_until[served], horizon) - np.minimum(ends[served], horizon)
    for array in (outcomes, environment, arrivals, ends, idle_until):
        array.flags.writeable = False
    return FleetResult(
        outcomes,
        environment,
        arrivals,
        ends,
        idle_until,
        horizon,
        mean_busy=float(busy_s.sum()) / horizon,
        mean_idle=float(idle_s.sum()) / horizon,
    )


@overload
def cold_share_theory(rate_per_s: float, mean_service_s: float, idle_expiry_s: float) -> float: ...
@overload
def cold_share_theory(rate_per_s: ArrayLike, mean_service_s: ArrayLike, idle_expiry_s: ArrayLike) -> Floats: ...
def cold_share_theory(rate_per_s: ArrayLike, mean_service_s: ArrayLike, idle_expiry_s: ArrayLike) -> float | Floats:
    """The share of requests that meet a cold start, from queueing theory: what a long simulation comes close to.

    Holds for requests at random moments (a Poisson process), exponential service times that are the same warm and
    cold, no limit of concurrency, and routing to the environment used most recently.

    Why: the number of busy environments is an M/M/inf queue, so a request finds b of them busy with the Poisson
    probability pi_b of mean rate x service. The idle environment used last is the one that was left when the number
    last fell from b + 1 to b. The request is cold if that is longer ago than the expiry. Seen backwards in time, that
    is the first passage of the queue from b to b + 1, tau_b; the queue looks the same in both directions. So the share
    is the sum of pi_b P(tau_b > expiry).

    Args:
        rate_per_s: requests per second, above 0.
        mean_service_s: mean service time in seconds, above 0.
        idle_expiry_s: how long an environment stays idle before it is ended, in seconds, finite.

    Returns:
        A share from 0 to 1, with an absolute error below 1e-10; an array in the arguments' common shape if one of
        them is an array.

    Raises:
        ValueError: an argument is out of its range.
    """
    return _first_passages(rate_per_s, mean_service_s, idle_expiry_s)[0]


@overload
def mean_idle_theory(rate_per_s: float, mean_service_s: float, idle_expiry_s: float) -> float: ...
@overload
def mean_idle_theory(rate_per_s: ArrayLike, mean_service_s: ArrayLike, idle_expiry_s: ArrayLike) -> Floats: ...
def mean_idle_theory(rate_per_s: ArrayLike, mean_service_s: ArrayLike, idle_expiry_s: ArrayLike) -> float | Floats:
    """How many environments are idle, averaged over time; arguments and assumptions as in `cold_share_theory`.

    A service that leaves b environments busy, leaves its own idle for min(tau_b, expiry). Little's law makes that
    rate x sum of pi_b E[min(tau_b, expiry)].
    """
    return _first_passages(rate_per_s, mean_service_s, idle_expiry_s)[1]


def _first_passages(
    rate_per_s: ArrayLike, mean_service_s: ArrayLike, idle_expiry_s: ArrayLike
) -> tuple[float, float] | tuple[Floats, Floats]:
    """Cold share and mean number of idle environments.

    tau_b has the Laplace transform f_b(s) = rho / (rho + b + s - b f_{b-1}(s)), time in mean services, rho = rate x
    service: from b the queue goes up, or down and then has to come back. The sum over b is inverted as a whole.
    """
    rate, service, expiry = np.broadcast_arrays(
        inputs.above_zero("rate_per_s", rate_per_s),
        inputs.above_zero("mean_service_s", mean_service_s),
        inputs.numbers("idle_expiry_s", idle_expiry_s),
    )
    if np.min(expiry, initial=0.0) < 0:
        raise ValueError(f"idle_expiry_s is {np.min(expiry):g}. Give 0 s or more.")
    at_once = expiry == 0  # the inversion divides by the time
    time = np.where(at_once, 1.0, expiry / service)
    rho = (rate * service)[..., np.newaxis]
    most = float(np.max(rho, initial=0.0))
    s = _CONTOUR / time[..., np.newaxis]
    passage = np.zeros_like(s)
    log_weight = -rho
    beyond = np.zeros_like(s)  # the sum of pi_b (1 - f_b(s))
    # Ten standard deviations above its mean, the Poisson distribution has nothing left that a float could show.
    for b in range(math.ceil(most + 10 * math.sqrt(most) + 20)):
        passage = rho / (rho + b + s - b * passage)
        beyond += np.exp(log_weight) * (1 - passage)
        log_weight = log_weight + np.log(rho / (b + 1))
    share = np.clip((_WEIGHTS * beyond / s).real.sum(axis=-1) / time, 0.0, 1.0)
    idle = rho[..., 0] * np.maximum((_WEIGHTS * beyond / s**2).real.sum(axis=-1) / time, 0.0)
    share, idle = np.where(at_once, 1.0, share), np.where(at_once, 0.0, idle)
    return (share, idle) if share.ndim else (float(share), float(idle))


def _contour(nodes: int = 24) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Nodes z and weights w with f(t) = Re(sum of w F(z / t)) / t for a Laplace transform F.

    Talbot's contour with the constants of Trefethen, Weideman and Schmelzer, "Talbot quadratures and rational
    approximations", BIT 46 (2006); the error falls as 3.89 ** -nodes for singularities on the negative real axis,
    where those of a birth-death process lie. The nodes come in conjugate pairs: one half stands for both.
    """
    theta = (2 * np.arange(nodes // 2) + 1) * math.pi / nodes
    scaled = 0.6407 * theta
    z = nodes * (0.5017 * theta / np.tan(scaled) - 0.6122 + 0.2645j * theta)
    slope = 0.5017 / np.tan(scaled) - 0.5017 * scaled / np.sin(scaled) ** 2 + 0.2645j
    return z, 2 * np.exp(z) * slope / 1j


_CONTOUR, _WEIGHTS = _contour()


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
        horizon_s = float(max(np.max(arrivals, initial=0.0), np.max(ends, initial=0.0)))
        if horizon_s == 0:
            raise ValueError("No request was served, so there is no end of the observation. Give horizon_s.")
    if not 0 < horizon_s < math.inf:
        raise ValueError(f"horizon_s is {horizon_s}. Give the end of the observation in seconds, above 0 and finite.")
    return float(horizon_s)
