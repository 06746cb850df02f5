"""Seam: moto's functions, as the data plane needs them (moto 5.2.5).

Replaced here:

- `LambdaBackend.create_function`, `update_function_code`, `update_function_configuration`, `delete_function`:
  refuse as AWS does, a change that fails changes nothing, and old environments end.
- `LambdaBackend.publish_layer_version`: moto takes any bytes for a zip.
- `LambdaFunction.get_configuration`: DeadLetterConfig and LoggingConfig, which moto drops, are kept and shown.

Worth an upstream change: DeadLetterConfig and LoggingConfig in CreateFunction, UpdateFunctionConfiguration and their
answers; the check of the zip.
"""

from __future__ import annotations

import contextlib
import itertools
from typing import Any
from urllib.parse import unquote

from moto.awslambda import models
from moto.awslambda.exceptions import InvalidParameterValueException, LambdaClientError, UnknownFunctionException

from serverless_cloud.lambda_.fleet import Fleet
from serverless_cloud.lambda_.function import FunctionSpec, Layer, Logging
from serverless_cloud.network.interfaces import VpcSettings
from serverless_cloud.plane import DataPlane
from serverless_cloud.seams import destinations
from serverless_cloud.seams.lambda_rules import refuse_a_bad_package, refuse_too_large, refuse_what_aws_refuses
from serverless_cloud.seams.replacement import Replacement


class ResourceConflict(LambdaClientError):
    """The request conflicts with an existing resource. moto calls it ConflictException, which boto3 does not know."""

    code = 409

    def __init__(self, message: str) -> None:
        super().__init__("ResourceConflictException", message)


_revisions = itertools.count(1)


def spec_of(function: Any) -> FunctionSpec:
    """moto's function, a version or $LATEST, as the data plane sees it.

    While an update waits for its network, calls run the function as it was: `serving` (lambda_network.py).
    """
    function = vars(function).get("serving") or function
    logging = getattr(function, "logging_config", None) or {}
    return FunctionSpec(
        account_id=function.account_id,
        region=function.region,
        name=function.function_name,
        arn=arn_of(function),
        version=str(function.version),
        runtime=function.run_time,
        handler=function.handler,
        timeout_s=float(function.timeout),
        memory_mb=int(function.memory_size),
        environment={k: str(v) for k, v in function.environment_vars.items()},
        code_sha256=function.code_sha_256,
        code=function.code_bytes,
        layers=tuple(_layers(function)),
        logging=Logging(
            format=logging.get("LogFormat", "Text"),
            level=logging.get("ApplicationLogLevel", "INFO"),
            system_level=logging.get("SystemLogLevel", "INFO"),
            group=logging.get("LogGroup"),
        ),
        revision=getattr(function, "revision", 0),
        role_arn=str(function.role or ""),
        vpc=settings_of_vpc(function),
        state=function.state,
    )


def settings_of_vpc(function: Any) -> VpcSettings | None:
    """The VpcConfig of moto's function; None if it is in no VPC."""
    config = function.vpc_config or {}
    if not config.get("SubnetIds"):
        return None
    groups, ipv6 = tuple(config["SecurityGroupIds"]), bool(config.get("Ipv6AllowedForDualStack"))
    return VpcSettings(tuple(config["SubnetIds"]), groups, str(config["VpcId"]), ipv6)


def arn_of(function: Any) -> str:
    """The ARN of the function without a version."""
    arn: str = function.function_arn
    return ":".join(arn.split(":")[:7])


def _layers(function: Any) -> list[Layer]:
    if not function.layers:
        return []
    backend = models.lambda_backends[function.account_id][function.region]
    layers = []
    for entry in function.layers:
        version = getattr(function, "layer_versions", {}).get(entry["Arn"]) or backend.layers_versions_by_arn(
            entry["Arn"]
        )
        if version is not None:
            layers.append(Layer(version.arn, version.code_sha_256, version.code_bytes))
    return layers


