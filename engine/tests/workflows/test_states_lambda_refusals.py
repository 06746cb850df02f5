"""What a task makes of a function that Lambda does not call now; plain boto3."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import serverless_cloud as cloud
from kits import cloud_kit as kit, network_kit as net, states_kit as states
from serverless_cloud import Cloud

pytestmark = pytest.mark.usefixtures("aws")

WAYS = ("arn:aws:states:::lambda:invoke", "arn:aws:states:::aws-sdk:lambda:invoke", "")


@pytest.fixture(autouse=True)
def _settings(aws: Cloud) -> Iterator[None]:
    yield
    cloud.start(time_scale=1, network_model="hyperplane")
    del aws


def calling(resource: str, **more: Any) -> Any:
    """One run of a machine that calls the function `orders`: by an integration, or by its ARN."""
    by_name = {"Resource": resource, "Parameters": {"FunctionName": "orders"}}
    by_arn = {"Resource": "arn:aws:lambda:us-east-1:123456789012:function:orders"}
    task = {"Type": "Task", **(by_name if resource else by_arn), "End": True}
    return states.run_once(states.steps(Order=task | more))


@pytest.mark.parametrize("resource", WAYS)
def test_a_function_that_may_not_run_is_throttled(resource: str) -> None:
    kit.deploy("orders", kit.COUNT)
    kit.client("lambda").put_function_concurrency(FunctionName="orders", ReservedConcurrentExecutions=0)
    run = calling(resource)
    assert (run.status, run.error) == ("FAILED", "Lambda.TooManyRequestsException")
    assert run.cause.startswith("Rate Exceeded. (Service: ")
    assert "Status Code: 429" in run.cause


@pytest.mark.parametrize("resource", WAYS)
def test_a_function_that_is_pending_is_refused(resource: str) -> None:
    kit.deploy("orders", kit.COUNT, VpcConfig=net.make_vpc().config)
    assert net.state("orders")["State"] == "Pending"
    run = calling(resource)
    assert (run.status, run.error) == ("FAILED", "Lambda.ResourceConflictException")
    assert "The function is currently in the following state: Pending" in run.cause


@pytest.mark.parametrize("resource", WAYS)
def test_a_subnet_without_an_address(aws: Cloud, resource: str) -> None:
    cloud.start(time_scale=net.FAST, network_model="2019")
    assert aws.network_model == "2019"
    vpc = net.make_vpc()
    kit.deploy("orders", kit.COUNT, VpcConfig=vpc.config)
    net.fill(vpc.subnet)
    run = calling(resource)
    assert (run.status, run.error) == ("FAILED", "Lambda.SubnetIPAddressLimitReachedException")
    assert "has no available IP addresses" in run.cause


def test_a_task_waits_until_its_function_is_active() -> None:
    """Retry takes the conflict as any other error."""
    cloud.start(time_scale=net.FAST)
    kit.deploy("orders", kit.COUNT, VpcConfig=net.make_vpc().config)
    retry = {"ErrorEquals": ["Lambda.ResourceConflictException"], "IntervalSeconds": 60, "MaxAttempts": 60}
    run = calling(WAYS[0], Retry=[retry | {"BackoffRate": 1.0}])
    assert states.succeeded(run)["Payload"]["count"] == 1
