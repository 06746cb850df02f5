"""Seam: moto's Lambda functions run in the data plane (moto 5.2.5).

moto keeps the functions and answers the control plane. Without Docker it cannot run them. Replaced here:

- `LambdaFunction.invoke`: every call that moto makes to a function goes through it.
- `LambdaBackend.create_function`, `update_function_code`, `update_function_configuration`, `delete_function`: what AWS
  refuses is refused, and old environments end.

Not worth an upstream change: running handlers as processes is this course's own idea.
"""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from collections.abc import Callable
from typing import Any

from moto.awslambda import models
from moto.awslambda.exceptions import InvalidParameterValueException, LambdaClientError
from moto.iam.models import iam_backends

from serverless_first.cloud.errors import TooManyRequests
from serverless_first.cloud.lambda_ import code
from serverless_first.cloud.lambda_.function import FunctionSpec
from serverless_first.cloud.lambda_.service import LambdaService

LOG_RESULT_BYTES = 4096  # Invoke API: X-Amz-Log-Result holds the last 4 KB
EVENT_BYTES = 6_291_456  # AWS Lambda quotas: Invoke, synchronous, request and response each 6 MB
_making_streams = threading.Lock()  # moto's dictionaries are not made for many threads

# Settings that moto keeps and our data plane does not honour: refused, never passed over in silence.
NOT_HONOURED = ("DeadLetterConfig", "FileSystemConfigs", "Layers", "VpcConfig", "SnapStart", "DurableConfig",
                "LoggingConfig", "TenancyConfig", "CapacityProviderConfig", "Publish")  # fmt: skip

LIMITS = {"Timeout": (1, 900, "seconds"), "MemorySize": (128, 10240, "MB")}  # AWS Lambda quotas
ENVIRONMENT_BYTES = 4096  # AWS Lambda quotas: environment variables of a function, together
# Lambda sets these itself (AWS Lambda Developer Guide, "Defined runtime environment variables").
RESERVED = re.compile(
    "_HANDLER|_X_AMZN_TRACE_ID|AWS_REGION|AWS_EXECUTION_ENV|AWS_ACCESS_KEY(_ID)?|AWS_SECRET_ACCESS_KEY|"
    "AWS_SESSION_TOKEN|AWS_LAMBDA_(FUNCTION_(NAME|MEMORY_SIZE|VERSION)|INITIALIZATION_TYPE|LOG_(GROUP|STREAM)_NAME|"
    "RUNTIME_API)|LAMBDA_(TASK_ROOT|RUNTIME_DIR)"
)


class _RequestTooLarge(LambdaClientError):
    code = 413

    def __init__(self) -> None:
        text = f"Request must be smaller than {EVENT_BYTES} bytes for the InvokeFunction operation"
        super().__init__("RequestTooLargeException", text)


class _TooManyRequests(LambdaClientError):
    code = 429

    def __init__(self, reason: str) -> None:
        super().__init__("TooManyRequestsException", "Rate Exceeded.")
        body = {"Reason": reason, "Type": "User", "message": "Rate Exceeded."}
        self.description = json.dumps(body)


def spec_of(function: Any) -> FunctionSpec:
    """moto's function as the data plane sees it."""
    return FunctionSpec(
        account_id=function.account_id,
        region=function.region,
        name=function.function_name,
        arn=function.function_arn,
        version=str(function.version),
        runtime=function.run_time,
        handler=function.handler,
        timeout_s=float(function.timeout),
        memory_mb=int(function.memory_size),
        environment={k: str(v) for k, v in function.environment_vars.items()},
        code_sha256=function.code_sha_256,
        code=function.code_bytes,
    )


def write_log(spec: FunctionSpec, stream: str, text: str) -> None:
    """Writes to moto's CloudWatch Logs, one event a line."""
    from moto.logs.models import logs_backends

    backend = logs_backends[spec.account_id][spec.region]
    with _making_streams:
        backend.ensure_log_group(spec.log_group)
        if stream not in backend.groups[spec.log_group].streams:
            backend.create_log_stream(spec.log_group, stream)
    now_ms = int(time.time() * 1000)
    events = [{"timestamp": now_ms, "message": line.replace("\r", "\n")} for line in text.split("\n") if line]
    backend.put_log_events(spec.log_group, stream, events)


