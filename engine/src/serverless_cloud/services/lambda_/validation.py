"""Refuses settings of functions that AWS refuses or the local cloud doesn't support; with moto's errors and IAM."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from moto.awslambda.exceptions import InvalidParameterValueException, LambdaClientError, ValidationException
from moto.awslambda.models import lambda_backends
from moto.iam.models import iam_backends

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.iam.policies import as_list
from serverless_cloud.lambda_ import code

# moto would store these settings, but our data plane doesn't support them. So the local cloud refuses them by name.
NOT_HONOURED = ("FileSystemConfigs", "SnapStart", "DurableConfig", "TenancyConfig",
                "CapacityProviderConfig", "ImageConfig")  # fmt: skip

LIMITS = {"Timeout": (1, 900, "seconds"), "MemorySize": (128, 10240, "MB")}  # AWS Lambda quotas
WITHOUT_SNAPSTART = re.compile(r"python3\.([6-9]|1[01])")  # AWS Lambda Developer Guide: Python 3.12 and later have it
MOST_LAYERS = 5  # AWS Lambda quotas
ENVIRONMENT_BYTES = 4096  # AWS Lambda quotas: environment variables of a function, together
# Lambda sets these itself (AWS Lambda Developer Guide, "Defined runtime environment variables").
RESERVED = re.compile(
    "_HANDLER|_X_AMZN_TRACE_ID|AWS_REGION|AWS_EXECUTION_ENV|AWS_ACCESS_KEY(_ID)?|AWS_SECRET_ACCESS_KEY|"
    "AWS_SESSION_TOKEN|AWS_LAMBDA_(FUNCTION_(NAME|MEMORY_SIZE|VERSION)|INITIALIZATION_TYPE|LOG_(GROUP|STREAM)_NAME|"
    "RUNTIME_API)|LAMBDA_(TASK_ROOT|RUNTIME_DIR)"
)


def refuse_what_aws_refuses(account_id: str, region: str, settings: JsonObject, *, new: bool) -> None:
    """Raises for settings of a function that AWS, or this local cloud, does not accept.

    Args:
        account_id, region: where the function is.
        settings: CreateFunction's or UpdateFunctionConfiguration's request.
        new: whether the function is being created, so that required settings must be there.

    Raises:
        InvalidParameterValueException: with what is allowed.
    """
    if settings.get("PackageType") == "Image":
        raise InvalidParameterValueException(
            "The local cloud doesn't run container images, because they need Docker. Give the code as a zip package."
        )
    runtime = str(settings.get("Runtime") or "")
    if (settings.get("SnapStart") or {}).get("ApplyOn") == "PublishedVersions" and WITHOUT_SNAPSTART.fullmatch(runtime):
        raise InvalidParameterValueException(f"{runtime} is not supported for SnapStart enabled functions.")
    for name in NOT_HONOURED:
        value = settings.get(name)
        if value != {"ApplyOn": "None"} and (any(value.values()) if isinstance(value, dict) else value):
            raise InvalidParameterValueException(
                f"The local cloud doesn't support {name}. Leave it out; docs/fidelity.md lists what works here."
            )
    if new and not (runtime and settings.get("Handler")):
        raise InvalidParameterValueException(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages."
        )
    if settings.get("Runtime") is not None and not re.fullmatch(r"python3\.([6-9]|1[0-5])", runtime):
        raise InvalidParameterValueException(
            f"The runtime parameter of {runtime} is not supported. The local cloud runs only Python, with the "
            "notebook's "
            'own interpreter. Give Runtime="python3.13", for example.'
        )
    if "Role" in settings and not _lambda_may_assume(account_id, settings["Role"]):
        raise InvalidParameterValueException("The role defined for the function cannot be assumed by Lambda.")
    _refuse_sizes(settings)
    _refuse_layers(account_id, region, settings.get("Layers") or [])
    _refuse_logging(settings.get("LoggingConfig") or {})
    _refuse_variables((settings.get("Environment") or {}).get("Variables") or {})


def _refuse_sizes(settings: JsonObject) -> None:
    for name, (least, most, unit) in LIMITS.items():
        value = settings.get(name, least)
        if type(value) is not int:
            raise LambdaClientError(
                "ValidationException", f"{name} is {value!r}. It must be a whole number, {least} to {most} {unit}."
            )
    if settings.get("Timeout", 1) > LIMITS["Timeout"][1]:
        rule = f"Member must have value less than or equal to {LIMITS['Timeout'][1]}"
        raise ValidationException(str(settings["Timeout"]), "timeout", rule)
    if settings.get("MemorySize", 128) > LIMITS["MemorySize"][1]:
        raise InvalidParameterValueException(
            "'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to "
            f"{LIMITS['MemorySize'][1]}"
        )


def _refuse_layers(account_id: str, region: str, arns: list[str]) -> None:
    if len(arns) > MOST_LAYERS:
        raise InvalidParameterValueException(f"Cannot reference more than {MOST_LAYERS} layers.")
    backend, by_layer = lambda_backends[account_id][region], dict[str, str]()
    for arn in arns:
        if arn.split(":")[3] != region:
            raise InvalidParameterValueException(
                f"Layers are not in the same region as the function. Layers are expected to be in region {region}."
            )
        if backend.layers_versions_by_arn(arn) is None:
            raise InvalidParameterValueException(f"Layer version {arn} does not exist.")
        layer = arn.rpartition(":")[0]
        if layer in by_layer:
            raise InvalidParameterValueException(
                "Two different versions of the same layer are not allowed to be referenced in the same function. "
                f"{by_layer[layer]} and {arn} are versions of the same layer."
            )
        by_layer[layer] = arn


def _refuse_logging(logging: JsonObject) -> None:
    levels = [name for name in ("ApplicationLogLevel", "SystemLogLevel") if logging.get(name)]
    if levels and logging.get("LogFormat", "Text") != "JSON":
        raise InvalidParameterValueException(
            f"{levels[0]} works only for functions whose LogFormat is JSON. Set LogFormat to JSON, or leave out "
            f"{levels[0]}."
        )


def _refuse_variables(variables: dict[str, str]) -> None:
    unable = "Lambda was unable to configure your environment variables because the environment variables you have "
    if reserved := [name for name in variables if RESERVED.fullmatch(name)]:
        raise InvalidParameterValueException(
            f"{unable}provided contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(reserved)}"
        )
    for name, value in variables.items():
        if "\0" in str(value):
            raise LambdaClientError(
                "ValidationException", f"The environment variable {name!r} can't be set. A value can't contain NUL."
            )
    measured = json.dumps(variables, ensure_ascii=False, separators=(",", ":"))
    if len(measured.encode()) > ENVIRONMENT_BYTES:
        raise InvalidParameterValueException(f"{unable}provided exceeded the 4KB limit. String measured: {measured}")


def _lambda_may_assume(account_id: str, role_arn: str) -> bool:
    roles = iam_backends[account_id]["aws"].get_roles()
    role = next((r for r in roles if r.arn == role_arn), None)
    if role is None:
        return False
    try:
        statements = json.loads(role.assume_role_policy_document)["Statement"]
    except (ValueError, KeyError, TypeError):
        return False
    for statement in [statements] if isinstance(statements, dict) else statements:
        principal = statement.get("Principal", {})
        services = principal.get("Service", []) if isinstance(principal, dict) else []
        allows = statement.get("Effect") == "Allow" and "lambda.amazonaws.com" in as_list(services)
        if allows and {"sts:assumerole", "sts:*", "*"} & {a.lower() for a in as_list(statement.get("Action", []))}:
            return True
    return False


def refuse_a_bad_package(package: bytes) -> None:
    """Raises for bytes that aren't a usable deployment package.

    Raises:
        InvalidParameterValueException: with the reason.
    """
    try:
        code.check(package)
    except code.TooLarge as error:
        raise InvalidParameterValueException(str(error)) from error
    except code.BadPackage as error:
        reason = "" if isinstance(error, code.NotAZip) else f" ({error})"
        raise InvalidParameterValueException(
            f"Could not unzip uploaded file. Please check your file, then try to upload again.{reason}"
        ) from error


def refuse_too_large(package: bytes, layers: Iterable[bytes]) -> None:
    """Raises for a function that is too large with its layers.

    Args:
        package, layers: zips that are sound.

    Raises:
        InvalidParameterValueException: with the size.
    """
    size = sum(map(code.unzipped_bytes, (package, *layers)))
    if size > code.UNZIPPED_BYTES:
        raise InvalidParameterValueException(
            f"Function code combined with layers exceeds the maximum allowed size of {code.UNZIPPED_BYTES} bytes. "
            f"The actual size is {size} bytes."
        )
