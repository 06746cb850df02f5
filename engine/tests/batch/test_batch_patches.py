"""The places where moto hands over Batch: this fails when moto changes under them, so that somebody looks."""

from __future__ import annotations

from moto.batch import models

from kits import patch_kit


def test_batch_of_moto_has_what_the_patches_read_and_set() -> None:
    for owner, names in (
        (models.ComputeEnvironment, "name arn env_type state compute_resources ecs_name"),
        (models.JobQueue, "name arn priority state environments"),
        (models.JobDefinition, "name arn revision status container_properties parameters retry_strategy timeout "
         "platform_capabilities propagate_tags"),
        (models.BatchBackend, "_job_definitions _job_queues tagger"),
    ):  # fmt: skip
        patch_kit.assert_keeps(owner, [f"self.{name}" for name in names.split()], "batch_*.py")


# ---- what stock moto does wrong: when one of these fails, the patch may go

STOCK = """
FARGATE = {"type": "FARGATE", "maxvCpus": 4}
PROPERTIES = {"image": "i", "command": ["false"], "vcpus": 1, "memory": 128}

def environment(**more):
    return batch.create_compute_environment(**({"computeEnvironmentName": "env1", "type": "MANAGED", "state": "ENABLED",
        "computeResources": FARGATE, "serviceRole": role} | more))["computeEnvironmentArn"]

def queue(**more):
    order = [{"order": 1, "computeEnvironment": environment()}]
    return batch.create_job_queue(**({"jobQueueName": "queue1", "priority": 1, "state": "ENABLED",
        "computeEnvironmentOrder": order} | more))["jobQueueArn"]

def definition(**more):
    return batch.register_job_definition(**({"jobDefinitionName": "def1", "type": "container",
        "containerProperties": PROPERTIES} | more))["jobDefinitionArn"]

def job(**more):
    return batch.submit_job(jobName="job1", jobQueue="queue1", jobDefinition="def1", **more)["jobId"]

def prepare():
    global role
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    FARGATE["subnets"] = [ec2.describe_subnets()["Subnets"][0]["SubnetId"]]
    FARGATE["securityGroupIds"] = [ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]]

def a_job_that_fails_succeeds():
    queue(); definition()
    return batch.describe_jobs(jobs=[job()])["jobs"][0]["status"] == "SUCCEEDED"

def a_retry_strategy_of_a_request_is_dropped():
    queue(); definition()
    job_id = job(retryStrategy={"attempts": 3})
    return "retryStrategy" not in batch.describe_jobs(jobs=[job_id])["jobs"][0]

def a_disabled_queue_takes_jobs():
    queue(state="DISABLED"); definition()
    return bool(job())

def every_job_is_listed_without_a_status():
    queue(); definition(); job()
    return len(batch.list_jobs(jobQueue="queue1")["jobSummaryList"]) == 1

def an_environment_needs_a_role():
    return code_of(environment, serviceRole="") == "ClientException"

def an_environment_keeps_no_new_size():
    environment()
    batch.update_compute_environment(computeEnvironment="env1", computeResources={"maxvCpus": 9})
    found = batch.describe_compute_environments()["computeEnvironments"][0]
    return found["computeResources"]["maxvCpus"] == 4

def what_is_in_use_is_deleted():
    queue()
    return code_of(batch.delete_compute_environment, computeEnvironment="env1") is None

def an_error_has_a_code_that_batch_does_not_know():
    environment()
    return code_of(environment) == "InvalidParameterValue"

def a_revision_inherits_from_the_one_before():
    definition(parameters={"a": "b"}); definition()
    return batch.describe_job_definitions()["jobDefinitions"][1]["parameters"] == {"a": "b"}

def fargate_asks_for_nothing_of_its_own():
    return bool(definition(platformCapabilities=["FARGATE"]))
"""


@patch_kit.asks_stock_moto
def test_stock_moto_still_has_the_defects() -> None:
    patch_kit.assert_all(patch_kit.shown(STOCK, batch="batch", ec2="ec2", iam="iam"), 10, "batch_*.py")
