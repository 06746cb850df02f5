"""Demand over time, in shapes with documented parameters, and random arrivals of requests.

A `Demand` has the requests per second for each step, for models of capacity. `arrivals` draws the arrival times of
single requests from a `Demand`, for `fleet`, `pool` and `queueing`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from serverless_first.simulate import inputs
from serverless_first.simulate.inputs import Floats

HOUR_S, DAY_S, WEEK_S = 3600.0, 86_400.0, 604_800.0
MOST_STEPS = 2_000_000  # a year of 15-second steps
MOST_REQUESTS = 100_000_000
_WEEKEND, _PEAK_S = 0.6, 14 * HOUR_S


@dataclass(frozen=True, eq=False)
class Demand:
    """How many requests arrive in each step.

    Attributes:
        per_s: requests per second in each step, from 0; shape (n,).
        step_s: length of a step, in seconds.
    """

    per_s: Floats
    step_s: float

    def __post_init__(self) -> None:
        values = inputs.numbers("per_s", self.per_s).copy()
        if values.ndim != 1 or not values.size:
            raise ValueError(
                f"per_s has the shape {values.shape}. Give one number for each step: shape (n,), n from 1."
            )
        if values.size > MOST_STEPS:
            raise ValueError(f"per_s has {values.size:,} steps. Give at most {MOST_STEPS:,}: take a longer step_s.")
        if np.min(values) < 0:
            raise ValueError(f"per_s holds {np.min(values):g}. It must be 0 or more.")
        inputs.freeze(values)
        object.__setattr__(self, "per_s", values)
        object.__setattr__(self, "step_s", inputs.number("step_s", self.step_s, above=0))

    @property
    def times_s(self) -> Floats:
        """When each step begins, in seconds from 0."""
        return np.arange(self.per_s.size, dtype=np.float64) * self.step_s

    @property
    def duration_s(self) -> float:
        """The total length, in seconds."""
        return self.per_s.size * self.step_s

    @property
    def requests(self) -> float:
        """The total number of requests."""
        return float(self.per_s.sum()) * self.step_s

    @property
    def mean_per_s(self) -> float:
        """Requests per second, averaged over the total length."""
        return float(self.per_s.mean())

    @property
    def peak_per_s(self) -> float:
        """Requests per second in the busiest step."""
        return float(np.max(self.per_s))


def steady(per_s: float, duration_s: float, step_s: float = 60.0) -> Demand:
    """A constant demand.

    >>> steady(5, 3600).requests
    18000.0

    Args:
        per_s: requests per second, from 0.
        duration_s: total length in seconds, rounded up to whole steps.
        step_s: length of a step, in seconds.

    Raises:
        ValueError: an argument is out of its range.
    """
    return Demand(np.full(_steps(duration_s, step_s), inputs.number("per_s", per_s, least=0)), step_s)


def week(
    mean_per_s: float,
    days: float = 7.0,
    *,
    constant_share: float = 0.5,
    step_s: float = 60.0,
) -> Demand:
    """Demand with days and nights, working days and weekends, from Monday at midnight.

    per_s(t) = mean x (constant + (1 - constant) x day(t) x weekend(t) / ((5 + 2 weekend) / 7)), where
    day(t) = 1 + cos(2 pi (t - peak) / 24 h). The peak is at 2 p.m. Without the constant part, a
    weekend day has 0.6 of the demand of a working day. Over whole weeks, the average is `mean_per_s`.

    >>> demand = week(100)
    >>> round(demand.mean_per_s), round(demand.per_s.min()), round(demand.peak_per_s)
    (100, 50, 163)

    Source: Shahrad et al., "Serverless in the Wild", USENIX ATC 2020, section 3: days and weekends are clearly
    visible, and about half of the invocations are constant. The shape of the day and the level of the weekend are ours.

    Args:
        mean_per_s: requests per second, averaged over whole weeks, from 0.
        days: number of days, above 0.
        constant_share: share of the demand that is constant day and night, 0 to 1.
        step_s: length of a step, in seconds.

    Raises:
        ValueError: an argument is out of its range.
    """
    mean = inputs.number("mean_per_s", mean_per_s, least=0)
    constant = inputs.number("constant_share", constant_share, least=0, most=1)
    middle_s = (np.arange(_steps(inputs.number("days", days, above=0) * DAY_S, step_s)) + 0.5) * step_s
    of_day = 1 + np.cos(2 * np.pi * (middle_s - _PEAK_S) / DAY_S)
    of_week = np.where(middle_s % WEEK_S >= 5 * DAY_S, _WEEKEND, 1.0) / ((5 + 2 * _WEEKEND) / 7)
    return Demand(np.maximum(mean * (constant + (1 - constant) * of_day * of_week), 0.0), step_s)


def flash_crowd(
    demand: Demand, at_s: float, times: float, *, rise_s: float = 300.0, hold_s: float = 1800.0, fade_s: float = 3600.0
) -> Demand:
    """Adds a flash crowd to a demand, for example after the lamps were on television.

    The demand is multiplied by 1 + (times - 1) x s(t). s rises linearly from 0 to 1, stays there, and fades as
    exp(-t / fade_s). The shape is ours, and it is evaluated in the middle of each step.

    >>> flash_crowd(steady(10, 7200), at_s=1800, times=20).peak_per_s
    200.0

    Args:
        demand: the demand without the crowd.
        at_s: when the crowd begins, in seconds from 0, before the end.
        times: the demand at the crowd's peak, in multiples of the usual demand, from 1.
        rise_s: seconds from the beginning to the peak, from 0.
        hold_s: how long the peak lasts, in seconds, from 0.
        fade_s: seconds until 37% of the crowd is left, above 0.

    Raises:
        ValueError: an argument is out of its range.
    """
    begin_s = inputs.number("at_s", at_s, least=0, most=demand.duration_s)
    more = inputs.number("times", times, least=1) - 1
    rise = inputs.number("rise_s", rise_s, least=0)
    full_s = begin_s + rise
    fading_s = full_s + inputs.number("hold_s", hold_s, least=0)
    fade = inputs.number("fade_s", fade_s, above=0)
    middle_s = demand.times_s + demand.step_s / 2
    rising = np.clip((middle_s - begin_s) / rise, 0, 1) if rise else (middle_s >= begin_s).astype(np.float64)
    shape = rising * np.exp(-np.maximum(middle_s - fading_s, 0) / fade)
    return Demand(demand.per_s * (1 + more * shape), demand.step_s)


def arrivals(demand: Demand, seed: int) -> Floats:
    """Arrival times of requests in seconds from 0, ascending, as a Poisson process whose rate is the demand.

    The number of requests in each step has a Poisson distribution with the mean per_s x step_s, and each time within
    the step is equally likely.

    >>> times_s = arrivals(steady(10, 3600), seed=2020)
    >>> bool(abs(times_s.size - 36000) < 600)
    True

    Args:
        demand: requests per second, step by step; at most 100,000,000 requests in total.
        seed: seed of the random numbers; the same seed gives the same requests.

    Raises:
        ValueError: an argument is out of its range.
    """
    if demand.requests > MOST_REQUESTS:
        raise ValueError(f"demand has {demand.requests:,.0f} requests. Give at most {MOST_REQUESTS:,}.")
    rng = np.random.default_rng(inputs.whole("seed", seed, 0))
    counts = rng.poisson(demand.per_s * demand.step_s)
    times_s = np.repeat(demand.times_s, counts) + rng.random(int(counts.sum())) * demand.step_s
    times_s.sort()
    return times_s


def _steps(duration_s: float, step_s: float) -> int:
    step = inputs.number("step_s", step_s, above=0)
    steps = inputs.number("duration_s", duration_s, above=0) / step
    if steps > MOST_STEPS:
        raise ValueError(
            f"step_s is {step_s:g}. That makes {steps:,.0f} steps, more than {MOST_STEPS:,}: take longer ones."
        )
    return max(1, math.ceil(steps - 1e-9))
