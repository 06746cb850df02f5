"""What AWS refuses in a VpcConfig, and in calls to interfaces, subnets and security groups that are in use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import serverless_cloud as cloud
from kits import cloud_kit as kit, iam_kit, network_kit as net
from serverless_cloud import Cloud

SOURCE = "def handler(e, c): return 'lamp'"


@pytest.fixture(autouse=True)
def _fast(aws: Cloud) -> Iterator[None]:
    del aws
    cloud.start(time_scale=net.FAST)
    yield
    cloud.start(time_scale=1, enforce_iam=False)


def refused_to_create(subnets: list[str], groups: list[str], **more: Any) -> Any:
    config = {"SubnetIds": subnets, "SecurityGroupIds": groups} | more
    refusal = kit.refused(lambda: kit.deploy("orders", SOURCE, VpcConfig=config))
    assert refusal.status == 400
    assert kit.client("lambda").list_functions()["Functions"] == []
    return refusal


# ---- VpcConfig


def test_what_does_not_exist() -> None:
    vpc = net.make_vpc()
    refusal = refused_to_create(["subnet-0123456789abcdef0"], [vpc.group])
    assert refusal.code == "InvalidParameterValueException"
    assert refusal.message == (
        "Error occurred while DescribeSubnets. EC2 Error Code: InvalidSubnetID.NotFound. EC2 Error Message: The subnet "
        "ID 'subnet-0123456789abcdef0' does not exist"
    )
    refusal = refused_to_create([vpc.subnet], ["sg-0123456789abcdef0"])
    assert refusal.message == (
        "Error occurred while DescribeSecurityGroups. EC2 Error Code: InvalidGroup.NotFound. EC2 Error Message: The "
        "security group 'sg-0123456789abcdef0' does not exist"
    )


def test_subnets_and_groups_are_of_one_vpc() -> None:
    here, there = net.make_vpc(), net.make_vpc()
    assert refused_to_create([here.subnet], [there.group]).message.endswith("required to be in the same VPC.")
    both = refused_to_create([here.subnet, there.subnet], [here.group])
    assert both.message == "Subnets are required to be in the same VPC."
    both = refused_to_create([here.subnet], [here.group, there.group])
    assert both.message == "Security Groups are required to be in the same VPC."


def test_one_without_the_other() -> None:
    vpc = net.make_vpc()
    for subnets, groups in (([vpc.subnet], []), ([], [vpc.group])):
        text = "SubnetIds and SecurityIds must coexist or be both empty list."
        assert refused_to_create(subnets, groups).message == text
    kit.deploy("orders", SOURCE, VpcConfig={"SubnetIds": [], "SecurityGroupIds": []})
    assert net.state("orders")["VpcConfig"]["VpcId"] == ""


def test_too_many_or_of_another_form() -> None:
    vpc = net.make_vpc()
    refusal = refused_to_create([vpc.subnet] * 17, [vpc.group])
    assert (refusal.code, "at 'vpcConfig.subnetIds'" in refusal.message) == ("ValidationException", True)
    assert refusal.message.endswith("Member must have length less than or equal to 16")
    refusal = refused_to_create([vpc.subnet], [vpc.group] * 6)
    assert refusal.message.endswith("Member must have length less than or equal to 5")
    assert "regular expression" in refused_to_create(["10.7.0.0/28"], [vpc.group]).message


def test_a_change_that_is_refused_changes_nothing() -> None:
    vpc, other = net.make_vpc(), net.make_vpc()
    net.deploy("orders", SOURCE, vpc)
    change: dict[str, Any] = {"SecurityGroupIds": [other.group]}
    functions = kit.client("lambda")
    refusal = kit.refused(
        lambda: functions.update_function_configuration(FunctionName="orders", VpcConfig=change, Timeout=9)
    )
    assert refusal.code == "InvalidParameterValueException"
    found = net.state("orders")
    assert (found["Timeout"], found["VpcConfig"]["SecurityGroupIds"]) == (3, [vpc.group])
    assert (found["State"], found["LastUpdateStatus"]) == ("Active", "Successful")


def test_ipv6_needs_dual_stack_subnets() -> None:
    ec2 = kit.client("ec2")
    made = ec2.create_vpc(CidrBlock="10.7.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
    block = made["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].replace("/56", "/64")
    plain = net.make_subnet(made["VpcId"], "10.7.0.0/28")
    dual = ec2.create_subnet(VpcId=made["VpcId"], CidrBlock="10.7.1.0/28", Ipv6CidrBlock=block)["Subnet"]["SubnetId"]
    group = net.make_group(made["VpcId"], "functions")
    assert "dual-stack" in refused_to_create([plain], [group], Ipv6AllowedForDualStack=True).message
    config = {"SubnetIds": [dual], "SecurityGroupIds": [group], "Ipv6AllowedForDualStack": True}
    kit.deploy("orders", SOURCE, VpcConfig=config)
    assert net.becomes("orders", State="Active")["VpcConfig"]["Ipv6AllowedForDualStack"] is True
    (found,) = net.interfaces()
    assert len(found["Ipv6Addresses"]) == 1


def test_the_role_must_allow_interfaces() -> None:
    cloud.start(enforce_iam=True)
    vpc = net.make_vpc()
    role = iam_kit.role_of("lambda", ("logs:*", "*"), name="hikari-orders")
    for action in ("CreateNetworkInterface", "DescribeNetworkInterfaces", "DeleteNetworkInterface"):
        refusal = kit.refused(lambda: kit.deploy("orders", SOURCE, VpcConfig=vpc.config, Role=role))
        text = f"The provided execution role does not have permissions to call {action} on EC2"
        assert (refusal.code, refusal.message) == ("InvalidParameterValueException", text)
        allowed = {"CreateNetworkInterface": "ec2:Create* ", "DescribeNetworkInterfaces": "ec2:Create* ec2:Describe* "}
        iam_kit.allow((f"{allowed.get(action, '')}logs:*", "*"), role="hikari-orders")
    kit.client("iam").attach_role_policy(
        RoleName="hikari-orders", PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
    )
    net.deploy("orders", SOURCE, vpc, Role=role)
    assert kit.invoke("orders").payload == "lamp"


# ---- EC2


def test_interfaces_of_lambda_are_lambda_s() -> None:
    vpc = net.make_vpc()
    net.deploy("orders", SOURCE, vpc)
    (found,) = net.interfaces()
    ec2, id = kit.client("ec2"), found["NetworkInterfaceId"]
    refused: list[tuple[Callable[[], Any], str, str]] = [
        (
            lambda: ec2.delete_network_interface(NetworkInterfaceId=id),
            "InvalidParameterValue",
            f"Network interface '{id}' is currently in use.",
        ),
        (
            lambda: ec2.detach_network_interface(AttachmentId=found["Attachment"]["AttachmentId"], Force=True),
            "OperationNotPermitted",
            "You are not allowed to manage 'ela-attach' attachments.",
        ),
        (
            lambda: ec2.modify_network_interface_attribute(NetworkInterfaceId=id, Groups=[vpc.group]),
            "AuthFailure",
            "You do not have permission to access the specified resource.",
        ),
        (
            lambda: ec2.delete_subnet(SubnetId=vpc.subnet),
            "DependencyViolation",
            f"The subnet '{vpc.subnet}' has dependencies and cannot be deleted.",
        ),
        (
            lambda: ec2.delete_security_group(GroupId=vpc.group),
            "DependencyViolation",
            f"resource {vpc.group} has a dependent object",
        ),
    ]
    for call, code, message in refused:
        kit.refused(call, code, message=message)
    assert net.interfaces() == [found]


def test_a_subnet_has_five_addresses_less_and_gives_each_once() -> None:
    for cidr, usable in (("10.7.0.0/28", 11), ("10.7.1.0/26", 59), ("10.7.2.0/24", 251)):
        vpc = net.make_vpc(cidr)
        assert net.free(vpc.subnet) == usable
    small = net.make_vpc()
    taken = net.fill(small.subnet)
    ec2 = kit.client("ec2")
    found = ec2.describe_network_interfaces(NetworkInterfaceIds=taken)["NetworkInterfaces"]
    assert {each["PrivateIpAddress"] for each in found} == {f"10.7.0.{host}" for host in range(4, 15)}
    kit.refused(lambda: ec2.create_network_interface(SubnetId=small.subnet), "InsufficientFreeAddressesInSubnet")
    refusal = kit.refused(
        lambda: ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, SubnetId=small.subnet)
    )
    assert refusal.code == "InsufficientFreeAddressesInSubnet"


def test_instances_gateways_and_endpoints_take_addresses_of_their_subnet() -> None:
    vpc = net.make_vpc()
    net.deploy("orders", SOURCE, vpc)
    ec2 = kit.client("ec2")
    made = ec2.run_instances(ImageId="ami-12c6146b", MinCount=2, MaxCount=2, SubnetId=vpc.subnet)["Instances"]
    ec2.create_nat_gateway(SubnetId=vpc.subnet, ConnectivityType="private")
    ec2.create_vpc_endpoint(
        VpcId=vpc.id,
        ServiceName="com.amazonaws.us-east-1.secretsmanager",
        VpcEndpointType="Interface",
        SubnetIds=[vpc.subnet],
    )
    wanted = [{"Name": "subnet-id", "Values": [vpc.subnet]}]
    found = ec2.describe_network_interfaces(Filters=wanted)["NetworkInterfaces"]
    assert sorted(each["PrivateIpAddress"] for each in found) == [f"10.7.0.{host}" for host in range(4, 9)]
    assert net.free(vpc.subnet) == 11 - 5
    ids = [instance["InstanceId"] for instance in made]
    assert kit.refused(lambda: ec2.delete_subnet(SubnetId=vpc.subnet)).code == "DependencyViolation"
    assert len({instance["PrivateIpAddress"] for instance in made}) == len(ids) == 2


def test_a_gateway_endpoint_has_a_route_in_each_of_its_tables_also_in_those_added_later() -> None:
    vpc, ec2 = net.make_vpc(), kit.client("ec2")
    first, second = (ec2.create_route_table(VpcId=vpc.id)["RouteTable"]["RouteTableId"] for _ in range(2))
    made = ec2.create_vpc_endpoint(VpcId=vpc.id, ServiceName="com.amazonaws.us-east-1.s3", RouteTableIds=[first])[
        "VpcEndpoint"
    ]
    assert made["VpcEndpointType"] == "Gateway"  # AWS's default
    endpoint = made["VpcEndpointId"]

    def with_a_route() -> set[str]:
        tables = ec2.describe_route_tables(RouteTableIds=[first, second])["RouteTables"]
        return {
            table["RouteTableId"]
            for table in tables
            if any(route.get("GatewayId") == endpoint for route in table["Routes"])
        }

    assert with_a_route() == {first}
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddRouteTableIds=[second])
    assert with_a_route() == {first, second}
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, RemoveRouteTableIds=[first])
    assert with_a_route() == {second}
    (told,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"]
    assert told["RouteTableIds"] == [second]
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    assert with_a_route() == set()


def test_an_address_that_is_asked_for() -> None:
    vpc = net.make_vpc()
    ec2 = kit.client("ec2")

    def make(address: str, **more: Any) -> Any:
        return ec2.create_network_interface(SubnetId=vpc.subnet, PrivateIpAddress=address, **more)["NetworkInterface"]

    assert make("10.7.0.9")["PrivateIpAddress"] == "10.7.0.9"
    assert kit.refused(lambda: make("10.7.0.9")).code == "InvalidIPAddress.InUse"
    assert kit.refused(lambda: make("10.9.0.9")).code == "InvalidParameterValue"
    several = ec2.create_network_interface(SubnetId=vpc.subnet, SecondaryPrivateIpAddressCount=2)["NetworkInterface"]
    addresses = [each["PrivateIpAddress"] for each in several["PrivateIpAddresses"]]
    assert addresses == ["10.7.0.4", "10.7.0.5", "10.7.0.6"]
    assert net.free(vpc.subnet) == 11 - 4


def test_a_subnet_whose_instances_are_terminated_can_be_deleted() -> None:
    vpc = net.make_vpc()
    ec2 = kit.client("ec2")
    made = ec2.run_instances(
        ImageId="ami-12c6146b", MinCount=1, MaxCount=1, SubnetId=vpc.subnet, SecurityGroupIds=[vpc.group]
    )
    id = made["Instances"][0]["InstanceId"]
    assert kit.refused(lambda: ec2.delete_security_group(GroupId=vpc.group)).code == "DependencyViolation"
    ec2.terminate_instances(InstanceIds=[id])
    ec2.delete_subnet(SubnetId=vpc.subnet)
    ec2.delete_security_group(GroupId=vpc.group)


def test_a_subnet_whose_nat_gateway_is_deleted_can_be_deleted() -> None:
    vpc = net.make_vpc()
    ec2 = kit.client("ec2")
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    gateway = ec2.create_nat_gateway(SubnetId=vpc.subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]
    assert kit.refused(lambda: ec2.delete_subnet(SubnetId=vpc.subnet)).code == "DependencyViolation"
    ec2.delete_nat_gateway(NatGatewayId=gateway)
    ec2.release_address(AllocationId=address)
    ec2.delete_subnet(SubnetId=vpc.subnet)
