"""The capstone's `log` prints a function's log, and the failed steps of a state machine's executions."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from jupytext import reads

from serverless_first import cloud
from serverless_first.course.places import module_dir
from serverless_first.lab.functions import wait_until

pytestmark = pytest.mark.thorough

DEFINITION = {
    "StartAt": "Pay",
    "States": {
        "Pay": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage",
            "Parameters": {"QueueUrl": "http://127.0.0.1:1/123456789012/nowhere", "MessageBody.$": "$.order_id"},
            "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1}],
            "Next": "Refuse",
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Refuse"}],
        },
        "Refuse": {"Type": "Fail", "Error": "CardRefused", "Cause": "There is no money on this card."},
    },
}
TEMPLATE = f"""
Transform: AWS::Serverless-2016-10-31
Resources:
  Greeting:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: index.handler
      InlineCode: "def handler(event, context): print('Good morning,', event['customer'])"
  Payment:
    Type: AWS::Serverless::StateMachine
    Properties:
      Definition: {json.dumps(DEFINITION)}
Outputs:
  Worker: {{Value: !Ref Greeting}}
  PaymentMachineArn: {{Value: !Ref Payment}}
"""


@pytest.fixture
def log(aws: cloud.Cloud, tmp_path: Path) -> Callable[[str], None]:
    """The helper of the lab's notebook, with a stack for it to look at."""
    template = tmp_path / "template.yaml"
    template.write_text(TEMPLATE)
    aws.deploy(template, stack_name="hikari-shop", quiet=True)
    text = (module_dir("12-capstone") / "lab.md").read_text(encoding="utf-8")
    (cell,) = [cell for cell in reads(text, fmt="md:myst").cells if "def log(" in cell.source]
    names: dict[str, Any] = {}
    exec(cell.source, names)
    return names["log"]  # type: ignore[no-any-return]


def _has_failed(arn: str) -> bool:
    return bool(boto3.client("stepfunctions").describe_execution(executionArn=arn)["status"] == "FAILED")


def test_it_prints_a_functions_log(log: Callable[[str], None], capsys: pytest.CaptureFixture[str]) -> None:
    outputs = boto3.client("cloudformation").describe_stacks(StackName="hikari-shop")["Stacks"][0]["Outputs"]
    name = next(output["OutputValue"] for output in outputs if output["OutputKey"] == "Worker")
    boto3.client("lambda").invoke(FunctionName=name, Payload=b'{"customer": "Sato Emi"}')
    log("Worker")
    assert "Good morning, Sato Emi" in capsys.readouterr().out.splitlines()


def test_it_prints_the_failed_steps_of_executions(
    log: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    log("Payment")
    assert capsys.readouterr().out == "Nothing yet.\n"
    outputs = boto3.client("cloudformation").describe_stacks(StackName="hikari-shop")["Stacks"][0]["Outputs"]
    machine = next(output["OutputValue"] for output in outputs if output["OutputKey"] == "PaymentMachineArn")
    states = boto3.client("stepfunctions")
    arns = [
        states.start_execution(stateMachineArn=machine, name=name, input=json.dumps({"order_id": name}))["executionArn"]
        for name in ("ord-17", "ord-18")
    ]
    has_failed = [wait_until(functools.partial(_has_failed, arn), 20.0) for arn in arns]
    assert has_failed == [True, True]
    log("Payment")
    lines = capsys.readouterr().out.splitlines()
    orders = [line.partition(" ")[0] for line in lines]
    assert orders == sorted(orders)  # the newest execution is last
    of_the_last = [line for line in lines if line.startswith("ord-18 (FAILED): ")]
    assert sum("TaskFailed in 'Pay': " in line for line in of_the_last) == 2  # the retry failed as well
    assert of_the_last[-1].endswith("ExecutionFailed in 'Refuse': CardRefused: There is no money on this card.")
