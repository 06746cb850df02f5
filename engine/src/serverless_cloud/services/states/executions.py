"""Executions run, and are named, listed and described as on AWS.

moto's server has a registry that only pretends to run, and one that runs; its answers are made for the first. Here the
registry that runs is the only one, and names, ARNs, pages and words are AWS's. `start_sync_execution` and
`redrive_execution` are added.

`aws.reset()` and `aws.stop()` end every execution.
"""

from __future__ import annotations

import copy
import json
import uuid
from datetime import UTC, datetime
from typing import Any

from moto.core.exceptions import AWSError
from moto.stepfunctions.models import StateMachine, StepFunctionBackend
from moto.stepfunctions.parser import models as parser_models
from moto.stepfunctions.responses import StepFunctionResponse

from serverless_cloud.core import constraints, current
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.plane import DataPlane
from serverless_cloud.services.shape_rules import ValidationException, require_shape
from serverless_cloud.services.states.answers import (
    Answer,
    answer,
    asked,
    data_of,
    described,
    errors_of,
    item_of,
    json_of,
    page,
    require_bytes,
    settings_of,
)
from serverless_cloud.services.states.arns import require_arn
from serverless_cloud.services.states.execution_logs import logging_session
from serverless_cloud.services.states.map_children import children_of, runs_of
from serverless_cloud.services.states.running import RunningExecution

patches = Service(
    "states",
    defect="engine/tests/workflows/test_states_patches.py::test_stock_moto_still_has_the_defects_that_the_patches_mend",
)

NOT_SUPPORTED = "This operation is not supported by this type of state machine"
_EXPRESS_SYNC_WAIT_S = 310.0


def standard_of(machine: StateMachine) -> list[RunningExecution]:
    """The Standard executions of a machine."""
    found: list[Any] = machine.executions
    return found


def all_executions(backend: StepFunctionBackend) -> list[RunningExecution]:
    """Every execution that a registry knows, Express ones included."""
    return [
        execution
        for machine in backend.state_machines
        for execution in [*standard_of(machine), *express_of(machine), *children_of(machine)]
    ]


def express_of(machine: StateMachine) -> list[RunningExecution]:
    """The Express executions of a machine that run: nobody can ask for them, only their task tokens are looked up."""
    running: list[RunningExecution] = vars(machine).setdefault("express", [])
    return running


def machine_of(backend: StepFunctionBackend, arn: str) -> Any:
    """The machine of an ARN.

    Raises:
        AWSError: InvalidArn or StateMachineDoesNotExist.
    """
    require_arn(arn, "stateMachine")
    machine = next((machine for machine in backend.state_machines if machine.arn == arn), None)
    if machine is None:
        raise AWSError(f"State Machine Does Not Exist: '{arn}'", "StateMachineDoesNotExist")
    return machine


def execution_of(backend: StepFunctionBackend, arn: str) -> RunningExecution:
    """A Standard execution.

    Raises:
        AWSError: InvalidArn, also for an Express execution; ExecutionDoesNotExist.
    """
    if len(require_arn(arn, "execution")) < 8:
        raise AWSError(f"Invalid Arn: '{arn}'", "InvalidArn")
    for machine in backend.state_machines:
        found: list[RunningExecution] = [*standard_of(machine), *children_of(machine)]
        for execution in found:
            if execution.execution_arn == arn:
                return execution
    raise AWSError(f"Execution Does Not Exist: '{arn}'", "ExecutionDoesNotExist")


def events_of(execution: RunningExecution) -> list[Any]:
    """The history so far. Its events do not change any more; they are the execution's own."""
    manager = execution.exec_worker.env.event_manager
    with manager._mutex:  # moto's own look copies every event: seconds, for a long history that is read page by page
        return list(manager._history_event_list)


