"""Runs your own scaling rule against a demand, calling it every minute with the history so far.

The rules in `capacity` have numbers to set. Here, the rule is a function, `decide(history)`, which gets the minutes so
far and returns how many servers there should be, like the desired capacity of an Auto Scaling group.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from serverless_first.simulate.capacity import CapacityResult, Policy
from serverless_first.simulate.traces import Demand


class WrongAnswer(ValueError):
    """The rule's return value is not a valid number of servers."""


@dataclass(frozen=True)
class Minute:
    """The data about a past minute that a rule gets.

    Attributes:
        per_s: requests per second that arrived, served or not.
        running: how many servers were serving requests.
        starting: how many servers were ordered but not serving yet.
    """

    per_s: float
    running: int
    starting: int

    @property
    def wanted(self) -> int:
        """Servers that the rule had ordered, running and starting."""
        return self.running + self.starting


Decide = Callable[[Sequence[Minute]], int]


def run(demand: Demand, decide: Decide, server: Policy) -> CapacityResult:
    """Runs a rule against a demand.

    In each minute, servers whose lead time has passed begin to serve, and all servers together serve as much of the
    demand as they can. Then the model calls the rule. If the rule returns a higher number, the model orders the
    missing servers. If it returns a lower number, the model first cancels starting servers and then stops running ones
    immediately. The model doesn't correct the rule, which may return 0.

    In the example, the rule asks for three servers from the first minute on. With a lead time of two minutes, they
    serve in the fourth minute.

    >>> step = Demand(np.array([100.0, 300, 300, 300]), 60)
    >>> run(step, lambda history: 3, Policy("server", 100, 120, 0.1, initial=1)).units.tolist()
    [1.0, 1.0, 1.0, 3.0]

    Args:
        demand: requests per second, in steps of 60 s.
        decide: gets the minutes so far, the latest last, and returns how many servers should run or start.
        server: the throughput, price and lead time of a server; `initial` is how many servers run at first.

    Raises:
        ValueError: the demand's steps are not 60 s long.
        WrongAnswer: the rule returned something other than a whole number from 0.
    """
    if demand.step_s != 60:
        raise ValueError(f"demand has steps of {demand.step_s:g} s. Give steps of 60 s.")
    lead = int(-(-server.lead_time_s // 60))
    running = server.units_for(float(demand.per_s[0])) if server.initial is None else server.initial
    starting: list[int] = []  # the minute in which each server begins to serve, ascending
    history: list[Minute] = []
    for minute, per_s in enumerate(demand.per_s.tolist()):
        ready = sum(begin <= minute for begin in starting)
        running, starting = running + ready, starting[ready:]
        history.append(Minute(per_s, running, len(starting)))
        change = _whole(decide(tuple(history))) - history[-1].wanted
        if change > 0:
            starting += [minute + 1 + lead] * change
        elif change < 0:
            remaining = max(0, len(starting) + change)
            running += min(0, len(starting) + change)
            starting = starting[:remaining]
    units = np.array([minute.running for minute in history], dtype=np.float64)
    ordered = np.array([minute.wanted for minute in history], dtype=np.float64)
    there = units * server.per_unit_s
    return CapacityResult(demand, server, units, ordered, there, np.minimum(demand.per_s, there))


def turns(result: CapacityResult) -> int:
    """How often capacity changed from growing to shrinking or back. A rule that flaps has many turns.

    >>> step = Demand(np.array([1.0, 1, 1, 1, 1]), 60)
    >>> server = Policy("server", 1, 0, 0.1, initial=1)
    >>> turns(run(step, lambda history: 1 + len(history) % 2, server)), turns(run(step, len, server))
    (3, 0)
    """
    changes = np.diff(result.ordered)
    ways = np.sign(changes[changes != 0])
    return int(np.count_nonzero(np.diff(ways)))


def _whole(answer: object) -> int:
    if isinstance(answer, (bool, np.bool_)) or not isinstance(answer, (int, float, np.integer, np.floating)):
        raise WrongAnswer(f"The rule answered {answer!r}. It must answer how many servers, as a whole number from 0.")
    if not 0 <= answer < 1_000_000 or answer != int(answer):
        raise WrongAnswer(f"The rule answered {answer!r}. It must answer how many servers, as a whole number from 0.")
    return int(answer)
