"""The places where moto hands over networks: this fails when moto changes under them, so that somebody looks."""

from __future__ import annotations

from moto.awslambda import models
from moto.ec2.models.elastic_network_interfaces import NetworkInterface, NetworkInterfaceBackend
from moto.ec2.models.subnets import Subnet

from kits import patch_kit


def test_moto_still_keeps_what_the_patches_read() -> None:
    for owner, patch, parts in (
        (models.LambdaFunction, "lambda_/network.py", ('self.state = "Active"', "self._vpc_config", "def vpc_config")),
        (models.LambdaStorage, "lambda_/network.py", ('["latest"]', '["versions"]')),
        (Subnet, "ec2/interfaces.py", ("self.cidr =", "self._subnet_ips", "self.ipv6_cidr_block_associations")),
        (NetworkInterfaceBackend, "ec2/interfaces.py", ("self.enis",)),
        (NetworkInterface, "ec2/interfaces.py", (
            "self.private_ip_addresses", "self.attachment_id", "self.instance", "self.status", "self.interface_type",
            "self.requester_managed", "self.requester_id", "self.attach_time", "def group_set",
        )),
    ):  # fmt: skip
        patch_kit.assert_keeps(owner, parts, patch)


# ---- what stock moto does wrong: when one of these fails, the patch may go

#: Without our patches: each function shows one defect, and answers True while moto has it.
STOCK = """
def subnet(cidr="10.7.0.0/28"):
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    return ec2.create_subnet(VpcId=vpc, CidrBlock=cidr)["Subnet"]

def interface(place, **more):
    return ec2.create_network_interface(SubnetId=place["SubnetId"], **more)["NetworkInterface"]

def make(config):
    return make_function(VpcConfig=config)

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

def a_vpc_gets_no_block_as_a_block():
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    made = ec2.associate_vpc_cidr_block(VpcId=vpc)["CidrBlockAssociation"]
    return "CidrBlock" not in made

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
"""

DEFECTS = {
    "the_id_of_a_vpc_is_made_up": "lambda_/network.py",
    "a_vpc_config_makes_no_interface": "lambda_/network.py",
    "a_vpc_config_is_not_checked": "lambda_/vpc.py",
    "a_full_subnet_takes_more": "ec2/interfaces.py",
    "addresses_are_given_twice": "ec2/interfaces.py",
    "an_address_in_use_is_given_again": "ec2/interfaces.py",
    "an_address_from_elsewhere_is_taken": "ec2/interfaces.py",
    "a_vpc_gets_no_block_as_a_block": "ec2/blocks.py",
    "an_interface_in_use_is_deleted": "ec2/interfaces.py",
    "a_subnet_in_use_is_deleted": "ec2/interfaces.py",
    "a_security_group_in_use_is_deleted": "ec2/interfaces.py",
    "the_interface_of_a_terminated_instance_stays": "ec2/interfaces.py",
}


test_every_defect_is_listed, test_stock_moto_still_has_the_defect = patch_kit.tests_of(
    STOCK, DEFECTS, lam="lambda", iam="iam", ec2="ec2"
)
