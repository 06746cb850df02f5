"""Distributed Map states: each item or batch is an execution.

moto runs the iterations inside the parent's execution, without their own executions, tolerates every failure, knows
neither EXPRESS children nor ItemBatcher nor JSONL, lists one page of a bucket, writes a manifest without results, and
does not adjust a run when UpdateMapRun asks for it.

Rules: Step Functions Developer Guide, "Using Map state in Distributed mode".
"""

from __future__ import annotations

import json
import uuid
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
from serverless_cloud.services.states.places import note_place
from serverless_cloud.services.states.task_clients import Clients
from serverless_cloud.workflows import map_items, map_run
from serverless_cloud.workflows.map_definitions import (
    Distributed,
    distributed_of,
    for_moto,
    is_distributed,
    processor_of,
)
from serverless_cloud.workflows.map_run import MapRun

patches = Service(
    "states", defect="engine/tests/test_states_tasks_seams.py::test_stock_moto_knows_little_of_distributed_maps"
)

EXCEEDED = "The specified tolerated failure threshold was exceeded"
_LOOK_S = 0.05
#: The inputs of children, each with the number of items in it.
_Inputs = Sequence[tuple[object, int]]


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
        own = str(state.get("QueryLanguage", language))
        if isinstance(parsed, StateMap):
            part = vars(parsed.iteration_component)
            if is_distributed(state):
                part["distributed"] = distributed = distributed_of(state, language)
                part["batcher"] = _template(distributed.batcher_template, own, "ItemBatcher")
                part["writer"] = _template(distributed.writer_template, own, "ResultWriter/Arguments")
            _attach(processor_of(state), part["_states"].states, language)
        elif isinstance(parsed, StateParallel):
            for branch, program in zip(state["Branches"], parsed.branches.programs, strict=True):
                _attach(branch, program.states.states, language)


def _template(value: JsonObject, language: str, place: str) -> Any:
    """Evaluates a payload template in an environment; None if it is empty. Args: place: of it in its state."""
    if not value:
        return None
    field = "Output" if language == "JSONata" else "Parameters"
    state = {"Type": "Pass", field: value, "End": True}
    definition = {"QueryLanguage": language, "StartAt": "Template", "States": {"Template": state}}
    parsed: Any = _parse(json.dumps(definition, ensure_ascii=False))[0].states.states["Template"]
    if language != "JSONata":
        return parsed.parameters
    note_place(parsed.output, place)
    return parsed.output.jsonata_template_value


def failed(env: Frame, error: str, cause: str) -> FailureEventException:
    """The failure of a Map Run."""
    return failure(env, error, cause, "MapRunFailed")


@patches.replaces(
    "moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.distributed_iteration_component:DistributedIterationComponent._eval_body"
)
def _evaluate(component: _Component, env: Frame) -> None:
    given, own = env.stack.pop(), vars(component)
    record, distributed = given.map_run_record, own["distributed"]
    machine = children.machine_of(env)
    details = env.aws_execution_details
    run: Run = MapRun(
        arn=record.map_run_arn,
        execution_arn=record.execution_arn,
        machine_arn=record.map_state_machine_arn,
        max_concurrency=given.max_concurrency,
        tolerated_count=given.tolerated_failure_count,
        tolerated_percentage=given.tolerated_failure_percentage,
    )
    children.runs_of(machine).append(run)
    note(env, "MapRunStarted", {"mapRunArn": run.arn})
    try:
        s3 = current.parts[Clients].client("s3", details.region, details.role_arn)
        inputs = _inputs(own["batcher"], distributed, env, given, s3)
        _work(current.plane, env, run, distributed, machine, inputs)
        if not env.is_running():
            run.end("ABORTED")
            return
        result = _result(own["writer"], distributed, env, run, inputs, s3)
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
    env.stack.append(result)


