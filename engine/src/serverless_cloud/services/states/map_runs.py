"""Distributed Map states: each item or batch is an execution.

moto runs the iterations inside the parent's execution, without their own executions, tolerates every failure, knows
neither EXPRESS children nor JSONL, and lists one page of a bucket.

Rules: Step Functions Developer Guide, "Using Map state in Distributed mode".
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import ClientError
from moto.core.exceptions import AWSError
from moto.core.responses import ActionResult
from moto.stepfunctions.models import StateMachine, StepFunctionBackend
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.component.program.program import Program
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.distributed_iteration_component import (
    DistributedIterationComponent as _Component,
    DistributedIterationComponentEvalInput as _EvalInput,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.state_map import StateMap
from moto.stepfunctions.parser.asl.component.state.exec.state_parallel.state_parallel import StateParallel
from moto.stepfunctions.parser.asl.eval.states import ItemData, MapData
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor
from moto.stepfunctions.responses import StepFunctionResponse

from serverless_cloud.core import current
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.plane import DataPlane
from serverless_cloud.services.states import map_children as children
from serverless_cloud.services.states.answers import asked, page
from serverless_cloud.services.states.arns import require_arn
from serverless_cloud.services.states.executions import execution_of
from serverless_cloud.services.states.frame import Frame, evaluate
from serverless_cloud.services.states.history import failure, note
from serverless_cloud.services.states.map_children import Run
from serverless_cloud.services.states.parsing import for_grammar
from serverless_cloud.services.states.task_clients import Clients
from serverless_cloud.workflows import map_items
from serverless_cloud.workflows.map_definitions import (
    Distributed,
    distributed_of,
    for_moto,
    is_distributed,
    processor_of,
)
from serverless_cloud.workflows.map_run import MapRun

patches = Service(
    "states",
    defect="engine/tests/workflows/test_states_tasks_patches.py::test_stock_moto_knows_little_of_distributed_maps",
)

EXCEEDED = "The specified tolerated failure threshold was exceeded"
_LOOK_S = 0.05


@patches.replaces("moto.stepfunctions.parser.asl.parse.asl_parser:AmazonStateLanguageParser.parse", kind="staticmethod")
def parse(definition: str) -> tuple[Program, object]:
    """Parses a definition. Fields that the grammar doesn't know are taken out, and kept with the state."""
    program, tree = _parse(for_moto(definition))
    if "DISTRIBUTED" in definition:
        whole = json.loads(definition)
        _attach(whole, program.states.states, str(whole.get("QueryLanguage", "JSONPath")))
    return program, tree


def _parse(definition: str) -> tuple[Program, object]:
    """Parses a definition whose fields the grammar knows."""
    Preprocessor._query_language_per_scope.clear()  # a definition that couldn't be parsed has left its own there
    return parse.original(for_grammar(definition))


def _attach(scope: JsonObject, states: Mapping[str, object], language: str) -> None:
    """Gives each distributed Map state of a parsed program what its definition says. Args: language: the machine's."""
    for name, state in scope["States"].items():
        parsed = states[name]
        if isinstance(parsed, StateMap):
            part = vars(parsed.iteration_component)
            if is_distributed(state):
                part["distributed"] = distributed_of(state, language)
            _attach(processor_of(state), part["_states"].states, language)
        elif isinstance(parsed, StateParallel):
            for branch, program in zip(state["Branches"], parsed.branches.programs, strict=True):
                _attach(branch, program.states.states, language)


def failed(env: Frame, error: str, cause: str) -> FailureEventException:
    """The failure of a Map Run."""
    return failure(env, error, cause, "MapRunFailed")


@patches.replaces(
    "moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.distributed_iteration_component:DistributedIterationComponent._eval_body"
)
def _evaluate(component: _Component, env: Frame) -> None:
    given, distributed = env.stack.pop(), vars(component)["distributed"]
    record = given.map_run_record
    machine = children.machine_of(env)
    details = env.aws_execution_details
    run: Run = MapRun(
        arn=record.map_run_arn,
        execution_arn=record.execution_arn,
        machine_arn=record.map_state_machine_arn,
        max_concurrency=given.max_concurrency,
    )
    children.runs_of(machine).append(run)
    note(env, "MapRunStarted", {"mapRunArn": run.arn})
    try:
        s3 = current.parts[Clients].client("s3", details.region, details.role_arn)
        _work(current.plane, env, run, distributed, machine, _inputs(distributed, env, given, s3))
        if not env.is_running():
            run.end("ABORTED")
            return
        if run.is_failing:
            raise failed(env, "States.ExceedToleratedFailureThreshold", EXCEEDED)
    except FailureEventException as error:
        run.end("FAILED")
        about = dict(zip(("error", "cause"), error.extract_error_cause_pair() or (), strict=False))
        note(env, "MapRunFailed", {name: value for name, value in about.items() if value})
        raise
    except BaseException:
        run.end("FAILED")
        note(env, "MapRunFailed", {})
        raise
    run.end("SUCCEEDED")
    note(env, "MapRunSucceeded", None)
    env.stack.append([child.output for child in run.children])


