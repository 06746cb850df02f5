"""The functions of one account in one Region, and what they share: concurrency, and the pace of new environments.

A function with reserved concurrency has that many environments at work and never more; the others share what is left
of the account's. Provisioned environments are initialised ahead and used first; requests beyond them spill over to
ordinary ones. Rules: AWS Lambda Developer Guide, "Understanding Lambda function scaling", "Configuring reserved
concurrency for a function" and "Configuring provisioned concurrency for a function".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np
from numpy.typing import ArrayLike

from serverless_cloud.rules import ACCOUNT_CONCURRENCY, Concurrency, ConcurrencyRefused
from serverless_first.simulate import fleet, inputs, loops, scaling
from serverless_first.simulate.inputs import Floats
from serverless_first.simulate.scaling import ScalingRate

_RESERVED, _ACCOUNT, _SCALING = (
    fleet.REASONS.index(reason) for reason in ("reserved concurrency", "account concurrency", "scaling rate")
)
_SHARED = 0  # the place of what functions without a reservation share


@dataclass(frozen=True, eq=False)
class Function:
    """A function and its requests.

    Args:
        arrivals_s: when each request arrives, in seconds from 0, ascending; shape (n,).
        service_s: how long its handler takes, in seconds; one number, or shape (n,).
        init_s: how long the Init phase takes on top where the request meets a cold start, in seconds; one number, or
            shape (n,).
        reserved_concurrency: how many requests may be served at once; None for no reservation. 0 stops the function.
        provisioned_concurrency: how many environments are initialised ahead, ready at 0, for as long as is observed.
    """

    arrivals_s: ArrayLike
    service_s: ArrayLike
    init_s: ArrayLike = 0.0
    reserved_concurrency: int | None = None
    provisioned_concurrency: int = 0


@dataclass(frozen=True, eq=False)
class _Trace:
    """The requests of all functions, in the order of their arrival."""

    arrivals_s: Floats
    warm_ends_s: Floats
    cold_ends_s: Floats
    owner: fleet.Integers


def simulate(
    functions: Mapping[str, Function],
    *,
    account_concurrency: int = ACCOUNT_CONCURRENCY,
    scaling_rate: ScalingRate | None = scaling.NOW,
    idle_expiry_s: float = 600.0,
    horizon_s: float | None = None,
) -> dict[str, fleet.FleetResult]:
    """Sends the requests of some functions through their fleets; the idle environment used last is taken.

    Requests at the same moment come in the order of the functions. `FleetResult.throttled_by` says why requests were
    refused. A request is counted against the concurrency first; only if it then needs a new environment, against the
    scaling rate. Provisioned environments count against the concurrency whether they are in use or not, and not against
    the scaling rate.

    Two provisioned environments and a reservation of three: of four orders at once, one spills over, one is throttled.

    >>> orders = Function([0.0] * 4, 0.2, init_s=0.5, reserved_concurrency=3, provisioned_concurrency=2)
    >>> run = simulate({"orders": orders})["orders"]
    >>> run.warm, run.cold, run.throttled_by
    (2, 1, {'reserved concurrency': 1})

    Args:
        functions: by name.
        account_concurrency: how many requests all functions together may serve at once.
        scaling_rate: how fast environments may be started, `scaling.NOW` or `scaling.then(region)`; None for at once.
        idle_expiry_s: how long an environment stays idle before it is ended, in seconds; `math.inf` for never.
        horizon_s: end of the observation for the time averages, in seconds; by default the end of the last service of
            any function.

    Returns:
        The result of each function, by name.

    Raises:
        ValueError: an argument is out of its range, or AWS would refuse the reservations or the provisioning; the
            message names the function and says what is allowed.
    """
    limit = inputs.whole("account_concurrency", account_concurrency, 1)
    expiry = inputs.at_least_zero("idle_expiry_s", idle_expiry_s)
    if not functions:
        raise ValueError("functions is empty. Give one function or more, by name.")
    for name, function in functions.items():
        if function.reserved_concurrency is not None:
            inputs.whole(f"reserved_concurrency of {name}", function.reserved_concurrency, 0)
        inputs.whole(f"provisioned_concurrency of {name}", function.provisioned_concurrency, 0)
    members = list(functions.values())
    shared = _admit(functions, limit)
    traces = [_trace(name, function, place) for place, (name, function) in enumerate(functions.items())]
    trace = _in_order(traces)
    environment = np.empty(trace.arrivals_s.size, dtype=np.int64)
    last_end_s = _route(trace, members, shared, scaling_rate, expiry, environment)
    if horizon_s is None:  # the same for all functions
        horizon_s = max(last_end_s, float(np.max(trace.arrivals_s, initial=0.0)))
        if horizon_s == 0:
            raise ValueError("No request was served, so there is no end of the observation. Give horizon_s.")
    results = {}
    for place, (own, (name, function)) in enumerate(zip(traces, functions.items(), strict=True)):
        numbers = environment[trace.owner == place]
        again_s = loops.taken_again_s(own.arrivals_s, numbers)
        kept = function.provisioned_concurrency
        times_s = (own.arrivals_s, own.warm_ends_s, own.cold_ends_s)
        results[name] = fleet.observe(*times_s, numbers, again_s, expiry, horizon_s, kept)
    return results


def _admit(functions: Mapping[str, Function], limit: int) -> int:
    """What is left for functions without a reservation, as the local cloud counts it; refuses what AWS refuses."""
    counted = Concurrency(limit)
    left = limit
    for name, function in functions.items():
        reserved, provisioned = function.reserved_concurrency, function.provisioned_concurrency
        setting, value = "reserved_concurrency", reserved
        try:
            if reserved is not None:
                counted.reserve(_arn(name), reserved)
                left -= reserved
            setting, value = "provisioned_concurrency", provisioned
            if provisioned:
                counted.provision(_arn(name), provisioned)
                left -= provisioned if reserved is None else 0
        except ConcurrencyRefused as error:
            raise ValueError(f"{setting} of {name} is {value}: AWS refuses that. {error}") from None
    return left


def _arn(name: str) -> str:
    """As much of an ARN as the local cloud's account needs to tell functions apart."""
    return f"account:function:{name}"


