"""Where a packet begins or ends: a subnet, security groups, an address."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from serverless_first.reach.picture import Picture, name_of, read

_UUID = re.compile(r"[-: ]+[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


class UnknownPlace(ValueError):
    """There is no such interface, subnet or service."""


@dataclass(frozen=True)
class Place:
    """Where an interface is or would be.

    A function before its first interface, or a database whose address nobody has looked up, is known by its subnet and
    groups; they are all that the rules look at.

    Args:
        subnet_id: of its subnet.
        group_ids: of its security groups.
        address: its private IPv4 address; None: any of the subnet, the first one stands for it.
        public: its public IPv4 address; None: it has none.
        name: what to call it in the answer.
        is_lambda: whether it is an interface of Lambda, which cannot have a public address.
    """

    subnet_id: str
    group_ids: tuple[str, ...]
    address: str | None = None
    public: str | None = None
    name: str = ""
    is_lambda: bool = False


def of_interface(interface: Mapping[str, Any]) -> Place:
    """The place of an interface that `describe_network_interfaces` shows."""
    kind = str(interface.get("InterfaceType", ""))
    description = str(interface.get("Description", ""))
    name = next((tag["Value"] for tag in interface.get("TagSet", []) if tag["Key"] == "Name"), "")
    return Place(
        interface["SubnetId"],
        tuple(group["GroupId"] for group in interface.get("Groups", [])),
        interface.get("PrivateIpAddress"),
        (interface.get("Association") or {}).get("PublicIp"),
        name or _UUID.sub("", description) or interface["NetworkInterfaceId"],
        kind == "lambda" or description.startswith("AWS Lambda VPC ENI"),
    )


def of_function(configuration: Mapping[str, Any]) -> tuple[Place, ...]:
    """The places of a function, one for each of its subnets.

    Args:
        configuration: as `get_function_configuration` answers.

    Raises:
        UnknownPlace: the function has no VpcConfig.
    """
    vpc = configuration.get("VpcConfig") or {}
    if not vpc.get("SubnetIds"):
        raise UnknownPlace(
            f"The function {configuration.get('FunctionName')} is not in a VPC, because its VpcConfig is empty."
        )
    groups, name = tuple(vpc["SecurityGroupIds"]), str(configuration["FunctionName"])
    return tuple(Place(subnet, groups, name=name, is_lambda=True) for subnet in vpc["SubnetIds"])


def of_database(instance: Mapping[str, Any]) -> tuple[Place, ...]:
    """The places of an RDS instance, one for each subnet of its subnet group: it may move to any of them.

    Args:
        instance: one of the DBInstances that `describe_db_instances` answers.

    Raises:
        UnknownPlace: it has no subnet group.
    """
    subnets = (instance.get("DBSubnetGroup") or {}).get("Subnets") or []
    if not subnets:
        raise UnknownPlace(f"The database {instance.get('DBInstanceIdentifier')} has no DB subnet group.")
    groups = tuple(group["VpcSecurityGroupId"] for group in instance.get("VpcSecurityGroups", []))
    name = str(instance["DBInstanceIdentifier"])
    return tuple(Place(subnet["SubnetIdentifier"], groups, name=name) for subnet in subnets)


def service_address(ec2: Any, service: str) -> str:
    """An address of S3 or DynamoDB, from the prefix list of their gateway endpoint.

    Args:
        ec2: a boto3 client.
        service: "s3" or "dynamodb".

    Raises:
        UnknownPlace: the Region has no such list.
    """
    picture = ec2 if isinstance(ec2, Picture) else read(ec2)
    for listed in picture.prefix_lists:
        if str(listed.get("PrefixListName", "")).endswith(f".{service}"):
            block = ipaddress.ip_network(picture.blocks[listed["PrefixListId"]][0])
            return str(block[10])
    raise UnknownPlace(f"This Region has no prefix list for {service!r}. It has prefix lists for s3 and dynamodb.")


def settled(picture: Picture, place: str | Place, source: Place | None = None) -> Place:
    """A place with an address and a name, found in what EC2 has told.

    Args:
        source: from where the packet comes, if the place is its target. If neither has its own address, the
            first address of a subnet stands for a source and the second address for a target. So a target always has
            the same address, and never the source's.

    Raises:
        UnknownPlace: there is no such interface, subnet or group.
    """
    if isinstance(place, str):
        interface = picture.one(picture.interfaces, "NetworkInterfaceId", place)
        if interface is None:
            raise UnknownPlace(
                f"There is no network interface {place!r}. Give the id of an interface, or a reach.Place."
            )
        place = of_interface(interface)
    subnet = picture.one(picture.subnets, "SubnetId", place.subnet_id)
    if subnet is None:
        raise UnknownPlace(f"There is no subnet {place.subnet_id!r}.")
    for group in place.group_ids:
        if picture.one(picture.groups, "GroupId", group) is None:
            raise UnknownPlace(f"There is no security group {group!r}.")
    # AWS keeps the first four addresses of a subnet.
    block = ipaddress.ip_network(subnet["CidrBlock"])
    second = source is not None and source.address != str(block[5])
    address = place.address or str(block[5 if second else 4])
    name = place.name or f"an interface in {name_of(subnet)}"
    return Place(place.subnet_id, place.group_ids, address, place.public, name, place.is_lambda)
