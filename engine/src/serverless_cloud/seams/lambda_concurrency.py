"""Seam: reserved and provisioned concurrency, and the account's settings (moto 5.2.5).

Replaced here: `LambdaBackend.put_function_concurrency`, `delete_function_concurrency`. moto stores the number; the data
plane keeps to it. `LambdaFunction.get_code`: moto does not show a reservation of zero, and nothing answers at the
address that it gives for the package. Added: the calls for provisioned concurrency and GetAccountSettings, which moto
does not have.

Worth an upstream change: storing provisioned concurrency; GetAccountSettings.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from moto.awslambda import models, urls
from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.responses import LambdaResponse
from moto.core.utils import iso_8601_datetime_with_nanoseconds

from serverless_cloud.lambda_.code import UNZIPPED_BYTES
from serverless_cloud.lambda_.concurrency import ConcurrencyRefused, place_of
from serverless_cloud.lambda_.fleet import Fleet
from serverless_cloud.lambda_.function import FunctionSpec
from serverless_cloud.plane import DataPlane
from serverless_cloud.refusals import Refusal
from serverless_cloud.seams.lambda_functions import arn_of, function_named, latest, spec_of, weights
from serverless_cloud.seams.replacement import Replacement

_FUNCTION = r"{0}/(?P<api_version>[^/]+)/functions/(?P<function_name>[\w_:%-]+)"

ZIPPED_BYTES = 52_428_800  # AWS Lambda quotas: 50 MB in a direct upload


def requests(function: Any) -> dict[str, dict[str, Any]]:
    """The requested concurrency, by qualifier: {"count", "modified"}. `function` is $LATEST."""
    found: dict[str, dict[str, Any]] = vars(function).setdefault("provisioned_requests", {})
    return found


def _shares(backend: Any, function: Any, qualifier: str, count: int) -> list[tuple[FunctionSpec, int]]:
    """The versions that a qualifier's environments go to; an alias with weights divides them."""
    name = function.function_name
    alias = next((a for a in backend.list_aliases(name) if a.name == qualifier), None)
    if alias is None:
        return [(spec_of(backend.get_function(name, qualifier)), count)]
    shares = [(spec_of(backend.get_function(name, v)), round(count * share)) for v, share in weights(alias).items()]
    rest = count - sum(n for _, n in shares)
    return [(spec_of(backend.get_function(name, alias.function_version)), rest), *shares]


def allocate(backend: Any, fleet: Fleet, function: Any) -> None:
    """Brings the provisioned environments of a function in line with what was asked for. `function` is $LATEST."""
    wanted: dict[str, tuple[FunctionSpec, int]] = {}
    for qualifier, request in requests(function).items():
        for spec, count in _shares(backend, function, qualifier, request["count"]):
            wanted[spec.key] = (spec, wanted.get(spec.key, (spec, 0))[1] + count)
    fleet.provisioned.set(arn_of(function), wanted)


def withdraw(backend: Any, fleet: Fleet, function: Any, qualifier: str) -> None:
    """A version or an alias wants none any more. `function` is $LATEST."""
    if requests(function).pop(qualifier, None) is not None:
        fleet.concurrency.provision(arn_of(function), sum(r["count"] for r in requests(function).values()))
        allocate(backend, fleet, function)


def install(plane: DataPlane) -> None:
    """Puts the limits behind moto's calls and adds those it lacks."""
    for each in (_Backend, _Function, _Response):
        each.install(fleet=plane.service.fleet)
    urls.url_paths[_FUNCTION + "/provisioned-concurrency/?$"] = LambdaResponse.dispatch
    urls.url_paths[r"{0}/(?P<api_version>[^/]+)/account-settings/?$"] = LambdaResponse.dispatch


class _Backend(Replacement, of=models.LambdaBackend):
    fleet: Fleet

    def put_function_concurrency(self: Any, function_name: str, reserved_concurrency: Any) -> Any:
        function = latest(self, function_name)
        count = _whole_number("ReservedConcurrentExecutions", reserved_concurrency, least=0)
        with _refused():
            _Backend.fleet.concurrency.reserve(arn_of(function), count)
        return _Backend.moto.put_function_concurrency(self, function_name, count)

    def delete_function_concurrency(self: Any, function_name: str) -> Any:
        _Backend.fleet.concurrency.reserve(arn_of(latest(self, function_name)), None)
        return _Backend.moto.delete_function_concurrency(self, function_name)


class _Function(Replacement, of=models.LambdaFunction):
    fleet: Fleet

    def get_code(self: Any) -> dict[str, Any]:
        answer: dict[str, Any] = _Function.moto.get_code(self)
        if self.reserved_concurrency is not None:  # moto leaves out zero
            answer["Concurrency"] = {"ReservedConcurrentExecutions": int(self.reserved_concurrency)}
        if "Location" in answer.get("Code", {}):
            arn = quote(f"{arn_of(self)}:{self.version}")
            answer["Code"]["Location"] = f"{_Function.fleet.endpoint_url}/_local/package?arn={arn}"
        return answer


