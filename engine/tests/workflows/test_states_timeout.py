"""A task that is over is over for everybody before the execution goes on, however late its own thread comes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from moto.stepfunctions.parser.api import StateMachineType
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import EvalTimeoutError
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventHistoryContext

from serverless_cloud.core import patches
from serverless_cloud.core.installer import Installer
from serverless_cloud.services.states import waits as states_clock
from serverless_cloud.workflows.tokens import Outcome, PendingTask, TaskTimedOut, Tokens

ENDS: dict[str, dict[str, Any]] = {
    "set_stop": {"stop_date": datetime.now(UTC), "cause": None, "error": None},
    "set_error": {"error": {"error": "Hikari.Closed"}},
    "set_timed_out": {},
    "set_ended": {},
}


@pytest.fixture
def env() -> Iterator[Any]:
    """The environment of an execution that runs, as the patches make it; afterwards moto is as it was."""
    installer, kind = Installer(), cast(Any, Environment)
    installer.apply(change for change in patches.declared("states") if ":Environment." in change.target)
    made = kind(
        aws_execution_details=None,
        execution_type=StateMachineType.STANDARD,
        context={"Execution": {"Input": {}}, "StateMachine": {}},
        event_history_context=EventHistoryContext.of_program_start(),
        cloud_watch_logging_session=None,
        activity_store={},
    )
    made.next_state_name = "Ask"
    yield made
    installer.undo()


def waiting(tokens: Tokens, frame: Any) -> PendingTask:
    """A task that waits for an answer in `frame`."""
    task = tokens.issue()
    states_clock.when_over(frame, lambda: tokens.close(task))
    return task


def answer(tokens: Tokens, task: PendingTask) -> None:
    """Somebody outside answers."""
    tokens.end(task.token, Outcome(output="1"))


def test_its_token_is_of_no_use_when_the_next_state_begins(env: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens, issued, let_go = Tokens(), threading.Event(), threading.Event()
    asked: list[PendingTask] = []
    open_frame = env.open_frame

    def opened() -> Any:
        frame = open_frame()
        # The time is over as soon as the task waits.
        over = SimpleNamespace(wait=lambda _: issued.wait(60), set=lambda: None, clear=lambda: None)
        frame.program_state_event = over
        return frame

    def waits_for_an_answer(frame: Any) -> None:
        asked.append(waiting(tokens, frame))
        issued.set()
        let_go.wait(60)  # the machine is busy: this thread goes on when all has been asked

    monkeypatch.setattr(env, "open_frame", opened)
    env.states.reset(input_value={})
    state: Any = SimpleNamespace(
        name="Ask", timeout=SimpleNamespace(eval=lambda env: env.stack.append(1)), _eval_execution=waits_for_an_answer
    )
    try:
        with pytest.raises(EvalTimeoutError):
            states_clock._evaluate_with_timeout(state, env)
        with pytest.raises(TaskTimedOut):
            answer(tokens, asked[0])
    finally:
        let_go.set()


@pytest.mark.parametrize("end", ENDS)
def test_its_token_is_of_no_use_when_the_execution_has_ended_around_it(env: Any, end: str) -> None:
    """A task in a branch of a Parallel: its thread does not run here, as on a machine that is very busy."""
    tokens = Tokens()
    branch = env.open_inner_frame()
    task = waiting(tokens, branch.open_frame())
    getattr(env, end)(**ENDS[end])
    with pytest.raises(TaskTimedOut):
        answer(tokens, task)


def test_a_task_that_begins_when_all_is_over_cannot_be_answered(env: Any) -> None:
    tokens = Tokens()
    frame = env.open_inner_frame().open_frame()
    env.set_stop(**ENDS["set_stop"])
    task = waiting(tokens, frame)
    with pytest.raises(TaskTimedOut):
        answer(tokens, task)


def test_a_task_that_waits_can_be_answered(env: Any) -> None:
    tokens = Tokens()
    task = waiting(tokens, env.open_inner_frame().open_frame())
    answer(tokens, task)
    assert task.outcome == Outcome(output="1")
