"""Settings of asynchronous invocation, by qualifier.

moto keeps one list for a function, answers with its oldest entry after a change, and knows no qualifier.
"""

from __future__ import annotations

import time
from urllib.parse import unquote

from moto.awslambda.exceptions import (
    InvalidParameterValueException,
    LambdaClientError,
    UnknownEventConfig,
    UnknownFunctionException,
)
from moto.awslambda.models import EventInvokeConfig, LambdaFunction
from moto.awslambda.responses import LambdaResponse
from moto.awslambda.utils import make_function_arn
from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import ActionResult

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.lambda_.asynchronous import AsyncSettings
from serverless_cloud.services.lambda_ import destinations, iam_targets
from serverless_cloud.services.lambda_.answers import page
from serverless_cloud.services.lambda_.functions import arn_of, qualifier_in

patches = Service(
    "lambda",
    defect=(
        "engine/tests/services/test_moto_patches.py::test_stock_moto_still_has_the_defect[one_event_configuration_for_all_qualifiers]"
    ),
    upstream="The settings of asynchronous invocation belong to a qualifier.",
)

_DESTINATIONS = {"OnSuccess": destinations.ON_SUCCESS, "OnFailure": destinations.ON_FAILURE}
MOST_ON_A_PAGE = 50  # API reference: ListFunctionEventInvokeConfigs


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
    return _keep(response, anew=True)


@patches.replaces("moto.awslambda.responses:LambdaResponse.update_function_event_invoke_config")
def update_function_event_invoke_config(response: LambdaResponse) -> ActionResult:
    return _keep(response, anew=False)


@patches.replaces("moto.awslambda.responses:LambdaResponse.get_function_event_invoke_config")
def get_function_event_invoke_config(response: LambdaResponse) -> ActionResult:
    return ActionResult(_row(_kept(response)[1]))


@patches.replaces("moto.awslambda.responses:LambdaResponse.delete_function_event_invoke_config")
def delete_function_event_invoke_config(response: LambdaResponse) -> TYPE_RESPONSE:
    function, _ = _kept(response)
    del configs(function)[_qualifier(response)]
    return 204, {"status": 204}, ""


@patches.replaces("moto.awslambda.responses:LambdaResponse.list_function_event_invoke_configs")
def list_function_event_invoke_configs(response: LambdaResponse) -> ActionResult:
    function, _ = _function(response)
    if function is None:
        raise GoneFunction
    answer, shown = page(response, sorted(configs(function).items()), MOST_ON_A_PAGE)
    return ActionResult(answer | {"FunctionEventInvokeConfigs": [_row(config) for _, config in shown]})


class GoneFunction(LambdaClientError):
    """The settings belong to a function, a version or an alias that doesn't exist."""

    code = 404

    def __init__(self) -> None:
        super().__init__("ResourceNotFoundException", "The function doesn't exist.")


def _qualifier(response: LambdaResponse) -> str:
    name = unquote(response.path.split("/functions/")[1].split("/")[0])
    return str(qualifier_in(response.backend, name) or response._get_param("Qualifier") or "$LATEST")


def _function(response: LambdaResponse) -> tuple[LambdaFunction | None, str]:
    """The function that a call names, None without one, and the ARN with its qualifier."""
    backend, qualifier = response.backend, _qualifier(response)
    name = unquote(response.path.split("/functions/")[1].split("/")[0]).partition(":")[0]
    arn = f"{make_function_arn(backend.region_name, backend.account_id, name)}:{qualifier}"
    try:
        function = backend.get_function(name)
        backend.get_function(name, qualifier)
    except UnknownFunctionException:
        return None, arn
    return function, arn


def _kept(response: LambdaResponse) -> tuple[LambdaFunction, EventInvokeConfig]:
    """The function and its settings.

    Raises:
        UnknownEventConfig: there is no function, no such version or alias, or it has no settings.
    """
    function, arn = _function(response)
    if function is None or _qualifier(response) not in configs(function):
        raise UnknownEventConfig(arn)
    return function, configs(function)[_qualifier(response)]


def _keep(response: LambdaResponse, *, anew: bool) -> ActionResult:
    if not anew:
        _kept(response)  # raises if there are none yet
    function, arn = _function(response)
    given = {k: v for k, v in response.json_body.items() if k not in ("FunctionName", "Qualifier")}
    if not any(value is not None for value in given.values()):
        raise InvalidParameterValueException("You must specify at least one of error handling or destination setting.")
    if function is None:
        raise GoneFunction
    qualifier = _qualifier(response)
    config = given if anew else configs(function)[qualifier].config | given
    targets = config.get("DestinationConfig") or {}
    config["DestinationConfig"] = {"OnSuccess": {}, "OnFailure": {}} | targets
    fresh = EventInvokeConfig(arn, str(time.time()), config)
    _refuse_destinations(function, targets)
    iam_targets.require_destinations(response)
    configs(function)[qualifier] = fresh
    return ActionResult(_row(fresh))


def _refuse_destinations(function: LambdaFunction, targets: JsonObject) -> None:
    """Raises for destinations that AWS refuses. Args: targets: DestinationConfig."""
    given = {when: (targets.get(when) or {}).get("Destination") for when in _DESTINATIONS}
    for when, arn in given.items():
        if not arn:
            continue
        if arn.split(":")[2] not in _DESTINATIONS[when]:
            success, failure = (
                f"{name}(destination={given[name]})" if given[name] else "null" for name in ("OnSuccess", "OnFailure")
            )
            raise InvalidParameterValueException(
                f"The provided destination config DestinationConfig(onSuccess={success}, onFailure={failure}) is "
                "invalid."
            )
        if arn == arn_of(function) or arn.startswith(f"{arn_of(function)}:"):
            raise InvalidParameterValueException("You can't specify the function as a destination for itself.")
        try:
            destinations.require_target(arn, _DESTINATIONS[when])
        except InvalidParameterValueException as error:
            if arn.split(":")[2] != "lambda":
                raise
            raise InvalidParameterValueException(f"The destination ARN {arn} is invalid.") from error


def _row(config: EventInvokeConfig) -> JsonObject:
    return config.response() | {"LastModified": float(config.last_modified)}
