"""The setup of module 10: the studio that renders Hikari's pictures with Batch, and short calls for state machines.

Plain boto3. Existing resources are kept or changed in place, so you can run a cell again. Lesson 10 reads its counts
where AWS shows them: in histories, logs and the list of jobs.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from IPython import get_ipython

from serverless_cloud import Cloud
from serverless_first.shop import hikari

BUCKET, QUEUE, JOB = "hikari-pictures", "pictures", "render"
#: The name of each state machine -> the number of this notebook's cell that last created or changed the machine.
CHANGED_IN: dict[str, int] = {}
_LIMIT_S = 60.0


@dataclass(frozen=True)
class Execution:
    """An execution that has ended.

    Args:
        status: SUCCEEDED, FAILED, TIMED_OUT or ABORTED.
        output: parsed from JSON; None unless the execution succeeded.
        error, cause: "" if there is no error.
        events: the whole history, as get_execution_history returns it.
    """

    arn: str
    status: str
    output: Any
    error: str
    cause: str
    events: list[dict[str, Any]]

    @property
    def entered(self) -> list[str]:
        """The names of the states that the execution entered, in order. AWS bills each entry as a transition."""
        return [
            event["stateEnteredEventDetails"]["name"] for event in self.events if "stateEnteredEventDetails" in event
        ]

    @property
    def function_calls(self) -> int:
        """How many times the execution called a function, including retries."""
        calls = 0
        for event in self.events:
            details = event.get("taskScheduledEventDetails", {})
            calls += details.get("resourceType") == "lambda" or event["type"] == "LambdaFunctionScheduled"
        return calls


def studio(aws: Cloud, folder: str, *, minutes: float = 10) -> None:
    """Creates the bucket `hikari-pictures`, the job queue `pictures` and the job definition `render`.

    A job runs `python render.py LAMP MINUTES`. Its parameters are `lamp` and `minutes`.

    Args:
        aws: the local cloud; on AWS, the program would be in your own image.
        folder: the folder that contains render.py.
        minutes: how long a job works unless you set another time when you submit it.

    Raises:
        CloudError: the folder doesn't exist.
    """
    batch, ec2, s3 = boto3.client("batch"), boto3.client("ec2"), boto3.client("s3")
    aws.image("hikari/render", folder)
    with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=BUCKET)
    if not batch.describe_job_queues(jobQueues=[QUEUE])["jobQueues"]:
        subnet = ec2.describe_subnets()["Subnets"][0]
        groups = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [subnet["VpcId"]]}])
        environment = batch.create_compute_environment(
            computeEnvironmentName="hikari",
            type="MANAGED",
            computeResources={
                "type": "FARGATE",
                "maxvCpus": 16,
                "subnets": [subnet["SubnetId"]],
                "securityGroupIds": [groups["SecurityGroups"][0]["GroupId"]],
            },
        )
        order = [{"order": 1, "computeEnvironment": environment["computeEnvironmentArn"]}]
        batch.create_job_queue(jobQueueName=QUEUE, priority=1, computeEnvironmentOrder=order)
    rights = hikari.role("hikari-jobs", "ecs-tasks.amazonaws.com")
    batch.register_job_definition(
        jobDefinitionName=JOB,
        type="container",
        platformCapabilities=["FARGATE"],
        parameters={"minutes": str(minutes)},
        containerProperties={
            "image": "hikari/render",
            "command": ["python", "render.py", "Ref::lamp", "Ref::minutes"],
            "executionRoleArn": rights,
            "jobRoleArn": rights,
            "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "2048"}],
        },
    )


def jobs(name: str) -> list[dict[str, Any]]:
    """All jobs with this name in the queue `pictures`, running or ended, oldest first, as list_jobs returns them."""
    by_name = [{"name": "JOB_NAME", "values": [name]}]
    summaries = boto3.client("batch").list_jobs(jobQueue=QUEUE, filters=by_name)["jobSummaryList"]
    return sorted(summaries, key=lambda job: float(job["createdAt"]))


def table(name: str, key: str) -> Any:
    """Creates an empty DynamoDB table, which replaces an existing table, and returns it as a boto3 resource.

    Args:
        key: the name of its partition key, a string.
    """
    dynamodb = boto3.resource("dynamodb")
    with contextlib.suppress(dynamodb.meta.client.exceptions.ResourceNotFoundException):
        dynamodb.Table(name).delete()
    return dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


class Inbox:
    """A queue that receives a topic's messages about lamps, such as {"lamp": "Tsuki", "result": "ready"}.

    Args:
        topic: the name of the topic. The topic and the queue are created if necessary.

    Attributes:
        topic: the topic's ARN.
    """

    def __init__(self, topic: str = "news") -> None:
        sns, self._sqs = boto3.client("sns"), boto3.client("sqs")
        self.topic: str = sns.create_topic(Name=topic)["TopicArn"]
        self._queue = self._sqs.create_queue(QueueName=f"{topic}-inbox")["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])["Attributes"]
        raw = {"RawMessageDelivery": "true"}
        sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=attributes["QueueArn"], Attributes=raw)

    def told_of(self, results: Collection[str], number: int = 1) -> set[str]:
        """The lamps for which a message with one of these results has arrived.

        Args:
            results: the results, as the messages name them.
            number: how many such messages to wait for.

        Raises:
            CloudError: the messages have not arrived after a minute.
        """
        lamps: list[str] = []

        def take() -> bool:
            for message in self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages", []):
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
                body = json.loads(message["Body"])
                lamps.extend([body["lamp"]] if body["result"] in results else [])
            return len(lamps) >= number

        hikari.until(take, "the messages have come")
        return set(lamps)


def billed_s(function: str) -> list[float]:
    """The seconds that Lambda bills for each call of a function, oldest first, from the REPORT lines in its log."""
    logs, lines = boto3.client("logs"), []
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{function}")
    with contextlib.suppress(logs.exceptions.ResourceNotFoundException):  # never called
        lines = [event["message"] for page in pages for event in page["events"]]
    reports = [re.match(r"REPORT .*\bBilled Duration: (\d+) ms", line) for line in lines]
    return [int(report[1]) / 1000 for report in reports if report]


def code_lines(file: str) -> int:
    """The number of lines in a file that are neither empty nor comments."""
    lines = [line.strip() for line in Path(file).read_text(encoding="utf-8").splitlines()]
    return sum(bool(line) and not line.startswith("#") for line in lines)


def machine(name: str, definition: Mapping[str, Any] | str, kind: str = "STANDARD") -> str:
    """Creates or updates a state machine with this definition, and returns its ARN.

    Args:
        definition: in the Amazon States Language, a dict or JSON text.
        kind: "STANDARD" or "EXPRESS". You can't change the kind of an existing machine.
    """
    states = boto3.client("stepfunctions")
    text = definition if isinstance(definition, str) else json.dumps(definition)
    rights = hikari.role("hikari-workflows", "states.amazonaws.com")
    arn = f"arn:aws:states:{states.meta.region_name}:{rights.split(':')[4]}:stateMachine:{name}"
    is_new = False
    try:
        states.update_state_machine(stateMachineArn=arn, definition=text)
    except states.exceptions.StateMachineDoesNotExist:
        is_new = True
    if is_new:  # not inside the except, where a bad definition would show both errors, one after the other
        states.create_state_machine(name=name, definition=text, roleArn=rights, type=kind)
    if shell := get_ipython():
        CHANGED_IN[name] = shell.execution_count
    return arn


def start(machine_arn: str, execution_input: Any, **more: Any) -> str:
    """Starts an execution and returns its ARN.

    Args:
        execution_input: the input, any value that JSON can represent.
        more: other arguments for `start_execution`, such as `name`.
    """
    states = boto3.client("stepfunctions")
    return str(
        states.start_execution(stateMachineArn=machine_arn, input=json.dumps(execution_input), **more)["executionArn"]
    )


def ended(execution_arn: str, limit_s: float = _LIMIT_S) -> Execution:
    """Waits for an execution to finish.

    Args:
        limit_s: how long to wait, in seconds.

    Raises:
        CloudError: the execution is still running after that time.
    """
    states = boto3.client("stepfunctions")
    answer: dict[str, Any] = {}

    def is_over() -> bool:
        answer.update(states.describe_execution(executionArn=execution_arn))
        return bool(answer["status"] != "RUNNING")

    hikari.until(is_over, "the execution has ended", limit_s)
    output = json.loads(answer["output"]) if "output" in answer else None
    pages = states.get_paginator("get_execution_history").paginate(executionArn=execution_arn)
    events = [event for page in pages for event in page["events"]]
    return Execution(execution_arn, answer["status"], output, answer.get("error", ""), answer.get("cause", ""), events)


def run(machine_arn: str, execution_input: Any, **more: Any) -> Execution:
    """Starts an execution and waits for it to finish. The arguments are the same as for `start`."""
    return ended(start(machine_arn, execution_input, **more))
