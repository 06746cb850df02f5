"""Reserved and provisioned concurrency, and the account's settings.

moto stores a reservation, and the data plane keeps to it. moto has no calls for provisioned concurrency and no
GetAccountSettings, so they are added.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from moto.awslambda.exceptions import InvalidParameterValueException, UnknownAliasException, UnknownFunctionException
from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.awslambda.responses import LambdaResponse
from moto.awslambda.utils import make_function_arn
from moto.core.common_types import TYPE_RESPONSE

from serverless_cloud.core import current
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.core.refusals import Refusal
from serverless_cloud.lambda_.code import UNZIPPED_BYTES
from serverless_cloud.lambda_.concurrency import ConcurrencyError, place_of
from serverless_cloud.lambda_.fleet import Fleet
from serverless_cloud.lambda_.function import FunctionSpec
from serverless_cloud.services.lambda_ import revisions
from serverless_cloud.services.lambda_.answers import page
from serverless_cloud.services.lambda_.functions import (
    ResourceConflict,
    address_of_package,
    arn_of,
    function_named,
    latest,
    spec_of,
    weights,
)

patches = Service(
    "lambda",
    defect="engine/tests/services/test_moto_patches.py::test_moto_has_no_address_for_the_calls_that_a_patch_adds",
)

_FUNCTION = r"{0}/(?P<api_version>[^/]+)/functions/(?P<function_name>[\w_:%-]+)"

patches.adds(
    "moto.awslambda.urls:url_paths",
    dict.fromkeys(
        (_FUNCTION + "/provisioned-concurrency/?$", r"{0}/(?P<api_version>[^/]+)/account-settings/?$"),
        "moto.awslambda.responses:LambdaResponse.dispatch",
    ),
    upstream="Provisioned concurrency is stored and shown, and GetAccountSettings exists.",
)

ZIPPED_BYTES = 52_428_800  # AWS Lambda quotas: 50 MB in a direct upload
STORED_BYTES = 80_530_636_800  # AWS Lambda quotas: 75 GB of functions and layers
MOST_ON_A_PAGE = 50  # API reference: ListProvisionedConcurrencyConfigs


def requests(function: LambdaFunction) -> dict[str, JsonObject]:
    """The requested concurrency, by qualifier: {"count", "modified"}. `function` is $LATEST."""
    found: dict[str, JsonObject] = vars(function).setdefault("provisioned_requests", {})
    return found


def _shares(
    backend: LambdaBackend, function: LambdaFunction, qualifier: str, count: int
) -> list[tuple[FunctionSpec, int]]:
    """The versions that a qualifier's environments go to; an alias with weights divides them."""
    name = function.function_name
    alias = next((a for a in backend.list_aliases(name) if a.name == qualifier), None)
    if alias is None:
        return [(spec_of(backend.get_function(name, qualifier)), count)]
    shares = [(spec_of(backend.get_function(name, v)), round(count * share)) for v, share in weights(alias).items()]
    rest = count - sum(n for _, n in shares)
    return [(spec_of(backend.get_function(name, alias.function_version)), rest), *shares]


def allocate(backend: LambdaBackend, fleet: Fleet, function: LambdaFunction) -> None:
    """Brings the provisioned environments of a function in line with what was asked for. `function` is $LATEST."""
    wanted: dict[str, tuple[FunctionSpec, int]] = {}
    for qualifier, request in requests(function).items():
        for spec, count in _shares(backend, function, qualifier, request["count"]):
            wanted[spec.key] = (spec, wanted.get(spec.key, (spec, 0))[1] + count)
    fleet.provisioned.set(arn_of(function), wanted)


def withdraw(backend: LambdaBackend, fleet: Fleet, function: LambdaFunction, qualifier: str) -> None:
    """A version or an alias wants none any more. `function` is $LATEST."""
    if requests(function).pop(qualifier, None) is not None:
        fleet.concurrency.provision(arn_of(function), sum(r["count"] for r in requests(function).values()))
        allocate(backend, fleet, function)


