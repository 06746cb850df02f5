"""Seam: function URLs answer (moto 5.2.5).

moto keeps one configuration for a function and serves none. Replaced here, in `LambdaResponse`: Create-, Get-, Update-
and DeleteFunctionUrlConfig, so that an alias has its own, and what AWS refuses is refused; in `LambdaBackend`:
`delete_function`, with which its URLs go. Added: ListFunctionUrlConfigs, which moto has not got.

Worth an upstream change: Qualifier, ListFunctionUrlConfigs, the status of GetFunctionUrlConfig (201, should be 200).
"""

from __future__ import annotations

import json
import re
import secrets
import string
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from moto.awslambda import models, urls
from moto.awslambda.exceptions import (
    InvalidParameterValueException,
    LambdaClientError,
    UnknownFunctionException,
    ValidationException,
)
from moto.awslambda.responses import LambdaResponse

from serverless_cloud.http.cors import cors_of
from serverless_cloud.http.front import Request, Response, message
from serverless_cloud.http.function_url import FunctionUrl, FunctionUrls
from serverless_cloud.http.sigv4 import Signer
from serverless_cloud.plane import DataPlane
from serverless_cloud.refusals import NotHonoured, Refusal
from serverless_cloud.seams.lambda_functions import ResourceConflict, arn_of, latest
from serverless_cloud.seams.replacement import Replacement
from serverless_cloud.seams.signers import require, signer_of

ACCOUNT_ID = "123456789012"  # moto's default account
AUTH_TYPES = ("NONE", "AWS_IAM")
INVOKE_MODES = ("RESPONSE_STREAM", "BUFFERED")
MAX_AGE_S = (0, 86_400)  # Lambda API reference: Cors
METHOD_LETTERS = 6  # so OPTIONS is refused: Lambda answers preflight requests itself
_PATH = r"{0}/(?P<api_version>[^/]+)/functions/(?P<function_name>[\w_:%-]+)/urls/?$"


def configurations(function: Any) -> dict[str, dict[str, Any]]:
    """The configurations of a function's URLs, by alias; "" is the function itself. `function` is $LATEST."""
    found: dict[str, dict[str, Any]] = vars(function).setdefault("url_configurations", {})
    return found


def install(plane: DataPlane) -> None:
    """Puts the data plane behind function URLs."""

    def allow(url: FunctionUrl, who: Signer | None) -> None:
        if plane.permissions.enforced:
            _require(plane, url, who)

    answers = FunctionUrls(plane.functions, lambda key: signer_of(ACCOUNT_ID, key), allow)
    _Response.install(plane=plane, answers=answers)
    _Backend.install(plane=plane)
    urls.url_paths[_PATH] = LambdaResponse.dispatch


class _Response(Replacement, of=LambdaResponse):
    plane: DataPlane
    answers: FunctionUrls

    def create_function_url_config(self: Any) -> Any:
        function, alias = _named(self)
        given, arn = self.json_body, _arn(function, alias)
        _refuse(given)
        if "AuthType" not in given:
            raise LambdaClientError("ValidationException", "AuthType is required. Give NONE or AWS_IAM.")
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

    def get_function_url_config(self: Any) -> Any:
        return 200, {"status": 200}, json.dumps(_shown(_kept(self)))

    def update_function_url_config(self: Any) -> Any:
        kept, given = _kept(self), self.json_body
        _refuse(given)
        kept |= {name: given[name] for name in ("AuthType", "Cors") if given.get(name) is not None}
        kept["LastModifiedTime"] = _now()
        return 200, {"status": 200}, json.dumps(_shown(kept))

    def delete_function_url_config(self: Any) -> Any:
        kept = _kept(self)
        function, alias = _named(self)
        del configurations(function)[alias]
        _Response.plane.doors.close(kept["id"])
        return 204, {"status": 204}, ""

    def list_function_url_configs(self: Any) -> Any:
        function, _ = _named(self)
        found = [_shown(kept) for _, kept in sorted(configurations(function).items())]
        most, start = int(self._get_param("MaxItems") or 50), int(self._get_param("Marker") or 0)
        answer: dict[str, Any] = {"FunctionUrlConfigs": found[start : start + most]}
        if start + most < len(found):
            answer["NextMarker"] = str(start + most)
        return 200, {"status": 200}, json.dumps(answer)


def _open(function: Any, alias: str, id: str) -> str:
    """Opens the door of a function URL; its address."""
    account_id, region, name = function.account_id, function.region, function.function_name

    def respond(request: Request) -> Response:
        url = _configured(account_id, region, name, alias, id)
        return message(404, "Not Found") if url is None else _Response.answers.answer(url, request)

    def preflight(request: Request) -> Response | None:
        url = _configured(account_id, region, name, alias, id)
        return None if url is None or url.cors is None else url.cors.preflight(request, 200)

    return _Response.plane.doors.open(id, respond, preflight)


