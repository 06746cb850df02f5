"""AWS's words for a missing permission (IAM User Guide, "Troubleshoot access denied error messages")."""

from __future__ import annotations

from collections.abc import Callable

#: SQS shows the action in lower case, SNS with its prefix in upper case.
_SPELLINGS: dict[str, Callable[[str], str]] = {
    "sqs": str.lower,
    "sns": lambda action: action.replace("sns:", "SNS:"),
}

#: Services that name no resource where an action has none.
_NAMELESS = ("cloudwatch", "ec2", "s3", "secretsmanager")

NO_IDENTITY_POLICY = "because no identity-based policy allows the {action} action"
NO_RESOURCE_POLICY = "because no resource-based policy allows the {action} action"


def not_authorized(user: str, action: str, resource: str, reason: str = "") -> str:
    """The message for a missing permission, as the service spells it.

    Args:
        user: the ARN of the user or session, or the name of a service.
        action: "sqs:SendMessage".
        resource: the ARN, or "*".
        reason: "{action}" in it stands for the action.
    """
    service = action.partition(":")[0]
    spelled = _SPELLINGS[service](action) if service in _SPELLINGS else action
    named = f'"{resource}"' if service == "s3" else resource
    where = "" if resource == "*" and service in _NAMELESS else f" on resource: {named}"
    text = f"User: {user} is not authorized to perform: {spelled}{where} {reason.replace('{action}', spelled)}".rstrip()
    return f"You are not authorized to perform this operation. {text}" if service == "ec2" else text