class Starter:
    """Starts executions."""

    def __init__(self, plane: DataPlane) -> None:
        self._plane = plane

    def start(self, backend: StepFunctionBackend, given: JsonObject, *, sync: bool = False) -> RunningExecution:
        """The execution that was started, or the one of the same name and input that runs."""
        require_shape("stepfunctions", "StartSyncExecution" if sync else "StartExecution", given)
        require_bytes(given)
        if given.get("name"):
            backend._validate_name(given["name"])
        machine = machine_of(backend, given["stateMachineArn"])
        is_express = machine.type == "EXPRESS"
        if sync and not is_express:
            raise AWSError(NOT_SUPPORTED, "StateMachineTypeNotSupported")
        text = "{}" if given.get("input") is None else given["input"]
        value = json_of(text, "Invalid State Machine Execution Input", "InvalidExecutionInput")
        name = given.get("name") or str(uuid.uuid4())
        if not is_express:
            for known in standard_of(machine):
                if known.name == name:
                    if known.status == "RUNNING" and json.loads(known.execution_input) == value:
                        return known
                    raise AWSError(f"Execution Already Exists: '{known.execution_arn}'", "ExecutionAlreadyExists")
        snapshot = copy.copy(machine)
        snapshot.executions = []
        arn = machine.arn.replace(":stateMachine:", ":express:" if is_express else ":execution:", 1) + f":{name}"
        if is_express:
            arn += f":{uuid.uuid4()}"
        execution = RunningExecution(
            self._plane,
            name=name,
            sm_type=machine.type,
            role_arn=machine.roleArn,
            exec_arn=arn,
            account_id=backend.account_id,
            region_name=backend.region_name,
            state_machine=snapshot,
            start_date=datetime.now(UTC),
            cloud_watch_logging_session=logging_session(machine, machine.name, arn),
            activity_store=backend.activities,
            input_data=text,
            trace_header=given.get("traceHeader"),
        )
        if is_express:
            express = express_of(machine)
            express[:] = [each for each in express if not each.done.is_set()]
            express.append(execution)
        else:
            machine.executions.append(execution)
        execution.start()
        return execution


def stop_all() -> None:
    """Ends every execution that runs, and waits for their threads."""
    running = [
        execution
        for account in list(parser_models.stepfunctions_parser_backends.values())
        for backend in list(account.values())
        for execution in all_executions(backend)
        if not execution.done.is_set()
    ]
    for execution in running:
        execution.is_forgotten = True
        execution.exec_worker.env.set_stop(stop_date=datetime.now(UTC), cause=None, error=None)
    for execution in running:
        execution.done.wait(2.0)


def connect(plane: DataPlane) -> None:
    """Lets executions start, and end when the cloud is emptied."""
    plane.forgetting.append(stop_all)
    current.parts[Starter] = Starter(plane)


# For CloudFormation too.
patches.sets("moto.stepfunctions.models:stepfunctions_backends", parser_models.stepfunctions_parser_backends)


@patches.replaces("moto.stepfunctions.responses:get_backend", defect="data plane")
def get_backend(account: str, region: str) -> StepFunctionBackend:
    """The registry that runs is the only one."""
    return parser_models.stepfunctions_parser_backends[account][region]


@patches.replaces("moto.stepfunctions.parser.models:StepFunctionsParserBackend._get_executions", defect="data plane")
def _get_executions(backend: StepFunctionBackend, execution_status: str | None = None) -> list[RunningExecution]:
    """Express executions are among them, so that task tokens reach them."""
    return [each for each in all_executions(backend) if execution_status is None or each.status == execution_status]


def _sync_answer(execution: RunningExecution, given: JsonObject) -> JsonObject:
    status = "FAILED" if execution.status == "ABORTED" else execution.status
    answer = {
        "executionArn": execution.execution_arn,
        "stateMachineArn": execution.state_machine.arn,
        "name": execution.name,
        "startDate": execution.start_date,
        "stopDate": execution.stop_date,
        "status": status,
        "billingDetails": execution.billing,
    }
    if given.get("includedData") != "METADATA_ONLY":
        answer |= data_of(execution, status)
    return answer | errors_of(execution)


def _executions_of(backend: StepFunctionBackend, given: JsonObject) -> list[RunningExecution]:
    """The executions of a machine or a Map Run."""
    arn, run_arn = given.get("stateMachineArn"), given.get("mapRunArn")
    if not arn and not run_arn:
        raise AWSError("Either the state machine ARN or the map run ARN must be specified", "ValidationException")
    if arn and run_arn:
        raise AWSError("Only one of state machine ARN and map run ARN can be specified", "ValidationException")
    if run_arn:
        runs = [run for machine in backend.state_machines for run in runs_of(machine) if run.arn == run_arn]
        if not runs:
            raise AWSError(f"Resource not found: '{run_arn}'", "ResourceNotFound")
        return [child for child in runs[0].children if not child.is_express]
    machine = machine_of(backend, str(arn))
    if machine.type == "EXPRESS":
        raise AWSError(NOT_SUPPORTED, "StateMachineTypeNotSupported")
    return list(machine.executions)


@patches.replaces("moto.stepfunctions.responses:StepFunctionResponse.start_execution")
def start_execution(response: StepFunctionResponse) -> Answer:
    execution = current.parts[Starter].start(response.stepfunction_backend, json.loads(response.body))
    return answer(response, {"executionArn": execution.execution_arn, "startDate": execution.start_date})


