"""Hikari's network for module 06's lab, created with plain boto3. Each call creates a new VPC, so you start over."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import boto3

from serverless_cloud import Cloud
from serverless_first.shop import hikari

BLOCK = "10.6.0.0/16"
_PUBLIC, _PRIVATE = ("10.6.0.0/24", "10.6.1.0/24"), ("10.6.16.0/24", "10.6.17.0/24")
_ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True)
class ShopVpc:
    """The ids of a VPC and of the resources in it.

    Args:
        id: the VPC, whose block is 10.6.0.0/16.
        internet_gateway: the internet gateway that is attached to the VPC.
        public_subnets: public-a and public-b, in two Availability Zones.
        public_table: the public subnets' route table, with a route to the internet gateway.
        private_subnets: private-a and private-b; empty without private subnets.
        private_tables: a route table for each private subnet, with no route out of the VPC.
        functions_group: a security group for functions, which allows all outbound and no inbound traffic.
        private_acl: the private subnets' network ACL; "" unless they have their own.
    """

    id: str
    internet_gateway: str
    public_subnets: tuple[str, ...]
    public_table: str
    private_subnets: tuple[str, ...] = ()
    private_tables: tuple[str, ...] = ()
    functions_group: str = ""
    private_acl: str = ""


def make(*, private: bool = True, strict_acl: bool = False, anew: str = "") -> ShopVpc:
    """Creates a VPC with an internet gateway and two public subnets.

    Args:
        private: also create two private subnets and a security group for functions.
        strict_acl: give the private subnets their own network ACL. It allows outbound traffic to port 443 and to the
            VPC, and inbound traffic from the VPC.
        anew: the name of a function to delete, if it exists. It belongs to an earlier VPC. If a later cell fails, the
            old function must not pass for the new function.
    """
    if anew:
        functions = boto3.client("lambda")
        with contextlib.suppress(functions.exceptions.ResourceNotFoundException):
            functions.delete_function(FunctionName=anew)
    ec2 = boto3.client("ec2")
    vpc = _named(ec2, ec2.create_vpc(CidrBlock=BLOCK)["Vpc"]["VpcId"], "hikari")
    zones = [zone["ZoneName"] for zone in ec2.describe_availability_zones()["AvailabilityZones"]][:2]

    def subnets(kind: str, blocks: Sequence[str]) -> tuple[str, ...]:
        ids = []
        for zone, block in zip(zones, blocks, strict=True):
            subnet_id = ec2.create_subnet(VpcId=vpc, CidrBlock=block, AvailabilityZone=zone)["Subnet"]["SubnetId"]
            ids.append(_named(ec2, subnet_id, f"{kind}-{zone[-1]}"))
        return tuple(ids)

    def table(name: str, of: Sequence[str]) -> str:
        table_id = _named(ec2, ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"], name)
        for subnet in of:
            ec2.associate_route_table(RouteTableId=table_id, SubnetId=subnet)
        return table_id

    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    _named(ec2, gateway, "door")
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    public = subnets("public", _PUBLIC)
    open_table = table("public", public)
    ec2.create_route(RouteTableId=open_table, DestinationCidrBlock=_ANYWHERE, GatewayId=gateway)
    if not private:
        return ShopVpc(vpc, gateway, public, open_table)
    inner = subnets("private", _PRIVATE)
    group = ec2.create_security_group(VpcId=vpc, GroupName="functions", Description="functions of Hikari")
    return ShopVpc(
        vpc,
        gateway,
        public,
        open_table,
        inner,
        tuple(table(f"private-{zone[-1]}", [subnet]) for zone, subnet in zip(zones, inner, strict=True)),
        str(group["GroupId"]),
        _strict_acl(ec2, vpc, inner) if strict_acl else "",
    )


def database(
    aws: Cloud, subnets: Sequence[str], groups: Sequence[str], identifier: str = "orders-db"
) -> dict[str, str]:
    """Creates an RDS instance in these subnets with these security groups, and replaces an existing instance.

    Args:
        subnets: the subnets for its DB subnet group, in at least two Availability Zones.

    Returns:
        The environment variables of a function that connects to the instance: DB_HOST, DB_PORT, DB_USER, DB_PASSWORD,
        DB_NAME.

    Raises:
        CloudError: the instance did not become available.
    """
    rds, name = boto3.client("rds"), f"{identifier}-subnets"
    hikari.delete_instance(identifier)  # first, because its subnet group can't be deleted before it
    with contextlib.suppress(rds.exceptions.DBSubnetGroupNotFoundFault):
        rds.delete_db_subnet_group(DBSubnetGroupName=name)
    rds.create_db_subnet_group(DBSubnetGroupName=name, DBSubnetGroupDescription=identifier, SubnetIds=list(subnets))
    instance = hikari.instance(
        aws, identifier, DBSubnetGroupName=name, VpcSecurityGroupIds=list(groups), PubliclyAccessible=False
    )
    return instance.as_variables("hikari")


def _strict_acl(ec2: Any, vpc: str, subnets: Sequence[str]) -> str:
    acl = _named(ec2, ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"], "private")
    web: dict[str, Any] = {"Protocol": "6", "PortRange": {"From": 443, "To": 443}, "CidrBlock": _ANYWHERE}
    inside = {"Protocol": "-1", "CidrBlock": BLOCK}
    for number, outward, rule in ((100, True, web), (110, True, inside), (110, False, inside)):
        ec2.create_network_acl_entry(NetworkAclId=acl, RuleNumber=number, Egress=outward, RuleAction="allow", **rule)
    for network_acl in ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["NetworkAcls"]:
        for association in network_acl["Associations"]:
            if association["SubnetId"] in subnets:
                ec2.replace_network_acl_association(
                    AssociationId=association["NetworkAclAssociationId"], NetworkAclId=acl
                )
    return acl


def _named(ec2: Any, resource: str, name: str) -> str:
    ec2.create_tags(Resources=[resource], Tags=[{"Key": "Name", "Value": name}])
    return resource