class _Backend(Replacement, of=models.LambdaBackend):
    plane: DataPlane

    def delete_function(self: Any, function_name: str, qualifier: str | None = None) -> None:
        kept = dict(configurations(latest(self, function_name)))
        _Backend.moto.delete_function(self, function_name, qualifier)
        try:
            latest(self, function_name)
        except UnknownFunctionException:  # it was not only one version
            for each in kept.values():
                _Backend.plane.doors.close(each["id"])


def _named(self: Any) -> tuple[Any, str]:
    """The function, as $LATEST, and the alias that a call names: "" for none."""
    name = unquote(self.path.rstrip("/").split("/")[-2])
    own = name.split(":")[-1] if name.count(":") in (1, 7) and "function" not in name.split(":")[-1:] else ""
    alias = self._get_param("Qualifier") or ""
    if own and alias and own != alias:
        raise InvalidParameterValueException(
            "The derived qualifier from the function name does not match the specified qualifier."
        )
    alias = alias or own
    if alias and (alias.isdigit() or not re.fullmatch(r"[0-9a-zA-Z_-]+", alias)):
        pattern = r"((?!^\d+$)^[0-9a-zA-Z-_]+$)"
        raise ValidationException(alias, "qualifier", f"Member must satisfy regular expression pattern: {pattern}")
    asks = self.path.rstrip("/").endswith("/urls") or self.method == "POST"
    missing = "Function does not exist" if asks else "The resource you requested does not exist."
    try:
        function = latest(self.backend, name.removesuffix(f":{own}") if own else name)
        if alias and asks:
            self.backend.get_alias(alias, function.function_name)
    except (UnknownFunctionException, LambdaClientError) as error:
        raise Refusal("ResourceNotFoundException", missing, 404) from error
    return function, alias


def _kept(self: Any) -> dict[str, Any]:
    function, alias = _named(self)
    kept = configurations(function).get(alias)
    if kept is None:
        raise Refusal("ResourceNotFoundException", "The resource you requested does not exist.", 404)
    return kept


def _arn(function: Any, alias: str) -> str:
    return arn_of(function) + (f":{alias}" if alias else "")


def _shown(kept: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in kept.items() if name != "id" and value is not None}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _configured(account_id: str, region: str, name: str, alias: str, id: str) -> FunctionUrl | None:
    """A function URL as it is configured now; None if it is gone."""
    try:
        function = latest(models.lambda_backends[account_id][region], name)
    except UnknownFunctionException:
        return None
    kept = configurations(function).get(alias)
    if kept is None or kept["id"] != id:
        return None
    return FunctionUrl(id, kept["FunctionArn"], kept["AuthType"], cors_of(kept["Cors"]), account_id, region)


def _refuse(given: Mapping[str, Any]) -> None:
    """Raises for settings that AWS refuses, or that the local cloud doesn't support."""
    for name, allowed in (("AuthType", AUTH_TYPES), ("InvokeMode", INVOKE_MODES)):
        value = given.get(name)
        if value is not None and value not in allowed:
            text = f"Member must satisfy enum value set: [{', '.join(allowed)}]"
            raise ValidationException(value, name[0].lower() + name[1:], text)
    if given.get("InvokeMode") == "RESPONSE_STREAM":
        raise NotHonoured(
            "InvokeMode RESPONSE_STREAM",
            "The local cloud doesn't support {}. Leave it out, and the function URL returns the whole answer at once "
            "(docs/fidelity.md).",
        )
    cors = given.get("Cors") or {}
    if long := [method for method in cors.get("AllowMethods") or [] if len(method) > METHOD_LETTERS]:
        text = f"Member must satisfy constraint: [Member must have length less than or equal to {METHOD_LETTERS}]"
        raise ValidationException(str(long), "cors.allowMethods", text)
    age = cors.get("MaxAge")
    if age is not None and not MAX_AGE_S[0] <= int(age) <= MAX_AGE_S[1]:
        raise LambdaClientError(
            "ValidationException", f"Cors.MaxAge is {age}. It must be {MAX_AGE_S[0]} to {MAX_AGE_S[1]} seconds."
        )


def _require(plane: DataPlane, url: FunctionUrl, who: Signer | None) -> None:
    """Raises `AccessDenied` unless permissions let a function URL be called."""
    function = latest(models.lambda_backends[url.account_id][url.region], url.function_arn.split(":")[6])
    alias = url.function_arn.split(":")[7] if url.function_arn.count(":") == 7 else None
    if who is None:
        plane.permissions.require_function_url(function, alias, url.auth_type)
        return
    directory: Any = plane.permissions.identities
    policy = directory.function_policy(function, alias)
    context = {"lambda:functionurlauthtype": [url.auth_type], "lambda:invokedviafunctionurl": ["true"]}
    for action in ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction"):  # both, since October 2025
        require(plane.permissions, who, action, url.function_arn, policy, context)
