"""A rule of one's own that makes capacity: called each minute with the past, never with the future.

`capacity` has rules with numbers to set. Here the rule is a function, `decide(history)`: it gets what happened so far
and answers how many servers shall be there, as the desired capacity of an Auto Scaling group does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from serverless_first.simulate.capacity import CapacityResult, Policy
from serverless_first.simulate.traces import Demand


class WrongAnswer(ValueError):
    """The rule has answered something that is no number of servers."""


@dataclass(frozen=True)
class Minute:
    """What a rule may know of a minute that is over.

    Attributes:
        per_s: requests per second that came, served or not.
        running: servers that served.
        starting: servers that were ordered and did not serve yet.
    """

    per_s: float
    running: int
    starting: int

    @property
    def wanted(self) -> int:
        """Servers that the rule had asked for: those that run and those that start."""
        return self.running + self.starting


Decide = Callable[[Sequence[Minute]], int]


def run(demand: Demand, decide: Decide, server: Policy) -> CapacityResult:
    """Runs a rule against a demand.

    In each minute: servers whose lead time has passed begin to serve; the demand is served as far as there is room;
    then the rule is asked. If it wants more, the rest is ordered; if it wants fewer, those on their way go first, the
    others stop at once. Nobody corrects the rule: it may want none.

    Three servers from the first minute on, with a lead time of two minutes: they serve in the fourth.

    >>> step = Demand(np.array([100.0, 300, 300, 300]), 60)
    >>> run(step, lambda history: 3, Policy("server", 100, 120, 0.1, initial=1)).units.tolist()
    [1.0, 1.0, 1.0, 3.0]

    Args:
        demand: requests per second, minute by minute: steps of 60 s.
        decide: gets the minutes so far, the last one last; answers how many servers shall run or start.
        server: what a server serves, costs, and how long it takes; `initial` is how many run at first.

    Raises:
        ValueError: the demand has other steps.
        WrongAnswer: the rule answered no whole number from 0.
    """
    if demand.step_s != 60:
        raise ValueError(f"demand has steps of {demand.step_s:g} s. Give steps of 60 s.")
    lead = int(-(-server.lead_time_s // 60))
    running = server.units_for(float(demand.per_s[0])) if server.initial is None else server.initial
    starting: list[int] = []  # the minute in which each one begins to serve, ascending
    history: list[Minute] = []
    for minute, per_s in enumerate(demand.per_s.tolist()):
        ready = sum(begin <= minute for begin in starting)
        running, starting = running + ready, starting[ready:]
        history.append(Minute(per_s, running, len(starting)))
        change = _whole(decide(tuple(history))) - history[-1].wanted
        if change > 0:
            starting += [minute + 1 + lead] * change
        elif change < 0:
            kept = max(0, len(starting) + change)
            running += min(0, len(starting) + change)
            starting = starting[:kept]
    units = np.array([minute.running for minute in history], dtype=np.float64)
    ordered = np.array([minute.wanted for minute in history], dtype=np.float64)
    there = units * server.per_unit_s
    return CapacityResult(demand, server, units, ordered, there, np.minimum(demand.per_s, there))


def turns(result: CapacityResult) -> int:
    """How often capacity that grew began to shrink, or the other way round: what flaps turns often.

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
