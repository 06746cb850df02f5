"""Function URLs answer.

moto keeps one configuration for a function and serves none. Here an alias has its own, and what AWS refuses is refused.
ListFunctionUrlConfigs, which moto has not got, is added.
"""

from __future__ import annotations

import json
import re
import secrets
import string
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import unquote

from moto.awslambda.exceptions import (
    InvalidParameterValueException,
    LambdaClientError,
    UnknownFunctionException,
    ValidationException,
)
from moto.awslambda.models import LambdaBackend, LambdaFunction, lambda_backends
from moto.awslambda.responses import LambdaResponse
from moto.core.common_types import TYPE_RESPONSE

from serverless_cloud.core import current
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.core.refusals import NotHonoured, Refusal
from serverless_cloud.http.cors import cors_of
from serverless_cloud.http.function_url import FunctionUrl, FunctionUrls
from serverless_cloud.http.request import Request, Response, message
from serverless_cloud.http.sigv4 import Signer
from serverless_cloud.plane import DataPlane
from serverless_cloud.services.apigateway.signers import require, signer_of
from serverless_cloud.services.lambda_.answers import page
from serverless_cloud.services.lambda_.functions import ResourceConflict, arn_of, latest

patches = Service(
    "lambda",
    defect="engine/tests/http/test_http_patches.py::test_stock_moto_still_has_the_defects",
    upstream="Each alias has its own function URL, and GetFunctionUrlConfig answers with 200.",
)

MOST_ON_A_PAGE = 50  # Lambda API reference: ListFunctionUrlConfigs
_PATH = r"{0}/(?P<api_version>[^/]+)/functions/(?P<function_name>[\w_:%-]+)/urls/?$"
patches.adds(
    "moto.awslambda.urls:url_paths",
    {_PATH: "moto.awslambda.responses:LambdaResponse.dispatch"},
    upstream="ListFunctionUrlConfigs exists.",
)


def configurations(function: LambdaFunction) -> dict[str, JsonObject]:
    """The configurations of a function's URLs, by alias; "" is the function itself. `function` is $LATEST."""
    found: dict[str, JsonObject] = vars(function).setdefault("url_configurations", {})
    return found


def connect(plane: DataPlane) -> None:
    """Puts the data plane behind function URLs."""

    def allow(url: FunctionUrl, who: Signer | None) -> None:
        if plane.permissions.enforced:
            _require(plane, url, who)

    current.parts[FunctionUrls] = FunctionUrls(plane.functions, signer_of, allow)


@patches.replaces("moto.awslambda.responses:LambdaResponse.create_function_url_config")
def create_function_url_config(response: LambdaResponse) -> TYPE_RESPONSE:
    function, alias = _named(response)
    given, arn = response.json_body, _arn(function, alias)
    _refuse(given)
    if alias in configurations(function):
        raise ResourceConflict(
            f"Failed to create function url config for [functionArn = {arn}]. Error message:  FunctionUrlConfig "
            "exists for this Lambda function"
        )
    id = "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(32))
    kept = {"AuthType": given["AuthType"], "Cors": given.get("Cors"), "InvokeMode": "BUFFERED", "FunctionArn": arn}
    kept |= {"CreationTime": _now(), "FunctionUrl": _open(function, alias, id) + "/", "id": id}
    configurations(function)[alias] = kept | {"LastModifiedTime": kept["CreationTime"]}
    return 201, {"status": 201}, json.dumps(_shown(kept))  # without LastModifiedTime, as on AWS


@patches.replaces("moto.awslambda.responses:LambdaResponse.get_function_url_config")
def get_function_url_config(response: LambdaResponse) -> TYPE_RESPONSE:
    return 200, {"status": 200}, json.dumps(_shown(_kept(response)))


@patches.replaces("moto.awslambda.responses:LambdaResponse.update_function_url_config")
def update_function_url_config(response: LambdaResponse) -> TYPE_RESPONSE:
    kept, given = _kept(response), response.json_body
    _refuse(given)
    kept |= {name: given[name] for name in ("AuthType", "Cors") if given.get(name) is not None}
    kept["LastModifiedTime"] = _now()
    return 200, {"status": 200}, json.dumps(_shown(kept))


@patches.replaces("moto.awslambda.responses:LambdaResponse.delete_function_url_config")
def delete_function_url_config(response: LambdaResponse) -> TYPE_RESPONSE:
    kept = _kept(response)
    function, alias = _named(response)
    del configurations(function)[alias]
    current.plane.doors.close(kept["id"])
    return 204, {"status": 204}, ""


