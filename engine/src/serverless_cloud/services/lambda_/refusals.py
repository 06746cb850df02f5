"""Refuses settings of functions that AWS refuses or the local cloud doesn't support; with moto's errors and IAM."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from moto.awslambda.exceptions import InvalidParameterValueException, LambdaClientError
from moto.iam.models import iam_backends

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.iam.policies import as_list
from serverless_cloud.lambda_ import code

# moto would store these settings, but our data plane doesn't support them. So the local cloud refuses them by name.
NOT_HONOURED = ("FileSystemConfigs", "SnapStart", "DurableConfig", "TenancyConfig",
                "CapacityProviderConfig", "ImageConfig")  # fmt: skip

LIMITS = {"Timeout": (1, 900, "seconds"), "MemorySize": (128, 10240, "MB")}  # AWS Lambda quotas
MOST_LAYERS = 5  # AWS Lambda quotas
MOST_DESCRIPTION = 256  # API reference: CreateFunction
LOGGING = {  # API reference: LoggingConfig
    "LogFormat": ("Text", "JSON"),
    "ApplicationLogLevel": ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"),
    "SystemLogLevel": ("DEBUG", "INFO", "WARN"),
}
ENVIRONMENT_BYTES = 4096  # AWS Lambda quotas: environment variables of a function, together
# Lambda sets these itself (AWS Lambda Developer Guide, "Defined runtime environment variables").
RESERVED = re.compile(
    "_HANDLER|_X_AMZN_TRACE_ID|AWS_REGION|AWS_EXECUTION_ENV|AWS_ACCESS_KEY(_ID)?|AWS_SECRET_ACCESS_KEY|"
    "AWS_SESSION_TOKEN|AWS_LAMBDA_(FUNCTION_(NAME|MEMORY_SIZE|VERSION)|INITIALIZATION_TYPE|LOG_(GROUP|STREAM)_NAME|"
    "RUNTIME_API)|LAMBDA_(TASK_ROOT|RUNTIME_DIR)"
)


def refuse_what_aws_refuses(account_id: str, settings: JsonObject, *, new: bool) -> None:
    """Raises for settings of a function that AWS, or this local cloud, does not accept.

    Args:
        settings: CreateFunction's or UpdateFunctionConfiguration's request.
        new: whether the function is being created, so that required settings must be there.

    Raises:
        InvalidParameterValueException: with what is allowed.
    """
    name = str(settings.get("FunctionName", ""))
    if new and ":function:" not in name and not re.fullmatch(r"[a-zA-Z0-9-_]{1,64}", name):
        raise LambdaClientError(
            "ValidationException",
            f"{name!r} can't be the name of a function. A name has 1 to 64 letters, digits, hyphens and underscores.",
        )
    if settings.get("PackageType") == "Image":
        raise InvalidParameterValueException(
            "The local cloud doesn't run container images, because they need Docker. Give the code as a zip package."
        )
    for name in NOT_HONOURED:
        value = settings.get(name)
        if any(value.values()) if isinstance(value, dict) else value:
            raise InvalidParameterValueException(
                f"The local cloud doesn't support {name}. Leave it out; docs/fidelity.md lists what works here."
            )
    runtime, handler = settings.get("Runtime"), settings.get("Handler")
    if (new or runtime is not None) and not re.fullmatch(r"python3\.([6-9]|1[0-5])", runtime or ""):
        raise InvalidParameterValueException(
            f"The runtime parameter of {runtime} is not supported. The local cloud runs only Python, with the "
            "notebook's "
            'own interpreter. Give Runtime="python3.13", for example.'
        )
    if (new or handler is not None) and not re.fullmatch(r"[^\s]{1,128}", handler or ""):
        raise InvalidParameterValueException(
            f"The handler {handler!r} has the wrong form. Write it as file.function. For def handler in price.py, give "
            'Handler="price.handler".'
        )
    mode = (settings.get("TracingConfig") or {}).get("Mode", "Active")
    if mode not in ("Active", "PassThrough"):
        raise LambdaClientError("ValidationException", f"Mode is {mode!r}. It must be Active or PassThrough.")
    if len(settings.get("Description") or "") > MOST_DESCRIPTION:
        raise LambdaClientError("ValidationException", f"Description can have at most {MOST_DESCRIPTION} characters.")
    if "Role" in settings and not _lambda_may_assume(account_id, settings["Role"]):
        raise InvalidParameterValueException(
            "The role defined for the function cannot be assumed by Lambda. The role must exist, and its trust policy "
            "must allow sts:AssumeRole to the service lambda.amazonaws.com."
        )
    for name, (least, most, unit) in LIMITS.items():
        value = settings.get(name, least)
        if type(value) is not int or not least <= value <= most:
            raise LambdaClientError(
                "ValidationException", f"{name} is {value!r}. It must be a whole number, {least} to {most} {unit}."
            )
    _refuse_layers(settings.get("Layers") or [])
    _refuse_logging(settings.get("LoggingConfig") or {})
    _refuse_variables((settings.get("Environment") or {}).get("Variables") or {})


def _refuse_layers(arns: list[str]) -> None:
    if len(arns) > MOST_LAYERS:
        raise InvalidParameterValueException(f"Function may not reference more than {MOST_LAYERS} layers.")
    for arn in arns:
        if not re.fullmatch(r"arn:[^:]+:lambda:[^:]+:\d{12}:layer:[^:]+:\d+", arn):
            raise LambdaClientError(
                "ValidationException",
                f"{arn!r} is not the ARN of a layer version, which ends in the layer's name and the version, such as "
                "arn:aws:lambda:us-east-1:123456789012:layer:tax:1.",
            )

    names = [arn.rsplit(":", 1)[0] for arn in arns]
    if len(set(names)) < len(names):
        raise InvalidParameterValueException(
            "Two different versions of the same layer are not allowed to be referenced."
        )


def _refuse_logging(logging: JsonObject) -> None:
    for name, allowed in LOGGING.items():
        if name in logging and logging[name] not in allowed:
            raise LambdaClientError(
                "ValidationException", f"{name} is {logging[name]!r}. It must be one of {', '.join(allowed)}."
            )
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
        if not re.fullmatch(r"[a-zA-Z]\w+", name, re.ASCII) or "\0" in str(value):
            raise LambdaClientError(
                "ValidationException",
                f"The environment variable {name!r} can't be set. A name must have two or more letters, digits and "
                "underscores and begin with a letter, and a value can't contain NUL.",
            )
    if len(json.dumps(variables, ensure_ascii=False).encode()) > ENVIRONMENT_BYTES:
        raise InvalidParameterValueException(f"{unable}provided exceeded the 4KB limit.")


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
    except code.BadPackage as error:
        raise InvalidParameterValueException(
            f"Could not unzip uploaded file. Please check your file, then try to upload again. ({error})"
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
