"""Seam: paths lead where AWS's lead, and Choice states take AWS's branch (moto 5.2.5).

moto reads paths with a library of another dialect: `$.items[0].price` gives a list, so that a comparison with it fails
and And takes the wrong branch. Replaced, in each module that has it:

- `extract_json`, `ResultPath._eval_body`: the paths of workflows/json_path.py.
- `StringVariableSample._eval_body`: variables in JSONPath states (moto hands them to a JSONata that it does not have).
- `ComparisonFuncValue._eval_body`, `ComparisonFuncStringVariableSample._eval_body`: the operators of
  workflows/choice.py. A Variable that leads nowhere fails the execution, except for IsPresent; moto takes it for
  different from everything.
- `ChoiceRule._eval_body`, `StateChoice._eval_state`, `_eval_state_output`: Assign of a rule sees the input; no rule and
  no Default is States.NoChoiceMatched; Default's Assign is not done for a rule that leads to the same state.
- `VariableStore.get_assigned_variables`: values in the history are JSON, whatever is in a text.
"""

from __future__ import annotations

import copy
import re
import sys
from typing import Any

from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.common.path.result_path import ResultPath
from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringVariableSample
from moto.stepfunctions.parser.asl.component.state.choice.choice_rule import ChoiceRule
from moto.stepfunctions.parser.asl.component.state.choice.comparison.comparison_func import (
    ComparisonFuncStringVariableSample,
    ComparisonFuncValue,
)
from moto.stepfunctions.parser.asl.component.state.choice.comparison.variable import NoSuchVariable
from moto.stepfunctions.parser.asl.component.state.choice.state_choice import StateChoice
from moto.stepfunctions.parser.asl.eval.variable_store import VariableStore, VariableStoreError
from moto.stepfunctions.parser.asl.utils import json_path as moto_path
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

from serverless_cloud.plane import DataPlane
from serverless_cloud.workflows.choice import MISSING, compare
from serverless_cloud.workflows.json_path import NoSuchPath, parse

_VARIABLE = re.compile(r"\$([A-Za-z_]\w*)")


def replace_everywhere(old: Any, new: Any) -> None:
    """Puts `new` in the place of `old` in each module of moto's Step Functions that has imported it."""
    for name, module in list(sys.modules.items()):
        if name.startswith("moto.stepfunctions"):
            for attribute, value in list(vars(module).items()):
                if value is old:
                    setattr(module, attribute, new)


def failure(env: Any, error: StatesErrorNameType, cause: str, event: str = "executionFailedEventDetails") -> Exception:
    """What fails a state with an error of AWS's.

    Args:
        env: of the state.
        error: its name.
        cause: in AWS's words; the state's name is put before it for States.Runtime.
        event: the kind of details.
    """
    kinds = {
        "executionFailedEventDetails": HistoryEventType.ExecutionFailed,
        "evaluationFailedEventDetails": HistoryEventType.EvaluationFailed,
        "taskFailedEventDetails": HistoryEventType.TaskFailed,
    }
    details: Any = {event: {"error": error.to_name(), "cause": cause}}
    name = StatesErrorName(typ=error)
    return FailureEventException(FailureEvent(env=env, error_name=name, event_type=kinds[event], event_details=details))


def look_up(env: Any, path: str) -> Any:
    """What a path leads to: in the context object ($$.), a variable ($name), or the input of what is evaluated.

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


def install(plane: DataPlane) -> None:
    """Puts AWS's paths into the interpreter."""
    del plane
    replace_everywhere(moto_path.extract_json, extract)
    result_path: Any = ResultPath
    variable: Any = StringVariableSample
    result_path._eval_body = _put_result
    moto_variable = variable._eval_body

    def sample(self: Any, env: Any) -> None:
        if self.query_language_mode.name == "JSONPath":
            env.stack.append(copy.deepcopy(look_up(env, self.expression)))
        else:
            moto_variable(self, env)

    variable._eval_body = sample
    store: Any = VariableStore
    store.get_assigned_variables = lambda self: {
        name: to_json_str(self.get(name), separators=(",", ":")) for name in sorted(self._declaration_tracing)
    }
    _choices()


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
        raise failure(env, StatesErrorNameType.StatesResultPathMatchFailure, cause) from None


def _choices() -> None:
    value_kind: Any = ComparisonFuncValue
    sample_kind: Any = ComparisonFuncStringVariableSample
    rule: Any = ChoiceRule
    state: Any = StateChoice

    def evaluate(self: Any, env: Any, sample: str | None = None) -> None:
        left = env.stack.pop()
        operator = self.operator_type.name
        if isinstance(left, NoSuchVariable):
            if operator != "IsPresent":
                text = left.path.split(",", 1)[0]
                raise failure(
                    env,
                    StatesErrorNameType.StatesRuntime,
                    f"Invalid path '{text}': The choice state's condition path references an invalid value.",
                )
            left = MISSING
        right = self.value if sample is None else sample
        if operator.endswith("Path"):
            operator = operator.removesuffix("Path")
            try:
                right = look_up(env, right)
            except moto_path.NoSuchJsonPathError:
                raise failure(
                    env,
                    StatesErrorNameType.StatesRuntime,
                    f"Invalid path '{right}': The choice state's condition path references an invalid value.",
                ) from None
        env.stack.append(compare(operator, left, right))

    def evaluate_rule(self: Any, env: Any) -> None:
        self.comparison.eval(env)
        is_so = env.stack.pop()
        if is_so and self.assign:
            self.assign.eval(env=env)
        if is_so and self.output:
            self.output.eval(env=env)
        env.stack.append(is_so)

    def evaluate_state(self: Any, env: Any) -> None:
        for each in self.choices_decl.rules:
            each.eval(env)
            if env.stack.pop() is True:
                env.stack.append((each.next_stmt.name, True))
                return
        if self.default_state is None:
            entered = f"(entered at the event id #{env.event_history_context.source_event_id})"
            raise failure(
                env,
                StatesErrorNameType.StatesNoChoiceMatched,
                f"An error occurred while executing the state '{self.name}' {entered}. "
                "Failed to transition out of the state. The state does not point to a next state.",
            )
        env.stack.append((self.default_state.state_name, False))

    def evaluate_output(self: Any, env: Any) -> None:
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

    value_kind._eval_body = evaluate
    sample_kind._eval_body = lambda self, env: evaluate(self, env, self.string_variable_sample.expression)
    rule._eval_body = evaluate_rule
    state._eval_state, state._eval_state_output = evaluate_state, evaluate_output
