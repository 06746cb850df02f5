"""Versions, and aliases that split calls between two of them.

On AWS a version's number is never used again, and the same code and settings are the same version. moto counts the
versions that are left, and takes any update for a change. moto stores an alias's weights and routes nothing:
`functions.route` does, and provisioned environments follow the alias.
"""

from __future__ import annotations

import copy
import re
from typing import Any
from urllib.parse import unquote

from moto.awslambda.exceptions import (
    ConflictException,
    InvalidParameterValueException,
    ValidationException,
)
from moto.awslambda.models import LambdaAlias, LambdaBackend, LambdaFunction
from moto.awslambda.responses import LambdaResponse
from moto.core.common_types import TYPE_RESPONSE

from serverless_cloud.core import current
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.services.lambda_ import asynchronous as lambda_async, concurrency as lambda_concurrency
from serverless_cloud.services.lambda_.functions import ResourceConflict, latest, spec_of, versions

patches = Service("lambda")

_ALIAS_NAME = r"(?!^[0-9]+$)([a-zA-Z0-9-_]+)"  # API reference: CreateAlias


def publish(backend: LambdaBackend, function_name: str, description: str) -> LambdaFunction:
    """Publishes $LATEST; the newest version if nothing has changed since. Args: description: "" keeps $LATEST's."""
    function = backend._lambdas.get_function_by_name_or_arn_forbid_qualifier(function_name)
    published = versions(backend, function.function_name)
    if published and _same(function, published[-1]):
        return published[-1]
    number = max([vars(function).get("last_version", 0), *(int(v.version) for v in published)]) + 1
    vars(function)["last_version"] = number
    version = copy.copy(function)
    version.set_version(number)
    version.description = description or function.description
    backend._lambdas._functions[function.function_name]["versions"].append(version)
    backend._lambdas._arns[version.function_arn] = version
    current.plane.fleet.retire(spec_of(version))  # an older function of this name may have had this version
    return version


@patches.replaces(
    "moto.awslambda.models:LambdaBackend.create_alias",
    expects="self, name, function_name, function_version, description, routing_config",
    defect="engine/tests/test_seams.py::test_stock_moto_still_has_the_defect[weights_are_not_checked]",
    upstream="CreateAlias refuses weights and names that AWS refuses.",
)
def create_alias(backend: LambdaBackend, name: str, function_name: str, **given: Any) -> LambdaAlias:
    if not re.fullmatch(_ALIAS_NAME, name or ""):
        text = f"Member must satisfy regular expression pattern: {_ALIAS_NAME}"
        raise ValidationException(str(name), "name", text)
    _refuse(backend, function_name, given["function_version"], given["routing_config"])
    try:
        return create_alias.original(backend, name, function_name, **given)
    except ConflictException as error:
        raise ResourceConflict(str(error.message)) from error


@patches.replaces(
    "moto.awslambda.models:LambdaBackend.update_alias",
    expects="self, name, function_name, function_version, description, routing_config",
    defect="engine/tests/test_seams.py::test_stock_moto_still_has_the_defect[weights_are_not_checked]",
    upstream="UpdateAlias refuses weights that AWS refuses.",
)
def update_alias(backend: LambdaBackend, name: str, function_name: str, **change: Any) -> LambdaAlias:
    alias = backend.get_alias(name, function_name)
    kept = {"function_version": alias.function_version, "routing_config": alias.routing_config}
    wanted = kept | {setting: value for setting, value in change.items() if value is not None}
    _refuse(backend, function_name, wanted["function_version"], wanted["routing_config"])
    answer = update_alias.original(backend, name, function_name, **change)
    lambda_concurrency.allocate(backend, current.plane.fleet, latest(backend, function_name))
    return answer


@patches.replaces(
    "moto.awslambda.responses:LambdaResponse.publish_version",
    defect="engine/tests/test_seams.py::test_stock_moto_still_has_the_defect[the_same_settings_make_a_new_version]",
    upstream="PublishVersion compares CodeSha256.",
)
def answer_publish_version(response: LambdaResponse) -> TYPE_RESPONSE:
    wanted = (response.json_body if response.body else {}).get("CodeSha256")
    found = latest(response.backend, unquote(response.path.split("/")[-2])).code_sha_256
    if wanted and wanted != found:
        raise InvalidParameterValueException(
            f"CodeSHA256 ({wanted}) is different from current CodeSHA256 in $LATEST ({found}). "
            "Please try again with the CodeSHA256 in $LATEST."
        )
    return answer_publish_version.original(response)


@patches.replaces(
    "moto.awslambda.responses:LambdaResponse.list_versions_by_function",
    defect="engine/tests/test_seams.py::test_stock_moto_still_has_the_defect[versions_of_nothing_are_listed]",
    upstream="ListVersionsByFunction refuses a function that does not exist.",
)
def list_versions_by_function(response: LambdaResponse) -> str:
    response.backend.get_function(unquote(response.path.split("/")[-2]))  # raises if there is none; moto lists nothing
    return list_versions_by_function.original(response)


def forget(backend: LambdaBackend, function: LambdaFunction, qualifier: str) -> None:
    """Deletes the settings of a version or an alias that is gone."""
    lambda_concurrency.withdraw(backend, current.plane.fleet, function, qualifier)
    lambda_async.configs(function).pop(qualifier, None)


def forget_settings_of_missing(backend: LambdaBackend, function: LambdaFunction) -> None:
    """Deletes the settings of versions that are gone while others are left. Args: function: $LATEST, as it was."""
    if left := {str(v.version) for v in backend.list_versions_by_function(function.function_name)}:
        settings = {*lambda_concurrency.requests(function), *lambda_async.configs(function)}
        for gone in [q for q in settings if q.isdigit() and q not in left]:
            forget(backend, function, gone)


def _same(function: LambdaFunction, version: LambdaFunction) -> bool:
    def facts(of: LambdaFunction) -> list[object]:
        spec = spec_of(of)
        return [spec.runtime, spec.handler, spec.timeout_s, spec.memory_mb, dict(spec.environment), spec.code_sha256,
                spec.layers, spec.logging, spec.vpc, of.role, getattr(of, "dead_letter_config", None)]  # fmt: skip

    return facts(function) == facts(version)


def _refuse(backend: LambdaBackend, function_name: str, version: str, routing: JsonObject | None) -> None:
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
