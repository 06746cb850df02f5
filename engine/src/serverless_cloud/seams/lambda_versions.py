"""Seam: versions, and aliases that split calls between two of them (moto 5.2.5).

Replaced here:

- `LambdaBackend.publish_version`: moto counts the versions that are left, so a number comes back after a deletion, and
  it takes any update for a change. On AWS a number is never used again, and the same code and settings are the same
  version.
- `LambdaBackend.create_alias`, `update_alias`, `delete_alias`: refuse as AWS does; provisioned environments
  follow the alias. moto stores the weights and routes nothing: `route` does.
- `LambdaResponse.publish_version`: moto does not look at CodeSha256.
- `LambdaResponse.list_versions_by_function`: moto lists nothing for a function that does not exist.
- `LambdaBackend.delete_function`, over the one of lambda_functions.py: deletes the settings of a version.

Worth an upstream change: the numbering, the comparison, and the checks of the routing configuration.
"""

from __future__ import annotations

import copy
import random
import re
from typing import Any
from urllib.parse import unquote

from moto.awslambda import models
from moto.awslambda.exceptions import (
    ConflictException,
    InvalidParameterValueException,
    LambdaClientError,
    ValidationException,
)
from moto.awslambda.responses import LambdaResponse

from serverless_cloud.lambda_.fleet import Fleet
from serverless_cloud.lambda_.function import FunctionSpec
from serverless_cloud.plane import DataPlane
from serverless_cloud.seams import lambda_async, lambda_concurrency
from serverless_cloud.seams.lambda_functions import ResourceConflict, latest, spec_of, versions, weights
from serverless_cloud.seams.replacement import Replacement

_ALIAS_NAME = r"(?!^[0-9]+$)([a-zA-Z0-9-_]+)"  # API reference: CreateAlias
_chance = random.Random()


def version_called(backend: Any, name_or_arn: str, qualifier: str | None) -> tuple[FunctionSpec, str]:
    """The version that one call runs, as the data plane sees it, and the caller's ARN. Raises: as `route`."""
    function, arn = route(backend, name_or_arn, qualifier)
    return spec_of(function), arn


def route(backend: Any, name_or_arn: str, qualifier: str | None) -> tuple[Any, str]:
    """moto's function for one call, and the ARN that the caller used.

    An alias with weights draws a version for each call.

    Raises:
        UnknownFunctionException: no such function, version or alias.
    """
    _refuse_elsewhere(backend, name_or_arn)
    rest = name_or_arn.split(":function:")[-1]  # of a name, an ARN, or a partial ARN (account and name)
    function = backend.get_function(rest, qualifier)
    name = function.function_name
    given = rest.split(":")[1] if ":" in rest else qualifier
    base = ":".join(function.function_arn.split(":")[:7])
    if given is None:
        return function, base
    alias = next((a for a in backend.list_aliases(name) if a.name == given), None)
    if alias is not None:
        drawn = _chance.random()
        for version, share in weights(alias).items():
            if drawn < share:
                function = backend.get_function(name, version)
                break
            drawn -= share
    return function, f"{base}:{given}"


def _refuse_elsewhere(backend: Any, name_or_arn: str) -> None:
    """Raises for the ARN of a function of another Region or account."""
    parts = name_or_arn.split(":")
    if parts[0] == "arn" and parts[3] != backend.region_name:
        text = f"Functions from '{parts[3]}' are not reachable in this region ('{backend.region_name}')"
        raise NotReachable(text)
    account = parts[4] if parts[0] == "arn" else parts[0] if ":function:" in name_or_arn else backend.account_id
    if account != backend.account_id:
        raise NotReachable(f"Function not found: {name_or_arn}")


class NotReachable(LambdaClientError):
    """The ARN names a function that this Region and account do not have."""

    code = 404

    def __init__(self, message: str) -> None:
        super().__init__("ResourceNotFoundException", message)


def install(plane: DataPlane) -> None:
    """Puts these rules into moto's backend."""
    _Backend.install(fleet=plane.service.fleet)
    _Calls.install()


