"""Refuses a function's VpcConfig as AWS does. Replaces nothing of moto.

Rules: API reference, CreateFunction, VpcConfig; AWS Lambda Developer Guide, "Giving Lambda functions access to
resources in an Amazon VPC". The words are AWS's where a public report of them was found.
"""

from __future__ import annotations

import re

from moto.awslambda.exceptions import InvalidParameterValueException, ValidationException

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.iam.permissions import Permissions
from serverless_cloud.network.interfaces import AccountRegion, VpcSettings

MOST_SUBNETS, MOST_GROUPS = 16, 5  # API reference: VpcConfig
#: What the execution role must allow, in AWS's managed policy AWSLambdaVPCAccessExecutionRole too.
ACTIONS = ("CreateNetworkInterface", "DescribeNetworkInterfaces", "DeleteNetworkInterface")
NOTHING: JsonObject = {"SubnetIds": [], "SecurityGroupIds": [], "Ipv6AllowedForDualStack": False}


def checked(given: JsonObject, before: VpcSettings | None, place: AccountRegion) -> VpcSettings | None:
    """A VpcConfig that AWS accepts; None if it takes the function out of its VPC.

    Args:
        given: of the request; settings that it leaves out stay as they were.
        before: what the function has.

    Raises:
        InvalidParameterValueException, ValidationException: as AWS does.
    """
    settings = NOTHING | (as_answer(before) if before else {}) | {k: v for k, v in given.items() if v is not None}
    subnets, groups = list(settings["SubnetIds"]), list(settings["SecurityGroupIds"])
    _require_form("subnetIds", subnets, MOST_SUBNETS, "subnet-[0-9a-z]*")
    _require_form("securityGroupIds", groups, MOST_GROUPS, "sg-[0-9a-zA-Z]*")
    if not subnets and not groups:
        return None
    if not subnets or not groups:
        raise InvalidParameterValueException("SubnetIds and SecurityIds must coexist or be both empty list.")
    ipv6 = str(settings["Ipv6AllowedForDualStack"]).lower() == "true"  # a template may have it as a text
    return VpcSettings(tuple(subnets), tuple(groups), _vpc_of(subnets, groups, place, ipv6), ipv6)


def as_answer(settings: VpcSettings | None) -> JsonObject:
    """VpcConfig as a function's configuration shows it."""
    if settings is None:
        return NOTHING | {"VpcId": ""}
    return {
        "SubnetIds": list(settings.subnet_ids),
        "SecurityGroupIds": list(settings.group_ids),
        "VpcId": settings.vpc_id,
        "Ipv6AllowedForDualStack": settings.ipv6,
    }


def require_role(permissions: Permissions, role_arn: str) -> None:
    """Raises unless an execution role lets Lambda make, see and delete interfaces.

    Raises:
        InvalidParameterValueException: in AWS's words.
    """
    for action in ACTIONS:
        if not permissions.allows(role_arn, f"ec2:{action}", "*"):
            raise InvalidParameterValueException(
                f"The provided execution role does not have permissions to call {action} on EC2"
            )


def _require_form(name: str, ids: list[object], most: int, pattern: str) -> None:
    if len(ids) > most:
        shown = f"[{', '.join(map(str, ids))}]"
        text = f"Member must have length less than or equal to {most}"
        raise ValidationException(shown, f"vpcConfig.{name}", text)
    for each in ids:
        if not re.fullmatch(pattern, str(each)):
            text = f"Member must satisfy constraint: [Member must satisfy regular expression pattern: ^{pattern}$]"
            raise ValidationException(f"[{each}]", f"vpcConfig.{name}", text)


def _vpc_of(subnet_ids: list[str], group_ids: list[str], place: AccountRegion, ipv6: bool) -> str:
    """The one VPC of subnets and security groups."""
    from moto.ec2.exceptions import InvalidSubnetIdError  # slow to import: only when a function has a VPC
    from moto.ec2.models import ec2_backends

    backend = ec2_backends[place.account_id][place.region]
    vpcs_of_subnets, vpcs_of_groups = set(), set()
    for each in subnet_ids:
        try:
            subnet = backend.get_subnet(each)
        except InvalidSubnetIdError as error:
            raise _of_ec2("DescribeSubnets", "InvalidSubnetID.NotFound", str(error.message)) from error
        if ipv6 and not subnet.ipv6_cidr_block_associations:
            raise InvalidParameterValueException(
                f"Ipv6AllowedForDualStack needs dual-stack subnets, but {each} has no IPv6 CIDR block."
            )
        vpcs_of_subnets.add(subnet.vpc_id)
    for each in group_ids:
        group = backend.get_security_group_from_id(each)
        if group is None:
            text = f"The security group '{each}' does not exist"
            raise _of_ec2("DescribeSecurityGroups", "InvalidGroup.NotFound", text)
        vpcs_of_groups.add(group.vpc_id)
    if len(vpcs_of_subnets) > 1:
        raise InvalidParameterValueException("Subnets are required to be in the same VPC.")
    if len(vpcs_of_groups) > 1:
        raise InvalidParameterValueException("Security Groups are required to be in the same VPC.")
    if vpcs_of_subnets != vpcs_of_groups:
        raise InvalidParameterValueException("Security Groups and subnets are required to be in the same VPC.")
    return str(vpcs_of_subnets.pop())


def _of_ec2(call: str, code: str, message: str) -> InvalidParameterValueException:
    return InvalidParameterValueException(
        f"Error occurred while {call}. EC2 Error Code: {code}. EC2 Error Message: {message}"
    )
