"""Helpers for tests of functions in a VPC: subnets, security groups, interfaces, states. Plain boto3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kits import cloud_kit as kit

FAST = 1000.0  # a time_scale: interfaces in a tenth of a second, gone in less than a second
LAMBDA = "AWS Lambda VPC ENI*"


@dataclass(frozen=True)
class Vpc:
    """A VPC with one subnet and one security group for the functions of Hikari."""

    id: str
    subnet: str
    group: str

    @property
    def config(self) -> dict[str, Any]:
        """A function's VpcConfig."""
        return {"SubnetIds": [self.subnet], "SecurityGroupIds": [self.group]}


def make_vpc(cidr: str = "10.7.0.0/28") -> Vpc:
    """A VPC whose one subnet has this CIDR block."""
    vpc = kit.client("ec2").create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    return Vpc(vpc, make_subnet(vpc, cidr), make_group(vpc, "functions"))


def make_subnet(vpc: str, cidr: str) -> str:
    """The id of a new subnet."""
    return str(kit.client("ec2").create_subnet(VpcId=vpc, CidrBlock=cidr)["Subnet"]["SubnetId"])


def make_group(vpc: str, name: str) -> str:
    """The id of a new security group."""
    made = kit.client("ec2").create_security_group(GroupName=name, Description=name, VpcId=vpc)
    return str(made["GroupId"])


def fill(subnet: str, leave: int = 0) -> list[str]:
    """Takes the free addresses of a subnet by interfaces, all but `leave`; their ids."""
    ec2 = kit.client("ec2")
    return [
        str(ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"])
        for _ in range(free(subnet) - leave)
    ]


def free(subnet: str) -> int:
    """How many addresses of a subnet are free."""
    (found,) = kit.client("ec2").describe_subnets(SubnetIds=[subnet])["Subnets"]
    return int(found["AvailableIpAddressCount"])


def interfaces(**filters: str) -> list[dict[str, Any]]:
    """Lambda's interfaces; filters by name, with _ for -."""
    given = {"description": LAMBDA} | {name.replace("_", "-"): value for name, value in filters.items()}
    wanted = [{"Name": name, "Values": [value]} for name, value in given.items()]
    return list(kit.client("ec2").describe_network_interfaces(Filters=wanted)["NetworkInterfaces"])


def state(name: str, **more: str) -> dict[str, Any]:
    """The configuration of a function."""
    return dict(kit.client("lambda").get_function_configuration(FunctionName=name, **more))


def active(name: str, **more: str) -> None:
    """Waits until a function is active, by boto3's waiter."""
    waiter = kit.client("lambda").get_waiter("function_active_v2")
    waiter.wait(FunctionName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 20}, **more)


def becomes(name: str, **wanted: str) -> dict[str, Any]:
    """Waits until the configuration of a function has these values; the configuration."""

    def look() -> dict[str, Any] | None:
        found = state(name)
        return found if wanted.items() <= found.items() else None

    return dict(kit.eventually(look, f"{name} has {wanted}"))


def deploy(name: str, source: str, vpc: Vpc, **more: Any) -> None:
    """Creates a function in a VPC and waits until it is active."""
    kit.deploy(name, source, VpcConfig=vpc.config, **more)
    becomes(name, State="Active")
