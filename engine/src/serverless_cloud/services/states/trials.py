"""One state, tried out by TestState: it runs in the environment of an execution, like every state.

The state's program is parsed only for the trial, so its parts can be changed to note their values. Other programs stay
as they are. Nothing of moto is replaced.

Rules: Step Functions API Reference, TestState; Developer Guide, "Testing state machines with TestState".
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.stepfunctions.parser.asl.component.common.catch.catcher_outcome import CatcherOutcomeCaught
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
from moto.stepfunctions.parser.asl.component.common.parargs import Arguments
from moto.stepfunctions.parser.asl.component.common.retry.retrier_outcome import RetrierOutcome
from moto.stepfunctions.parser.asl.component.state.exec.state_map.state_map import StateMap
from moto.stepfunctions.parser.asl.component.state.exec.state_parallel.state_parallel import StateParallel
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task import StateTask

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.services.states.frame import Frame, evaluate
from serverless_cloud.services.states.history import failure
from serverless_cloud.services.states.map_runs import EXCEEDED, selected
from serverless_cloud.services.states.running import RunningExecution
from serverless_cloud.workflows import map_items
from serverless_cloud.workflows.parameter_names import compact

LONGEST_S = 300.0  # "can run for up to five minutes"


class WouldRetry(Exception):
    """A retrier takes the error; TestState doesn't try again."""


@dataclass
class Trial:
    """The settings of a trial, and its notes.

    Args:
        mock: Mock of the request, or None.
        settings: StateConfiguration of the request.
        context: the parts of the context object that the request gives.
        noted: inspectionData so far, by its names, as Python has it.
        errors: errorDetails of inspectionData.
        caught: the error that a catcher took.
        next_state: the state that would follow.
    """

    mock: JsonObject | None = None
    settings: JsonObject = field(default_factory=dict)
    context: JsonObject = field(default_factory=dict)
    noted: JsonObject = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    caught: JsonObject = field(default_factory=dict)
    next_state: str | None = None

    @property
    def retries(self) -> int:
        """How often the state has been tried again."""
        return int(self.settings.get("retrierRetryCount", 0))


class TrialExecution(RunningExecution):
    """The execution that a trial's environment belongs to. It isn't listed or published."""

    def _tell(self) -> None:
        """Publishes no event about the trial."""

    def try_out(self, trial: Trial, program: Any, state: Any, given: object, variables: Mapping[str, Any]) -> Frame:
        """Runs one state to its end, and returns its environment.

        Args:
            trial: takes the notes.
            program: parsed for this trial.
            state: of the program, at any depth.
            given: the state's input.
        """
        env = self.prepare(program)
        env.clock.timeout_s = LONGEST_S
        env.next_state_name = state.name
        env.states.reset(given)
        for name, value in variables.items():
            env.variable_store.set(name, value)
        _watch_state(state, trial)
        self._run(functools.partial(_evaluate, trial, state, env), env)
        self.done.wait(LONGEST_S)
        return env


def _evaluate(trial: Trial, state: Any, env: Frame) -> None:
    try:
        state.eval(env)
    except WouldRetry:
        told = env.states.get_error_output()
        env.set_error({"error": told["Error"], "cause": told["Cause"]})
    except FailureEventException as error:
        env.set_error(error.get_execution_failed_event_details() or {})
    except Exception as error:
        env.set_error({"error": "States.Runtime", "cause": f"{type(error).__name__}({error})"})
    if env.is_running():
        trial.next_state = env.next_state_name
        env.set_ended()


