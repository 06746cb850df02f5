"""State machines after the patterns that AWS documents, in Hikari's words: jobs, people, workers, nested machines.

Step Functions Developer Guide: "Job Poller", "Manage a Batch Job", "Callback pattern", "Human approval", "Start a
workflow within a workflow", "Express Workflows". The definitions are our own; test_state_machines_data.py has more.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from kits import batch_kit as batch, fixtures, states_kit as sk
from kits.states_kit import task

#: Submits a rendering to a table, and tells how far it is: a job that is ready at the third look.
JOBS = """
import boto3
table = boto3.resource("dynamodb").Table("renders")
def submit(event, context):
    table.put_item(Item={"id": context.aws_request_id, "looks": 0, "ends": event["ends"]})
    return context.aws_request_id
def check(event, context):
    job = table.update_item(Key={"id": event}, UpdateExpression="ADD looks :one", ReturnValues="ALL_NEW",
                            ExpressionAttributeValues={":one": 1})["Attributes"]
    return job["ends"] if job["looks"] >= 3 else "RUNNING"
"""

cloud_of_module = fixtures.cloud_of(time_scale=60)


def make_topic(kit: Any) -> tuple[str, Any]:
    """A topic, and the queue that gets what is published."""
    sns, queue = kit.client("sns"), kit.make_queue("mails")
    topic = sns.create_topic(Name="renderings")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn, Attributes={"RawMessageDelivery": "true"})
    return topic, queue


# ---- a job: asked for again and again, and waited for by the service


@pytest.mark.parametrize("ends", ["SUCCEEDED", "FAILED"])
def test_a_job_is_polled_until_it_has_ended(kit: Any, ends: str) -> None:
    """The deck's left machine: submit, wait, look, choose, and back to the wait."""
    topic, mails = make_topic(kit)
    kit.make_table("renders")
    submit = kit.deploy("submit", JOBS, Handler="submit.submit", Timeout=30)
    check = kit.deploy("check", JOBS, Handler="check.check", Timeout=30)
    outcome = [
        {"Variable": "$.status", "StringEquals": "FAILED", "Next": "Job Failed"},
        {"Variable": "$.status", "StringEquals": "SUCCEEDED", "Next": "Job Succeeded"},
    ]
    look = {"Type": "Task", "Resource": check, "InputPath": "$.id", "ResultPath": "$.status", "Next": "Job Complete?"}
    machine = {
        "StartAt": "Submit Job",
        "States": {
            "Submit Job": {"Type": "Task", "Resource": submit, "ResultPath": "$.id", "Next": "Wait"},
            "Wait": {"Type": "Wait", "SecondsPath": "$.wait_time", "Next": "Get Job Status"},
            "Get Job Status": look,
            "Job Complete?": {"Type": "Choice", "Choices": outcome, "Default": "Wait"},
            "Job Failed": {"Type": "Fail", "Error": "RenderingFailed", "Cause": "See the job."},
            "Job Succeeded": task("sns:publish", {"TopicArn": topic, "Message.$": "$.status"}),
        },
    }
    done = sk.run_once(machine, {"wait_time": 6, "ends": ends})
    assert done.entered.count("Wait") == done.entered.count("Get Job Status") == 3
    if ends == "SUCCEEDED":
        sk.succeeded(done)
        assert kit.received(mails)[0]["Body"] == "SUCCEEDED"
    else:
        assert (done.status, done.error, done.entered[-1]) == ("FAILED", "RenderingFailed", "Job Failed")


