"""All execution environments of one local cloud: which one serves a call, when a new one starts, when one ends.

Rules (AWS Lambda Developer Guide, "Understanding Lambda function scaling"): one invocation at a time in an environment;
a call that finds none free gets a new one; among the free ones the most recently used serves. New code or
configuration ends the old environments. One that stays idle too long ends.
"""

from __future__ import annotations

import os
import threading
import time

from serverless_first.cloud.errors import TooManyRequests
from serverless_first.cloud.lambda_ import code
from serverless_first.cloud.lambda_.environment import Environment, InitFailed, Surroundings
from serverless_first.cloud.lambda_.function import FunctionSpec
from serverless_first.cloud.lambda_.lifecycle import State
from serverless_first.cloud.lambda_.report import failure

INIT_LIMIT_S = 10.0  # AWS Lambda Developer Guide: Init phase, functions without provisioned concurrency
ACCOUNT_CONCURRENCY = 1000  # default quota for a Region
REMEMBERED = 500  # ended environments kept for `aws.environments` and figures


class Fleet:
    """The environments of all functions.

    Args:
        around: what environments share.
        idle_expiry_s: how long a frozen environment stays before it ends, in seconds.
    """

    def __init__(self, around: Surroundings, idle_expiry_s: float) -> None:
        self._around = around
        self.idle_expiry_s = idle_expiry_s
        self._environments: list[Environment] = []
        self._free: dict[str, list[Environment]] = {}  # by spec.key; the last one is the most recently used
        self._current: dict[str, str] = {}  # function ARN -> the only key whose environments may go on
        self._busy = 0
        self._lock = threading.Lock()
        self._closed = threading.Event()
        # So many start at a time that a burst of cold starts does not trip the Init limit on a small machine.
        self._start_slots = threading.Semaphore(4 * (os.cpu_count() or 1))
        threading.Thread(target=self._expire, name="idle-expiry", daemon=True).start()

    def acquire(self, spec: FunctionSpec) -> tuple[Environment, bool]:
        """An environment for one invocation, and whether it had to be started (a cold start).

        Raises:
            TooManyRequests: as many invocations are under way as the account may have.
            InitFailed: it had to be started and Init failed.
        """
        with self._lock:
            if self._busy >= ACCOUNT_CONCURRENCY:
                raise TooManyRequests("ConcurrentInvocationLimitExceeded")
            self._busy += 1
            free = self._free.setdefault(spec.key, [])
            while free:
                environment = free.pop()
                if environment.state is State.FROZEN:
                    return environment, False
        try:
            return self._start(spec), True
        except BaseException:
            self._not_busy()
            raise

    def release(self, environment: Environment) -> None:
        """Gives an environment back after its invocation."""
        with self._lock:
            self._busy -= 1
            spec = environment.spec
            outdated = self._current.get(spec.arn, spec.key) != spec.key
            if environment.state is State.FROZEN and not outdated:
                self._free.setdefault(spec.key, []).append(environment)
        if outdated:
            environment.end()

    def _not_busy(self) -> None:
        with self._lock:
            self._busy -= 1

    def _start(self, spec: FunctionSpec) -> Environment:
        task_root = code.unpack(spec.code, self._around.folder / "code")
        with self._start_slots:
            environment = Environment(spec, task_root, self._around)
            with self._lock:
                self._environments.append(environment)
                self._forget_the_oldest()
            # An Init that waits (for a network, say) gives its slot to the next one after a while.
            initialised = environment.wait_initialised(INIT_LIMIT_S / 5)
        if not initialised and not environment.wait_initialised(INIT_LIMIT_S * 4 / 5):
            log = environment.read_log()
            environment.end()
            text = f"Init did not end within {INIT_LIMIT_S:.0f} seconds"
            raise InitFailed(failure("Sandbox.Timedout", text), log, "timeout")
        return environment

    def _forget_the_oldest(self) -> None:
        ended = [e for e in self._environments if e.state is State.ENDED]
        for environment in ended[: max(0, len(ended) - REMEMBERED)]:
            self._environments.remove(environment)

    def of(self, account_id: str, region: str, name: str | None = None) -> list[Environment]:
        """The environments of one function, or of all, oldest first, ended ones included."""
        with self._lock:
            return [
                e
                for e in self._environments
                if (e.spec.account_id, e.spec.region) == (account_id, region) and name in (None, e.spec.name)
            ]

    def retire(self, arn: str, keep: str) -> None:
        """New code, new configuration, or deletion: ends the environments of a function with another key than `keep`.

        One that is busy finishes its call first.
        """
        with self._lock:
            self._current[arn] = keep
            ending = []
            for key, free in self._free.items():
                if key != keep:
                    ending += [e for e in free if e.spec.arn == arn]
                    free[:] = [e for e in free if e.spec.arn != arn]
        for environment in ending:
            environment.end()

    def _expire(self) -> None:
        while not self._closed.wait(min(1.0, self.idle_expiry_s / 4)):
            oldest_s = time.time() - self.idle_expiry_s
            expired = []
            with self._lock:
                for free in self._free.values():
                    gone = [e for e in free if e.last_used_s < oldest_s]
                    expired += gone
                    free[:] = [e for e in free if e not in gone]
            for environment in expired:
                environment.end()

    def clear(self) -> None:
        """Ends and forgets all environments; a call under way gets Runtime.ExitError."""
        with self._lock:
            ending = list(self._environments)
            self._environments.clear()
            self._free.clear()
            self._current.clear()
        for environment in ending:
            environment.end()

    def close(self) -> None:
        """Ends all environments and starts no more clean-ups."""
        self._closed.set()
        self.clear()
