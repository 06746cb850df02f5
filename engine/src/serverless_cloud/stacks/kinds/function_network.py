"""The interfaces of a function in a VPC, when a stack deletes it.

Lambda keeps them for a while. CloudFormation waits, since the subnets and security groups of the same stack cannot be
deleted before. Source: AWS Lambda Developer Guide, "Giving Lambda functions access to resources in an Amazon VPC".
"""

from __future__ import annotations

from typing import Any

from serverless_cloud.stacks.kinds.base import Place, Properties

LIMIT_S = 1800.0  # much longer than Lambda's own 20 minutes


def wait_until_released(at: Place, vpc_config: Properties | None) -> None:
    """Waits until the interfaces that only this function had have gone.

    Args:
        vpc_config: of the function that was deleted; None if it was in no VPC.

    Raises:
        ResourceFailed: they are still there after `LIMIT_S`.
    """
    subnets = list((vpc_config or {}).get("SubnetIds") or [])
    groups = sorted((vpc_config or {}).get("SecurityGroupIds") or [])
    if not subnets or not groups:
        return
    filters = [
        {"Name": "description", "Values": ["AWS Lambda VPC ENI*"]},
        {"Name": "subnet-id", "Values": subnets},
    ]

    def released() -> bool:
        interfaces = at.call("ec2", "DescribeNetworkInterfaces", Filters=filters)["NetworkInterfaces"]
        there = {
            interface["SubnetId"]
            for interface in interfaces
            if sorted(g["GroupId"] for g in interface["Groups"]) == groups
        }
        return not there - _used_by_others(at, groups)

    at.wait(released, "the function's network interfaces have gone", LIMIT_S)


def _used_by_others(at: Place, groups: list[str]) -> set[str]:
    """The subnets in which functions and versions that are left share these groups."""
    used: set[str] = set()
    more: dict[str, Any] = {}
    while True:
        page = at.call("lambda", "ListFunctions", FunctionVersion="ALL", **more)
        for function in page["Functions"]:
            config = function.get("VpcConfig") or {}
            if sorted(config.get("SecurityGroupIds") or []) == groups:
                used |= set(config["SubnetIds"])
        if not page.get("NextMarker"):
            return used
        more = {"Marker": page["NextMarker"]}
