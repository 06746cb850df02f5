"""Seam: waits and timeouts in a state machine (moto 5.2.5).

moto waits in real time, cannot be woken while a Task works or a Retry pauses, starts a thread for every program, and
lets a task that has timed out write into the history afterwards. Replaced:

- `Environment.__init__`, `as_inner_frame_of`, `close_frame`, `delete_frame`: each has the execution's clock and how far
  it is ahead of it; its event, once set, stays set (moto clears it at once, and a wait that begins then is not woken).
- `Environment.set_error`, `set_timed_out`, `set_stop`, `set_ended`: an execution keeps its first result. Its task is
  taken back from workers that could still answer it before anything goes on.
- `WaitFunction._wait_interval`, `RetrierDecl._eval_body`: waits are divided by the time scale and end with the
  execution. `Timestamp._get_wait_seconds`, `_from_timestamp_string`: moto reads local time, and whole seconds in UTC
  only.
- `IntervalSecondsDecl.__init__`: 0 is allowed, as on AWS.
- `Program.eval`: evaluates in its own thread; `ExecutionState._evaluate_with_timeout` looks at the machine's time too.
- `ExecutionState.from_state_props`: a heartbeat without a timeout does not set one of 60 seconds.
- A path in a Task, Parallel or Map that leads nowhere is States.Runtime; moto lets each kind of Task make of it what it
  does with other errors.

`aws.stop()` and `aws.reset()` end executions: states_executions.py.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
from moto.stepfunctions.parser.asl.component.common.retry.interval_seconds_decl import IntervalSecondsDecl
from moto.stepfunctions.parser.asl.component.common.retry.max_attempts_decl import MaxAttemptsOutcome
from moto.stepfunctions.parser.asl.component.common.retry.retrier_decl import RetrierDecl
from moto.stepfunctions.parser.asl.component.common.retry.retrier_outcome import RetrierOutcome
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import EvalTimeoutError, Timeout, TimeoutSeconds
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.component.program.program import Program
from moto.stepfunctions.parser.asl.component.state.exec.execute_state import ExecutionState
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.timestamp import Timestamp
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.program_state import ProgramRunning
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.parser.asl.utils.json_path import NoSuchJsonPathError

from serverless_cloud.plane import DataPlane
from serverless_cloud.seams.states_history import failure
from serverless_cloud.workflows.choice import timestamp as timestamp_of


class _Ended(threading.Event):
    """Stays set, so that a later wait ends at once."""

    def clear(self) -> None:
        """Nothing."""


def root_of(env: Any) -> Any:
    """The environment of the whole execution that a branch belongs to."""
    while getattr(env, "opened_by", None) is not None:
        env = env.opened_by
    return env


def wait(env: Any, wait_s: float) -> None:
    """Waits as long as AWS would, divided by the time scale; ends with the execution.

    Args:
        env: of the state that waits.
        wait_s: AWS's wait, in seconds.
    """
    env.ahead_s, is_late = env.clock.wait(wait_s, env.ahead_s, env.program_state_event)
    if is_late and env.is_running():
        root_of(env).set_timed_out()


def when_over(env: Any, take_back: Callable[[], None]) -> None:
    """Has `take_back` called before anybody goes on when the task of `env` is over; at once if it is over already.

    Args:
        env: the frame of the task.
        take_back: closes what others could still answer; is called more than once.
    """
    env.when_over = take_back
    if not env.is_running():
        take_back()


def install(plane: DataPlane) -> None:
    """Lets executions wait, time out and end as on AWS."""
    del plane  # the clock of an execution has the time scale
    _environments()
    _waits()
    _programs()


def _environments() -> None:
    kind: Any = Environment
    moto_init, moto_frame = kind.__init__, kind.as_inner_frame_of.__func__
    moto_close, moto_delete = kind.close_frame, kind.delete_frame

    def init(self: Any, *args: Any, **given: Any) -> None:
        moto_init(self, *args, **given)
        self.program_state_event = _Ended()
        self.clock, self.ahead_s, self.opened_by = None, 0.0, None
        self.when_over = None  # set by the function of that name

    def frame_of(cls: Any, env: Any, *args: Any, **given: Any) -> Any:
        frame = moto_frame(cls, env, *args, **given)
        frame.clock, frame.ahead_s, frame.opened_by = env.clock, env.ahead_s, env
        if not frame.is_running():
            frame.program_state_event.set()
        return frame

    def closed(moto: Any) -> Any:
        def close(self: Any, frame: Any) -> None:
            moto(self, frame)
            self.ahead_s = max(self.ahead_s, frame.ahead_s)

        return close

    def first_counts(moto: Any) -> Any:
        def end(self: Any, *args: Any, **given: Any) -> None:
            with self._state_mutex:
                if self._program_state is None or isinstance(self._program_state, ProgramRunning):
                    moto(self, *args, **given)
                    # Here, not in the thread of the task, which may come too late for the code that goes on.
                    if self.when_over is not None:
                        self.when_over()

        return end

    kind.__init__, kind.as_inner_frame_of = init, classmethod(frame_of)
    kind.close_frame, kind.delete_frame = closed(moto_close), closed(moto_delete)
    for name in ("set_error", "set_timed_out", "set_stop", "set_ended"):
        setattr(kind, name, first_counts(getattr(kind, name)))


def _waits() -> None:
    waiting: Any = WaitFunction
    retrying: Any = RetrierDecl
    timestamp: Any = Timestamp

    def retry(self: Any, env: Any) -> None:
        self.error_equals.eval(env)
        if not env.stack.pop():
            env.stack.append(RetrierOutcome.Skipped)
            return
        self.max_attempts.eval(env=env)
        if env.stack.pop() == MaxAttemptsOutcome.EXHAUSTED:
            env.stack.append(RetrierOutcome.Failed)
            return
        for part in (self.interval_seconds, self.backoff_rate, self.max_delay_seconds, self.jitter_strategy):
            part.eval(env=env)
        wait(env, float(env.stack.pop()))
        env.stack.append(RetrierOutcome.Executed)

    def until(self: Any, env: Any) -> float:
        self.string.eval(env=env)
        text = env.stack.pop()
        moment = timestamp_of(text)
        if moment is None:
            raise FailureEventException(self._create_failure_event(env, text))
        return (moment - datetime.now(UTC)).total_seconds()

    def interval_seconds(self: Any, seconds: int = IntervalSecondsDecl.DEFAULT_SECONDS) -> None:
        self.seconds = seconds  # the validator of definitions has looked at it

    pause: Any = IntervalSecondsDecl
    pause.__init__ = interval_seconds
    waiting._wait_interval = lambda _, env, wait_seconds: wait(env, wait_seconds)
    retrying._eval_body = retry
    timestamp._from_timestamp_string = staticmethod(timestamp_of)
    timestamp._get_wait_seconds = until


def _programs() -> None:
    program: Any = Program
    state: Any = ExecutionState
    moto_props = state.from_state_props

    def run(self: Any, env: Any) -> None:
        env.next_state_name = self.start_at.start_at_name
        EvalComponent.eval(self, env)

    def props(self: Any, state_props: Any) -> None:
        moto_props(self, state_props)
        if state_props.get(Timeout) is None:
            self.timeout = TimeoutSeconds(timeout_seconds=TimeoutSeconds.DEFAULT_TIMEOUT_SECONDS)

    program.eval = run
    state.from_state_props = props
    state._evaluate_with_timeout = _evaluate_with_timeout


def _evaluate_with_timeout(self: Any, env: Any) -> None:
    """moto's, except that it is woken when the execution ends, and looks at the machine's own time."""
    self.timeout.eval(env=env)
    timeout_s = float(env.stack.pop())
    frame = env.open_frame()
    frame.states.reset(input_value=env.states.get_input())
    frame.stack = copy.deepcopy(env.stack)
    outputs: list[Any] = []
    errors: list[Exception] = []
    done = threading.Event()

    def work() -> None:
        try:
            self._eval_execution(frame)
            outputs.extend(frame.stack)
        except NoSuchJsonPathError as error:
            field, given = frame.next_field_name, to_json_str(error.data)
            cause = (
                f"The JSONPath '{error.json_path}' specified for the field '{field}' could not be found in the input"
            )
            errors.append(failure(frame, "States.Runtime", f"{cause} '{given}'"))
        except Exception as error:
            errors.append(error)
        done.set()
        frame.program_state_event.set()

    threading.Thread(target=work, name=f"state {self.name}", daemon=True).start()
    machine_s = env.clock.left_s(env.ahead_s) if env.clock else float("inf")
    # Parallel and Map do not time out by themselves: their branches look at the clock.
    frame.program_state_event.wait(min(timeout_s, max(machine_s, 0.0), threading.TIMEOUT_MAX))
    has_ended = done.is_set()
    frame.set_ended()  # waits for the thread that is ending it at this moment
    env.close_frame(frame)
    if not env.is_running():
        frame.event_history_context.is_closed = True
        env.stack.append(None)
        return
    if not has_ended:
        frame.event_history_context.is_closed = True
        if machine_s <= timeout_s:
            root_of(env).set_timed_out()
            env.stack.append(None)
            return
        raise EvalTimeoutError()
    if errors:
        raise errors[0]
    output = outputs.pop()
    env.stack.append(output)
    if not self._is_language_query_jsonpath():
        env.states.set_result(output)
    if self.assign_decl:
        self.assign_decl.eval(env=env)
    if self.result_selector:
        self.result_selector.eval(env=env)
    if self.result_path:
        self.result_path.eval(env)
    else:
        env.states.reset(input_value=env.stack.pop())
