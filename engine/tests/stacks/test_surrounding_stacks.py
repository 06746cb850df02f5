"""Stacks with repositories, alarms and the account of API Gateway, as tools and samples create them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from kits import stack_kit


def _around(*, days: int, threshold: int) -> dict[str, Any]:
    """A template with one resource of each type."""
    rule = {"Id": "old", "Status": "Enabled", "NoncurrentVersionExpiration": {"NoncurrentDays": days}}
    lifecycle = json.dumps({"rules": [{"rulePriority": 1, "selection": {
        "tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": days,
    }, "action": {"type": "expire"}}]})  # fmt: skip
    alarm = {
        "AlarmName": "errors", "Namespace": "AWS/Lambda", "MetricName": "Errors", "Statistic": "Sum", "Period": 60,
        "EvaluationPeriods": 1, "Threshold": threshold, "ComparisonOperator": "GreaterThanThreshold",
    }  # fmt: skip
    types = {
        "Assets": ("S3::Bucket", {"LifecycleConfiguration": {"Rules": [rule]}}),
        "Images": ("ECR::Repository", {
            "RepositoryName": "images", "ImageTagMutability": "IMMUTABLE",
            "LifecyclePolicy": {"LifecyclePolicyText": lifecycle},
        }),
        "Alarm": ("CloudWatch::Alarm", alarm),
        "Account": ("ApiGateway::Account", {"CloudWatchRoleArn": {"Fn::GetAtt": ["Role", "Arn"]}}),
        "Role": ("IAM::Role", {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"},
        ]}}),
    }  # fmt: skip
    resources = {name: {"Type": f"AWS::{kind}", "Properties": given} for name, (kind, given) in types.items()}
    outputs = {"Uri": {"Fn::GetAtt": ["Images", "RepositoryUri"]}, "Arn": {"Fn::GetAtt": ["Alarm", "Arn"]}}
    return {"Resources": resources, "Outputs": {name: {"Value": value} for name, value in outputs.items()}}


def test_they_are_created_changed_and_deleted(kit: Any) -> None:
    outputs = stack_kit.create("around", _around(days=30, threshold=1))
    assert outputs["Uri"].endswith("/images")
    assert outputs["Arn"].endswith(":alarm:errors")
    alarms, ecr = kit.client("cloudwatch"), kit.client("ecr")
    assert kit.client("apigateway").get_account()["cloudwatchRoleArn"].startswith("arn:aws:iam:")
    assert stack_kit.update("around", _around(days=7, threshold=5)) == outputs
    assert [each["Threshold"] for each in alarms.describe_alarms()["MetricAlarms"]] == [5]
    policy = json.loads(ecr.get_lifecycle_policy(repositoryName="images")["lifecyclePolicyText"])
    assert policy["rules"][0]["selection"]["countNumber"] == 7
    kit.client("cloudformation").delete_stack(StackName="around")
    kit.eventually(lambda: not alarms.describe_alarms()["MetricAlarms"], "the alarm is deleted")
    with pytest.raises(ClientError, match="RepositoryNotFoundException"):
        ecr.describe_repositories(repositoryNames=["images"])


def test_a_stack_that_waits_for_its_first_change_set_has_no_template(kit: Any) -> None:
    stacks = kit.client("cloudformation")
    stacks.create_change_set(
        StackName="new", ChangeSetName="first", ChangeSetType="CREATE",
        TemplateBody=json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}),
    )  # fmt: skip
    assert "TemplateBody" not in stacks.get_template(StackName="new")
