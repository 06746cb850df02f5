"""Waits and timeouts in a state machine.

moto waits in real time, cannot be woken while a Task works or a Retry pauses, starts a thread for every program, and
lets a task that has timed out write into the history afterwards. Here:

- Each environment has the execution's clock and how far it is ahead of it; its event, once set, stays set (moto clears
  it at once, and a wait that begins then is not woken).
- An execution keeps its first result. Its task is taken back from workers that could still answer it before anything
  goes on.
- Waits are divided by the time scale and end with the execution. moto reads timestamps in local time, and whole seconds
  in UTC only. An interval of 0 seconds is allowed, as on AWS.
- A program is evaluated in its own thread, and a timeout looks at the machine's time too. A heartbeat without a timeout
  does not set one of 60 seconds.
- A path in a Task, Parallel or Map that leads nowhere is States.Runtime; moto lets each kind of Task make of it what it
  does with other errors.

`aws.stop()` and `aws.reset()` end executions: executions.py.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
from moto.stepfunctions.parser.asl.component.common.retry.interval_seconds_decl import IntervalSecondsDecl
from moto.stepfunctions.parser.asl.component.common.retry.max_attempts_decl import MaxAttemptsOutcome
from moto.stepfunctions.parser.asl.component.common.retry.retrier_decl import RetrierDecl
from moto.stepfunctions.parser.asl.component.common.retry.retrier_outcome import RetrierOutcome
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import EvalTimeoutError, Timeout, TimeoutSeconds
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.component.program.program import Program
from moto.stepfunctions.parser.asl.component.state.exec.execute_state import ExecutionState
from moto.stepfunctions.parser.asl.component.state.exec.state_map.state_map import StateMap
from moto.stepfunctions.parser.asl.component.state.exec.state_parallel.state_parallel import StateParallel
from moto.stepfunctions.parser.asl.component.state.state_props import StateProps
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.timestamp import Timestamp
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.program_state import ProgramRunning
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.parser.asl.utils.json_path import NoSuchJsonPathError

from serverless_cloud.core.patches import Patch, Service
from serverless_cloud.services.states.frame import Frame, evaluate
from serverless_cloud.services.states.history import failure, names_a_state
from serverless_cloud.workflows.choice import timestamp as timestamp_of

patches = Service(
    "states",
    defect="engine/tests/workflows/test_states_patches.py::test_stock_moto_still_has_the_defects_that_the_patches_mend",
)


class _Ended(threading.Event):
    """Stays set, so that a later wait ends at once."""

    def clear(self) -> None:
        """Nothing."""


def root_of(env: Frame) -> Frame:
    """The environment of the whole execution that a branch belongs to."""
    while (opened_by := getattr(env, "opened_by", None)) is not None:
        env = opened_by
    return env


def wait(env: Frame, wait_s: float) -> None:
    """Waits as long as AWS would, divided by the time scale; ends with the execution.

    Args:
        env: of the state that waits.
        wait_s: AWS's wait, in seconds.
    """
    env.ahead_s, is_late = env.clock.wait(wait_s, env.ahead_s, env.program_state_event)
    if is_late and env.is_running():
        root_of(env).set_timed_out()


def when_over(env: Frame, take_back: Callable[[], None]) -> None:
    """Has `take_back` called before anybody goes on when the task of `env` is over; at once if it is over already.

    Args:
        env: the frame of the task.
        take_back: closes what others could still answer; is called more than once.
    """
    env.when_over = take_back
    if not env.is_running():
        take_back()


_ASL = "moto.stepfunctions.parser.asl"
_ENVIRONMENT = f"{_ASL}.eval.environment:Environment"


@patches.replaces(
    f"{_ENVIRONMENT}.__init__",
    expects=(
        "self, aws_execution_details, execution_type, context, event_history_context, cloud_watch_logging_session,"
        " activity_store, variable_store=None, mock_test_case=None"
    ),
)
def init_environment(env: Frame, *args: object, **given: object) -> None:
    init_environment.original(env, *args, **given)
    own = vars(env)
    own["program_state_event"] = _Ended()
    own |= {"clock": None, "ahead_s": 0.0, "opened_by": None, "when_over": None, "entered_id": 0}


@patches.replaces(
    f"{_ENVIRONMENT}.as_inner_frame_of",
    expects="cls, env, variable_store, event_history_frame_cache=None",
    kind="classmethod",
)
def as_inner_frame_of(cls: type[Environment], env: Frame, *args: object, **given: object) -> Frame:
    frame = as_inner_frame_of.original(cls, env, *args, **given)
    frame.clock, frame.ahead_s, frame.opened_by = env.clock, env.ahead_s, env
    if not frame.is_running():
        frame.program_state_event.set()
    return frame


@patches.replaces_each(_ENVIRONMENT, ("close_frame", "delete_frame"), expects="self, frame")
def _close(patch: Patch[..., None], env: Frame, frame: Frame) -> None:
    patch.original(env, frame)
    env.ahead_s = max(env.ahead_s, frame.ahead_s)


@patches.replaces_each(
    _ENVIRONMENT,
    ("set_error", "set_timed_out", "set_stop", "set_ended"),
    expects={
        "set_error": "self, error",
        "set_timed_out": "self",
        "set_stop": "self, stop_date, cause, error",
        "set_ended": "self",
    },
)
def _end(patch: Patch[..., None], /, env: Frame, *args: object, **given: object) -> None:
    with env._state_mutex:
        if env._program_state is None or isinstance(env._program_state, ProgramRunning):
            patch.original(env, *args, **given)
            # Here, not in the thread of the task, which may come too late for the code that goes on.
            if env.when_over is not None:
                env.when_over()


@patches.replaces(f"{_ASL}.component.common.retry.retrier_decl:RetrierDecl._eval_body")
def retry(retrier: RetrierDecl, env: Frame) -> None:
    """Pauses before the next attempt."""
    if not evaluate(retrier.error_equals, env):
        env.stack.append(RetrierOutcome.Skipped)
        return
    if evaluate(retrier.max_attempts, env) == MaxAttemptsOutcome.EXHAUSTED:
        env.stack.append(RetrierOutcome.Failed)
        return
    for part in (retrier.interval_seconds, retrier.backoff_rate, retrier.max_delay_seconds, retrier.jitter_strategy):
        part.eval(env=env)
    wait(env, float(env.stack.pop()))
    env.stack.append(RetrierOutcome.Executed)


_WAIT = f"{_ASL}.component.state.wait.wait_function"


@patches.replaces(f"{_WAIT}.timestamp:Timestamp._get_wait_seconds")
def _get_wait_seconds(timestamp: Timestamp, env: Frame) -> float:
    text = evaluate(timestamp.string, env)
    moment = timestamp_of(text)
    if moment is None:
        raise FailureEventException(timestamp._create_failure_event(env, text))
    return (moment - datetime.now(UTC)).total_seconds()


@patches.replaces(
    f"{_WAIT}.timestamp:Timestamp._from_timestamp_string",
    kind="staticmethod",
    upstream="Timestamps have a zone and fractions of a second.",
)
def _from_timestamp_string(timestamp: str) -> datetime | None:
    return timestamp_of(timestamp)


@patches.replaces(f"{_WAIT}.wait_function:WaitFunction._wait_interval")
def _wait_interval(_: WaitFunction, env: Frame, wait_seconds: float) -> None:
    wait(env, wait_seconds)


@patches.replaces(
    f"{_ASL}.component.common.retry.interval_seconds_decl:IntervalSecondsDecl.__init__",
    expects="self, seconds=1",
    upstream="IntervalSeconds may be 0.",
)
def init_interval(interval: IntervalSecondsDecl, seconds: int = IntervalSecondsDecl.DEFAULT_SECONDS) -> None:
    vars(interval)["seconds"] = seconds  # the validator of definitions has looked at it


@patches.replaces(f"{_ASL}.component.program.program:Program.eval")
def evaluate_program(program: Program, env: Frame) -> None:
    """Evaluates a program in the caller's thread."""
    env.next_state_name = program.start_at.start_at_name
    EvalComponent.eval(program, env)


