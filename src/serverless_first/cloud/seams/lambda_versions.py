"""Seam: versions, and aliases that split calls between two of them (moto 5.2.5).

Replaced here:

- `LambdaBackend.publish_version`: moto counts the versions that are left, so a number comes back after a deletion, and
  it takes any update for a change. On AWS a number is never used again, and the same code and settings are the same
  version.
- `LambdaBackend.create_alias`, `update_alias`, `delete_alias`: what AWS refuses is refused; provisioned environments
  follow the alias. moto stores the weights and routes nothing: `route` does.

Worth an upstream change: the numbering, the comparison, and the checks of the routing configuration.
"""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Callable
from typing import Any

from moto.awslambda import models
from moto.awslambda.exceptions import InvalidParameterValueException, ValidationException

from serverless_first.cloud.lambda_.fleet import Fleet
from serverless_first.cloud.seams import lambda_concurrency
from serverless_first.cloud.seams.lambda_functions import latest, spec_of, versions

_ALIAS_NAME = r"(?!^[0-9]+$)([a-zA-Z0-9-_]+)"  # API reference: CreateAlias
_chance = random.Random()


def weights(alias: Any) -> dict[str, float]:
    """The versions beside the alias's own, with their share of the calls, 0 to 1."""
    return dict((alias.routing_config or {}).get("AdditionalVersionWeights") or {})


def route(backend: Any, name_or_arn: str, qualifier: str | None) -> tuple[Any, str]:
    """moto's function for one call, and the ARN that the caller used.

    An alias with weights draws a version for each call.

    Raises:
        UnknownFunctionException: no such function, version or alias.
    """
    function = backend.get_function(name_or_arn, qualifier)
    name, rest = function.function_name, name_or_arn.split(":function:")[-1]
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


def install(fleet: Fleet) -> None:
    """Puts these rules into moto's backend."""
    backend: Any = models.LambdaBackend
    moto_create: Callable[..., Any] = backend.create_alias
    moto_update: Callable[..., Any] = backend.update_alias
    moto_delete: Callable[..., Any] = backend.delete_alias

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
        fleet.retire(spec_of(version))  # an older function of this name may have had this version
        return version

    def create_alias(
        self: Any, name: str, function_name: str, function_version: str, description: str, routing_config: Any
    ) -> Any:
        if not re.fullmatch(_ALIAS_NAME, name or ""):
            text = f"Member must satisfy regular expression pattern: {_ALIAS_NAME}"
            raise ValidationException(str(name), "name", text)
        _refuse(self, function_name, function_version, routing_config)
        return moto_create(self, name, function_name, function_version, description, routing_config)

    def update_alias(
        self: Any, name: str, function_name: str, function_version: Any, description: Any, routing_config: Any
    ) -> Any:
        alias = self.get_alias(name, function_name)
        version = function_version if function_version is not None else alias.function_version
        routing = routing_config if routing_config is not None else alias.routing_config
        _refuse(self, function_name, version, routing)
        answer = moto_update(self, name, function_name, function_version, description, routing_config)
        lambda_concurrency.allocate(self, fleet, latest(self, function_name))
        return answer

    def delete_alias(self: Any, name: str, function_name: str) -> None:
        moto_delete(self, name, function_name)
        function = latest(self, function_name)
        lambda_concurrency.requests(function).pop(name, None)
        lambda_concurrency.allocate(self, fleet, function)

    backend.publish_version = publish_version
    backend.create_alias = create_alias
    backend.update_alias = update_alias
    backend.delete_alias = delete_alias


def _same(function: Any, version: Any) -> bool:
    def facts(of: Any) -> list[Any]:
        spec = spec_of(of)
        return [spec.runtime, spec.handler, spec.timeout_s, spec.memory_mb, dict(spec.environment), spec.code_sha256,
                spec.layers, spec.logging, of.role, getattr(of, "dead_letter_config", None)]  # fmt: skip

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
        raise ValidationException(str(share), "routingConfig", "A weight is a share of the calls, 0.0 to 1.0.")
    backend.get_function(latest(backend, function_name).function_name, other)