@patches.replaces(
    "moto.awslambda.models:LambdaBackend.put_function_concurrency",
    defect="engine/tests/services/test_moto_patches.py::test_stock_moto_still_has_the_defect[reserved_concurrency_is_only_stored]",
)
def put_function_concurrency(backend: LambdaBackend, function_name: str, reserved_concurrency: int | str) -> str:
    function = latest(backend, function_name)
    count = _whole_number("ReservedConcurrentExecutions", reserved_concurrency, least=0)
    with _refused():
        current.plane.fleet.concurrency.reserve(arn_of(function), count)
    return put_function_concurrency.original(backend, function_name, count)


@patches.replaces("moto.awslambda.models:LambdaBackend.delete_function_concurrency", defect="data plane")
def delete_function_concurrency(backend: LambdaBackend, function_name: str) -> str | None:
    current.plane.fleet.concurrency.reserve(arn_of(latest(backend, function_name)), None)
    return delete_function_concurrency.original(backend, function_name)


@patches.replaces(
    "moto.awslambda.models:LambdaFunction.get_code",
    defect="engine/tests/services/test_moto_patches.py::test_stock_moto_still_has_the_defect[a_reservation_of_zero_is_not_shown]",
    upstream="GetFunction shows a reservation of zero.",
)
def get_code(function: LambdaFunction) -> JsonObject:
    answer: JsonObject = get_code.original(function)
    if function.reserved_concurrency is not None:  # moto leaves out zero
        answer["Concurrency"] = {"ReservedConcurrentExecutions": int(function.reserved_concurrency)}
    if "Location" in answer.get("Code", {}):
        answer["Code"]["Location"] = address_of_package(f"{arn_of(function)}:{function.version}")
    return answer


@patches.replaces("moto.awslambda.responses:LambdaResponse.put_provisioned_concurrency_config", expects="")
def put_provisioned_concurrency_config(response: LambdaResponse) -> TYPE_RESPONSE:
    function, qualifier = _version(response)
    name = "ProvisionedConcurrentExecutions"
    count = _whole_number(name, response._get_param(name), least=1)
    if qualifier == "$LATEST":
        raise InvalidParameterValueException(
            "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
        )
    _refuse_a_second_one(response.backend, function, qualifier)
    others = sum(r["count"] for q, r in requests(function).items() if q != qualifier)
    with _refused():
        current.plane.fleet.concurrency.provision(arn_of(function), others + count)
    requests(function)[qualifier] = {"count": count, "modified": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S+0000}"}
    allocate(response.backend, current.plane.fleet, function)
    return 202, {"status": 202}, json.dumps(_answer(response.backend, current.plane.fleet, function, qualifier))


@patches.replaces("moto.awslambda.responses:LambdaResponse.get_provisioned_concurrency_config", expects="")
def get_provisioned_concurrency_config(response: LambdaResponse) -> TYPE_RESPONSE:
    function, qualifier = _version(response)
    _require_request(function, qualifier)
    return 200, {}, json.dumps(_answer(response.backend, current.plane.fleet, function, qualifier))


@patches.replaces("moto.awslambda.responses:LambdaResponse.list_provisioned_concurrency_configs", expects="")
def list_provisioned_concurrency_configs(response: LambdaResponse) -> TYPE_RESPONSE:
    function = function_named(response)
    rows = [
        {"FunctionArn": f"{arn_of(function)}:{q}"} | _answer(response.backend, current.plane.fleet, function, q)
        for q in sorted(requests(function))
    ]
    answer, shown = page(response, rows, MOST_ON_A_PAGE)
    return 200, {}, json.dumps(answer | {"ProvisionedConcurrencyConfigs": shown})


@patches.replaces("moto.awslambda.responses:LambdaResponse.delete_provisioned_concurrency_config", expects="")
def delete_provisioned_concurrency_config(response: LambdaResponse) -> TYPE_RESPONSE:
    function, qualifier = _version(response)
    _require_request(function, qualifier)
    withdraw(response.backend, current.plane.fleet, function, qualifier)
    return 204, {"status": 204}, ""


