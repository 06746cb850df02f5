"""Seam: the errors that Retry and Catch match, and the context object (moto 5.2.5).

Replaced:

- `ErrorEqualsDecl._eval_body`: States.ALL does not match States.Runtime and States.DataLimitExceeded; States.TaskFailed
  matches every other error but States.Timeout; States.Timeout matches a missed heartbeat too (Developer Guide, "Error
  names"). In moto States.ALL matches everything, and States.TaskFailed no error of Step Functions' own.
- `CommonStateField._eval_state_input`: EnteredTime in AWS's form, with milliseconds and Z; RetryCount is there.
- `to_json_str`: texts keep their characters, and JSON has no spaces, in histories too; moto escapes all that is not
  ASCII, and writes most with spaces.
- `TMP_THREADS`: moto keeps every thread that it has ever started.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from moto.stepfunctions.parser import utils
from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import ErrorEqualsDecl
from moto.stepfunctions.parser.asl.component.state.state import CommonStateField
from moto.stepfunctions.parser.asl.utils import encoding

from serverless_cloud.plane import DataPlane
from serverless_cloud.seams.states_answers import stamp
from serverless_cloud.seams.states_expressions import replace_everywhere

#: Errors that no wildcard matches.
TERMINAL = ("States.Runtime", "States.DataLimitExceeded")


def matches(wanted: list[str], error: str | None) -> bool:
    """Whether a retrier or catcher with these names is for an error."""
    if error in wanted and error != "States.Runtime":
        return True
    if error in TERMINAL:
        return False
    if "States.ALL" in wanted:
        return True
    if "States.TaskFailed" in wanted and error != "States.Timeout":
        return True
    return "States.Timeout" in wanted and error == "States.HeartbeatTimeout"


class _Unkept(list[Any]):
    """A list that keeps nothing."""

    def append(self, _: Any) -> None:
        """Nothing: nobody reads it."""


def install(plane: DataPlane) -> None:
    """Lets errors match as on AWS."""
    del plane
    equals: Any = ErrorEqualsDecl
    state: Any = CommonStateField
    moto_input = state._eval_state_input

    def evaluate(self: Any, env: Any) -> None:
        error = env.stack.pop()
        wanted = [name.error_name for name in self.error_names]
        env.stack.append(matches(wanted, error.error_name if error is not None else None))

    def state_input(self: Any, env: Any) -> None:
        data = env.states.context_object.context_object_data["State"]
        data["EnteredTime"] = stamp(datetime.now(UTC))
        data.setdefault("RetryCount", 0)
        moto_input(self, env)

    def text_of(obj: Any, separators: tuple[str, str] | None = None) -> str:
        no_spaces = separators or (",", ":")
        return json.dumps(obj, cls=encoding._DateTimeEncoder, separators=no_spaces, ensure_ascii=False)

    equals._eval_body = evaluate
    state._eval_state_input = state_input
    replace_everywhere(encoding.to_json_str, text_of)
    replace_everywhere(utils.TMP_THREADS, _Unkept())
