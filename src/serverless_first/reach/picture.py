"""A network as EC2's `describe_` calls tell it, read once."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Described = Mapping[str, Any]

_CALLS = {
    "vpcs": ("describe_vpcs", "Vpcs"),
    "subnets": ("describe_subnets", "Subnets"),
    "route_tables": ("describe_route_tables", "RouteTables"),
    "network_acls": ("describe_network_acls", "NetworkAcls"),
    "groups": ("describe_security_groups", "SecurityGroups"),
    "interfaces": ("describe_network_interfaces", "NetworkInterfaces"),
    "internet_gateways": ("describe_internet_gateways", "InternetGateways"),
    "nat_gateways": ("describe_nat_gateways", "NatGateways"),
    "endpoints": ("describe_vpc_endpoints", "VpcEndpoints"),
    "peerings": ("describe_vpc_peering_connections", "VpcPeeringConnections"),
    "prefix_lists": ("describe_managed_prefix_lists", "PrefixLists"),
}


_IDS = ("NatGatewayId", "InternetGatewayId", "VpcPeeringConnectionId", "VpcEndpointId", "SubnetId", "VpcId")


@dataclass(frozen=True)
class Picture:
    """The answers of the calls, as EC2 gives them. Each attribute is a list of descriptions.

    Attributes:
        blocks: for each prefix list its IPv4 blocks; those lists alone that a route or a rule names, or that are AWS's
            lists of S3 and DynamoDB.
    """

    vpcs: list[Described]
    subnets: list[Described]
    route_tables: list[Described]
    network_acls: list[Described]
    groups: list[Described]
    interfaces: list[Described]
    internet_gateways: list[Described]
    nat_gateways: list[Described]
    endpoints: list[Described]
    peerings: list[Described]
    prefix_lists: list[Described]
    blocks: Mapping[str, tuple[str, ...]]

    def one(self, of: list[Described], key: str, value: str) -> Described | None:
        """The description whose key has this value."""
        return next((description for description in of if description.get(key) == value), None)

    def route_table_of(self, subnet: Described) -> Described:
        """The route table of a subnet: its own, or the VPC's main one."""
        main: Described = {}
        for table in self.route_tables:
            for association in table.get("Associations", []):
                if association.get("SubnetId") == subnet["SubnetId"]:
                    return table
                if association.get("Main") and table.get("VpcId") == subnet["VpcId"]:
                    main = table
        return main

    def network_acl_of(self, subnet: Described) -> Described:
        """The network ACL of a subnet: the one that it is associated with; there is always one."""
        for acl in self.network_acls:
            if any(association.get("SubnetId") == subnet["SubnetId"] for association in acl.get("Associations", [])):
                return acl
        default = [a for a in self.network_acls if a.get("IsDefault") and a.get("VpcId") == subnet["VpcId"]]
        return default[0] if default else {"NetworkAclId": "(none)", "Entries": []}


def read(ec2: Any) -> Picture:
    """Asks EC2 for all that the checker needs to know; nothing is changed.

    Args:
        ec2: a boto3 client. It needs the permission for the `ec2:Describe*` calls and
            `ec2:GetManagedPrefixListEntries`.
    """
    descriptions = {name: _all(ec2, call, key) for name, (call, key) in _CALLS.items()}
    list_ids = {
        str(prefix_list["PrefixListId"])
        for prefix_list in descriptions["prefix_lists"]
        if _is_of_a_gateway_endpoint(prefix_list)
    }
    list_ids |= set(_named_lists(descriptions))
    blocks = {one: tuple(_entries(ec2, one)) for one in sorted(list_ids)}
    return Picture(**descriptions, blocks=blocks)


def _all(ec2: Any, call: str, key: str) -> list[Described]:
    if ec2.can_paginate(call):
        return [description for page in ec2.get_paginator(call).paginate() for description in page[key]]
    return list(getattr(ec2, call)()[key])


def _entries(ec2: Any, prefix_list: str) -> Iterable[str]:
    pages = ec2.get_paginator("get_managed_prefix_list_entries").paginate(PrefixListId=prefix_list)
    return [entry["Cidr"] for page in pages for entry in page["Entries"] if ":" not in entry["Cidr"]]


def _is_of_a_gateway_endpoint(prefix_list: Described) -> bool:
    return str(prefix_list.get("PrefixListName", "")).endswith((".s3", ".dynamodb"))


def _named_lists(descriptions: Mapping[str, list[Described]]) -> Iterable[str]:
    for table in descriptions["route_tables"]:
        for route in table.get("Routes", []):
            if "DestinationPrefixListId" in route:
                yield route["DestinationPrefixListId"]
    for group in descriptions["groups"]:
        for rule in [*group.get("IpPermissions", []), *group.get("IpPermissionsEgress", [])]:
            yield from (prefix_list["PrefixListId"] for prefix_list in rule.get("PrefixListIds", []))


def name_of(described: Described) -> str:
    """The Name tag of a resource, or the name of a group, the block of a subnet, or the id."""
    for tag in described.get("Tags", []) or described.get("TagSet", []):
        if tag["Key"] == "Name":
            return str(tag["Value"])
    if "GroupName" in described:
        return str(described["GroupName"])
    if "SubnetId" in described and "CidrBlock" in described:  # tells a reader more than the id of a subnet
        return str(described["CidrBlock"])
    return next((str(described[key]) for key in _IDS if key in described), "(without a name)")


def contains(block: str, address: str) -> bool:
    """Whether an IPv4 block holds an address."""
    return ":" not in block and ipaddress.ip_address(address) in ipaddress.ip_network(block, strict=False)


def prefix_length(block: str) -> int:
    """The number of fixed bits of a block: 16 of 10.6.0.0/16. The longer, the fewer addresses."""
    return ipaddress.ip_network(block, strict=False).prefixlen
