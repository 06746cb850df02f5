"""The places where moto hands over networks: this fails when moto changes under them, so that somebody looks."""

from __future__ import annotations

import functools
import inspect
from typing import Any

import pytest
from moto.awslambda import models
from moto.ec2.models.elastic_network_interfaces import NetworkInterface, NetworkInterfaceBackend
from moto.ec2.models.subnets import Subnet

from kits import seam_kit

LOOK: str = seam_kit.LOOK


def test_moto_still_keeps_what_the_seams_read() -> None:
    for owner, seam, parts in (
        (models.LambdaFunction, "lambda_/network.py", ('self.state = "Active"', "self._vpc_config", "def vpc_config")),
        (models.LambdaStorage, "lambda_/network.py", ('["latest"]', '["versions"]')),
        (Subnet, "ec2/interfaces.py", ("self.cidr =", "self._subnet_ips", "self.ipv6_cidr_block_associations")),
        (NetworkInterfaceBackend, "ec2/interfaces.py", ("self.enis",)),
        (NetworkInterface, "ec2/interfaces.py", (
            "self.private_ip_addresses", "self.attachment_id", "self.instance", "self.status", "self.interface_type",
            "self.requester_managed", "self.requester_id", "self.attach_time", "def group_set",
        )),
    ):  # fmt: skip
        source = inspect.getsource(owner)
        for part in parts:
            assert part in source, f"{owner.__name__}: {part} is gone; {LOOK.format(seam)}"


# ---- what stock moto does wrong: when one of these fails, the seam may go

#: Without our seams: each function shows one defect, and answers True while moto has it.
STOCK = """
import inspect, io, json, zipfile
import boto3, moto
from botocore.config import Config
from botocore.exceptions import ClientError

def code_of(call, **more):
    try:
        call(**more)
    except ClientError as error:
        return error.response["Error"]["Code"]

def subnet(cidr="10.7.0.0/28"):
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    return ec2.create_subnet(VpcId=vpc, CidrBlock=cidr)["Subnet"]

def interface(place, **more):
    return ec2.create_network_interface(SubnetId=place["SubnetId"], **more)["NetworkInterface"]

def make(config):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("price.py", "")
    role = iam.create_role(RoleName="hikari", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    return lam.create_function(FunctionName="price", Runtime="python3.13", Handler="price.handler", Role=role,
                               Code={"ZipFile": buffer.getvalue()}, VpcConfig=config)

def the_id_of_a_vpc_is_made_up():
    place = subnet()
    group = ec2.create_security_group(GroupName="f", Description="f", VpcId=place["VpcId"])["GroupId"]
    return make({"SubnetIds": [place["SubnetId"]], "SecurityGroupIds": [group]})["VpcConfig"]["VpcId"] != place["VpcId"]

def a_vpc_config_is_not_checked():
    return "VpcConfig" in make({"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]})

def a_vpc_config_makes_no_interface():
    place = subnet()
    make({"SubnetIds": [place["SubnetId"]], "SecurityGroupIds": ["sg-1"]})
    return ec2.describe_network_interfaces()["NetworkInterfaces"] == []

def a_full_subnet_takes_more():
    place = subnet()
    for _ in range(12):
        interface(place)
    (found,) = ec2.describe_subnets(SubnetIds=[place["SubnetId"]])["Subnets"]
    return found["AvailableIpAddressCount"] == -1

def addresses_are_given_twice():
    place = subnet()
    taken = [interface(place)["PrivateIpAddress"] for _ in range(16)]
    return len(set(taken)) < 16  # by chance not once in a million

def an_address_in_use_is_given_again():
    place = subnet()
    return len({interface(place, PrivateIpAddress="10.7.0.9")["PrivateIpAddress"] for _ in range(2)}) == 1

def an_address_from_elsewhere_is_taken():
    return interface(subnet(), PrivateIpAddress="10.9.0.9")["PrivateIpAddress"] == "10.9.0.9"

def an_interface_in_use_is_deleted():
    place = subnet()
    ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, SubnetId=place["SubnetId"])
    (found,) = ec2.describe_network_interfaces()["NetworkInterfaces"]
    return code_of(ec2.delete_network_interface, NetworkInterfaceId=found["NetworkInterfaceId"]) is None

def a_subnet_in_use_is_deleted():
    place = subnet()
    interface(place)
    return code_of(ec2.delete_subnet, SubnetId=place["SubnetId"]) is None

def a_security_group_in_use_is_deleted():
    place = subnet()
    group = ec2.create_security_group(GroupName="f", Description="f", VpcId=place["VpcId"])["GroupId"]
    interface(place, Groups=[group])
    return code_of(ec2.delete_security_group, GroupId=group) is None

def the_interface_of_a_terminated_instance_stays():
    place = subnet()
    made = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, SubnetId=place["SubnetId"])
    ec2.terminate_instances(InstanceIds=[made["Instances"][0]["InstanceId"]])
    return len(ec2.describe_network_interfaces()["NetworkInterfaces"]) == 1

found = {}
for name, show in [(n, f) for n, f in globals().items() if inspect.isfunction(f) and n.count("_") > 2]:
    with moto.mock_aws(config={"lambda": {"use_docker": False}}):
        config = Config(retries={"total_max_attempts": 1})
        lam, iam, ec2 = (boto3.client(service, "us-east-1", config=config) for service in ("lambda", "iam", "ec2"))
        try:
            found[name] = show()
        except Exception as error:
            found[name] = f"{type(error).__name__}: {error}"
print(json.dumps(found))
"""

DEFECTS = {
    "the_id_of_a_vpc_is_made_up": "lambda_/network.py",
    "a_vpc_config_makes_no_interface": "lambda_/network.py",
    "a_vpc_config_is_not_checked": "lambda_/vpc.py",
    "a_full_subnet_takes_more": "ec2/interfaces.py",
    "addresses_are_given_twice": "ec2/interfaces.py",
    "an_address_in_use_is_given_again": "ec2/interfaces.py",
    "an_address_from_elsewhere_is_taken": "ec2/interfaces.py",
    "an_interface_in_use_is_deleted": "ec2/interfaces.py",
    "a_subnet_in_use_is_deleted": "ec2/interfaces.py",
    "a_security_group_in_use_is_deleted": "ec2/interfaces.py",
    "the_interface_of_a_terminated_instance_stays": "ec2/interfaces.py",
}


@functools.cache
def _stock() -> dict[str, Any]:
    """What stock moto does, from a process without our seams; run once."""
    return dict(seam_kit.stock(STOCK))


@seam_kit.asks_stock_moto
def test_every_defect_is_shown() -> None:
    assert set(_stock()) == set(DEFECTS)


@pytest.mark.parametrize("defect", DEFECTS)
@seam_kit.asks_stock_moto
def test_stock_moto_still_has_the_defect(defect: str) -> None:
    seam = DEFECTS[defect]
    assert _stock()[defect] is True, f"moto has changed: not any more: {defect}; {LOOK.format(seam)}"
