"""Blocks of addresses that a request leaves out.

The patches and their reasons:

- `VPCBackend.associate_vpc_cidr_block`: moto notes that the VPC has no block as one of its blocks, and from then on it
  fails on every call that looks at the VPC's blocks, such as DescribeVpcs.
- `SubnetBackend.create_subnet`: moto fails.

The words of the errors: [recalled, not verified].
"""

from __future__ import annotations

from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.subnets import Subnet, SubnetBackend
from moto.ec2.models.vpcs import VPCBackend

from serverless_cloud.core.patches import Service

patches = Service(
    "ec2",
    defect="engine/tests/network/test_network_patches.py::test_stock_moto_still_has_the_defect[a_vpc_gets_no_block_as_a_block]",
)

_ONE_OF = "Either 'cidrBlock' or '{}' should be provided."


@patches.replaces("moto.ec2.models.vpcs:VPCBackend.associate_vpc_cidr_block")
def associate_vpc_cidr_block(
    backend: VPCBackend, vpc_id: str, cidr_block: str | None, amazon_provided_ipv6_cidr_block: bool
) -> dict[str, Any]:
    if not cidr_block and not amazon_provided_ipv6_cidr_block:
        raise EC2ClientError("MissingParameter", _ONE_OF.format("amazonProvidedIpv6CidrBlock"))
    return associate_vpc_cidr_block.original(backend, vpc_id, cidr_block, amazon_provided_ipv6_cidr_block)


@patches.replaces(
    "moto.ec2.models.subnets:SubnetBackend.create_subnet",
    expects="self, vpc_id, cidr_block, ipv6_cidr_block=None, availability_zone=None, availability_zone_id=None, "
    "ipv6_native=False, tags=None",
)
def create_subnet(backend: SubnetBackend, vpc_id: str, cidr_block: str | None, *more: Any, **settings: Any) -> Subnet:
    if not cidr_block and not settings.get("ipv6_native"):
        raise EC2ClientError("MissingParameter", _ONE_OF.format("ipv4IpamPoolId"))
    return create_subnet.original(backend, vpc_id, cidr_block, *more, **settings)