def _refuse_code(function: Any) -> None:
    refuse_a_bad_package(function.code_bytes)
    if layers := _layers(function):
        refuse_too_large(function.code_bytes, [layer.code for layer in layers])


def latest(backend: Any, name_or_arn: str) -> Any:
    """The function as $LATEST, whatever version or alias the name has behind it."""
    function = backend.get_function(name_or_arn)
    return function if str(function.version) == "$LATEST" else backend.get_function(function.function_name)


def qualifier_in(backend: Any, name_or_arn: str) -> str | None:
    """The version or alias at the end of a function's name or ARN."""
    found: str | None = backend._lambdas.split_function_arn(name_or_arn.split(":function:")[-1])[2]
    return found


def function_named(response: Any) -> Any:
    """The function, as $LATEST, in the path of a call to moto's LambdaResponse."""
    return latest(response.backend, unquote(response.path.split("/functions/")[1].split("/")[0]))


def versions(backend: Any, name: str) -> list[Any]:
    """The published versions of a function, oldest first."""
    return [v for v in backend.list_versions_by_function(name) if str(v.version) != "$LATEST"]


def weights(alias: Any) -> dict[str, float]:
    """The versions beside the alias's own, with their share of the calls, 0 to 1."""
    return dict((alias.routing_config or {}).get("AdditionalVersionWeights") or {})


def _keep_what_moto_drops(function: Any, settings: dict[str, Any]) -> None:
    function.revision = next(_revisions)
    if "DeadLetterConfig" in settings:
        function.dead_letter_config = settings["DeadLetterConfig"]
    if "LoggingConfig" in settings:
        function.logging_config = settings["LoggingConfig"]
    # A layer version that is deleted later stays in the functions that have it.
    backend = models.lambda_backends[function.account_id][function.region]
    kept, arns = getattr(function, "layer_versions", {}), [entry["Arn"] for entry in function.layers]
    function.layer_versions = {arn: kept.get(arn) or backend.layers_versions_by_arn(arn) for arn in arns}


def install(plane: DataPlane) -> None:
    """Puts the data plane behind moto's functions."""
    _Backend.install(fleet=plane.service.fleet)
    _Function.install()


