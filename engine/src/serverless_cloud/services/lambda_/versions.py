"""Versions, and aliases that split calls between two of them.

On AWS a version's number is never used again, and without an update of the code the same settings are the same
version. moto counts the versions that are left, and takes any update for a change. moto stores an alias's weights and
routes nothing: `functions.route` does, and provisioned environments follow the alias.
"""

from __future__ import annotations

import contextlib
import copy
import json
from typing import Any
from urllib.parse import unquote

from moto.awslambda.exceptions import (
    ConflictException,
    InvalidParameterValueException,
    UnknownFunctionException,
)
from moto.awslambda.models import LambdaAlias, LambdaBackend, LambdaFunction
from moto.awslambda.responses import LambdaResponse
from moto.core.common_types import TYPE_RESPONSE

from serverless_cloud.core import current
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.services.lambda_ import (
    asynchronous as lambda_async,
    concurrency as lambda_concurrency,
    revisions,
)
from serverless_cloud.services.lambda_.answers import page
from serverless_cloud.services.lambda_.functions import (
    ResourceConflict,
    function_named,
    latest,
    spec_of,
    versions,
    weights,
)

patches = Service("lambda")

MOST_ON_A_PAGE = 50  # API reference: ListAliases


def publish(backend: LambdaBackend, function_name: str, description: str) -> LambdaFunction:
    """Publishes $LATEST; the newest version if nothing has changed since. Args: description: "" keeps $LATEST's."""
    function = backend._lambdas.get_function_by_name_or_arn_forbid_qualifier(function_name)
    published = versions(backend, function.function_name)
    if published and not vars(function).get("must_publish") and _same(function, published[-1]):
        return published[-1]
    number = max([vars(function).get("last_version", 0), *(int(v.version) for v in published)]) + 1
    vars(function)["last_version"], vars(function)["must_publish"] = number, False
    version = copy.copy(function)
    version.set_version(number)
    version.description = description or function.description
    version.last_modified = function.last_modified
    for each in (function, version):
        revisions.renew(each)
    backend._lambdas._functions[function.function_name]["versions"].append(version)
    backend._lambdas._arns[version.function_arn] = version
    current.plane.fleet.retire(spec_of(version))  # an older function of this name may have had this version
    return version


@patches.replaces(
    "moto.awslambda.models:LambdaBackend.create_alias",
    expects="self, name, function_name, function_version, description, routing_config",
    defect="engine/tests/services/test_moto_patches.py::test_stock_moto_still_has_the_defect[weights_are_not_checked]",
    upstream="CreateAlias refuses weights and names that AWS refuses.",
)
def create_alias(backend: LambdaBackend, name: str, function_name: str, **given: Any) -> LambdaAlias:
    _refuse(backend, function_name, given["function_version"], given["routing_config"])
    try:
        return create_alias.original(backend, name, function_name, **given)
    except ConflictException as error:
        raise ResourceConflict(str(error.message)) from error


@patches.replaces(
    "moto.awslambda.models:LambdaBackend.update_alias",
    expects="self, name, function_name, function_version, description, routing_config",
    defect="engine/tests/services/test_moto_patches.py::test_stock_moto_still_has_the_defect[weights_are_not_checked]",
    upstream="UpdateAlias refuses weights that AWS refuses.",
)
def update_alias(backend: LambdaBackend, name: str, function_name: str, **change: Any) -> LambdaAlias:
    alias = backend.get_alias(name, function_name)
    kept = {"function_version": alias.function_version, "routing_config": alias.routing_config}
    wanted = kept | {setting: value for setting, value in change.items() if value is not None}
    _refuse(backend, function_name, wanted["function_version"], wanted["routing_config"])
    answer = update_alias.original(backend, name, function_name, **change)
    revisions.renew(alias)
    lambda_concurrency.allocate(backend, current.plane.fleet, latest(backend, function_name))
    return answer


@patches.replaces(
    "moto.awslambda.responses:LambdaResponse.update_alias",
    defect="engine/tests/lambda_/test_lambda_patches.py::test_stock_moto_still_has_the_defect[an_old_revision_changes_an_alias]",
    upstream="UpdateAlias takes notice of RevisionId.",
)
def answer_update_alias(response: LambdaResponse) -> TYPE_RESPONSE:
    *_, function_name, _, name = response.path.split("/")
    revisions.require(
        response.backend.get_alias(unquote(name), unquote(function_name)), response.json_body.get("RevisionId")
    )
    return answer_update_alias.original(response)


