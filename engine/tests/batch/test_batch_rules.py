"""What Batch refuses, and what its control plane keeps: compute environments, queues, definitions, requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kits import batch_kit as batch


def refusal(kit: Any, call: Callable[[], Any], code: str = "ClientException") -> str:
    """The message of a refusal of this kind."""
    found = kit.refused(call)
    assert found.code == code, found.message
    assert found.status == 400
    return str(found.message)


# ---- Fargate


@pytest.mark.parametrize(
    ("vcpus", "memory_mb", "is_right"),
    [
        (0.25, 512, True), (0.25, 4096, False), (0.5, 4096, True), (0.5, 512, False), (1, 2048, True), (1, 4000, False),
        (2, 16384, True), (4, 30720, True), (8, 16384, True), (8, 17408, False), (16, 122880, True), (3, 8192, False),
    ],
)  # fmt: skip
def test_fargate_has_pairs_of_vcpus_and_memory(kit: Any, vcpus: float, memory_mb: int, is_right: bool) -> None:
    def register() -> str:
        return str(batch.register(["true"], resourceRequirements=batch.resources(vcpus, memory_mb)))

    if is_right:
        assert register().endswith("job-definition/render:1")
    else:
        expected = f"Fargate resource requirements ({vcpus:.2f} vCPU, {memory_mb} MiB) not valid."
        assert refusal(kit, register) == expected


def test_fargate_needs_an_execution_role_and_its_own_way_to_ask_for_resources(kit: Any) -> None:
    assert "executionRoleArn" in refusal(kit, lambda: batch.register(["true"], executionRoleArn=""))
    message = refusal(kit, lambda: batch.register(["true"], vcpus=1))
    assert message == "vcpus is not applicable for Fargate. Use resource requirements instead."


def test_the_pairs_hold_for_overrides_too(kit: Any) -> None:
    batch.prepare(["true"])
    overrides = {"resourceRequirements": [{"type": "MEMORY", "value": "512"}]}
    message = refusal(kit, lambda: batch.submit(containerOverrides=overrides))
    assert message == "Fargate resource requirements (1.00 vCPU, 512 MiB) not valid."


def test_jobs_for_ec2_do_not_run_on_fargate_nor_the_other_way_round(kit: Any) -> None:
    fargate, ec2 = batch.make_environment("fargate"), batch.make_environment("ec2", kind="EC2")
    batch.make_queue("fargate", [fargate])
    batch.make_queue("ec2", [ec2])
    batch.register(["true"], name="fargate")
    for_ec2 = {"platformCapabilities": ["EC2"], "executionRoleArn": "", "resourceRequirements": []}
    batch.register(["true"], name="ec2", vcpus=2, memory=1000, **for_ec2)
    job = batch.wait(batch.submit("ec2", "ec2"))
    assert (job["status"], job["container"]["vcpus"], job["container"]["memory"]) == ("SUCCEEDED", 2, 1000)
    assert batch.wait(batch.submit("fargate", "fargate"))["status"] == "SUCCEEDED"
    assert "platformCapabilities" in refusal(kit, lambda: batch.submit("ec2", "fargate"))
    assert "platformCapabilities" in refusal(kit, lambda: batch.submit("fargate", "ec2"))
    both = refusal(kit, lambda: batch.make_queue("both", [fargate, ec2]))
    assert "must all be EC2, or all Fargate" in both


# ---- definitions


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"image": ""}, "image"),
        ({"resourceRequirements": [{"type": "MEMORY", "value": "2048"}]}, "vCPU is not provided"),
        ({"resourceRequirements": [{"type": "VCPU", "value": "1"}]}, "Memory is not provided"),
        ({"environment": [{"name": "AWS_BATCH_JOB_ID", "value": "1"}]}, "AWS_BATCH"),
        ({"timeout": {"attemptDurationSeconds": 59}}, "60"),
        ({"retryStrategy": {"attempts": 11}}, "between 1 and 10"),
        ({"retryStrategy": {"attempts": 0}}, "between 1 and 10"),
        ({"name": "lamp shade"}, "name"),
    ],
)
def test_definitions_that_batch_refuses(kit: Any, given: dict[str, Any], says: str) -> None:
    assert says in refusal(kit, lambda: batch.register(["true"], **given))
    assert kit.client("batch").describe_job_definitions()["jobDefinitions"] == []


@pytest.mark.parametrize(
    "given",
    [
        {"secrets": [{"name": "PASSWORD", "valueFrom": "arn:aws:secretsmanager:us-east-1:123456789012:secret:db"}]},
        {"volumes": [{"name": "lamps", "host": {"sourcePath": "/lamps"}}]},
        {"mountPoints": [{"containerPath": "/lamps", "sourceVolume": "lamps"}]},
        {"privileged": True},
        {"user": "nobody"},
        {"readonlyRootFilesystem": True},
        {"linuxParameters": {"sharedMemorySize": 128}},
        {"repositoryCredentials": {"credentialsParameter": "arn"}},
        {"logConfiguration": {"logDriver": "splunk"}},
        {"resourceRequirements": [*batch.resources(1, 2048), {"type": "GPU", "value": "1"}]},
    ],
)
def test_settings_that_would_have_no_effect_are_refused_by_name(kit: Any, given: dict[str, Any]) -> None:
    message = refusal(kit, lambda: batch.register(["true"], **given), "NotImplementedException")
    name = next(iter(given))
    assert {"logConfiguration": "logDriver splunk", "resourceRequirements": "GPU"}.get(name, name) in message


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"type": "multinode", "nodeProperties": {"numNodes": 2, "mainNode": 0, "nodeRangeProperties": []}}, "node"),
        ({"type": "container", "eksProperties": {"podProperties": {"containers": [{"image": "i"}]}}}, "eksProperties"),
        (
            {"type": "container", "ecsProperties": {"taskProperties": [{"containers": [{"image": "i"}]}]}},
            "ecsProperties",
        ),
        ({"type": "container", "schedulingPriority": 5}, "schedulingPriority"),
    ],
)
def test_other_kinds_of_jobs_are_refused_by_name(kit: Any, given: dict[str, Any], says: str) -> None:
    def register() -> Any:
        return kit.client("batch").register_job_definition(jobDefinitionName="render", **given)

    assert says in refusal(kit, register, "NotImplementedException")


def test_a_job_without_a_command_is_refused_since_no_image_runs(kit: Any) -> None:
    batch.prepare([])
    assert "without a command" in refusal(kit, batch.submit, "NotImplementedException")
    assert batch.wait(batch.submit(containerOverrides={"command": ["true"]}))["status"] == "SUCCEEDED"


def test_a_revision_has_what_it_was_registered_with_and_nothing_of_the_one_before(kit: Any) -> None:
    client = kit.client("batch")
    batch.register(["echo", "Ref::lamp"], parameters={"lamp": "desk"}, retryStrategy={"attempts": 3},
                   timeout={"attemptDurationSeconds": 120}, tags={"shop": "hikari"})  # fmt: skip
    batch.register(["true"], platformCapabilities=["EC2"])
    first, second = client.describe_job_definitions(jobDefinitionName="render")["jobDefinitions"]
    assert (first["parameters"], first["retryStrategy"]["attempts"]) == ({"lamp": "desk"}, 3)
    assert (first["timeout"], first["tags"]) == ({"attemptDurationSeconds": 120}, {"shop": "hikari"})
    assert (first["platformCapabilities"], first["revision"]) == (["FARGATE"], 1)
    assert (second["parameters"], second["revision"], second["platformCapabilities"]) == ({}, 2, ["EC2"])
    assert "timeout" not in second
    assert "attempts" not in second.get("retryStrategy", {})
    client.deregister_job_definition(jobDefinition="render:1")
    active = client.describe_job_definitions(status="ACTIVE")["jobDefinitions"]
    assert [each["revision"] for each in active] == [2]
    (named,) = client.describe_job_definitions(jobDefinitions=["render:1"])["jobDefinitions"]
    assert named["status"] == "INACTIVE"
    pages = client.get_paginator("describe_job_definitions").paginate(PaginationConfig={"PageSize": 1})
    assert [len(page["jobDefinitions"]) for page in pages] == [1, 1]


# ---- requests


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"definition": "none"}, "Job definition none does not exist"),
        ({"queue": "none"}, "Job queue none does not exist"),
        ({"name": "night shift"}, "Job name"),
        ({"timeout": {"attemptDurationSeconds": 5}}, "60"),
        ({"retryStrategy": {"attempts": 11}}, "between 1 and 10"),
        ({"containerOverrides": {"environment": [{"name": "AWS_BATCH_X", "value": "1"}]}}, "AWS_BATCH_X"),
    ],
)
def test_requests_that_batch_refuses(kit: Any, given: dict[str, Any], says: str) -> None:
    batch.prepare(["true"])
    assert says in refusal(kit, lambda: batch.submit(**given))
    assert kit.client("batch").list_jobs(jobQueue="renders", jobStatus="FAILED")["jobSummaryList"] == []


def test_ending_a_job_needs_a_reason(kit: Any) -> None:
    client = kit.client("batch")
    assert "reason" in refusal(kit, lambda: client.terminate_job(jobId="x", reason=""))
    assert "reason" in refusal(kit, lambda: client.cancel_job(jobId="x", reason=""))


def test_fair_share_is_refused_by_name(kit: Any) -> None:
    assert "fair share" in refusal(
        kit, lambda: kit.client("batch").create_scheduling_policy(name="fair"), "NotImplementedException"
    )
    arn = "arn:aws:batch:us-east-1:123456789012:scheduling-policy/fair"
    message = refusal(kit, lambda: batch.make_queue(schedulingPolicyArn=arn), "NotImplementedException")
    assert "schedulingPolicyArn" in message


@pytest.mark.parametrize("given", [{"dependsOn": [{"jobId": "x"}]}, {"arrayProperties": {"size": 2}}])
def test_arrays_and_dependencies_are_refused_by_name(kit: Any, given: dict[str, Any]) -> None:
    batch.prepare(["true"])
    assert next(iter(given)) in refusal(kit, lambda: batch.submit(**given), "NotImplementedException")
    children = refusal(kit, lambda: kit.client("batch").list_jobs(arrayJobId="x"), "NotImplementedException")
    assert "array jobs" in children


def test_conditions_of_a_retry_strategy_are_refused_by_name(kit: Any) -> None:
    conditions = {"attempts": 2, "evaluateOnExit": [{"onExitCode": "1", "action": "RETRY"}]}
    batch.prepare(["true"])
    for call in (lambda: batch.register(["true"], retryStrategy=conditions),
                 lambda: batch.submit(retryStrategy=conditions)):  # fmt: skip
        assert "evaluateOnExit" in refusal(kit, call, "NotImplementedException")


# ---- compute environments and queues


def test_an_environment_has_a_state_and_a_role_of_its_own(kit: Any) -> None:
    batch.make_environment("ce")
    (found,) = kit.client("batch").describe_compute_environments(computeEnvironments=["ce"])["computeEnvironments"]
    assert (found["state"], found["status"], found["computeResources"]["maxvCpus"]) == ("ENABLED", "VALID", 4)
    assert found["serviceRole"].endswith(":role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch")
    assert kit.client("iam").get_role(RoleName="AWSServiceRoleForBatch")["Role"]["Arn"] == found["serviceRole"]


def test_environments_that_batch_refuses(kit: Any) -> None:
    batch.make_environment()
    assert "name" in refusal(kit, lambda: batch.make_environment("lamp shade"))
    assert "already exists" in refusal(kit, batch.make_environment)
    resources = {"type": "FARGATE", "maxvCpus": 4, "subnets": ["subnet-00000000"], "securityGroupIds": ["sg-0"]}
    message = refusal(kit, lambda: batch.make_environment("other", computeResources=resources))
    assert "does not exist" in message
    message = refusal(kit, lambda: batch.make_environment("other", computeResources={**resources, "minvCpus": 1}))
    assert "minvCpus" in message
    message = refusal(kit, lambda: batch.make_environment("other", type="UNMANAGED"), "NotImplementedException")
    assert "UNMANAGED" in message


def test_what_is_in_use_is_not_deleted(kit: Any) -> None:
    client = kit.client("batch")
    batch.make_queue()
    assert "DISABLED" in refusal(kit, lambda: client.delete_compute_environment(computeEnvironment="hikari"))
    client.update_compute_environment(computeEnvironment="hikari", state="DISABLED")
    message = refusal(kit, lambda: client.delete_compute_environment(computeEnvironment="hikari"))
    assert message == "Cannot delete, found existing JobQueue relationship."
    assert "DISABLED" in refusal(kit, lambda: client.delete_job_queue(jobQueue="renders"))
    client.update_job_queue(jobQueue="renders", state="DISABLED")
    client.delete_job_queue(jobQueue="renders")
    client.delete_compute_environment(computeEnvironment="hikari")
    assert client.describe_job_queues()["jobQueues"] == []
    assert client.describe_compute_environments()["computeEnvironments"] == []


def test_a_queue_needs_environments_that_exist(kit: Any) -> None:
    assert "Compute environment none does not exist" in refusal(kit, lambda: batch.make_queue(environments=["none"]))
    batch.make_queue()
    assert "already exists" in refusal(kit, lambda: batch.make_queue(environments=[batch.make_environment("another")]))
    (found,) = kit.client("batch").describe_job_queues(jobQueues=["renders"])["jobQueues"]
    assert (found["state"], found["priority"], found["status"]) == ("ENABLED", 1, "VALID")
    kit.client("batch").update_job_queue(jobQueue="renders", priority=7)
    (found,) = kit.client("batch").describe_job_queues()["jobQueues"]
    assert (found["state"], found["priority"]) == ("ENABLED", 7)