def refuse_what_aws_refuses(account_id: str, settings: dict[str, Any], *, new: bool) -> None:
    """Raises for settings of a function that AWS, or this local cloud, does not accept.

    Args:
        settings: CreateFunction's or UpdateFunctionConfiguration's request.
        new: whether the function is being created, so that required settings must be there.

    Raises:
        InvalidParameterValueException: with what is allowed.
    """
    if settings.get("PackageType") == "Image":
        raise InvalidParameterValueException("The local cloud runs zip packages; container images need Docker.")
    for name in NOT_HONOURED:
        value = settings.get(name)
        if any(value.values()) if isinstance(value, dict) else value:
            raise InvalidParameterValueException(
                f"The local cloud does not honour {name} yet (docs/fidelity.md). Leave it out."
            )
    runtime, handler = settings.get("Runtime"), settings.get("Handler")
    if (new or runtime is not None) and not re.fullmatch(r"python3\.([6-9]|1[0-5])", runtime or ""):
        raise InvalidParameterValueException(
            f"The runtime parameter of {runtime} is not supported. The local cloud runs Python: "
            'Runtime="python3.13", for instance; it uses the notebook\'s own interpreter.'
        )
    if (new or handler is not None) and not re.fullmatch(r"[^\s.][^\s]*\.[^\s.]+", handler or ""):
        raise InvalidParameterValueException(
            f"The handler {handler!r} has the wrong form. It is file.function: for def handler in "
            'price.py, Handler="price.handler".'
        )
    if "Role" in settings and not _lambda_may_assume(account_id, settings["Role"]):
        raise InvalidParameterValueException(
            "The role defined for the function cannot be assumed by Lambda. The role must exist, and its trust policy "
            "must allow sts:AssumeRole to the service lambda.amazonaws.com."
        )
    for name, (least, most, unit) in LIMITS.items():
        if not least <= settings.get(name, least) <= most:
            raise LambdaClientError(
                "ValidationException", f"{name} is {settings[name]}; it must be {least} to {most} {unit}."
            )
    _refuse_variables((settings.get("Environment") or {}).get("Variables") or {})


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
                f"The environment variable {name!r} cannot be set. A name has two or more letters, digits and "
                "underscores and begins with a letter; a value holds no NUL.",
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
        allows = statement.get("Effect") == "Allow" and "lambda.amazonaws.com" in _as_list(services)
        if allows and {"sts:assumerole", "sts:*", "*"} & {a.lower() for a in _as_list(statement.get("Action", []))}:
            return True
    return False


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _refuse_bad_package(function: Any) -> None:
    try:
        code.check(function.code_bytes)
    except code.BadPackage as error:
        raise InvalidParameterValueException(
            f"Could not unzip uploaded file. Please check your file, then try to upload again. ({error})"
        ) from error


def install(service: LambdaService) -> None:
    """Puts the data plane behind moto's Lambda."""
    backend: Any = models.LambdaBackend
    moto_create: Callable[..., Any] = backend.create_function
    moto_update_code: Callable[..., Any] = backend.update_function_code
    moto_update_configuration: Callable[..., Any] = backend.update_function_configuration
    moto_delete: Callable[..., Any] = backend.delete_function

    def invoke(self: Any, body: Any, request_headers: Any, response_headers: Any) -> bytes:
        headers = {str(k).lower(): str(v) for k, v in dict(request_headers or {}).items()}
        kind = headers.get("x-amz-invocation-type", "RequestResponse")
        event = _event(body)
        if kind == "DryRun":
            return b""
        if kind != "RequestResponse":
            raise LambdaClientError(
                "InvalidParameterValueException",
                f"The local cloud does not honour InvocationType={kind} yet (docs/fidelity.md). Use RequestResponse.",
            )
        try:
            reply = service.invoke(spec_of(self), event)
        except TooManyRequests as refusal:
            raise _TooManyRequests(refusal.reason) from refusal
        if reply.function_error:
            response_headers["x-amz-function-error"] = reply.function_error
        response_headers["x-amz-executed-version"] = reply.version
        tail = reply.log.replace("\r", "\n").encode()[-LOG_RESULT_BYTES:]
        tail = tail.decode("utf-8", "ignore").encode()  # no part of a character at its beginning
        response_headers["x-amz-log-result"] = base64.b64encode(tail).decode()
        return reply.payload

    def create_function(self: Any, spec: dict[str, Any]) -> Any:
        refuse_what_aws_refuses(self.account_id, spec, new=True)
        if not spec.get("Code"):
            raise InvalidParameterValueException("Please provide a source for function code.")
        function = moto_create(self, spec)
        try:
            _refuse_bad_package(function)
        except InvalidParameterValueException:
            moto_delete(self, spec["FunctionName"])
            raise
        service.fleet.retire(function.function_arn, keep=spec_of(function).key)  # an older one may have had its name
        return function

    def update_function_code(self: Any, function_name: str, qualifier: str, body: dict[str, Any]) -> Any:
        function = self.get_function(function_name, qualifier)
        refuse_what_aws_refuses(self.account_id, body, new=False)
        before = vars(function) | {"code": dict(function.code)}
        try:
            answer = moto_update_code(self, function_name, qualifier, body)
            _refuse_bad_package(function)
        except (InvalidParameterValueException, ValueError) as error:  # moto's ValueError: no such bucket
            vars(function).update(before)
            if isinstance(error, InvalidParameterValueException):
                raise
            raise InvalidParameterValueException(str(error.args[-1])) from error
        service.fleet.retire(function.function_arn, keep=spec_of(function).key)
        return answer

    def update_function_configuration(self: Any, function_name: str, qualifier: str, body: dict[str, Any]) -> Any:
        function = self.get_function(function_name, qualifier)
        refuse_what_aws_refuses(self.account_id, body, new=False)
        if "Environment" in body:
            body["Environment"].setdefault("Variables", {})
        answer = moto_update_configuration(self, function_name, qualifier, body)
        service.fleet.retire(function.function_arn, keep=spec_of(function).key)
        return answer

    def delete_function(self: Any, function_name: str, qualifier: str | None = None) -> None:
        function = self.get_function(function_name, qualifier)
        moto_delete(self, function_name, qualifier)
        service.fleet.retire(function.function_arn, keep="")

    moto_function: Any = models.LambdaFunction
    moto_function.invoke = invoke
    backend.create_function = create_function
    backend.update_function_code = update_function_code
    backend.update_function_configuration = update_function_configuration
    backend.delete_function = delete_function


def _event(body: Any) -> bytes:
    event: bytes = body.encode() if isinstance(body, str) else (body or b"")
    event = event or b"{}"
    if len(event) > EVENT_BYTES:
        raise _RequestTooLarge
    try:
        json.loads(event)
    except ValueError as error:
        raise LambdaClientError(
            "InvalidRequestContentException", f"Could not parse request body into json: {error}"
        ) from error
    return event
