"""Paths lead where AWS's lead, JSONata is evaluated, and Choice states take AWS's branch.

moto reads paths with a library of another dialect: `$.items[0].price` gives a list, so that a comparison with it fails
and And takes the wrong branch. For JSONata it has no evaluator (`_eval_jsonata` is None), and writes variables into the
expression as text. Here:

- workflows/json_path.py follows paths, and workflows/jsonata.py evaluates JSONata with variables bound. A failure is
  States.QueryEvaluationError.
- Comparisons are the operators of workflows/choice.py. A Variable that leads nowhere fails the execution, except for
  IsPresent; moto takes it for different from everything.
- A Condition that is not true or false fails, and so do seconds that are not numbers.
- Assign of a rule sees the input; no rule and no Default is States.Runtime, with AWS's cause; Default's Assign is not
  done for a rule that leads to the same state.

moto writes EvaluationFailed twice for a Task; history.py leaves one.
"""

from __future__ import annotations

import copy
import math
import re
from typing import Any, Protocol

from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
from moto.stepfunctions.parser.asl.component.common.path.result_path import ResultPath
from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringJSONata, StringVariableSample
from moto.stepfunctions.parser.asl.component.common.timeouts.heartbeat import HeartbeatSecondsJSONata
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import TimeoutSecondsJSONata
from moto.stepfunctions.parser.asl.component.state.choice.comparison.comparison import ConditionStringJSONata
from moto.stepfunctions.parser.asl.component.state.choice.comparison.comparison_func import (
    ComparisonFuncStringVariableSample,
    ComparisonFuncValue,
)
from moto.stepfunctions.parser.asl.component.state.choice.comparison.variable import NoSuchVariable
from moto.stepfunctions.parser.asl.component.state.exec.state_map.max_concurrency import MaxConcurrencyJSONata
from moto.stepfunctions.parser.asl.component.state.exec.state_map.tolerated_failure import (
    ToleratedFailureCountStringJSONata,
    ToleratedFailurePercentageStringJSONata,
)
from moto.stepfunctions.parser.asl.component.state.fail.cause_decl import Cause
from moto.stepfunctions.parser.asl.component.state.fail.error_decl import Error
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.seconds import SecondsJSONata
from moto.stepfunctions.parser.asl.eval.variable_store import VariableStore, VariableStoreError
from moto.stepfunctions.parser.asl.utils import json_path as moto_path
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.services.states.frame import Frame
from serverless_cloud.services.states.history import failure, failure_event, note
from serverless_cloud.workflows.choice import MISSING, compare
from serverless_cloud.workflows.json_path import NoSuchPath, parse
from serverless_cloud.workflows.jsonata import JsonataError, Undefined, evaluate

patches = Service(
    "states",
    defect="engine/tests/workflows/test_states_patches.py::test_stock_moto_still_has_the_defects_that_the_patches_mend",
)

_ASL = "moto.stepfunctions.parser.asl"
_STRING = f"{_ASL}.component.common.string.string_expression"
_TIMEOUTS = f"{_ASL}.component.common.timeouts"
_COMPARISON = f"{_ASL}.component.state.choice.comparison"
_MAP = f"{_ASL}.component.state.exec.state_map"

_Expression = StringJSONata | StringVariableSample
_CODED = re.compile(r"[A-Z]\d{4}: ")
_VARIABLE = re.compile(r"\$([A-Za-z_]\w*)")


def look_up(env: Frame, path: str) -> object:
    """The value at a path: in the context object ($$.), a variable ($name), or the input of the evaluation.

    Raises:
        NoSuchJsonPathError: it leads nowhere.
    """
    if path.startswith("$$"):
        return extract(path[1:], env.states.context_object.context_object_data)
    if found := _VARIABLE.match(path):
        try:
            value = env.variable_store.get(found.group(1))
        except VariableStoreError as error:
            raise moto_path.NoSuchJsonPathError(path, {}) from error
        return extract("$" + path[found.end() :], value)
    return extract(path, env.stack[-1])


@patches.replaces(f"{_ASL}.utils.json_path:extract_json", everywhere=True)
def extract(path: str, data: object) -> object:
    """moto's `extract_json`, by our paths."""
    try:
        return parse(path).find(data)
    except NoSuchPath:
        raise moto_path.NoSuchJsonPathError(json_path=path, data=data) from None


def _evaluation_failure(env: Frame, part: _Expression, cause: str) -> Exception:
    """States.QueryEvaluationError, written into the history. Args: cause: how the sentence about `part` ends."""
    place = vars(part).get("place", "")
    about = f"The JSONata expression '{part.expression}' specified for the field '{place}' {cause}"
    event = failure_event(env, "EvaluationFailed", "States.QueryEvaluationError", about, location=place)
    error = FailureEventException(event)
    note(env, "EvaluationFailed", error.get_evaluation_failed_event_details())
    vars(error)["get_evaluation_failed_event_details"] = dict  # moto's Map asks again; history.py drops this answer
    return error


