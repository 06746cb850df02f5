"""Seam: a target that the execution role may not write to is refused when it is set (moto 5.2.5).

Replaced here: `LambdaBackend.create_function`, `update_function_configuration` (DeadLetterConfig) and
`LambdaResponse.put_function_event_invoke_config`, `update_function_event_invoke_config` (destinations): as AWS does,
they look at the role first. Whether it may still send is asked again for each record, in `destinations.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.awslambda import models
from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.responses import LambdaResponse

from serverless_cloud.iam.permissions import Permissions
from serverless_cloud.seams.destinations import ACTIONS, resource_of
from serverless_cloud.seams.lambda_functions import function_named
from serverless_cloud.seams.replacement import Replacement


def install(permissions: Permissions) -> None:
    """Puts these rules into moto."""
    _Backend.install(permissions=permissions)
    for name in ("put_function_event_invoke_config", "update_function_event_invoke_config"):
        setattr(LambdaResponse, name, _looking_at_the_role(getattr(LambdaResponse, name)))


class _Backend(Replacement, of=models.LambdaBackend):
    permissions: Permissions

    def create_function(self: Any, spec: dict[str, Any]) -> Any:
        _require_dead_letters(str(spec.get("Role", "")), spec)
        return _Backend.moto.create_function(self, spec)

    def update_function_configuration(self: Any, function_name: str, qualifier: str, body: dict[str, Any]) -> Any:
        function = self.get_function(function_name, qualifier)
        before = {"DeadLetterConfig": getattr(function, "dead_letter_config", None)}
        if {"DeadLetterConfig", "Role"} & set(body):
            _require_dead_letters(str(body.get("Role") or function.role), before | body)
        return _Backend.moto.update_function_configuration(self, function_name, qualifier, body)


def _may_send(role: str, target: str) -> bool:
    service = (target.split(":") + [""] * 3)[2]
    return service not in ACTIONS or _Backend.permissions.allows(role, ACTIONS[service], resource_of(target))


def _require_dead_letters(role: str, settings: dict[str, Any]) -> None:
    target = (settings.get("DeadLetterConfig") or {}).get("TargetArn")
    if target and not _may_send(role, target):
        service = target.split(":")[2]
        call = ACTIONS[service].partition(":")[2]
        raise InvalidParameterValueException(
            f"The provided execution role does not have permissions to call {call} on {service.upper()}"
        )


def _looking_at_the_role(seam: Callable[..., Any]) -> Callable[..., Any]:
    def call(self: Any) -> Any:
        role = function_named(self).role
        for target in (self.json_body.get("DestinationConfig") or {}).values():
            arn = (target or {}).get("Destination")
            if arn and not _may_send(role, arn):
                action = ACTIONS[arn.split(":")[2]].partition(":")[2]
                raise InvalidParameterValueException(
                    f"The function's execution role does not have permissions to call {action} on {arn}"
                )
        return seam(self)

    return call
