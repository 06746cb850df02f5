"""Provisioned concurrency: environments that are initialized ahead of the first call, and replaced when they end.

Rules: AWS Lambda Developer Guide, "Configuring provisioned concurrency for a function".
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from serverless_cloud.lambda_.environment import Environment, InitFailed
from serverless_cloud.lambda_.function import FunctionSpec
from serverless_cloud.lambda_.lifecycle import State


@dataclass
class Allocation:
    """The provisioned concurrency of one version.

    Args:
        count: how many environments it is to have.
        environments: those it has, in use or not.
        ready: those not in use; the last one is the most recently used.
        starting: how many are being started.
        failure: why the last start failed; empty when it did not.
    """

    spec: FunctionSpec
    count: int
    environments: list[Environment] = field(default_factory=list)
    ready: list[Environment] = field(default_factory=list)
    starting: int = 0
    failure: str = ""

    @property
    def status(self) -> str:
        """As AWS names it: READY, IN_PROGRESS or FAILED."""
        if len(self.environments) >= self.count:
            return "READY"
        return "FAILED" if self.failure else "IN_PROGRESS"


class Provisioned:
    """The provisioned environments of all functions.

    Args:
        start: starts an environment of a version and freezes it after Init; raises InitFailed.
    """

    def __init__(self, start: Callable[[FunctionSpec], Environment]) -> None:
        self._start = start
        self._allocations: dict[str, Allocation] = {}  # by spec.key
        self._lock = threading.RLock()

    def take(self, spec: FunctionSpec) -> Environment | None:
        """An environment of a version that is not in use, the most recently used one; None if there is none.

        It must be given back by `put_back`.
        """
        with self._lock:
            if allocation := self._allocations.get(spec.key):
                while allocation.ready:
                    environment = allocation.ready.pop()
                    if environment.state is State.FROZEN:
                        return environment
                    self._replace(allocation, environment)
        return None

    def replace_ended(self) -> None:
        """Replaces each environment that has ended by itself while it was not in use."""
        with self._lock:
            for allocation in self._allocations.values():
                for environment in [e for e in allocation.ready if e.state is not State.FROZEN]:
                    allocation.ready.remove(environment)
                    self._replace(allocation, environment)

    def _replace(self, allocation: Allocation, environment: Environment) -> None:
        allocation.environments.remove(environment)
        self._fill(allocation)

    def allocation(self, spec: FunctionSpec) -> Allocation | None:
        """A version's allocation; None if nothing is provisioned for it."""
        return self._allocations.get(spec.key)

    def set(self, arn: str, versions: dict[str, tuple[FunctionSpec, int]]) -> None:
        """From now on the versions of the function `arn` have as many as `versions` says, and all others none.

        Starts go on in their own threads.

        Args:
            versions: by spec.key, a version and its number of environments.
        """
        with self._lock:
            for allocation in [a for a in self._allocations.values() if a.spec.arn == arn]:
                if allocation.spec.key not in versions:
                    allocation.count = 0
                    del self._allocations[allocation.spec.key]
                    self._end_surplus(allocation)
            for key, (spec, count) in versions.items():
                allocation = self._allocations.setdefault(key, Allocation(spec, count))
                allocation.count, allocation.failure = count, ""
                self._end_surplus(allocation)
                self._fill(allocation)

    def _fill(self, allocation: Allocation) -> None:
        missing = allocation.count - len(allocation.environments) - allocation.starting
        for _ in range(missing):
            allocation.starting += 1
            threading.Thread(target=self._add, args=(allocation,), name="provision", daemon=True).start()

    def _add(self, allocation: Allocation) -> None:
        try:
            environment = self._start(allocation.spec)
        except Exception as error:  # it must not count as one that is being started for ever
            kind = "FUNCTION_ERROR_INIT_FAILURE" if isinstance(error, InitFailed) else type(error).__name__
            with self._lock:
                allocation.starting -= 1
                allocation.failure = f"{kind}: {error}"
            return
        with self._lock:
            allocation.starting -= 1
            if len(allocation.environments) < allocation.count:
                allocation.environments.append(environment)
                allocation.ready.append(environment)
                return
        environment.end()

    def put_back(self, environment: Environment, *, usable: bool) -> bool:
        """An invocation in it has ended. Whether it stays; if not, the caller ends it.

        Args:
            usable: whether it can serve again.
        """
        with self._lock:
            allocation = self._allocations.get(environment.spec.key)
            if allocation is None or environment not in allocation.environments:
                return False  # given up while it was in use
            if usable:
                allocation.ready.append(environment)
            else:
                self._replace(allocation, environment)
            return usable

    def _end_surplus(self, allocation: Allocation) -> None:
        while len(allocation.environments) > allocation.count:
            if not allocation.ready:  # in use: it ends when it is put back
                allocation.environments.pop()
                continue
            environment = allocation.ready.pop(0)
            allocation.environments.remove(environment)
            threading.Thread(target=environment.end, daemon=True).start()

    def clear(self) -> None:
        """Forgets everything; the fleet ends the environments."""
        with self._lock:
            for allocation in self._allocations.values():
                allocation.count = 0
            self._allocations.clear()
