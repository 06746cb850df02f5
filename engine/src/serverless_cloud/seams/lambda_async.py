"""Seam: settings of asynchronous invocation (moto 5.2.5).

Replaced here: the five calls of FunctionEventInvokeConfig. moto keeps one list for a function, answers with its oldest
entry after a change, and knows no qualifier.

Worth an upstream change: all of it.
"""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import unquote

from moto.awslambda.exceptions import UnknownEventConfig, ValidationException
from moto.awslambda.models import EventInvokeConfig
from moto.awslambda.responses import LambdaResponse
from moto.core.responses import ActionResult

from serverless_cloud.lambda_.asynchronous import AsyncSettings
from serverless_cloud.seams import destinations
from serverless_cloud.seams.lambda_functions import arn_of, function_named, qualifier_in
from serverless_cloud.seams.replacement import Replacement

_LIMITS = {"MaximumRetryAttempts": (0, 2), "MaximumEventAgeInSeconds": (60, 21_600)}  # API reference


def settings(function: Any, version: Any, qualifier: str) -> AsyncSettings:
    """The settings for a call.

    Args:
        function: $LATEST.
        version: the version that is called; it carries the dead-letter queue.
        qualifier: version or alias that the caller used, "$LATEST" if none.
    """
    config = configs(function).get(qualifier)
    given: dict[str, Any] = config.config if config else {}
    targets = given.get("DestinationConfig") or {}
    reserved = function.reserved_concurrency
    return AsyncSettings(
        retries=given.get("MaximumRetryAttempts", AsyncSettings.retries),
        max_age_s=float(given.get("MaximumEventAgeInSeconds", AsyncSettings.max_age_s)),
        on_success=(targets.get("OnSuccess") or {}).get("Destination") or None,
        on_failure=(targets.get("OnFailure") or {}).get("Destination") or None,
        dead_letter=(getattr(version, "dead_letter_config", None) or {}).get("TargetArn") or None,
        reserved=None if reserved is None else int(reserved),
    )


def configs(function: Any) -> dict[str, EventInvokeConfig]:
    """The settings by qualifier. `function` is $LATEST."""
    found: dict[str, EventInvokeConfig] = vars(function).setdefault("event_invoke_configs", {})
    return found


def install(_: object) -> None:
    """Replaces five of moto's calls with ours."""
    _Calls.install()


class _Calls(Replacement, of=LambdaResponse):
    def put_function_event_invoke_config(self: Any) -> Any:
        return _keep(self, anew=True)

    def update_function_event_invoke_config(self: Any) -> Any:
        return _keep(self, anew=False)

    def get_function_event_invoke_config(self: Any) -> Any:
        function, qualifier, arn = _named(self)
        if qualifier not in configs(function):
            raise UnknownEventConfig(arn)
        return ActionResult(_row(configs(function)[qualifier]))

    def delete_function_event_invoke_config(self: Any) -> Any:
        function, qualifier, arn = _named(self)
        if configs(function).pop(qualifier, None) is None:
            raise UnknownEventConfig(arn)
        return 204, {"status": 204}, ""

    def list_function_event_invoke_configs(self: Any) -> Any:
        rows = [_row(config) for _, config in sorted(configs(_named(self)[0]).items())]
        return ActionResult({"FunctionEventInvokeConfigs": rows})


def _named(self: Any) -> tuple[Any, str, str]:
    """The function that a call names, the qualifier, and the ARN of both."""
    in_name = qualifier_in(self.backend, unquote(self.path.split("/functions/")[1].split("/")[0]))
    qualifier, function = in_name or self._get_param("Qualifier") or "$LATEST", function_named(self)
    self.backend.get_function(function.function_name, qualifier)  # raises if there is none
    return function, qualifier, f"{arn_of(function)}:{qualifier}"


def _keep(self: Any, *, anew: bool) -> Any:
    function, qualifier, arn = _named(self)
    given = {k: v for k, v in self.json_body.items() if k not in ("FunctionName", "Qualifier")}
    old = configs(function).get(qualifier)
    if old is None and not anew:
        raise UnknownEventConfig(arn)
    config = given if anew or old is None else old.config | given
    targets = config.get("DestinationConfig") or {}
    config["DestinationConfig"] = {"OnSuccess": {}, "OnFailure": {}} | targets
    _refuse_numbers(given)
    fresh = EventInvokeConfig(arn, str(time.time()), config)
    for when, allowed in (("OnSuccess", destinations.ON_SUCCESS), ("OnFailure", destinations.ON_FAILURE)):
        if target := (targets.get(when) or {}).get("Destination"):
            destinations.require_target(target, allowed)
    configs(function)[qualifier] = fresh
    return ActionResult(_row(fresh))


def _refuse_numbers(given: dict[str, Any]) -> None:
    for name, (least, most) in _LIMITS.items():
        value = given.get(name, least)
        if not (isinstance(value, int) and least <= value <= most):
            text = f"Member must be a whole number, {least} to {most}"
            raise ValidationException(str(value), name[0].lower() + name[1:], text)


def _row(config: EventInvokeConfig) -> dict[str, Any]:
    return config.response() | {"LastModified": float(config.last_modified)}
