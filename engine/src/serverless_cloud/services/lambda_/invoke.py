"""An Invoke reaches the data plane. Without Docker moto cannot run a function."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import re
from collections.abc import Mapping

from moto.awslambda.exceptions import LambdaClientError, ValidationException
from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.awslambda.responses import LambdaResponse

from serverless_cloud.core import current
from serverless_cloud.core.patches import Service
from serverless_cloud.core.refusals import Refusal
from serverless_cloud.errors import FunctionNotActive, NoAddressLeft, TooManyRequests
from serverless_cloud.lambda_.function import Call, FunctionSpec, Reply
from serverless_cloud.lambda_.gathering import HEADER, Gatherings
from serverless_cloud.plane import DataPlane
from serverless_cloud.services.lambda_ import network as lambda_network
from serverless_cloud.services.lambda_.function_calls import target
from serverless_cloud.services.lambda_.functions import ResourceConflict, route, spec_of

patches = Service("lambda")

LOG_RESULT_BYTES = 4096  # Invoke API: X-Amz-Log-Result holds the last 4 KB
INVOCATION_TYPES = ("Event", "RequestResponse", "DryRun")  # API reference: Invoke
LOG_TYPES = ("None", "Tail")
EVENT_BYTES = 6_291_456  # AWS Lambda quotas: Invoke, synchronous, request and response each 6 MB
ASYNC_EVENT_BYTES = 1_048_576  # asynchronous: 1 MB since October 2025
LOOP_LIMIT = 16  # AWS Lambda Developer Guide, recursive loop detection: about so many calls in one chain
CLIENT_CONTEXT_BYTES = 3583  # API reference: Invoke, ClientContext
_Headers = Mapping[str, object] | None  # of a request


def connect(_: DataPlane) -> None:
    """Makes room for calls that a test gathers, so that they run at once."""
    current.parts[Gatherings] = Gatherings()


@patches.replaces(
    "moto.awslambda.models:LambdaBackend.invoke",
    defect="engine/tests/services/test_moto_patches.py::test_stock_moto_still_has_the_defect[a_handler_does_not_run]",
)
def invoke(
    backend: LambdaBackend,
    function_name: str,
    qualifier: str | None,
    body: str | bytes | None,
    headers: _Headers,
    response_headers: dict[str, str],
) -> bytes:
    function, arn = route(backend, function_name, qualifier)
    payload = _run(spec_of(function), arn, body, headers, response_headers)
    response_headers["Content-Length"] = str(len(payload))
    return payload


@patches.replaces("moto.awslambda.models:LambdaFunction.invoke")
def invoke_of_function(
    function: LambdaFunction,
    body: str | bytes | None,
    request_headers: _Headers,
    response_headers: dict[str, str],
) -> bytes:
    """Every call that moto itself makes to a function goes through it."""
    return _run(spec_of(function), function.function_arn, body, request_headers, response_headers)


@patches.replaces(
    "moto.awslambda.responses:LambdaResponse._get_param",
    defect="engine/tests/services/test_moto_patches.py::test_stock_moto_still_has_the_defect[invoke_reads_the_wrong_name]",
    upstream="Invoke reads the parameter Qualifier, as the API and boto3 call it.",
)
def _get_param(response: LambdaResponse, param_name: str, if_none: object = None) -> object:
    name = "Qualifier" if param_name == "qualifier" else param_name  # as the API names it
    return _get_param.original(response, name, if_none)


def _run(spec: FunctionSpec, arn: str, body: str | bytes | None, headers: _Headers, answer: dict[str, str]) -> bytes:
    """One request.

    Args:
        spec: the version to run.
        arn: as the caller named the function.
    """
    given = {str(k).lower(): str(v) for k, v in (headers or {}).items()}
    kind, log = given.get("x-amz-invocation-type", "RequestResponse"), given.get("x-amz-log-type", "None")
    if kind not in INVOCATION_TYPES:
        raise _not_one_of(INVOCATION_TYPES, kind, "invocationType")
    if log not in LOG_TYPES:
        raise _not_one_of(LOG_TYPES, log, "logType")
    event = _event(body, ASYNC_EVENT_BYTES if kind == "Event" else EVENT_BYTES)
    lineage = _lineage(given.get("x-amzn-trace-id", ""), arn)
    call = Call(event, arn, _client_context(given.get("x-amz-client-context", "")), lineage)
    if kind == "DryRun":
        return b""
    lambda_network.refuse_unless_active(spec)
    if kind == "Event":
        current.plane.queue.put(call, lambda: target(arn))
        return b""
    try:
        gathering = current.parts[Gatherings].announce(given.get(HEADER.lower(), ""))
    except ValueError as error:
        raise LambdaClientError("InvalidParameterValueException", str(error)) from error
    try:
        reply = current.plane.fleet.invoke(spec, call, gathering)
    except FunctionNotActive as refusal:
        raise ResourceConflict(str(refusal)) from refusal
    except NoAddressLeft as refusal:
        raise Refusal("SubnetIPAddressLimitReachedException", str(refusal), 502) from refusal
    except TooManyRequests as refusal:
        refused = Refusal("TooManyRequestsException", "Rate Exceeded.", 429)
        refused.description = json.dumps({"Reason": refusal.reason, "Type": "User", "message": "Rate Exceeded."})
        raise refused from refusal
    _tell(reply, answer, with_log=log == "Tail")
    return reply.payload


def _not_one_of(allowed: tuple[str, ...], value: str, name: str) -> ValidationException:
    return ValidationException(value, name, f"Member must satisfy enum value set: [{', '.join(allowed)}]")


def _tell(reply: Reply, headers: dict[str, str], *, with_log: bool) -> None:
    if reply.function_error:
        headers["x-amz-function-error"] = reply.function_error
    headers["x-amz-executed-version"] = reply.version
    if not with_log:
        return
    tail = reply.log.replace("\r", "\n").encode()[-LOG_RESULT_BYTES:]
    tail = tail.decode("utf-8", "ignore").encode()  # no part of a character at its beginning
    headers["x-amz-log-result"] = base64.b64encode(tail).decode()


def _event(body: str | bytes | None, limit: int) -> bytes:
    event: bytes = body.encode() if isinstance(body, str) else (body or b"")
    event = event or b"{}"
    if len(event) > limit:
        text = f"Request must be smaller than {limit} bytes for the InvokeFunction operation"
        raise Refusal("RequestTooLargeException", text, 413)
    try:
        json.loads(event.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise LambdaClientError(
            "InvalidRequestContentException", f"Could not parse request body into json: {error}"
        ) from error
    return event


def _refuse_constant(name: str) -> None:
    """Python writes and reads NaN and Infinity; JSON has neither."""
    raise ValueError(f"{name} is not JSON")


def _lineage(trace: str, arn: str) -> dict[str, int]:
    """How often each function is in the chain of calls, from the trace header that boto3 in a handler sends along.

    Raises:
        Refusal: this function is in it too often.
    """
    found: dict[str, int] = {}
    for part in trace.split(";"):
        if part.startswith("Lineage="):
            pairs = re.findall(r"([0-9a-f]{8}):(\d+)", part)
            found = {function: int(count) for function, count in pairs}
    name = _name_in_lineage(arn)
    found[name] = found.get(name, 0) + 1
    if found[name] > LOOP_LIMIT:
        raise Refusal(
            "RecursiveInvocationException",
            "Lambda has detected your function being invoked in a recursive loop with other AWS resources and stopped "
            f"your function's invocation. It was in this chain of calls {LOOP_LIMIT} times.",
        )
    return found


@functools.lru_cache(4096)
def _name_in_lineage(arn: str) -> str:
    return hashlib.sha256(":".join(arn.split(":")[:7]).encode()).hexdigest()[:8]


def _client_context(header: str) -> str:
    """The JSON text of ClientContext, on one line; empty if there is none."""
    if not header:
        return ""
    try:
        if len(header) > CLIENT_CONTEXT_BYTES:
            raise ValueError
        return json.dumps(json.loads(base64.b64decode(header, validate=True)))
    except ValueError as error:
        raise LambdaClientError(
            "InvalidRequestContentException", "Client context must be a valid Base64-encoded JSON object."
        ) from error
