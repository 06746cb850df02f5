"""The environment of a state as type checkers see it: moto's class, with what our patches keep in its objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.eval.environment import Environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from serverless_cloud.workflows.execution_clock import ExecutionClock
    from serverless_cloud.workflows.tokens import PendingTask

    class Frame(Environment):
        """An environment of moto, after `states_clock.init_environment`.

        Attributes:
            clock: Of the execution; unset outside of one.
            ahead_s: How far the environment is ahead of its clock, in seconds.
            opened_by: The environment that a branch's was opened by; None at the root.
            entered_id: The number of the event of entering the state; 0 in a frame inside a state.
            when_over: Takes the task back from workers; called when it ends.
            pending_task: Of a task that waits for a token or a job.
        """

        clock: ExecutionClock
        ahead_s: float
        opened_by: Frame | None
        entered_id: int
        when_over: Callable[[], None] | None
        pending_task: PendingTask

        def open_frame(self) -> Frame: ...  # type: ignore[override]
        def open_inner_frame(self) -> Frame: ...  # type: ignore[override]
else:
    Frame = Environment


def evaluate(part: EvalComponent, env: Frame) -> Any:
    """The value of a part of a definition."""
    part.eval(env=env)
    return env.stack.pop()