@patches.replaces("moto.awslambda.responses:LambdaResponse.list_function_url_configs", expects="")
def list_function_url_configs(response: LambdaResponse) -> TYPE_RESPONSE:
    function, _ = _named(response)
    found = [_shown(kept) for _, kept in sorted(configurations(function).items())]
    answer, shown = page(response, found, MOST_ON_A_PAGE)
    return 200, {"status": 200}, json.dumps(answer | {"FunctionUrlConfigs": shown})


def _open(function: LambdaFunction, alias: str, id: str) -> str:
    """Opens the door of a function URL; its address."""
    account_id, region, name = function.account_id, function.region, function.function_name

    def respond(request: Request) -> Response:
        url = _configured(account_id, region, name, alias, id)
        return message(404, "Not Found") if url is None else current.parts[FunctionUrls].answer(url, request)

    def preflight(request: Request) -> Response | None:
        url = _configured(account_id, region, name, alias, id)
        return None if url is None or url.cors is None else url.cors.preflight(request, 200)

    return current.plane.doors.open(id, respond, preflight)


def close_if_gone(backend: LambdaBackend, function_name: str, kept: Mapping[str, JsonObject]) -> None:
    """Closes the URLs of a deleted function; nothing if only a version was deleted. Args: kept: its configurations."""
    try:
        latest(backend, function_name)
    except UnknownFunctionException:
        for each in kept.values():
            current.plane.doors.close(each["id"])


def _named(response: LambdaResponse) -> tuple[LambdaFunction, str]:
    """The function, as $LATEST, and the alias that a call names: "" for none."""
    name = unquote(response.path.rstrip("/").split("/")[-2])
    own = name.split(":")[-1] if name.count(":") in (1, 7) and "function" not in name.split(":")[-1:] else ""
    alias = response._get_param("Qualifier") or ""
    if own and alias and own != alias:
        raise InvalidParameterValueException(
            "The derived qualifier from the function name does not match the specified qualifier."
        )
    alias = alias or own
    if alias and (alias.isdigit() or not re.fullmatch(r"[0-9a-zA-Z_-]+", alias)):
        pattern = r"((?!^\d+$)^[0-9a-zA-Z-_]+$)"
        raise ValidationException(alias, "qualifier", f"Member must satisfy regular expression pattern: {pattern}")
    asks = response.path.rstrip("/").endswith("/urls") or response.method == "POST"
    missing = "Function does not exist" if asks else "The resource you requested does not exist."
    try:
        function = latest(response.backend, name.removesuffix(f":{own}") if own else name)
        if alias and asks:
            response.backend.get_alias(alias, function.function_name)
    except (UnknownFunctionException, LambdaClientError) as error:
        raise Refusal("ResourceNotFoundException", missing, 404) from error
    return function, alias


def _kept(response: LambdaResponse) -> JsonObject:
    function, alias = _named(response)
    kept = configurations(function).get(alias)
    if kept is None:
        raise Refusal("ResourceNotFoundException", "The resource you requested does not exist.", 404)
    return kept


def _arn(function: LambdaFunction, alias: str) -> str:
    return arn_of(function) + (f":{alias}" if alias else "")


def _shown(kept: JsonObject) -> JsonObject:
    return {name: value for name, value in kept.items() if name != "id" and value is not None}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _configured(account_id: str, region: str, name: str, alias: str, id: str) -> FunctionUrl | None:
    """A function URL as it is configured now; None if it is gone."""
    try:
        function = latest(lambda_backends[account_id][region], name)
    except UnknownFunctionException:
        return None
    kept = configurations(function).get(alias)
    if kept is None or kept["id"] != id:
        return None
    return FunctionUrl(id, kept["FunctionArn"], kept["AuthType"], cors_of(kept["Cors"]), account_id, region)


def _refuse(given: JsonObject) -> None:
    """Raises for settings that AWS refuses, or that the local cloud doesn't support."""
    if given.get("InvokeMode") == "RESPONSE_STREAM":
        raise NotHonoured(
            "InvokeMode RESPONSE_STREAM",
            "The local cloud doesn't support {}. Leave it out, and the function URL returns the whole answer at once "
            "(docs/fidelity.md).",
        )


def _require(plane: DataPlane, url: FunctionUrl, who: Signer | None) -> None:
    """Raises `AccessDenied` unless permissions let a function URL be called."""
    function = latest(lambda_backends[url.account_id][url.region], url.function_arn.split(":")[6])
    alias = url.function_arn.split(":")[7] if url.function_arn.count(":") == 7 else None
    if who is None:
        plane.permissions.require_function_url(function, alias, url.auth_type)
        return
    policy = plane.permissions.identities.function_policy(function, alias)
    context = {"lambda:functionurlauthtype": [url.auth_type], "lambda:invokedviafunctionurl": ["true"]}
    for action in ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction"):  # both, since October 2025
        require(plane.permissions, who, action, url.function_arn, policy, context)
