"""A task that has timed out is over for everybody before the execution goes on, however late its own thread comes."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import EvalTimeoutError

from serverless_first.cloud.seams import states_clock
from serverless_first.cloud.workflows.tokens import Outcome, TaskTimedOut, Tokens


def nothing(*_: Any, **__: Any) -> None:
    """A part of moto that has nothing to do here."""


def test_its_token_is_of_no_use_when_the_next_state_begins() -> None:
    tokens, issued, let_go = Tokens(), threading.Event(), threading.Event()
    asked: list[str] = []

    def waits_for_an_answer(frame: Any) -> None:
        task = tokens.issue()
        asked.append(task.token)
        frame.when_over = lambda: tokens.close(task)
        issued.set()
        let_go.wait(60)  # the machine is busy: this thread goes on when all has been asked

    # The time is over as soon as the task waits.
    time_is_over = SimpleNamespace(wait=lambda _: issued.wait(60), set=nothing)
    states = SimpleNamespace(reset=nothing, get_input=dict)
    frame = SimpleNamespace(
        states=states, stack=[], program_state_event=time_is_over, set_ended=nothing, when_over=None,
        event_history_context=SimpleNamespace(is_closed=False),
    )  # fmt: skip
    env = SimpleNamespace(
        states=states, stack=[], clock=None, open_frame=lambda: frame, close_frame=nothing, is_running=lambda: True
    )
    state = SimpleNamespace(
        name="Ask", timeout=SimpleNamespace(eval=lambda env: env.stack.append(1)), _eval_execution=waits_for_an_answer
    )
    try:
        with pytest.raises(EvalTimeoutError):
            states_clock._evaluate_with_timeout(state, env)
        with pytest.raises(TaskTimedOut):
            tokens.end(asked[0], Outcome(output="1"))
    finally:
        let_go.set()