def _inputs(distributed: Distributed, env: Frame, given: _EvalInput, s3: BaseClient) -> Sequence[object]:
    """The inputs of all children."""
    items = _read(distributed, env, given, s3) if given.item_reader else given.input_items
    selector = given.item_selector or given.parameters
    return [selected(selector, env, at, item) for at, item in enumerate(items)] if selector else items


def selected(selector: EvalComponent, env: Frame, at: int, item: object) -> object:
    frame = env.open_inner_frame()
    frame.states.reset(env.states.get_input())
    frame.states.context_object.context_object_data["Map"] = MapData(Item=ItemData(Index=at, Value=item))
    frame.stack.append(env.states.get_input())
    selector.eval(frame)
    env.delete_frame(frame)
    return frame.stack[-1]


def _read(distributed: Distributed, env: Frame, given: Any, s3: BaseClient) -> Sequence[object]:
    """The dataset in S3."""
    reader, config = given.item_reader, distributed.reader.get("ReaderConfig", {})
    most = 0
    if reader.reader_config and any(name in config for name in ("MaxItems", "MaxItemsPath")):
        most = int(evaluate(reader.reader_config.max_items_decl, env))
    arguments = evaluate(reader.parargs, env) if reader.parargs else {}
    try:
        if reader.resource.api_action == "listObjectsV2":
            pages = s3.get_paginator("list_objects_v2").paginate(**arguments)
            items: Sequence[object] = map_items.listed([each for page in pages for each in page.get("Contents", ())])
        else:
            items = map_items.items_of(s3.get_object(**arguments)["Body"].read().decode("utf-8"), config)
    except ClientError as error:
        raise failed(env, "States.ItemReaderFailed", error.response["Error"].get("Message", "")) from error
    except (map_items.CannotRead, UnicodeDecodeError) as error:
        raise failed(env, "States.ItemReaderFailed", str(error)) from error
    return items[:most] if most else items


def _work(
    plane: DataPlane, env: Frame, run: Run, distributed: Distributed, machine: StateMachine, inputs: Sequence[object]
) -> None:
    """Runs all children, so many at once as may; ends them when the run fails or the execution ends."""
    run.total = len(inputs)
    start = children.starter(plane, env, run, distributed, machine)
    while env.is_running() and not run.is_failing:
        while len(run.children) < run.total and run.running < run.most_at_once and not run.is_failing:
            run.children.append(start(inputs[len(run.children)]))
        with run.changed:
            if len(run.children) == run.total and not run.running:
                break
            # The events that the run waits for report themselves, except the end of the parent's execution.
            run.changed.wait(_LOOK_S)
    for child in run.children:
        if child.status == "RUNNING":
            child.stop(datetime.now(UTC), None, None)
    env.ahead_s += max((child.exec_worker.env.ahead_s for child in run.children), default=0.0)


def _run(backend: StepFunctionBackend, arn: str) -> Run:
    require_arn(arn, "mapRun")
    for machine in backend.state_machines:
        for run in children.runs_of(machine):
            if run.arn == arn:
                return run
    raise AWSError(f"Resource not found: '{arn}'", "ResourceNotFound")


@patches.replaces("moto.stepfunctions.parser.models:StepFunctionsParserBackend.describe_map_run")
def describe_map_run(backend: StepFunctionBackend, map_run_arn: str) -> JsonObject:
    return _run(backend, map_run_arn).describe()


@patches.replaces("moto.stepfunctions.responses:StepFunctionResponse.list_map_runs")
def list_map_runs(response: StepFunctionResponse) -> ActionResult:
    given, backend = asked(response, "ListMapRuns"), response.stepfunction_backend
    arn = execution_of(backend, given["executionArn"]).execution_arn
    runs = [run for machine in backend.state_machines for run in children.runs_of(machine)]
    items, token = page([run.list_item() for run in runs if run.execution_arn == arn], given)
    return ActionResult({"mapRuns": items, "nextToken": token})