@pytest.mark.parametrize("exit_code", [0, 7])
def test_a_batch_job_is_waited_for_and_told_of(kit: Any, exit_code: int) -> None:
    """The deck's right machine: the service waits for the job; both endings publish a message."""
    topic, mails = make_topic(kit)
    queue = batch.prepare(["python", "-c", "import os; raise SystemExit(int(os.environ['CODE']))"])
    job = {
        "JobName": "night",
        "JobQueue": queue,
        "JobDefinition": "render",
        "ContainerOverrides": {"Environment": [{"Name": "CODE", "Value.$": "$.code"}]},
    }
    to_failure = [{"ErrorEquals": ["States.ALL"], "Next": "Notify Failure"}]
    machine = {
        "StartAt": "Submit Batch Job",
        "TimeoutSeconds": 3600,
        "States": {
            "Submit Batch Job": task("batch:submitJob.sync", job, Next="Notify Success", Catch=to_failure),
            "Notify Success": task("sns:publish", {"TopicArn": topic, "Message": {"job.$": "$.Status"}}),
            "Notify Failure": task("sns:publish", {"TopicArn": topic, "Message.$": "$.Cause"}),
        },
    }
    done = sk.run(sk.machine(machine), {"code": str(exit_code)})
    sk.succeeded(done)
    (told,) = kit.records(mails)
    assert done.types[2:5] == ["TaskScheduled", "TaskStarted", "TaskSubmitted"]
    if exit_code == 0:
        assert told == {"job": "SUCCEEDED"}
        assert done.entered == ["Submit Batch Job", "Notify Success"]
    else:
        assert (told["Status"], told["Container"]["ExitCode"]) == ("FAILED", exit_code)
        assert done.entered == ["Submit Batch Job", "Notify Failure"]
        assert done.details("TaskFailed")[0]["error"] == "States.TaskFailed"


def test_a_batch_job_ends_with_the_machine_that_waits_for_it(kit: Any) -> None:
    queue = batch.prepare(["python", "-c", "import time; time.sleep(600)"])
    job = {"JobName": "night", "JobQueue": queue, "JobDefinition": "render"}
    execution = sk.start(sk.machine(sk.steps(Render=task("batch:submitJob.sync", job))))
    jobs = kit.client("batch")

    def of(status: str) -> list[Any]:
        return list(jobs.list_jobs(jobQueue=queue, jobStatus=status)["jobSummaryList"])

    kit.eventually(lambda: of("RUNNING"), "the job runs")
    sk.states().stop_execution(executionArn=execution)
    kit.eventually(lambda: of("FAILED"), "the job was terminated")


# ---- people and workers


def test_a_callback_through_a_queue(kit: Any) -> None:
    """A task is put into a queue; a function that reads the queue reports it done; then mail is sent."""
    topic, mails = make_topic(kit)
    queue = kit.make_queue("payments")
    report = (
        "import boto3, json\n"
        "def handler(event, context):\n"
        "    for record in event['Records']:\n"
        "        task = json.loads(record['body'])\n"
        "        paid = json.dumps({'paid_yen': task['amount_yen']})\n"
        "        boto3.client('stepfunctions').send_task_success(taskToken=task['token'], output=paid)\n"
    )
    arn = kit.deploy("report", report, Timeout=10)
    kit.client("lambda").create_event_source_mapping(EventSourceArn=queue.arn, FunctionName=arn, BatchSize=1)
    body = {"amount_yen.$": "$.amount_yen", "token.$": "$$.Task.Token"}
    notify = {"TopicArn": topic, "Message.$": "States.Format('{} yen', $.paid_yen)"}
    machine = sk.steps(
        Pay=task("sqs:sendMessage.waitForTaskToken", {"QueueUrl": queue.url, "MessageBody": body}, Next="Tell"),
        Tell=task("sns:publish", notify),
    )
    done = sk.run_once(machine, {"amount_yen": 9800})
    sk.succeeded(done)
    assert kit.received(mails)[0]["Body"] == "9800 yen"
    assert done.details("TaskSucceeded")[0]["resource"] == "sendMessage.waitForTaskToken"


