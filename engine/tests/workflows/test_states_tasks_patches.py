"""Where moto hands over tasks and Map states: this fails when moto changes under a patch, so that somebody looks."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.iteration_worker import IterationWorker
from moto.stepfunctions.parser.asl.component.state.exec.state_map.state_map import StateMap
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (
    StateTaskServiceCallback,
)

from kits import patch_kit

LOOK: str = patch_kit.LOOK

# ---- what stock moto does wrong: when one of these fails, the patch may go

#: Runs machines in moto without our patches; prints how each ended.
STOCK = """
import json, time, boto3
from moto import mock_aws

def task(call, parameters, **more):
    return {"Type": "Task", "Resource": "arn:aws:states:::" + call, "Parameters": parameters, "End": True} | more

def distributed(state=None, kind="STANDARD", **more):
    inner = {"StartAt": "P", "States": {"P": state or {"Type": "Pass", "End": True}}}
    config = {"Mode": "DISTRIBUTED", "ExecutionType": kind}
    return {"Type": "Map", "ItemProcessor": {"ProcessorConfig": config, **inner}, "End": True} | more

def run(name, state, given="[1, 2]"):
    try:
        arn = states.create_state_machine(name=name, roleArn="arn:aws:iam::123456789012:role/r",
            definition=json.dumps({"StartAt": "S", "States": {"S": state}}))["stateMachineArn"]
    except Exception as error:
        return [type(error).__name__, str(error)]
    execution = states.start_execution(stateMachineArn=arn, name="one", input=given)["executionArn"]
    end_s = time.monotonic() + 20
    while time.monotonic() < end_s:
        found = states.describe_execution(executionArn=execution)
        if found["status"] != "RUNNING":
            return [found["status"], found.get("output", found.get("error")), found.get("cause", "")]
        time.sleep(0.02)
    return ["RUNNING"]

with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
    states, sqs = boto3.client("stepfunctions", "us-east-1"), boto3.client("sqs", "us-east-1")
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    boto3.client("s3", "us-east-1").create_bucket(Bucket="hikari")
    token = {"QueueUrl": queue, "MessageBody.$": "$$.Task.Token"}
    found = {
        "batch": run("batch", task("batch:submitJob", {"JobName": "n", "JobQueue": "q", "JobDefinition": "d"})),
        "sdk": run("sdk", task("aws-sdk:s3:getObject", {"Bucket": "hikari", "Key": "k"})),
        "unknown": run("unknown", task("sqs:sendMessage", {"QueueUrl": queue, "MessageBody": "m", "Foo": 1})),
        "queue": run("queue", task("sqs:sendMessage", {"QueueUrl": queue + "x", "MessageBody": "m"})),
        "timeout": run("timeout", {"Type": "Parallel", "End": True, "Branches": [{"StartAt": "T", "States": {
            "T": task("sqs:sendMessage.waitForTaskToken", token, TimeoutSeconds=1)}}]}),
        "express": run("express", distributed(kind="EXPRESS")),
        "tolerated": run("tolerated", distributed({"Type": "Fail", "Error": "E"})),
    }
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def stock() -> dict[str, Any]:
    """How machines end in moto without our patches."""
    found: dict[str, Any] = patch_kit.stock(STOCK)
    return found


@patch_kit.asks_stock_moto
def test_stock_moto_passes_pascal_case_to_batch(stock: dict[str, Any]) -> None:
    assert stock["batch"][0] == "FAILED", LOOK.format("states/task_calls.py")
    assert "JobName" in str(stock["batch"]), LOOK.format("states/task_calls.py")


@patch_kit.asks_stock_moto
def test_stock_moto_drops_unknown_parameters_and_adds_no_metadata(stock: dict[str, Any]) -> None:
    status, output, _ = stock["unknown"]
    assert (status, "SdkHttpMetadata" in output) == ("SUCCEEDED", False), LOOK.format("states/task_calls.py")


@patch_kit.asks_stock_moto
def test_stock_moto_names_errors_otherwise(stock: dict[str, Any]) -> None:
    assert stock["sdk"][1] == "s3.NoSuchKeyException", LOOK.format("states/task_calls.py")
    assert stock["queue"][1] == "SQS.SdkClientException", LOOK.format("states/task_calls.py")
    assert stock["timeout"][1] == "States.Runtime", LOOK.format("states/task_calls.py")


@patch_kit.asks_stock_moto
def test_stock_moto_knows_little_of_distributed_maps(stock: dict[str, Any]) -> None:
    assert stock["express"][0] not in ("SUCCEEDED", "FAILED", "RUNNING"), LOOK.format("states/map_runs.py")
    assert stock["tolerated"][0] == "SUCCEEDED", LOOK.format("states/map_runs.py")


def test_stock_moto_gives_all_attempts_one_token() -> None:
    source = inspect.getsource(StateTaskServiceCallback._eval_body)
    assert "update_task_token" in source, LOOK.format("states/task_callbacks.py")


@patch_kit.asks_stock_moto
def test_stock_moto_takes_any_name_for_a_secret() -> None:
    source = """
import boto3
from moto import mock_aws
with mock_aws():
    made = boto3.client("secretsmanager", "us-east-1").create_secret(Name="an order", SecretString="1")
    print('"' + made["Name"] + '"')
"""
    assert patch_kit.stock(source) == "an order", LOOK.format("secretsmanager/names.py")


def test_stock_moto_works_through_items_by_recursion() -> None:
    source = inspect.getsource(IterationWorker._eval_pool)
    assert "self._eval_pool(job=next_job" in source, LOOK.format("states/map.py")


def test_stock_moto_takes_items_that_are_no_array_from_a_path() -> None:
    source = inspect.getsource(StateMap._eval_execution)
    assert "StatesQueryEvaluationError" in source, LOOK.format("states/map.py")
    assert "must be an array but was: {type(input_items)}" in source, LOOK.format("states/map.py")
