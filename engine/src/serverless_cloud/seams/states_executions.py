"""Seam: executions run, and are named, listed and described as on AWS (moto 5.2.5).

moto's server has a registry that only pretends to run, and one that runs; its answers are made for the first. Replaced:

- `models.stepfunctions_backends`, `responses.get_backend`: the registry that runs is the only one, for CloudFormation
  too.
- `StepFunctionResponse`: `start_execution`, `describe_execution`, `list_executions`, `get_execution_history`,
  `stop_execution`, `describe_state_machine_for_execution` (names, ARNs, versions, pages and words as on AWS);
  `start_sync_execution` and `redrive_execution` are added.
- `StepFunctionsParserBackend._get_executions`: Express executions are among them, so that task tokens reach them.

`aws.reset()` and `aws.stop()` end every execution.
"""

from __future__ import annotations

import copy
import json
import random
import uuid
from datetime import UTC, datetime
from typing import Any

from moto.core.exceptions import AWSError
from moto.stepfunctions import models, responses
from moto.stepfunctions.parser import models as parser_models
from moto.stepfunctions.responses import StepFunctionResponse

from serverless_cloud.plane import DataPlane
from serverless_cloud.seams.replacement import Replacement
from serverless_cloud.seams.shape_rules import require_shape
from serverless_cloud.seams.states_answers import answer, asked, data_of, described, errors_of, item_of, page
from serverless_cloud.seams.states_logs import logging_session
from serverless_cloud.seams.states_map_children import children_of, runs_of
from serverless_cloud.seams.states_running import RunningExecution

NOT_SUPPORTED = "This operation is not supported by this type of state machine"
_EXPRESS_SYNC_WAIT_S = 310.0


def all_executions(backend: Any) -> list[Any]:
    """Every execution that a registry knows, Express ones included."""
    return [
        execution
        for machine in backend.state_machines
        for execution in [*machine.executions, *express_of(machine), *children_of(machine)]
    ]


def express_of(machine: Any) -> list[Any]:
    """The Express executions of a machine that run: nobody can ask for them, only their task tokens are looked up."""
    running: list[Any] = vars(machine).setdefault("express", [])
    return running


def machine_of(backend: Any, arn: str) -> tuple[Any, Any, str | None]:
    """The machine, what an execution of this ARN runs (it, or a version), and the alias that was named, or None.

    Args:
        arn: of a machine, a version or an alias.

    Raises:
        AWSError: InvalidArn or StateMachineDoesNotExist.
    """
    backend._validate_machine_arn(arn)
    parts = arn.split(":")
    base, qualifier = ":".join(parts[:7]), (parts[7] if len(parts) > 7 else None)
    machine = next((each for each in backend.state_machines if each.arn == base), None)
    if machine is not None and qualifier is None:
        return machine, machine, None
    if machine is not None and qualifier is not None:
        if qualifier in machine.aliases:
            routes = machine.aliases[qualifier].routing_configuration
            (chosen,) = random.choices(routes, [route["weight"] for route in routes])
            number = int(chosen["stateMachineVersionArn"].rsplit(":", 1)[1])
            return machine, machine.versions[number], arn
        if qualifier.isdigit() and int(qualifier) in machine.versions:
            return machine, machine.versions[int(qualifier)], None
    raise AWSError(f"State Machine Does Not Exist: '{arn}'", "StateMachineDoesNotExist")


def execution_of(backend: Any, arn: str) -> Any:
    """A Standard execution.

    Raises:
        AWSError: InvalidArn, also for an Express execution; ExecutionDoesNotExist.
    """
    parts = arn.split(":")
    if len(parts) > 5 and parts[2] == "states" and parts[5] == "express":
        raise AWSError("Invalid Arn: 'Resource type not valid in this context: express'", "InvalidArn")
    if len(parts) < 8 or parts[5] != "execution":
        raise AWSError(f"Invalid Arn: '{arn}'", "InvalidArn")
    for machine in backend.state_machines:
        for execution in [*machine.executions, *children_of(machine)]:
            if execution.execution_arn == arn:
                return execution
    raise AWSError(f"Execution Does Not Exist: '{arn}'", "ExecutionDoesNotExist")


def events_of(execution: Any) -> list[Any]:
    """The history so far. Its events do not change any more; they are the execution's own."""
    manager = execution.exec_worker.env.event_manager
    with manager._mutex:  # moto's own look copies every event: seconds, for a long history that is read page by page
        return list(manager._history_event_list)


