"""Seam: paths lead where AWS's lead, JSONata is evaluated, and Choice states take AWS's branch (moto 5.2.5).

moto reads paths with a library of another dialect: `$.items[0].price` gives a list, so that a comparison with it fails
and And takes the wrong branch. For JSONata it has no evaluator (`_eval_jsonata` is None), and writes variables into the
expression as text. Replaced, in each module that has it:

- `extract_json`, `ResultPath._eval_body`: the paths of workflows/json_path.py.
- `StringJSONata._eval_body`: workflows/jsonata.py, with variables bound. A failure is States.QueryEvaluationError.
- `StringVariableSample._eval_body`: variables, by paths or by JSONata (moto hands all of them to a JSONata that it does
  not have).
- `ComparisonFuncValue._eval_body`, `ComparisonFuncStringVariableSample._eval_body`: the operators of
  workflows/choice.py. A Variable that leads nowhere fails the execution, except for IsPresent; moto takes it for
  different from everything.
- `ConditionStringJSONata._eval_body`: a Condition that is not true or false fails with States.QueryEvaluationError.
- `ChoiceRule._eval_body`, `StateChoice._eval_state`, `_eval_state_output`: Assign of a rule sees the input; no rule and
  no Default is States.NoChoiceMatched; Default's Assign is not done for a rule that leads to the same state.
- `SecondsJSONata`, `TimeoutSecondsJSONata`, `HeartbeatSecondsJSONata`: values that are not numbers fail as well.
- `VariableStore.get_assigned_variables`: values in the history are JSON, whatever is in a text.
- `EventManager.add_event` is not touched: moto writes EvaluationFailed twice for a Task; states_history.py leaves one.
"""

from __future__ import annotations

import copy
import re
import sys
from typing import Any

from moto.stepfunctions.parser.asl.component.common.path.result_path import ResultPath
from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringJSONata, StringVariableSample
from moto.stepfunctions.parser.asl.component.common.timeouts.heartbeat import HeartbeatSecondsJSONata
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import TimeoutSecondsJSONata
from moto.stepfunctions.parser.asl.component.state.choice.choice_rule import ChoiceRule
from moto.stepfunctions.parser.asl.component.state.choice.comparison.comparison import ConditionStringJSONata
from moto.stepfunctions.parser.asl.component.state.choice.comparison.comparison_func import (
    ComparisonFuncStringVariableSample,
    ComparisonFuncValue,
)
from moto.stepfunctions.parser.asl.component.state.choice.comparison.variable import NoSuchVariable
from moto.stepfunctions.parser.asl.component.state.choice.state_choice import StateChoice
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.seconds import SecondsJSONata
from moto.stepfunctions.parser.asl.eval.variable_store import VariableStore, VariableStoreError
from moto.stepfunctions.parser.asl.utils import json_path as moto_path
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

from serverless_cloud.plane import DataPlane
from serverless_cloud.seams.replacement import Replacement
from serverless_cloud.seams.states_history import failure, note
from serverless_cloud.workflows.choice import MISSING, compare
from serverless_cloud.workflows.json_path import NoSuchPath, parse
from serverless_cloud.workflows.jsonata import JsonataError, Undefined, evaluate

_VARIABLE = re.compile(r"\$([A-Za-z_]\w*)")


def replace_everywhere(old: Any, new: Any) -> None:
    """Replaces `old` with `new` in each module of moto's Step Functions that has imported it."""
    for name, module in list(sys.modules.items()):
        if name.startswith("moto.stepfunctions"):
            for attribute, value in list(vars(module).items()):
                if value is old:
                    setattr(module, attribute, new)


def look_up(env: Any, path: str) -> Any:
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


def extract(path: str, data: Any) -> Any:
    """moto's `extract_json`, by our paths."""
    try:
        return parse(path).find(data)
    except NoSuchPath:
        raise moto_path.NoSuchJsonPathError(json_path=path, data=data) from None


def _evaluation_failure(env: Any, cause: str) -> Exception:
    """States.QueryEvaluationError, written into the history."""
    error = failure(env, "States.QueryEvaluationError", cause, "EvaluationFailed")
    note(env, "EvaluationFailed", error.get_evaluation_failed_event_details())
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
        raise _evaluation_failure(env, f"The JSONata expression '{expression}' {error}") from None
    except JsonataError as error:
        text = str(error)
        told = text if text.startswith("returned") else f"threw an error: {text}"
        raise _evaluation_failure(env, f"The JSONata expression '{expression}' {told}") from None