class _Backend(Replacement, of=models.LambdaBackend):
    fleet: Fleet

    def publish_version(self: Any, function_name: str, description: str = "") -> Any:
        function = self._lambdas.get_function_by_name_or_arn_forbid_qualifier(function_name)
        published = versions(self, function.function_name)
        if published and _same(function, published[-1]):
            return published[-1]
        number = max([getattr(function, "last_version", 0), *(int(v.version) for v in published)]) + 1
        function.last_version = number
        version = copy.copy(function)
        version.set_version(number)
        version.description = description or function.description
        self._lambdas._functions[function.function_name]["versions"].append(version)
        self._lambdas._arns[version.function_arn] = version
        _Backend.fleet.retire(spec_of(version))  # an older function of this name may have had this version
        return version

    def create_alias(self: Any, name: str, function_name: str, **given: Any) -> Any:
        if not re.fullmatch(_ALIAS_NAME, name or ""):
            text = f"Member must satisfy regular expression pattern: {_ALIAS_NAME}"
            raise ValidationException(str(name), "name", text)
        _refuse(self, function_name, given["function_version"], given["routing_config"])
        try:
            return _Backend.moto.create_alias(self, name, function_name, **given)
        except ConflictException as error:
            raise ResourceConflict(str(error.message)) from error

    def update_alias(self: Any, name: str, function_name: str, **change: Any) -> Any:
        alias = self.get_alias(name, function_name)
        kept = {"function_version": alias.function_version, "routing_config": alias.routing_config}
        wanted = kept | {setting: value for setting, value in change.items() if value is not None}
        _refuse(self, function_name, wanted["function_version"], wanted["routing_config"])
        answer = _Backend.moto.update_alias(self, name, function_name, **change)
        lambda_concurrency.allocate(self, _Backend.fleet, latest(self, function_name))
        return answer

    def delete_alias(self: Any, name: str, function_name: str) -> None:
        _Backend.moto.delete_alias(self, name, function_name)
        _forget(self, latest(self, function_name), name)

    def delete_function(self: Any, function_name: str, qualifier: str | None = None) -> None:
        function = latest(self, function_name)
        _Backend.moto.delete_function(self, function_name, qualifier)
        if left := {str(v.version) for v in self.list_versions_by_function(function.function_name)}:
            settings = {*lambda_concurrency.requests(function), *lambda_async.configs(function)}
            for gone in [q for q in settings if q.isdigit() and q not in left]:
                _forget(self, function, gone)


class _Calls(Replacement, of=LambdaResponse):
    def publish_version(self: Any) -> Any:
        wanted = (self.json_body if self.body else {}).get("CodeSha256")
        found = latest(self.backend, unquote(self.path.split("/")[-2])).code_sha_256
        if wanted and wanted != found:
            raise InvalidParameterValueException(
                f"CodeSHA256 ({wanted}) is different from current CodeSHA256 in $LATEST ({found}). "
                "Please try again with the CodeSHA256 in $LATEST."
            )
        return _Calls.moto.publish_version(self)

    def list_versions_by_function(self: Any) -> Any:
        self.backend.get_function(unquote(self.path.split("/")[-2]))  # raises if there is none; moto lists nothing
        return _Calls.moto.list_versions_by_function(self)


def _forget(backend: Any, function: Any, qualifier: str) -> None:
    """Deletes the settings of a version or an alias that is gone."""
    lambda_concurrency.withdraw(backend, _Backend.fleet, function, qualifier)
    lambda_async.configs(function).pop(qualifier, None)


def _same(function: Any, version: Any) -> bool:
    def facts(of: Any) -> list[Any]:
        spec = spec_of(of)
        return [spec.runtime, spec.handler, spec.timeout_s, spec.memory_mb, dict(spec.environment), spec.code_sha256,
                spec.layers, spec.logging, spec.vpc, of.role, getattr(of, "dead_letter_config", None)]  # fmt: skip

    return facts(function) == facts(version)


def _refuse(backend: Any, function_name: str, version: str, routing: Any) -> None:
    """Raises for an alias that AWS does not accept."""
    if not re.fullmatch(r"\$LATEST|[0-9]+", version or ""):
        text = r"Member must satisfy regular expression pattern: (\$LATEST|[0-9]+)"
        raise ValidationException(str(version), "functionVersion", text)
    backend.get_function(latest(backend, function_name).function_name, version)  # raises if there is none
    extra = (routing or {}).get("AdditionalVersionWeights") or {}
    if not extra:
        return
    if len(extra) > 1:
        raise InvalidParameterValueException("Number of items in AdditionalVersionWeights cannot be greater than 1")
    ((other, share),) = extra.items()
    if "$LATEST" in (version, other):
        raise InvalidParameterValueException("$LATEST is not supported for an alias pointing to more than 1 version")
    if other == version:
        raise InvalidParameterValueException(
            f"Invalid function version {other}. Function version {other} is already included in routing configuration."
        )
    if not 0.0 <= float(share) <= 1.0:
        raise ValidationException(str(share), "routingConfig", "A weight is a share of the calls, from 0.0 to 1.0.")
    backend.get_function(latest(backend, function_name).function_name, other)
