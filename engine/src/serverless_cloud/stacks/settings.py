"""The settings of a stack that calls take besides its template: its role, the types it may have.

Source: CloudFormation API Reference, "CreateStack", "UpdateStack", "CreateChangeSet".
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from serverless_cloud.core.clients import client
from serverless_cloud.stacks.errors import StackError
from serverless_cloud.stacks.stack import Stack
from serverless_cloud.stacks.template import Template

Request = Mapping[str, Any]

_SERVICE = "cloudformation.amazonaws.com"
#: Settings that would have no effect here.
_REFUSED = ("NotificationARNs", "StackPolicyBody", "StackPolicyURL", "StackPolicyDuringUpdateBody",
            "StackPolicyDuringUpdateURL")  # fmt: skip


def check(request: Request, region: str) -> None:
    """Raises StackError for settings that are invalid, or that would have no effect here."""
    refused = [name for name in _REFUSED if request.get(name)]
    if (request.get("RollbackConfiguration") or {}).get("RollbackTriggers"):
        refused.append("RollbackTriggers")
    if refused:
        raise StackError(
            f"The local cloud doesn't support {refused[0]} of a stack. Leave it out; docs/fidelity.md lists what works "
            "here."
        )
    if role_arn := request.get("RoleARN"):
        _require_trust(str(role_arn), region)


def require_types(request: Request, template: Template) -> None:
    """Raises StackError for a resource of a type that the caller doesn't allow: "AWS::SQS::*", "Custom::*"."""
    allowed = request.get("ResourceTypes") or ["*"]
    for resource in template.resources.values():
        type = str(resource["Type"])
        if not any(fnmatch.fnmatchcase(type, pattern) for pattern in allowed):
            raise StackError(f"Resource type {type} is not allowed by parameter ResourceTypes [{', '.join(allowed)}]")


def keep(request: Request, stack: Stack) -> None:
    """Gives a stack the settings of a call; its role stays if the call doesn't name one."""
    stack.capabilities = list(request.get("Capabilities", []))
    stack.token = request.get("ClientRequestToken")
    stack.role_arn = request.get("RoleARN", stack.role_arn)


def _require_trust(role_arn: str, region: str) -> None:
    try:
        role = client("iam", region).get_role(RoleName=role_arn.rsplit("/", 1)[-1])["Role"]
    except ClientError:
        role = {}
    trust = role.get("AssumeRolePolicyDocument", {})
    if _SERVICE not in (trust if isinstance(trust, str) else json.dumps(trust)):
        raise StackError(f"Role {role_arn} is invalid or cannot be assumed")
