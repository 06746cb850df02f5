"""Seam: a target that the execution role may not write to is refused when it is set (moto 5.2.5).

Replaced here: `LambdaBackend.create_function`, `update_function_configuration` (DeadLetterConfig) and
`LambdaResponse.put_function_event_invoke_config`, `update_function_event_invoke_config` (destinations): as AWS does,
they look at the role first. Whether it may still send is asked again for each record, in `destinations.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from moto.awslambda import models
from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.responses import LambdaResponse

from serverless_cloud.iam.permissions import Permissions
from serverless_cloud.seams.destinations import ACTIONS, resource_of
from serverless_cloud.seams.lambda_functions import latest


def install(permissions: Permissions) -> None:
    """Puts these rules into moto."""
    backend: Any = models.LambdaBackend
    response: Any = LambdaResponse

    def may_send(role: str, target: str) -> bool:
        service = (target.split(":") + [""] * 3)[2]
        return service not in ACTIONS or permissions.allows(role, ACTIONS[service], resource_of(target))

    def require_dead_letters(role: str, settings: dict[str, Any]) -> None:
        target = (settings.get("DeadLetterConfig") or {}).get("TargetArn")
        if target and not may_send(role, target):
            service = target.split(":")[2]
            call = ACTIONS[service].partition(":")[2]
            raise InvalidParameterValueException(
                f"The provided execution role does not have permissions to call {call} on {service.upper()}"
            )

    seam_create: Callable[..., Any] = backend.create_function
    seam_update: Callable[..., Any] = backend.update_function_configuration

    def create_function(self: Any, spec: dict[str, Any]) -> Any:
        require_dead_letters(str(spec.get("Role", "")), spec)
        return seam_create(self, spec)

    def update_function_configuration(self: Any, function_name: str, qualifier: str, body: dict[str, Any]) -> Any:
        function = self.get_function(function_name, qualifier)
        before = {"DeadLetterConfig": getattr(function, "dead_letter_config", None)}
        if {"DeadLetterConfig", "Role"} & set(body):
            require_dead_letters(str(body.get("Role") or function.role), before | body)
        return seam_update(self, function_name, qualifier, body)

    def looking_at_the_role(seam: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: Any) -> Any:
            role = latest(self.backend, unquote(self.path.split("/functions/")[1].split("/")[0])).role
            for target in (self.json_body.get("DestinationConfig") or {}).values():
                arn = (target or {}).get("Destination")
                if arn and not may_send(role, arn):
                    action = ACTIONS[arn.split(":")[2]].partition(":")[2]
                    raise InvalidParameterValueException(
                        f"The function's execution role does not have permissions to call {action} on {arn}"
                    )
            return seam(self)

        return call

    backend.create_function = create_function
    backend.update_function_configuration = update_function_configuration
    for name in ("put_function_event_invoke_config", "update_function_event_invoke_config"):
        setattr(response, name, looking_at_the_role(getattr(response, name)))
