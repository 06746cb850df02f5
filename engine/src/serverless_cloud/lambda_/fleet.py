"""All execution environments of one local cloud: which one serves a call, when a new one starts, when one ends.

Rules (AWS Lambda Developer Guide, "Understanding Lambda function scaling" and "Understanding the Lambda execution
environment lifecycle"):

- One invocation at a time in an environment. A call that finds none free gets a new one.
- Among the free ones the most recently used serves, provisioned ones first.
- New code or configuration ends the old environments. One that stays idle too long ends, unless it is provisioned.
- Init that fails or takes too long runs once more, within the call and its timeout.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from serverless_cloud.core import clock, seat
from serverless_cloud.core.moves import IllegalMove
from serverless_cloud.errors import FunctionNotActive, TooManyRequests
from serverless_cloud.lambda_ import code, report
from serverless_cloud.lambda_.concurrency import Concurrency
from serverless_cloud.lambda_.environment import Environment, InitFailed, Surroundings
from serverless_cloud.lambda_.forking import Template
from serverless_cloud.lambda_.function import Call, FunctionSpec, Outcome, Reply
from serverless_cloud.lambda_.gathering import Gathering
from serverless_cloud.lambda_.lifecycle import State
from serverless_cloud.lambda_.metrics import Metrics
from serverless_cloud.lambda_.provisioned import Provisioned
from serverless_cloud.lambda_.report import InitPhase

INIT_LIMIT_S = 10.0  # AWS Lambda Developer Guide: Init phase, on demand
PROVISIONED_INIT_LIMIT_S = 130.0  # the same, with provisioned concurrency: this or the timeout, whichever is higher
START_SLOTS = 4 * (os.cpu_count() or 1)
START_SLOTS_IN_A_CLASS = 2
SLOT_S = 2.0  # how long one Init keeps others from starting
REMEMBERED = 500  # ended environments kept for `aws.environments` and figures
#: Writes lines to CloudWatch Logs: function, log stream, text.
LogWriter = Callable[[FunctionSpec, str, str], None]


@dataclass(frozen=True)
class Placement:
    """Where a call may run.

    Args:
        environment: initialized and not in use; None if Init failed twice.
        inits: the runs of Init that the call caused; none for a warm start.
        left_s: what is left of the function's timeout, in seconds.
        error: the error of the last Init as JSON, if it failed; empty if it took too long.
        peak_memory_mb: the most that the process of the failed Init held.
        generation: which of the fleet's lives it belongs to.
        counted: whether it counts against the limits of concurrency.
    """

    environment: Environment | None
    left_s: float
    generation: int
    inits: list[InitPhase] = field(default_factory=list)
    error: bytes = b""
    peak_memory_mb: int = 0
    counted: bool = True


class Fleet:
    """The environments of all functions, in which they are invoked, and what is counted of their invocations.

    Args:
        idle_expiry_s: how long a frozen environment stays before it ends, in seconds.
        write_log: gets the log of each invocation.
        init_limit_s: how long Init may take ahead of the first call, in seconds.
        network: called before an environment starts, waits for what it needs of a VPC and returns what to call when the
            environment has ended; raises NoAddressLeft.
    """

    def __init__(
        self,
        around: Surroundings,
        idle_expiry_s: float,
        write_log: LogWriter,
        concurrency: Concurrency | None = None,
        init_limit_s: float = INIT_LIMIT_S,
        network: Callable[[FunctionSpec], Callable[[], None]] = lambda _: lambda: None,
    ) -> None:
        self._around = around
        self._write_log = write_log
        self.metrics = Metrics()
        self._template = Template()
        self.idle_expiry_s = idle_expiry_s if seat.allotment_mb() is None else min(idle_expiry_s, seat.IDLE_S)
        self.init_limit_s = init_limit_s
        self._network = network
        self.concurrency = concurrency or Concurrency()
        self._environments: list[Environment] = []
        self._free: dict[str, list[Environment]] = {}  # by spec.key; the last one is the most recently used
        self._current: dict[tuple[str, str], str] = {}  # ARN, version -> the only key whose environments may go on
        self._generation = 0  # one more after each `clear`; environments of before are not kept
        self._lock = threading.RLock()
        self._closed = threading.Event()
        self.provisioned = Provisioned(self._start_provisioned)
        # So many start at a time that a burst of cold starts does not trip the Init limit on a small machine.
        self._slots = START_SLOTS if seat.allotment_mb() is None else START_SLOTS_IN_A_CLASS
        self._start_slots = threading.Semaphore(self._slots)
        threading.Thread(target=self._expire, name="idle-expiry", daemon=True).start()

    @property
    def endpoint_url(self) -> str:
        """Where boto3 finds this local cloud."""
        return self._around.endpoint_url

    # ---- calls

    def invoke(self, spec: FunctionSpec, call: Call, gathering: Gathering | None = None) -> Reply:
        """One invocation; returns when it has ended.

        Args:
            gathering: the calls to meet, once there is an environment.

        Raises:
            NotNow: a concurrency limit is reached, no subnet has a free address, or the function is not active.
        """
        counted = self.metrics.of(spec.account_id, spec.region, spec.name)
        try:
            if spec.state != "Active":
                raise FunctionNotActive(spec.state)
            place = self.acquire(spec, counted.begin)
        except BaseException as refusal:
            if isinstance(refusal, TooManyRequests):
                counted.throttled()
            counted.give_up()
            if gathering is not None:
                gathering.count()
            raise
        try:
            if gathering is not None:
                gathering.meet()
            environment = place.environment
            outcome = environment.invoke(call, place.left_s) if environment else _init_failed(place)
        except BaseException:
            counted.give_up()
            raise
        finally:
            self.release(place, spec)
        status = environment.exit_status() if environment and environment.state is State.ENDED else None
        payload, error, text = report.compose(spec, call.request_id, outcome, place.inits, status)
        counted.end(report.duration_ms(outcome, place.inits), failed=error is not None)
        stream = environment.log_stream if environment else _stream_of_a_failed_init(spec, call)
        if not self.is_over(place.generation):  # else the cloud has been emptied meanwhile
            self._write_log(spec, stream, text)
        return Reply(payload, error, text, spec.version, call.request_id)

    def acquire(self, spec: FunctionSpec, accepted: Callable[[], None] = lambda: None) -> Placement:
        """A place for one invocation. Whatever it holds, it must be given back by `release`.

        Args:
            accepted: called as soon as no limit of concurrency is against it, before an environment is started.

        Raises:
            NotNow: a concurrency limit is reached, or no subnet of the function has a free address.
        """
        generation = self._generation
        if environment := self.provisioned.take(spec):
            accepted()
            inits = []
            if environment.invocations == 0:  # what its Init has printed stands before the first call
                inits = [InitPhase(environment.init_ms, phase="provisioned", log=environment.read_log())]
            return Placement(environment, spec.timeout_s, generation, inits, counted=False)
        self.concurrency.enter(spec.arn)
        try:
            accepted()
            if environment := self._take_free(spec):
                return Placement(environment, spec.timeout_s, generation)
            return self._start_for_a_call(spec, generation)
        except BaseException:
            self.concurrency.leave(spec.arn)
            raise

    def _take_free(self, spec: FunctionSpec) -> Environment | None:
        with self._lock:
            free = self._free.setdefault(spec.key, [])
            while free:
                environment = free.pop()
                if environment.state is State.FROZEN:
                    return environment
        return None

    def _make_room(self) -> None:
        """In a class, ends the longest idle environments, so that another fits into the seat's memory."""
        most = seat.most_environments()
        if most is None:
            return
        with self._lock:
            alive = sum(e.state is not State.ENDED for e in self._environments)
            idle = sorted((e for free in self._free.values() for e in free), key=lambda e: e.last_used_s)
        surplus = idle[: max(0, alive + 1 - most)]
        self._end_free(lambda environment: environment in surplus)

    def _start_for_a_call(self, spec: FunctionSpec, generation: int) -> Placement:
        self._make_room()
        inits: list[InitPhase] = []
        limit_s = self.init_limit_s
        for phase in ("init", "invoke"):  # Init that fails runs once more, within the call
            try:
                environment = self._start(spec, limit_s, generation)
            except InitFailed as error:
                failed, kind = error, report.of_error(error.payload, "errorType")
                inits.append(InitPhase(failed.took_s * 1000, failed.status, phase, kind, failed.log))
                limit_s = spec.timeout_s
                if generation != self._generation:
                    break
            else:
                # The log has Init's lines before the handler's.
                inits.append(InitPhase(environment.init_ms, phase=phase, log=environment.read_log()))
                taken_s = environment.init_ms / 1000 if phase == "invoke" else 0.0
                return Placement(environment, max(0.0, spec.timeout_s - taken_s), generation, inits)
        return Placement(None, 0.0, generation, inits, failed.payload, failed.peak_memory_mb)

    def release(self, place: Placement, spec: FunctionSpec) -> None:
        """Gives a place back after its invocation."""
        if place.environment is not None:
            self._put_back(place.environment, place.generation)
        if place.counted:
            self.concurrency.leave(spec.arn)

    def _put_back(self, environment: Environment, generation: int) -> None:
        with self._lock:
            spec = environment.spec
            is_current = self._current.get((spec.arn, spec.version), spec.key) == spec.key
            keep = environment.state is State.FROZEN and is_current and generation == self._generation
            if environment.provisioned:
                keep = self.provisioned.put_back(environment, usable=keep)
            elif keep:
                self._free.setdefault(environment.spec.key, []).append(environment)
        if not keep:
            environment.end()

    # ---- starts

    def _start(self, spec: FunctionSpec, limit_s: float, generation: int, *, provisioned: bool = False) -> Environment:
        when_ended = self._network(spec)
        try:
            with self._start_slots:
                environment = self._make(spec, generation, provisioned, when_ended)
                # An Init that waits (for a network, say) gives its slot to the next one after a while.
                initialised = environment.wait_initialised(min(limit_s, SLOT_S))
        except BaseException:
            when_ended()  # there may be no environment that does
            raise
        if not initialised and not environment.wait_initialised(max(0.0, limit_s - SLOT_S)):
            environment.init_took_too_long()
        return environment

    def _make(
        self, spec: FunctionSpec, generation: int, provisioned: bool, when_ended: Callable[[], None]
    ) -> Environment:
        """A process and its folder; none any more once `clear` or `close` has been called, nor is one left."""
        if not self.is_over(generation):
            store = self._around.folder / "code"
            task_root = code.unpack({spec.code_sha256: spec.code}, store)
            layers = {layer.code_sha256: layer.code for layer in spec.layers}
            opt = code.unpack(layers, store) if layers else None
            environment = Environment(
                spec.without_packages(),
                task_root,
                opt,
                self._around,
                self._template,
                provisioned=provisioned,
                when_ended=when_ended,
            )
            with self._lock:
                if not self.is_over(generation):
                    self._environments.append(environment)
                    self._forget_the_oldest()
                    return environment
            environment.end()
        text = f"Error: Runtime exited {report.how_it_exited(None)}"
        raise InitFailed(report.failure("Runtime.ExitError", text), "", "error")

    def is_over(self, generation: int) -> bool:
        """Whether `clear` or `close` has been called since."""
        return self._closed.is_set() or generation != self._generation

    def _start_provisioned(self, spec: FunctionSpec) -> Environment:
        generation = self._generation
        limit_s = max(PROVISIONED_INIT_LIMIT_S, spec.timeout_s)
        environment = self._start(spec, limit_s, generation, provisioned=True)
        with contextlib.suppress(IllegalMove):  # it has just ended: it is replaced
            environment.freeze()
        return environment

    def _forget_the_oldest(self) -> None:
        ended = [e for e in self._environments if e.state is State.ENDED]
        for environment in ended[: max(0, len(ended) - REMEMBERED)]:
            self._environments.remove(environment)

    # ---- looking in, ending

    def of(self, account_id: str, region: str, name: str | None = None) -> list[Environment]:
        """The environments of one function, or of all, oldest first, ended ones included."""
        with self._lock:
            return [
                e
                for e in self._environments
                if (e.spec.account_id, e.spec.region) == (account_id, region) and name in (None, e.spec.name)
            ]

    def retire(self, spec: FunctionSpec) -> None:
        """New code or new configuration of this version: ends its environments from before.

        One that is busy finishes its call first.
        """
        self._retire(spec.arn, spec.version, spec.key)

    def retire_all(self, arn: str, versions: Sequence[str]) -> None:
        """These versions of a function were deleted."""
        for version in versions:
            self._retire(arn, version, "")

    def forget(self, arn: str, versions: Sequence[str]) -> None:
        """The function was deleted, with all these versions of it."""
        self.retire_all(arn, versions)
        self.provisioned.set(arn, {})
        self.concurrency.forget(arn)

    def _retire(self, arn: str, version: str, keep: str) -> None:
        with self._lock:
            self._current[arn, version] = keep
        self._end_free(lambda e: (e.spec.arn, e.spec.version) == (arn, version) and e.spec.key != keep)

    def _expire(self) -> None:
        while not self._closed.wait(min(1.0, self.idle_expiry_s / 4)):
            self._end_free(lambda environment: environment.last_used_s < clock.now_s() - self.idle_expiry_s)
            self.provisioned.replace_ended()

    def _end_free(self, goes: Callable[[Environment], bool]) -> None:
        """Ends the free environments for which `goes` is true."""
        with self._lock:
            ending = [e for free in self._free.values() for e in free if goes(e)]
            for free in self._free.values():
                free[:] = [e for e in free if e not in ending]
        for environment in ending:
            environment.end()

    def clear(self) -> None:
        """Ends and forgets all environments and limits; a call under way gets Runtime.ExitError."""
        with self._lock:
            self._generation += 1
            ending = list(self._environments)
            self._environments.clear()
            self._free.clear()
            self._current.clear()
            self.provisioned.clear()
        self.concurrency.clear()
        for environment in ending:
            environment.end()

    def close(self) -> None:
        """Ends all environments; no other is started, and none is being started when it returns."""
        self._closed.set()
        self.clear()
        for _ in range(self._slots):
            self._start_slots.acquire()
        self._start_slots.release(self._slots)  # who still waits for one finds that all is over
        self._template.close()


def _init_failed(place: Placement) -> Outcome:
    """Init ran twice in vain, the second time within the call."""
    kind = "init" if place.error else "timeout"
    return Outcome(kind, place.error, "", 0.0, place.peak_memory_mb)  # its time is the Init's


def _stream_of_a_failed_init(spec: FunctionSpec, call: Call) -> str:
    return time.strftime(f"%Y/%m/%d/[{spec.version}]", time.gmtime()) + call.request_id.replace("-", "")