@patches.replaces("moto.awslambda.responses:LambdaResponse.get_account_settings", expects="")
def get_account_settings(response: LambdaResponse) -> TYPE_RESPONSE:
    functions = list(response.backend.list_functions())
    versions = [v for f in functions for v in response.backend.list_versions_by_function(f.function_name)]
    layers = [v for layer in response.backend._layers._layers.values() for v in layer.layer_versions.values()]
    region = f"arn:aws:lambda:{response.region}:{response.current_account}"
    place = place_of(arn_of(functions[0])) if functions else region
    limit = {
        "CodeSizeUnzipped": UNZIPPED_BYTES,
        "CodeSizeZipped": ZIPPED_BYTES,
        "TotalCodeSize": STORED_BYTES,
        "ConcurrentExecutions": current.plane.fleet.concurrency.account_limit,
        "UnreservedConcurrentExecutions": current.plane.fleet.concurrency.unreserved(place),
    }
    stored = sum(each.code_size for each in versions) + sum(each.code_size for each in layers)
    usage = {"TotalCodeSize": stored, "FunctionCount": len(functions)}
    return 200, {}, json.dumps({"AccountLimit": limit, "AccountUsage": usage})


def _version(response: LambdaResponse) -> tuple[LambdaFunction, str]:
    """The function, as $LATEST, and the version or alias that a call names."""
    name, qualifier = unquote(response.path.split("/functions/")[1].split("/")[0]), response._get_param("Qualifier")
    try:
        function = function_named(response)
    except UnknownFunctionException:  # AWS names the version or alias in its error
        arn = f"{make_function_arn(response.backend.region_name, response.backend.account_id, name)}:{qualifier}"
        raise (UnknownFunctionException if qualifier.isdigit() else UnknownAliasException)(arn) from None
    revisions.owner(response.backend, function.function_name, qualifier)  # raises if there is none
    return function, qualifier


def _require_request(function: LambdaFunction, qualifier: str) -> None:
    if qualifier not in requests(function):
        text = "No Provisioned Concurrency Config found for this function"
        raise Refusal("ProvisionedConcurrencyConfigNotFoundException", text, 404)


def _whole_number(name: str, value: Any, least: int) -> int:
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = least - 1
    if number < least:
        raise InvalidParameterValueException(f"{name} is {value!r}. It must be a whole number, {least} or more.")
    return number


@contextlib.contextmanager
def _refused() -> Iterator[None]:
    try:
        yield
    except ConcurrencyError as refusal:
        raise InvalidParameterValueException(str(refusal)) from refusal


def _refuse_a_second_one(backend: LambdaBackend, function: LambdaFunction, qualifier: str) -> None:
    """Refuses a second configuration. A version has its own, or the configuration of one alias that points to it."""
    mine = {spec.version for spec, _ in _shares(backend, function, qualifier, 1)}
    for other in requests(function):
        theirs = {spec.version for spec, _ in _shares(backend, function, other, 1)}
        if other == qualifier or not mine & theirs:
            continue
        if qualifier.isdigit():
            raise ResourceConflict("Version is pointed by a Provisioned Concurrency alias")
        raise ResourceConflict(
            "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"
        )


def _answer(backend: LambdaBackend, fleet: Fleet, function: LambdaFunction, qualifier: str) -> JsonObject:
    request = requests(function)[qualifier]
    allocations = [
        a
        for spec, _ in _shares(backend, function, qualifier, request["count"])
        if (a := fleet.provisioned.allocation(spec))
    ]
    statuses = {a.status for a in allocations}
    status = next((s for s in ("FAILED", "IN_PROGRESS") if s in statuses), "READY")
    answer = {
        "RequestedProvisionedConcurrentExecutions": request["count"],
        "AvailableProvisionedConcurrentExecutions": sum(len(a.ready) for a in allocations),
        "AllocatedProvisionedConcurrentExecutions": sum(len(a.environments) for a in allocations),
        "Status": status,
        "LastModified": request["modified"],
    }
    reasons = [a.failure for a in allocations if a.failure and a.status == "FAILED"]
    return answer | ({"StatusReason": reasons[0]} if reasons else {})
