"""ARNs in requests to Step Functions, refused in AWS's words. Nothing of moto is replaced."""

from __future__ import annotations

from moto.core.exceptions import AWSError

#: Parts of an ARN up to its resource's type: arn, partition, service, Region, account, type.
_WITH_TYPE = 6


def require_arn(arn: str, *kinds: str) -> list[str]:
    """The parts of an ARN.

    Args:
        kinds: the types of resources that the operation takes, "stateMachine" for instance.

    Raises:
        AWSError: InvalidArn.
    """
    parts = arn.split(":")
    if parts[0] != "arn":
        raise AWSError(f"Invalid Arn: 'Invalid ARN prefix: {arn}'", "InvalidArn")
    if len(parts) <= _WITH_TYPE or parts[2] != "states":
        raise AWSError(f"Invalid Arn: '{arn}'", "InvalidArn")
    if parts[5] not in kinds:
        raise AWSError(f"Invalid Arn: 'Resource type not valid in this context: {parts[5]}'", "InvalidArn")
    return parts
