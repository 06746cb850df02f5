"""Refuses a target that the execution role may not write to. AWS looks at the role as soon as the target is set.

Whether the role may still send is asked again for each record, in `destinations.py`.
"""

from __future__ import annotations

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.models import LambdaFunction
from moto.awslambda.responses import LambdaResponse

from serverless_cloud.core import current
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.services.lambda_.destinations import ACTIONS, resource_of
from serverless_cloud.services.lambda_.functions import function_named


def require_dead_letters(role: str, settings: JsonObject) -> None:
    """Raises unless the role may send to the target of DeadLetterConfig, if settings have one."""
    target = (settings.get("DeadLetterConfig") or {}).get("TargetArn")
    if target and not _may_send(role, target):
        service = target.split(":")[2]
        call = ACTIONS[service].partition(":")[2]
        raise InvalidParameterValueException(
            f"The provided execution role does not have permissions to call {call} on {service.upper()}"
        )


def require_dead_letters_after(function: LambdaFunction, body: JsonObject) -> None:
    """Raises unless the role may send to the dead-letter target after an update. Args: body: the request."""
    before = {"DeadLetterConfig": getattr(function, "dead_letter_config", None)}
    if {"DeadLetterConfig", "Role"} & set(body):
        require_dead_letters(str(body.get("Role") or function.role), before | body)


def require_destinations(response: LambdaResponse) -> None:
    """Raises unless the role may send to the destinations of a request to change a function's event invoke settings."""
    role = function_named(response).role
    given = response.json_body.get("DestinationConfig") or {}
    for name in ("OnSuccess", "OnFailure"):
        arn = (given.get(name) or {}).get("Destination")
        if arn and not _may_send(role, arn):
            action = ACTIONS[arn.split(":")[2]].partition(":")[2]
            raise InvalidParameterValueException(
                f"The function's execution role does not have permissions to call {action} on {arn}"
            )


def _may_send(role: str, target: str) -> bool:
    service = (target.split(":") + [""] * 3)[2]
    return service not in ACTIONS or current.plane.permissions.allows(role, ACTIONS[service], resource_of(target))
