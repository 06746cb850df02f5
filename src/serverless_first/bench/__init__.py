"""Speed, measured: `serverless-first bench`.

Machines differ and drift, so a value is a ratio to something measured in the same run wherever one makes sense. Each
benchmark is a function in a module of this package, registered under its fixed name.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence

from serverless_first.bench.measure import BENCHMARKS, Measurement

MODULES = ("cloud", "http", "messaging", "proxy", "simulate", "slider", "view", "workflow")

__all__ = ["Measurement", "UnknownBenchmark", "names", "run"]


class UnknownBenchmark(ValueError):
    """A name that no benchmark has."""


def names() -> list[str]:
    """The benchmarks there are, in the order in which they run."""
    for module in MODULES:
        importlib.import_module(f"serverless_first.bench.{module}_speed")
    return list(BENCHMARKS)


def run(only: Sequence[str] = (), report: Callable[[str], None] = print) -> list[Measurement]:
    """Runs the benchmarks, or some of them.

    Args:
        only: their names; none means all.
        report: told the name of each before it starts.

    Raises:
        UnknownBenchmark: a name that no benchmark has; the message lists those there are.
    """
    known = names()
    if unknown := [name for name in only if name not in known]:
        raise UnknownBenchmark(f"There is no benchmark {', '.join(unknown)}. There are: {', '.join(known)}.")
    results = []
    for name in known:
        if not only or name in only:
            report(name)
            results.append(BENCHMARKS[name]())
    return results
