"""Batch in CloudFormation: what a stack makes works, changes with its template and goes with it."""

from __future__ import annotations

import copy
import json
from typing import Any

from botocore.exceptions import ClientError

from kits import batch_kit as batch

TEMPLATE: dict[str, Any] = {
    "Parameters": {"Subnet": {"Type": "String"}, "Group": {"Type": "String"}},
    "Resources": {
        "Fargate": {
            "Type": "AWS::Batch::ComputeEnvironment",
            "Properties": {
                "Type": "MANAGED",
                "ComputeResources": {
                    "Type": "FARGATE",
                    "MaxvCpus": "2",
                    "Subnets": [{"Ref": "Subnet"}],
                    "SecurityGroupIds": [{"Ref": "Group"}],
                },
            },
        },
        "Renders": {
            "Type": "AWS::Batch::JobQueue",
            "Properties": {
                "JobQueueName": "renders",
                "Priority": 5,
                "ComputeEnvironmentOrder": [{"Order": 1, "ComputeEnvironment": {"Ref": "Fargate"}}],
            },
        },
        "Render": {
            "Type": "AWS::Batch::JobDefinition",
            "Properties": {
                "JobDefinitionName": "render",
                "Type": "container",
                "PlatformCapabilities": ["FARGATE"],
                "Parameters": {"Lamp": "desk"},
                "ContainerProperties": {
                    "Image": "hikari/render",
                    "Command": ["sh", "-c", "echo $SHADE Ref::Lamp; exit $AWS_BATCH_JOB_ATTEMPT"],
                    "Environment": [{"Name": "SHADE", "Value": "paper"}],
                    "ExecutionRoleArn": batch.EXECUTION_ROLE,
                    "ResourceRequirements": [{"Type": "VCPU", "Value": 1}, {"Type": "MEMORY", "Value": 2048}],
                },
                "RetryStrategy": {"Attempts": "2"},
                "Timeout": {"AttemptDurationSeconds": 600},
            },
        },
    },
    "Outputs": {
        "Environment": {"Value": {"Fn::GetAtt": ["Fargate", "ComputeEnvironmentArn"]}},
        "Queue": {"Value": {"Fn::GetAtt": ["Renders", "JobQueueArn"]}},
        "Definition": {"Value": {"Ref": "Render"}},
    },
}


def deploy(kit: Any, template: dict[str, Any], *, is_new: bool = True) -> dict[str, str]:
    """Makes or changes the stack; its outputs."""
    stacks, ec2 = kit.client("cloudformation"), kit.client("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]
    filters = [{"Name": "vpc-id", "Values": [subnet["VpcId"]]}, {"Name": "group-name", "Values": ["default"]}]
    group = ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]
    given = {"Subnet": subnet["SubnetId"], "Group": group["GroupId"]}
    call = stacks.create_stack if is_new else stacks.update_stack
    call(
        StackName="hikari-renders",
        TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()],
    )
    (stack,) = stacks.describe_stacks(StackName="hikari-renders")["Stacks"]
    assert stack["StackStatus"].endswith("_COMPLETE"), stack
    return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}


def test_a_stack_makes_changes_and_deletes_what_batch_needs(kit: Any) -> None:
    client = kit.client("batch")
    outputs = deploy(kit, TEMPLATE)
    assert outputs["Queue"].endswith(":job-queue/renders")
    assert outputs["Definition"].endswith(":job-definition/render:1")
    job = batch.wait(batch.submit(outputs["Definition"], outputs["Queue"]))
    assert [attempt["container"]["exitCode"] for attempt in job["attempts"]] == [1, 2]
    assert batch.lines_of(job) == ["paper desk"]
    assert (job["timeout"], job["parameters"]) == ({"attemptDurationSeconds": 600}, {"Lamp": "desk"})

    changed = copy.deepcopy(TEMPLATE)
    changed["Resources"]["Fargate"]["Properties"]["ComputeResources"]["MaxvCpus"] = 8
    changed["Resources"]["Renders"]["Properties"]["Priority"] = 9
    changed["Resources"]["Render"]["Properties"]["ContainerProperties"]["Command"] = ["true"]
    outputs = deploy(kit, changed, is_new=False)
    assert outputs["Definition"].endswith(":job-definition/render:2")
    (environment,) = client.describe_compute_environments()["computeEnvironments"]
    (queue,) = client.describe_job_queues()["jobQueues"]
    assert (environment["computeResources"]["maxvCpus"], queue["priority"]) == (8, 9)
    assert environment["computeEnvironmentArn"] == outputs["Environment"]
    active = client.describe_job_definitions(status="ACTIVE")["jobDefinitions"]
    assert [each["revision"] for each in active] == [2]
    assert batch.wait(batch.submit())["status"] == "SUCCEEDED"

    kit.client("cloudformation").delete_stack(StackName="hikari-renders")
    assert client.describe_job_queues()["jobQueues"] == []
    assert client.describe_compute_environments()["computeEnvironments"] == []
    assert client.describe_job_definitions(status="ACTIVE")["jobDefinitions"] == []


def why_not(kit: Any, template: dict[str, Any]) -> str:
    """Why a stack was not made, wherever CloudFormation says so."""
    told = []
    try:
        deploy(kit, template)
    except ClientError as error:
        told.append(error.response["Error"]["Message"])
    except AssertionError as error:
        told.append(str(error))
    stacks = kit.client("cloudformation")
    for stack in stacks.describe_stacks()["Stacks"]:
        events = stacks.describe_stack_events(StackName=stack["StackId"])["StackEvents"]
        told += [event.get("ResourceStatusReason", "") for event in events]
        stacks.delete_stack(StackName=stack["StackId"])
    assert told
    return " ".join(told)


def test_a_property_that_would_have_no_effect_is_refused(kit: Any) -> None:
    template = copy.deepcopy(TEMPLATE)
    template["Resources"]["Render"]["Properties"]["ContainerProperties"]["Privileged"] = True
    assert "privileged in containerProperties" in why_not(kit, template)
    template = copy.deepcopy(TEMPLATE)
    template["Resources"]["Renders"]["Properties"]["Colour"] = "red"
    assert "Colour" in why_not(kit, template)
