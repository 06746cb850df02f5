"""The deck's two machines run on the local cloud: transitions, invocations and events are those of the simulation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from kits import batch_kit as batch, cloud_kit, states_kit as sk
from serverless_cloud.services.states import history as states_history
from serverless_first import cloud
from serverless_first.simulate import workflow

WAIT_S = 6

#: A job that has ended at the look that is asked for; what it is asked by says how often it was.
JOB = """
import boto3
table = boto3.resource("dynamodb").Table("renders")
def submit(event, context):
    table.put_item(Item={"id": "night", "looks": 0, "ended_at_look": event["ended_at_look"]})
def check(event, context):
    job = table.update_item(Key={"id": "night"}, UpdateExpression="ADD looks :one", ReturnValues="ALL_NEW",
                            ExpressionAttributeValues={":one": 1})["Attributes"]
    return "SUCCEEDED" if job["looks"] >= job["ended_at_look"] else "RUNNING"
def note(event, context):
    return "noted"
"""


@pytest.fixture(scope="module")
def cloud_of_module() -> Iterator[cloud.Cloud]:
    """The module's local cloud."""
    with cloud_kit.cloud_with(time_scale=60) as aws:
        yield aws


def sends(kit: Any) -> dict[str, Any]:
    """The last state: a message."""
    topic = kit.client("sns").create_topic(Name="renderings")["TopicArn"]
    parameters = {"TopicArn": topic, "Message": "The pictures of the lamps are ready."}
    return {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Parameters": parameters, "End": True}


def counted(run: Any) -> tuple[int, int, int]:
    """What AWS bills and limits: states entered, functions called, events."""
    return len(run.entered), run.types.count("LambdaFunctionScheduled"), len(run.types)


def simulated(run: workflow.WorkflowResult) -> tuple[int, int, int]:
    return int(run.transitions), int(run.invocations), int(run.events)


@pytest.mark.parametrize("looks", [1, 4])
def test_the_machine_that_asks_again_and_again(kit: Any, looks: int) -> None:
    kit.client("dynamodb").create_table(
        TableName="renders",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )

    def function(name: str, **more: Any) -> dict[str, Any]:
        arn = kit.deploy(name, JOB, Handler=f"{name}.{name}", Timeout=30)
        return {"Type": "Task", "Resource": arn, "ResultPath": "$.status", **more}

    ended = [{"Variable": "$.status", "StringEquals": "SUCCEEDED", "Next": "Set Job Succeeded"}]
    machine = {
        "StartAt": "Submit Job",
        "States": {
            "Submit Job": function("submit", Next="Wait X Seconds"),
            "Wait X Seconds": {"Type": "Wait", "Seconds": WAIT_S, "Next": "Get Job Status"},
            "Get Job Status": function("check", Next="Job Complete?"),
            "Job Complete?": {"Type": "Choice", "Choices": ended, "Default": "Wait X Seconds"},
            "Set Job Succeeded": function("note", Next="Send Message"),
            "Send Message": sends(kit),
        },
    }
    run = sk.run_once(machine, {"ended_at_look": looks})
    sk.succeeded(run)
    job_s = (looks - 0.5) * WAIT_S  # ends between the look before and this one
    assert counted(run) == simulated(workflow.polling(job_s, WAIT_S, function_s=0.001))


def test_the_machine_that_waits(kit: Any) -> None:
    queue = batch.make_queue()
    batch.register(["python", "-c", "print('the pictures of the lamps')"])
    job = {"JobName": "night", "JobQueue": queue, "JobDefinition": "render"}
    submit = {"Type": "Task", "Resource": "arn:aws:states:::batch:submitJob.sync", "Parameters": job}
    run = sk.run_once(sk.steps(**{"Submit Batch Job": submit | {"Next": "Notify"}, "Notify": sends(kit)}))
    sk.succeeded(run)
    assert counted(run) == simulated(workflow.waiting(60))


def test_the_history_is_as_long_here_as_there() -> None:
    assert states_history.MOST_EVENTS == workflow.HISTORY_EVENTS
