"""The availability of a chain of synchronous calls, and of what is left of it if some of the calls become events.

A caller that waits for an answer is available only while every service behind it is, so availabilities multiply.
Reliability theory has this rule for parts in series (Barlow and Proschan, Mathematical Theory of Reliability, 1965).
The rule assumes independent failures, but services that share a database, a network or a deployment fail together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from serverless_first.simulate import inputs

#: A month of 730 hours, as AWS counts it in its estimates of costs.
MONTH_S = 730 * 3600.0


def chain(availabilities: Sequence[float]) -> float:
    """The availability of a caller that needs all of these services, which is their product.

    >>> round(chain([0.999] * 5), 4)
    0.995

    Args:
        availabilities: the availability of each service in the chain, including the caller's own, from 0 to 1.

    Raises:
        ValueError: an availability is out of its range.
    """
    return math.prod(_share("availabilities", availability) for availability in availabilities)


def unavailable_s(availability: float) -> float:
    """How many seconds a month a service with this availability doesn't respond.

    >>> round(unavailable_s(0.999) / 60)
    44

    Args:
        availability: a share from 0 to 1.

    Raises:
        ValueError: the availability is out of its range.
    """
    return (1 - _share("availability", availability)) * MONTH_S


@dataclass(frozen=True)
class Outages:
    """The measured availability of some services, separately and as a chain.

    Attributes:
        up_share: for each service, the share of the time in which it was up.
        all_up_share: the share of the time in which all services were up, which a caller of the chain sees.
    """

    up_share: tuple[float, ...]
    all_up_share: float


def outages(
    availabilities: Sequence[float], mean_outage_s: float, horizon_s: float, *, seed: int | None = None
) -> Outages:
    """Lets services fail and recover at random, independently, and measures when all of them are up.

    Up and down times are exponential. Of the mean times, up / (up + down) is the availability, so the mean up time is
    mean_outage_s x availability / (1 - availability).

    >>> round(outages([0.9, 0.9], mean_outage_s=600, horizon_s=1e8, seed=8).all_up_share, 2)
    0.81

    Args:
        availabilities: one for each service, above 0 and up to 1; at least one.
        mean_outage_s: mean length of an outage, in seconds, above 0.
        horizon_s: length of the simulation, in seconds, above 0.
        seed: seed of the random numbers.

    Raises:
        ValueError: an argument is out of its range, or there is no service.
    """
    if not availabilities:
        raise ValueError("There are no services. Give availabilities with at least one service.")
    mean_s = float(inputs.above_zero("mean_outage_s", mean_outage_s))
    end_s = float(inputs.above_zero("horizon_s", horizon_s))
    random = np.random.default_rng(seed)
    downs = [_downs(_share("availabilities", availability), mean_s, end_s, random) for availability in availabilities]
    begins, ends = (np.concatenate(part) for part in zip(*downs, strict=True))
    order = np.argsort(begins)
    all_down_s, until_s = 0.0, 0.0
    for begin_s, finish_s in zip(begins[order], ends[order], strict=True):
        until_s = max(until_s, float(begin_s))
        all_down_s += max(0.0, float(finish_s) - until_s)
        until_s = max(until_s, float(finish_s))
    up = tuple(1 - float(np.sum(finish - begin)) / end_s for begin, finish in downs)
    return Outages(up, 1 - all_down_s / end_s)


_Times = np.ndarray[tuple[int], np.dtype[np.float64]]


def _downs(availability: float, mean_s: float, end_s: float, random: np.random.Generator) -> tuple[_Times, _Times]:
    """Begins and ends of a service's outages, in seconds."""
    if availability <= 0:
        raise ValueError("availabilities has 0, but a service that is never up has no outages. Use a value above 0.")
    if availability == 1:
        return np.empty(0), np.empty(0)
    mean_up_s = mean_s * availability / (1 - availability)
    cycles = int(end_s / (mean_up_s + mean_s) * 1.5) + 20
    now_s, begins, ends = 0.0, [], []
    if random.random() >= availability:  # it is down at the beginning
        begins.append(0.0)
        now_s = float(random.exponential(mean_s))
        ends.append(min(now_s, end_s))
    while now_s < end_s:
        up_s, down_s = random.exponential(mean_up_s, cycles), random.exponential(mean_s, cycles)
        finish = now_s + np.cumsum(up_s + down_s)
        begin = finish - down_s
        begins.extend(begin[begin < end_s])
        ends.extend(np.minimum(finish[begin < end_s], end_s))
        now_s = float(finish[-1])
    return np.array(begins), np.array(ends)


def _share(name: str, value: float) -> float:
    if not 0 <= value <= 1:
        raise ValueError(f"{name} has {value!r}. Use a share from 0 to 1, such as 0.999.")
    return float(value)