class _Response(Replacement, of=LambdaResponse):
    fleet: Fleet

    def put_provisioned_concurrency_config(self: Any) -> Any:
        function, qualifier = function_named(self), self._get_param("Qualifier")
        name = "ProvisionedConcurrentExecutions"
        count = _whole_number(name, self._get_param(name), least=1)
        if qualifier == "$LATEST":
            raise InvalidParameterValueException(
                "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
            )
        self.backend.get_function(function.function_name, qualifier)
        _refuse_a_second_one(self.backend, function, qualifier)
        others = sum(r["count"] for q, r in requests(function).items() if q != qualifier)
        with _refused():
            _Response.fleet.concurrency.provision(arn_of(function), others + count)
        requests(function)[qualifier] = {"count": count, "modified": iso_8601_datetime_with_nanoseconds()}
        allocate(self.backend, _Response.fleet, function)
        return 202, {"status": 202}, json.dumps(_answer(self.backend, _Response.fleet, function, qualifier))

    def get_provisioned_concurrency_config(self: Any) -> Any:
        function, qualifier = function_named(self), self._get_param("Qualifier")
        self.backend.get_function(function.function_name, qualifier)
        _require_request(function, qualifier)
        return 200, {}, json.dumps(_answer(self.backend, _Response.fleet, function, qualifier))

    def list_provisioned_concurrency_configs(self: Any) -> Any:
        function = function_named(self)
        rows = [
            {"FunctionArn": f"{arn_of(function)}:{q}"} | _answer(self.backend, _Response.fleet, function, q)
            for q in sorted(requests(function))
        ]
        return 200, {}, json.dumps({"ProvisionedConcurrencyConfigs": rows})

    def delete_provisioned_concurrency_config(self: Any) -> Any:
        function, qualifier = function_named(self), self._get_param("Qualifier")
        _require_request(function, qualifier)
        withdraw(self.backend, _Response.fleet, function, qualifier)
        return 204, {"status": 204}, ""

    def get_account_settings(self: Any) -> Any:
        functions = list(self.backend.list_functions())
        region = f"arn:aws:lambda:{self.region}:{self.current_account}"
        place = place_of(arn_of(functions[0])) if functions else region
        limit = {
            "CodeSizeUnzipped": UNZIPPED_BYTES,
            "CodeSizeZipped": ZIPPED_BYTES,
            "ConcurrentExecutions": _Response.fleet.concurrency.account_limit,
            "UnreservedConcurrentExecutions": _Response.fleet.concurrency.unreserved(place),
        }
        usage = {"TotalCodeSize": sum(f.code_size for f in functions), "FunctionCount": len(functions)}
        return 200, {}, json.dumps({"AccountLimit": limit, "AccountUsage": usage})


def _require_request(function: Any, qualifier: str) -> None:
    if qualifier not in requests(function):
        text = "No Provisioned Concurrency Config found for this function"
        raise Refusal("ProvisionedConcurrencyConfigNotFoundException", text, 404)


def _whole_number(name: str, value: Any, least: int) -> int:
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = least - 1
    if number < least:
        raise InvalidParameterValueException(f"{name} is {value!r}. It must be a whole number, {least} or more.")
    return number


@contextlib.contextmanager
def _refused() -> Iterator[None]:
    try:
        yield
    except ConcurrencyRefused as refusal:
        raise InvalidParameterValueException(str(refusal)) from refusal


def _refuse_a_second_one(backend: Any, function: Any, qualifier: str) -> None:
    """Refuses a second configuration. A version has its own, or the configuration of one alias that points to it."""
    mine = {spec.version for spec, _ in _shares(backend, function, qualifier, 1)}
    for other in requests(function):
        theirs = {spec.version for spec, _ in _shares(backend, function, other, 1)}
        if other != qualifier and mine & theirs:
            raise InvalidParameterValueException(
                f"Version {min(mine & theirs)} already has provisioned concurrency through {other}. A version can have "
                "one configuration, so delete the existing configuration first."
            )


def _answer(backend: Any, fleet: Fleet, function: Any, qualifier: str) -> dict[str, Any]:
    request = requests(function)[qualifier]
    allocations = [
        a
        for spec, _ in _shares(backend, function, qualifier, request["count"])
        if (a := fleet.provisioned.allocation(spec))
    ]
    statuses = {a.status for a in allocations}
    status = next((s for s in ("FAILED", "IN_PROGRESS") if s in statuses), "READY")
    answer = {
        "RequestedProvisionedConcurrentExecutions": request["count"],
        "AvailableProvisionedConcurrentExecutions": sum(len(a.ready) for a in allocations),
        "AllocatedProvisionedConcurrentExecutions": sum(len(a.environments) for a in allocations),
        "Status": status,
        "LastModified": request["modified"],
    }
    reasons = [a.failure for a in allocations if a.failure and a.status == "FAILED"]
    return answer | ({"StatusReason": reasons[0]} if reasons else {})
