"""Finds an owner's networks. EC2 lists the tags of all its resources in one call, and the ids tell their kinds."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from serverless_first.real_account.owned import KEY, OF_A_STACK, Account
from serverless_first.real_account.things import Thing, answer_of


@dataclass(frozen=True)
class _Kind:
    """How to look at and remove one kind of EC2 resource.

    Attributes:
        prefix: the start of its ids.
        words: for the learner.
        look: the call that describes it by its id.
        ids: the argument of `look`.
        delete: the call that removes it, or a function that takes the client and the id.
        argument: the argument of `delete`; a plural argument takes several ids.
        ended: the state in which EC2 still lists a removed resource.
    """

    prefix: str
    words: str
    look: str
    ids: str
    delete: str | Callable[[Any, str], object]
    argument: str = ""
    ended: str = ""

    def remove(self, ec2: Any, number: str) -> None:
        """Asks for the removal of one resource."""
        if callable(self.delete):
            self.delete(ec2, number)
        else:
            getattr(ec2, self.delete)(**{self.argument: [number] if self.argument.endswith("s") else number})


def _detach_gateway(ec2: Any, number: str) -> None:
    (gateway,) = ec2.describe_internet_gateways(InternetGatewayIds=[number])["InternetGateways"]
    for attachment in gateway["Attachments"]:
        ec2.detach_internet_gateway(InternetGatewayId=number, VpcId=attachment["VpcId"])
    ec2.delete_internet_gateway(InternetGatewayId=number)


def _delete_route_table(ec2: Any, number: str) -> None:
    (table,) = ec2.describe_route_tables(RouteTableIds=[number])["RouteTables"]
    for association in table["Associations"]:
        if not association.get("Main"):
            ec2.disassociate_route_table(AssociationId=association["RouteTableAssociationId"])
    ec2.delete_route_table(RouteTableId=number)


def _delete_group(ec2: Any, number: str) -> None:
    """Removes the rules first, because two groups that name each other can't be deleted."""
    (group,) = ec2.describe_security_groups(GroupIds=[number])["SecurityGroups"]
    for rules, revoke in (
        (group["IpPermissions"], ec2.revoke_security_group_ingress),
        (group["IpPermissionsEgress"], ec2.revoke_security_group_egress),
    ):
        if rules:
            with contextlib.suppress(ec2.exceptions.ClientError):  # a rule names a group that is gone
                revoke(GroupId=number, IpPermissions=rules)
    ec2.delete_security_group(GroupId=number)


# From the inside to the outside. A resource that holds an address or a subnet is removed before it.
_KINDS = (
    _Kind("i-", "instance", "describe_instances", "InstanceIds", "terminate_instances", "InstanceIds", "terminated"),
    _Kind(
        "vpce-",
        "VPC endpoint",
        "describe_vpc_endpoints",
        "VpcEndpointIds",
        "delete_vpc_endpoints",
        "VpcEndpointIds",
        "deleted",
    ),
    _Kind(
        "nat-", "NAT gateway", "describe_nat_gateways", "NatGatewayIds", "delete_nat_gateway", "NatGatewayId", "deleted"
    ),
    _Kind(
        "eni-",
        "network interface",
        "describe_network_interfaces",
        "NetworkInterfaceIds",
        "delete_network_interface",
        "NetworkInterfaceId",
    ),
    _Kind("eipalloc-", "Elastic IP address", "describe_addresses", "AllocationIds", "release_address", "AllocationId"),
    _Kind("igw-", "internet gateway", "describe_internet_gateways", "InternetGatewayIds", _detach_gateway),
    _Kind("vol-", "volume", "describe_volumes", "VolumeIds", "delete_volume", "VolumeId"),
    _Kind("subnet-", "subnet", "describe_subnets", "SubnetIds", "delete_subnet", "SubnetId"),
    _Kind("rtb-", "route table", "describe_route_tables", "RouteTableIds", _delete_route_table),
    _Kind("acl-", "network ACL", "describe_network_acls", "NetworkAclIds", "delete_network_acl", "NetworkAclId"),
    _Kind("sg-", "security group", "describe_security_groups", "GroupIds", _delete_group),
    _Kind("vpc-", "VPC", "describe_vpcs", "VpcIds", "delete_vpc", "VpcId"),
)


def network(account: Account) -> Iterator[Thing]:
    """Instances, endpoints, gateways, interfaces, addresses, subnets, tables, ACLs, groups, and the VPC last."""
    ec2 = account.client("ec2")
    filters = [{"Name": "key", "Values": [KEY]}, {"Name": "value", "Values": [account.owner]}]
    mine = {tag["ResourceId"] for tag in account.pages("ec2", "describe_tags", "Tags", Filters=filters)}
    of_stacks = [{"Name": "key", "Values": [OF_A_STACK]}]  # these are deleted with their stack
    ids = sorted(mine - {tag["ResourceId"] for tag in account.pages("ec2", "describe_tags", "Tags", Filters=of_stacks)})
    for kind in _KINDS:
        for number in ids:
            if number.startswith(kind.prefix) and not _is_gone(ec2, kind, number):
                check = partial(_is_gone, ec2, kind, number)
                yield Thing(kind.words, number, partial(kind.remove, ec2, number), check)


def _is_gone(ec2: Any, kind: _Kind, number: str) -> bool:
    answer = answer_of(partial(getattr(ec2, kind.look), **{kind.ids: [number]}))
    resources = [] if answer is None else next((part for part in answer.values() if isinstance(part, list)), [])
    if kind.prefix == "i-":
        resources = [instance for reservation in resources for instance in reservation["Instances"]]
    states = [resource.get("State") for resource in resources]
    names = [state["Name"] if isinstance(state, dict) else state for state in states]
    return all(name == kind.ended for name in names)
