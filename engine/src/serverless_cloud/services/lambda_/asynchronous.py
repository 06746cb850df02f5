"""Settings of asynchronous invocation, by qualifier.

moto keeps one list for a function, answers with its oldest entry after a change, and knows no qualifier.
"""

from __future__ import annotations

import time
from urllib.parse import unquote

from moto.awslambda.exceptions import UnknownEventConfig, ValidationException
from moto.awslambda.models import EventInvokeConfig, LambdaFunction
from moto.awslambda.responses import LambdaResponse
from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import ActionResult

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.lambda_.asynchronous import AsyncSettings
from serverless_cloud.services.lambda_ import destinations, iam_targets
from serverless_cloud.services.lambda_.functions import arn_of, function_named, qualifier_in

patches = Service(
    "lambda",
    defect=(
        "engine/tests/test_seams.py::test_stock_moto_still_has_the_defect[one_event_configuration_for_all_qualifiers]"
    ),
    upstream="The settings of asynchronous invocation belong to a qualifier.",
)

_LIMITS = {"MaximumRetryAttempts": (0, 2), "MaximumEventAgeInSeconds": (60, 21_600)}  # API reference


def settings(function: LambdaFunction, version: LambdaFunction, qualifier: str) -> AsyncSettings:
    """The settings for a call.

    Args:
        function: $LATEST.
        version: the version that is called; it carries the dead-letter queue.
        qualifier: version or alias that the caller used, "$LATEST" if none.
    """
    config = configs(function).get(qualifier)
    given: JsonObject = config.config if config else {}
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


def configs(function: LambdaFunction) -> dict[str, EventInvokeConfig]:
    """The settings by qualifier. `function` is $LATEST."""
    found: dict[str, EventInvokeConfig] = vars(function).setdefault("event_invoke_configs", {})
    return found


@patches.replaces("moto.awslambda.responses:LambdaResponse.put_function_event_invoke_config")
def put_function_event_invoke_config(response: LambdaResponse) -> ActionResult:
    iam_targets.require_destinations(response)
    return _keep(response, anew=True)


@patches.replaces("moto.awslambda.responses:LambdaResponse.update_function_event_invoke_config")
def update_function_event_invoke_config(response: LambdaResponse) -> ActionResult:
    iam_targets.require_destinations(response)
    return _keep(response, anew=False)


@patches.replaces("moto.awslambda.responses:LambdaResponse.get_function_event_invoke_config")
def get_function_event_invoke_config(response: LambdaResponse) -> ActionResult:
    function, qualifier, arn = _named(response)
    if qualifier not in configs(function):
        raise UnknownEventConfig(arn)
    return ActionResult(_row(configs(function)[qualifier]))


@patches.replaces("moto.awslambda.responses:LambdaResponse.delete_function_event_invoke_config")
def delete_function_event_invoke_config(response: LambdaResponse) -> TYPE_RESPONSE:
    function, qualifier, arn = _named(response)
    if configs(function).pop(qualifier, None) is None:
        raise UnknownEventConfig(arn)
    return 204, {"status": 204}, ""


@patches.replaces("moto.awslambda.responses:LambdaResponse.list_function_event_invoke_configs")
def list_function_event_invoke_configs(response: LambdaResponse) -> ActionResult:
    rows = [_row(config) for _, config in sorted(configs(_named(response)[0]).items())]
    return ActionResult({"FunctionEventInvokeConfigs": rows})


def _named(response: LambdaResponse) -> tuple[LambdaFunction, str, str]:
    """The function that a call names, the qualifier, and the ARN of both."""
    in_name = qualifier_in(response.backend, unquote(response.path.split("/functions/")[1].split("/")[0]))
    qualifier, function = in_name or response._get_param("Qualifier") or "$LATEST", function_named(response)
    response.backend.get_function(function.function_name, qualifier)  # raises if there is none
    return function, qualifier, f"{arn_of(function)}:{qualifier}"


def _keep(response: LambdaResponse, *, anew: bool) -> ActionResult:
    function, qualifier, arn = _named(response)
    given = {k: v for k, v in response.json_body.items() if k not in ("FunctionName", "Qualifier")}
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


def _refuse_numbers(given: JsonObject) -> None:
    for name, (least, most) in _LIMITS.items():
        value = given.get(name, least)
        if not (isinstance(value, int) and least <= value <= most):
            text = f"Member must be a whole number, {least} to {most}"
            raise ValidationException(str(value), name[0].lower() + name[1:], text)


def _row(config: EventInvokeConfig) -> JsonObject:
    return config.response() | {"LastModified": float(config.last_modified)}
