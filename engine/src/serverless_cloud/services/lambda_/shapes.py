"""Checks requests to Lambda against botocore's model of the API, in AWS's words.

Nothing of moto is replaced.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection
from typing import Any

from moto.awslambda.exceptions import LambdaClientError
from moto.core.model import OperationModel
from moto.core.utils import get_service_model

from serverless_cloud.core import constraints
from serverless_cloud.core.json_types import JsonObject

#: The local cloud runs fewer runtimes and has its own limits for these, so they are checked elsewhere.
_UNSEEN = frozenset({"Runtime", "Code", "Content", "ZipFile", "StartingPosition", "EventSourceArn", "FilterCriteria"})


def _mistyped(shape: Any, value: Any) -> str:
    return "" if shape.type_name in ("integer", "long") else constraints.of_type(shape, value)  # checked elsewhere


_DIALECT = constraints.Dialect(
    order=("max", "min", "pattern", "enum"), unseen=_UNSEEN, mistyped=_mistyped, together=True
)


def refuse(found: list[str]) -> None:
    """Raises for violations, as AWS counts and lists them."""
    if found:
        raise LambdaClientError("ValidationException", constraints.sentence(found))


@functools.cache
def operation(name: str) -> OperationModel:
    """AWS's description of an operation of Lambda. Args: name: "GetFunction"."""
    found: OperationModel = get_service_model("lambda").operation_model(name)
    return found


def violations(name: str, given: JsonObject) -> list[str]:
    """The parts of a request that are not as the API reference says, in AWS's words.

    Args:
        name: of the operation.
        given: all parameters, of the path, the query and the body.
    """
    return constraints.violations(_DIALECT, operation(name).input_shape, given)


def missing_in_query(method: str, path: str, given: Collection[str]) -> list[str]:
    """The required parameters that a request's query lacks; without them, moto doesn't know which operation it is.

    Args:
        given: the names in the query.
    """
    for name in get_service_model("lambda").operation_names:
        its = operation(name)
        address = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(its.http["requestUri"].partition("?")[0]))
        if its.http["method"] != method or its.input_shape is None or not re.fullmatch(address, path):
            continue
        shape = its.input_shape
        wanted = {name: shape.members[name].serialization for name in shape.required_members}
        missing = [
            name
            for name, where in wanted.items()
            if where.get("location") == "querystring" and where.get("name", name) not in given
        ]
        if missing:
            return [constraints.NULL.format(constraints.small(name)) for name in missing]
    return []
