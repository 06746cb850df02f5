"""Seam: JSONata expressions are evaluated (moto 5.2.5).

moto has no evaluator (`_eval_jsonata` is None), and writes variables into the expression as text. Replaced:

- `StringJSONata._eval_body`, and `StringVariableSample._eval_body` for JSONata states: workflows/jsonata.py, with
  variables bound. What fails is States.QueryEvaluationError.
- `ConditionStringJSONata._eval_body`: a Condition that is not true or false fails in the same way.
- `SecondsJSONata`, `TimeoutSecondsJSONata`, `HeartbeatSecondsJSONata`: numbers that are none fail, too.
- `EventManager.add_event` is not touched: moto writes EvaluationFailed twice for a Task; states_history.py leaves one.
"""

from __future__ import annotations

from typing import Any

from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringJSONata, StringVariableSample
from moto.stepfunctions.parser.asl.component.common.timeouts.heartbeat import HeartbeatSecondsJSONata
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import TimeoutSecondsJSONata
from moto.stepfunctions.parser.asl.component.state.choice.comparison.comparison import ConditionStringJSONata
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.seconds import SecondsJSONata

from serverless_cloud.plane import DataPlane
from serverless_cloud.seams.states_paths import failure
from serverless_cloud.workflows.jsonata import JsonataError, Undefined, evaluate


def fail(env: Any, cause: str) -> Exception:
    """States.QueryEvaluationError, written into the history."""
    error = failure(env, StatesErrorNameType.StatesQueryEvaluationError, cause, "evaluationFailedEventDetails")
    told: Any = error
    env.event_manager.add_event(
        context=env.event_history_context,
        event_type=HistoryEventType.EvaluationFailed,
        event_details={"evaluationFailedEventDetails": told.get_evaluation_failed_event_details()},
    )
    return error


def value_of(env: Any, expression: str) -> Any:
    """The value of an expression in a state.

    Raises:
        FailureEventException: States.QueryEvaluationError.
    """
    known = env.variable_store
    variables = {**known._outer_scope, **known._inner_scope}
    states = {name: value for name, value in env.states._states_data.items() if _is_there(env, name)}
    try:
        return evaluate(expression, variables | {"states": states})
    except Undefined as error:
        raise fail(env, f"The JSONata expression '{expression}' {error}") from None
    except JsonataError as error:
        text = str(error)
        told = text if text.startswith("returned") else f"threw an error: {text}"
        raise fail(env, f"The JSONata expression '{expression}' {told}") from None


def _is_there(env: Any, name: str) -> bool:
    """`result` and `errorOutput` are there once they have been set."""
    return name in ("input", "context") or env.states._states_data[name] is not None


def _number(self: Any, env: Any) -> int:
    value = value_of(env, self.string_jsonata.expression)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise fail(
            env,
            f"The JSONata expression '{self.string_jsonata.expression}' must evaluate to an integer that is not "
            f"negative, but it evaluated to {value!r}.",
        )
    return value


def install(plane: DataPlane) -> None:
    """Puts an evaluator into the interpreter."""
    del plane
    expression: Any = StringJSONata
    variable: Any = StringVariableSample
    condition: Any = ConditionStringJSONata
    jsonpath_sample = variable._eval_body

    def evaluate_expression(self: Any, env: Any) -> None:
        env.stack.append(value_of(env, self.expression))

    def evaluate_variable(self: Any, env: Any) -> None:
        if self.query_language_mode.name == "JSONata":
            env.stack.append(value_of(env, self.expression))
        else:
            jsonpath_sample(self, env)

    def evaluate_condition(self: Any, env: Any) -> None:
        value = value_of(env, self.string_jsonata.expression)
        if not isinstance(value, bool):
            text = self.string_jsonata.expression
            raise fail(env, f"The JSONata expression '{text}' must evaluate to true or false, not {value!r}.")
        env.stack.append(value)

    expression._eval_body = evaluate_expression
    variable._eval_body = evaluate_variable
    condition._eval_body = evaluate_condition
    for kind in (TimeoutSecondsJSONata, HeartbeatSecondsJSONata):
        kind._eval_seconds = _number  # type: ignore[method-assign]
    SecondsJSONata._get_wait_seconds = _number  # type: ignore[method-assign]