def _unexpected(env: Frame, part: _Expression, wanted: str, value: object) -> Exception:
    kind = next((name for kinds, name in _KINDS if isinstance(value, kinds)), "null")
    shown = to_json_str(value, separators=(",", ":"))
    return _evaluation_failure(
        env,
        part,
        f"returned an unexpected result type. Expected '{wanted}', but was '{kind}' for value: {shown}",
    )


#: The names of JSON's types.
_KINDS: tuple[tuple[Any, str], ...] = (
    (bool, "boolean"),
    ((int, float), "number"),
    (str, "string"),
    (list, "array"),
    (dict, "object"),
)


def value_of(env: Frame, part: _Expression) -> object:
    """The value of an expression in a state.

    Raises:
        FailureEventException: States.QueryEvaluationError.
    """
    known = env.variable_store
    variables = {**known._outer_scope, **known._inner_scope}
    states = {name: value for name, value in env.states._states_data.items() if _is_there(env, name)}
    try:
        return evaluate(part.expression, variables | {"states": states})
    except Undefined as error:
        raise _evaluation_failure(env, part, str(error)) from None
    except JsonataError as error:
        text = str(error)
        mark = ". " if _CODED.match(text) else ": "
        told = text if text.startswith("returned") else f"threw an error during evaluation{mark}{text}"
        raise _evaluation_failure(env, part, told) from None


def _is_there(env: Frame, name: str) -> bool:
    """`result` and `errorOutput` are there once they have been set."""
    data: JsonObject = {**env.states._states_data}
    return name in ("input", "context") or data[name] is not None


@patches.replaces(f"{_ASL}.eval.variable_store:VariableStore.get_assigned_variables")
def get_assigned_variables(store: VariableStore) -> dict[str, str]:
    """The values in the history: JSON, whatever is in a text."""
    return {name: to_json_str(store.get(name), separators=(",", ":")) for name in sorted(store._declaration_tracing)}


@patches.replaces(f"{_STRING}:StringJSONata._eval_body")
def _evaluate_jsonata(string: StringJSONata, env: Frame) -> None:
    env.stack.append(value_of(env, string))


@patches.replaces(f"{_COMPARISON}.comparison_func:ComparisonFuncValue._eval_body")
def _compare_with_value(comparison: ComparisonFuncValue, env: Frame) -> None:
    _compare(comparison, env, comparison.value)


@patches.replaces(f"{_COMPARISON}.comparison_func:ComparisonFuncStringVariableSample._eval_body")
def _compare_with_variable(comparison: ComparisonFuncStringVariableSample, env: Frame) -> None:
    _compare(comparison, env, comparison.string_variable_sample.expression)


@patches.replaces(f"{_STRING}:StringVariableSample._eval_body")
def _evaluate_variable(sample: StringVariableSample, env: Frame) -> None:
    is_path = sample.query_language_mode.name == "JSONPath"
    env.stack.append(copy.deepcopy(look_up(env, sample.expression)) if is_path else value_of(env, sample))


@patches.replaces(f"{_COMPARISON}.comparison:ConditionStringJSONata._eval_body")
def _evaluate_condition(condition: ConditionStringJSONata, env: Frame) -> None:
    value = value_of(env, condition.string_jsonata)
    if not isinstance(value, bool):
        raise _unexpected(env, condition.string_jsonata, "boolean", value)
    env.stack.append(value)


class _Computed(Protocol):
    """A part of a state whose value JSONata computes."""

    @property
    def string_jsonata(self) -> StringJSONata: ...


def _number(part: _Computed, env: Frame, least: int = 0) -> int:
    value = value_of(env, part.string_jsonata)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _unexpected(env, part.string_jsonata, "integer", value)
    _require_range(env, part, value, least)
    return value


def _require_range(env: Frame, part: _Computed, value: float, least: float, most: float = math.inf) -> None:
    if not least <= value <= most:
        raise _evaluation_failure(env, part.string_jsonata, f"returned a value that is out of range: {value}")


@patches.replaces(f"{_TIMEOUTS}.timeout:TimeoutSecondsJSONata._eval_seconds")
def _timeout_seconds(timeout: TimeoutSecondsJSONata, env: Frame) -> int:
    return _number(timeout, env, 1)


@patches.replaces(f"{_TIMEOUTS}.heartbeat:HeartbeatSecondsJSONata._eval_seconds")
def _heartbeat_seconds(heartbeat: HeartbeatSecondsJSONata, env: Frame) -> int:
    return _number(heartbeat, env, 1)


@patches.replaces(f"{_ASL}.component.state.wait.wait_function.seconds:SecondsJSONata._get_wait_seconds")
def _wait_seconds(seconds: SecondsJSONata, env: Frame) -> int:
    return _number(seconds, env)


