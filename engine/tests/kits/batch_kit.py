"""What the tests of Batch share: a compute environment, a queue, definitions, jobs that wait for the test."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kits import cloud_kit as kit

EXECUTION_ROLE = "arn:aws:iam::123456789012:role/hikari-task-execution"

#: A job's program: says that it is there by making the file {here}, goes on when {leave} exists.
HOLD = "import os,time; open('{here}','w').close()\nwhile not os.path.exists('{leave}'): time.sleep(0.01)"


def make_environment(name: str = "hikari", max_vcpus: int = 4, kind: str = "FARGATE", **more: Any) -> str:
    """The ARN of a compute environment in the default VPC."""
    ec2 = kit.client("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]
    group = ec2.describe_security_groups(
        Filters=[{"Name": "vpc-id", "Values": [subnet["VpcId"]]}, {"Name": "group-name", "Values": ["default"]}]
    )["SecurityGroups"][0]
    resources: dict[str, Any] = {
        "type": kind,
        "maxvCpus": max_vcpus,
        "subnets": [subnet["SubnetId"]],
        "securityGroupIds": [group["GroupId"]],
    }
    if not kind.startswith("FARGATE"):
        resources |= {"minvCpus": 0, "instanceTypes": ["optimal"], "instanceRole": make_instance_profile()}
    settings: dict[str, Any] = {"type": "MANAGED", "computeResources": resources} | more
    answer = kit.client("batch").create_compute_environment(computeEnvironmentName=name, **settings)
    return str(answer["computeEnvironmentArn"])


def make_instance_profile(name: str = "hikari-instances") -> str:
    """The ARN of an instance profile, made unless it is there."""
    iam = kit.client("iam")
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_instance_profile(InstanceProfileName=name)
    return str(iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Arn"])


def make_queue(name: str = "renders", environments: Sequence[str] = (), priority: int = 1, **more: Any) -> str:
    """The ARN of a job queue; without environments it gets one of its own."""
    arns = environments or [make_environment()]
    order = [{"order": number, "computeEnvironment": arn} for number, arn in enumerate(arns, 1)]
    answer = kit.client("batch").create_job_queue(
        jobQueueName=name, priority=priority, computeEnvironmentOrder=order, **more
    )
    return str(answer["jobQueueArn"])


def register(command: Sequence[str], name: str = "render", **more: Any) -> str:
    """The ARN of a revision of a job definition for Fargate.

    Args:
        more: members of containerProperties, or of the request (parameters, retryStrategy, timeout, tags).
    """
    outside = {key: more.pop(key) for key in ("parameters", "retryStrategy", "timeout", "tags", "propagateTags",
                                              "platformCapabilities") if key in more}  # fmt: skip
    properties = {
        "image": "hikari/render",
        "command": list(command),
        "executionRoleArn": EXECUTION_ROLE,
        "resourceRequirements": resources(1, 2048),
    } | more
    answer = kit.client("batch").register_job_definition(
        jobDefinitionName=name,
        type="container",
        containerProperties=properties,
        **({"platformCapabilities": ["FARGATE"]} | outside),
    )
    return str(answer["jobDefinitionArn"])


def resources(vcpus: float, memory_mb: int) -> list[dict[str, str]]:
    """resourceRequirements."""
    return [{"type": "VCPU", "value": str(vcpus)}, {"type": "MEMORY", "value": str(memory_mb)}]


def submit(definition: str = "render", queue: str = "renders", name: str = "night", **more: Any) -> str:
    """The id of a new job."""
    answer = kit.client("batch").submit_job(jobName=name, jobQueue=queue, jobDefinition=definition, **more)
    return str(answer["jobId"])


def prepare(command: Sequence[str], name: str = "render", max_vcpus: int = 4, **more: Any) -> str:
    """Makes the queue `renders` and registers a job definition; the ARN of the queue."""
    queue = make_queue(environments=[make_environment(max_vcpus=max_vcpus)])
    register(command, name, **more)
    return queue


def begin(folder: Path, held: str = "render", *where: str, **more: Any) -> str:
    """Submits a job, whose command is `hold(folder, held)`, and waits until its program has begun; its id."""
    job_id = submit(*where, **more)
    kit.eventually(lambda: is_here(folder, held), f"the job {held} runs")
    return job_id


def run(source: str, **more: Any) -> dict[str, Any]:
    """What came of a job that runs a Python program, in a queue of its own."""
    prepare(["python", "-c", source], **more)
    return wait(submit())


def described(job_id: str) -> dict[str, Any]:
    """JobDetail."""
    (found,) = kit.client("batch").describe_jobs(jobs=[job_id])["jobs"]
    return dict(found)


def wait(job_id: str, *statuses: str) -> dict[str, Any]:
    """A job when it has one of these states; without any, when it has ended."""
    wanted = statuses or ("SUCCEEDED", "FAILED")

    def look() -> dict[str, Any] | None:
        found = described(job_id)
        return found if found["status"] in wanted else None

    return dict(kit.eventually(look, f"job {job_id} is {' or '.join(wanted)}"))


def output(stream: str, group: str = "/aws/batch/job") -> list[str]:
    """The lines of a log stream."""
    logs = kit.client("logs")
    return [
        event["message"]
        for event in logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)["events"]
    ]


def lines_of(job: dict[str, Any]) -> list[str]:
    """What the last attempt of a job has printed."""
    return output(job["container"]["logStreamName"])


def hold(folder: Path, name: str) -> list[str]:
    """A command that makes the file <folder>/<name>.here and ends when <folder>/<name>.leave is there."""
    return ["python", "-c", HOLD.format(here=folder / f"{name}.here", leave=folder / f"{name}.leave")]


def is_here(folder: Path, name: str) -> bool:
    """Whether the command of `hold` has begun."""
    return (folder / f"{name}.here").exists()


def let_go(folder: Path, *names: str) -> None:
    """Lets commands of `hold` end."""
    for name in names:
        (folder / f"{name}.leave").touch()