def _trace(name: str, function: Function, place: int) -> _Trace:
    try:
        arrivals = inputs.arrivals(function.arrivals_s)
        service = inputs.service("service_s", function.service_s, arrivals.size)
        init = inputs.numbers("init_s", function.init_s)
        if init.shape not in ((), (arrivals.size,)):
            raise ValueError(f"init_s has the shape {init.shape}. Give one number, or one for each request.")
        if np.min(init, initial=0.0) < 0:
            raise ValueError(f"init_s holds {np.min(init):g}. Give 0 s or more.")
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    warm_ends = arrivals + service
    return _Trace(arrivals, warm_ends, warm_ends + init, np.full(arrivals.size, place))


def _in_order(traces: Sequence[_Trace]) -> _Trace:
    arrivals, warm_ends, cold_ends = (
        np.concatenate([getattr(trace, name) for trace in traces])
        for name in ("arrivals_s", "warm_ends_s", "cold_ends_s")
    )
    owner = np.concatenate([trace.owner for trace in traces])
    order = np.argsort(arrivals, kind="stable")
    return _Trace(arrivals[order], warm_ends[order], cold_ends[order], owner[order])


def _route(
    trace: _Trace,
    functions: Sequence[Function],
    shared: int,
    scaling_rate: ScalingRate | None,
    expiry_s: float,
    environment: fleet.Integers,
) -> float:
    """Fills in the environment of each request, below 0 the reason; returns when the last service ends."""
    provisioned = [function.provisioned_concurrency for function in functions]
    # Whose concurrency a function draws on: its own reservation, or the shared part. How much there is, and is used.
    account, limits, used = [_SHARED] * len(functions), [shared], [0]
    for place, function in enumerate(functions):
        if function.reserved_concurrency is not None:
            account[place] = len(limits)
            limits.append(function.reserved_concurrency - provisioned[place])
            used.append(0)
    starts = _Starts(scaling_rate, len(functions))
    busy = [(loops.NEVER, -1, -1)]  # a heap of (end of service, function, environment)
    ready = [list(range(number - 1, -1, -1)) for number in provisioned]  # stacks of environments
    idle: list[list[tuple[float, int]]] = [[] for _ in functions]  # stacks of (idle since, environment)
    started = provisioned.copy()
    last_end_s = 0.0
    warm_ends_s, cold_ends_s = loops.numbers(trace.warm_ends_s), loops.numbers(trace.cold_ends_s)
    taken, owners = loops.numbers(environment), loops.numbers(trace.owner)
    for number, now in enumerate(loops.numbers(trace.arrivals_s)):
        while busy[0][0] <= now:
            ended, owner, number_of_it = heappop(busy)
            if number_of_it < provisioned[owner]:
                ready[owner].append(number_of_it)
            else:
                idle[owner].append((ended, number_of_it))
                used[account[owner]] -= 1
        owner = owners[number]
        stack = idle[owner]
        drawn_on = account[owner]
        end_s = warm_ends_s[number]
        if ready[owner]:
            chosen = ready[owner].pop()
        elif used[drawn_on] >= limits[drawn_on]:
            taken[number] = -_ACCOUNT if drawn_on == _SHARED else -_RESERVED
            continue
        elif stack and stack[-1][0] + expiry_s > now:
            chosen = stack.pop()[1]
            used[drawn_on] += 1
        elif starts.take(owner, now):
            stack.clear()  # the one used last has expired, so all the others have
            chosen, end_s = started[owner], cold_ends_s[number]
            started[owner] += 1
            used[drawn_on] += 1
        else:
            taken[number] = -_SCALING
            continue
        taken[number] = chosen
        heappush(busy, (end_s, owner, chosen))
        last_end_s = max(last_end_s, end_s)
    return last_end_s


class _Starts:
    """The buckets that starts of environments are taken from."""

    def __init__(self, rate: ScalingRate | None, functions: int) -> None:
        self._rate = rate
        self._level = [0.0 if rate is None else float(rate.at_once)] * functions
        self._seen_s = [0.0] * functions

    def take(self, owner: int, now_s: float) -> bool:
        """Whether there is a start for this function; if so, it is taken."""
        rate = self._rate
        if rate is None:
            return True
        bucket = 0 if rate.whole_account else owner
        level = min(float(rate.at_once), self._level[bucket] + (now_s - self._seen_s[bucket]) * rate.per_s)
        self._seen_s[bucket] = now_s
        enough = level >= 1 - 1e-9  # what was refilled in many small steps adds up to a little less than a whole
        self._level[bucket] = level - 1 if enough else level
        return enough
