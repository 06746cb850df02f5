"""TestState runs a single state, for real or with a mocked result. moto has no answer for it.

Rules: Step Functions API Reference, TestState; the texts of what is refused are ours where no other source is named.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from moto.core.exceptions import AWSError
from moto.stepfunctions.models import StateMachineInstance
from moto.stepfunctions.responses import StepFunctionResponse

from serverless_cloud.core import current
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.services.shape_rules import ValidationException
from serverless_cloud.services.states.answers import Answer, answer, asked, json_of
from serverless_cloud.services.states.frame import Frame
from serverless_cloud.services.states.running import new_program
from serverless_cloud.services.states.trials import Trial, TrialExecution, inspection, states_of
from serverless_cloud.workflows import mocks
from serverless_cloud.workflows.definition import problems, targets
from serverless_cloud.workflows.problems import Problem, as_text
from serverless_cloud.workflows.task_resources import call_of

patches = Service(
    "states",
    defect="engine/tests/workflows/test_states_patches.py::test_stock_moto_still_has_the_defects_that_the_patches_mend",
)

_ALONE = "TestState"  # the name of a state that is given without a machine
_MOCKABLE = ("Task", "Map", "Parallel")
_NO_ROLE = "arn:aws:iam::{}:role/test-state"


@patches.replaces("moto.stepfunctions.responses:StepFunctionResponse.test_state", expects="")
def try_state(response: StepFunctionResponse) -> Answer:
    """The answer to TestState."""
    given = asked(response, "TestState")
    value = json_of(given.get("input") or "{}", "Invalid State Machine Execution Input", "InvalidExecutionInput")
    definition, name = _machine(given)
    own = _own(json.loads(definition), name)
    mock = _mock(given, own)
    trial = Trial(
        mock=mock,
        settings=given.get("stateConfiguration", {}),
        context=_object(given, "context"),
    )
    if "context" in given and mock is None:
        raise ValidationException("The context can only be specified when a mock is specified")
    program = _program(definition)
    state = dict(states_of(program.states.states))[name]
    execution = _execution(response, given, definition)
    env = execution.try_out(trial, program, state, value, _object(given, "variables"))
    return answer(response, _told(execution, trial, env, given))


def _machine(given: JsonObject) -> tuple[str, str]:
    """The definition of a machine with the state, and the state's name in it.

    Raises:
        AWSError: InvalidDefinition.
        ValidationException: the machine has no such state.
    """
    text, name = given["definition"], given.get("stateName")
    if name is not None:
        _require(problems(text))
        if _own(json.loads(text), name) is None:
            raise ValidationException(f"State '{name}' was not found in the state machine definition")
        return text, name
    try:
        state = json.loads(text)
    except ValueError:
        state = None
    if not isinstance(state, dict):
        _require(problems(text))
    ends = {target: {"Type": "Succeed"} for target, _ in targets(state, "") if target != _ALONE}
    if "Next" not in state and "End" not in state and state.get("Type") in ("Pass", "Task", "Wait", "Map", "Parallel"):
        state = state | {"End": True}  # nothing has to follow a state that is tried out
    whole = json.dumps({"StartAt": _ALONE, "States": {_ALONE: state, **ends}}, ensure_ascii=False)
    root = f"/States/{_ALONE}"
    _require([replace(each, place=each.place and each.place.removeprefix(root)) for each in problems(whole)])
    return whole, _ALONE


def _require(found: list[Problem]) -> None:
    if found:
        raise AWSError(as_text(found), "InvalidDefinition")


def _program(definition: str) -> Any:
    try:
        return new_program(definition)
    except Exception as error:
        wrong = Problem("NOT_SUPPORTED_HERE", f"The local cloud can't run this definition: {error}", None)
        raise AWSError(as_text([wrong]), "InvalidDefinition") from None


def _own(scope: Any, name: str) -> Any:
    """The state of a name in a definition, at any depth; None if there is none."""
    for each, state in scope.get("States", {}).items():
        if each == name:
            return state
        for inner in (state.get("ItemProcessor"), state.get("Iterator"), *(state.get("Branches") or ())):
            if inner and (found := _own(inner, name)) is not None:
                return found
    return None


def _object(given: JsonObject, name: str) -> JsonObject:
    """A parameter that is an object in JSON; {} if it isn't given."""
    value = json_of("{}" if given.get(name) is None else given[name], f"Invalid {name}", "ValidationException")
    if not isinstance(value, dict):
        raise ValidationException(f"Invalid {name}: it must be a JSON object")
    return value