def _inputs(
    template: EvalComponent | None, distributed: Distributed, env: Frame, given: _EvalInput, s3: BaseClient
) -> _Inputs:
    """The inputs of all children, each with the number of items in it."""
    items = _read(distributed, env, given, s3) if given.item_reader else given.input_items
    selector = given.item_selector or given.parameters
    if selector:
        items = [selected(selector, env, at, item) for at, item in enumerate(items)]
    batcher = None if template is None else evaluate(template, env)
    if not batcher:
        return [(item, 1) for item in items]
    try:
        return map_items.batches(items, batcher)
    except map_items.TooLarge as error:
        raise failed(env, "States.DataLimitExceeded", str(error)) from error


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
    plane: DataPlane, env: Frame, run: Run, distributed: Distributed, machine: StateMachine, inputs: _Inputs
) -> None:
    """Runs all children, so many at once as may; ends them when the run fails or the execution ends."""
    run.total_items, run.total_children = sum(count for _, count in inputs), len(inputs)
    start = children.starter(plane, env, run, distributed, machine)
    waiting = iter(inputs)
    has_more = bool(inputs)
    while env.is_running() and not run.is_failing:
        while has_more and run.running < run.most_at_once and not run.is_failing:
            following = next(waiting, None)
            if following is None:
                has_more = False
                break
            run.children.append((start(following[0]), following[1]))
        with run.changed:
            if not has_more and not run.running:
                break
            # The events that the run waits for report themselves, except the end of the parent's execution.
            run.changed.wait(_LOOK_S)
    for child, _ in run.children:
        if child.status == "RUNNING":
            child.stop(datetime.now(UTC), None, None)
    env.ahead_s += max((child.exec_worker.env.ahead_s for child, _ in run.children), default=0.0)


def _result(
    template: EvalComponent | None, distributed: Distributed, env: Frame, run: Run, inputs: _Inputs, s3: BaseClient
) -> object:
    """The state's result; with ResultWriter it is in S3."""
    writer = distributed.writer
    config = writer.get("WriterConfig", {})
    if not writer:
        # Children that have failed leave no trace in the result.
        return [child.output for child, _ in run.children if child.status == "SUCCEEDED"]
    described = [children.described(child) for child, _ in run.children]
    if template is None:
        return [each for one in described for each in map_run.result_of(one, config.get("Transformation", "COMPACT"))]
    place = evaluate(template, env)
    prefix = str(place.get("Prefix") or "")
    folder = (prefix if not prefix or prefix.endswith("/") else prefix + "/") + run.id + "/"
    described += [
        {"Input": json.dumps(given), "Status": "PENDING", "MapRunArn": run.arn, "Name": str(uuid.uuid4())}
        for given, _ in inputs[len(run.children) :]
    ]
    written = map_run.files(described, config)
    try:
        for name, content in written.items():
            s3.put_object(Bucket=place["Bucket"], Key=folder + name, Body=content, ContentType="application/json")
        manifest = map_run.manifest(run, place["Bucket"], folder, written)
        s3.put_object(Bucket=place["Bucket"], Key=folder + "manifest.json", Body=manifest)
    except ClientError as error:
        raise failed(env, "States.ResultWriterFailed", error.response["Error"].get("Message", "")) from error
    run.has_written = True
    details = {"Bucket": place["Bucket"], "Key": folder + "manifest.json"}
    return {"MapRunArn": run.arn, "ResultWriterDetails": details}


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


@patches.replaces(
    "moto.stepfunctions.parser.models:StepFunctionsParserBackend.update_map_run",
    expects="self, map_run_arn, max_concurrency, tolerated_failure_count, tolerated_failure_percentage",
)
def update_map_run(
    backend: StepFunctionBackend, map_run_arn: str, max_concurrency: int | None, **tolerated: float | None
) -> None:
    names = {
        "maxConcurrency": max_concurrency,
        "toleratedFailureCount": tolerated.get("tolerated_failure_count"),
        "toleratedFailurePercentage": tolerated.get("tolerated_failure_percentage"),
    }
    _run(backend, map_run_arn).change({name: value for name, value in names.items() if value is not None})