@patches.replaces(f"{_MAP}.max_concurrency:MaxConcurrencyJSONata._eval_max_concurrency")
def _max_concurrency(concurrency: MaxConcurrencyJSONata, env: Frame) -> int:
    return _number(concurrency, env)


@patches.replaces(f"{_MAP}.tolerated_failure:ToleratedFailureCountStringJSONata._eval_tolerated_failure_count")
def _tolerated_count(count: ToleratedFailureCountStringJSONata, env: Frame) -> int:
    return _number(count, env)


@patches.replaces(
    f"{_MAP}.tolerated_failure:ToleratedFailurePercentageStringJSONata._eval_tolerated_failure_percentage"
)
def _tolerated_percentage(percentage: ToleratedFailurePercentageStringJSONata, env: Frame) -> float:
    value = value_of(env, percentage.string_jsonata)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _unexpected(env, percentage.string_jsonata, "number", value)
    _require_range(env, percentage, value, 0, 100)
    return value


@patches.replaces(f"{_ASL}.component.state.fail.error_decl:Error._eval_body")
def _evaluate_error(error: Error, env: Frame) -> None:
    _evaluate_text(error.string_expression, env)


@patches.replaces(f"{_ASL}.component.state.fail.cause_decl:Cause._eval_body")
def _evaluate_cause(cause: Cause, env: Frame) -> None:
    _evaluate_text(cause.string_expression, env)


def _evaluate_text(expression: Any, env: Frame) -> None:
    """Error or Cause of a Fail state. moto's execution ends without a result if it isn't a text."""
    expression.eval(env=env)
    if isinstance(value := env.stack[-1], str):
        return
    if isinstance(expression, StringJSONata):
        raise _unexpected(env, expression, "string", value)
    raise failure(env, "States.Runtime", f'Reference path "{expression.literal_value}" must point to a string.')


@patches.replaces(f"{_ASL}.component.common.path.result_path:ResultPath._eval_body")
def _put_result(path: ResultPath, env: Frame) -> None:
    given = env.states.get_input()
    if path.result_path_src is None:
        env.stack.clear()
        env.stack.append(given)
        return
    result = env.stack.pop()
    try:
        env.stack.append(parse(path.result_path_src).put(given, copy.deepcopy(result)))
    except NoSuchPath:
        text = to_json_str(given, separators=(",", ":"))
        cause = f"Unable to apply step '{path.result_path_src}' to input {text}"
        raise failure(env, "States.ResultPathMatchFailure", cause) from None


def _compare(comparison: ComparisonFuncValue | ComparisonFuncStringVariableSample, env: Frame, right: Any) -> None:
    """A comparison of a Choice state. Args: right: the other value, or a path to it."""
    left = env.stack.pop()
    operator = comparison.operator_type.name
    if isinstance(left, NoSuchVariable):
        if operator != "IsPresent":
            raise _invalid_path(env, left.path.split(",", 1)[0])
        left = MISSING
    if operator.endswith("Path"):
        operator = operator.removesuffix("Path")
        try:
            right = look_up(env, right)
        except moto_path.NoSuchJsonPathError:
            raise _invalid_path(env, right) from None
    env.stack.append(compare(operator, left, right))


def _invalid_path(env: Frame, path: str) -> Exception:
    text = f"Invalid path '{path}': The choice state's condition path references an invalid value."
    return failure(env, "States.Runtime", text)


@patches.replaces(f"{_ASL}.component.state.choice.choice_rule:ChoiceRule._eval_body")
def _evaluate_rule(rule: Any, env: Frame) -> None:
    rule.comparison.eval(env)
    is_so = env.stack.pop()
    if is_so and rule.assign:
        rule.assign.eval(env=env)
    if is_so and rule.output:
        rule.output.eval(env=env)
    env.stack.append(is_so)


@patches.replaces("moto.stepfunctions.parser.asl.component.state.choice.state_choice:StateChoice._eval_state")
def _eval_state(state: Any, env: Frame) -> None:
    for each in state.choices_decl.rules:
        each.eval(env)
        if env.stack.pop() is True:
            env.stack.append((each.next_stmt.name, True))
            return
    if state.default_state is None:
        cause = "Failed to transition out of the state. The state does not point to a next state."
        raise failure(env, "States.Runtime", cause)
    env.stack.append((state.default_state.state_name, False))


@patches.replaces("moto.stepfunctions.parser.asl.component.state.choice.state_choice:StateChoice._eval_state_output")
def _eval_state_output(state: Any, env: Frame) -> None:
    name, is_by_rule = env.stack.pop()
    if not is_by_rule and state.assign_decl:
        state.assign_decl.eval(env=env)
    if not is_by_rule and state.output:
        state.output.eval(env=env)
    if state.output_path:
        state.output_path.eval(env=env)
    elif state._is_language_query_jsonpath():
        env.states.reset(input_value=env.stack.pop())
    env.next_state_name = name
