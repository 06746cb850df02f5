"""The errors that Retry and Catch match, and the context object.

States.ALL does not match States.Runtime and States.DataLimitExceeded; States.TaskFailed matches every other error but
States.Timeout; a missed heartbeat is States.Timeout, and States.HeartbeatTimeout matches it too (Developer Guide,
"Error names"). In moto States.ALL matches everything, and States.TaskFailed no error of Step Functions' own.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import ErrorEqualsDecl
from moto.stepfunctions.parser.asl.component.state.state import CommonStateField
from moto.stepfunctions.parser.asl.utils import encoding

from serverless_cloud.core.patches import Service
from serverless_cloud.services.states.answers import stamp
from serverless_cloud.services.states.frame import Frame

patches = Service(
    "states",
    defect="engine/tests/workflows/test_states_patches.py::test_stock_moto_still_has_the_defects_that_the_patches_mend",
)

#: Errors that no wildcard matches.
TERMINAL = ("States.Runtime", "States.DataLimitExceeded")


def matches(wanted: Sequence[str | None], error: str | None) -> bool:
    """Whether a retrier or catcher with these names is for an error."""
    if error in wanted and error != "States.Runtime":
        return True
    if error in TERMINAL:
        return False
    if "States.ALL" in wanted:
        return True
    return "States.TaskFailed" in wanted and error != "States.Timeout"


class MissedHeartbeat(CustomErrorName):
    """The error of a task that has missed a heartbeat: States.Timeout, and States.HeartbeatTimeout to ErrorEquals."""


class _Unkept(list[object]):
    """A list that keeps nothing."""

    def append(self, _: object) -> None:
        """Nothing: nobody reads it."""


@patches.replaces(
    "moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl:ErrorEqualsDecl._eval_body",
    upstream="States.ALL and States.TaskFailed match what AWS documents.",
)
def _eval_body(equals: ErrorEqualsDecl, env: Frame) -> None:
    error = env.stack.pop()
    wanted = [name.error_name for name in equals.error_names]
    is_so = matches(wanted, error.error_name if error is not None else None)
    env.stack.append(is_so or (isinstance(error, MissedHeartbeat) and "States.HeartbeatTimeout" in wanted))


@patches.replaces("moto.stepfunctions.parser.asl.component.state.state:CommonStateField._eval_state_input")
def _eval_state_input(state: CommonStateField, env: Frame) -> None:
    """EnteredTime is in AWS's form, with milliseconds and Z."""
    data: Any = env.states.context_object.context_object_data["State"]
    data["EnteredTime"] = stamp(datetime.now(UTC))
    env.entered_id = env.event_history_context.source_event_id
    _eval_state_input.original(state, env)


@patches.replaces("moto.stepfunctions.parser.asl.utils.encoding:to_json_str", everywhere=True)
def to_json_str(obj: object, separators: tuple[str, str] | None = None) -> str:
    """Texts keep their characters, and JSON has no spaces, in histories too; moto escapes and writes spaces."""
    no_spaces = separators or (",", ":")
    return json.dumps(obj, cls=encoding._DateTimeEncoder, separators=no_spaces, ensure_ascii=False)


# moto keeps every thread that it has ever started.
patches.sets("moto.stepfunctions.parser.utils:TMP_THREADS", _Unkept(), expects="[]", everywhere=True)