@pytest.mark.parametrize("answer", ["approve", "reject", "nothing"])
def test_somebody_approves_or_rejects_or_does_not_answer(kit: Any, answer: str) -> None:
    topic, mails = make_topic(kit)
    ask = task(
        "sns:publish.waitForTaskToken",
        {"TopicArn": topic, "Message": {"token.$": "$$.Task.Token", "order.$": "$.order"}},
        Next="Approved?",
        ResultPath="$.decision",
        TimeoutSeconds=1 if answer == "nothing" else 600,
        Catch=[{"ErrorEquals": ["States.Timeout"], "ResultPath": "$.error", "Next": "Expired"}],
    )
    choice = [{"Variable": "$.decision.approved", "BooleanEquals": True, "Next": "Ship"}]
    states: dict[str, Any] = {
        "Ask": ask,
        "Ship": {"Type": "Pass", "End": True},
        "Expired": {"Type": "Pass", "End": True},
        "Approved?": {"Type": "Choice", "Choices": choice, "Default": "Refuse"},
        "Refuse": {"Type": "Fail", "Error": "OrderRefused", "Cause": "The manager said no."},
    }
    machine = sk.steps("Ask", **states)
    execution = sk.start(sk.machine(machine), {"order": "a1"})
    (mail,) = kit.records(mails)
    if answer != "nothing":
        approved = json.dumps({"approved": answer == "approve"})
        sk.states().send_task_success(taskToken=mail["token"], output=approved)
    done = sk.ended(execution)
    expected = {"approve": ("SUCCEEDED", "Ship"), "reject": ("FAILED", "Refuse"), "nothing": ("SUCCEEDED", "Expired")}
    assert (done.status, done.entered[-1]) == expected[answer]
    assert ("TaskTimedOut" in done.types) == (answer == "nothing")


# ---- machines in machines, and machines that answer at once


def test_a_machine_uses_another_as_a_step(kit: Any) -> None:
    """Packing is a machine of its own; the order's machine waits for it and takes its output as JSON."""
    arn = kit.deploy("pack", "def handler(event, context):\n    return {'boxes': -(-event['lamps'] // 4)}\n")
    packing = sk.machine(sk.steps(Pack={"Type": "Task", "Resource": arn, "End": True}), "packing")
    given = {"lamps.$": "$.lamps", "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID.$": "$$.Execution.Id"}
    nest = task(
        "states:startExecution.sync:2",
        {"StateMachineArn": packing, "Input": given},
        ResultSelector={"boxes.$": "$.Output.boxes", "by.$": "$.Input.AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"},
        ResultPath="$.packing",
    )
    done = sk.run_once(sk.steps(Pack=nest), {"lamps": 9})
    assert sk.succeeded(done) == {"lamps": 9, "packing": {"boxes": 3, "by": done.arn}}
    assert len(sk.states().list_executions(stateMachineArn=packing)["executions"]) == 1


def test_an_express_machine_checks_an_order_and_answers(kit: Any) -> None:
    arn = kit.deploy(
        "price",
        "def handler(event, context):\n"
        "    if event['lamps'] > 100:\n"
        "        raise OverflowError('that many we do not have')\n"
        "    return {'price_yen': 1200 * event['lamps']}\n",
    )
    valid = [{"Variable": "$.lamps", "NumericGreaterThan": 0, "Next": "Price"}]
    machine = sk.machine(
        sk.steps(
            "Valid",
            Valid={"Type": "Choice", "Choices": valid, "Default": "Empty"},
            Price={"Type": "Task", "Resource": arn, "End": True},
            Empty={"Type": "Fail", "Error": "EmptyOrder", "Cause": "No lamps."},
        ),
        "check",
        type="EXPRESS",
    )

    def checked(lamps: int) -> dict[str, Any]:
        given = json.dumps({"lamps": lamps})
        return dict(sk.states().start_sync_execution(stateMachineArn=machine, input=given))

    good, empty, many = checked(2), checked(0), checked(101)
    assert (good["status"], json.loads(good["output"])) == ("SUCCEEDED", {"price_yen": 2400})
    assert good["billingDetails"]["billedMemoryUsedInMB"] == 64
    assert (empty["status"], empty["error"], empty["cause"]) == ("FAILED", "EmptyOrder", "No lamps.")
    assert (many["status"], many["error"]) == ("FAILED", "OverflowError")
    assert ":express:check:" in good["executionArn"]