def _ends_all(error: Exception, env: Frame) -> bool:
    """Whether a failure of a branch or an iteration has ended the execution: no Retry or Catch takes States.Runtime."""
    if env is not root_of(env) or not isinstance(error, FailureEventException):
        return False
    details = error.get_execution_failed_event_details()
    if details is None or details.get("error") != "States.Runtime" or not names_a_state(error):
        return False
    env.set_error(details)
    return True


_STATE = f"{_ASL}.component.state.exec.execute_state:ExecutionState"


@patches.replaces(
    f"{_STATE}.from_state_props", expects="self, state_props", upstream="A heartbeat without a timeout sets no timeout."
)
def from_state_props(state: ExecutionState, state_props: StateProps) -> None:
    from_state_props.original(state, state_props)
    if state_props.get(Timeout) is None:
        state.timeout = TimeoutSeconds(timeout_seconds=TimeoutSeconds.DEFAULT_TIMEOUT_SECONDS)


@patches.replaces(f"{_STATE}._evaluate_with_timeout", expects="self, env")
def _evaluate_with_timeout(state: ExecutionState, env: Frame) -> None:
    """moto's, except that it is woken when the execution ends, and looks at the machine's own time."""
    timeout_s = float(evaluate(state.timeout, env))
    frame = env.open_frame()
    frame.states.reset(input_value=env.states.get_input())
    frame.stack = copy.deepcopy(env.stack)
    outputs: list[object] = []
    errors: list[Exception] = []
    done = threading.Event()

    def work() -> None:
        try:
            state._eval_execution(frame)
            outputs.extend(frame.stack)
        except NoSuchJsonPathError as error:
            errors.append(_lost(frame, error))
        except Exception as error:
            errors.append(error)
        done.set()
        frame.program_state_event.set()

    threading.Thread(target=work, name=f"state {state.name}", daemon=True).start()
    machine_s = env.clock.left_s(env.ahead_s) if env.clock else float("inf")
    # Parallel and Map do not time out by themselves: their branches look at the clock.
    frame.program_state_event.wait(min(timeout_s, max(machine_s, 0.0), threading.TIMEOUT_MAX))
    has_ended = done.is_set()
    frame.set_ended()  # waits for the thread that is ending it at this moment
    env.close_frame(frame)
    if not env.is_running():
        vars(frame.event_history_context)["is_closed"] = True
        env.stack.append(None)
        return
    if not has_ended:
        vars(frame.event_history_context)["is_closed"] = True
        if machine_s <= timeout_s:
            root_of(env).set_timed_out()
            env.stack.append(None)
            return
        raise EvalTimeoutError()
    if errors:
        if isinstance(state, StateParallel | StateMap) and _ends_all(errors[0], env):
            env.stack.append(None)
            return
        raise errors[0]
    try:
        _use_output(state, env, outputs.pop())
    except NoSuchJsonPathError as error:
        raise _lost(env, error) from None


def _lost(env: Frame, error: NoSuchJsonPathError) -> FailureEventException:
    """The failure of a path that leads nowhere, with the field that it was given for."""
    cause = (
        f"The JSONPath '{error.json_path}' specified for the field '{env.next_field_name}' could not be found in the"
    )
    return failure(env, "States.Runtime", f"{cause} input '{to_json_str(error.data)}'")


def _use_output(state: ExecutionState, env: Frame, output: object) -> None:
    """Applies a state's Assign, ResultSelector and ResultPath after its work."""
    env.stack.append(output)
    if not state._is_language_query_jsonpath():
        env.states.set_result(output)
    if state.assign_decl:
        state.assign_decl.eval(env=env)
    if state.result_selector:
        state.result_selector.eval(env=env)
    if state.result_path:
        state.result_path.eval(env)
    else:
        env.states.reset(input_value=env.stack.pop())
