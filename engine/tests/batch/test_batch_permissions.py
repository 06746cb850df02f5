"""The roles of a job where permissions are enforced: its own, and the one that ECS starts it with."""

from __future__ import annotations

import json
from typing import Any

from kits import batch_kit as batch, fixtures

LOGS = ["logs:CreateLogStream", "logs:PutLogEvents"]

cloud_of_module = fixtures.cloud_of(enforce_iam=True)


def make_role(kit: Any, name: str, actions: list[str], service: str = "ecs-tasks.amazonaws.com") -> str:
    """The ARN of a role that a service may assume and that may do this."""
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    arn = str(kit.make_role(name, {"Version": "2012-10-17", "Statement": [trust]}))
    allow = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    kit.client("iam").put_role_policy(
        RoleName=name, PolicyName="own", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    )
    return arn


def test_a_job_may_do_what_its_role_allows_and_nothing_else(kit: Any) -> None:
    queue = kit.make_queue("rendered")
    roles = {
        "executionRoleArn": make_role(kit, "start", LOGS),
        "jobRoleArn": make_role(kit, "render", ["sqs:SendMessage"]),
    }
    source = f"import boto3; sqs = boto3.client('sqs'); url = {queue.url!r}\n"
    source += "sqs.send_message(QueueUrl=url, MessageBody='lamp')\nprint('sent', flush=True)\n"
    source += "sqs.purge_queue(QueueUrl=url)"
    job = batch.run(source, **roles)
    assert job["status"] == "FAILED"
    lines = batch.lines_of(job)
    assert lines[0] == "sent"
    assert "AccessDenied" in lines[-1]
    assert f"assumed-role/render/{job['jobId']} is not authorized to perform: sqs:purgequeue" in lines[-1]


def test_a_job_without_a_role_may_do_nothing(kit: Any) -> None:
    source = "import boto3; boto3.client('sqs').list_queues()"
    job = batch.run(source, executionRoleArn=make_role(kit, "start", LOGS))
    assert (job["status"], "InvalidClientTokenId" in batch.lines_of(job)[-1]) == ("FAILED", True)


def test_ecs_must_be_able_to_assume_the_roles(kit: Any) -> None:
    role = make_role(kit, "functions", LOGS, "lambda.amazonaws.com")
    job = batch.run("print('lamp')", executionRoleArn=make_role(kit, "start", LOGS), jobRoleArn=role)
    assert job["statusReason"].startswith(f"ECS was unable to assume the role '{role}'")
    assert "startedAt" not in job


def test_the_execution_role_must_be_able_to_write_the_log(kit: Any) -> None:
    job = batch.run("print('lamp')", executionRoleArn=make_role(kit, "start", LOGS[1:]))
    assert job["status"] == "FAILED"
    assert job["statusReason"].startswith("ResourceInitializationError: failed to validate logger args")
    assert "logs:CreateLogStream" in job["statusReason"]