@patches.replaces(
    "moto.stepfunctions.responses:StepFunctionResponse.start_sync_execution",
    expects="",
    upstream="StartSyncExecution runs Express executions.",
)
def start_sync_execution(response: StepFunctionResponse) -> Answer:
    given = json.loads(response.body)
    execution = current.parts[Starter].start(response.stepfunction_backend, given, sync=True)
    execution.done.wait(_EXPRESS_SYNC_WAIT_S)
    return answer(response, _sync_answer(execution, given))


@patches.replaces(
    "moto.stepfunctions.responses:StepFunctionResponse.redrive_execution",
    expects="",
    upstream="RedriveExecution exists.",
)
def redrive_execution(response: StepFunctionResponse) -> Answer:
    given = asked(response, "RedriveExecution")
    execution = execution_of(response.stepfunction_backend, given["executionArn"])
    with execution.being_redriven:
        if reason := execution.why_not_redrivable:
            raise AWSError(reason, "ExecutionNotRedrivable")
        execution.redrive()
    return answer(response, {"redriveDate": execution.redrive_date})


@patches.replaces("moto.stepfunctions.responses:StepFunctionResponse.describe_execution")
def describe_execution(response: StepFunctionResponse) -> Answer:
    given = asked(response, "DescribeExecution")
    execution = execution_of(response.stepfunction_backend, given["executionArn"])
    return answer(response, described(execution, with_data=given.get("includedData") != "METADATA_ONLY"))


#: In the order in which AWS's message names them; the last two [recalled, not verified].
_STATUSES = ("SUCCEEDED", "TIMED_OUT", "PENDING_REDRIVE", "ABORTED", "FAILED", "RUNNING")


def _require_status(wanted: object) -> None:
    if wanted is not None and wanted not in _STATUSES:
        raise ValidationException(
            constraints.violation_message("statusFilter", constraints.one_of(_STATUSES), str(wanted))
        )


@patches.replaces("moto.stepfunctions.responses:StepFunctionResponse.list_executions")
def list_executions(response: StepFunctionResponse) -> Answer:
    given = json.loads(response.body)
    _require_status(given.get("statusFilter") if isinstance(given, dict) else None)
    given = asked(response, "ListExecutions")
    found = _executions_of(response.stepfunction_backend, given)
    found.sort(key=lambda each: each.start_date, reverse=True)
    if wanted := given.get("statusFilter"):
        found = [each for each in found if each.status == wanted]
    if redriven := given.get("redriveFilter"):
        found = [each for each in found if (each.redrive_count > 0) == (redriven == "REDRIVEN")]
    items, token = page([item_of(each, each.status) for each in found], given)
    return answer(response, {"executions": items, "nextToken": token})


@patches.replaces("moto.stepfunctions.responses:StepFunctionResponse.get_execution_history")
def get_execution_history(response: StepFunctionResponse) -> Answer:
    given = asked(response, "GetExecutionHistory")
    execution = execution_of(response.stepfunction_backend, given["executionArn"])
    events = events_of(execution)
    items, token = page(events[::-1] if given.get("reverseOrder") else events, given)
    items = copy.deepcopy(items)
    for event in items:
        event["timestamp"] = datetime.fromisoformat(event["timestamp"])
    if given.get("includeExecutionData") is False:
        for event in items:
            for details in event.values():
                if isinstance(details, dict):
                    for name in ("input", "output", "inputDetails", "outputDetails"):
                        details.pop(name, None)
    return answer(response, {"events": items, "nextToken": token})


@patches.replaces("moto.stepfunctions.responses:StepFunctionResponse.stop_execution")
def stop_execution(response: StepFunctionResponse) -> Answer:
    given = asked(response, "StopExecution")
    execution = execution_of(response.stepfunction_backend, given["executionArn"])
    execution.stop(datetime.now(UTC), given.get("error"), given.get("cause"))
    return answer(response, {"stopDate": execution.stop_date})


@patches.replaces("moto.stepfunctions.responses:StepFunctionResponse.describe_state_machine_for_execution")
def describe_state_machine_for_execution(response: StepFunctionResponse) -> Answer:
    given = asked(response, "DescribeStateMachineForExecution")
    execution = execution_of(response.stepfunction_backend, given["executionArn"])
    machine = execution.state_machine
    told = {
        "stateMachineArn": machine.arn,
        "roleArn": execution.role_arn,
        "updateDate": machine.update_date,
        "mapRunArn": execution.map_run_arn,
    }
    return answer(response, told | settings_of(machine))
