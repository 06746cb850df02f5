"""The interfaces that functions share: one for each combination of a subnet and a set of security groups in use.

Rules (AWS Lambda Developer Guide, "Giving Lambda functions access to resources in an Amazon VPC", and the AWS Compute
Blog of 3 September 2019):

- An interface is made when the first function needs its combination, not when a function is called.
- All functions and versions of the account with the same combination share it.
- It goes when the last of them has gone, some time later. A function that needs it meanwhile takes it over.
- Past 65,000 connections Lambda adds another interface. This is left out, because nothing uses them here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from serverless_cloud.core.background import Tasks
from serverless_cloud.network import waiting
from serverless_cloud.network.interfaces import AccountRegion, Combination, Interfaces, Model, NoInterface

#: How long an interface takes to create: the longest time of January 2020 in the fact lambda-vpc-interface-time.
MAKING_S = 90.0
#: How long it stays after its last user: half the time in the fact lambda-vpc-delete.
LINGERING_S = 600.0


class _Stage(Enum):
    MAKING = auto()
    READY = auto()
    FAILED = auto()
    LINGERING = auto()  # ready, and nobody uses it any more


@dataclass(eq=False)
class _Shared:
    """One shared interface. Args: function: the one that it is made for."""

    combination: Combination
    function: str
    stage: _Stage = _Stage.MAKING
    interface_id: str = ""
    failure: NoInterface | None = None


class Hyperplane:
    """The shared interfaces of all functions.

    Args:
        interfaces: where they are made.
        tasks: makes and removes them in the background.
        time_scale: divides the waits.

    Attributes:
        lock: held while a stage changes. Who looks at `failure` and acts on it holds it meanwhile.
        settled: called when the interfaces of a place have been made, or could not be; the lock is held.
    """

    def __init__(self, interfaces: Interfaces, tasks: Tasks, time_scale: Callable[[], float]) -> None:
        self._interfaces, self._tasks, self._time_scale = interfaces, tasks, time_scale
        self._all: dict[Combination, _Shared] = {}
        self.lock = threading.RLock()
        self.settled: Callable[[AccountRegion], None] = lambda _: None

    def use(self, place: AccountRegion, functions: Mapping[Combination, str]) -> None:
        """From now on only these combinations are in use at a place. Missing interfaces are created.

        Args:
            functions: for each, the name of a function that needs it.
        """
        with self.lock:
            missing = []
            for combination, function in functions.items():
                shared = self._all.get(combination)
                if shared is None:
                    shared = self._all[combination] = _Shared(combination, function)
                    missing.append(shared)
                elif shared.stage is _Stage.LINGERING:
                    shared.stage = _Stage.READY
            if missing:
                self._later("interfaces", MAKING_S, lambda: self._make(place, missing))
            for shared in [s for s in self._of(place) if s.combination not in functions]:
                self._let_go(shared)

    def is_ready(self, combinations: Iterable[Combination]) -> bool:
        """Whether all of these are there."""
        with self.lock:
            interfaces = [self._all.get(combination) for combination in combinations]
            return all(s is not None and s.stage in (_Stage.READY, _Stage.LINGERING) for s in interfaces)

    def failure(self, combinations: Iterable[Combination]) -> NoInterface | None:
        """Why one of these could not be made; None if none has failed."""
        with self.lock:
            interfaces = [self._all[combination] for combination in combinations if combination in self._all]
            return next((shared.failure for shared in interfaces if shared.failure), None)

    def forget_failures(self, combinations: Iterable[Combination]) -> None:
        """Lets the next `use` try again to create the failed interfaces, because somebody new needs them."""
        with self.lock:
            for combination in combinations:
                if combination in self._all and self._all[combination].stage is _Stage.FAILED:
                    del self._all[combination]

    def release_at_once(self, place: AccountRegion) -> None:
        """Deletes the interfaces that nobody uses any more now."""
        with self.lock:
            for shared in [s for s in self._of(place) if s.stage is _Stage.LINGERING]:
                self._remove(shared)

    def clear(self) -> None:
        """Forgets all; the interfaces themselves go with the control plane's state."""
        with self.lock:
            self._all.clear()

    def _of(self, place: AccountRegion) -> list[_Shared]:
        return [shared for shared in self._all.values() if shared.combination.place == place]

    def _later(self, name: str, wait_s: float, work: Callable[[], None]) -> None:
        def run(stopped: threading.Event) -> None:
            if not waiting.wait(stopped, wait_s, self._time_scale):
                work()

        self._tasks.start(name, run)

    def _make(self, place: AccountRegion, missing: list[_Shared]) -> None:
        with self.lock:
            for shared in missing:
                if self._all.get(shared.combination) is not shared:  # nobody needs it any more
                    continue
                try:
                    shared.interface_id = self._interfaces.make(shared.combination, Model.HYPERPLANE, shared.function)
                    shared.stage = _Stage.READY
                except NoInterface as failure:
                    shared.failure, shared.stage = failure, _Stage.FAILED
            self.settled(place)

    def _let_go(self, shared: _Shared) -> None:
        if shared.stage is _Stage.READY:
            shared.stage = _Stage.LINGERING
            self._later("interface-release", LINGERING_S, lambda: self._end_of_lingering(shared))
        elif shared.stage is not _Stage.LINGERING:  # it was never made
            del self._all[shared.combination]

    def _end_of_lingering(self, shared: _Shared) -> None:
        with self.lock:
            if self._all.get(shared.combination) is shared and shared.stage is _Stage.LINGERING:
                self._remove(shared)

    def _remove(self, shared: _Shared) -> None:
        del self._all[shared.combination]
        self._interfaces.remove(shared.combination.place, shared.interface_id)