class _Backend(Replacement, of=models.LambdaBackend):
    fleet: Fleet

    def create_function(self: Any, spec: dict[str, Any]) -> Any:
        _refuse(self, spec, new=True)
        if not spec.get("Code"):
            raise InvalidParameterValueException("Please provide a source for function code.")
        publish = spec.pop("Publish", False)  # once it is known to be good
        function = _Backend.moto.create_function(self, spec)
        try:
            _refuse_code(function)
        except InvalidParameterValueException:
            _Backend.moto.delete_function(self, spec["FunctionName"])
            raise
        _keep_what_moto_drops(function, spec)
        _Backend.fleet.retire(spec_of(function))  # an older one may have had its name
        if function.reserved_concurrency is not None:  # from CloudFormation; CreateFunction has no such setting
            self.put_function_concurrency(function.function_name, function.reserved_concurrency)
        return self.publish_version(function.function_name) if publish else function

    def update_function_code(self: Any, function_name: str, qualifier: str, body: dict[str, Any]) -> Any:
        function = self.get_function(function_name, qualifier)
        _only_latest(function)
        _refuse(self, body, new=False)
        if body.get("DryRun"):
            return function.get_configuration()
        before = vars(function) | {"code": dict(function.code)}
        publish = body.pop("Publish", False)
        try:
            answer = _Backend.moto.update_function_code(self, function_name, qualifier, body)
            _refuse_code(function)
        except (InvalidParameterValueException, ValueError) as error:  # moto's ValueError: no such bucket
            vars(function).update(before)
            if isinstance(error, InvalidParameterValueException):
                raise
            raise InvalidParameterValueException(str(error.args[-1])) from error
        function.revision = next(_revisions)
        _Backend.fleet.retire(spec_of(function))
        return self.publish_version(function_name).get_configuration() if publish else answer

    def update_function_configuration(self: Any, function_name: str, qualifier: str, body: dict[str, Any]) -> Any:
        function = self.get_function(function_name, qualifier)
        _only_latest(function)
        if "LoggingConfig" in body:
            body["LoggingConfig"] = _merged(getattr(function, "logging_config", None) or {}, body["LoggingConfig"])
        _refuse(self, body, new=False)
        if "Environment" in body:
            body["Environment"].setdefault("Variables", {})
        before = dict(vars(function))
        try:
            _Backend.moto.update_function_configuration(self, function_name, qualifier, body)
            if body.get("Layers"):
                _refuse_code(function)
        except Exception:
            vars(function).update(before)
            raise
        _keep_what_moto_drops(function, body)
        _Backend.fleet.retire(spec_of(function))
        return function.get_configuration()

    def delete_function(self: Any, function_name: str, qualifier: str | None = None) -> None:
        function = self.get_function(function_name, qualifier)
        name, arn = function.function_name, arn_of(function)
        wanted = qualifier or qualifier_in(self, function_name)
        if wanted is not None:
            _refuse_to_delete(self, name, wanted)
            _Backend.moto.delete_function(self, name, wanted)
            _Backend.fleet.retire_all(arn, [wanted])
            return
        gone = ["$LATEST", *(str(v.version) for v in versions(self, name))]
        _Backend.moto.delete_function(self, name)
        _Backend.fleet.forget(arn, gone)

    def publish_layer_version(self: Any, spec: dict[str, Any]) -> Any:
        version = _Backend.moto.publish_layer_version(self, spec)
        try:
            refuse_a_bad_package(version.code_bytes)
        except InvalidParameterValueException:
            self.delete_layer_version(version.name, str(version.version))
            raise
        return version


class _Function(Replacement, of=models.LambdaFunction):
    def get_configuration(self: Any, on_create: bool = False) -> dict[str, Any]:
        answer: dict[str, Any] = _Function.moto.get_configuration(self, on_create)
        if dead_letter := getattr(self, "dead_letter_config", None):
            answer["DeadLetterConfig"] = dead_letter
        given = getattr(self, "logging_config", None) or {}
        levels = {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"} if given.get("LogFormat") == "JSON" else {}
        default = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{self.function_name}"}
        answer["LoggingConfig"] = default | levels | given
        return answer


def _refuse(backend: Any, settings: dict[str, Any], *, new: bool) -> None:
    refuse_what_aws_refuses(backend.account_id, settings, new=new)
    if target := (settings.get("DeadLetterConfig") or {}).get("TargetArn"):
        destinations.require_target(target, destinations.DEAD_LETTER)


def _merged(before: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """LoggingConfig after an update; text has no levels."""
    merged = before | change
    if merged.get("LogFormat", "Text") == "Text" and "LogFormat" in change:
        merged = {k: v for k, v in merged.items() if k in change or not k.endswith("Level")}
    return merged


def _only_latest(function: Any) -> None:
    if str(function.version) != "$LATEST":
        raise InvalidParameterValueException(
            f"Version {function.version} is published, so it can't be changed. Change the function without a "
            "qualifier, then publish a new version."
        )


def _refuse_to_delete(backend: Any, name: str, qualifier: str) -> None:
    if qualifier == "$LATEST":
        raise InvalidParameterValueException("$LATEST version cannot be deleted without deleting the function.")
    if not qualifier.isdigit():
        raise InvalidParameterValueException("Deletion of aliases is not currently supported.")
    aliases: list[Any] = []
    with contextlib.suppress(UnknownFunctionException):
        aliases = list(backend.list_aliases(name))
    used = [a.name for a in aliases if qualifier in (a.function_version, *weights(a))]
    if used:
        raise ResourceConflict(
            f"Version {qualifier} of {name} is in use by the alias {', '.join(used)}. Change or delete the alias first."
        )
