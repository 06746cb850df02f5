"""moto's functions, and their settings, as the data plane needs them.

`changes.py` makes changes with these steps. They refuse as AWS does, and keep DeadLetterConfig and
LoggingConfig, which moto drops.
"""

from __future__ import annotations

import itertools
import random
from typing import Any
from urllib.parse import quote, unquote

from moto.awslambda.exceptions import InvalidParameterValueException, LambdaClientError
from moto.awslambda.models import (
    LambdaAlias,
    LambdaBackend,
    LambdaFunction,
    lambda_backends,
)
from moto.awslambda.responses import LambdaResponse
from moto.s3.exceptions import MissingBucket
from moto.s3.models import s3_backends

from serverless_cloud.core import current
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.lambda_.function import FunctionSpec, Layer, Logging
from serverless_cloud.network.interfaces import VpcSettings
from serverless_cloud.services.lambda_ import destinations
from serverless_cloud.services.lambda_.validation import refuse_a_bad_package, refuse_too_large, refuse_what_aws_refuses

patches = Service("lambda")


class ResourceConflict(LambdaClientError):
    """The request conflicts with an existing resource. moto calls it ConflictException, which boto3 does not know."""

    code = 409

    def __init__(self, message: str) -> None:
        super().__init__("ResourceConflictException", message)


class NotReachable(LambdaClientError):
    """The ARN names a function that this Region and account do not have."""

    code = 404

    def __init__(self, message: str) -> None:
        super().__init__("ResourceNotFoundException", message)


_revisions = itertools.count(1)
_chance = random.Random()


def route(backend: LambdaBackend, name_or_arn: str, qualifier: str | None) -> tuple[LambdaFunction, str]:
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


def _refuse_elsewhere(backend: LambdaBackend, name_or_arn: str) -> None:
    """Raises for the ARN of a function of another Region or account."""
    parts = name_or_arn.split(":")
    if parts[0] == "arn" and parts[3] != backend.region_name:
        text = f"Functions from '{parts[3]}' are not reachable in this region ('{backend.region_name}')"
        raise NotReachable(text)
    account = parts[4] if parts[0] == "arn" else parts[0] if ":function:" in name_or_arn else backend.account_id
    if account != backend.account_id:
        raise NotReachable(f"Function not found: {name_or_arn}")


