"""Functions by their ARN, for services that call them."""

from __future__ import annotations

from moto.awslambda.exceptions import LambdaClientError, UnknownFunctionException
from moto.awslambda.models import LambdaFunction, lambda_backends

from serverless_cloud.iam.permissions import Caller, Permissions
from serverless_cloud.lambda_.asynchronous import AsyncSettings, EventQueue
from serverless_cloud.lambda_.calling import FunctionGone
from serverless_cloud.lambda_.fleet import Fleet
from serverless_cloud.lambda_.function import Call, FunctionSpec, Reply
from serverless_cloud.services.lambda_ import asynchronous as lambda_async
from serverless_cloud.services.lambda_.functions import latest, route, spec_of


class MotoFunctions:
    """The functions that moto keeps; see `calling.Functions`.

    Args:
        fleet, queue: where calls go that wait, and calls that don't.
        permissions: asked before a service's call.
    """

    def __init__(self, fleet: Fleet, queue: EventQueue, permissions: Permissions) -> None:
        self._fleet, self._queue, self._permissions = fleet, queue, permissions

    def invoke(self, arn: str, event: bytes, caller: Caller | None = None) -> Reply:
        function, called = self._find(arn, caller)
        return self._fleet.invoke(spec_of(function), Call(event, called))

    def submit(self, arn: str, event: bytes, caller: Caller | None = None) -> None:
        _, called = self._find(arn, caller)
        self._queue.put(Call(event, called), lambda: target(arn))

    def _find(self, arn: str, caller: Caller | None) -> tuple[LambdaFunction, str]:
        function, called = _routed(arn)
        if caller is not None:
            self._permissions.require_invoke(function, qualifier_of(called), caller)
        return function, called


def qualifier_of(arn: str) -> str | None:
    """The version or alias at the end of a function's ARN."""
    return arn.split(":")[7] if arn.count(":") == 7 else None


def target(arn: str) -> tuple[FunctionSpec, AsyncSettings] | None:
    """The function as it is now, for one try of an asynchronous event; None if it was deleted."""
    try:
        version, _ = _routed(arn)
        function = latest(lambda_backends[version.account_id][version.region], version.function_name)
    except (FunctionGone, UnknownFunctionException):
        return None
    return spec_of(version), lambda_async.settings(function, version, qualifier_of(arn) or "$LATEST")


def package(arn: str) -> bytes | None:
    """The zip of a function or of a layer version; None if it was deleted."""
    parts = arn.split(":")
    if len(parts) == 8 and parts[5] == "layer":
        try:
            layer = lambda_backends[parts[4]][parts[3]].layers_versions_by_arn(arn)
        except KeyError:
            return None
        return layer.code_bytes if layer else None
    found = target(arn)
    return found[0].code if found else None


def _routed(arn: str) -> tuple[LambdaFunction, str]:
    parts = arn.split(":")
    if len(parts) not in (7, 8) or parts[2] != "lambda" or parts[5] != "function":
        raise FunctionGone(f"{arn} is not the ARN of a function.")
    try:
        return route(lambda_backends[parts[4]][parts[3]], arn, None)
    except (UnknownFunctionException, LambdaClientError, KeyError) as error:
        raise FunctionGone(f"Function not found: {arn}") from error