def _is_there(env: Any, name: str) -> bool:
    """`result` and `errorOutput` are there once they have been set."""
    return name in ("input", "context") or env.states._states_data[name] is not None


def install(plane: DataPlane) -> None:
    """Puts AWS's paths into the interpreter."""
    del plane
    replace_everywhere(moto_path.extract_json, extract)
    store: Any = VariableStore
    store.get_assigned_variables = lambda self: {
        name: to_json_str(self.get(name), separators=(",", ":")) for name in sorted(self._declaration_tracing)
    }
    evaluators: dict[Any, Any] = {
        ResultPath: _put_result,
        ComparisonFuncValue: lambda self, env: _compare(self, env, self.value),
        ComparisonFuncStringVariableSample: lambda self, env: _compare(
            self, env, self.string_variable_sample.expression
        ),
        ConditionStringJSONata: _evaluate_condition,
        ChoiceRule: _evaluate_rule,
        StringJSONata: lambda self, env: env.stack.append(value_of(env, self.expression)),
        StringVariableSample: _evaluate_variable,
    }
    for kind, evaluator in evaluators.items():
        kind._eval_body = evaluator
    for timeout in (TimeoutSecondsJSONata, HeartbeatSecondsJSONata):
        timeout._eval_seconds = _number  # type: ignore[method-assign]
    SecondsJSONata._get_wait_seconds = _number  # type: ignore[method-assign]
    _Choice.install()


def _evaluate_variable(self: Any, env: Any) -> None:
    is_path = self.query_language_mode.name == "JSONPath"
    env.stack.append(copy.deepcopy(look_up(env, self.expression)) if is_path else value_of(env, self.expression))


def _evaluate_condition(self: Any, env: Any) -> None:
    text = self.string_jsonata.expression
    value = value_of(env, text)
    if not isinstance(value, bool):
        raise _evaluation_failure(
            env, f"The JSONata expression '{text}' must evaluate to true or false, not {value!r}."
        )
    env.stack.append(value)


def _number(self: Any, env: Any) -> int:
    value = value_of(env, self.string_jsonata.expression)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise _evaluation_failure(
            env,
            f"The JSONata expression '{self.string_jsonata.expression}' must evaluate to an integer that is not "
            f"negative, but it evaluated to {value!r}.",
        )
    return value


def _put_result(self: Any, env: Any) -> None:
    given = env.states.get_input()
    if self.result_path_src is None:
        env.stack.clear()
        env.stack.append(given)
        return
    result = env.stack.pop()
    try:
        env.stack.append(parse(self.result_path_src).put(given, copy.deepcopy(result)))
    except NoSuchPath:
        text = to_json_str(given, separators=(",", ":"))
        cause = f"Unable to apply step '{self.result_path_src}' to input {text}"
        raise failure(env, "States.ResultPathMatchFailure", cause) from None


def _compare(self: Any, env: Any, right: Any) -> None:
    """A comparison of a Choice state. Args: right: the other value, or a path to it."""
    left = env.stack.pop()
    operator = self.operator_type.name
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


def _invalid_path(env: Any, path: str) -> Exception:
    text = f"Invalid path '{path}': The choice state's condition path references an invalid value."
    return failure(env, "States.Runtime", text)


def _evaluate_rule(self: Any, env: Any) -> None:
    self.comparison.eval(env)
    is_so = env.stack.pop()
    if is_so and self.assign:
        self.assign.eval(env=env)
    if is_so and self.output:
        self.output.eval(env=env)
    env.stack.append(is_so)


class _Choice(Replacement, of=StateChoice):
    def _eval_state(self: Any, env: Any) -> None:
        for each in self.choices_decl.rules:
            each.eval(env)
            if env.stack.pop() is True:
                env.stack.append((each.next_stmt.name, True))
                return
        if self.default_state is None:
            entered = f"(entered at the event id #{env.event_history_context.source_event_id})"
            raise failure(
                env,
                "States.NoChoiceMatched",
                f"An error occurred while executing the state '{self.name}' {entered}. "
                "Failed to transition out of the state. The state does not point to a next state.",
            )
        env.stack.append((self.default_state.state_name, False))

    def _eval_state_output(self: Any, env: Any) -> None:
        name, is_by_rule = env.stack.pop()
        if not is_by_rule and self.assign_decl:
            self.assign_decl.eval(env=env)
        if not is_by_rule and self.output:
            self.output.eval(env=env)
        if self.output_path:
            self.output_path.eval(env=env)
        elif self._is_language_query_jsonpath():
            env.states.reset(input_value=env.stack.pop())
        env.next_state_name = name