def spec_of(function: LambdaFunction) -> FunctionSpec:
    """moto's function, a version or $LATEST, as the data plane sees it.

    While an update waits for its network, calls run the function as it was: `serving` (network.py).
    """
    function = vars(function).get("serving") or function
    logging = getattr(function, "logging_config", None) or {}
    return FunctionSpec(
        account_id=function.account_id,
        region=function.region,
        name=function.function_name,
        arn=arn_of(function),
        version=str(function.version),
        runtime=str(function.run_time),
        handler=str(function.handler),
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


def settings_of_vpc(function: LambdaFunction) -> VpcSettings | None:
    """The VpcConfig of moto's function; None if it is in no VPC."""
    config = function.vpc_config or {}
    if not config.get("SubnetIds"):
        return None
    groups, ipv6 = tuple(config["SecurityGroupIds"]), bool(config.get("Ipv6AllowedForDualStack"))
    return VpcSettings(tuple(config["SubnetIds"]), groups, str(config["VpcId"]), ipv6)


def arn_of(function: LambdaFunction) -> str:
    """The ARN of the function without a version."""
    return ":".join(function.function_arn.split(":")[:7])


def _layers(function: LambdaFunction) -> list[Layer]:
    if not function.layers:
        return []
    backend = lambda_backends[function.account_id][function.region]
    layers = []
    for entry in function.layers:
        version = getattr(function, "layer_versions", {}).get(entry["Arn"]) or backend.layers_versions_by_arn(
            entry["Arn"]
        )
        if version is not None:
            layers.append(Layer(version.arn, version.code_sha_256, version.code_bytes))
    return layers


def address_of_package(arn: str) -> str:
    """Where the zip of a function's version or of a layer's version can be downloaded."""
    return f"{current.plane.fleet.endpoint_url}/_local/package?arn={quote(arn)}"


def require_source(code: JsonObject) -> None:
    """Raises unless a request says where the code is. Args: code: the part of a request that says it."""
    if not any(code.get(name) for name in ("ZipFile", "ImageUri")) and not (code.get("S3Bucket") and code.get("S3Key")):
        raise InvalidParameterValueException("Please provide a source for function code.")


def refuse_missing_code(backend: LambdaBackend, code: JsonObject) -> None:
    """Raises unless the object in S3 that has the code exists. Args: code: the part of a request that names it."""
    if not (code.get("S3Bucket") and code.get("S3Key")):
        return
    error = ""
    try:
        if s3_backends[backend.account_id]["aws"].get_object(code["S3Bucket"], code["S3Key"]) is None:
            error = "NoSuchKey. S3 Error Message: The specified key does not exist."
    except MissingBucket:
        error = "NoSuchBucket. S3 Error Message: The specified bucket does not exist"
    if error:
        raise InvalidParameterValueException(f"Error occurred while GetObject. S3 Error Code: {error}")


def refuse_code(function: LambdaFunction) -> None:
    """Raises unless the function's code is a sound zip, and small enough together with its layers."""
    refuse_a_bad_package(function.code_bytes)
    if layers := _layers(function):
        refuse_too_large(function.code_bytes, [layer.code for layer in layers])


def latest(backend: LambdaBackend, name_or_arn: str) -> LambdaFunction:
    """The function as $LATEST, whatever version or alias the name has behind it."""
    function = backend.get_function(name_or_arn)
    return function if str(function.version) == "$LATEST" else backend.get_function(function.function_name)


def qualifier_in(backend: LambdaBackend, name_or_arn: str) -> str | None:
    """The version or alias at the end of a function's name or ARN."""
    return backend._lambdas.split_function_arn(name_or_arn.split(":function:")[-1])[2]


def function_named(response: LambdaResponse) -> LambdaFunction:
    """The function, as $LATEST, in the path of a call to moto's LambdaResponse."""
    return latest(response.backend, unquote(response.path.split("/functions/")[1].split("/")[0]))


def versions(backend: LambdaBackend, name: str) -> list[LambdaFunction]:
    """The published versions of a function, oldest first."""
    return [v for v in backend.list_versions_by_function(name) if str(v.version) != "$LATEST"]


def weights(alias: LambdaAlias) -> dict[str, float]:
    """The versions beside the alias's own, with their share of the calls, 0 to 1."""
    routing: Any = alias.routing_config or {}  # moto says it is a text
    return dict(routing.get("AdditionalVersionWeights") or {})


def count_change(function: LambdaFunction) -> None:
    """The function has other code or settings now, so it is served by other environments."""
    vars(function)["revision"] = next(_revisions)


def keep_what_moto_drops(function: LambdaFunction, settings: JsonObject) -> None:
    """Keeps what moto drops of a request, or of an update. Args: settings: the request."""
    count_change(function)
    kept_here = vars(function)
    if "DeadLetterConfig" in settings:
        kept_here["dead_letter_config"] = settings["DeadLetterConfig"]
    if "LoggingConfig" in settings:
        kept_here["logging_config"] = settings["LoggingConfig"]
    if "Environment" in settings:  # then it is shown, even if it is empty
        kept_here["has_environment"] = settings["Environment"] is not None
    if settings.get("EphemeralStorage"):
        function.ephemeral_storage = settings["EphemeralStorage"]["Size"]
    if "KMSKeyArn" in settings:
        function.kms_key_arn = settings["KMSKeyArn"] or None
    if settings.get("TracingConfig"):
        function.tracing_config = settings["TracingConfig"]
    # A layer version that is deleted later stays in the functions that have it.
    backend = lambda_backends[function.account_id][function.region]
    kept, arns = kept_here.get("layer_versions", {}), [entry["Arn"] for entry in function.layers]
    kept_here["layer_versions"] = {arn: kept.get(arn) or backend.layers_versions_by_arn(arn) for arn in arns}


def shown_settings(function: LambdaFunction) -> JsonObject:
    """The settings that moto drops, as a function's configuration shows them."""
    given = getattr(function, "logging_config", None) or {}
    levels = {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"} if given.get("LogFormat") == "JSON" else {}
    default = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{function.function_name}"}
    dead_letter = getattr(function, "dead_letter_config", None) or {}
    shown: JsonObject = {"DeadLetterConfig": dead_letter} if dead_letter.get("TargetArn") else {}
    if getattr(function, "has_environment", False):
        shown["Environment"] = {"Variables": function.environment_vars}
    return shown | {"LoggingConfig": default | levels | given}


def refuse_settings(backend: LambdaBackend, settings: JsonObject, *, new: bool) -> None:
    """Raises for settings that AWS refuses. Args: settings: the request. new: whether it creates the function."""
    refuse_what_aws_refuses(backend.account_id, backend.region_name, settings, new=new)
    refuse_tags(settings.get("Tags") or {})
    if target := (settings.get("DeadLetterConfig") or {}).get("TargetArn"):
        destinations.require_target(target, destinations.DEAD_LETTER)


MOST_TAGS = 50  # AWS Lambda Developer Guide, "Using tags on Lambda functions"


def refuse_tags(tags: dict[str, str]) -> None:
    """Raises for more tags than a function or a mapping may have."""
    if len(tags) > MOST_TAGS:
        raise InvalidParameterValueException("Number of tags exceeds resource tag limit.")


def complete_logging(function: LambdaFunction, body: JsonObject) -> None:
    """Adds to an update's LoggingConfig what it leaves as it is. Args: body: the request, which is changed."""
    if "LoggingConfig" in body:
        body["LoggingConfig"] = _merged(getattr(function, "logging_config", None) or {}, body["LoggingConfig"])


def _merged(before: JsonObject, change: JsonObject) -> JsonObject:
    """LoggingConfig after an update; text has no levels."""
    merged = before | change
    if merged.get("LogFormat", "Text") == "Text" and "LogFormat" in change:
        merged = {k: v for k, v in merged.items() if k in change or not k.endswith("Level")}
    return merged