@patches.replaces(
    "moto.awslambda.responses:LambdaResponse.list_aliases",
    defect="engine/tests/lambda_/test_lambda_patches.py::test_stock_moto_still_has_the_defect[aliases_of_all_versions_are_listed]",
    upstream="ListAliases takes notice of FunctionVersion, MaxItems and Marker.",
)
def list_aliases(response: LambdaResponse) -> TYPE_RESPONSE:
    version = response.querystring.get("FunctionVersion", [None])[0]
    found = list(response.backend.list_aliases(function_named(response).function_name))
    wanted = [alias for alias in found if version in (None, alias.function_version)]
    answer, shown = page(response, wanted, MOST_ON_A_PAGE)
    return 200, {}, json.dumps(answer | {"Aliases": [alias.to_json() for alias in shown]})


@patches.replaces(
    "moto.awslambda.responses:LambdaResponse.publish_version",
    defect="engine/tests/services/test_moto_patches.py::test_stock_moto_still_has_the_defect[the_same_settings_make_a_new_version]",
    upstream="PublishVersion compares CodeSha256 and RevisionId, and shows a version as Pending.",
)
def answer_publish_version(response: LambdaResponse) -> TYPE_RESPONSE:
    given: JsonObject = response.json_body if response.body else {}
    function = function_named(response)
    wanted, found = given.get("CodeSha256"), function.code_sha_256
    if wanted and wanted != found:
        raise InvalidParameterValueException(
            f"CodeSHA256 ({wanted}) is different from current CodeSHA256 in $LATEST ({found}). "
            "Please try again with the CodeSHA256 in $LATEST."
        )
    revisions.require(function, given.get("RevisionId"))
    before = {each.version for each in versions(response.backend, function.function_name)}
    version = response.backend.publish_version(unquote(response.path.split("/")[-2]), given.get("Description") or "")
    assert version is not None  # moto says it may be, for a function that is gone
    shown = version.get_configuration()
    if version.version not in before:
        shown = revisions.answer_of_change(version, shown, new=True)
    return 201, {"status": 201}, json.dumps(shown)


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
                spec.layers, spec.logging, spec.vpc, of.role, getattr(of, "dead_letter_config", None),
                of.tracing_config, of.ephemeral_storage, of.architectures]  # fmt: skip

    return facts(function) == facts(version)


def _refuse(backend: LambdaBackend, function_name: str, version: str, routing: JsonObject | None) -> None:
    """Raises for an alias that AWS does not accept."""
    backend.get_function(latest(backend, function_name).function_name, version)  # raises if there is none
    extra = (routing or {}).get("AdditionalVersionWeights") or {}
    if not extra:
        return
    if len(extra) > 1:
        raise InvalidParameterValueException("Number of items in AdditionalVersionWeights cannot be greater than 1")
    (other,) = extra
    if other == version:
        raise InvalidParameterValueException(
            f"Invalid function version {other}. Function version {other} is already included in routing configuration."
        )
    if version == "$LATEST":
        raise InvalidParameterValueException("$LATEST is not supported for an alias pointing to more than 1 version")
    backend.get_function(latest(backend, function_name).function_name, other)


def refuse_to_delete(backend: LambdaBackend, name: str, qualifier: str) -> None:
    """Raises unless the qualifier is a version that no alias uses."""
    if qualifier == "$LATEST":
        raise InvalidParameterValueException("$LATEST version cannot be deleted without deleting the function.")
    if not qualifier.isdigit():
        raise InvalidParameterValueException("Deletion of aliases is not currently supported.")
    aliases: list[LambdaAlias] = []
    with contextlib.suppress(UnknownFunctionException):
        aliases = list(backend.list_aliases(name))
    used = [a.name for a in aliases if qualifier in (a.function_version, *weights(a))]
    if used:
        names = ", ".join(used)
        raise ResourceConflict(f"Unable to delete version because the following aliases reference it: [{names}]")
