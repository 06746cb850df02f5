"""Hikari's capacity for lab 01: days of demand, policies with their prices, and scores.

A request takes 0.1 s of one processor. The prices are for us-east-1, and the lead times are the lesson's.
"""

from __future__ import annotations

import contextlib
import importlib.util
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np

from serverless_first.facts import prices
from serverless_first.simulate import autoscaler, break_even, policies, traces
from serverless_first.simulate.capacity import CapacityResult, Policy
from serverless_first.simulate.traces import Demand

SERVICE_S = 0.1
PER_SERVER_S = 2 / SERVICE_S  # an m5.large has two processors
PER_TASK_S = 1 / SERVICE_S
_HERE = prices.of("us-east-1")
SERVER_USD = break_even.ec2_server("m5.large", _HERE).usd_per_hour
TASK_USD = break_even.fargate_server(1, 2, _HERE).usd_per_hour
BUSY_USD = break_even.busy_hour_usd(break_even.MB_PER_VCPU, _HERE, duration_ms=SERVICE_S * 1000)

#: A server that the learner's own rule orders, which serves five minutes after the order. The day starts with at least
#: two servers. After that, `autoscaler.run` provides as many as the rule wants.
SERVER = Policy("servers", PER_SERVER_S, 300.0, SERVER_USD, minimum=2)


def ordinary_day(seed: int, *, mean_per_s: float = 100.0, chance: float = 0.08, steady: float = 0.25) -> Demand:
    """The demand of a day and its night, minute by minute, with random variation.

    Args:
        seed: for the random numbers.
        mean_per_s: average requests per second.
        chance: the standard deviation of a minute's demand, as a share of the expected demand.
        steady: the share of the demand that is the same by day and by night.
    """
    calm = traces.week(mean_per_s, 1, constant_share=steady)
    factors = np.maximum(np.random.default_rng(seed).normal(1.0, chance, calm.per_s.size), 0.1)
    return Demand(calm.per_s * factors, calm.step_s)


def sale_day(
    seed: int, *, hour: float = 12.0, times: float = 3.0, rise_min: float = 20.0, mean_per_s: float = 100.0
) -> Demand:
    """An ordinary day with a crowd that arrives within `rise_min` minutes and stays for half an hour."""
    day = ordinary_day(seed, mean_per_s=mean_per_s)
    return traces.flash_crowd(day, hour * traces.HOUR_S, times, rise_s=rise_min * 60)


def bought(peak_per_s: float) -> Policy:
    """Servers bought for a guessed peak. They run all day, and none are added."""
    return replace(policies.physical(peak_per_s, PER_SERVER_S, SERVER_USD), name="bought")


def servers(target: float, minimum: int = 2) -> Policy:
    """EC2 instances, scaled toward this utilization (above 0, up to 1). A new instance serves after three minutes."""
    return replace(policies.virtual(PER_SERVER_S, SERVER_USD, target=target, minimum=minimum), name="servers")


def tasks(target: float, minimum: int = 2) -> Policy:
    """Fargate tasks, scaled toward this utilization (above 0, up to 1). A new task serves after one minute."""
    return replace(policies.container(PER_TASK_S, TASK_USD, target=target, minimum=minimum), name="tasks")


def functions(limit: int = 1000) -> Policy:
    """An execution environment for each running request, up to a limit. You pay only for working time."""
    return replace(policies.serverless(SERVICE_S, BUSY_USD, account_concurrency=limit), name="functions")


def load(file: str) -> ModuleType:
    """Loads the module from a file next to the notebook, even if it was loaded before.

    Raises:
        FileNotFoundError: the file doesn't exist.
    """
    place = Path(file)
    if not place.is_file():
        raise FileNotFoundError(f"This notebook has not written {file} yet. Run the cell that writes it.")
    spec = importlib.util.spec_from_file_location(f"of_the_learner_{place.stem}", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    exec(compile(place.read_text(encoding="utf-8"), place.name, "exec"), module.__dict__)  # no stale bytecode
    return module


@contextlib.contextmanager
def trying() -> Iterator[None]:
    """Runs a learner's code. Empty code prints nothing, an error prints one line, and then the notebook continues.

    >>> with trying():
    ...     [100, 140][2]
    IndexError: list index out of range. The check tells you more.
    """
    try:
        yield
    except NotImplementedError:
        return
    except Exception as error:
        own = [frame for frame in traceback.extract_tb(error.__traceback__) if _beside_the_notebook(frame.filename)]
        where = f"{own[-1].filename}, line {own[-1].lineno}: " if own else ""
        if isinstance(error, SyntaxError) and _beside_the_notebook(error.filename or ""):
            where = f"{error.filename}, line {error.lineno}: "
        words = " ".join(str(error.msg if isinstance(error, SyntaxError) else error).split()).removesuffix(".")
        print(f"{where}{type(error).__name__}: {words}. The check tells you more.")


def _beside_the_notebook(filename: str) -> bool:
    return filename.endswith(".py") and Path(filename).name == filename


def chosen(plan: Callable[[Demand], object], yesterday: Demand) -> Policy:
    """The policy that a plan chooses for a shop.

    Raises:
        TypeError: the plan doesn't return a policy.
    """
    policy = plan(yesterday)
    if not isinstance(policy, Policy):
        raise TypeError(f"plan returned {policy!r:.60}. Return a policy from bought, servers, tasks or functions")
    return policy


def scores(results: Mapping[str, CapacityResult], *, turns: bool = True, level: float | None = None) -> None:
    """Prints a line for each run, with the served share, the cost, the utilization and the number of turns.

    Args:
        results: name of the run -> its result. If you pay only for working time, "used" is a dash.
        turns: whether to print the column with the number of turns.
        level: the share of requests that must be served. The last column says whether the run serves that many.
    """
    width = max(map(len, results), default=0)
    last = (f" {'turns':>6}" if turns else "") + ("" if level is None else f" {'enough':>7}")
    print(f"{'':<{width}} {'served':>8} {'cost':>8} {'used':>6}{last}")
    for name, result in results.items():
        served = f"{np.floor((1 - result.unmet_share) * 1e4) / 100:.2f} %"
        cost = f"${result.cost_usd:,.2f}"
        used = "-" if result.policy.billing == "used" else f"{result.utilisation:.0%}"
        last = f" {autoscaler.turns(result):>6}" if turns else ""
        if level is not None:
            last += f" {'yes' if result.unmet_share <= 1 - level else 'no':>7}"
        print(f"{name:<{width}} {served:>8} {cost:>8} {used:>6}{last}")


def renamed(result: CapacityResult, name: str) -> CapacityResult:
    """The same run under a different name, for a figure."""
    return replace(result, policy=replace(result.policy, name=name))
