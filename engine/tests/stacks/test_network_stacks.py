"""Functions in a VPC that a stack makes: it waits for their interfaces, and leaves none behind."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kits import cloud_kit as kit, fixtures, network_kit as net

FUNCTION: dict[str, Any] = {
    "Type": "AWS::Lambda::Function",
    "Properties": {
        "FunctionName": "orders",
        "Runtime": "python3.13",
        "Handler": "index.handler",
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Code": {"ZipFile": "def handler(event, context): return 'lamp'"},
        "VpcConfig": {"SubnetIds": [{"Ref": "Subnet"}], "SecurityGroupIds": [{"Ref": "Group"}]},
    },
}
RESOURCES: dict[str, Any] = {
    "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.7.0.0/16"}},
    "Subnet": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.7.0.0/28"}},
    "Group": {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": {"GroupDescription": "functions", "VpcId": {"Ref": "Vpc"}},
    },
    "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": kit.ASSUMABLE}},
    "Function": FUNCTION,
    "Version": {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Function"}}},
}


pytestmark = pytest.mark.usefixtures("aws")
cloud_of_module = fixtures.cloud_of(time_scale=net.FAST)


def make(resources: dict[str, Any]) -> str:
    """Makes the stack; its status in the end."""
    stacks = kit.client("cloudformation")
    body = json.dumps({"Resources": resources})
    stacks.create_stack(StackName="shop", TemplateBody=body, Capabilities=["CAPABILITY_IAM"])
    return str(kit.eventually(status, "the stack is made or has failed"))


def status() -> str | None:
    """The status of the stack; None while work on it goes on, "gone" when it is deleted."""
    stacks = kit.client("cloudformation")
    try:
        found = str(stacks.describe_stacks(StackName="shop")["Stacks"][0]["StackStatus"])
    except stacks.exceptions.ClientError:
        return "gone"
    return None if found.endswith("IN_PROGRESS") else found


def test_a_stack_waits_for_the_interface_and_is_deleted_without_a_rest() -> None:
    assert make(RESOURCES) == "CREATE_COMPLETE"
    assert net.state("orders")["State"] == "Active"
    assert kit.invoke("orders", Qualifier="1").payload == "lamp"
    assert len(net.interfaces()) == 1
    kit.client("cloudformation").delete_stack(StackName="shop")
    assert kit.eventually(status, "the stack is deleted") == "gone"
    assert net.interfaces() == []


def test_a_stack_leaves_the_interface_to_others_that_need_it() -> None:
    vpc = net.make_vpc()
    net.deploy("payments", "def handler(e, c): return 'paid'", vpc)
    properties = FUNCTION["Properties"] | {"VpcConfig": vpc.config}
    assert make({"Role": RESOURCES["Role"], "Function": FUNCTION | {"Properties": properties}}) == "CREATE_COMPLETE"
    (shared,) = net.interfaces()
    kit.client("cloudformation").delete_stack(StackName="shop")
    assert kit.eventually(status, "the stack is deleted") == "gone"
    assert net.interfaces() == [shared]
    assert kit.invoke("payments").payload == "paid"


def test_a_stack_with_a_full_subnet_is_rolled_back() -> None:
    vpc = net.make_vpc()
    net.fill(vpc.subnet)
    properties = FUNCTION["Properties"] | {"VpcConfig": vpc.config}
    assert make({"Role": RESOURCES["Role"], "Function": FUNCTION | {"Properties": properties}}) == "ROLLBACK_COMPLETE"
    events = kit.client("cloudformation").describe_stack_events(StackName="shop")["StackEvents"]
    (failed,) = [e for e in events if e["ResourceStatus"] == "CREATE_FAILED"]
    assert "no available IP addresses" in failed["ResourceStatusReason"]
    assert kit.client("lambda").list_functions()["Functions"] == []
