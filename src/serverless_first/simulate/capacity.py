"""Planned capacity and capacity that follows the demand: lost requests, unused capacity and cost.

One rule covers all four kinds of computing on the deck's slides 4 to 7, with different numbers. Capacity comes in units
(a server, an instance, a task, an execution environment). A policy checks the demand periodically and orders as many
units as it needs, which serve after the lead time. Requests beyond the capacity are lost, because this model has no
queue.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean
from typing import Literal, get_args

import numpy as np

from serverless_first.simulate import inputs
from serverless_first.simulate.inputs import Floats
from serverless_first.simulate.traces import Demand

Metric = Literal["requests", "peak", "utilisation"]
Billing = Literal["provisioned", "used"]


@dataclass(frozen=True)
class Policy:
    """The numbers of a scaling policy.

    Attributes:
        name: a name for readers.
        per_unit_s: requests per second that one unit serves, above 0; the granularity of the capacity.
        lead_time_s: time from the order until the units serve, in seconds, from 0.
        usd_per_unit_hour: price of one unit, from 0.
        billing: "provisioned" for every hour that a unit exists, including its start, or "used" for the time that
            the unit works.
        target: share of the capacity to use, above 0 to 1. The rest is room for demand that grows before new units
            serve.
        minimum, maximum: limits for the number of units; None for no maximum.
        initial: units at time 0; None for as many as the first step's demand needs.
        look_every_s: how often the policy checks the demand, in seconds, and over how long it averages; 0 for every
            step.
        metric: "requests" for the average of the requests that arrived, "peak" for their peak, or `"utilisation"` for
            the utilization of the capacity. Utilization can't exceed 100%, so the policy doesn't see how much is
            missing.
        out_cooldown_s, in_cooldown_s: minimum time between orders, in seconds, to grow and to shrink.
        shrinks: whether the policy removes units.
        at_once: whether a request creates its unit in the step in which it arrives, without lead time, checks and
            cooldowns.
        most_new: how many units may be created within `new_every_s`; None for no limit.
        new_every_s: the interval for `most_new`, in seconds.
    """

    name: str
    per_unit_s: float
    lead_time_s: float
    usd_per_unit_hour: float
    billing: Billing = "provisioned"
    target: float = 1.0
    minimum: int = 0
    maximum: int | None = None
    initial: int | None = None
    look_every_s: float = 0.0
    metric: Metric = "requests"
    out_cooldown_s: float = 0.0
    in_cooldown_s: float = 0.0
    shrinks: bool = True
    at_once: bool = False
    most_new: int | None = None
    new_every_s: float = 10.0

    def __post_init__(self) -> None:
        inputs.number("per_unit_s", self.per_unit_s, above=0)
        for name in ("lead_time_s", "usd_per_unit_hour", "look_every_s", "out_cooldown_s", "in_cooldown_s"):
            inputs.number(name, getattr(self, name), least=0)
        inputs.number("target", self.target, above=0, most=1)
        least = inputs.whole("minimum", self.minimum, 0)
        if self.maximum is not None:
            inputs.whole("maximum", self.maximum, max(1, least))
        if self.initial is not None:
            inputs.whole("initial", self.initial, least, self.maximum)
        if self.most_new is not None:
            inputs.whole("most_new", self.most_new, 1)
        inputs.number("new_every_s", self.new_every_s, above=0)
        inputs.choice("metric", self.metric, get_args(Metric))
        inputs.choice("billing", self.billing, get_args(Billing))
        if self.at_once:
            for name in ("lead_time_s", "look_every_s", "out_cooldown_s", "in_cooldown_s"):
                if getattr(self, name):
                    raise ValueError(
                        f"{name} is {getattr(self, name)}. With at_once, a request does not wait, so give 0."
                    )
            if self.metric != "requests":
                raise ValueError(f'metric is {self.metric!r}. With at_once it is "requests".')

    def units_for(self, per_s: float) -> int:
        """The number of units that a demand needs: ceil(demand / (per unit x target)), within minimum and maximum."""
        units = math.ceil(per_s / (self.per_unit_s * self.target) - 1e-9)
        return max(self.minimum, units if self.maximum is None else min(units, self.maximum))


@dataclass(frozen=True, eq=False)
class CapacityResult:
    """The result of running a policy against a demand; the arrays have one entry for each step.

    Attributes:
        demand: the demand.
        policy: the policy.
        units: number of units that serve.
        ordered: number of units that serve or start.
        capacity_per_s: requests per second that the units can serve.
        served_per_s: the smaller value of demand and capacity, in requests per second.
    """

    demand: Demand
    policy: Policy
    units: Floats
    ordered: Floats
    capacity_per_s: Floats
    served_per_s: Floats

    @property
    def unmet_per_s(self) -> Floats:
        """Requests per second that are lost in each step."""
        return self.demand.per_s - self.served_per_s

    @property
    def unmet_requests(self) -> float:
        """The total number of requests that are lost."""
        return float(self.unmet_per_s.sum()) * self.demand.step_s

    @property
    def unmet_share(self) -> float:
        """The share of requests that are lost, from 0 to 1; 0 if there were no requests."""
        return self.unmet_requests / self.demand.requests if self.demand.requests else 0.0

    @property
    def utilisation(self) -> float:
        """The share of the capacity that was used, from 0 to 1; 0 if there was no capacity."""
        capacity = float(self.capacity_per_s.sum())
        return float(self.served_per_s.sum()) / capacity if capacity else 0.0

    @property
    def cost_usd(self) -> float:
        """US dollars for the whole time: unit-hours x price, for the units ordered or for the work done."""
        paid = self.ordered if self.policy.billing == "provisioned" else self.served_per_s / self.policy.per_unit_s
        return float(paid.sum()) * self.demand.step_s / 3600 * self.policy.usd_per_unit_hour


def simulate(demand: Demand, policy: Policy) -> CapacityResult:
    """Runs a policy against a demand.

    In each step, units whose lead time has passed begin to serve, and all units together serve as much of the demand
    as they can. At the end of the step, if a check is due, the policy orders or removes units. Removed units stop
    immediately, and starting units are removed first.

    With the metric "requests", a policy wants ceil(demand / (per unit x target)) units for the average demand since the
    last check. With "peak", it uses the highest step instead of the average. With `"utilisation"`, it wants
    ceil(units x utilization / target), where the utilization is served / capacity. This is the rule of target tracking
    (Application Auto Scaling User Guide, "Target tracking scaling policies"). AWS uses alarms over several minutes and
    shrinks more slowly than it grows, so set `look_every_s` and `in_cooldown_s`.

    In the example, the demand grows from 100 to 300, a server serves 100, and the lead time is two steps. In three
    steps, 200 are missing.

    >>> step = Demand(np.array([100.0, 300, 300, 300, 300]), 60)
    >>> simulate(step, Policy("instance", per_unit_s=100, lead_time_s=120, usd_per_unit_hour=0.1)).unmet_requests
    36000.0

    Args:
        demand: requests per second, step by step.
        policy: the policy. Its times are rounded up to whole steps.

    Raises:
        ValueError: an argument is out of its range.
    """
    serving, ordered = (_at_once if policy.at_once else _after_a_while)(demand.per_s.tolist(), demand.step_s, policy)
    return _result(demand, policy, serving, ordered)


def _at_once(steps: list[float], step_s: float, policy: Policy) -> tuple[list[int], list[int]]:
    """Units that serve and units ordered in each step; both lists are the same."""
    allowance = _Allowance(policy, step_s)
    units = _initial(policy, steps[0])
    serving = []
    for per_s in steps:
        target_units = policy.units_for(per_s)
        allowance.step()
        if target_units > units:
            units += allowance.take(target_units - units)
        elif policy.shrinks:
            units = target_units
        serving.append(units)
    return serving, serving


def _after_a_while(steps: list[float], step_s: float, policy: Policy) -> tuple[list[int], list[int]]:
    """Units that serve in each step, and units that serve or start."""
    lead = _whole_steps(policy.lead_time_s, step_s)
    look = max(1, _whole_steps(policy.look_every_s, step_s))
    out_pause = _whole_steps(policy.out_cooldown_s, step_s)
    in_pause = _whole_steps(policy.in_cooldown_s, step_s)
    allowance = _Allowance(policy, look * step_s)
    units_for, per_unit_s, sees_all = policy.units_for, policy.per_unit_s, policy.metric != "utilisation"
    summary: Callable[[list[float]], float] = max if policy.metric == "peak" else fmean
    units = _initial(policy, steps[0])
    coming: deque[tuple[int, int]] = deque()  # (step in which they begin to serve, how many)
    on_the_way = 0
    grew = shrank = -math.inf
    serving: list[int] = []
    ordered: list[int] = []
    for now in range(len(steps)):
        while coming and coming[0][0] <= now:
            begun = coming.popleft()[1]
            units += begun
            on_the_way -= begun
        serving.append(units)
        ordered.append(units + on_the_way)
        if (now + 1) % look:
            continue
        allowance.step()
        load_per_s = steps[now] if look == 1 else summary(steps[now + 1 - look : now + 1])
        if sees_all or units == 0 or load_per_s < units * per_unit_s:
            target_units = units_for(load_per_s)
        else:
            # Full servers show 100% however much demand is lost. Meanwhile, starting units aren't removed.
            target_units = max(units_for(units * per_unit_s), units + on_the_way)
        missing = target_units - units - on_the_way
        if missing == 0:
            continue
        if missing > 0 and now - grew >= out_pause:
            if new := allowance.take(missing):
                grew = now
                coming.append((now + 1 + lead, new))
                on_the_way += new
        elif missing < 0 and policy.shrinks and now - max(grew, shrank) >= in_pause:
            shrank = now
            units, on_the_way = _give_back(-missing, units, on_the_way, coming)
    return serving, ordered


class _Allowance:
    """How many new units may be created: a token bucket that starts full and is refilled at each check."""

    def __init__(self, policy: Policy, step_s: float) -> None:
        self._refill = math.inf if policy.most_new is None else policy.most_new * step_s / policy.new_every_s
        self._most = max(float(policy.most_new or 0), self._refill)
        self._left = self._most

    def step(self) -> None:
        self._left = min(self._left + self._refill, self._most)

    def take(self, units: int) -> int:
        grant = int(min(units, self._left))
        self._left -= grant
        return grant


def _initial(policy: Policy, first_per_s: float) -> int:
    return policy.units_for(first_per_s) if policy.initial is None else policy.initial


def _give_back(count: int, units: int, on_the_way: int, coming: deque[tuple[int, int]]) -> tuple[int, int]:
    """Removes units, beginning with the units that would serve last. Returns the units that serve and that start."""
    while count and coming:
        begin, new = coming.pop()
        removals = min(new, count)
        count -= removals
        on_the_way -= removals
        if new > removals:
            coming.append((begin, new - removals))
    return units - count, on_the_way


def _result(demand: Demand, policy: Policy, serving: list[int], ordered: list[int]) -> CapacityResult:
    units = np.array(serving, dtype=np.float64)
    capacity = units * policy.per_unit_s
    served = np.minimum(demand.per_s, capacity)
    everything = np.array(ordered, dtype=np.float64)
    inputs.freeze(units, everything, capacity, served)
    return CapacityResult(demand, policy, units, everything, capacity, served)


def _whole_steps(time_s: float, step_s: float) -> int:
    return math.ceil(time_s / step_s - 1e-9)