class Starter:
    """Starts executions."""

    def __init__(self, plane: DataPlane) -> None:
        self._plane = plane

    def start(self, backend: Any, given: dict[str, Any], *, sync: bool = False) -> Any:
        """The execution that was started, or the one of the same name and input that runs."""
        require_shape("stepfunctions", "StartSyncExecution" if sync else "StartExecution", given)
        if given.get("name"):
            backend._validate_name(given["name"])
        machine, instance, alias_arn = machine_of(backend, given["stateMachineArn"])
        is_express = machine.type == "EXPRESS"
        if sync and not is_express:
            raise AWSError(NOT_SUPPORTED, "StateMachineTypeNotSupported")
        text = given.get("input") or "{}"
        try:
            value = json.loads(text)
        except ValueError as error:
            raise AWSError(f"Invalid State Machine Execution Input: '{error}'", "InvalidExecutionInput") from None
        name = given.get("name") or str(uuid.uuid4())
        if not is_express:
            for known in machine.executions:
                if known.name == name:
                    if known.status == "RUNNING" and json.loads(known.execution_input) == value:
                        return known
                    raise AWSError(f"Execution Already Exists: '{known.execution_arn}'", "ExecutionAlreadyExists")
        snapshot = copy.copy(instance)
        snapshot.arn, snapshot.sm_type, snapshot.executions = machine.arn, machine.type, []
        arn = machine.arn.replace(":stateMachine:", ":express:" if is_express else ":execution:", 1) + f":{name}"
        if is_express:
            arn += f":{uuid.uuid4()}"
        execution = RunningExecution(
            self._plane,
            version_arn=instance.arn if instance is not machine else None,
            alias_arn=alias_arn,
            name=name,
            sm_type=machine.type,
            role_arn=instance.roleArn,
            exec_arn=arn,
            account_id=backend.account_id,
            region_name=backend.region_name,
            state_machine=snapshot,
            start_date=datetime.now(UTC),
            cloud_watch_logging_session=logging_session(instance, machine.name, arn),
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


def install(plane: DataPlane) -> None:
    """Lets executions run, and be asked about."""
    models_of_moto: Any = models
    models_of_moto.stepfunctions_backends = parser_models.stepfunctions_parser_backends
    answering: Any = responses
    answering.get_backend = lambda account, region: parser_models.stepfunctions_parser_backends[account][region]
    backend: Any = parser_models.StepFunctionsParserBackend
    backend._get_executions = _get_executions
    plane.forgetting.append(stop_all)
    _Answers.install(starter=Starter(plane))


def _get_executions(self: Any, execution_status: Any = None) -> list[Any]:
    return [each for each in all_executions(self) if execution_status is None or each.status == execution_status]


def _sync_answer(execution: Any, given: dict[str, Any]) -> dict[str, Any]:
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


def _executions_of(backend: Any, given: dict[str, Any]) -> list[Any]:
    """The executions of a machine, a version, an alias or a Map Run."""
    arn, run_arn = given.get("stateMachineArn"), given.get("mapRunArn")
    if not arn and not run_arn:
        raise AWSError("Either the state machine ARN or the map run ARN must be specified", "ValidationException")
    if arn and run_arn:
        raise AWSError("Only one of state machine ARN and map run ARN can be specified", "ValidationException")
    if run_arn:
        runs = [run for machine in backend.state_machines for run in runs_of(machine) if run.arn == run_arn]
        if not runs:
            raise AWSError(f"Resource not found: '{run_arn}'", "ResourceNotFound")
        return [child for child, _ in runs[0].children if not child.is_express]
    machine, instance, alias_arn = machine_of(backend, str(arn))
    if machine.type == "EXPRESS":
        raise AWSError(NOT_SUPPORTED, "StateMachineTypeNotSupported")
    found = list(machine.executions)
    if alias_arn is not None:
        return [each for each in found if each.alias_arn == alias_arn]
    if instance is not machine:
        return [each for each in found if each.version_arn == instance.arn]
    return found


class _Answers(Replacement, of=StepFunctionResponse):
    starter: Starter

    def start_execution(self: Any) -> Any:
        execution = _Answers.starter.start(self.stepfunction_backend, json.loads(self.body))
        return answer(self, {"executionArn": execution.execution_arn, "startDate": execution.start_date})

    def start_sync_execution(self: Any) -> Any:
        given = json.loads(self.body)
        execution = _Answers.starter.start(self.stepfunction_backend, given, sync=True)
        execution.done.wait(_EXPRESS_SYNC_WAIT_S)
        return answer(self, _sync_answer(execution, given))

    def redrive_execution(self: Any) -> Any:
        given = asked(self, "RedriveExecution")
        execution = execution_of(self.stepfunction_backend, given["executionArn"])
        with execution.being_redriven:
            if reason := execution.why_not_redrivable:
                raise AWSError(reason, "ExecutionNotRedrivable")
            execution.redrive()
        return answer(self, {"redriveDate": execution.redrive_date})

    def describe_execution(self: Any) -> Any:
        given = asked(self, "DescribeExecution")
        execution = execution_of(self.stepfunction_backend, given["executionArn"])
        return answer(self, described(execution, with_data=given.get("includedData") != "METADATA_ONLY"))

    def list_executions(self: Any) -> Any:
        given = asked(self, "ListExecutions")
        found = _executions_of(self.stepfunction_backend, given)
        found.sort(key=lambda each: each.start_date, reverse=True)
        if wanted := given.get("statusFilter"):
            found = [each for each in found if each.status == wanted]
        if redriven := given.get("redriveFilter"):
            found = [each for each in found if (each.redrive_count > 0) == (redriven == "REDRIVEN")]
        items, token = page([item_of(each, each.status) for each in found], given)
        return answer(self, {"executions": items, "nextToken": token})

    def get_execution_history(self: Any) -> Any:
        given = asked(self, "GetExecutionHistory")
        execution = execution_of(self.stepfunction_backend, given["executionArn"])
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
        return answer(self, {"events": items, "nextToken": token})

    def stop_execution(self: Any) -> Any:
        given = asked(self, "StopExecution")
        execution = execution_of(self.stepfunction_backend, given["executionArn"])
        execution.stop(datetime.now(UTC), given.get("error"), given.get("cause"))
        return answer(self, {"stopDate": execution.stop_date})

    def describe_state_machine_for_execution(self: Any) -> Any:
        execution = execution_of(self.stepfunction_backend, json.loads(self.body)["executionArn"])
        machine = execution.state_machine
        told = {
            "stateMachineArn": machine.arn,
            "name": machine.name,
            "definition": machine.definition,
            "roleArn": execution.role_arn,
            "updateDate": machine.update_date,
            "loggingConfiguration": machine.loggingConfiguration,
            "tracingConfiguration": machine.tracingConfiguration,
            "encryptionConfiguration": machine.encryptionConfiguration,
            "revisionId": getattr(machine, "revision_id", None),
        }
        return answer(self, told)