def _mock(given: JsonObject, state: JsonObject) -> JsonObject | None:
    """The mock of a request; None if there is none.

    Raises:
        ValidationException: it doesn't fit the state, or the state needs one.
    """
    mock: JsonObject | None = given.get("mock")
    kind, resource = state["Type"], str(state.get("Resource", ""))
    if mock is None:
        call = call_of(resource)
        if kind in ("Map", "Parallel") or (kind == "Task" and call and call.pattern):
            what = f"Resource '{resource}'" if kind == "Task" else f"State type '{kind}'"
            raise ValidationException(f"{what} is not supported when a mock is not specified")
        if kind == "Task" and "roleArn" not in given:
            raise ValidationException("A role must be specified when a mock is not specified")
        return None
    if kind not in _MOCKABLE:
        raise ValidationException(f"State type '{kind}' is not supported when a mock is specified")
    if ("result" in mock) == ("errorOutput" in mock):
        raise ValidationException("A test mock should have only one of the following fields: [result, errorOutput].")
    if "result" in mock:
        result = json_of(mock["result"], "Mocked result must be valid JSON", "ValidationException")
        mode = mock.get("fieldValidationMode", "STRICT")
        if wrong := mocks.problems(resource, result, mode):
            raise ValidationException(f"Mock result schema validation error: {', '.join(wrong)}")
        if kind in ("Map", "Parallel") and mode != "NONE" and not isinstance(result, list):
            raise ValidationException(f"Mocked result of a {kind} state must be an array")
    elif not mock["errorOutput"].get("error"):
        raise ValidationException("The error of errorOutput must be specified")
    return mock


def _execution(response: StepFunctionResponse, given: JsonObject, definition: str) -> TrialExecution:
    backend = response.stepfunction_backend
    place, role = f"{backend.region_name}:{backend.account_id}", given.get("roleArn")
    arn = f"arn:aws:states:{place}:stateMachine:{_ALONE}"
    role = role or _NO_ROLE.format(backend.account_id)
    return TrialExecution(
        current.plane,
        name=str(uuid.uuid4()),
        sm_type="STANDARD",
        role_arn=role,
        exec_arn=f"arn:aws:states:{place}:execution:{_ALONE}:{uuid.uuid4()}",
        account_id=backend.account_id,
        region_name=backend.region_name,
        state_machine=StateMachineInstance(arn, _ALONE, definition, role),
        start_date=datetime.now(UTC),
        cloud_watch_logging_session=None,
        activity_store=backend.activities,
        input_data=given.get("input") or "{}",
    )


def _told(execution: TrialExecution, trial: Trial, env: Frame, given: JsonObject) -> JsonObject:
    told: JsonObject = {"status": "SUCCEEDED"}
    if execution.status == "TIMED_OUT":
        told = {"status": "FAILED", "error": "States.Timeout"}
    elif execution.status != "SUCCEEDED":
        told = {"status": "RETRIABLE" if "retryIndex" in trial.errors else "FAILED"}
        told |= {name: value for name in ("error", "cause") if (value := getattr(execution, name)) is not None}
    else:
        if "catchIndex" in trial.errors:
            told = {"status": "CAUGHT_ERROR", "error": trial.caught.get("Error"), "cause": trial.caught.get("Cause")}
        told["output"] = json.dumps(env.states.get_input(), ensure_ascii=False, separators=(",", ":"))
        told["nextState"] = trial.next_state
    if given.get("inspectionLevel", "INFO") != "INFO":
        told["inspectionData"] = inspection(trial, env)
    return told