def states_of(states: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """All states of a program, with those inside of Parallel and Map states, by their names."""
    for name, state in states.items():
        yield name, state
        for program in getattr(getattr(state, "branches", None), "programs", ()):
            yield from states_of(program.states.states)
        if (component := getattr(state, "iteration_component", None)) is not None:
            yield from states_of(component._states.states)


def _watch_state(state: Any, trial: Trial) -> None:
    vars(state)["_eval_state_input"] = functools.partial(_with_context, state._eval_state_input, trial)
    parargs = getattr(state, "parargs", None) or getattr(state, "parameters", None)
    after = "afterArguments" if isinstance(parargs, Arguments) else "afterParameters"
    has_paths = state._is_language_query_jsonpath()
    for part, name in (
        (state.input_path, "afterInputPath"),
        (None if isinstance(state, StateMap) else parargs, after),
        (getattr(state, "result", None), "result"),
        (getattr(state, "result_selector", None), "afterResultSelector"),
        (getattr(state, "result_path", None) if has_paths else None, "afterResultPath"),
    ):
        if part is not None:
            vars(part)["_eval_body"] = functools.partial(_noted, part._eval_body, trial, name)
    for number, retrier in enumerate(getattr(getattr(state, "retry", None), "retriers", ())):
        vars(retrier)["_eval_body"] = functools.partial(_retried, trial, number, retrier)
    for number, catcher in enumerate(getattr(getattr(state, "catch", None), "catchers", ())):
        vars(catcher)["_eval_body"] = functools.partial(_caught, catcher._eval_body, trial, number)
    if hasattr(state, "_eval_execution"):
        work = state._eval_execution if trial.mock is None else functools.partial(_mocked, trial, trial.mock, state)
        vars(state)["_eval_execution"] = functools.partial(_worked, work, trial)


def _noted(original: Callable[..., None], trial: Trial, name: str, env: Frame) -> None:
    original(env)
    trial.noted[name] = env.stack[-1]


def _with_context(original: Callable[..., None], trial: Trial, env: Frame) -> None:
    trial.noted["input"] = env.states.get_input()
    whole: Any = env.states.context_object.context_object_data
    for name, value in trial.context.items():
        is_part = isinstance(value, dict) and isinstance(whole.get(name), dict)
        whole[name] = {**whole[name], **value} if is_part else value
    original(env)


def _worked(work: Callable[[Frame], None], trial: Trial, env: Frame) -> None:
    for place in (env, env.opened_by):
        if place is not None:
            whole: Any = place.states.context_object.context_object_data
            whole["State"]["RetryCount"] = trial.retries
    work(env)
    trial.noted["result"] = env.stack[-1]


def _retried(trial: Trial, number: int, retrier: Any, env: Frame) -> None:
    """Says that the state would be tried again, and after how many seconds."""
    if not evaluate(retrier.error_equals, env):
        env.stack.append(RetrierOutcome.Skipped)
    elif trial.retries >= retrier.max_attempts.attempts:
        env.stack.append(RetrierOutcome.Failed)
    else:
        pause = retrier.interval_seconds.seconds * retrier.backoff_rate.rate**trial.retries
        pause = min(pause, retrier.max_delay_seconds.max_delays_seconds)
        trial.errors |= {"retryIndex": number, "retryBackoffIntervalSeconds": int(pause)}
        raise WouldRetry


def _caught(original: Callable[..., None], trial: Trial, number: int, env: Frame) -> None:
    error = env.states.get_error_output()
    original(env)
    if isinstance(env.stack[-1], CatcherOutcomeCaught):
        trial.errors["catchIndex"], trial.caught = number, error


def _mocked(trial: Trial, mock: JsonObject, state: Any, env: Frame) -> None:
    """Stands for the work of a Task, a Map or a Parallel state: makes its input, and gives the mocked result."""
    if isinstance(state, StateMap):
        _look_at_map(trial, state, env)
    elif isinstance(state, StateTask):
        whole: Any = env.states.context_object.context_object_data
        whole.setdefault("Task", {"Token": "token-of-a-mock"})
        state._eval_parameters(env)
    if error := mock.get("errorOutput"):
        raised = failure(env, error.get("error", ""), error.get("cause", ""), "TaskFailed")
        if isinstance(state, StateMap | StateParallel) and (name := trial.settings.get("errorCausedByState")):
            vars(raised.failure_event)["state_name"] = name
        raise raised
    env.stack.append(json.loads(mock["result"]))


def _look_at_map(trial: Trial, state: Any, env: Frame) -> None:
    noted = trial.noted
    noted["maxConcurrency"] = evaluate(state.max_concurrency_decl, env)
    distributed = vars(state.iteration_component).get("distributed")
    if distributed is not None:
        noted["toleratedFailureCount"], noted["toleratedFailurePercentage"] = 0, 0.0
    items = _items(trial, state, env, distributed)
    if (selector := state.item_selector or state.parameters) is not None:
        items = [selected(selector, env, at, item) for at, item in enumerate(items)]
        noted["afterItemSelector"] = items
    if distributed is not None and trial.settings.get("mapIterationFailureCount"):
        raise failure(env, "States.ExceedToleratedFailureThreshold", EXCEEDED, "MapRunFailed")


def _items(trial: Trial, state: Any, env: Frame, distributed: Any) -> list[Any]:
    if state.item_reader is not None:
        data = trial.settings.get("mapItemReaderData")
        if data is None:
            return []
        config = distributed.reader.get("ReaderConfig", {})
        try:
            items = map_items.items_of(data, {"InputType": "JSON"} | config)
        except map_items.CannotRead as error:
            raise failure(env, "States.ItemReaderFailed", str(error), "MapRunFailed") from error
        if config.get("ItemsPointer"):
            trial.noted["afterItemsPointer"] = items
        return list(items)
    if state.items_path:
        items = evaluate(state.items_path, env)
        trial.noted["afterItemsPath"] = items
    else:
        items = evaluate(state.items, env) if state.items else env.states.get_input()
    return list(items)


def inspection(trial: Trial, env: Frame) -> JsonObject:
    """InspectionData of the answer: values as JSON."""
    store = env.variable_store
    numbers = ("maxConcurrency", "toleratedFailureCount", "toleratedFailurePercentage")
    told: JsonObject = {name: value if name in numbers else compact(value) for name, value in trial.noted.items()}
    told["variables"] = compact({**store._outer_scope, **store._inner_scope})
    return told | ({"errorDetails": trial.errors} if trial.errors else {})
