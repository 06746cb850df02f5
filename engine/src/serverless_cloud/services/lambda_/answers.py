"""Answers about functions: the settings and states that moto leaves out, and lists by the page."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Sequence
from typing import TypeVar

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.models import LambdaFunction
from moto.awslambda.responses import LambdaResponse
from moto.utilities.utils import get_partition

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.services.lambda_ import functions, network, revisions

patches = Service("lambda")

_DEFECT = "engine/tests/lambda_/test_lambda_patches.py::test_stock_moto_still_has_the_defect"
MOST_ON_A_PAGE = 50  # API reference: ListFunctions returns at most 50

T = TypeVar("T")


@patches.replaces(
    "moto.awslambda.models:LambdaFunction.get_configuration",
    defect=f"{_DEFECT}[a_function_has_no_revision]",
    upstream="A function's configuration shows DeadLetterConfig, LoggingConfig, RevisionId, RuntimeVersionConfig, "
    "StateReason and LastUpdateStatus, and leaves out what is not set.",
)
def get_configuration(function: LambdaFunction, on_create: bool = False) -> JsonObject:
    """A function's configuration, with the settings that moto drops and the state of its network."""
    answer: JsonObject = get_configuration.original(function, on_create)
    answer |= functions.shown_settings(function) | network.shown_state(function, on_create=on_create)
    answer["RevisionId"] = revisions.of(function)
    answer["RuntimeVersionConfig"] = {"RuntimeVersionArn": _runtime_version(function.region, str(function.run_time))}
    if on_create:
        answer["FunctionArn"] = functions.arn_of(function)  # also of a version that was published at once
        answer = revisions.answer_of_change(function, answer, new=True)
    return {name: value for name, value in answer.items() if value is not None and (name != "Layers" or value)}


@functools.cache
def _runtime_version(region: str, runtime: str) -> str:
    """The ARN of the runtime's version. The local cloud has one version of each, the notebook's interpreter."""
    number = hashlib.sha256(runtime.encode()).hexdigest()
    return f"arn:{get_partition(region)}:lambda:{region}::runtime:{number}"


@patches.replaces(
    "moto.awslambda.responses:LambdaResponse._set_configuration_qualifier",
    kind="staticmethod",
    defect=f"{_DEFECT}[the_arn_of_an_alias_is_not_shown]",
    upstream="GetFunction and GetFunctionConfiguration of an alias show the alias's ARN.",
)
def _set_configuration_qualifier(configuration: JsonObject, function_name: str, qualifier: str) -> JsonObject:
    named = function_name.partition(":")[2] or qualifier
    if named:
        arn = ":".join(configuration["FunctionArn"].split(":")[:7])
        configuration["FunctionArn"] = f"{arn}:{named}"
    return configuration


@patches.replaces(
    "moto.awslambda.responses:LambdaResponse.list_functions",
    defect=f"{_DEFECT}[all_functions_are_on_one_page]",
    upstream="ListFunctions takes notice of MaxItems and Marker.",
)
def list_functions(response: LambdaResponse) -> str:
    found = list(response.backend.list_functions(response.querystring.get("FunctionVersion", [None])[0]))
    return _listed(response, "Functions", found)


@patches.replaces(
    "moto.awslambda.responses:LambdaResponse.list_versions_by_function",
    defect="engine/tests/services/test_moto_patches.py::test_stock_moto_still_has_the_defect[versions_of_nothing_are_listed]",
    upstream="ListVersionsByFunction refuses a function that does not exist, and takes notice of MaxItems and Marker.",
)
def list_versions_by_function(response: LambdaResponse) -> str:
    name = functions.function_named(response).function_name  # raises if there is none; moto lists nothing
    return _listed(response, "Versions", list(response.backend.list_versions_by_function(name)))


def _listed(response: LambdaResponse, kind: str, found: Sequence[LambdaFunction]) -> str:
    answer, shown = page(response, found, MOST_ON_A_PAGE)
    rows = [function.get_configuration() for function in shown]
    answer[kind] = [{name: value for name, value in row.items() if name not in revisions.OF_ONE} for row in rows]
    return json.dumps(answer)


def page(response: LambdaResponse, found: Sequence[T], most: int) -> tuple[JsonObject, Sequence[T]]:
    """One page of a list, by MaxItems and Marker.

    Args:
        most: on a page, whatever is asked for.

    Returns:
        The answer's NextMarker, if more follow, and the items.
    """
    query = {name: values[0] for name, values in response.querystring.items()}
    marker = query.get("Marker") or "0"
    if not marker.isdigit():
        raise InvalidParameterValueException(f"No list has the Marker {marker!r}. Give the NextMarker of an answer.")
    begin = int(marker)
    end = begin + min(int(query.get("MaxItems") or most), most)
    return ({"NextMarker": str(end)} if end < len(found) else {}), found[begin:end]
